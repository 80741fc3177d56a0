"""Daily data (日报) for the work group: a day's AQI of the city and of every station, final or so far.

The data of a day that has ended are final as the archive knows them now; under a warning further editions of the day
that runs go out (加密发布), which say up to which hour they reach. When editions go out is a setting of the office
(confidence I).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

import numpy as np
import xarray as xr

from emergency.vocabulary import Level
from flows.hourly import write_pair
from flows.watch import Scope, any_hours, primaries
from forecast import air, aqi
from forecast.archive import Archive
from forecast.daily import STATISTICS, city_mean, daily_statistics
from plans import rulebook
from plans.errors import DataError

EDITIONS: Mapping[Level, tuple[int, ...]] = MappingProxyType(
    {Level.NONE: (9,), Level.YELLOW: (9, 17), Level.ORANGE: (9, 13, 17, 21), Level.RED: (9, 13, 17, 21)}
)
"""Hours of the day (Beijing time) at which an edition goes out by level; the first is of the day before."""


@dataclass(frozen=True, slots=True)
class Row:
    """One station, or the city, over the day."""

    rank: int | None
    """Place by AQI among the stations, the worst first; None for the city and where the AQI is missing."""
    name: str
    aqi: int | None
    category: str
    primary: str
    values: Mapping[str, float | None]
    """forecast.daily.STATISTICS, rounded."""
    hours: int
    """Hours with PM2.5."""


@dataclass(frozen=True, slots=True)
class Daily:
    """The data of one day."""

    area: str
    day: date
    until: datetime
    """End of the last hour that is in it."""
    final: bool
    """Whether the day has ended; else the values are those of the hours so far."""
    made_at: datetime
    level: Level
    city: Row
    stations: tuple[Row, ...]
    missing: tuple[str, ...]
    mark: str = ""
    notes: tuple[str, ...] = ()


def edition(logical_time: datetime, level: Level, *, hours: Mapping[Level, tuple[int, ...]] = EDITIONS) -> date | None:
    """The day whose data go out at this hour under that level; None when nothing goes out.

    >>> from datetime import UTC
    >>> edition(datetime(2016, 1, 1, 1, tzinfo=UTC), Level.NONE)
    datetime.date(2015, 12, 31)
    >>> edition(datetime(2016, 1, 1, 9, tzinfo=UTC), Level.RED)
    datetime.date(2016, 1, 1)
    """
    local = logical_time.astimezone(air.BEIJING)
    if local.hour not in hours[level]:
        return None
    return local.date() - timedelta(days=1) if local.hour == min(hours[level]) else local.date()


def daily(
    archive: Archive,
    scope: Scope,
    *,
    day: date,
    level: Level,
    now: datetime,
    until: datetime | None = None,
    mark: str = "",
    notes: tuple[str, ...] = (),
) -> Daily:
    """The data of a day as known at `now`, of a running day up to `until`; DataError when no station has any.

    A day that has ended follows the validity rules (a statistic without enough hours is missing); of a running day
    there is what its hours give.
    """
    begin, end = air.day_bounds(day)
    last = min(end, (until or now).replace(minute=0, second=0, microsecond=0))
    final = last >= end
    names = {station.code: station.name for station in archive.stations()}
    codes = [code for code in scope.stations if code in names]
    if not codes or last <= begin:
        raise DataError("There are no data of the day", where=scope.area, found=f"{day}", todo="See sources status")
    data = archive.observations(stations=codes, start=begin, end=last, as_of=now)
    known = [~np.isnan(data[name].values) for name in air.POLLUTANTS]
    heard = np.any(known, axis=0)
    if not heard.any():
        raise DataError("There are no data of the day", where=scope.area, found=f"{day}", todo="See sources status")
    newest = air.moment(data["valid_time"].values[np.flatnonzero(heard.any(axis=0))[-1]])
    rule = None if final else any_hours()
    mean_of = [code for code in scope.mean_of if code in codes]
    each = daily_statistics(data, completeness=rule)
    rows = _rows(each, [names[code] for code in codes], scope.edition, final=final)
    absent = [names[code] for code, some in zip(codes, heard.any(axis=1), strict=True) if not some]
    absent += [code for code in scope.stations if code not in names]
    whole = Row(None, scope.name, None, "", "", dict.fromkeys(STATISTICS), 0)
    if mean_of:
        city = city_mean(data, stations=mean_of, minimum_share=0.5)
        (whole,) = _rows(daily_statistics(city, completeness=rule), [scope.name], scope.edition, final=final)
    told = [row for row in rows if row.name not in absent]
    scores = [row.aqi for row in told if row.aqi is not None]
    ranked = sorted(
        (_ranked(row, 1 + sum(score > row.aqi for score in scores) if row.aqi is not None else None) for row in told),
        key=lambda row: (row.rank is None, row.rank or 0, row.name),
    )
    return Daily(
        scope.area, day, newest, final, now, level, whole, tuple(ranked), tuple(absent), mark, notes
    )  # fmt: skip


def _ranked(row: Row, rank: int | None) -> Row:
    return Row(rank, row.name, row.aqi, row.category, row.primary, row.values, row.hours)


def _rows(statistics: xr.Dataset, names: list[str], edition_name: str, *, final: bool) -> list[Row]:
    # Of a day that has ended the edition says what a missing pollutant does (HJ 633-2026, 5.3.1); a running day is told
    # by what is there, as preliminary data are.
    report = aqi.of_daily(statistics, edition=edition_name, gaps="edition" if final else "available")
    book = rulebook.load().aqi(edition_name)
    rows = []
    for number, name in enumerate(names):
        score = int(report["aqi"].values[number, -1])
        values = {
            key: None if np.isnan(value := float(statistics[key].values[number, -1])) else round(value, 3)
            for key in STATISTICS
        }
        rows.append(
            Row(
                None, name, None if score < 0 else score, "" if score < 0 else book.category_of(score).chinese,
                primaries(report["primary"].values[number, -1]), values,
                int(statistics["hours_pm25"].values[number, -1]),
            )
        )  # fmt: skip
    return rows


def text(data: Daily) -> str:
    """The daily data in Chinese, a line a station, the worst first."""
    so_far = "" if data.final else f"，截至{data.until.astimezone(air.BEIJING):%H:%M}"
    head = f"{data.mark}{data.city.name}空气质量日报（{data.day:%Y年%m月%d日}{so_far}）"
    if data.level is not Level.NONE:
        head += f"【{data.level.chinese}预警期间加密发布】"
    lines = [head, f"全市 {_told(data.city)}"]
    lines += [f"{row.rank or '—'}. {row.name} {_told(row)}" for row in data.stations]
    if data.missing:
        lines.append("缺测：" + "、".join(data.missing))
    if not data.final:
        lines.append("当日尚未结束，以上为已有小时的累计值，不是日评价结果。")
    lines += [f"注：{note}" for note in data.notes]
    return "\n".join(lines)


def table(data: Daily) -> str:
    """The same as CSV: rank, name, AQI, category, primary, statistics, hours."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["排名", "站点", "AQI", "级别", "首要污染物", *STATISTICS, "有效小时"])
    for row in (data.city, *data.stations):
        numbers = ["" if row.values[name] is None else row.values[name] for name in STATISTICS]
        score = "" if row.aqi is None else row.aqi
        writer.writerow([row.rank or "", row.name, score, row.category, row.primary, *numbers, row.hours])
    return out.getvalue()


def publish(data: Daily, folder: Path, *, bulletin: str = "") -> Path:
    """The text file of the edition (the office's bulletin first, when there is one) with its CSV beside it."""
    hour = "" if data.final else f"T{data.until.astimezone(air.BEIJING):%H}"
    said = "\n\n".join(part for part in (bulletin, text(data)) if part)
    return write_pair(folder / f"{data.area}-{data.day:%Y%m%d}{hour}", table=table(data), said=said + "\n")


def _told(row: Row) -> str:
    words = [f"AQI {row.aqi}（{row.category}）" if row.aqi is not None else "AQI 缺测"]
    if row.primary:
        words.append(f"首要污染物 {row.primary}")
    pm25, ozone = row.values["pm25"], row.values["o3_8h"]
    if pm25 is not None:
        words.append(f"PM2.5 {pm25:.0f} µg/m³")
    if ozone is not None:
        words.append(f"O3-8h {ozone:.0f} µg/m³")
    words.append(f"{row.hours} 小时")
    return "，".join(words)
