"""Tell other systems what went into the record: every hook its own entries, in order, at least once.

The identifier of a message is made of hook and entry, so a receiver that keeps identifiers acts once. One hook that is
slow or down keeps no other waiting: each has its own place in the log and its own clock of trying again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime

from emergency.outward import Resolve
from emergency.record import Record
from emergency.webhooks import Hook, Hooks, event
from flows.channels.webhook import Webhook
from flows.clock import real_now
from flows.deliver import Handed

BATCH = 500
SECONDS = 30.0
"""How long one hook may take in one run, so that the next one also comes to its turn."""
GONE = "HTTP 410"


def tell_all(record: Record, *, now: datetime, resolve: Resolve | None = None) -> Mapping[str, int]:
    """How many entries each hook that was due took, by identifier; nothing for a drill, which has no hooks."""
    if record.drill:
        return {}
    hooks = Hooks(record)
    for hook in hooks.asked():
        handed = ping(hook, resolve=resolve)
        hooks.note(hook.identifier, "ping", now=now, result=handed.result, said=handed.detail)
    return {hook.identifier: _tell(hooks, hook, now=now, resolve=resolve) for hook in hooks.due(now)}


def ping(hook: Hook, *, resolve: Resolve | None = None, clock: Callable[[], datetime] = real_now) -> Handed:
    """One message of type "ping", to see whether the other side takes it."""
    at = clock()
    content = {"type": "ping", "timestamp": at.isoformat(), "data": {}}
    identifier = f"msg_{hook.identifier}_ping_{int(at.timestamp())}"
    return _sender(hook, resolve).post(content, identifier=identifier, address=hook.address)


def _tell(hooks: Hooks, hook: Hook, *, now: datetime, resolve: Resolve | None) -> int:
    sender, until, count, after, said = _sender(hook, resolve), time.monotonic() + SECONDS, 0, hook.after, hook.said
    while time.monotonic() < until and (entries := hooks.record.entries(after=after, limit=BATCH)):
        for entry in entries:
            if hook.asks_for(entry):
                identifier = f"msg_{hook.identifier}_{entry.seq}"
                handed = sender.post(event(entry), identifier=identifier, address=hook.address)
                said = handed.detail
                if handed.result != "handed":
                    _keep(hooks, hook, after, said)
                    behind = next(one for one in hooks.all() if one.identifier == hook.identifier)
                    hooks.failed(behind, said=said, gone=said == GONE, now=now)
                    _note(hooks, hook, count, after, now)
                    hooks.note(hook.identifier, "failed", now=now, seq=entry.seq, result=handed.result, said=said)
                    return count
                count += 1
            after = entry.seq
            if time.monotonic() > until:
                break
    _keep(hooks, hook, after, said)
    _note(hooks, hook, count, after, now)
    return count


def _note(hooks: Hooks, hook: Hook, count: int, after: int, now: datetime) -> None:
    """One line for a run that handed something over, whatever the number of entries."""
    if count:
        hooks.note(hook.identifier, "told", now=now, seq=after, entries=count, result="handed")


def _keep(hooks: Hooks, hook: Hook, after: int, said: str) -> None:
    if after > hook.after:
        hooks.told(hook, after=after, said=said)


def _sender(hook: Hook, resolve: Resolve | None) -> Webhook:
    return Webhook(secret=hook.secret, clock=real_now, own_network=hook.own_network, resolve=resolve)
