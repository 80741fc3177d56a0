"""The reduction list 应急减排清单: plants, their units down to line and equipment, and what each does at each level.

A list is one edition of one CSV file (see enterprise_csv for its columns). From it come the orders of a level, pure
and deterministic, and the arithmetic of what the level reaches (see reductions).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from plans.measure import POLLUTANTS, Measure, PollutantKey

LevelKey = Literal["yellow", "orange", "red"]
LEVEL_KEYS: tuple[LevelKey, ...] = ("yellow", "orange", "red")

GRADES: tuple[str, ...] = ("A", "B", "B-", "C", "D", "引领性", "非引领性")
"""Performance grades 绩效等级 of the 340号 guide (2020)."""

VOLUNTARY_GRADES: tuple[str, ...] = ("A", "引领性")
"""Grades that cut by their own decision 自主减排 (MEE answers of 2023-11; domain fact A): the order only informs."""

KINDS: tuple[str, ...] = ("工业源", "扬尘源", "移动源")
"""Kinds of entries: plants get orders; dust and vehicle entries are tasks of departments and count in the sums."""

CHECKS: tuple[str, ...] = ("用电", "在线监测", "门禁", "视频", "台账", "现场")
"""Ways a measure is verified."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A production line, a piece of equipment, the plant's transport, or a group of sources outside plants."""

    identifier: str
    site: str
    workshop: str
    process: str
    name: str
    kind: str
    """生产线, 设备 or 运输 (工业源); 工地, 道路 or 车辆 (other kinds)."""
    outlet: str
    base_daily: Mapping[PollutantKey, Fraction]
    """Emission on a normal day, kg, per pollutant."""
    power_share: Fraction
    """Share of the plant's production electricity, 0 to 1."""
    capacities: tuple[Fraction | None, Fraction | None, Fraction | None]
    """Daily capacity by the environmental approval, by the permit, and last year's normal output (t a day)."""
    measures: Mapping[LevelKey, Measure]
    checks: tuple[str, ...]

    @property
    def base_capacity(self) -> Fraction | None:
        """The smallest of the capacities on file (340号 guide, cement rule), or None when none is."""
        known = [capacity for capacity in self.capacities if capacity is not None]
        return min(known) if known else None

    def cut_of(self, level: LevelKey) -> dict[PollutantKey, Fraction]:
        """What the unit cuts at a level, kg a day per pollutant."""
        cuts = self.measures[level].cuts
        return {pollutant: self.base_daily[pollutant] * cuts[pollutant] for pollutant in POLLUTANTS}


@dataclass(frozen=True, slots=True)
class Enterprise:
    """One plant (or group of sources) of the list."""

    identifier: str
    name: str
    kind: str
    sample: bool
    district: str
    industry: str
    grade: str
    credit_code: str
    guarantee: str
    """What it guarantees 保障类 (heat, medicine ...), or empty."""
    permitted_load: Fraction | None
    """The load a guarantee plant may keep, 0 to 1."""
    small: bool
    """小微涉气: exempt."""
    contact_role: str
    """The position that answers for orders, never a name; empty when none is on file."""
    units: tuple[Unit, ...]

    @property
    def voluntary(self) -> bool:
        """Whether the cut is the plant's own decision (A, 引领性)."""
        return self.grade in VOLUNTARY_GRADES

    def cut_of(self, level: LevelKey) -> dict[PollutantKey, Fraction]:
        """What the plant cuts at a level, kg a day per pollutant."""
        cuts = [unit.cut_of(level) for unit in self.units]
        return {pollutant: sum((cut[pollutant] for cut in cuts), Fraction(0)) for pollutant in POLLUTANTS}


@dataclass(frozen=True, slots=True)
class PlantOrder:
    """What the list says for one plant at one level: ready to become an order."""

    enterprise: str
    enterprise_name: str
    level: LevelKey
    grade: str
    measures: tuple[Mapping[str, Any], ...]
    """Plain values per measure: unit, target, action, text, power_cut, cut_kg, checks; empty for a voluntary plant."""
    voluntary: bool
    contact_role: str

    @property
    def reachable(self) -> bool:
        """Whether a contact is on file."""
        return bool(self.contact_role)


@dataclass(frozen=True)
class EnterpriseList:
    """One edition of the list."""

    city: str
    edition: str
    enterprises: tuple[Enterprise, ...]
    digest: str
    """SHA-256 of the file's text."""

    def orders_for(self, level: LevelKey) -> tuple[PlantOrder, ...]:
        """One order per plant that has measures at the level or acts voluntarily, in the order of identifiers.

        Small exempt plants, plants without a measure at this level, and dust and vehicle entries get none.
        """
        found = []
        for plant in sorted(self.enterprises, key=lambda one: one.identifier):
            if plant.kind != "工业源" or plant.small:
                continue
            measures = tuple(measure_data(unit, level) for unit in plant.units if _acts(unit, level))
            if measures or plant.voluntary:
                contact = plant.contact_role
                order = PlantOrder(
                    plant.identifier, plant.name, level, plant.grade, measures, plant.voluntary, contact
                )  # fmt: skip
                found.append(order)
        return tuple(found)

    def plant(self, identifier: str) -> Enterprise:
        """The entry with that identifier; KeyError when there is none."""
        for enterprise in self.enterprises:
            if enterprise.identifier == identifier:
                return enterprise
        raise KeyError(identifier)


def measure_data(unit: Unit, level: LevelKey) -> dict[str, Any]:
    """One measure as plain values: what an order shows, a message lists and compliance compares.

    `power_cut` is the share of the plant's production electricity that should fall away; `cut_kg` what is saved.
    """
    measure = unit.measures[level]
    target = f"{unit.workshop} {unit.name}".strip()
    text = f"{target}：{measure.chinese}"
    capacity = unit.base_capacity
    more: dict[str, Any] = {}
    if measure.action == "limit" and capacity is not None:
        most = capacity * (1 - measure.load_cut)
        text += f"，日产量不超过{_plain(most)}吨（基准{_plain(capacity)}吨）"
        more["most_output"] = round(float(most), 3)
    return {
        "unit": unit.identifier,
        "site": unit.site,
        "workshop": unit.workshop,
        "process": unit.process,
        "target": target,
        "kind": unit.kind,
        "outlet": unit.outlet,
        "action": measure.action,
        "detail": measure.detail,
        "text": f"{text}（核查：{'、'.join(unit.checks)}）",
        "power_cut": round(float(unit.power_share * measure.load_cut), 4),
        "cut_kg": {key: round(float(value), 3) for key, value in unit.cut_of(level).items() if value},
        "checks": list(unit.checks),
        **more,
    }


def digest_of(text: str) -> str:
    """SHA-256 of a list's text."""
    return hashlib.sha256(text.encode()).hexdigest()


def _acts(unit: Unit, level: LevelKey) -> bool:
    return unit.measures[level].action != "none"


def _plain(value: Fraction) -> str:
    return f"{float(value):.1f}".removesuffix(".0")
