"""Order 减排指令: what one enterprise must do in one round of an activation, and what became of it.

Identifiers are made from the activation, the round and the enterprise, so issuing twice changes nothing. "Overdue" is
not a state but a question asked of (state, now); the chase about it is an event.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from emergency.lifecycle import Actor, Event, Refused, State, Table, Transition, event_of


class OrderState(State):
    """States of an order."""

    ISSUED = ("issued", "已下达")
    DELIVERED = ("delivered", "已送达")
    ACKNOWLEDGED = ("acknowledged", "已签收")
    EXECUTING = ("executing", "执行中")
    SUPERSEDED = ("superseded", "已被新指令替代")
    RELEASED = ("released", "已解除")
    EXEMPTED = ("exempted", "已豁免")
    CLOSED = ("closed", "已办结")


_I, _D, _A, _E, _S, _R, _X, _C = OrderState
_OPEN = (_I, _D, _A, _E)
TABLE = Table(
    "order",
    "减排指令",
    OrderState,
    frozenset({_C}),
    (
        Transition("issue", "下达指令", (None,), "issued", _I),
        Transition("deliver", "记录送达", (_I,), "delivered", _D),
        Transition("fail_delivery", "记录未送达", (_I,), "delivery_failed", None),
        Transition("acknowledge", "签收", (_I, _D), "acknowledged", _A),
        Transition("execute", "报告执行", (_A,), "execution_reported", _E),
        Transition("file_evidence", "提交佐证", (*_OPEN, _S, _R), "evidence_filed", None),
        Transition("find", "记录核查结论", (*_OPEN, _S, _R), "finding_recorded", None),
        Transition("chase", "催办", _OPEN, "chased", None),
        Transition("supersede", "替代指令", _OPEN, "superseded", _S),
        Transition("release", "解除指令", _OPEN, "released", _R),
        Transition("exempt", "豁免", _OPEN, "exempted", _X),
        Transition("ask", "提问或申诉", (*_OPEN, _S, _R), "asked", None),
        Transition("answer", "答复", (*_OPEN, _S, _R), "answered", None),
        Transition("request_exemption", "申请豁免", _OPEN, "exemption_requested", None),
        Transition("refuse_exemption", "不予豁免", _OPEN, "exemption_refused", None),
        Transition("close", "办结", (_S, _R, _X), "closed", _C),
    ),
)


@dataclass(frozen=True, slots=True)
class Order:
    """The state of one order."""

    identifier: str
    episode: str
    activation: str
    enterprise: str
    enterprise_name: str
    level: str
    state: OrderState
    measures: tuple[Mapping[str, Any], ...]
    """What from the list: target (line or device), action, share of emissions cut, how it is checked."""
    issued_at: datetime
    respond_by: datetime
    execute_by: datetime
    voluntary: bool = False
    """True for grade A and 引领性: the order informs, the cut is the plant's own decision (自主减排)."""
    delivered_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    executed_at: datetime | None = None
    ended_at: datetime | None = None
    chases: int = 0
    findings: tuple[Mapping[str, Any], ...] = ()
    evidence: tuple[Mapping[str, Any], ...] = ()
    audience: str = "enterprise"
    """"enterprise" or "department": departments of the city get their tasks as orders too."""
    acknowledged_via: str = "portal"
    """How the receipt came: portal, or by the office's hand after phone, paper or a visit."""
    questions: tuple[Mapping[str, Any], ...] = ()
    """Questions and appeals with their answers, oldest first."""
    exemption: Mapping[str, Any] | None = None
    """The last request to be exempted: its reason, and the answer once there is one."""

    def silent(self, now: datetime) -> bool:
        """Whether the enterprise has not acknowledged by the deadline (and the order is still open)."""
        return self.state in (OrderState.ISSUED, OrderState.DELIVERED) and now > self.respond_by

    @property
    def late(self) -> bool:
        """Whether the acknowledgement came after the deadline."""
        return self.acknowledged_at is not None and self.acknowledged_at > self.respond_by


def identifier_of(*, activation: str, round_number: int, enterprise: str) -> str:
    """The deterministic identifier of an order: a rerun of the same act gives the same one."""
    return f"{activation}.{round_number}.{enterprise}"


def issue(
    *,
    identifier: str,
    episode: str,
    activation: str,
    enterprise: str,
    enterprise_name: str,
    level: str,
    measures: Sequence[Mapping[str, Any]],
    voluntary: bool,
    respond_by: datetime,
    execute_by: datetime,
    replaces: str | None,
    by: Actor,
    now: datetime,
    basis: tuple[str, ...] = (),
    audience: str = "enterprise",
) -> tuple[Event, ...]:
    """The event of one order; Refused when it orders nothing although it is not voluntary."""
    transition = TABLE.require("issue", None, subject=f"指令 {identifier}")
    if not measures and not voluntary:
        raise Refused(
            act="下达指令",
            subject=f"指令 {identifier}",
            state="尚未建立",
            rule="清单中没有该级别的措施",
            possible="请先在减排清单中补充措施",
        )
    data = {
        "identifier": identifier,
        "episode": episode,
        "activation": activation,
        "enterprise": enterprise,
        "enterprise_name": enterprise_name,
        "level": level,
        "measures": [dict(measure) for measure in measures],
        "voluntary": voluntary,
        "respond_by": respond_by.isoformat(),
        "execute_by": execute_by.isoformat(),
        "replaces": replaces,
    }
    if audience != "enterprise":
        data["audience"] = audience
    return (event_of(transition, by=by, now=now, data=data, basis=basis),)


def deliver(state: Order, *, channel: str, by: Actor, now: datetime) -> tuple[Event, ...]:
    """The event that a channel handed the order over."""
    transition = TABLE.require("deliver", state.state, subject=_name(state))
    return (event_of(transition, by=by, now=now, data={"channel": channel}),)


def fail_delivery(state: Order, *, why: str, by: Actor, now: datetime) -> tuple[Event, ...]:
    """The event that the order did not reach the enterprise (no contact on file, channel refused)."""
    transition = TABLE.require("fail_delivery", state.state, subject=_name(state))
    return (event_of(transition, by=by, now=now, data={"why": why}),)


def acknowledge(
    state: Order, *, signer: str, by: Actor, now: datetime, more: Mapping[str, Any] | None = None
) -> tuple[Event, ...]:
    """The event of a receipt; `signer` is who signs, and as what; `more` says how it came and before whom."""
    transition = TABLE.require("acknowledge", state.state, subject=_name(state))
    return (event_of(transition, by=by, now=now, data={"signer": signer, **(more or {})}),)


def execute(
    state: Order, *, report: str, by: Actor, now: datetime, more: Mapping[str, Any] | None = None
) -> tuple[Event, ...]:
    """The event that the enterprise says its measures are in place."""
    transition = TABLE.require("execute", state.state, subject=_name(state))
    return (event_of(transition, by=by, now=now, data={"report": report, **(more or {})}),)


def file_evidence(state: Order, *, evidence: Mapping[str, Any], by: Actor, now: datetime) -> tuple[Event, ...]:
    """The event of one piece of evidence (meter reading, photograph digest, ledger)."""
    transition = TABLE.require("file_evidence", state.state, subject=_name(state))
    return (event_of(transition, by=by, now=now, data=dict(evidence)),)


def record_finding(state: Order, *, finding: Mapping[str, Any], by: Actor, now: datetime) -> tuple[Event, ...]:
    """The event of a compliance finding: a judgement beside the order, not a state of it."""
    transition = TABLE.require("find", state.state, subject=_name(state))
    return (event_of(transition, by=by, now=now, data=dict(finding)),)


def chase(state: Order, *, by: Actor, now: datetime) -> tuple[Event, ...]:
    """The event of one chase; Refused while the deadline has not passed or after a receipt."""
    transition = TABLE.require("chase", state.state, subject=_name(state))
    if not state.silent(now):
        raise Refused(
            act="催办",
            subject=_name(state),
            state=state.state.chinese,
            rule=f"签收期限为{state.respond_by:%m月%d日%H:%M}，并未逾期未签",
            possible="逾期未签收后才催办",
        )
    return (event_of(transition, by=by, now=now, data={"number": state.chases + 1}),)


def supersede(state: Order, *, successor: str, by: Actor, now: datetime) -> tuple[Event, ...]:
    """The event that a new order replaces this one."""
    transition = TABLE.require("supersede", state.state, subject=_name(state))
    return (event_of(transition, by=by, now=now, data={"successor": successor}),)


def release(state: Order, *, reason: str, by: Actor, now: datetime) -> tuple[Event, ...]:
    """The event that the enterprise may return to normal."""
    transition = TABLE.require("release", state.state, subject=_name(state))
    return (event_of(transition, by=by, now=now, data={"reason": reason}),)


def exempt(state: Order, *, reason: str, by: Actor, now: datetime) -> tuple[Event, ...]:
    """The event that the enterprise need not follow the order, with the reason."""
    transition = TABLE.require("exempt", state.state, subject=_name(state))
    return (event_of(transition, by=by, now=now, data={"reason": reason}),)


def close(state: Order, *, by: Actor, now: datetime) -> tuple[Event, ...]:
    """The event that nothing more is expected of this order."""
    transition = TABLE.require("close", state.state, subject=_name(state))
    return (event_of(transition, by=by, now=now),)


def evolve(state: Order | None, event: Event) -> Order:
    """The order after one recorded event."""
    data = event.data
    if state is None:
        return Order(
            identifier=data["identifier"],
            episode=data["episode"],
            activation=data["activation"],
            enterprise=data["enterprise"],
            enterprise_name=data["enterprise_name"],
            level=data["level"],
            state=OrderState.ISSUED,
            measures=tuple(data["measures"]),
            issued_at=event.occurred_at,
            respond_by=datetime.fromisoformat(data["respond_by"]),
            execute_by=datetime.fromisoformat(data["execute_by"]),
            voluntary=data["voluntary"],
            audience=data.get("audience", "enterprise"),
        )
    after = TABLE.after(event.kind, state.state)
    state = replace(state, state=after)
    at = event.occurred_at
    match event.kind:
        case "delivered":
            return replace(state, delivered_at=at)
        case "acknowledged":
            via = data.get("via", "portal")
            return replace(state, acknowledged_at=at, acknowledged_by=data["signer"], acknowledged_via=via)
        case "execution_reported":
            return replace(state, executed_at=at)
        case "evidence_filed":
            return replace(state, evidence=(*state.evidence, data))
        case "finding_recorded":
            return replace(state, findings=(*state.findings, data))
        case "chased":
            return replace(state, chases=state.chases + 1)
        case "asked":
            return replace(state, questions=(*state.questions, {**data, "at": at.isoformat()}))
        case "answered":
            done = {"answer": data["answer"], "answered_at": at.isoformat()}
            asked = [{**one, **done} if one["number"] == data["number"] else one for one in state.questions]
            return replace(state, questions=tuple(asked))
        case "exemption_requested":
            return replace(state, exemption={**data, "at": at.isoformat()})
        case "exemption_refused":
            return replace(state, exemption={**(state.exemption or {}), "refused": data["reason"]})
        case "superseded" | "released" | "exempted":
            return replace(state, ended_at=at)
        case _:
            return state


def _name(state: Order) -> str:
    return f"指令 {state.identifier}（{state.enterprise_name}）"
