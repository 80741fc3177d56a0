"""What may count as the truth of a day and as a year: an index needs its main pollutants, a season its whole circle."""

from datetime import date, datetime, timedelta

import numpy as np
import pytest

from forecast import air, why
from forecast import sample as generator
from forecast.features import REGION_LEVELS, TARGETS, Area, build, to_log
from forecast.models.base import Anchor
from forecast.models.direct import Setting, _Lead, folds_of, index_of
from forecast.train import train
from forecast.whole_days import goes_round_the_year, tells
from plans.errors import DataError

PM25, CO, O3 = (TARGETS.index(name) for name in ("pm25", "co", "o3_8h"))


def _days(count=100):
    return np.full((count, 6), 50.0)


def test_a_day_without_its_particles_has_no_index_and_one_without_carbon_monoxide_has():
    daily = _days()
    daily[10, PM25], daily[11, CO] = np.nan, np.nan

    index = index_of(to_log(daily))

    assert np.isnan(index[10])
    assert np.isfinite(index[11])


def test_a_place_that_never_measures_ozone_is_not_waited_for():
    daily = _days()
    daily[:, O3] = np.nan

    assert tells(daily).all()


def test_a_day_without_anything_tells_nothing():
    daily = _days()
    daily[5] = np.nan

    assert not tells(daily)[5]


@pytest.mark.parametrize(
    ("first", "last", "whole"),
    [("2014-03-01", "2015-02-28", True), ("2014-03-01", "2015-01-05", True), ("2014-03-01", "2014-10-31", False)],
)
def test_a_year_may_lack_two_months_and_no_more(first, last, whole):
    assert goes_round_the_year(np.arange(np.datetime64(first), np.datetime64(last))) is whole


def test_two_halves_of_different_years_make_one_year():
    halves = [np.arange(np.datetime64(f"{year}-{half}-01"), 184) for year, half in (("2014", "01"), ("2015", "07"))]

    assert goes_round_the_year(np.concatenate([one[0] + np.arange(184) for one in halves]))


def test_a_station_opened_in_autumn_has_no_wave_of_the_year_however_long_the_others_are_known():
    begin = datetime(2014, 1, 1, tzinfo=air.BEIJING)
    hourly = generator.generate(seed=3, start=begin, end=begin + timedelta(days=400), stations=2)
    codes = [str(code) for code in hourly["station"].values]
    for name in air.POLLUTANTS:
        hourly[name].values[1, : 24 * 280] = np.nan
    built = build(hourly, areas=[Area(code, (code,)) for code in codes], region=codes)

    anchor = Anchor.fit(built)

    old, new = np.abs(anchor.coefficients[:, PM25, 1:3]).max(axis=1)
    assert new < 0.01 < old
    assert anchor.coefficients[1, PM25, 0] == pytest.approx(np.nanmean(built.observed[1, :, PM25]), abs=0.05)


def test_months_without_a_known_day_leave_a_fold_aside_and_end_nothing():
    days = 730
    target = np.full(days, np.nan)
    target[-210:-1] = np.random.default_rng(0).normal(4, 0.5, 209)
    table = np.random.default_rng(1).normal(size=(days, 20))
    rows = np.flatnonzero(~np.isnan(target))

    said, count, trees = _Lead(Setting(most=5), table, [], target, rows, folds_of(days, 6), 6).learned()

    assert len(trees) == 7 and 1 <= count <= 5
    assert np.isfinite(said[rows]).mean() > 0.9


def test_what_is_usual_knows_nothing_of_the_region_today(small_air, areas, codes):
    built = build(small_air, areas=areas[:1], region=codes)
    seen = []

    class Listening:
        def paths(self, sample, *, area, rows, count, seeds):
            seen.append(sample)
            return np.full((1, 2, 7, 6), 50.0)

    class Asked:
        area, aqi_edition = "city", "hj633-2012"

    asked = why._Asked(Listening(), built, 100, why.groups_of(built.names, ()), np.array([1]), 2, Asked())
    asked.median(())
    asked.median(("level", "build_up"))

    nothing, air_only = seen
    assert np.isnan(nothing.around).all() and np.isnan(nothing.region_observed[:101]).all()
    assert (
        np.isfinite(air_only.around[100, :REGION_LEVELS]).any() and np.isnan(air_only.around[:, REGION_LEVELS:]).all()
    )
    assert np.isfinite(air_only.region_observed[:101]).any()


def test_no_similar_day_is_shown_whose_own_index_nobody_knows(small_air, areas):
    holed = small_air.copy(deep=True)
    hole = slice(24 * 60, 24 * 170)
    for name in ("pm25", "pm10"):
        holed[name].values[:, hole] = np.nan

    found = why.analogues(holed, areas[0], date(2015, 3, 15), issue_hour=24, edition="hj633-2012")

    first, last = (np.datetime64("2014-09-01") + step for step in (60, 169))
    assert not [one.day for one in found if first <= np.datetime64(one.day) <= last]


def test_a_model_for_issues_at_noon_cannot_be_of_full_effort_or_know_the_weather_ahead(small_air, areas):
    with pytest.raises(DataError, match="issue hour does not fit"):
        train(small_air, until=date(2015, 2, 20), areas=areas, effort="full", issue_hour=12)
