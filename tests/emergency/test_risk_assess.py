"""Assessing an outlook: signed values decide, paths inform, triggers say what they measured."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emergency.risk import (
    Observed,
    ObservedDay,
    ObservedHour,
    assess,
    heavy_now,
    issued_in_time,
    level_only,
    may_lift,
    merged_level,
    same_episode,
    steady_level,
)  # fmt: skip
from emergency.vocabulary import BEIJING, Level
from forecast.outlook import QUANTILES, THRESHOLDS, DayOutlook, Outlook
from plans.rulebook import load

BOOK = load()
RULES = BOOK.warning("warning-2024")
DAY = date(2026, 12, 1)
NOON = datetime(2026, 11, 30, 12, tzinfo=BEIJING)
CITY = BOOK.city("wangcheng")


def outlook(paths, primary="pm25"):
    """An outlook whose quantiles and probabilities are those of its paths."""
    days = []
    for lead, values in enumerate(zip(*paths, strict=True), start=1):
        ordered = sorted(values)
        quantiles = tuple(ordered[int(p * (len(ordered) - 1))] for p in QUANTILES)
        levels = [sum(low < v <= high for v in values) / len(values)
                  for low, high in ((-1, 50), (50, 100), (100, 150), (150, 200), (200, 300), (300, 10**6))]  # fmt: skip
        above = tuple(sum(v > t for v in values) / len(values) for t in THRESHOLDS)
        names = primary if isinstance(primary, str) else primary[lead - 1]
        on = DAY + timedelta(days=lead - 1)
        days.append(DayOutlook(on, lead, quantiles, tuple(levels), above, {names: 1.0}, {}))
    made = datetime(2026, 11, 30, 8, tzinfo=BEIJING)
    return Outlook("city", "样例市", made, made, "hj633-2026", "test", "d", "none", True, (), tuple(days), tuple(paths))


def judge(paths, *, signed=None, observed=None, city=CITY, now=NOON, **kwargs):
    view = outlook(paths, **kwargs)
    return assess(view, observed or Observed(), rules=BOOK.on(now.date()), city=city, signed=signed, now=now)


# --- level and probability


def test_probabilities_come_from_joint_paths_and_not_from_daily_quantiles():
    """Each day is above 200 in half of the paths, but never two days of one path: orange is impossible."""
    seen = judge([(210, 90), (90, 210)])

    assert seen.probability[Level.YELLOW] == 1.0
    assert seen.probability[Level.ORANGE] == 0.0


def test_the_signed_values_decide_and_the_paths_do_not():
    seen = judge([(210, 220, 330)] * 10, signed=[90, 90, 90])

    assert Level.NONE is seen.level
    assert seen.probability[Level.RED] == 1.0
    assert seen.signed


def test_medians_stand_in_while_nobody_has_signed():
    seen = judge([(210, 220)] * 3)

    assert (seen.level, seen.signed, seen.judged) == (Level.ORANGE, False, (210, 220))
    assert (DAY, DAY + timedelta(days=1)) == seen.judgement.days
    assert seen.first_day == DAY


def test_an_unsigned_day_breaks_the_run():
    assert Level.YELLOW is judge([(210, 210)], signed=[210, None]).level


def test_a_wrong_number_of_signed_values_is_refused():
    with pytest.raises(ValueError, match="3 signed values for 2 days"):
        judge([(210, 210)], signed=[1, 2, 3])


def test_a_naive_now_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        judge([(90, 90)], now=datetime(2026, 11, 30, 12))  # noqa: DTZ001


def test_an_outlook_without_paths_gives_no_probability_and_says_so():
    view = replace(outlook([(210, 210)]), aqi_paths=())
    seen = assess(view, Observed(), rules=BOOK.on(NOON.date()), now=NOON)

    assert seen.probability == {Level.YELLOW: 0.0, Level.ORANGE: 0.0, Level.RED: 0.0}
    assert any("没有情景路径" in note for note in seen.notes)


paths = st.integers(1, 6).flatmap(
    lambda days: st.lists(st.tuples(*[st.integers(0, 500)] * days), min_size=1, max_size=30)
)


@given(paths)
def test_probabilities_are_shares_that_fall_with_the_level(values):
    chance = judge(values, city=None).probability

    assert 1 >= chance[Level.YELLOW] >= chance[Level.ORANGE] >= chance[Level.RED] >= 0
    assert sum(level_only(RULES, path) >= Level.ORANGE for path in values) / len(values) == chance[Level.ORANGE]


def test_days_already_observed_lengthen_a_run_only_when_the_setting_says_so():
    counting = RULES.model_copy(update={"readings": RULES.readings.model_copy(update={
        "observed_days_count": RULES.readings.observed_days_count.model_copy(update={"value": True})})})  # fmt: skip
    past = Observed(days=(ObservedDay(DAY - timedelta(days=2), 220), ObservedDay(DAY - timedelta(days=1), 330)))
    rules = BOOK.on(NOON.date())
    warning = type(BOOK.instruments["warning"])("warning", (counting,))
    other = replace(rules, book=replace(BOOK, instruments={**BOOK.instruments, "warning": warning}))
    view = outlook([(210, 90)] * 4)

    assert Level.YELLOW is assess(view, past, rules=rules, now=NOON).level
    seen = assess(view, past, rules=other, now=NOON)
    assert (seen.level, seen.probability[Level.RED]) == (Level.RED, 1.0)
    calm = assess(outlook([(90, 90)] * 4), past, rules=other, now=NOON)
    assert Level.NONE is calm.level, "a run that ended yesterday does not call for a warning"


# --- what calls a consultation


def kinds(seen):
    return {trigger.kind for trigger in seen.triggers}


def test_light_pollution_calls_a_consultation_when_it_is_likely_enough():
    likely, unlikely = judge([(120, 60)] * 5 + [(80, 60)] * 5), judge([(120, 60)] * 4 + [(80, 60)] * 6)

    met = next(trigger for trigger in likely.triggers if trigger.kind == "level_likely")
    assert (met.measured, met.threshold, met.days) == ("50%", "50%", (DAY,))
    assert met.rule_id == "wangcheng-2020.consultation.light_or_worse_likely"
    assert "level_likely" not in kinds(unlikely)


def test_a_turn_of_the_category_calls_a_consultation_in_either_direction():
    yesterday = ObservedDay(DAY - timedelta(days=1), 70)
    worse = judge([(130, 130)], observed=Observed(days=(yesterday,)))
    better = judge([(40, 40)], observed=Observed(days=(yesterday,)))
    same = judge([(60, 60)], observed=Observed(days=(yesterday,)))

    assert {"AQI 70→130"} == {t.measured for t in worse.triggers if t.kind == "category_change"}
    assert "category_change" in kinds(better)
    assert "category_change" not in kinds(same)


def test_a_change_of_the_primary_pollutant_calls_a_consultation():
    yesterday = ObservedDay(DAY - timedelta(days=1), 70, ("o3",))
    seen = judge([(70, 70)], observed=Observed(days=(yesterday,)))
    tied = judge([(70, 70)], observed=Observed(days=(replace(yesterday, primary=("o3", "pm25")),)))

    assert {"臭氧→PM2.5"} == {t.measured for t in seen.triggers if t.kind == "primary_change"}
    assert "primary_change" not in kinds(tied)


@pytest.mark.parametrize(("value", "edge"), [(89, False), (90, True), (100, True), (110, True), (111, False)])
def test_a_day_at_the_edge_of_good_and_light_calls_a_consultation(value, edge):
    assert edge == ("edge_day" in kinds(judge([(value, 40)])))


def shaoxing(**seen):
    """The plan of 望城 with only the Shaoxing preset switched on."""
    triggers = tuple(t.model_copy(update={"enabled": t.kind == "shaoxing"}) for t in CITY.consultation.triggers)
    city = CITY.model_copy(update={"consultation": CITY.consultation.model_copy(update={"triggers": triggers})})
    values = seen.pop("aqi", 90)
    return judge([(values, 50)], city=city, observed=Observed(**seen))


FULL = {"visibility": 20000.0, "humidity": 50.0, "pm25": 20.0, "hours_among_last": 0, "dispersion_worsens": False}


@pytest.mark.parametrize(
    ("seen", "met"),
    [
        ({}, False),
        ({"aqi": 180}, False),
        ({"aqi": 181}, True),
        ({"aqi": 161}, False),
        ({"aqi": 161, "dispersion_worsens": True}, True),
        ({"hours_among_last": 5}, False),
        ({"hours_among_last": 6}, True),
        ({"visibility": 2999.0, "humidity": 80.0}, True),
        ({"visibility": 2999.0, "humidity": 81.0}, False),
        ({"visibility": 2999.0, "humidity": 95.0, "pm25": 115.0}, True),
        ({"visibility": 4999.0, "pm25": 149.0}, False),
        ({"visibility": 4999.0, "pm25": 150.0}, True),
        ({"visibility": 5000.0, "pm25": 400.0}, False),
    ],
)
def test_the_shaoxing_preset(seen, met):
    assessed = shaoxing(**{**FULL, **seen})

    assert met == bool(assessed.triggers)
    assert assessed.not_judged == ()


def test_a_trigger_without_its_data_is_not_judged_and_says_what_is_missing():
    assessed = shaoxing()

    assert any("能见度" in sentence for sentence in assessed.not_judged)
    assert any("全国城市排名" in sentence for sentence in assessed.not_judged)


def test_without_a_city_plan_nothing_calls_a_consultation():
    assert judge([(400, 400)], city=None).triggers == ()


def test_every_rule_that_spoke_is_in_the_basis_once():
    seen = judge([(210, 220, 120)] * 3, observed=Observed(days=(ObservedDay(DAY - timedelta(days=1), 40),)))

    assert len(set(seen.rule_ids)) == len(seen.rule_ids)
    assert {"warning-2024.orange.1", "wangcheng-2020.consultation.category_change"} <= set(seen.rule_ids)


# --- start at once


def heavy(observed_aqi, expected, hours):
    return heavy_now(RULES, observed_aqi=observed_aqi, observed_at=NOON, expected=expected, hours_to_next_day=hours)


def test_heavy_air_now_starts_a_warning_unless_tomorrow_clears_within_twelve_hours():
    assert heavy(201, [210, 90], 6) is not None
    assert heavy(201, [90, 90], 6) is None
    assert heavy(200, [210, 210], 6) is None
    assert heavy(None, [210, 210], 6) is None


def test_the_rest_of_a_long_day_is_no_improvement():
    assert heavy(230, [90, 90], 13) is not None


def test_a_missing_tomorrow_is_no_improvement():
    assert heavy(230, [None, 90], 6) is not None


def test_the_start_at_once_level_is_that_of_today_and_the_coming_days():
    assert Level.ORANGE is heavy(230, [210, 90], 6).level
    assert Level.YELLOW is heavy(230, [None, 90], 6).level


def test_an_assessment_counts_today_when_the_air_is_heavy_now():
    hour = ObservedHour(NOON, 260)
    seen = judge([(210, 90)] * 3, observed=Observed(hours=(hour, ObservedHour(NOON + timedelta(hours=1), None))))

    assert Level.YELLOW is seen.judgement.level
    assert (Level.ORANGE, NOON.date()) == (seen.level, seen.first_day)
    assert "warning-2024.procedure.observed_first" in seen.rule_ids


# --- lift, merge, oscillation, lead time


def test_a_warning_is_lifted_after_36_hours_below_its_start_criterion():
    advice = may_lift(RULES, Level.ORANGE, observed_aqi=120, expected=[90, 80, 70])

    assert (advice.may, advice.to) == (True, Level.NONE)


@pytest.mark.parametrize(
    ("observed", "expected", "word"),
    [
        (160, [90, 80], "仍高于"),
        (120, [90, 160], "预测AQI达160"),
        (120, [90], "资料不全"),
        (120, [90, None], "资料不全"),
        (None, [90, 90], "资料不全"),
        (120, [90, 90, 210, 220], "一次过程"),
    ],
)
def test_a_warning_stays_while_a_condition_of_lifting_is_missing(observed, expected, word):
    advice = may_lift(RULES, Level.ORANGE, observed_aqi=observed, expected=expected)

    assert (advice.may, advice.to) == (False, Level.ORANGE)
    assert word in advice.chinese


def test_red_is_lowered_to_what_the_coming_days_still_reach():
    advice = may_lift(RULES, Level.RED, observed_aqi=190, expected=[180, 170, 90])

    assert (advice.may, advice.to) == (True, Level.YELLOW)


def test_there_is_nothing_to_lift_at_none():
    with pytest.raises(ValueError, match="no warning"):
        may_lift(RULES, Level.NONE, observed_aqi=10, expected=[10, 10])


@given(st.lists(st.integers(0, 500), min_size=2, max_size=7), st.integers(0, 500))
def test_lifting_never_raises_a_level_and_never_happens_into_heavy_air(expected, observed):
    for level in (Level.YELLOW, Level.ORANGE, Level.RED):
        advice = may_lift(RULES, level, observed_aqi=observed, expected=expected)
        assert advice.to <= level
        if advice.may:
            assert max(observed, *expected[:2]) <= RULES.criterion(level.word).lowest_over


def test_episodes_less_than_36_hours_apart_are_one_at_the_stricter_level():
    ends = NOON

    assert same_episode(RULES.procedure, first_ends_at=ends, second_starts_at=ends + timedelta(hours=35))
    assert not same_episode(RULES.procedure, first_ends_at=ends, second_starts_at=ends + timedelta(hours=36))
    assert Level.RED is merged_level([Level.YELLOW, Level.RED, Level.ORANGE])
    assert Level.NONE is merged_level([])


def test_a_swinging_outlook_keeps_the_higher_level():
    procedure = RULES.procedure

    assert Level.ORANGE is steady_level(procedure, [Level.ORANGE, Level.YELLOW, Level.ORANGE, Level.YELLOW])
    assert Level.YELLOW is steady_level(procedure, [Level.RED, Level.ORANGE, Level.YELLOW])
    assert Level.RED is steady_level(procedure, [Level.YELLOW, Level.ORANGE, Level.RED])
    assert Level.NONE is steady_level(procedure, [])


def test_a_warning_is_in_time_with_24_hours_of_lead():
    assert issued_in_time(RULES.procedure, issued_at=NOON, starts_at=NOON + timedelta(hours=24))
    assert not issued_in_time(RULES.procedure, issued_at=NOON, starts_at=NOON + timedelta(hours=23))
