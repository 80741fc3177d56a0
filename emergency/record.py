"""The record: the append-only, hash-chained log with its projections, exhibits and outbox, in one transaction each.

The log is law and cannot be rebuilt, so the database refuses to change it and every row carries the digest of the row
before. Everything named `*_now` can be thrown away and rebuilt from the log. Messages are rows written in the
transaction of the act that caused them; what is not committed was never promised to anybody.
"""

from __future__ import annotations

import gc
import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, delete, event, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from emergency import record_schema
from emergency.lifecycle import Happening, fold
from emergency.record_act import Act, Message
from emergency.record_rows import (
    GENESIS,
    MODULES,
    Entry,
    digest_of,
    entries_of,
    entry_of,
    head_of,
    projection_of,
    rows_of,
    shape_of_states,
    stamp,
)
from emergency.record_schema import LIVES, about, exhibit, log, now_tables, outbox
from plans.errors import LantianError

__all__ = ["GENESIS", "Act", "BrokenRecord", "Entry", "Message", "Record", "StaleDecision"]

KEPT = [table for table in record_schema.metadata.sorted_tables if table not in now_tables.values()]
"""Tables whose rows exist once; projections, in contrast, can be thrown away and made anew from the log."""
_LOCK = 0x4C414E54  # one advisory lock for the chain: two writers must not read the same last row


class StaleDecision(LantianError):
    """Somebody else decided on the same stream in between; look again and decide anew."""


class BrokenRecord(LantianError):
    """The chain, the versions or a digest do not agree: the record was tampered with or damaged."""


class Record:
    """An opened record. Reads are methods; writing happens only inside :meth:`act`."""

    def __init__(self, engine: Engine, *, drill: bool, expected: tuple[str, str, int] | None = None) -> None:
        self.engine = engine
        self.drill = drill
        self._expected = expected

    @classmethod
    def open(cls, url: str | Path, *, drill: bool, durable: bool = True) -> Record:
        """The record at a database URL or SQLite file, created when absent.

        A record is born as drill (演练) or live and stays so: opening it as the other raises LantianError, because a
        drill can never become something that leaves the house. `durable=False` lets SQLite skip the disk flush of
        each commit (for replays; a crash of the machine may lose the last acts, never their order).
        """
        address = url if "://" in str(url) else f"sqlite:///{Path(url)}"
        engine = create_engine(str(address), future=True)
        if engine.dialect.name == "sqlite":
            _prepare_sqlite(engine, durable=durable)
        with engine.connect().execution_options(write=True) as connection, connection.begin():
            lock_chain(connection)
            record_schema.metadata.create_all(connection, tables=KEPT)
            for index in log.indexes:  # a record of an earlier version has not all of them
                index.create(connection, checkfirst=True)
            kind = "drill" if drill else "live"
            found = connection.execute(select(about.c.value).where(about.c.name == "kind")).scalar()
            if found is None:
                connection.execute(insert(about).values(name="kind", value=kind))
            elif found != kind:
                raise LantianError(
                    "The record cannot be opened",
                    where=engine.url.render_as_string(hide_password=True),
                    expected=kind,
                    found=found,
                    todo="Use another database: a drill and the real work never share a record",
                )
            made_by = connection.execute(select(about.c.value).where(about.c.name == "projections")).scalar()
            if made_by != shape_of_states():  # another version of the software made them; the log is the same
                record_schema.metadata.drop_all(connection, tables=list(now_tables.values()))
                record_schema.metadata.create_all(connection, tables=list(now_tables.values()))
                _rebuild(connection)
                connection.execute(delete(about).where(about.c.name == "projections"))
                connection.execute(insert(about).values(name="projections", value=shape_of_states()))
        return cls(engine, drill=drill)

    @staticmethod
    def kind_of(url: str | Path) -> str | None:
        """ "drill" or "live", as the record at the address was born; None when there is no record yet."""
        engine = create_engine(str(url) if "://" in str(url) else f"sqlite:///{Path(url)}")
        try:
            with engine.connect() as connection:
                if not engine.dialect.has_table(connection, about.name):
                    return None
                found: str | None = connection.execute(select(about.c.value).where(about.c.name == "kind")).scalar()
                return found
        finally:
            engine.dispose()

    # ------------------------------------------------------------------ writing

    def expecting(self, life: str, stream: str, version: int) -> Record:
        """The same record for somebody who decides on what they saw: version `version` of a stream.

        Every act on it raises StaleDecision, under the lock that it writes with, when the stream has moved on since.
        """
        return Record(self.engine, drill=self.drill, expected=(life, stream, version))

    @contextmanager
    def act(self, now: datetime) -> Iterator[Act]:
        """One transaction: all that is appended inside is recorded together or not at all.

        Raises StaleDecision when another writer was faster on one of the streams.
        """
        if now.tzinfo is None:
            raise ValueError("now has no time zone; give an aware datetime.")
        try:
            with self.engine.connect().execution_options(write=True) as connection, connection.begin():
                lock_chain(connection)
                work = Act(connection, now=now, drill=self.drill)
                if self._expected is not None and work.version(*self._expected[:2]) != self._expected[2]:
                    raise StaleDecision("Somebody else has just decided on the same matter", todo="Look again")
                with _no_collection():
                    yield work
                    work.flush()
        except IntegrityError as error:
            if "one_decision_per_version" in str(error) or "log.life" in str(error):
                raise StaleDecision("Somebody else has just decided on the same matter", todo="Look again") from error
            raise

    def note(self, name: str, value: str) -> None:
        """Keep one fact about this record that is not law (which replay it holds, where its clock stands)."""
        with self.engine.connect().execution_options(write=True) as connection, connection.begin():
            lock_chain(connection)
            changed = connection.execute(update(about).where(about.c.name == name).values(value=value))
            if not changed.rowcount:
                connection.execute(insert(about).values(name=name, value=value))

    def noted(self, name: str) -> str | None:
        """What was kept under that name; None when nothing was."""
        with self.engine.connect() as connection:
            return connection.execute(select(about.c.value).where(about.c.name == name)).scalar()

    # ------------------------------------------------------------------ reading

    def state(self, life: str, stream: str) -> Any:
        """The present state of one stream, folded from the log; None when there is no such stream."""
        with self.engine.connect() as connection:
            return fold(MODULES[life].evolve, (entry.event for entry in entries_of(connection, life, stream)))

    def history(self, life: str, stream: str) -> tuple[Entry, ...]:
        """All entries of one stream, oldest first."""
        with self.engine.connect() as connection:
            return tuple(entries_of(connection, life, stream))

    def entries(self, *, after: int = 0, limit: int = 500, episode: str | None = None) -> tuple[Entry, ...]:
        """Entries of the whole log with seq greater than `after`, oldest first."""
        query = select(log).where(log.c.seq > after).order_by(log.c.seq).limit(limit)
        if episode is not None:
            streams = [select(table.c.stream).where(table.c.episode == episode) for table in now_tables.values()]
            query = query.where(log.c.stream.in_(streams[0].union_all(*streams[1:])))
        with self.engine.connect() as connection:
            return tuple(entry_of(row) for row in connection.execute(query).mappings())

    def happenings_between(self, start: datetime, end: datetime, *, kinds: Collection[str]) -> list[Happening]:
        """What happened of some kinds from `start` until before `end`, oldest entry first."""
        columns = (log.c.life, log.c.stream, log.c.kind, log.c.occurred_at, log.c.data)
        query = select(*columns).where(log.c.occurred_at >= stamp(start), log.c.occurred_at < stamp(end))
        with self.engine.connect() as connection:
            rows = connection.execute(query.where(log.c.kind.in_(kinds)).order_by(log.c.seq)).all()
        return [
            Happening(life, stream, kind, datetime.fromisoformat(occurred_at), json.loads(data))
            for life, stream, kind, occurred_at, data in rows
        ]

    def happenings(self, *, after: int = 0) -> list[Happening]:
        """The log after an entry (all of it by default) as reports need it, oldest first."""
        found: list[Happening] = []
        while entries := self.entries(after=after, limit=5000):
            found += [
                Happening(entry.life, entry.stream, entry.event.kind, entry.event.occurred_at, entry.event.data)
                for entry in entries
            ]
            after = entries[-1].seq
        return found

    def last(self, *, limit: int) -> tuple[Entry, ...]:
        """The newest entries, newest first."""
        with self.engine.connect() as connection:
            rows = connection.execute(select(log).order_by(log.c.seq.desc()).limit(limit)).mappings()
            return tuple(entry_of(row) for row in rows)

    def now(
        self,
        life: str,
        *,
        states: Sequence[str] | None = None,
        parent: str | None = None,
        enterprise: str | None = None,
        episode: str | None = None,
        open_only: bool = False,
        prefix: str = "",
        newest: int | None = None,
    ) -> tuple[Mapping[str, Any], ...]:
        """Rows of a projection, oldest first; `body` is the whole state as plain values.

        `prefix` takes only streams whose name begins so, `newest` only so many of the last ones.
        """
        table = now_tables[life]
        query = select(table).order_by(table.c.opened_at, table.c.stream)
        if states is not None:
            query = query.where(table.c.state.in_(states))
        if parent is not None:
            query = query.where(table.c.parent == parent)
        if enterprise is not None:
            query = query.where(table.c.enterprise == enterprise)
        if episode is not None:
            query = query.where(table.c.episode == episode)
        if open_only:
            query = query.where(table.c.final.is_(False))
        if prefix:
            query = query.where(table.c.stream.startswith(prefix, autoescape=True))
        if newest is not None:
            query = query.order_by(None).order_by(table.c.opened_at.desc(), table.c.stream.desc()).limit(newest)
        with self.engine.connect() as connection:
            found = rows_of(connection.execute(query))
        return found if newest is None else found[::-1]

    def row(self, life: str, stream: str) -> Mapping[str, Any] | None:
        """The row of one stream in its projection; None when there is no such stream."""
        table = now_tables[life]
        with self.engine.connect() as connection:
            found = connection.execute(select(table).where(table.c.stream == stream)).mappings().first()
        return None if found is None else {**found, "body": json.loads(found["body"])}

    def head(self) -> tuple[int, str]:
        """Sequence number and digest of the last entry; (0, GENESIS) for an empty log."""
        with self.engine.connect() as connection:
            return head_of(connection)

    def last_recorded_at(self) -> datetime | None:
        """When the newest entry was recorded; None for an empty log."""
        entries = self.last(limit=1)
        return entries[0].recorded_at if entries else None

    def exhibit(self, digest: str) -> tuple[str, bytes] | None:
        """Media type and content of an exhibit, checked against its digest; None when there is none.

        Raises BrokenRecord when the content no longer has the digest it is filed under.
        """
        with self.engine.connect() as connection:
            row = connection.execute(select(exhibit).where(exhibit.c.digest == digest)).mappings().first()
        if row is None:
            return None
        if hashlib.sha256(row["content"]).hexdigest() != digest:
            raise BrokenRecord("An exhibit does not match its digest", where=digest)
        return row["media_type"], row["content"]

    def exhibits(self, media_type: str) -> tuple[tuple[str, str, bytes], ...]:
        """(digest, title, content) of every exhibit of a kind, oldest first."""
        query = select(exhibit.c.digest, exhibit.c.title, exhibit.c.content).where(exhibit.c.media_type == media_type)
        with self.engine.connect() as connection:
            rows = connection.execute(query.order_by(exhibit.c.recorded_at, exhibit.c.title))
            return tuple((digest, title, content) for digest, title, content in rows)

    def waiting(self, *, limit: int = 500) -> tuple[Mapping[str, Any], ...]:
        """Messages that wait to be handed over, oldest first."""
        query = select(outbox).where(outbox.c.state == "queued").order_by(outbox.c.seq, outbox.c.key).limit(limit)
        with self.engine.connect() as connection:
            return tuple(dict(row) for row in connection.execute(query).mappings())

    def messages(self, *, recipient: str | None = None, limit: int = 200) -> tuple[Mapping[str, Any], ...]:
        """Messages of one recipient (or of all), newest first."""
        query = select(outbox).order_by(outbox.c.seq.desc(), outbox.c.key).limit(limit)
        if recipient is not None:
            query = query.where(outbox.c.recipient == recipient)
        with self.engine.connect() as connection:
            return tuple(dict(row) for row in connection.execute(query).mappings())

    def counts(self, life: str, *, parent: str | None = None) -> dict[str, int]:
        """How many streams stand in each state."""
        table = now_tables[life]
        query = select(table.c.state, func.count()).group_by(table.c.state)
        if parent is not None:
            query = query.where(table.c.parent == parent)
        with self.engine.connect() as connection:
            return {str(state): int(count) for state, count in connection.execute(query)}

    # ------------------------------------------------------------------ proof

    def verify(self) -> int:
        """The number of entries after checking the whole chain; BrokenRecord names the first entry that is wrong.

        Checks sequence without gaps, each row's digest, its link to the row before, versions that count up by one in
        every stream, and every exhibit against its name. Cutting off the newest rows cannot be seen from inside the
        record alone: compare the head with one kept elsewhere (:meth:`head`).
        """
        previous, expected = GENESIS, 1
        versions: dict[tuple[str, str], int] = {}
        with self.engine.connect() as connection:
            for row in connection.execute(select(log).order_by(log.c.seq)).mappings():
                where = f"log entry {row['seq']}"
                if row["seq"] != expected:
                    raise BrokenRecord("The log has a gap", where=where, expected=f"entry {expected}", found=row["seq"])
                if row["previous"] != previous or digest_of(dict(row)) != row["digest"]:
                    raise BrokenRecord("The chain is broken", where=where, todo="Compare with a backup from before")
                key = (row["life"], row["stream"])
                if row["version"] != versions.get(key, 0) + 1:
                    raise BrokenRecord("A version is missing", where=where, expected=versions.get(key, 0) + 1)
                versions[key] = row["version"]
                previous, expected = row["digest"], expected + 1
            for digest, content in connection.execute(select(exhibit.c.digest, exhibit.c.content)):
                if hashlib.sha256(content).hexdigest() != digest:
                    raise BrokenRecord("An exhibit does not match its digest", where=digest)
        return expected - 1

    def rebuild(self) -> None:
        """Throw the projections away and make them anew from the log, in one transaction."""
        with self.engine.connect().execution_options(write=True) as connection, connection.begin():
            lock_chain(connection)
            _rebuild(connection)

    def projections(self) -> dict[str, list[dict[str, Any]]]:
        """All projections as plain rows, for comparison after a rebuild."""
        with self.engine.connect() as connection:
            return {
                life: [dict(row) for row in connection.execute(select(table).order_by(table.c.stream)).mappings()]
                for life, table in now_tables.items()
            }


@contextmanager
def _no_collection() -> Iterator[None]:
    """An act over 20,000 orders makes millions of objects that all stay; looking for garbage there costs a fifth."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def _prepare_sqlite(engine: Engine, *, durable: bool) -> None:
    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, so that a writer locks before it reads
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA busy_timeout=30000")
        cursor.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def lock_chain(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def _rebuild(connection: Connection) -> None:
    for table in now_tables.values():
        connection.execute(delete(table))
    states: dict[tuple[str, str], Any] = {}
    marks: dict[tuple[str, str], tuple[int, str, str]] = {}
    for row in connection.execute(select(log).order_by(log.c.seq)).mappings().all():
        key = (row["life"], row["stream"])
        states[key] = MODULES[row["life"]].evolve(states.get(key), entry_of(row).event)
        opened = marks[key][1] if key in marks else row["recorded_at"]
        marks[key] = (row["version"], opened, row["recorded_at"])
    for life in LIVES:
        rows = [
            projection_of(life, stream, state, *marks[life, stream])
            for (kind, stream), state in states.items()
            if kind == life
        ]
        if rows:
            connection.execute(insert(now_tables[life]), rows)
