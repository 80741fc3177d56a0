"""A YAML mapping from somebody else's table or JSON to the contract: their name, our name, their unit.

Values of less than an hour are averaged to hours, and an hour counts with at least as many minutes as the rulebook asks
(GB 3095 table 4). Nothing is guessed: an unknown unit, a missing field or an unreadable time is an error or a note.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator

from flows.sources.live import Record, number
from forecast import air
from plans.errors import SourceError
from plans.parts import Frozen
from plans.yaml_file import read_yaml, shaped

_SCALE: Mapping[str, Mapping[str, Callable[[float], float]]] = MappingProxyType(
    {
        "ug/m3": {"ug/m3": lambda v: v, "mg/m3": lambda v: v * 1000.0},
        "mg/m3": {"mg/m3": lambda v: v, "ug/m3": lambda v: v / 1000.0},
        "degC": {"degC": lambda v: v, "K": lambda v: v - 273.15},
        "hPa": {"hPa": lambda v: v, "Pa": lambda v: v / 100.0, "kPa": lambda v: v * 10.0},
        "mm": {"mm": lambda v: v, "m": lambda v: v * 1000.0},
        "m/s": {"m/s": lambda v: v, "km/h": lambda v: v / 3.6},
        "degree": {"degree": lambda v: v},
    }
)
"""Our unit: their unit: how to get from theirs to ours. Volume shares depend on the gas: see openaq.factor_of."""


class Column(Frozen):
    """One variable of theirs."""

    field: str
    unit: str


class Clock(Frozen):
    """How they write the time of a value."""

    field: str
    form: str = "iso"
    """iso | epoch_s | epoch_ms, or a strptime form such as "%Y-%m-%d %H:%M:%S"."""
    zone: str = "Asia/Shanghai"
    """Zone of times that carry none."""
    label: Literal["start", "end"] = "end"
    minutes: int = Field(default=60, ge=1, le=60)
    """Length of the interval a value stands for."""

    @field_validator("zone")
    @classmethod
    def _known(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError("a time zone such as Asia/Shanghai") from None
        return zone

    @field_validator("minutes")
    @classmethod
    def _fits(cls, minutes: int) -> int:
        if 60 % minutes:
            raise ValueError("a divisor of 60")
        return minutes


class Mapped(Frozen):
    """One source of hourly air or weather, described by the office and not by a program."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{1,40}$")
    title: str
    licence: str = "not stated"
    format: Literal["json", "csv", "xlsx"] = "json"
    address: str = ""
    """Where it is asked; empty for files that are dropped."""
    method: Literal["GET", "POST"] = "GET"
    params: Mapping[str, str] = Field(default_factory=dict)
    """Of the request; {start} and {end} become the window in their zone as 2024-02-29 08:00:00."""
    headers: Mapping[str, str] = Field(default_factory=dict)
    """Of the request; ${NAME} becomes an environment variable, so that no key stands in a file."""
    own_network: bool = False
    plain_http: bool = False
    rows: str = ""
    """Path to the list of rows in JSON, e.g. data.list; empty when the answer is the list."""
    station: str
    station_name: str = ""
    longitude: str = ""
    latitude: str = ""
    time: Clock
    values: Mapping[str, Column]
    missing: tuple[str, ...] = ("", "NA", "N/A", "NaN", "—", "-", "null", "None")
    delay_minutes: int = Field(default=60, ge=0)
    seconds_between: float = Field(default=1.0, ge=0, le=3600)
    """Least time between two requests."""

    @field_validator("values")
    @classmethod
    def _ours(cls, values: Mapping[str, Column]) -> Mapping[str, Column]:
        if not values:
            raise ValueError("at least one variable")
        for name, column in values.items():
            if name not in air.UNITS:
                raise ValueError(f"names of ours ({', '.join(air.UNITS)}), found {name}")
            if factor(name, column.unit) is None:
                known = ", ".join([*_SCALE[air.UNITS[name]], *(("ppb", "ppm") if name in _GASES else ())])
                raise ValueError(f"a unit of {name} ({known}), found {column.unit}")
        return values


_GASES = ("so2", "no2", "co", "o3")


def factor(name: str, unit: str) -> Callable[[float], float] | None:
    """How to get from a value in that unit to ours; None for a unit that does not fit.

    >>> factor("co", "ug/m3")(1500.0), factor("temperature", "K")(300.15), factor("pm25", "ppb")
    (1.5, 27.0, None)
    """
    known = _SCALE[air.UNITS[name]].get(unit)
    if known is not None or name not in _GASES or unit not in ("ppb", "ppm"):
        return known
    from flows.sources.openaq import factor_of

    times = factor_of(name, unit) or math.nan
    return lambda value: value * times


def load(path: Path) -> Mapped:
    """The mapping of a YAML file; RuleError with file, key path and allowed keys."""
    return shaped(Mapped, read_yaml(path, shown=path.name), shown=path.name)


def dig(answer: Any, path: str, *, where: str) -> list[Mapping[str, Any]]:
    """The list of rows at a path in JSON; SourceError names where it ends."""
    found, walked = answer, "the answer"
    for step in path.split(".") if path else ():
        if not isinstance(found, Mapping) or step not in found:
            has = sorted(map(str, found))[:12] if isinstance(found, Mapping) else type(found).__name__
            raise SourceError(
                "The rows are not where the mapping says", where=where, expected=f"{step} in {walked}", found=has
            )
        found, walked = found[step], f"{walked}.{step}"
    if not isinstance(found, list) or not all(isinstance(row, Mapping) for row in found):
        raise SourceError("There is no list of rows", where=where, expected=path or "a list", found=str(found)[:60])
    return found


def understand(
    mapped: Mapped, rows: Iterable[Mapping[str, Any]], *, where: str, first_line: int = 1
) -> tuple[list[Record], dict[str, tuple[str, float, float]], list[str]]:
    """Hourly records, stations (name, longitude, latitude; NaN unknown) and notes about what was left out.

    SourceError: a field of the mapping that no row has, or a time nobody can read.
    """
    zone, step = ZoneInfo(mapped.time.zone), timedelta(minutes=mapped.time.minutes)
    convert = {name: factor(name, column.unit) for name, column in mapped.values.items()}
    cells: dict[tuple[str, datetime], dict[str, dict[datetime, float]]] = {}
    stations: dict[str, tuple[str, float, float]] = {}
    seen: set[str] = set()
    bad = lines = 0
    for line, row in enumerate(rows, start=first_line):
        lines += 1
        seen.update(row)
        code = str(row.get(mapped.station, "")).strip()
        text = row.get(mapped.time.field)
        if not code or text is None:
            bad += 1
            continue
        instant = _instant(text, mapped.time.form, zone, where=f"{where} row {line}")
        end = instant if mapped.time.label == "end" else instant + step
        hour = end.replace(minute=0, second=0, microsecond=0)
        hour = hour if hour == end else hour + timedelta(hours=1)
        place = cells.setdefault((f"{mapped.name}:{code}", hour), {})
        for name, column in mapped.values.items():
            raw = row.get(column.field)
            value = math.nan if str(raw).strip() in mapped.missing else number(raw)
            if not math.isnan(value):
                place.setdefault(name, {})[end] = convert[name](value)  # type: ignore[misc]
        stations[f"{mapped.name}:{code}"] = (
            str(row.get(mapped.station_name) or code),
            number(row.get(mapped.longitude)) if mapped.longitude else math.nan,
            number(row.get(mapped.latitude)) if mapped.latitude else math.nan,
        )
    wanted = (mapped.station, mapped.time.field, *(column.field for column in mapped.values.values()))
    for field in wanted:
        if lines and field not in seen:
            raise SourceError("A field is missing in every row", where=where, expected=field, found=sorted(seen)[:20])
    needed = -(-hour_minutes() // mapped.time.minutes) if mapped.time.minutes < 60 else 1
    records: list[Record] = []
    thin = 0
    for (code, hour), values in cells.items():
        means = {}
        for name in mapped.values:
            parts = values.get(name, {})
            thin += 0 < len(parts) < needed
            means[name] = _mean(name, list(parts.values())) if len(parts) >= needed else math.nan
        records.append((code, hour, means))
    notes = [f"{bad} rows without station or time were left out"] if bad else []
    if thin:
        notes.append(f"{thin} hours with less than {hour_minutes()} minutes were left out")
    return records, stations, notes


@lru_cache(maxsize=1)
def hour_minutes() -> int:
    """Minutes of values an hourly mean needs, by the rulebook (GB 3095 table 4)."""
    from plans.rulebook import load as rulebook

    return rulebook().ambient("gb3095-2012").validity.hour_minutes


def _mean(name: str, values: list[float]) -> float:
    if name == "rain":
        return math.fsum(values)
    if name != "wind_direction":
        return math.fsum(values) / len(values)
    east = math.fsum(math.sin(math.radians(v)) for v in values)
    north = math.fsum(math.cos(math.radians(v)) for v in values)
    return math.degrees(math.atan2(east, north)) % 360.0


def _instant(text: Any, form: str, zone: ZoneInfo, *, where: str) -> datetime:
    """UTC instant of their time; "24:00" is midnight of the next day."""
    try:
        if form in ("epoch_s", "epoch_ms"):
            return datetime.fromtimestamp(float(text) / (1000.0 if form == "epoch_ms" else 1.0), tz=UTC)
        words, more = str(text).strip(), timedelta(0)
        if isinstance(text, datetime):
            found = text
        else:
            if " 24:00" in words or "T24:00" in words:
                words, more = words.replace(" 24:00", " 00:00").replace("T24:00", "T00:00"), timedelta(days=1)
            found = datetime.fromisoformat(words) if form == "iso" else datetime.strptime(words, form)  # noqa: DTZ007
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC) + more
    except (ValueError, TypeError, OverflowError, OSError):
        raise SourceError("A time cannot be read", where=where, expected=form, found=text) from None
