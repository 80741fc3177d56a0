"""The second factor at the log-in: one-time codes by the clock (TOTP, RFC 6238), thirty seconds each, six digits.

A code is good once: the step of the last accepted code is kept and nothing at or before it is taken again (RFC 6238
5.2). The secret lies in the directory's database beside the password hash, not in the log; whoever holds the database
could make codes, which is why the password stays the other half.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

import pyotp
from sqlalchemy import delete, insert, select, update

from emergency.record import Record
from emergency.record_schema import account_factor as table
from plans.errors import DataError

STEP = 30
"""Seconds a code stands (RFC 6238 5.2 recommends 30)."""
DRIFT = 1
"""Steps that a phone's clock may be off; one step is what RFC 6238 5.2 calls reasonable."""


class Factors:
    """The second factors of one record's accounts."""

    def __init__(self, record: Record) -> None:
        self.record = record

    def active(self, identifier: str) -> bool:
        """Whether the account has a confirmed second factor."""
        row = self._row(identifier)
        return row is not None and bool(row["confirmed"])

    def holders(self) -> frozenset[str]:
        """Every account with a confirmed second factor."""
        with self.record.engine.connect() as connection:
            return frozenset(connection.execute(select(table.c.identifier).where(table.c.confirmed)).scalars())

    def begin(self, identifier: str) -> str:
        """The secret to be scanned; a new one each time until it is confirmed. DataError when one is confirmed."""
        if self.active(identifier):
            raise DataError("The account has a second factor", where=f"account {identifier}", todo="Remove it first")
        secret = str(pyotp.random_base32())
        row = {"identifier": identifier, "secret": secret, "confirmed": False, "last_step": 0}
        with self.record.engine.connect().execution_options(write=True) as connection, connection.begin():
            connection.execute(delete(table).where(table.c.identifier == identifier))
            connection.execute(insert(table).values(row))
        return secret

    def pending(self, identifier: str) -> str | None:
        """The secret that waits for its first code; None when there is none."""
        row = self._row(identifier)
        return None if row is None or row["confirmed"] else str(row["secret"])

    def check(self, identifier: str, code: str, *, at: float) -> bool:
        """Whether the code is right at `at` (seconds of the real clock) and new; the first right one confirms."""
        row = self._row(identifier)
        if row is None or not (code.isascii() and code.isdigit() and len(code) == 6):
            return False
        step = _step(str(row["secret"]), code, at=at)
        if step is None or step <= row["last_step"]:
            return False
        with self.record.engine.connect().execution_options(write=True) as connection, connection.begin():
            newer = (table.c.identifier == identifier) & (table.c.last_step < step)
            return bool(connection.execute(update(table).where(newer).values(last_step=step, confirmed=True)).rowcount)

    def remove(self, identifier: str) -> None:
        """Take the second factor away, e.g. when the phone is lost; nothing happens when there is none."""
        with self.record.engine.connect().execution_options(write=True) as connection, connection.begin():
            connection.execute(delete(table).where(table.c.identifier == identifier))

    def _row(self, identifier: str) -> Mapping[Any, Any] | None:
        with self.record.engine.connect() as connection:
            return connection.execute(select(table).where(table.c.identifier == identifier)).mappings().first()


def address(secret: str, *, account: str, issuer: str) -> str:
    """What the QR code says to an authenticator app (otpauth URI)."""
    return str(pyotp.TOTP(secret, interval=STEP).provisioning_uri(name=account, issuer_name=issuer))


def code_at(secret: str, at: float) -> str:
    """The code of a secret at a moment, for tests and for people who set up a phone by hand."""
    return str(pyotp.TOTP(secret, interval=STEP).at(int(at)))


def _step(secret: str, code: str, *, at: float) -> int | None:
    now, found = int(at) // STEP, None
    for step in range(now - DRIFT, now + DRIFT + 1):
        if hmac.compare_digest(code_at(secret, step * STEP), code):
            found = step
    return found
