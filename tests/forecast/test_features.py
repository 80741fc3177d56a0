"""Predictors know the past only; targets are the official daily statistics of the days ahead."""

from datetime import date, datetime, timedelta

import numpy as np
import pytest

from forecast import air, features
from forecast.daily import city_mean, daily_statistics
from forecast.features import Area, build
from plans.errors import DataError


def changed_after(dataset, moment):
    """The same air with every value after a moment replaced by something absurd but possible."""
    other = dataset.copy(deep=True)
    later = other["valid_time"].values > air.utc(moment)
    for name in other.data_vars:
        other[name].values[:, later] = 1037.0 if name == "pressure" else 37.0
    return other


@pytest.mark.parametrize("issue_hour", [24, 20])
def test_changing_the_future_changes_no_predictor_of_the_past(small_air, areas, codes, issue_hour):
    day = date(2014, 12, 10)
    moment = features.issue_time(day, issue_hour=issue_hour)

    real = build(small_air, areas=areas, region=codes, issue_hour=issue_hour)
    other = build(changed_after(small_air, moment), areas=areas, region=codes, issue_hour=issue_hour)

    known = real.days <= np.datetime64(day)
    assert np.array_equal(real.predictors[:, known], other.predictors[:, known], equal_nan=True)
    assert not np.array_equal(real.predictors[:, ~known], other.predictors[:, ~known], equal_nan=True)


def test_a_short_memory_gives_the_same_predictors_as_the_whole_past(small_air, areas, codes):
    """Operations read 32 days, a backtest reads years: the model must see the same numbers."""
    day = date(2014, 12, 10)
    end = air.utc(features.issue_time(day))
    hours = small_air["valid_time"].values
    memory = np.timedelta64(features.MEMORY_DAYS, "D")
    short = small_air.isel(valid_time=np.flatnonzero((hours <= end) & (hours > end - memory)))

    whole, part = (build(data, areas=areas, region=codes) for data in (small_air, short))

    row = np.flatnonzero(whole.days == np.datetime64(day))[0]
    assert part.days[-1] == np.datetime64(day)
    assert np.array_equal(whole.predictors[:, row], part.predictors[:, -1], equal_nan=True)


def test_the_target_of_a_lead_is_the_daily_statistic_of_that_natural_day(small_air, areas, codes):
    sample = build(small_air, areas=areas, region=codes)
    official = daily_statistics(city_mean(small_air, stations=codes, minimum_share=0.5))
    days = official["valid_date"].values.astype("datetime64[D]")
    row = np.flatnonzero(sample.days == np.datetime64("2014-12-10"))[0]

    targets = features.from_log(sample.targets()[0, row])

    for lead in (1, 4, 7):
        at = np.flatnonzero(days == np.datetime64("2014-12-10") + lead)[0]
        expected = [official[name].values[0, at] for name in features.TARGETS]
        np.testing.assert_allclose(targets[lead - 1], expected, rtol=1e-12)


def test_the_first_day_is_the_first_whose_24_hours_are_all_in_the_data(small_air, areas, codes):
    """The data begin with the hour 1 of 1 September; without it, that day is not whole."""
    whole = build(small_air, areas=areas, region=codes)
    later = build(small_air.isel(valid_time=slice(1, None)), areas=areas, region=codes)

    assert whole.days[0] == np.datetime64("2014-09-01")
    assert later.days[0] == np.datetime64("2014-09-02")


def test_a_day_that_is_not_over_has_no_statistic(small_air, areas, codes):
    noon = air.utc(datetime(2014, 12, 10, 21, tzinfo=air.BEIJING))
    until_evening = small_air.isel(valid_time=np.flatnonzero(small_air["valid_time"].values <= noon))

    sample = build(until_evening, areas=areas, region=codes)

    assert sample.days[-1] == np.datetime64("2014-12-10")
    assert np.isnan(sample.observed[:, -1]).all()
    assert not np.isnan(sample.observed[:, -2]).all()


def test_a_sample_until_a_day_holds_no_target_of_that_day_or_later(small_air, areas, codes):
    sample = build(small_air, areas=areas, region=codes).until(date(2014, 12, 10))

    assert sample.days[-1] == np.datetime64("2014-12-09")
    targets = sample.targets()
    for back in range(7):
        assert np.isnan(targets[:, -1 - back, back:]).all()


def test_the_issue_hour_decides_which_day_is_the_base():
    late = datetime(2015, 11, 28, 23, 59, tzinfo=air.BEIJING)

    assert features.base_day(late) == date(2015, 11, 27)
    assert features.base_day(late + timedelta(minutes=1)) == date(2015, 11, 28)
    assert features.base_day(late, issue_hour=20) == date(2015, 11, 28)


def test_a_late_last_hour_is_replaced_by_the_hours_before_it(small_air, areas, codes):
    late = small_air.copy(deep=True)
    end = air.utc(features.issue_time(date(2014, 12, 10)))
    for name in air.POLLUTANTS:
        late[name].values[:, late["valid_time"].values == end] = np.nan

    sample = build(late, areas=areas, region=codes)

    row = np.flatnonzero(sample.days == np.datetime64("2014-12-10"))[0]
    last = sample.predictors[0, row, sample.names.index("pm25_level_1h")]
    assert last == sample.predictors[0, row, sample.names.index("pm25_level_3h")]


def test_national_day_is_a_holiday_and_the_saturday_worked_for_it_no_weekend():
    """1 October 2015 was a holiday; Saturday 10 October 2015 was worked in exchange (调休), Sunday the 11th was not."""
    days = np.array(["2015-10-01", "2015-10-10", "2015-10-11", "2015-10-12"], "datetime64[D]")

    assert features.calendar(days).tolist() == [[0.0, 1.0], [0.0, 0.0], [1.0, 0.0], [0.0, 0.0]]


def test_logarithms_come_back():
    concentrations = np.array([[0.0, 1.0, 500.0, 40.0, 0.7, 160.0]])

    np.testing.assert_allclose(features.from_log(features.to_log(concentrations)), concentrations, atol=1e-9)


def test_a_pollutant_that_nobody_measures_is_unknown_and_not_zero(small_air, areas, codes):
    sample = build(small_air.drop_vars("so2"), areas=areas, region=codes)

    assert np.isnan(sample.observed[..., features.TARGETS.index("so2")]).all()
    assert np.isnan(sample.predictors[..., sample.names.index("so2_level_24h")]).all()


def test_an_unknown_station_and_an_impossible_hour_are_refused(small_air, codes):
    with pytest.raises(DataError, match="not in the dataset"):
        build(small_air, areas=[Area("x", ("9999A",))], region=codes)
    with pytest.raises(DataError, match=r"issue hour is impossible: expected 1\.\.24, found 25"):
        build(small_air, areas=[Area("x", codes[:1])], region=codes, issue_hour=25)
