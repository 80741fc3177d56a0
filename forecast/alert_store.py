"""Alerts of the watch: raised once, kept up to date, acknowledged by a person, cleared when their cause has gone.

An alert is about the data and the air, not about a decision: those are in the record. Of one kind and subject at most
one alert is open; looking again at the same moment changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from forecast.archive_schema import engine_of, stamp, unstamp
from forecast.plain_errors import plain_errors
from plans.errors import DataError

METADATA = sa.MetaData()
ALERT = sa.Table(
    "alert",
    METADATA,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("raised_at", sa.BigInteger, primary_key=True),
    sa.Column("severity", sa.Integer, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("details", sa.Text, nullable=False),
    sa.Column("seen_at", sa.BigInteger, nullable=False),
    sa.Column("cleared_at", sa.BigInteger),
    sa.Column("acknowledged_at", sa.BigInteger),
    sa.Column("acknowledged_by", sa.Text, nullable=False),
)
WHAT = "the alerts"


@dataclass(frozen=True, slots=True)
class Finding:
    """What the watch sees now."""

    kind: str
    subject: str
    """What it is about: a source, a station, an area."""
    text: str
    """Chinese, one sentence."""
    severity: int = 1
    """1 look at it, 2 act on it, 3 act now."""
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert as it stands."""

    kind: str
    subject: str
    text: str
    severity: int
    details: Mapping[str, Any]
    raised_at: datetime
    seen_at: datetime
    cleared_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str


class AlertStore:
    """The alerts; open it beside the archive, in the same database."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        with plain_errors(WHAT):
            METADATA.create_all(engine)

    @classmethod
    def open(cls, address: str | Path) -> AlertStore:
        """The store at a file path, sqlite:/// or postgresql:// URL, made when new; DataError when impossible."""
        return cls(engine_of(address))

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        with plain_errors(WHAT), self.engine.connect().execution_options(writes=True) as connection, connection.begin():
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(2122023)")
            yield connection

    def update(self, findings: Iterable[Finding], *, kinds: Iterable[str], now: datetime) -> tuple[Alert, ...]:
        """The alerts that are new or graver now.

        Every kind that was looked at must be in `kinds`: open alerts of these that were not found again are cleared. A
        graver finding wants a new acknowledgement.
        """
        found = {(one.kind, one.subject): one for one in findings}
        at, table = stamp(now, name="now"), ALERT
        news = []
        with self._writing() as connection:
            query = sa.select(table).where(table.c.cleared_at.is_(None), table.c.kind.in_(list(kinds)))
            for row in connection.execute(query).fetchall():
                key = (
                    (table.c.kind == row.kind) & (table.c.subject == row.subject) & (table.c.raised_at == row.raised_at)
                )
                one = found.pop((row.kind, row.subject), None)
                if one is None:
                    connection.execute(sa.update(table).where(key).values(cleared_at=at))
                    continue
                values: dict[str, Any] = {
                    "text": one.text, "severity": one.severity, "seen_at": at, "details": _json(one.details)
                }  # fmt: skip
                if one.severity > row.severity:
                    values |= {"acknowledged_at": None, "acknowledged_by": ""}
                    news.append(one)
                connection.execute(sa.update(table).where(key).values(values))
            for one in found.values():
                row_new = {
                    "kind": one.kind, "subject": one.subject, "raised_at": at, "severity": one.severity,
                    "text": one.text, "details": _json(one.details), "seen_at": at, "cleared_at": None,
                    "acknowledged_at": None, "acknowledged_by": "",
                }  # fmt: skip
                connection.execute(sa.insert(table), row_new)
                news.append(one)
        wanted = {(one.kind, one.subject) for one in news}
        return tuple(alert for alert in self.open_alerts() if (alert.kind, alert.subject) in wanted)

    def open_alerts(self) -> tuple[Alert, ...]:
        """What is open, gravest and newest first."""
        table = ALERT
        query = (
            sa.select(table)
            .where(table.c.cleared_at.is_(None))
            .order_by(table.c.severity.desc(), table.c.raised_at.desc(), table.c.kind, table.c.subject)
        )
        with plain_errors(WHAT), self.engine.connect() as connection:
            return tuple(_alert(row) for row in connection.execute(query))

    def history(self, *, start: datetime, end: datetime) -> tuple[Alert, ...]:
        """Everything raised at start <= raised_at < end, oldest first."""
        table = ALERT
        query = (
            sa.select(table)
            .where(table.c.raised_at >= stamp(start, name="start"), table.c.raised_at < stamp(end, name="end"))
            .order_by(table.c.raised_at, table.c.kind, table.c.subject)
        )
        with plain_errors(WHAT), self.engine.connect() as connection:
            return tuple(_alert(row) for row in connection.execute(query))

    def acknowledge(self, kind: str, subject: str, *, by: str, now: datetime) -> Alert:
        """The open alert, acknowledged; again by anybody changes nothing. DataError when none is open."""
        if not by.strip():
            raise DataError("Who acknowledges?", expected="a name", found="nothing")
        table = ALERT
        key = (table.c.kind == kind) & (table.c.subject == subject) & table.c.cleared_at.is_(None)
        with self._writing() as connection:
            values = {"acknowledged_at": stamp(now, name="now"), "acknowledged_by": by}
            connection.execute(sa.update(table).where(key, table.c.acknowledged_at.is_(None)).values(values))
            row = connection.execute(sa.select(table).where(key)).first()
        if row is None:
            known = "; ".join(f"{one.kind} {one.subject}" for one in self.open_alerts()[:8]) or "none is open"
            raise DataError("There is no such open alert", expected=known, found=f"{kind} {subject}")
        return _alert(row)


def _json(details: Mapping[str, Any]) -> str:
    return json.dumps(dict(details), ensure_ascii=False, sort_keys=True, default=str)


def _alert(row: Any) -> Alert:
    return Alert(
        kind=row.kind, subject=row.subject, text=row.text, severity=row.severity, details=json.loads(row.details),
        raised_at=unstamp(row.raised_at), seen_at=unstamp(row.seen_at),
        cleared_at=None if row.cleared_at is None else unstamp(row.cleared_at),
        acknowledged_at=None if row.acknowledged_at is None else unstamp(row.acknowledged_at),
        acknowledged_by=row.acknowledged_by,
    )  # fmt: skip
