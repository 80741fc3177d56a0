"""The Outlook: the seven-day product that crosses from science to duty.

A small frozen value with whole-number AQI only, standard library only, so that the duty side may hold, digest and
store it as an exhibit without loading any numerical machinery. It is made once by :mod:`forecast.predict` and never
changed; a forecaster's correction is an act of the consultation, not an edit of this value.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

QUANTILES: tuple[float, ...] = (0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95)
"""The probabilities at which every day's AQI is given."""

THRESHOLDS: tuple[int, ...] = (100, 150, 200, 300)
"""The AQI values whose exceedance the rules speak of."""

WEATHER_MODES: tuple[str, ...] = ("none", "forecast", "perfect")
"""The declared ways weather entered the model; "perfect" exists in hindcasts only."""


@dataclass(frozen=True, slots=True)
class DayOutlook:
    """One future natural day (hours 1..24, Beijing time) of an area."""

    valid_date: date
    lead_days: int
    """1 for the first natural day that begins at or after the issue time."""
    aqi_quantiles: tuple[int, ...]
    """Daily AQI at the probabilities of QUANTILES, whole numbers, not falling."""
    level_probabilities: tuple[float, ...]
    """Share of scenarios in each of the six AQI levels; sums to 1."""
    exceedance: tuple[float, ...]
    """Share of scenarios above each of THRESHOLDS."""
    primary_probabilities: Mapping[str, float]
    """Share of scenarios in which the pollutant is a primary pollutant (ties count for each)."""
    concentration_medians: Mapping[str, float]
    """Median daily statistic per pollutant, ug/m3 (co mg/m3)."""

    @property
    def median(self) -> int:
        """The middle AQI of the day."""
        return self.aqi_quantiles[QUANTILES.index(0.50)]

    @property
    def primary(self) -> str | None:
        """The likeliest primary pollutant, or None where most scenarios have none (AQI of 50 or less)."""
        likeliest = max(self.primary_probabilities.items(), key=lambda item: item[1], default=None)
        return likeliest[0] if likeliest and likeliest[1] > 0 and self.level_probabilities[0] <= 0.5 else None

    def quantile(self, probability: float) -> int:
        """The day's AQI at one of QUANTILES; ValueError for any other probability."""
        return self.aqi_quantiles[QUANTILES.index(probability)]

    def probability_above(self, threshold: int) -> float:
        """The share of scenarios above one of THRESHOLDS; ValueError for any other."""
        return self.exceedance[THRESHOLDS.index(threshold)]


@dataclass(frozen=True, slots=True)
class Outlook:
    """Seven days of one area, as issued."""

    area: str
    area_name: str
    issued_at: datetime
    """When it was made: nothing received later was used."""
    data_until: datetime
    """The last observed hour that was used (end of the averaging hour)."""
    aqi_edition: str
    """Name of the AQI edition that turned concentrations into AQI, e.g. "hj633-2012"."""
    model: str
    model_digest: str
    weather_mode: str
    simulated: bool
    """True when the observations behind it are generated, not measured."""
    mode_notes: tuple[str, ...]
    """What was missing or degraded, in Chinese, ready for the screen; empty when all was there."""
    days: tuple[DayOutlook, ...]
    aqi_paths: tuple[tuple[int, ...], ...]
    """Joint scenario paths of daily AQI: (scenario, day). Runs of days must be judged on these."""
    weather_source: str = ""
    """Whose kept runs the weather ahead is of; empty without, or when it came as a table."""
    weather_received_at: datetime | None = None
    """When the newest of them came, where it is known."""

    def __post_init__(self) -> None:
        """Refuse a value that could not have been issued (naive times, ragged paths, falling quantiles)."""
        for name in ("issued_at", "data_until", "weather_received_at"):
            instant: datetime | None = getattr(self, name)
            if instant is not None and instant.tzinfo is None:
                raise ValueError(f"Outlook.{name} has no time zone; give an aware datetime.")
        if self.weather_mode not in WEATHER_MODES:
            raise ValueError(f"Outlook.weather_mode is {self.weather_mode!r}; expected one of {WEATHER_MODES}.")
        if any(len(path) != len(self.days) for path in self.aqi_paths):
            raise ValueError("Outlook.aqi_paths: every path needs one AQI per day.")
        for day in self.days:
            if list(day.aqi_quantiles) != sorted(day.aqi_quantiles) or len(day.aqi_quantiles) != len(QUANTILES):
                raise ValueError(f"Outlook day {day.valid_date}: quantiles must be {len(QUANTILES)} and not fall.")

    def run_probability(self, *, over: int, days: int) -> float:
        """Share of scenarios that hold at least `days` consecutive days above `over`.

        >>> paths = ((210, 220, 90), (210, 90, 210))
        >>> sum(_longest_run(path, 200) >= 2 for path in paths) / len(paths)
        0.5
        """
        if not self.aqi_paths:
            return 0.0
        return sum(_longest_run(path, over) >= days for path in self.aqi_paths) / len(self.aqi_paths)

    def to_json(self) -> str:
        """A canonical text of the value: sorted keys, no spaces, ISO times. Two equal outlooks give equal texts.

        What is not known of the weather's source is left out, so that an outlook kept before there was any reads and
        digests as it did.
        """
        content = {field.name: getattr(self, field.name) for field in fields(self)}
        for name in ("weather_source", "weather_received_at"):
            if not content[name]:
                del content[name]
        return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain)

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical text."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    @classmethod
    def from_json(cls, text: str) -> Outlook:
        """The outlook written by :meth:`to_json`; KeyError or ValueError when the text is not one."""
        raw: dict[str, Any] = json.loads(text)
        raw["issued_at"] = datetime.fromisoformat(raw["issued_at"])
        raw["data_until"] = datetime.fromisoformat(raw["data_until"])
        if "weather_received_at" in raw:
            raw["weather_received_at"] = datetime.fromisoformat(raw["weather_received_at"])
        raw["mode_notes"] = tuple(raw["mode_notes"])
        raw["aqi_paths"] = tuple(tuple(path) for path in raw["aqi_paths"])
        raw["days"] = tuple(_day(day) for day in raw["days"])
        return cls(**raw)


def _day(raw: dict[str, Any]) -> DayOutlook:
    raw["valid_date"] = date.fromisoformat(raw["valid_date"])
    for name in ("aqi_quantiles", "level_probabilities", "exceedance"):
        raw[name] = tuple(raw[name])
    return DayOutlook(**raw)


def _plain(value: object) -> object:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, DayOutlook):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"An outlook holds no {type(value).__name__}.")


def _longest_run(path: tuple[int, ...], over: int) -> int:
    longest = run = 0
    for value in path:
        run = run + 1 if value > over else 0
        longest = max(longest, run)
    return longest
