"""Staggered production 错峰生产: what stands still anyway, so that an order does not count it a second time.

A plant whose line rests from 15 November to 15 March cuts nothing by stopping that line in January. `in_season` gives
the list as it is on one day; the arithmetic of reductions then runs on it unchanged (no double counting: domain B).
Orders are never made from it: a resting line still gets the order not to start.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from pathlib import Path

from plans.enterprise_list import LEVEL_KEYS, Enterprise, EnterpriseList, Unit
from plans.errors import DataError
from plans.measure import NONE, POLLUTANTS, Measure

WINDOW_COLUMNS: tuple[str, ...] = ("编号", "单元编号", "开始日期", "结束日期", "停产比例%", "依据")


@dataclass(frozen=True, slots=True)
class Window:
    """One stretch of days on which a unit, or a whole plant, rests."""

    enterprise: str
    unit: str
    """Empty for every unit of the plant."""
    first: date
    last: date
    """Included."""
    share: Fraction
    """What rests, 0 to 1."""
    source: str
    """The notice that ordered it."""

    def covers(self, enterprise: str, unit: str, on: date) -> bool:
        """Whether the unit rests on that day by this window."""
        return self.enterprise == enterprise and self.unit in ("", unit) and self.first <= on <= self.last


def read_windows(path: Path, *, listing: EnterpriseList | None = None) -> tuple[Window, ...]:
    """The windows in a CSV file with WINDOW_COLUMNS; DataError with row and column at the first mistake.

    With a list given, a plant or unit it does not have is a mistake too.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            "The windows cannot be read", where=path.name, expected="a UTF-8 CSV file", found=type(error).__name__
        ) from error
    return windows_of_text(text, name=path.name, listing=listing)


def windows_of_text(text: str, *, name: str, listing: EnterpriseList | None = None) -> tuple[Window, ...]:
    """The same of a text that was read already; `name` is how errors call it."""
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    units = (
        {} if listing is None else {one.identifier: {u.identifier for u in one.units} for one in listing.enterprises}
    )
    found = []
    for number, row in enumerate(rows, start=2):
        missing = [column for column in WINDOW_COLUMNS if row.get(column) is None]
        if missing:
            raise DataError(
                "A column is missing", where=f"{name} row {number}", expected=", ".join(missing), found="nothing"
            )
        window = Window(
            row["编号"].strip(),
            row["单元编号"].strip(),
            _day(row, "开始日期", name, number),
            _day(row, "结束日期", name, number),
            _share(row, name, number),
            row["依据"].strip(),
        )
        where = f"{name} row {number}"
        if window.last < window.first:
            raise DataError("A window ends before it begins", where=where, expected=window.first, found=window.last)
        if listing is not None and window.enterprise not in units:
            raise DataError(
                "A plant is not on the list", where=where, expected="a number of the list", found=row["编号"]
            )
        if listing is not None and window.unit and window.unit not in units[window.enterprise]:
            known = ", ".join(sorted(units[window.enterprise]))
            raise DataError("A unit is not on the list", where=where, expected=known, found=window.unit)
        found.append(window)
    return tuple(found)


def _day(row: Mapping[str, str], column: str, name: str, number: int) -> date:
    try:
        return date.fromisoformat(row[column].strip())
    except ValueError as error:
        where = f"{name} row {number}, column {column}"
        raise DataError("A day cannot be read", where=where, expected="YYYY-MM-DD", found=row[column]) from error


def _share(row: Mapping[str, str], name: str, number: int) -> Fraction:
    text = row["停产比例%"].strip()
    if not text.isdecimal() or not 1 <= int(text) <= 100:
        where = f"{name} row {number}, column 停产比例%"
        raise DataError("A share cannot be read", where=where, expected="1 to 100", found=text or "nothing")
    return Fraction(int(text), 100)


def resting(windows: Iterable[Window], enterprise: str, unit: str, *, on: date) -> Fraction:
    """The share of a unit that rests on a day; where windows overlap the largest counts, they do not add up."""
    return max((one.share for one in windows if one.covers(enterprise, unit, on)), default=Fraction(0))


def in_season(
    listing: EnterpriseList, windows: Iterable[Window], *, on: date, shut: Collection[str] = ()
) -> EnterpriseList:
    """The list as it really is on a day, for arithmetic only: resting shares emit nothing and cannot be cut again.

    `shut` names plants that stand still for other reasons (closed, under repair). A unit that rests by a share s and
    is ordered to cut c still cuts c - s of its normal emission, and nothing when c <= s. Bans and changes of fuel cut
    the same share of what is left.
    """
    by_plant: dict[str, list[Window]] = {}
    for window in windows:
        by_plant.setdefault(window.enterprise, []).append(window)
    plants = tuple(
        _resting_plant(plant, by_plant.get(plant.identifier, []), on, plant.identifier in shut)
        if plant.identifier in by_plant or plant.identifier in shut
        else plant
        for plant in listing.enterprises
    )
    return replace(listing, enterprises=plants)


def _resting_plant(plant: Enterprise, windows: list[Window], on: date, shut: bool) -> Enterprise:
    units = tuple(
        _resting_unit(unit, Fraction(1) if shut else resting(windows, plant.identifier, unit.identifier, on=on))
        for unit in plant.units
    )
    return replace(plant, units=units)


def _resting_unit(unit: Unit, share: Fraction) -> Unit:
    if not share:
        return unit
    base = {key: unit.base_daily[key] * (1 - share) for key in POLLUTANTS}
    measures = {level: _left_to_cut(unit.measures[level], share) for level in LEVEL_KEYS}
    return replace(unit, base_daily=base, measures=measures)


def _left_to_cut(measure: Measure, share: Fraction) -> Measure:
    if measure.action not in ("stop", "limit"):
        return NONE if share == 1 else measure
    if measure.load_cut <= share:
        return NONE
    left = (measure.load_cut - share) / (1 - share)
    return replace(measure, cuts=dict.fromkeys(POLLUTANTS, left))
