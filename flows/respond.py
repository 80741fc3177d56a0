"""What is due now on the duty side: propose, start, chase, judge compliance, evaluate.

Each function looks at the record and the clock, does what is due and nothing twice: run again at the same moment it
changes nothing. So a missed, doubled or late run is harmless. Rules live in plans/ and emergency/, none here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from emergency import cadence
from emergency.lifecycle import SYSTEM, Refused
from emergency.office import Office
from emergency.record import StaleDecision
from emergency.vocabulary import Level
from emergency.warning_draft import is_control
from flows import consultation_pack
from flows.evidence import Meters, judge_orders
from flows.situation import Situation

MOST_CHASES = 3
"""After so many unanswered chases the matter goes to the inspectors; a setting of the office."""


@contextmanager
def unless_raced() -> Iterator[None]:
    """Do an act of the clock, or leave it when another scheduler was faster: the record refused the second one."""
    with suppress(Refused, StaleDecision):
        yield


def current_warning(office: Office) -> Mapping[str, Any] | None:
    """The warning that is drafted, approved or issued and not ended; the issued one first; None when there is none.

    A temporary control 临时管控 is none: beside it the city counts as not warned.
    """
    rows = [row for row in office.record.now("warning", open_only=True) if not is_control(row)]
    issued = [row for row in rows if row["state"] == "issued"]
    chosen = issued or rows
    return chosen[-1] if chosen else None


def pending_warning(office: Office) -> Mapping[str, Any] | None:
    """The warning that waits for approval or issue; None when there is none."""
    rows = office.record.now("warning", states=("drafted", "returned", "approved"))
    return rows[-1] if rows else None


def episode_of(office: Office, day: str) -> str:
    """The episode that runs, or a new one named after the area and the day (yyyymmdd)."""
    running = current_warning(office)
    if running is not None:
        return str(running["episode"])
    name = f"{office.desk.area}-{day}"
    while office.record.state("activation", f"response-{name}") is not None:
        name += "x"  # a second response that begins on the day on which the first one ended
    return name


def consultation_of(day: str, number: int = 1) -> str:
    """Identifier of a consultation of the day: the first, or a later one.

    >>> consultation_of("20151205"), consultation_of("20151205", 2)
    ('consultation-20151205', 'consultation-20151205-2')
    """
    return f"consultation-{day}" + (f"-{number}" if number > 1 else "")


def consultations_of(office: Office, day: str) -> list[Mapping[str, Any]]:
    """The rows of the day's consultations, in the order in which they were proposed."""
    first = consultation_of(day)
    return [
        row
        for row in office.record.now("consultation", prefix=first)
        if row["stream"] == first or row["stream"].startswith(f"{first}-")
    ]


def propose(office: Office, situation: Situation) -> None:
    """Propose a consultation when the cadence asks for one: triggers met, risk lasting, or the situation graver."""
    if situation.outlook is None:
        return
    assessment = situation.assess()
    if assessment is None:
        return
    rows = [row for row in office.record.now("consultation", newest=8) if row["state"] != "cancelled"]
    met = [
        cadence.Met(trigger.rule_id, trigger.kind, tuple(day.isoformat() for day in trigger.days))
        for trigger in assessment.triggers
    ]
    running = current_warning(office)
    why = cadence.due(
        [_session(row) for row in rows],
        now=situation.now,
        warned=running is not None and running["state"] == "issued",
        met=met,
        judged=assessment.level,
        per_day=situation.plan.consultation.denser_per_day.value,
    )
    if not why:
        return
    triggers = [
        {
            "rule": trigger.rule_id,
            "kind": trigger.kind,
            "days": [day.isoformat() for day in trigger.days],
            "text": trigger.chinese,
            "measured": trigger.measured,
            "threshold": trigger.threshold,
            "confidence": trigger.confidence,
        }
        for trigger in assessment.triggers
    ]
    triggers.append({"rule": "cadence", "kind": "cadence", "days": [], "text": why, "measured": assessment.level.word,
                     "threshold": "", "confidence": "B"})  # fmt: skip
    day = f"{situation.local:%Y%m%d}"
    with unless_raced():
        office.propose_consultation(
            consultation_of(day, len(consultations_of(office, day)) + 1),
            episode=episode_of(office, day),
            outlook=situation.outlook,
            triggers=triggers,
            pack=consultation_pack.pack(situation, assessment, why=why),
            now=situation.now,
        )


def _session(row: Mapping[str, Any]) -> cadence.Session:
    body = row["body"]
    level, judged = Level.of(body["level"]), Level.of(body.get("judged", "none"))
    met, proposed = [], Level.NONE
    for trigger in body["triggers"]:
        if trigger.get("kind") == "cadence":
            proposed = Level.of(trigger["measured"])
        else:
            met.append(cadence.Met(trigger["rule"], trigger.get("kind", ""), tuple(trigger.get("days", ()))))
    is_open = row["state"] in ("proposed", "convened")
    opened = datetime.fromisoformat(row["opened_at"])
    return cadence.Session(opened, is_open, level, max(judged, proposed), tuple(met))


def note_silence(office: Office, now: datetime, *, within: timedelta) -> None:
    """Put on record every required party that has said nothing by the deadline, so that the session can conclude."""
    for row in office.record.now("consultation", states=("convened",)):
        history = office.record.history("consultation", row["stream"])
        convened = next(entry for entry in history if entry.event.kind == "convened")
        if now - convened.event.occurred_at <= within:
            continue
        state = office.record.state("consultation", row["stream"])
        for number, role in enumerate(state.missing):
            with unless_raced():
                seen = office.seen("consultation", row["stream"], len(history) + number)
                seen.note_absence(row["stream"], role=role, why="逾时未提交意见", by=SYSTEM, now=now)


def resume_due(office: Office, now: datetime) -> None:
    """Let every paused response go on whose hour, decided with the pause, has come."""
    for row in office.record.now("activation", states=("paused",)):
        at = row["body"].get("resume_at")
        if at is not None and datetime.fromisoformat(at) <= now:
            with unless_raced():
                office.resume_response(row["stream"], by=SYSTEM, now=now)


def start_due(office: Office, now: datetime) -> None:
    """Start every scheduled response whose hour has come."""
    for row in office.record.now("activation", states=("scheduled",)):
        if datetime.fromisoformat(row["body"]["starts_at"]) <= now:
            with unless_raced():
                office.start_response(row["stream"], now=now)


def chase_overdue(office: Office, now: datetime, *, every: timedelta) -> None:
    """Chase everyone who is silent, again after each interval, at most MOST_CHASES times; one transaction."""
    due = []
    for row in office.record.now("order", states=("issued", "delivered")):
        body = row["body"]
        since = datetime.fromisoformat(body["respond_by"]) + body["chases"] * every
        if now > since and body["chases"] < MOST_CHASES:
            due.append(row)
    if due:  # a chase may be repeated by nature: the version of the first one says whether another scheduler was here
        with unless_raced():
            office.seen("order", due[0]["stream"], due[0]["version"]).chase_all([row["stream"] for row in due], now=now)


def judge_compliance(office: Office, now: datetime, meters: Meters | None = None) -> int:
    """How many findings on running orders were new; without meters only receipts, visits and ledgers speak."""
    return judge_orders(office, meters, now)


def meters_of(home: Path) -> Meters | None:
    """The instruments whose data lie in the working folder's archive; None in a folder that has none."""
    from flows.evidence import StoredMeters
    from forecast.emissions import Emissions

    path = home / "archive.db"
    return StoredMeters(Emissions.open(path)) if path.is_file() else None
