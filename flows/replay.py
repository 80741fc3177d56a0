"""A past episode through the whole product with a fake clock: observation, outlook, consultation, warning, orders.

The replay keeps no state of its own. Every hour ("tick") each hand does what the record and the clock say is due, and
nothing twice; so a replay killed anywhere goes on from the hour of its last entry and ends with the same record.
Everything in it is marked 演练, its outbox is sealed, and the same seed gives the same digest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from emergency.desk import desk_of
from emergency.office import Instruction, Office
from emergency.record import Record
from emergency.roster import Roster
from emergency.vocabulary import BEIJING, Level
from flows import brief, clock, deliver, paging, people, plants, report, respond
from flows.channels.worker import work
from flows.observed import observed_at
from flows.plant_meters import SimulatedMeters
from flows.situation import Situation
from forecast.city_air import CityAir
from forecast.outlook import Outlook
from plans.errors import LantianError
from plans.rulebook import Rulebook, Rules
from plans.schema import CityPlan

BRIEF_HOUR = 8
"""Local hour at which the weekly brief is made on Mondays."""

FIRST_HOUR = 1
"""Local hour at which the day's outlook is issued: the last hour of yesterday has arrived by then."""


@dataclass(frozen=True)
class Stage:
    """Everything a replay plays with, read once: the air, the outlooks, the rules, the list."""

    area: str
    first_day: date
    last_day: date
    seed: int
    plan: CityPlan
    book: Rulebook
    assume: Mapping[str, str]
    air: CityAir
    outlooks: Mapping[date, Outlook]
    """By the local day on which each was issued."""
    instructions: Mapping[Level, Sequence[Instruction]]
    list_digest: str
    reductions: Callable[[Level, frozenset[str] | None], Mapping[str, float]]
    """Share of the whole-society emission cut at a level, per pollutant; of all enterprises or only of the named."""
    targets: Mapping[Level, float]
    simulated_air: bool
    leaders_wait: timedelta = timedelta(hours=1)
    """How long simulated leaders leave a draft alone; the demo gives the visitor more time to sign first."""
    roster: Roster | None = None
    """Who is on duty; None pages everybody of a role."""
    compare: Callable[[Collection[date], Collection[date]], Mapping[str, Any]] | None = None
    """(days of a response, days of others) to what the weather alone would have given (flows.aftermath)."""
    notes: tuple[str, ...] = ()
    """What a reader of the reports must know: simulated people, assumed editions."""

    @property
    def start(self) -> datetime:
        """The first tick."""
        return datetime(self.first_day.year, self.first_day.month, self.first_day.day, FIRST_HOUR, tzinfo=BEIJING)

    @property
    def end(self) -> datetime:
        """The last tick: midnight after the last day."""
        last = self.last_day + timedelta(days=1)
        return datetime(last.year, last.month, last.day, tzinfo=BEIJING)

    def rules(self, day: date) -> Rules:
        """The rules of a day, with the editions this replay assumes."""
        return self.book.on(day, assume=self.assume)

    @cached_property
    def identity(self) -> str:
        """Digest of all that decides how the replay runs; a record made with another one is not continued."""
        parts = {
            "area": self.area,
            "days": [self.first_day.isoformat(), self.last_day.isoformat()],
            "seed": self.seed,
            "rules": self.book.digest,
            "assume": dict(self.assume),
            "list": self.list_digest,
            "outlooks": [outlook.digest for _day, outlook in sorted(self.outlooks.items())],
            "air": list(self.air.aqi),
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def situation(self, now: datetime) -> Situation:
        """What the office sees at `now`."""
        local = now.astimezone(BEIJING)
        issued = [day for day in self.outlooks if self.outlooks[day].issued_at <= now]
        outlook = self.outlooks[max(issued)] if issued else None
        return Situation(now, outlook, observed_at(self.air, now), self.rules(local.date()), self.plan, self.air)


def open_office(stage: Stage, record: Record) -> Office:
    """The office of a replay on its record; LantianError when the record belongs to another replay."""
    kept = record.noted("replay")
    if kept is None:
        record.note("replay", stage.identity)
    elif kept != stage.identity:
        raise LantianError(
            "The record belongs to another replay",
            expected=kept[:12],
            found=stage.identity[:12],
            todo="Give --fresh to begin anew",
        )
    return Office(record, desk_of(stage.plan, stage.rules(stage.first_day)))


def resume_at(stage: Stage, record: Record) -> datetime:
    """The hour to go on from: that of the last entry, or the first tick of an empty record."""
    last = record.last_recorded_at()
    return stage.start if last is None else max(stage.start, last.astimezone(BEIJING))


def run(
    stage: Stage,
    record: Record,
    *,
    until: datetime | None = None,
    on_day: Callable[[date], None] | None = None,
) -> str:
    """The record's digest after playing to the end (or to `until`); `on_day` is called as each day is finished."""
    office = open_office(stage, record)
    for now in clock.hours(resume_at(stage, record), min(until or stage.end, stage.end)):
        tick(stage, office, now)
        if now.hour == 0 and on_day is not None:
            on_day((now - timedelta(hours=1)).date())
    return record.head()[1]


def tick(stage: Stage, office: Office, now: datetime) -> None:
    """One hour: every hand in turn, in a fixed order, until the record and the clock ask for nothing more.

    Each hand looks again at the record, so after a kill in the middle the same acts follow as without it.
    """
    situation = stage.situation(now)
    hour = now.astimezone(BEIJING).hour
    # Not denser than the ticks: with one chase a tick at most, a tick that is run again finds nothing more to do.
    every = max(timedelta(hours=1), timedelta(minutes=stage.plan.deadlines.chase_after_minutes.value))
    respond.note_silence(office, now, within=timedelta(minutes=stage.plan.consultation.result_within_minutes.value))
    people.consult(office, situation, seed=stage.seed)
    # After the people, so that a tick that is run again finds the new session open and proposes no other.
    respond.propose(office, situation)
    people.warn(
        office,
        situation,
        seed=stage.seed,
        instructions={level: list(items) for level, items in stage.instructions.items()},
        list_digest=stage.list_digest,
        leaders_wait=stage.leaders_wait,
    )
    respond.start_due(office, now)
    respond.resume_due(office, now)
    paging.page_due(office, now, plan=stage.roster)
    if now.astimezone(BEIJING).weekday() == 0 and hour == BRIEF_HOUR:
        brief.file_weekly(office, situation)
    _hand_over(stage, office, now)
    plants.act(office, now, seed=stage.seed)
    respond.chase_overdue(office, now, every=every)
    if hour == 8:
        respond.judge_compliance(office, now, SimulatedMeters(stage.seed))
    people.inspect(office, now, seed=stage.seed)
    report.evaluate_ended(stage, office, now)
    _hand_over(stage, office, now)
    office.record.note("clock", now.isoformat())


def _hand_over(stage: Stage, office: Office, now: datetime) -> None:
    """Everything that waits, to the sealed channel, by the same worker that serves in earnest."""
    address_of = _sealed_address(stage)
    while work(office, deliver.SealedChannel(), worker="replay", address_of=address_of, now=now):
        pass


def _sealed_address(stage: Stage) -> Callable[[str, str], str | None]:
    """Addresses of a replay: none of them real; an enterprise without a contact in the list has none."""
    unreachable = {item.enterprise for items in stage.instructions.values() for item in items if not item.reachable}

    def address(audience: str, recipient: str) -> str | None:
        return None if audience == "enterprise" and recipient in unreachable else f"sealed:{recipient}"

    return address
