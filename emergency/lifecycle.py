"""What every life-cycle is made of: acts, events, the table of allowed transitions, and the fold.

A life-cycle is a table plus two pure functions. *decide* looks up the table, then authority, then its own conditions,
and returns events or raises Refused. *evolve* folds one event into the state and never refuses: what was recorded
happened. Neither reads a clock, a file or a database; `now` is an argument.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Generic, TypeVar

from emergency.vocabulary import Role
from plans.errors import LantianError


class State(Enum):
    """Base of the states of a life-cycle: an English key and the Chinese word on the screen."""

    def __init__(self, key: str, chinese: str) -> None:
        self.key = key
        self.chinese = chinese


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: an identifier of the directory and the role in which they act."""

    identifier: str
    role: Role


SYSTEM = Actor("system", Role.SYSTEM)
"""The clock and the flows act under this name; it never has authority to approve."""


@dataclass(frozen=True, slots=True)
class Event:
    """One fact for the log. `data` holds plain JSON values only; `basis` names rules, digests and exhibits."""

    kind: str
    occurred_at: datetime
    actor: str
    role: str
    data: Mapping[str, Any] = field(default_factory=dict)
    basis: tuple[str, ...] = ()
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class Happening:
    """One entry of the log as reports need it."""

    life: str
    stream: str
    kind: str
    occurred_at: datetime
    data: Mapping[str, Any]


class Refused(LantianError):
    """An act that the rules do not allow now. Says what would make it possible; nothing was recorded."""

    def __init__(self, *, act: str, subject: str, state: str, rule: str, possible: str) -> None:
        self.act, self.subject, self.state, self.rule, self.possible = act, subject, state, rule, possible
        super().__init__(f"{subject} 不能{act}：当前状态“{state}”，{rule}", todo=possible)

    def sentence(self) -> str:
        """The sentence for the screen; Chinese, so without the colons of the English pattern."""
        return f"{self.what}。{self.todo}"


StateT = TypeVar("StateT", bound=State)


@dataclass(frozen=True, slots=True)
class Transition(Generic[StateT]):
    """One row of a table: in these states, this act records this event and leads to that state."""

    act: str
    chinese: str
    sources: tuple[StateT | None, ...]
    """States in which the act is allowed; None stands for "does not exist yet"."""
    event: str
    target: StateT | None
    """The state after; None means the state does not change (a note, a chase, an opinion)."""


@dataclass(frozen=True, slots=True)
class Table(Generic[StateT]):
    """The allowed transitions of one life-cycle."""

    name: str
    chinese: str
    states: type[StateT]
    finals: frozenset[StateT]
    transitions: tuple[Transition[StateT], ...]

    def require(self, act: str, state: StateT | None, *, subject: str) -> Transition[StateT]:
        """The transition of this act in this state; Refused (with the acts that are possible) when not allowed."""
        for transition in self.transitions:
            if transition.act == act:
                if state in transition.sources:
                    return transition
                allowed = "、".join("尚未建立" if s is None else s.chinese for s in transition.sources)
                possible = "、".join(t.chinese for t in self.transitions if state in t.sources) or "无（流程已结束）"
                raise Refused(
                    act=transition.chinese,
                    subject=subject,
                    state="尚未建立" if state is None else state.chinese,
                    rule=f"只有在“{allowed}”状态下才可以",
                    possible=f"现在可以：{possible}",
                )
        raise KeyError(f"{self.name} has no act {act!r}")

    def after(self, event: str, state: StateT) -> StateT:
        """The state after an event; the same state when the event does not move it."""
        for transition in self.transitions:
            if transition.event == event and state in transition.sources:
                return transition.target if transition.target is not None else state
        # An event written by an earlier version of the table still happened; it moves to where it pointed.
        for transition in self.transitions:
            if transition.event == event:
                return transition.target if transition.target is not None else state
        return state

    def faults(self) -> tuple[str, ...]:
        """What is wrong with the table itself: unreachable states, ways out of a final state, doubled acts."""
        found: list[str] = []
        reached = {t.target for t in self.transitions if t.target is not None}
        found += [f"{state.key} cannot be reached" for state in self.states if state not in reached]
        found += [
            f"{t.act} leads out of the final state {s.key}"
            for t in self.transitions
            for s in t.sources
            if s in self.finals and t.target is not None
        ]
        leaves = {s for t in self.transitions if t.target is not None for s in t.sources if s is not None}
        found += [
            f"{s.key} is a dead end but not final" for s in self.states if s not in self.finals and s not in leaves
        ]
        acts = [t.act for t in self.transitions]
        found += [f"act {act} stands twice" for act in sorted(set(acts)) if acts.count(act) > 1]
        return tuple(found)


S = TypeVar("S")


def fold(evolve: Callable[[S | None, Event], S], events: Iterable[Event]) -> S | None:
    """The state that the events lead to; None when there are none."""
    state: S | None = None
    for event in events:
        state = evolve(state, event)
    return state


def event_of(
    transition: Transition[Any],
    *,
    by: Actor,
    now: datetime,
    data: Mapping[str, Any] | None = None,
    basis: tuple[str, ...] = (),
    cause: str | None = None,
) -> Event:
    """The event that a permitted transition records; ValueError for a naive `now`."""
    if now.tzinfo is None:
        raise ValueError("now has no time zone; give an aware datetime.")
    return Event(transition.event, now, by.identifier, by.role.key, dict(data or {}), basis, cause)
