"""Simulated air: openly simulated, repeatable, in the contract, with the winter a demo needs."""

import time
from datetime import date, datetime

import numpy as np
import pytest

from forecast import air, sample
from forecast.aqi import of_daily
from forecast.daily import city_mean, daily_statistics
from plans.errors import DataError

START, END = datetime(2013, 7, 1, 1, tzinfo=air.BEIJING), datetime(2016, 1, 15, tzinfo=air.BEIJING)


@pytest.fixture(scope="module")
def years():
    return sample.generate(seed=2015, start=START, end=END)


@pytest.fixture(scope="module")
def daily(years):
    codes = [str(code) for code in years["station"].values]
    made = daily_statistics(city_mean(years, stations=codes, minimum_share=0.5))
    report = of_daily(made, edition="hj633-2012", gaps="available")
    return dict(zip(made["valid_date"].values.astype("datetime64[D]").tolist(), report["aqi"].values[0], strict=True))


def test_it_is_marked_as_simulated_and_its_stations_are_fictional(years):
    assert years.attrs["simulated"] == "true"
    assert [str(code) for code in years["station"].values] == list(sample.STATION_NAMES)
    assert all("虚构" in name for name in sample.STATION_NAMES.values())


def test_it_keeps_the_contract_and_covers_the_hours_asked_for(years):
    air.check(years)

    assert years["valid_time"].values[-1] == air.utc(END)
    assert years["valid_time"].values[0] == air.utc(START) + np.timedelta64(1, "h")


def test_equal_arguments_give_equal_air_and_another_seed_another(years):
    again = sample.generate(seed=2015, start=START, end=END)
    other = sample.generate(seed=2016, start=START, end=END)

    assert years.identical(again)
    assert not years.identical(other)


def test_every_winter_has_a_heavy_episode(daily):
    for year in (2013, 2014, 2015):
        winter = [daily[date(year, 11, 26 + day) if day < 5 else date(year, 12, day - 4)] for day in range(30)]
        longest = run = 0
        for value in winter:
            run = run + 1 if value > 200 else 0
            longest = max(longest, run)
        assert longest >= 3
        assert max(winter) > 300


def test_most_days_are_ordinary_and_summer_is_the_season_of_ozone(years, daily):
    values = np.array(list(daily.values()))

    assert 0.6 < np.mean(values <= 100) < 0.9
    assert np.mean(values > 200) < 0.08
    month = years["valid_time"].dt.month
    assert years["o3"].where(month == 7).mean() > 2 * years["o3"].where(month == 1).mean()


def test_gaps_are_there_but_never_in_the_last_hour(years):
    missing = np.isnan(years["pm25"].values)

    assert 0.005 < missing.mean() < 0.05
    assert not missing[:, -1].any()


def test_two_years_of_six_stations_take_less_than_five_seconds():
    begin = time.process_time()

    sample.generate(
        seed=1, start=datetime(2014, 1, 1, tzinfo=air.BEIJING), end=datetime(2016, 1, 1, tzinfo=air.BEIJING)
    )

    assert time.process_time() - begin < 5


def test_no_station_no_hour_and_naive_times_are_refused():
    with pytest.raises(DataError, match="no station to simulate"):
        sample.generate(seed=1, start=START, end=END, stations=0)
    with pytest.raises(DataError, match="no hour to simulate"):
        sample.generate(seed=1, start=END, end=START)
    with pytest.raises(DataError, match="no time zone"):
        sample.generate(seed=1, start=datetime(2015, 1, 1), end=END)  # noqa: DTZ001
