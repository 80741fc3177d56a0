"""What the running orders of a response come to now; only orders that changed since the last look are read again.

A response to a red warning has 20,000 orders, and a page that reads them all takes seconds. So what each order adds is
kept in memory under its version.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from console.settings import Settings
from emergency.compliance_evidence import measure_finding_of
from emergency.compliance_tally import Inspection, Tally, combined, inspections, ranked, tally
from emergency.record_orders import orders_of, versions_of

OPEN = ("issued", "delivered", "acknowledged", "executing")
MOST = 20


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
class _Share:
    """What one order adds."""

    version: int
    enterprise: str
    name: str
    tallies: Mapping[str, Tally]
    visit: Inspection | None
    judged: bool
    contradictions: tuple[str, ...]


class ComplianceReader:
    """Reads the record; safe to call from many threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._kept: tuple[str, str, dict[str, _Share]] = ("", "", {})
        self._standing: tuple[Mapping[str, _Share], int, Standing] | None = None

    def of(self, response: str, *, most: int = MOST) -> Standing:
        """The tally, the ranking and the contradictions of a response, from the last finding of each running order."""
        with self._lock:
            shares = self._shares(response)
            if self._standing is not None and self._standing[0] is shares and self._standing[1] == most:
                return self._standing[2]
            made = _standing(shares, most)
            self._standing = (shares, most, made)
            return made

    def _shares(self, response: str) -> dict[str, _Share]:
        record, lists = self.settings.office.record, self.settings.lists
        digest = self.settings.digest_of_list()
        kept = self._kept[2] if self._kept[:2] == (response, digest) else {}
        versions = versions_of(record, parent=response, states=OPEN, audience="enterprise")
        changed = [
            stream for stream, version in versions.items() if stream not in kept or kept[stream].version != version
        ]
        if changed:
            listing = lists.listing() if lists is not None else None
            districts = {one.identifier: one.district for one in listing.enterprises} if listing else {}
            kept = kept | {
                row["stream"]: _share(row, districts)
                for row in orders_of(record, parent=response, states=OPEN, streams=changed)
            }
        elif len(kept) == len(versions):
            return kept
        found = {stream: kept[stream] for stream in versions if stream in kept}
        self._kept = (response, digest, found)
        return found


def _standing(shares: Mapping[str, _Share], most: int) -> Standing:
    found = list(shares.items())
    first = ranked((one.visit for _stream, one in found if one.visit is not None), most=most)
    told = tuple((one.enterprise, text) for _stream, one in found for text in one.contradictions)
    shown = {visit.enterprise for visit in first} | {enterprise for enterprise, _text in told}
    return Standing(
        tallies=combined(one.tallies for _stream, one in found),
        ranked=first,
        streams={one.enterprise: stream for stream, one in found if one.enterprise in shown},
        names={one.enterprise: one.name for _stream, one in found if one.enterprise in shown},
        judged=sum(one.judged for _stream, one in found),
        running=len(found),
        contradictions=told,
    )


def _share(row: Mapping[str, Any], districts: Mapping[str, str]) -> _Share:
    body, plant = row["body"], str(row["enterprise"])
    last = body["findings"][-1] if body["findings"] else None
    findings = tuple(measure_finding_of(one) for one in last.get("measures", ())) if last else ()
    measures: Sequence[Mapping[str, Any]] = body["measures"]
    visits = inspections([(plant, districts.get(plant, ""), measures, findings)], most=1) if findings else ()
    return _Share(
        version=int(row["version"]),
        enterprise=plant,
        name=body["enterprise_name"],
        tallies=tally([(measures, findings)]),
        visit=visits[0] if visits else None,
        judged=last is not None,
        contradictions=tuple(text for one in findings for text in one.contradictions),
    )
