"""Simulated enterprises and departments of a replay: most are honest, some late, silent, half-hearted or cheating.

The temperament of a plant follows from the seed and its identifier alone. The detector (emergency.compliance_power)
never sees it: it sees receipts, reports and electricity, as it would in life. Electricity comes from the grid
company's meters (flows.plant_meters), so it keeps coming when a plant is silent.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum

from emergency.lifecycle import Actor
from emergency.office import Office
from emergency.vocabulary import Role
from flows.people import chance


class Temperament(Enum):
    """How a simulated plant behaves."""

    HONEST = ("honest", "守信")
    LATE = ("late", "迟签")
    SILENT = ("silent", "失联")
    PARTIAL = ("partial", "打折执行")
    CHEATING = ("cheating", "假停产")

    def __init__(self, key: str, chinese: str) -> None:
        self.key = key
        self.chinese = chinese


def temperament(seed: int, enterprise: str) -> Temperament:
    """The temperament of a plant: 72 % honest, 10 % late, 6 % each silent, half-hearted and cheating."""
    drawn = chance(seed, enterprise, "temperament")
    for bound, kind in (
        (0.72, Temperament.HONEST),
        (0.82, Temperament.LATE),
        (0.88, Temperament.SILENT),
        (0.94, Temperament.PARTIAL),
    ):
        if drawn < bound:
            return kind
    return Temperament.CHEATING


def act(office: Office, now: datetime, *, seed: int) -> None:
    """Everything the plants and departments do in this hour: acknowledge, report each measure and the whole."""
    for row in office.record.now("order", states=("delivered", "acknowledged", "executing", "issued")):
        body, name, enterprise = row["body"], row["stream"], row["enterprise"]
        department = body.get("audience") == "department"
        kind = Temperament.HONEST if department else temperament(seed, enterprise)
        who = Actor(enterprise, Role.DEPARTMENT if department else Role.ENTERPRISE)
        state = row["state"]
        if state == "delivered" and now >= _answers_at(body, kind, seed, name):
            office.acknowledge_order(name, signer="值班负责人" if department else "厂长", by=who, now=now)
            state = "acknowledged"
        if state == "acknowledged" and kind is not Temperament.SILENT and not body["voluntary"]:
            wait = timedelta(hours=1 + 8 * chance(seed, name, "execute"))
            starts_at = datetime.fromisoformat(body["execute_by"]) - office.desk.execute_within
            if now >= starts_at + wait:
                report = "已按任务布置落实" if department else "已按清单措施执行"
                office.report_execution(name, report=report, by=who, now=now)


def _answers_at(body: dict[str, str], kind: Temperament, seed: int, name: str) -> datetime:
    delivered = datetime.fromisoformat(body["delivered_at"])
    if kind is Temperament.SILENT:
        return delivered + timedelta(days=365)
    if kind is Temperament.LATE:
        return delivered + timedelta(hours=2 + 3 * chance(seed, name, "answer"))
    return delivered
