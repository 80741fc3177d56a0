"""Problem 交办问题: from a finding to 销号, with the look-back (回头看) in between.

A problem names the responsible unit, what is wrong, the standard to meet and the deadline, as the winter-campaign
bulletin of 2016 asks (明确责任单位、责任人、工作内容、标准要求、完成时限、奖罚措施).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from emergency.lifecycle import Actor, Event, Refused, State, Table, Transition, event_of


class ProblemState(State):
    """States of a problem."""

    FOUND = ("found", "已发现")
    ASSIGNED = ("assigned", "已交办")
    RECTIFIED = ("rectified", "已报整改")
    VERIFIED = ("verified", "已回头看")
    CLOSED = ("closed", "已销号")
    REOPENED = ("reopened", "已重新交办")


_F, _A, _R, _V, _C, _O = ProblemState
TABLE = Table(
    "problem",
    "交办问题",
    ProblemState,
    frozenset({_C}),
    (
        Transition("find", "登记问题", (None,), "found", _F),
        Transition("assign", "交办", (_F,), "assigned", _A),
        Transition("rectify", "报告整改", (_A, _O), "rectified", _R),
        Transition("verify", "回头看通过", (_R,), "verified", _V),
        Transition("reopen", "回头看不通过", (_R, _V), "reopened", _O),
        Transition("close", "销号", (_V,), "closed", _C),
    ),
)


@dataclass(frozen=True, slots=True)
class Problem:
    """The state of one problem."""

    identifier: str
    episode: str
    state: ProblemState
    enterprise: str
    order: str
    content: str
    standard: str
    found_at: datetime
    unit: str = ""
    due_at: datetime | None = None
    rectification: str = ""
    reopenings: int = 0
    person: str = ""
    """Who answers for it at the unit: a position."""
    consequence: str = ""
    """Reward or penalty that was announced with the hand-over (奖罚措施)."""
    photo: str = ""
    """Digest of the picture that the unit sent with its report."""
    assigned_at: datetime | None = None
    rectified_at: datetime | None = None

    def overdue(self, now: datetime) -> bool:
        """Whether the deadline has passed without a report of rectification."""
        waiting = self.state in (ProblemState.ASSIGNED, ProblemState.REOPENED)
        return waiting and self.due_at is not None and now > self.due_at


def find(
    *,
    identifier: str,
    episode: str,
    enterprise: str,
    order: str,
    content: str,
    standard: str,
    by: Actor,
    now: datetime,
    basis: tuple[str, ...] = (),
) -> tuple[Event, ...]:
    """The event that registers a problem found at an enterprise under an order."""
    transition = TABLE.require("find", None, subject=f"问题 {identifier}")
    data = {
        "identifier": identifier,
        "episode": episode,
        "enterprise": enterprise,
        "order": order,
        "content": content,
        "standard": standard,
    }
    return (event_of(transition, by=by, now=now, data=data, basis=basis),)


def assign(
    state: Problem, *, unit: str, due_at: datetime, by: Actor, now: datetime, more: Mapping[str, str] | None = None
) -> tuple[Event, ...]:
    """The event that hands the problem to a unit with a deadline; Refused for a deadline in the past.

    `more` may name person, content, standard and consequence, as the office words the hand-over.
    """
    transition = TABLE.require("assign", state.state, subject=_name(state))
    if due_at <= now:
        raise Refused(
            act="交办",
            subject=_name(state),
            state=state.state.chinese,
            rule="整改期限早于现在",
            possible="请给出将来的期限",
        )
    words = {key: value for key, value in (more or {}).items() if value}
    return (event_of(transition, by=by, now=now, data={"unit": unit, "due_at": due_at.isoformat(), **words}),)


def rectify(state: Problem, *, report: str, by: Actor, now: datetime, photo: str = "") -> tuple[Event, ...]:
    """The event that the unit reports the problem mended; `photo` is the digest of its picture."""
    transition = TABLE.require("rectify", state.state, subject=_name(state))
    data = {"report": report, "photo": photo} if photo else {"report": report}
    return (event_of(transition, by=by, now=now, data=data),)


def verify(state: Problem, *, note: str, by: Actor, now: datetime) -> tuple[Event, ...]:
    """The event that the look-back confirmed it."""
    transition = TABLE.require("verify", state.state, subject=_name(state))
    return (event_of(transition, by=by, now=now, data={"note": note}),)


def reopen(state: Problem, *, reason: str, due_at: datetime, by: Actor, now: datetime) -> tuple[Event, ...]:
    """The event that the look-back found it not mended."""
    transition = TABLE.require("reopen", state.state, subject=_name(state))
    return (event_of(transition, by=by, now=now, data={"reason": reason, "due_at": due_at.isoformat()}),)


def close(state: Problem, *, by: Actor, now: datetime) -> tuple[Event, ...]:
    """The event of 销号."""
    transition = TABLE.require("close", state.state, subject=_name(state))
    return (event_of(transition, by=by, now=now),)


def evolve(state: Problem | None, event: Event) -> Problem:
    """The problem after one recorded event."""
    data = event.data
    if state is None:
        return Problem(
            identifier=data["identifier"],
            episode=data["episode"],
            state=ProblemState.FOUND,
            enterprise=data["enterprise"],
            order=data["order"],
            content=data["content"],
            standard=data["standard"],
            found_at=event.occurred_at,
        )
    after = TABLE.after(event.kind, state.state)
    state = replace(state, state=after)
    match event.kind:
        case "assigned":
            return replace(
                state,
                unit=data["unit"],
                due_at=datetime.fromisoformat(data["due_at"]),
                person=data.get("person", ""),
                content=data.get("content", state.content),
                standard=data.get("standard", state.standard),
                consequence=data.get("consequence", ""),
                assigned_at=event.occurred_at,
            )
        case "rectified":
            return replace(
                state, rectification=data["report"], photo=data.get("photo", ""), rectified_at=event.occurred_at
            )
        case "reopened":
            due_at = datetime.fromisoformat(data["due_at"])
            return replace(state, due_at=due_at, reopenings=state.reopenings + 1)
        case _:
            return state


def _name(state: Problem) -> str:
    return f"问题 {state.identifier}"
