"""Official documents: made of what is on record and of nothing else, the same bytes each time."""

import io
from datetime import date, datetime, timedelta

import docx
import openpyxl
import pytest
from docx.oxml.ns import qn
from hypothesis import given
from hypothesis import strategies as st

from emergency import documents, documents_pdf
from emergency.documents_docx import BODY_FONT, MARGINS_MM, to_docx
from emergency.documents_width import width_of
from emergency.roster import Handover
from emergency.vocabulary import BEIJING, Level
from plans.errors import DataError

from .conftest import instruct
from .test_office import issue

ISSUER = "样例市重污染天气应急指挥部办公室"


def events(office, life, name):
    return [entry.event for entry in office.record.history(life, name)]


def opened(paper):
    return docx.Document(io.BytesIO(to_docx(paper)))


def text_of(document):
    lines = [paragraph.text for paragraph in document.paragraphs]
    return "\n".join(lines + [cell.text for table in document.tables for row in table.rows for cell in row.cells])


@pytest.fixture
def concluded(office, outlook, people, now):
    office.propose_consultation(
        "c1", episode="e1", outlook=outlook, triggers=[{"rule": "light", "text": "三天内可能中度污染"}], now=now
    )
    office.convene("c1", by=people["duty_officer"], now=now)
    office.note_opinion(
        "c1",
        daily_aqi=[[150, 180]] * 7,
        primary=["pm25"] * 7,
        view="静稳高湿，累积上升",
        by=people["forecaster"],
        now=now,
    )
    office.note_absence("c1", role="meteorologist", why="电话未接通", by=people["duty_officer"], now=now)
    office.conclude(
        "c1", signed_aqi=[170, 210, 175, 160, 155, 150, 150], level=Level.ORANGE, reason="采用偏高意见",
        by=people["office_director"], now=now + timedelta(hours=1),
    )  # fmt: skip
    return office


def test_the_opinion_holds_triggers_views_dissent_absence_and_conclusion(concluded):
    state = concluded.record.state("consultation", "c1")
    text = text_of(opened(documents.opinion(state, events(concluded, "consultation", "c1"), issuer=ISSUER, drill=True)))

    for part in (
        "三天内可能中度污染",
        "静稳高湿，累积上升",
        "电话未接通",
        "采用偏高意见",
        "建议发布橙色预警",
        "150–180",
        "210",
    ):
        assert part in text
    assert "环境监测站预报员的范围未包含签发值：12月7日。" in text
    assert "2015年12月5日10时30分" in text


def test_there_is_no_opinion_before_the_conclusion(office, outlook, now):
    office.propose_consultation("c1", episode="e1", outlook=outlook, triggers=[{"rule": "r", "text": "t"}], now=now)

    with pytest.raises(DataError, match="no conclusion"):
        documents.opinion(
            office.record.state("consultation", "c1"), events(office, "consultation", "c1"), issuer=ISSUER, drill=True
        )


def test_the_form_shows_every_signature_with_its_time(office, draft, people, now):
    issue(office, draft, people, now, "w1", "red", instruct("红"))
    state = office.record.state("warning", "w1")
    document = opened(documents.approval_form(state, events(office, "warning", "w1"), issuer=ISSUER, drill=True))
    fields = {row.cells[0].text: row.cells[1].text for row in document.tables[0].rows}

    assert "同意。2015年12月5日09时30分" == fields["市（区）长签批"] == fields["分管副市（区）长签批"]
    assert "红色（Ⅰ级响应）" == fields["级别"]
    assert "静稳高湿（会商 c1）" == fields["发布依据"]


def test_signatures_of_a_returned_draft_are_not_on_the_form(office, draft, people, now):
    office.draft_warning("w1", episode="e1", content=draft("red"), by=people["duty_officer"], now=now)
    office.approve_warning("w1", by=people["vice_mayor"], now=now)
    office.return_warning("w1", reason="级别偏高", by=people["mayor"], now=now)
    state = office.record.state("warning", "w1")
    text = text_of(opened(documents.approval_form(state, events(office, "warning", "w1"), issuer=ISSUER, drill=True)))

    assert "同意" not in text
    assert "级别偏高" in text


def test_the_three_notices_say_what_they_do(office, draft, people, now):
    issue(office, draft, people, now, "w1", "yellow", instruct("黄"), start_hours=1)
    issue(office, draft, people, now + timedelta(hours=2), "w2", "red", instruct("红"), replaces="w1", start_hours=6)

    def noticed(name):
        state = office.record.state("warning", name)
        paper = documents.notice(
            state, events(office, "warning", name), issuer=ISSUER, number="样重污染办〔2015〕3号",
            addressee="各成员单位", drill=True,
        )  # fmt: skip
        return text_of(opened(paper))

    assert "【演练】关于发布空气重污染黄色预警的通知" in noticed("w1")
    assert "调整为北京市空气重污染红色预警" in noticed("w2")
    office.lift_warning(
        "w2", reason="冷空气到达", below_hours=48, by=people["duty_officer"], now=now + timedelta(hours=9)
    )
    lifted = noticed("w2")
    assert "关于解除空气重污染红色预警的通知" in lifted
    assert "自2015年12月5日18时30分起解除" in lifted
    assert "冷空气到达" in lifted
    assert "样重污染办〔2015〕3号" in lifted


def test_there_is_no_notice_of_a_warning_that_was_not_issued(office, draft, people, now):
    office.draft_warning("w1", episode="e1", content=draft("red"), by=people["duty_officer"], now=now)

    with pytest.raises(DataError, match="never issued"):
        documents.notice(
            office.record.state("warning", "w1"), events(office, "warning", "w1"), issuer=ISSUER, number="1",
            addressee="各成员单位", drill=False,
        )  # fmt: skip


NOTE = Handover(
    "day", date(2015, 12, 31), "值班员甲", "值班员乙", datetime(2015, 12, 31, 20, tzinfo=BEIJING), "", ("w1",)
)


def test_a_hand_over_that_nobody_confirmed_says_so():
    text = text_of(opened(documents.handover(NOTE, issuer=ISSUER, shift_name="白班", drill=False)))

    assert "未记录" in text
    assert "12月31日白班" in text
    assert "演练" not in text


def test_a_drill_is_marked_in_title_and_header():
    paper = documents.handover(NOTE, issuer=ISSUER, shift_name="白班", drill=True)
    document = opened(paper)

    assert paper.title.startswith("【演练】")
    assert "不具有效力" in document.sections[0].header.paragraphs[0].text


def test_the_same_data_give_the_same_bytes():
    paper = documents.handover(NOTE, issuer=ISSUER, shift_name="白班", drill=False)

    assert to_docx(paper) == to_docx(paper)


def test_chinese_characters_have_a_chinese_font_and_the_page_is_that_of_the_standard():
    document = opened(documents.handover(NOTE, issuer=ISSUER, shift_name="白班", drill=False))
    fonts = {
        run._element.rPr.rFonts.get(qn("w:eastAsia")) for paragraph in document.paragraphs for run in paragraph.runs
    }

    assert BODY_FONT in fonts
    assert None not in fonts
    section = document.sections[0]
    margins = (section.top_margin, section.bottom_margin, section.left_margin, section.right_margin)
    assert list(MARGINS_MM) == [round(margin.mm) for margin in margins]
    assert (210, 297) == (round(section.page_width.mm), round(section.page_height.mm))


def test_the_same_paper_gives_the_same_pdf_and_workbook(concluded):
    """A PDF needs a Chinese font of the system; without one it says which packages to install."""
    import io as memory

    import openpyxl

    from emergency import documents_pdf, documents_xlsx
    from plans.errors import DataError

    state = concluded.record.state("consultation", "c1")
    paper = documents.opinion(state, events(concluded, "consultation", "c1"), issuer=ISSUER, drill=True)

    made = documents_xlsx.to_xlsx(paper)

    assert made == documents_xlsx.to_xlsx(paper)
    facts = openpyxl.load_workbook(memory.BytesIO(made)).properties
    assert facts.created.date() == facts.modified.date() == paper.dated, "a clock's time would differ from run to run"
    if documents_pdf.fonts() is None:
        with pytest.raises(DataError, match="fonts-wqy-microhei"):
            documents_pdf.to_pdf(paper)
    else:
        assert documents_pdf.to_pdf(paper).startswith(b"%PDF-")
        assert documents_pdf.to_pdf(paper) == documents_pdf.to_pdf(paper)


def test_a_workbook_holds_no_formula(concluded):
    import io as memory

    import openpyxl

    from emergency.documents import Grid, Paper, Paragraph
    from emergency.documents_xlsx import to_xlsx

    evil = Paper("=1+1", "", ISSUER, date(2015, 12, 5), (Paragraph("=cmd|x"), Grid((("=A1", "+2"),))), drill=False)
    sheet = openpyxl.load_workbook(memory.BytesIO(to_xlsx(evil))).active

    assert {"s"} == {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value}


def test_a_line_breaks_inside_no_number_and_no_date():
    from emergency.documents_width import pieces

    words = "首要污染物由二氧化氮转为PM2.5（AQI 53→112），2015年12月5日12时"
    assert words == "".join(pieces(words))
    assert {"PM2.5", "53→112", "2015年12月5日"} <= set(pieces(words))


def test_the_columns_of_a_table_share_the_width_by_what_stands_in_them():
    from emergency.documents import Grid
    from emergency.documents_width import shares

    many = shares(Grid((("日期", *("一个很长的参加单位名称",) * 6), ("12月10日", *("120–135",) * 6))))
    assert 1 == pytest.approx(sum(many))
    assert many[0] >= many[1] * 0.6
    assert (0.245, 0.755) == shares(Grid((("编号", "w1"),), head=False))


def test_a_form_as_workbook_has_rows_high_enough_for_its_text():
    from emergency.documents import Grid, Paper
    from emergency.documents_xlsx import to_xlsx

    long = "预计" * 120
    paper = Paper("表", "", ISSUER, date(2015, 12, 5), (Grid((("依据", long),), head=False),), drill=False)
    sheet = openpyxl.load_workbook(io.BytesIO(to_xlsx(paper))).active

    assert sheet.row_dimensions[2].height >= 18 * 8


CLOSERS, OPENERS = "，。、；：！？）》」』”’】〕", "（《「『“‘【〔"


class Ruler:
    """A font in which a Chinese letter is two wide and every other one."""

    c_margin = 0

    @staticmethod
    def get_string_width(text):
        return width_of(text)


@given(
    words=st.lists(
        st.sampled_from(["预", "警", "12月5日", "PM2.5", "AQI>150", "（", "）", "。", "，", "》", "【", "“"]),
        max_size=60,
    ).map("".join),
    room=st.integers(12, 40),
)
def test_no_line_begins_with_a_closing_mark_or_ends_with_an_opening_one(words, room):
    lines = documents_pdf._lines(Ruler, words, room, even=False)

    assert words == "".join(lines)
    assert not [line for line in lines[1:] if line[0] in CLOSERS]
    assert not [line for line in lines[:-1] if line[-1] in OPENERS]
    for line in lines:  # one mark hangs over; more only where nothing stands before them that could go along
        assert width_of(line[:-1] if line[-1:] in CLOSERS else line) <= room or len(_units(line)) == 1


def _units(line):
    return documents_pdf._kept_together(documents_pdf.pieces(line))


def test_a_bracket_and_a_full_stop_after_it_do_not_begin_a_line_of_the_form():
    words = "达到黄色预警条件：日AQI>150持续48小时及以上（12月19日至12月20日）。依据环大气〔2024〕6号"
    room = width_of("达到黄色预警条件：日AQI>150持续48小时及以上（12月19日至12月20日")

    first, second, *_rest = documents_pdf._lines(Ruler, words, room, even=False)

    assert first.endswith("（12月19日至") and second.startswith("12月20日）。依据")


def test_a_docx_breaks_its_lines_by_chinese_rules():
    styles = opened(documents.handover(NOTE, issuer=ISSUER, shift_name="白班", drill=False)).styles
    kept = styles["Normal"].element.pPr

    assert kept.find(qn("w:kinsoku")) is not None
    assert kept.find(qn("w:overflowPunct")) is not None
    assert {"zh-CN"} == {one.get(qn("w:eastAsia")) for one in styles.element.iter(qn("w:lang"))}
