"""An outlook as a CF-conform NetCDF file, for everyone who would rather compute with it than read it.

Dimensions: realization (the joint scenario paths) and forecast_period (days 1..7), and where the hours are given
forecast_hour (1..72; path i by hours is path i by days); coordinates time (the begin of the natural day, with its
bounds), time_of_hour (the end of the hour), forecast_reference_time, and the name of the area. Of pollutants it holds
the medians of daily statistics and of hours under their CF standard names. There is no CF standard name for an air
quality index: its long_name and the edition say what it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import xarray as xr

from forecast import air
from forecast.hours import HourlyOutlook, curve
from forecast.outlook import QUANTILES, THRESHOLDS, Outlook
from plans.errors import DataError
from plans.whole_file import whole_file

STANDARD_NAMES: Mapping[str, str] = {
    "pm25": "mass_concentration_of_pm2p5_ambient_aerosol_particles_in_air",
    "pm10": "mass_concentration_of_pm10_ambient_aerosol_particles_in_air",
    "so2": "mass_concentration_of_sulfur_dioxide_in_air",
    "no2": "mass_concentration_of_nitrogen_dioxide_in_air",
    "co": "mass_concentration_of_carbon_monoxide_in_air",
    "o3": "mass_concentration_of_ozone_in_air",
}
"""CF standard names of the pollutants."""


def _whose(outlook: Outlook) -> dict[str, str]:
    """Whose weather run it was made with and when that came, where it is known."""
    if outlook.weather_received_at is None:
        return {}
    return {
        "weather_source": outlook.weather_source,
        "weather_received_at": outlook.weather_received_at.isoformat(),
    }


def to_dataset(outlook: Outlook, hours: HourlyOutlook | None = None) -> xr.Dataset:
    """The outlook, and its hours where given, with units, standard names and bounds, conventions CF-1.11."""
    begins = [air.day_bounds(day.valid_date) for day in outlook.days]
    stamps = np.array([[air.utc(begin), air.utc(end)] for begin, end in begins]).astype("datetime64[ns]")
    day = ("forecast_period",)
    made = xr.Dataset(
        {
            "aqi": (
                ("realization", *day),
                np.array(outlook.aqi_paths, dtype=np.int16),
                {"long_name": f"daily air quality index under {outlook.aqi_edition}", "units": "1"},
            ),
            "aqi_quantile": (
                ("quantile", *day),
                np.array([one.aqi_quantiles for one in outlook.days], dtype=np.int16).T,
                {"long_name": f"quantile of the daily air quality index under {outlook.aqi_edition}", "units": "1"},
            ),
            "probability_above": (
                ("threshold", *day),
                np.array([one.exceedance for one in outlook.days]).T,
                {"long_name": "probability that the daily air quality index exceeds the threshold", "units": "1"},
            ),
            "probability_of_level": (
                ("level", *day),
                np.array([one.level_probabilities for one in outlook.days]).T,
                {"long_name": "probability of an air quality index level", "units": "1"},
            ),
            "time_bounds": (("forecast_period", "bound"), stamps),
        },
        coords={
            "forecast_period": (
                day,
                np.array([float(one.lead_days) for one in outlook.days]),
                {"standard_name": "forecast_period", "units": "days", "long_name": "natural days ahead"},
            ),
            "time": (day, stamps[:, 0], {"standard_name": "time", "axis": "T", "bounds": "time_bounds"}),
            "forecast_reference_time": (
                (),
                air.utc(outlook.issued_at).astype("datetime64[ns]"),
                {"standard_name": "forecast_reference_time"},
            ),
            "realization": (
                ("realization",),
                np.arange(len(outlook.aqi_paths), dtype=np.int32),
                {"standard_name": "realization", "units": "1"},
            ),
            "quantile": (("quantile",), np.array(QUANTILES), {"long_name": "probability level", "units": "1"}),
            "threshold": (("threshold",), np.array(THRESHOLDS, dtype=np.int32), {"units": "1"}),
            "level": (("level",), np.arange(1, 7, dtype=np.int32), {"units": "1"}),
            "area": ((), outlook.area, {"long_name": "area of the forecast", "cf_role": "timeseries_id"}),
        },
        attrs={
            "Conventions": "CF-1.11",
            "title": f"Seven-day air quality outlook, {outlook.area}",
            "source": f"{outlook.model} {outlook.model_digest[:12]}",
            "history": f"{outlook.issued_at.isoformat()} issued",
            "area_name": outlook.area_name,
            "aqi_edition": outlook.aqi_edition,
            "weather_mode": outlook.weather_mode,
            **_whose(outlook),
            "simulated": str(outlook.simulated).lower(),
            "data_until": outlook.data_until.isoformat(),
            "comment": "；".join(outlook.mode_notes),
            "outlook_digest": outlook.digest,
        },
    )
    for name, standard in STANDARD_NAMES.items():
        values = [one.concentration_medians.get(name, np.nan) for one in outlook.days]
        attrs = {
            "standard_name": standard,
            "units": "mg m-3" if name == "co" else "ug m-3",
            "long_name": f"median daily {'maximum 8-h mean' if name == 'o3' else 'mean'} of {name}",
            "cell_methods": "time: maximum (8-hour running mean)" if name == "o3" else "time: mean",
        }
        made[name] = (day, np.array(values), attrs)
        made[f"probability_primary_{name}"] = (
            day,
            np.array([one.primary_probabilities.get(name, 0.0) for one in outlook.days]),
            {"long_name": f"probability that {name} is a primary pollutant", "units": "1"},
        )
    return made if hours is None else made.assign(_hourly(hours)).assign_coords(_hour_coordinates(hours))


def _hourly(hours: HourlyOutlook) -> dict[str, tuple[tuple[str, ...], np.ndarray, dict[str, str]]]:
    said = f"real-time (hourly) air quality index under {hours.aqi_edition}"
    made = curve(hours)
    out: dict[str, tuple[tuple[str, ...], np.ndarray, dict[str, str]]] = {
        "aqi_hourly": (
            ("realization", "forecast_hour"),
            np.array(hours.aqi_paths, dtype=np.int16),
            {"long_name": said, "units": "1"},
        ),
        "aqi_hourly_quantile": (
            ("quantile", "forecast_hour"),
            np.array([one.aqi_quantiles for one in made], dtype=np.int16).T,
            {"long_name": f"quantile of the {said}", "units": "1"},
        ),
        "probability_above_hourly": (
            ("threshold", "forecast_hour"),
            np.array([one.exceedance for one in made]).T,
            {"long_name": "probability that the real-time air quality index exceeds the threshold", "units": "1"},
        ),
    }
    for name, values in hours.concentration_medians.items():
        attrs = {
            "standard_name": STANDARD_NAMES[name],
            "units": "mg m-3" if name == "co" else "ug m-3",
            "long_name": f"median 1-h mean of {name}",
            "cell_methods": "forecast_hour: mean (interval: 1 hour)",
        }
        out[f"{name}_hourly"] = (("forecast_hour",), np.array(values), attrs)
    return out


def _hour_coordinates(hours: HourlyOutlook) -> dict[str, tuple[tuple[str, ...], np.ndarray, dict[str, str]]]:
    count = len(hours.aqi_paths[0])
    first = air.utc(hours.first_hour).astype("datetime64[ns]")
    stamps = first + np.arange(count) * np.timedelta64(1, "h")
    period = {"standard_name": "forecast_period", "units": "hours", "long_name": "hours after the last observed hour"}
    return {
        "forecast_hour": (("forecast_hour",), np.arange(1.0, count + 1), period),
        "time_of_hour": (("forecast_hour",), stamps, {"standard_name": "time", "long_name": "end of the hour"}),
    }


def write(outlook: Outlook, path: str | Path, *, hours: HourlyOutlook | None = None) -> Path:
    """The path of the NetCDF file, complete or not there at all; DataError for another kind of file or no folder."""
    path = Path(path)
    if path.suffix != ".nc":
        raise DataError("The kind of file is not known", where=path.name, expected=".nc")
    if not path.parent.is_dir():
        raise DataError("The folder is not there", where=str(path.parent), todo="Make it first")
    with whole_file(path) as part:
        made = to_dataset(outlook, hours)
        times = {"units": "hours since 1970-01-01 00:00:00", "calendar": "standard", "dtype": "int64"}
        encoding = {key: dict(times) for key in ("time", "forecast_reference_time", "time_bounds")}
        if hours is not None:
            encoding["time_of_hour"] = dict(times)
        made.to_netcdf(part, engine="netcdf4", encoding=encoding)
    return path
