"""What is remembered of every live source: when it last answered, why not, whose turn it is, which version we hold.

A source's rate is shared by all our processes: each request reserves its turn here, in one transaction. Validators
(ETag, Last-Modified) are kept only after the data they belong to are in the archive: a process killed between fetch and
commit asks for the whole again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from forecast.archive_schema import engine_of, stamp, unstamp
from forecast.plain_errors import plain_errors

METADATA = sa.MetaData()
SOURCE_STATE = sa.Table(
    "source_state",
    METADATA,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("attempted_at", sa.BigInteger),
    sa.Column("succeeded_at", sa.BigInteger),
    sa.Column("valid_until", sa.BigInteger),
    sa.Column("failed_at", sa.BigInteger),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("next_at", sa.BigInteger, nullable=False),
)
VALIDATOR = sa.Table(
    "source_validator",
    METADATA,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("url", sa.Text, primary_key=True),
    sa.Column("etag", sa.Text),
    sa.Column("last_modified", sa.Text),
    sa.Column("kept_at", sa.BigInteger, nullable=False),
)
SOURCE_HOUR = sa.Table(
    "source_hour",
    METADATA,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("valid_time", sa.BigInteger, primary_key=True),
    sa.Column("stations", sa.Integer, nullable=False),
)
WHAT = "the state of the sources"


@dataclass(frozen=True, slots=True)
class SourceState:
    """One source as it stands."""

    source: str
    attempted_at: datetime | None = None
    succeeded_at: datetime | None = None
    valid_until: datetime | None = None
    """The newest hour it brought."""
    failed_at: datetime | None = None
    failures: int = 0
    """Failures in a row since the last success."""
    error: str = ""
    note: str = ""
    """What was odd about the last success."""


class SourceStore:
    """The memory of sources; open it beside the archive, in the same database."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        with plain_errors(WHAT):
            METADATA.create_all(engine)

    @classmethod
    def open(cls, address: str | Path) -> SourceStore:
        """The store at a file path, sqlite:/// or postgresql:// URL, made when new; DataError when impossible."""
        return cls(engine_of(address))

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        with plain_errors(WHAT), self.engine.connect().execution_options(writes=True) as connection, connection.begin():
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(2122018)")
            yield connection

    def reserve(self, source: str, *, now: datetime, spacing: float) -> datetime:
        """The moment of this request's turn: `now`, or `spacing` seconds after the turn before it."""
        with self._writing() as connection:
            row = self._row(connection, source)
            turn = max(stamp(now, name="now"), int(row["next_at"]))
            self._set(connection, source, next_at=turn + round(spacing * 1e6))
        return unstamp(turn)

    def pause(self, source: str, *, until: datetime) -> None:
        """Let nobody ask the source before that moment (it said so itself)."""
        with self._writing() as connection:
            row = self._row(connection, source)
            self._set(connection, source, next_at=max(int(row["next_at"]), stamp(until, name="until")))

    def succeeded(self, source: str, *, now: datetime, valid_until: datetime | None, note: str = "") -> None:
        """It answered and its data are stored."""
        at = stamp(now, name="now")
        with self._writing() as connection:
            row = self._row(connection, source)
            newest = row["valid_until"]
            if valid_until is not None:
                newest = max(stamp(valid_until, name="valid_until"), newest or 0)
            self._set(
                connection,
                source,
                attempted_at=at,
                succeeded_at=at,
                valid_until=newest,
                failures=0,
                error="",
                note=note,
            )

    def failed(self, source: str, *, now: datetime, error: str) -> None:
        """It did not answer, or not with data."""
        at = stamp(now, name="now")
        with self._writing() as connection:
            failures = int(self._row(connection, source)["failures"]) + 1
            self._set(connection, source, attempted_at=at, failed_at=at, failures=failures, error=error)

    def states(self) -> tuple[SourceState, ...]:
        """All sources that were ever asked, by name."""
        with plain_errors(WHAT), self.engine.connect() as connection:
            rows = connection.execute(sa.select(SOURCE_STATE).order_by(SOURCE_STATE.c.source)).fetchall()
        return tuple(
            SourceState(
                source=row.source,
                attempted_at=_maybe(row.attempted_at),
                succeeded_at=_maybe(row.succeeded_at),
                valid_until=_maybe(row.valid_until),
                failed_at=_maybe(row.failed_at),
                failures=row.failures,
                error=row.error,
                note=row.note,
            )
            for row in rows
        )

    def validators(self, source: str, url: str) -> tuple[str | None, str | None]:
        """ETag and Last-Modified of the version of `url` that is stored; (None, None) when none is."""
        query = sa.select(VALIDATOR).where(VALIDATOR.c.source == source, VALIDATOR.c.url == url)
        with plain_errors(WHAT), self.engine.connect() as connection:
            row = connection.execute(query).first()
        return (None, None) if row is None else (row.etag, row.last_modified)

    def keep_validators(
        self, source: str, url: str, *, etag: str | None, last_modified: str | None, now: datetime
    ) -> None:
        """Remember the version of `url` whose data have just been stored."""
        values: dict[str, Any] = {"etag": etag, "last_modified": last_modified, "kept_at": stamp(now, name="now")}
        key = (VALIDATOR.c.source == source) & (VALIDATOR.c.url == url)
        with self._writing() as connection:
            if connection.execute(sa.update(VALIDATOR).where(key).values(values)).rowcount == 0:
                connection.execute(sa.insert(VALIDATOR).values(source=source, url=url, **values))

    def heard(self, source: str, stations: Mapping[datetime, int]) -> None:
        """Remember how many stations had a value in each hour; the largest number of several pulls stands."""
        wanted = {stamp(when, name="valid_time"): number for when, number in stations.items()}
        if not wanted:
            return
        table = SOURCE_HOUR
        with self._writing() as connection:
            query = sa.select(table.c.valid_time, table.c.stations).where(
                table.c.source == source, table.c.valid_time.between(min(wanted), max(wanted))
            )
            have = {row[0]: row[1] for row in connection.execute(query)}
            for when, number in wanted.items():
                if when not in have:
                    row = {"source": source, "valid_time": when, "stations": number}
                    connection.execute(sa.insert(table), row)
                elif have[when] < number:
                    key = (table.c.source == source) & (table.c.valid_time == when)
                    connection.execute(sa.update(table).where(key).values(stations=number))

    def coverage(self, source: str, *, start: datetime, end: datetime) -> dict[datetime, int]:
        """Stations with a value per hour, start < valid_time <= end, of the hours that were pulled at all."""
        table = SOURCE_HOUR
        query = (
            sa.select(table.c.valid_time, table.c.stations)
            .where(
                table.c.source == source,
                table.c.valid_time > stamp(start, name="start"),
                table.c.valid_time <= stamp(end, name="end"),
            )
            .order_by(table.c.valid_time)
        )
        with plain_errors(WHAT), self.engine.connect() as connection:
            return {unstamp(row[0]): row[1] for row in connection.execute(query)}

    def _row(self, connection: sa.Connection, source: str) -> dict[str, Any]:
        row = connection.execute(sa.select(SOURCE_STATE).where(SOURCE_STATE.c.source == source)).first()
        if row is not None:
            return dict(row._mapping)
        new = {"source": source, "failures": 0, "error": "", "note": "", "next_at": 0}
        connection.execute(sa.insert(SOURCE_STATE), new)
        return new | {"valid_until": None}

    def _set(self, connection: sa.Connection, source: str, **values: Any) -> None:
        connection.execute(sa.update(SOURCE_STATE).where(SOURCE_STATE.c.source == source).values(values))


def _maybe(stored: int | None) -> datetime | None:
    return None if stored is None else unstamp(stored)
