"""Reading the reduction list from CSV: one row per unit, the plant's own columns repeated and required to agree.

Every mistake is one sentence with row, column, what was expected and what was found. `check_list` gives all of them,
`read_list` stops at the first: a list with a mistake is not used.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

from plans.enterprise_list import (
    CHECKS,
    GRADES,
    KINDS,
    LEVEL_KEYS,
    VOLUNTARY_GRADES,
    Enterprise,
    EnterpriseList,
    LevelKey,
    Unit,
    digest_of,
)  # fmt: skip
from plans.errors import DataError
from plans.measure import NONE, POLLUTANT_NAMES, POLLUTANTS, Measure, measure_of

T = TypeVar("T")

PLANT_COLUMNS: tuple[str, ...] = (
    "编号", "企业名称", "类别", "样例", "行政区", "行业", "绩效等级", "统一社会信用代码", "保障类", "允许负荷%", "小微",
    "联系岗位",
)  # fmt: skip
UNIT_COLUMNS: tuple[str, ...] = (
    "厂区", "车间", "工序", "单元编号", "单元名称", "单元类型", "排放口", "SO2千克每日", "NOx千克每日", "PM千克每日",
    "VOCs千克每日", "用电占比%", "环评日产能吨", "许可日产能吨", "上年日产量吨", "黄色措施", "橙色措施", "红色措施",
    "核查方式",
)  # fmt: skip
COLUMNS: tuple[str, ...] = PLANT_COLUMNS + UNIT_COLUMNS
UNIT_KINDS: tuple[str, ...] = ("生产线", "设备", "运输", "工地", "道路", "车辆")
_LEVEL_COLUMN: dict[LevelKey, str] = {"yellow": "黄色措施", "orange": "橙色措施", "red": "红色措施"}
_CODE_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def read_list(path: Path, *, city: str = "") -> EnterpriseList:
    """The list in a CSV file; DataError with row and column at the first mistake."""
    plants, errors, digest = _read(path)
    if errors:
        raise errors[0]
    return EnterpriseList(city or path.parent.parent.name, path.stem, plants, digest)


def list_of_text(text: str, *, name: str, city: str, edition: str) -> EnterpriseList:
    """The list of a text in the stored columns; DataError with row and column at the first mistake."""
    plants, errors, digest = _parse(text, name)
    if errors:
        raise errors[0]
    return EnterpriseList(city, edition, plants, digest)


def check_list(path: Path) -> tuple[DataError, ...]:
    """Every mistake of a CSV file, in the order of its rows; empty when the list can be used."""
    return _read(path)[1]


def _read(path: Path) -> tuple[tuple[Enterprise, ...], tuple[DataError, ...], str]:
    name = path.name
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return (), (DataError("The list does not exist", where=str(path), expected="a CSV file", found="no file"),), ""
    except (OSError, UnicodeDecodeError):
        found = DataError("The list cannot be read", where=str(path), expected="UTF-8 text", found="something else")
        return (), (found,), ""
    return _parse(text, name)


def _parse(text: str, name: str) -> tuple[tuple[Enterprise, ...], tuple[DataError, ...], str]:
    rows = list(csv.reader(io.StringIO(text)))
    header = [cell.strip() for cell in rows[0]] if rows else []
    errors = _header_errors(header, name)
    if errors:
        return (), tuple(errors), ""
    if len(rows) < 2:
        return (
            (),
            (DataError("The list is empty", where=name, expected="one row per unit", found="the header only"),),
            "",
        )
    plants: dict[str, _Plant] = {}
    for number, cells in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            errors.append(
                DataError("A row has another number of cells", where=f"{name} row {number}", expected=len(header),
                          found=len(cells))
            )  # fmt: skip
            continue
        _take(_Row(name, number, dict(zip(header, (cell.strip() for cell in cells), strict=True)), errors), plants)
    return tuple(plant.finished() for plant in plants.values()), tuple(errors), digest_of(text)


def _header_errors(header: list[str], name: str) -> list[DataError]:
    missing = [column for column in COLUMNS if column not in header]
    errors = []
    if missing:
        found = "no such column" if len(missing) < len(COLUMNS) else "none of the list's columns"
        errors.append(DataError("A column is missing", where=f"{name} row 1", expected=", ".join(missing), found=found))
        if len(missing) == len(COLUMNS):
            return errors
    for column in dict.fromkeys(header):
        if column not in COLUMNS:
            errors.append(
                DataError("A column is not known", where=f"{name} row 1", expected="one of " + ", ".join(COLUMNS),
                          found=column or "a blank heading")
            )  # fmt: skip
        elif header.count(column) > 1:
            errors.append(DataError("A column stands twice", where=f"{name} row 1", expected="once", found=column))
    return errors


def _fraction(text: str) -> Fraction | None:
    """The number of a cell; None for what is none, a fraction written as one included."""
    digits, dot, rest = text.partition(".")
    if digits.isdecimal() and (rest.isdecimal() or not dot):  # as nearly every cell is written, and quicker read
        return Fraction(int(digits + rest), 10 ** len(rest))
    try:
        return None if "/" in text else Fraction(text)
    except ValueError:
        return None


class _Row:
    """One row while it is read: every reader notes its mistake and gives a harmless value back."""

    def __init__(self, file: str, number: int, cells: dict[str, str], errors: list[DataError]) -> None:
        self.file, self.number, self.cells, self.errors = file, number, cells, errors

    def where(self, column: str) -> str:
        return f"{self.file} row {self.number}, column {column}"

    def wrong(self, what: str, column: str, expected: object) -> None:
        found = self.cells[column] or "nothing"
        self.errors.append(DataError(what, where=self.where(column), expected=expected, found=found))

    def text(self, column: str) -> str:
        if not self.cells[column]:
            self.wrong("A cell is empty", column, "a text")
        return self.cells[column]

    def one_of(self, column: str, allowed: tuple[str, ...]) -> str:
        if self.cells[column] not in allowed:
            self.wrong("A cell has a wrong word", column, "one of " + ", ".join(allowed))
        return self.cells[column]

    def truth(self, column: str) -> bool:
        return self.one_of(column, ("是", "否")) == "是"

    def number_of(self, column: str, *, most: int | None = None) -> Fraction:
        value = _fraction(self.cells[column])
        if value is None or value.numerator < 0 or (most is not None and value > most):
            self.wrong(
                "A cell has a wrong number", column, f"0 to {most}" if most is not None else "a number of 0 or more"
            )
            return Fraction(0)
        return value

    def optional(self, column: str) -> Fraction | None:
        return self.number_of(column) if self.cells[column] else None

    def measure(self, level: LevelKey) -> Measure:
        column = _LEVEL_COLUMN[level]
        try:
            return measure_of(self.cells[column], where=self.where(column))
        except DataError as error:
            self.errors.append(error)
            return NONE


class _Plant:
    """A plant while its rows are gathered."""

    def __init__(self, row: _Row, make: Callable[[tuple[Unit, ...]], Enterprise]) -> None:
        self.row, self.make = row, make
        self.units: list[Unit] = []

    def finished(self) -> Enterprise:
        return self.make(tuple(self.units))


def _take(row: _Row, plants: dict[str, _Plant]) -> None:
    identifier = row.text("编号")
    if identifier not in plants:
        plants[identifier] = _Plant(row, _plant(row))
    first = plants[identifier]
    for column in PLANT_COLUMNS:
        if row.cells[column] != first.row.cells[column]:
            expected = f"{first.row.cells[column] or 'nothing'} as in row {first.row.number}"
            row.wrong("Two rows of one plant disagree", column, expected)
    unit = _unit(row)
    if any(other.identifier == unit.identifier for other in first.units):
        row.wrong("A unit stands twice", "单元编号", f"a number of its own within {identifier}")
    first.units.append(unit)
    total = sum((one.power_share for one in first.units), Fraction(0))
    if total > 1:
        left = 100 - int((total - unit.power_share) * 100)
        row.wrong("The plant's shares of electricity exceed 100 %", "用电占比%", f"at most {left}")
    _rules(row, unit)


def _plant(row: _Row) -> Callable[[tuple[Unit, ...]], Enterprise]:
    kind = row.one_of("类别", KINDS)
    grade = row.one_of("绩效等级", GRADES) if kind == "工业源" else row.cells["绩效等级"]
    guarantee = row.cells["保障类"]
    load = row.number_of("允许负荷%", most=100) / 100 if row.cells["允许负荷%"] else None
    if bool(guarantee) != (load is not None):
        row.wrong("保障类 and its permitted load go together", "允许负荷%", "a percentage exactly for 保障类 plants")
    code = row.cells["统一社会信用代码"]
    if code and not _is_credit_code(code):
        row.wrong("A credit code is wrong", "统一社会信用代码", "18 characters with a right check character (GB 32100)")
    values = {
        "identifier": row.cells["编号"], "name": row.text("企业名称"), "kind": kind, "sample": row.truth("样例"),
        "district": row.text("行政区"), "industry": row.text("行业"), "grade": grade, "credit_code": code,
        "guarantee": guarantee, "permitted_load": load, "small": row.truth("小微"),
        "contact_role": row.cells["联系岗位"],
    }  # fmt: skip
    return lambda units: Enterprise(**values, units=units)  # type: ignore[arg-type]


def _unit(row: _Row) -> Unit:
    checks = tuple(part.strip() for part in row.cells["核查方式"].split("、") if part.strip())
    if not checks or any(check not in CHECKS for check in checks):
        row.wrong("A way of checking is not known", "核查方式", "some of " + "、".join(CHECKS))
    return Unit(
        identifier=row.text("单元编号"),
        site=row.text("厂区"),
        workshop=row.text("车间"),
        process=row.text("工序"),
        name=row.text("单元名称"),
        kind=row.one_of("单元类型", UNIT_KINDS),
        outlet=row.cells["排放口"],
        base_daily={key: row.number_of(f"{POLLUTANT_NAMES[key]}千克每日") for key in POLLUTANTS},
        power_share=row.number_of("用电占比%", most=100) / 100,
        capacities=(row.optional("环评日产能吨"), row.optional("许可日产能吨"), row.optional("上年日产量吨")),
        measures={level: row.measure(level) for level in LEVEL_KEYS},
        checks=checks,
    )


def _rules(row: _Row, unit: Unit) -> None:
    """What the cells mean together: exempt and voluntary plants cut nothing, a guarantee keeps its load, red most."""
    cells = row.cells
    load = cells["允许负荷%"]
    for level in LEVEL_KEYS:
        column = _LEVEL_COLUMN[level]
        cut = unit.measures[level]
        if cut.action == "none":
            continue
        if cells["小微"] == "是":
            row.wrong("A 小微 plant is exempt", column, "不限")
        elif cells["绩效等级"] in VOLUNTARY_GRADES:
            row.wrong("A plant of grade A or 引领性 cuts by its own decision", column, "不限")
        elif cells["保障类"] and load.isdecimal() and cut.load_cut > 1 - Fraction(int(load), 100):
            row.wrong("A 保障类 plant keeps its permitted load", column, f"a cut of at most {100 - int(load)} %")
    for lower, higher in (("yellow", "orange"), ("orange", "red")):
        before, after = unit.measures[lower].cuts, unit.measures[higher].cuts  # type: ignore[index]
        if before is not after and any(after[key] < before[key] and unit.base_daily[key] for key in POLLUTANTS):
            expected = f"at least what {_LEVEL_COLUMN[lower]} cuts"  # type: ignore[index]
            row.wrong("A higher level cuts less", _LEVEL_COLUMN[higher], expected)  # type: ignore[index]


def _is_credit_code(code: str) -> bool:
    """Whether the 18 characters carry a right check character (GB 32100-2015, weights 3^i mod 31)."""
    if len(code) != 18 or any(letter not in _CODE_ALPHABET for letter in code):
        return False
    total = sum(_CODE_ALPHABET.index(letter) * pow(3, place, 31) for place, letter in enumerate(code[:17]))
    return _CODE_ALPHABET[(31 - total % 31) % 31] == code[17]
