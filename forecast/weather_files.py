"""Reading what weather models send: NetCDF, Zarr and GRIB files into runs of the contract, and runs onto stations.

Names and units come in dialects (GRIB short names, CF standard names, kelvin, pascal, metres of rain); they are turned
into the contract's once, here. Fields keep their own grid until `at_stations` interpolates them bilinearly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

import numpy as np
import psycopg  # noqa: F401  see below
import xarray as xr

from forecast.weather import check_run, describe, labelled, wind
from plans.errors import DataError

if TYPE_CHECKING:
    from forecast.readers.station_list import Station

# psycopg comes first: its wheel and that of eccodes each bring an OpenLDAP of their own, and a process that loads them
# the other way round crashes at its very end (psycopg-binary 3.3.9, eccodeslib 2.50). xarray loads eccodes by itself.

NAMES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("t2m", "2t", "air", "tas"), "temperature"),
        **dict.fromkeys(("d2m", "2d"), "dew_point"),
        **dict.fromkeys(("sp", "ps", "pres"), "pressure"),
        **dict.fromkeys(("u10", "10u", "uas"), "wind_east"),
        **dict.fromkeys(("v10", "10v", "vas"), "wind_north"),
        **dict.fromkeys(("tp", "apcp"), "rain"),
        **dict.fromkeys(("blh", "hpbl"), "boundary_layer_height"),
        **dict.fromkeys(("ssrd", "sdswrf", "dswrf"), "shortwave"),
        **dict.fromkeys(("strd", "sdlwrf", "dlwrf"), "longwave"),
        "tcc": "cloud",
    }
)
"""Short names of ECMWF, NCEP and CMIP to the contract's."""

UPPER: Mapping[str, str] = MappingProxyType(
    {"t": "temperature", "u": "wind_east", "v": "wind_north", "z": "geopotential"}
)
"""Short names on pressure levels."""

STANDARD: Mapping[str, str] = MappingProxyType(
    {
        "air_temperature": "temperature",
        "dew_point_temperature": "dew_point",
        "surface_air_pressure": "pressure",
        "wind_speed": "wind_speed",
        "wind_from_direction": "wind_direction",
        "eastward_wind": "wind_east",
        "northward_wind": "wind_north",
        "atmosphere_boundary_layer_thickness": "boundary_layer_height",
        "surface_downwelling_shortwave_flux_in_air": "shortwave",
        "surface_downwelling_longwave_flux_in_air": "longwave",
        "lwe_thickness_of_precipitation_amount": "rain",
        "precipitation_amount": "rain",
        "cloud_area_fraction": "cloud",
    }
)

_UNITS: Mapping[tuple[str, str], tuple[float, float]] = MappingProxyType(
    {
        ("K", "degC"): (1.0, -273.15),
        ("kelvin", "degC"): (1.0, -273.15),
        ("degK", "degC"): (1.0, -273.15),
        ("C", "degC"): (1.0, 0.0),
        ("Pa", "hPa"): (0.01, 0.0),
        ("m", "mm"): (1000.0, 0.0),
        ("kg m**-2", "mm"): (1.0, 0.0),
        ("kg m-2", "mm"): (1.0, 0.0),
        ("m s**-1", "m s-1"): (1.0, 0.0),
        ("m/s", "m s-1"): (1.0, 0.0),
        ("m**2 s**-2", "m2 s-2"): (1.0, 0.0),
        ("W m**-2", "W m-2"): (1.0, 0.0),
        ("degrees", "degree"): (1.0, 0.0),
        ("%", "1"): (0.01, 0.0),
        ("(0 - 1)", "1"): (1.0, 0.0),
    }
)
"""(unit given, unit of the contract): factor and offset."""

_COORDINATES: Mapping[str, str] = MappingProxyType(
    {
        "time": "issued_at",
        "forecast_reference_time": "issued_at",
        "step": "lead_hours",
        "forecast_period": "lead_hours",
        "lat": "latitude",
        "lon": "longitude",
        "isobaricInhPa": "level",
        "number": "member",
    }
)

Accumulated = Literal["since_start", "per_step"]
_NETCDF = (".nc", ".nc4", ".cdf")
_GRIB = (".grib", ".grib1", ".grib2", ".grb", ".grb1", ".grb2")
SUFFIXES = (*_NETCDF, ".zarr", *_GRIB)
"""What a file of runs is called at its end, in small or capital letters."""


def read_run(path: str | Path, *, accumulated: Accumulated = "since_start") -> xr.Dataset:
    """The run or runs of a .nc, .zarr or .grib/.grib2 file: (issued_at, lead_hours, latitude, longitude) or station.

    Pressure levels become variables NAME_<level>hpa; ensemble members are averaged and their number kept in
    attrs["members"]. `accumulated`: whether rain and radiation sums count from the start of the run (ECMWF) or from the
    lead before. An analysis without leads is a run of lead 0 per time. DataError: no such file or kind, the library for
    it is not installed, no variable of the contract, a unit that is not known, impossible values.
    """
    path = Path(path)
    if not path.exists():
        raise DataError("The weather file is not there", where=path.name, expected=".nc | .zarr | .grib | .grib2")
    opened = [_renamed(part, path.name) for part in _open(path)]
    merged = xr.merge(opened, compat="override", join="outer", combine_attrs="drop_conflicts")
    if not merged.data_vars:
        raise DataError("The file holds no weather of the contract", where=path.name, expected=", ".join(NAMES))
    members = merged.sizes.get("member", 1)
    if "member" in merged.dims:
        merged = merged.mean("member", keep_attrs=True)
    run = _shaped(merged, path.name)
    run = _steps(run, accumulated)
    return check_run(labelled(run.assign_attrs(source=path.name, members=members)))


def _open(path: Path) -> list[xr.Dataset]:
    """The datasets of a file; GRIB gives one per kind of level."""
    try:
        kind = path.suffix.lower()
        if kind in _NETCDF:
            with xr.open_dataset(path, decode_timedelta=True) as data:
                return [data.load()]
        if kind == ".zarr":
            with xr.open_zarr(path, decode_timedelta=True) as data:
                return [data.load()]
        if kind in _GRIB:
            import cfgrib

            # No index file is written beside the data: the folder may be read-only and an index may be stale.
            parts = cfgrib.open_datasets(str(path), backend_kwargs={"indexpath": ""}, decode_timedelta=True)
            return [part.load() for part in parts]
    except ImportError as error:
        extra = "zarr" if path.suffix == ".zarr" else "grib"
        todo = f"Install the extra: pip install 'lantian[{extra}]'"
        raise DataError("The library for this file is missing", where=path.name, found=str(error), todo=todo) from None
    except (OSError, ValueError, KeyError, EOFError, RuntimeError) as error:
        raise DataError("The weather file cannot be read", where=path.name, found=str(error)[:120]) from error
    raise DataError("The kind of file is not known", where=path.name, expected=".nc | .zarr | .grib", found=path.suffix)


def _renamed(data: xr.Dataset, where: str) -> xr.Dataset:
    """Variables and coordinates under the contract's names and units; what it does not know is left out."""
    data = data.rename(
        {old: new for old, new in _COORDINATES.items() if old in data.variables and new not in data.variables}
    )
    out: dict[str, xr.DataArray] = {}
    for name, variable in data.data_vars.items():
        plain = str(name)
        if describe(plain) is not None:
            out[plain] = _converted(variable, plain, where)
        elif "level" in variable.coords and plain in UPPER:
            for level in np.atleast_1d(variable["level"].values):
                one = variable.sel(level=level, drop=True) if "level" in variable.dims else variable.drop_vars("level")
                key = f"{UPPER[plain]}_{int(level)}hpa"
                out[key] = _converted(one, key, where)
        elif plain in NAMES or variable.attrs.get("standard_name") in STANDARD:
            key = NAMES.get(plain) or STANDARD[variable.attrs["standard_name"]]
            out[key] = _converted(variable, key, where)
    keep = ("issued_at", "lead_hours", "latitude", "longitude", "station", "member")
    return xr.Dataset(
        {name: variable.drop_vars([c for c in variable.coords if c not in keep]) for name, variable in out.items()}
    )


def _converted(variable: xr.DataArray, name: str, where: str) -> xr.DataArray:
    rule = describe(name)
    assert rule is not None
    given = str(variable.attrs.get("units", ""))
    if given == rule.units:
        factor, offset = 1.0, 0.0
    elif (given, rule.units) in _UNITS:
        factor, offset = _UNITS[given, rule.units]
    elif given in ("J m**-2", "J m-2") and rule.units == "W m-2":
        factor, offset = 1.0, 0.0  # a sum; divided by its seconds when the steps are known
    else:
        raise DataError(f"{name} has an unknown unit", where=where, expected=rule.units, found=given or "none")
    made = variable.astype(np.float64) * factor + offset
    kind = "sum" if given.startswith("J ") else str(variable.attrs.get("GRIB_stepType", ""))
    return made.assign_attrs(units=rule.units, kind=kind)


def _shaped(data: xr.Dataset, where: str) -> xr.Dataset:
    """Dims (issued_at, lead_hours, place), leads as hours, latitudes and longitudes rising, longitudes -180..180."""
    if "issued_at" not in data.coords:
        raise DataError("The file names no time of issue", where=where, expected="time or forecast_reference_time")
    if "lead_hours" not in data.coords or "lead_hours" not in data.dims:
        lead = data["lead_hours"].values if "lead_hours" in data.coords else np.timedelta64(0, "h")
        data = data.drop_vars("lead_hours", errors="ignore").expand_dims(lead_hours=[lead])
    if "issued_at" not in data.dims:
        data = data.expand_dims("issued_at")
    lead = data["lead_hours"].values
    hours = lead / np.timedelta64(1, "h") if lead.dtype.kind == "m" else lead.astype(np.float64)
    issued = data["issued_at"].values.astype("datetime64[us]")
    data = data.assign_coords(lead_hours=np.nan_to_num(hours), issued_at=issued)
    place = ("station",) if "station" in data.dims else ("latitude", "longitude")
    for dim in place:
        if dim not in data.dims:
            raise DataError("The file has no places", where=where, expected=place, found=list(map(str, data.dims)))
    if "longitude" in data.dims:
        east = (data["longitude"].values.astype(np.float64) + 180) % 360 - 180
        data = data.assign_coords(longitude=east, latitude=data["latitude"].values.astype(np.float64))
        data = data.sortby("latitude").sortby("longitude")
    return data.transpose("issued_at", "lead_hours", *place)


def _steps(run: xr.Dataset, accumulated: Accumulated) -> xr.Dataset:
    """Sums as amounts since the lead before (rain) or as means over that step (radiation)."""
    for name in map(str, run):
        kind = run[name].attrs.pop("kind", "")
        if name != "rain" and kind != "sum":
            continue
        amounts = run[name]
        if accumulated == "since_start" and kind in ("accum", "sum"):
            # Packing makes sums fall by a hair between steps; rain cannot.
            leads = run["lead_hours"].values
            amounts = (amounts - amounts.shift(lead_hours=1, fill_value=0.0)).clip(min=0.0)
            if len(leads) > 1 and leads[0] > leads[1] - leads[0]:  # the later part of a run: its first sum is of all
                amounts = amounts.where(amounts["lead_hours"] > leads[0])  # the steps that lie in another file
        if kind == "sum":
            seconds = np.diff(run["lead_hours"].values, prepend=0.0) * 3600.0
            amounts = amounts / xr.DataArray(np.where(seconds > 0, seconds, np.nan), dims="lead_hours")
        run[name] = amounts.assign_attrs(run[name].attrs)
    return run


def at_stations(run: xr.Dataset, stations: Sequence[Station]) -> xr.Dataset:
    """The run at stations by bilinear interpolation: (issued_at, lead_hours, station). Nothing is extrapolated.

    A global grid is closed over the date line. DataError: a station without coordinates or outside the grid.
    """
    if "station" in run.dims:
        return run
    run = _with_components(run)
    grid = run
    east = run["longitude"].values
    step = float(np.median(np.diff(east))) if len(east) > 1 else 0.0
    if len(east) > 1 and abs(len(east) * step - 360.0) < step / 2:
        first, last = run.isel(longitude=[0]), run.isel(longitude=[-1])
        grid = xr.concat(
            [
                last.assign_coords(longitude=last["longitude"] - 360),
                run,
                first.assign_coords(longitude=first["longitude"] + 360),
            ],
            dim="longitude",
        )
    north, west = grid["latitude"].values, grid["longitude"].values
    for station in stations:
        if station.lat is None or station.lon is None:
            raise DataError("The station has no coordinates", where=station.code, expected="longitude and latitude")
        if not (north[0] <= station.lat <= north[-1] and west[0] <= station.lon <= west[-1]):
            expected = f"latitude {north[0]:g}..{north[-1]:g}, longitude {west[0]:g}..{west[-1]:g}"
            where, found = f"station {station.code}", f"{station.lat:g}, {station.lon:g}"
            raise DataError("The station lies outside the grid", where=where, expected=expected, found=found)
    codes = [station.code for station in stations]
    lat = xr.DataArray([station.lat for station in stations], dims="station", coords={"station": codes})
    lon = xr.DataArray([station.lon for station in stations], dims="station", coords={"station": codes})
    made = grid.interp(latitude=lat, longitude=lon, method="linear").drop_vars(["latitude", "longitude"])
    return check_run(labelled(made.transpose("issued_at", "lead_hours", "station").assign_attrs(run.attrs)))


def at_those_inside(run: xr.Dataset, stations: Sequence[Station]) -> xr.Dataset:
    """The run at those of the stations that lie inside its grid; a run of stations as it is.

    DataError: none has coordinates inside, or the file holds one step of a run alone: its hours would be full of gaps,
    and a sum since the start of the run cannot be divided without the steps before.
    """
    leads = run["lead_hours"].values
    if len(leads) == 1 and leads[0] > 0:
        where, todo = str(run.attrs.get("source", "weather run")), "Join the files of a run first (GRIB: cat)"
        raise DataError("The file holds a single step of a run", where=where, found=f"{leads[0]:g} h", todo=todo)
    if "station" in run.dims:
        return run
    south, north = (float(edge) for edge in run["latitude"].values[[0, -1]])
    west, east = (float(edge) for edge in run["longitude"].values[[0, -1]])
    inside = [
        station
        for station in stations
        if station.lat is not None and station.lon is not None
        if south <= station.lat <= north and west <= station.lon <= east
    ]
    if not inside:
        where = str(run.attrs.get("source", "weather run"))
        raise DataError("No station of the archive lies inside the grid", where=where, todo="Write stations first")
    return at_stations(run, inside)


def _with_components(run: xr.Dataset) -> xr.Dataset:
    """The run with wind components instead of a direction: degrees cannot be averaged across north."""
    if "wind_direction" not in run:
        return run
    if "wind_east" not in run and "wind_speed" in run:
        speed = run["wind_speed"]
        _, east, north = wind(speed.values, run["wind_direction"].values, None, None)
        run = run.assign(wind_east=(speed.dims, east), wind_north=(speed.dims, north))
    return run.drop_vars("wind_direction")
