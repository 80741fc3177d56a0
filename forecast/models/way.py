"""Kernel ridge over the way of the weather: one smooth regression per lead, all areas and pollutants together.

What was measured up to the issue counts for less than the weather (`reach`), the less the farther the lead; where runs
were drawn again (weather_path.redrawn) it learns from those too, and so does not trust a wrong run more than it should.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from forecast.features import LEADS, Sample
from forecast.models.base import Anchor, Stored
from forecast.models.experts import Scale, centred, centred_at, known_at, landmarks
from forecast.models.near import Places


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """Nystroem form of Gaussian kernel ridge; distances are mean squares over weighted predictors."""

    penalty: float = 0.5
    width: float = 0.5
    reach: float = 0.5
    """Weight of a predictor known at the issue, beside 1 for one of the weather ahead."""
    landmarks: int = 800
    scales: tuple[Scale, ...] = ()
    places: tuple[Places, ...] = ()
    """Per lead, in single precision as the rows that are asked about; learned in double."""
    coefficients: tuple[np.ndarray, ...] = ()

    def fit(self, sample: Sample, rows: np.ndarray, anchor: Anchor, target: np.ndarray) -> Self:
        """Fitted on some rows of all areas; a pollutant nobody measured is 0, rows with another gap are left out."""
        scales, places, coefficients = [], [], []
        weigh = self._weigh(sample)
        tables = [sample, *(replace(sample, ahead=ahead, redrawn=None) for ahead in _draws(sample))]
        for lead in range(LEADS):
            y = target[:, rows, lead].reshape(-1, target.shape[-1])
            there = ~np.isnan(y[:, ~np.isnan(y).all(axis=0)]).any(axis=1)
            weight = np.repeat(sample.weights / sample.weights.sum(), len(rows))[there]
            middle = (np.nan_to_num(y[there]) * weight[:, None]).sum(axis=0) / weight.sum()
            right_side = (np.nan_to_num(y[there]) - middle) * weight[:, None]
            scale = Scale.fit(centred(sample, anchor, lead + 1)[:, rows])
            chosen = landmarks(weight, self.landmarks)
            gram, right = 0.0, 0.0
            place: Places | None = None
            for table in tables:
                x = scale.apply(centred(table, anchor, lead + 1)[:, rows]).reshape(len(y), -1)[there] * weigh
                place = place or Places(x[chosen])
                near = place.alike(x, width=self.width)
                gram = gram + near.T @ (near * weight[:, None])
                right = right + near.T @ right_side
            assert place is not None
            own = place.alike(place.values, width=self.width)
            solved = np.linalg.solve(gram + self.penalty * own + 1e-6 * np.eye(len(chosen)), right)
            scales.append(scale)
            places.append(Places(place.values.astype(np.float32)))
            coefficients.append(np.vstack([solved, middle[None]]))
        return replace(self, scales=tuple(scales), places=tuple(places), coefficients=tuple(coefficients))

    def predict(self, sample: Sample, area: int, rows: np.ndarray, anchor: Anchor) -> np.ndarray:
        """(row, lead, pollutant) departures."""
        weigh, known = self._weigh(sample), known_at(sample, anchor, area, rows)
        out = []
        for lead, (scale, place, solved) in enumerate(zip(self.scales, self.places, self.coefficients, strict=True)):
            x = scale.apply(centred_at(sample, known, lead + 1, area, rows)) * weigh
            out.append(place.alike(x.astype(np.float32), width=self.width) @ solved[:-1] + solved[-1])
        return np.stack(out, axis=1)

    def _weigh(self, sample: Sample) -> np.ndarray:
        known, ahead = sample.predictors.shape[-1], sample.ahead.shape[-1]
        weigh = np.concatenate([np.full(known, self.reach), np.ones(ahead)])
        comparable: np.ndarray = weigh / np.sqrt((weigh**2).sum())
        return comparable

    def stored(self) -> Stored:
        """Settings and arrays."""
        arrays = {}
        for number, scale in enumerate(self.scales):
            arrays[f"middle{number}"], arrays[f"spread{number}"] = scale.middle, scale.spread
            arrays[f"places{number}"] = self.places[number].values
            arrays[f"coefficients{number}"] = self.coefficients[number]
        return {name: getattr(self, name) for name in ("penalty", "width", "reach", "landmarks")}, arrays

    @classmethod
    def restore(cls, settings: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Self:
        """The expert of :meth:`stored`."""
        leads = range(LEADS)
        return cls(
            **settings,
            scales=tuple(Scale(arrays[f"middle{number}"], arrays[f"spread{number}"]) for number in leads),
            places=tuple(Places(arrays[f"places{number}"].astype(np.float32)) for number in leads),
            coefficients=tuple(arrays[f"coefficients{number}"] for number in leads),
        )


def _draws(sample: Sample) -> np.ndarray | tuple[()]:
    return () if sample.redrawn is None else sample.redrawn
