"""The data contract and its refusals; sources are found by their entry points."""

from datetime import UTC, date, datetime

import numpy as np
import pytest
import xarray as xr

from forecast import air, sources
from plans.errors import DataError

HOURS = np.array(["2016-01-01T00", "2016-01-01T01"], "datetime64[us]")


def small(**values):
    arrays = {name: np.array([value], dtype=float) for name, value in (values or {"pm25": [1.0, 2.0]}).items()}
    return air.dataset(arrays, stations=["1001A"], valid_time=HOURS)


def test_hour_24_belongs_to_the_day_that_ends_with_it():
    midnight = air.utc(datetime(2015, 12, 1, 0, tzinfo=air.BEIJING))

    days = air.natural_day(np.array([midnight, midnight + np.timedelta64(1, "h")]))

    assert days.tolist() == [date(2015, 11, 30), date(2015, 12, 1)]


def test_a_natural_day_has_exactly_its_24_hours():
    begin, end = air.day_bounds(date(2015, 12, 1))
    hours = air.hours(begin, end)

    assert len(hours) == 24
    assert set(air.natural_day(hours).tolist()) == {date(2015, 12, 1)}


def test_hours_of_a_window_that_starts_within_an_hour_are_whole_hours_inside_it():
    hours = air.hours(datetime(2016, 1, 1, 0, 30, tzinfo=UTC), datetime(2016, 1, 1, 3, 59, tzinfo=UTC))

    assert [str(hour)[:13] for hour in hours] == ["2016-01-01T01", "2016-01-01T02", "2016-01-01T03"]


def test_a_naive_time_is_refused():
    with pytest.raises(DataError, match="start has no time zone"):
        air.hours(datetime(2016, 1, 1), datetime(2016, 1, 2, tzinfo=UTC))  # noqa: DTZ001


def test_instants_survive_the_way_to_numpy_and_back():
    instant = datetime(2015, 12, 1, 7, 30, 0, 123456, tzinfo=air.BEIJING)

    assert instant == air.moment(air.utc(instant))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda data: data.drop_vars("station"), "coordinate is missing"),
        (lambda data: data.rename(pm25="dust"), "No variable of the contract"),
        (lambda data: xr.concat([data, data], dim="station"), "station appears twice"),
        (lambda data: data.isel(valid_time=[1, 0]), "does not rise"),
        (lambda data: data.isel(valid_time=[0, 0]), "does not rise"),
        (lambda data: data.assign_coords(valid_time=HOURS + np.timedelta64(60, "s")), "not a whole hour"),
        (lambda data: data.assign_coords(valid_time=HOURS.astype("datetime64[ns]")), r"expected datetime64\[us\] UTC"),
        (lambda data: data.transpose("valid_time", "station"), "wrong dims"),
        (lambda data: data.astype(int), "wrong type"),
        (lambda data: data.assign(pm25=data["pm25"].assign_attrs(units="mg/m3")), "expected ug/m3, found mg/m3"),
        (lambda data: data - 5, r"pm25 is impossible .*station 1001A, hour ending 2016-01-01T00.*found -4.0"),
        (lambda data: data * np.inf, "pm25 is impossible"),
    ],
)
def test_what_breaks_the_contract_is_named(change, says):
    with pytest.raises(DataError, match=says):
        air.check(change(small()))


def test_carbon_monoxide_in_micrograms_is_refused_as_impossible():
    with pytest.raises(DataError, match="co is impossible"):
        small(co=[800.0, 900.0])


def test_missing_values_keep_the_contract():
    assert np.isnan(air.check(small(pm25=[np.nan, 3.0]))["pm25"].values[0, 0])


def test_sources_are_found_by_entry_point_with_a_manifest_each():
    names = sources.names()
    if not names:
        pytest.skip("the project is not installed in this environment (./run installs it)")

    assert {"prsa", "five-city", "city-hourly", "cnemc-snapshot"} <= set(names)
    for name in names:
        manifest = sources.reader(name).manifest
        assert (name, True) == (manifest.name, bool(manifest.licence and manifest.delay_basis))


def test_an_unknown_format_lists_the_known_ones():
    with pytest.raises(DataError, match="format is not known"):
        sources.reader("fax")
