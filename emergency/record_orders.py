"""Questions about many orders that the database answers itself: counts, pages, the silent ones, moments of issue.

A list of 20,000 plants has 20,000 orders; a page shows a hundred. So nothing here reads a body that is not shown.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select

from emergency.compliance_share import Share, of_text
from emergency.record import Record
from emergency.record_rows import rows_of, stamp
from emergency.record_schema import now_tables

TABLE = now_tables["order"]
WAITING = ("issued", "delivered")
FEW = 500
"""As many names as every database takes in one question."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which orders are asked for; empty words ask for all."""

    parent: str = ""
    state: str = ""
    level: str = ""
    text: str = ""
    """Part of the recipient's name or number."""
    silent: bool = False
    in_time: bool = False
    """Only those whose deadline for the receipt has not passed."""
    late: bool = False
    enterprises: frozenset[str] | None = None
    """Only these recipients; None: all."""
    superseded: bool = False
    """Whether superseded orders are shown too."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many orders of a filter's response stand where."""

    states: Mapping[str, int]
    silent: int
    late: int

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.states.values())


def page_of_orders(
    record: Record, wanted: Filter, *, now: datetime, limit: int, offset: int = 0
) -> tuple[int, tuple[Mapping[str, Any], ...]]:
    """How many orders pass the filter, and one page of their rows (with body), the oldest first."""
    condition = _condition(wanted, now)
    query = select(TABLE).where(condition).order_by(TABLE.c.opened_at, TABLE.c.stream).limit(limit).offset(offset)
    with record.engine.connect() as connection:
        total = int(connection.execute(select(func.count()).select_from(TABLE).where(condition)).scalar_one())
        return total, rows_of(connection.execute(query))


def order_counts(record: Record, *, parent: str = "", superseded: bool = False, now: datetime) -> Counts:
    """The counts over one response (or over everything)."""
    every = Filter(parent=parent, superseded=superseded)
    with record.engine.connect() as connection:
        query = select(TABLE.c.state, func.count()).where(_condition(every, now)).group_by(TABLE.c.state)
        states = {str(state): int(count) for state, count in connection.execute(query)}
        numbers = [
            int(connection.execute(select(func.count()).select_from(TABLE).where(_condition(wanted, now))).scalar_one())
            for wanted in (
                Filter(parent=parent, superseded=superseded, silent=True),
                Filter(parent=parent, superseded=superseded, late=True),
            )
        ]
    return Counts(states, *numbers)


def silent_orders(record: Record, *, now: datetime, limit: int) -> tuple[int, tuple[Mapping[str, Any], ...]]:
    """How many open orders are past their deadline without a receipt, and the first of them, longest silence first."""
    condition = _condition(Filter(silent=True), now)
    query = select(TABLE).where(condition).order_by(TABLE.c.respond_by, TABLE.c.stream).limit(limit)
    with record.engine.connect() as connection:
        total = int(connection.execute(select(func.count()).select_from(TABLE).where(condition)).scalar_one())
        return total, rows_of(connection.execute(query))


def versions_of(record: Record, *, parent: str, states: Sequence[str], audience: str) -> dict[str, int]:
    """The version of every order of a response that stands in one of the states, by stream."""
    query = select(TABLE.c.stream, TABLE.c.version).where(TABLE.c.parent == parent, TABLE.c.state.in_(states))
    with record.engine.connect() as connection:
        rows = connection.execute(query.where(TABLE.c.audience == audience)).all()
    return {str(stream): int(version) for stream, version in rows}


def shares_of(
    record: Record, *, parent: str, states: Sequence[str], streams: Sequence[str]
) -> tuple[tuple[str, int, str, str, Share], ...]:
    """Stream, version, plant, its name and what it adds to the standing, of these orders of a response.

    With many of them the whole response is read at once.
    """
    columns = (TABLE.c.stream, TABLE.c.version, TABLE.c.enterprise, TABLE.c.enterprise_name, TABLE.c.share)
    query = select(*columns).where(TABLE.c.parent == parent, TABLE.c.state.in_(states))
    if len(streams) <= FEW:
        query = query.where(TABLE.c.stream.in_(streams))
    wanted = set(streams)
    with record.engine.connect() as connection:
        return tuple(
            (stream, int(version), plant, name, of_text(share))
            for stream, version, plant, name, share in connection.execute(query)
            if stream in wanted
        )


def names_of_plants(record: Record, orders: Collection[str]) -> dict[str, str]:
    """Name by number of the plants that these orders went to, as they were called in them."""
    wanted, found = sorted(set(orders)), {}
    with record.engine.connect() as connection:
        for begin in range(0, len(wanted), FEW):
            some = TABLE.c.stream.in_(wanted[begin : begin + FEW])
            rows = connection.execute(select(TABLE.c.enterprise, TABLE.c.enterprise_name).where(some))
            found.update({str(plant): str(name) for plant, name in rows})
    return found


def order_moments(record: Record, *, episode: str, field: str) -> dict[str, int]:
    """How many orders of an episode share each moment of `field` (issued_at, ended_at), by moment."""
    column = TABLE.c[field]
    query = select(column, func.count()).where(TABLE.c.episode == episode, column.is_not(None)).group_by(column)
    with record.engine.connect() as connection:
        return {str(at): int(count) for at, count in sorted(connection.execute(query).all())}


def _condition(wanted: Filter, now: datetime) -> ColumnElement[bool]:
    found: list[ColumnElement[bool]] = [TABLE.c.stream != ""]
    if wanted.parent:
        found.append(TABLE.c.parent == wanted.parent)
    if wanted.state:
        found.append(TABLE.c.state == wanted.state)
    elif not wanted.superseded:
        found.append(TABLE.c.state != "superseded")
    if wanted.level:
        found.append(TABLE.c.level == wanted.level)
    if wanted.silent:
        found += [TABLE.c.state.in_(WAITING), TABLE.c.respond_by < stamp(now)]
    if wanted.in_time:
        found.append(TABLE.c.respond_by >= stamp(now))
    if wanted.late:
        found.append(TABLE.c.acknowledged_at > TABLE.c.respond_by)
    if wanted.enterprises is not None:
        found.append(TABLE.c.enterprise.in_(sorted(wanted.enterprises)))
    if wanted.text:
        words = wanted.text.lower()
        name = func.lower(TABLE.c.enterprise_name)
        number = func.lower(TABLE.c.enterprise)
        found.append(or_(name.contains(words, autoescape=True), number.contains(words, autoescape=True)))
    return and_(*found)
