"""A run that stays: it looks again every few seconds, so that what comes leaves at once and not with the next run.

Each run of the clock is a process of its own, whose start costs seconds of a core. For what goes on all day a run of
some minutes costs less than one every minute, and answers sooner (docs/decisions/0014).
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import datetime

SECONDS = 5.0
"""Between two looks (a choice of ours): a message waits so long at most while a run stays."""
SPARE = 10.0
"""A run leaves so many seconds before its time, for the next one to find its place free."""


def left(minutes: int, *, now: datetime) -> float:
    """Seconds a run may stay: to the next full `minutes` of the hour, less SPARE; 0 for no minutes.

    >>> from datetime import UTC
    >>> left(10, now=datetime(2026, 11, 23, 3, 14, 0, tzinfo=UTC))
    350.0
    """
    if not minutes:
        return 0.0
    gone = now.minute % minutes * 60 + now.second + now.microsecond / 1e6
    return max(0.0, minutes * 60 - gone - SPARE)


def looks(seconds: float, *, every: float = SECONDS) -> Iterator[int]:
    """0 at once, then 1, 2 ... after `every` seconds each, until `seconds` are over.

    It ends early when the process that started this one is gone: a killed runner has a successor, whose own run then
    looks. What the caller does between two looks counts as time.

    >>> list(looks(0))
    [0]
    """
    starter, until, count = os.getppid(), time.monotonic() + seconds, 0
    yield count
    while time.monotonic() + every <= until:
        time.sleep(every)
        if os.getppid() != starter:
            return
        count += 1
        yield count
