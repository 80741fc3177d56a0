"""The day values and the observed weather that an evaluation compares a response with."""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from emergency.vocabulary import BEIJING
from flows.scenario import Scenario, find_data
from forecast.archive import Archive

WEATHER = ("t2m_mean_c", "rh_pct", "wind10m_ms", "u10_ms", "v10_ms", "msl_hpa", "precip_mm", "ssrd_jm2")
"""Columns of the daily reanalysis beside the project (ERA5 at one point north of Beijing; UTC days)."""

Compare = Callable[[Collection[date], Collection[date]], Mapping[str, Any]]


def comparison(chosen: Scenario, archive: Archive, *, last: date) -> Compare:
    """A function of (days of the response, days of other responses); its data are read at the first call."""

    @lru_cache(maxsize=1)
    def data() -> tuple[dict[date, float | None], dict[date, tuple[float, ...]] | None]:
        weather = None if chosen.simulated else weather_of(last)
        return daily_pm25(chosen, archive, last=last), weather

    def compare(response: Collection[date], others: Collection[date]) -> Mapping[str, Any]:
        from forecast.counterfactual import without_response

        daily, weather = data()
        return without_response(daily, weather, response, other_responses=others).as_data()

    return compare


def daily_pm25(chosen: Scenario, archive: Archive, *, last: date) -> dict[date, float | None]:
    """Mean PM2.5 of the city by natural day, a year back; None below 18 hours."""
    from forecast.city_air import city_air

    end = datetime(last.year, last.month, last.day, tzinfo=BEIJING) + timedelta(days=1)
    begin = max(end - timedelta(days=366), chosen.first_hour)
    air = city_air(
        archive,
        stations=chosen.mean_of,
        mean_of=chosen.mean_of,
        start=begin,
        end=end,
        as_of=end + timedelta(days=1),
        edition="hj633-2012",
        delay=chosen.delay,
    )
    hours: dict[date, list[float]] = {}
    for at, value in zip(air.valid_times, air.pm25, strict=True):
        if value is not None:
            hours.setdefault((at - timedelta(hours=1)).astimezone(BEIJING).date(), []).append(value)
    return {day: sum(found) / len(found) if len(found) >= 18 else None for day, found in hours.items()}


def weather_of(last: date) -> dict[date, tuple[float, ...]] | None:
    """Observed weather by day, a year back; None where the file is not there."""
    folder = find_data()
    files = sorted((folder / "beijing_reanalysis_daily").glob("weather_daily*.csv")) if folder else []
    if not files:
        return None
    found: dict[date, tuple[float, ...]] = {}
    with files[0].open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            day = date.fromisoformat(row["date_utc"])
            if last - timedelta(days=366) <= day <= last:
                found[day] = tuple(float(row[name]) for name in WEATHER)
    return found
