"""City values of the real-time publication as archived in china_cities files (quotsoft-like), one row per city-hour.

The hour label is the END of the averaging hour, Beijing time, CO in mg/m3. Only the 1-h columns enter the contract;
the running means and the AQI that stood in the feed are kept beside them as published_* variables.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
import xarray as xr

from forecast import air
from forecast.readers.station_list import Station
from forecast.readers.table import grid, numbers, read_table
from forecast.sources import Manifest, Reader
from plans.errors import DataError

COLUMNS = MappingProxyType({"pm25": "PM2.5", "pm10": "PM10", "so2": "SO2", "no2": "NO2", "co": "CO", "o3": "O3"})

PUBLISHED = MappingProxyType(
    {
        "published_aqi": "AQI",
        "published_pm25_24h": "PM2.5_24h",
        "published_pm10_24h": "PM10_24h",
        "published_so2_24h": "SO2_24h",
        "published_no2_24h": "NO2_24h",
        "published_co_24h": "CO_24h",
        "published_o3_24h": "O3_24h",
        "published_o3_8h": "O3_8h",
        "published_o3_8h_24h": "O3_8h_24h",
    }
)
"""o3_24h is the largest 1-h value so far, o3_8h the running 8-h mean, o3_8h_24h its largest value of the day so far;
the official daily values of day D are those labelled 00:00 of D+1."""

MANIFEST = Manifest(
    name="city-hourly",
    title="CNEMC real-time publication, city values, 40 cities, 2018-12..2019-06",
    cadence=timedelta(hours=1),
    hour_label="end",
    time_zone="Asia/Shanghai",
    units=MappingProxyType({name: air.UNITS[name] for name in air.POLLUTANTS}),
    licence="not stated; publication of the China National Environmental Monitoring Centre",
    citation="CNEMC real-time publication, archived as china_cities_YYYYMMDD.csv",
    delay=timedelta(hours=1),
    delay_basis="HJ 633-2012 5.1.3: published within 1 h of the full hour (assumed for each value)",
    known_problems=(
        "2018-12-22..26 absent; 156 hours absent in all",
        "the feed rounds IAQI half up where the standard rounds up",
        "no weather",
    ),
)


def read(path: str | Path) -> xr.Dataset:
    """Hourly pollutants per city, (station, valid_time) with the Chinese city name as station, and published_* values.

    Missing is NaN. DataError as :mod:`forecast.readers.table`, and for a time not written as 2018-12-01 00:00.
    """
    path = Path(path)
    frame = read_table(path, required=("time", "city", *COLUMNS.values()))
    columns = {name: numbers(frame, column, path=path, name=name) for name, column in COLUMNS.items()}
    columns |= {name: numbers(frame, column, path=path) for name, column in PUBLISHED.items() if column in frame}
    nameless = frame["city"].isna().to_numpy()
    if nameless.any():
        row = frame.index[nameless][0]
        raise DataError("The city is missing", where=f"{path.name} row {row}", expected="a city name", found="nothing")
    values, cities, hours = grid(
        columns,
        stations=frame["city"].astype("str").to_numpy(dtype=object),
        valid_time=air.from_beijing(_times(frame, path)),
        lines=frame.index.to_numpy(),
        path=path,
    )
    extra = {name: values.pop(name) for name in PUBLISHED if name in values}
    return air.dataset(values, stations=cities, valid_time=hours, extra=extra, attrs={"source": "city-hourly"})


def stations(_path: Path | None, dataset: xr.Dataset) -> tuple[Station, ...]:
    """The cities of a dataset as stations."""
    return tuple(Station(str(city), f"{city}市", str(city), source="city-hourly") for city in dataset["station"].values)


def _times(frame: pd.DataFrame, path: Path) -> np.ndarray:
    times: np.ndarray = pd.to_datetime(frame["time"], format="%Y-%m-%d %H:%M", errors="coerce").to_numpy()
    if np.isnat(times).any():
        at = int(np.argmax(np.isnat(times)))
        raise DataError(
            "The hour cannot be read",
            where=f"{path.name} row {frame.index[at]}",
            expected="Beijing time as 2018-12-01 00:00",
            found=frame["time"].iloc[at],
        )
    return times.astype("datetime64[us]")


READER = Reader(manifest=MANIFEST, read=read, stations=stations)
