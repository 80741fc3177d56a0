"""Who is told of what goes into the record: other systems, each by a signed webhook of its own.

A hook keeps its place in the log (`after`). What it is told is thin, who and what and where in the log; the rest is
read from the API with a token that says how much its owner may see. A hook that cannot be reached is tried again later
and later, and is closed after FIVE_DAYS; nothing is lost to its owner, who reads on from the log.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from sqlalchemy import insert, select, update

from emergency.record import Record
from emergency.record_rows import Entry, stamp
from emergency.record_schema import webhook as table
from emergency.record_schema import webhook_note as notes
from plans.errors import DataError, LantianError

LIVES = ("consultation", "warning", "order", "problem")
"""What a hook may ask for: the lives that the API reads."""
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=6)
FIVE_DAYS = timedelta(days=5)
"""Standard Webhooks leaves the schedule to the sender; these three are settings of the office (confidence I)."""


@dataclass(frozen=True, slots=True)
class Hook:
    """One subscription."""

    identifier: str
    title: str
    address: str
    secret: str
    """`whsec_` and base64: kept as it is, for it must sign."""
    lives: frozenset[str]
    own_network: bool
    after: int
    """Number of the last entry of the log that it was told of, or that it did not ask for."""
    failing_since: str
    failures: int
    next_at: str
    said: str
    """What its owner's server answered last."""
    active: bool

    def asks_for(self, entry: Entry) -> bool:
        """Whether it wants to hear of an entry."""
        return entry.life in self.lives


def event(entry: Entry) -> dict[str, Any]:
    """What a hook is told of an entry: its kind, its place in the log, and where to read it."""
    return {
        "type": f"{entry.life}.{entry.event.kind}",
        "timestamp": entry.event.occurred_at.isoformat(),
        "data": {
            "seq": entry.seq,
            "life": entry.life,
            "identifier": entry.stream,
            "version": entry.version,
            "role": entry.event.role,
            "digest": entry.digest,
            "read": f"/api/v1/{entry.life}s/{quote(entry.stream, safe='')}",
        },
    }


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that happened to a hook."""

    hook: str
    kind: str
    """told (one run that handed entries over) | failed | asked | ping | paused | resumed."""
    at: str
    by_whom: str
    """Who asked, paused or resumed; empty where the schedule did it."""
    seq: int
    """The last entry of the log that it was about; 0 for none."""
    entries: int
    result: str
    said: str


class Hooks:
    """The hooks of one record."""

    def __init__(self, record: Record) -> None:
        self.record = record

    def add(
        self, *, title: str, address: str, lives: Iterable[str] = LIVES, own_network: bool = False, now: datetime
    ) -> Hook:
        """The new hook, told of what happens from now on; its secret is made here.

        LantianError for a drill, whose messages never leave; DataError for an empty title or an unknown life.
        """
        if self.record.drill:
            raise LantianError("A drill can never leave the house", todo="Register webhooks in the office's own folder")
        wanted = frozenset(lives)
        if not title.strip() or len(title) > 80 or len(address) > 500:
            raise DataError("A webhook needs a title and an address", expected="1 to 80 and at most 500 characters")
        if not wanted or wanted - set(LIVES):
            raise DataError("There is no such life", expected=", ".join(LIVES), found=", ".join(sorted(wanted)))
        made = Hook(
            secrets.token_hex(6), title, address, "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode(), wanted,
            own_network, self.record.head()[0], "", 0, stamp(now), "", True,
        )  # fmt: skip
        row = {name: getattr(made, name) for name in Hook.__slots__}
        self._write(insert(table).values({**row, "lives": " ".join(sorted(wanted))}))
        return made

    def all(self) -> tuple[Hook, ...]:
        """Every hook, closed ones too."""
        with self.record.engine.connect() as connection:
            rows = connection.execute(select(table).order_by(table.c.title, table.c.identifier)).mappings()
            return tuple(_hook(row) for row in rows)

    def due(self, now: datetime) -> tuple[Hook, ...]:
        """The open hooks that may be tried now; a paused one is not."""
        paused = self.paused()
        return tuple(
            one for one in self.all() if one.active and one.next_at <= stamp(now) and one.identifier not in paused
        )

    def paused(self) -> frozenset[str]:
        """The hooks that somebody paused and nobody resumed."""
        kinds = notes.c.kind.in_(("paused", "resumed"))
        query = select(notes.c.hook, notes.c.kind).where(kinds).order_by(notes.c.number)
        with self.record.engine.connect() as connection:
            last = {str(hook): str(kind) for hook, kind in connection.execute(query)}
        return frozenset(hook for hook, kind in last.items() if kind == "paused")

    def notes(self, identifier: str, *, limit: int = 8) -> tuple[Note, ...]:
        """What happened to a hook, the newest first."""
        query = select(notes).where(notes.c.hook == identifier).order_by(notes.c.number.desc()).limit(limit)
        with self.record.engine.connect() as connection:
            return tuple(
                Note(**{name: row[name] for name in Note.__slots__}) for row in connection.execute(query).mappings()
            )

    def note(
        self, hook: str, kind: str, *, now: datetime, by: str = "", seq: int = 0, entries: int = 0, result: str = "",
        said: str = "",
    ) -> None:  # fmt: skip
        """Keep one thing that happened to a hook."""
        values = Note(hook, kind, stamp(now), by, seq, entries, result, said[:200])
        self._write(insert(notes).values({name: getattr(values, name) for name in Note.__slots__}))

    def pause(self, identifier: str, *, by: str, now: datetime) -> None:
        """Tell it nothing until it is resumed; what it misses comes then. DataError for none or a closed one."""
        self._open(identifier)
        if identifier not in self.paused():
            self.note(identifier, "paused", now=now, by=by)

    def resume(self, identifier: str, *, by: str, now: datetime) -> None:
        """Tell it again from where it stood, at once, with its failures forgotten. DataError as for a pause."""
        hook = self._open(identifier)
        if identifier in self.paused():
            self.note(identifier, "resumed", now=now, by=by)
            self._change(hook, failures=0, failing_since="", next_at=stamp(now))

    def ask(self, identifier: str, *, by: str, now: datetime) -> None:
        """Have the next run send it a message of type ping. DataError for none or a closed one."""
        self._open(identifier)
        self.note(identifier, "asked", now=now, by=by)

    def asked(self) -> tuple[Hook, ...]:
        """The open hooks that somebody asked to try since they were last tried."""
        query = select(notes.c.hook, notes.c.kind).where(notes.c.kind.in_(("asked", "ping"))).order_by(notes.c.number)
        with self.record.engine.connect() as connection:
            last = {str(hook): str(kind) for hook, kind in connection.execute(query)}
        return tuple(one for one in self.all() if one.active and last.get(one.identifier) == "asked")

    def _open(self, identifier: str) -> Hook:
        found = next((one for one in self.all() if one.identifier == identifier and one.active), None)
        if found is None:
            raise DataError("There is no such webhook", found=identifier)
        return found

    def told(self, hook: Hook, *, after: int, said: str) -> None:
        """It took everything up to an entry."""
        self._change(hook, after=after, said=said[:200], failures=0, failing_since="")

    def failed(self, hook: Hook, *, said: str, gone: bool, now: datetime) -> None:
        """It did not take the next one: try later, or close it when it is gone or has failed for five days."""
        since = hook.failing_since or stamp(now)
        wait = min(FIRST_WAIT * 2**hook.failures, LONGEST_WAIT) if hook.failures < 20 else LONGEST_WAIT
        over = gone or now - datetime.fromisoformat(since) >= FIVE_DAYS
        self._change(
            hook, failures=hook.failures + 1, failing_since=since, next_at=stamp(now + wait), said=said[:200],
            active=not over,
        )  # fmt: skip

    def close(self, identifier: str) -> None:
        """End a hook; DataError when there is none."""
        if not self._write(update(table).where(table.c.identifier == identifier).values(active=False)):
            raise DataError("There is no such webhook", found=identifier)

    def _change(self, hook: Hook, **values: object) -> None:
        # another worker may have told it more meanwhile: the place in the log only moves forward from where we saw it
        seen = (table.c.identifier == hook.identifier) & (table.c.after == hook.after)
        self._write(update(table).where(seen).values(**values))

    def _write(self, statement: Any) -> int:
        with self.record.engine.connect().execution_options(write=True) as connection, connection.begin():
            return int(connection.execute(statement).rowcount)


def _hook(row: Mapping[Any, Any]) -> Hook:
    found = {name: row[name] for name in Hook.__slots__}
    return Hook(**{**found, "lives": frozenset(row["lives"].split())})
