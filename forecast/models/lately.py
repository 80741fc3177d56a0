"""What the model's own forecasts of the last weeks missed at the place, quantile by quantile.

A model is fitted once and the air goes on changing: emissions fall, a station gets a new road. Each quantile is led
back to its share by one small step a day, up where the air stayed above it too often, down where below (quantile
tracking; Gibbs and Candès 2021, arXiv:2106.00170). Only forecasts whose day is over by the issue are looked at, and
they are made again from what was known then, so that the correction needs no memory of its own. The same is done to the
medians of the pollutants, so that the composition follows too.
"""

from __future__ import annotations

import numpy as np

from forecast.models.direct import LEVELS

DAYS = 60
"""How many days over are looked at, the oldest first."""

STEP = 0.01
"""Log AQI a day, where the model says much; chosen of 0.01, 0.015 and 0.02 on the second training year."""

OF_POLLUTANTS = 2.0
"""Steps of a pollutant's median, in those of the index: primary pollutants were named best with it (of 1, 2 and 4)."""

FADE = 0.005
"""Of the shift forgotten a day."""

SKILL = 0.3
"""CRPS gained on the usual at which a lead takes whole steps: who says little more than it learns little here."""


def rates_of(own: np.ndarray, usual: np.ndarray) -> np.ndarray:
    """(lead,): the step of each lead from its CRPS on unseen days and that of the usual; 0 where unknown.

    >>> rates_of(np.array([60.0, 98.5, 101.0]), np.array([100.0, 100.0, 100.0])).round(4).tolist()
    [0.01, 0.0005, 0.0]
    """
    gained = np.nan_to_num(1.0 - own / usual, nan=0.0)
    out: np.ndarray = STEP * np.clip(gained / SKILL, 0.0, 1.0)
    return out


def issues_of(rows: np.ndarray, *, leads: int, first: int) -> np.ndarray:
    """The issue days, from `first` on, whose forecasts :func:`shifts` looks at for some rows."""
    needed = np.unique(rows[:, None] - np.arange(1, DAYS + leads))
    return needed[needed >= first]


def shifts(
    said: np.ndarray,
    at: np.ndarray,
    seen: np.ndarray,
    rows: np.ndarray,
    *,
    rates: np.ndarray,
    levels: np.ndarray = LEVELS,
    over: int = 0,
) -> np.ndarray:
    """(row, lead, level): what is added to what is said on `rows`.

    said: quantiles (issue, lead, level) of issue days `at` (sorted places), NaN where none could be said; `levels`: the
    share below each; seen: (day,) or (day, level), what became of every day by place, NaN unknown. The last day that is
    over at an issue lies `over` days before it.
    """
    leads = said.shape[1]
    seen = np.broadcast_to(seen.reshape(len(seen), -1), (len(seen), len(levels)))
    out = np.zeros((len(rows), leads, len(levels)))
    place = np.full(len(seen), -1)
    place[at] = np.arange(len(at))
    for back in range(DAYS, 0, -1):
        valid = rows - (back - 1) - over
        for lead in range(leads):
            issue = valid - (lead + 1)
            known = (issue >= 0) & (valid >= 0)
            known[known] = place[issue[known]] >= 0
            quantiles, truth = said[place[issue[known]], lead], seen[valid[known]]
            below = truth <= quantiles + out[known, lead]
            steps = np.where(np.isnan(truth) | np.isnan(quantiles), 0.0, levels - below)
            out[known, lead] = (1.0 - FADE) * out[known, lead] + rates[lead] * steps
    return out
