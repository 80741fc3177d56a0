"""UCI "Beijing Multi-Site Air-Quality Data": twelve Beijing stations, hourly, six pollutants and observed weather.

The hour label is already the END of the averaging hour (compared with the five-city set, whose label is the start).
Carbon monoxide is given in ug/m3 and divided by 1000 here. Weather comes from the nearest meteorological station and
is shared between stations.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
import xarray as xr

from forecast import air
from forecast.readers.station_list import Station
from forecast.readers.table import clock, grid, numbers, read_table
from forecast.sources import Manifest, Reader
from plans.errors import DataError

COLUMNS = MappingProxyType(
    {
        "pm25": "PM2.5",
        "pm10": "PM10",
        "so2": "SO2",
        "no2": "NO2",
        "co": "CO",
        "o3": "O3",
        "temperature": "TEMP",
        "dew_point": "DEWP",
        "pressure": "PRES",
        "rain": "RAIN",
        "wind_speed": "WSPM",
    }
)

_POINTS = ["N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW"]
DIRECTIONS = MappingProxyType({name: 22.5 * number for number, name in enumerate(_POINTS)})
"""Degrees the wind comes from."""

STATIONS = MappingProxyType(
    {
        name: Station(code, chinese, "北京", lon, lat, note, "prsa")
        for name, code, chinese, lon, lat, note in (
            ("Wanshouxigong", "1001A", "万寿西宫", 116.3621, 39.8784, ""),
            ("Dingling", "1002A", "定陵", 116.2202, 40.2915, "对照点: clean-air reference, left out of the city mean"),
            ("Dongsi", "1003A", "东四", 116.4174, 39.9289, ""),
            ("Tiantan", "1004A", "天坛", 116.4072, 39.8863, ""),
            ("Nongzhanguan", "1005A", "农展馆", 116.462, 39.9365, ""),
            ("Guanyuan", "1006A", "官园", 116.3392, 39.9295, ""),
            ("Wanliu", "1007A", "海淀区万柳", 116.2878, 39.9611, ""),
            ("Shunyi", "1008A", "顺义新城", 116.6636, 40.135, ""),
            ("Huairou", "1009A", "怀柔镇", 116.6275, 40.3275, ""),
            ("Changping", "1010A", "昌平镇", 116.2296, 40.217, ""),
            ("Aotizhongxin", "1011A", "奥体中心", 116.3966, 39.9821, ""),
            ("Gucheng", "1012A", "古城", 116.184, 39.9136, ""),
        )
    }
)
"""The station names of the files; codes and coordinates as CNEMC published them on 2022-01-05."""

CITY_MEAN: tuple[str, ...] = tuple(station.code for station in STATIONS.values() if not station.note)
"""The eleven stations that enter the mean of the city."""

MANIFEST = Manifest(
    name="prsa",
    title="UCI 501 Beijing Multi-Site Air-Quality Data, 2013-03..2017-02",
    cadence=timedelta(hours=1),
    hour_label="end",
    time_zone="Asia/Shanghai",
    units=MappingProxyType({**air.UNITS, "co": "ug/m3", "wind_direction": "16 points"}),
    licence="CC BY 4.0",
    citation="Zhang S. et al. 2017, Proc. R. Soc. A 473: 20170457",
    delay=timedelta(hours=1),
    delay_basis="assumed: HJ 633 asks the real-time report within 1 h of the full hour; the file does not say",
    known_problems=(
        "PM10 below PM2.5 in 3-8 % of hours",
        "ceilings: PM 999 ug/m3, SO2 500 ug/m3, CO 10 mg/m3; one O3 of 1071 ug/m3",
        "gases of 2013 carry decimals from a conversion out of ppb",
    ),
)


def read(path: str | Path) -> xr.Dataset:
    """Hourly pollutants and weather of one file, or of all PRSA_Data_*.csv[.gz] files of a folder.

    (station, valid_time) with CNEMC codes as stations, ug/m3, CO in mg/m3; missing is NaN. DataError as
    :mod:`forecast.readers.table`, and for a station or a wind direction that is not known.
    """
    path = Path(path)
    files = sorted(path.glob("PRSA_Data_*.csv*")) if path.is_dir() else [path]
    if not files:
        raise DataError("The folder holds no such file", where=path.name, expected="PRSA_Data_<Station>_*.csv[.gz]")
    parts = [_read_one(file) for file in files]
    codes = [str(code) for part in parts for code in part["station"].values]
    for file, part in zip(files, parts, strict=True):
        for code in map(str, part["station"].values):
            if codes.count(code) > 1:
                raise DataError("A station stands in two files", where=file.name, expected="one file", found=code)
    return air.check(parts[0] if len(parts) == 1 else _joined(parts))


def _read_one(path: Path) -> xr.Dataset:
    frame = read_table(path, required=("year", "month", "day", "hour", *COLUMNS.values(), "wd", "station"))
    names = frame["station"].astype("str").to_numpy(dtype=object)
    for row, name in zip(frame.index, names, strict=True):
        if name not in STATIONS:
            expected = ", ".join(STATIONS)
            raise DataError("The station is not known", where=f"{path.name} row {row}", expected=expected, found=name)
    columns = {
        name: numbers(frame, column, path=path, name=name, scale=1000.0 if name == "co" else 1.0)
        for name, column in COLUMNS.items()
    }
    columns["wind_direction"] = directions(frame["wd"], known=DIRECTIONS, path=path)
    values, stations, hours = grid(
        columns,
        stations=np.array([STATIONS[name].code for name in names], dtype=object),
        valid_time=air.from_beijing(clock(frame, path=path)),
        lines=frame.index.to_numpy(),
        path=path,
    )
    return air.dataset(values, stations=stations, valid_time=hours, attrs={"source": "prsa"})


def directions(column: pd.Series, *, known: Mapping[str, float], path: Path) -> np.ndarray:
    """Degrees of a column of compass words; a missing word is NaN, an unknown one a DataError."""
    bad = (column.notna() & ~column.isin(list(known))).to_numpy()
    if bad.any():
        at = column.index[bad][0]
        expected = " ".join(known)
        raise DataError("The wind is not known", where=f"{path.name} row {at}", expected=expected, found=column[at])
    degrees: np.ndarray = column.map(known).to_numpy(dtype=np.float64, na_value=np.nan)
    return degrees


def _joined(parts: list[xr.Dataset]) -> xr.Dataset:
    return xr.concat(parts, dim="station", join="outer", combine_attrs="drop_conflicts").sortby("station")


def stations(_path: Path | None = None, _dataset: xr.Dataset | None = None) -> tuple[Station, ...]:
    """The twelve stations of the set."""
    return tuple(STATIONS.values())


READER = Reader(manifest=MANIFEST, read=read, stations=stations)
