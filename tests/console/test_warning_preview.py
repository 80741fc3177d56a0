"""The preview of a draft: what would be issued, made by the same code, and never to be taken for it."""

import html
import re

import pytest
from sqlalchemy import select

from console import language
from emergency import cap, cap_xml
from emergency.record_schema import outbox
from emergency.vocabulary import Level
from emergency.warning import Draft
from emergency.warning_preview import preview
from plans.errors import LantianError

from .conftest import build, hidden

pytestmark = pytest.mark.anyio
DRAFT = "/warnings/draft?consultation=c1"


def fields(page: str) -> dict[str, str]:
    """Every field of the form as it stands on the page."""
    found = hidden(page, "/warnings/draft")
    form = re.search(r"<form[^>]*data-preview.*?</form>", page, re.S)[0]
    found |= {
        name: html.unescape(text) for name, text in re.findall(r'<textarea id="(\w+)".*?>(.*?)</textarea>', form, re.S)
    }
    for given in re.findall(r"<input [^>]*>", form):
        name, value = re.search(r'name="(\w+)"', given), re.search(r'value="([^"]*)"', given)
        found[name[1]] = html.unescape(value[1]) if value else ""
    return found | {"pollutant": "pm25"}


def queued(world) -> list[str]:
    with world.record.engine.connect() as connection:
        return list(connection.execute(select(outbox.c.key)).scalars())


async def test_what_is_previewed_is_what_goes_out(world):
    world.conclude()
    duty = await world.user("duty_officer")
    form = {**fields((await duty.get(DRAFT)).text), "reason": "静稳高湿 <b>", "text": "请减少户外活动"}
    shown = (await duty.client.post("/warnings/preview", data={**form, "part": "yes"})).text
    told = html.unescape(re.search(r'<p class="notice">(.*?)</p>', shown, re.S)[1])
    assert "<html" not in shown and "预览 · 草稿" in shown and "【草稿】" in shown

    await duty.client.post("/warnings/draft", data=form)
    for role in world.office.desk.authority[Level.YELLOW].roles:
        world.office.approve_warning("warning-001", by=world.actor(role), now=world.clock())
    world.office.issue_warning(
        "warning-001", instructions=(), list_digest="d" * 64, by=world.actor("duty_officer"), now=world.clock()
    )
    with world.record.engine.connect() as connection:
        key = "warning-001.issued.public"
        assert told == connection.execute(select(outbox.c.body).where(outbox.c.key == key)).scalar_one()
    ((_digest, _title, issued),) = world.record.exhibits(cap.MEDIA_TYPE)
    previewed = html.unescape(re.search(r"<pre[^>]*>(.*?)</pre>", shown, re.S)[1])
    for name in ("headline", "description", "instruction", "onset", "expires", "severity"):
        find = rf"<{name}>(.*?)</{name}>"
        assert re.findall(find, issued.decode()) == re.findall(find, previewed), name


async def test_a_preview_records_queues_and_files_nothing(world):
    world.conclude()
    duty = await world.user("duty_officer")
    before = (world.record.head(), queued(world), world.record.exhibits(cap.MEDIA_TYPE))
    form = fields((await duty.get(DRAFT)).text)
    for more in ({}, {"part": "yes"}, {"reason": ""}, {"expected_end": "2015-01-01T00:00"}):
        assert 200 == (await duty.client.post("/warnings/preview", data={**form, **more})).status_code

    assert before == (world.record.head(), queued(world), world.record.exhibits(cap.MEDIA_TYPE))


@pytest.mark.parametrize("drill", [False, True])
async def test_its_message_is_a_draft_and_no_gate_lets_it_out_even_of_a_live_office(tmp_path, drill):
    world = build(tmp_path, drill=drill)
    world.conclude()
    world.issue()
    now = world.clock()
    content = Draft(
        "orange", "北京市", now, now.replace(month=12, day=20), "静稳", "", "c1", True, replaces="warning-001"
    )
    made = preview(world.record, world.office.desk, content, by=world.actor("duty_officer"), now=now)

    head = cap_xml.read_head(made.xml.encode())
    assert ("Draft", "DRAFT", "Update") == (head.status, head.identifier, head.message_type)
    assert world.record.state("warning", "warning-001").notice["identifier"] in made.xml
    assert all(paper.title.startswith("【草稿】") for paper in made.papers)
    with pytest.raises(LantianError, match="may not leave"):
        cap_xml.pass_gate(made.xml.encode(), audience="public", drill=False)
    world.record.engine.dispose()


async def test_a_fault_stands_at_its_field_and_nothing_that_was_written_is_lost(world):
    world.conclude()
    duty = await world.user("duty_officer")
    form = {**fields((await duty.get(DRAFT)).text), "reason": "", "health": "", "text": "我写的措施"}
    for address in ("/warnings/preview", "/warnings/draft"):
        page = (await duty.client.post(address, data=form)).text
        assert re.search(
            r'<textarea id="reason" name="reason" aria-invalid="true" aria-describedby="reason-wrong"', page
        )
        assert "请填写原因。" in re.search(r'id="reason-wrong">(.*?)<', page)[1]
        again = fields(page)
        assert ("", "", "我写的措施") == (again["reason"], again["health"], again["text"]), "emptied stays empty"

    late = {**form, "reason": "静稳", "expected_end": "2015-01-01T00:00"}
    page = (await duty.client.post("/warnings/preview", data=late)).text
    assert "预计结束时间应晚于开始时间" in re.search(r'id="expected_end-wrong">(.*?)<', page)[1]
    wrong = (await duty.client.post("/warnings/preview", data={**late, "expected_end": "明天", "part": "yes"})).text
    assert "预计结束时间应为日期和时间" in wrong and "draft-paper" not in wrong


async def test_without_the_criterion_the_preview_says_so_and_asks_for_the_reason(world):
    world.propose()
    state = world.office.convene("c1", by=world.actor("duty_officer"), now=world.clock())
    for party in state.required:
        world.office.note_absence("c1", role=party, why="测试", by=world.actor("duty_officer"), now=world.clock())
    world.office.conclude(
        "c1", signed_aqi=[90] * 7, level=Level.YELLOW, judged=Level.NONE, against="省级会商要求", reason="静稳",
        by=world.actor("office_director"), now=world.clock(),
    )  # fmt: skip
    duty = await world.user("duty_officer")
    form = fields((await duty.get(DRAFT)).text)
    assert "省级会商要求" == form["without_criterion"]
    form["without_criterion"] = ""

    shown = (await duty.client.post("/warnings/preview", data=form)).text
    assert "必须写明理由" in re.search(r'id="without_criterion-wrong">(.*?)<', shown)[1]
    given = {**form, "without_criterion": "省级会商要求", "part": "yes"}
    assert "未达到，理由：省级会商要求" in (await duty.client.post("/warnings/preview", data=given)).text


async def test_a_returned_draft_is_previewed_as_it_would_be_put_up_again(world):
    world.conclude()
    world.draft()
    world.office.return_warning(
        "warning-001", reason="请写明措施", by=world.actor("office_director"), now=world.clock()
    )
    duty = await world.user("duty_officer")
    page = (await duty.get("/warnings/warning-001/redraft")).text
    form = {**hidden(page, "/warnings/warning-001/redraft"), "starts_at": "2015-12-08T07:00", "reason": "改写的原因",
            "expected_end": "2015-12-10T12:00"}  # fmt: skip
    shown = (await duty.client.post("/warnings/preview", data={**form, "part": "yes"})).text

    assert "改写的原因" in shown and "warning-001" in shown
    with language.speaking("zh"):
        assert "静稳高湿" in page, "the first preview says what was put up before"


async def test_only_who_drafts_may_preview(world):
    world.conclude()
    mayor = await world.user("mayor")
    token = hidden((await mayor.get("/desk")).text, "/logout")

    assert 403 == (await mayor.client.post("/warnings/preview", data={**token, "consultation": "c1"})).status_code
