"""Working days and rest days of mainland China, with the weekend days worked in exchange (调休)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Calendar:
    """Public holidays of the library `holidays`, and what the office changes about them.

    For a year that is not decreed yet only the fixed holidays are known: no 调休 (:meth:`decreed`).
    """

    also_working: frozenset[date] = frozenset()
    also_resting: frozenset[date] = frozenset()

    def works(self, day: date) -> bool:
        """Whether offices work on a day.

        >>> Calendar().works(date(2026, 2, 14)), Calendar().works(date(2026, 2, 17))  # a worked Saturday; new year
        (True, False)
        """
        if day in self.also_working:
            return True
        if day in self.also_resting:
            return False
        off, worked = _year(day.year)
        return day in worked or (day.weekday() < 5 and day not in off)

    def count(self, first: date, before: date, *, working: bool) -> int:
        """How many working (or rest) days lie from the first day up to, not including, another."""
        return sum(self.works(first + timedelta(days=n)) is working for n in range((before - first).days))

    def decreed(self, year: int) -> bool:
        """Whether the weekend days worked in exchange are known for a year (there have been some in every year)."""
        return bool(_year(year)[1])


@lru_cache(maxsize=64)
def _year(year: int) -> tuple[frozenset[date], frozenset[date]]:
    import holidays

    known = holidays.country_holidays("CN", years=year)
    worked = frozenset(day for day in known.weekend_workdays if day.year == year)
    return frozenset(known) - worked, worked
