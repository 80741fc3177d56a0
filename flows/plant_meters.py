"""Simulated instruments of a replay's plants: quarter-hour power per circuit, the same for the same seed.

Not the labelled simulator of the detector's quality (power_simulator): this one only gives the replay something to
judge. It knows nothing of the detector's thresholds; what a plant does follows from its temperament alone.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from emergency.compliance_power import load_cut_of
from emergency.compliance_signs import DAY, QUARTER, Circuit, Role, Series, quarter_of_day
from emergency.order import Order
from emergency.vocabulary import BEIJING
from flows.people import chance
from flows.plants import Temperament, temperament


class SimulatedMeters:
    """One production circuit per ordered unit, one of treatment and one of offices."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def circuits(self, order: Order, *, start: datetime, end: datetime, normal: bool) -> Sequence[Circuit]:
        """Power of the plant's circuits; under the order as its temperament has it."""
        units = [str(one["unit"]) for one in order.measures if load_cut_of(one) and one.get("unit")]
        made = []
        for unit in dict.fromkeys(units):
            cut = max(load_cut_of(one) or 0.0 for one in order.measures if one.get("unit") == unit)
            values = self._line(order, unit, cut, start, end, normal=normal)
            made.append(Circuit(unit, "production", unit, values))
        if made:
            made += [self._side(order, role, start, end, normal=normal) for role in ("treatment", "other")]
        return made

    def emissions(self, order: Order, *, start: datetime, end: datetime, normal: bool) -> Mapping[str, Series]:
        """Stack monitors: the hardened cheat's monitor shows zero while its line runs; others send nothing here."""
        if normal or self._kind(order) is not Temperament.CHEATING or self._trick(order) != "zero":
            return {}
        return {str(one["outlet"]): [0.0] * ((end - start) // QUARTER) for one in order.measures if one.get("outlet")}

    def facilities(self, order: Order, *, start: datetime, end: datetime, normal: bool) -> Mapping[str, Series]:  # noqa: ARG002
        """No facility sends its state in a replay."""
        return {}

    def _kind(self, order: Order) -> Temperament:
        return temperament(self.seed, order.enterprise)

    def _trick(self, order: Order) -> str:
        drawn = chance(self.seed, order.enterprise, "trick")
        return "nights" if drawn < 0.35 else "treatment" if drawn < 0.6 else "zero"

    def _line(
        self, order: Order, unit: str, cut: float, start: datetime, end: datetime, *, normal: bool
    ) -> list[float | None]:
        kind, name = self._kind(order), order.enterprise
        size = 100.0 + 900.0 * chance(self.seed, name, unit, "size")
        broken = chance(self.seed, name, unit, "broken meter") < 0.03
        late = timedelta(hours=4 + 10 * chance(self.seed, order.identifier, "late"))
        values: list[float | None] = []
        at = start
        while at < end:
            noise = _noise(self.seed, f"{name}/{unit}", at.astimezone(BEIJING).date().isoformat())
            factor = 1.0 if normal else self._factor(order, kind, cut, at, late)
            wobble = 0.06 * (noise[quarter_of_day(at)] - 0.5)
            value = size * max(factor * (1 + wobble), 0.03 + 0.02 * noise[quarter_of_day(at)])
            if not normal and broken:
                value = round(size, 1)  # a stuck meter says the same for days
            lost = noise[(quarter_of_day(at) + 17) % DAY] < 0.02
            values.append(None if lost else round(value, 2))
            at += QUARTER
        return values

    def _factor(self, order: Order, kind: Temperament, cut: float, at: datetime, late: timedelta) -> float:
        if kind is Temperament.LATE and at < order.execute_by + late:
            return 1.0
        if kind is Temperament.SILENT:
            return 1 - 0.2 * cut
        if kind is Temperament.PARTIAL:
            return 1 - 0.55 * cut
        if kind is Temperament.CHEATING:
            if self._trick(order) == "nights" and cut >= 1:
                hour = at.astimezone(BEIJING).hour
                return 0.9 if hour >= 21 or hour < 6 else 0.0
            return 1 - 0.05 * cut
        return max(0.0, 1 - cut - (0.0 if cut >= 1 else 0.04))

    def _side(self, order: Order, role: Role, start: datetime, end: datetime, *, normal: bool) -> Circuit:
        name = order.enterprise
        size = (60.0 if role == "treatment" else 25.0) * (0.5 + chance(self.seed, name, role, "size"))
        off = (
            not normal
            and role == "treatment"
            and self._kind(order) is Temperament.CHEATING
            and self._trick(order) == "treatment"
        )
        values: list[float | None] = []
        at = start
        while at < end:
            noise = _noise(self.seed, f"{name}/{role}", at.astimezone(BEIJING).date().isoformat())
            swing = 0.3 * math.sin(quarter_of_day(at) * 2 * math.pi / DAY - 2) if role == "other" else 0.0
            values.append(round(size * (0.02 if off else 1.0) * (1 + swing + 0.1 * noise[quarter_of_day(at)]), 2))
            at += QUARTER
        return Circuit(role, role, "", values)


@lru_cache(maxsize=20_000)
def _noise(seed: int, what: str, day: str) -> tuple[float, ...]:
    """96 numbers in [0, 1) of one circuit and day."""
    drawn = random.Random(f"{seed}|{what}|{day}")  # noqa: S311  a simulation, no secret
    return tuple(drawn.random() for _ in range(DAY))
