"""Escalation: whom to page about an open matter, when, and when to stop. Pure: a plan, what was done, and a clock.

A policy is a ladder of steps. Each step pages its people after a delay, again every so often, and hands on to the next
step when nobody acknowledged; the last step may begin the ladder anew. When enough people have acknowledged, paging
stops at once. Quiet hours and working hours hold back what may wait; a red level overrides both.

Nothing is kept between calls: :func:`due` folds the whole ladder from the beginning, so a missed or doubled run finds
exactly the pages that were not sent yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from emergency.roster_days import Calendar
from emergency.vocabulary import BEIJING, Level
from plans.errors import DataError

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Step:
    """One rung: who is paged, how long after the rung before, and how often again."""

    targets: tuple[str, ...]
    """People or "shift:KEY", which the roster resolves when the page is due."""
    delay: timedelta
    """From the rung before (from the opening, for the first) until this one is paged."""
    again_after: timedelta | None = None
    """While the rung stands and nobody acknowledged, page it again; None pages it once."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A ladder for one kind of matter."""

    key: str
    steps: tuple[Step, ...]
    repeat: int = 0
    """How often the whole ladder begins anew after its last rung."""
    last_stands: timedelta = timedelta(minutes=15)
    """How long the last rung stands before the ladder begins anew or ends."""
    acknowledgements: int = 1
    """How many different people must acknowledge."""
    working_hours: tuple[time, time] | None = None
    """Page only in these hours of working days; None pages at any time."""
    quiet_hours: tuple[time, time] | None = None
    """Page nobody in these hours (they may cross midnight)."""
    overriding: Level = Level.RED
    """From this level on neither rule holds a page back."""

    def __post_init__(self) -> None:
        if not self.steps or self.acknowledgements < 1 or self.repeat < 0:
            raise DataError("An escalation policy needs steps and at least one acknowledgement", where=self.key)
        spans = [step.again_after for step in self.steps if step.again_after is not None]
        if any(span < MINUTE for span in spans) or self.last_stands < MINUTE:
            raise DataError("Pages stand at least one minute apart", where=self.key, expected="a minute or more")
        if any(step.delay < timedelta(0) for step in self.steps):
            raise DataError("A step cannot be due before the one before it", where=self.key)


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Somebody says "I have it"; on whose behalf is the record's affair."""

    person: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Jump:
    """Somebody moved the matter to a rung (counted from 0) at a moment; its delay does not run again."""

    step: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Matter:
    """What is open, and what has happened to it so far."""

    key: str
    opened_at: datetime
    level: Level = Level.NONE
    acknowledgements: tuple[Acknowledgement, ...] = ()
    jumps: tuple[Jump, ...] = ()
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One call to one person; the key is the same however often it is computed."""

    key: str
    person: str
    step: int
    round: int
    planned_at: datetime
    """When the ladder asked for it."""
    due_at: datetime
    """When it may be sent: later than planned when quiet or working hours hold it back."""


def acknowledged_at(policy: Policy, matter: Matter) -> datetime | None:
    """When enough different people had acknowledged; None while they have not."""
    seen: set[str] = set()
    for one in sorted(matter.acknowledgements, key=lambda item: item.at):
        seen.add(one.person)
        if len(seen) >= policy.acknowledgements:
            return one.at
    return None


def due(
    policy: Policy,
    matter: Matter,
    *,
    now: datetime,
    who: Callable[[str, datetime], Sequence[str]] | None = None,
    calendar: Calendar | None = None,
    sent: Iterable[str] = (),
) -> tuple[Page, ...]:
    """The pages that should have gone out by now and are not in `sent`, by due moment; the newest of each person.

    `who(target, moment)` gives the people of a target at a moment; by default a target is a person. A person who has
    acknowledged is not paged again, nobody is once the matter is acknowledged or closed. ValueError for a naive `now`.
    """
    if now.tzinfo is None:
        raise ValueError("now has no time zone; give an aware datetime.")
    if _over(policy, matter, now):
        return ()
    known, calm = frozenset(sent), calendar or Calendar()
    done = {one.person for one in matter.acknowledgements if one.at <= now}
    resolve = who or (lambda target, _moment: (target,))
    newest: dict[str, Page] = {}
    for planned, step, turn, number in _ladder(policy, matter, now):
        moment = allowed(policy, planned, level=matter.level, calendar=calm)
        if moment > now:
            continue
        for target in policy.steps[step].targets:
            for person in resolve(target, moment):
                key = f"{matter.key}.page.{turn}.{step}.{number}.{person}"
                newest[person] = Page(key, person, step, turn, planned, moment)
    # After a quiet night or a stopped service one call a person is enough: the newest, sent or not, stands for all.
    pages = (page for person, page in newest.items() if person not in done and page.key not in known)
    return tuple(sorted(pages, key=lambda page: (page.due_at, page.step, page.key)))


def standing(policy: Policy, matter: Matter, *, now: datetime) -> int | None:
    """The rung on which the matter stands; None before the first, after the last, or when it is over."""
    if _over(policy, matter, now):
        return None
    reached = [step for _planned, step, _turn, _number in _ladder(policy, matter, now)]
    return reached[-1] if reached and now < ends_at(policy, matter) else None


def ends_at(policy: Policy, matter: Matter) -> datetime:
    """When the ladder is at its end: from then on a person must be told that nobody answered."""
    start, first, first_delay = _begin(matter, None)
    once = sum((step.delay for step in policy.steps), timedelta(0)) + policy.last_stands
    rest = sum((step.delay for step in policy.steps[first + 1 :]), timedelta(0)) + policy.last_stands
    return start + (policy.steps[first].delay if first_delay else timedelta(0)) + rest + policy.repeat * once


def allowed(policy: Policy, moment: datetime, *, level: Level, calendar: Calendar) -> datetime:
    """The first moment at or after this one at which the policy lets a page out.

    >>> night = Policy("k", (Step(("a",), MINUTE),), quiet_hours=(time(22), time(7)))
    >>> late = datetime(2015, 12, 31, 23, 30, tzinfo=BEIJING)
    >>> f"{allowed(night, late, level=Level.YELLOW, calendar=Calendar()):%m-%d %H:%M}"
    '01-01 07:00'
    >>> allowed(night, late, level=Level.RED, calendar=Calendar()) == late
    True
    """
    if level >= policy.overriding:
        return moment
    for _ in range(60):  # two months without a single allowed minute would be a policy that never pages
        later = _after_quiet(policy, _into_work(policy, moment, calendar))
        if later == moment:
            return moment
        moment = later
    raise DataError("The policy's hours leave no moment in which anybody may be paged", where=policy.key)


def _over(policy: Policy, matter: Matter, now: datetime) -> bool:
    enough = acknowledged_at(policy, matter)
    closed = matter.closed_at is not None and matter.closed_at <= now
    return closed or (enough is not None and enough <= now)


def _begin(matter: Matter, now: datetime | None) -> tuple[datetime, int, bool]:
    """Where the ladder runs from: moment, rung, and whether that rung's delay still runs."""
    jumps = [jump for jump in matter.jumps if now is None or jump.at <= now]
    if not jumps:
        return matter.opened_at, 0, True
    last = max(jumps, key=lambda jump: jump.at)
    return last.at, last.step, False


def _ladder(policy: Policy, matter: Matter, now: datetime) -> list[tuple[datetime, int, int, int]]:
    """(planned, step, round, number) of every call of a rung up to now."""
    moment, first, first_delay = _begin(matter, now)
    if not 0 <= first < len(policy.steps):
        raise DataError("There is no such step", where=policy.key, expected=f"0..{len(policy.steps) - 1}", found=first)
    jumps = sum(jump.at <= now for jump in matter.jumps)
    calls: list[tuple[datetime, int, int, int]] = []
    for turn in range(policy.repeat + 1):
        for index in range(first if turn == 0 else 0, len(policy.steps)):
            step = policy.steps[index]
            if not (turn == 0 and index == first and not first_delay):
                moment += step.delay
            last = index + 1 == len(policy.steps)
            until = moment + (policy.last_stands if last else policy.steps[index + 1].delay)
            number, again = 0, moment
            while again <= now and (again < until or number == 0):
                # a jump begins a ladder of its own: its pages must not be taken for those sent before it
                calls.append((again, index, turn + 100 * jumps, number))
                if step.again_after is None:
                    break
                again, number = again + step.again_after, number + 1
            if until > now:
                return calls
            if last:
                moment = until
    return calls


def _after_quiet(policy: Policy, moment: datetime) -> datetime:
    if policy.quiet_hours is None:
        return moment
    begin, end = policy.quiet_hours
    local = moment.astimezone(BEIJING)
    here = local.time()
    inside = begin <= here < end if begin <= end else here >= begin or here < end
    if not inside:
        return moment
    day = local.date() + timedelta(days=1 if begin > end and here >= begin else 0)
    return datetime.combine(day, end, BEIJING)


def _into_work(policy: Policy, moment: datetime, calendar: Calendar) -> datetime:
    if policy.working_hours is None:
        return moment
    begin, end = policy.working_hours
    local = moment.astimezone(BEIJING)
    day = local.date()
    if calendar.works(day) and begin <= local.time() < end:
        return moment
    if not (calendar.works(day) and local.time() < begin):
        day += timedelta(days=1)
        while not calendar.works(day):
            day += timedelta(days=1)
    return datetime.combine(day, begin, BEIJING)
