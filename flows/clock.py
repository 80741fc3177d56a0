"""Clocks: the real one, and the fake one of a replay. Business time comes only from here, never from the process."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta


def real_now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def hours(start: datetime, end: datetime) -> Iterator[datetime]:
    """Every full hour from start to end, both included; ValueError for naive moments.

    >>> from datetime import UTC
    >>> len(list(hours(datetime(2015, 12, 1, tzinfo=UTC), datetime(2015, 12, 2, tzinfo=UTC))))
    25
    """
    if start.tzinfo is None or end.tzinfo is None:
        raise ValueError("start and end need a time zone.")
    moment = start
    while moment <= end:
        yield moment
        moment += timedelta(hours=1)
