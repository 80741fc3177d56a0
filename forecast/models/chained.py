"""Day by day: one step from today's index and tomorrow's weather to tomorrow's index, taken seven times.

One global LightGBM for all leads sees seven times the days that a model per lead sees, and learns what weather does to
the air where the weather is known best, at lead 1; it then believes the weather of the later leads as much. Where runs
are wrong that is too much, so it is never used alone: models.pooled weighs it by lead against those that believe less.
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
from forecast.models.trees import Trees
from forecast.weather import DAILY
from plans.errors import DataError

BACK = 30
"""Days of the index that a step looks back on."""

SETTING: Mapping[str, Any] = {
    "objective": "regression", "learning_rate": 0.05, "num_leaves": 16, "min_data_in_leaf": 60, "feature_fraction": 0.4,
    "bagging_fraction": 0.7, "bagging_freq": 1, "lambda_l2": 5.0, "max_bin": 255, "num_threads": 1, "verbosity": -1,
    "seed": 1, "deterministic": True, "force_col_wise": True,
}  # fmt: skip
"""Trained at lead 1, 4 and a mixture of leads on folds inside the training years: lead 1 added most to the pool."""


@dataclass(frozen=True, slots=True, eq=False)
class Chained:
    """See the module."""

    folds: int = 6
    rounds: int = 200
    rows: int = 12000
    """At most so many training rows, thinned evenly."""
    areas: tuple[str, ...] = ()
    step: Trees | None = None
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
        if not len(raw_columns(sample)):
            raise DataError("There is no weather ahead to chain days by", expected="daily weather", found="none")
        index = log_aqi(from_log(sample.observed))
        days = len(sample.days)
        fold = folds_of(days, self.folds)
        near = near_folds(fold, self.folds)
        past = history(index)
        middle = np.full((*index.shape, LEADS), np.nan)
        for number in range(self.folds):
            trees = self._learned(sample, index, past, np.flatnonzero(~near[:, number]))
            rows = np.flatnonzero(fold == number)
            middle[:, rows] = chain(trees, sample, past[:, rows], rows)
        truth = np.full(middle.shape, np.nan)
        for lead in range(1, LEADS + 1):
            truth[:, :-lead, lead - 1] = index[:, lead:]
        shifts = shifts_of(sample.days, np.repeat((truth - middle)[..., None], len(LEVELS), axis=-1))
        made = replace(
            self, areas=sample.areas, step=self._learned(sample, index, past, np.arange(days)), shifts=shifts
        )
        return made, made._quantiles(middle, sample.days)

    def quantiles(self, sample: Sample, rows: np.ndarray, *, anchor: Anchor | None = None) -> np.ndarray:  # noqa: ARG002
        """(area, row, lead, level) log AQI of some rows."""
        assert self.step is not None
        past = history(log_aqi(from_log(sample.observed)))[:, rows]
        return self._quantiles(chain(self.step, sample, past, rows), sample.days[rows])

    def _quantiles(self, middle: np.ndarray, days: np.ndarray) -> np.ndarray:
        assert self.shifts is not None
        return np.sort(middle[..., None] + self.shifts[season_of(days)], axis=-1)

    def _learned(self, sample: Sample, index: np.ndarray, past: np.ndarray, days: np.ndarray) -> Trees:
        import lightgbm

        days = days[np.isin(days + 1, days)]  # the day and the next one, whose index is the target
        x = predictors(past[:, days], sample.ahead[:, days, 0][..., raw_columns(sample)], sample.days[days] + 1)
        y = index[:, days + 1].ravel()
        known = np.flatnonzero(~np.isnan(y))
        known = known[np.unique(np.linspace(0, len(known) - 1, min(self.rows, len(known))).astype(np.intp))]
        data = lightgbm.Dataset(x.reshape(len(y), -1)[known].astype(np.float32), y[known], params={"verbosity": -1})
        return Trees.of_lightgbm(lightgbm.train(dict(SETTING), data, num_boost_round=self.rounds))

    def stored(self) -> Stored:
        """Settings and arrays."""
        assert self.step is not None and self.shifts is not None
        settings = {"chained": True, "folds": self.folds, "rounds": self.rounds, "rows": self.rows}
        return {**settings, "areas": list(self.areas)}, {"shifts": self.shifts, **self.step.arrays("step/")}

    @classmethod
    def restore(cls, settings: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Self:
        """The expert of :meth:`stored`."""
        numbers = {name: settings[name] for name in ("folds", "rounds", "rows")}
        step = Trees.restore(arrays, "step/")
        return cls(**numbers, areas=tuple(settings["areas"]), step=step, shifts=arrays["shifts"])


def raw_columns(sample: Sample) -> np.ndarray:
    """Places of the weather of the day itself among the predictors ahead: a step needs no more, the chain remembers."""
    return np.array([place for place, name in enumerate(sample.ahead_names) if name in DAILY], dtype=np.intp)


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


def predictors(past: np.ndarray, weather: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """(area, row, predictor) of a step: the index of the last days, the calendar and the weather of the valid day."""
    own = [past[..., -back] for back in (1, 2, 3, 4, 7, 14)]
    own += [past[..., -width:].mean(axis=-1) for width in (3, 7, BACK)]
    own += [past[..., -7:].std(axis=-1), past[..., -7:].max(axis=-1)]
    fixed = [*list(season(valid).values())[:2], *almanac.table(valid).T]
    own += [np.broadcast_to(value, past.shape[:2]) for value in fixed]
    return np.concatenate([np.stack(own, axis=-1), weather], axis=-1)


def chain(step: Trees, sample: Sample, past: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(area, row, lead) log AQI: every step's answer is the next step's past."""
    columns = raw_columns(sample)
    out = np.empty((*past.shape[:2], LEADS))
    for lead in range(LEADS):
        valid = sample.days[rows] + np.timedelta64(lead + 1, "D")
        x = predictors(past, sample.ahead[:, rows, lead][..., columns], valid)
        out[..., lead] = step.predict(x.reshape(-1, x.shape[-1]).astype(np.float32)).reshape(out.shape[:2])
        past = np.concatenate([past[..., 1:], out[..., lead, None]], axis=-1)
    return out
