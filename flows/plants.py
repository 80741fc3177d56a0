"""Simulated enterprises of a replay: most are honest, some late, silent, half-hearted or cheating.

The temperament of a plant follows from the seed and its identifier alone. The detector (emergency.compliance) never
sees it: it sees receipts, reports and electricity, as it would in life. Electricity comes from the grid company's
meters, so it keeps coming when a plant is silent.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from emergency.compliance import ordered_cut
from emergency.lifecycle import Actor
from emergency.office import Office
from emergency.vocabulary import Role
from flows.people import chance

METER_HOURS = 6
"""Length of one simulated reading."""


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
    """Everything the plants do in this hour: acknowledge, report execution, and be metered."""
    readings: list[tuple[str, Mapping[str, Any]]] = []
    for row in office.record.now("order", states=("delivered", "acknowledged", "executing", "issued")):
        body, name, enterprise = row["body"], row["stream"], row["enterprise"]
        kind = temperament(seed, enterprise)
        who = Actor(enterprise, Role.ENTERPRISE)
        state = row["state"]
        if state == "delivered" and now >= _answers_at(body, kind, seed, name):
            office.acknowledge_order(name, signer="厂长", by=who, now=now)
            state = "acknowledged"
        if state == "acknowledged" and kind is not Temperament.SILENT and not body["voluntary"]:
            wait = timedelta(hours=1 + 8 * chance(seed, name, "execute"))
            starts_at = datetime.fromisoformat(body["execute_by"]) - office.desk.execute_within
            if now >= starts_at + wait:
                office.report_execution(name, report="已按清单措施执行", by=who, now=now)
        reading = _reading(row, kind, seed=seed, now=now)
        if reading is not None:
            readings.append((name, reading))
    if readings:
        office.file_readings(readings, by=Actor("grid-meter", Role.SYSTEM), now=now)


def _answers_at(body: dict[str, str], kind: Temperament, seed: int, name: str) -> datetime:
    delivered = datetime.fromisoformat(body["delivered_at"])
    if kind is Temperament.SILENT:
        return delivered + timedelta(days=365)
    if kind is Temperament.LATE:
        return delivered + timedelta(hours=2 + 3 * chance(seed, name, "answer"))
    return delivered


def _reading(row: Mapping[str, Any], kind: Temperament, *, seed: int, now: datetime) -> Mapping[str, Any] | None:
    """The reading of the last full window; None when none is due, filed already, or lost on the way."""
    body, name = row["body"], row["stream"]
    window = timedelta(hours=METER_HOURS)
    if now.hour % METER_HOURS or now - window < datetime.fromisoformat(body["execute_by"]):
        return None
    if any(item.get("window_end") == now.isoformat() for item in body["evidence"]):
        return None
    wanted = ordered_cut(body["measures"])
    if wanted <= 0 or chance(seed, name, now, "meter gap") < 0.03:
        return None
    normal = 400.0 + 4000.0 * chance(seed, row["enterprise"], "size")
    share = {Temperament.PARTIAL: 0.5, Temperament.CHEATING: 0.05, Temperament.SILENT: 0.2}.get(kind, 1.0)
    noise = 0.04 * (chance(seed, name, now, "noise") - 0.5)
    return {
        "type": "electricity",
        "simulated": True,
        "window_start": (now - window).isoformat(),
        "window_end": now.isoformat(),
        "used_kwh": round(normal * max(0.0, 1.0 - wanted * share + noise), 1),
        "normal_kwh": round(normal, 1),
    }
