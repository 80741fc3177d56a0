"""Debrief of a drill 演练评分: how fast and how completely each part of the chain did its work, from what is on record.

The weights are settings of the office (confidence I). Every item says what was measured, so that a score can be argued
with; what was not exercised is left out of the sum and named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the debrief."""

    name: str
    weight: int
    score: float | None
    """0 to 1; None when it was not exercised."""
    measured: str


@dataclass(frozen=True, slots=True)
class Debrief:
    """The score and its items."""

    items: tuple[Item, ...]
    announced: bool

    @property
    def points(self) -> float | None:
        """Out of 100, over what was exercised; None when nothing was."""
        done = [(one.weight, one.score) for one in self.items if one.score is not None]
        total = sum(weight for weight, _score in done)
        return round(100 * sum(weight * score for weight, score in done) / total, 1) if total else None

    def lines(self) -> tuple[str, ...]:
        """The debrief as text."""
        kind = "预告演练" if self.announced else "突击演练"
        points = "未评分" if self.points is None else f"{self.points:g}分"
        told = [f"【演练】{kind}评分：{points}"]
        for one in self.items:
            score = "未演练" if one.score is None else f"{100 * one.score:.0f}%"
            told.append(f"  {one.name}（权重{one.weight}）：{score}，{one.measured}")
        return tuple(told)


def debrief(
    *,
    warnings: Sequence[Mapping[str, Any]],
    orders: Sequence[Mapping[str, Any]],
    problems: Sequence[Mapping[str, Any]],
    approve_within: timedelta,
    announced: bool,
    now: datetime,
) -> Debrief:
    """The debrief from the projections of a drill's record."""
    plants = [row for row in orders if row["body"].get("audience", "enterprise") == "enterprise"]
    tasks = [row for row in orders if row["body"].get("audience") == "department"]
    return Debrief(
        (
            _signed(warnings, approve_within),
            _delivered(orders),
            _answered("企业签收", 25, plants),
            _answered("部门签收", 10, tasks),
            _executed(plants),
            _complied(plants),
            _problems(problems, now),
            _released(orders),
        ),
        announced,
    )


def _signed(warnings: Sequence[Mapping[str, Any]], within: timedelta) -> Item:
    spans = [_at(row["body"]["issued_at"]) - _at(row["opened_at"]) for row in warnings if row["body"]["issued_at"]]
    if not spans:
        return Item("签批与发布", 15, None, "没有发布预警")
    good = sum(span <= within for span in spans)
    hours = max(spans).total_seconds() / 3600
    return Item("签批与发布", 15, good / len(spans), f"{len(spans)}次发布中{good}次按时，最慢{hours:.1f}小时")


def _delivered(orders: Sequence[Mapping[str, Any]]) -> Item:
    if not orders:
        return Item("送达", 10, None, "没有下达指令")
    good = sum(row["body"]["delivered_at"] is not None or row["body"]["acknowledged_at"] is not None for row in orders)
    return Item("送达", 10, good / len(orders), f"{len(orders)}份中送达{good}份")


def _answered(name: str, weight: int, orders: Sequence[Mapping[str, Any]]) -> Item:
    if not orders:
        return Item(name, weight, None, "没有下达")
    good = sum(
        row["body"]["acknowledged_at"] is not None and row["body"]["acknowledged_at"] <= row["body"]["respond_by"]
        for row in orders
    )
    never = sum(row["body"]["acknowledged_at"] is None for row in orders)
    return Item(name, weight, good / len(orders), f"{len(orders)}份中按时{good}份，始终未签{never}份")


def _executed(plants: Sequence[Mapping[str, Any]]) -> Item:
    due = [row for row in plants if not row["body"]["voluntary"] and row["state"] != "superseded"]
    if not due:
        return Item("报告执行", 10, None, "没有强制措施")
    good = sum(row["body"]["executed_at"] is not None and row["body"]["executed_at"] <= row["body"]["execute_by"]
               for row in due)  # fmt: skip
    return Item("报告执行", 10, good / len(due), f"{len(due)}份中按时{good}份")


def _complied(plants: Sequence[Mapping[str, Any]]) -> Item:
    last = [row["body"]["findings"][-1]["verdict"] for row in plants if row["body"]["findings"]]
    seen = [verdict for verdict in last if verdict != "no_data"]
    if not seen:
        return Item("落实到位", 15, None, "没有可核实的结论")
    good = sum(verdict == "compliant" for verdict in seen)
    told = f"{len(seen)}份可核实结论中到位{good}份，另有{len(last) - len(seen)}份无法核实"
    return Item("落实到位", 15, good / len(seen), told)


def _problems(problems: Sequence[Mapping[str, Any]], now: datetime) -> Item:
    if not problems:
        return Item("问题闭环", 10, None, "没有发现问题")
    closed = sum(row["state"] == "closed" for row in problems)
    late = sum(row["state"] in ("assigned", "reopened") and _at(row["body"]["due_at"]) < now for row in problems)
    return Item("问题闭环", 10, closed / len(problems), f"{len(problems)}个中销号{closed}个，逾期{late}个")


def _released(orders: Sequence[Mapping[str, Any]]) -> Item:
    if not any(row["state"] in ("released", "closed") for row in orders):
        return Item("解除", 5, None, "尚未解除")
    left = sum(row["state"] in ("issued", "delivered", "acknowledged", "executing") for row in orders)
    return Item("解除", 5, 1 - left / len(orders), f"仍在执行{left}份")


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)
