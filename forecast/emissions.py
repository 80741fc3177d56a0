"""What plants report of themselves: stack emissions, state of treatment facilities, electricity per circuit.

Like observations nothing is overwritten: the same datum again adds nothing, another value for the same time is a
further row with a later received_at, and reads are "as of". A packet whose content could not be read is kept raw.
`data_time` is what the sender's DataTime says: the START of the interval, for real-time data the moment of sampling.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import datetime
from operator import attrgetter
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from forecast.archive_schema import engine_of, stamp, unstamp
from forecast.fast_rows import insert_rows
from forecast.plain_errors import plain_errors
from plans.errors import DataError

METADATA = sa.MetaData()
NUMBERS = ("rtd", "min", "avg", "max", "cou", "zs_rtd", "zs_min", "zs_avg", "zs_max")
"""Fields of a datum: momentary, least, mean, largest, sum; zs_ are converted to reference oxygen (折算)."""


@dataclass(frozen=True, slots=True)
class EmissionRow:
    """One substance of one outlet at one time."""

    mn: str
    kind: str
    """realtime | minute | hour | day"""
    data_time: datetime
    code: str
    received_at: datetime
    flag: str | None = None
    rtd: float | None = None
    min: float | None = None
    avg: float | None = None
    max: float | None = None
    cou: float | None = None
    zs_rtd: float | None = None
    zs_min: float | None = None
    zs_avg: float | None = None
    zs_max: float | None = None


@dataclass(frozen=True, slots=True)
class EquipmentRow:
    """State (kind "state", SBxxx-RS) or running hours of a day (kind "running", SBxxx-RT) of one facility."""

    mn: str
    kind: str
    data_time: datetime
    code: str
    received_at: datetime
    value: float


@dataclass(frozen=True, slots=True)
class MeterRow:
    """Energy of one circuit over one interval."""

    mn: str
    """Plant (enterprise code)."""
    kind: str
    """production | treatment | total"""
    data_time: datetime
    """Start of the interval."""
    code: str
    """Circuit."""
    received_at: datetime
    kwh: float | None
    minutes: int


Row = EmissionRow | EquipmentRow | MeterRow


def _table(name: str, *columns: sa.Column[Any]) -> sa.Table:
    return sa.Table(
        name,
        METADATA,
        sa.Column("mn", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("data_time", sa.BigInteger, primary_key=True),
        sa.Column("code", sa.Text, primary_key=True),
        sa.Column("received_at", sa.BigInteger, primary_key=True),
        *columns,
        sqlite_with_rowid=False,
    )


EMISSION = _table("emission", sa.Column("flag", sa.Text), *(sa.Column(name, sa.Double) for name in NUMBERS))
EQUIPMENT = _table("equipment", sa.Column("value", sa.Double, nullable=False))
METER = _table("meter", sa.Column("kwh", sa.Double), sa.Column("minutes", sa.Integer, nullable=False))
SET_ASIDE = sa.Table(
    "set_aside",
    METADATA,
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("received_at", sa.BigInteger, nullable=False),
    sa.Column("sender", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("raw", sa.LargeBinary, nullable=False),
)
_TABLES: tuple[tuple[type[Any], sa.Table], ...] = (
    (EmissionRow, EMISSION),
    (EquipmentRow, EQUIPMENT),
    (MeterRow, METER),
)
_CHUNK = 150
"""Keys per look-up: two thousand values of the packets of one batch stay far below the databases' limits."""


class Emissions:
    """The store of plant data; open it beside the archive, in the same database."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        with plain_errors("the plant data"):
            METADATA.create_all(engine)

    @classmethod
    def open(cls, address: str | Path) -> Emissions:
        """The store at a file path, sqlite:/// or postgresql:// URL, made when new; DataError when impossible."""
        return cls(engine_of(address))

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        with plain_errors("the plant data"), self.engine.connect() as raw:
            connection = raw.execution_options(writes=True)
            if connection.dialect.name == "sqlite":
                # An acknowledgement promises that the datum outlives a power cut, so this store syncs every commit.
                connection.connection.driver_connection.execute("PRAGMA synchronous=FULL")  # type: ignore[union-attr]
            with connection.begin():
                if connection.dialect.name == "postgresql":
                    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(2122017)")  # one writer at a time
                yield connection

    def write(self, rows: Iterable[Row], *, set_aside: Iterable[tuple[bytes, str, str, datetime]] = ()) -> int:
        """How many rows were new, all in one durable transaction; nothing is kept when it fails (DataError).

        `set_aside`: (raw bytes, sender, reason, received_at) of what could not be read; the same bytes are kept once.
        """
        from hashlib import sha256

        every = list(rows)
        aside = [
            {"digest": sha256(raw).hexdigest(), "received_at": stamp(when, name="received_at"), "sender": sender,
             "reason": reason, "raw": raw}
            for raw, sender, reason, when in set_aside
        ]  # fmt: skip
        if not every and not aside:
            return 0
        added = 0
        with self._writing() as connection:
            for row_type, table in _TABLES:
                mine = [row for row in every if type(row) is row_type]
                added += _append(connection, table, mine) if mine else 0
            for row in aside:
                have = sa.select(SET_ASIDE.c.digest).where(SET_ASIDE.c.digest == row["digest"])
                if not connection.execute(have).first():
                    connection.execute(sa.insert(SET_ASIDE), row)
        return added

    def emissions(
        self, *, mn: str, kind: str, start: datetime, end: datetime, as_of: datetime, codes: Sequence[str] = ()
    ) -> tuple[EmissionRow, ...]:
        """Newest rows known at `as_of` with start <= data_time < end, by time and code."""
        return tuple(self._read(EmissionRow, EMISSION, mn, kind, start, end, as_of, codes))

    def equipment(
        self, *, mn: str, kind: str, start: datetime, end: datetime, as_of: datetime, codes: Sequence[str] = ()
    ) -> tuple[EquipmentRow, ...]:
        """Likewise for facilities: kind "state" or "running"."""
        return tuple(self._read(EquipmentRow, EQUIPMENT, mn, kind, start, end, as_of, codes))

    def meters(
        self, *, mn: str, kind: str, start: datetime, end: datetime, as_of: datetime, codes: Sequence[str] = ()
    ) -> tuple[MeterRow, ...]:
        """Likewise for electricity: kind "production", "treatment" or "total"."""
        return tuple(self._read(MeterRow, METER, mn, kind, start, end, as_of, codes))

    def last_heard(self) -> dict[str, datetime]:
        """Per sender the time the last datum of any sort came; a sender that never sent is not in it."""
        heard: dict[str, int] = {}
        with plain_errors("the plant data"), self.engine.connect() as connection:
            for _type, table in _TABLES:
                query = sa.select(table.c.mn, sa.func.max(table.c.received_at)).group_by(table.c.mn)
                for mn, last in connection.execute(query):
                    heard[mn] = max(last, heard.get(mn, last))
        return {mn: unstamp(last) for mn, last in sorted(heard.items())}

    def counts(self) -> dict[str, int]:
        """Rows per table."""
        with plain_errors("the plant data"), self.engine.connect() as connection:
            return {
                table.name: int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())
                for table in (EMISSION, EQUIPMENT, METER, SET_ASIDE)
            }

    def aside(self, *, limit: int = 100) -> tuple[tuple[str, str, bytes, datetime], ...]:
        """(sender, reason, raw, received_at) of what was set aside, newest first."""
        query = sa.select(SET_ASIDE).order_by(SET_ASIDE.c.received_at.desc(), SET_ASIDE.c.digest).limit(limit)
        with plain_errors("the plant data"), self.engine.connect() as connection:
            return tuple((r.sender, r.reason, r.raw, unstamp(r.received_at)) for r in connection.execute(query))

    def _read(
        self,
        row_type: type[Any],
        table: sa.Table,
        mn: str,
        kind: str,
        start: datetime,
        end: datetime,
        as_of: datetime,
        codes: Sequence[str],
    ) -> Iterator[Any]:
        query = (
            sa.select(table)
            .where(
                table.c.mn == mn,
                table.c.kind == kind,
                table.c.data_time >= stamp(start, name="start"),
                table.c.data_time < stamp(end, name="end"),
                table.c.received_at <= stamp(as_of, name="as_of"),
            )
            .order_by(table.c.data_time, table.c.code, table.c.received_at)
        )
        if codes:
            query = query.where(table.c.code.in_(list(codes)))
        newest: dict[tuple[int, str], Any] = {}
        with plain_errors("the plant data"), self.engine.connect() as connection:
            for row in connection.execute(query):
                newest[row.data_time, row.code] = row
        for row in newest.values():
            values = dict(row._mapping)
            values["data_time"], values["received_at"] = unstamp(row.data_time), unstamp(row.received_at)
            yield row_type(**values)


def _append(connection: sa.Connection, table: sa.Table, rows: Sequence[Row]) -> int:
    names = [item.name for item in fields(rows[0])]
    assert names[:5] == ["mn", "kind", "data_time", "code", "received_at"]
    values_of = attrgetter(*names[5:], "code")  # code once more, so that one further field still makes a tuple
    stamps: dict[datetime, int] = {}
    made = []
    for row in rows:
        if not row.mn or not row.code:
            raise DataError("A plant datum has no sender or no code", found=f"{row.mn!r}, {row.code!r}")
        for name, when in (("data_time", row.data_time), ("received_at", row.received_at)):
            if when not in stamps:
                stamps[when] = stamp(when, name=name)
        key = (row.mn, row.kind, stamps[row.data_time], row.code)
        made.append((key, stamps[row.received_at], values_of(row)[:-1]))
    held = _held(connection, table, names, sorted({key[:3] for key, _at, _values in made}))
    new: list[tuple[Any, ...]] = []
    for key, received, values in made:  # inside a batch the datum that came last stands last
        last_at, last = held.get(key, (None, None))
        if last == values:
            continue
        # Two values for one time that came within one microsecond still are two: the later one is a revision.
        at = received if last_at is None else max(received, last_at + 1)
        held[key] = (at, values)
        new.append((*key, at, *values))
    if new:
        insert_rows(connection, table, new)
    return len(new)


def _held(
    connection: sa.Connection, table: sa.Table, names: Sequence[str], keys: Sequence[tuple[Any, ...]]
) -> dict[tuple[Any, ...], tuple[int | None, tuple[Any, ...] | None]]:
    """Newest received_at and values per (mn, kind, data_time, code) of the keys."""
    held: dict[tuple[Any, ...], tuple[int | None, tuple[Any, ...] | None]] = {}
    place = sa.tuple_(table.c.mn, table.c.kind, table.c.data_time)
    query = sa.select(*(table.c[name] for name in names)).order_by(table.c.received_at)
    for begin in range(0, len(keys), _CHUNK):
        for row in connection.execute(query.where(place.in_(keys[begin : begin + _CHUNK]))):
            held[tuple(row[:4])] = (row[4], tuple(row[5:]))
    return held
