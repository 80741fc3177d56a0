"""Day by day: one step from today's index and tomorrow's weather to tomorrow's index, taken seven times.

One global LightGBM for all leads sees seven times the days that a model per lead sees, and learns what weather does to
the air where the weather is known best, at lead 1; it then believes the weather of the later leads as much. Where runs
are wrong that is too much, so it is never used alone: models.pooled weighs it by lead against those that believe less.

A step (models.step) knows the index of the last days, the level of PM2.5 in the last evening, the weather of the day
and of the day before it: how the air of a day came about says how much of it is left. It says two things, tomorrow's
index and tomorrow's evening, and both are the next step's today.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from forecast import almanac
from forecast.features import LEADS, Sample, from_log, season
from forecast.models.base import Anchor, Stored
from forecast.models.direct import LEVELS, folds_of, log_aqi, near_folds
from forecast.models.seasonal import season_of, shifts_of
from forecast.models.step import Step
from forecast.weather import DAILY
from plans.errors import DataError

BACK = 30
"""Days of the index that a step looks back on."""

EVENING = "pm25_level_6h"
"""The predictor that says how a day ends; unknown where PM2.5 is not measured."""


@dataclass(frozen=True, slots=True, eq=False)
class Chained:
    """See the module."""

    folds: int = 6
    rounds: int = 200
    rows: int = 12000
    """At most so many training rows, thinned evenly."""
    areas: tuple[str, ...] = ()
    index: Step | None = None
    evening: Step | None = None
    shifts: np.ndarray | None = None
    """(season, lead, level): from the chain's middle to its quantiles, learned on unseen days."""

    @property
    def counts(self) -> tuple[int, ...]:
        """Trees, as models.direct says them per lead."""
        return (self.rounds,)

    def fit(self, sample: Sample) -> tuple[Self, np.ndarray]:
        """Fitted on all rows, and what it said of days left out: (area, day, lead, level) log AQI, NaN unknown.

        DataError: no weather ahead in the sample.
        """
        if not len(columns(sample)):
            raise DataError("There is no weather ahead to chain days by", expected="daily weather", found="none")
        index, evening = log_aqi(from_log(sample.observed)), evenings(sample)
        days = len(sample.days)
        fold = folds_of(days, self.folds)
        near = near_folds(fold, self.folds)
        middle = np.full((*index.shape, LEADS), np.nan)
        for number in range(self.folds):
            steps = self._learned(sample, index, evening, np.flatnonzero(~near[:, number]))
            rows = np.flatnonzero(fold == number)
            middle[:, rows] = chain(steps, sample, rows)
        truth = np.full(middle.shape, np.nan)
        for lead in range(1, LEADS + 1):
            truth[:, :-lead, lead - 1] = index[:, lead:]
        shifts = shifts_of(sample.days, np.repeat((truth - middle)[..., None], len(LEVELS), axis=-1))
        steps = self._learned(sample, index, evening, np.arange(days))
        made = replace(self, areas=sample.areas, index=steps[0], evening=steps[1], shifts=shifts)
        return made, made._quantiles(middle, sample.days)

    def quantiles(self, sample: Sample, rows: np.ndarray, *, anchor: Anchor | None = None) -> np.ndarray:  # noqa: ARG002
        """(area, row, lead, level) log AQI of some rows."""
        assert self.index is not None and self.evening is not None
        return self._quantiles(chain((self.index, self.evening), sample, rows), sample.days[rows])

    def _quantiles(self, middle: np.ndarray, days: np.ndarray) -> np.ndarray:
        assert self.shifts is not None
        return np.sort(middle[..., None] + self.shifts[season_of(days)], axis=-1)

    def _learned(self, sample: Sample, index: np.ndarray, evening: np.ndarray, days: np.ndarray) -> tuple[Step, Step]:
        """The steps to tomorrow's index and to tomorrow's evening, of the days whose morrow is among them."""
        days = days[np.isin(days + 1, days)]
        weather = sample.ahead[:, days, 0][..., columns(sample)]
        table = predictors(history(index)[:, days], evening[:, days], weather, sample.days[days] + 1)
        table = table.reshape(-1, table.shape[-1])
        known = np.flatnonzero(~np.isnan(index[:, days + 1].ravel()))
        known = known[np.unique(np.linspace(0, len(known) - 1, min(self.rows, len(known))).astype(np.intp))]
        morrow = [
            Step.learned(table[known], to[:, days + 1].ravel()[known], rounds=self.rounds) for to in (index, evening)
        ]
        return morrow[0], morrow[1]

    def stored(self) -> Stored:
        """Settings and arrays."""
        assert self.index is not None and self.evening is not None and self.shifts is not None
        settings = {"chained": True, "folds": self.folds, "rounds": self.rounds, "rows": self.rows}
        steps = self.index.arrays("index/") | self.evening.arrays("evening/")
        return {**settings, "areas": list(self.areas)}, {"shifts": self.shifts, **steps}

    @classmethod
    def restore(cls, settings: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Self:
        """The expert of :meth:`stored`."""
        numbers = {name: settings[name] for name in ("folds", "rounds", "rows")}
        index, evening = (Step.restore(arrays, f"{name}/") for name in ("index", "evening"))
        areas = tuple(settings["areas"])
        return cls(**numbers, areas=areas, index=index, evening=evening, shifts=arrays["shifts"])


def columns(sample: Sample) -> np.ndarray:
    """Places, among the predictors ahead, of the weather of the day, of the day before it and of the change between.

    A step needs no more: the chain remembers.
    """
    wanted = {f"{name}{end}" for name in DAILY for end in ("", "_before", "_step")}
    return np.array([place for place, name in enumerate(sample.ahead_names) if name in wanted], dtype=np.intp)


def evenings(sample: Sample) -> np.ndarray:
    """(area, day): log PM2.5 of the last six hours before the issue, NaN unknown."""
    if EVENING not in sample.names:
        return np.full(sample.predictors.shape[:2], np.nan)
    out: np.ndarray = sample.predictors[..., sample.names.index(EVENING)]
    return out


def history(index: np.ndarray) -> np.ndarray:
    """(area, day, BACK): log AQI of the last days, newest last; a gap keeps the value before it, as does the begin."""
    held = index.copy()
    for day in range(1, held.shape[1]):
        held[:, day] = np.where(np.isnan(held[:, day]), held[:, day - 1], held[:, day])
    at = (~np.isnan(held)).argmax(axis=1)
    first = held[np.arange(len(held)), at]
    held = np.where(np.isnan(held), first[:, None], held)
    out = np.empty((*index.shape, BACK))
    for back in range(BACK):
        out[:, back:, BACK - 1 - back] = held[:, : max(0, held.shape[1] - back)]
        out[:, :back, BACK - 1 - back] = first[:, None]
    return out


def predictors(past: np.ndarray, evening: np.ndarray, weather: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """(area, row, predictor) of a step: the index of the last days, the last evening, the weather, the calendar."""
    own = [past[..., -back] for back in (1, 2, 3, 4, 7, 14)]
    own += [past[..., -width:].mean(axis=-1) for width in (3, 7, BACK)]
    own += [past[..., -7:].std(axis=-1), past[..., -7:].max(axis=-1)]
    own += [evening, evening - past[..., -1]]
    fixed = [*list(season(valid).values())[:2], *almanac.table(valid).T]
    own += [np.broadcast_to(value, past.shape[:2]) for value in fixed]
    return np.concatenate([np.stack(own, axis=-1), weather], axis=-1)


def chain(steps: tuple[Step, Step], sample: Sample, rows: np.ndarray) -> np.ndarray:
    """(area, row, lead) log AQI: every step's answers are the next step's today."""
    chosen = columns(sample)
    past = history(log_aqi(from_log(sample.observed)))[:, rows]
    evening = evenings(sample)[:, rows]
    out = np.empty((*past.shape[:2], LEADS))
    for lead in range(LEADS):
        valid = sample.days[rows] + np.timedelta64(lead + 1, "D")
        table = predictors(past, evening, sample.ahead[:, rows, lead][..., chosen], valid)
        table = table.reshape(-1, table.shape[-1])
        out[..., lead], evening = (step.predict(table).reshape(past.shape[:2]) for step in steps)
        past = np.concatenate([past[..., 1:], out[..., lead, None]], axis=-1)
    return out
