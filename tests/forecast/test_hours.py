"""The next 72 hours: each scenario by hours is the same scenario by days, begins at the air now and knows no future."""

from datetime import date, timedelta

import numpy as np
import pytest
import xarray as xr

from forecast import air, features, hourly_paths, outlook_file
from forecast.hours import HOURS, HourlyOutlook, curve
from forecast.outlook import QUANTILES
from forecast.predict import make_outlook, paths_of
from plans.errors import DataError

DAY = date(2015, 3, 2)
ISSUED = features.issue_time(DAY) + timedelta(hours=1)


@pytest.fixture(scope="module")
def asked(codes):
    return {"stations": codes}


@pytest.fixture(scope="module")
def archive(tmp_path_factory, small_air, codes):
    from forecast.archive import Archive
    from forecast.readers.station_list import Station

    made = Archive.open(tmp_path_factory.mktemp("archive") / "archive.db")
    made.write_stations(Station(code, code, "样例市（虚构）", 113.0, 28.0, "simulated", "sample") for code in codes)
    made.write(small_air, source="sample-generator", delay=timedelta(hours=1))
    yield made
    made.close()


def outlook_of(archive, model, codes, edition="hj633-2012"):
    return make_outlook(
        archive, model, area="city", area_name="样例市", stations=codes, issued_at=ISSUED, aqi_edition=edition, paths=60
    )


@pytest.fixture(scope="module")
def outlook(archive, small_model, codes):
    return outlook_of(archive, small_model, codes)


@pytest.fixture(scope="module")
def hours(archive, small_model, outlook, asked):
    return hourly_paths.hourly_outlook(archive, small_model, outlook, **asked)


def test_seventy_two_hours_follow_the_last_observed_one(hours, outlook):
    assert hours.first_hour == features.issue_time(DAY) + timedelta(hours=1)
    assert {len(path) for path in hours.aqi_paths} == {HOURS}
    assert len(hours.aqi_paths) == len(outlook.aqi_paths)
    assert (hours.outlook, hours.aqi_edition) == (outlook.digest, "hj633-2012")
    assert hours.templates > 1


def test_every_day_of_a_path_holds_the_daily_statistics_of_its_scenario(archive, small_model, codes, small_air):
    daily = paths_of(archive, small_model, area="city", stations=codes, issued_at=ISSUED, count=60)
    inside = small_air["valid_time"].values <= air.utc(features.issue_time(DAY))
    from forecast.daily import city_mean

    series = city_mean(small_air.isel(valid_time=np.flatnonzero(inside)), stations=codes, minimum_share=0.25)
    grid = hourly_paths.on_grid(series, DAY, issue_hour=24)
    made, _ = hourly_paths.concentrations(grid, daily[:, :3], day=DAY, issue_hour=24, seed=3)

    days = made.reshape(60, 3, 24, 6)
    assert days[..., :5].mean(axis=2) == pytest.approx(daily[:, :3, :5], rel=1e-6)
    eight = np.stack([days[:, :, end - 8 : end, 5].mean(axis=2) for end in range(8, 25)]).max(axis=0)
    assert eight == pytest.approx(daily[:, :3, 5], rel=1e-6)


def test_under_the_2012_rule_the_hour_24_of_pm_days_is_the_index_of_the_day(hours, outlook):
    """Its PM counts as the mean of the last 24 hours: at the end of a natural day that is the day's own mean."""
    daily = np.array(outlook.aqi_paths)[:, :3]
    at_end = np.array(hours.aqi_paths)[:, 23::24]
    pm = np.median(daily, axis=0) > 75  # where PM decides
    assert pm.any()
    assert np.abs(np.median(at_end, axis=0) - np.median(daily, axis=0))[pm].max() <= 6


def test_the_first_hour_begins_near_the_air_now(hours, archive, codes):
    now = archive.observations(
        stations=codes, start=ISSUED - timedelta(hours=4), end=ISSUED - timedelta(hours=1), as_of=ISSUED
    )
    level = float(now["pm25"].mean())

    assert hours.concentration_medians["pm25"][0] == pytest.approx(level, rel=0.5)


def test_the_2026_rule_counts_the_hour_itself(archive, small_model, codes, asked):
    said = outlook_of(archive, small_model, codes, "hj633-2026")
    made = hourly_paths.hourly_outlook(archive, small_model, said, **asked)
    old = hourly_paths.hourly_outlook(archive, small_model, outlook_of(archive, small_model, codes), **asked)

    def steps(paths):
        return np.abs(np.diff(np.array(paths), axis=1)).mean()

    assert made.aqi_edition == "hj633-2026"
    assert steps(made.aqi_paths) > steps(old.aqi_paths)  # no mean of 24 hours smooths the particles


def test_the_future_of_the_archive_changes_nothing(fill_archive, small_air, small_model, codes, asked, hours):
    other = small_air.copy(deep=True)
    later = other["valid_time"].values > air.utc(features.issue_time(DAY))
    for name in air.POLLUTANTS:
        other[name].values[:, later] = 400.0
    changed = fill_archive(other)

    made = hourly_paths.hourly_outlook(changed, small_model, outlook_of(changed, small_model, codes), **asked)

    assert made == hours


def test_silent_last_hours_do_not_make_the_index_low():
    before = np.full((24, 6), np.nan)
    hourly = np.tile(np.array([180.0, 200, 10, 40, 1, 60]), (2, 72, 1))

    silent = hourly_paths.real_time(before, hourly, edition="hj633-2012")
    heard = hourly_paths.real_time(hourly[0, :24], hourly, edition="hj633-2012")

    assert (silent == heard).all()


def test_a_model_closing_at_hour_20_covers_the_evening_too(small_air):
    from forecast.daily import city_mean

    codes = [str(code) for code in small_air["station"].values]
    series = city_mean(small_air, stations=codes, minimum_share=0.25)
    end = air.utc(features.issue_time(DAY, issue_hour=20))
    series = series.isel(valid_time=np.flatnonzero(series["valid_time"].values <= end))
    grid = hourly_paths.on_grid(series, DAY, issue_hour=20)
    daily = np.tile(np.array([80.0, 120, 10, 40, 1, 60]), (5, 3, 1))

    made, _ = hourly_paths.concentrations(grid, daily, day=DAY, issue_hour=20, seed=1)

    assert made.shape == (5, HOURS, 6)
    assert made[:, 4:28, 0].mean(axis=1) == pytest.approx(80.0, rel=1e-6)


def test_without_three_past_days_there_are_no_hours(small_air):
    grid = np.full((48, 6), 30.0)
    daily = np.full((5, 3, 6), 30.0)

    assert hourly_paths.concentrations(grid, daily, day=DAY, issue_hour=24, seed=1) is None


def test_hours_are_kept_beside_their_outlook_once_and_known_from_its_issue_on(archive, hours, outlook):
    assert archive.write_hours(hours) is True
    assert archive.write_hours(hours) is False
    assert archive.hours(outlook.digest) == hours
    assert archive.hours(outlook.digest, as_of=ISSUED) == hours
    assert archive.hours(outlook.digest, as_of=ISSUED - timedelta(seconds=1)) is None
    assert archive.hours("nothing") is None
    assert HourlyOutlook.from_json(hours.to_json()) == hours


def test_the_curve_gives_each_hour_values_of_its_own_scenarios(hours):
    made = curve(hours)
    paths = np.array(hours.aqi_paths)

    assert len(made) == HOURS
    assert made[-1].valid_time - made[0].valid_time == timedelta(hours=HOURS - 1)
    for number, hour in enumerate(made):
        expected = np.quantile(paths[:, number], QUANTILES, method="inverted_cdf")
        assert list(hour.aqi_quantiles) == expected.tolist()
        assert hour.probability_above(100) == np.mean(paths[:, number] > 100)


def test_the_file_holds_the_hours_with_units_and_times(tmp_path, outlook, hours):
    with xr.open_dataset(outlook_file.write(outlook, tmp_path / "o.nc", hours=hours), decode_timedelta=False) as read:
        assert read["aqi_hourly"].dims == ("realization", "forecast_hour")
        assert read["forecast_hour"].attrs["standard_name"] == "forecast_period"
        assert read["forecast_hour"].attrs["units"] == "hours"
        assert read["time_of_hour"].attrs["standard_name"] == "time"
        assert read["time_of_hour"].values[0] == air.utc(hours.first_hour)
        assert read["pm25_hourly"].attrs["units"] == "ug m-3"
        assert read["aqi"].shape[0] == read["aqi_hourly"].shape[0]


def test_hours_of_another_model_are_refused(archive, small_model, outlook, asked):
    from dataclasses import replace

    with pytest.raises(DataError, match="another model"):
        hourly_paths.hourly_outlook(archive, replace(small_model, digest="0" * 64), outlook, **asked)
