"""The directory: who may log in, as what, and the proof that a password is theirs.

Ordinary, correctable data beside the log and never in it. An account is a position ("值班员"), not a person's name;
what it does is signed in the log with its identifier. Passwords are kept as argon2id hashes only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import func, insert, or_, select, true, update

from emergency.lifecycle import Actor
from emergency.record import Record
from emergency.record_schema import account as table
from emergency.vocabulary import Role
from plans.errors import DataError

SHORTEST_PASSWORD = 8
"""Characters. A setting of the office (confidence I); NIST SP 800-63B 5.1.1.2 asks for at least 8."""
LONGEST_PASSWORD = 200
"""Characters; longer ones are refused before they are hashed, so that nobody can keep the hasher busy."""


@dataclass(frozen=True, slots=True)
class Account:
    """One log-in."""

    identifier: str
    title: str
    """The position, in Chinese; never a person's name."""
    role: Role
    enterprise: str | None = None
    """Identifier of the plant or department whose orders it answers; for the roles enterprise and department only."""
    active: bool = True
    mark: str = ""
    """Changes with the password: a session that carries another mark is over."""

    @property
    def actor(self) -> Actor:
        """Under whose name acts are recorded."""
        return Actor(self.identifier, self.role)


def hasher(*, cheap: bool = False) -> PasswordHash:
    """Argon2id with the library's recommended cost (RFC 9106 4: 64 MiB, 3 passes); `cheap` is for tests only."""
    if cheap:
        return PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    return PasswordHash((Argon2Hasher(),))


class Directory:
    """The accounts of one record."""

    def __init__(self, record: Record, *, passwords: PasswordHash | None = None) -> None:
        self.record = record
        self.passwords = passwords or hasher()
        # Checked when nobody has that identifier, so that the answer takes as long as for a wrong password.
        self._nobody = self.passwords.hash("nobody has this password")

    def add_account(
        self, identifier: str, password: str, *, title: str, role: Role, enterprise: str | None = None
    ) -> Account:
        """The new account; DataError when it exists, has a bad password, or role and enterprise do not fit."""
        where = f"account {identifier}"
        if not identifier.strip() or len(identifier) > 80:
            raise DataError("An account needs an identifier", where=where, expected="1 to 80 characters")
        if role is Role.SYSTEM:
            raise DataError("The system does not log in", where=where, expected="a role that a person holds")
        if (role in (Role.ENTERPRISE, Role.DEPARTMENT)) != bool(enterprise):
            raise DataError(
                "Role and enterprise do not fit",
                where=where,
                expected="an enterprise (or department) for the roles enterprise and department, and for no other",
                found=f"{role.key} with {enterprise or 'no enterprise'}",
            )
        row = {
            "identifier": identifier,
            "title": title,
            "role": role.key,
            "enterprise": enterprise,
            "password_hash": self._hashed(password, where=where),
            "active": True,
        }
        with self.record.engine.connect().execution_options(write=True) as connection, connection.begin():
            if connection.execute(select(table.c.identifier).where(table.c.identifier == identifier)).first():
                raise DataError("The account exists already", where=where, todo="Choose another identifier")
            connection.execute(insert(table).values(row))
        return _account(row)

    def set_password(self, identifier: str, password: str) -> None:
        """Give an account a new password; sessions under the old one are over. DataError for an unknown account."""
        self._change(identifier, password_hash=self._hashed(password, where=f"account {identifier}"))

    def set_active(self, identifier: str, active: bool) -> None:
        """Open or close an account; a closed one cannot log in and its sessions are over."""
        self._change(identifier, active=active)

    def check(self, identifier: str, password: str) -> Account | None:
        """The account when the password is right and the account is open; None otherwise, in about the same time."""
        row = self._row(identifier)
        stored = str(row["password_hash"]) if row else self._nobody
        right = self.passwords.verify(password, stored) if len(password) <= LONGEST_PASSWORD else False
        return _account(row) if row is not None and right and row["active"] else None

    def account(self, identifier: str) -> Account | None:
        """The account of that identifier, open or closed; None when there is none."""
        row = self._row(identifier)
        return None if row is None else _account(row)

    def accounts(self) -> tuple[Account, ...]:
        """All accounts, by identifier."""
        with self.record.engine.connect() as connection:
            return tuple(
                _account(row) for row in connection.execute(select(table).order_by(table.c.identifier)).mappings()
            )

    def search(self, text: str = "", *, limit: int) -> tuple[int, tuple[Account, ...]]:
        """How many accounts hold the text in log-in, position or plant, and the first of them, staff before plants."""
        columns = (table.c.identifier, table.c.title, table.c.enterprise)
        wanted = or_(*(column.contains(text, autoescape=True) for column in columns)) if text else true()
        order = (table.c.enterprise.is_not(None), table.c.identifier)
        with self.record.engine.connect() as connection:
            count = connection.execute(select(func.count()).select_from(table).where(wanted)).scalar_one()
            rows = connection.execute(select(table).where(wanted).order_by(*order).limit(limit)).mappings()
            return count, tuple(_account(row) for row in rows)

    def _row(self, identifier: str) -> Mapping[str, Any] | None:
        with self.record.engine.connect() as connection:
            found = connection.execute(select(table).where(table.c.identifier == identifier)).mappings().first()
        return dict(found) if found else None

    def _change(self, identifier: str, **values: object) -> None:
        with self.record.engine.connect().execution_options(write=True) as connection, connection.begin():
            changed = connection.execute(update(table).where(table.c.identifier == identifier).values(**values))
            if not changed.rowcount:
                raise DataError("There is no such account", where=f"account {identifier}")

    def _hashed(self, password: str, *, where: str) -> str:
        if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
            raise DataError(
                "The password cannot be used",
                where=where,
                expected=f"{SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters",
                found=f"{len(password)} characters",
            )
        return self.passwords.hash(password)


def _account(row: Mapping[Any, Any]) -> Account:
    mark = hashlib.sha256(str(row["password_hash"]).encode()).hexdigest()[:16]
    return Account(row["identifier"], row["title"], Role.of(row["role"]), row["enterprise"], bool(row["active"]), mark)
