"""Alert 值守提醒: that a person has taken note of what the watch saw, and what they did about it.

The watch itself (what is silent, what rises) stands in the archive's database and may be looked at again; only the act
of a person belongs into the record. A graver finding of the same matter is another alert and wants another signature.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from emergency.lifecycle import Actor, Event, State, Table, Transition, event_of


class AlertState(State):
    """States of an alert in the record."""

    ACKNOWLEDGED = ("acknowledged", "已签收")


_A = AlertState.ACKNOWLEDGED
TABLE = Table(
    "alert",
    "值守提醒",
    AlertState,
    frozenset({_A}),
    (Transition("acknowledge", "签收提醒", (None,), "acknowledged", _A),),
)


@dataclass(frozen=True, slots=True)
class Noted:
    """The state of one acknowledged alert."""

    identifier: str
    episode: str
    """Always empty: an alert belongs to no episode."""
    state: AlertState
    kind: str
    subject: str
    severity: int
    text: str
    raised_at: datetime
    acknowledged_at: datetime
    acknowledged_by: str
    note: str = ""


def identifier(kind: str, subject: str, severity: int, raised_at: datetime) -> str:
    """The name of an alert in the record: the same finding has the same name wherever it is acknowledged.

    >>> identifier("station_silent", "1001A", 1, datetime(2016, 1, 15, 4, 20, tzinfo=UTC))
    'station_silent:1001A:1:20160115T042000Z'
    """
    return f"{kind}:{subject}:{severity}:{raised_at.astimezone(UTC):%Y%m%dT%H%M%SZ}"[:120]


def acknowledge(
    *, kind: str, subject: str, severity: int, text: str, raised_at: datetime, note: str, by: Actor, now: datetime
) -> tuple[Event, ...]:
    """The event that a person takes note of an alert."""
    name = identifier(kind, subject, severity, raised_at)
    transition = TABLE.require("acknowledge", None, subject=f"提醒 {name}")
    data = {
        "identifier": name,
        "kind": kind,
        "subject": subject,
        "severity": severity,
        "text": text,
        "raised_at": raised_at.isoformat(),
        "note": note,
    }
    return (event_of(transition, by=by, now=now, data=data),)


def evolve(state: Noted | None, event: Event) -> Noted:
    """The alert after one recorded event."""
    if state is not None:
        return state
    data = event.data
    return Noted(
        identifier=data["identifier"],
        episode="",
        state=AlertState.ACKNOWLEDGED,
        kind=data["kind"],
        subject=data["subject"],
        severity=int(data["severity"]),
        text=data["text"],
        raised_at=datetime.fromisoformat(data["raised_at"]),
        acknowledged_at=event.occurred_at,
        acknowledged_by=event.actor,
        note=data.get("note", ""),
    )
