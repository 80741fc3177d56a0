"""What changed between two editions of the list: plants and units that came, went, or say something else.

A plant is known by its number, a unit by its number within the plant. A changed number is therefore one plant that
went and one that came; where the credit code is the same the difference says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from plans.enterprise_csv import PLANT_COLUMNS, UNIT_COLUMNS
from plans.enterprise_list import LEVEL_KEYS, EnterpriseList
from plans.list_export import rows_of
from plans.list_totals import totals_of
from plans.measure import POLLUTANTS

Kind = Literal["plant_added", "plant_removed", "plant_changed", "unit_added", "unit_removed", "unit_changed"]


@dataclass(frozen=True, slots=True)
class Change:
    """One difference; `column`, `before` and `after` are empty where a whole plant or unit came or went."""

    kind: Kind
    enterprise: str
    enterprise_name: str
    unit: str = ""
    column: str = ""
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class ListDiff:
    """The differences from one edition to another, and what they do to the promised reduction."""

    before: str
    after: str
    changes: tuple[Change, ...]
    cuts: dict[str, dict[str, Fraction]]
    """Level to pollutant to kilograms a day: what the later edition cuts more (or, below 0, less)."""

    def as_data(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "before": self.before,
            "after": self.after,
            "changes": [{name: getattr(one, name) for name in Change.__slots__} for one in self.changes],
            "cut_kg_more": {
                level: {key: float(value) for key, value in cuts.items()} for level, cuts in self.cuts.items()
            },
        }


def diff_lists(before: EnterpriseList, after: EnterpriseList) -> ListDiff:
    """Every difference from `before` to `after`, plants in the order of their numbers.

    The order of rows is no difference. Applied to one list twice the difference is empty.
    """
    old, new = _by_plant(before), _by_plant(after)
    changes: list[Change] = []
    for identifier in sorted(old.keys() | new.keys()):
        was, now = old.get(identifier), new.get(identifier)
        if was is None and now is not None:
            first = next(iter(now.values()))
            same = _number_of_code(old, first["统一社会信用代码"])
            changes.append(Change("plant_added", identifier, first["企业名称"], before=same))
        elif now is None and was is not None:
            first = next(iter(was.values()))
            changes.append(
                Change(
                    "plant_removed",
                    identifier,
                    first["企业名称"],
                    after=_number_of_code(new, first["统一社会信用代码"]),
                )
            )
        elif was is not None and now is not None:
            changes += _of_plant(identifier, was, now)
    sums, sums_before = totals_of(after), totals_of(before)
    cuts: dict[str, dict[str, Fraction]] = {
        level: {key: sums.reached(level, key) - sums_before.reached(level, key) for key in POLLUTANTS}
        for level in LEVEL_KEYS
    }
    return ListDiff(before.edition, after.edition, tuple(changes), cuts)


def _of_plant(identifier: str, was: dict[str, dict[str, str]], now: dict[str, dict[str, str]]) -> list[Change]:
    first_was, first_now = next(iter(was.values())), next(iter(now.values()))
    name = first_now["企业名称"]
    changes = [
        Change("plant_changed", identifier, name, column=column, before=first_was[column], after=first_now[column])
        for column in PLANT_COLUMNS
        if first_was[column] != first_now[column]
    ]
    for unit in sorted(was.keys() | now.keys()):
        if unit not in was:
            changes.append(Change("unit_added", identifier, name, unit, after=now[unit]["单元名称"]))
        elif unit not in now:
            changes.append(Change("unit_removed", identifier, name, unit, before=was[unit]["单元名称"]))
        else:
            changes += [
                Change("unit_changed", identifier, name, unit, column, was[unit][column], now[unit][column])
                for column in UNIT_COLUMNS
                if was[unit][column] != now[unit][column]
            ]
    return changes


def _by_plant(listing: EnterpriseList) -> dict[str, dict[str, dict[str, str]]]:
    plants: dict[str, dict[str, dict[str, str]]] = {}
    for row in rows_of(listing):
        plants.setdefault(row["编号"], {})[row["单元编号"]] = row
    return plants


def _number_of_code(plants: dict[str, dict[str, dict[str, str]]], code: str) -> str:
    """The number under which another edition has the same credit code, or an empty text."""
    if not code:
        return ""
    return next((name for name, units in plants.items() if next(iter(units.values()))["统一社会信用代码"] == code), "")
