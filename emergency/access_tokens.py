"""Tokens by which other systems speak to the office, and the answers their acts got.

A token belongs to an account and can do no more than that position may; scopes narrow it further. Only the digest of a
token is kept. Beside it stand the answers to acts by idempotency key, so that a request sent twice acts once.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from emergency.record import Record
from emergency.record_schema import api_reply, api_token
from plans.errors import DataError

READ, ACT, SIGN = "read", "act", "sign"
SCOPES: Mapping[str, str] = {READ: "读取", ACT: "办理（不含签批和发布）", SIGN: "签批和发布"}
"""What a token may be given. Signing and issuing is a scope of its own that is never given together unasked."""
PREFIX = "lantian_"
PENDING = 0
"""The status of an answer that is still being made."""


@dataclass(frozen=True, slots=True)
class Token:
    """One token, without its secret."""

    identifier: str
    title: str
    account: str
    scopes: frozenset[str]
    created_at: str
    expires_at: str
    active: bool


@dataclass(frozen=True, slots=True)
class Reply:
    """What an act with this key was answered."""

    request: str
    """Digest of the request it belongs to."""
    status: int
    """PENDING while the act is under way."""
    body: str


class Tokens:
    """The tokens of one record."""

    def __init__(self, record: Record) -> None:
        self.record = record

    def add(
        self, *, title: str, account: str, scopes: Iterable[str], expires_at: datetime, now: datetime
    ) -> tuple[Token, str]:
        """The new token and its secret, which is shown once. DataError: unknown scope, no title, or end before now."""
        wanted = frozenset(scopes)
        if not title.strip() or len(title) > 80:
            raise DataError("A token needs a title", expected="1 to 80 characters")
        if not wanted or wanted - SCOPES.keys():
            raise DataError("A scope is not known", expected=" | ".join(SCOPES), found=" ".join(sorted(wanted)))
        if expires_at <= now:
            raise DataError("A token must end in the future", expected=f"after {now.isoformat()}")
        identifier, secret = secrets.token_hex(6), PREFIX + secrets.token_urlsafe(32)
        row = {
            "identifier": identifier,
            "digest": _digest(secret),
            "title": title,
            "account": account,
            "scopes": " ".join(sorted(wanted)),
            "created_at": now.isoformat(),
            "expires_at": expires_at.isoformat(),
            "active": True,
        }
        with self.record.engine.connect().execution_options(write=True) as connection, connection.begin():
            connection.execute(insert(api_token).values(row))
        return _token(row), secret

    def check(self, secret: str, *, now: datetime) -> Token | None:
        """The token of a secret while it is active and has not ended; None otherwise."""
        if not secret.startswith(PREFIX) or len(secret) > 200:
            return None
        with self.record.engine.connect() as connection:
            row = connection.execute(select(api_token).where(api_token.c.digest == _digest(secret))).mappings().first()
        if row is None or not row["active"] or datetime.fromisoformat(row["expires_at"]) <= now:
            return None
        return _token(row)

    def all(self) -> tuple[Token, ...]:
        """Every token, the newest first."""
        query = select(api_token).order_by(api_token.c.created_at.desc())
        with self.record.engine.connect() as connection:
            return tuple(_token(row) for row in connection.execute(query).mappings())

    def close(self, identifier: str) -> None:
        """End a token at once; DataError when there is none."""
        with self.record.engine.connect().execution_options(write=True) as connection, connection.begin():
            ended = update(api_token).where(api_token.c.identifier == identifier).values(active=False)
            if not connection.execute(ended).rowcount:
                raise DataError("There is no such token", found=identifier)

    # --- answers by idempotency key ---------------------------------------------------------------------------------

    def claim(self, token: Token, key: str, request: str, *, now: datetime) -> Reply | None:
        """None when this request is the first with its key (and is now the one that acts); else the earlier answer."""
        row = {
            "token": token.identifier, "name": key, "request": request, "status": PENDING, "body": "",
            "at": now.isoformat(),
        }  # fmt: skip
        where = (api_reply.c.token == token.identifier) & (api_reply.c.name == key)
        for _attempt in range(3):
            try:
                with self.record.engine.connect().execution_options(write=True) as connection, connection.begin():
                    connection.execute(insert(api_reply).values(row))
                return None
            except IntegrityError:
                with self.record.engine.connect() as connection:
                    found = connection.execute(select(api_reply).where(where)).mappings().first()
                if found is not None:  # else it was released in between, and this request may try to be the first
                    return Reply(found["request"], found["status"], found["body"])
        return Reply(request, PENDING, "")  # others come and go with the same key: none of them has an answer yet

    def answered(self, token: Token, key: str, *, status: int, body: str) -> None:
        """Keep the answer of an act."""
        where = (api_reply.c.token == token.identifier) & (api_reply.c.name == key)
        with self.record.engine.connect().execution_options(write=True) as connection, connection.begin():
            connection.execute(update(api_reply).where(where).values(status=status, body=body))

    def release(self, token: Token, key: str) -> None:
        """Forget a key whose request did nothing (it could not be understood), so that a mended one may use it."""
        where = (api_reply.c.token == token.identifier) & (api_reply.c.name == key)
        with self.record.engine.connect().execution_options(write=True) as connection, connection.begin():
            connection.execute(delete(api_reply).where(where))


def _digest(secret: str) -> str:
    # 256 random bits need no slow hash
    return hashlib.sha256(secret.encode()).hexdigest()


def _token(row: Mapping[Any, Any]) -> Token:
    return Token(
        row["identifier"], row["title"], row["account"], frozenset(row["scopes"].split()), row["created_at"],
        row["expires_at"], bool(row["active"]),
    )  # fmt: skip
