"""Writing a workbook of texts: every cell a shared string, so that no digit changes and nothing is a formula.

A list of 20,000 plants has a million cells. Written cell by cell through a library they take six seconds; as the plain
parts of the format (ECMA-376 part 1, 18.3 and 18.4) they take half a second, and every reader reads them the same.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from plans.errors import DataError
from plans.list_import_file import letters_of

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""What XML 1.0 cannot hold (2.2)."""
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MOMENT = (1980, 1, 1, 0, 0, 0)
"""Of every part, so that the same sheets always give the same bytes."""


@dataclass(frozen=True, slots=True)
class TextSheet:
    """One sheet: its heading and its rows, all of them texts; an empty text is an empty cell."""

    name: str
    heading: Sequence[str]
    rows: Sequence[Sequence[str]]
    fixed: str = ""
    """The first cell that moves when the sheet is pushed along, e.g. C2; empty when all of it does."""


class _Numbers(dict[str, int]):
    """The number of each text in the table of shared strings."""

    def __missing__(self, text: str) -> int:
        number = self[text] = len(self)
        return number


def workbook(sheets: Sequence[TextSheet], *, name: str) -> bytes:
    """The workbook; DataError with sheet, row and column for a control character. `name` is how errors call it."""
    strings = _Numbers()
    parts = [(f"xl/worksheets/sheet{number}.xml", _sheet(one, strings)) for number, one in enumerate(sheets, start=1)]
    if _ILLEGAL.search("".join(strings)):
        raise _illegal(sheets, name)
    parts += [
        ("xl/sharedStrings.xml", _shared(strings)),
        ("xl/styles.xml", _STYLES),
        ("xl/workbook.xml", _book(sheets)),
        ("xl/_rels/workbook.xml.rels", _links(len(sheets))),
        ("_rels/.rels", _relations([("officeDocument", "xl/workbook.xml")])),
        ("[Content_Types].xml", _types(len(sheets))),
    ]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        for path, text in reversed(parts):
            file.writestr(zipfile.ZipInfo(path, _MOMENT), text.encode(), zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _sheet(sheet: TextSheet, strings: _Numbers) -> str:
    heads = [f'<c r="{letters_of(number)}' for number in range(1, len(sheet.heading) + 1)]
    lines = []
    for number, row in enumerate((sheet.heading, *sheet.rows), start=1):
        tail = f'{number}" t="s"><v>'
        cells = [f"{head}{tail}{strings[text]}</v></c>" for head, text in zip(heads, row, strict=True) if text]
        lines.append(f'<row r="{number}">{"".join(cells)}</row>')
    return f'{_HEAD}<worksheet xmlns="{_MAIN}">{_view(sheet.fixed)}<sheetData>{"".join(lines)}</sheetData></worksheet>'


def _view(fixed: str) -> str:
    found = re.fullmatch(r"([A-Z]+)(\d+)", fixed)
    if found is None:
        return ""
    columns = sum((ord(letter) - 64) * 26**place for place, letter in enumerate(reversed(found[1]))) - 1
    pane = f'<pane xSplit="{columns}" ySplit="{int(found[2]) - 1}" topLeftCell="{fixed}" activePane="bottomRight"'
    return f'<sheetViews><sheetView workbookViewId="0">{pane} state="frozen"/></sheetView></sheetViews>'


def _shared(strings: _Numbers) -> str:
    lines = []
    for text in strings:
        said = escape(text.replace("_x", "_x005F_x"), {"\r": "&#13;"})
        keep = ' xml:space="preserve"' if text != text.strip() else ""
        lines.append(f"<si><t{keep}>{said}</t></si>")
    return f'{_HEAD}<sst xmlns="{_MAIN}" uniqueCount="{len(strings)}">{"".join(lines)}</sst>'


def _book(sheets: Sequence[TextSheet]) -> str:
    named = "".join(
        f'<sheet name={quoteattr(one.name)} sheetId="{number}" r:id="rId{number}"/>'
        for number, one in enumerate(sheets, start=1)
    )
    return f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_LINKS}"><sheets>{named}</sheets></workbook>'


def _links(count: int) -> str:
    pages = [("worksheet", f"worksheets/sheet{number}.xml") for number in range(1, count + 1)]
    return _relations([*pages, ("sharedStrings", "sharedStrings.xml"), ("styles", "styles.xml")])


def _relations(targets: Sequence[tuple[str, str]]) -> str:
    inside = "".join(
        f'<Relationship Id="rId{number}" Type="{_LINKS}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, start=1)
    )
    return f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{inside}</Relationships>'


def _types(count: int) -> str:
    pages = [(f"/xl/worksheets/sheet{number}.xml", "worksheet") for number in range(1, count + 1)]
    named = [("/xl/workbook.xml", "sheet.main"), *pages, ("/xl/sharedStrings.xml", "sharedStrings"),
             ("/xl/styles.xml", "styles")]  # fmt: skip
    inside = "".join(f'<Override PartName="{part}" ContentType="{_KIND}.{kind}+xml"/>' for part, kind in named)
    relations = '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    plain = '<Default Extension="xml" ContentType="application/xml"/>'
    return f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">{relations}{plain}{inside}</Types>'


_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}"><fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '</fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
"""The least that every reader wants: one font, two fills, no border."""


def _illegal(sheets: Sequence[TextSheet], name: str) -> DataError:
    for sheet in sheets:
        for number, row in enumerate((sheet.heading, *sheet.rows), start=1):
            for column, text in zip(sheet.heading, row, strict=True):
                if _ILLEGAL.search(text):
                    place = f"{name} row {number}, column {column}"
                    return DataError(
                        "A cell has a control character", where=place, expected="text", found="a control character"
                    )
    raise AssertionError("no cell has a control character")
