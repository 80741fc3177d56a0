"""Consultation 会商: from the trigger to the signed conclusion.

The conclusion is the official forecast: the signed values decide, the model's do not. Each required party's opinion,
silence or absence is on record before the session can be concluded, and dissent stays on record after it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from emergency.lifecycle import Actor, Event, Refused, State, Table, Transition, event_of


class ConsultationState(State):
    """States of a consultation."""

    PROPOSED = ("proposed", "已提议")
    CONVENED = ("convened", "会商中")
    CONCLUDED = ("concluded", "已形成结论")
    CANCELLED = ("cancelled", "已取消")


_P, _V, _C, _X = ConsultationState
TABLE = Table(
    "consultation",
    "会商",
    ConsultationState,
    frozenset({_C, _X}),
    (
        Transition("propose", "提议会商", (None,), "proposed", _P),
        Transition("convene", "召集会商", (_P,), "convened", _V),
        Transition("note_opinion", "记录意见", (_V,), "opinion_noted", None),
        Transition("note_absence", "记录缺席", (_V,), "absence_noted", None),
        Transition("conclude", "形成结论", (_V,), "concluded", _C),
        Transition("cancel", "取消会商", (_P, _V), "cancelled", _X),
    ),
)


@dataclass(frozen=True, slots=True)
class Consultation:
    """The state of one consultation."""

    identifier: str
    episode: str
    state: ConsultationState
    outlook_digest: str
    first_date: str
    triggers: tuple[Mapping[str, Any], ...] = ()
    required: tuple[str, ...] = ()
    """Role keys whose opinion, or recorded absence, the conclusion needs."""
    opinions: Mapping[str, Mapping[str, Any]] | None = None
    absences: Mapping[str, str] | None = None
    signed_aqi: tuple[int, ...] = ()
    conclusion: str = ""
    level: str = "none"
    judged: str = "none"
    """The level that the criteria give on the signed values; the decision may differ, with a reason."""
    against: str = ""
    """Why the decision differs from the criteria; empty when it does not."""
    model_aqi: tuple[int, ...] = ()
    """What the model had said for the same days: both stay scored."""
    pack: str = ""
    """Digest of the evidence pack."""

    @property
    def missing(self) -> tuple[str, ...]:
        """Required roles that have neither spoken nor been recorded absent."""
        heard = {*(self.opinions or {}), *(self.absences or {})}
        return tuple(role for role in self.required if role not in heard)


def propose(
    *,
    identifier: str,
    episode: str,
    outlook_digest: str,
    first_date: str,
    triggers: Sequence[Mapping[str, Any]],
    pack: str = "",
    by: Actor,
    now: datetime,
    basis: tuple[str, ...] = (),
) -> tuple[Event, ...]:
    """The event that opens a consultation, with the triggers that were met; Refused without any trigger."""
    transition = TABLE.require("propose", None, subject=f"会商 {identifier}")
    if not triggers:
        raise Refused(
            act="提议会商",
            subject=f"会商 {identifier}",
            state="尚未建立",
            rule="至少需要一条触发条件或手动理由",
            possible="请写明触发条件或理由",
        )
    data = {
        "identifier": identifier,
        "episode": episode,
        "outlook_digest": outlook_digest,
        "first_date": first_date,
        "triggers": [dict(trigger) for trigger in triggers],
        "pack": pack,
    }
    return (event_of(transition, by=by, now=now, data=data, basis=basis),)


def convene(state: Consultation, *, required: Sequence[str], by: Actor, now: datetime) -> tuple[Event, ...]:
    """The event that convenes the required parties (role keys)."""
    transition = TABLE.require("convene", state.state, subject=f"会商 {state.identifier}")
    return (event_of(transition, by=by, now=now, data={"required": list(required)}),)


def note_opinion(
    state: Consultation,
    *,
    daily_aqi: Sequence[Sequence[int]],
    primary: Sequence[str],
    view: str,
    level: str = "",
    by: Actor,
    now: datetime,
) -> tuple[Event, ...]:
    """The event with one party's view: an AQI range [low, high] and a primary pollutant for each day.

    `level` is the warning level the party would issue ("" when it leaves that to the criteria).
    """
    transition = TABLE.require("note_opinion", state.state, subject=f"会商 {state.identifier}")
    if any(len(pair) != 2 or not 0 <= pair[0] <= pair[1] <= 500 for pair in daily_aqi):
        raise Refused(
            act="记录意见",
            subject=f"会商 {state.identifier}",
            state=state.state.chinese,
            rule="每天的AQI范围应为0到500之间从小到大的两个整数",
            possible="请改正范围后重新提交",
        )
    data = {
        "role": by.role.key,
        "daily_aqi": [list(pair) for pair in daily_aqi],
        "primary": list(primary),
        "view": view,
        "level": level,
    }
    return (event_of(transition, by=by, now=now, data=data),)


def note_absence(state: Consultation, *, role: str, why: str, by: Actor, now: datetime) -> tuple[Event, ...]:
    """The event that a required party was asked and did not speak."""
    transition = TABLE.require("note_absence", state.state, subject=f"会商 {state.identifier}")
    return (event_of(transition, by=by, now=now, data={"role": role, "why": why}),)


def conclude(
    state: Consultation,
    *,
    signed_aqi: Sequence[int],
    level: str,
    reason: str,
    judged: str | None = None,
    against: str = "",
    model_aqi: Sequence[int] = (),
    by: Actor,
    now: datetime,
    basis: tuple[str, ...] = (),
) -> tuple[Event, ...]:
    """The event with the official forecast: one signed AQI a day, the level that is decided, and the reason.

    `judged` is the level that the criteria give on the signed values (by default the same). A decision that differs,
    "criterion met but decided against" or the other way round, is refused
    without its own reason. Refused too while a required party has neither spoken nor been recorded absent, without a
    reason, or with values outside 0..500.
    """
    transition = TABLE.require("conclude", state.state, subject=f"会商 {state.identifier}")
    subject = f"会商 {state.identifier}"
    if state.missing:
        raise Refused(
            act="形成结论",
            subject=subject,
            state=state.state.chinese,
            rule=f"还缺少{len(state.missing)}方意见（{'、'.join(state.missing)}）",
            possible="请等待其意见，或记录其缺席",
        )
    if not reason.strip():
        raise Refused(
            act="形成结论", subject=subject, state=state.state.chinese, rule="结论需要理由", possible="请写明理由"
        )
    if not signed_aqi or any(not 0 <= value <= 500 for value in signed_aqi):
        raise Refused(
            act="形成结论",
            subject=subject,
            state=state.state.chinese,
            rule="每天需要一个0到500的AQI签发值",
            possible="请补全签发值",
        )
    judged = level if judged is None else judged
    if judged != level and not against.strip():
        raise Refused(
            act="形成结论",
            subject=subject,
            state=state.state.chinese,
            rule="结论级别与标准判定不同",
            possible="请单独写明不按标准判定的理由",
        )
    data = {
        "signed_aqi": list(signed_aqi),
        "level": level,
        "reason": reason,
        "judged": judged,
        "against": against if judged != level else "",
        "model_aqi": list(model_aqi),
        "opinions": dict(state.opinions or {}),
        "absences": dict(state.absences or {}),
    }
    return (event_of(transition, by=by, now=now, data=data, basis=basis),)


def cancel(state: Consultation, *, reason: str, by: Actor, now: datetime) -> tuple[Event, ...]:
    """The event that ends a consultation without a conclusion."""
    transition = TABLE.require("cancel", state.state, subject=f"会商 {state.identifier}")
    return (event_of(transition, by=by, now=now, data={"reason": reason}),)


def evolve(state: Consultation | None, event: Event) -> Consultation:
    """The consultation after one recorded event."""
    data = event.data
    if state is None:
        return Consultation(
            identifier=data["identifier"],
            episode=data["episode"],
            state=ConsultationState.PROPOSED,
            outlook_digest=data["outlook_digest"],
            first_date=data["first_date"],
            triggers=tuple(data["triggers"]),
            pack=data.get("pack", ""),
        )
    after = TABLE.after(event.kind, state.state)
    state = replace(state, state=after)
    match event.kind:
        case "convened":
            return replace(state, required=tuple(data["required"]))
        case "opinion_noted":
            return replace(state, opinions={**(state.opinions or {}), data["role"]: data})
        case "absence_noted":
            return replace(state, absences={**(state.absences or {}), data["role"]: data["why"]})
        case "concluded":
            return replace(
                state,
                signed_aqi=tuple(data["signed_aqi"]),
                conclusion=data["reason"],
                level=data["level"],
                judged=data.get("judged", data["level"]),
                against=data.get("against", ""),
                model_aqi=tuple(data.get("model_aqi", ())),
            )
        case _:
            return state
