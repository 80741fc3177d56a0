"""Who is on duty now, as the desk and the wall say it in one line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from emergency import roster
from emergency.office import Office
from emergency.roster_store import RosterStore


@dataclass(frozen=True, slots=True)
class There:
    """One shift that runs now."""

    shift: str
    person: str | None
    """None: the shift is empty."""
    ends_at: datetime


def on_duty(office: Office, now: datetime) -> tuple[There, ...] | None:
    """The shifts that run at `now`; None for an office that keeps no roster."""
    plan = RosterStore(office.record).roster()
    if plan is None:
        return None
    names = {shift.key: shift.chinese for shift in plan.shifts}
    return tuple(There(names[one.shift], one.person, one.ends_at) for one in roster.on_duty(plan, now))
