"""Warning levels: the law's own sentences first, then an independent oracle, then properties of every edition."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emergency.risk import level_of_days, level_of_hours, level_only
from emergency.vocabulary import BEIJING, Level
from plans.rulebook import load

BOOK = load()
EDITIONS = list(BOOK.instruments["warning"])
NAMES = [edition.name for edition in EDITIONS]
NOW_RULES = BOOK.warning("warning-2024")

aqi = st.one_of(st.none(), st.sampled_from([50, 149, 150, 151, 199, 200, 201, 299, 300, 301, 499, 500]))
series = st.lists(aqi, min_size=1, max_size=9)


def reading(edition, **changes):
    """The edition with some readings changed."""
    readings = edition.readings
    changed = {name: getattr(readings, name).model_copy(update={"value": value}) for name, value in changes.items()}
    return edition.model_copy(update={"readings": readings.model_copy(update=changed)})


# --- the law's own sentences


def test_red_needs_both_the_long_run_and_the_severe_day():
    assert level_of_days(NOW_RULES, [210, 301, 210]).level is Level.RED
    assert level_of_days(NOW_RULES, [210, 230, 210]).level is Level.ORANGE
    assert level_of_days(NOW_RULES, [301, 301]).level is Level.ORANGE


def test_a_missing_day_breaks_the_run():
    """The example of the command line: 160, 210, missing, 305 is yellow by two clauses, not orange."""
    judged = level_of_days(NOW_RULES, [160, 210, None, 305])

    assert Level.YELLOW is judged.level
    assert judged.indices == (1, 2, 4)
    assert judged.missing == (3,)
    assert [clause.rule_id for clause in judged.clauses] == ["warning-2024.yellow.1", "warning-2024.yellow.2"]
    assert "第3天缺数据，视为中断" in judged.why


def test_the_old_yellow_needed_two_days_where_the_new_needs_one():
    assert Level.NONE is level_of_days(BOOK.warning("warning-2018"), [250]).level
    assert Level.YELLOW is level_of_days(NOW_RULES, [250]).level


def test_a_daily_index_of_500_alone_was_red_until_2024():
    assert Level.RED is level_of_days(BOOK.warning("warning-2018"), [90, 500, 90]).level
    assert Level.YELLOW is level_of_days(NOW_RULES, [90, 500, 90]).level


def test_dates_are_named_when_the_first_day_is_known():
    judged = level_of_days(NOW_RULES, [90, 210, 220], first_day=date(2015, 11, 29))

    assert (date(2015, 11, 30), date(2015, 12, 1)) == judged.days
    assert (date(2015, 11, 30), date(2015, 12, 1)) == (judged.first_day, judged.last_day)
    assert "11月30日至12月1日" in judged.why
    assert "环大气〔2024〕6号" in judged.why


def test_nothing_reached_says_so_in_both_languages():
    judged = level_of_days(NOW_RULES, [50, 60])

    assert (judged.level, judged.indices, judged.clauses) == (Level.NONE, (), ())
    assert "未达到黄色预警条件" in judged.why
    assert "No warning level" in judged.why_en


def test_a_series_without_days_reaches_nothing():
    assert Level.NONE is level_of_days(NOW_RULES, []).level


def test_a_negative_index_is_refused():
    with pytest.raises(ValueError, match="number 2 is -4"):
        level_of_days(NOW_RULES, [10, -4])


# --- an independent oracle: strings of letters instead of runs


def oracle(name, values):
    """The three texts once more, as patterns over one letter per day (s: 500, e: >300, d: >200, c: >150, -: rest)."""
    letters = "".join("-cdes"[sum((v or 0) > bar for bar in (150, 200, 300, 499))] for v in values)
    episodes = "".join(x if x in "des" else " " for x in letters).split()
    wide = "".join(x if x != "-" else " " for x in letters).split()
    severe = [episode.replace("s", "e") for episode in episodes]
    longest, longest_wide = max(map(len, episodes), default=0), max(map(len, wide), default=0)
    if name == "warning-2024":
        red = any(len(episode) >= 3 and "e" in episode for episode in severe)
        orange = longest >= 2 or longest_wide >= 3
        yellow = longest >= 1 or longest_wide >= 2
    else:
        red = "s" in letters or any(len(episode) >= 4 and "ee" in episode for episode in severe)
        dark = any("e" in episode and len(episode) >= 3 for episode in severe)
        orange = longest >= 3 if name == "warning-2018" else dark
        yellow = longest >= 2
    return Level.RED if red else Level.ORANGE if orange else Level.YELLOW if yellow else Level.NONE


@pytest.mark.parametrize("name", NAMES)
@given(values=series)
def test_levels_agree_with_an_independent_reading_of_the_text(name, values):
    assert oracle(name, values) is level_of_days(BOOK.warning(name), values).level


# --- properties of every edition


@pytest.mark.parametrize("edition", EDITIONS, ids=NAMES)
@given(values=st.lists(st.one_of(st.none(), st.integers(0, 499)), max_size=9))
def test_red_implies_orange_implies_yellow(edition, values):
    """By the written criteria themselves; only the clause "a daily AQI of 500" jumps over the steps below it."""

    def met(word):
        lone = edition.model_copy(update={"levels": edition.levels.model_copy(update=dict.fromkeys(
            ("yellow", "orange", "red"), edition.criterion(word)))})  # fmt: skip
        return level_only(lone, values) is Level.RED

    assert not met("red") or met("orange")
    assert not met("orange") or met("yellow")


@pytest.mark.parametrize("edition", EDITIONS, ids=NAMES)
@given(values=series, data=st.data())
def test_worse_air_never_lowers_the_level(edition, values, data):
    place = data.draw(st.integers(0, len(values) - 1))
    worse = [*values]
    worse[place] = min(500, (values[place] or 0) + data.draw(st.integers(0, 300)))

    assert level_only(edition, worse) >= level_only(edition, values)


@pytest.mark.parametrize("edition", EDITIONS, ids=NAMES)
@given(values=series, data=st.data())
def test_losing_a_day_never_raises_the_level(edition, values, data):
    lost = [*values]
    lost[data.draw(st.integers(0, len(values) - 1))] = None

    assert level_only(edition, lost) <= level_only(edition, values)


@pytest.mark.parametrize("edition", EDITIONS, ids=NAMES)
@given(values=series)
def test_covered_days_are_never_missing_and_always_above_a_threshold(edition, values):
    judged = level_of_days(edition, values)

    assert (judged.level is Level.NONE) == (judged.indices == ())
    for clause in judged.clauses:
        lowest = min(leaf.over for leaf in edition.criterion(judged.level.word).runs)
        assert all(values[index - 1] is not None and values[index - 1] > lowest for index in clause.indices)
    assert level_only(edition, values) is judged.level


@given(values=series)
def test_the_readings_of_severe_run_differ_only_towards_more(values):
    anywhere = reading(NOW_RULES, severe_run="anywhere")

    assert level_only(anywhere, values) >= level_only(NOW_RULES, values)


def test_a_severe_day_outside_the_long_run_counts_only_when_read_anywhere():
    values = [210, 220, 230, 90, 305]

    assert Level.ORANGE is level_only(NOW_RULES, values)
    assert Level.RED is level_only(reading(NOW_RULES, severe_run="anywhere"), values)


# --- hours


def test_hours_that_cross_midnight_make_a_day():
    """12 calm hours, 24 h of 210, calm again: no natural day is above 200, but a continuous 24 h is."""
    hours = [80] * 12 + [210] * 24 + [80] * 12

    assert Level.YELLOW is level_of_hours(NOW_RULES, hours).level
    assert Level.NONE is level_of_hours(reading(NOW_RULES, day="natural_day"), hours).level


def test_hours_are_dated_from_the_end_of_the_first_hour():
    start = datetime(2015, 12, 7, 1, tzinfo=BEIJING)
    judged = level_of_hours(NOW_RULES, [80] * 24 + [210] * 24, first_hour=start)

    assert (date(2015, 12, 7), date(2015, 12, 8)) == (judged.days[0], judged.days[-1])
    assert judged.indices[-1] == 48


def test_an_hour_that_names_midnight_belongs_to_the_day_that_ends():
    start = datetime(2015, 12, 8, 0, tzinfo=BEIJING)
    hours = [80] + [210] * 24
    natural = reading(NOW_RULES, day="natural_day")

    assert (date(2015, 12, 8),) == level_of_hours(natural, hours, first_hour=start).days
    assert Level.NONE is level_of_hours(natural, hours, first_hour=start - timedelta(hours=1)).level


def test_twenty_valid_hours_make_a_day_and_nineteen_do_not():
    assert Level.YELLOW is level_of_hours(NOW_RULES, [210] * 20 + [None] * 4).level
    assert Level.NONE is level_of_hours(NOW_RULES, [210] * 19 + [None] * 5).level


def test_one_heavy_hour_is_yellow_only_when_a_short_spell_is_read_as_enough():
    hours = [80] * 30 + [210] + [80] * 30

    assert Level.NONE is level_of_hours(NOW_RULES, hours).level
    assert Level.YELLOW is level_of_hours(reading(NOW_RULES, yellow_full_day=False), hours).level


def test_each_hour_above_is_stricter_than_the_mean():
    hours = [260, 150] * 24

    assert Level.ORANGE is level_of_hours(NOW_RULES, hours).level
    assert Level.NONE is level_of_hours(reading(NOW_RULES, hourly="each_hour"), hours).level


def test_every_sliding_mean_is_stricter_than_days_back_to_back():
    """Two days whose own means are 201, with a dip between that pulls a sliding mean below."""
    day = [330] * 12 + [72] * 12
    hours = [*day, *day[::-1]]

    assert Level.ORANGE is level_of_hours(NOW_RULES, hours).level
    assert Level.YELLOW is level_of_hours(reading(NOW_RULES, run="every_hour"), hours).level


def test_a_naive_first_hour_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        level_of_hours(NOW_RULES, [80] * 24, first_hour=datetime(2015, 12, 7, 1))  # noqa: DTZ001


def test_a_severe_spell_that_outlasts_the_long_run_is_still_inside_it():
    """Sliding windows lengthen both spells, each at its own end; red by natural days must stay red by hours."""
    days = [210, 210, 500, 160, 500]

    assert Level.RED is level_of_days(NOW_RULES, days).level
    assert Level.RED is level_of_hours(NOW_RULES, [value for value in days for _ in range(24)]).level


@pytest.mark.parametrize("edition", EDITIONS, ids=NAMES)
@settings(max_examples=400, deadline=None)
@given(days=st.lists(st.sampled_from([80, 160, 210, 310, 500, None]), min_size=1, max_size=6))
def test_constant_days_read_as_hours_reach_at_least_the_same_level(edition, days):
    """Any 24 h is the wider reading: what natural days reach, hours reach too."""
    hours = [value for value in days for _ in range(24)]

    assert level_of_hours(edition, hours).level >= level_of_days(edition, days).level
    natural = reading(edition, day="natural_day")
    assert level_of_hours(natural, hours).level is level_of_days(edition, days).level


def by_enumeration(edition, hours):
    """Every chain of 24-h windows tried one by one, on plain lists; chains that overlap are one episode."""

    def window(start, over):
        valid = [value for value in hours[start : start + 24] if value is not None]
        return len(valid) >= 20 and sum(valid) > over * len(valid)

    def episodes(leaf, first, last):
        days = -(-leaf.hours // 24)
        found = []
        for start in range(first, last - 24 * days + 2):
            if all(window(start + 24 * day, leaf.over) for day in range(days)):
                end = start + 24 * days - 1
                if found and start <= found[-1][1]:
                    found[-1] = (found[-1][0], max(found[-1][1], end))
                else:
                    found.append((start, end))
        return found

    def met(criterion):
        if criterion.any_of:
            return any(met(part) for part in criterion.any_of)
        longest = max(criterion.runs, key=lambda leaf: leaf.hours)
        return any(
            all(episodes(leaf, *episode) for leaf in criterion.runs) for episode in episodes(longest, 0, len(hours) - 1)
        )

    reached = (level for level in (Level.RED, Level.ORANGE, Level.YELLOW) if met(edition.criterion(level.word)))
    return next(reached, Level.NONE)


stretches = st.lists(
    st.tuples(st.integers(1, 40), st.sampled_from([None, 80, 155, 190, 205, 260, 310, 420, 500])),
    min_size=1,
    max_size=8,
)


@pytest.mark.parametrize("edition", EDITIONS, ids=NAMES)
@settings(deadline=None)
@given(parts=stretches)
def test_levels_of_hours_agree_with_enumeration(edition, parts):
    hours = [value for length, value in parts for _ in range(length)]

    assert by_enumeration(edition, hours) is level_of_hours(edition, hours).level
