"""One way in for live observations: judge, note new and renamed stations, write, keep what was published beside it.

All of an answer is written in one transaction, or nothing of it. Everything is idempotent: the same answer taken in
twice, or by two runners, adds nothing the second time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from math import cos, hypot, radians

import numpy as np
import sqlalchemy as sa
import xarray as xr

from forecast import air
from forecast.archive import Archive
from forecast.archive_rows import append
from forecast.archive_schema import OBSERVATION, STATION, WEATHER_OBSERVATION
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
    codes = [str(code) for code in dataset["station"].values]
    given = {station.code: station for station in stations}
    with plain_errors(f"the archive, {source}"):
        known = {station.code: station for station in archive.stations()}
        pollutants = any(name in dataset for name in air.POLLUTANTS)
        if pollutants:
            before = _before(archive, [code for code in codes if code in known], dataset, received_at, look_back)
            places = [given.get(code) or known.get(code) or Station(code, code) for code in codes]
            places = [known[p.code] if p.lon is None and p.code in known else p for p in places]
            dataset = judge(dataset, places=places, windows=windows, before=before)
        with archive.engine.connect().execution_options(writes=True) as connection, connection.begin():
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(2122022)")  # one taker at a time
            known = {row.code: Station(**row._mapping) for row in connection.execute(sa.select(STATION))}
            entries, new, renamed, notes = _directory(codes, known, given, source)
            _write_stations(connection, entries, known)
            rows = sum(
                append(connection, *what, dataset=dataset, source=source, received_at=received_at, delay=None)
                for what in (_POLLUTANTS, _WEATHER)
                if any(name in dataset for name in what[1])
            )
            beside = 0
            if published is not None:
                beside = published.append(connection, dataset, source=source, received_at=received_at)
    return Intake(rows, beside, tuple(new), tuple(renamed), tuple(notes))


_POLLUTANTS = (OBSERVATION, air.POLLUTANTS, "flags")
_WEATHER = (WEATHER_OBSERVATION, air.WEATHER, "weather_flags")


def _before(
    archive: Archive, codes: list[str], dataset: xr.Dataset, as_of: datetime, look_back: timedelta
) -> xr.Dataset | None:
    """What the archive held of the hours before the dataset; None when nothing is looked back on."""
    if look_back <= timedelta(0) or not codes:
        return None
    end = air.moment(dataset["valid_time"].values[0]) - timedelta(hours=1)
    return archive.observations(stations=codes, start=end - look_back, end=end, as_of=as_of)


def _write_stations(connection: sa.Connection, entries: Sequence[Station], known: Mapping[str, Station]) -> None:
    new = [asdict(entry) for entry in entries if entry.code not in known]
    if new:
        connection.execute(sa.insert(STATION), new)
    for entry in entries:
        if entry.code in known and known[entry.code] != entry:
            connection.execute(sa.update(STATION).where(STATION.c.code == entry.code).values(asdict(entry)))


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
