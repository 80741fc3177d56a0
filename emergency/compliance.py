"""Compliance 执行核查: what the evidence says about one order, as a finding beside it.

A finding never changes the order; it says what was claimed, what was measured, and whether the two agree. Where the
evidence is missing the finding says so: no data is neither compliance nor a breach.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from emergency.order import Order, OrderState


class Verdict(Enum):
    """What a finding says."""

    COMPLIANT = ("compliant", "落实到位")
    PARTIAL = ("partial", "落实不足")
    CONTRADICTED = ("contradicted", "申报与用电矛盾")
    SILENT = ("silent", "未签收")
    NOT_EXECUTED = ("not_executed", "未报告执行")
    NO_DATA = ("no_data", "无佐证数据")

    def __init__(self, key: str, chinese: str) -> None:
        self.key = key
        self.chinese = chinese

    @property
    def breach(self) -> bool:
        """Whether the verdict opens a problem."""
        return self in (Verdict.PARTIAL, Verdict.CONTRADICTED, Verdict.SILENT, Verdict.NOT_EXECUTED)


@dataclass(frozen=True, slots=True)
class MeterReading:
    """Electricity of the production circuits over one window, against the same hours of normal working."""

    window_start: datetime
    window_end: datetime
    used_kwh: float
    normal_kwh: float


@dataclass(frozen=True, slots=True)
class Thresholds:
    """How far a reading may miss what was ordered. Settings of the office, not numbers of the law (confidence I)."""

    tolerance: float = 0.10
    """Share of normal use by which the measured cut may fall short of the ordered one."""
    contradiction: float = 0.35
    """A shortfall at or above this share, after "executed" was reported, contradicts the report."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict with what it rests on."""

    verdict: Verdict
    ordered_cut: float
    measured_cut: float | None
    text: str
    measures: tuple[Mapping[str, Any], ...] = ()
    """Per measure the decision with its reasons, contradictions and baseline, as plain values."""
    source: str = ""
    """Who or what looked: empty for meters, "inspection" for a visit."""

    def as_data(self) -> dict[str, Any]:
        """The finding as plain values for the record."""
        data: dict[str, Any] = {
            "verdict": self.verdict.key,
            "ordered_cut": round(self.ordered_cut, 3),
            "measured_cut": None if self.measured_cut is None else round(self.measured_cut, 3),
            "text": self.text,
        }
        if self.measures:
            data["measures"] = [dict(measure) for measure in self.measures]
        return {**data, "source": self.source} if self.source else data


def ordered_cut(measures: Sequence[Mapping[str, Any]]) -> float:
    """The share of the plant's production electricity that the measures should save, 0..1.

    Taken from the measure's own `power_cut`; a measure that is not checked by electricity (transport, fuel) saves 0.

    >>> ordered_cut([{"power_cut": 0.5}, {"power_cut": 0.2}, {"action": "transport_ban"}])
    0.7
    """
    return min(1.0, round(sum(float(measure.get("power_cut", 0.0)) for measure in measures), 6))


def find(
    order: Order, readings: Sequence[MeterReading], *, now: datetime, thresholds: Thresholds | None = None
) -> Finding:
    """The finding on one order from its receipts and the electricity readings of its window.

    Readings with no normal use to compare with are left out; with none left the verdict is NO_DATA.
    """
    limits = thresholds or Thresholds()
    wanted = ordered_cut(order.measures)
    if order.acknowledged_at is None and now > order.respond_by and order.state is not OrderState.EXEMPTED:
        # Silence is the first thing the office acts on, whatever the meters say.
        return Finding(Verdict.SILENT, wanted, _measured(readings), "期限内未签收减排指令，已催办")
    measured = _measured(readings)
    if order.voluntary:
        return Finding(Verdict.COMPLIANT, wanted, measured, "自主减排企业，仅核对签收")
    if measured is None:
        return Finding(Verdict.NO_DATA, wanted, None, "没有可比的用电数据，需现场核查")
    shortfall = wanted - measured
    saved, asked = f"{measured:.0%}", f"{wanted:.0%}"
    if order.executed_at is None and shortfall > limits.tolerance:
        return Finding(Verdict.NOT_EXECUTED, wanted, measured, f"未报告执行，用电仅下降{saved}（应下降{asked}）")
    if shortfall >= limits.contradiction:
        return Finding(Verdict.CONTRADICTED, wanted, measured, f"已报告执行，但用电仅下降{saved}（应下降{asked}）")
    if shortfall > limits.tolerance:
        return Finding(Verdict.PARTIAL, wanted, measured, f"用电下降{saved}，少于应下降的{asked}")
    return Finding(Verdict.COMPLIANT, wanted, measured, f"用电下降{saved}，符合要求（{asked}）")


def _measured(readings: Sequence[MeterReading]) -> float | None:
    normal = sum(reading.normal_kwh for reading in readings if reading.normal_kwh > 0)
    used = sum(reading.used_kwh for reading in readings if reading.normal_kwh > 0)
    return None if normal <= 0 else 1.0 - used / normal
