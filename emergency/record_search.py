"""Looking through the whole log: by what happened, to what, by whom, on which days; newest first, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select

from emergency.record import Entry, Record
from emergency.record_rows import MODULES, entry_of, stamp
from emergency.record_schema import log

KINDS: dict[str, dict[str, str]] = {
    life: {one.event: one.chinese for one in module.TABLE.transitions} for life, module in MODULES.items()
}
"""What can happen in each life-cycle, in the order of its table: kind of event to the Chinese name of its act."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries are looked for; what is empty does not narrow."""

    life: str = ""
    kind: str = ""
    """Kind of event; several life-cycles may know one of the same name, so it is read together with `life`."""
    stream: str = ""
    role: str = ""
    """Role in which somebody (or the system) acted."""
    since: datetime | None = None
    until: datetime | None = None
    """Before this moment, by when it happened and not by when it was written down."""


def search(record: Record, wanted: Wanted, *, before: int | None = None, limit: int) -> tuple[Entry, ...]:
    """At most `limit` entries as wanted, newest first; with `before` only those whose seq is smaller."""
    found = _narrowed(select(log.c.seq), wanted).order_by(log.c.seq.desc()).limit(limit)
    if before is not None:
        found = found.where(log.c.seq < before)
    query = select(log).where(log.c.seq.in_(found.scalar_subquery())).order_by(log.c.seq.desc())
    with record.engine.connect() as connection:
        return tuple(entry_of(row) for row in connection.execute(query).mappings())


def _narrowed(query: Select[tuple[int]], wanted: Wanted) -> Select[tuple[int]]:
    # The indices begin with the life-cycle (and its kinds): naming all of them turns a walk through a log of half a
    # million entries into a few look-ups.
    if wanted.life:
        query = query.where(log.c.life == wanted.life)
    elif wanted.kind or wanted.stream or wanted.role:
        query = query.where(log.c.life.in_(MODULES))
    if wanted.kind:
        query = query.where(log.c.kind == wanted.kind)
    elif wanted.role and not wanted.stream:
        query = query.where(log.c.kind.in_({kind for kinds in KINDS.values() for kind in kinds}))
    if wanted.stream:
        query = query.where(log.c.stream == wanted.stream)
    if wanted.role:
        query = query.where(log.c.role == wanted.role)
    if wanted.since is not None:
        query = query.where(log.c.occurred_at >= stamp(wanted.since))
    if wanted.until is not None:
        query = query.where(log.c.occurred_at < stamp(wanted.until))
    return query
