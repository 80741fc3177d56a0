"""What the model's own forecasts of the last weeks missed at the place, quantile by quantile.

A model is fitted once and the air goes on changing: emissions fall, a station gets a new road. Each quantile is led
back to its share by one small step a day, up where the air stayed above it too often, down where below (quantile
tracking; Gibbs and Candès 2021, arXiv:2106.00170). Fair days and bad ones are missed differently, so what was said low
and what was said high is tracked apart, and a forecast between the two takes of both. Only forecasts whose day is over
by the issue are looked at, and they are made again from what was known then, so that the correction needs no memory of
its own. The same is done to the medians of the pollutants, all days together, so that the composition follows too.
"""

from __future__ import annotations

import numpy as np

from forecast.models.direct import LEVELS

DAYS = 60
"""How many days over are looked at, the oldest first."""

STEP = 0.015
"""Log AQI a day, where the model says much; chosen of 0.01, 0.015 and 0.02 on the second training year."""

ENDS = (60.0, 150.0)
"""Median AQI up to which a forecast counts as low and from which as high; chosen on the second training year, of five
pairs that were equally good within 0.2 %."""

OF_POLLUTANTS = 4 / 3
"""Steps of a pollutant's median, in those of the index: primary pollutants were named best with steps of 0.02 (of 0.01,
0.02 and 0.04)."""

FADE = 0.005
"""Of the shift forgotten a day."""

SKILL = 0.3
"""CRPS gained on the usual at which a lead takes whole steps: who says little more than it learns little here."""


def rates_of(own: np.ndarray, usual: np.ndarray) -> np.ndarray:
    """(lead,): the step of each lead from its CRPS on unseen days and that of the usual; 0 where unknown.

    >>> rates_of(np.array([60.0, 98.5, 101.0]), np.array([100.0, 100.0, 100.0])).round(5).tolist()
    [0.015, 0.00075, 0.0]
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
    asked: np.ndarray | None = None,
    levels: np.ndarray = LEVELS,
    over: int = 0,
) -> np.ndarray:
    """(row, lead, level): what is added to what is said on `rows`.

    said: quantiles (issue, lead, level) of issue days `at` (sorted places), NaN where none could be said; `levels`: the
    share below each; seen: (day,) or (day, level), what became of every day by place, NaN unknown. `asked`: (row, lead)
    the medians said on `rows`, log AQI; with them low and high forecasts are told apart. The last day that is over at
    an issue lies `over` days before it.
    """
    leads = said.shape[1]
    if not len(at):
        return np.zeros((len(rows), leads, len(levels)))
    seen = np.broadcast_to(seen.reshape(len(seen), -1), (len(seen), len(levels)))
    sides = _sides(said, levels) if asked is not None else np.ones((*said.shape[:2], 1))
    out = np.zeros((len(rows), leads, sides.shape[-1], len(levels)))
    place = np.full(len(seen), -1)
    place[at] = np.arange(len(at))
    # (day over, row, lead), the oldest first: only the steps themselves wait for one another.
    valid = rows[:, None] - np.arange(DAYS - 1, -1, -1)[:, None, None] - over
    issue = valid - np.arange(1, leads + 1)
    begun, issue, valid = issue >= 0, np.maximum(issue, 0), np.maximum(valid, 0)
    known = begun & (place[issue] >= 0)
    quantiles = said[place[issue], np.arange(leads)]
    side = sides[place[issue], np.arange(leads)][..., None]
    truth = seen[valid]
    taught = ~(np.isnan(truth) | np.isnan(quantiles))
    fade, reach = 1.0 - FADE * side, rates[:, None, None] * side
    for day in range(DAYS):
        below = truth[day] <= quantiles[day] + (side[day] * out).sum(axis=2)
        steps = np.where(taught[day], levels - below, 0.0)
        stepped = fade[day] * out + reach[day] * steps[:, :, None]
        out = np.where(known[day][..., None, None], stepped, out)
    own = np.ones((len(rows), leads, 1)) if asked is None else _weights(asked)
    shift: np.ndarray = (own[..., None] * out).sum(axis=2)
    return shift


def _sides(said: np.ndarray, levels: np.ndarray) -> np.ndarray:
    return _weights(said[..., int(np.argmin(np.abs(levels - 0.5)))])


def _weights(medians: np.ndarray) -> np.ndarray:
    """(..., 2): how much a median (log AQI) counts as low and as high; an unknown one for both by half.

    >>> _weights(np.log(np.array([40.0, 94.9, 200.0]))).round(2).tolist()
    [[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]]
    """
    low, high = np.log(ENDS)
    share = np.nan_to_num(np.clip((medians - low) / (high - low), 0.0, 1.0), nan=0.5)
    return np.stack([1.0 - share, share], axis=-1)
