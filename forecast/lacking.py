"""What an outlook had to do without, in Chinese, as its notes tell it: data, stations, weather of the days ahead."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from forecast import air
from forecast.features import LEADS, Area
from forecast.weather_ahead import leads_known

if TYPE_CHECKING:
    from forecast.train import Trained

NAMES = {"pm25": "PM2.5", "pm10": "PM10", "so2": "SO2", "no2": "NO2", "co": "CO", "o3": "O3"}
WEATHER_NAMES = {
    "temperature": "气温",
    "dew_point": "露点",
    "pressure": "气压",
    "rain": "降水",
    "wind_speed": "风速",
    "wind_direction": "风向",
}


def of_data(
    dataset: xr.Dataset, stations: Sequence[str], *, closed: datetime, weather: Sequence[str]
) -> tuple[datetime, tuple[str, ...]]:
    """Until when the area's own data reach, and what was missing in the last 24 hours, in Chinese.

    Of observed weather only what the model knew in training (`weather`) can be missing.
    """
    own = dataset.sel(station=list(stations))
    hours = own["valid_time"].values
    known = {name: ~np.isnan(own[name].values) for name in air.POLLUTANTS}
    any_known = np.any(list(known.values()), axis=0)
    heard = np.flatnonzero(any_known.any(axis=0))
    until = air.moment(hours[heard[-1]] if len(heard) else hours[0])
    notes = []
    day = slice(len(hours) - 24, len(hours))
    silent = [code for code, row in zip(stations, any_known[:, day], strict=True) if not row.any()]
    if len(silent) == len(stations):
        notes.append("最近24小时没有任何监测数据，预报主要依据历史同期")
    elif silent:
        notes.append(f"最近24小时无数据的站点：{'、'.join(silent)}")
    for name, values in known.items():
        if len(silent) < len(stations) and not values[:, day].any():
            notes.append(f"最近24小时缺少{NAMES[name]}数据")
    lag = int((air.utc(closed) - hours[heard[-1]]) / np.timedelta64(1, "h")) if len(heard) else 0
    if 1 <= lag < 24:
        notes.append(f"最新数据截至{until.astimezone(air.BEIJING):%m月%d日%H时}，缺最后{lag}小时")
    missing = [WEATHER_NAMES[name] for name in weather if np.isnan(own[name].values[:, day]).all()]
    if missing:
        notes.append(f"缺少气象观测：{'、'.join(missing)}")
    return until, tuple(notes)


def of_model(model: Trained, area: Area, weather: xr.Dataset | None, *, day: date) -> tuple[str, ...]:
    """What the model was trained without, what it knows and is not given, and the leads the run says nothing of.

    DataError as weather_ahead.leads_known raises it.
    """
    notes = []
    if model.manifest["stand_in_runs"]:
        notes.append("训练期没有存档的气象预报，模型用观测气象模拟的预报训练")
    if not model.manifest["runs_go_round_the_year"]:
        notes.append("模型学过的气象预报不满一年，没学过的季节可能不准")
    learned = model.area(area.key).stations
    if gone := [code for code in learned if code not in area.stations]:
        notes.append(f"模型训练时有、本次未采用的站点：{'、'.join(gone)}")
    if come := [code for code in area.stations if code not in learned]:
        notes.append(f"本次采用、模型训练时没有的站点：{'、'.join(come)}")
    if model.weather_mode != "none" and weather is not None:
        known = leads_known(weather, area=area, day=day, belief=model.belief)
        if missing := [lead for lead in range(1, LEADS + 1) if lead not in known]:
            notes.append(f"第{_listed(missing)}天没有气象预报，按常年取值")
    return tuple(notes)


def _listed(leads: Sequence[int]) -> str:
    """Numbers in rising order with runs of them drawn together.

    >>> _listed([2, 4, 5, 6])
    '2、4–6'
    """
    begins = [lead for lead in leads if lead - 1 not in leads]
    ends = [lead for lead in leads if lead + 1 not in leads]
    return "、".join(str(a) if a == b else f"{a}–{b}" for a, b in zip(begins, ends, strict=True))
