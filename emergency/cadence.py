"""When a consultation is due: opened by a trigger, denser while the risk lasts, damped against a flickering outlook.

Pure: what was held so far, what is met now, and the clock. 绍市环发〔2016〕41号 asks for at least two a day once a
session was called; 呼和浩特 2019 for more of them after a warning. The hours of the slots and how long calm must last
before the frequency falls back are settings of ours (confidence I).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from emergency.vocabulary import BEIJING, Level

SLOTS = (time(9), time(15), time(20))
"""Begin of the daily sessions; 9:30 in 绍兴 (confidence B). So many of them are used as the plan asks for a day."""
CALM = timedelta(hours=24)
"""So long after the last sign of risk the denser frequency goes on."""
APART = timedelta(hours=3)
"""An extraordinary session comes at the earliest so long after the one before it."""
LASTING = "level_likely"
"""The kind of trigger that means a lasting risk; turning points and edge days call one session each."""


@dataclass(frozen=True, slots=True)
class Met:
    """A trigger that is met now: its rule, kind, and the days it speaks of (ISO)."""

    rule: str
    kind: str
    days: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Session:
    """A consultation as it stands."""

    proposed_at: datetime
    open: bool
    level: Level
    """Of the conclusion; NONE while there is none."""
    judged: Level
    """What the criteria gave when it was proposed or concluded, the higher one."""
    met: tuple[Met, ...] = ()

    @property
    def risky(self) -> bool:
        """Whether it was called for, or ended in, more than a turning point."""
        return self.level is not Level.NONE or any(one.kind == LASTING for one in self.met)


def risk_lasts(sessions: Sequence[Session], *, now: datetime, warned: bool, met: Sequence[Met], judged: Level) -> bool:
    """Whether the denser frequency is in force: a warning, a risk now, or one within CALM before."""
    if warned or judged is not Level.NONE or any(one.kind == LASTING for one in met):
        return True
    return any(one.risky and now - one.proposed_at < CALM for one in sessions)


def due(
    sessions: Sequence[Session],
    *,
    now: datetime,
    warned: bool,
    met: Sequence[Met],
    judged: Level,
    per_day: int,
    slots: Sequence[time] = SLOTS,
) -> str:
    """Why a consultation is to be proposed now, in Chinese; "" when none is. `sessions` oldest first.

    A session that is open is never doubled. What flickers calls nobody twice: a turning point already dealt with, and a
    trigger that comes and goes between two slots, wait for the next slot. Only a graver judgement calls at once.
    """
    if any(one.open for one in sessions):
        return ""
    last = sessions[-1] if sessions else None
    local = now.astimezone(BEIJING)
    if last is not None and judged > max(last.judged, last.level) and now - last.proposed_at >= APART:
        return f"形势加重，达到{judged.chinese}预警条件"
    begun = [datetime.combine(local.date(), one, BEIJING) for one in slots[: max(1, per_day)]]
    reached = [moment for moment in begun if moment <= now]
    if not reached or (last is not None and last.proposed_at >= reached[-1]):
        return ""
    if risk_lasts(sessions, now=now, warned=warned, met=met, judged=judged):
        return f"风险持续期间加密会商（每日不少于{per_day}次）"
    handled = {(one.rule, one.days) for session in sessions[-2 * per_day :] for one in session.met}
    if len(reached) == 1 and any((one.rule, one.days) not in handled for one in met):
        return "出现新的触发条件"
    return ""
