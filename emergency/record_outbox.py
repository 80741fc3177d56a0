"""The outbox as a queue for several workers: lease a batch, settle it, take receipts. SQL only; rules are elsewhere."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, case, delete, func, insert, or_, select, text, update

from emergency.dispatch import LATE_AFTER, LEASE, URGENT, WINDOW, Leased, Outcome, urgent
from emergency.record import Act, Record
from emergency.record_rows import stamp
from emergency.record_schema import attempt, dispatch, now_tables, outbox

_LOCK = 0x4C414F42  # leases have a lock of their own: handing out work must not wait for an act
_FINAL = {"failed_for_good": "failed"}
RECEIPTS = ("delivered", "read", "acknowledged")
"""What a recipient's side may report after the hand-over, in this order; an earlier one never replaces a later."""


def lease(record: Record, worker: str, *, now: datetime, most: int = 500) -> tuple[Leased, ...]:
    """Up to `most` waiting messages that nobody else has in hand, urgent and old ones first; they are this worker's.

    A lease that its worker did not settle in time (it was killed) is handed out again.
    """
    moment, until = stamp(now), stamp(now + LEASE)
    first = case((or_(*(outbox.c.key.like(f"%.{word}%") for word in URGENT)), 0), else_=1)
    query = (
        select(outbox)
        .outerjoin(dispatch, dispatch.c.key == outbox.c.key)
        .where(
            outbox.c.state == "queued",
            or_(
                dispatch.c.key.is_(None),
                and_(
                    # A worker that asks again has lost what it held (it was killed and started anew).
                    or_(dispatch.c.lease_until <= moment, dispatch.c.worker == worker),
                    dispatch.c.not_before <= moment,
                ),
            ),
        )
        .order_by(first, outbox.c.seq, outbox.c.key)
        .limit(most)
    )
    with record.engine.connect().execution_options(write=True) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        rows = [dict(row) for row in connection.execute(query).mappings()]
        if not rows:
            return ()
        keys = [row["key"] for row in rows]
        for some in _parts(keys):
            connection.execute(delete(dispatch).where(dispatch.c.key.in_(some)))
        connection.execute(
            insert(dispatch),
            [{"key": key, "worker": worker, "lease_until": until, "not_before": moment} for key in keys],
        )
        stands = _stands(connection, rows)
        respond = _respond_by(connection, rows, stamp(now - LATE_AFTER))
        recent = _recent(connection, [row["recipient"] for row in rows if not urgent(row["key"])], now)
    return tuple(
        Leased(
            key=row["key"],
            life=row["life"],
            stream=row["stream"],
            audience=row["audience"],
            recipient=row["recipient"],
            subject=row["subject"],
            body=row["body"],
            drill=bool(row["drill"]),
            created_at=datetime.fromisoformat(row["created_at"]),
            attempts=row["attempts"],
            stands=stands.get((row["life"], row["stream"])),
            recent=recent[row["recipient"]],
            respond_by=respond.get(row["stream"]),
        )
        for row in rows
    )


def settle(act: Act, worker: str, outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Write what came of leased messages; the outcomes that counted (still this worker's and still waiting)."""
    mine: dict[str, int] = {}
    for some in _parts([one.key for one in outcomes]):
        query = select(outbox.c.key, outbox.c.attempts).join(dispatch, dispatch.c.key == outbox.c.key)
        query = query.where(outbox.c.key.in_(some), outbox.c.state == "queued", dispatch.c.worker == worker)
        mine.update({key: attempts for key, attempts in act.connection.execute(query)})
    counted = [one for one in outcomes if one.key in mine]
    moment = stamp(act.now)
    tried = [one for one in counted if one.result != "deferred"]
    if tried:
        rows = [
            {
                "key": one.key,
                "number": mine[one.key] + 1,
                "attempted_at": moment,
                "channel": one.channel,
                "result": _FINAL.get(one.result, one.result),
                "detail": one.detail,
            }
            for one in tried
        ]
        act.connection.execute(insert(attempt), rows)
    by_result: dict[str, list[str]] = {}
    for one in tried:
        by_result.setdefault(one.result, []).append(one.key)
    for result, keys in by_result.items():
        state = "queued" if result == "failed" else _FINAL.get(result, result)
        values = {"state": state, "attempts": outbox.c.attempts + 1, "last_attempt_at": moment}
        for some in _parts(keys):
            act.connection.execute(update(outbox).where(outbox.c.key.in_(some)).values(values))
    later = [one for one in counted if one.not_before is not None]
    if later:
        statement = update(dispatch).where(dispatch.c.key == bindparam("its")).values(not_before=bindparam("then"))
        act.connection.execute(statement, [{"its": one.key, "then": stamp(one.not_before or act.now)} for one in later])
    for some in _parts([one.key for one in counted]):
        act.connection.execute(update(dispatch).where(dispatch.c.key.in_(some)).values(lease_until=moment))
    return counted


def receipt(act: Act, key: str, state: str) -> bool:
    """Note what the recipient's side reports of a handed message; False when it says nothing new or was never handed.

    ValueError for a word that is none of RECEIPTS.
    """
    rank = RECEIPTS.index(state)
    found = act.connection.execute(
        select(outbox.c.state, dispatch.c.receipt).outerjoin(dispatch, dispatch.c.key == outbox.c.key)
        .where(outbox.c.key == key)
    ).first()  # fmt: skip
    if found is None or found[0] not in ("handed", "sealed") or (found[1] and RECEIPTS.index(found[1]) >= rank):
        return False
    values = {"receipt": state, "receipt_at": stamp(act.now)}
    if not act.connection.execute(update(dispatch).where(dispatch.c.key == key).values(values)).rowcount:
        rest = {"worker": "", "lease_until": stamp(act.now), "not_before": stamp(act.now)}
        act.connection.execute(insert(dispatch).values(key=key, **rest, **values))
    return True


def recipient_states(record: Record) -> dict[str, str]:
    """Message key to its recipient's state: pending, sent, delivered, read, acknowledged, failed, expired, outdated."""
    words = {"queued": "pending", "handed": "sent", "sealed": "sent", "refused": "failed"}
    query = select(outbox.c.key, outbox.c.state, dispatch.c.receipt)
    with record.engine.connect() as connection:
        rows = connection.execute(query.outerjoin(dispatch, dispatch.c.key == outbox.c.key))
        return {key: reported or words.get(state, state) for key, state, reported in rows}


def _stands(connection: Connection, rows: Sequence[dict[str, Any]]) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for life in {row["life"] for row in rows}:
        table = now_tables[life]
        for some in _parts(list({row["stream"] for row in rows if row["life"] == life})):
            query = select(table.c.stream, table.c.state).where(table.c.stream.in_(some))
            found.update({(life, stream): state for stream, state in connection.execute(query)})
    return found


def _respond_by(connection: Connection, rows: Sequence[dict[str, Any]], before: str) -> dict[str, datetime]:
    """Deadlines of the orders whose message has waited: only a late one is rendered anew."""
    late = [row["stream"] for row in rows if row["life"] == "order" and row["created_at"] < before]
    found: dict[str, datetime] = {}
    for some in _parts(late):
        table = now_tables["order"]
        for stream, body in connection.execute(select(table.c.stream, table.c.body).where(table.c.stream.in_(some))):
            found[stream] = datetime.fromisoformat(json.loads(body)["respond_by"])
    return found


def _recent(connection: Connection, recipients: Sequence[str], now: datetime) -> Counter[str]:
    counts: Counter[str] = Counter()
    for some in _parts(list(dict.fromkeys(recipients))):
        query = (
            select(outbox.c.recipient, func.count(outbox.c.last_attempt_at.distinct()))  # a bundle counts once
            .where(
                outbox.c.recipient.in_(some),
                outbox.c.state.in_(("handed", "sealed")),
                outbox.c.last_attempt_at > stamp(now - WINDOW),
            )
            .group_by(outbox.c.recipient)
        )
        counts.update({recipient: count for recipient, count in connection.execute(query)})
    return counts


def _parts(keys: Sequence[str]) -> list[Sequence[str]]:
    return [keys[begin : begin + 500] for begin in range(0, len(keys), 500)]
