"""The two measures every forecast is held against: it stays as it is (persistence), and it is as usual (climatology).

Both are ensembles with an honest spread, so that they can be compared by CRPS and not only by their middle.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np

from forecast.features import LEADS, Sample, from_log
from forecast.models.base import SEASON_DAYS, Anchor, Stored, ceiling, pick, season_weights, without_gaps
from plans.errors import DataError


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """The days a model remembers."""

    areas: tuple[str, ...] = ()
    days: np.ndarray | None = None
    logs: np.ndarray | None = None
    """(area, day, pollutant), gaps filled."""
    top: np.ndarray | None = None

    @classmethod
    def of(cls, sample: Sample) -> Self:
        return cls(sample.areas, sample.days, without_gaps(sample, Anchor.fit(sample)), ceiling(sample.observed))

    def stored(self) -> Stored:
        assert self.days is not None and self.logs is not None and self.top is not None
        days = self.days.astype("datetime64[D]").astype(np.int64)
        return {"areas": list(self.areas)}, {"days": days, "logs": self.logs, "top": self.top}

    @classmethod
    def restore(cls, settings: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Self:
        return cls(tuple(settings["areas"]), arrays["days"].astype("datetime64[D]"), arrays["logs"], arrays["top"])

    def place(self, area: str) -> int:
        if area not in self.areas:
            raise DataError("The model was not trained for the area", expected=", ".join(self.areas)[:200], found=area)
        return self.areas.index(area)

    def weeks(self, area: int) -> np.ndarray:
        """(start, lead, pollutant): the seven days after each day of the history that has seven."""
        assert self.logs is not None
        starts = max(0, self.logs.shape[1] - LEADS)
        return np.stack([self.logs[area, lead : starts + lead] for lead in range(1, LEADS + 1)], axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class Climatology:
    """The weeks of the same season in the training years."""

    looks_back: ClassVar[int] = 0
    name: str = "climatology"
    width: float = SEASON_DAYS
    """Half width of the season in days."""
    history: History = field(default_factory=History)

    def fit(self, sample: Sample) -> Self:
        """As the protocol says."""
        return type(self)(name=self.name, width=self.width, history=History.of(sample))

    def paths(self, sample: Sample, *, area: str, rows: np.ndarray, count: int, seeds: np.ndarray) -> np.ndarray:
        """Past weeks, drawn evenly from the season window around the days ahead."""
        past = self.history
        place = past.place(area)
        weeks = past.weeks(place)
        assert past.days is not None
        drawn = pick(season_weights(past.days[: len(weeks)], sample.days[rows], width=self.width), count, seeds)
        return from_log(weeks[drawn])

    def describe(self) -> Mapping[str, Any]:
        """As the protocol says."""
        return {"model": self.name, "season_days": self.width}

    def stored(self) -> Stored:
        """As the protocol says."""
        settings, arrays = self.history.stored()
        return {**settings, "name": self.name, "width": self.width}, arrays

    @classmethod
    def restore(cls, settings: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Self:
        """As the protocol says."""
        return cls(settings["name"], settings["width"], History.restore(settings, arrays))


@dataclass(frozen=True, slots=True, eq=False)
class Persistence:
    """The last 24 hours go on, changed as they have changed in the same season of the training years."""

    looks_back: ClassVar[int] = 0
    name: str = "persistence"
    history: History = field(default_factory=History)

    def fit(self, sample: Sample) -> Self:
        """As the protocol says."""
        return type(self)(history=History.of(sample))

    def paths(self, sample: Sample, *, area: str, rows: np.ndarray, count: int, seeds: np.ndarray) -> np.ndarray:
        """The last known day plus past changes over one to seven days; the middle change is taken out.

        So the middle of the ensemble is the last known day itself, and only the spread is learned.
        """
        past = self.history
        place = past.place(area)
        weeks = past.weeks(place)
        assert past.days is not None and past.logs is not None and past.top is not None
        changes = weeks - past.logs[place, : len(weeks), None]
        inside = season_weights(past.days[: len(weeks)], sample.days[rows])
        drawn = changes[pick(inside, count, seeds)]
        drawn = drawn - np.median(drawn, axis=1, keepdims=True)
        start = last_known(sample, sample.index(area), rows)
        usual = np.nanmedian(past.logs[place], axis=0) if past.logs.shape[1] else np.full(start.shape[1], np.nan)
        start = np.where(np.isnan(start), usual, start)
        return from_log(np.minimum(start[:, None, None, :] + drawn, past.top[place]))

    def describe(self) -> Mapping[str, Any]:
        """As the protocol says."""
        return {"model": self.name, "season_days": SEASON_DAYS}

    def stored(self) -> Stored:
        """As the protocol says."""
        return self.history.stored()

    @classmethod
    def restore(cls, settings: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Self:
        """As the protocol says."""
        return cls(history=History.restore(settings, arrays))


def last_known(sample: Sample, area: int, rows: np.ndarray, *, days: int = 7) -> np.ndarray:
    """(row, pollutant) logarithms: the newest daily statistic known at the issue, at most `days` old; else NaN.

    Day D itself counts only when the issue waits for its hour 24.
    """
    out = np.full((len(rows), sample.observed.shape[2]), np.nan)
    newest = 0 if sample.issue_hour == 24 else 1
    for back in range(newest, newest + days):
        at = np.asarray(rows) - back
        earlier = np.where((at >= 0)[:, None], sample.observed[area, np.maximum(at, 0)], np.nan)
        out = np.where(np.isnan(out), earlier, out)
    return out
