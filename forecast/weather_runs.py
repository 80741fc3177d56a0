"""From runs of weather models as they were received to the daily weather ahead, as of each issue.

A run file becomes hours at places (:func:`hours_of`), kept by forecast.guidance like the answers of a service. The
daily weather of an issue day is made of what had been received by then (:func:`daily_ahead`): what was known tonight,
and on every night before, is read from the same store.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from forecast import air
from forecast.features import LEADS
from forecast.guidance import Guidance, Said, laid_over
from forecast.weather import check_daily, describe, labelled, predictors
from forecast.weather_path import BEFORE
from plans.errors import DataError

if TYPE_CHECKING:
    from forecast.train import Trained

RUN_DELAY = timedelta(hours=6)
"""How long after its nominal time a run of the past counts as at hand (a setting; confidence I: global runs take 4 to
7 h)."""

AT_HAND = timedelta(hours=1)
"""After the end of day D a run must have come to count for the issue of D: the outlook is made at 00:50, and what a
later one could have known is not what this one learned from (a choice of ours)."""

FRESH = timedelta(hours=30)
"""How old the newest run of an issue may be: one of the day, late by a cycle (a choice of ours)."""

_HOUR = np.timedelta64(1, "h")
_WHOLE = 1e-6
"""Hours, and units of a variable: so much is rounding of a packed file (check_run lets as much through)."""


def hours_of(run: xr.Dataset) -> Iterator[tuple[datetime, xr.Dataset]]:
    """Each run at stations (see weather_files.at_stations) as issue time and hours (station, valid_time), each whole.

    Steps may grow with the lead (hourly at first, every six hours later): a value stands for the hours it is nearest
    to, rain for those since the value before it. A longer gap stays a gap. Of steps within an hour the last stands for
    it, and their rain is added up. Hours before and after all that is said are left out, a run that says nothing too.
    """
    leads = run["lead_hours"].values.astype(np.float64)
    names = [str(name) for name in run if describe(str(name)) is not None]
    codes = np.array([str(code) for code in run["station"].values], dtype=object)
    for number, issued in enumerate(run["issued_at"].values.astype("datetime64[us]")):
        begin = issued.astype("datetime64[h]").astype("datetime64[us]")
        slot = np.ceil(((issued - begin) / _HOUR) + leads - _WHOLE).astype(np.intp)
        last = np.flatnonzero(np.append(np.diff(slot) > 0, True))
        since, first = _hours_since(leads[last]), slot[0]
        count = int(slot[-1] - first) + 1 + int(since[-1]) // 2
        values = {}
        for name in names:
            said = run[name].isel(issued_at=number).transpose("station", "lead_hours").values
            if name == "rain":
                said = np.add.reduceat(said, np.append(0, last[:-1] + 1), axis=1) / since
            else:
                said = said[:, last]
            place = _place_of(slot[last] - first, since, nearest=name != "rain", hours=count)
            values[name] = np.where(place >= 0, _within(said, name)[:, place], np.nan)
        told = np.flatnonzero(~np.isnan(list(values.values())).all(axis=(0, 1)))
        if not len(told):
            continue
        there = slice(told[0], told[-1] + 1)
        labels = begin + (first + np.arange(count)[there]) * _HOUR
        coords = {"station": codes, "valid_time": labels.astype("datetime64[us]")}
        hours = {name: (("station", "valid_time"), value[:, there]) for name, value in values.items()}
        yield air.moment(issued), xr.Dataset(hours, coords=coords, attrs=dict(run.attrs))


def keep_run(
    guidance: Guidance,
    run: xr.Dataset,
    *,
    source: str,
    received_at: datetime | None = None,
    delay: timedelta = RUN_DELAY,
) -> int:
    """How many hourly values of the runs at stations were new.

    Without `received_at` each came `delay` after its issue, as a run of the past is taken to have done; with it none
    counts as received before its own time. DataError as Guidance.write raises it.
    """
    new = 0
    for issued, data in hours_of(run):
        received = issued + delay if received_at is None else max(received_at, issued)
        new += guidance.write(data, source=source, received_at=received, issued_at=issued)
    return new


def daily_ahead(
    guidance: Guidance,
    *,
    source: str,
    first: date,
    last: date,
    as_of: datetime,
    places: Sequence[str] | None = None,
    late: bool = False,
) -> xr.Dataset:
    """Daily weather ahead (area, issue_date, lead), mode "forecast", of the issue days first..last; areas are places.

    Of `places` those the source ever spoke of; all of them when none are named.

    For issue day D: what had been received of a source's runs by one hour after the end of D and by `as_of`, the later
    run over the earlier; NaN where the newest is older than FRESH. Days that are known to less than three quarters are
    NaN. `late`: of the last day counts whatever came by `as_of`. attrs["runs_of"] is the source, attrs["received_at"]
    when the newest run of the last day came (empty without). DataError: nothing is kept of the source in those days.
    """
    if last < first:
        raise _none_kept(source, first, last)
    days = np.arange(np.datetime64(first, "D"), np.datetime64(last, "D") + 1)
    start, end = air.day_bounds(first)[1], air.day_bounds(last)[1] + timedelta(days=LEADS)
    ends = air.from_beijing((days + np.timedelta64(1, "D")).astype("datetime64[us]"))
    moments = np.minimum(ends + np.timedelta64(AT_HAND), air.utc(as_of, name="as_of"))
    if late:
        moments[-1] = air.utc(as_of, name="as_of")
    known = guidance.places(source)
    codes = known if places is None else tuple(place for place in dict.fromkeys(places) if place in known)
    oldest = air.moment(moments[0]) - FRESH
    out: dict[str, np.ndarray] = {}
    newest = ""
    for row, code in enumerate(codes):  # one place after the other: years of runs of all of them would fill the memory
        said = guidance.said(source=source, places=[code], start=start, end=end, as_of=as_of, issued_after=oldest)
        said = tuple(one for one in said if any(describe(name) is not None for name in one.variables))
        fresh = _fresh(said, moments)
        names, hourly = _hourly(said, fresh, ends)

        def by_day(name: str, names: tuple[str, ...] = names, hourly: np.ndarray = hourly) -> np.ndarray | None:
            return hourly[:, names.index(name)].reshape(len(days), LEADS, 24) if name in names else None

        for name, value in predictors(by_day).items():
            if not np.isnan(value).all():
                out.setdefault(name, np.full((len(codes), len(days), LEADS), np.nan))[row] = value
        newest = max([newest, *(said[at].received_at.isoformat() for at in fresh[-1])])
    if not out:
        raise _none_kept(source, first, last)
    coords = {"area": list(codes), "issue_date": days.astype("datetime64[us]"), "lead": np.arange(1, LEADS + 1)}
    attrs = {"weather_mode": "forecast", "source": source, "runs_of": source, "received_at": newest}
    made = xr.Dataset({name: (("area", "issue_date", "lead"), out[name]) for name in out}, coords=coords, attrs=attrs)
    return check_daily(labelled(made))


def _none_kept(source: str, first: date, last: date) -> DataError:
    return DataError(
        "No weather run is kept of those days", where=source,
        expected=f"runs of the issue days {first.isoformat()} to {last.isoformat()}", found="none",
        todo="Switch the source on in sources.yaml, or load runs of the past",
    )  # fmt: skip


def for_model(guidance: Guidance, model: Trained, *, day: date, as_of: datetime) -> xr.Dataset:
    """What a model that was trained on a source's runs is asked with for the issue of `day`.

    These runs as far back as it looks, of `day` a late one where none was at hand. DataError: it was trained on no
    source's runs; as daily_ahead raises it.
    """
    source = str(model.manifest["weather_runs_of"])
    if not source:
        raise DataError("The model was not trained on kept runs", expected="the name of their source", found="a table")
    first = day - timedelta(days=model.model.looks_back + BEFORE)
    places = [name for area in model.areas for name in (area.key, *area.stations)]
    return or_late(guidance, source=source, first=first, last=day, as_of=as_of, places=places)


def or_late(
    guidance: Guidance, *, source: str, first: date, last: date, as_of: datetime, places: Sequence[str]
) -> xr.Dataset:
    """As daily_ahead; where no run of the last day was at hand, with one that came later.

    A model knows none so young, but a week with a younger run is told better than one without any.
    """
    try:
        made = daily_ahead(guidance, source=source, first=first, last=last, as_of=as_of, places=places)
        if made.attrs["received_at"]:
            return made
    except DataError:
        pass
    return daily_ahead(guidance, source=source, first=first, last=last, as_of=as_of, places=places, late=True)


def _hourly(said: Sequence[Said], fresh: Sequence[np.ndarray], ends: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
    """Weather variables, and (issue day, variable, hour of the seven days) of what was fresh at each issue."""
    names = tuple(sorted({name for one in said for name in one.variables if describe(name) is not None}))
    laid = [
        laid_over([said[at] for at in there], names=names, first_hour=closed + _HOUR, hours=LEADS * 24)
        for there, closed in zip(fresh, ends, strict=True)
    ]
    return names, np.stack(laid)


def _fresh(said: Sequence[Said], moments: np.ndarray) -> list[np.ndarray]:
    """Per moment the places of those received by then and issued not longer than FRESH before, older runs first."""
    received = np.array([air.utc(one.received_at) for one in said], dtype="datetime64[us]")
    issued = np.array([air.utc(one.issued_at) for one in said], dtype="datetime64[us]")
    oldest = np.timedelta64(FRESH)
    return [np.flatnonzero((received <= moment) & (issued > moment - oldest)) for moment in moments]


def _within(said: np.ndarray, name: str) -> np.ndarray:
    """The values, those that rounding put beyond the possible range at its edge."""
    rule = describe(name)
    assert rule is not None
    edge = np.clip(said, rule.low, rule.high)
    return np.where(np.abs(said - edge) <= _WHOLE, edge, said)


def _hours_since(leads: np.ndarray) -> np.ndarray:
    """(lead,): hours since the lead before, at least 1; the first as the second, or 1 at the start of the run."""
    steps = np.diff(leads)
    first = min(leads[0], steps[0]) if len(steps) and leads[0] > 0 else 1.0
    since: np.ndarray = np.maximum(np.concatenate([[first], steps]), 1.0)
    return since


def _place_of(slot: np.ndarray, since: np.ndarray, *, nearest: bool, hours: int) -> np.ndarray:
    """(hour,): the place of the value that stands for it, the next one or the nearest; -1 none.

    A gap, longer than six hours and than the usual step, is not bridged.

    >>> _place_of(np.array([2, 5, 17]), np.array([3.0, 3, 12]), nearest=True, hours=9).tolist()
    [-1, 0, 0, 0, 1, 1, -1, -1, -1]
    """
    steps = np.where(since > max(6.0, float(np.median(since))), 1, since).astype(np.intp)
    after = np.append(steps[1:], steps[-1])
    out = np.full(hours, -1)
    for number, at in enumerate(slot):
        first = at - (steps[number] - 1) // (2 if nearest else 1)
        last = at + after[number] // 2 if nearest else at
        out[max(first, 0) : max(last + 1, 0)] = number
    return out
