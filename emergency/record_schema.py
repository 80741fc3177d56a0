"""Tables of the record, and the triggers by which the database itself refuses to change what was recorded.

Times in the log are canonical UTC text, because they are part of the digest and must read the same from every
database. Projections are disposable and say so by their names (`*_now`).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    DDL,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    event,
)
from sqlalchemy.schema import SchemaItem

metadata = MetaData()


def _ddl(statement: str) -> Any:
    return DDL(statement)  # type: ignore[no-untyped-call]


log = Table(
    "log",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("life", String(16), nullable=False),
    Column("stream", String(120), nullable=False),
    Column("version", Integer, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("occurred_at", String(32), nullable=False),
    Column("recorded_at", String(32), nullable=False),
    Column("actor", String(80), nullable=False),
    Column("role", String(32), nullable=False),
    Column("cause", String(200)),
    Column("basis", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    UniqueConstraint("life", "stream", "version", name="one_decision_per_version"),
    Index("log_happened", "occurred_at", "kind"),
    Index("log_sorted", "life", "kind", "role", "occurred_at"),
)

exhibit = Table(
    "exhibit",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("media_type", String(80), nullable=False),
    Column("title", String(200), nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("recorded_at", String(32), nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("key", String(200), primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("life", String(16), nullable=False),
    Column("stream", String(120), nullable=False),
    Column("audience", String(16), nullable=False),
    Column("recipient", String(80), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("body", Text, nullable=False),
    Column("drill", Boolean, nullable=False),
    Column("created_at", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("last_attempt_at", String(32)),
    Index("outbox_waiting", "state", "created_at"),
    Index("outbox_recipient", "recipient", "created_at"),
)

attempt = Table(
    "attempt",
    metadata,
    Column("key", String(200), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("attempted_at", String(32), nullable=False),
    Column("channel", String(32), nullable=False),
    Column("result", String(16), nullable=False),
    Column("detail", Text, nullable=False),
)

dispatch = Table(
    "dispatch",
    metadata,
    Column("key", String(200), primary_key=True),
    Column("worker", String(80), nullable=False),
    Column("lease_until", String(32), nullable=False),
    Column("not_before", String(32), nullable=False),
    Column("receipt", String(16)),
    Column("receipt_at", String(32)),
)
"""Who is handing over which message, and not before when it is tried again; the outbox itself says what came of it."""

roster_note = Table(
    "roster_note",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("data", Text, nullable=False),
    Column("by_whom", String(80), nullable=False),
    Column("noted_at", String(32), nullable=False),
    Column("withdrawn_at", String(32)),
    Column("withdrawn_by", String(80)),
)
"""What decides who is on duty: shifts, rotations, leave, swaps, overrides. Ordinary data, corrected by withdrawing."""

contact = Table(
    "contact",
    metadata,
    Column("party", String(120), primary_key=True),
    Column("address", String(400), nullable=False),
    Column("telephone", String(40), nullable=False, default=""),
    Column("changed_at", String(32), nullable=False),
)
"""Where a party (an account, a role, an enterprise, "public") is reached. Correctable, and never in the log."""

about = Table(
    "about",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", Text, nullable=False),
)

account = Table(
    "account",
    metadata,
    Column("identifier", String(80), primary_key=True),
    Column("title", String(80), nullable=False),
    Column("role", String(32), nullable=False),
    Column("enterprise", String(80)),
    Column("password_hash", Text, nullable=False),
    Column("active", Boolean, nullable=False),
)

account_factor = Table(
    "account_factor",
    metadata,
    Column("identifier", String(80), primary_key=True),
    Column("secret", String(64), nullable=False),
    Column("confirmed", Boolean, nullable=False),
    Column("last_step", Integer, nullable=False),
)

api_token = Table(
    "api_token",
    metadata,
    Column("identifier", String(32), primary_key=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("title", String(80), nullable=False),
    Column("account", String(80), nullable=False),
    Column("scopes", String(80), nullable=False),
    Column("created_at", String(40), nullable=False),
    Column("expires_at", String(40), nullable=False),
    Column("active", Boolean, nullable=False),
)

api_reply = Table(
    "api_reply",
    metadata,
    Column("token", String(32), primary_key=True),
    Column("name", String(80), primary_key=True),
    Column("request", String(64), nullable=False),
    Column("status", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("at", String(40), nullable=False),
)

webhook = Table(
    "webhook",
    metadata,
    Column("identifier", String(32), primary_key=True),
    Column("title", String(80), nullable=False),
    Column("address", String(500), nullable=False),
    Column("secret", String(120), nullable=False),
    Column("lives", String(120), nullable=False),
    Column("own_network", Boolean, nullable=False),
    Column("after", Integer, nullable=False),
    Column("failing_since", String(40), nullable=False),
    Column("failures", Integer, nullable=False),
    Column("next_at", String(40), nullable=False),
    Column("said", String(200), nullable=False),
    Column("active", Boolean, nullable=False),
)

webhook_note = Table(
    "webhook_note",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("hook", String(32), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("at", String(40), nullable=False),
    Column("by_whom", String(80), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("entries", Integer, nullable=False),
    Column("result", String(16), nullable=False),
    Column("said", String(200), nullable=False),
    Index("webhook_note_hook", "hook", "number"),
)
"""What became of each hook: told, failed, asked to be tried, paused and resumed and by whom. Only ever added to."""


def _now_table(life: str, *more: SchemaItem) -> Table:
    return Table(
        f"{life}_now",
        metadata,
        Column("stream", String(120), primary_key=True),
        Column("version", Integer, nullable=False),
        Column("state", String(24), nullable=False),
        Column("final", Boolean, nullable=False),
        Column("episode", String(80), nullable=False),
        Column("parent", String(120)),
        Column("enterprise", String(80)),
        Column("level", String(16)),
        Column("opened_at", String(32), nullable=False),
        Column("changed_at", String(32), nullable=False),
        *more,
        Column("body", Text, nullable=False),  # last: what stands behind a long text is slow to reach
        Index(f"{life}_now_open", "final", "state"),
        Index(f"{life}_now_parent", "parent", "state"),
        Index(f"{life}_now_enterprise", "enterprise"),
    )


LIVES = ("consultation", "warning", "activation", "order", "problem", "alert", "edition", "call", "handover", "link")
ASKED_OF_ORDERS = {
    "respond_by": String(32),
    "acknowledged_at": String(32),
    "issued_at": String(32),
    "ended_at": String(32),
    "enterprise_name": Text(),
    "audience": String(16),
}
"""What is asked of 20,000 orders at once, each field of the body again in a column of its own."""
_more: dict[str, tuple[SchemaItem, ...]] = {
    "order": (
        *(Column(name, kind) for name, kind in ASKED_OF_ORDERS.items()),
        Column("share", Text),  # what the order adds to the standing, see emergency.compliance_share
        Index("order_now_silent", "state", "respond_by"),
        Index("order_now_receipts", "parent", "state", "respond_by", "acknowledged_at"),
        Index("order_now_issued", "episode", "issued_at"),
        Index("order_now_ended", "episode", "ended_at"),
        Index("order_now_listed", "parent", "opened_at", "stream"),
        Index("order_now_versions", "parent", "audience", "state", "stream", "version"),
    )
}
now_tables = {life: _now_table(life, *_more.get(life, ())) for life in LIVES}

for protected in (log, exhibit):
    for act in ("UPDATE", "DELETE"):
        sentence = f"the {protected.name} is append-only"
        event.listen(
            protected,
            "after_create",
            _ddl(
                f"CREATE TRIGGER {protected.name}_no_{act.lower()} BEFORE {act} ON {protected.name} "
                f"BEGIN SELECT RAISE(ABORT, '{sentence}'); END"
            ).execute_if(dialect="sqlite"),
        )
        event.listen(
            protected,
            "after_create",
            _ddl(
                f"CREATE OR REPLACE FUNCTION {protected.name}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
                f"$$ BEGIN RAISE EXCEPTION '{sentence}'; END $$; "
                f"CREATE TRIGGER {protected.name}_no_{act.lower()} BEFORE {act} ON {protected.name} "
                f"FOR EACH ROW EXECUTE FUNCTION {protected.name}_refuse()"
            ).execute_if(dialect="postgresql"),
        )
    event.listen(
        protected,
        "after_create",
        _ddl(
            f"CREATE TRIGGER {protected.name}_no_truncate BEFORE TRUNCATE ON {protected.name} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {protected.name}_refuse()"
        ).execute_if(dialect="postgresql"),
    )
