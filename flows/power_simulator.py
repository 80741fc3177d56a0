"""Simulated electricity of plants under an order, with labels: for measuring the detector, and never seen by it.

The simulator knows nothing of the detector's thresholds. Plants work around the clock, by shifts or in batches; they
have repairs, drifting loads, stand-by power, wind-downs. Behaviours: honest, late, partial, cheating in four ways;
on top of an honest or cheating plant a meter may fail or values be lost. The mix and widths are ours (confidence I):
there is no published labelled set of such data.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import numpy as np

from emergency.compliance_signs import Circuit, Role

Behaviour = Literal["honest", "late", "partial", "cheating", "meter_fault", "data_gap"]
Truth = Literal["compliant", "partly", "not"]
SHARES: dict[Behaviour, float] = {
    "honest": 0.55, "late": 0.10, "partial": 0.10, "cheating": 0.13, "meter_fault": 0.06, "data_gap": 0.06,
}  # fmt: skip
QUARTERS = 96
ROLES: tuple[Role, ...] = ("production", "treatment", "other", "other")


@dataclass(frozen=True, slots=True)
class Plant:
    """One simulated plant: what the office sees, and the labels it does not see."""

    identifier: str
    measures: tuple[dict[str, Any], ...]
    circuits: tuple[Circuit, ...]
    first_at: datetime
    reported: bool
    behaviour: Behaviour
    detail: str
    truth: Truth
    """What the plant really did."""


def simulate(count: int, *, seed: int, first_at: datetime, days_before: int = 4, days_during: int = 3) -> list[Plant]:
    """Plants with four circuits each (line, treatment, offices, workshop), quarter-hour means in kW.

    The order must be carried out `days_before` days after `first_at`, which is local midnight.
    """
    rng = np.random.default_rng(seed)
    return [_plant(f"SIM{n:05d}", rng, first_at, days_before, days_during) for n in range(count)]


def _plant(identifier: str, rng: np.random.Generator, first_at: datetime, before: int, during: int) -> Plant:
    total, begin = (before + during) * QUARTERS, before * QUARTERS
    behaviour: Behaviour = rng.choice(list(SHARES), p=list(SHARES.values()))
    cut = float(rng.choice([1.0, 1.0, 0.5, 0.3, 0.2]))
    acts: Behaviour = behaviour
    if behaviour in ("meter_fault", "data_gap"):
        acts = "cheating" if rng.random() < 0.10 else "honest"
    size = float(np.exp(rng.normal(5.8, 0.8)))
    usual = _work(rng, total, size, before)
    factor, detail, truth = _conduct(rng, acts, cut, begin, total)
    if acts == "late" and (usual * (factor > 0.99))[begin:].sum() < 6 * size:
        truth = "compliant"  # late only in hours in which it rests anyway
    standby = size * rng.uniform(0.01, 0.08)
    if detail == "nights":  # made up for in the dark, also by plants that usually work by day
        night = np.arange(total) >= begin
        usual = np.where(night & (factor > 0), size * (1 + 0.03 * rng.standard_normal(total)), usual)
    line = np.maximum(usual * factor, standby * rng.uniform(0.9, 1.1, total))
    treatment = size * rng.uniform(0.1, 0.3) * np.where(usual * factor > 0.15 * size, 1.0, rng.uniform(0.0, 0.4))
    treatment *= 1 + 0.05 * rng.standard_normal(total)
    offices = size * rng.uniform(0.02, 0.08) * (1 + 0.3 * np.sin(np.arange(total) * 2 * np.pi / QUARTERS - 2))
    offices *= 1 + 0.08 * rng.standard_normal(total)
    workshop = size * rng.uniform(0.05, 0.15) * (1 + 0.15 * rng.standard_normal(total)) * rng.uniform(0.85, 1.15)
    if detail == "moved":
        workshop[begin:] += np.maximum(0, usual[begin:] - line[begin:]) * rng.uniform(0.7, 1.0)
    if detail == "treatment off":
        treatment[begin:] *= 0.02
    circuits = [np.maximum(one, 0.0) for one in (line, treatment, offices, workshop)]
    if behaviour == "meter_fault":
        detail = f"{_fail(rng, circuits, begin, total)}, {acts}"
    gaps = rng.random((4, total)) < rng.choice([0.0, 0.01, 0.05])
    if behaviour == "data_gap":
        length = int(rng.uniform(0.2, 1.0) * (total - begin))
        at = begin + int(rng.uniform(0, total - begin - length + 1))
        gaps[:, at : at + length] = True
        detail = f"{length / (total - begin):.0%} lost, {acts}"
    made = tuple(
        Circuit(f"{identifier}-{number}", role, unit, _values(one, lost))
        for number, (one, lost, role, unit) in enumerate(zip(circuits, gaps, ROLES, ("U1", "", "", ""), strict=True))
    )
    action = {"action": "stop", "text": "停产"} if cut == 1 else {"action": "limit", "text": f"限产{round(cut * 100)}%"}
    measure = {"unit": "U1", "outlet": "DA001", **action}
    return Plant(identifier, (measure,), made, first_at, bool(rng.random() < 0.9), behaviour, detail, truth)


def _work(rng: np.random.Generator, total: int, size: float, before: int) -> np.ndarray:
    """Power of undisturbed working."""
    clock = np.arange(total)
    kind = rng.choice(["continuous", "shift", "batch"], p=[0.55, 0.3, 0.15])
    base = np.ones(total)
    if kind == "shift":
        opens, closes = rng.integers(24, 36), rng.integers(64, 84)
        hour = clock % QUARTERS
        base = np.where((hour >= opens) & (hour < closes), 1.0, 0.05)
    elif kind == "batch":
        period, on = rng.integers(10, 20), rng.uniform(0.6, 0.85)
        base = np.where(((clock + rng.integers(0, 20)) % period) / period < on, 1.0, 0.15)
    noise = np.empty(total)
    noise[0] = 0.0
    steps = rng.standard_normal(total) * 0.025
    for at in range(1, total):
        noise[at] = 0.92 * noise[at - 1] + steps[at]
    drift = 1 + np.linspace(0, rng.normal(0, 0.03), total)
    if before >= 3 and rng.random() < 0.08:
        day = int(rng.integers(0, before - 1))
        base[day * QUARTERS : (day + 1) * QUARTERS] *= 0.1  # a day of repairs
    return np.maximum(0.0, size * base * drift * (1 + noise))


def _conduct(
    rng: np.random.Generator, acts: Behaviour, cut: float, begin: int, total: int
) -> tuple[np.ndarray, str, Truth]:
    """The factor on undisturbed power, the kind of conduct, and what it truly is."""
    factor = np.ones(total)
    ramp = int(rng.integers(2, 16))

    def lower(start: int, to: float) -> None:
        first = max(0, start - ramp)
        factor[first:start] = np.linspace(1, to, start - first)
        factor[start:] = to

    margin = 0.0 if cut == 1 else float(rng.normal(0.03, 0.025))
    goal = max(0.0, 1 - cut - margin)
    if acts == "honest":
        lower(begin, goal)
        return factor, "", "compliant"
    if acts == "late":
        hours = float(rng.uniform(4, 20))
        lower(begin + int(hours * 4), goal)
        return factor, f"{hours:.0f} h late", "partly"
    if acts == "partial":
        done = float(rng.uniform(0.1, 0.8))
        lower(begin, 1 - cut * done)
        return factor, f"{done:.0%} of the cut", "partly" if done >= 0.5 else "not"
    detail = str(rng.choice(["unchanged", "nights", "moved", "treatment off"], p=[0.45, 0.25, 0.15, 0.15]))
    if detail == "nights" and cut < 1:
        detail = "unchanged"
    if detail == "unchanged":
        lower(begin, 1 - cut * float(rng.uniform(0, 0.12)))
    elif detail == "nights":
        lower(begin, 0.0)
        hour = np.arange(total) % QUARTERS
        opens, closes = int(rng.integers(76, 92)), int(rng.integers(12, 28))
        factor[(np.arange(total) >= begin) & ((hour >= opens) | (hour < closes))] = float(rng.uniform(0.7, 1.0))
    elif detail == "moved":
        lower(begin, goal)
    return factor, detail, "not"


def _fail(rng: np.random.Generator, circuits: list[np.ndarray], begin: int, total: int) -> str:
    """Break the meters in place; how."""
    kind = str(rng.choice(["stuck", "spikes", "dead", "negative"]))
    if kind == "stuck":
        at = begin - int(rng.integers(0, 40))
        circuits[0][at:] = round(float(circuits[0][at]), 1) or 1.0
    elif kind == "spikes":
        hit = rng.random(total) < 0.05
        circuits[0][hit] *= rng.uniform(20, 1000)
    elif kind == "dead":
        for one in circuits:
            one[begin:] = 0.0
    else:
        hit = rng.random(total) < 0.3
        circuits[0][hit] = -1.0
    return kind


def _values(series: np.ndarray, lost: np.ndarray) -> list[float | None]:
    rounded = np.round(series, 2).tolist()
    for at in np.flatnonzero(lost):
        rounded[at] = None
    return list(rounded)
