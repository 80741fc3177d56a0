"""What the acts of the office share: the desk's settings, an instruction, and how a stream is found or refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Self

from emergency import activation, call, consultation, handover, order, problem, warning
from emergency.lifecycle import Refused
from emergency.publisher import Publisher
from emergency.record import Act, Record
from emergency.vocabulary import Level

CONTROL_SIGNERS = warning.Authority(("office_director",))


@dataclass(frozen=True, slots=True)
class Desk:
    """What the office takes from the city plan in force; made by :func:`emergency.desk.desk_of`."""

    area: str
    area_name: str
    authority: Mapping[Level, warning.Authority]
    required_parties: tuple[str, ...]
    """Role keys that a consultation must hear."""
    respond_within: timedelta
    execute_within: timedelta
    rectify_within: timedelta
    lift_hours: int
    rules_digest: str
    publisher: Publisher | None = None
    """Under which codes warnings are published; None takes those known for the area."""
    lift_signed: bool = False
    """Whether a lift needs the same signatures as the issue (the approval form is one for both)."""
    merge_gap: timedelta = timedelta(0)
    """Two episodes closer than this are one; zero asks nothing."""
    approve_within: Mapping[Level, timedelta] = field(default_factory=dict)
    """How long who may sign has for it; two hours where the plan says nothing."""
    control: warning.Authority = CONTROL_SIGNERS
    """Who may order a 临时管控 below yellow; no document read names the role (confidence C)."""

    def may_sign(self, content: warning.Draft) -> warning.Authority:
        """Who may sign a draft: by its level, or the authority of a 临时管控."""
        return self.control if content.kind == "control" else self.authority[Level.of(content.level)]


@dataclass(frozen=True, slots=True)
class Instruction:
    """What the reduction list says for one enterprise at one level."""

    enterprise: str
    enterprise_name: str
    measures: tuple[Mapping[str, Any], ...]
    voluntary: bool
    reachable: bool = True
    """False when no contact is on file: the order is still issued, and the failure to reach is on record."""
    audience: str = "enterprise"
    """"enterprise", or "department" for a department of the city."""


class Acts:
    """Base of the groups of acts: one record, one desk."""

    def __init__(self, record: Record, desk: Desk) -> None:
        self.record = record
        self.desk = desk

    def seen(self, life: str, stream: str, version: int) -> Self:
        """The office for somebody who saw that version of a stream: an act on a later one raises StaleDecision."""
        return type(self)(self.record.expecting(life, stream, version), self.desk)


def refuse_existing(act: Act, life: str, identifier: str, what: str) -> None:
    """Refuse to open a stream that exists."""
    state = act.state(life, identifier)
    if state is not None:
        raise Refused(
            act=what,
            subject=identifier,
            state=state.state.chinese,
            rule="这个编号的事项已经存在",
            possible="请查看已有事项",
        )


def existing(act: Act, life: str, identifier: str) -> Any:
    """The state of a stream; Refused when there is none."""
    state = act.state(life, identifier)
    if state is None:
        raise Refused(act="办理", subject=identifier, state="不存在", rule="没有这个编号的事项", possible="请核对编号")
    return state


def consultation_of(state: Any) -> consultation.Consultation:
    """The state, known to be that of a life-cycle consultation."""
    assert isinstance(state, consultation.Consultation)
    return state


def warning_of(state: Any) -> warning.AirWarning:
    """The state, known to be that of a life-cycle warning."""
    assert isinstance(state, warning.AirWarning)
    return state


def activation_of(state: Any) -> activation.Activation:
    """The state, known to be that of a life-cycle activation."""
    assert isinstance(state, activation.Activation)
    return state


def order_of(state: Any) -> order.Order:
    """The state, known to be that of a life-cycle order."""
    assert isinstance(state, order.Order)
    return state


def problem_of(state: Any) -> problem.Problem:
    """The state, known to be that of a life-cycle problem."""
    assert isinstance(state, problem.Problem)
    return state


def call_of(state: Any) -> call.Call:
    """The state, known to be that of a life-cycle call."""
    assert isinstance(state, call.Call)
    return state


def handover_of(state: Any) -> handover.Handover:
    """The state, known to be that of a life-cycle handover."""
    assert isinstance(state, handover.Handover)
    return state
