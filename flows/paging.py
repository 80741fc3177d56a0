"""Page whoever must act: open a call for every matter that waits, climb its ladder, close it when the matter moved on.

Looks at record, roster and clock, does what is due and nothing twice: a page has the same key however often it is
computed, and a call is named by the matter, its state and how often it came to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from emergency import call, escalation, roster
from emergency.directory import Directory, hasher
from emergency.escalation import Matter
from emergency.office import Office
from emergency.record import Record
from emergency.roster import Roster
from emergency.vocabulary import Level
from flows.respond import unless_raced

GAPS_AHEAD = timedelta(hours=48)
"""How far ahead a gap of the roster is told; a setting (confidence I)."""
HANDOVER_WITHIN = timedelta(minutes=30)

People = Callable[[str], Sequence[str]]
"""Role key to the recipients that hold it now."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One matter that waits for somebody."""

    life: str
    stream: str
    episode: str
    policy: str
    version: int
    what: str
    level: Level
    since: datetime
    missing: tuple[str, ...] = ()
    """Roles that have not spoken; for the target "missing"."""

    @property
    def call(self) -> str:
        """The identifier of its call."""
        return call.identifier_of(matter=self.stream, policy=self.policy, version=self.version)


def by_role(role: str) -> Sequence[str]:
    """Everybody of a role under its key: messages of a replay are addressed to roles."""
    return (role,)


def accounts_of(record: Record) -> People:
    """The open accounts of a role, by the directory; the role itself where nobody has an account."""
    held: dict[str, list[str]] = {}
    for account in Directory(record, passwords=hasher(cheap=True)).accounts():
        if account.active:
            held.setdefault(account.role.key, []).append(account.identifier)
    return lambda role: held.get(role) or [role]


def page_due(office: Office, now: datetime, *, plan: Roster | None = None, people: People = by_role) -> int:
    """How many pages went out; opens and closes calls on the way."""
    waiting = {one.call: one for one in matters(office, now, plan=plan)}
    for row in office.record.now("call", open_only=True):
        if row["stream"] not in waiting:
            with unless_raced():
                office.close_call(row["stream"], reason="事项已办理", now=now)
    sent = 0
    for name, one in sorted(waiting.items()):
        state = office.record.state("call", name)
        if state is not None and state.state is not call.CallState.OPEN:
            continue
        policy = office.policy(one.policy, one.level)
        matter = Matter(name, one.since, one.level) if state is None else state.as_matter
        pages = escalation.due(
            policy, matter, now=now, who=_who(one, plan, people), sent=() if state is None else state.pages
        )
        if pages and state is None:  # who acts before the first page is due is never called
            with unless_raced():
                office.open_call(
                    name,
                    episode=one.episode,
                    matter_life=one.life,
                    matter=one.stream,
                    policy=one.policy,
                    what=one.what,
                    level=one.level,
                    since=one.since,
                    now=now,
                )
        if pages:
            with unless_raced():  # pages that another scheduler sent meanwhile are left out by the act itself
                office.send_pages(name, pages, now=now)
            sent += len(pages)
        elif (
            state is not None
            and state.unanswered_at is None
            and now >= escalation.ends_at(policy, matter)
            and (state.paged_at is None or now > state.paged_at)  # whoever is paged only now has had no time to answer
        ):
            with unless_raced():
                office.note_unanswered(name, now=now)
    return sent


def matters(office: Office, now: datetime, *, plan: Roster | None = None) -> Iterator[Waiting]:
    """Everything that waits for somebody now."""
    yield from _consultations(office)
    yield from _warnings(office, now)
    yield from _handovers(office, now)
    if plan is not None:
        for duty in roster.gaps(plan, now=now, ahead=GAPS_AHEAD):
            name = f"gap-{duty.shift}-{duty.day:%Y%m%d}"
            what = f"{duty.day.month}月{duty.day.day}日{_shift(plan, duty.shift)}无人值班"
            yield Waiting("roster", name, "", "gap", 1, what, Level.NONE, _since(duty.begins_at))


def _since(begins_at: datetime) -> datetime:
    """A gap waits from the moment it came within reach; computed from the shift alone, so that it never moves."""
    return begins_at - GAPS_AHEAD


def _consultations(office: Office) -> Iterator[Waiting]:
    for row in office.record.now("consultation", states=("proposed", "convened")):
        history = office.record.history("consultation", row["stream"])
        moved = history[-1].event.occurred_at
        if row["state"] == "proposed":
            what, key, missing = "会商已提议，待召集", "convene", ()
        else:
            heard = {*(row["body"]["opinions"] or {}), *(row["body"]["absences"] or {})}
            missing = tuple(role for role in row["body"]["required"] if role not in heard)
            if not missing:
                continue
            what, key = "会商等待意见", "opinion"
            moved = next(entry.event.occurred_at for entry in history if entry.event.kind == "convened")
        yield Waiting("consultation", row["stream"], row["episode"], key, 1, what, Level.NONE, moved, missing)


def _warnings(office: Office, now: datetime) -> Iterator[Waiting]:
    for row in office.record.now("warning", states=("drafted", "returned", "approved", "issued")):
        history = office.record.history("warning", row["stream"])
        name, episode, level = row["stream"], row["episode"], Level.of(row["level"])
        word = f"{level.chinese}预警" if level is not Level.NONE else "临时管控"

        def last(*kinds: str, history: Any = history) -> Any:
            return next((entry for entry in reversed(history) if entry.event.kind in kinds), None)

        def waits(
            key: str, entry: Any, what: str, *, name: str = name, episode: str = episode, level: Level = level
        ) -> Waiting:
            return Waiting("warning", name, episode, key, entry.version, what, level, entry.event.occurred_at)

        match row["state"]:
            case "drafted":
                yield waits("approval", last("drafted", "redrafted"), f"{word}待签批")
            case "approved":
                yield waits("issue", last("approved"), f"{word}已批准待发布")
            case "returned":
                yield waits("returned", last("returned"), f"{word}被退回")
            case _:
                asked = last("lift_asked")
                needed = office.desk.may_sign(office.record.state("warning", name).draft).signatures
                if asked is not None and len(row["body"]["lift_signatures"]) < needed:
                    yield waits("lift", asked, f"解除{word}待签批")
                end = datetime.fromisoformat(row["body"]["draft"]["expected_end"])
                if end < now:
                    yield Waiting("warning", name, episode, "overrun", 1, f"{word}已过预计结束时间", level, end)


def _handovers(office: Office, now: datetime) -> Iterator[Waiting]:
    for row in office.record.now("handover", states=("written",)):
        at = datetime.fromisoformat(row["opened_at"])
        if now - at > HANDOVER_WITHIN:
            yield Waiting("handover", row["stream"], row["episode"], "handover", 1, "交班记录待接班", Level.NONE, at)


def _who(one: Waiting, plan: Roster | None, people: People) -> Callable[[str, datetime], Sequence[str]]:
    def resolve(target: str, moment: datetime) -> Sequence[str]:
        if target == "missing":
            return [person for role in one.missing for person in people(role)]
        kind, _, key = target.partition(":")
        if kind == "role":
            return people(key)
        if kind == "shift" and plan is not None:
            there = [duty.person for duty in roster.on_duty(plan, moment) if duty.person is not None]
            if there:
                return there
        return people("duty_officer")

    return resolve


def _shift(plan: Roster, key: str) -> str:
    return next((shift.chinese for shift in plan.shifts if shift.key == key), key)
