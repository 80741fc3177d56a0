"""Which days can be told from what was measured: an index without its main pollutant is none, a season needs a year."""

from __future__ import annotations

import numpy as np

from forecast.features import TARGETS, year_angle

MAIN = tuple(TARGETS.index(name) for name in ("pm25", "pm10", "o3_8h"))
"""What is largest on nearly all days: without one of them the index of the rest says too little."""

MEASURED = 0.1
"""Share of days from which a place counts as measuring a pollutant; one that never does is not waited for."""

LARGEST_HOLE = 60
"""Days of the year on end without a single known one, beyond which the year is not known."""


def tells(daily: np.ndarray) -> np.ndarray:
    """(..., day): whether the index of a day can be told from its daily statistics (..., day, TARGETS), NaN unknown.

    Every main pollutant that the place measures on other days must be there; no day without any pollutant tells.

    >>> daily = np.full((20, 6), 50.0)
    >>> daily[3, TARGETS.index("pm25")] = np.nan
    >>> tells(daily)[[2, 3]].tolist()
    [True, False]
    """
    known = ~np.isnan(daily)
    measured = known.mean(axis=-2, keepdims=True) >= MEASURED
    there: np.ndarray = (known | ~measured)[..., list(MAIN)].all(axis=-1) & known.any(axis=-1)
    return there


def goes_round_the_year(days: np.ndarray) -> bool:
    """Whether some days, datetime64, of whatever years leave no hole in the circle of the year over LARGEST_HOLE days.

    >>> from_march = np.arange(np.datetime64("2015-03-01"), np.datetime64("2016-01-20"))
    >>> goes_round_the_year(from_march), goes_round_the_year(from_march[:250])
    (True, False)
    """
    if not len(days):
        return False
    places = np.sort(year_angle(days) * 365.2425)
    holes = np.diff(np.append(places, places[0] + 365.2425))
    return bool(holes.max() <= LARGEST_HOLE)
