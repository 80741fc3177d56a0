"""Finding the heading of a sheet: title rows above it, one to three rows deep, merged cells, units in the words."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import Field

from plans.enterprise_csv import COLUMNS, PLANT_COLUMNS
from plans.errors import RuleError
from plans.list_import_file import Cell, Sheet
from plans.list_import_words import EMISSIONS, HEADINGS, SHARES, Heading, heading_of
from plans.parts import Frozen

SEARCHED_ROWS = 15
DEEPEST = 3
LEAST_KNOWN = 4
"""A sheet is part of the list when so many headings are known, among them the plant's number, name or code."""
_KEYS = ("编号", "企业名称", "统一社会信用代码")


class ColumnMapping(Frozen):
    """The mapping file: what the office decided about headings that are not known by themselves."""

    columns: dict[str, str | None] = Field(default_factory=dict)
    """Heading as it stands in the file to a column of the list; null leaves it out on purpose."""
    units: dict[str, str] = Field(default_factory=dict)
    """Heading to its unit, where the heading names none: kg/d, t/a, 吨/年, % ..."""
    skip_sheets: tuple[str, ...] = ()
    days_per_year: int = Field(default=365, ge=1, le=366)
    """By how many days a yearly number is divided."""
    blank_emission_is_zero: bool = False
    defaults: dict[str, str] = Field(default_factory=dict)
    """Column to the value of its blank cells."""


def mapping_of(path: Path | None) -> ColumnMapping:
    """The mapping in a YAML file, or the empty one; RuleError naming key and allowed names when it is wrong."""
    if path is None:
        return ColumnMapping()
    from plans.yaml_file import read_yaml, shaped

    mapping = shaped(ColumnMapping, read_yaml(path, shown=path.name), shown=path.name)
    for name in [*mapping.columns.values(), *mapping.defaults]:
        if name is not None and name not in COLUMNS:
            raise RuleError(
                "The mapping names an unknown column", where=path.name, expected=", ".join(COLUMNS), found=name
            )
    return mapping


@dataclass(frozen=True, slots=True)
class Header:
    """Where a sheet's heading stands and what each of its columns means."""

    first_row: int
    last_row: int
    columns: Mapping[int, Heading]
    """Column number (from 1) to the heading that is used there."""
    unknown: Mapping[int, str] = field(default_factory=dict)
    doubled: Mapping[int, Heading] = field(default_factory=dict)
    """Columns that mean the same as another one and are not used."""
    clashing: Mapping[int, Heading] = field(default_factory=dict)
    """Columns that mean the same as another one with equal right: nobody can tell which counts."""

    @property
    def names(self) -> frozenset[str]:
        """The columns of the list that the sheet has."""
        return frozenset(heading.column for heading in self.columns.values() if heading.column)

    @property
    def plants_only(self) -> bool:
        """Whether the sheet tells of plants but of no unit: its rows complete those of other sheets."""
        return self.names <= set(PLANT_COLUMNS)


def header_of(sheet: Sheet, mapping: ColumnMapping) -> Header | None:
    """The heading of a sheet, or None when the sheet is no part of the list."""
    best: tuple[int, int, int] | None = None
    for first in range(1, min(SEARCHED_ROWS, len(sheet.rows)) + 1):
        for depth in range(1, DEEPEST + 1):
            if first + depth - 1 > len(sheet.rows):
                break
            known = {_meaning(text, mapping).column for text in _texts(sheet, first, depth).values()} - {None}
            if len(known) >= LEAST_KNOWN and known & set(_KEYS):
                rank = (len(known), -depth, -first)
                best = max(best, rank) if best else rank
    if best is None:
        return None
    first, depth = -best[2], -best[1]
    return _made(_texts(sheet, first, depth), first, first + depth - 1, mapping)


def _made(texts: Mapping[int, str], first: int, last: int, mapping: ColumnMapping) -> Header:
    claims: dict[str, list[tuple[int, Heading]]] = {}
    unknown: dict[int, str] = {}
    for number, text in texts.items():
        heading = _meaning(text, mapping)
        if heading.column is not None:
            claims.setdefault(heading.column, []).append((number, heading))
        elif text and not (text in mapping.columns and mapping.columns[text] is None):
            unknown[number] = text
    used: dict[int, Heading] = {}
    doubled: dict[int, Heading] = {}
    clashing: dict[int, Heading] = {}
    for claimed in claims.values():
        daily = [one for one in claimed if one[1].factor is not None and not one[1].yearly]
        if len(claimed) == 1:
            used.update(claimed)
        elif claimed[0][1].column in EMISSIONS and len(daily) == 1:
            used.update(daily)
            doubled.update(one for one in claimed if one not in daily)
        else:
            clashing.update(claimed)
    return Header(first, last, used, unknown, doubled, clashing)


def _meaning(text: str, mapping: ColumnMapping) -> Heading:
    unit = mapping.units.get(text)
    if text in mapping.columns:
        column = mapping.columns[text]
        if column is None:
            return Heading(text, None)
        own = heading_of(text, unit=unit)
        if own.column == column:
            return own
        as_column = heading_of(f"{column.replace('千克每日', '').removesuffix('吨')}{_unit_words(text)}", unit=unit)
        return Heading(text, column, as_column.factor, as_column.yearly, as_column.percent or unit == "%")
    return heading_of(text, unit=unit)


def _unit_words(text: str) -> str:
    return "".join(f"({part})" for part in re.findall(r"[(（\[【]([^)）\]】]*)[)）\]】]", text))


def _texts(sheet: Sheet, first: int, depth: int) -> dict[int, str]:
    """The heading of every column over `depth` rows: merged cells spread, upper and lower words joined."""
    last = first + depth - 1
    grid: dict[tuple[int, int], str] = {}
    for row in range(first, last + 1):
        for number, value in enumerate(sheet.rows[row - 1], start=1):
            if value is not None and (text := _shown(value)):
                grid[row, number] = text
    for top, left, bottom, right in sheet.merges:
        if top > last or bottom < first or (value := grid.get((top, left))) is None:
            continue
        for row in range(top, min(bottom, last) + 1):
            for number in range(left, min(right, left + 300) + 1):
                grid[row, number] = value
    found: dict[int, str] = {}
    for number in sorted({number for _, number in grid}):
        words = [grid[row, number] for row in range(first, last + 1) if (row, number) in grid]
        parts = list(dict.fromkeys(words))
        joined = "".join(parts)
        if len(parts) > 1 and heading_of(parts[-1]).column and not heading_of(joined).column:
            lower = heading_of(parts[-1])
            joined = parts[-1] if lower.factor is not None else joined
        found[number] = joined
    return found


def _shown(value: Any) -> str:
    return str(value.value if isinstance(value, Cell) else value).strip()


def nearest(text: str) -> str:
    """The known heading that looks most like an unknown one, or an empty text."""
    found = difflib.get_close_matches(text, [*HEADINGS, *EMISSIONS, *SHARES], n=1, cutoff=0.5)
    return found[0] if found else ""


def merged_down(sheet: Sheet, header: Header) -> dict[tuple[int, int], Any]:
    """Values of cells merged downwards in the body, spread to the rows below: (row, column) to value."""
    spread: dict[tuple[int, int], Any] = {}
    for top, left, bottom, right in sheet.merges:
        if top <= header.last_row or left != right or top > len(sheet.rows):
            continue
        cells: Sequence[Any] = sheet.rows[top - 1]
        value = cells[left - 1] if left <= len(cells) else None
        heading = header.columns.get(left)
        if value is None or heading is None or heading.column not in (*PLANT_COLUMNS, "厂区", "车间", "工序"):
            continue
        for row in range(top + 1, min(bottom, len(sheet.rows)) + 1):
            spread[row, left] = value
    return spread
