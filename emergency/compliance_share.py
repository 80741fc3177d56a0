"""What one running order adds to the standing of its response, kept beside its state as a short text.

20,000 orders are added up whenever somebody opens the inspections; so each writes down what it adds when it changes,
and nobody reads 20,000 bodies with all their measures and findings for it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from emergency.compliance_evidence import measure_finding_of
from emergency.compliance_tally import Tally, inspections, tally


@dataclass(frozen=True, slots=True)
class Share:
    """What one order adds."""

    judged: bool
    """Whether there is a finding."""
    tallies: Mapping[str, Tally]
    at_stake: float | None
    """Kilograms a day that a visit is about; None where there is nothing to visit for."""
    reasons: tuple[str, ...] = ()
    contradictions: tuple[str, ...] = ()


def share_of(measures: Sequence[Mapping[str, Any]], findings: Sequence[Mapping[str, Any]]) -> Share:
    """The share of an order with these measures; of its findings (plain values) the last one counts."""
    if not findings:
        return Share(False, tally([(measures, ())]), None)
    found = tuple(measure_finding_of(one) for one in findings[-1].get("measures", ()))
    visits = inspections([("", "", measures, found)], most=1)
    return Share(
        judged=True,
        tallies=tally([(measures, found)]),
        at_stake=visits[0].at_stake if visits else None,
        reasons=visits[0].reasons if visits else (),
        contradictions=tuple(text for one in found for text in one.contradictions),
    )


def as_text(share: Share) -> str:
    """The share as it is kept: of an order without a finding only what was promised."""
    if not share.judged:
        return json.dumps({key: one.promised for key, one in share.tallies.items()}, separators=(",", ":"))
    sums = {key: [one.promised, one.achieved, one.missing, one.unseen] for key, one in share.tallies.items()}
    parts = [sums, share.at_stake, share.reasons, share.contradictions]
    return json.dumps(parts, separators=(",", ":"), ensure_ascii=False)


def of_text(text: str) -> Share:
    """The share back from its text.

    >>> of_text('{"nox":1.5}').tallies
    {'nox': Tally(promised=1.5, achieved=0.0, missing=0.0, unseen=1.5)}
    """
    read = json.loads(text)
    if isinstance(read, dict):
        return Share(False, {key: Tally(value, 0.0, 0.0, value) for key, value in read.items()}, None)
    sums, stake, reasons, contradictions = read
    tallies = {key: Tally(*row) for key, row in sums.items()}
    return Share(True, tallies, stake, tuple(reasons), tuple(contradictions))
