"""The roster 值班表: who is on duty at a moment, where nobody is, and how fairly the load lies. Pure.

A rotation gives shifts to people in turn. What changes it is written down beside it and never into it: leave takes a
person out, an override puts one in, a swap exchanges two. Later entries win over earlier ones; leave wins over the
rotation and over swaps, never over an override, because an override is somebody's word that they come.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from emergency.roster_days import Calendar
from emergency.vocabulary import BEIJING
from plans.errors import DataError


@dataclass(frozen=True, slots=True)
class Shift:
    """One kind of shift of the day, in Beijing time; an end at or before the start lies on the next day."""

    key: str
    chinese: str
    start: time
    end: time

    def on(self, day: date) -> tuple[datetime, datetime]:
        """Begin and end of the shift that begins on a day, aware.

        >>> night = Shift("night", "夜班", time(20), time(8))
        >>> [f"{moment:%d %H}" for moment in night.on(date(2015, 12, 31))]
        ['31 20', '01 08']
        """
        begin = datetime.combine(day, self.start, BEIJING)
        last = day if self.end > self.start else day + timedelta(days=1)
        return begin, datetime.combine(last, self.end, BEIJING)


@dataclass(frozen=True, slots=True)
class Rotation:
    """People who take a shift in turn, each for `every` days, the first one from `since`."""

    shift: str
    people: tuple[str, ...]
    since: date
    every: int = 1
    working_days_only: bool = False
    """True counts and staffs working days only (调休 included); rest days then belong to another rotation."""
    rest_days_only: bool = False
    """True counts and staffs rest days only (weekends and holidays)."""

    def __post_init__(self) -> None:
        if not self.people or self.every < 1:
            raise DataError("A rotation needs people and at least one day each", where=f"shift {self.shift}")
        if self.working_days_only and self.rest_days_only:
            raise DataError("A rotation cannot be for working days and rest days only", where=f"shift {self.shift}")


@dataclass(frozen=True, slots=True)
class Leave:
    """A person who is away from the first to the last day, both included."""

    person: str
    first: date
    last: date
    why: str = ""


@dataclass(frozen=True, slots=True)
class Override:
    """This person has that shift on that day, whatever the rotation says; None leaves it open on purpose."""

    shift: str
    day: date
    person: str | None


@dataclass(frozen=True, slots=True)
class Swap:
    """Two shifts exchange whoever the rotation gives them."""

    shift: str
    day: date
    other_shift: str
    other_day: date


@dataclass(frozen=True, slots=True)
class Handover:
    """A hand-over note 交接班记录: what the next shift must know, and who took it over when."""

    shift: str
    day: date
    from_person: str
    to_person: str
    at: datetime
    note: str
    open_matters: tuple[str, ...] = ()
    acknowledged_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Roster:
    """Everything that decides who is on duty."""

    shifts: tuple[Shift, ...]
    rotations: tuple[Rotation, ...]
    calendar: Calendar
    leaves: tuple[Leave, ...] = ()
    overrides: tuple[Override, ...] = ()
    swaps: tuple[Swap, ...] = ()
    _shift_of: Mapping[str, Shift] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        known = {shift.key: shift for shift in self.shifts}
        named = [("rotation", rotation.shift) for rotation in self.rotations]
        named += [("override", override.shift) for override in self.overrides]
        named += [("swap", name) for swap in self.swaps for name in (swap.shift, swap.other_shift)]
        for what, name in named:
            if name not in known:
                raise DataError(
                    "The roster names an unknown shift", where=what, expected="、".join(known) or "a shift", found=name
                )
        object.__setattr__(self, "_shift_of", known)


@dataclass(frozen=True, slots=True)
class Duty:
    """One shift of one day, and who has it; None when nobody has."""

    shift: str
    day: date
    begins_at: datetime
    ends_at: datetime
    person: str | None
    why: str
    """"rotation", "override", "swap", "leave", "rest" or "open"."""


@dataclass(frozen=True, slots=True)
class Load:
    """What one person carried in a span."""

    person: str
    shifts: int
    hours: float
    nights: int
    rest_days: int
    """Shifts that began on a weekend or holiday."""


def duties(roster: Roster, first: date, last: date) -> tuple[Duty, ...]:
    """Every shift that somebody should have and that begins from the first to the last day, by begin.

    A shift without a rotation for the day (working days only, on a holiday) and without an override is not asked for.
    """
    found = []
    day = first
    while day <= last:
        for shift in roster.shifts:
            person, why = _who(roster, shift.key, day)
            if why != "rest":
                found.append(Duty(shift.key, day, *shift.on(day), person, why))
        day += timedelta(days=1)
    return tuple(sorted(found, key=lambda duty: (duty.begins_at, duty.shift)))


def on_duty(roster: Roster, moment: datetime) -> tuple[Duty, ...]:
    """The shifts that run at a moment (their begin included, their end not); ValueError for a naive moment."""
    if moment.tzinfo is None:
        raise ValueError("moment has no time zone; give an aware datetime.")
    day = moment.astimezone(BEIJING).date()
    around = duties(roster, day - timedelta(days=1), day)
    return tuple(duty for duty in around if duty.begins_at <= moment < duty.ends_at)


def gaps(roster: Roster, *, now: datetime, ahead: timedelta) -> tuple[Duty, ...]:
    """Shifts that begin or run between now and `ahead` and that nobody has: what the office must be told of early."""
    day, end = now.astimezone(BEIJING).date(), now + ahead
    around = duties(roster, day - timedelta(days=1), end.astimezone(BEIJING).date())
    return tuple(duty for duty in around if duty.person is None and duty.ends_at > now and duty.begins_at < end)


def doubled(roster: Roster, first: date, last: date) -> tuple[tuple[Duty, Duty], ...]:
    """Pairs of shifts that give one person two places at once or no break between two shifts."""
    found = []
    held: dict[str, Duty] = {}
    for duty in duties(roster, first - timedelta(days=1), last):
        if duty.person is None:
            continue
        before = held.get(duty.person)
        if before is not None and before.ends_at >= duty.begins_at and duty.day >= first:
            found.append((before, duty))
        held[duty.person] = duty
    return tuple(found)


def loads(roster: Roster, first: date, last: date) -> tuple[Load, ...]:
    """What everybody carried, those with the most rest-day shifts and hours first; people without a shift included."""
    people = {person for rotation in roster.rotations for person in rotation.people}
    carried: dict[str, list[Duty]] = {person: [] for person in people}
    for duty in duties(roster, first, last):
        if duty.person is not None:
            carried.setdefault(duty.person, []).append(duty)
    made = [
        Load(
            person=person,
            shifts=len(had),
            hours=sum((duty.ends_at - duty.begins_at).total_seconds() for duty in had) / 3600,
            nights=sum(duty.ends_at.date() > duty.begins_at.date() for duty in had),
            rest_days=sum(not roster.calendar.works(duty.day) for duty in had),
        )
        for person, had in carried.items()
    ]
    return tuple(sorted(made, key=lambda load: (-load.rest_days, -load.hours, load.person)))


def unacknowledged(notes: Iterable[Handover], *, now: datetime, after: timedelta) -> tuple[Handover, ...]:
    """Hand-over notes that the next shift has not taken over within `after`."""
    return tuple(note for note in notes if note.acknowledged_at is None and now - note.at > after)


def _who(roster: Roster, shift: str, day: date) -> tuple[str | None, str]:
    for override in reversed(roster.overrides):
        if (override.shift, override.day) == (shift, day):
            return override.person, "override" if override.person else "open"
    source, why = (shift, day), "rotation"
    for swap in reversed(roster.swaps):
        pair = ((swap.shift, swap.day), (swap.other_shift, swap.other_day))
        if source in pair:
            source, why = pair[1 - pair.index(source)], "swap"
            break
    person = _rotated(roster, *source)
    if person is None:
        return None, "rest"
    if any(leave.person == person and leave.first <= day <= leave.last for leave in roster.leaves):
        return None, "leave"
    return person, why


def _rotated(roster: Roster, shift: str, day: date) -> str | None:
    for rotation in roster.rotations:
        if rotation.shift != shift or day < rotation.since:
            continue
        works = roster.calendar.works(day)
        if (rotation.working_days_only and not works) or (rotation.rest_days_only and works):
            continue
        return rotation.people[_turn(roster, rotation, day) // rotation.every % len(rotation.people)]
    return None


def _turn(roster: Roster, rotation: Rotation, day: date) -> int:
    """How many days of the rotation lie before this one."""
    if rotation.working_days_only or rotation.rest_days_only:
        return roster.calendar.count(rotation.since, day, working=rotation.working_days_only)
    return (day - rotation.since).days


def shifts_of(pattern: Sequence[tuple[str, str, str, str]]) -> tuple[Shift, ...]:
    """Shifts from (key, Chinese, "HH:MM", "HH:MM"); DataError for a time that is none.

    >>> shifts_of([("day", "白班", "08:00", "20:00")])[0].end.hour
    20
    """
    try:
        return tuple(Shift(k, word, time.fromisoformat(a), time.fromisoformat(b)) for k, word, a, b in pattern)
    except ValueError as error:
        raise DataError("A shift has a time that cannot be read", where="roster", found=str(error)) from error
