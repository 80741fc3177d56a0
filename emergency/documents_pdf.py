"""A document set as PDF in the manner of GB/T 9704-2012, with the Chinese font of the system embedded as a subset.

Fonts come from Debian packages: fonts-arphic-gbsn00lp (宋体) for the text, fonts-wqy-microhei (黑体) for headings and
for characters that the first one lacks. Neither is 仿宋 or 小标宋: offices that own those set LANTIAN_FONTS to a folder
with body.ttf and head.ttf. The same paper and fonts always give the same bytes.
"""

from __future__ import annotations

import io
import logging
import os
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

from emergency.documents import Code, Grid, Heading, NewPage, Paper
from emergency.documents_docx import (
    CODE_MM,
    LINE_POINTS,
    MARGINS_MM,
    SIZE_2,
    SIZE_3,
    SIZE_4,
    SIZE_SMALL_5,
    WIDE,
    qr_png,
)
from emergency.documents_width import pieces, shares
from emergency.messages import DRILL_MARK
from plans.errors import DataError

MEDIA_TYPE = "application/pdf"
SHARE = Path("/usr/share/fonts/truetype")
BODY = (SHARE / "arphic-gbsn00lp" / "gbsn00lp.ttf", SHARE / "wqy" / "wqy-microhei.ttc")
HEAD = (SHARE / "wqy" / "wqy-microhei.ttc", SHARE / "arphic-gbsn00lp" / "gbsn00lp.ttf")
PACKAGES = "fonts-arphic-gbsn00lp fonts-wqy-microhei"
RED = (255, 0, 0)
MM_PER_POINT = 25.4 / 72
CLOSING = frozenset("，。、；：！？）》」』”’】〕％")
"""Marks that never begin a line: one hangs over the margin, before more the line is broken a letter earlier."""
OPENING = frozenset("（《「『“‘【〔")
"""Marks that never end a line."""


def fonts() -> tuple[Path, Path] | None:
    """Files of the text font and of the heading font; None when neither package is there."""
    own = os.environ.get("LANTIAN_FONTS")
    if own and (Path(own) / "body.ttf").is_file():
        body = Path(own) / "body.ttf"
        head = Path(own) / "head.ttf"
        return body, head if head.is_file() else body
    body_found = next((path for path in BODY if path.is_file()), None)
    head_found = next((path for path in HEAD if path.is_file()), None)
    return (body_found, head_found) if body_found and head_found else None


def to_pdf(paper: Paper) -> bytes:
    """The document as PDF bytes; DataError names the packages when no Chinese font is installed."""
    found = fonts()
    if found is None:
        raise DataError("There is no Chinese font for a PDF", where="fonts", todo=f"Install {PACKAGES}")
    from fpdf import FPDF

    logging.getLogger("fontTools").setLevel(logging.ERROR)  # it warns of tables that the fonts carry in vain
    top, bottom, left, right = MARGINS_MM
    line = LINE_POINTS * MM_PER_POINT

    class Sheet(FPDF):
        def header(self) -> None:
            if paper.drill:
                self.set_y(15)
                self.set_font("head", size=SIZE_4)
                self.set_text_color(*RED)
                self.cell(0, 8, f"{DRILL_MARK}仅供演练，不具有效力", align="C", new_x="LMARGIN", new_y="NEXT")
                self.set_text_color(0, 0, 0)
            self.set_y(top)

        def footer(self) -> None:
            self.set_y(-22)
            self.set_font("body", size=SIZE_4)
            self.cell(0, 8, f"— {self.page_no()} —", align="C")

    made = Sheet(format="A4")
    made.set_creation_date(datetime.combine(paper.dated, time(), UTC))
    made.set_title(paper.title)
    made.set_author(paper.issuer)
    made.set_lang("zh-CN")
    made.set_margins(left, top, right)
    made.set_auto_page_break(True, margin=bottom)
    made.add_font("body", fname=str(found[0]))
    made.add_font("head", fname=str(found[1]))
    made.set_fallback_fonts(["head"])
    made.add_page()

    def text(words: str, font: str = "body", size: int = SIZE_3, *, align: str = "L", indent: int = 0) -> None:
        made.set_font(font, size=size)
        for part in _lines(made, "\u3000" * indent + _clean(words), 210 - left - right, even=align == "C"):
            made.cell(0, line, part, align=align, new_x="LMARGIN", new_y="NEXT")

    if paper.red_head:
        made.set_text_color(*RED)
        text(f"{paper.issuer}文件", "head", SIZE_2, align="C")
        made.set_text_color(0, 0, 0)
    if paper.number:
        text(paper.number, align="C")
    if paper.red_head:
        made.set_draw_color(*RED)
        made.set_line_width(0.7)
        made.line(left, made.get_y() + 2, 210 - right, made.get_y() + 2)
        made.set_draw_color(0, 0, 0)
        made.set_line_width(0.2)
    made.ln(line)
    text(paper.title, "head", SIZE_2, align="C")
    made.ln(line / 2)
    if paper.addressee:
        text(f"{paper.addressee}：")
    for number, block in enumerate(paper.blocks):
        after = paper.blocks[number + 1] if number + 1 < len(paper.blocks) else None
        if isinstance(block, Heading) and made.will_page_break(line * (4 if isinstance(after, Grid) else 2)):
            made.add_page()  # a heading never stands last on a page
        if isinstance(block, Grid):
            _table(made, block, width=210 - left - right)
        elif isinstance(block, NewPage):
            made.add_page()
        elif isinstance(block, Code):
            made.image(io.BytesIO(qr_png(block.address)), x=(210 - CODE_MM) / 2, w=CODE_MM, h=CODE_MM)
            text(block.caption, size=SIZE_4, align="C")
        elif isinstance(block, Heading):
            text(block.text, "head", indent=2)
        else:
            text(block.text, indent=2)
    if paper.issuer:
        if made.will_page_break(line * 3):
            made.add_page()  # who signs and the date are never on two pages
        made.ln(line)
        text(paper.issuer, align="R")
        text(f"{paper.dated.year}年{paper.dated.month}月{paper.dated.day}日", align="R")
    return bytes(made.output())


def _table(made: Any, grid: Grid, *, width: float) -> None:
    from fpdf.fonts import FontFace

    columns = max(len(row) for row in grid.rows)
    size = SIZE_SMALL_5 if grid.small or columns > WIDE else SIZE_4
    made.set_font("body", size=size)
    widths = tuple(width * share for share in shares(grid))
    named = FontFace(family="head", size_pt=size)
    with made.table(
        col_widths=widths, width=width, line_height=size * MM_PER_POINT * 1.6, first_row_as_headings=False,
        wrapmode="CHAR", padding=1,
    ) as table:  # fmt: skip
        for number, row in enumerate(grid.rows):
            line = table.row()
            for place, words in enumerate(row):
                heading = (grid.head and number == 0) or (not grid.head and place == 0)
                made.set_font("head" if heading else "body", size=size)
                # a closing mark may hang over, so the lines are one letter shorter than the cell
                lines = _lines(made, _clean(words), widths[place] - 2 - size * MM_PER_POINT, even=False)
                line.cell("\n".join(lines), style=named if heading else None)
        made.set_font("body", size=size)
    made.ln(2)


def _lines(made: Any, words: str, width: float, *, even: bool) -> list[str]:
    """The text in lines of a width; no line begins with a closing mark (避头) or ends with an opening one (避尾).

    A title (`even`) comes in lines of equal length.
    """
    room = width - 2 * made.c_margin
    if even and made.get_string_width(words) > room:
        count = -(-made.get_string_width(words) // room)
        room = min(room, made.get_string_width(words) / count + made.get_string_width("中"))
    lines, current = [], ""
    whole = [piece if made.get_string_width(piece) <= room else list(piece) for piece in pieces(words)]
    for part in _kept_together([one for piece in whole for one in ([piece] if isinstance(piece, str) else piece)]):
        inside = part[:-1] if len(part) > 1 and part[-1] in CLOSING else part  # the last mark may hang over
        if part == "\n" or (current and made.get_string_width(current + inside) > room):
            lines.append(current)
            current = "" if part == "\n" else part
        else:
            current += part
    return [*lines, current]


def _kept_together(letters: list[str]) -> list[str]:
    """The pieces with their opening marks before and their closing marks behind them.

    >>> _kept_together(["预", "报", "（", "12月5日", "）", "。", "次", "日"])
    ['预', '报', '（12月5日）。', '次', '日']
    """
    found: list[str] = []
    opened = ""
    for letter in letters:
        if letter in OPENING:
            opened += letter
        elif letter in CLOSING and found and not opened and found[-1] != "\n":
            found[-1] += letter
        else:
            found.append(opened + letter)
            opened = ""
    return [*found, opened] if opened else found


def _clean(words: str) -> str:
    return "".join(letter for letter in words if letter >= " " or letter in "\t\n")
