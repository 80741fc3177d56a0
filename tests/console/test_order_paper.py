"""An order on paper: for a plant that signs by hand, and for the file."""

import io

import docx
import pytest

pytestmark = pytest.mark.anyio
ORDER = "response-beijing-20151205.0.SP001"


def text_of(content):
    document = docx.Document(io.BytesIO(content))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(one.text for one in document.paragraphs), *cells])


async def test_it_says_what_until_when_and_leaves_room_to_sign(world):
    world.issue()
    answer = await (await world.user("duty_officer")).get(f"/orders/{ORDER}/document?kind=docx")
    text = text_of(answer.content)

    for part in (
        "【演练】重污染天气应急减排指令", ORDER, "样例1厂", "黄色预警，Ⅲ级响应", "黄色：1号线停产",
        "2015年12月5日09时30分", "签收人", "接到解除通知为止", "重污染天气应急指挥部办公室",
    ):  # fmt: skip
        assert part in text
    assert "厂长" not in text


async def test_the_plant_has_its_own_as_pdf_and_no_other(world):
    world.issue()
    plant = await world.user("SP001")
    mine = await plant.get(f"/my/{ORDER}/document")
    again = await plant.get(f"/my/{ORDER}/document")

    assert (200, "application/pdf", b"%PDF") == (mine.status_code, mine.headers["content-type"], mine.content[:4])
    assert mine.content == again.content
    assert 404 == (await plant.get(f"/my/{ORDER.replace('SP001', 'SP002')}/document")).status_code
    assert 403 == (await plant.get(f"/orders/{ORDER}/document")).status_code


async def test_signed_and_ended_it_says_by_whom_and_since_when(world):
    world.issue()
    world.office.acknowledge_order(ORDER, signer="厂长", by=world.actor("SP001"), now=world.clock())
    world.clock.forward(hours=9)
    office, duty, now = world.office, world.actor("duty_officer"), world.clock()
    office.ask_lift("warning-001", reason="冷空气到达", below_hours=48, by=duty, now=now)
    office.sign_lift("warning-001", by=world.actor("office_director"), now=now)
    office.lift_warning("warning-001", reason="冷空气到达", below_hours=48, by=duty, now=now)
    text = text_of((await (await world.user("SP001")).get(f"/my/{ORDER}/document?kind=docx")).content)

    assert "厂长" in text and "企业页面" in text
    assert "2015年12月5日18时30分" in text and "已解除" in text
    assert "接到解除通知为止" not in text
