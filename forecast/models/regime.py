"""Quantiles corrected by what they themselves say: high ones are missed otherwise than low ones.

A shift per season (models.seasonal) makes a quantile hold its share over all days of it, and still P(AQI > 100) may be
said too high on fair days and too low on bad ones, and bad days may leave the interval too often. Here the shift of
each lead and quantile is a line with bends in the said median and widths, found by quantile regression on unseen days.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from forecast.models.direct import LEVELS

BENDS = np.log(np.array([75.0, 110.0, 160.0]))
"""Medians (log AQI) at which the line bends: between the levels, so that each has a slope of its own."""

PENALTY = 0.05
"""Of the squared slopes, in units of the terms' spread: chosen of 0.01, 0.05 and 0.2 on the second training year."""

SMOOTH = 0.02
"""Width (log AQI) of the rounded corner of the pinball loss, so that the search has a slope to follow."""

FLATTEST = 0.05
"""Least spread of a term by which its slope is penalised: a bend that few medians pass teaches next to nothing."""

MOST = 0.35
"""Largest shift (log AQI): beyond what was said of unseen days a line may lead anywhere."""

LEAST = 300
"""Unseen station-days of a lead without which nothing is corrected."""

_MIDDLE = int(np.argmin(np.abs(LEVELS - 0.5)))
_LOW, _HIGH = 1, len(LEVELS) - 2


def terms(quantiles: np.ndarray) -> np.ndarray:
    """(..., term) of log AQI quantiles (..., level): one, the median and its bends, the width and the upper half."""
    middle = quantiles[..., _MIDDLE]
    width, upper = quantiles[..., _HIGH] - quantiles[..., _LOW], quantiles[..., _HIGH] - middle
    bends = [np.maximum(middle - bend, 0.0) for bend in BENDS]
    return np.stack([np.ones_like(middle), middle, *bends, width, upper], axis=-1)


def fit(quantiles: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(lead, level, term): what :func:`corrected` needs; zeros for a lead with too few unseen days.

    quantiles: log AQI (area, day, lead, level) said of unseen days; truth: log AQI (area, day, lead); NaN unknown.
    """
    leads = truth.shape[2]
    out = np.zeros((leads, len(LEVELS), terms(quantiles[:1, :1, 0]).shape[-1]))
    for lead in range(leads):
        said, seen = quantiles[:, :, lead], truth[:, :, lead]
        there = ~np.isnan(seen) & ~np.isnan(said).any(axis=-1)
        if there.sum() >= LEAST:
            out[lead] = _lines(said[there], seen[there])
    return out


def _lines(said: np.ndarray, seen: np.ndarray) -> np.ndarray:
    x = terms(said)
    mean, spread = x[:, 1:].mean(axis=0), np.maximum(x[:, 1:].std(axis=0), FLATTEST)
    scaled = np.concatenate([x[:, :1], (x[:, 1:] - mean) / spread], axis=1)
    out = np.empty((len(LEVELS), x.shape[1]))
    for number, level in enumerate(LEVELS):
        found = minimize(
            _loss, np.zeros(x.shape[1]), args=(scaled, seen - said[:, number], level), jac=True, method="L-BFGS-B"
        ).x
        slopes = found[1:] / spread
        out[number] = np.concatenate([[found[0] - slopes @ mean], slopes])
    return out


def _loss(line: np.ndarray, x: np.ndarray, missed: np.ndarray, level: float) -> tuple[float, np.ndarray]:
    """The rounded pinball loss with its penalty, and its slope."""
    error = missed - x @ line
    share = level - 1.0 / (1.0 + np.exp(np.clip(error / SMOOTH, -50, 50)))
    loss = (level * error + SMOOTH * np.logaddexp(0.0, -error / SMOOTH)).mean() + PENALTY * (line[1:] ** 2).sum()
    slope = -(x.T @ share) / len(missed)
    slope[1:] += 2 * PENALTY * line[1:]
    return float(loss), slope


def corrected(quantiles: np.ndarray, lines: np.ndarray) -> np.ndarray:
    """Log AQI quantiles (..., lead, level), sorted again after the shift of the lines (lead, level, term)."""
    shift = np.clip(np.einsum("...lt,lqt->...lq", terms(quantiles), lines), -MOST, MOST)
    moved: np.ndarray = np.sort(quantiles + shift, axis=-1)
    return moved
