"""Why an outlook says what it says: drivers, similar past days, and what changed since the run before.

Frozen values of the standard library only, like the Outlook they belong to, so that the console may show them and the
archive may keep them beside it. They are made by :mod:`forecast.why`. Reasons explain; they never change an outlook.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Driver:
    """A group of predictors, and by how much AQI it moves the median of every day ahead."""

    key: str
    name: str
    """In Chinese, ready for the screen."""
    effects: tuple[int, ...]
    """AQI, one per lead; with the usual they add up to the median."""


@dataclass(frozen=True, slots=True)
class Analogue:
    """A past day like the day behind the issue, and what followed it."""

    day: date
    likeness: float
    """0..1: 1 is equal in everything compared; a scale for sorting, not a probability."""
    aqi: int | None
    """Of the day itself; None where it was not measured."""
    after: tuple[int | None, ...]
    """AQI of the seven days that followed."""


@dataclass(frozen=True, slots=True)
class Change:
    """One valid day in this run and in the run before."""

    valid_date: date
    median_before: int
    median_now: int
    over_200_before: float
    over_200_now: float


@dataclass(frozen=True, slots=True)
class Reasons:
    """All of it for one outlook."""

    outlook: str
    """Digest of the outlook explained."""
    area: str
    issued_at: datetime
    usual: tuple[int, ...]
    """Median AQI per lead when nothing but the season is known."""
    drivers: tuple[Driver, ...]
    analogues: tuple[Analogue, ...]
    changes: tuple[Change, ...]
    compared_with: datetime | None
    """When the run before was issued; None where there is none."""
    sentences: tuple[str, ...]
    """The same in Chinese words."""

    def to_json(self) -> str:
        """A canonical text of the value."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain)

    @classmethod
    def from_json(cls, text: str) -> Reasons:
        """The value written by :meth:`to_json`; KeyError or ValueError when the text is not one."""
        raw: dict[str, Any] = json.loads(text)
        before = raw["compared_with"]
        return cls(
            outlook=raw["outlook"],
            area=raw["area"],
            issued_at=datetime.fromisoformat(raw["issued_at"]),
            usual=tuple(raw["usual"]),
            drivers=tuple(Driver(one["key"], one["name"], tuple(one["effects"])) for one in raw["drivers"]),
            analogues=tuple(
                Analogue(date.fromisoformat(one["day"]), one["likeness"], one["aqi"], tuple(one["after"]))
                for one in raw["analogues"]
            ),
            changes=tuple(
                Change(date.fromisoformat(one.pop("valid_date")), **one) for one in map(dict, raw["changes"])
            ),
            compared_with=None if before is None else datetime.fromisoformat(before),
            sentences=tuple(raw["sentences"]),
        )


def _plain(value: object) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(f"Reasons hold no {type(value).__name__}.")
