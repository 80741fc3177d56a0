"""AirWarning 预警: drafted, approved by the authority of the plan, issued, and ended by a successor or a lift.

Only the government may publish a warning (大气污染防治法 第95条), so nothing is issued, and nothing lifted, without the
recorded approvals that the city plan names for the level. Nothing issued is edited: a raise, a lowering or a new end is
a successor that supersedes. An issued warning whose end has passed stays issued until somebody lifts it; the desk shows
it in red.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from emergency.lifecycle import Actor, Event, Refused, State, Table, Transition, event_of
from emergency.vocabulary import Level
from emergency.warning_draft import POLLUTANTS, Authority, Draft, as_data, check, merged, read

__all__ = ["POLLUTANTS", "TABLE", "AirWarning", "Authority", "Draft", "WarningState", "merged"]


class WarningState(State):
    """States of a warning."""

    DRAFTED = ("drafted", "待审批")
    RETURNED = ("returned", "退回修改")
    APPROVED = ("approved", "已批准")
    ISSUED = ("issued", "已发布")
    SUPERSEDED = ("superseded", "已被替代")
    LIFTED = ("lifted", "已解除")
    WITHDRAWN = ("withdrawn", "已撤回")


_D, _R, _A, _I, _S, _L, _W = WarningState
TABLE = Table(
    "warning",
    "预警",
    WarningState,
    frozenset({_S, _L, _W}),
    (
        Transition("draft", "起草预警", (None,), "drafted", _D),
        Transition("sign", "签署意见", (_D,), "signed", None),
        Transition("approve", "批准预警", (_D,), "approved", _A),
        Transition("return", "退回修改", (_D,), "returned", _R),
        Transition("redraft", "修改后重报", (_R,), "redrafted", _D),
        Transition("issue", "发布预警", (_A,), "issued", _I),
        Transition("supersede", "替代预警", (_I,), "superseded", _S),
        Transition("ask_lift", "提请解除", (_I,), "lift_asked", None),
        Transition("sign_lift", "签批解除", (_I,), "lift_signed", None),
        Transition("lift", "解除预警", (_I,), "lifted", _L),
        Transition("withdraw", "撤回草稿", (_D, _R, _A), "withdrawn", _W),
    ),
)


@dataclass(frozen=True, slots=True)
class AirWarning:
    """The state of one warning."""

    identifier: str
    episode: str
    state: WarningState
    draft: Draft
    signatures: tuple[tuple[str, str], ...] = ()
    """(person, role) of everyone who signed the present draft."""
    issued_at: datetime | None = None
    ended_at: datetime | None = None
    successor: str | None = None
    return_reason: str = ""
    notice: Mapping[str, str] | None = None
    """Identifier, sender and sent of the public message of its issue, frozen with it."""
    lift_reason: str = ""
    """Why the lift was asked for; empty while nobody asked."""
    lift_signatures: tuple[tuple[str, str], ...] = ()
    """(person, role) of everyone who signed the lift."""

    @property
    def level(self) -> Level:
        """The level of the draft."""
        return Level.of(self.draft.level)


def draft(
    *, identifier: str, episode: str, content: Draft, by: Actor, now: datetime, basis: tuple[str, ...] = ()
) -> tuple[Event, ...]:
    """The event of a draft; Refused when it ends before it starts, has no reason, or warns of nothing."""
    transition = TABLE.require("draft", None, subject=f"预警 {identifier}")
    check(identifier, "起草预警", content)
    return (event_of(transition, by=by, now=now, data=as_data(identifier, episode, content), basis=basis),)


def redraft(state: AirWarning, *, content: Draft, by: Actor, now: datetime) -> tuple[Event, ...]:
    """The event of a corrected draft; earlier signatures do not carry over."""
    transition = TABLE.require("redraft", state.state, subject=_name(state))
    check(state.identifier, "修改后重报", content)
    return (event_of(transition, by=by, now=now, data=as_data(state.identifier, state.episode, content)),)


def approve(state: AirWarning, *, authority: Authority, by: Actor, now: datetime) -> tuple[Event, ...]:
    """The events of one signature: `signed`, and `approved` when it completes what the plan asks for.

    Refused for a role without authority at this level, and for a second signature by the same person.
    """
    transition = TABLE.require("approve", state.state, subject=_name(state))
    _may_sign(state, "批准预警", authority, state.signatures, by)
    sign = TABLE.require("sign", state.state, subject=_name(state))
    deputy = by.role.key not in authority.roles
    events = [event_of(sign, by=by, now=now, data={"person": by.identifier, "role": by.role.key, "deputy": deputy})]
    if len(state.signatures) + 1 >= authority.signatures:
        events.append(event_of(transition, by=by, now=now, data={"signatures": len(state.signatures) + 1}))
    return tuple(events)


def ask_lift(
    state: AirWarning,
    *,
    reason: str,
    below_hours: int,
    required_hours: int,
    superior: str = "",
    by: Actor,
    now: datetime,
) -> tuple[Event, ...]:
    """The event that a lift is put before who may sign it; Refused under the same rule as the lift itself."""
    transition = TABLE.require("ask_lift", state.state, subject=_name(state))
    _long_enough(state, "提请解除", below_hours, required_hours, superior)
    if not reason.strip():
        raise Refused(
            act="提请解除", subject=_name(state), state=state.state.chinese, rule="需要理由", possible="请写明理由"
        )
    data = {"reason": reason, "below_hours": below_hours, "superior": superior}
    return (event_of(transition, by=by, now=now, data=data),)


def sign_lift(state: AirWarning, *, authority: Authority, by: Actor, now: datetime) -> tuple[Event, ...]:
    """The event of one signature under a lift; Refused when nobody asked for it, and as for a draft's signature."""
    transition = TABLE.require("sign_lift", state.state, subject=_name(state))
    if not state.lift_reason:
        raise Refused(
            act="签批解除",
            subject=_name(state),
            state=state.state.chinese,
            rule="还没有提请解除",
            possible="请由值班员先提请解除",
        )
    _may_sign(state, "签批解除", authority, state.lift_signatures, by)
    return (event_of(transition, by=by, now=now, data={"person": by.identifier, "role": by.role.key}),)


def send_back(state: AirWarning, *, reason: str, by: Actor, now: datetime) -> tuple[Event, ...]:
    """The event that returns a draft with a reason."""
    transition = TABLE.require("return", state.state, subject=_name(state))
    return (event_of(transition, by=by, now=now, data={"reason": reason}),)


def issue(
    state: AirWarning,
    *,
    by: Actor,
    now: datetime,
    notice: Mapping[str, str] | None = None,
    basis: tuple[str, ...] = (),
) -> tuple[Event, ...]:
    """The event of issue; Refused unless the approvals are recorded (大气污染防治法 第95条).

    `notice` is what later messages must know of the public one, `basis` the digests of its texts.
    """
    transition = TABLE.require("issue", state.state, subject=_name(state))
    data: dict[str, object] = {"approved_by": [list(pair) for pair in state.signatures]}
    if notice is not None:
        data["notice"] = dict(notice)
    return (event_of(transition, by=by, now=now, data=data, basis=basis),)


def supersede(state: AirWarning, *, successor: str, by: Actor, now: datetime) -> tuple[Event, ...]:
    """The event that an issued warning is replaced by a successor (raise, lowering or new end)."""
    transition = TABLE.require("supersede", state.state, subject=_name(state))
    return (event_of(transition, by=by, now=now, data={"successor": successor}),)


def lift(
    state: AirWarning,
    *,
    reason: str,
    below_hours: int,
    required_hours: int,
    authority: Authority | None = None,
    superior: str = "",
    by: Actor,
    now: datetime,
    basis: tuple[str, ...] = (),
) -> tuple[Event, ...]:
    """The event of a lift; Refused while the air is not forecast below the criterion for long enough.

    `below_hours` is how long the official forecast stays below the start criterion of the level from now on,
    `required_hours` what the plan asks for (36 h in every plan read). A warning that follows a superior notice is
    lifted by the superior's own (`superior`), whatever the hours. With an `authority` its signatures must be complete:
    the approval form is one for issue, change and lift (太原 2019: 预警信息发布（调整、解除）审批表).
    """
    transition = TABLE.require("lift", state.state, subject=_name(state))
    _long_enough(state, "解除预警", below_hours, required_hours, superior)
    if authority is not None and len(state.lift_signatures) < authority.signatures:
        raise Refused(
            act="解除预警",
            subject=_name(state),
            state=state.state.chinese,
            rule=f"解除需{authority.signatures}个签批，现有{len(state.lift_signatures)}个",
            possible=f"请提请解除，由以下角色签批：{'、'.join((*authority.roles, *authority.deputies))}",
        )
    data = {"reason": reason, "below_hours": below_hours, "required_hours": required_hours}
    if superior:
        data["superior"] = superior
    if state.lift_signatures:
        data["approved_by"] = [list(pair) for pair in state.lift_signatures]
    return (event_of(transition, by=by, now=now, data=data, basis=basis),)


def withdraw(state: AirWarning, *, reason: str, by: Actor, now: datetime) -> tuple[Event, ...]:
    """The event that a draft is taken back before issue."""
    transition = TABLE.require("withdraw", state.state, subject=_name(state))
    return (event_of(transition, by=by, now=now, data={"reason": reason}),)


def evolve(state: AirWarning | None, event: Event) -> AirWarning:
    """The warning after one recorded event."""
    data = event.data
    if state is None:
        return AirWarning(data["identifier"], data["episode"], WarningState.DRAFTED, read(data))
    after = TABLE.after(event.kind, state.state)
    state = replace(state, state=after)
    match event.kind:
        case "redrafted":
            return replace(state, draft=read(data), signatures=())
        case "signed":
            return replace(state, signatures=(*state.signatures, (data["person"], data["role"])))
        case "returned":
            return replace(state, return_reason=data["reason"], signatures=())
        case "lift_asked":
            return replace(state, lift_reason=data["reason"], lift_signatures=())
        case "lift_signed":
            return replace(state, lift_signatures=(*state.lift_signatures, (data["person"], data["role"])))
        case "issued":
            return replace(state, issued_at=event.occurred_at, notice=data.get("notice"))
        case "superseded":
            return replace(state, ended_at=event.occurred_at, successor=data["successor"])
        case "lifted" | "withdrawn":
            return replace(state, ended_at=event.occurred_at)
        case _:
            return state


def _name(state: AirWarning) -> str:
    return f"{state.draft.name} {state.identifier}"


def _may_sign(
    state: AirWarning, act: str, authority: Authority, signed: tuple[tuple[str, str], ...], by: Actor
) -> None:
    if not authority.allows(by.role.key):
        raise Refused(
            act=act,
            subject=_name(state),
            state=state.state.chinese,
            rule=f"{by.role.chinese}无权批准{state.draft.name}",
            possible=f"应由以下角色签批：{'、'.join((*authority.roles, *authority.deputies))}",
        )
    if any(person == by.identifier for person, _role in signed):
        raise Refused(
            act=act,
            subject=_name(state),
            state=state.state.chinese,
            rule="同一人只能签批一次",
            possible="请等待其他签批人",
        )


def _long_enough(state: AirWarning, act: str, below: int, required: int, superior: str) -> None:
    if state.draft.kind == "control" or (state.draft.superior and superior.strip()):
        return
    if below < required:
        raise Refused(
            act=act,
            subject=_name(state),
            state=state.state.chinese,
            rule=f"预测低于启动标准的时间为{below}小时，少于{required}小时",
            possible="请继续执行，待预测持续低于启动标准后再解除",
        )
