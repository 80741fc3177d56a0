"""The state of the air 空气: the year as a calendar in the official colours, the months, and the stations ranked."""

from __future__ import annotations

from calendar import monthrange
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import fmean

from fastapi import APIRouter, Request
from starlette.responses import Response

from console.language import _
from console.outlook import categories
from console.page import console_of, missing, page
from emergency.vocabulary import BEIJING
from plans.schema import AqiEdition

router = APIRouter()
GOOD = 2
"""Levels up to this one are good days 优良天数 (HJ 633, levels one and two)."""
HEAVY = 5


@router.get("/standing")
def standing(request: Request, year: int | None = None) -> Response:
    """The calendar of a year (this one by default), up to yesterday."""
    console = console_of(request)
    settings, now = console.settings, console.settings.now()
    today = now.astimezone(BEIJING).date()
    chosen = year or today.year
    if not 1990 <= chosen <= today.year:
        raise missing(_("年份"))
    air = console.air.year(chosen, now)
    edition = settings.rules(today).aqi
    months = tuple(month(chosen, number, air.daily, edition) for number in range(1, 13)) if air.daily else ()
    return page(
        request,
        "standing.html",
        now=now,
        year=chosen,
        this_year=today.year,
        months=[one for one in months if one.first <= today],
        whole=_sum(months),
        category=categories(edition),
        legend=edition.categories,
        stations=ranked(air.stations),
        names=console.air.names(),
        edition_name=edition.name,
        fault=air.fault,
    )


@dataclass(frozen=True, slots=True)
class Month:
    """One row of the calendar."""

    first: date
    days: tuple[tuple[date, int | None], ...]
    good: int
    heavy: int
    valid: int
    mean: float | None
    """Mean of the valid daily AQI."""


def month(year: int, number: int, daily: Mapping[date, int | None], edition: AqiEdition) -> Month:
    """The days of a month with their AQI, and what they add up to; missing days count nowhere."""
    days = tuple(
        (day, daily.get(day)) for day in (date(year, number, n + 1) for n in range(monthrange(year, number)[1]))
    )
    known = [value for _day, value in days if value is not None]
    levels = Counter(edition.category_of(value).level for value in known)
    return Month(
        days[0][0],
        days,
        good=sum(count for level, count in levels.items() if level <= GOOD),
        heavy=sum(count for level, count in levels.items() if level >= HEAVY),
        valid=len(known),
        mean=fmean(known) if known else None,
    )


def _sum(months: Sequence[Month]) -> dict[str, int]:
    return {
        "good": sum(one.good for one in months),
        "heavy": sum(one.heavy for one in months),
        "valid": sum(one.valid for one in months),
    }


@dataclass(frozen=True, slots=True)
class Rank:
    """One station in the ranking."""

    place: int
    code: str
    mean: float
    hours: int


def ranked(stations: Mapping[str, tuple[float, int]]) -> tuple[Rank, ...]:
    """Stations by mean PM2.5, the cleanest first; equal means share a place.

    >>> [(one.place, one.code) for one in ranked({"a": (30.0, 9), "b": (20.0, 9), "c": (30.0, 8)})]
    [(1, 'b'), (2, 'a'), (2, 'c')]
    """
    order = sorted(stations.items(), key=lambda item: (item[1][0], item[0]))
    return tuple(
        Rank(1 + sum(other[0] < mean for other in stations.values()), code, mean, hours)
        for code, (mean, hours) in order
    )
