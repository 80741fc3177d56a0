"""A delivery worker: lease a batch, look again whether it is still true, hand it over, settle. Several may run at once.

Between the hand-over and the settling a worker may be killed; then the batch is leased and handed over again with the
same idempotency keys, so the sink must keep keys (ours do) or the batch must be one message (`most=1`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from emergency import record_outbox
from emergency.dispatch import Leased, Outcome, after_try, decide, rendered
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
    batch = record_outbox.lease(office.record, worker, now=now, most=most)
    outcomes = [_hand_over(one, channel, address_of=address_of, now=now) for one in batch]
    if outcomes:
        office.settle(worker, outcomes, now=now)
    return Counter(one.result for one in outcomes)


def _hand_over(
    message: Leased, channel: Channel, *, address_of: Callable[[str, str], str | None], now: datetime
) -> Outcome:
    decided = decide(message, channel=channel.name, now=now)
    if decided is not None:
        return decided
    address = address_of(message.audience, message.recipient)
    if address is None:
        handed = Handed("refused", "没有登记联系方式")
    elif message.drill and not channel.sealed:
        handed = Handed("refused", "演练消息不得发出")
    else:
        text: dict[str, Any] = {**asdict(message), "body": rendered(message, now=now)}
        handed = channel.send(text, address=address)
    return after_try(message, result=handed.result, detail=handed.detail, channel=channel.name, now=now)
