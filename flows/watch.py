"""The watch (值守): is the data coming, is it true, is the air about to get worse. One look, a list of findings.

Nothing here decides anything of the law: a finding says what is seen, a person acknowledges it at the duty desk. Every
number is a setting of the office (confidence I).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from typing import TypeVar

import numpy as np
import xarray as xr

from emergency import source_words
from emergency.vocabulary import POLLUTANT_CHINESE
from flows.sources.drop import Refused
from forecast import air, aqi
from forecast.alert_store import Alert, AlertStore, Finding
from forecast.archive import Archive
from forecast.daily import Completeness, city_mean, daily_statistics, usual
from forecast.maintenance import Maintenance
from forecast.quality import Flag, unpack
from forecast.quality_rules import Settings as QualitySettings
from forecast.quality_rules import clock_slips, neighbours
from forecast.slot_store import Slot
from forecast.source_store import SourceState

T = TypeVar("T")
KINDS = (
    "source_silent",
    "source_failing",
    "station_silent",
    "network_outage",
    "sudden_rise",
    "province_top",
    "near_threshold",
    "clock_slip",
    "flow_failed",
    "file_refused",
)


@dataclass(frozen=True, slots=True)
class Settings:
    """When the watch speaks."""

    source_late: timedelta = timedelta(hours=2)
    """A source is silent when its newest hour is older than its delay and cadence by this."""
    failures: int = 3
    """Failures in a row before a source is called failing."""
    station_late: timedelta = timedelta(hours=3)
    outage_share: float = 0.5
    """With more than this share of the stations silent it is the network, said once, not every station."""
    rise: Mapping[str, float] = field(default_factory=lambda: {"pm25": 40.0, "pm10": 100.0})
    """ug/m3 in an hour at a station."""
    top: int = 10
    """How many of the strongest rises are told, and how many places the province's ranking has."""
    top_from: Mapping[str, float] = field(default_factory=lambda: {"pm25": 75.0, "pm10": 150.0})
    """ug/m3: in cleaner hours a place among the province's highest is not worth a word. The 24-h limits of grade II
    (GB 3095-2012 table 1), used here as a measure for hours by our own choice."""
    near: int = 90
    """The day's AQI so far from which the threshold counts as near"""
    threshold: int = 100
    """(an air-quality day is lost above it: 超标)."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose air is watched."""

    area: str
    name: str
    stations: tuple[str, ...]
    mean_of: tuple[str, ...]
    edition: str
    """AQI edition of the day."""
    around: tuple[str, ...] = ()
    """Stations of the province, for the ranking."""


def look(
    archive: Archive,
    alerts: AlertStore,
    scope: Scope,
    *,
    states: Iterable[SourceState],
    cadences: Mapping[str, tuple[timedelta, timedelta]],
    now: datetime,
    settings: Settings | None = None,
    clocks: bool = False,
    failed: Iterable[Slot] = (),
    refused: Iterable[Refused] = (),
    ahead: Mapping[str, timedelta] | None = None,
) -> tuple[Alert, ...]:
    """The alerts that are new or graver after one look; open ones are kept up to date or cleared.

    `cadences` gives (cadence, delay) of every source of measurements that should be coming, `ahead` the cadence of
    every one of forecasts. `clocks`: judge the stations' clocks too
    (a week is read: once a day is enough). `failed`: slots that were given up lately; `refused`:
    files of the drop folder that were not taken lately. A station whose maintenance is on
    file is neither silent nor rising.
    """
    rule = settings or Settings()
    findings = [
        *sources(states, cadences, now=now, rule=rule, ahead=ahead),
        *flows(failed),
        *files(refused),
        *stations(archive, scope, now=now, rule=rule),
        *rises(archive, scope, now=now, rule=rule),
        *province_top(archive, scope, now=now, rule=rule),
        *threshold(archive, scope, now=now, rule=rule),
    ]
    kinds = [kind for kind in KINDS if kind != "clock_slip" or clocks]
    if clocks:
        findings += slips(archive, scope, now=now)
    return alerts.update(findings, kinds=kinds, now=now)


def sources(
    states: Iterable[SourceState],
    cadences: Mapping[str, tuple[timedelta, timedelta]],
    *,
    now: datetime,
    rule: Settings,
    ahead: Mapping[str, timedelta] | None = None,
) -> list[Finding]:
    """Sources that are silent, and sources that fail again and again.

    A source of measurements is silent by its newest hour, one of forecasts by when it was last heard.
    """
    known = {state.source: state for state in states}
    found = []
    for name, (cadence, delay) in cadences.items():
        state = known.get(name)
        newest = state.valid_until if state is not None else None
        limit = cadence + delay + rule.source_late
        if newest is None or now - newest > limit:
            since = "从未有数据" if newest is None else f"最新数据为 {_local(newest)}，已 {_hours(now - newest)} 小时"
            details = {"newest": newest.isoformat() if newest else None, "limit_hours": limit / timedelta(hours=1)}
            found.append(Finding("source_silent", name, f"数据来源 {name} 中断：{since}", 2, details))
    for name, cadence in (ahead or {}).items():
        state = known.get(name)
        heard, limit = state.succeeded_at if state is not None else None, cadence + rule.source_late
        if heard is None or now - heard > limit:
            since = "从未有数据" if heard is None else f"最近收到于 {_local(heard)}，已 {_hours(now - heard)} 小时"
            details = {"heard": heard.isoformat() if heard else None, "limit_hours": limit / timedelta(hours=1)}
            text = f"气象预报来源 {name} 中断：{since}；下一次展望可能没有气象预报"
            found.append(Finding("source_silent", name, text, 2, details))
    for name in (*cadences, *(ahead or {})):
        state = known.get(name)
        if state is not None and state.failures >= rule.failures:
            text = f"数据来源 {name} 连续失败 {state.failures} 次：{source_words.chinese(state.error)}"
            found.append(Finding("source_failing", name, text, 1, {"failures": state.failures, "error": state.error}))
    return found


def flows(failed: Iterable[Slot]) -> list[Finding]:
    """Flows that gave up some of their logical times; each flow once, with the newest reason."""
    found = []
    for name, slots in _apart(failed, lambda slot: slot.flow).items():
        newest = max(slots, key=lambda slot: slot.logical_time)
        why = source_words.chinese(newest.note)
        text = f"流程 {name} 有 {len(slots)} 个时段失败，最近 {_local(newest.logical_time)}：{why}"
        times = [slot.logical_time.isoformat() for slot in slots]
        found.append(Finding("flow_failed", name, text, 2, {"logical_times": times, "error": newest.note}))
    return found


def files(refused: Iterable[Refused]) -> list[Finding]:
    """Files of the drop folder that were refused; each kind once, with the newest one's reason."""
    found = []
    for kind, ones in _apart(refused, lambda one: one.kind).items():
        newest = max(ones, key=lambda one: one.refused_at)
        named = "" if newest.file in newest.why else f" {newest.file}"
        last = f"{_local(newest.refused_at)}{named}"
        text = f"投放的 {kind} 文件有 {len(ones)} 个未采用，最近 {last}：{newest.why}；请改正后重新投放"
        found.append(Finding("file_refused", kind, text, 2, {"files": [one.file for one in ones][:20]}))
    return found


def stations(archive: Archive, scope: Scope, *, now: datetime, rule: Settings) -> list[Finding]:
    """Stations without any value for too long, or the whole network; those under maintenance are left out."""
    windows = Maintenance(archive.engine).windows(start=now - rule.station_late, end=now, stations=scope.stations)
    at_work = {window.station for window in windows if set(window.pollutants) == set(air.POLLUTANTS)}
    known = {station.code: station.name for station in archive.stations()}
    ages: dict[str, datetime | None] = {}
    for code in scope.stations:
        ages[code] = archive.latest_valid_time(stations=[code], as_of=now) if code in known else None
    old = {code: last for code, last in ages.items() if last is None or now - last > rule.station_late}
    silent = {code: last for code, last in old.items() if code not in at_work}
    if scope.stations and len(silent) > rule.outage_share * len(scope.stations):
        newest = max((last for last in ages.values() if last is not None), default=None)
        since = "从未有数据" if newest is None else f"最新数据为 {_local(newest)}"
        text = f"{scope.name}监测网络中断：{len(scope.stations)} 个站点中 {len(silent)} 个无数据，{since}"
        return [Finding("network_outage", scope.area, text, 3, {"silent": sorted(silent)})]
    found = []
    for code, last in silent.items():
        since = "从未有数据" if last is None else f"已 {_hours(now - last)} 小时无数据（最新 {_local(last)}）"
        text = f"站点 {known.get(code, code)}（{code}）{since}"
        found.append(Finding("station_silent", code, text, 1, {"newest": last.isoformat() if last else None}))
    return found


def rises(archive: Archive, scope: Scope, *, now: datetime, rule: Settings) -> list[Finding]:
    """Stations of ours whose hourly value jumped, the strongest first, with their place in the province."""
    data = _recent(archive, (*scope.stations, *scope.around), now=now, hours=4)
    if data is None:
        return []
    names = {station.code: station.name for station in archive.stations()}
    codes = [str(code) for code in data["station"].values]
    ours = np.isin(codes, scope.stations)
    found = []
    for name, least in rule.rise.items():
        values = data[name].values
        newest = _newest_column(values)
        if newest is None or newest == 0:
            continue
        step = values[:, newest] - values[:, newest - 1]
        worked_on = unpack(data["flags"].values[:, newest - 1 : newest + 1], name) & int(Flag.MAINTENANCE)
        step = np.where(worked_on.any(axis=1), np.nan, step)
        jumped = np.flatnonzero(ours & (np.nan_to_num(step, nan=-np.inf) >= least))
        ranks, ranking = _ranks(values[:, newest]), _ranking(codes, names, values[:, newest], step, top=rule.top)
        hour = air.moment(data["valid_time"].values[newest])
        for row in jumped[np.argsort(-step[jumped], kind="stable")][: rule.top]:
            code = codes[row]
            before, after = float(values[row, newest - 1]), float(values[row, newest])
            text = (
                f"{names.get(code, code)} {_label(name)} 一小时上升 {step[row]:.0f}（{before:.0f}→{after:.0f} µg/m³，"
                f"{_local(hour)}），{_where(scope)}第 {ranks[row]} 位"
            )
            details = {
                "pollutant": name,
                "before": before,
                "after": after,
                "rank": ranks[row],
                "hour": hour.isoformat(),
                "ranking": ranking,
            }
            found.append(Finding("sudden_rise", f"{code}:{name}", text, 2, details))
    return found


def province_top(archive: Archive, scope: Scope, *, now: datetime, rule: Settings) -> list[Finding]:
    """Which of our stations stand among the province's highest of the newest hour; nothing without a province."""
    data = _recent(archive, (*scope.stations, *scope.around), now=now, hours=4) if scope.around else None
    if data is None:
        return []
    names = {station.code: station.name for station in archive.stations()}
    codes = [str(code) for code in data["station"].values]
    found = []
    for name, least in rule.top_from.items():
        values = data[name].values
        newest = _newest_column(values)
        if newest is None:
            continue
        column = values[:, newest]
        ranks = _ranks(column)
        step = column - values[:, newest - 1] if newest else np.full(len(codes), np.nan)
        high = [
            row
            for row in np.argsort(-np.nan_to_num(column, nan=-np.inf), kind="stable").tolist()
            if codes[row] in scope.stations and column[row] >= least and ranks[row] <= rule.top
        ]
        if not high:
            continue
        hour = air.moment(data["valid_time"].values[newest])
        told = "、".join(f"{names.get(codes[row], codes[row])}第 {ranks[row]}（{column[row]:.0f}）" for row in high)
        text = f"{len(high)} 个站点进入全省 {_label(name)} 小时浓度前 {rule.top}（{_local(hour)}）：{told}"
        ranking = _ranking(codes, names, column, step, top=rule.top)
        details = {"pollutant": name, "hour": hour.isoformat(), "ranking": ranking}
        found.append(Finding("province_top", f"{scope.area}:{name}", text, 1, details))
    return found


def threshold(archive: Archive, scope: Scope, *, now: datetime, rule: Settings) -> list[Finding]:
    """Whether the day so far is near or above the threshold, and what the rest of the day may still bring.

    The day so far is judged with whatever hours there are; the official daily value needs the whole day.
    """
    begin, _end = air.day_bounds(now.astimezone(air.BEIJING).date())
    if not scope.mean_of:
        return []
    data = archive.observations(stations=list(scope.mean_of), start=begin, end=now, as_of=now)
    hours = data.sizes["valid_time"]
    if hours < 6 or np.isnan(data["pm25"].values).all():
        return []
    city = city_mean(data, stations=list(scope.mean_of), minimum_share=0.5)
    so_far = daily_statistics(city, completeness=any_hours())
    report = aqi.of_daily(so_far, edition=scope.edition, gaps="available")
    value = int(report["aqi"].values[0, -1])
    if value < rule.near:
        return []
    primary = primaries(report["primary"].values[0, -1]) or "—"
    above = value > rule.threshold
    verb = "已超过" if above else "接近"
    text = f"{scope.name}今日 {hours} 时累计 AQI {value}，{verb} {rule.threshold}，首要污染物 {primary}"
    details = {"aqi": value, "hours": hours, "primary": primary}
    return [Finding("near_threshold", scope.area, text, 3 if above else 2, details)]


def slips(archive: Archive, scope: Scope, *, now: datetime, rule: QualitySettings | None = None) -> list[Finding]:
    """Stations whose clock seems off by hours, judged over eight days against their neighbours."""
    data = _recent(archive, tuple(dict.fromkeys((*scope.stations, *scope.around))), now=now, hours=192)
    if data is None:
        return []
    chosen = rule or QualitySettings()
    places = archive.stations()
    codes = [str(code) for code in data["station"].values]
    around = neighbours(codes, places, radius_km=chosen.radius_km)
    slipped = clock_slips({name: data[name].values for name in air.POLLUTANTS}, around, chosen)
    names = {place.code: place.name for place in places}
    return [
        Finding("clock_slip", code, f"站点 {names.get(code, code)}（{code}）的时钟疑似偏移，请运维核对", 1)
        for code, odd in zip(codes, slipped, strict=True)
        if odd and code in scope.stations
    ]


def _recent(archive: Archive, codes: Sequence[str], *, now: datetime, hours: int) -> xr.Dataset | None:
    known = {station.code for station in archive.stations()}
    wanted = [code for code in dict.fromkeys(codes) if code in known]
    if not wanted:
        return None
    end = now.replace(minute=0, second=0, microsecond=0)
    return archive.observations(stations=wanted, start=end - timedelta(hours=hours), end=end, as_of=now)


def _newest_column(values: np.ndarray) -> int | None:
    """The newest hour that at least half of the usual stations report."""
    counts = (~np.isnan(values)).sum(axis=0)
    need = max(1, int(median(counts.tolist()) / 2))
    good = np.flatnonzero(counts >= need)
    return int(good[-1]) if len(good) else None


def primaries(mask: int) -> str:
    """The primary pollutants as people here call them; empty for none."""
    return "、".join(POLLUTANT_CHINESE.get(name, name) for name in aqi.primary_names(mask))


def _label(name: str) -> str:
    return {"pm25": "PM2.5", "pm10": "PM10", "o3": "O3"}.get(name, name.upper())


def _where(scope: Scope) -> str:
    return "全省" if scope.around else "本市"


def _ranking(
    codes: Sequence[str], names: Mapping[str, str], column: np.ndarray, step: np.ndarray, *, top: int
) -> list[dict[str, object]]:
    """The highest stations of an hour with their values and rises, for whoever looks at the alert."""
    order = [row for row in np.argsort(-np.nan_to_num(column, nan=-np.inf), kind="stable") if not np.isnan(column[row])]
    return [
        {"name": names.get(codes[row], codes[row]), "value": float(column[row]),
         "rise": None if np.isnan(step[row]) else float(step[row])}
        for row in order[:top]
    ]  # fmt: skip


def _ranks(values: np.ndarray) -> list[int]:
    """Place of each value, the highest first; the same value has the same place."""
    return [1 + int((values > value).sum()) for value in values]


def any_hours() -> Completeness:
    """The completeness of a day that still runs: whatever hours there are."""
    rule = usual()
    return Completeness(
        mean_hours=1, window_hours=rule.window_hours, first_end=rule.first_end, last_end=rule.last_end, windows=1,
        o3_limit=None, max_1h_hours=1,
    )  # fmt: skip


def _apart(items: Iterable[T], key: Callable[[T], str]) -> dict[str, list[T]]:
    made: dict[str, list[T]] = {}
    for one in items:
        made.setdefault(key(one), []).append(one)
    return made


def _local(moment: datetime) -> str:
    return f"{moment.astimezone(air.BEIJING):%m-%d %H:%M}"


def _hours(age: timedelta) -> str:
    return f"{age / timedelta(hours=1):.1f}"
