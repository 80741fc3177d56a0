"""From what models say to distributions that keep their word: stacking, quantile averaging, conformal stretch, order.

All of it is learned on predictions made for days the models had not seen (folds inside the training window).
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import nnls

COVERAGE = 0.80
"""The central interval that is made to hold."""


def stack(predictions: np.ndarray, target: np.ndarray, *, penalty: float = 0.02) -> np.ndarray:
    """(expert,) weights >= 0 that bring the sum of the experts nearest to the target in squares.

    predictions: (case, expert), target: (case,), in comparable units; NaN cases are left out. The penalty pulls towards
    small equal weights, so that experts who say the same share it. Weights need not sum to 1: less means that the
    experts claim more than they know, and the forecast shrinks towards the anchor.
    """
    there = ~(np.isnan(predictions).any(axis=1) | np.isnan(target))
    x, y = predictions[there], target[there]
    if not len(y):
        return np.zeros(predictions.shape[1])
    ridge = np.sqrt(penalty * len(y)) * np.std(x) * np.eye(x.shape[1])
    weights: np.ndarray = nnls(np.vstack([x, ridge]), np.concatenate([y, np.zeros(len(ridge))]))[0]
    return weights


def average(own: np.ndarray, other: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Quantile by quantile the mean of two sorted samples, `share` of the second (Vincent's average): still sorted.

    >>> average(np.array([0.0, 10.0]), np.array([4.0, 6.0]), np.array(0.5)).tolist()
    [2.0, 8.0]
    """
    mixed: np.ndarray = (1.0 - share) * own + share * other
    return mixed


def stretch(samples: np.ndarray, observed: np.ndarray, *, coverage: float = COVERAGE) -> float:
    """The factor on the distance from the median with which the central interval covers its share of the observed.

    samples: (case, member) sorted, observed: (case,). Conformal: the coverage-quantile of each observation's distance
    from the median in units of the interval's own half on that side. 1.0 where fewer than 30 cases are known.
    """
    there = ~(np.isnan(observed) | np.isnan(samples).any(axis=1))
    if there.sum() < 30:
        return 1.0
    x, y = samples[there], observed[there]
    low, middle, high = (quantile(x, p) for p in ((1 - coverage) / 2, 0.5, (1 + coverage) / 2))
    half = np.where(y > middle, high - middle, middle - low)
    return float(np.quantile(np.abs(y - middle) / np.maximum(half, 1e-9), coverage))


def stretched(samples: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Sorted samples (..., member) with their distance from the median times a factor (...)."""
    middle = quantile(samples, 0.5)[..., None]
    out: np.ndarray = middle + factor[..., None] * (samples - middle)
    return out


def quantile(samples: np.ndarray, probability: float) -> np.ndarray:
    """A quantile along the last axis of sorted samples, linear between members at (i + 0.5) / n."""
    place = np.clip(probability * samples.shape[-1] - 0.5, 0, samples.shape[-1] - 1)
    low = int(np.floor(place))
    high = min(low + 1, samples.shape[-1] - 1)
    between: np.ndarray = samples[..., low] + (place - low) * (samples[..., high] - samples[..., low])
    return between


def levels(count: int) -> np.ndarray:
    """The probabilities (i + 0.5) / count at which `count` equally likely members stand."""
    return (np.arange(count) + 0.5) / count


def order_like(samples: np.ndarray, template: np.ndarray, *, axis: int) -> np.ndarray:
    """The samples in the order of the template along an axis: marginals stay, dependence is the template's.

    The Schaake shuffle (Clark et al. 2004, doi:10.1175/1525-7541(2004)005<0243:TSSAMF>2.0.CO;2) with past errors as
    template: what went wrong together goes wrong together.

    >>> order_like(np.array([1.0, 2.0, 3.0]), np.array([5.0, 9.0, 7.0]), axis=0).tolist()
    [1.0, 3.0, 2.0]
    """
    ranks = np.argsort(np.argsort(template, axis=axis, kind="stable"), axis=axis, kind="stable")
    return np.take_along_axis(np.sort(samples, axis=axis), ranks, axis=axis)


def crps(members: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """CRPS of equally likely members (..., member) against observed (...), in its unit; NaN stays NaN.

    The empirical form, as scores' crps_for_ensemble(method="ecdf"), which is the oracle of the test; this one needs one
    sort instead of all pairs and so can be used inside the training.
    """
    ordered = np.sort(members, axis=-1)
    count = ordered.shape[-1]
    rise = 2 * np.arange(1, count + 1) - count - 1
    near = np.abs(ordered - observed[..., None]).mean(axis=-1)
    apart: np.ndarray = near - (ordered * rise).sum(axis=-1) / count**2
    return apart
