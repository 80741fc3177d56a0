"""The weather ahead as a person reads it: one row per day, out of the daily weather that an outlook could use."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from plans.errors import DataError

if TYPE_CHECKING:
    import xarray as xr

    from forecast.archive import Archive
    from forecast.outlook import Outlook

WINDS = ("北", "东北", "东", "东南", "南", "西南", "西", "西北")
STEADY = 0.3
"""m/s; a mean wind below it comes from nowhere in particular (a choice of ours)."""


@dataclass(frozen=True, slots=True)
class WeatherDay:
    """One natural day ahead; None where the source does not have it. Units as in docs/weather.md."""

    valid_date: date
    temperature_min: float | None
    temperature_max: float | None
    wind_speed: float | None
    """Mean of the day, m/s."""
    wind_from: str
    """One of eight winds, e.g. 西北; empty when unknown or from nowhere in particular."""
    stagnant_share: float | None
    """Share of hours below 2 m/s without rain."""
    ventilation: float | None
    """Boundary layer height times wind, m2/s."""
    rain: float | None
    """mm in the day."""

    def as_data(self) -> dict[str, Any]:
        """As plain values."""
        return {**asdict(self), "valid_date": self.valid_date.isoformat()}


def days_of(daily: xr.Dataset, *, area: str, stations: Sequence[str], issue_day: date) -> tuple[WeatherDay, ...]:
    """The days behind `issue_day`: those of the area where the table says any, else means over its stations.

    Empty when the table has no run of that day or none of the places; days of which nothing is known are left out.
    """
    import numpy as np

    places = [str(name) for name in daily["area"].values]
    day = np.datetime64(issue_day, "us")
    if day not in daily["issue_date"].values:
        return ()
    run = daily.sel(issue_date=day)
    own = area in places and bool(run.sel(area=area).to_dataarray().notnull().any())
    chosen = [area] if own else [name for name in stations if name in places]
    if not chosen:
        return ()
    run = run.sel(area=chosen)

    def values(name: str) -> list[float | None]:
        if name not in run:
            return [None] * run.sizes["lead"]
        array = run[name].transpose("lead", "area").values
        known = [row[~np.isnan(row)] for row in array]
        return [round(float(row.mean()), 3) if row.size else None for row in known]

    names = ("temperature_min", "temperature_max", "wind_speed_mean", "stagnant_share", "ventilation_mean", "rain_sum")
    columns = [values(name) for name in names]
    winds = zip(values("wind_east_mean"), values("wind_north_mean"), strict=True)
    made = []
    for lead, wind, row in zip(run["lead"].values, winds, zip(*columns, strict=True), strict=True):
        cold, warm, speed, stagnant, ventilation, rain = row
        if any(value is not None for value in row):
            ahead = issue_day + timedelta(days=int(lead))
            made.append(WeatherDay(ahead, cold, warm, speed, _from(*wind), stagnant, ventilation, rain))
    return tuple(made)


def behind(archive: Archive, outlook: Outlook, *, stations: Sequence[str]) -> tuple[WeatherDay, ...]:
    """The weather an outlook was made with, of the kept runs it names, as of its issue; empty when it names none."""
    if not outlook.weather_source:
        return ()
    return kept(archive, outlook, source=outlook.weather_source, stations=stations)


def kept(archive: Archive, outlook: Outlook, *, source: str, stations: Sequence[str]) -> tuple[WeatherDay, ...]:
    """What a source's kept runs said of the days of an outlook, as of its issue; empty without any."""
    from forecast import weather_runs
    from forecast.guidance import Guidance

    day = outlook.days[0].valid_date - timedelta(days=1)
    guidance, places = Guidance(archive.engine), [outlook.area, *stations]
    try:
        daily = weather_runs.or_late(
            guidance, source=source, first=day, last=day, as_of=outlook.issued_at, places=places
        )
    except DataError:
        return ()
    return days_of(daily, area=outlook.area, stations=stations, issue_day=day)


def _from(east: float | None, north: float | None) -> str:
    """The wind's name by where it comes from.

    >>> _from(2.0, -2.0), _from(0.0, 3.0), _from(0.1, 0.1)
    ('西北', '南', '')
    """
    if east is None or north is None or math.hypot(east, north) < STEADY:
        return ""
    return WINDS[round(math.degrees(math.atan2(-east, -north)) / 45) % 8]
