"""What a model is here: it is fitted on a sample, gives joint scenario paths, and can describe and store itself.

Paths are concentrations, (issue, path, lead, pollutant): one path is one possible week, with the pollutants and the
days hanging together in it. AQI is applied to the paths later, under whatever edition is asked.
A model stores itself as plain arrays and plain settings, so nothing has to be unpickled to load it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Protocol, Self

import numpy as np

from forecast.features import Sample, calendar, season_distance, year_angle
from forecast.whole_days import goes_round_the_year

SEASON_DAYS = 40.0
"""Half width of the season window of past days; chosen among 15, 25, 40, 60 by CRPS inside the training years."""

HEADROOM = np.log(1.25)
"""A path may exceed the largest daily value of the training window by a quarter, not more (a guard, not a limit)."""

Stored = tuple[dict[str, Any], dict[str, np.ndarray]]
"""Settings that JSON can hold, and arrays."""


class Model(Protocol):
    """The one small protocol of all models."""

    @property
    def name(self) -> str:
        """Short name, as shown on products and in tables."""

    @property
    def looks_back(self) -> int:
        """How many days before the row, beyond a predictor's own memory, the sample must hold; 0 for most."""

    def fit(self, sample: Sample) -> Self:
        """The model fitted on all rows of the sample; the sample ends where training ends."""

    def paths(self, sample: Sample, *, area: str, rows: np.ndarray, count: int, seeds: np.ndarray) -> np.ndarray:
        """`count` joint paths of concentrations for each row: (row, path, lead, pollutant), ug/m3 (co mg/m3).

        Only rows up to and including the row itself may be looked at. A pollutant never seen in training is NaN.
        `seeds`: one whole number per row; equal seeds give equal paths.
        """

    def describe(self) -> Mapping[str, Any]:
        """Settings and learned weights in words and numbers, fit for JSON."""

    def stored(self) -> Stored:
        """What :meth:`restore` needs."""

    @classmethod
    def restore(cls, settings: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Self:
        """The model again."""


class Anchor:
    """The usual level of a day of the year: one harmonic, weekend and holiday, per area and pollutant.

    The calendar terms are held small by a penalty: two years cannot tell a weekend effect from luck.
    """

    def __init__(self, coefficients: np.ndarray) -> None:
        self.coefficients = coefficients
        """(area, pollutant, term); NaN for a pollutant the training never saw."""

    @classmethod
    def fit(cls, sample: Sample, *, rows: np.ndarray | None = None, penalty: float = 60.0) -> Anchor:
        """Ridge on the observed logarithms of some rows (all); the constant and the harmonic are not penalised.

        Days that do not go round the year (whole_days) cannot tell a season from a trend: for that area and pollutant
        the harmonic is held at nothing then.
        """
        terms = terms_of(sample.days)
        inside = np.ones(len(terms), dtype=bool) if rows is None else np.isin(np.arange(len(terms)), rows)
        out = np.full((*sample.observed.shape[::2], terms.shape[1]), np.nan)
        for area, pollutant in np.ndindex(out.shape[:2]):
            values = sample.observed[area, :, pollutant]
            known = ~np.isnan(values)
            there = inside & known
            if there.any():
                wave = 1e-3 if goes_round_the_year(sample.days[known]) else 1e6
                punish = np.diag([0.0, wave, wave, penalty, penalty])
                design = terms[there]
                out[area, pollutant] = np.linalg.solve(
                    design.T @ design + punish + 1e-9 * np.eye(len(punish)), design.T @ values[there]
                )
        return cls(out)

    def of(self, place: int) -> Anchor:
        """The anchor of one area: of many areas only one is worked out then."""
        return Anchor(self.coefficients[place][None])

    def at(self, days: np.ndarray) -> np.ndarray:
        """(area, day, pollutant) logarithms."""
        usual: np.ndarray = np.einsum("dt,apt->adp", terms_of(days), self.coefficients)
        return usual

    def ahead(self, days: np.ndarray, leads: int) -> np.ndarray:
        """(area, day, lead, pollutant): the anchor of the days ahead of each day."""
        return np.stack([self.at(days + np.timedelta64(lead, "D")) for lead in range(1, leads + 1)], axis=2)


def key_of(days: np.ndarray) -> bytes:
    """Days as something that can be looked up, for what is the same for station after station."""
    return days.astype("datetime64[D]").astype(np.int64).tobytes()


def days_of(key: bytes) -> np.ndarray:
    """The days of :func:`key_of`."""
    return np.frombuffer(key, dtype=np.int64).astype("datetime64[D]")


def terms_of(days: np.ndarray) -> np.ndarray:
    """(day, 5), not to be written to: constant, one harmonic of the year, weekend, holiday."""
    return _terms(key_of(days))


@lru_cache(maxsize=256)
def _terms(days: bytes) -> np.ndarray:
    """Of the same days station after station."""
    given = days_of(days)
    angle = 2 * np.pi * year_angle(given)
    made = np.column_stack([np.ones(len(given)), np.sin(angle), np.cos(angle), calendar(given)])
    made.flags.writeable = False
    return made


def season_weights(history: np.ndarray, days: np.ndarray, *, width: float = SEASON_DAYS) -> np.ndarray:
    """(day, history day): 1 inside the season window around each day, else 0; at least the 30 nearest days count."""
    apart = season_distance(days[:, None], history[None, :])
    nearest = np.partition(apart, min(30, apart.shape[1]) - 1, axis=1)[:, min(30, apart.shape[1]) - 1]
    return (apart <= np.maximum(width, nearest)[:, None]).astype(np.float64)


def pick(weights: np.ndarray, count: int, seeds: np.ndarray) -> np.ndarray:
    """(row, count) column numbers drawn systematically by weight: each column as often as its share, within one draw.

    >>> pick(np.array([[1.0, 0.0, 3.0]]), 4, np.array([7]))
    array([[2, 2, 0, 2]])
    """
    out = np.empty((len(weights), count), dtype=np.intp)
    for row, (weight, seed) in enumerate(zip(weights, seeds, strict=True)):
        random = np.random.default_rng(int(seed))
        ladder = np.cumsum(weight)
        steps = (np.arange(count) + random.random()) / count * ladder[-1]
        out[row] = np.minimum(np.searchsorted(ladder, steps, side="right"), len(ladder) - 1)
        out[row] = out[row][random.permutation(count)]
    return out


def ceiling(observed: np.ndarray) -> np.ndarray:
    """(area, pollutant): the largest logarithm a path may reach; infinite where nothing was observed."""
    filled = np.where(np.isnan(observed), -np.inf, observed).max(axis=1)
    return np.where(np.isinf(filled), np.inf, filled + HEADROOM)


def without_gaps(sample: Sample, anchor: Anchor) -> np.ndarray:
    """(area, day, pollutant): the observed logarithms with their gaps filled, for use as patterns, never as truth.

    A gap gets the anchor plus the mean departure of the other areas on that day, or else the departure of the nearest
    day of the area itself. Pollutants never seen stay NaN.
    """
    usual = anchor.at(sample.days)
    departure = sample.observed - usual
    known = ~np.isnan(departure)
    total, number = np.where(known, departure, 0.0).sum(axis=0), known.sum(axis=0)
    others = np.divide(total, number, out=np.full(total.shape, np.nan), where=number > 0)
    departure = np.where(known, departure, others)
    for area, pollutant in np.ndindex(departure.shape[0], departure.shape[2]):
        there = np.flatnonzero(~np.isnan(departure[area, :, pollutant]))
        if len(there) and not np.isnan(usual[area, 0, pollutant]):
            every = np.arange(departure.shape[1])
            after = np.clip(np.searchsorted(there, every), 0, len(there) - 1)
            before = np.clip(after - 1, 0, len(there) - 1)
            closer = np.abs(there[before] - every) <= np.abs(there[after] - every)
            departure[area, :, pollutant] = departure[area, np.where(closer, there[before], there[after]), pollutant]
    filled: np.ndarray = usual + departure
    return filled
