"""The outlook 展望 in full: the fan, the chances, the pollutants, what earlier runs said, and how well they did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from console import charts, charts_hours, charts_outlook, charts_weather
from console.language import _
from console.outlook import categories, day_rows, signed_now
from console.page import Console, console_of, missing, our_day, page
from console.verified import PARTIES, verified
from emergency.vocabulary import BEIJING
from forecast import weather_days
from forecast.outlook import Outlook
from plans.schema import AqiEdition

router = APIRouter()
RUNS = 4
"""Earlier runs shown under the newest one."""
SCORED_DAYS = 30
"""Days back over which the card counts hits; a setting of the office (confidence I)."""


@router.get("/outlook")
def outlook(request: Request, issued: str = "") -> Response:
    """The outlook in force, or with ?issued=YYYY-MM-DD the one of an earlier day as it was issued."""
    console = console_of(request)
    settings, now = console.settings, console.settings.now()
    chosen = _of_day(console, issued, now) if issued else console.air.outlook(now)
    if chosen is None or not chosen.days:
        return page(request, "outlook.html", outlook=None, now=now)
    air = console.air.at(now)
    edition = settings.rules(chosen.days[0].valid_date).book.aqi(chosen.aqi_edition)
    official = signed_now(settings, now)
    earlier = _earlier(console, chosen, now)
    hourly = settings.archive.hours(chosen.digest, as_of=now) if settings.archive else None
    today = now.astimezone(BEIJING).date()
    kept = verified(settings.uploads.parent, today, days=SCORED_DAYS) if settings.uploads is not None else {}
    ahead = weather_days.behind(settings.archive, chosen, stations=settings.mean_of) if settings.archive else ()
    seen = [(at, aqi) for at, aqi, _pm25 in air.hours]
    return page(
        request,
        "outlook.html",
        now=now,
        outlook=chosen,
        days=day_rows(settings, chosen),
        signed=official.values if official else {},
        official=official,
        fan=charts.fan(chosen, edition, observed=air.days, signed=official.values if official else {}),
        levels=charts_outlook.levels(chosen, edition),
        runs=charts_outlook.runs([*earlier[-RUNS:], chosen], edition, observed=air.days) if earlier else "",
        category=categories(edition),
        legend=edition.categories,
        pollutants=sorted({name for day in chosen.days for name in day.concentration_medians}),
        wavering=wavering(chosen, earlier[-1]) if earlier else (),
        verified=kept,
        parties=PARTIES,
        card=() if kept else card(console, now),
        reasons=settings.archive.reasons(chosen.digest) if settings.archive else None,
        scored_days=SCORED_DAYS,
        weather=charts_weather.weather([one.as_data() for one in ahead]),
        hourly=hourly,
        hours_ahead=charts_hours.ahead(
            hourly, settings.rules(chosen.days[0].valid_date).book.aqi(hourly.aqi_edition), observed=seen
        )
        if hourly
        else "",
        **_around(chosen),
    )


def _of_day(console: Console, text: str, now: datetime) -> Outlook:
    try:
        day = our_day(text)
    except ValueError:
        raise missing(_("展望")) from None
    start = datetime(day.year, day.month, day.day, tzinfo=BEIJING)
    archive = console.settings.archive
    found = (
        archive.outlooks(console.settings.area, start=start, end=start + timedelta(days=1), as_of=now)
        if archive
        else ()
    )
    if not found:
        raise missing(_("展望"))
    return found[-1]


def _earlier(console: Console, chosen: Outlook, now: datetime) -> list[Outlook]:
    """The runs of the days before, one a day, the newest of each day, oldest first."""
    archive = console.settings.archive
    if archive is None:
        return []
    start = chosen.issued_at - timedelta(days=RUNS + 1)
    kept: dict[date, Outlook] = {}
    for one in archive.outlooks(console.settings.area, start=start, end=chosen.issued_at, as_of=now):
        kept[one.issued_at.astimezone(BEIJING).date()] = one
    kept.pop(chosen.issued_at.astimezone(BEIJING).date(), None)
    return [kept[day] for day in sorted(kept)]


def _around(chosen: Outlook) -> dict[str, Any]:
    day = chosen.issued_at.astimezone(BEIJING).date()
    return {"before": day - timedelta(days=1), "after": day + timedelta(days=1)}


@dataclass(frozen=True, slots=True)
class Waver:
    """How a day moved from one run to the next."""

    day: date
    was: int
    is_now: int

    @property
    def by(self) -> int:
        """Change of the median."""
        return self.is_now - self.was


def wavering(newest: Outlook, before: Outlook) -> tuple[Waver, ...]:
    """Each day that both runs speak of, with its two medians."""
    earlier = {day.valid_date: day.median for day in before.days}
    return tuple(
        Waver(day.valid_date, earlier[day.valid_date], day.median) for day in newest.days if day.valid_date in earlier
    )


@dataclass(frozen=True, slots=True)
class Score:
    """How forecasts of one lead did over the last days."""

    lead: int
    days: int
    error: float
    """Mean absolute error of the daily AQI."""
    hits: int
    """Days whose level was right."""
    persistence: float
    """The error that "as on the issue day" would have had on the same days."""
    inside: int
    """Days inside the 10–90 % range."""


def card(console: Console, now: datetime) -> tuple[Score, ...]:
    """Leads 1 to 7 over the last SCORED_DAYS days, as the outlooks stood at their issue; empty without an archive."""
    archive, settings = console.settings.archive, console.settings
    if archive is None:
        return ()
    observed = console.air.daily(now, days=SCORED_DAYS + 8)
    found = archive.outlooks(settings.area, start=now - timedelta(days=SCORED_DAYS + 8), end=now, as_of=now)
    edition = settings.aqi(now)
    oldest = now.astimezone(BEIJING).date() - timedelta(days=SCORED_DAYS)
    return scores(found, observed, edition=edition, since=oldest)


def scores(
    found: Sequence[Outlook], observed: Mapping[date, int | None], *, edition: AqiEdition, since: date
) -> tuple[Score, ...]:
    """Model against what came, lead by lead; days without an observed AQI are left out of every column alike."""
    rows: dict[int, list[tuple[int, int, int, bool]]] = {}
    newest = {one.issued_at.astimezone(BEIJING).date(): one for one in found}
    for one in newest.values():
        for day in one.days:
            came = observed.get(day.valid_date)
            issue_day = observed.get(one.days[0].valid_date - timedelta(days=1))
            if came is None or issue_day is None or day.valid_date < since:
                continue
            inside = day.quantile(0.10) <= came <= day.quantile(0.90)
            rows.setdefault(day.lead_days, []).append((day.median, came, issue_day, inside))
    return tuple(
        Score(
            lead=lead,
            days=len(pairs),
            error=sum(abs(said - came) for said, came, _last, _in in pairs) / len(pairs),
            hits=sum(edition.category_of(said) == edition.category_of(came) for said, came, _last, _in in pairs),
            persistence=sum(abs(last - came) for _said, came, last, _in in pairs) / len(pairs),
            inside=sum(within for *_rest, within in pairs),
        )
        for lead, pairs in sorted(rows.items())
    )
