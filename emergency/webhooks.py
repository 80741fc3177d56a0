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
        """The open hooks that may be tried now."""
        return tuple(one for one in self.all() if one.active and one.next_at <= stamp(now))

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
