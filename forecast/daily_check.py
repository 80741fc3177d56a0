"""What became of the forecasts of one day: the model, the forecaster, persistence and climatology side by side.

Every outlook that spoke of the day and was known at the time is held against what was then measured, under the edition
it was made in. Persistence says the AQI of the day behind the issue; climatology the median of the season's days of
former years, or of the months before where the archive holds no former year.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast import air, features, official
from forecast.aqi import primary_names
from forecast.calibrate import crps
from forecast.daily import city_mean, daily_statistics
from forecast.features import TARGETS, season_distance
from forecast.outlook import Outlook
from forecast.predict import aqi_of
from forecast.whole_days import tells

if TYPE_CHECKING:
    from forecast.archive import Archive

SEASON = 15.0
"""Half width in days of the season that climatology looks at."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One forecast of one day, and how it ended."""

    valid_date: date
    lead: int
    who: str
    """model | forecaster | persistence | climatology."""
    issued_at: datetime
    aqi: int
    """The forecast; of the model its median."""
    observed: int
    error: int
    level_right: bool
    within_quarter: bool
    in_range: bool
    joined_level_right: bool
    primary_right: bool | None
    """None where none was observed or none was forecast by this party."""
    city_score: float
    crps: float | None
    """Of the model's paths; of a single value its absolute error."""
    inside_80: bool | None
    """Whether the model's 80 % interval held it."""

    def row(self) -> dict[str, object]:
        """Plain values by name, dates and times as ISO text."""
        return {name: value.isoformat() if isinstance(value, date) else value for name, value in asdict(self).items()}


def check(
    archive: Archive,
    *,
    area: str,
    stations: Sequence[str],
    day: date,
    as_of: datetime,
    signed: Mapping[date, Mapping[date, int]] | None = None,
) -> tuple[Checked, ...]:
    """All forecasts of a natural day that is over, by lead and then by party; empty where it has no observed AQI.

    Of several outlooks of one lead the last issued counts. `signed`: by issue day, the forecaster's AQI by valid day.
    """
    begin, end = air.day_bounds(day)
    outlooks = archive.outlooks(area, start=begin - timedelta(days=8), end=begin + timedelta(days=1), as_of=as_of)
    ahead = {}
    for one in outlooks:
        for position, item in enumerate(one.days):
            if item.valid_date == day:
                ahead[item.lead_days] = (one, position)
    if not ahead:
        return ()
    edition = next(iter(ahead.values()))[0].aqi_edition
    days, values, primary = _observed(archive, stations, end=end, as_of=as_of, edition=edition)
    known = dict(zip(days, values, strict=True))
    if known.get(day) is None:
        return ()
    truth, was = int(known[day] or 0), primary[days.index(day)]
    usual = _usual(days, values, day)
    out = []
    for lead, (one, position) in sorted(ahead.items()):
        out.append(_of_model(one, position, truth, was))
        base = day - timedelta(days=lead)
        told = (signed or {}).get(base + timedelta(days=1), {}).get(day)
        singles = (("forecaster", told), ("persistence", known.get(base)), ("climatology", usual))
        out += [_of_value(name, int(value), one, lead, day, truth, was) for name, value in singles if value is not None]
    return tuple(out)


def _of_model(one: Outlook, position: int, truth: int, was: tuple[str, ...]) -> Checked:
    item = one.days[position]
    named = (item.primary,) if item.primary else ()
    members = np.array([path[position] for path in one.aqi_paths], dtype=np.float64)
    right = official.primary_right(named, was) if named else None
    return Checked(
        **_common(item.median, truth, right),
        valid_date=item.valid_date,
        lead=item.lead_days,
        who="model",
        issued_at=one.issued_at,
        crps=round(float(crps(members, np.array(float(truth)))), 3) if len(members) else None,
        inside_80=item.quantile(0.10) <= truth <= item.quantile(0.90),
    )


def _of_value(who: str, value: int, one: Outlook, lead: int, day: date, truth: int, was: tuple[str, ...]) -> Checked:
    del was
    return Checked(
        **_common(value, truth, None),
        valid_date=day,
        lead=lead,
        who=who,
        issued_at=one.issued_at,
        crps=float(abs(value - truth)),
        inside_80=None,
    )


def _common(value: int, truth: int, primary: bool | None) -> dict[str, Any]:
    return {
        "aqi": value,
        "observed": truth,
        "error": value - truth,
        "level_right": official.level_right(value, truth),
        "within_quarter": official.within_quarter(value, truth),
        "in_range": official.in_range(value, truth),
        "joined_level_right": official.joined_level_right(value, truth),
        "primary_right": primary,
        "city_score": official.city_score(value, truth, primary=primary),
    }


def _observed(
    archive: Archive, stations: Sequence[str], *, end: datetime, as_of: datetime, edition: str, years: int = 4
) -> tuple[list[date], list[int | None], list[tuple[str, ...]]]:
    """Days, their AQI and primary pollutants, of the mean of the stations.

    None and () where unknown, or where a main pollutant that is measured otherwise is missing.
    """
    start = end - timedelta(days=366 * years)
    newest = archive.observations(stations=list(stations), start=start, end=end, as_of=as_of)
    city = city_mean(newest, stations=list(stations), minimum_share=features.OBSERVED_SHARE)
    daily = daily_statistics(city)
    table = np.stack([daily[name].values[0] for name in TARGETS], axis=-1)
    table = np.where(np.isnan(table), np.nan, np.maximum(table, 0.0))
    days = [one.astype("datetime64[D]").item() for one in daily["valid_date"].values]
    there = tells(table)
    if not there.any():
        return days, [None] * len(days), [()] * len(days)
    aqi, mask = aqi_of(table, edition=edition)
    values = [int(value) if known and value >= 0 else None for value, known in zip(aqi, there, strict=True)]
    return days, values, [primary_names(int(one)) for one in mask]


def _usual(days: list[date], values: list[int | None], day: date) -> float | None:
    """Median of the season of former years; of all days before where there are fewer than ten."""
    before = [(one, value) for one, value in zip(days, values, strict=True) if one < day - timedelta(days=7) and value]
    if not before:
        return None
    dates = np.array([one for one, _ in before], dtype="datetime64[D]")
    numbers = np.array([value for _, value in before], dtype=np.float64)
    near = season_distance(dates, np.full(len(dates), np.datetime64(day, "D"))) <= SEASON
    near &= dates < np.datetime64(day - timedelta(days=300), "D")
    return float(np.median(numbers[near] if near.sum() >= 10 else numbers))
