"""What can be told from what was measured: an index without its main pollutant is none, a season needs a year, a place
some days."""

from __future__ import annotations

import numpy as np

from forecast.features import TARGETS, year_angle

MAIN = tuple(TARGETS.index(name) for name in ("pm25", "pm10", "o3_8h"))
"""What is largest on nearly all days: without one of them the index of the rest says too little."""

MEASURED = 0.1
"""Share of days from which a place counts as measuring a pollutant; one that never does is not waited for."""

LARGEST_HOLE = 60
"""Days of the year on end without a single known one, beyond which the year is not known."""


LEAST_DAYS = 20
"""Days with a measurement from which a place is learned. Of one with five, the next day was missed half more than with
twenty (a station of Beijing, autumn 2014); with twenty about as with a year."""


def places_told(daily: np.ndarray) -> np.ndarray:
    """(place,): whether enough days of a place were measured to learn it; daily: (place, day, TARGETS), NaN unknown.

    Where no place has LEAST_DAYS, those with any.

    >>> daily = np.full((3, 30, 6), np.nan)
    >>> daily[0], daily[1, :5] = 50.0, 50.0
    >>> places_told(daily).tolist(), places_told(daily[1:]).tolist()
    ([True, False, False], [True, False])
    """
    days = (~np.isnan(daily)).any(axis=-1).sum(axis=-1)
    told: np.ndarray = days >= min(LEAST_DAYS, max(1, int(days.max(initial=0))))
    return told


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
