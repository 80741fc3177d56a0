"""A delivery worker: lease a batch, look again whether it is still true, hand it over, settle. Several may run at once.

Ordinary messages to one person that wait together leave as one, under the key of the first. Between the hand-over and
the settling a worker may be killed; then the batch is leased and handed over again with the same idempotency keys, so
the sink must keep keys (ours do) or the batch must be one message (`most=1`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from emergency import record_outbox
from emergency.dispatch import Leased, Outcome, after_try, bundled, decide, urgent
from emergency.office import Office
from flows.deliver import Channel, Handed
from plans.errors import LantianError


def work(
    office: Office,
    channel: Channel,
    *,
    worker: str,
    address_of: Callable[[str, str], str | None],
    now: datetime,
    most: int = 500,
) -> Mapping[str, int]:
    """How many messages came to which result in one batch; empty when nothing waits.

    LantianError before anything is leased when a drill is asked to use a channel that leaves the house.
    """
    if office.record.drill and not channel.sealed:
        raise LantianError("A drill can never leave the house", expected="the sealed channel", found=channel.name)
    if not office.record.waiting(limit=1):
        return Counter()
    batch = record_outbox.lease(office.record, worker, now=now, most=most)
    outcomes = [
        outcome for group in _groups(batch) for outcome in _hand_over(group, channel, address_of=address_of, now=now)
    ]
    if outcomes:
        office.settle(worker, outcomes, now=now)
    return Counter(one.result for one in outcomes)


def _groups(batch: Sequence[Leased]) -> list[list[Leased]]:
    """The batch in its order, ordinary messages to one recipient together; an urgent one always goes alone."""
    groups: list[list[Leased]] = []
    of: dict[tuple[str, str], list[Leased]] = {}
    for one in batch:
        place = (one.audience, one.recipient)
        if urgent(one.key) or one.audience == "enterprise":
            groups.append([one])
        elif place in of:
            of[place].append(one)
        else:
            of[place] = [one]
            groups.append(of[place])
    return groups


def _hand_over(
    group: Sequence[Leased], channel: Channel, *, address_of: Callable[[str, str], str | None], now: datetime
) -> list[Outcome]:
    """The outcomes of one group: what need not go is sorted out one by one, the rest goes as one message."""
    outcomes: list[Outcome] = []
    going: list[Leased] = []
    for one in group:
        decided = decide(one, channel=channel.name, now=now)
        if decided is None:
            going.append(one)
        else:
            outcomes.append(decided)
    if not going:
        return outcomes
    first = going[0]
    address = address_of(first.audience, first.recipient)
    if address is None:
        handed = Handed("refused", "没有登记联系方式")
    elif first.drill and not channel.sealed:
        handed = Handed("refused", "演练消息不得发出")
    else:
        subject, body = bundled(going, now=now)
        words = {**asdict(first), "subject": subject, "body": body, "keys": [one.key for one in going]}
        handed = channel.send(words, address=address)
    detail = handed.detail if len(going) == 1 else f"{len(going)}条合并发出。{handed.detail}"
    return outcomes + [
        after_try(one, result=handed.result, detail=detail, channel=channel.name, now=now) for one in going
    ]
