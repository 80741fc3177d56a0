"""One way in for live observations: judge, note new and renamed stations, write, keep what was published beside it.

Everything is idempotent: the same answer taken in twice, or by two runners, adds nothing the second time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import cos, hypot, radians

import numpy as np
import xarray as xr

from forecast import air
from forecast.archive import Archive
from forecast.plain_errors import plain_errors
from forecast.published import Published
from forecast.quality_rules import Window, judge
from forecast.readers.station_list import Station
from plans.errors import DataError

SAME_PLACE_KM = 0.2
"""A new code nearer than this to a known station is probably that station under a new code (confidence I)."""


@dataclass(frozen=True, slots=True)
class Intake:
    """What taking in changed."""

    rows: int
    """Station-hours that were new or changed."""
    published: int
    new_stations: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str, str], ...] = ()
    """(code, old name, new name)"""
    notes: tuple[str, ...] = ()


def take_in(
    archive: Archive,
    dataset: xr.Dataset,
    *,
    source: str,
    received_at: datetime,
    stations: Iterable[Station] = (),
    windows: Sequence[Window] = (),
    look_back: timedelta = timedelta(hours=24),
    published: Published | None = None,
) -> Intake:
    """Write the observations of a live answer with their marks; nothing is written when anything fails.

    `stations` are the directory entries the source gave; one whose name is its code is only used when the code is
    unknown. `look_back` is how much of the archive the marks look back on. DataError: contract broken, a value received
    before its hour, a full disk, a locked database.
    """
    air.check(dataset)
    if not dataset.sizes["valid_time"] or not dataset.sizes["station"]:
        return Intake(0, 0)
    first = air.moment(dataset["valid_time"].values[0])
    codes = [str(code) for code in dataset["station"].values]
    with plain_errors(f"the archive, {source}"):
        known = {station.code: station for station in archive.stations()}
        given = {station.code: station for station in stations}
        entries, new, renamed, notes = _directory(codes, known, given, source)
        archive.write_stations(entries)
        before = None
        if look_back > timedelta(0):
            begin = first - timedelta(hours=1) - look_back
            before = archive.observations(
                stations=codes, start=begin, end=first - timedelta(hours=1), as_of=received_at
            )
        places = {**known, **{entry.code: entry for entry in entries}}
        marked = judge(dataset, places=[places[code] for code in codes], windows=windows, before=before)
        rows = archive.write_observations(marked, source=source, received_at=received_at)
        beside = 0 if published is None else published.write(dataset, source=source, received_at=received_at)
    return Intake(rows, beside, tuple(new), tuple(renamed), tuple(notes))


def possible(name: str, values: np.ndarray) -> np.ndarray:
    """The values with those that cannot be measurements as NaN (a live answer must not fail for one bad station)."""
    low, high = air.POSSIBLE[name]
    with np.errstate(invalid="ignore"):
        return np.where((values >= low) & (values <= high), values, np.nan)


def _directory(
    codes: Sequence[str], known: dict[str, Station], given: dict[str, Station], source: str
) -> tuple[list[Station], list[str], list[tuple[str, str, str]], list[str]]:
    entries, new, renamed, notes = [], [], [], []
    for code in codes:
        if not code.strip():
            raise DataError("A station has no code", where=source)
        entry, have = given.get(code, Station(code, code, source=source)), known.get(code)
        if have is None:
            new.append(code)
            twin = _at_the_same_place(entry, known.values())
            if twin is not None:
                notes.append(f"{code} stands where {twin} stands: a new code of the same station?")
            entries.append(entry)
            continue
        if entry.name == entry.code:
            continue
        note = have.note
        if have.name not in (entry.name, have.code):
            renamed.append((code, have.name, entry.name))
            note = f"{note}；曾用名 {have.name}".strip("；")
        lon, lat = (entry.lon, entry.lat) if entry.lon is not None else (have.lon, have.lat)
        entries.append(replace(entry, note=note, lon=lon, lat=lat, city=entry.city or have.city))
    return entries, new, renamed, notes


def _at_the_same_place(entry: Station, known: Iterable[Station]) -> str | None:
    if entry.lon is None or entry.lat is None:
        return None
    for other in known:
        if other.lon is None or other.lat is None:
            continue
        east = (entry.lon - other.lon) * cos(radians(entry.lat)) * 111.2
        if hypot(east, (entry.lat - other.lat) * 111.2) < SAME_PLACE_KM:
            return other.code
    return None
