"""Sheets beside a list in its workbook: staggered windows 错峰生产, places 企业位置, as texts of their CSVs.

A sheet is known by its heading: all columns of the windows, or of the places, in one of the first 15 rows. The text is
then read and checked by the readers of those files (plans.staggered, plans.places).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from plans.list_import_file import Sheet
from plans.places import PLACE_COLUMNS, Places
from plans.staggered import WINDOW_COLUMNS, Window

KINDS: Mapping[str, tuple[str, ...]] = {"windows": tuple(WINDOW_COLUMNS), "places": PLACE_COLUMNS}
SHEETS: Mapping[str, str] = {"windows": "错峰生产", "places": "企业位置"}
FIRST_ROWS = 15


def kind_of(sheet: Sheet) -> str:
    """ "windows", "places", or "" for a sheet that is neither."""
    return next((kind for kind, columns in KINDS.items() if _heading(sheet, columns) is not None), "")


def text_of(sheet: Sheet, kind: str) -> str:
    """The CSV text of a sheet of that kind; rows without any value are left out."""
    columns = KINDS[kind]
    at = _heading(sheet, columns)
    if at is None:
        return ""
    places = {name: number for number, name in enumerate(_words(sheet.rows[at])) if name in columns}
    rows = [
        [_text(row[places[name]]) if places[name] < len(row) else "" for name in columns]
        for row in sheet.rows[at + 1 :]
    ]
    return _csv(columns, [row for row in rows if any(row)])


def windows_rows(windows: Sequence[Window]) -> list[tuple[str, ...]]:
    """Windows as rows under WINDOW_COLUMNS, read back to the same windows."""
    return [
        (one.enterprise, one.unit, one.first.isoformat(), one.last.isoformat(), str(one.share * 100), one.source)
        for one in windows
    ]


def places_rows(places: Places) -> list[tuple[str, ...]]:
    """Places as rows under PLACE_COLUMNS."""
    return [(name, repr(east), repr(north)) for name, (east, north) in sorted(places.items())]


def _heading(sheet: Sheet, columns: Sequence[str]) -> int | None:
    return next((n for n, row in enumerate(sheet.rows[:FIRST_ROWS]) if set(columns) <= set(_words(row))), None)


def _words(row: Sequence[Any]) -> list[str]:
    return [_text(cell).replace("％", "%") for cell in row]


def _text(cell: Any) -> str:
    value = getattr(cell, "value", cell)
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _csv(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue()
