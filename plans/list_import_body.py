"""The rows under a heading: merged and carried-down plant cells, blank rows, totals, footnotes, numbered heads."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import Any

from plans.enterprise_csv import PLANT_COLUMNS
from plans.list_import_cells import Reading, read_cell
from plans.list_import_file import Cell, Sheet, letters_of
from plans.list_import_header import ColumnMapping, Header, merged_down
from plans.list_import_line import Line
from plans.list_import_notes import Notes
from plans.list_import_words import EMISSIONS, plain

_TOTAL = re.compile(r"(?:全[市区县]|本页|.{0,8}?)(?:合计|总计|小计|共计)(?::|\(.*\))?")
_FOOT = re.compile(r"(?:注\d*|备注|说明|填表|制表|审核|填报|日期|盖章|单位负责人).*")
_KEYS = ("编号", "企业名称", "统一社会信用代码")
_PLANT_OR_PLACE = (*PLANT_COLUMNS, "厂区", "车间", "工序")
_SHEET_KINDS = {"扬尘": "扬尘源", "工地": "扬尘源", "道路": "扬尘源", "移动源": "移动源", "车辆": "移动源"}


def lines_of(sheet: Sheet, header: Header, mapping: ColumnMapping, notes: Notes) -> list[Line]:
    """The rows of the list in a sheet; totals, footnotes and repeated heads are left out with a warning each."""
    at = {heading.column or "": number for number, heading in header.columns.items()}
    kind = next((value for word, value in _SHEET_KINDS.items() if word in plain(sheet.name)), "")
    spread = merged_down(sheet, header)
    memo: dict[tuple[int, Any], Reading] = {}
    lines: list[Line] = []
    sums: list[dict[int, Fraction]] = [{}, {}]
    for row in range(header.last_row + 1, len(sheet.rows) + 1):
        values = sheet.rows[row - 1]
        filled = [(number, value) for number, value in enumerate(values, start=1) if not _blank(value)]
        if not filled:
            continue
        why = _no_row(filled, header, first=row == header.last_row + 1)
        if why:
            shown = str(_bare(filled[0][1]))
            notes.add(
                "warning", sheet.name, f"{letters_of(filled[0][0])}{row}", "", shown, f"the row is left out: {why}"
            )
            if why == "a total":
                _compare(sheet, row, filled, header, sums, notes)
            continue
        line = Line(sheet.name, row, {}, at, kind)
        for number, heading in header.columns.items():
            value = values[number - 1] if number <= len(values) else None
            if _blank(value) and (row, number) in spread:
                value = spread[row, number]
            column = heading.column or ""
            text, noticed = _read(value, number, heading, mapping, memo)
            line.cells[column] = text
            for note in noticed:
                if note.severity == "warning":
                    notes.once(line, column, note.severity, note.message, note.suggestion)
                    continue
                notes.add(
                    note.severity,
                    sheet.name,
                    f"{letters_of(number)}{row}",
                    column,
                    str(_bare(value)),
                    note.message,
                    note.suggestion,
                )
            if column in EMISSIONS:
                _sum(sums, number, value)
        _carry(line, lines, header, notes)
        lines.append(line)
    return lines


def _read(
    value: Any, number: int, heading: Any, mapping: ColumnMapping, memo: dict[tuple[int, Any], Reading]
) -> Reading:
    if value is None:
        return "", ()
    key = (number, (value.__class__, value))
    found = memo.get(key)
    if found is None:
        found = read_cell(value, heading, days=mapping.days_per_year)
        if len(memo) < 100_000:
            memo[key] = found
    return found


def _carry(line: Line, lines: list[Line], header: Header, notes: Notes) -> None:
    """A row that names no plant continues the one above; a row of the same plant takes its blank plant cells."""
    if header.plants_only or not lines:
        return
    above, cells = lines[-1].cells, line.cells
    if any(cells.get(key) for key in _KEYS):
        key = next(key for key in _KEYS if cells.get(key))
        same = cells[key] == above.get(key) and any(not cells.get(column) and above.get(column) for column in _KEYS)
        if not same:
            return
    elif not cells.get("单元名称"):
        return
    carried = [
        column for column in _PLANT_OR_PLACE if column in line.at and not cells.get(column) and above.get(column)
    ]
    for column in carried:
        cells[column] = above[column]
    if carried:
        notes.once(
            line,
            carried[0],
            "warning",
            "blank plant cells are taken from the row above",
            "Repeat the plant's cells on each of its rows",
        )


def _no_row(filled: list[tuple[int, Any]], header: Header, *, first: bool) -> str:
    """Why a row is no row of the list, or an empty text."""
    texts = {number: plain(value).replace(" ", "") for number, value in filled if isinstance(value, str)}
    columns = (header.columns.get(number) for number, _ in filled)
    named = any(one is not None and one.column in ("单元名称", "统一社会信用代码") for one in columns)
    if not named and any(_TOTAL.fullmatch(text) for text in texts.values()):
        return "a total"
    if len(filled) == 1 and texts and _FOOT.fullmatch(next(iter(texts.values()))):
        return "a footnote"
    again = sum(
        1
        for number, text in texts.items()
        if text and (one := header.columns.get(number)) and plain(one.text).replace(" ", "").endswith(text)
    )
    if again >= 4:
        return "the heading again"
    if not first:
        return ""
    counted = [re.sub(r"[()第栏]", "", plain(str(_bare(value)))) for _, value in filled]
    if len(counted) >= 4 and all(text.isdigit() for text in counted):
        numbers = [int(text) for text in counted]
        if numbers == list(range(numbers[0], numbers[0] + len(numbers))):
            return "numbers of the columns"
    return ""


def _sum(sums: list[dict[int, Fraction]], number: int, value: Any) -> None:
    exact = _exact(value)
    if exact is not None:
        for total in sums:
            total[number] = total.get(number, Fraction(0)) + exact


def _compare(
    sheet: Sheet, row: int, filled: list[tuple[int, Any]], header: Header, sums: list[dict[int, Fraction]], notes: Notes
) -> None:
    """A total that does not agree with its rows is told: a row may be missing, or a unit mistaken."""
    for number, value in filled:
        heading = header.columns.get(number)
        said = _exact(value)
        if heading is None or heading.column not in EMISSIONS or said is None:
            continue
        made = [total.get(number, Fraction(0)) for total in sums]
        if not any(abs(said - total) <= max(abs(total) / 200, Fraction(1, 100)) for total in made):
            notes.add(
                "warning",
                sheet.name,
                f"{letters_of(number)}{row}",
                heading.column or "",
                str(_bare(value)),
                f"the rows add up to {float(made[0]):g}",
                "Look for a missing row or a mistyped number",
            )
    sums[1].clear()


def _exact(value: Any) -> Fraction | None:
    return _fraction(_bare(value))


@lru_cache(maxsize=50_000)
def _fraction(bare: Any) -> Fraction | None:
    try:
        return Fraction(repr(bare) if isinstance(bare, float) else plain(str(bare)).replace(",", ""))
    except (ValueError, ZeroDivisionError):
        return None


def _bare(value: Any) -> Any:
    return value.value if isinstance(value, Cell) else value


def _blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip("\u3000 \t\r\n\xa0"))
