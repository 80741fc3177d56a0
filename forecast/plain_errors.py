"""What a database says when it cannot: turned into one sentence a person can act on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from plans.errors import DataError

_CAUSES = (
    ("database is locked", "Another process keeps the database locked", "Wait for it or end it, then run again"),
    ("disk is full", "The disk is full", "Free space, then run again"),
    ("no space left", "The disk is full", "Free space, then run again"),
    ("disk i/o error", "The disk cannot be read or written", "Check the disk, then run again"),
    ("readonly", "The database may only be read", "Check the rights of the file"),
    ("malformed", "The database file is damaged", "Restore the last backup"),
    ("connection", "The database server does not answer", "Check the server"),
)


@contextmanager
def plain_errors(what: str) -> Iterator[None]:
    """Inside, a failing database raises DataError with cause and remedy; the transaction has been rolled back."""
    try:
        yield
    except sa.exc.OperationalError as error:
        found = str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else type(error.orig).__name__
        for word, sentence, todo in _CAUSES:
            if word in found.lower():
                raise DataError(sentence, where=what, found=found, todo=f"{todo}; nothing was half-written") from error
        raise DataError("The database refuses", where=what, found=found, todo="Nothing was half-written") from error
