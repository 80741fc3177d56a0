"""What other people's models said of the hours ahead at places, by the time it was received. Never observations.

An answer or a file is one row per place: its hours, its variables, and when it was issued and received. A provider
that does not tell its run time is dated by when its answer came, so that a later backtest knows exactly what was
known. What says nothing new is not written again.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa
import xarray as xr

from forecast import air
from forecast.archive_schema import engine_of, stamp, unstamp
from forecast.fast_rows import insert_rows
from forecast.plain_errors import plain_errors
from forecast.weather import check_values, describe
from plans.errors import DataError

METADATA = sa.MetaData()
GUIDANCE = sa.Table(
    "guidance_said",
    METADATA,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("place", sa.Text, primary_key=True),
    sa.Column("received_at", sa.BigInteger, primary_key=True),
    sa.Column("issued_at", sa.BigInteger, primary_key=True),
    sa.Column("first_hour", sa.BigInteger, primary_key=True),
    sa.Column("variables", sa.Text, primary_key=True),
    sa.Column("hours", sa.Integer, primary_key=True),
    sa.Column("packed", sa.LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
HOUR = 3_600_000_000
"""Microseconds, as times are stored."""
WHAT = "the model values"


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """What was received at once for one place."""

    place: str
    issued_at: datetime
    """The run's own time where it was told, else when it was received."""
    received_at: datetime
    first_hour: np.datetime64
    """Label of the first hour, UTC; the others follow hour by hour."""
    variables: tuple[str, ...]
    values: np.ndarray
    """(variable, hour) in the units of the contract; NaN where nothing was said."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a source."""

    source: str
    places: int
    days: int
    """Beijing days on which anything was received."""
    first_received_at: datetime
    last_received_at: datetime


class Guidance:
    """The store of model values; open it beside the archive, in the same database."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        with plain_errors(WHAT):
            METADATA.create_all(engine)

    @classmethod
    def open(cls, address: str | Path) -> Guidance:
        """The store at a file path, sqlite:/// or postgresql:// URL, made when new; DataError when impossible."""
        return cls(engine_of(address))

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        with (
            plain_errors(WHAT),
            self.engine.connect().execution_options(writes=True) as connection,
            connection.begin(),
        ):
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(2122019)")
            yield connection

    def write(self, data: xr.Dataset, *, source: str, received_at: datetime, issued_at: datetime | None = None) -> int:
        """How many values were new or changed against what runs no later than this one had said before.

        `data` holds pollutants and any weather of a run (forecast.weather) over (station, valid_time), whole hours. A
        later answer covers all its variables in all hours from its first to its last, gaps too; so does a longer one of
        the same run and moment, a file that had not been whole. Nothing is overwritten. `issued_at`: the run's own time
        where it is told. DataError: the contract is broken, a run received before it was issued, or
        other values for what is already held as received at that moment.
        """
        names = tuple(name for name in map(str, data) if name in air.UNITS or describe(name) is not None)
        _check(data, names)
        received = stamp(received_at, name="received_at")
        issued = received if issued_at is None else stamp(issued_at, name="issued_at")
        if issued > received:
            raise DataError("A run cannot be received before it is issued", where=source, found=str(issued_at))
        labels = data["valid_time"].values.astype(np.int64)
        if not len(labels):
            return 0
        first, count = int(labels[0]), int((labels[-1] - labels[0]) // HOUR) + 1
        slot = (labels - first) // HOUR
        given = np.full((data.sizes["station"], len(names), count), np.nan)
        for number, name in enumerate(names):
            given[:, number, slot] = data[name].transpose("station", "valid_time").values
        new, rows = 0, []
        with self._writing() as connection:
            for place, values in zip(map(str, data["station"].values), given, strict=True):
                before = [
                    one
                    for one in self._said(connection, source, [place], first, first + (count - 1) * HOUR, received)
                    if one.issued_at <= unstamp(issued)
                ]
                held = laid_over(before, names=names, first_hour=np.datetime64(first, "us"), hours=count)
                changed = int((~((held == values) | (np.isnan(held) & np.isnan(values)))).sum())
                if not changed:
                    continue
                key = (unstamp(received), unstamp(issued), np.datetime64(first, "us"), names)
                same = [one for one in before if (one.received_at, one.issued_at, one.first_hour, one.variables) == key]
                if same:  # a file that had not been whole may be followed by the whole one, which only says more
                    told = laid_over(same, names=names, first_hour=np.datetime64(first, "us"), hours=count)
                    differing = int((~np.isnan(told) & (told != values)).sum())
                    if differing or max(one.values.shape[1] for one in same) >= count:
                        where, found = f"{source}, {place}", f"{differing or changed} values differ"
                        todo = "Give another received_at"
                        raise DataError("The same run of a model says two things", where=where, found=found, todo=todo)
                new += changed
                packed = zlib.compress(np.ascontiguousarray(values, dtype="<f8").tobytes())
                rows.append((source, place, received, issued, first, " ".join(names), count, packed))
            insert_rows(connection, GUIDANCE, rows)
        return new

    def said(
        self,
        *,
        source: str,
        places: Sequence[str] | None = None,
        start: datetime,
        end: datetime,
        as_of: datetime,
        issued_after: datetime | None = None,
    ) -> tuple[Said, ...]:
        """All that was said by `as_of` of hours start < valid_time <= end, of those places or all; older runs first.

        `issued_after`: only runs issued later than that.
        """
        first = int(air.utc(start, name="start").astype(np.int64)) + 1
        last = int(air.utc(end, name="end").astype(np.int64))
        with plain_errors(WHAT), self.engine.connect() as connection:
            known = stamp(as_of, name="as_of")
            oldest = -1 if issued_after is None else stamp(issued_after, name="issued_after")
            return tuple(self._said(connection, source, places, first, last, known, oldest))

    def read(
        self,
        *,
        source: str,
        places: Sequence[str],
        names: Sequence[str],
        start: datetime,
        end: datetime,
        as_of: datetime,
    ) -> xr.Dataset:
        """Values of start < valid_time <= end as the source gave them by `as_of`; NaN where it gave none.

        (station, valid_time) in the order asked. DataError: a name that is not of the contract.
        """
        for name in names:
            if name not in air.UNITS and describe(name) is None:
                raise DataError("The variable is not known", expected=", ".join(air.UNITS), found=name)
        hours = air.hours(start, end)
        said: dict[str, list[Said]] = {place: [] for place in places}
        for one in self.said(source=source, places=places, start=start, end=end, as_of=as_of):
            said[one.place].append(one)
        begin = hours[0] if len(hours) else air.utc(start)
        laid = [laid_over(said[place], names=names, first_hour=begin, hours=len(hours)) for place in places]
        values = np.stack(laid) if laid else np.full((0, len(names), len(hours)), np.nan)
        return xr.Dataset(
            {name: (("station", "valid_time"), values[:, number]) for number, name in enumerate(names)},
            coords={"station": np.array(list(places), dtype=object), "valid_time": hours},
            attrs={"source": source},
        )

    def sources(self) -> tuple[str, ...]:
        """The sources of which anything is kept, sorted."""
        return self._each(GUIDANCE.c.source)

    def kept(self) -> tuple[Kept, ...]:
        """What is kept of each source, sorted."""
        table, day = GUIDANCE, 24 * HOUR
        query = sa.select(
            table.c.source,
            sa.func.count(table.c.place.distinct()),
            sa.func.count(((table.c.received_at + 8 * HOUR) // day).distinct()),
            sa.func.min(table.c.received_at),
            sa.func.max(table.c.received_at),
        ).group_by(table.c.source).order_by(table.c.source)  # fmt: skip
        with plain_errors(WHAT), self.engine.connect() as connection:
            rows = connection.execute(query).all()
        return tuple(Kept(row[0], row[1], row[2], unstamp(row[3]), unstamp(row[4])) for row in rows)

    def places(self, source: str) -> tuple[str, ...]:
        """The places of which a source ever said anything, sorted."""
        return self._each(GUIDANCE.c.place, GUIDANCE.c.source == source)

    def _each(self, column: sa.Column[str], *where: sa.ColumnElement[bool]) -> tuple[str, ...]:
        """The values of a leading column of the key, one step along it each: the rows themselves are large."""
        found: list[str] = []
        with plain_errors(WHAT), self.engine.connect() as connection:
            while True:
                later = [column > found[-1]] if found else []
                value = connection.execute(sa.select(sa.func.min(column)).where(*where, *later)).scalar()
                if value is None:
                    return tuple(found)
                found.append(str(value))

    def _said(
        self,
        connection: sa.Connection,
        source: str,
        places: Sequence[str] | None,
        first: int,
        last: int,
        known: int,
        oldest: int = -1,
    ) -> Iterator[Said]:
        table, behind = GUIDANCE, sa.cast(GUIDANCE.c.hours - 1, sa.BigInteger)  # microseconds overflow an INTEGER
        query = sa.select(table).where(
            table.c.source == source,
            table.c.received_at <= known,
            table.c.received_at > oldest,  # follows from the next, and the key finds it
            table.c.issued_at > oldest,
            table.c.first_hour <= last,
            table.c.first_hour + behind * HOUR >= first,
        )
        if places is not None:
            query = query.where(table.c.place.in_(list(places)))
        order = (table.c.issued_at, table.c.received_at, table.c.first_hour, table.c.variables, table.c.hours)
        for row in connection.execute(query.order_by(*order)):
            yield _unpacked(row)


def laid_over(said: Sequence[Said], *, names: Sequence[str], first_hour: np.datetime64, hours: int) -> np.ndarray:
    """(name, hour) from `first_hour` on: what was said, each later row over the earlier ones; NaN where nothing was."""
    out = np.full((len(names), hours), np.nan)
    for one in said:
        at = int((one.first_hour - first_hour) / np.timedelta64(1, "h"))
        begin, end = max(at, 0), min(at + one.values.shape[1], hours)
        if begin >= end:
            continue
        for number, name in enumerate(one.variables):
            if name in names:
                out[names.index(name), begin:end] = one.values[number, begin - at : end - at]
    return out


def _check(data: xr.Dataset, names: Sequence[str]) -> None:
    """DataError when the data break the contract of hourly values, or a variable of a run is out of its range."""
    where = str(data.attrs.get("source", "model values"))
    if any(name in air.UNITS for name in names):
        air.check(data)
    else:
        air.check_hours(data["valid_time"].values, where)
    for name in names:
        rule = describe(name)
        if name not in air.UNITS and rule is not None:
            if set(data[name].dims) != {"station", "valid_time"}:
                expected = "(station, valid_time)"
                raise DataError(f"{name} has the wrong dims", where=where, expected=expected, found=data[name].dims)
            check_values(data[name], name, rule, where)
    if not names:
        raise DataError("No variable of the contract", where=where, expected="pollutants or weather", found=list(data))


def _unpacked(row: Any) -> Said:
    variables = tuple(row.variables.split(" "))
    values = np.frombuffer(zlib.decompress(bytes(row.packed)), dtype="<f8").reshape(len(variables), row.hours)
    return Said(
        place=row.place,
        issued_at=unstamp(row.issued_at),
        received_at=unstamp(row.received_at),
        first_hour=np.datetime64(row.first_hour, "us"),
        variables=variables,
        values=values,
    )
