"""Slots: which run of which flow for which logical time is pending, running, done, degraded or failed.

The key (flow, logical_time) is unique, so a missed slot can be planned by anybody and is planned once; claiming is one
guarded update, so of two schedulers one does the work. A running slot carries a lease: when its process died, the slot
may be claimed again after the lease, and the old owner can no longer end it. Prefect's own history may vanish.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa

from forecast.archive_schema import engine_of, stamp, unstamp
from forecast.plain_errors import plain_errors
from plans.errors import DataError

METADATA = sa.MetaData()
SLOT = sa.Table(
    "slot",
    METADATA,
    sa.Column("flow", sa.Text, primary_key=True),
    sa.Column("logical_time", sa.BigInteger, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("not_before", sa.BigInteger, nullable=False),
    sa.Column("lease_until", sa.BigInteger, nullable=False),
    sa.Column("changed_at", sa.BigInteger, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
)
State = Literal["pending", "running", "done", "degraded", "failed"]
Ended = Literal["done", "degraded", "failed"]
STATES: tuple[State, ...] = ("pending", "running", "done", "degraded", "failed")
WHAT = "the table of slots"


@dataclass(frozen=True, slots=True)
class Slot:
    """One run of one flow for one logical time."""

    flow: str
    logical_time: datetime
    state: State
    tries: int
    owner: str
    not_before: datetime
    lease_until: datetime
    changed_at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class Run:
    """What became of the slots of one flow over a stretch of time."""

    flow: str
    states: dict[str, int]
    done_until: datetime | None
    """The newest logical time that is done (degraded counts); None when none is."""
    changed_at: datetime
    """When a slot of it changed last."""
    trouble: str
    """The note of the newest slot that failed or was done with less; empty when there is none."""


class SlotLost(DataError):
    """The slot was taken over: its lease had run out, so this owner's result no longer counts."""


class SlotStore:
    """The table of slots; open it beside the archive, in the same database."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        with plain_errors(WHAT):
            METADATA.create_all(engine)

    @classmethod
    def open(cls, address: str | Path) -> SlotStore:
        """The store at a file path, sqlite:/// or postgresql:// URL, made when new; DataError when impossible."""
        return cls(engine_of(address))

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        with plain_errors(WHAT), self.engine.connect().execution_options(writes=True) as connection, connection.begin():
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(2122021)")
            yield connection

    def plan(self, flow: str, times: Iterable[datetime], *, now: datetime) -> int:
        """How many slots were not there yet; those are pending now."""
        wanted = sorted({stamp(when, name="logical_time") for when in times})
        at = stamp(now, name="now")
        with self._writing() as connection:
            have = set(
                connection.execute(
                    sa.select(SLOT.c.logical_time).where(
                        SLOT.c.flow == flow, SLOT.c.logical_time.between(*_ends(wanted))
                    )
                ).scalars()
            ) if wanted else set()  # fmt: skip
            rows = [
                {"flow": flow, "logical_time": when, "state": "pending", "tries": 0, "owner": "", "not_before": at,
                 "lease_until": 0, "changed_at": at, "note": ""}
                for when in wanted if when not in have
            ]  # fmt: skip
            if rows:
                connection.execute(sa.insert(SLOT), rows)
        return len(rows)

    def claim(
        self, flow: str, *, owner: str, now: datetime, lease: timedelta, newest_first: bool = True
    ) -> Slot | None:
        """The next slot that may run, now running and ours; None when nothing is due.

        Due is a pending slot whose time has come and a running one whose lease has run out (its process died). After an
        outage the newest hour comes first: the duty officer needs it, and the missed ones follow.
        """
        at, table = stamp(now, name="now"), SLOT
        free = sa.or_(
            sa.and_(table.c.state == "pending", table.c.not_before <= at),
            sa.and_(table.c.state == "running", table.c.lease_until <= at),
        )
        order = table.c.logical_time.desc() if newest_first else table.c.logical_time
        with self._writing() as connection:
            row = connection.execute(
                sa.select(table).where(table.c.flow == flow, table.c.logical_time <= at, free).order_by(order).limit(1)
            ).first()
            if row is None:
                return None
            values: dict[str, Any] = {
                "state": "running",
                "tries": row.tries + 1,
                "owner": owner,
                "lease_until": at + lease // timedelta(microseconds=1),
                "changed_at": at,
            }
            mine = (table.c.flow == flow) & (table.c.logical_time == row.logical_time)
            done = connection.execute(sa.update(table).where(mine, free).values(values))
            return _slot({**row._mapping, **values}) if done.rowcount == 1 else None

    def renew(self, slot: Slot, *, now: datetime, lease: timedelta) -> None:
        """Keep a slot that takes long; SlotLost when somebody took it over."""
        until = stamp(now, name="now") + lease // timedelta(microseconds=1)
        self._guarded(slot, {"lease_until": until, "changed_at": stamp(now, name="now")})

    def finish(
        self, slot: Slot, state: Literal["done", "degraded", "failed"], *, now: datetime, note: str = ""
    ) -> None:
        """End our run; SlotLost when somebody took the slot over (our work did no harm: it is idempotent)."""
        self._guarded(slot, {"state": state, "changed_at": stamp(now, name="now"), "note": note, "lease_until": 0})

    def postpone(self, slot: Slot, *, until: datetime, now: datetime, note: str) -> None:
        """Give the slot back; it is due again at `until`."""
        values = {"state": "pending", "not_before": stamp(until, name="until"), "changed_at": stamp(now, name="now")}
        self._guarded(slot, values | {"note": note, "lease_until": 0})

    def again(self, flow: str, logical_time: datetime, *, now: datetime) -> bool:
        """Make an ended slot pending once more (a person asks for it); False when there is none that has ended."""
        table, at = SLOT, stamp(now, name="now")
        with self._writing() as connection:
            done = connection.execute(
                sa.update(table)
                .where(
                    table.c.flow == flow,
                    table.c.logical_time == stamp(logical_time, name="logical_time"),
                    table.c.state.in_(["done", "degraded", "failed"]),
                )
                .values(state="pending", not_before=at, changed_at=at, tries=0)
            )
            return done.rowcount == 1

    def slots(self, flow: str, *, states: Iterable[State] = STATES, limit: int = 500) -> tuple[Slot, ...]:
        """The slots of a flow in these states, newest first."""
        table = SLOT
        query = (
            sa.select(table)
            .where(table.c.flow == flow, table.c.state.in_(list(states)))
            .order_by(table.c.logical_time.desc())
            .limit(limit)
        )
        with plain_errors(WHAT), self.engine.connect() as connection:
            return tuple(_slot(dict(row._mapping)) for row in connection.execute(query))

    def latest(self, flow: str) -> datetime | None:
        """The newest logical time that was ever planned; None for a flow that never ran."""
        query = sa.select(sa.func.max(SLOT.c.logical_time)).where(SLOT.c.flow == flow)
        with plain_errors(WHAT), self.engine.connect() as connection:
            found = connection.execute(query).scalar()
        return None if found is None else unstamp(found)

    def runs(self, *, since: datetime) -> tuple[Run, ...]:
        """What became of every flow's slots from `since` on, by flow; flows without a slot since then are left out."""
        query = sa.select(SLOT.c.flow, SLOT.c.logical_time, SLOT.c.state, SLOT.c.note, SLOT.c.changed_at)
        query = query.where(SLOT.c.logical_time >= stamp(since, name="since"))
        query = query.order_by(SLOT.c.flow, SLOT.c.logical_time)
        found: dict[str, list[Any]] = {}
        with plain_errors(WHAT), self.engine.connect() as connection:
            for row in connection.execute(query):
                found.setdefault(str(row.flow), []).append(row)
        return tuple(_run(flow, rows) for flow, rows in found.items())

    def counts(self) -> dict[str, dict[str, int]]:
        """Per flow the number of slots in each state."""
        query = sa.select(SLOT.c.flow, SLOT.c.state, sa.func.count()).group_by(SLOT.c.flow, SLOT.c.state)
        found: dict[str, dict[str, int]] = {}
        with plain_errors(WHAT), self.engine.connect() as connection:
            for flow, state, number in connection.execute(query.order_by(SLOT.c.flow, SLOT.c.state)):
                found.setdefault(flow, {})[state] = number
        return found

    def _guarded(self, slot: Slot, values: dict[str, Any]) -> None:
        table = SLOT
        mine = (
            (table.c.flow == slot.flow)
            & (table.c.logical_time == stamp(slot.logical_time, name="logical_time"))
            & (table.c.state == "running")
            & (table.c.owner == slot.owner)
            & (table.c.tries == slot.tries)
        )
        with self._writing() as connection:
            changed = connection.execute(sa.update(table).where(mine).values(values)).rowcount
        if changed != 1:
            where = f"{slot.flow}, {slot.logical_time.isoformat()}"
            raise SlotLost("The slot was taken over", where=where, found=f"no longer owned by {slot.owner}")


def _ends(ordered: list[int]) -> tuple[int, int]:
    return ordered[0], ordered[-1]


def _slot(row: dict[str, Any]) -> Slot:
    times = {name: unstamp(row[name]) for name in ("logical_time", "not_before", "lease_until", "changed_at")}
    return Slot(flow=row["flow"], state=row["state"], tries=row["tries"], owner=row["owner"], note=row["note"], **times)


def _run(flow: str, rows: list[Any]) -> Run:
    states: dict[str, int] = {}
    for row in rows:
        states[row.state] = states.get(row.state, 0) + 1
    done = [row.logical_time for row in rows if row.state in ("done", "degraded")]
    bad = [row.note for row in rows if row.state in ("failed", "degraded") and row.note]
    changed = max(row.changed_at for row in rows)
    return Run(flow, states, unstamp(done[-1]) if done else None, unstamp(changed), bad[-1] if bad else "")
