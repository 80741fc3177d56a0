"""One transaction on the record: what an act appends, files and queues, written once before the commit."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Table, bindparam, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from emergency import warning
from emergency.lifecycle import Event, fold
from emergency.record_rows import MODULES, canonical, digest_of, entries_of, entry_of, head_of, projection_of, stamp
from emergency.record_schema import LIVES, attempt, exhibit, log, now_tables, outbox
from plans.errors import LantianError

COPY_FROM = 200
"""From so many rows on PostgreSQL is fed by COPY."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message for one recipient, queued with the act that caused it."""

    key: str
    """Idempotency key: the same act queues it once."""
    audience: str
    """"enterprise", "staff" or "public"; public ones need an issued warning behind them."""
    recipient: str
    """Identifier of an enterprise, a role key, or "public"; the address is looked up when it is sent."""
    subject: str
    body: str


class Act:
    """What one act adds. Collected here and written once, in the order in which it was decided."""

    def __init__(self, connection: Connection, *, now: datetime, drill: bool) -> None:
        self.connection = connection
        self.now = now
        self.drill = drill
        self._seq, self._digest = head_of(connection)
        self._log: list[dict[str, Any]] = []
        self._states: dict[tuple[str, str], tuple[Any, int, str]] = {}
        self._fresh: set[tuple[str, str]] = set()
        self._messages: list[dict[str, Any]] = []

    def state(self, life: str, stream: str) -> Any:
        """The present state of one stream, including what this act already appended; None when absent."""
        return self._load(life, stream)[0]

    def version(self, life: str, stream: str) -> int:
        """How many entries a stream has, those of this act included; 0 when absent."""
        return self._load(life, stream)[1]

    def expect(self, life: str, streams: Sequence[str]) -> None:
        """Load many streams at once, absent ones included, so that appending to them asks the database no more."""
        wanted = [stream for stream in streams if (life, stream) not in self._states]
        for begin in range(0, len(wanted), 500):
            some = wanted[begin : begin + 500]
            self._states.update({(life, stream): (None, 0, "") for stream in some})
            query = select(log).where(log.c.life == life, log.c.stream.in_(some)).order_by(log.c.stream, log.c.version)
            for row in self.connection.execute(query).mappings():
                state, _version, opened = self._states[life, row["stream"]]
                after = MODULES[life].evolve(state, entry_of(row).event)
                self._states[life, row["stream"]] = (after, row["version"], opened or row["recorded_at"])

    def states(self, life: str, *, parent: str, states: Sequence[str]) -> list[Any]:
        """All streams under a parent whose projection stands in one of the states, by identifier, in one read."""
        table = now_tables[life]
        chosen = select(table.c.stream).where(table.c.parent == parent, table.c.state.in_(states))
        query = select(log).where(log.c.life == life, log.c.stream.in_(chosen)).order_by(log.c.stream, log.c.version)
        for row in self.connection.execute(query).mappings():
            key = (life, row["stream"])
            if key in self._states and self._states[key][1] >= row["version"]:
                continue
            state, _version, opened = self._states.get(key, (None, 0, row["recorded_at"]))
            self._states[key] = (MODULES[life].evolve(state, entry_of(row).event), row["version"], opened)
        wanted = [stream for (stream,) in self.connection.execute(chosen.order_by(table.c.stream))]
        return [self._states[life, stream][0] for stream in wanted]

    def open_states(self, life: str, states: Sequence[str]) -> list[Any]:
        """All streams of a life-cycle whose projection stands in one of the states, by identifier."""
        table = now_tables[life]
        query = select(table.c.stream).where(table.c.state.in_(states)).order_by(table.c.stream)
        return [self.state(life, stream) for (stream,) in self.connection.execute(query)]

    def append(self, life: str, stream: str, events: Sequence[Event], *, messages: Sequence[Message] = ()) -> Any:
        """Append events to a stream and queue their messages; returns the new state."""
        state, version, opened = self._load(life, stream)
        if version == 0:
            self._fresh.add((life, stream))
        recorded = stamp(self.now)
        for happened in events:
            version += 1
            self._seq += 1
            row = {
                "seq": self._seq,
                "life": life,
                "stream": stream,
                "version": version,
                "kind": happened.kind,
                "occurred_at": stamp(happened.occurred_at),
                "recorded_at": recorded,
                "actor": happened.actor,
                "role": happened.role,
                "cause": happened.cause,
                "basis": _basis(happened.basis),
                "data": canonical(dict(happened.data)),
                "previous": self._digest,
            }
            row["digest"] = self._digest = digest_of(row)
            self._log.append(row)
            state = MODULES[life].evolve(state, entry_of(row).event)
            opened = opened or recorded
        self._states[life, stream] = (state, version, opened)
        for message in messages:
            self._queue(life, stream, state, message)
        return state

    def file(self, content: bytes, *, media_type: str, title: str) -> str:
        """File an exhibit under its digest (filing the same content again changes nothing); returns the digest."""
        digest = hashlib.sha256(content).hexdigest()
        if self.connection.execute(select(exhibit.c.digest).where(exhibit.c.digest == digest)).first() is None:
            self.connection.execute(
                insert(exhibit).values(
                    digest=digest, media_type=media_type, title=title, content=content, recorded_at=stamp(self.now)
                )
            )
        return digest

    def exhibit(self, digest: str) -> bytes | None:
        """The content of an exhibit; None when there is none."""
        found: bytes | None = self.connection.execute(
            select(exhibit.c.content).where(exhibit.c.digest == digest)
        ).scalar()
        return found

    def filed(self, media_type: str) -> int:
        """How many exhibits of a kind are on record, those of this act included."""
        query = select(func.count()).select_from(exhibit).where(exhibit.c.media_type == media_type)
        return int(self.connection.execute(query).scalar_one())

    def attempted(self, key: str, *, channel: str, result: str, detail: str) -> None:
        """Note one try of a message and its honest result ("handed", "sealed", "failed", "refused")."""
        number = 1 + (self.connection.execute(select(outbox.c.attempts).where(outbox.c.key == key)).scalar() or 0)
        self.connection.execute(
            insert(attempt).values(
                key=key, number=number, attempted_at=stamp(self.now), channel=channel, result=result, detail=detail
            )
        )
        waiting = result == "failed"
        self.connection.execute(
            update(outbox)
            .where(outbox.c.key == key)
            .values(attempts=number, last_attempt_at=stamp(self.now), state="queued" if waiting else result)
        )

    def message(self, key: str) -> Mapping[str, Any] | None:
        """The outbox row of a key as it stands inside this transaction; None when there is none."""
        row = self.connection.execute(select(outbox).where(outbox.c.key == key)).mappings().first()
        return dict(row) if row else None

    def flush(self) -> None:
        """Write everything collected; called once by :meth:`Record.act` before the commit."""
        if self._log:
            _write(self.connection, log, self._log)
        changed = dict.fromkeys((row["life"], row["stream"]) for row in self._log)
        for life in LIVES:
            rows = [
                projection_of(life, stream, *self._states[life, stream], stamp(self.now))
                for kind, stream in changed
                if kind == life
            ]
            fresh = [row for row in rows if (life, row["stream"]) in self._fresh]
            known = [row for row in rows if (life, row["stream"]) not in self._fresh]
            table = now_tables[life]
            if known:
                columns: dict[str, Any] = {column.name: bindparam(f"new_{column.name}") for column in table.columns}
                statement = update(table).where(table.c.stream == bindparam("new_stream")).values(columns)
                self.connection.execute(statement, [{f"new_{k}": v for k, v in row.items()} for row in known])
            if fresh:
                _write(self.connection, table, fresh)
        if self._messages:
            _write(self.connection, outbox, self._messages)

    def _load(self, life: str, stream: str) -> tuple[Any, int, str]:
        if (life, stream) not in self._states:
            entries = list(entries_of(self.connection, life, stream))
            state = fold(MODULES[life].evolve, (entry.event for entry in entries))
            opened = stamp(entries[0].recorded_at) if entries else ""
            self._states[life, stream] = (state, len(entries), opened)
        return self._states[life, stream]

    def _queue(self, life: str, stream: str, state: Any, message: Message) -> None:
        # 大气污染防治法 第95条: nothing is queued for the public unless a warning with recorded approval is behind it.
        if message.audience == "public":
            approved = isinstance(state, warning.AirWarning) and state.issued_at is not None and state.signatures
            if not approved:
                raise LantianError("A public message needs an issued, approved warning behind it", where=message.key)
        self._messages.append(
            {
                "key": message.key,
                "seq": self._seq,
                "life": life,
                "stream": stream,
                "audience": message.audience,
                "recipient": message.recipient,
                "subject": message.subject,
                "body": message.body,
                "drill": self.drill,
                "created_at": stamp(self.now),
                "state": "queued",
                "attempts": 0,
            }
        )


@lru_cache(maxsize=256)
def _basis(basis: tuple[str, ...]) -> str:
    """The same few digests stand under thousands of orders."""
    return canonical(list(basis))


def _write(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows; many of them into PostgreSQL by COPY, which is several times faster than inserts one by one."""
    if connection.dialect.name != "postgresql" or len(rows) < COPY_FROM:
        connection.execute(insert(table), rows)
        return
    names = list(rows[0])
    columns = ", ".join(f'"{name}"' for name in names)
    cursor: Any = connection.connection.cursor()
    try:
        with cursor.copy(f"COPY {table.name} ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row([row[name] for name in names])
    except connection.dialect.loaded_dbapi.IntegrityError as error:
        # As SQLAlchemy would have said it, so that a stale decision is known as such.
        raise IntegrityError(f"COPY {table.name}", None, error) from error
    finally:
        cursor.close()
