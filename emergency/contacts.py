"""Where a party is reached: one address and one telephone number each. Ordinary, correctable, never in the log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select

from emergency.record import Record, lock_chain
from emergency.record_rows import stamp
from emergency.record_schema import contact as table


@dataclass(frozen=True, slots=True)
class Contact:
    """How one party is reached."""

    party: str
    """An account, a role key, an enterprise's identifier, or "public"."""
    address: str
    """What the channel takes: a URL of apprise or a webhook."""
    telephone: str = ""


class Contacts:
    """The contacts of one record."""

    def __init__(self, record: Record) -> None:
        self.record = record

    def put(self, contact: Contact, *, now: datetime) -> None:
        """Set or replace the contact of a party."""
        row = {
            "party": contact.party,
            "address": contact.address,
            "telephone": contact.telephone,
            "changed_at": stamp(now),
        }
        with self.record.engine.connect().execution_options(write=True) as connection, connection.begin():
            lock_chain(connection)
            connection.execute(delete(table).where(table.c.party == contact.party))
            connection.execute(insert(table).values(row))

    def of(self, party: str) -> Contact | None:
        """The contact of a party; None when none is on file."""
        with self.record.engine.connect() as connection:
            row = connection.execute(select(table).where(table.c.party == party)).mappings().first()
        return None if row is None else Contact(row["party"], row["address"], row["telephone"])

    def all(self) -> dict[str, Contact]:
        """Every contact by party."""
        with self.record.engine.connect() as connection:
            rows = connection.execute(select(table).order_by(table.c.party)).mappings()
            return {row["party"]: Contact(row["party"], row["address"], row["telephone"]) for row in rows}
