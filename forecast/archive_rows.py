"""Station-hours in and out of a table of the archive: the newest revision as of a moment, and appending revisions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import sqlalchemy as sa
import xarray as xr

from forecast import air
from forecast.archive_schema import STATION, stamp, unstamp
from plans.errors import DataError

CHUNK = 50_000
"""Rows per statement: large enough for speed, small enough for memory."""

_NEVER = np.iinfo(np.int64).min


def read(
    engine: sa.Engine,
    table: sa.Table,
    names: tuple[str, ...],
    flags: str,
    *,
    stations: Sequence[str],
    start: datetime,
    end: datetime,
    as_of: datetime,
) -> xr.Dataset:
    """The values of start < valid_time <= end as known at `as_of`, every hour present; see Archive.observations."""
    codes, hours = list(stations), air.hours(start, end)
    columns = [
        table.c.station,
        table.c.valid_time,
        table.c.received_at,
        *(table.c[n] for n in names),
        table.c.flags,
    ]
    query = (
        sa.select(*columns)
        .where(
            table.c.station.in_(codes),
            table.c.valid_time > stamp(start, name="start"),
            table.c.valid_time <= stamp(end, name="end"),
            table.c.received_at <= stamp(as_of, name="as_of"),
        )
        .order_by(table.c.station, table.c.valid_time, table.c.received_at)
    )
    with engine.connect() as connection:
        refuse_unknown(connection, codes)
        # As the driver gives them: wrapping 150,000 rows of a year one by one would take longer than reading them.
        rows = connection.execute(query).cursor.fetchall() if len(hours) else []
    shape = (len(codes), len(hours))
    values = {name: np.full(shape, np.nan) for name in names}
    marks = np.zeros(shape, dtype=np.int64)
    received = np.full(shape, np.datetime64("NaT"), dtype="datetime64[us]")
    if rows:
        of = dict(zip(codes, range(len(codes)), strict=True))
        got = list(zip(*rows, strict=True))
        row = np.fromiter(map(of.__getitem__, got[0]), dtype=np.intp, count=len(rows))
        hour = np.searchsorted(hours.astype(np.int64), np.array(got[1], dtype=np.int64))
        # Rows come oldest revision first, and numpy keeps the last of repeated places: the newest one stands.
        received[row, hour] = np.array(got[2], dtype=np.int64).view("datetime64[us]")
        for name, column in zip(names, got[3:-1], strict=True):
            values[name][row, hour] = np.array(column, dtype=np.float64)
        marks[row, hour] = np.array(got[-1], dtype=np.int64)
    extra = {flags: marks, "received_at": received}
    return air.dataset(values, stations=codes, valid_time=hours, extra=extra, attrs={"source": "archive"})


def refuse_unknown(connection: sa.Connection, codes: Sequence[str]) -> None:
    """DataError with the first code the archive has no station for."""
    known = set(connection.execute(sa.select(STATION.c.code).where(STATION.c.code.in_(list(codes)))).scalars())
    unknown = [code for code in codes if code not in known]
    if unknown:
        todo = "Write the stations first (write_stations)"
        raise DataError("The station is not known", expected="a station of the archive", found=unknown[0], todo=todo)


def append(
    connection: sa.Connection,
    table: sa.Table,
    names: tuple[str, ...],
    flags: str,
    *,
    dataset: xr.Dataset,
    source: str,
    received_at: datetime | None,
    delay: timedelta | None,
) -> int:
    """How many revisions were added; see Archive.write_observations."""
    if (received_at is None) == (delay is None):
        raise DataError("When was it received?", expected="either received_at or delay", found="both or neither")
    if delay is not None and delay < timedelta(0):
        raise DataError("The delay is negative", expected="0 or more", found=delay)
    _lock(connection, table)
    codes = [str(code) for code in dataset["station"].values]
    refuse_unknown(connection, codes)
    hours = dataset["valid_time"].values.astype(np.int64)
    if not len(hours):
        return 0
    shape = (len(codes), len(hours))
    new = np.stack([dataset[n].values if n in dataset else np.full(shape, np.nan) for n in names])
    marks = dataset[flags].values.astype(np.int64) if flags in dataset else np.zeros(shape, dtype=np.int64)
    if received_at is not None:
        received = np.full(len(hours), stamp(received_at, name="received_at"))
        if (received < hours).any():
            found = f"{received_at.isoformat()} before the hour ending {unstamp(int(hours[-1])).isoformat()}"
            raise DataError("A value cannot be received before its hour has ended", found=found)
    else:
        assert delay is not None
        received = hours + delay // timedelta(microseconds=1)
    held, newest_at = _held(connection, table, names, codes, hours, received)
    absent = np.array([name not in dataset for name in names])
    new[absent] = held[absent]
    changed = ~((new == held) | (np.isnan(new) & np.isnan(held))).all(axis=0)
    take = changed | ((marks != 0) & (newest_at == _NEVER))
    backwards = take & (received[None, :] <= newest_at)
    if backwards.any():
        row, hour = np.argwhere(backwards)[0]
        raise DataError(
            "A changed value claims to be as old as the one held",
            where=f"{source}, station {codes[row]}, hour ending {unstamp(int(hours[hour])).isoformat()}",
            expected=f"received_at after {unstamp(int(newest_at[row, hour])).isoformat()}",
            found=unstamp(int(received[hour])).isoformat(),
            todo="Give the moment the change was received",
        )
    return _insert(connection, table, names, codes, hours, received, new, marks, take, source)


def _lock(connection: sa.Connection, table: sa.Table) -> None:
    """One writer at a time; SQLite holds the write lock since BEGIN IMMEDIATE."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f'LOCK TABLE "{table.name}" IN SHARE ROW EXCLUSIVE MODE')


def _held(
    connection: sa.Connection,
    table: sa.Table,
    names: tuple[str, ...],
    codes: list[str],
    hours: np.ndarray,
    received: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Per station-hour the values held as of `received`, and when the very newest came (_NEVER: none is held).

    Comparing with the state as of `received`, not with the newest, lets a file be loaded again after one of its values
    was corrected.
    """
    shape = (len(codes), len(hours))
    held, newest_at = np.full((len(names), *shape), np.nan), np.full(shape, _NEVER, dtype=np.int64)
    columns = [table.c[name] for name in ("valid_time", "received_at", *names)]
    for row, code in enumerate(codes):
        query = (
            sa.select(*columns)
            .where(table.c.station == code, table.c.valid_time.between(int(hours[0]), int(hours[-1])))
            .order_by(table.c.valid_time, table.c.received_at)
        )
        rows = connection.execute(query).fetchall()
        if not rows:
            continue
        got = list(zip(*rows, strict=True))
        times, at = np.array(got[0], dtype=np.int64), np.array(got[1], dtype=np.int64)
        place = np.searchsorted(hours, times)
        mine = hours[place] == times  # rows of hours between the dataset's own are not ours
        newest_at[row, place[mine]] = at[mine]
        mine &= at <= received[place]
        for number, column in enumerate(got[2:]):
            held[number, row, place[mine]] = np.array(column, dtype=np.float64)[mine]
    return held, newest_at


def _insert(
    connection: sa.Connection,
    table: sa.Table,
    names: tuple[str, ...],
    codes: list[str],
    hours: np.ndarray,
    received: np.ndarray,
    new: np.ndarray,
    marks: np.ndarray,
    take: np.ndarray,
    source: str,
) -> int:
    rows, places = np.nonzero(take)
    statement = str(sa.insert(table).compile(dialect=connection.dialect))
    order = ["station", "valid_time", "received_at", *names, "flags", "source"]
    for begin in range(0, len(rows), CHUNK):
        row, place = rows[begin : begin + CHUNK], places[begin : begin + CHUNK]
        columns: list[list[Any]] = [
            [codes[number] for number in row],
            hours[place].tolist(),
            received[place].tolist(),
            *([None if value != value else value for value in values[row, place].tolist()] for values in new),  # noqa: PLR0124
            marks[row, place].tolist(),
            [source] * len(row),
        ]
        tuples: list[Any] = list(zip(*columns, strict=True))
        if connection.dialect.paramstyle in ("format", "pyformat"):  # psycopg wants names, sqlite takes places
            tuples = [dict(zip(order, values, strict=True)) for values in tuples]
        connection.exec_driver_sql(statement, tuples)
    return len(rows)
