"""Hourly data (小时数据) for the work group: stations ranked, the city, what changed; more often under a warning.

The table is data first (a value with rows), then a text and a CSV from the same rows. Which hours are published follows
from the level in force: 加密发布. The rhythm is a setting of the office (confidence I).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType

import numpy as np

from emergency.vocabulary import Level
from flows.watch import Scope, primaries
from forecast import air, aqi
from forecast.archive import Archive
from forecast.daily import city_mean
from forecast.quality import Flag, unpack
from plans.errors import DataError

EVERY: Mapping[Level, timedelta] = MappingProxyType(
    {
        Level.NONE: timedelta(hours=6),
        Level.YELLOW: timedelta(hours=2),
        Level.ORANGE: timedelta(hours=1),
        Level.RED: timedelta(hours=1),
    }
)
"""How often the hourly data go out by the level in force."""


@dataclass(frozen=True, slots=True)
class Row:
    """One station, or the city, in the newest hour."""

    rank: int | None
    """Place by AQI among the stations, the worst first; None for the city and where the AQI is missing."""
    name: str
    aqi: int | None
    primary: str
    values: Mapping[str, float | None]
    change: float | None
    """PM2.5 against the hour before, ug/m3."""
    marks: str
    """What the quality rules say of the hour, Chinese."""


@dataclass(frozen=True, slots=True)
class Hourly:
    """The hourly data of one hour."""

    area: str
    valid_time: datetime
    made_at: datetime
    level: Level
    city: Row
    stations: tuple[Row, ...]
    missing: tuple[str, ...]
    """Stations without any value in this hour."""
    mark: str = ""
    """Stands before everything: 【演练】 in a drill."""
    notes: tuple[str, ...] = ()
    """What a reader must know, e.g. that the air is made up."""


def due(logical_time: datetime, level: Level, *, every: Mapping[Level, timedelta] = EVERY) -> bool:
    """Whether the hour is one at which the data go out under that level.

    >>> from datetime import UTC
    >>> [due(datetime(2016, 1, 1, hour, tzinfo=UTC), Level.YELLOW) for hour in (1, 2, 3, 4)]
    [False, True, False, True]
    """
    midnight = logical_time.astimezone(air.BEIJING).replace(hour=0, minute=0, second=0, microsecond=0)
    whole = logical_time.replace(minute=0, second=0, microsecond=0)
    return (whole - midnight) % every[level] == timedelta(0)


def hourly(
    archive: Archive,
    scope: Scope,
    *,
    level: Level,
    now: datetime,
    until: datetime | None = None,
    mark: str = "",
    notes: tuple[str, ...] = (),
) -> Hourly:
    """The data of the newest hour any station has, as known at `now`; DataError when there was none in the last day.

    `until` takes no later hour: an hour that was missed is made good with its own values and not with today's.
    """
    names = {station.code: station.name for station in archive.stations()}
    codes = [code for code in scope.stations if code in names]
    last = (until or now).replace(minute=0, second=0, microsecond=0)
    newest = _newest(archive, codes, last, now) if codes else None
    if newest is None:
        raise DataError("There are no data of the last day", where=scope.area, found=newest, todo="See sources status")
    # the real-time AQI of the 2012 edition wants the 24 hours before
    data = archive.observations(stations=codes, start=newest - timedelta(hours=26), end=newest, as_of=now)
    report = aqi.of_hourly(data, edition=scope.edition, gaps="available")
    city = city_mean(data, stations=list(scope.mean_of), minimum_share=0.5)
    of_city = aqi.of_hourly(city, edition=scope.edition, gaps="available")
    values = {name: data[name].values for name in air.POLLUTANTS}
    scores = report["aqi"].values[:, -1]
    order = sorted(range(len(codes)), key=lambda row: (-int(scores[row]), codes[row]))
    rows, missing = [], [code for code in scope.stations if code not in names]
    for row in order:
        now_values = {name: _value(values[name][row, -1]) for name in air.POLLUTANTS}
        if all(value is None for value in now_values.values()):
            missing.append(names.get(codes[row], codes[row]))
            continue
        score = int(scores[row])
        rank = 1 + int((scores > score).sum()) if score >= 0 else None
        change = _value(values["pm25"][row, -1] - values["pm25"][row, -2])
        primary = primaries(report["primary"].values[row, -1])
        marks = _marks(data["flags"].values[row, -1])
        name = names.get(codes[row], codes[row])
        rows.append(Row(rank, name, None if score < 0 else score, primary, now_values, change, marks))
    score = int(of_city["aqi"].values[0, -1])
    pm25 = city["pm25"].values[0]
    whole = Row(
        None, scope.name, None if score < 0 else score, primaries(of_city["primary"].values[0, -1]),
        {name: _value(city[name].values[0, -1]) for name in air.POLLUTANTS}, _value(pm25[-1] - pm25[-2]), "",
    )  # fmt: skip
    return Hourly(scope.area, newest, now, level, whole, tuple(rows), tuple(missing), mark, notes)


def _newest(archive: Archive, codes: list[str], last: datetime, now: datetime) -> datetime | None:
    """The newest hour up to `last`, not older than a day, in which any station has a value."""
    data = archive.observations(stations=codes, start=last - timedelta(days=1), end=last, as_of=now)
    known = np.any([~np.isnan(data[name].values).all(axis=0) for name in air.POLLUTANTS], axis=0)
    return air.moment(data["valid_time"].values[np.flatnonzero(known)[-1]]) if known.any() else None


def text(data: Hourly) -> str:
    """The hourly data in Chinese, a line a station, the worst first."""
    head = (
        f"{data.mark}{data.city.name}空气质量小时数据（{data.valid_time.astimezone(air.BEIJING):%Y年%m月%d日 %H:00}）"
    )
    if data.level is not Level.NONE:
        head += f"【{data.level.chinese}预警期间加密发布】"
    lines = [head, f"全市 {_told(data.city)}"]
    lines += [f"{row.rank or '—'}. {row.name} {_told(row)}" for row in data.stations]
    if data.missing:
        lines.append("缺测：" + "、".join(data.missing))
    lines += [f"注：{note}" for note in data.notes]
    return "\n".join(lines)


def table(data: Hourly) -> str:
    """The same as CSV: rank, name, AQI, primary, six concentrations, change of PM2.5, marks."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["排名", "站点", "AQI", "首要污染物", *air.POLLUTANTS, "PM2.5变化", "质控标记"])
    for row in (data.city, *data.stations):
        numbers = ["" if row.values[name] is None else row.values[name] for name in air.POLLUTANTS]
        change = "" if row.change is None else row.change
        writer.writerow(
            [row.rank or "", row.name, "" if row.aqi is None else row.aqi, row.primary, *numbers, change, row.marks]
        )
    return out.getvalue()


def publish(data: Hourly, folder: Path) -> Path:
    """The text file of the hour, with its CSV beside it; written whole, and again the same."""
    stem = folder / f"{data.area}-{data.valid_time.astimezone(air.BEIJING):%Y%m%d%H}"
    return write_pair(stem, table=table(data), said=text(data) + "\n")


def write_pair(stem: Path, *, table: str, said: str) -> Path:
    """The text file, with the CSV beside it; each written whole or not at all. DataError when the disk refuses."""
    folder = stem.parent
    folder.mkdir(parents=True, exist_ok=True)
    for suffix, content in ((".csv", "\ufeff" + table), (".txt", said)):  # the mark lets a spreadsheet read Chinese
        part = stem.with_suffix(suffix + ".part")
        try:
            part.write_text(content, encoding="utf-8")
            part.replace(stem.with_suffix(suffix))
        except OSError as error:
            part.unlink(missing_ok=True)
            raise DataError("The data cannot be written", where=str(folder), found=error.strerror) from None
    return stem.with_suffix(".txt")


def _value(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 3)


def _marks(packed: int) -> str:
    found = {flag for name in air.POLLUTANTS for flag in Flag if int(unpack(np.array([packed]), name)[0]) & flag}
    return "；".join(flag.chinese for flag in Flag if flag in found)


def _told(row: Row) -> str:
    words = [f"AQI {row.aqi if row.aqi is not None else '缺测'}"]
    if row.primary:
        words.append(f"首要污染物 {row.primary}")
    pm25 = row.values["pm25"]
    if pm25 is not None:
        change = "" if row.change is None else f"（{row.change:+.0f}）"
        words.append(f"PM2.5 {pm25:.0f} µg/m³{change}")
    if row.marks:
        words.append(f"〔{row.marks}〕")
    return "，".join(words)
