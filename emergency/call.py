"""Call 值守呼叫: somebody must take up a matter; who was paged, who has it, and that nobody answered.

The ladder itself is computed by emergency.escalation from the policy and from what stands here; this life-cycle only
remembers. One call belongs to one matter in one state (a draft that waits for a signature, a proposal that waits to be
convened); when the matter moves on, the call is closed, whoever had taken it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from emergency.escalation import Acknowledgement, Jump, Matter, Page
from emergency.lifecycle import Actor, Event, State, Table, Transition, event_of
from emergency.vocabulary import Level


class CallState(State):
    """States of a call."""

    OPEN = ("open", "呼叫中")
    ACKNOWLEDGED = ("acknowledged", "已接手")
    CLOSED = ("closed", "已结束")


_O, _A, _C = CallState
TABLE = Table(
    "call",
    "值守呼叫",
    CallState,
    frozenset({_C}),
    (
        Transition("open", "开始呼叫", (None,), "opened", _O),
        Transition("page", "呼叫", (_O,), "paged", None),
        Transition("take", "应答", (_O,), "taken", None),
        Transition("acknowledge", "接手", (_O,), "acknowledged", _A),
        Transition("jump", "转到指定一级", (_O,), "jumped", None),
        Transition("exhaust", "记录无人应答", (_O,), "unanswered", None),
        Transition("close", "结束呼叫", (_O, _A), "closed", _C),
    ),
)


@dataclass(frozen=True, slots=True)
class Call:
    """The state of one call."""

    identifier: str
    episode: str
    state: CallState
    matter_life: str
    matter: str
    """Stream that waits, e.g. warning-003; for a gap of the roster its shift and day."""
    policy: str
    what: str
    """What is to be done, in words."""
    level: Level
    opened_at: datetime
    pages: tuple[str, ...] = ()
    """Keys of the pages sent."""
    paged: tuple[str, ...] = ()
    """Who was paged, in order, repeats included."""
    paged_at: datetime | None = None
    """When somebody was paged last."""
    taken: tuple[tuple[str, datetime], ...] = ()
    """(person, moment) of everybody who said "I have it"."""
    jumps: tuple[tuple[int, datetime], ...] = ()
    closed_at: datetime | None = None
    unanswered_at: datetime | None = None

    @property
    def as_matter(self) -> Matter:
        """The call as escalation reads it."""
        return Matter(
            key=self.identifier,
            opened_at=self.opened_at,
            level=self.level,
            acknowledgements=tuple(Acknowledgement(person, at) for person, at in self.taken),
            jumps=tuple(Jump(step, at) for step, at in self.jumps),
            closed_at=self.closed_at,
        )


def identifier_of(*, matter: str, policy: str, version: int) -> str:
    """The identifier of a call: the same matter in the same state is called about once.

    >>> identifier_of(matter="warning-003", policy="approval", version=1)
    'call-warning-003-approval-1'
    """
    return f"call-{matter}-{policy}-{version}"


def open_call(
    *,
    identifier: str,
    episode: str,
    matter_life: str,
    matter: str,
    policy: str,
    what: str,
    level: Level,
    since: datetime,
    by: Actor,
    now: datetime,
) -> tuple[Event, ...]:
    """The event that a matter waits; the ladder runs from `since`, when it began to."""
    transition = TABLE.require("open", None, subject=f"呼叫 {identifier}")
    data = {
        "identifier": identifier,
        "episode": episode,
        "matter_life": matter_life,
        "matter": matter,
        "policy": policy,
        "what": what,
        "level": level.word,
        "since": since.isoformat(),
    }
    return (event_of(transition, by=by, now=now, data=data),)


def page(state: Call, *, pages: Sequence[Page], by: Actor, now: datetime) -> tuple[Event, ...]:
    """The event of pages that go out now."""
    transition = TABLE.require("page", state.state, subject=_name(state))
    data = {"pages": [one.key for one in pages], "people": [one.person for one in pages],
            "step": max(one.step for one in pages)}  # fmt: skip
    return (event_of(transition, by=by, now=now, data=data),)


def take(state: Call, *, needed: int = 1, by: Actor, now: datetime) -> tuple[Event, ...]:
    """The events of "I have it": `taken`, and `acknowledged` when enough different people have."""
    transition = TABLE.require("take", state.state, subject=_name(state))
    events = [event_of(transition, by=by, now=now, data={"person": by.identifier, "role": by.role.key})]
    if len({*(person for person, _at in state.taken), by.identifier}) >= needed:
        acknowledge = TABLE.require("acknowledge", state.state, subject=_name(state))
        events.append(event_of(acknowledge, by=by, now=now, data={"people": needed}))
    return tuple(events)


def jump(state: Call, *, step: int, by: Actor, now: datetime) -> tuple[Event, ...]:
    """The event that somebody moved the call to a rung (counted from 0)."""
    transition = TABLE.require("jump", state.state, subject=_name(state))
    return (event_of(transition, by=by, now=now, data={"step": step}),)


def exhaust(state: Call, *, by: Actor, now: datetime) -> tuple[Event, ...]:
    """The event that the ladder came to its end and nobody answered; none when it is noted already."""
    if state.unanswered_at is not None:
        return ()
    transition = TABLE.require("exhaust", state.state, subject=_name(state))
    return (event_of(transition, by=by, now=now, data={"paged": len(state.pages)}),)


def close(state: Call, *, reason: str, by: Actor, now: datetime) -> tuple[Event, ...]:
    """The event that the matter moved on: nobody needs to be paged about it any more."""
    transition = TABLE.require("close", state.state, subject=_name(state))
    return (event_of(transition, by=by, now=now, data={"reason": reason}),)


def evolve(state: Call | None, event: Event) -> Call:
    """The call after one recorded event."""
    data = event.data
    if state is None:
        return Call(
            identifier=data["identifier"],
            episode=data["episode"],
            state=CallState.OPEN,
            matter_life=data["matter_life"],
            matter=data["matter"],
            policy=data["policy"],
            what=data["what"],
            level=Level.of(data["level"]),
            opened_at=datetime.fromisoformat(data["since"]),
        )
    state = replace(state, state=TABLE.after(event.kind, state.state))
    match event.kind:
        case "paged":
            pages, paged = tuple(data["pages"]), tuple(data["people"])
            return replace(
                state, pages=(*state.pages, *pages), paged=(*state.paged, *paged), paged_at=event.occurred_at
            )
        case "taken":
            return replace(state, taken=(*state.taken, (data["person"], event.occurred_at)))
        case "jumped":
            return replace(state, jumps=(*state.jumps, (data["step"], event.occurred_at)))
        case "unanswered":
            return replace(state, unanswered_at=event.occurred_at)
        case "closed":
            return replace(state, closed_at=event.occurred_at)
        case _:
            return state


def _name(state: Call) -> str:
    return f"呼叫 {state.identifier}"
