"""Edition 清单版本: one stored reduction list, from its import to the day a later one takes its place.

The list itself is an exhibit (with the staggered windows and the places that came with it); the edition says who stored
it, who put it into use, and since when. Orders name the digest, so what was ordered can always be read again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from emergency.lifecycle import Actor, Event, State, Table, Transition, event_of


class EditionState(State):
    """States of an edition."""

    STORED = ("stored", "已入库")
    IN_USE = ("in_use", "使用中")
    REPLACED = ("replaced", "已被替代")
    WITHDRAWN = ("withdrawn", "已撤回")


_S, _U, _R, _W = EditionState
TABLE = Table(
    "edition",
    "清单版本",
    EditionState,
    frozenset({_R, _W}),
    (
        Transition("store", "入库", (None,), "stored", _S),
        Transition("adopt", "启用", (_S,), "adopted", _U),
        Transition("replace", "替代", (_U,), "replaced", _R),
        Transition("withdraw", "撤回", (_S,), "withdrawn", _W),
    ),
)


@dataclass(frozen=True, slots=True)
class Edition:
    """The state of one edition."""

    identifier: str
    state: EditionState
    name: str
    city: str
    digest: str
    """Of the list's text, which is an exhibit."""
    file: str
    """What was imported."""
    enterprises: int
    units: int
    stored_at: datetime
    windows_digest: str = ""
    places_digest: str = ""
    adopted_at: datetime | None = None
    ended_at: datetime | None = None
    episode: str = ""
    """Always empty: an edition belongs to no episode."""


def store(
    *,
    identifier: str,
    name: str,
    city: str,
    digest: str,
    file: str,
    enterprises: int,
    units: int,
    windows_digest: str = "",
    places_digest: str = "",
    by: Actor,
    now: datetime,
) -> tuple[Event, ...]:
    """The event that a checked list is stored as a new edition."""
    transition = TABLE.require("store", None, subject=f"清单版本 {identifier}")
    data = {
        "identifier": identifier, "name": name, "city": city, "digest": digest, "file": file,
        "enterprises": enterprises, "units": units, "windows_digest": windows_digest, "places_digest": places_digest,
    }  # fmt: skip
    return (event_of(transition, by=by, now=now, data=data, basis=(digest,)),)


def adopt(state: Edition, *, by: Actor, now: datetime) -> tuple[Event, ...]:
    """The event that orders are made from this edition from now on; orders in force keep the one they name."""
    transition = TABLE.require("adopt", state.state, subject=_name(state))
    return (event_of(transition, by=by, now=now),)


def supersede(state: Edition, *, successor: str, by: Actor, now: datetime) -> tuple[Event, ...]:
    """The event that a later edition is in use instead."""
    transition = TABLE.require("replace", state.state, subject=_name(state))
    return (event_of(transition, by=by, now=now, data={"successor": successor}),)


def withdraw(state: Edition, *, reason: str, by: Actor, now: datetime) -> tuple[Event, ...]:
    """The event that a stored edition will not be used."""
    transition = TABLE.require("withdraw", state.state, subject=_name(state))
    return (event_of(transition, by=by, now=now, data={"reason": reason}),)


def evolve(state: Edition | None, event: Event) -> Edition:
    """The edition after one recorded event."""
    data = event.data
    if state is None:
        return Edition(
            identifier=data["identifier"],
            state=EditionState.STORED,
            name=data["name"],
            city=data["city"],
            digest=data["digest"],
            file=data["file"],
            enterprises=data["enterprises"],
            units=data["units"],
            stored_at=event.occurred_at,
            windows_digest=data["windows_digest"],
            places_digest=data["places_digest"],
        )
    state = replace(state, state=TABLE.after(event.kind, state.state))
    match event.kind:
        case "adopted":
            return replace(state, adopted_at=event.occurred_at)
        case "replaced" | "withdrawn":
            return replace(state, ended_at=event.occurred_at)
        case _:
            return state


def _name(state: Edition) -> str:
    return f"清单版本 {state.name}"
