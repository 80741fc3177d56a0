"""The list's own check on imported rows: every mistake points to the sheet and cell it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

from plans.enterprise_csv import _Plant, _Row, _take
from plans.enterprise_list import EnterpriseList, LevelKey, digest_of
from plans.errors import DataError
from plans.list_export import csv_text
from plans.list_import_line import Line
from plans.list_import_notes import Notes
from plans.list_import_words import CAPACITIES, EMISSIONS
from plans.measure import NONE, Measure, measure_of


@lru_cache(maxsize=50_000)
def _sound_number(text: str, most: int | None) -> Fraction | None:
    """The number of a cell that is surely right; None leaves it to the list's own check and its sentence."""
    if not text or not text.replace(".", "", 1).isdecimal() or not text.isascii():
        return None
    value = Fraction(text)
    return value if most is None or value <= most else None


@lru_cache(maxsize=5_000)
def _measure_of(text: str) -> Measure:
    return measure_of(text, where="")


class _CellRow(_Row):
    """A row of the list's own check whose mistakes point to the sheet and cell they come from."""

    def __init__(self, file: str, line: Line, notes: Notes) -> None:
        super().__init__(file, line.row, line.cells, [])
        self.line, self.notes = line, notes

    def where(self, column: str) -> str:
        return f"{self.file} sheet {self.line.sheet} cell {self.line.place(column)} ({column})"

    def wrong(self, what: str, column: str, expected: object) -> None:
        if column in self.notes.missing.get(self.line.sheet, ()) and not self.cells[column]:
            return  # said once for the whole column
        hint = ""
        if column in EMISSIONS and not self.cells[column]:
            hint = "Write 0 when nothing is emitted, or set blank_emission_is_zero in the mapping file"
        elif column in CAPACITIES or column in EMISSIONS:
            hint = "Write a plain number"
        self.notes.of(self.line, column, "error", f"{what}: expected {expected}", hint)

    def number_of(self, column: str, *, most: int | None = None) -> Fraction:
        known = _sound_number(self.cells[column], most)
        return super().number_of(column, most=most) if known is None else known

    def measure(self, level: LevelKey) -> Measure:
        column = {"yellow": "黄色措施", "orange": "橙色措施", "red": "红色措施"}[level]
        try:
            return _measure_of(self.cells[column])
        except DataError as error:
            if column not in self.notes.missing.get(self.line.sheet, ()) or self.cells[column]:
                self.notes.of(self.line, column, "error", f"{error.what}: expected {error.expected}")
            return NONE


def checked(path: Path, lines: list[Line], notes: Notes, *, city: str, edition: str) -> EnterpriseList:
    """The list the lines make, and in the notes every mistake; the caller drops the list when there is one."""
    plants: dict[str, _Plant] = {}
    for line in lines:
        _take(_CellRow(path.name, line, notes), plants)
    text = csv_text([line.cells for line in lines])
    made = tuple(plant.finished() for plant in plants.values())
    if not made:
        notes.add("error", "", "", "", "no row", "the list has no row")
    _advise(plants, notes)
    return EnterpriseList(city, edition or path.stem, made, digest_of(text))


def _advise(plants: Mapping[str, _Plant], notes: Notes) -> None:
    """Suggestions about plants as a whole: no contact, nothing to verify by, the same name twice."""
    names: dict[str, str] = {}
    for identifier, plant in plants.items():
        line = plant.row.line  # type: ignore[attr-defined]
        cells = line.cells
        if cells["类别"] != "工业源":
            continue
        if not cells["联系岗位"]:
            notes.of(
                line, "联系岗位", "suggestion", "no position answers for orders", "Write the position, never a name"
            )
        if not cells["统一社会信用代码"]:
            notes.of(line, "统一社会信用代码", "suggestion", "no credit code is on file", "Copy it from the licence")
        if names.setdefault(cells["企业名称"], identifier) != identifier:
            notes.of(
                line,
                "企业名称",
                "warning",
                f"{names[cells['企业名称']]} has the same name",
                "If it is one plant, give both rows one number",
            )
