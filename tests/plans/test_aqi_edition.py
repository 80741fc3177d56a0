"""The two AQI editions: what changed in 2026, what did not, and the shape of every table."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plans.rulebook import load
from plans.schema import TABLES

OLD, NEW = load().aqi("hj633-2012"), load().aqi("hj633-2026")


def test_only_the_two_particle_tables_changed_in_2026():
    changed = [table for table in TABLES if OLD.breakpoints[table] != NEW.breakpoints[table]]

    assert changed == ["pm10_24h", "pm25_24h"]


def test_particles_at_index_100_are_60_and_120_since_2026():
    at = OLD.ladder.index(100)

    assert (OLD.breakpoints["pm25_24h"][at], OLD.breakpoints["pm10_24h"][at]) == (75, 150)
    assert (NEW.breakpoints["pm25_24h"][at], NEW.breakpoints["pm10_24h"][at]) == (60, 120)


@given(st.integers(115, 700))
def test_fine_particles_above_index_150_mean_the_same_in_both_editions(micrograms):
    value = Decimal(micrograms)

    assert OLD.iaqi_of("pm25_24h", value) == NEW.iaqi_of("pm25_24h", value)


@pytest.mark.parametrize("edition", [OLD, NEW], ids=lambda edition: edition.name)
@pytest.mark.parametrize("table", TABLES)
def test_an_index_never_falls_when_the_concentration_rises(edition, table):
    points = [point for point in edition.breakpoints[table] if point is not None]
    step = Decimal("0.1") if table.startswith("co") else Decimal(1)
    value, last = Decimal(0), 0
    while value <= points[-1]:
        index = edition.iaqi_of(table, value)
        assert index >= last
        value, last = value + step, index
    assert edition.ladder[len(points) - 1] == last


@pytest.mark.parametrize("edition", [OLD, NEW], ids=lambda edition: edition.name)
def test_every_breakpoint_is_its_own_index(edition):
    for table in TABLES:
        for level, point in zip(edition.ladder, edition.breakpoints[table], strict=True):
            if point is not None:
                assert level == edition.iaqi_of(table, point)


@pytest.mark.parametrize(
    ("aqi", "level", "name"),
    [(0, 1, "优"), (50, 1, "优"), (51, 2, "良"), (100, 2, "良"), (101, 3, "轻度污染"), (150, 3, "轻度污染"),
     (151, 4, "中度污染"), (200, 4, "中度污染"), (201, 5, "重度污染"), (300, 5, "重度污染"), (301, 6, "严重污染"),
     (500, 6, "严重污染")],
)  # fmt: skip
@pytest.mark.parametrize("edition", [OLD, NEW], ids=lambda edition: edition.name)
def test_category_borders(edition, aqi, level, name):
    category = edition.category_of(aqi)

    assert (level, name) == (category.level, category.chinese)


def test_the_index_begins_at_1_since_2026():
    assert (OLD.categories[0].aqi_from, NEW.categories[0].aqi_from) == (0, 1)


def test_a_negative_index_or_concentration_is_refused():
    with pytest.raises(ValueError, match="-1"):
        NEW.category_of(-1)
    with pytest.raises(ValueError, match="-5"):
        NEW.iaqi_of("pm25_24h", Decimal(-5))


def test_hourly_particles_use_the_daily_table_since_2026_and_have_no_index_in_2012():
    new = {(m.pollutant, m.window): m.table for m in NEW.hourly.means}
    old = {(m.pollutant, m.window): m.table for m in OLD.hourly.means}

    assert new["pm25", "1h"] == "pm25_24h"
    assert len(new) == 6
    assert old["pm25", "1h"] is None
    assert old["pm25", "24h"] == "pm25_24h"
    assert len(old) == 9
    assert (len(OLD.daily.means), len(NEW.daily.means)) == (7, 6)


def test_the_word_exceeding_pollutant_left_the_standard_in_2026():
    assert OLD.exceeding_defined
    assert not NEW.exceeding_defined


def test_rounding_halves_goes_to_the_even_neighbour():
    assert [Decimal(60), Decimal(62), Decimal("2.2")] == [
        NEW.rounded("pm25", Decimal("60.5")), NEW.rounded("pm25", Decimal("61.5")), NEW.rounded("co", Decimal("2.15")),
    ]  # fmt: skip


def test_partial_data_publish_only_above_100_since_2026():
    assert OLD.gaps.publish_partial_over is None
    assert NEW.gaps.publish_partial_over == 100
