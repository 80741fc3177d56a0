"""How opinions are judged on days unseen by them: by CRPS of the index, by weights that bring the least of it, by cost.

Opinions are quantiles of log AQI at models.direct.LEVELS.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import numpy as np

from forecast.features import LEADS
from forecast.models.direct import LEVELS

STEP = 0.1
"""Of the weights tried."""

EVEN = 0.05
"""Relative loss that full distance from equal weights costs: the folds' own weights fit the folds. With 0.004 the
second training year was said up to 1.4 % worse with perfect weather, up to 0.9 % with degraded."""

SHARED = 0.2
"""Of all weight, what those who look ahead share equally; chosen of 0, 0.1, 0.2 and 0.3 on the second training year."""

COSTS: Mapping[int, float] = {100: 2.0, 150: 3.0, 200: 5.0}
"""What a missed day above an AQI costs, in false alarms (a setting; confidence I: no text names one)."""

SHARES = np.diff(np.concatenate([[0.0], (LEVELS[1:] + LEVELS[:-1]) / 2, [1.0]]))
"""How much of the probability axis each level stands for."""


def losses_of(opinions: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(lead, opinion): CRPS of each where all have one."""
    out = np.full((truth.shape[2], len(opinions)), np.nan)
    for lead, number in np.ndindex(*out.shape):
        q, y = opinions[:, :, :, lead], truth[:, :, lead]
        there = ~np.isnan(y) & ~np.isnan(q).any(axis=(0, 3))
        if there.any():
            out[lead, number] = crps(np.exp(q[number][there]), np.exp(y[there]))
    return out


def exceedance(quantiles: np.ndarray, limit: float) -> np.ndarray:
    """P(AQI > limit) of log AQI quantiles (..., level): linear between them and a little beyond the outer ones.

    >>> exceedance(np.log(np.array([40.0, 50, 70, 100, 130, 160, 180])), 100).round(2).tolist()
    0.5
    """
    outer = [quantiles[..., :1] - 2 * (quantiles[..., 1:2] - quantiles[..., :1])]
    outer.append(quantiles[..., -1:] + 2 * (quantiles[..., -1:] - quantiles[..., -2:-1]))
    points = np.concatenate([outer[0], quantiles, outer[1]], axis=-1) + 1e-9 * np.arange(len(LEVELS) + 2)
    levels = np.concatenate([[0.0], LEVELS, [1.0]])
    x = np.log(limit)
    above = np.clip((points <= x).sum(axis=-1), 1, len(levels) - 1)
    low, high = (np.take_along_axis(points, (above - back)[..., None], axis=-1)[..., 0] for back in (1, 0))
    part = np.clip((x - low) / np.maximum(high - low, 1e-9), 0, 1)
    out: np.ndarray = 1.0 - (levels[above - 1] + part * (levels[above] - levels[above - 1]))
    return out


def alarms_of(quantiles: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(lead, limit of COSTS): the probability at which an alarm costs least, of log AQI (area, day, lead[, level]).

    A lead takes the mean of its own best and that of all leads together: one lead holds few heavy days.
    """
    tried = np.arange(0.05, 0.66, 0.01)
    costs = np.zeros((len(COSTS), LEADS, len(tried)))
    for number, (limit, price) in enumerate(COSTS.items()):
        for lead in range(LEADS):
            q, y = quantiles[:, :, lead], truth[:, :, lead]
            there = ~np.isnan(y) & ~np.isnan(q).any(axis=-1)
            said, event = exceedance(q[there], limit), np.exp(y[there]) > limit + 0.5
            for place, alarm in enumerate(tried):
                fired = said >= alarm
                costs[number, lead, place] = (fired & ~event).sum() + price * (~fired & event).sum()
    together = tried[costs.sum(axis=1).argmin(axis=-1)]
    own = tried[costs.argmin(axis=-1)]
    out: np.ndarray = (0.5 * own + 0.5 * together[:, None]).T
    return out


def weights_of(opinions: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(lead, opinion) from log AQI quantiles (opinion, area, day, lead, level) and log AQI (area, day, lead).

    The least CRPS of AQI among all weights in steps of STEP, plus what distance from equal weights costs; equal weights
    where nothing is known.
    """
    number = len(opinions)
    grid = np.array([w for w in product(np.arange(0, 1 + STEP / 2, STEP), repeat=number) if abs(sum(w) - 1) < 1e-9])
    far = ((grid - 1 / number) ** 2).sum(axis=1) / (1 - 1 / number)
    out = np.full((truth.shape[2], number), 1 / number)
    for lead in range(len(out)):
        q, y = opinions[:, :, :, lead].reshape(number, -1, len(LEVELS)), truth[:, :, lead].ravel()
        there = ~np.isnan(y) & ~np.isnan(q).any(axis=(0, 2))
        if there.sum() >= 30:
            loss = np.array([crps(np.exp(np.tensordot(w, q[:, there], 1)), np.exp(y[there])) for w in grid])
            out[lead] = grid[np.argmin(loss / loss.min() + EVEN * far)]
    return out


def shared(weights: np.ndarray) -> np.ndarray:
    """(lead, opinion): the weights with SHARED of all given to every opinion alike but the last, the usual.

    Unseen days of two years leave out opinions that a year later would have helped.

    >>> shared(np.array([[0.5, 0.0, 0.5]])).round(2).tolist()
    [[0.5, 0.1, 0.4]]
    """
    alike = np.full(weights.shape[-1], 1.0 / max(weights.shape[-1] - 1, 1))
    alike[-1] = 0.0
    out: np.ndarray = (1.0 - SHARED) * weights + SHARED * alike
    return out


def crps(quantiles: np.ndarray, observed: np.ndarray) -> float:
    """Mean CRPS of quantiles (case, level) at LEVELS: twice the pinball loss, integrated over the levels.

    >>> round(crps(np.full((1, 7), 80.0), np.array([100.0])), 6)
    20.0
    """
    error = observed[:, None] - quantiles
    return float(2 * (np.maximum(LEVELS * error, (LEVELS - 1) * error) * SHARES).sum(axis=1).mean())
