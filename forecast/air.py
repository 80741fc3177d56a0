"""The data contract: what a dataset of hourly air looks like anywhere in this system.

Dims are (station, valid_time), always in that order. ``valid_time`` is the END of the averaging hour, a UTC instant
stored as numpy ``datetime64[us]`` without a zone; so the natural day D of Beijing time is its hours 1..24, the labels
D 01:00 .. D+1 00:00 Beijing time. Concentrations are float64 in ug/m3, carbon monoxide in mg/m3; NaN means missing.
A reader turns its source's habits into this shape once; :func:`check` is the border, inside it arrays are trusted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import xarray as xr

from plans.errors import DataError

POLLUTANTS: tuple[str, ...] = ("pm25", "pm10", "so2", "no2", "co", "o3")
"""The six pollutants of HJ 633 table 1; hourly means."""

WEATHER: tuple[str, ...] = ("temperature", "dew_point", "pressure", "rain", "wind_speed", "wind_direction")
"""Surface weather; rain is the sum over the hour, wind_direction where the wind comes from (360 or 0 is north)."""

UNITS: Mapping[str, str] = {
    "pm25": "ug/m3",
    "pm10": "ug/m3",
    "so2": "ug/m3",
    "no2": "ug/m3",
    "co": "mg/m3",
    "o3": "ug/m3",
    "temperature": "degC",
    "dew_point": "degC",
    "pressure": "hPa",
    "rain": "mm",
    "wind_speed": "m/s",
    "wind_direction": "degree",
}

POSSIBLE: Mapping[str, tuple[float, float]] = {
    "pm25": (0, 20_000),
    "pm10": (0, 20_000),
    "so2": (0, 20_000),
    "no2": (0, 20_000),
    "co": (0, 500),
    "o3": (0, 20_000),
    "temperature": (-90, 65),
    "dew_point": (-100, 45),
    "pressure": (300, 1_100),
    "rain": (0, 500),
    "wind_speed": (0, 120),
    "wind_direction": (0, 360),
}
"""Outside these a number is not a measurement but a mistake of unit or column, and the file is refused. They are far
wider than the plausible ranges of :mod:`forecast.quality`, which only flag."""

BEIJING = ZoneInfo("Asia/Shanghai")
_OFFSET = np.timedelta64(8, "h")  # Beijing time has no daylight saving in the years of these data (since 1992)


def utc(moment: datetime, *, name: str = "time") -> np.datetime64:
    """The instant as UTC ``datetime64[us]``; DataError when it is naive.

    >>> utc(datetime(2016, 1, 1, 8, tzinfo=BEIJING))
    np.datetime64('2016-01-01T00:00:00.000000')
    """
    if moment.tzinfo is None:
        raise DataError(f"{name} has no time zone", expected="an aware datetime", found=moment.isoformat())
    return np.datetime64(moment.astimezone(UTC).replace(tzinfo=None), "us")


def moment(instant: np.datetime64) -> datetime:
    """The aware UTC datetime of a UTC ``datetime64``."""
    value: datetime = instant.astype("datetime64[us]").item()
    return value.replace(tzinfo=UTC)


def from_beijing(local: np.ndarray) -> np.ndarray:
    """UTC ``datetime64[us]`` of Beijing wall times given as zoneless ``datetime64``."""
    return local.astype("datetime64[us]") - _OFFSET


def to_beijing(instants: np.ndarray) -> np.ndarray:
    """Beijing wall times, zoneless ``datetime64[us]``, of UTC ``datetime64``."""
    return instants.astype("datetime64[us]") + _OFFSET


def natural_day(instants: np.ndarray) -> np.ndarray:
    """The natural day (``datetime64[D]``) each hour belongs to: hour 24 (00:00 of the next date) is still the day.

    >>> natural_day(np.array(["2015-11-30T16:00", "2015-11-30T17:00"], "datetime64[us]"))
    array(['2015-11-30', '2015-12-01'], dtype='datetime64[D]')
    """
    return (to_beijing(instants) - np.timedelta64(1, "us")).astype("datetime64[D]")


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """Begin and end of a natural day, aware Beijing time: its hours are those with begin < valid_time <= end."""
    begin = datetime(day.year, day.month, day.day, tzinfo=BEIJING)
    return begin, begin + timedelta(days=1)


def dataset(
    values: Mapping[str, np.ndarray],
    *,
    stations: Iterable[str],
    valid_time: np.ndarray,
    extra: Mapping[str, np.ndarray] | None = None,
    attrs: Mapping[str, str] | None = None,
) -> xr.Dataset:
    """A checked dataset of the contract from plain (station, valid_time) arrays.

    `values` holds contract variables; `extra` anything else of the same shape (flags, published values). Raises
    DataError as :func:`check` does.
    """
    dims = ("station", "valid_time")
    variables = {name: (dims, np.asarray(array, dtype=np.float64)) for name, array in values.items()}
    variables |= {name: (dims, np.asarray(array)) for name, array in (extra or {}).items()}
    made = xr.Dataset(
        variables,
        coords={
            "station": np.array(list(stations), dtype=object),
            "valid_time": np.asarray(valid_time).astype("datetime64[us]"),
        },
        attrs=dict(attrs or {}),
    )
    for name in values:
        made[name].attrs["units"] = UNITS.get(name, "")
    return check(made)


def hours(start: datetime, end: datetime) -> np.ndarray:
    """The labels of all whole hours inside start..end: start < valid_time <= end, UTC ``datetime64[us]``."""
    first, last = utc(start, name="start"), utc(end, name="end")
    hour = np.timedelta64(1, "h")
    begin = first.astype("datetime64[h]") + hour
    return np.arange(begin, last.astype("datetime64[h]") + hour, hour).astype("datetime64[us]")


def check(data: xr.Dataset) -> xr.Dataset:
    """The same dataset when it keeps the contract; DataError that names variable, station and hour when it does not.

    Checked: both dims in order; stations named once; hours whole, rising, never twice; every contract variable
    float, in its unit, finite or NaN, and physically possible; at least one of them there.
    """
    where = str(data.attrs.get("source", "dataset"))
    for dim in ("station", "valid_time"):
        if dim not in data.coords:
            raise DataError("A coordinate is missing", where=where, expected=dim, found=sorted(map(str, data.coords)))
    names = [name for name in (*POLLUTANTS, *WEATHER) if name in data]
    if not names:
        raise DataError("No variable of the contract", where=where, expected=POLLUTANTS, found=sorted(map(str, data)))
    stations = [str(station) for station in data["station"].values]
    if len(set(stations)) < len(stations):
        twice = next(code for code in stations if stations.count(code) > 1)
        raise DataError("A station appears twice", where=where, found=twice, todo="Merge its rows first")
    check_hours(data["valid_time"].values, where)
    for name in names:
        _check_variable(data[name], name, where)
    return data


def check_hours(hours: np.ndarray, where: str) -> None:
    """DataError unless the labels are whole hours in UTC, rising, none twice."""
    if hours.dtype != np.dtype("datetime64[us]"):
        raise DataError("valid_time has the wrong type", where=where, expected="datetime64[us] UTC", found=hours.dtype)
    if np.isnat(hours).any():
        raise DataError("valid_time has a gap", where=where, expected="an instant", found="NaT")
    if (hours != hours.astype("datetime64[h]")).any():
        odd = hours[hours != hours.astype("datetime64[h]")][0]
        raise DataError("valid_time is not a whole hour", where=where, expected="the end of an hour", found=odd)
    steps = np.diff(hours)
    if (steps <= np.timedelta64(0, "us")).any():
        at = hours[1:][steps <= np.timedelta64(0, "us")][0]
        raise DataError("valid_time does not rise", where=where, expected="each hour once, in order", found=at)


def _check_variable(variable: xr.DataArray, name: str, where: str) -> None:
    if variable.dims != ("station", "valid_time"):
        expected = "(station, valid_time)"
        raise DataError(f"{name} has the wrong dims", where=where, expected=expected, found=variable.dims)
    if variable.dtype.kind != "f":
        raise DataError(f"{name} has the wrong type", where=where, expected="float", found=variable.dtype)
    units = variable.attrs.get("units", UNITS[name])
    if units != UNITS[name]:
        raise DataError(f"{name} has the wrong unit", where=where, expected=UNITS[name], found=units)
    low, high = POSSIBLE[name]
    values = variable.values
    with np.errstate(invalid="ignore"):
        bad = (values < low) | (values > high)  # an infinite value is outside too, NaN is not
    if bad.any():
        row, column = np.argwhere(bad)[0]
        station, hour = variable["station"].values[row], variable["valid_time"].values[column]
        raise DataError(
            f"{name} is impossible",
            where=f"{where}, station {station}, hour ending {hour}Z",
            expected=f"{low}..{high} {UNITS[name]}",
            found=float(values[row, column]),
            todo="Check the unit and the column",
        )
