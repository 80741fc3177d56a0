"""Link 签收链接: an address by which one plant comes in for a time, from its making to the day it is taken back.

Neither the address nor its code stands here: the record says who made a link for whom and until when, when the plant
first came in by it, and who took it back and why. That a link ends with its time is the clock's matter and no event.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from emergency.lifecycle import Actor, Event, Refused, State, Table, Transition, event_of
from emergency.vocabulary import Role

MAKERS = frozenset({Role.DUTY_OFFICER, Role.OFFICE_DIRECTOR})
"""Who may make a link and take one back, their own or a colleague's: the next shift answers for it too."""


class LinkState(State):
    """States of a link."""

    MADE = ("made", "可用")
    REVOKED = ("revoked", "已撤销")


_M, _R = LinkState
TABLE = Table(
    "link",
    "签收链接",
    LinkState,
    frozenset({_R}),
    (
        Transition("make", "生成签收链接", (None,), "made", _M),
        Transition("enter", "凭链接进入", (_M,), "entered", None),
        Transition("revoke", "撤销签收链接", (_M,), "revoked", _R),
    ),
)


@dataclass(frozen=True, slots=True)
class PlantLink:
    """The state of one link."""

    identifier: str
    state: LinkState
    enterprise: str
    enterprise_name: str
    account: str
    """Whose log-in it stands for."""
    ends_at: datetime
    """By the real clock, also in a replay."""
    made_at: datetime
    made_by: str
    entered_at: datetime | None = None
    """When the plant first came in by it."""
    revoked_at: datetime | None = None
    revoked_by: str = ""
    reason: str = ""
    episode: str = ""
    """Always empty: a link belongs to no episode."""


def make(
    *,
    identifier: str,
    enterprise: str,
    enterprise_name: str,
    account: str,
    ends_at: datetime,
    by: Actor,
    now: datetime,
) -> tuple[Event, ...]:
    """The event that a link is made; Refused for who may not."""
    transition = TABLE.require("make", None, subject=_name(enterprise_name))
    _authority(by, act=transition.chinese, subject=_name(enterprise_name), state="尚未建立")
    data = {
        "identifier": identifier, "enterprise": enterprise, "enterprise_name": enterprise_name, "account": account,
        "ends_at": ends_at.isoformat(),
    }  # fmt: skip
    return (event_of(transition, by=by, now=now, data=data),)


def enter(state: PlantLink, *, by: Actor, now: datetime) -> tuple[Event, ...]:
    """The event that the plant came in by the link; nothing when it has come in before."""
    transition = TABLE.require("enter", state.state, subject=_name(state.enterprise_name))
    return () if state.entered_at is not None else (event_of(transition, by=by, now=now),)


def revoke(state: PlantLink, *, reason: str, by: Actor, now: datetime) -> tuple[Event, ...]:
    """The event that a link is taken back; Refused without a reason and for who may not."""
    subject = _name(state.enterprise_name)
    transition = TABLE.require("revoke", state.state, subject=subject)
    _authority(by, act=transition.chinese, subject=subject, state=state.state.chinese)
    if not reason.strip():
        raise Refused(
            act=transition.chinese,
            subject=subject,
            state=state.state.chinese,
            rule="没有写撤销原因",
            possible="请写明撤销原因",
        )
    return (event_of(transition, by=by, now=now, data={"reason": reason}),)


def evolve(state: PlantLink | None, event: Event) -> PlantLink:
    """The link after one recorded event."""
    data = event.data
    if state is None:
        return PlantLink(
            identifier=data["identifier"],
            state=LinkState.MADE,
            enterprise=data["enterprise"],
            enterprise_name=data["enterprise_name"],
            account=data["account"],
            ends_at=datetime.fromisoformat(data["ends_at"]),
            made_at=event.occurred_at,
            made_by=event.actor,
        )
    state = replace(state, state=TABLE.after(event.kind, state.state))
    match event.kind:
        case "entered":
            return replace(state, entered_at=event.occurred_at)
        case "revoked":
            return replace(state, revoked_at=event.occurred_at, revoked_by=event.actor, reason=data["reason"])
        case _:
            return state


def _authority(by: Actor, *, act: str, subject: str, state: str) -> None:
    if by.role not in MAKERS:
        raise Refused(
            act=act,
            subject=subject,
            state=state,
            rule=f"{by.role.chinese}无权办理签收链接",
            possible="应由duty_officer或office_director办理",
        )


def _name(enterprise_name: str) -> str:
    return f"签收链接 {enterprise_name}"
