"""What compliance adds up to: kilograms really cut against those promised, and where to look first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from emergency.compliance_power import Decision, MeasureFinding

UNSEEN_WEIGHT = 0.5
"""How much of an unverifiable promise counts as being at stake when inspections are ranked; a setting (I)."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Kilograms a day of one pollutant."""

    promised: float
    achieved: float
    """Shown by the meters."""
    missing: float
    """Shown not to have been cut."""
    unseen: float
    """Promised by measures that could not be verified, or that power does not show (transport, fuel)."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """One plant to visit: the kilograms a day at stake and why."""

    enterprise: str
    district: str
    at_stake: float
    reasons: tuple[str, ...]


def tally(
    pairs: Iterable[tuple[Sequence[Mapping[str, Any]], Sequence[MeasureFinding]]],
) -> dict[str, Tally]:
    """Per pollutant what the orders promised and what became of it, from (measures of an order, its findings) pairs.

    Promised is always achieved + missing + unseen. Pollutants that nobody promised to cut are left out.
    """
    sums: dict[str, list[float]] = {}
    for measures, findings in pairs:
        known = {one.unit: one for one in findings}
        for measure in measures:
            found = known.get(str(measure.get("unit", "")))
            for pollutant, kilograms in measure.get("cut_kg", {}).items():
                row = sums.setdefault(pollutant, [0.0, 0.0, 0.0, 0.0])
                row[0] += kilograms
                if found is None or found.achieved is None or not _shown_by_power(measure):
                    row[3] += kilograms
                else:
                    row[1] += kilograms * found.achieved
                    row[2] += kilograms * (1 - found.achieved)
    return {pollutant: Tally(*row) for pollutant, row in sorted(sums.items())}


def combined(tallies: Iterable[Mapping[str, Tally]]) -> dict[str, Tally]:
    """The sum of tallies, by pollutant."""
    sums: dict[str, list[float]] = {}
    for one in tallies:
        for pollutant, part in one.items():
            row = sums.setdefault(pollutant, [0.0, 0.0, 0.0, 0.0])
            row[0] += part.promised
            row[1] += part.achieved
            row[2] += part.missing
            row[3] += part.unseen
    return {pollutant: Tally(*row) for pollutant, row in sorted(sums.items())}


def ranked(found: Iterable[Inspection], *, most: int) -> tuple[Inspection, ...]:
    """The first of them: most at stake first, equal stakes by the plant's number."""
    return tuple(sorted(found, key=lambda one: (-one.at_stake, one.enterprise))[:most])


def inspections(
    plants: Iterable[tuple[str, str, Sequence[Mapping[str, Any]], Sequence[MeasureFinding]]], *, most: int = 20
) -> tuple[Inspection, ...]:
    """The plants to visit first, from (enterprise, district, measures, findings); compliant plants are left out.

    Ranked by kilograms a day at stake: what is missing weighs by the confidence that it is, what could not be seen by
    UNSEEN_WEIGHT. Equal stakes go by the plant's number, so that the list is the same for everybody.
    """
    found = []
    for enterprise, district, measures, findings in plants:
        known = {str(one.get("unit", "")): one for one in measures}
        stake = 0.0
        reasons: list[str] = []
        for one in findings:
            promised = sum(known.get(one.unit, {}).get("cut_kg", {}).values())
            if one.decision is Decision.UNVERIFIABLE:
                stake += UNSEEN_WEIGHT * promised
            elif one.decision is not Decision.COMPLIANT:
                stake += one.confidence * promised * (1 - (one.achieved or 0.0))
            else:
                continue
            reasons += [f"{one.unit} {one.decision.chinese}：{text}" for text in (*one.contradictions, *one.reasons)]
        if reasons:
            found.append(Inspection(enterprise, district, round(stake, 3), tuple(reasons)))
    return ranked(found, most=most)


def _shown_by_power(measure: Mapping[str, Any]) -> bool:
    return measure.get("action") in ("stop", "limit")
