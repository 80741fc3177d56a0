"""One hour of the CNEMC real-time publication, all national stations, as archived from the platform's feed.

Known fault of the feed: the names `o3` and `o3_24h` are swapped. `o3_24h` holds the 1-h value, `o3` the largest of the
24 hours; this reader puts them right. The published AQI, category and primary pollutants are kept beside the
concentrations: they check AQI calculators.
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

COLUMNS = MappingProxyType({"pm25": "pm2_5", "pm10": "pm10", "so2": "so2", "no2": "no2", "co": "co", "o3": "o3_24h"})

PUBLISHED = MappingProxyType(
    {
        "published_aqi": "aqi",
        "published_pm25_24h": "pm2_5_24h",
        "published_pm10_24h": "pm10_24h",
        "published_so2_24h": "so2_24h",
        "published_no2_24h": "no2_24h",
        "published_co_24h": "co_24h",
        "published_o3_24h": "o3",
        "published_o3_8h": "o3_8h",
        "published_o3_8h_24h": "o3_8h_24h",
    }
)

PRIMARY = MappingProxyType(
    {
        "细颗粒物(PM2.5)": "pm25",
        "颗粒物(PM10)": "pm10",
        "二氧化硫": "so2",
        "二氧化氮": "no2",
        "一氧化碳": "co",
        "臭氧1小时": "o3",
        "臭氧8小时": "o3_8h",
    }
)
"""The feed's names of the primary pollutant."""

MANIFEST = Manifest(
    name="cnemc-snapshot",
    title="CNEMC real-time publication, national stations, one hour",
    cadence=timedelta(hours=1),
    hour_label="end",
    time_zone="Asia/Shanghai",
    units=MappingProxyType({name: air.UNITS[name] for name in air.POLLUTANTS}),
    licence="not stated; publication of the China National Environmental Monitoring Centre",
    citation="Lu W. et al. 2017, Atmosphere 8(8): 148",
    delay=timedelta(hours=1),
    delay_basis="HJ 633-2012 5.1.3: published within 1 h of the full hour (assumed)",
    known_problems=("columns o3 and o3_24h swapped", "PM10 missing at 14 % of stations"),
)


def read(path: str | Path) -> xr.Dataset:
    """Pollutants per station code, (station, valid_time), o3 put right, with published_* values.

    Text variables: published_quality and published_primary (our pollutant names joined by ;, empty where none).
    DataError as :mod:`forecast.readers.table`.
    """
    path = Path(path)
    frame = read_table(path, required=("timepoint", "stationcode", *COLUMNS.values()))
    columns = {name: numbers(frame, column, path=path, name=name) for name, column in COLUMNS.items()}
    columns |= {name: numbers(frame, column, path=path) for name, column in PUBLISHED.items() if column in frame}
    stations = frame["stationcode"].astype("str").to_numpy(dtype=object)
    hours = air.from_beijing(_times(frame, path))
    lines = frame.index.to_numpy()
    values, codes, axis = grid(columns, stations=stations, valid_time=hours, lines=lines, path=path)
    extra: dict[str, np.ndarray] = {name: values.pop(name) for name in PUBLISHED if name in values}
    place = {code: number for number, code in enumerate(codes)}
    rows, when = [place[code] for code in stations], np.searchsorted(axis, hours)
    for name, column in (("published_quality", "quality"), ("published_primary", "primarypollutant")):
        if column in frame:
            texts = np.full((len(codes), len(axis)), "", dtype=object)
            texts[rows, when] = frame[column].fillna("").astype("str").map(_ours).to_numpy(dtype=object)
            extra[name] = texts
    return air.dataset(values, stations=codes, valid_time=axis, extra=extra, attrs={"source": "cnemc-snapshot"})


def stations(path: str | Path, _dataset: xr.Dataset | None = None) -> tuple[Station, ...]:
    """The stations of the file with name, city and coordinates."""
    path = Path(path)
    frame = read_table(path, required=("stationcode", "positionname", "area", "lon", "lat"))
    lon, lat = numbers(frame, "lon", path=path), numbers(frame, "lat", path=path)
    return tuple(
        Station(str(code), str(name), str(area).removesuffix("市"), float(x), float(y), source="cnemc-snapshot")
        for code, name, area, x, y in zip(
            frame["stationcode"], frame["positionname"], frame["area"], lon, lat, strict=True
        )
    )


def _ours(text: str) -> str:
    return ";".join(
        PRIMARY.get(part.strip(), part.strip()) for part in text.replace(";", ",").split(",") if part.strip()
    )


def _times(frame: pd.DataFrame, path: Path) -> np.ndarray:
    times: np.ndarray = pd.to_datetime(frame["timepoint"], format="%Y-%m-%dT%H:%M:%S", errors="coerce").to_numpy()
    if np.isnat(times).any():
        at = int(np.argmax(np.isnat(times)))
        raise DataError(
            "The hour cannot be read",
            where=f"{path.name} row {frame.index[at]}",
            expected="Beijing time as 2017-07-07T16:00:00",
            found=frame["timepoint"].iloc[at],
        )
    return times.astype("datetime64[us]")


READER = Reader(manifest=MANIFEST, read=read, stations=stations)
