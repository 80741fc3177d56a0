"""Do what is due of a flow, each logical time once, whoever runs and however long nobody ran.

`run_due` plans every slot since the last one it knows, then claims and works until nothing is due. Called by Prefect
every few minutes, by a second scheduler at the same time, or by hand after a week's outage, the result is the same.
"""

from __future__ import annotations

import os
import random
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Literal

from flows.clock import real_now
from flows.sources.web_rules import Unavailable
from forecast.slot_store import Slot, SlotLost, SlotStore
from plans.errors import LantianError

_NUMBER = count(1)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When a flow is due and how patient it is; the numbers are ours (confidence I)."""

    every: timedelta
    offset: timedelta = timedelta(0)
    """Slots stand at whole multiples of `every` since midnight UTC plus this."""
    catch_up: timedelta = timedelta(hours=48)
    """How far back missed slots are made good; the source may not have older values."""
    lease: timedelta = timedelta(minutes=10)
    tries: int = 6
    pause: timedelta = timedelta(minutes=2)
    """Before the second try; doubled each time, with jitter, up to an hour."""
    enough: int = 2
    """So many slots in a row that find the source unavailable end the pass: the others would find the same."""


@dataclass(frozen=True, slots=True)
class Done:
    """How the work of one slot ended."""

    state: Literal["done", "degraded"] = "done"
    """"done", or "degraded" when something came but not all."""
    note: str = ""


def due_times(rhythm: Rhythm, *, since: datetime | None, now: datetime) -> list[datetime]:
    """The logical times after `since` (exclusive) up to `now`, oldest first, not further back than the catch-up.

    >>> from datetime import UTC
    >>> day = datetime(2024, 2, 29, tzinfo=UTC)
    >>> len(due_times(Rhythm(timedelta(hours=1)), since=day, now=day + timedelta(hours=25)))
    25
    """
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    newest = midnight - timedelta(days=1) + rhythm.offset
    newest += (now - newest) // rhythm.every * rhythm.every
    oldest = now - rhythm.catch_up if since is None else max(since, now - rhythm.catch_up)
    times = []
    while newest > oldest:
        times.append(newest)
        newest -= rhythm.every
    return times[::-1]


def run_due(
    store: SlotStore,
    flow: str,
    work: Callable[[Slot], Done],
    *,
    rhythm: Rhythm,
    clock: Callable[[], datetime] = real_now,
    owner: str | None = None,
    most: int = 200,
) -> list[tuple[datetime, str]]:
    """The slots that were worked on now and how they ended (done, degraded, pending again, failed, lost).

    A LantianError of the work sends its slot back with a growing pause (or to the time the source asked for), and after
    `tries` of them to failed, where the note says why. Any other exception is a fault of ours: the slot fails at once
    and the exception goes on.
    """
    me = owner or f"{socket.gethostname()}:{os.getpid()}:{next(_NUMBER)}"
    now = clock()
    latest = store.latest(flow)
    store.plan(flow, due_times(rhythm, since=latest, now=now), now=now)
    ended: list[tuple[datetime, str]] = []
    in_vain = 0
    while len(ended) < most and in_vain < rhythm.enough:
        slot = store.claim(flow, owner=me, now=clock(), lease=rhythm.lease)
        if slot is None:
            break
        try:
            how, away = _work(store, slot, work, rhythm, clock)
            ended.append((slot.logical_time, how))
            in_vain = in_vain + 1 if away else 0
        except SlotLost:
            ended.append((slot.logical_time, "lost"))
    return ended


def _work(
    store: SlotStore, slot: Slot, work: Callable[[Slot], Done], rhythm: Rhythm, clock: Callable[[], datetime]
) -> tuple[str, bool]:
    """How the slot ended, and whether the source was away."""
    try:
        result = work(slot)
    except LantianError as error:
        away = isinstance(error, Unavailable)
        if slot.tries >= rhythm.tries:
            store.finish(slot, "failed", now=clock(), note=str(error))
            return "failed", away
        pause = min(timedelta(hours=1), rhythm.pause * 2 ** (slot.tries - 1)) * random.uniform(0.75, 1.25)  # noqa: S311
        until = clock() + pause
        asked = error.retry_at if isinstance(error, Unavailable) else None
        store.postpone(slot, until=max(until, asked or until), now=clock(), note=str(error))
        return "pending", away
    except Exception as error:
        store.finish(slot, "failed", now=clock(), note=f"{type(error).__name__}: {error}")
        raise
    store.finish(slot, result.state, now=clock(), note=result.note)
    return result.state, False
