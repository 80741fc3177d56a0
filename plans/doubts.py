"""Is a measure operable, monitorable, checkable (可操作、可监测、可核查)? What on the list could not be proven."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from plans.enterprise_list import LEVEL_KEYS, EnterpriseList, LevelKey, Unit


@dataclass(frozen=True, slots=True)
class Doubt:
    """A measure that is not surely operable 可操作, monitorable 可监测 or checkable 可核查 (山东 2020, domain A)."""

    enterprise: str
    unit: str
    level: LevelKey
    lacks: str
    why: str


_BY_ACTION: dict[str, tuple[str, ...]] = {
    "stop": ("用电", "在线监测", "视频", "现场"),
    "limit": ("用电", "在线监测"),
    "transport_ban": ("门禁", "视频"),
    "fuel_change": ("在线监测", "台账", "现场"),
}
"""What can show each action; our inference (I) from the ways of verification in use."""
_ALL_OR_NOTHING = ("窑", "焦炉", "高炉", "电解槽")
"""Furnaces that run or stand: a limit on one of them is better written as lines that stop (our inference, I)."""


def doubts_of(listing: EnterpriseList) -> tuple[Doubt, ...]:
    """Every measure that could not be carried out, seen, or proven as it stands; empty for a sound list."""
    found = []
    for plant in listing.enterprises:
        for unit in plant.units:
            for level in LEVEL_KEYS:
                if lacking := _doubts(unit, level):
                    found += [Doubt(plant.identifier, unit.identifier, level, *one) for one in lacking]
    return tuple(found)


def _doubts(unit: Unit, level: LevelKey) -> tuple[tuple[str, str], ...]:
    action = unit.measures[level].action
    if action == "none":
        return ()
    limit = action == "limit"
    return _lacking(
        action,
        unit.checks,
        uncounted=limit and unit.kind in ("生产线", "设备") and all(one is None for one in unit.capacities),
        furnace=limit and any(word in unit.name for word in _ALL_OR_NOTHING),
        powered=bool(unit.power_share.numerator),
        outlet=bool(unit.outlet),
    )


@lru_cache(maxsize=1024)
def _lacking(
    action: str, checks: tuple[str, ...], *, uncounted: bool, furnace: bool, powered: bool, outlet: bool
) -> tuple[tuple[str, str], ...]:
    """The same few answers stand behind a list of 33,000 units."""
    found = []
    if uncounted:
        found.append(("operable", "a limit needs a capacity it counts from"))
    if furnace:
        found.append(("operable", "such a furnace runs or stands; name the lines that stop"))
    if not any(check in _BY_ACTION[action] for check in checks):
        found.append(("monitorable", "none of its checks shows this: " + "、".join(_BY_ACTION[action])))
    if "用电" in checks and not powered and action in ("stop", "limit"):
        found.append(("checkable", "its share of the plant's electricity is 0, so a meter shows nothing"))
    if "在线监测" in checks and not outlet:
        found.append(("checkable", "no outlet is on file for the online monitor"))
    return tuple(found)
