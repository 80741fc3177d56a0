"""One step of a chain of days: a number of tomorrow from a table of today and tomorrow's weather, by two minds.

Trees see thresholds (a day is swept or it is not), the kernel sees smooth resemblance, and the mean of both is nearer
to the truth than either.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from forecast.models.experts import Scale, landmarks
from forecast.models.near import Places
from forecast.models.trees import Grove, Trees

SETTING: Mapping[str, Any] = {
    "objective": "regression", "learning_rate": 0.05, "num_leaves": 16, "min_data_in_leaf": 60, "feature_fraction": 0.4,
    "bagging_fraction": 0.7, "bagging_freq": 1, "lambda_l2": 5.0, "max_bin": 255, "num_threads": 1, "verbosity": -1,
    "seed": 1, "deterministic": True, "force_col_wise": True,
}  # fmt: skip

WIDTH, PENALTY, LANDMARKS = 0.3, 0.3, 900
"""Of the kernel; chosen of six pairs on the second training year, with perfect and with degraded weather."""

LEAST = 20
"""Known rows without which nothing is learned."""


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """See the module."""

    scale: Scale
    trees: Trees
    places: Places
    """Of the kernel; in single precision, as the rows that are asked about."""
    coefficients: np.ndarray
    """(landmark + 1,): the last is the mean of what was learned."""

    @classmethod
    def learned(cls, table: np.ndarray, target: np.ndarray, *, rounds: int) -> Self:
        """From a table (row, predictor), NaN unknown, and a target (row,) whose NaN rows are left out.

        With less than LEAST known rows every answer of the step is NaN.
        """
        import lightgbm

        known = np.flatnonzero(~np.isnan(target))
        scale = Scale.fit(table[known])
        if len(known) < LEAST:
            none = np.empty(0, dtype=np.int64)
            trees = Trees(np.nan, none, none, none.astype(float), none, none, none.astype(float), 0)
            return cls(scale, trees, Places(np.empty((0, table.shape[1]), dtype=np.float32)), np.array([np.nan]))
        x, y = scale.apply(table[known]).astype(np.float32), target[known]
        data = lightgbm.Dataset(x, y, params={"verbosity": -1})
        trees = Trees.of_lightgbm(lightgbm.train(dict(SETTING), data, num_boost_round=rounds))
        places = Places(x[landmarks(np.ones(len(x)), LANDMARKS)].astype(np.float64))
        near, own = (_alike(rows, places) for rows in (x.astype(np.float64), places.values))
        middle = float(y.mean())
        # Equal landmarks make the matrix singular; the small diagonal decides between them.
        gram = near.T @ near + PENALTY * own + 1e-6 * len(x) * np.eye(len(own)) / len(own)
        coefficients = np.append(np.linalg.solve(gram, near.T @ (y - middle)), middle)
        return cls(scale, trees, Places(places.values.astype(np.float32)), coefficients)

    def predict(self, table: np.ndarray) -> np.ndarray:
        """(row,): the mean of both minds for a table (row, predictor); an unknown predictor is its mean."""
        said: np.ndarray = Steps((self,)).predict(table)[0]
        return said

    def arrays(self, prefix: str) -> dict[str, np.ndarray]:
        """Everything as arrays whose names start with `prefix`."""
        own = {"middle": self.scale.middle, "spread": self.scale.spread}
        own |= {"places": self.places.values, "coefficients": self.coefficients}
        return {f"{prefix}{name}": value for name, value in own.items()} | self.trees.arrays(f"{prefix}trees/")

    @classmethod
    def restore(cls, arrays: Mapping[str, np.ndarray], prefix: str) -> Self:
        """The step of :meth:`arrays`."""
        scale = Scale(arrays[f"{prefix}middle"], arrays[f"{prefix}spread"])
        trees = Trees.restore(arrays, f"{prefix}trees/")
        places = Places(arrays[f"{prefix}places"].astype(np.float32))
        return cls(scale, trees, places, arrays[f"{prefix}coefficients"])


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """Steps that are asked about the same table. Those that learned from the same rows share how alike they are."""

    steps: tuple[Step, ...]
    groups: tuple[tuple[tuple[int, ...], Grove], ...] = field(init=False, repr=False)
    """Places of the steps of one scale and the same landmarks, and their trees."""

    def __post_init__(self) -> None:
        """The groups follow from the steps."""
        groups: list[list[int]] = []
        for number, step in enumerate(self.steps):
            same = [group for group in groups if _same(self.steps[group[0]], step)]
            same[0].append(number) if same else groups.append([number])
        made = tuple((tuple(group), Grove(tuple(self.steps[one].trees for one in group))) for group in groups)
        object.__setattr__(self, "groups", made)

    def predict(self, table: np.ndarray) -> np.ndarray:
        """(step, row): as :meth:`Step.predict` of each."""
        out = np.empty((len(self.steps), len(table)))
        for group, grove in self.groups:
            first = self.steps[group[0]]
            x = first.scale.apply(table).astype(np.float32)
            near = _alike(x, first.places)
            for number, leaves in zip(group, grove.predict(x), strict=True):
                coefficients = self.steps[number].coefficients
                out[number] = 0.5 * (leaves + (near @ coefficients[:-1] + coefficients[-1]))
        return out


def _same(one: Step, other: Step) -> bool:
    pairs = [(one.scale.middle, other.scale.middle), (one.scale.spread, other.scale.spread)]
    pairs.append((one.places.values, other.places.values))
    return all(np.array_equal(*pair) for pair in pairs)


def _alike(rows: np.ndarray, places: Places) -> np.ndarray:
    """(row, landmark): a Gaussian of the mean squared difference of the predictors."""
    return places.alike(rows, width=WIDTH / rows.shape[1])
