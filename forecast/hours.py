"""The first 72 hours of an outlook, hour by hour: scenario paths of the real-time AQI, and what follows from them.

Frozen values of the standard library only, like the Outlook they belong to, so that the console may show them and the
archive may keep them beside it. They are made by :mod:`forecast.hourly_paths`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from forecast.outlook import QUANTILES, THRESHOLDS

HOURS = 72
"""Hours ahead."""


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour ahead, as a curve with its band wants it."""

    valid_time: datetime
    """The end of the hour, aware UTC."""
    aqi_quantiles: tuple[int, ...]
    """Real-time AQI at the probabilities of QUANTILES, whole numbers, not falling."""
    exceedance: tuple[float, ...]
    """Share of scenarios above each of THRESHOLDS."""

    def quantile(self, probability: float) -> int:
        """The hour's AQI at one of QUANTILES; ValueError for any other probability."""
        return self.aqi_quantiles[QUANTILES.index(probability)]

    def probability_above(self, threshold: int) -> float:
        """The share of scenarios above one of THRESHOLDS; ValueError for any other."""
        return self.exceedance[THRESHOLDS.index(threshold)]


@dataclass(frozen=True, slots=True)
class HourlyOutlook:
    """72 hours of one area, made with an outlook: path i goes with path i of the outlook's days."""

    outlook: str
    """Digest of the outlook it belongs to."""
    area: str
    issued_at: datetime
    aqi_edition: str
    """Edition whose real-time rule made the AQI."""
    first_hour: datetime
    """The end of the first hour ahead, aware."""
    aqi_paths: tuple[tuple[int, ...], ...]
    """Real-time AQI: (scenario, hour)."""
    concentration_medians: Mapping[str, tuple[float, ...]]
    """Median 1-h mean per pollutant and hour, ug/m3 (co mg/m3)."""
    templates: int
    """How many past stretches of the area lent their course of the day."""

    def __post_init__(self) -> None:
        """Refuse naive times and ragged paths."""
        for name in ("issued_at", "first_hour"):
            if getattr(self, name).tzinfo is None:
                raise ValueError(f"HourlyOutlook.{name} has no time zone; give an aware datetime.")
        if len({len(path) for path in self.aqi_paths}) != 1:
            raise ValueError("HourlyOutlook.aqi_paths: one AQI per hour in every path.")

    def to_json(self) -> str:
        """A canonical text of the value."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain)

    @classmethod
    def from_json(cls, text: str) -> HourlyOutlook:
        """The value written by :meth:`to_json`; KeyError or ValueError when the text is not one."""
        raw: dict[str, Any] = json.loads(text)
        made = {field.name: raw[field.name] for field in fields(cls)}
        for name in ("issued_at", "first_hour"):
            made[name] = datetime.fromisoformat(made[name])
        made["aqi_paths"] = tuple(tuple(path) for path in made["aqi_paths"])
        made["concentration_medians"] = {name: tuple(row) for name, row in made["concentration_medians"].items()}
        return cls(**made)


def curve(hourly: HourlyOutlook) -> tuple[Hour, ...]:
    """Every hour ahead with its quantiles and exceedances, oldest first.

    >>> from datetime import UTC
    >>> noon = datetime(2015, 12, 1, 12, tzinfo=UTC)
    >>> paths = ((90, 120), (110, 210))
    >>> made = curve(HourlyOutlook("", "city", noon, "hj633-2012", noon, paths, {}, 2))
    >>> [(hour.valid_time.hour, hour.quantile(0.5), hour.probability_above(100)) for hour in made]
    [(12, 90, 0.5), (13, 120, 1.0)]
    """
    out = []
    for number, members in enumerate(zip(*hourly.aqi_paths, strict=True)):
        ordered = sorted(members)
        count = len(ordered)
        out.append(
            Hour(
                valid_time=hourly.first_hour + timedelta(hours=number),
                aqi_quantiles=tuple(ordered[max(0, _ceiling(p * count) - 1)] for p in QUANTILES),
                exceedance=tuple(sum(value > limit for value in members) / count for limit in THRESHOLDS),
            )
        )
    return tuple(out)


def _ceiling(value: float) -> int:
    return int(-(-(value - 1e-9) // 1))


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"Hours hold no {type(value).__name__}.")
