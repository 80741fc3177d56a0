"""How alike rows of predictors are to landmarks: the Gaussian that every kernel of the house is made of."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Landmarks (landmark, predictor), with what every answer needs of them worked out once."""

    values: np.ndarray
    squares: np.ndarray = field(init=False, repr=False)
    across: np.ndarray = field(init=False, repr=False)
    """(predictor, landmark): the values as they lie best for being multiplied."""

    def __post_init__(self) -> None:
        """The rest follows from the values."""
        object.__setattr__(self, "squares", (self.values**2).sum(axis=1))
        object.__setattr__(self, "across", np.ascontiguousarray(self.values.T))

    def alike(self, rows: np.ndarray, *, width: float) -> np.ndarray:
        """(row, landmark): exp(-width * squared distance) for rows (row, predictor); 1 where they are equal.

        >>> Places(np.array([[0.0, 0.0], [3.0, 4.0]])).alike(np.array([[0.0, 0.0]]), width=0.04).round(3).tolist()
        [[1.0, 0.368]]
        """
        out: np.ndarray = rows @ self.across
        out *= 2.0
        np.subtract((rows**2).sum(axis=1)[:, None] + self.squares[None, :], out, out=out)
        np.maximum(out, 0.0, out=out)
        out *= -width
        np.exp(out, out=out)
        return out
