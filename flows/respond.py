"""What is due now on the duty side: propose, start, chase, judge compliance, evaluate.

Each function looks at the record and the clock, does what is due and nothing twice: run again at the same moment it
changes nothing. So a missed, doubled or late run is harmless. Rules live in plans/ and emergency/, none here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from emergency import compliance, risk
from emergency.compliance import MeterReading
from emergency.lifecycle import SYSTEM
from emergency.office import Office
from emergency.order import Order
from emergency.vocabulary import BEIJING
from forecast.outlook import Outlook
from plans.rulebook import Rules
from plans.schema import CityPlan

MOST_CHASES = 3
"""After so many unanswered chases the matter goes to the inspectors; a setting of the office."""

READINGS_WITHIN = timedelta(hours=24)
"""How long after the execution deadline readings may be awaited before their absence is itself a finding; a setting."""


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
    """Chase every enterprise that is silent, each time another interval has passed, at most MOST_CHASES times."""
    for row in office.record.now("order", states=("issued", "delivered")):
        body = row["body"]
        due = datetime.fromisoformat(body["respond_by"]) + body["chases"] * every
        if now > due and body["chases"] < MOST_CHASES:
            office.chase(row["stream"], now=now)


def judge_compliance(office: Office, now: datetime) -> None:
    """Record a finding on every running order whose deadline has passed, when it differs from the last one."""
    for row in office.record.now("order", states=("issued", "delivered", "acknowledged", "executing")):
        body = row["body"]
        if now <= datetime.fromisoformat(body["respond_by"]):
            continue
        order: Order = office.record.state("order", row["stream"])
        silent = order.acknowledged_at is None
        if not silent and now <= order.execute_by:
            continue
        readings = readings_of(order, since=order.execute_by)
        if not silent and not readings and now <= order.execute_by + READINGS_WITHIN:
            continue
        finding = compliance.find(order, readings, now=now)
        last = order.findings[-1]["verdict"] if order.findings else None
        if finding.verdict.key != last:
            office.record_finding(row["stream"], finding, by=SYSTEM, now=now)


def readings_of(order: Order, *, since: datetime) -> list[MeterReading]:
    """The electricity readings filed under an order whose window begins at or after `since`."""
    readings = [
        MeterReading(
            window_start=datetime.fromisoformat(item["window_start"]),
            window_end=datetime.fromisoformat(item["window_end"]),
            used_kwh=float(item["used_kwh"]),
            normal_kwh=float(item["normal_kwh"]),
        )
        for item in order.evidence
        if item.get("type") == "electricity"
    ]
    return [reading for reading in readings if reading.window_start >= since]
