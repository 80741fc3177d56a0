"""What the calendar says of a day: work, rest, make-up work days (调休), and the fireworks of the Spring Festival.

Traffic and industry follow the working day, not the weekday. Firework nights bring the year's sharpest PM2.5 peaks:
the eve of the lunar new year (除夕), its first day, the fifth (破五) and the fifteenth (元宵). A day's smoke is emitted
in its evening and around midnight, so the natural day after counts as well.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

import numpy as np

NAMES: tuple[str, ...] = ("weekend", "holiday", "working_day", "makeup_work", "fireworks", "new_year_distance")
"""The columns of :func:`table`."""

FIREWORKS: tuple[tuple[int, float], ...] = ((-1, 1.0), (0, 1.0), (1, 0.5), (4, 0.5), (5, 0.25), (14, 0.7), (15, 0.3))
"""Days from the lunar new year's day and the strength of their fireworks, 0..1 (a predictor's scale; confidence C)."""

FAR = 20
"""Days; beyond it the new year is as far as it can be."""


@lru_cache(maxsize=64)
def new_year(year: int) -> date:
    """The first day of the lunar year that begins in a solar year.

    >>> new_year(2015)
    datetime.date(2015, 2, 19)
    """
    from lunardate import LunarDate

    day: date = LunarDate(year, 1, 1).to_solar_date()
    return day


@lru_cache(maxsize=64)
def _rest(year: int) -> tuple[frozenset[date], frozenset[date]]:
    """Public holidays with moved rest days, and weekend days worked in exchange."""
    import holidays

    known = holidays.country_holidays("CN", years=year)
    return frozenset(known), frozenset(day for day in known.weekend_workdays if day.year == year)


def is_working_day(day: date) -> bool:
    """Whether people work that day in mainland China, 调休 counted; weekdays where the library does not know the year.

    >>> is_working_day(date(2015, 2, 15)), is_working_day(date(2015, 2, 18))
    (True, False)
    """
    rest, makeup = _rest(day.year)
    return day in makeup or (day.weekday() < 5 and day not in rest)


def fireworks(day: date) -> float:
    """Strength of the fireworks of a natural day, 0..1.

    >>> fireworks(date(2015, 2, 18)), fireworks(date(2015, 7, 1))
    (1.0, 0.0)
    """
    apart = (day - new_year(day.year)).days
    return dict(FIREWORKS).get(apart, 0.0)


def table(days: np.ndarray) -> np.ndarray:
    """(day, len(NAMES)) float64 of datetime64 days; new_year_distance is signed days, held within -FAR..FAR."""
    rows = [_row(day) for day in days.astype("datetime64[D]").ravel().tolist()]
    return np.array(rows, dtype=np.float64).reshape(*days.shape, len(NAMES))


@lru_cache(maxsize=20000)
def _row(day: date) -> tuple[float, ...]:
    """In the order of NAMES."""
    rest, makeup = _rest(day.year)
    nearest = min((new_year(day.year + step) for step in (-1, 0, 1)), key=lambda one: abs((day - one).days))
    distance = max(-FAR, min(FAR, (day - nearest) // timedelta(days=1)))
    off, worked = float(day.weekday() >= 5), float(is_working_day(day))
    return off, float(day in rest), worked, float(day in makeup), fireworks(day), float(distance)
