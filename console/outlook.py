"""An outlook as rows for the screen: the published range, the category words, what was signed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from console.settings import Settings
from emergency.vocabulary import POLLUTANT_CHINESE
from forecast.outlook import DayOutlook, Outlook
from plans.aqi_edition import AqiCategory
from plans.schema import AqiEdition

SIGNED_FOR = timedelta(hours=24)
"""How long a signed forecast stands without a newer one. A setting of the office (confidence I)."""


@dataclass(frozen=True, slots=True)
class DayRow:
    """One future day, ready to print."""

    day: date
    median: int
    category: AqiCategory
    low: int
    high: int
    words: str
    """Category words of the published range, joined when its ends differ, e.g. 良~轻度污染."""
    primary: str
    above: tuple[float, float, float]
    """Probability of AQI above 100, 150, 200."""
    outlook: DayOutlook


def published_range(
    central: int, edition: AqiEdition, *, half_width: int, primary: str | None
) -> tuple[int, int, str, str]:
    """The published range of a central AQI: low, high, category words, primary pollutant.

    Central AQI ± half width, at least 1 and at most 500; no primary pollutant when all of it is 优 (domain 5.1, B).
    """
    low, high = max(1, central - half_width), min(500, central + half_width)
    first, last = edition.category_of(low), edition.category_of(high)
    joined = first.chinese if first.level == last.level else f"{first.chinese}~{last.chinese}"
    name = POLLUTANT_CHINESE.get(primary or "", "") if last.level > 1 else ""
    return low, high, joined, name or "无"


def day_rows(settings: Settings, outlook: Outlook) -> tuple[DayRow, ...]:
    """One row per day of the outlook, under the AQI edition that the outlook names."""
    rows = []
    for day in outlook.days:
        edition = settings.rules(day.valid_date).book.aqi(outlook.aqi_edition)
        low, high, joined, primary = published_range(
            day.median, edition, half_width=settings.range_half_width, primary=day.primary
        )
        above = (day.probability_above(100), day.probability_above(150), day.probability_above(200))
        category = edition.category_of(day.median)
        rows.append(DayRow(day.valid_date, day.median, category, low, high, joined, primary, above, day))
    return tuple(rows)


@dataclass(frozen=True, slots=True)
class Signed:
    """The official forecast: the signed daily AQI of the newest concluded consultation."""

    consultation: str
    signed_at: datetime
    values: Mapping[date, int]


def signed_now(settings: Settings, now: datetime) -> Signed | None:
    """The official forecast in force: signed within SIGNED_FOR before `now`; None when there is none.

    It holds by date and not by model run: a newer run does not undo what the consultation signed.
    """
    rows = settings.office.record.now("consultation", states=("concluded",))
    if not rows:
        return None
    last = max(rows, key=lambda row: row["changed_at"])
    signed_at = datetime.fromisoformat(last["changed_at"])
    if now - signed_at > SIGNED_FOR:
        return None
    first = date.fromisoformat(last["body"]["first_date"])
    values = {first + timedelta(days=number): value for number, value in enumerate(last["body"]["signed_aqi"])}
    return Signed(last["stream"], signed_at, values)


def categories(edition: AqiEdition) -> Callable[[int | None], AqiCategory | None]:
    """The category of an AQI under an edition, None for None; for templates."""
    return lambda aqi: None if aqi is None else edition.category_of(aqi)
