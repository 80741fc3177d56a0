"""Activation 应急响应: the response that an issued warning starts at a stated hour.

An activation outlives a change of level: a raise or a lowering is an adjustment inside it, so that an episode has one
response with one history, and only what changes is ordered.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from emergency.lifecycle import Actor, Event, Refused, State, Table, Transition, event_of
from emergency.vocabulary import Level


class ActivationState(State):
    """States of an activation."""

    SCHEDULED = ("scheduled", "待启动")
    IN_FORCE = ("in_force", "响应中")
    PAUSED = ("paused", "已暂停")
    ENDED = ("ended", "已终止")
    CANCELLED = ("cancelled", "已取消")
    REVIEWED = ("reviewed", "已评估")


_S, _F, _P, _E, _C, _R = ActivationState
TABLE = Table(
    "activation",
    "应急响应",
    ActivationState,
    frozenset({_C, _R}),
    (
        Transition("schedule", "安排响应", (None,), "scheduled", _S),
        Transition("start", "启动响应", (_S,), "started", _F),
        Transition("adjust", "调整级别", (_S, _F, _P), "adjusted", None),
        Transition("pause", "暂停响应", (_F,), "paused", _P),
        Transition("resume", "恢复响应", (_P,), "resumed", _F),
        Transition("end", "终止响应", (_F, _P), "ended", _E),
        Transition("cancel", "取消响应", (_S,), "cancelled", _C),
        Transition("review", "完成评估", (_E,), "reviewed", _R),
    ),
)


@dataclass(frozen=True, slots=True)
class Activation:
    """The state of one activation."""

    identifier: str
    episode: str
    state: ActivationState
    warning: str
    level: Level
    starts_at: datetime
    list_digest: str
    """Digest of the enterprise list frozen into its orders."""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    adjustments: int = 0
    """How many times the level changed; part of the identity of the orders of each round."""
    report_digest: str | None = None
    resume_at: datetime | None = None
    """When a paused response goes on by itself, as it was decided with the pause; None: when somebody says so."""


def schedule(
    *,
    identifier: str,
    episode: str,
    warning: str,
    level: Level,
    starts_at: datetime,
    list_digest: str,
    by: Actor,
    now: datetime,
) -> tuple[Event, ...]:
    """The event that a response of this level is to start at the stated hour."""
    transition = TABLE.require("schedule", None, subject=f"响应 {identifier}")
    data = {
        "identifier": identifier,
        "episode": episode,
        "warning": warning,
        "level": level.word,
        "starts_at": starts_at.isoformat(),
        "list_digest": list_digest,
    }
    return (event_of(transition, by=by, now=now, data=data),)


def start(state: Activation, *, by: Actor, now: datetime) -> tuple[Event, ...]:
    """The event of the start; Refused before the stated hour."""
    transition = TABLE.require("start", state.state, subject=_name(state))
    if now < state.starts_at:
        raise Refused(
            act="启动响应",
            subject=_name(state),
            state=state.state.chinese,
            rule=f"启动时间为{state.starts_at:%m月%d日%H时}，尚未到达",
            possible="请等待到点自动启动，或重新安排时间",
        )
    return (event_of(transition, by=by, now=now),)


def adjust(state: Activation, *, warning: str, level: Level, by: Actor, now: datetime) -> tuple[Event, ...]:
    """The event of a raise or lowering; Refused when the level does not change."""
    transition = TABLE.require("adjust", state.state, subject=_name(state))
    if level is state.level or level is Level.NONE:
        raise Refused(
            act="调整级别",
            subject=_name(state),
            state=state.state.chinese,
            rule=f"目标级别（{level.chinese}）没有变化或不是预警级别",
            possible="如需结束请终止响应",
        )
    data = {"warning": warning, "level": level.word, "from": state.level.word}
    return (event_of(transition, by=by, now=now, data=data),)


def pause(
    state: Activation, *, reason: str, resume_at: datetime | None = None, by: Actor, now: datetime
) -> tuple[Event, ...]:
    """The event of a pause, until a stated hour or until further notice; Refused without a reason or into the past.

    A real one: 衡水 2021-03-06, paused at 14:00 of 6 March, resumed at 18:00 of 9 March.
    """
    transition = TABLE.require("pause", state.state, subject=_name(state))
    if not reason.strip() or (resume_at is not None and resume_at <= now):
        raise Refused(
            act="暂停响应",
            subject=_name(state),
            state=state.state.chinese,
            rule="暂停需要理由，恢复时间应晚于现在",
            possible="请补全后重新提交",
        )
    data = {"reason": reason, "resume_at": None if resume_at is None else resume_at.isoformat()}
    return (event_of(transition, by=by, now=now, data=data),)


def resume(state: Activation, *, by: Actor, now: datetime) -> tuple[Event, ...]:
    """The event that a paused response goes on."""
    transition = TABLE.require("resume", state.state, subject=_name(state))
    return (event_of(transition, by=by, now=now),)


def end(state: Activation, *, reason: str, by: Actor, now: datetime) -> tuple[Event, ...]:
    """The event of the end."""
    transition = TABLE.require("end", state.state, subject=_name(state))
    return (event_of(transition, by=by, now=now, data={"reason": reason}),)


def cancel(state: Activation, *, reason: str, by: Actor, now: datetime) -> tuple[Event, ...]:
    """The event that a scheduled response will not start."""
    transition = TABLE.require("cancel", state.state, subject=_name(state))
    return (event_of(transition, by=by, now=now, data={"reason": reason}),)


def review(state: Activation, *, report_digest: str, by: Actor, now: datetime) -> tuple[Event, ...]:
    """The event that the evaluation (大气污染防治法 第96条) is done; the report is an exhibit."""
    transition = TABLE.require("review", state.state, subject=_name(state))
    return (event_of(transition, by=by, now=now, data={"report_digest": report_digest}, basis=(report_digest,)),)


def evolve(state: Activation | None, event: Event) -> Activation:
    """The activation after one recorded event."""
    data = event.data
    if state is None:
        return Activation(
            identifier=data["identifier"],
            episode=data["episode"],
            state=ActivationState.SCHEDULED,
            warning=data["warning"],
            level=Level.of(data["level"]),
            starts_at=datetime.fromisoformat(data["starts_at"]),
            list_digest=data["list_digest"],
        )
    after = TABLE.after(event.kind, state.state)
    state = replace(state, state=after)
    match event.kind:
        case "started":
            return replace(state, started_at=event.occurred_at)
        case "adjusted":
            return replace(
                state, warning=data["warning"], level=Level.of(data["level"]), adjustments=state.adjustments + 1
            )
        case "paused":
            until = data.get("resume_at")
            return replace(state, resume_at=None if until is None else datetime.fromisoformat(until))
        case "resumed":
            return replace(state, resume_at=None)
        case "ended" | "cancelled":
            return replace(state, ended_at=event.occurred_at)
        case "reviewed":
            return replace(state, report_digest=data["report_digest"])
        case _:
            return state


def _name(state: Activation) -> str:
    return f"{state.level.response}响应 {state.identifier}"
