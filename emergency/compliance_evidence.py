"""Everything that bears witness to one order, brought together: power, stack monitors, facility states, gates, ledgers,
visits and what the plant itself said. One decision per measure, with every contradiction between witnesses named.

Power speaks for the whole time, a visit for its moment, a gate for its hours. Where two witnesses disagree the finding
says both and takes the worse one only when a person or a meter saw it; a statement of the plant alone proves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from emergency.compliance import Finding, Verdict
from emergency.compliance_power import Decision, MeasureFinding, judge_plant, load_cut_of
from emergency.compliance_signs import QUARTER, Circuit, PowerSettings, Series
from emergency.order import Order

SEEN = {"stopped": "已停产", "reduced": "负荷已降", "running": "照常生产", "unsure": "无法判断"}
"""What an inspector may say about a unit."""
GATE_TOLERANCE = 0
"""Vehicles of a banned class that are forgiven; a setting (I)."""
_RANK = (Decision.UNVERIFIABLE, Decision.COMPLIANT, Decision.PARTLY, Decision.NOT)


@dataclass(frozen=True, slots=True)
class Witnesses:
    """What instruments say about one plant over one stretch of quarter-hours that begins at `first_at`."""

    first_at: datetime
    circuits: tuple[Circuit, ...] = ()
    emissions: Mapping[str, Series] = field(default_factory=dict)
    """Emission rates per outlet, kg/h, on the same quarter-hours."""
    facilities: Mapping[str, Series] = field(default_factory=dict)
    """State of treatment facilities (SB-RS: 1 running, 0 closed) on the same quarter-hours."""


def judge(
    order: Order, witnesses: Witnesses | None, *, until: datetime, now: datetime, settings: PowerSettings | None = None
) -> Finding:
    """The finding on one order from all its evidence; what nobody saw is NO_DATA, never a breach.

    Silence comes first: an unsigned order past its deadline is SILENT, whatever the meters say, but the measures are
    judged all the same so that the kilograms add up.
    """
    found = _measures(order, witnesses, until=until, settings=settings)
    data = tuple(one.as_data() for one in found)
    wanted = max((one.ordered_cut for one in found), default=0.0)
    seen = [one for one in found if one.decision is not Decision.UNVERIFIABLE]
    measured = min((one.measured_cut for one in seen if one.measured_cut is not None), default=None)
    if order.acknowledged_at is None and now > order.respond_by:
        return Finding(Verdict.SILENT, wanted, measured, "期限内未签收减排指令，已催办", data)
    if order.voluntary:
        return Finding(Verdict.COMPLIANT, wanted, measured, "自主减排企业，仅核对签收", data)
    if not seen:
        why = "；".join(dict.fromkeys(reason for one in found for reason in one.reasons)) or "没有可核查的措施"
        return Finding(Verdict.NO_DATA, wanted, None, f"{why}，需现场核查", data)
    worst = max(seen, key=lambda one: (_RANK.index(one.decision), one.confidence))
    reported = order.executed_at is not None
    verdict = {
        Decision.COMPLIANT: Verdict.COMPLIANT,
        Decision.PARTLY: Verdict.PARTIAL,
        Decision.NOT: Verdict.CONTRADICTED if reported or worst.contradictions else Verdict.NOT_EXECUTED,
    }[worst.decision]
    names = {str(one.get("unit", "")): str(one.get("target", one.get("unit", ""))) for one in order.measures}
    told = "；".join([*worst.contradictions, *worst.reasons])
    text = f"{names.get(worst.unit, worst.unit)}：{told}（可信度{worst.confidence:.0%}）"
    return Finding(verdict, worst.ordered_cut, worst.measured_cut, text, data)


def same(before: Mapping[str, Any] | None, finding: Finding) -> bool:
    """Whether a new finding says nothing that the last one on record did not: verdict, decisions, tenths achieved."""
    return before is not None and _gist(before) == _gist(finding.as_data())


def _gist(data: Mapping[str, Any]) -> tuple[Any, ...]:
    measures = data.get("measures", ())
    tenths = [(one["unit"], one["decision"], None if one["achieved"] is None else round(one["achieved"], 1))
              for one in measures]  # fmt: skip
    return (data["verdict"], tenths)


def measure_finding_of(data: Mapping[str, Any]) -> MeasureFinding:
    """A measure's finding back from the record."""
    return MeasureFinding(
        unit=data["unit"],
        decision=next(one for one in Decision if one.key == data["decision"]),
        ordered_cut=data["ordered_cut"],
        measured_cut=data["measured_cut"],
        achieved=data["achieved"],
        confidence=data["confidence"],
        reasons=tuple(data["reasons"]),
        contradictions=tuple(data["contradictions"]),
        baseline=data["baseline"],
    )


# --- one measure ------------------------------------------------------------------------------------------------------


def _measures(
    order: Order, witnesses: Witnesses | None, *, until: datetime, settings: PowerSettings | None
) -> list[MeasureFinding]:
    reported = order.executed_at is not None
    power: dict[str, MeasureFinding] = {}
    if witnesses is not None and witnesses.circuits:
        judged = judge_plant(
            order.measures,
            witnesses.circuits,
            first_at=witnesses.first_at,
            execute_by=order.execute_by,
            until=until,
            reported=reported,
            emissions=witnesses.emissions,
            settings=settings,
        )
        power = {one.unit: one for one in judged}
    found = []
    for measure in order.measures:
        unit = str(measure.get("unit", ""))
        one = power.get(unit) or _without_power(order, measure, witnesses, until=until)
        one = _facilities(one, witnesses, execute_by=order.execute_by, until=until)
        one = _own_words(one, order, unit)
        one = _ledger(one, order, measure)
        found.append(_visited(one, order, unit))
    return found


def _without_power(
    order: Order, measure: Mapping[str, Any], witnesses: Witnesses | None, *, until: datetime
) -> MeasureFinding:
    unit, action = str(measure.get("unit", "")), measure.get("action")
    cut = load_cut_of(measure)
    blank = MeasureFinding(unit, Decision.UNVERIFIABLE, cut or 0.0, None, None, 0.0, ("没有用电数据",), (), "无")
    if action == "transport_ban":
        return _gate(replace(blank, reasons=("没有门禁记录",)), order, measure)
    if action == "fuel_change":
        return replace(blank, reasons=("换用燃料须查台账或现场核查",))
    outlet = str(measure.get("outlet", ""))
    series = witnesses.emissions.get(outlet) if witnesses is not None else None
    if series is None or witnesses is None:
        return blank
    begin = max(0, (order.execute_by - witnesses.first_at) // QUARTER)
    end = (until - witnesses.first_at) // QUARTER
    before = [value for value in series[:begin] if value is not None]
    during = [value for value in series[begin:end] if value is not None]
    if len(before) < 48 or len(during) < 16 or sum(before) <= 0 or cut is None:
        return replace(blank, reasons=("没有用电数据，在线监测数据不足",))
    ratio = (sum(during) / len(during)) / (sum(before) / len(before))
    allowed = 0.15 if cut >= 1 else 1 - cut + 0.15
    achieved = max(0.0, min(1.0, (1 - ratio) / cut))
    decision = (
        Decision.COMPLIANT if ratio <= allowed else Decision.PARTLY if achieved >= 0.5 else Decision.NOT
    )  # fmt: skip
    told = f"在线监测排放为指令前的{ratio:.0%}，应不高于{allowed:.0%}（没有用电数据）"
    return MeasureFinding(unit, decision, cut, None, achieved, 0.6, (told,), (), "指令前在线监测均值")


def _gate(one: MeasureFinding, order: Order, measure: Mapping[str, Any]) -> MeasureFinding:
    counts = [item for item in order.evidence if item.get("type") == "gate"]
    if not counts:
        return one
    banned = sum(int(item.get("banned", 0)) for item in counts)
    total = sum(int(item.get("vehicles", 0)) for item in counts)
    detail = f"{measure.get('detail', '')}及以下"
    if banned > GATE_TOLERANCE:
        told = (f"门禁记录禁行车辆（{detail}）{banned}辆次，共{total}辆次",)
        return replace(one, decision=Decision.NOT, achieved=max(0.0, 1 - banned / max(1, total)), confidence=0.8,
                       reasons=told)  # fmt: skip
    return replace(
        one, decision=Decision.COMPLIANT, achieved=1.0, confidence=0.7, reasons=(f"门禁记录{total}辆次，无禁行车辆",)
    )


def _facilities(
    one: MeasureFinding, witnesses: Witnesses | None, *, execute_by: datetime, until: datetime
) -> MeasureFinding:
    """HJ 212-2017 leaves to the host software what a facility's state means for an ordered cut; here is what we say."""
    if witnesses is None or one.measured_cut is None or one.measured_cut > 0.6:
        return one  # with production down, a closed facility is what one expects
    for code, series in sorted(witnesses.facilities.items()):
        begin = max(0, (execute_by - witnesses.first_at) // QUARTER)
        states = [value for value in series[begin : (until - witnesses.first_at) // QUARTER] if value is not None]
        closed = sum(value == 0 for value in states)
        if closed >= 8 and closed >= 0.25 * len(states):
            told = f"治理设施{code}状态为关闭{closed / 4:.0f}小时，生产用电仍为正常的{1 - one.measured_cut:.0%}"
            return replace(one, decision=Decision.NOT, confidence=max(one.confidence, 0.8),
                           contradictions=(*one.contradictions, told))  # fmt: skip
    return one


def _own_words(one: MeasureFinding, order: Order, unit: str) -> MeasureFinding:
    """The plant's own report of a measure against what was measured."""
    started = [item for item in order.evidence if item.get("type") == "measure" and item.get("unit") == unit]
    done = [item for item in started if item.get("step") == "start"]
    if not done or one.decision is not Decision.NOT or one.measured_cut is None or one.measured_cut > 0.15:
        return one
    told = "企业已报告该措施开始执行，负荷没有变化"
    return one if told in one.contradictions else replace(one, contradictions=(*one.contradictions, told))


def _ledger(one: MeasureFinding, order: Order, measure: Mapping[str, Any]) -> MeasureFinding:
    """Output by the ledger against the most that the order allows."""
    most = measure.get("most_output")
    entries = [
        item for item in order.evidence if item.get("type") == "ledger" and item.get("unit") == str(measure.get("unit"))
    ]
    if most is None or not entries:
        return one
    over = [item for item in entries if float(item["output"]) > float(most) * 1.05 + 1e-9]
    if over:
        told = f"台账日产量{float(over[-1]['output']):g}吨，超过指令允许的{float(most):g}吨"
        worse = one.decision in (Decision.COMPLIANT, Decision.UNVERIFIABLE)
        return replace(one, decision=Decision.PARTLY if worse else one.decision,
                       confidence=max(one.confidence, 0.7), contradictions=(*one.contradictions, told))  # fmt: skip
    if one.decision is Decision.UNVERIFIABLE:
        told = f"台账日产量不超过{float(most):g}吨（仅有台账，未经仪表证实）"
        return replace(one, reasons=(*one.reasons, told))
    return one


def _visited(one: MeasureFinding, order: Order, unit: str) -> MeasureFinding:
    """The last visit that looked at this unit (or at the whole plant)."""
    visits = [
        item for item in order.evidence
        if item.get("type") == "inspection" and item.get("unit") in ("", unit) and item.get("seen") != "unsure"
    ]  # fmt: skip
    if not visits:
        return one
    last = visits[-1]
    at = datetime.fromisoformat(last["at"])
    word = SEEN.get(str(last["seen"]), str(last["seen"]))
    told = f"{at + timedelta(hours=8):%m月%d日%H:%M}现场检查：{word}" if at.utcoffset() == timedelta(0) else (
        f"{at:%m月%d日%H:%M}现场检查：{word}"
    )  # fmt: skip
    stopped_wanted = one.ordered_cut >= 1
    breach = last["seen"] == "running" or (stopped_wanted and last["seen"] == "reduced")
    if one.decision is Decision.UNVERIFIABLE:
        decision = Decision.NOT if last["seen"] == "running" else Decision.PARTLY if breach else Decision.COMPLIANT
        achieved = {Decision.NOT: 0.0, Decision.PARTLY: 0.5, Decision.COMPLIANT: 1.0}[decision]
        return replace(one, decision=decision, achieved=achieved, confidence=0.75, reasons=(told,), baseline="现场检查")
    if breach and one.decision is Decision.COMPLIANT:
        said = f"{told}，用电记录为落实到位"
        return replace(one, decision=Decision.PARTLY if last["seen"] == "reduced" else Decision.NOT, confidence=0.9,
                       contradictions=(*one.contradictions, said))  # fmt: skip
    if not breach and one.decision in (Decision.NOT, Decision.PARTLY):
        return replace(one, contradictions=(*one.contradictions, f"{told}，其余时段用电未达要求"))
    return replace(one, reasons=(*one.reasons, told), confidence=max(one.confidence, 0.9))
