"""AirWarning 预警: drafted, approved by the authority of the plan, issued, and ended by a successor or a lift.

Only the government may publish a warning (大气污染防治法 第95条), so nothing is issued without the recorded approvals
that the city plan names for the level. Nothing issued is edited: a raise, a lowering or a new end is a successor that
supersedes. An issued warning whose end has passed stays issued until somebody lifts it; the desk shows it in red.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from emergency.lifecycle import Actor, Event, Refused, State, Table, Transition, event_of
from emergency.vocabulary import Level


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
        Transition("lift", "解除预警", (_I,), "lifted", _L),
        Transition("withdraw", "撤回草稿", (_D, _R, _A), "withdrawn", _W),
    ),
)


@dataclass(frozen=True, slots=True)
class Authority:
    """Who may approve one level, from the city plan."""

    roles: tuple[str, ...]
    """Role keys that may sign."""
    signatures: int = 1
    """How many different people must sign."""
    deputies: tuple[str, ...] = ()
    """Role keys that may sign in place of the named ones."""

    def allows(self, role: str) -> bool:
        """Whether a person in this role may sign."""
        return role in self.roles or role in self.deputies


@dataclass(frozen=True, slots=True)
class Draft:
    """What a warning says."""

    level: str
    area: str
    starts_at: datetime
    expected_end: datetime
    reason: str
    """Why, in words for the public."""
    text: str
    consultation: str
    """Identifier of the concluded consultation, or "observed" for the start-at-once rule."""
    criterion_met: bool
    replaces: str | None = None


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

    @property
    def level(self) -> Level:
        """The level of the draft."""
        return Level.of(self.draft.level)


def draft(
    *, identifier: str, episode: str, content: Draft, by: Actor, now: datetime, basis: tuple[str, ...] = ()
) -> tuple[Event, ...]:
    """The event of a draft; Refused when it ends before it starts, has no reason, or warns of nothing."""
    transition = TABLE.require("draft", None, subject=f"预警 {identifier}")
    _check(identifier, "起草预警", content)
    return (event_of(transition, by=by, now=now, data=_data(identifier, episode, content), basis=basis),)


def redraft(state: AirWarning, *, content: Draft, by: Actor, now: datetime) -> tuple[Event, ...]:
    """The event of a corrected draft; earlier signatures do not carry over."""
    transition = TABLE.require("redraft", state.state, subject=_name(state))
    _check(state.identifier, "修改后重报", content)
    return (event_of(transition, by=by, now=now, data=_data(state.identifier, state.episode, content)),)


def approve(state: AirWarning, *, authority: Authority, by: Actor, now: datetime) -> tuple[Event, ...]:
    """The events of one signature: `signed`, and `approved` when it completes what the plan asks for.

    Refused for a role without authority at this level, and for a second signature by the same person.
    """
    transition = TABLE.require("approve", state.state, subject=_name(state))
    if not authority.allows(by.role.key):
        raise Refused(
            act="批准预警",
            subject=_name(state),
            state=state.state.chinese,
            rule=f"{by.role.chinese}无权批准{state.level.chinese}预警",
            possible=f"应由以下角色签批：{'、'.join((*authority.roles, *authority.deputies))}",
        )
    if any(person == by.identifier for person, _role in state.signatures):
        raise Refused(
            act="批准预警",
            subject=_name(state),
            state=state.state.chinese,
            rule="同一人只能签批一次",
            possible="请等待其他签批人",
        )
    sign = TABLE.require("sign", state.state, subject=_name(state))
    events = [event_of(sign, by=by, now=now, data={"person": by.identifier, "role": by.role.key})]
    if len(state.signatures) + 1 >= authority.signatures:
        events.append(event_of(transition, by=by, now=now, data={"signatures": len(state.signatures) + 1}))
    return tuple(events)


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
    by: Actor,
    now: datetime,
    basis: tuple[str, ...] = (),
) -> tuple[Event, ...]:
    """The event of a lift; Refused while the air is not forecast below the criterion for long enough.

    `below_hours` is how long the official forecast stays below the start criterion of the level from now on,
    `required_hours` what the plan asks for (36 h in every plan read).
    """
    transition = TABLE.require("lift", state.state, subject=_name(state))
    if below_hours < required_hours:
        raise Refused(
            act="解除预警",
            subject=_name(state),
            state=state.state.chinese,
            rule=f"预测低于启动标准的时间为{below_hours}小时，少于{required_hours}小时",
            possible="请继续执行，待预测持续低于启动标准后再解除",
        )
    data = {"reason": reason, "below_hours": below_hours, "required_hours": required_hours}
    return (event_of(transition, by=by, now=now, data=data, basis=basis),)


def withdraw(state: AirWarning, *, reason: str, by: Actor, now: datetime) -> tuple[Event, ...]:
    """The event that a draft is taken back before issue."""
    transition = TABLE.require("withdraw", state.state, subject=_name(state))
    return (event_of(transition, by=by, now=now, data={"reason": reason}),)


def evolve(state: AirWarning | None, event: Event) -> AirWarning:
    """The warning after one recorded event."""
    data = event.data
    if state is None:
        return AirWarning(data["identifier"], data["episode"], WarningState.DRAFTED, _content(data))
    after = TABLE.after(event.kind, state.state)
    state = replace(state, state=after)
    match event.kind:
        case "redrafted":
            return replace(state, draft=_content(data), signatures=())
        case "signed":
            return replace(state, signatures=(*state.signatures, (data["person"], data["role"])))
        case "returned":
            return replace(state, return_reason=data["reason"], signatures=())
        case "issued":
            return replace(state, issued_at=event.occurred_at, notice=data.get("notice"))
        case "superseded":
            return replace(state, ended_at=event.occurred_at, successor=data["successor"])
        case "lifted" | "withdrawn":
            return replace(state, ended_at=event.occurred_at)
        case _:
            return state


def _name(state: AirWarning) -> str:
    return f"{state.level.chinese}预警 {state.identifier}"


def _check(identifier: str, act: str, content: Draft) -> None:
    fault = ""
    if Level.of(content.level) is Level.NONE:
        fault = "预警必须有级别"
    elif content.expected_end <= content.starts_at:
        fault = "预计结束时间应晚于开始时间"
    elif not content.reason.strip():
        fault = "预警必须写明原因"
    elif content.replaces == identifier:
        fault = "预警不能替代自身"
    if fault:
        raise Refused(act=act, subject=f"预警 {identifier}", state="起草中", rule=fault, possible="请改正后重新提交")


def _data(identifier: str, episode: str, content: Draft) -> dict[str, object]:
    return {
        "identifier": identifier,
        "episode": episode,
        "level": content.level,
        "area": content.area,
        "starts_at": content.starts_at.isoformat(),
        "expected_end": content.expected_end.isoformat(),
        "reason": content.reason,
        "text": content.text,
        "consultation": content.consultation,
        "criterion_met": content.criterion_met,
        "replaces": content.replaces,
    }


def _content(data: Mapping[str, object]) -> Draft:
    return Draft(
        level=str(data["level"]),
        area=str(data["area"]),
        starts_at=datetime.fromisoformat(str(data["starts_at"])),
        expected_end=datetime.fromisoformat(str(data["expected_end"])),
        reason=str(data["reason"]),
        text=str(data["text"]),
        consultation=str(data["consultation"]),
        criterion_met=bool(data["criterion_met"]),
        replaces=str(data["replaces"]) if data["replaces"] is not None else None,
    )
