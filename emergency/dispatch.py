"""How a waiting message is treated: what goes first, what is out of date, when it is tried again. Pure.

A lift, a raise and an order go before everything and are never held back by the throttle. A message that is no longer
true when its turn comes (an approval already given, a chase already answered) is not sent. Numbers are settings of the
office (confidence I): no document read names any.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from emergency.messages import local

LEASE = timedelta(minutes=5)
"""How long a worker has for a batch before another one may take it over."""
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(minutes=30)
MOST_ATTEMPTS = 12
"""After so many failures a message is given up and a person has to pick up the telephone."""
WINDOW, MOST_IN_WINDOW = timedelta(minutes=10), 3
"""At most so many ordinary messages to one recipient in the window; the rest waits, it is not dropped."""
LATE_AFTER = timedelta(minutes=30)
"""A message that leaves later than this says when it was written."""

DEADLINES = {
    "approve": timedelta(hours=6),
    "convene": timedelta(hours=12),
    "chase": timedelta(hours=6),
    "page": timedelta(hours=1),
}
"""How long an ordinary message is worth sending; urgent ones have no deadline."""

_OUTDATED = {
    ("order", "issued"): ("superseded", "released", "exempted", "closed"),
    ("order", "chase"): ("acknowledged", "executing", "superseded", "released", "exempted", "closed"),
    ("warning", "approve"): ("approved", "returned", "issued", "superseded", "lifted", "withdrawn"),
    ("warning", "issued"): ("superseded", "lifted"),
    ("consultation", "convene"): ("concluded", "cancelled"),
    ("activation", "paused"): ("in_force", "ended", "cancelled", "reviewed"),
    ("activation", "resumed"): ("ended", "cancelled", "reviewed"),
    ("call", "page"): ("acknowledged", "closed"),
}


@dataclass(frozen=True, slots=True)
class Leased:
    """One message in a worker's hands."""

    key: str
    life: str
    stream: str
    audience: str
    recipient: str
    subject: str
    body: str
    drill: bool
    created_at: datetime
    attempts: int
    stands: str | None
    """State of the stream it speaks of, as of the lease."""
    recent: int
    """How many messages this recipient was handed in the last WINDOW."""
    respond_by: datetime | None = None
    """When an order must be answered, as of the lease; None for others."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one leased message.

    `result`: "handed" and "sealed" are done; "refused", "expired", "outdated" and "failed_for_good" are final too;
    "failed" is tried again at `not_before`; "deferred" was held back by the throttle and not tried at all.
    """

    key: str
    life: str
    stream: str
    result: str
    channel: str
    detail: str = ""
    not_before: datetime | None = None


_KINDS = ("issued", "released", "lifted", "paused", "resumed", "page", "approve", "convene", "chase")
_UNTHROTTLED = ("issued", "released", "lifted", "paused", "resumed", "page")
"""A page is never held back either: its own ladder says how often."""
URGENT = ("issued", "released", "lifted", "paused", "resumed")


def kind_of(key: str) -> str:
    """What a message is about, from its key.

    >>> kind_of("response-e1.0.SP001.chase2"), kind_of("w1.issued.public"), kind_of("c1.convene.expert")
    ('chase', 'issued', 'convene')
    """
    for part in reversed(key.split(".")[1:]):
        word = part.rstrip("0123456789")
        if word in _KINDS:
            return word
    return "other"


def urgent(key: str) -> bool:
    """Whether it is a warning, raise, lift, order, release or pause: first in line, never throttled or out of time."""
    return kind_of(key) in URGENT


def outdated(message: Leased) -> bool:
    """Whether what the message says is no longer so; a lift and a release never are."""
    return message.stands in _OUTDATED.get((message.life, kind_of(message.key)), ())


def expired(message: Leased, *, now: datetime) -> bool:
    """Whether an ordinary message has waited past its worth."""
    limit = DEADLINES.get(kind_of(message.key))
    return limit is not None and now - message.created_at > limit


def wait_after(key: str, attempts: int) -> timedelta:
    """How long to wait after so many failed attempts: doubling, capped, spread by the key and not by chance.

    >>> wait_after("k", 1) < wait_after("k", 3) <= LONGEST_WAIT
    True
    """
    doublings: int = 2 ** min(attempts - 1, 10)
    plain = min(FIRST_WAIT * doublings, LONGEST_WAIT)
    spread = int(hashlib.sha256(key.encode()).hexdigest()[:4], 16) / 0xFFFF
    return plain * (0.75 + 0.25 * spread)


def rendered(message: Leased, *, now: datetime) -> str:
    """The body as it leaves now, made anew: a late one says when it was written, a late order that its time is up."""
    if now - message.created_at <= LATE_AFTER:
        return message.body
    body = message.body
    if message.respond_by is not None and message.respond_by < now and kind_of(message.key) == "issued":
        body = f"{body.rstrip('。')}（签收时限已过，请立即签收）。"
    return f"{body}（本消息于{local(message.created_at)}生成，现补发）"


def bundled(messages: Sequence[Leased], *, now: datetime) -> tuple[str, str]:
    """Subject and body of several ordinary messages to one recipient sent as one; ValueError for none.

    The first message's subject leads and says how many there are, so that a drill's mark stays in front.
    """
    if not messages:
        raise ValueError("There is nothing to bundle.")
    if len(messages) == 1:
        return messages[0].subject, rendered(messages[0], now=now)
    lines = [f"{number}. {rendered(one, now=now)}" for number, one in enumerate(messages, start=1)]
    return f"{messages[0].subject}等{len(messages)}条", "\n".join(lines)


def decide(message: Leased, *, channel: str, now: datetime) -> Outcome | None:
    """The outcome of a message that need not be tried now; None when it is to be sent."""

    def outcome(result: str, detail: str, not_before: datetime | None = None) -> Outcome:
        return Outcome(message.key, message.life, message.stream, result, channel, detail, not_before)

    if outdated(message):
        return outcome("outdated", f"发送前核对：事项已是“{message.stands}”")
    if expired(message, now=now):
        return outcome("expired", "超过有效时限")
    if kind_of(message.key) not in _UNTHROTTLED and message.recent >= MOST_IN_WINDOW:
        return outcome("deferred", "同一收件人短时间内消息过多，稍后再发", now + WINDOW)
    return None


def after_try(message: Leased, *, result: str, detail: str, channel: str, now: datetime) -> Outcome:
    """The outcome of one try: a failure is tried again, until it has failed too often."""
    attempts = message.attempts + 1
    not_before = None
    if result == "failed":
        if attempts >= MOST_ATTEMPTS:
            result, detail = "failed_for_good", f"已尝试{attempts}次：{detail}"
        else:
            not_before = now + wait_after(message.key, attempts)
    return Outcome(message.key, message.life, message.stream, result, channel, detail, not_before)
