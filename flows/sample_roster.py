"""The roster of a replay: four positions in turn by day and by night, and one leave that nobody stands in for.

Positions, not people. The leave is there so that the alarm about a gap is seen at work.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from emergency.record import Record
from emergency.roster import Leave, Roster, Rotation, Shift
from emergency.roster_days import Calendar
from emergency.roster_store import RosterStore
from emergency.vocabulary import BEIJING

PEOPLE = ("值班员一", "值班员二", "值班员三", "值班员四")
SHIFTS = (Shift("day", "白班", time(8), time(20)), Shift("night", "夜班", time(20), time(8)))


def parts(*, first_day: date, last_day: date) -> tuple[Shift | Rotation | Leave, ...]:
    """What the roster is made of, in the order in which it is written down."""
    night = (*PEOPLE[2:], *PEOPLE[:2])
    away = first_day + (last_day - first_day) // 2
    return (
        *SHIFTS,
        Rotation("day", PEOPLE, first_day - timedelta(days=1)),
        Rotation("night", night, first_day - timedelta(days=1)),
        Leave(PEOPLE[1], away, away + timedelta(days=1), "培训"),
    )


def roster(*, first_day: date, last_day: date) -> Roster:
    """The roster as a value."""
    made = parts(first_day=first_day, last_day=last_day)
    return Roster(
        shifts=tuple(one for one in made if isinstance(one, Shift)),
        rotations=tuple(one for one in made if isinstance(one, Rotation)),
        calendar=Calendar(),
        leaves=tuple(one for one in made if isinstance(one, Leave)),
    )


def set_up(record: Record, *, first_day: date, last_day: date) -> None:
    """Write the roster into a record that has none yet."""
    store = RosterStore(record)
    kept = len(store.notes())
    at = datetime(first_day.year, first_day.month, first_day.day, tzinfo=BEIJING)
    for one in parts(first_day=first_day, last_day=last_day)[kept:]:
        store.add(one, by="sim-office_director", now=at)
