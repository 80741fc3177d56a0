"""Import of a reduction list as offices really send it: a report on every cell first, then, without errors, the list.

`import_list` changes nothing anywhere. It reads a workbook or CSV with other people's headings, units and habits into
the columns of enterprise_csv and says for every cell what is wrong (error), what was understood but should be looked
at (warning), and what would be better (suggestion). Only a report without errors has a list; list_export writes it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from plans import list_sheets
from plans.enterprise_csv import COLUMNS, PLANT_COLUMNS
from plans.enterprise_list import EnterpriseList
from plans.errors import DataError
from plans.list_import_body import lines_of
from plans.list_import_cells import Severity
from plans.list_import_check import checked
from plans.list_import_file import Sheet, letters_of, sheets_of
from plans.list_import_header import ColumnMapping, Header, header_of, nearest
from plans.list_import_line import Line
from plans.list_import_notes import CellIssue, Notes
from plans.list_import_words import EMISSIONS

STAGGERED_SHEET = "错峰生产"
REQUIRED = (
    "企业名称",
    "行政区",
    "行业",
    "绩效等级",
    "SO2千克每日",
    "NOx千克每日",
    "PM千克每日",
    "VOCs千克每日",
    "单元名称",
    "黄色措施",
    "橙色措施",
    "红色措施",
)
"""Columns without which a list says nothing; the others have a blank or a default that is told."""


@dataclass(frozen=True, slots=True)
class SheetReport:
    """How one sheet was read."""

    name: str
    used: bool
    heading_rows: tuple[int, int] | None
    columns: Mapping[str, str]
    """Column letter to the list's column."""
    rows: int


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What came of an import."""

    file: str
    digest: str
    """SHA-256 of the file's bytes."""
    sheets: tuple[SheetReport, ...]
    issues: tuple[CellIssue, ...]
    rows: tuple[Mapping[str, str], ...]
    """The rows in the list's own columns; what `enterprises.csv` would hold."""
    listing: EnterpriseList | None
    """The list, or None while there is an error."""
    beside: Mapping[str, str] = field(default_factory=dict)
    """CSV texts of further sheets: "windows" (错峰生产), "places" (企业位置); checked when they are read."""

    @property
    def counts(self) -> dict[Severity, int]:
        """How many issues of each severity."""
        found = Counter(issue.severity for issue in self.issues)
        return {"error": found["error"], "warning": found["warning"], "suggestion": found["suggestion"]}

    def as_data(self) -> dict[str, Any]:
        """Plain values for JSON, a page or a file."""
        return {
            "file": self.file,
            "digest": self.digest,
            "usable": self.listing is not None,
            "counts": self.counts,
            "enterprises": len({row["编号"] for row in self.rows}),
            "units": len(self.rows),
            "sheets": [
                {
                    "name": one.name,
                    "used": one.used,
                    "heading_rows": one.heading_rows,
                    "columns": dict(one.columns),
                    "rows": one.rows,
                }
                for one in self.sheets
            ],
            "issues": [issue.as_data() for issue in self.issues],
        }


def import_list(
    path: Path, *, mapping: ColumnMapping | None = None, city: str = "", edition: str = "", sample: bool = False
) -> ImportReport:
    """The report on a workbook or CSV file and, when no cell is wrong, its list. Nothing is stored.

    `sample` marks entries as fictional where the file has no such column. DataError when the file as a whole cannot
    or must not be read (damaged, too large, macros, no sheet with a known heading).
    """
    mapping = mapping or ColumnMapping()
    sheets = sheets_of(path)
    notes = Notes()
    beside: dict[str, str] = {}
    reports: list[SheetReport] = []
    parts: list[tuple[Sheet, Header, list[Line]]] = []
    for sheet in sheets:
        skipped = sheet.name in mapping.skip_sheets
        header = None if skipped else header_of(sheet, mapping)
        kind = "" if skipped or header is not None else list_sheets.kind_of(sheet)
        if kind:
            beside[kind] = list_sheets.text_of(sheet, kind)
            reports.append(SheetReport(sheet.name, True, None, {}, beside[kind].count("\n") - 1))
            continue
        if header is None:
            _left_out(sheet, notes, asked=sheet.name in mapping.skip_sheets)
            reports.append(SheetReport(sheet.name, False, None, {}, 0))
            continue
        _judge_header(sheet, header, notes)
        lines = lines_of(sheet, header, mapping, notes)
        columns = {letters_of(number): one.column or "" for number, one in sorted(header.columns.items())}
        reports.append(SheetReport(sheet.name, True, (header.first_row, header.last_row), columns, len(lines)))
        parts.append((sheet, header, lines))
    if not any(not header.plants_only for _, header, _ in parts):
        raise DataError(
            "No sheet of the file is a reduction list",
            where=path.name,
            expected="a heading with " + ", ".join(REQUIRED[:4]) + " ... in the first 15 rows",
            found=", ".join(sheet.name for sheet in sheets) or "no sheet",
            todo="Name its headings in a mapping file",
        )
    lines = _joined(parts, notes)
    _complete(lines, mapping, notes, sample=sample)
    listing: EnterpriseList | None = checked(path, lines, notes, city=city, edition=edition)
    rows = tuple({column: line.cells[column] for column in COLUMNS} for line in lines)
    issues = notes.all()
    if any(issue.severity == "error" for issue in issues):
        listing = None
    return ImportReport(path.name, _digest(path), tuple(reports), issues, rows, listing, beside)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _left_out(sheet: Sheet, notes: Notes, *, asked: bool) -> None:
    if asked or not sheet.rows:
        return
    message, todo = (
        "the sheet has no heading of a list, it is left out",
        "Name its headings in the mapping file, or skip it",
    )
    if STAGGERED_SHEET in sheet.name:
        message, todo = (
            "windows are no part of the list, they are left out",
            "Save them as CSV and give them as --windows",
        )
    notes.add("warning", sheet.name, "", "", f"{len(sheet.rows)} rows", message, todo)


def _judge_header(sheet: Sheet, header: Header, notes: Notes) -> None:
    row = header.last_row
    for number, text in header.unknown.items():
        near = nearest(text)
        notes.add(
            "warning",
            sheet.name,
            f"{letters_of(number)}{row}",
            "",
            text,
            "the column is not known and is left out",
            f"Perhaps {near}; say so in the mapping file" if near else "Name its column, or null, in the mapping file",
        )
    for number, heading in header.doubled.items():
        notes.add(
            "warning",
            sheet.name,
            f"{letters_of(number)}{row}",
            heading.column or "",
            heading.text,
            "another column gives the same by the day and is used instead",
        )
    for number, heading in header.clashing.items():
        notes.add(
            "error",
            sheet.name,
            f"{letters_of(number)}{row}",
            heading.column or "",
            heading.text,
            "two columns claim to be the same",
            "Set one of them to null in the mapping file",
        )
    for number, heading in header.columns.items():
        where = f"{letters_of(number)}{row}"
        if heading.factor is None:
            notes.add(
                "error",
                sheet.name,
                where,
                heading.column or "",
                heading.text,
                "the heading does not say mass and period, or contradicts itself",
                "Give its unit, e.g. kg/d or t/a, in the mapping file",
            )
        elif heading.yearly or heading.factor != 1:
            notes.add(
                "warning",
                sheet.name,
                where,
                heading.column or "",
                heading.text,
                "numbers are converted to the day" if heading.yearly else "numbers are converted",
            )
    for cell in sheet.bare_formulas:
        notes.add(
            "error",
            sheet.name,
            cell,
            "",
            "a formula",
            "the cell holds a formula without a stored result",
            "Open the workbook in the office program and save it",
        )
    if not header.plants_only:
        claimed = {heading.column for heading in header.clashing.values()}
        sheet_level = set(REQUIRED) - header.names - claimed
        notes.missing[sheet.name] = frozenset(sheet_level)


def _joined(parts: list[tuple[Sheet, Header, list[Line]]], notes: Notes) -> list[Line]:
    """The lines of all sheets with units, blank plant cells filled from sheets that tell of plants only."""
    known: dict[tuple[str, str], Line] = {}
    told: frozenset[str] = frozenset()
    for _, header, lines in parts:
        if not header.plants_only:
            continue
        told |= header.names
        for line in lines:
            for key in ("编号", "统一社会信用代码", "企业名称"):
                if line.cells.get(key):
                    if (key, line.cells[key]) in known and key == "编号":
                        notes.of(line, key, "error", "the plant stands twice on sheets about plants", "Keep one row")
                    known.setdefault((key, line.cells[key]), line)
    joined = [line for _, header, lines in parts if not header.plants_only for line in lines]
    for line in joined if known else ():
        base = next(
            (
                known[key, line.cells[key]]
                for key in ("编号", "统一社会信用代码", "企业名称")
                if line.cells.get(key) and (key, line.cells[key]) in known
            ),
            None,
        )
        if base is None:
            continue
        for column in PLANT_COLUMNS:
            if not line.cells.get(column) and base.cells.get(column):
                line.cells[column] = base.cells[column]
            elif line.cells.get(column) and base.cells.get(column) and line.cells[column] != base.cells[column]:
                notes.of(line, column, "error", f"sheet {base.sheet} says {base.cells[column]}", "Make the two agree")
    for name, missing in notes.missing.items():
        for column in sorted(missing - told, key=COLUMNS.index):
            notes.add(
                "error",
                name,
                "",
                column,
                "no such column",
                "the column is missing",
                "Name the heading that holds it in the mapping file",
            )
    return joined


def _complete(lines: list[Line], mapping: ColumnMapping, notes: Notes, *, sample: bool) -> None:
    """Fill blank cells that have a default, and say so; number units that have no number."""
    counters: dict[str, int] = {}
    taken: dict[str, set[str]] = {}
    for line in lines:
        taken.setdefault(line.cells.get("编号", ""), set()).add(line.cells.get("单元编号", ""))
    for line in lines:
        cells = line.cells
        if not cells.get("编号") and cells.get("统一社会信用代码"):
            cells["编号"] = cells["统一社会信用代码"]
            notes.once(line, "编号", "warning", "the credit code serves as number")
        own = counters[cells.get("编号", "")] = counters.get(cells.get("编号", ""), 0) + 1
        name = cells.get("单元名称", "")
        kind = (
            "运输"
            if any(word in name for word in ("货车", "运输", "车队"))
            else ("生产线" if name.endswith(("线", "窑", "炉")) else "设备")
        )
        defaults = {
            "类别": line.kind or "工业源",
            "样例": "是" if sample else "否",
            "小微": "否",
            "厂区": "主厂区",
            "车间": "全厂",
            "工序": "未分工序",
            "单元类型": kind,
            "用电占比%": "0",
            "核查方式": "现场",
            **mapping.defaults,
        }
        for column, value in defaults.items():
            if not cells.get(column):
                cells[column] = value
                severity: Severity = "suggestion" if column in ("样例", "小微", "类别") else "warning"
                notes.once(line, column, severity, f"blank is taken as {value}")
        if not cells.get("单元编号"):
            while f"U{own}" in taken.get(cells.get("编号", ""), ()):
                own += 1
            cells["单元编号"] = f"U{own}"
            taken.setdefault(cells.get("编号", ""), set()).add(f"U{own}")
            notes.once(
                line,
                "单元编号",
                "warning",
                "units without a number are counted U1, U2 ...",
                "Give each line a number of its own that stays the same in the next edition",
            )
        for column in EMISSIONS:
            if not cells.get(column) and mapping.blank_emission_is_zero:
                cells[column] = "0"
                notes.once(line, column, "warning", "blank is taken as 0, as the mapping says")
        exempt = cells["小微"] == "是" or cells.get("绩效等级") in ("A", "引领性")
        for column in ("黄色措施", "橙色措施", "红色措施"):
            if not cells.get(column) and exempt:
                cells[column] = "不限"
                notes.once(line, column, "warning", "blank is taken as 不限 for exempt and voluntary plants")
        for column in COLUMNS:
            cells.setdefault(column, "")
