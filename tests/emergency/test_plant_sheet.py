"""One plant, one plan: the sheet says what the list orders, in data and in the document, and no more."""

import json
import re
from datetime import UTC, date, datetime
from fractions import Fraction

import docx
import pytest

from emergency.plant_paper import content_of, write_sheet
from emergency.plant_sheet import Entry, sheet_of
from plans.enterprise_csv import read_list
from plans.enterprise_list import LEVEL_KEYS
from plans.errors import DataError
from plans.rulebook import HERE, load
from plans.staggered import Window

LISTING = read_list(HERE / "cities" / "sample" / "enterprises" / "2026.csv")
PLAN = load().city("sample")
NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)


def words_of(path):
    document = docx.Document(str(path))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([paragraph.text for paragraph in document.paragraphs] + cells)


@pytest.mark.parametrize("level", LEVEL_KEYS)
def test_every_sheet_says_exactly_what_the_orders_of_the_level_say(level):
    orders = {order.enterprise: order for order in LISTING.orders_for(level)}
    for plant in LISTING.enterprises:
        if plant.kind != "工业源":
            continue
        lines = sheet_of(LISTING, plant.identifier, PLAN).levels[level]
        ordered = orders[plant.identifier].measures if plant.identifier in orders else ()

        assert [measure["text"] for measure in ordered] == [line.text for line in lines]


def test_the_document_holds_every_measure_the_deadlines_and_the_board(tmp_path):
    window = Window("sample-002", "U1", date(2026, 11, 15), date(2027, 3, 15), Fraction(1), "样例通知")
    sheet = sheet_of(LISTING, "sample-002", PLAN, windows=[window], revisions=[Entry(date(2026, 9, 1), "首次编制")])
    write_sheet(sheet, tmp_path / "a.docx", now=NOW)
    text = words_of(tmp_path / "a.docx")

    for level in LEVEL_KEYS:
        assert all(line.text in text for line in sheet.levels[level])
    assert f"{PLAN.deadlines.order_response_minutes.value}分钟内" in text
    assert "2026-11-15至2027-03-15停产100%" in text
    for part in ("虚构样例", "公示牌", "首次编制", "尚无演练记录", "2026-11-20"):
        assert part in text
    assert json.loads(json.dumps(sheet.as_data(), ensure_ascii=False))["board"] == list(sheet.board())
    assert [] == list(tmp_path.glob("*.part"))


def test_a_sheet_names_positions_and_no_telephone():
    for plant in LISTING.enterprises:
        if plant.kind == "工业源":
            text = json.dumps(sheet_of(LISTING, plant.identifier, PLAN).as_data(), ensure_ascii=False)
            assert not re.search(r"(?<![0-9a-f])1[3-9]\d{9}(?![0-9a-f])", text)


def test_a_voluntary_plant_is_told_so_and_a_doubtful_measure_is_marked():
    assert "自主减排" in "".join(sheet_of(LISTING, "sample-001", PLAN).board())
    doubtful = [
        one.identifier for one in LISTING.enterprises if one.industry == "焦化" and one.grade not in ("A", "引领性")
    ]
    assert any("存疑" in text for name in doubtful for text in sheet_of(LISTING, name, PLAN).doubts)


def test_a_sheet_of_nobody_and_of_dust_is_refused():
    with pytest.raises(DataError, match="no such plant"):
        sheet_of(LISTING, "p-0", PLAN)
    dust = next(one.identifier for one in LISTING.enterprises if one.kind == "扬尘源")
    with pytest.raises(DataError, match="Only plants"):
        sheet_of(LISTING, dust, PLAN)


def test_the_sheet_as_pdf_and_docx_carries_the_boards_code_only_with_an_address():
    sheet = sheet_of(LISTING, "sample-002", PLAN)
    for kind in ("pdf", "docx"):
        plain, coded = (content_of(sheet, kind, now=NOW, address=one) for one in ("", "https://air.example/board/x"))
        assert plain != coded
        assert plain == content_of(sheet, kind, now=NOW)  # the same sheet gives the same bytes
    assert content_of(sheet, "pdf", now=NOW).startswith(b"%PDF")
    with pytest.raises(DataError, match="written as a document"):
        content_of(sheet, "odt", now=NOW)


def test_the_code_on_the_document_is_the_address(tmp_path):
    from emergency.documents_docx import qr_png

    sheet = sheet_of(LISTING, "sample-002", PLAN)
    address = "https://air.example/board/sample-002?list=abc"
    write_sheet(sheet, tmp_path / "a.docx", now=NOW, address=address)
    pictures = [part.blob for part in docx.Document(str(tmp_path / "a.docx")).part.package.iter_parts()
                if part.content_type == "image/png"]  # fmt: skip

    assert [qr_png(address)] == pictures
