"""Weather ahead: the dataset contract, and the daily predictors made from hours of it.

Two shapes. A *run* is what a weather model sends: dims (issued_at, lead_hours, place), place being `station` or
`latitude, longitude`; issued_at is UTC, lead_hours counts hours from it. *Daily weather* is what a forecast of air
uses: dims (area, issue_date, lead), one number per natural day (hours 1..24, Beijing time) ahead. Each variable
carries its CF standard name and unit. The mode is declared in attrs["weather_mode"] and shown on every product.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import xarray as xr

from forecast import air
from forecast.daily import city_mean
from forecast.features import KNOWN_SHARE, Area
from forecast.outlook import WEATHER_MODES
from plans.errors import DataError


@dataclass(frozen=True, slots=True)
class Variable:
    """What a weather variable is: CF standard name, unit, and the range outside which it is a mistake."""

    standard_name: str
    units: str
    low: float
    high: float


RUN_VARIABLES: Mapping[str, Variable] = MappingProxyType(
    {
        "temperature": Variable("air_temperature", "degC", -90, 65),
        "dew_point": Variable("dew_point_temperature", "degC", -100, 45),
        "pressure": Variable("surface_air_pressure", "hPa", 300, 1_100),
        "rain": Variable("lwe_thickness_of_precipitation_amount", "mm", 0, 1_500),
        "wind_speed": Variable("wind_speed", "m s-1", 0, 120),
        "wind_direction": Variable("wind_from_direction", "degree", 0, 360),
        "wind_east": Variable("eastward_wind", "m s-1", -120, 120),
        "wind_north": Variable("northward_wind", "m s-1", -120, 120),
        "boundary_layer_height": Variable("atmosphere_boundary_layer_thickness", "m", 0, 10_000),
        "shortwave": Variable("surface_downwelling_shortwave_flux_in_air", "W m-2", 0, 1_600),
        "longwave": Variable("surface_downwelling_longwave_flux_in_air", "W m-2", 0, 800),
        "cloud": Variable("cloud_area_fraction", "1", 0, 1),
    }
)
"""Surface variables of a run; rain is the sum since the lead before. Upper air is NAME_<level>hpa (see docs)."""

UPPER_AIR: Mapping[str, Variable] = MappingProxyType(
    {
        "temperature": Variable("air_temperature", "degC", -120, 65),
        "wind_east": Variable("eastward_wind", "m s-1", -200, 200),
        "wind_north": Variable("northward_wind", "m s-1", -200, 200),
        "geopotential": Variable("geopotential", "m2 s-2", -10_000, 600_000),
    }
)

_TEMPERATURE = Variable("air_temperature", "degC", -90, 65)
_DEPRESSION = Variable("dew_point_depression", "K", 0, 80)
_SPEED, _COMPONENT = Variable("wind_speed", "m s-1", 0, 120), Variable("eastward_wind", "m s-1", -120, 120)
_SHARE = Variable("", "1", 0, 1)
PARTS: Mapping[str, slice] = MappingProxyType({"night": slice(0, 8), "day": slice(8, 16), "evening": slice(16, 24)})
"""Thirds of the natural day: hours 1..8, 9..16, 17..24."""

DAILY: Mapping[str, Variable] = MappingProxyType(
    {
        "temperature_mean": _TEMPERATURE,
        "temperature_min": _TEMPERATURE,
        "temperature_max": _TEMPERATURE,
        "dew_point_mean": Variable("dew_point_temperature", "degC", -100, 45),
        "dew_point_depression_mean": _DEPRESSION,
        "relative_humidity_mean": Variable("relative_humidity", "1", 0, 1.001),
        "pressure_mean": Variable("surface_air_pressure", "hPa", 300, 1_100),
        "pressure_change": Variable("tendency_of_surface_air_pressure", "hPa", -100, 100),
        "wind_speed_mean": _SPEED,
        "wind_speed_max": _SPEED,
        "wind_east_mean": _COMPONENT,
        "wind_north_mean": Variable("northward_wind", "m s-1", -120, 120),
        **{f"wind_speed_{part}": _SPEED for part in PARTS},
        **{f"wind_east_{part}": _COMPONENT for part in PARTS},
        **{f"wind_north_{part}": Variable("northward_wind", "m s-1", -120, 120) for part in PARTS},
        **{f"dew_point_depression_{part}": _DEPRESSION for part in PARTS},
        "wind_constancy": _SHARE,
        "calm_share": _SHARE,
        "stagnant_share": _SHARE,
        "rain_sum": Variable("lwe_thickness_of_precipitation_amount", "mm", 0, 2_000),
        "rain_share": _SHARE,
        "boundary_layer_height_mean": Variable("atmosphere_boundary_layer_thickness", "m", 0, 10_000),
        "boundary_layer_height_max": Variable("atmosphere_boundary_layer_thickness", "m", 0, 10_000),
        "ventilation_mean": Variable("", "m2 s-1", 0, 400_000),
        "inversion": Variable("", "K", -60, 60),
        "shortwave_mean": Variable("surface_downwelling_shortwave_flux_in_air", "W m-2", 0, 600),
        "cloud_mean": Variable("cloud_area_fraction", "1", 0, 1),
    }
)
"""The daily predictors; docs/weather.md says how each is made. What the source does not have is left out."""

CALM = 1.5
"""m/s; below it an hour is calm (the Beaufort scale's light air ends at 1.5 m/s)."""

STAGNANT = 2.0
"""m/s; an hour below it without rain is stagnant (a working definition: predictor only, no rule hangs on it)."""

WET = 0.1
"""mm in an hour; the least amount a rain gauge reports."""

DAY_SHARE = 0.75
"""Least share of a day's steps for a daily number (18 of 24 hours, as HJ 633 asks 20 of concentrations)."""


def check_run(run: xr.Dataset) -> xr.Dataset:
    """The same run when it keeps the contract; DataError that names what does not.

    Checked: issued_at UTC datetime64 rising, lead_hours rising and not negative, place dims, known variables in their
    unit, finite or NaN, physically possible.
    """
    where = str(run.attrs.get("source", "weather run"))
    for dim in ("issued_at", "lead_hours"):
        if dim not in run.dims:
            raise DataError("A dimension is missing", where=where, expected=dim, found=sorted(map(str, run.dims)))
    place = ("station",) if "station" in run.dims else ("latitude", "longitude")
    dims = ("issued_at", "lead_hours", *place)
    names = [str(name) for name in run if describe(str(name)) is not None]
    if not names:
        raise DataError(
            "No weather variable", where=where, expected=", ".join(RUN_VARIABLES), found=list(map(str, run))
        )
    if run["issued_at"].dtype.kind != "M" or np.isnat(run["issued_at"].values).any():
        raise DataError("issued_at is no instant", where=where, expected="datetime64 UTC", found=run["issued_at"].dtype)
    for dim in ("issued_at", "lead_hours"):
        steps = np.diff(run[dim].values.astype("datetime64[us]").astype(np.int64) if dim == "issued_at" else run[dim])
        if (steps <= 0).any():
            raise DataError(f"{dim} does not rise", where=where, expected="each once, in order", found="disorder")
    if run["lead_hours"].size and float(run["lead_hours"].min()) < 0:
        raise DataError(
            "A lead is negative", where=where, expected="hours after issued_at", found=float(run["lead_hours"].min())
        )
    for name in names:
        variable, rule = run[name], describe(name)
        assert rule is not None
        if variable.dims != dims:
            raise DataError(f"{name} has the wrong dims", where=where, expected=dims, found=variable.dims)
        check_values(variable, name, rule, where)
    return run


def check_daily(daily: xr.Dataset) -> xr.Dataset:
    """The same daily weather when it keeps the contract: dims (area, issue_date, lead), mode declared, values possible.

    Names outside DAILY are let through unchecked: a model may use any number that was known at the issue.
    """
    where = str(daily.attrs.get("source", "daily weather"))
    mode = daily.attrs.get("weather_mode")
    if mode not in WEATHER_MODES or mode == "none":
        raise DataError("The weather mode is not declared", where=where, expected="forecast | perfect", found=mode)
    for name in map(str, daily):
        if daily[name].dims != ("area", "issue_date", "lead"):
            expected = "(area, issue_date, lead)"
            raise DataError(f"{name} has the wrong dims", where=where, expected=expected, found=daily[name].dims)
        if name in DAILY:
            check_values(daily[name], name, DAILY[name], where)
    return daily


def describe(name: str) -> Variable | None:
    """What the variable of a run is; None when the contract does not know it.

    >>> describe("temperature_850hpa").standard_name
    'air_temperature'
    """
    if name in RUN_VARIABLES:
        return RUN_VARIABLES[name]
    stem, _, level = name.rpartition("_")
    return UPPER_AIR.get(stem) if level.endswith("hpa") and level[:-3].isdigit() else None


def check_values(variable: xr.DataArray, name: str, rule: Variable, where: str) -> None:
    """DataError when a variable names another unit than its rule's, or holds a value outside the rule's range."""
    units = variable.attrs.get("units", rule.units)
    if units != rule.units:
        raise DataError(f"{name} has the wrong unit", where=where, expected=rule.units, found=units)
    with np.errstate(invalid="ignore"):
        bad = (variable.values < rule.low - 1e-6) | (variable.values > rule.high + 1e-6)
    if bad.any():
        at = tuple(np.argwhere(bad)[0])
        place = ", ".join(f"{dim} {variable[dim].values[i]}" for dim, i in zip(variable.dims, at, strict=True))
        expected, found = f"{rule.low}..{rule.high} {rule.units}", float(variable.values[at])
        todo = "Check the unit and the column"
        raise DataError(f"{name} is impossible", where=f"{where}, {place}", expected=expected, found=found, todo=todo)


def labelled(data: xr.Dataset) -> xr.Dataset:
    """The dataset with CF attributes on every known variable and coordinate, so that its file is CF-conform."""
    data = data.copy()
    for name in map(str, data):
        rule = DAILY.get(name) or describe(name)
        if rule is not None:
            data[name].attrs |= {"units": rule.units} | (
                {"standard_name": rule.standard_name} if rule.standard_name else {"long_name": name.replace("_", " ")}
            )
    for name, standard in (("issued_at", "forecast_reference_time"), ("lead_hours", "forecast_period")):
        if name in data.coords:
            data[name].attrs["standard_name"] = standard
    if "lead_hours" in data.coords:
        data["lead_hours"].attrs["units"] = "hours"
    data.attrs["Conventions"] = "CF-1.11"
    return data


# from hours to days -------------------------------------------------------------------------------------------------


def observed_daily(dataset: xr.Dataset, *, areas: Sequence[Area]) -> xr.Dataset:
    """Daily predictors (area, valid_date) of the observed weather in a dataset of hourly air (contract forecast.air).

    An area of several stations has the hourly mean of them (a quarter must have a value). NaN where fewer than 18 hours
    are known. DataError: the dataset holds no weather, or not a station.
    """
    if not any(name in dataset for name in air.WEATHER):
        raise DataError("The data hold no weather", expected=", ".join(air.WEATHER), found=list(map(str, dataset)))
    parts = [
        city_mean(dataset, stations=area.stations, minimum_share=KNOWN_SHARE, name=area.key)[list(_there(dataset))]
        for area in areas
    ]
    joined = xr.concat(parts, dim="station")
    hours = joined["valid_time"].values
    days = air.natural_day(hours)
    first, count = days[0], int((days[-1] - days[0]) / np.timedelta64(1, "D")) + 1
    begin = air.from_beijing(np.array([first.astype("datetime64[us]")]))[0]
    slot = ((hours - begin) / np.timedelta64(1, "h")).astype(np.intp) - 1

    def by_day(name: str) -> np.ndarray | None:
        if name not in joined:
            return None
        hourly = np.full((joined.sizes["station"], count * 24), np.nan)
        hourly[:, slot] = joined[name].values
        return hourly.reshape(-1, count, 24)

    made = predictors(by_day)
    dates = (first + np.arange(count)).astype("datetime64[us]")
    coords = {"area": [area.key for area in areas], "valid_date": dates}
    return labelled(xr.Dataset({name: (("area", "valid_date"), value) for name, value in made.items()}, coords=coords))


def _there(dataset: xr.Dataset) -> tuple[str, ...]:
    return tuple(name for name in air.WEATHER if name in dataset)


def predictors(hourly: Callable[[str], np.ndarray | None]) -> dict[str, np.ndarray]:
    """The daily predictors of (..., 24) hours of the natural day, per name of DAILY; NaN where the day is too thin.

    `hourly` gives a run variable by name (NaN in the hours it has not), or None.
    """
    get = {name: hourly(name) for name in (*RUN_VARIABLES, "temperature_850hpa", "temperature_925hpa")}
    temperature, dew = get["temperature"], get["dew_point"]
    speed, east, north = wind(get["wind_speed"], get["wind_direction"], get["wind_east"], get["wind_north"])
    out: dict[str, np.ndarray | None] = {}

    def each(
        values: np.ndarray | None, make: Callable[[np.ndarray], np.ndarray], part: slice = slice(0, 24)
    ) -> np.ndarray | None:
        if values is None:
            return None
        chosen = values[..., part]
        known = (~np.isnan(chosen)).sum(axis=-1) >= DAY_SHARE * (part.stop - part.start)
        made = np.full(chosen.shape[:-1], np.nan)
        if known.any():
            made[known] = make(chosen[known])
        return made

    def mean(values: np.ndarray) -> np.ndarray:
        return np.asarray(np.nanmean(values, axis=-1))

    out["temperature_mean"] = each(temperature, mean)
    out["temperature_min"] = each(temperature, lambda x: np.nanmin(x, axis=-1))
    out["temperature_max"] = each(temperature, lambda x: np.nanmax(x, axis=-1))
    out["dew_point_mean"] = each(dew, mean)
    depression = None if temperature is None or dew is None else np.maximum(temperature - dew, 0.0)
    out["dew_point_depression_mean"] = each(depression, mean)
    if temperature is not None and dew is not None:
        out["relative_humidity_mean"] = each(np.minimum(_vapour(dew) / _vapour(temperature), 1.0), mean)
    out["pressure_mean"] = each(get["pressure"], mean)
    start, end = each(get["pressure"], mean, slice(0, 6)), each(get["pressure"], mean, slice(18, 24))
    out["pressure_change"] = None if start is None or end is None else end - start
    out["wind_speed_mean"] = each(speed, mean)
    out["wind_speed_max"] = each(speed, lambda x: np.nanmax(x, axis=-1))
    out["wind_east_mean"], out["wind_north_mean"] = each(east, mean), each(north, mean)
    for part, hours in PARTS.items():
        out[f"wind_speed_{part}"] = each(speed, mean, hours)
        out[f"wind_east_{part}"], out[f"wind_north_{part}"] = each(east, mean, hours), each(north, mean, hours)
        out[f"dew_point_depression_{part}"] = each(depression, mean, hours)
    if speed is not None:
        if out["wind_east_mean"] is not None and out["wind_north_mean"] is not None:
            straight = np.hypot(out["wind_east_mean"], out["wind_north_mean"])
            out["wind_constancy"] = np.clip(straight / np.maximum(np.asarray(out["wind_speed_mean"]), 0.05), 0, 1)
        out["calm_share"] = each(_flag(speed < CALM, speed), mean)
    rain = get["rain"]
    out["rain_sum"] = each(rain, lambda x: mean(x) * 24)
    out["rain_share"] = None if rain is None else each(_flag(rain >= WET, rain), mean)
    if speed is not None and rain is not None:
        out["stagnant_share"] = each(_flag((speed < STAGNANT) & (rain < WET), speed + rain), mean)
    height = get["boundary_layer_height"]
    out["boundary_layer_height_mean"] = each(height, mean)
    out["boundary_layer_height_max"] = each(height, lambda x: np.nanmax(x, axis=-1))
    out["ventilation_mean"] = None if height is None or speed is None else each(height * speed, mean)
    aloft = get["temperature_925hpa"] if get["temperature_925hpa"] is not None else get["temperature_850hpa"]
    out["inversion"] = None if aloft is None or temperature is None else each(aloft - temperature, mean)
    out["shortwave_mean"], out["cloud_mean"] = each(get["shortwave"], mean), each(get["cloud"], mean)
    return {name: out[name] for name in DAILY if out.get(name) is not None}  # type: ignore[misc]


def wind(
    speed: np.ndarray | None, direction: np.ndarray | None, east: np.ndarray | None, north: np.ndarray | None
) -> tuple[np.ndarray | None, np.ndarray | None, np.ndarray | None]:
    """Speed and components, whichever two ways they are given; direction is where the wind comes from, degrees.

    >>> speed, east, north = wind(np.array([2.0]), np.array([270.0]), None, None)
    >>> east.round(6).tolist(), abs(north).round(6).tolist()
    ([2.0], [0.0])
    """
    if (east is None or north is None) and speed is not None and direction is not None:
        angle = np.deg2rad(direction)
        east, north = -speed * np.sin(angle), -speed * np.cos(angle)
    if speed is None and east is not None and north is not None:
        speed = np.hypot(east, north)
    return speed, east, north


def _vapour(dew_point: np.ndarray) -> np.ndarray:
    """Saturation vapour pressure, hPa (Magnus form of WMO-No. 8, annex 4.B, over water)."""
    return np.asarray(6.112 * np.exp(17.62 * dew_point / (243.12 + dew_point)))


def _flag(true: np.ndarray, known: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(known), np.nan, true.astype(np.float64))
