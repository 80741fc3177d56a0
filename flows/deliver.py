"""Hand waiting messages to a channel, one transaction each, and note the honest result.

A drill's messages can only go to the sealed channel: this is checked here, whatever channel is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from emergency.office import Office
from plans.errors import LantianError


@dataclass(frozen=True, slots=True)
class Handed:
    """What a channel says of one try: "handed", "sealed", "failed" (try again) or "refused" (never will)."""

    result: str
    detail: str = ""


class Channel(Protocol):
    """A way out of the house."""

    name: str
    sealed: bool
    """True when nothing handed to it leaves the house."""

    def send(self, message: Mapping[str, Any], *, address: str) -> Handed:
        """Try once; never raises for a refusal or an outage, says so in the result."""


class SealedChannel:
    """Takes everything, sends nothing: the only channel of drills and replays."""

    name = "sealed"
    sealed = True

    def send(self, message: Mapping[str, Any], *, address: str) -> Handed:
        """Keep the message in the house."""
        return Handed("sealed", f"演练，未发出（{message['audience']}→{address}）")


def deliver(
    office: Office,
    channel: Channel,
    *,
    address_of: Callable[[str, str], str | None],
    now: datetime,
    most: int = 5000,
) -> int:
    """How many messages were tried. `address_of(audience, recipient)` gives the address, None when none is on file.

    Raises LantianError before anything is tried when a drill is asked to use a channel that leaves the house.
    """
    if office.record.drill and not channel.sealed:
        raise LantianError("A drill can never leave the house", expected="the sealed channel", found=channel.name)
    rows = office.record.waiting(limit=most)
    for row in rows:
        address = address_of(row["audience"], row["recipient"])
        if address is None:
            outcome = Handed("refused", "没有登记联系方式")
        else:
            outcome = channel.send(row, address=address)
        office.delivered(row["key"], channel=channel.name, result=outcome.result, detail=outcome.detail, now=now)
    return len(rows)
