"""Open-Meteo's previous runs: what weather models said on the days of the past, as it was at hand at each day's end.

Known, from the service's documentation and its public code: the answer is that of the forecast; NAME_previous_dayK is
what was said K days before of an hour, and the plain name what was said last; most models are kept since January 2024,
and none further ahead than it reaches. The suffix is understood of surface variables only, not of pressure levels, so
the 850 hPa temperature is not asked for: it would be refused, or be the newest run's.

Taken on: the run behind K was issued 24 K hours before its hour or earlier; and a run was at hand 6 hours after its own
time (RUN_DELAY). So of hour h of day D + k only previous_day{k} may be used at the end of day D where h is at most 18,
and previous_day{k + 1} after that; the last six hours of the seventh day stay empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any

import numpy as np
import xarray as xr

from flows.sources.live import Asker
from flows.sources.open_meteo import BESIDE, MANIFEST, POLICY, WEATHER, hours_of, possible, question
from flows.sources.web_rules import Policy
from forecast import air
from forecast.features import LEADS
from forecast.guidance import Guidance
from forecast.weather import RUN_VARIABLES
from forecast.weather_runs import RUN_DELAY

HOST = "previous-runs-api.open-meteo.com"
FIRST_DAY = date(2024, 1, 1)
"""The service keeps most models since then."""
LAGS = tuple(range(1, 8))
"""Days before that are kept; the plain name, lag 0, is never asked for: it knows more than anybody knew."""
COLUMNS: Mapping[str, tuple[str, str, float]] = MappingProxyType(
    {name: column for name, column in {**WEATHER, **BESIDE}.items() if name in RUN_VARIABLES}
)
PAST_POLICY = replace(POLICY, hosts=frozenset({HOST}), spacing=5.0)
"""A question of 63 series and 37 days counts as several calls there (C, from memory): five seconds apart."""
CHUNK = 30
"""Issue days of one question; each asks for seven days more, and is stored before the next."""
SETTLED = timedelta(days=1)
"""So long after its end a day is left alone: runs that were late may still come in behind the newest lag."""
LEAST_SAME = 24
"""Hours of temperature that must be equal for two lags to be taken as one run told twice (a choice of ours)."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one question, of one place and some issue days, brought."""

    place: str
    first: date
    last: date
    days: int
    """Issue days that were new."""
    values: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PreviousRuns:
    """The service of past runs."""

    base: str = f"https://{HOST}/v1/forecast"
    policy: Policy = PAST_POLICY

    def take(
        self,
        asker: Asker,
        guidance: Guidance,
        *,
        places: Mapping[str, tuple[float, float]],
        first: date,
        last: date,
        now: datetime,
    ) -> Iterator[Part]:
        """Part by part what was new of the issue days first..last (see :func:`known_days`), stored when it is told.

        Days that are held are not asked for again, so that ending it anywhere and calling it again does the rest.
        SourceError: the service refuses or answers otherwise than expected.
        """
        for place, at in places.items():
            for day in _days(first, last)[::CHUNK]:
                until = min(day + timedelta(days=CHUNK - 1), last)
                wanted = _not_held(guidance, place, _days(day, until), now)
                if not wanted:
                    continue
                names = [f"{theirs}_previous_day{lag}" for theirs, _unit, _factor in COLUMNS.values() for lag in LAGS]
                begin, end = wanted[0] + timedelta(days=1), wanted[-1] + timedelta(days=LEADS + 1)
                answer = asker.ask("GET", self.base, params=question(at, names, begin, end)).json()
                said, notes = laid_by_lag(answer, where=f"{MANIFEST.name}, {place}")
                new = [_keep(guidance, place, issue, said) for issue in wanted]
                if not any(new):
                    notes.append("nothing was said of these days")
                yield Part(place, wanted[0], wanted[-1], sum(map(bool, new)), sum(new), tuple(notes))


def known_days(first: date, last: date, *, now: datetime) -> tuple[date, date]:
    """The first and last of those issue days of which the service can have runs that do not change any more."""
    newest = (now - SETTLED).astimezone(air.BEIJING).date() - timedelta(days=1)
    return max(first, FIRST_DAY), min(last, newest)


def at_hand(issue: date) -> tuple[datetime, datetime]:
    """When the newest run that is used for an issue day was issued at the latest, and when it was received."""
    end = air.day_bounds(issue)[1]
    return end - RUN_DELAY, end


def lags() -> np.ndarray:
    """(168,): the lag that was at hand at the end of day D, for each hour of the seven days after it.

    >>> lags()[[0, 17, 18, 24, 167]].tolist()
    [1, 1, 2, 2, 8]
    """
    hour = np.arange(LEADS * 24)
    late = hour % 24 + 1 > 24 - int(RUN_DELAY / timedelta(hours=1))
    lag: np.ndarray = hour // 24 + 1 + late
    return lag


def laid_by_lag(answer: Any, *, where: str) -> tuple[xr.Dataset, list[str]]:
    """Variables (station, lag, valid_time) of an answer, impossible values as NaN, with notes; SourceError.

    A lag that only repeats the one before is left out: the service then had no older run, and told a younger one twice.
    """
    columns = {
        f"{ours} {lag}": (f"{theirs}_previous_day{lag}", unit, factor)
        for ours, (theirs, unit, factor) in COLUMNS.items()
        for lag in LAGS
    }
    records = dict(sorted(hours_of(answer, columns, where=where, may_lack=columns), key=lambda one: one[0]))
    labels = [air.utc(hour) for hour in records]
    values = np.array([[said.get(name, np.nan) for name in columns] for said in records.values()], dtype=np.float64)
    shaped = values.reshape(len(labels), len(COLUMNS), len(LAGS)).transpose(1, 2, 0)
    same = _repeated(shaped[list(COLUMNS).index("temperature")])
    shaped[:, same] = np.nan
    notes = [f"previous_day{LAGS[at]} only repeats the day before and was left out" for at in np.flatnonzero(same)]
    dims = ("station", "lag", "valid_time")
    data = xr.Dataset(
        {name: (dims, shaped[None, number]) for number, name in enumerate(COLUMNS)},
        coords={"lag": list(LAGS), "valid_time": np.array(labels, dtype="datetime64[us]")},
    )
    cleaned, more = possible(data, list(COLUMNS))
    return cleaned, notes + more


def _repeated(temperature: np.ndarray) -> np.ndarray:
    """(lag,): whether all known hours of (lag, hour) are those of the lag before."""
    out = np.zeros(len(temperature), dtype=bool)
    for at in range(1, len(temperature)):
        known = ~np.isnan(temperature[at]) & ~np.isnan(temperature[at - 1])
        out[at] = known.sum() >= LEAST_SAME and bool((temperature[at] == temperature[at - 1])[known].all())
    return out


def _keep(guidance: Guidance, place: str, issue: date, said: xr.Dataset) -> int:
    """How many values were new of one issue day."""
    issued, received = at_hand(issue)
    hours = air.hours(received, received + timedelta(days=LEADS))
    lag = lags()
    there = np.isin(hours, said["valid_time"].values) & (lag <= LAGS[-1])
    row = np.searchsorted(said["valid_time"].values, hours[there])
    values = {}
    for name in map(str, said):
        taken = np.full((1, len(hours)), np.nan)
        taken[0, there] = said[name].values[0, lag[there] - 1, row]
        if not np.isnan(taken).all():
            values[name] = (("station", "valid_time"), taken)
    if not values:
        return 0
    coords = {"station": np.array([place], dtype=object), "valid_time": hours}
    data = xr.Dataset(values, coords=coords, attrs={"source": MANIFEST.name})
    return guidance.write(data, source=MANIFEST.name, received_at=received, issued_at=issued)


def _not_held(guidance: Guidance, place: str, days: Sequence[date], now: datetime) -> list[date]:
    """Those issue days of which nothing is held that was received at their end."""
    start, end = air.day_bounds(days[0])[1], air.day_bounds(days[-1])[1] + timedelta(days=LEADS)
    said = guidance.said(source=MANIFEST.name, places=[place], start=start, end=end, as_of=now)
    held = {(one.issued_at, one.received_at) for one in said}
    return [day for day in days if at_hand(day) not in held]


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
