"""A document set as .docx in the manner of GB/T 9704-2012 (party and government documents): A4, 仿宋 three, red head.

The same paper always gives the same bytes, so that its digest can stand in the record. Fonts are named, not embedded:
they are on every office's own machines; elsewhere the word processor takes another Chinese font.
"""

from __future__ import annotations

import io
import zipfile
from datetime import datetime, time
from typing import Any

from emergency.documents import Code, Grid, Heading, NewPage, Paper
from emergency.documents_width import shares
from emergency.messages import DRILL_MARK

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
BODY_FONT, HEAD_FONT, TITLE_FONT = "仿宋_GB2312", "黑体", "方正小标宋简体"
"""GB/T 9704-2012, 5.2.2 and 7.3: body 3号仿宋, first headings 黑体, title 2号小标宋."""
SIZE_2, SIZE_3, SIZE_4, SIZE_SMALL_5 = 22, 16, 14, 9
"""Points of 二号, 三号, 四号 and 小五."""
WIDE = 5
"""A table with more columns is set in 小五, so that a range of AQI stays on one line."""
MARGINS_MM = (37, 35, 28, 26)
"""Top, bottom, left, right: text area 156 x 225 mm on A4 (GB/T 9704-2012, 5.2.1)."""
TEXT_MM = 210 - MARGINS_MM[2] - MARGINS_MM[3]
LINE_POINTS = 28.9
"""22 lines on 225 mm (GB/T 9704-2012, 5.2.3)."""
RED = "FF0000"
CODE_MM = 60


def to_docx(paper: Paper) -> bytes:
    """The document as .docx bytes."""
    import docx
    from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK
    from docx.shared import Mm, Pt

    made = docx.Document()
    _chinese_lines(made)
    section = made.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    top, bottom, left, right = (Mm(value) for value in MARGINS_MM)
    section.top_margin, section.bottom_margin, section.left_margin, section.right_margin = top, bottom, left, right
    _page_number(section.footer.paragraphs[0])
    if paper.drill:
        head = section.header.paragraphs[0]
        head.alignment = WD_ALIGN_PARAGRAPH.CENTER
        _run(head, f"{DRILL_MARK}仅供演练，不具有效力", HEAD_FONT, SIZE_4, colour=RED)

    def line(text: str, font: str, size: int, *, align: Any = None, indent: int = 0, colour: str = "") -> Any:
        paragraph = made.add_paragraph()
        style = paragraph.paragraph_format
        style.space_before = style.space_after = Pt(0)
        style.line_spacing = Pt(LINE_POINTS)
        style.first_line_indent = Pt(indent * size)
        paragraph.alignment = align
        _run(paragraph, text, font, size, colour=colour)
        return paragraph

    centre, right_hand = WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.RIGHT
    if paper.red_head:
        line(f"{paper.issuer}文件", TITLE_FONT, SIZE_2, align=centre, colour=RED)
        last = line(paper.number, BODY_FONT, SIZE_3, align=centre)
        _rule(last, red=True)
    elif paper.number:
        line(paper.number, BODY_FONT, SIZE_3, align=centre)
    line("", BODY_FONT, SIZE_3)
    line(paper.title, TITLE_FONT, SIZE_2, align=centre)
    line("", BODY_FONT, SIZE_3)
    if paper.addressee:
        line(f"{paper.addressee}：", BODY_FONT, SIZE_3)
    for block in paper.blocks:
        if isinstance(block, Grid):
            _table(made, block)
            line("", BODY_FONT, SIZE_SMALL_5).paragraph_format.line_spacing = Pt(SIZE_SMALL_5)
        elif isinstance(block, NewPage):
            made.add_paragraph().add_run().add_break(WD_BREAK.PAGE)
        elif isinstance(block, Code):
            made.add_picture(io.BytesIO(qr_png(block.address)), width=Mm(CODE_MM))
            made.paragraphs[-1].alignment = centre
            line(block.caption, BODY_FONT, SIZE_4, align=centre)
        elif isinstance(block, Heading):
            line(block.text, HEAD_FONT, SIZE_3, indent=2).paragraph_format.keep_with_next = True
        else:
            line(block.text, BODY_FONT, SIZE_3, indent=2)
    if paper.issuer:
        line("", BODY_FONT, SIZE_3)
        line(paper.issuer, BODY_FONT, SIZE_3, align=right_hand)
        line(f"{paper.dated.year}年{paper.dated.month}月{paper.dated.day}日", BODY_FONT, SIZE_3, align=right_hand)

    facts = made.core_properties
    facts.title, facts.author, facts.last_modified_by, facts.comments = paper.title, paper.issuer, "", ""
    facts.created = facts.modified = datetime.combine(paper.dated, time())
    stream = io.BytesIO()
    made.save(stream)
    return without_clock(stream.getvalue())


def qr_png(address: str) -> bytes:
    """The QR code of an address as PNG, error correction M (a board in the open gets scratched)."""
    import segno

    out = io.BytesIO()
    segno.make(address, error="m", micro=False).save(out, kind="png", scale=12, border=4)
    return out.getvalue()


def _run(paragraph: Any, text: str, font: str, size: int, *, colour: str = "", bold: bool = False) -> None:
    from docx.oxml.ns import qn
    from docx.shared import Pt, RGBColor

    run = paragraph.add_run("".join(letter for letter in text if letter >= " " or letter in "\t\n"))
    run.font.name, run.font.size, run.font.bold = font, Pt(size), bold
    # Word takes the font of Chinese characters from another attribute than that of Latin ones.
    run._element.rPr.rFonts.set(qn("w:eastAsia"), font)
    if colour:
        run.font.color.rgb = RGBColor.from_string(colour)


def _element(name: str) -> Any:
    from docx.oxml import OxmlElement

    return OxmlElement(name)


def _chinese_lines(made: Any) -> None:
    """Lines of the whole document by Chinese rules: no closing mark begins one, no opening mark ends one (避头尾).

    A word processor takes the marks from the language of the text, and the template's is English.
    """
    from docx.oxml.ns import qn

    paragraph = made.styles["Normal"].element.get_or_add_pPr()
    for name in ("w:kinsoku", "w:overflowPunct"):
        paragraph.append(_element(name))
    for language in made.styles.element.iter(qn("w:lang")):
        language.set(qn("w:eastAsia"), "zh-CN")


def _page_number(paragraph: Any) -> None:
    """— 1 — in the middle of the foot (GB/T 9704-2012, 7.5); the field is counted by the word processor."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml.ns import qn

    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _run(paragraph, "— ", BODY_FONT, SIZE_4)
    field = _element("w:fldSimple")
    field.set(qn("w:instr"), "PAGE")
    paragraph._p.append(field)
    _run(paragraph, " —", BODY_FONT, SIZE_4)


def _rule(paragraph: Any, *, red: bool) -> None:
    """A line under a paragraph: the red one under the head of a notice."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    if not red:
        return
    borders, bottom = OxmlElement("w:pBdr"), OxmlElement("w:bottom")
    for name, value in (("val", "single"), ("sz", "12"), ("space", "4"), ("color", RED)):
        bottom.set(qn(f"w:{name}"), value)
    borders.append(bottom)
    paragraph._p.get_or_add_pPr().append(borders)


def _table(made: Any, grid: Grid) -> None:
    from docx.shared import Mm

    columns = max(len(row) for row in grid.rows)
    size = SIZE_SMALL_5 if grid.small or columns > WIDE else SIZE_4
    table = made.add_table(rows=0, cols=columns, style="Table Grid")
    table.autofit = False
    widths = [Mm(round(TEXT_MM * share, 1)) for share in shares(grid)]
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width
    for number, row in enumerate(grid.rows):
        line = table.add_row()
        cells = line.cells
        line._tr.get_or_add_trPr().append(_element("w:cantSplit"))
        if grid.head and number == 0:
            line._tr.get_or_add_trPr().append(_element("w:tblHeader"))
        for place, text in enumerate(row):
            named = (grid.head and number == 0) or (not grid.head and place == 0)
            _run(cells[place].paragraphs[0], text, HEAD_FONT if named else BODY_FONT, size)
            cells[place].width = widths[place]


def without_clock(content: bytes) -> bytes:
    """The same archive with one fixed date on every member."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target:
        for name in sorted(source.namelist(), key=lambda member: (member != "[Content_Types].xml", member)):
            target.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), source.read(name), zipfile.ZIP_DEFLATED)
    return stream.getvalue()
