"""What is due now on the duty side: propose, start, chase, judge compliance, evaluate.

Each function looks at the record and the clock, does what is due and nothing twice: run again at the same moment it
changes nothing. So a missed, doubled or late run is harmless. Rules live in plans/ and emergency/, none here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from emergency import risk
from emergency.office import Office
from emergency.vocabulary import BEIJING
from flows.evidence import Meters, judge_orders
from forecast.outlook import Outlook
from plans.rulebook import Rules
from plans.schema import CityPlan

MOST_CHASES = 3
"""After so many unanswered chases the matter goes to the inspectors; a setting of the office."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What the office sees at one moment: the newest outlook and what was observed, both as of now."""

    now: datetime
    outlook: Outlook | None
    observed: risk.Observed
    rules: Rules
    plan: CityPlan

    @property
    def local(self) -> datetime:
        """Now, in Beijing time."""
        return self.now.astimezone(BEIJING)

    def assess(self, signed: tuple[int, ...] | None = None) -> risk.Assessment | None:
        """The assessment of the present outlook, on signed values when given; None without an outlook."""
        if self.outlook is None:
            return None
        return risk.assess(self.outlook, self.observed, rules=self.rules, now=self.now, city=self.plan, signed=signed)


def current_warning(office: Office) -> Mapping[str, Any] | None:
    """The warning that is drafted, approved or issued and not ended; the issued one first; None when there is none."""
    rows = office.record.now("warning", open_only=True)
    issued = [row for row in rows if row["state"] == "issued"]
    chosen = issued or list(rows)
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


def consultation_of(day: str) -> str:
    """Identifier of the day's consultation."""
    return f"consultation-{day}"


def propose(office: Office, situation: Situation) -> None:
    """Propose the day's consultation when the plan's triggers are met and none was proposed today."""
    day = f"{situation.local:%Y%m%d}"
    if situation.outlook is None or office.record.state("consultation", consultation_of(day)) is not None:
        return
    assessment = situation.assess()
    if assessment is None or not assessment.triggers:
        return
    triggers = [
        {
            "rule": trigger.rule_id,
            "text": trigger.chinese,
            "measured": trigger.measured,
            "threshold": trigger.threshold,
            "confidence": trigger.confidence,
        }
        for trigger in assessment.triggers
    ]
    office.propose_consultation(
        consultation_of(day),
        episode=episode_of(office, day),
        outlook=situation.outlook,
        triggers=triggers,
        now=situation.now,
    )


def start_due(office: Office, now: datetime) -> None:
    """Start every scheduled response whose hour has come."""
    for row in office.record.now("activation", states=("scheduled",)):
        if datetime.fromisoformat(row["body"]["starts_at"]) <= now:
            office.start_response(row["stream"], now=now)


def chase_overdue(office: Office, now: datetime, *, every: timedelta) -> None:
    """Chase everyone who is silent, again after each interval, at most MOST_CHASES times; one transaction."""
    due = []
    for row in office.record.now("order", states=("issued", "delivered")):
        body = row["body"]
        since = datetime.fromisoformat(body["respond_by"]) + body["chases"] * every
        if now > since and body["chases"] < MOST_CHASES:
            due.append(row["stream"])
    if due:
        office.chase_all(due, now=now)


def judge_compliance(office: Office, now: datetime, meters: Meters | None = None) -> int:
    """How many findings on running orders were new; without meters only receipts, visits and ledgers speak."""
    return judge_orders(office, meters, now)


def meters_of(home: Path) -> Meters | None:
    """The instruments whose data lie in the working folder's archive; None in a folder that has none."""
    from flows.evidence import StoredMeters
    from forecast.emissions import Emissions

    path = home / "archive.db"
    return StoredMeters(Emissions.open(path)) if path.is_file() else None
