"""What quantiles missed on unseen days of the season: the conformal shift with which each holds its share."""

from __future__ import annotations

import numpy as np

from forecast.features import season_distance, year_angle
from forecast.models.base import SEASON_DAYS
from forecast.models.direct import LEVELS

SEASONS = 24
"""Places of the year at which misses of unseen days are looked at."""

OWN = 0.25
"""Share of the season's own misses: a season of one or two years is few weathers. Chosen of 0, 0.25 and 0.5 on the
second training year."""

LEAST = 100
"""Misses without which nothing is shifted."""


def shifts_of(days: np.ndarray, misses: np.ndarray) -> np.ndarray:
    """(season, lead, level): the shift with which a quantile holds its share of all days, in part of the season's.

    misses: (area, day, lead, level) observed less said, NaN unknown.
    """
    out = np.zeros((SEASONS, *misses.shape[2:]))
    middles = np.datetime64("2001-01-01", "D") + (np.arange(SEASONS) * 365.2425 / SEASONS).astype("timedelta64[D]")
    near = season_distance(middles[:, None], days[None, :]) <= SEASON_DAYS
    for lead, level in np.ndindex(*misses.shape[2:]):
        values = misses[:, :, lead, level]
        every = values[~np.isnan(values)]
        if len(every) < LEAST:
            continue
        for season in range(SEASONS):
            own = values[:, near[season]]
            own = own[~np.isnan(own)]
            whole = np.quantile(every, LEVELS[level])
            seasonal = np.quantile(own, LEVELS[level]) if len(own) >= LEAST else whole
            out[season, lead, level] = (1 - OWN) * whole + OWN * seasonal
    return out


def season_of(days: np.ndarray) -> np.ndarray:
    """The place of each day among SEASONS."""
    place: np.ndarray = np.rint(year_angle(days) * SEASONS).astype(np.intp) % SEASONS
    return place
