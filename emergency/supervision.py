"""Supervision 督查: statistics of problems by unit, the negative list (负面清单), the circular of a day (按日通报).

Everything is counted from what is on record. The five steps (督查、交办、巡查、约谈、专项督察) are those of 冷水滩
2019; which step a unit has come to is a question asked of its problems, never a state of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from emergency.compliance import Verdict
from emergency.lifecycle import Happening
from emergency.messages import DRILL_MARK
from emergency.vocabulary import BEIJING

STEPS = ("督查", "交办", "巡查", "约谈", "专项督察")
TALK_AFTER = 2
"""Problems handed back or overdue at one unit until a talk (约谈) is proposed; a setting of the office (I)."""
SPECIAL_AFTER = 4
"""... until a special inspection (专项督察) is proposed; a setting (I)."""
NEGATIVE_AFTER = 2
"""Breaches of one plant within NEGATIVE_WITHIN that put it on the negative list; settings (I)."""
NEGATIVE_WITHIN = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class UnitRow:
    """What one responsible unit has on its desk."""

    unit: str
    total: int
    waiting: int
    overdue: int
    reopened: int
    closed: int
    hours_to_mend: float | None
    """Mean from the hand-over to the report, of those reported; None when none was."""
    step: str
    """Which of STEPS it has come to."""


@dataclass(frozen=True, slots=True)
class NegativeRow:
    """One plant of the negative list."""

    enterprise: str
    breaches: int
    kinds: tuple[str, ...]
    last_at: datetime


def by_unit(problems: Iterable[Mapping[str, Any]], *, now: datetime) -> tuple[UnitRow, ...]:
    """One row per unit from projection rows of problems, the most overdue first; unassigned ones stand under 未交办."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in problems:
        groups.setdefault(str(row["body"]["unit"]) or "未交办", []).append(row)
    rows = []
    for unit, found in groups.items():
        overdue = sum(_overdue(row, now) for row in found)
        reopened = sum(int(row["body"]["reopenings"]) for row in found)
        spans = [span for row in found if (span := _hours(row)) is not None]
        bad = overdue + reopened
        step = STEPS[4] if bad >= SPECIAL_AFTER else STEPS[3] if bad >= TALK_AFTER else STEPS[2] if bad else STEPS[1]
        rows.append(
            UnitRow(
                unit=unit,
                total=len(found),
                waiting=sum(row["state"] in ("found", "assigned", "reopened") for row in found),
                overdue=overdue,
                reopened=reopened,
                closed=sum(row["state"] == "closed" for row in found),
                hours_to_mend=round(sum(spans) / len(spans), 1) if spans else None,
                step=STEPS[0] if unit == "未交办" else step,
            )
        )
    return tuple(sorted(rows, key=lambda row: (-row.overdue, -row.reopened, row.unit)))


def negative_list(problems: Iterable[Mapping[str, Any]], *, now: datetime) -> tuple[NegativeRow, ...]:
    """Plants with NEGATIVE_AFTER problems or more within NEGATIVE_WITHIN, or one that was handed back, worst first."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in problems:
        if now - datetime.fromisoformat(row["body"]["found_at"]) <= NEGATIVE_WITHIN:
            groups.setdefault(str(row["enterprise"]), []).append(row)
    rows = [
        NegativeRow(
            enterprise=plant,
            breaches=len(found),
            kinds=tuple(dict.fromkeys(str(row["body"]["content"]).split("：", 1)[0] for row in found)),
            last_at=max(datetime.fromisoformat(row["body"]["found_at"]) for row in found),
        )
        for plant, found in groups.items()
        if len(found) >= NEGATIVE_AFTER or any(int(row["body"]["reopenings"]) for row in found)
    ]
    return tuple(sorted(rows, key=lambda row: (-row.breaches, row.enterprise)))


IN_CIRCULAR = frozenset({"evidence_filed", "finding_recorded", "found", "assigned", "rectified", "reopened", "closed"})
"""Kinds of happenings that the daily circular tells of."""


def circular(
    day: date,
    happenings: Iterable[Happening],
    *,
    names: Mapping[str, str],
    units: Sequence[UnitRow],
    area_name: str,
    drill: bool,
) -> tuple[str, ...]:
    """The lines of the day's circular: what was looked at, found, handed over, mended, struck off; who is overdue."""
    today = [one for one in happenings if one.occurred_at.astimezone(BEIJING).date() == day]
    visits = [one for one in today if one.kind == "evidence_filed" and one.data.get("type") == "inspection"]
    breaches = [
        one for one in today
        if one.kind == "finding_recorded" and any(v.key == one.data["verdict"] and v.breach for v in Verdict)
    ]  # fmt: skip
    found = [one for one in today if (one.life, one.kind) == ("problem", "found")]
    handed = [one for one in today if (one.life, one.kind) == ("problem", "assigned")]
    mended = sum((one.life, one.kind) == ("problem", "rectified") for one in today)
    back = sum((one.life, one.kind) == ("problem", "reopened") for one in today)
    closed = sum((one.life, one.kind) == ("problem", "closed") for one in today)
    secret = sum(bool(one.data.get("unannounced")) for one in visits)
    mark = DRILL_MARK if drill else ""
    lines = [
        f"{mark}{area_name}重污染天气应急响应督查情况通报（{day:%Y年%m月%d日}）",
        f"一、督查：现场检查{len(visits)}家次（其中四不两直{secret}家次），核查发现问题{len(breaches)}家次。",
        f"二、交办：新增问题{len(found)}个，交办{len(handed)}个。",
    ]
    for one in found[:20]:
        plant = str(one.data["enterprise"])
        lines.append(f"　　{names.get(plant, plant)}：{one.data['content']}")
    if len(found) > 20:
        lines.append(f"　　其余{len(found) - 20}个见问题清单。")
    lines.append(f"三、整改：报告整改{mended}个，回头看退回{back}个，销号{closed}个。")
    late = [row for row in units if row.overdue]
    told = "；".join(f"{row.unit}逾期{row.overdue}个" for row in late) or "无"
    lines.append(f"四、逾期未整改：{told}。")
    talks = [row for row in units if row.step in STEPS[3:]]
    told = "；".join(f"{row.unit}（{row.step}）" for row in talks) or "无"
    lines.append(f"五、拟约谈或专项督察：{told}。")
    return tuple(lines)


def _overdue(row: Mapping[str, Any], now: datetime) -> bool:
    due = row["body"]["due_at"]
    return row["state"] in ("assigned", "reopened") and due is not None and datetime.fromisoformat(due) < now


def _hours(row: Mapping[str, Any]) -> float | None:
    begin, end = row["body"].get("assigned_at"), row["body"].get("rectified_at")
    if not begin or not end:
        return None
    return (datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds() / 3600
