"""A document as .xlsx: its title, its text line by line, its tables as cells, so that an office can go on with them."""

from __future__ import annotations

import io
from datetime import datetime, time
from typing import Any

from emergency.documents import Grid, Heading, Paper
from emergency.documents_docx import without_clock

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WIDEST = 60
"""Characters; a wider cell is wrapped."""


def to_xlsx(paper: Paper) -> bytes:
    """The document as .xlsx bytes, the same for the same paper. No text is ever a formula."""
    import openpyxl
    from openpyxl.styles import Alignment, Border, Font, Side
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.properties import PageSetupProperties

    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.title = "文件"
    columns = max([2, *(max(len(row) for row in block.rows) for block in paper.blocks if isinstance(block, Grid))])
    thin = Side(style="thin")
    at = 0

    def put(words: str, column: int = 1, *, bold: bool = False, boxed: bool = False, size: int = 11) -> Any:
        cell = sheet.cell(row=at, column=column, value=words)
        cell.data_type = "s"
        cell.font = Font(bold=bold, size=size)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        if boxed:
            cell.border = Border(left=thin, right=thin, top=thin, bottom=thin)
        return cell

    def whole_line(words: str, *, bold: bool = False, size: int = 11, centre: bool = False) -> None:
        nonlocal at
        at += 1
        cell = put(words, bold=bold, size=size)
        sheet.merge_cells(start_row=at, start_column=1, end_row=at, end_column=columns)
        cell.alignment = Alignment(wrap_text=True, vertical="top", horizontal="center" if centre else None)
        sheet.row_dimensions[at].height = 18 * max(1, -(-len(words) * size // (11 * 13 * columns)))

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
        else:
            whole_line(block.text, bold=isinstance(block, Heading))
    whole_line(f"{paper.issuer}　{paper.dated.year}年{paper.dated.month}月{paper.dated.day}日")
    for column in range(1, columns + 1):
        letter = get_column_letter(column)
        sheet.column_dimensions[letter].width = WIDEST if columns == 2 and column == 2 else 22
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    facts = book.properties
    facts.title, facts.creator = paper.title, paper.issuer
    facts.created = facts.modified = datetime.combine(paper.dated, time())
    stream = io.BytesIO()
    book.save(stream)
    return without_clock(stream.getvalue())
