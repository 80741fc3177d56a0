"""Two ways to see the days ahead in the predictors: smooth resemblance (kernel ridge) and thresholds (boosted trees).

Both predict the departure of the logarithm from the anchor, for every lead directly, from standardised predictors in
which a missing value is the mean. The kernel sees all leads and pollutants at once; the trees work at the first leads
only, because further out they found nothing that held on folds inside the training years.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from forecast.features import LEADS, TARGETS, Sample
from forecast.models.base import Anchor, Stored
from forecast.models.near import Places
from forecast.models.trees import Trees

CLIP = 4.0
"""Standardised predictors are held within this: an instrument's folly must not carry a forecast away."""


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """Predictors made comparable: levels less their anchor, then mean 0 and spread 1, missing 0."""

    middle: np.ndarray
    spread: np.ndarray

    @classmethod
    def fit(cls, centred: np.ndarray) -> Self:
        """From (area, day, predictor)."""
        flat = centred.reshape(-1, centred.shape[-1])
        known = ~np.isnan(flat)
        number = np.maximum(known.sum(axis=0), 1)
        middle = np.where(known, flat, 0.0).sum(axis=0) / number
        spread = np.sqrt((np.where(known, flat - middle, 0.0) ** 2).sum(axis=0) / number)
        return cls(middle, np.where(spread > 1e-9, spread, 1.0))

    def apply(self, centred: np.ndarray) -> np.ndarray:
        """The comparable predictors, same shape, no NaN."""
        comparable: np.ndarray = (centred - self.middle) / self.spread
        comparable[np.isnan(comparable)] = 0.0
        return np.clip(comparable, -CLIP, CLIP, out=comparable)


def centred(sample: Sample, anchor: Anchor, lead: int, *, rows: np.ndarray | None = None) -> np.ndarray:
    """(area, row, predictor): predictors of a lead (1..7), levels as departures from the anchor of day D.

    `rows`: places of days, all without a word.
    """
    rows = np.arange(len(sample.days)) if rows is None else rows
    usual = anchor.at(sample.days[rows])
    out: np.ndarray = sample.predictors[:, rows]
    levels = np.flatnonzero(sample.level_of >= 0)
    out[..., levels] -= usual[..., sample.level_of[levels]]
    if not sample.ahead.shape[-1]:
        return out
    return np.concatenate([out, sample.ahead[:, rows, lead - 1]], axis=-1)


def known_at(sample: Sample, anchor: Anchor, area: int, rows: np.ndarray) -> np.ndarray:
    """(row, predictor): what :func:`centred` says of some rows of one area, without the weather ahead."""
    usual = anchor.of(area).at(sample.days[rows])[0]
    out: np.ndarray = sample.predictors[area, rows]
    levels = np.flatnonzero(sample.level_of >= 0)
    out[:, levels] -= usual[:, sample.level_of[levels]]
    return out


def centred_at(sample: Sample, known: np.ndarray, lead: int, area: int, rows: np.ndarray) -> np.ndarray:
    """(row, predictor): what :func:`known_at` gave, and the weather ahead of a lead (1..7) beside it."""
    if not sample.ahead.shape[-1]:
        return known
    return np.concatenate([known, sample.ahead[area, rows, lead - 1]], axis=-1)


def departures(sample: Sample, anchor: Anchor, filled: np.ndarray) -> np.ndarray:
    """(area, day, lead, pollutant): targets less anchor, gaps filled from `filled` (see base.without_gaps)."""
    targets = sample.targets()
    for lead in range(1, LEADS + 1):
        if lead < targets.shape[1]:
            held = targets[:, :-lead, lead - 1]
            targets[:, :-lead, lead - 1] = np.where(np.isnan(held), filled[:, lead:], held)
    departure: np.ndarray = targets - anchor.ahead(sample.days, LEADS)
    # A pollutant an area never measures takes the others' departures here, so that its rows are not lost for the rest.
    never = np.isnan(anchor.coefficients[..., 0])
    for area, pollutant in np.argwhere(never):
        measuring = np.flatnonzero(~never[:, pollutant])
        if len(measuring):
            departure[area, :, :, pollutant] = departure[measuring, :, :, pollutant].mean(axis=0)
    return departure


@dataclass(frozen=True, slots=True, eq=False)
class Kernel:
    """Ridge regression on the resemblance to landmark days (Nystroem form of Gaussian kernel ridge)."""

    penalty: float = 0.5
    width: float = 0.3
    """Of the Gaussian: exp(-width * mean squared difference of the standardised predictors)."""
    landmarks: int = 800
    rows: int = 16000
    """At most so many training rows, drawn by weight: twelve stations of two years have fewer, a province has more."""
    scales: tuple[Scale, ...] = ()
    places: tuple[Places, ...] = ()
    coefficients: tuple[np.ndarray, ...] = ()

    def fit(self, sample: Sample, rows: np.ndarray, anchor: Anchor, target: np.ndarray) -> Self:
        """Fitted on some rows; one solution for all leads when no weather ahead differs between them."""
        scales, places, coefficients = [], [], []
        for group in _groups(sample):
            inside = centred(sample, anchor, group[0] + 1)[:, rows]
            scale = Scale.fit(inside)
            x = scale.apply(inside).reshape(-1, inside.shape[-1])
            y = target[:, rows][:, :, group].reshape(len(x), -1)
            weight = np.repeat(sample.weights, len(rows))
            there = ~np.isnan(y[:, _any_known(y)]).any(axis=1)
            x, y, weight = x[there], np.nan_to_num(y[there]), weight[there]
            if len(x) > self.rows:
                few, total = landmarks(weight, self.rows), weight.sum()
                x, y, weight = x[few], y[few], np.full(len(few), total / len(few))  # the draw was by weight already
            chosen = landmarks(weight, self.landmarks)
            place = Places(x[chosen])
            near = place.alike(x, width=self.width / x.shape[1])
            # Equal landmarks make the matrix singular; the small diagonal decides between them.
            gram = near.T @ (near * weight[:, None]) / sample.weights.sum()
            gram += self.penalty * place.alike(place.values, width=self.width / x.shape[1]) + 1e-6 * np.eye(len(chosen))
            right = near.T @ (y * weight[:, None]) / sample.weights.sum()
            scales.append(scale)
            places.append(place)
            coefficients.append(np.linalg.solve(gram, right).reshape(len(chosen), len(group), -1))
        return replace(self, scales=tuple(scales), places=tuple(places), coefficients=tuple(coefficients))

    def predict(self, sample: Sample, area: int, rows: np.ndarray, anchor: Anchor) -> np.ndarray:
        """(row, lead, pollutant) departures."""
        parts, known = [], known_at(sample, anchor, area, rows)
        for number, (scale, place, coefficient) in enumerate(
            zip(self.scales, self.places, self.coefficients, strict=True)
        ):
            x = scale.apply(centred_at(sample, known, number + 1, area, rows))
            near = place.alike(x, width=self.width / x.shape[1])
            parts.append(np.einsum("rm,mlp->rlp", near, coefficient))
        return np.concatenate(parts, axis=1)

    def stored(self) -> Stored:
        """Settings and arrays."""
        arrays = {}
        for number, scale in enumerate(self.scales):
            arrays[f"middle{number}"], arrays[f"spread{number}"] = scale.middle, scale.spread
            arrays[f"places{number}"] = self.places[number].values
            arrays[f"coefficients{number}"] = self.coefficients[number]
        settings = {name: getattr(self, name) for name in ("penalty", "width", "landmarks", "rows")}
        return {**settings, "groups": len(self.scales)}, arrays

    @classmethod
    def restore(cls, settings: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Self:
        """The expert of :meth:`stored`."""
        groups = range(settings["groups"])
        return cls(
            settings["penalty"],
            settings["width"],
            settings["landmarks"],
            settings["rows"],
            tuple(Scale(arrays[f"middle{number}"], arrays[f"spread{number}"]) for number in groups),
            tuple(Places(arrays[f"places{number}"]) for number in groups),
            tuple(arrays[f"coefficients{number}"] for number in groups),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """Ridge regression with a strong penalty: the cautious expert, for the leads at which little is known."""

    penalty: float = 1.4
    """In units of the predictors' own spread, per training day."""
    scales: tuple[Scale, ...] = ()
    coefficients: tuple[np.ndarray, ...] = ()

    def fit(self, sample: Sample, rows: np.ndarray, anchor: Anchor, target: np.ndarray) -> Self:
        """Fitted on some rows of all areas."""
        scales, coefficients = [], []
        for group in _groups(sample):
            inside = centred(sample, anchor, group[0] + 1)[:, rows]
            scale = Scale.fit(inside)
            x = scale.apply(inside).reshape(-1, inside.shape[-1])
            y = target[:, rows][:, :, group].reshape(len(x), -1)
            weight = np.repeat(sample.weights, len(rows))
            there = ~np.isnan(y[:, _any_known(y)]).any(axis=1)
            x, y, weight = x[there], np.nan_to_num(y[there]), weight[there]
            weight = weight / weight.sum()
            gram = x.T @ (x * weight[:, None]) + self.penalty * np.eye(x.shape[1])
            scales.append(scale)
            solution = np.linalg.solve(gram, x.T @ (y * weight[:, None]))
            coefficients.append(solution.reshape(x.shape[1], len(group), -1))
        return type(self)(self.penalty, tuple(scales), tuple(coefficients))

    def predict(self, sample: Sample, area: int, rows: np.ndarray, anchor: Anchor) -> np.ndarray:
        """(row, lead, pollutant) departures."""
        known = known_at(sample, anchor, area, rows)
        parts = [
            np.einsum("rf,flp->rlp", scale.apply(centred_at(sample, known, number + 1, area, rows)), coefficient)
            for number, (scale, coefficient) in enumerate(zip(self.scales, self.coefficients, strict=True))
        ]
        return np.concatenate(parts, axis=1)

    def stored(self) -> Stored:
        """Settings and arrays."""
        arrays = {}
        for number, scale in enumerate(self.scales):
            arrays[f"middle{number}"], arrays[f"spread{number}"] = scale.middle, scale.spread
            arrays[f"coefficients{number}"] = self.coefficients[number]
        return {"penalty": self.penalty, "groups": len(self.scales)}, arrays

    @classmethod
    def restore(cls, settings: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Self:
        """The expert of :meth:`stored`."""
        groups = range(settings["groups"])
        scales = tuple(Scale(arrays[f"middle{number}"], arrays[f"spread{number}"]) for number in groups)
        return cls(settings["penalty"], scales, tuple(arrays[f"coefficients{number}"] for number in groups))


@dataclass(frozen=True, slots=True, eq=False)
class Boosted:
    """One boosted regression per pollutant and early lead, on the rows of all areas (a share of them when many)."""

    leads: int = 1
    trees: int = 60
    rows: int = 1500
    """At most so many training rows; areas with more stations behind them are taken first."""
    scale: Scale | None = None
    fitted: Mapping[str, Trees] = ()  # type: ignore[assignment]

    def fit(self, sample: Sample, rows: np.ndarray, anchor: Anchor, target: np.ndarray) -> Self:
        """Fitted on some rows (scikit-learn's HistGradientBoostingRegressor, squared error)."""
        from sklearn.ensemble import HistGradientBoostingRegressor

        fitted = {}
        scale = Scale.fit(centred(sample, anchor, 1)[:, rows])
        for lead in range(1, self.leads + 1):
            x = scale.apply(centred(sample, anchor, lead)[:, rows])
            x = x.reshape(-1, x.shape[-1])
            chosen = landmarks(np.repeat(sample.weights, len(rows)), self.rows)
            for number, pollutant in enumerate(TARGETS):
                y = target[:, rows, lead - 1, number].ravel()
                there = chosen[~np.isnan(y[chosen])]
                if len(there) < 40:
                    continue
                model = HistGradientBoostingRegressor(
                    max_iter=self.trees, max_bins=63, learning_rate=0.06, max_leaf_nodes=6, min_samples_leaf=15,
                    l2_regularization=5.0, max_features=0.3, early_stopping=False, random_state=0,
                )  # fmt: skip
                fitted[f"{pollutant}/{lead}"] = Trees.of(model.fit(x[there], y[there]))
        return type(self)(self.leads, self.trees, self.rows, scale, fitted)

    def predict(self, sample: Sample, area: int, rows: np.ndarray, anchor: Anchor) -> np.ndarray:
        """(row, lead, pollutant) departures; 0 (no opinion) beyond the early leads."""
        out = np.zeros((len(rows), LEADS, len(TARGETS)))
        assert self.scale is not None
        known = known_at(sample, anchor, area, rows)
        for lead in range(1, self.leads + 1):
            x = self.scale.apply(centred_at(sample, known, lead, area, rows))
            for number, pollutant in enumerate(TARGETS):
                if (trees := self.fitted.get(f"{pollutant}/{lead}")) is not None:
                    out[:, lead - 1, number] = trees.predict(x)
        return out

    def stored(self) -> Stored:
        """Settings and arrays."""
        assert self.scale is not None
        arrays = {"middle": self.scale.middle, "spread": self.scale.spread}
        for name, trees in self.fitted.items():
            arrays |= trees.arrays(f"{name}/")
        settings = {"leads": self.leads, "trees": self.trees, "rows": self.rows, "fitted": sorted(self.fitted)}
        return settings, arrays

    @classmethod
    def restore(cls, settings: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Self:
        """The expert of :meth:`stored`."""
        fitted = {name: Trees.restore(arrays, f"{name}/") for name in settings["fitted"]}
        scale = Scale(arrays["middle"], arrays["spread"])
        return cls(settings["leads"], settings["trees"], settings["rows"], scale, fitted)


def _groups(sample: Sample) -> list[list[int]]:
    """Leads (0..6) that share their predictors: all of them, unless weather ahead differs from lead to lead."""
    return [list(range(LEADS))] if not sample.ahead.shape[-1] else [[lead] for lead in range(LEADS)]


def _any_known(y: np.ndarray) -> np.ndarray:
    """Columns (lead, pollutant) that were ever known: a pollutant nobody measures must not cost all rows."""
    known: np.ndarray = ~np.isnan(y).all(axis=0)
    return known


def landmarks(weight: np.ndarray, count: int) -> np.ndarray:
    """Rows chosen once and for all by weight, without repetition (Gumbel order with a fixed seed)."""
    if len(weight) <= count:
        return np.arange(len(weight))
    luck = np.random.default_rng(20151128).random(len(weight))
    return np.sort(np.argsort(-np.log(luck) / weight, kind="stable")[:count])
