"""UCI "PM2.5 Data of Five Chinese Cities": PM2.5 of some sites and of the US posts, with observed weather.

The hour label is the START of the averaging hour (UCI's PRSA set agrees one hour later), so valid_time is label + 1 h.
Codes for missing that look like numbers are removed and remembered in `weather_flags`.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
import xarray as xr

from forecast import air
from forecast.quality import Flag, pack
from forecast.readers.prsa import directions
from forecast.readers.station_list import Station
from forecast.readers.table import clock, grid, numbers, read_table
from forecast.sources import Manifest, Reader
from plans.errors import DataError

SITES = MappingProxyType(
    {
        "Beijing": ("Dongsi", "Dongsihuan", "Nongzhanguan", "US Post"),
        "Chengdu": ("Caotangsi", "Shahepu", "US Post"),
        "Guangzhou": ("City Station", "5th Middle School", "US Post"),
        "Shanghai": ("Jingan", "US Post", "Xuhui"),
        "Shenyang": ("Taiyuanjie", "US Post", "Xiaoheyan"),
    }
)
CITY_NAMES = MappingProxyType(
    {"Beijing": "北京", "Chengdu": "成都", "Guangzhou": "广州", "Shanghai": "上海", "Shenyang": "沈阳"}
)

WIND = MappingProxyType({"NE": 45.0, "NW": 315.0, "SE": 135.0, "SW": 225.0, "cv": float("nan")})
"""Degrees the wind comes from; cv is calm or variable and has none."""

WEATHER = MappingProxyType({"temperature": "TEMP", "dew_point": "DEWP", "pressure": "PRES", "rain": "precipitation"})
SENTINELS = MappingProxyType(
    {"rain": (999990.0,), "dew_point": (-97.0, -9999.0), "temperature": (-9999.0,), "pressure": (-9999.0,)}
)
"""Codes for missing seen in the files (README of the set; -9999 in the full files of the publisher)."""

MANIFEST = Manifest(
    name="five-city",
    title="UCI 394 PM2.5 Data of Five Chinese Cities, 2010..2015",
    cadence=timedelta(hours=1),
    hour_label="start",
    time_zone="Asia/Shanghai",
    units=MappingProxyType({**air.UNITS, "wind_speed": "m/s cumulated while the direction stays"}),
    licence="CC BY 4.0",
    citation="Liang X. et al. 2016, J. Geophys. Res. Atmos. 121",
    delay=timedelta(hours=1),
    delay_basis="assumed, as for prsa: the file does not say",
    known_problems=(
        "precipitation 999990, dew point -97 and humidity 0 mean missing",
        "Chinese sites begin in 2013",
        "wind speed is given cumulated; the hour's own is a difference",
    ),
)


def stations(_path: Path | None = None, _dataset: xr.Dataset | None = None) -> tuple[Station, ...]:
    """All sites of the set; the code is city:site, they are not the coded stations of the national network."""
    return tuple(
        Station(f"{city}:{site}", site, CITY_NAMES[city], source="five-city")
        for city, sites in SITES.items()
        for site in sites
    )


def read(path: str | Path) -> xr.Dataset:
    """PM2.5 per site of one city file (name begins with the city), with the city's weather repeated for each site.

    (station, valid_time), stations "Beijing:Dongsi"; also `relative_humidity` (%) and integer `weather_flags`
    (:mod:`forecast.quality`). Missing and sentinel codes are NaN. DataError as :mod:`forecast.readers.table`, and for
    a city or a site that is not known.
    """
    path = Path(path)
    city = next((name for name in SITES if path.name.startswith(name)), None)
    if city is None:
        expected = " | ".join(f"{name}PM*.csv" for name in SITES)
        raise DataError("The city is not known by the file name", expected=expected, found=path.name)
    frame = read_table(path, required=("year", "month", "day", "hour", "cbwd", "Iws", "HUMI", *WEATHER.values()))
    sites = [str(column)[3:] for column in frame.columns if str(column).startswith("PM_")]
    for site in sites or ["no PM_ column"]:
        if site not in SITES[city]:
            expected = ", ".join(f"PM_{name}" for name in SITES[city])
            raise DataError("The site is not known", where=f"{path.name} row 1", expected=expected, found=site)
    hours = air.from_beijing(clock(frame, path=path)) + np.timedelta64(1, "h")
    weather, flags = _weather(frame, path)
    rows = [
        {"pm25": numbers(frame, f"PM_{site}", path=path, name="pm25"), **weather, "weather_flags": flags}
        for site in sites
    ]
    columns = {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}
    values, codes, axis = grid(
        columns,
        stations=np.repeat(np.array([f"{city}:{site}" for site in sites], dtype=object), len(frame)),
        valid_time=np.tile(hours, len(sites)),
        lines=np.tile(frame.index.to_numpy(), len(sites)),
        path=path,
    )
    extra = {name: values.pop(name) for name in ("relative_humidity", "weather_flags")}
    return air.dataset(values, stations=codes, valid_time=axis, extra=extra, attrs={"source": "five-city"})


def _weather(frame: pd.DataFrame, path: Path) -> tuple[dict[str, np.ndarray], np.ndarray]:
    weather, sentinel = {}, {}
    for name, column in WEATHER.items():
        raw = numbers(frame, column, path=path)
        sentinel[name] = np.where(np.isin(raw, SENTINELS[name]), Flag.SENTINEL, 0)
        weather[name] = numbers(frame, column, path=path, name=name, sentinels=SENTINELS[name])
    weather["wind_direction"] = directions(frame["cbwd"], known=WIND, path=path)
    weather["wind_speed"] = _own_speed(numbers(frame, "Iws", path=path, sentinels=(-9999.0,)), frame["cbwd"])
    weather["relative_humidity"] = numbers(frame, "HUMI", path=path, sentinels=(0.0, -9999.0))
    return weather, pack(sentinel, names=air.WEATHER)


def _own_speed(cumulated: np.ndarray, direction: pd.Series) -> np.ndarray:
    """The hour's own speed: Iws adds up while the direction stays and starts anew when it turns."""
    words = direction.to_numpy(dtype=object)
    grows = np.zeros(len(cumulated), dtype=bool)
    with np.errstate(invalid="ignore"):
        grows[1:] = (words[1:] == words[:-1]) & (cumulated[1:] >= cumulated[:-1])
    before = np.concatenate([[0.0], cumulated[:-1]])
    speed: np.ndarray = np.where(grows, cumulated - np.where(grows, before, 0.0), cumulated)
    return speed


READER = Reader(manifest=MANIFEST, read=read, stations=stations)
