"""The classical baseline: a harmonic regression with autoregressive errors, per area and pollutant (statsmodels)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np

from forecast.features import LEADS, Sample, from_log
from forecast.models.base import SEASON_DAYS, Anchor, Stored, pick, season_weights, terms_of, without_gaps
from forecast.models.simple import History

LAGS = 2
"""Days of memory in the error term."""


@dataclass(frozen=True, slots=True, eq=False)
class Harmonic:
    """log concentration = harmonic of the year + calendar + AR(2) error; the spread is the training's own errors."""

    looks_back: ClassVar[int] = 0
    name: str = "harmonic"
    history: History = field(default_factory=History)
    coefficients: np.ndarray | None = None
    """(area, pollutant, term) of the regression."""
    memory: np.ndarray | None = None
    """(area, pollutant, lag) of the error."""

    def fit(self, sample: Sample) -> Self:
        """Iterated generalised least squares (statsmodels GLSAR); gaps are filled as patterns are, see base."""
        import statsmodels.api as sm

        filled = without_gaps(sample, Anchor.fit(sample))
        terms = terms_of(sample.days)
        shape = (filled.shape[0], filled.shape[2])
        coefficients, memory = np.full((*shape, terms.shape[1]), np.nan), np.zeros((*shape, LAGS))
        for area, pollutant in np.ndindex(shape):
            values = filled[area, :, pollutant]
            if not np.isnan(values).any():
                fitted = sm.GLSAR(values, terms, rho=LAGS)
                coefficients[area, pollutant] = fitted.iterative_fit(maxiter=8).params
                memory[area, pollutant] = fitted.rho
        return type(self)(history=History.of(sample), coefficients=coefficients, memory=memory)

    def _middle(self, days: np.ndarray, logs: np.ndarray, place: int) -> np.ndarray:
        """(row, lead, pollutant) from (row, lag, pollutant) logarithms, newest first."""
        assert self.coefficients is not None and self.memory is not None
        anchor = Anchor(self.coefficients[place : place + 1])
        back = np.stack([anchor.at(days - np.timedelta64(lag, "D"))[0] for lag in range(LAGS)], axis=1)
        errors = [np.nan_to_num(logs - back)[:, lag] for lag in range(LAGS)]
        ahead = anchor.ahead(days, LEADS)[0]
        out = np.empty_like(ahead)
        for lead in range(LEADS):
            following = sum(self.memory[place, :, lag] * errors[lag] for lag in range(LAGS))
            errors = [following, *errors[:-1]]
            out[:, lead] = ahead[:, lead] + following
        middle: np.ndarray = out
        return middle

    def paths(self, sample: Sample, *, area: str, rows: np.ndarray, count: int, seeds: np.ndarray) -> np.ndarray:
        """The regression carried on, plus whole weeks of its own past errors of the same season."""
        past = self.history
        place = past.place(area)
        assert past.days is not None and past.logs is not None and past.top is not None
        weeks = past.weeks(place)
        before = np.stack([past.logs[place, : len(weeks)], past.logs[place, np.arange(len(weeks)) - 1]], axis=1)
        errors = (weeks - self._middle(past.days[: len(weeks)], before, place))[1:]
        newest = 0 if sample.issue_hour == 24 else 1  # day D is over only when the issue waits for its hour 24
        recent = np.stack([sample.observed[sample.index(area), np.asarray(rows) - newest - lag] for lag in (0, 1)], 1)
        recent[np.asarray(rows) - newest < 1] = np.nan
        middle = self._middle(sample.days[rows], recent, place)
        inside = season_weights(past.days[1 : len(weeks)], sample.days[rows])
        return from_log(np.minimum(middle[:, None] + errors[pick(inside, count, seeds)], past.top[place]))

    def describe(self) -> Mapping[str, Any]:
        """As the protocol says."""
        return {"model": self.name, "lags": LAGS, "season_days": SEASON_DAYS}

    def stored(self) -> Stored:
        """As the protocol says."""
        settings, arrays = self.history.stored()
        assert self.coefficients is not None and self.memory is not None
        return settings, {**arrays, "coefficients": self.coefficients, "memory": self.memory}

    @classmethod
    def restore(cls, settings: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Self:
        """As the protocol says."""
        history = History.restore(settings, arrays)
        return cls(history=history, coefficients=arrays["coefficients"], memory=arrays["memory"])
