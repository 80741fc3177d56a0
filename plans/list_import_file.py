"""Opening a workbook or CSV from outside: guarded, then given as sheets of cells with their merged ranges.

A workbook is a zip of XML written by somebody else. Before it is read: size and number of its parts, macros,
declarations of entities, and formulas whose result was never stored (they would read as blanks). The limits are
settings of ours (confidence I), far above any list of a city.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plans.errors import DataError

MOST_BYTES = 80 * 2**20
MOST_UNPACKED = 600 * 2**20
MOST_RATIO = 300
MOST_PARTS = 2_000
MOST_ROWS = 200_000
MOST_COLUMNS = 300
_MERGE = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')
_BARE_FORMULA = re.compile(rb'<c r="([A-Z]{1,3}\d{1,7})"[^>]*><f[^>]*?(?:/>|>[^<]*</f>)(?:<v\s*/>|<v></v>)?</c>')
_DECLARED = re.compile(rb"<(?:\w+:)?sheet\s")
_CHUNK = 2**20

Merge = tuple[int, int, int, int]
"""First row, first column, last row, last column; all from 1, all included."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A value as the file has it, with the number format a spreadsheet shows it in."""

    value: Any
    number_format: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: rows of cells from row 1 on, and its merged ranges."""

    name: str
    rows: tuple[tuple[Any, ...], ...]
    """Plain values; a number shown as percent or with leading zeros is a Cell with its format."""
    merges: tuple[Merge, ...]
    bare_formulas: tuple[str, ...] = ()
    """Cells that hold a formula but no stored result."""


def sheets_of(path: Path) -> tuple[Sheet, ...]:
    """The sheets of an .xlsx or .csv file; DataError with one sentence when it cannot or must not be read."""
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            head = stream.read(8)
    except OSError as error:
        raise DataError(
            "The list does not exist or cannot be opened",
            where=path.name,
            expected="a file .xlsx or .csv",
            found=type(error).__name__,
        ) from error
    if size > MOST_BYTES:
        raise DataError(
            "The list is too large",
            where=path.name,
            expected=f"at most {MOST_BYTES // 2**20} MiB",
            found=f"{size // 2**20} MiB",
            todo="Split it by district",
        )
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise DataError(
            "The workbook is of the old format or locked by a password",
            where=path.name,
            expected=".xlsx without password",
            found="an OLE file",
            todo="Save it as .xlsx without a password",
        )
    if head.startswith(b"PK"):
        return _workbook(path)
    return (_csv(path),)


def _csv(path: Path) -> Sheet:
    data = path.read_bytes()
    text = None
    for encoding in ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    if text is None or "\x00" in text:
        raise DataError(
            "The list cannot be read",
            where=path.name,
            expected="text in UTF-8 or GB18030",
            found="something else",
            todo="Save it as .xlsx or as CSV in UTF-8",
        )
    first = text.split("\n", 1)[0]
    delimiter = max(",\t;", key=first.count)
    try:
        rows = tuple(tuple(cells) for cells in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise DataError("The list cannot be read", where=path.name, expected="CSV", found=str(error)) from error
    _rows_allowed(path.name, len(rows), max((len(row) for row in rows), default=0))
    return Sheet("CSV", rows, ())


def _workbook(path: Path) -> tuple[Sheet, ...]:
    try:
        with zipfile.ZipFile(path) as packed:
            _guard(path.name, packed)
            tails = {name: _scan(path.name, packed, name) for name in packed.namelist()}
            declared = _DECLARED.findall(packed.read("xl/workbook.xml"))
        sheets = tuple(_sheets(path, tails))
    except (DataError, MemoryError):
        raise
    except Exception as error:  # openpyxl raises a dozen kinds on a damaged file; for the reader they are one
        raise DataError(
            "The workbook is damaged",
            where=path.name,
            expected="a readable .xlsx",
            found=type(error).__name__,
            todo="Open and save it again in the office program",
        ) from error
    if len(sheets) != len(declared):  # the library passes over a sheet whose part it cannot find
        raise DataError(
            "The workbook has lost a sheet",
            where=path.name,
            expected=f"{len(declared)} sheets of cells",
            found=len(sheets),
            todo="Open it in the office program, remove charts on sheets of their own, and save it again",
        )
    return sheets


def _guard(name: str, packed: zipfile.ZipFile) -> None:
    parts = packed.infolist()
    unpacked = sum(part.file_size for part in parts)
    packed_size = max(1, sum(part.compress_size for part in parts))
    names = {part.filename.lower() for part in parts}
    if (
        len(parts) > MOST_PARTS
        or unpacked > MOST_UNPACKED
        or (unpacked > 20 * 2**20 and unpacked / packed_size > MOST_RATIO)
    ):
        raise DataError(
            "The workbook unpacks to far too much",
            where=name,
            expected=f"at most {MOST_UNPACKED // 2**20} MiB in {MOST_PARTS} parts, {MOST_RATIO} times its size",
            found=f"{unpacked // 2**20} MiB in {len(parts)} parts, {unpacked // packed_size} times its size",
            todo="Do not open it; ask the sender",
        )
    if any("vbaproject" in part or "/macrosheets/" in part for part in names):
        raise DataError(
            "The workbook carries macros", where=name, expected="a plain .xlsx", found="macros", todo="Save it as .xlsx"
        )
    if "[content_types].xml" not in names or not any(part.startswith("xl/") for part in names):
        raise DataError("The file is not a workbook", where=name, expected=".xlsx", found="another zip file")


def _scan(name: str, packed: zipfile.ZipFile, part: str) -> tuple[tuple[Merge, ...], tuple[str, ...]]:
    """Merged ranges and formulas without result of one part, read in pieces; DataError on declared entities."""
    merges: dict[Merge, None] = {}
    bare: dict[str, None] = {}
    before = b""
    sheet = part.startswith("xl/worksheets/")
    with packed.open(part) as stream:
        while piece := stream.read(_CHUNK):
            text = before + piece
            if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
                raise DataError(
                    "The workbook declares entities",
                    where=f"{name}, part {part}",
                    expected="none",
                    found="<!DOCTYPE or <!ENTITY",
                    todo="Do not open it; ask the sender",
                )
            if sheet:
                for found in _MERGE.finditer(text):
                    first, top, last, bottom = found.groups()
                    merges[int(top), _column(first), int(bottom), _column(last)] = None
                if b"<f" in text:
                    bare.update((found[1].decode(), None) for found in _BARE_FORMULA.finditer(text))
            before = text[-400:]
    return tuple(merges), tuple(bare)


def _sheets(path: Path, tails: dict[str, tuple[tuple[Merge, ...], tuple[str, ...]]]) -> Iterator[Sheet]:
    import openpyxl

    book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
    try:
        for sheet in book.worksheets:
            if sheet.sheet_state != "visible":
                yield Sheet(sheet.title, (("(hidden sheet)",),), ())
                continue
            sheet.reset_dimensions()  # a wrong <dimension> would cut rows off without a word
            part = str(getattr(sheet, "_worksheet_path", "")).lstrip("/")
            merges, bare = tails.get(part, ((), ()))
            rows: list[tuple[Any, ...]] = []
            for cells in sheet.iter_rows():
                rows.append(tuple(map(_value, cells)))
                if len(rows) > MOST_ROWS or len(cells) > MOST_COLUMNS:
                    filled = max((at for at, cell in enumerate(cells, start=1) if cell.value is not None), default=0)
                    _rows_allowed(f"{path.name} sheet {sheet.title}", len(rows), filled)
            while rows and all(value is None for value in rows[-1]):
                rows.pop()
            yield Sheet(sheet.title, tuple(rows), merges, bare)
    finally:
        book.close()


def _value(cell: Any) -> Any:
    value = cell.value
    if value.__class__ in (int, float):
        shown = cell.number_format
        if "%" in shown or shown.startswith("00"):
            return Cell(value, shown)
    return value


def _rows_allowed(where: str, rows: int, columns: int) -> None:
    if rows > MOST_ROWS or columns > MOST_COLUMNS:
        raise DataError(
            "The sheet is too large",
            where=where,
            expected=f"at most {MOST_ROWS} rows, {MOST_COLUMNS} columns",
            found=f"{rows} rows, {columns} columns",
            todo="Delete what is not part of the list",
        )


def _column(letters: str | bytes) -> int:
    number = 0
    for letter in letters.decode() if isinstance(letters, bytes) else letters:
        number = number * 26 + ord(letter) - 64
    return number


def letters_of(column: int) -> str:
    """The letters of a column, from 1.

    >>> letters_of(1), letters_of(28)
    ('A', 'AB')
    """
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
