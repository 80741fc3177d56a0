"""An outlook as rows for the screen: the published range, the category words, what was signed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from console.settings import Settings
from emergency.vocabulary import POLLUTANT_CHINESE
from forecast.outlook import DayOutlook, Outlook
from plans.aqi_edition import AqiCategory
from plans.schema import AqiEdition


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


def signed_of(settings: Settings, outlook: Outlook) -> dict[date, int]:
    """The signed AQI per day of the newest concluded consultation on this very outlook; empty when there is none."""
    rows = settings.office.record.now("consultation", states=("concluded",))
    for row in reversed(rows):
        if row["body"]["outlook_digest"] == outlook.digest:
            days = (day.valid_date for day in outlook.days)
            return dict(zip(days, row["body"]["signed_aqi"], strict=False))
    return {}


def categories(edition: AqiEdition) -> Callable[[int | None], AqiCategory | None]:
    """The category of an AQI under an edition, None for None; for templates."""
    return lambda aqi: None if aqi is None else edition.category_of(aqi)
