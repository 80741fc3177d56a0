"""What a recipient may say back to an order: a question or appeal, a request to be exempted; and the office's answers.

Each is an event beside the order, never a change of what is ordered; only an exemption granted by the office is.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from emergency.lifecycle import Actor, Event, Refused, event_of
from emergency.order import TABLE, Order

KINDS = {"question": "提问", "appeal": "申诉"}
OFFLINE_LONGEST = timedelta(hours=24)
"""A form filled without network keeps its own time when it arrives within so long; a setting of the office (I)."""


def ask(state: Order, *, kind: str, text: str, by: Actor, now: datetime) -> tuple[Event, ...]:
    """The event of a question or an appeal; ValueError for another kind."""
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is neither a question nor an appeal")
    transition = TABLE.require("ask", state.state, subject=_name(state))
    data = {"number": len(state.questions) + 1, "kind": kind, "text": text}
    return (event_of(transition, by=by, now=now, data=data),)


def answer(state: Order, *, number: int, text: str, by: Actor, now: datetime) -> tuple[Event, ...]:
    """The event of the answer to one of them; Refused when there is none such, or it was answered."""
    transition = TABLE.require("answer", state.state, subject=_name(state))
    found = next((one for one in state.questions if one["number"] == number), None)
    if found is None or "answer" in found:
        raise Refused(
            act="答复",
            subject=_name(state),
            state=state.state.chinese,
            rule="没有这个编号的待答复事项",
            possible="请刷新后查看",
        )
    return (event_of(transition, by=by, now=now, data={"number": number, "answer": text}),)


def request_exemption(state: Order, *, reason: str, by: Actor, now: datetime) -> tuple[Event, ...]:
    """The event of a request to be exempted (people's livelihood, safety of the process ...); the order stands."""
    transition = TABLE.require("request_exemption", state.state, subject=_name(state))
    if state.exemption is not None and "refused" not in state.exemption:
        raise Refused(
            act="申请豁免",
            subject=_name(state),
            state=state.state.chinese,
            rule="已有一份申请等待答复",
            possible="请等待蓝天办答复；答复前指令照常执行",
        )
    return (event_of(transition, by=by, now=now, data={"reason": reason}),)


def refuse_exemption(state: Order, *, reason: str, by: Actor, now: datetime) -> tuple[Event, ...]:
    """The event that the request is turned down, with the reason."""
    transition = TABLE.require("refuse_exemption", state.state, subject=_name(state))
    if state.exemption is None or "refused" in state.exemption:
        raise Refused(
            act="不予豁免",
            subject=_name(state),
            state=state.state.chinese,
            rule="没有等待答复的豁免申请",
            possible="请刷新后查看",
        )
    return (event_of(transition, by=by, now=now, data={"reason": reason}),)


def own_time(state: Order, filled_at: datetime | None, *, now: datetime) -> datetime:
    """When a form was filled: its own time if that can be, else Refused; `now` when the form brings none."""
    if filled_at is None:
        return now
    if state.issued_at <= filled_at <= now and now - filled_at <= OFFLINE_LONGEST:
        return filled_at
    hours = OFFLINE_LONGEST.total_seconds() / 3600
    raise Refused(
        act="按离线填写时间补报",
        subject=_name(state),
        state=state.state.chinese,
        rule=f"填写时间须在指令下达之后、现在之前，并在{hours:.0f}小时以内送达",
        possible="请按现在的时间重新填写，或请值班员代为登记",
    )


def _name(state: Order) -> str:
    return f"指令 {state.identifier}（{state.enterprise_name}）"
