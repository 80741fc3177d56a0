"""Compliance from electricity per circuit: what each measure should look like before and during, and what was seen.

Per measure one decision: compliant, partly, not, or unverifiable, with reasons, a confidence and the baseline that was
chosen. Power is a witness, not a judge: a stuck or dead meter, too many gaps or no normal day to compare with give
"unverifiable", never "not". The numbers are settings of the office (confidence I), none is a number of the law.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from emergency.compliance import Finding, MeterReading, Verdict
from emergency.compliance_signs import (
    DAY,
    QUARTER,
    Circuit,
    PowerSettings,
    Series,
    all_zero,
    hours_resumed,
    hours_without_treatment,
    meter_fault,
    normal_day,
    quarter_of_day,
    quarters_late,
    share_moved,
    summed,
)

_LIMIT = re.compile(r"限产(\d{1,3})%")


class Decision(Enum):
    """What the power says about one measure."""

    COMPLIANT = ("compliant", "落实到位")
    PARTLY = ("partly", "部分落实")
    NOT = ("not", "未落实")
    UNVERIFIABLE = ("unverifiable", "无法核实")

    def __init__(self, key: str, chinese: str) -> None:
        self.key = key
        self.chinese = chinese


@dataclass(frozen=True, slots=True)
class Expected:
    """What one measure must look like: by which share the unit's load falls, from when to when."""

    unit: str
    load_cut: float
    execute_by: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class MeasureFinding:
    """The decision about one measure and what it rests on."""

    unit: str
    decision: Decision
    ordered_cut: float
    measured_cut: float | None
    """Share of the unit's normal power; None when unverifiable."""
    achieved: float | None
    """Share of the ordered cut that was reached, 0 to 1; None when unverifiable."""
    confidence: float
    reasons: tuple[str, ...]
    contradictions: tuple[str, ...]
    baseline: str
    used_kwh: float = 0.0
    normal_kwh: float = 0.0

    def as_data(self) -> dict[str, Any]:
        """Plain values for the record."""
        return {
            "unit": self.unit,
            "decision": self.decision.key,
            "ordered_cut": round(self.ordered_cut, 3),
            "measured_cut": None if self.measured_cut is None else round(self.measured_cut, 3),
            "achieved": None if self.achieved is None else round(self.achieved, 3),
            "confidence": round(self.confidence, 2),
            "reasons": list(self.reasons),
            "contradictions": list(self.contradictions),
            "baseline": self.baseline,
        }


def load_cut_of(measure: Mapping[str, Any]) -> float | None:
    """The share by which the unit's own load must fall for a measure of an order; None when power shows nothing of it.

    >>> load_cut_of({"action": "limit", "text": "1号线：限产20%（核查：用电）"}), load_cut_of({"action": "stop"})
    (0.2, 1.0)
    """
    if measure.get("action") == "stop":
        return 1.0
    found = _LIMIT.search(str(measure.get("text", ""))) if measure.get("action") == "limit" else None
    return int(found[1]) / 100 if found else None


def judge_plant(
    measures: Iterable[Mapping[str, Any]],
    circuits: Sequence[Circuit],
    *,
    first_at: datetime,
    execute_by: datetime,
    until: datetime,
    reported: bool,
    emissions: Mapping[str, Series] | None = None,
    settings: PowerSettings | None = None,
) -> tuple[MeasureFinding, ...]:
    """One finding per measure of an order that power can show, in the order of the measures.

    `first_at` is the begin of the first quarter-hour of every series; days before `execute_by` are the baseline.
    `reported` says whether the plant reported the measures as carried out; `emissions` are emission rates per outlet
    on the same quarter-hours (kg/h). `until` is the end of the order or the moment of looking.
    """
    found = []
    for measure in measures:
        cut = load_cut_of(measure)
        if cut is None:
            continue
        expected = Expected(str(measure["unit"]), cut, execute_by, until)
        outlet = (emissions or {}).get(str(measure.get("outlet", "")))
        found.append(
            judge_measure(expected, circuits, first_at=first_at, reported=reported, emission=outlet, settings=settings)
        )
    return tuple(found)


def judge_measure(
    expected: Expected,
    circuits: Sequence[Circuit],
    *,
    first_at: datetime,
    reported: bool,
    emission: Series | None = None,
    settings: PowerSettings | None = None,
) -> MeasureFinding:
    """The decision on one measure; circuits of the unit, else production circuits of the whole plant, bear witness."""
    limits = settings or PowerSettings()
    begin = max(0, -((first_at - expected.execute_by) // QUARTER))
    end = (expected.until - first_at) // QUARTER
    own = [one for one in circuits if one.role == "production" and one.unit == expected.unit] or [
        one for one in circuits if one.role == "production" and not one.unit
    ]
    if not own:
        return _unverifiable(expected, "没有该单元的生产用电回路", "无")
    series = summed([one.kilowatts for one in own])
    broken = meter_fault(series, own, circuits, begin, end, limits)
    if broken:
        return _unverifiable(expected, broken, "无")
    shift = quarter_of_day(first_at)
    profile, running, baseline = normal_day(series, begin, shift)
    if not profile:
        return _unverifiable(expected, baseline, "无")
    seen = [at for at in range(begin, min(end, len(series))) if series[at] is not None]
    if end <= begin or len(seen) < limits.least_seen * (end - begin):
        share = len(seen) / max(1, end - begin)
        return _unverifiable(expected, f"执行期间只有{share:.0%}的用电数据", baseline)
    values = {at: float(series[at] or 0.0) for at in seen}
    normal = {at: profile[(at + shift) % DAY] for at in seen}
    return _decide(
        expected,
        values,
        normal,
        running,
        circuits,
        own,
        emission,
        begin=begin,
        shift=shift,
        reported=reported,
        limits=limits,
        baseline=baseline,
        share=len(seen) / (end - begin),
    )


def _decide(
    expected: Expected,
    values: Mapping[int, float],
    normal: Mapping[int, float],
    running: float,
    circuits: Sequence[Circuit],
    own: Sequence[Circuit],
    emission: Series | None,
    *,
    begin: int,
    shift: int,
    reported: bool,
    limits: PowerSettings,
    baseline: str,
    share: float,
) -> MeasureFinding:
    used, usual = sum(values.values()), sum(normal.values())
    cut = expected.load_cut
    # A stopped line may draw its stand-by power, a share of its running power, also in hours in which it usually rests.
    allowed = min(0.4, limits.standby * running * len(normal) / usual) if cut >= 1 else 1 - cut + limits.tolerance
    cut_seen = 1 - used / usual
    reasons = [f"用电为正常的{used / usual:.0%}，应不高于{allowed:.0%}"]
    contradictions: list[str] = []
    late = quarters_late(values, normal, begin, cut)
    after = [at for at in values if at >= begin + late]
    if len(after) < 0.25 * len(values):  # not late but never: the whole window is judged
        late, after = 0, list(values)
    left = sum(normal[at] for at in after)
    ratio = sum(values[at] for at in after) / left if left > 0 else used / usual
    again = hours_resumed(values, running, begin + late) if cut >= 1 else 0.0
    moved = share_moved(circuits, own, usual - used, len(values), begin, max(values), shift)
    reached = (1 - used / usual) / cut
    if moved >= limits.moved and cut_seen > limits.tolerance:
        decision = Decision.NOT
        contradictions.append(f"下降的用电有{min(moved, 1):.0%}转移到其他回路")
        reached *= max(0.0, 1 - moved)
    elif again >= limits.resumed_hours:
        decision = Decision.NOT
        contradictions.append(f"停产期间又运行{again:.0f}小时")
    elif ratio <= allowed:
        hours = late / 4
        forgiven = limits.grace if cut >= 0.5 else max(limits.grace, timedelta(hours=3))
        decision = Decision.COMPLIANT if timedelta(hours=hours) <= forgiven else Decision.PARTLY
        if decision is Decision.PARTLY:
            reasons.append(f"晚{hours:.0f}小时落实")
    else:
        decision = Decision.PARTLY if reached >= 0.5 else Decision.NOT
    if decision is Decision.NOT and reported and reached < 0.25:
        contradictions.append("已报告执行，用电没有变化")
    if ratio > allowed * 0.8 and (off := hours_without_treatment(circuits, values, running, begin)):
        contradictions.append(f"生产在运行，治理设施停用{off:.0f}小时")
        decision = Decision.NOT
    if emission is not None and ratio > 0.5 and all_zero(emission, begin, max(values)):
        contradictions.append(f"在线监测为零，生产用电仍为正常的{ratio:.0%}")
    margin = min(1.0, abs(ratio - allowed) / 0.15)
    confidence = min(0.99, share * (0.6 + 0.4 * margin)) if not contradictions else min(0.99, 0.7 + 0.3 * share)
    return MeasureFinding(
        expected.unit,
        decision,
        cut,
        cut_seen,
        max(0.0, min(1.0, reached)),
        confidence,
        tuple(reasons),
        tuple(contradictions),
        baseline,
        used / 4,
        usual / 4,
    )


def _unverifiable(expected: Expected, why: str, baseline: str) -> MeasureFinding:
    return MeasureFinding(
        expected.unit, Decision.UNVERIFIABLE, expected.load_cut, None, None, 0.0, (why,), (), baseline
    )


def reading_of(findings: Sequence[MeasureFinding], *, start: datetime, end: datetime) -> MeterReading | None:
    """The verifiable findings of a plant as one reading for compliance.find; None when none is verifiable."""
    seen = [one for one in findings if one.decision is not Decision.UNVERIFIABLE]
    if not seen:
        return None
    return MeterReading(start, end, sum(one.used_kwh for one in seen), sum(one.normal_kwh for one in seen))


def finding_of(findings: Sequence[MeasureFinding], *, reported: bool) -> Finding:
    """The plant's finding for the record, from its worst measure; NO_DATA when nothing could be verified."""
    seen = [one for one in findings if one.decision is not Decision.UNVERIFIABLE]
    if not seen:
        why = "；".join(dict.fromkeys(reason for one in findings for reason in one.reasons)) or "没有可由用电核查的措施"
        return Finding(Verdict.NO_DATA, 1.0 if findings else 0.0, None, why)
    rank = (Decision.COMPLIANT, Decision.PARTLY, Decision.NOT)
    worst = max(seen, key=lambda one: (rank.index(one.decision), one.confidence))
    verdict = {
        Decision.COMPLIANT: Verdict.COMPLIANT,
        Decision.PARTLY: Verdict.PARTIAL,
        Decision.NOT: Verdict.CONTRADICTED if reported else Verdict.NOT_EXECUTED,
    }[worst.decision]
    text = "；".join([*worst.contradictions, *worst.reasons, f"基准：{worst.baseline}"])
    return Finding(verdict, worst.ordered_cut, worst.measured_cut, f"{worst.unit} {text}")
