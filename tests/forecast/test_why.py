"""Reasons of an outlook: they add up, look at nothing later, and come back from the archive as they were."""

from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
import xarray as xr

from forecast import air, outlook_file, predict, why
from forecast.reasons import Reasons

ISSUED = datetime(2015, 3, 10, 1, tzinfo=air.BEIJING)


@pytest.fixture
def told(small_model, small_air, areas, codes, fill_archive):
    archive = fill_archive(small_air)
    asked = {"area": "city", "area_name": "样例市", "stations": codes, "aqi_edition": "hj633-2012", "paths": 60}
    before = predict.make_outlook(archive, small_model, issued_at=ISSUED - timedelta(days=1), **asked)
    archive.write_outlook(before)
    outlook = predict.make_outlook(archive, small_model, issued_at=ISSUED, **asked)
    archive.write_outlook(outlook)
    return archive, before, outlook, why.explain(archive, small_model, outlook, stations=codes)


def test_the_usual_and_the_drivers_add_up_to_the_median(told):
    _, _, outlook, reasons = told

    total = np.array(reasons.usual) + sum(np.array(driver.effects) for driver in reasons.drivers)

    assert total.tolist() == [day.median for day in outlook.days]
    assert {driver.key for driver in reasons.drivers} == {"level", "build_up", "observed_weather"}


def test_changes_are_between_this_run_and_the_one_before(told):
    _, before, outlook, reasons = told

    assert reasons.compared_with == before.issued_at
    assert [one.valid_date for one in reasons.changes] == [day.valid_date for day in outlook.days[:-1]]
    assert reasons.changes[0].median_before == before.days[1].median
    assert reasons.changes[0].median_now == outlook.days[0].median


def test_analogues_are_past_days_of_the_season_apart_from_each_other(told):
    *_, reasons = told

    for one in reasons.analogues:
        assert (ISSUED.date() - one.day).days >= why.APART
        assert 0 < one.likeness <= 1 and len(one.after) == 7
    days = sorted(one.day for one in reasons.analogues)
    assert all((later - earlier).days >= why.APART for earlier, later in pairwise(days))


def test_reasons_come_back_from_the_archive_as_they_were(told):
    archive, _, outlook, reasons = told

    assert archive.write_reasons(reasons) is True
    assert archive.write_reasons(reasons) is False
    assert archive.reasons(outlook.digest) == reasons
    assert Reasons.from_json(reasons.to_json()) == reasons
    assert archive.reasons("nothing") is None


def test_changing_the_future_of_the_archive_changes_no_reason(told, small_model, small_air, codes, fill_archive):
    _, _, outlook, reasons = told
    later = small_air.copy(deep=True)
    future = small_air["valid_time"].values > air.utc(ISSUED)
    assert future.any()
    for name in air.POLLUTANTS:
        later[name].values[:, future] = 321.0
    archive = fill_archive(later, "future.db")
    for one in (told[1], outlook):
        archive.write_outlook(one)

    assert why.explain(archive, small_model, outlook, stations=codes) == reasons


def test_the_words_name_the_day_the_usual_and_the_run_before(told):
    *_, reasons = told

    assert reasons.sentences[0].startswith("3月10日AQI中位数") and "同期通常为" in reasons.sentences[0]
    assert "3月9日1时发布的展望相比" in reasons.sentences[-1]


def test_the_file_of_an_outlook_opens_with_units_and_standard_names(told, tmp_path):
    outlook = told[2]

    path = outlook_file.write(outlook, tmp_path / "x.nc")

    with xr.open_dataset(path) as made:
        assert made["pm25"].attrs["standard_name"] == "mass_concentration_of_pm2p5_ambient_aerosol_particles_in_air"
        assert made["pm25"].attrs["units"] == "ug m-3" and made["co"].attrs["units"] == "mg m-3"
        assert made["time"].attrs["standard_name"] == "time" and made["time"].attrs["bounds"] == "time_bounds"
        assert made["aqi"].dims == ("realization", "forecast_period")
        assert made["aqi"].values.tolist() == [list(path_) for path_ in outlook.aqi_paths]
        assert made["aqi_quantile"].sel(quantile=0.5).values.tolist() == [day.median for day in outlook.days]
        begins = air.to_beijing(made["time"].values.astype("datetime64[us]"))
        assert [str(one)[:10] for one in begins] == [str(day.valid_date) for day in outlook.days]
        assert made.attrs["Conventions"].startswith("CF-") and made.attrs["simulated"] == "true"
