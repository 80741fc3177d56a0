"""Handover 交接班: what the next shift must know, written by one person and taken over by another.

The note is never edited: who finds a mistake writes the next one. Open matters are listed from the record at the moment
of writing, so that nobody has to remember them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from emergency import roster
from emergency.lifecycle import Actor, Event, Refused, State, Table, Transition, event_of


class HandoverState(State):
    """States of a hand-over."""

    WRITTEN = ("written", "待接班")
    TAKEN = ("taken", "已接班")


_W, _T = HandoverState
TABLE = Table(
    "handover",
    "交接班",
    HandoverState,
    frozenset({_T}),
    (
        Transition("write", "写交班记录", (None,), "written", _W),
        Transition("take", "接班", (_W,), "taken", _T),
    ),
)


@dataclass(frozen=True, slots=True)
class Handover:
    """The state of one hand-over."""

    identifier: str
    episode: str
    state: HandoverState
    shift: str
    shift_name: str
    day: date
    from_person: str
    to_person: str
    """Whom the roster names next; empty when it names nobody."""
    at: datetime
    note: str
    open_matters: tuple[str, ...] = ()
    taken_by: str = ""
    taken_at: datetime | None = None

    @property
    def as_note(self) -> roster.Handover:
        """The hand-over as the document and the roster read it."""
        return roster.Handover(
            shift=self.shift,
            day=self.day,
            from_person=self.from_person,
            to_person=self.taken_by or self.to_person or "未排班",
            at=self.at,
            note=self.note,
            open_matters=self.open_matters,
            acknowledged_at=self.taken_at,
        )


def write(
    *,
    identifier: str,
    episode: str,
    shift: str,
    shift_name: str,
    day: date,
    to_person: str,
    note: str,
    open_matters: Sequence[str],
    by: Actor,
    now: datetime,
) -> tuple[Event, ...]:
    """The event of a note; Refused when it says nothing."""
    transition = TABLE.require("write", None, subject=f"交班记录 {identifier}")
    if not note.strip():
        raise Refused(
            act="写交班记录",
            subject=f"交班记录 {identifier}",
            state="尚未建立",
            rule="没有写值班情况",
            possible="请写明本班情况；没有异常也请写明",
        )
    data = {
        "identifier": identifier,
        "episode": episode,
        "shift": shift,
        "shift_name": shift_name,
        "day": day.isoformat(),
        "from_person": by.identifier,
        "to_person": to_person,
        "note": note,
        "open_matters": list(open_matters),
    }
    return (event_of(transition, by=by, now=now, data=data),)


def take(state: Handover, *, by: Actor, now: datetime) -> tuple[Event, ...]:
    """The event that the next shift has read the note; Refused for who wrote it."""
    transition = TABLE.require("take", state.state, subject=f"交班记录 {state.identifier}")
    if by.identifier == state.from_person:
        raise Refused(
            act="接班",
            subject=f"交班记录 {state.identifier}",
            state=state.state.chinese,
            rule="交班人不能自己接班",
            possible="请由下一班值班员接班",
        )
    return (event_of(transition, by=by, now=now, data={"person": by.identifier}),)


def evolve(state: Handover | None, event: Event) -> Handover:
    """The hand-over after one recorded event."""
    data = event.data
    if state is None:
        return Handover(
            identifier=data["identifier"],
            episode=data["episode"],
            state=HandoverState.WRITTEN,
            shift=data["shift"],
            shift_name=data["shift_name"],
            day=date.fromisoformat(data["day"]),
            from_person=data["from_person"],
            to_person=data["to_person"],
            at=event.occurred_at,
            note=data["note"],
            open_matters=tuple(data["open_matters"]),
        )
    return replace(
        state, state=TABLE.after(event.kind, state.state), taken_by=data["person"], taken_at=event.occurred_at
    )
