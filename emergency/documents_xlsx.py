"""A document as .xlsx: its title, its text line by line, its tables as cells, so that an office can go on with them."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime, time
from typing import Any

from emergency.documents import Code, Grid, Heading, NewPage, Paper
from emergency.documents_docx import without_clock
from emergency.documents_width import shares, width_of

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHEET = 84
"""Half-width letters over all columns: what A4 upright holds at 11 points; more columns lie across."""
ACROSS = 128
WIDE = 5
"""A sheet with more columns is printed across."""


def to_xlsx(paper: Paper) -> bytes:
    """The document as .xlsx bytes, the same for the same paper. No text is ever a formula."""
    import openpyxl
    from openpyxl.styles import Alignment, Border, Font, Side
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.properties import PageSetupProperties
    from openpyxl.writer.excel import ExcelWriter

    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.title = "文件"
    columns = max([2, *(max(len(row) for row in block.rows) for block in paper.blocks if isinstance(block, Grid))])
    thin = Side(style="thin")
    grids = [block for block in paper.blocks if isinstance(block, Grid)]
    widest = max(grids, key=lambda grid: max(len(row) for row in grid.rows), default=None)
    room = ACROSS if columns > WIDE else SHEET
    widths = [room * share for share in (shares(widest) if widest else (0.245, 0.755))]
    at = 0

    def put(words: str, column: int = 1, *, bold: bool = False, boxed: bool = False, size: int = 11) -> Any:
        cell = sheet.cell(row=at, column=column, value=words)
        cell.data_type = "s"
        cell.font = Font(bold=bold, size=size)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        if boxed:
            cell.border = Border(left=thin, right=thin, top=thin, bottom=thin)
        return cell

    def lines(words: str, width: float, *, size: int = 11) -> int:
        return sum(max(1, -int(-width_of(part) * size // (11 * (width - 2)))) for part in words.split("\n"))

    def whole_line(words: str, *, bold: bool = False, size: int = 11, centre: bool = False) -> None:
        nonlocal at
        at += 1
        cell = put(words, bold=bold, size=size)
        sheet.merge_cells(start_row=at, start_column=1, end_row=at, end_column=columns)
        cell.alignment = Alignment(wrap_text=True, vertical="top", horizontal="center" if centre else None)
        sheet.row_dimensions[at].height = max(size * 1.6, 18.0) * lines(words, room, size=size)

    whole_line(paper.title, bold=True, size=16, centre=True)
    for words in (paper.number, f"{paper.addressee}：" if paper.addressee else ""):
        if words:
            whole_line(words)
    for block in paper.blocks:
        if isinstance(block, Grid):
            for number, row in enumerate(block.rows):
                at += 1
                for place, words in enumerate(row, start=1):
                    named = (block.head and number == 0) or (not block.head and place == 1)
                    put(words, place, bold=named, boxed=True)
                if len(row) < columns:  # the last cell takes what a wider table beside it leaves
                    for place in range(len(row) + 1, columns + 1):
                        put("", place, boxed=True)
                    sheet.merge_cells(start_row=at, start_column=len(row), end_row=at, end_column=columns)
                own = [*widths[: len(row) - 1], sum(widths[len(row) - 1 :])]
                tall = max(lines(words, width) for words, width in zip(row, own, strict=True))
                sheet.row_dimensions[at].height = 18.0 * tall
        elif isinstance(block, Code):
            whole_line(f"{block.caption}：{block.address}")
        elif not isinstance(block, NewPage):
            whole_line(block.text, bold=isinstance(block, Heading))
    whole_line(f"{paper.issuer}　{paper.dated.year}年{paper.dated.month}月{paper.dated.day}日")
    for column in range(1, columns + 1):
        letter = get_column_letter(column)
        sheet.column_dimensions[letter].width = widths[column - 1]
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.orientation = "landscape" if columns > WIDE else "portrait"
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    facts = book.properties
    facts.title, facts.creator = paper.title, paper.issuer
    facts.created = facts.modified = datetime.combine(paper.dated, time())
    stream = io.BytesIO()
    # Not book.save: that writes the clock's time over `modified`.
    ExcelWriter(book, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED)).save()
    return without_clock(stream.getvalue())
