"""Day by day: one step from today's index and tomorrow's weather to tomorrow's index, taken seven times.

One global LightGBM for all leads sees seven times the days that a model per lead sees, and learns what weather does to
the air where the weather is known best, at lead 1; it then believes the weather of the later leads as much. Where runs
are wrong that is too much, so it is never used alone: models.pooled weighs it by lead against those that believe less.

A step (models.step) knows the index of the last days, the levels at which the last day ended, the weather of the day
and of the day before it: how the air of a day came about says how much of it is left. It says tomorrow's index and how
tomorrow ends, and all of it is the next step's today.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from forecast import almanac
from forecast.features import LEADS, Sample, season
from forecast.models.base import Anchor, Stored
from forecast.models.direct import LEVELS, Past, folds_of, index_of, near_folds
from forecast.models.seasonal import season_of, shifts_of
from forecast.models.step import Step, Steps
from plans.errors import DataError

BACK = 30
"""Days of the index that a step looks back on."""

LEFT = ("pm25_level_6h", "pm25_level_1h", "no2_level_6h")
"""The predictors that say how a day ends: what it leaves to the next. Unknown where the pollutant is not measured."""

REMEMBERED = ("_two_before", "_three", "_way", "_memory", "_next", "_days_since")
"""Ends of the predictors of forecast.weather_path that look beyond the day and the one before it."""


@dataclass(frozen=True, slots=True, eq=False)
class Chained:
    """See the module."""

    folds: int = 6
    rounds: int = 200
    rows: int = 12000
    """At most so many training rows, thinned evenly."""
    areas: tuple[str, ...] = ()
    index: Step | None = None
    left: tuple[Step, ...] = ()
    """To tomorrow's end, in the order of LEFT."""
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
        index = index_of(sample.observed)
        days = len(sample.days)
        fold = folds_of(days, self.folds)
        near = near_folds(fold, self.folds)
        middle = np.full((*index.shape, LEADS), np.nan)
        for number in range(self.folds):
            steps = self._learned(sample, index, np.flatnonzero(~near[:, number]))
            rows = np.flatnonzero(fold == number)
            middle[:, rows] = chain(steps, sample, rows, index=index)
        truth = np.full(middle.shape, np.nan)
        for lead in range(1, LEADS + 1):
            truth[:, :-lead, lead - 1] = index[:, lead:]
        shifts = shifts_of(sample.days, np.repeat((truth - middle)[..., None], len(LEVELS), axis=-1))
        steps = self._learned(sample, index, np.arange(days))
        made = replace(self, areas=sample.areas, index=steps[0], left=steps[1:], shifts=shifts)
        return made, made._quantiles(middle, sample.days)

    def quantiles(
        self,
        sample: Sample,
        rows: np.ndarray,
        *,
        past: Past,
        anchor: Anchor | None = None,  # noqa: ARG002
    ) -> np.ndarray:
        """(area, row, lead, level) log AQI of some rows; as models.direct is asked."""
        assert self.index is not None
        said = chain((self.index, *self.left), sample, rows, index=past.own)
        return self._quantiles(said, sample.days[rows])

    def _quantiles(self, middle: np.ndarray, days: np.ndarray) -> np.ndarray:
        assert self.shifts is not None
        return np.sort(middle[..., None] + self.shifts[season_of(days)], axis=-1)

    def _learned(self, sample: Sample, index: np.ndarray, days: np.ndarray) -> tuple[Step, ...]:
        """The steps to tomorrow's index and to its end, of the days whose morrow is among them."""
        left = left_behind(sample)
        days = days[np.isin(days + 1, days)]
        weather = sample.ahead[:, days, 0][..., columns(sample)]
        table = predictors(history(index)[:, days], left[:, :, days], weather, sample.days[days] + 1)
        table = table.reshape(-1, table.shape[-1])
        known = np.flatnonzero(~np.isnan(index[:, days + 1].ravel()))
        known = known[np.unique(np.linspace(0, len(known) - 1, min(self.rows, len(known))).astype(np.intp))]
        return tuple(
            Step.learned(table[known], to[:, days + 1].ravel()[known], rounds=self.rounds) for to in (index, *left)
        )

    def stored(self) -> Stored:
        """Settings and arrays."""
        assert self.index is not None and self.shifts is not None
        settings = {"chained": True, "folds": self.folds, "rounds": self.rounds, "rows": self.rows}
        steps = self.index.arrays("index/")
        for name, step in zip(LEFT, self.left, strict=True):
            steps |= step.arrays(f"{name}/")
        return {**settings, "areas": list(self.areas)}, {"shifts": self.shifts, **steps}

    @classmethod
    def restore(cls, settings: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Self:
        """The expert of :meth:`stored`."""
        numbers = {name: settings[name] for name in ("folds", "rounds", "rows")}
        index, *left = (Step.restore(arrays, f"{name}/") for name in ("index", *LEFT))
        areas = tuple(settings["areas"])
        return cls(**numbers, areas=areas, index=index, left=tuple(left), shifts=arrays["shifts"])


def columns(sample: Sample) -> np.ndarray:
    """Places, among the predictors ahead, of the weather of the day, of the day before it and of the change between.

    A step needs no more: the chain remembers.
    """
    return np.array(
        [place for place, name in enumerate(sample.ahead_names) if not name.endswith(REMEMBERED)], dtype=np.intp
    )


def left_behind(sample: Sample) -> np.ndarray:
    """(quantity of LEFT, area, day): logs of the levels in the last hours before the issue, NaN unknown."""
    unknown = np.full(sample.predictors.shape[:2], np.nan)
    return np.stack(
        [sample.predictors[..., sample.names.index(name)] if name in sample.names else unknown for name in LEFT]
    )


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


def predictors(past: np.ndarray, left: np.ndarray, weather: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """(area, row, predictor) of a step: the index of the last days, how the last one ended, weather, calendar."""
    own = [past[..., -back] for back in (1, 2, 3, 4, 7, 14)]
    own += [past[..., -width:].mean(axis=-1) for width in (3, 7, BACK)]
    own += [past[..., -7:].std(axis=-1), past[..., -7:].max(axis=-1)]
    own += [value for one in left for value in (one, one - past[..., -1])]
    fixed = [*list(season(valid).values())[:2], *almanac.table(valid).T]
    own += [np.broadcast_to(value, past.shape[:2]) for value in fixed]
    return np.concatenate([np.stack(own, axis=-1), weather], axis=-1)


def chain(steps: tuple[Step, ...], sample: Sample, rows: np.ndarray, *, index: np.ndarray) -> np.ndarray:
    """(area, row, lead) log AQI: every step's answers are the next step's today; `index`: (area, day), observed."""
    chosen, together = columns(sample), Steps(steps)
    past = history(index)[:, rows]
    left = left_behind(sample)[:, :, rows]
    out = np.empty((*past.shape[:2], LEADS))
    for lead in range(LEADS):
        valid = sample.days[rows] + np.timedelta64(lead + 1, "D")
        table = predictors(past, left, sample.ahead[:, rows, lead][..., chosen], valid)
        table = table.reshape(-1, table.shape[-1])
        said = together.predict(table).reshape(len(steps), *past.shape[:2])
        out[..., lead], left = said[0], said[1:]
        past = np.concatenate([past[..., 1:], said[0][..., None]], axis=-1)
    return out
