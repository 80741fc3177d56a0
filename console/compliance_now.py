"""What the running orders of a response come to now; only orders that changed since the last look are read again.

A response to a red warning has 20,000 orders. What each adds stands beside its state in the record, and is kept in
memory under its version.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from console.lasting import lasting
from console.settings import Settings
from emergency.compliance_share import Share
from emergency.compliance_tally import Inspection, Tally, combined, ranked
from emergency.record_orders import shares_of, versions_of

OPEN = ("issued", "delivered", "acknowledged", "executing")
MOST = 20
MANY = 1000
"""So many orders that are read at once stay in memory for long."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the running orders come to now."""

    tallies: Mapping[str, Tally]
    ranked: tuple[Inspection, ...]
    streams: Mapping[str, str]
    """Plant to its running order, for the ranked ones and those with contradictions."""
    names: Mapping[str, str]
    judged: int
    running: int
    contradictions: tuple[tuple[str, str], ...]
    """(plant, sentence), every contradiction between witnesses."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """What one order adds, at one of its versions."""

    version: int
    enterprise: str
    name: str
    share: Share


class ComplianceReader:
    """Reads the record; safe to call from many threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._kept: tuple[str, dict[str, _Kept]] = ("", {})
        self._seen = ("", -1)  # which response was read, and how far the record reached then
        self._standing: tuple[Mapping[str, _Kept], tuple[int, str], Standing] | None = None

    def of(self, response: str, *, most: int = MOST) -> Standing:
        """The tally, the ranking and the contradictions of a response, from the last finding of each running order."""
        asked = (most, self.settings.digest_of_list())
        head = self.settings.office.record.head()[0]  # looked up first: what comes meanwhile is read the next time
        with self._lock:
            if self._seen == (response, head) and self._standing is not None and self._standing[1] == asked:
                return self._standing[2]
            kept = self._orders(response)
            if self._standing is None or self._standing[0] is not kept or self._standing[1] != asked:
                self._standing = (kept, asked, _standing(kept, most, self._districts()))
            self._seen = (response, head)
            return self._standing[2]

    def _orders(self, response: str) -> dict[str, _Kept]:
        record = self.settings.office.record
        kept = self._kept[1] if self._kept[0] == response else {}
        versions = versions_of(record, parent=response, states=OPEN, audience="enterprise")
        changed = [
            stream for stream, version in versions.items() if stream not in kept or kept[stream].version != version
        ]
        if changed:
            with lasting(few=len(changed) < MANY):
                kept = kept | {
                    stream: _Kept(version, plant, name, share)
                    for stream, version, plant, name, share in shares_of(
                        record, parent=response, states=OPEN, streams=changed
                    )
                }
        elif len(kept) == len(versions):
            return kept
        found = {stream: kept[stream] for stream in versions if stream in kept}
        self._kept = (response, found)
        return found

    def _districts(self) -> dict[str, str]:
        listing = self.settings.lists.listing() if self.settings.lists is not None else None
        return {one.identifier: one.district for one in listing.enterprises} if listing else {}


def _standing(kept: Mapping[str, _Kept], most: int, districts: Mapping[str, str]) -> Standing:
    found = list(kept.items())
    visits = (
        Inspection(one.enterprise, districts.get(one.enterprise, ""), one.share.at_stake, one.share.reasons)
        for _stream, one in found
        if one.share.at_stake is not None
    )
    first = ranked(visits, most=most)
    told = tuple((one.enterprise, text) for _stream, one in found for text in one.share.contradictions)
    shown = {visit.enterprise for visit in first} | {enterprise for enterprise, _text in told}
    return Standing(
        tallies=combined(one.share.tallies for _stream, one in found),
        ranked=first,
        streams={one.enterprise: stream for stream, one in found if one.enterprise in shown},
        names={one.enterprise: one.name for _stream, one in found if one.enterprise in shown},
        judged=sum(one.share.judged for _stream, one in found),
        running=len(found),
        contradictions=told,
    )
