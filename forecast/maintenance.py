"""Maintenance windows (运维时段): what the operators reported, and the marks that follow from it.

A window marks hours, it deletes none. Entered after the hours came, it adds a revision of each with the same values and
the new mark, received when the window was entered: whoever reads "as of" an earlier moment sees what was known then. A
window is never erased either: it is withdrawn, and the marks go with another revision.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from forecast.air import POLLUTANTS
from forecast.archive_schema import OBSERVATION, STATION, engine_of, stamp, unstamp
from forecast.plain_errors import plain_errors
from forecast.quality import Flag, pack
from forecast.quality_rules import Window
from plans.errors import DataError

METADATA = sa.MetaData()
MAINTENANCE = sa.Table(
    "maintenance",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("station", sa.Text, nullable=False),
    sa.Column("begins_at", sa.BigInteger, nullable=False),
    sa.Column("ends_at", sa.BigInteger, nullable=False),
    sa.Column("pollutants", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("entered_by", sa.Text, nullable=False),
    sa.Column("entered_at", sa.BigInteger, nullable=False),
    sa.Column("withdrawn_by", sa.Text, nullable=False),
    sa.Column("withdrawn_at", sa.BigInteger),
)
WHAT = "the maintenance windows"
LONGEST_DAYS = 92
"""A longer window is a station out of service, or a slip of the pen (confidence I)."""


@dataclass(frozen=True, slots=True)
class Entered:
    """One window as it was entered."""

    number: int
    window: Window
    entered_by: str
    entered_at: datetime
    withdrawn_by: str
    withdrawn_at: datetime | None


class Maintenance:
    """The table of windows; open it beside the archive, in the same database."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        with plain_errors(WHAT):
            METADATA.create_all(engine)

    @classmethod
    def open(cls, address: str | Path) -> Maintenance:
        """The store at a file path, sqlite:/// or postgresql:// URL, made when new; DataError when impossible."""
        return cls(engine_of(address))

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        with plain_errors(WHAT), self.engine.connect().execution_options(writes=True) as connection, connection.begin():
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(2122022)")  # the takers' lock: we mark too
            yield connection

    def add(self, window: Window, *, by: str, now: datetime) -> tuple[Entered, int]:
        """The window as entered, and how many stored hours it marked; the same window again changes nothing.

        DataError: an unknown station or pollutant, no length or too much of it, nobody's name, no reason.
        """
        begins, ends = stamp(window.begin, name="begin"), stamp(window.end, name="end")
        where = f"station {window.station}"
        if ends <= begins or ends - begins > LONGEST_DAYS * 86_400_000_000:
            found = f"{window.begin.isoformat()} to {window.end.isoformat()}"
            expected = f"an end after the begin, at most {LONGEST_DAYS} days"
            raise DataError("A maintenance window has no usable length", where=where, expected=expected, found=found)
        unknown = [name for name in window.pollutants if name not in POLLUTANTS]
        if unknown or not window.pollutants:
            found = ", ".join(unknown) or "none"
            raise DataError("A pollutant is not known", where=where, expected=", ".join(POLLUTANTS), found=found)
        for what, text in (("who entered it", by), ("the reason", window.reason)):
            if not text.strip():
                raise DataError("A maintenance window is incomplete", where=where, expected=what, found="nothing")
        names = ",".join(name for name in POLLUTANTS if name in window.pollutants)
        table = MAINTENANCE
        with self._writing() as connection:
            if not connection.execute(sa.select(STATION.c.code).where(STATION.c.code == window.station)).first():
                raise DataError("The station is not known", where=where, todo="See `lantian archive status`")
            same = (
                (table.c.station == window.station) & (table.c.begins_at == begins) & (table.c.ends_at == ends)
                & (table.c.pollutants == names) & table.c.withdrawn_at.is_(None)
            )  # fmt: skip
            row = connection.execute(sa.select(table).where(same)).first()
            if row is not None:
                return _entered(row), 0
            last = connection.execute(sa.select(sa.func.max(table.c.number))).scalar()
            new = {
                "number": (last or 0) + 1, "station": window.station, "begins_at": begins, "ends_at": ends,
                "pollutants": names, "reason": window.reason.strip(), "entered_by": by.strip(),
                "entered_at": stamp(now, name="now"), "withdrawn_by": "", "withdrawn_at": None,
            }  # fmt: skip
            connection.execute(sa.insert(table), new)
            row = connection.execute(sa.select(table).where(table.c.number == new["number"])).one()
            return _entered(row), _remark(connection, window.station, begins, ends, now=now)

    def withdraw(self, number: int, *, by: str, now: datetime) -> tuple[Entered, int]:
        """The window, withdrawn, and how many hours lost the mark; again changes nothing. DataError for no such."""
        table = MAINTENANCE
        if not by.strip():
            raise DataError("Who withdraws it?", where=f"window {number}", expected="a name", found="nothing")
        with self._writing() as connection:
            values = {"withdrawn_by": by.strip(), "withdrawn_at": stamp(now, name="now")}
            mine = table.c.number == number
            changed = connection.execute(sa.update(table).where(mine, table.c.withdrawn_at.is_(None)).values(values))
            row = connection.execute(sa.select(table).where(mine)).first()
            if row is None:
                raise DataError("There is no such maintenance window", found=number, todo="List them first")
            if not changed.rowcount:
                return _entered(row), 0
            return _entered(row), _remark(connection, row.station, row.begins_at, row.ends_at, now=now)

    def windows(self, *, start: datetime, end: datetime, stations: Sequence[str] = ()) -> tuple[Window, ...]:
        """The windows that stand and touch start..end, by begin; of these stations, or of all."""
        return tuple(one.window for one in self.entered(start=start, end=end, stations=stations)
                     if one.withdrawn_at is None)  # fmt: skip

    def entered(
        self, *, start: datetime | None = None, end: datetime | None = None, stations: Sequence[str] = ()
    ) -> tuple[Entered, ...]:
        """Every window ever entered, the withdrawn too, by begin."""
        table = MAINTENANCE
        query = sa.select(table).order_by(table.c.begins_at, table.c.number)
        if start is not None:
            query = query.where(table.c.ends_at >= stamp(start, name="start"))
        if end is not None:
            query = query.where(table.c.begins_at <= stamp(end, name="end"))
        if stations:
            query = query.where(table.c.station.in_(list(stations)))
        with plain_errors(WHAT), self.engine.connect() as connection:
            return tuple(_entered(row) for row in connection.execute(query))

    def apply(self, stations: Iterable[str], *, start: datetime, end: datetime, now: datetime) -> int:
        """How many stored hours of start..end got (or lost) the mark: for hours that came by a way without marks."""
        begins, ends = stamp(start, name="start"), stamp(end, name="end")
        with self._writing() as connection:
            return sum(_remark(connection, code, begins, ends, now=now) for code in dict.fromkeys(stations))


def _remark(connection: sa.Connection, station: str, begins: int, ends: int, *, now: datetime) -> int:
    """Bring the maintenance marks of the station's stored hours in (begins, ends] in line with the windows."""
    table, windows = OBSERVATION, MAINTENANCE
    rows = connection.execute(
        sa.select(table)
        .where(table.c.station == station, table.c.valid_time > begins, table.c.valid_time <= ends)
        .order_by(table.c.valid_time, table.c.received_at)
    ).mappings()
    newest = {row["valid_time"]: dict(row) for row in rows}
    if not newest:
        return 0
    standing = connection.execute(
        sa.select(windows).where(
            windows.c.station == station, windows.c.withdrawn_at.is_(None),
            windows.c.begins_at < ends, windows.c.ends_at > begins,
        )
    ).fetchall()  # fmt: skip
    every, at, new = _bits(POLLUTANTS), stamp(now, name="now"), []
    for hour, row in newest.items():
        wanted = 0
        for window in standing:
            if window.begins_at < hour <= window.ends_at:
                wanted |= _bits(window.pollutants.split(","))
        if row["flags"] & every != wanted:
            new.append(
                row | {"flags": (row["flags"] & ~every) | wanted, "received_at": max(at, row["received_at"] + 1)}
            )
    if new:
        connection.execute(sa.insert(table), new)
    return len(new)


def _bits(names: Iterable[str]) -> int:
    marked = {name: np.array([int(Flag.MAINTENANCE)]) for name in names}
    return int(pack(marked)[0])


def _entered(row: Any) -> Entered:
    window = Window(
        row.station, unstamp(row.begins_at), unstamp(row.ends_at), tuple(row.pollutants.split(",")), row.reason
    )
    withdrawn = None if row.withdrawn_at is None else unstamp(row.withdrawn_at)
    return Entered(row.number, window, row.entered_by, unstamp(row.entered_at), row.withdrawn_by, withdrawn)
