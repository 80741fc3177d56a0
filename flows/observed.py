"""The observed air in the shape the rules read: only what had been received by the moment."""

from __future__ import annotations

from datetime import datetime

from emergency.risk import Observed, ObservedDay, ObservedHour
from forecast.city_air import CityAir


def observed_at(air: CityAir, now: datetime, *, days: int = 10, hours: int = 72) -> Observed:
    """What had arrived by `now`, at most so many days and hours back."""
    last_hour, last_day = air.hours_known(now), air.days_known(now)
    first_hour, first_day = max(0, last_hour - hours), max(0, last_day - days)
    return Observed(
        days=tuple(
            ObservedDay(air.days[i], air.daily_aqi[i], air.daily_primary[i]) for i in range(first_day, last_day)
        ),
        hours=tuple(ObservedHour(air.valid_times[i], air.aqi[i]) for i in range(first_hour, last_hour)),
        pm25=air.pm25[last_hour - 1] if last_hour else None,
    )
