"""Whole journeys over HTTP on a real record, and what the pages say when the rules do not allow an act."""

import re
from dataclasses import replace

import pytest

from emergency.compliance import Finding, Verdict
from emergency.lifecycle import Refused
from emergency.vocabulary import Level
from emergency.warning import Authority

from .conftest import PASSWORD, hidden, instructions

pytestmark = pytest.mark.anyio

ORDER = "response-beijing-20151205.0.SP001"


async def test_from_the_proposal_to_the_report_of_the_plant(world):
    world.propose()
    users = {
        key: await world.user(key)
        for key in ("duty_officer", "office_director", "forecaster", "meteorologist", "expert", "territory", "SP001")
    }
    duty, director, plant = users["duty_officer"], users["office_director"], users["SP001"]

    assert "会商已提议，待召集" in (await duty.get("/desk")).text
    assert 303 == (await duty.submit("/consultations/c1", "/consultations/c1/convene")).status_code
    required = world.office.record.state("consultation", "c1").required
    for key in required:
        if key in ("duty_officer", "office_director"):
            continue
        assert "会商等你的意见" in (await users[key].get("/desk")).text
        days = {"low": ["155"] * 7, "high": ["185"] * 7, "primary": ["pm25"] * 7, "view": "静稳，偏高"}
        answer = await users[key].submit("/consultations/c1", "/consultations/c1/opinion", **days)
        assert 303 == answer.status_code, answer.text
    for key in set(required) & {"duty_officer", "office_director"}:
        answer = await duty.submit("/consultations/c1", "/consultations/c1/absence", role=key, why="列席不发表意见")
        assert 303 == answer.status_code, answer.text

    assert "意见已齐，待签发结论" in (await director.get("/desk")).text
    signed = ["170", "210", "220", "160", "90", "80", "70"]
    seen = (await director.get("/consultations/c1/judgement?" + "&".join(f"aqi={value}" for value in signed))).text
    level = re.search(r'warning-badge (\w+)"', seen)[1]
    answer = await director.submit("/consultations/c1", "/consultations/c1/conclude", aqi=signed, reason="各方意见一致")
    assert 303 == answer.status_code, answer.text
    state = world.office.record.state("consultation", "c1")
    assert ([int(value) for value in signed], level) == (list(state.signed_aqi), state.level)
    assert level != "none"

    drafting = "/warnings/draft?consultation=c1"
    shown = await duty.get(drafting)
    fields = dict(re.findall(r'name="(starts_at|expected_end)" type="datetime-local" value="([^"]+)"', shown.text))
    answer = await duty.client.post(
        "/warnings/draft",
        data={**hidden(shown.text, "/warnings/draft"), **fields, "reason": "静稳高湿", "text": "减少户外活动。"},
    )
    assert "/warnings/warning-001?done=drafted" == answer.headers["location"]

    for key in world.office.desk.authority[Level.of(level)].roles:
        signer = users.get(key) or await world.user(key)
        assert "待你签批" in (await signer.get("/desk")).text
        assert 303 == (await signer.submit("/warnings/warning-001", "/warnings/warning-001/approve")).status_code
    answer = await duty.submit("/warnings/warning-001", "/warnings/warning-001/issue")
    assert 303 == answer.status_code
    assert {"issued": 3} == world.office.record.counts("order")

    assert "1号线停产" in (await plant.get("/my")).text
    assert 303 == (await plant.submit(f"/my/{ORDER}", f"/my/{ORDER}/acknowledge", signer="厂长")).status_code
    answer = await plant.submit(f"/my/{ORDER}", f"/my/{ORDER}/execute", report="1号线已停产")
    assert 303 == answer.status_code
    order = world.office.record.state("order", ORDER)
    assert ("executing", "厂长") == (order.state.key, order.acknowledged_by)
    entry = next(e for e in world.office.record.history("order", ORDER) if e.event.kind == "acknowledged")
    assert ("SP001", "enterprise") == (entry.event.actor, entry.event.role)
    assert world.office.record.verify() > 0


async def test_signing_without_authority_is_answered_in_words_and_changes_nothing(world):
    world.draft(level="red")
    user = await world.user("inspector")
    token = hidden((await user.get("/warnings/warning-001")).text, "/logout")["token"]

    answer = await user.client.post("/warnings/warning-001/approve", data={"token": token, "seen": "1"})

    assert 409 == answer.status_code
    assert "督导检查员无权批准红色预警" in answer.text
    assert "vice_mayor" not in answer.text  # roles by their names
    assert "Traceback" not in answer.text
    assert () == world.office.record.state("warning", "warning-001").signatures


async def test_a_red_warning_asks_for_as_many_signatures_as_the_plan(world):
    both = Authority(("vice_mayor", "mayor"), signatures=2)
    desk = world.office.desk
    world.office.desk = replace(desk, authority={**desk.authority, Level.RED: both})
    world.draft(level="red")
    first, second = await world.user("vice_mayor"), await world.user("mayor")
    await first.submit("/warnings/warning-001", "/warnings/warning-001/approve")
    after_first = world.office.record.state("warning", "warning-001").state.key
    again = await first.get("/warnings/warning-001")
    await second.submit("/warnings/warning-001", "/warnings/warning-001/approve")

    assert "/warnings/warning-001/approve" not in again.text
    assert ("drafted", "approved") == (after_first, world.office.record.state("warning", "warning-001").state.key)


async def test_what_changed_since_it_was_read_is_not_signed(world):
    world.draft()
    user = await world.user("office_director")
    shown = await user.get("/warnings/warning-001")
    world.office.return_warning("warning-001", reason="改时间", by=world.actor("office_director"), now=world.clock())

    answer = await user.client.post(
        "/warnings/warning-001/approve", data=hidden(shown.text, "/warnings/warning-001/approve")
    )

    assert 409 == answer.status_code
    assert "别人刚刚办理过" in answer.text


async def test_a_refused_conclusion_says_who_is_missing_in_words(world):
    world.propose()
    world.office.convene("c1", by=world.actor("duty_officer"), now=world.clock())
    user = await world.user("office_director")

    answer = await user.submit("/consultations/c1", "/consultations/c1/conclude", aqi=["90"] * 7, reason="好转")

    assert 409 == answer.status_code
    assert "环境监测站预报员" in answer.text.split('role="alert">')[1].split("</div>")[0]
    assert "好转" in answer.text  # what was typed is not lost


@pytest.mark.parametrize("value", ["-1", "501", "九十", "", "1e2", "１５０", " 90.5"])
async def test_a_signed_value_must_be_a_whole_aqi(world, value):
    world.propose()
    world.office.convene("c1", by=world.actor("duty_officer"), now=world.clock())
    user = await world.user("office_director")

    answer = await user.submit(
        "/consultations/c1", "/consultations/c1/conclude", aqi=[value, *["90"] * 6], reason="好转"
    )

    assert 400 == answer.status_code
    assert "0到500的整数" in answer.text
    assert "convened" == world.office.record.state("consultation", "c1").state.key


async def test_the_level_follows_from_the_signed_values_and_cannot_be_sent_along(world):
    world.propose()
    for key in world.office.convene("c1", by=world.actor("duty_officer"), now=world.clock()).required:
        world.office.note_absence("c1", role=key, why="测试", by=world.actor("duty_officer"), now=world.clock())
    user = await world.user("office_director")

    await user.submit("/consultations/c1", "/consultations/c1/conclude", aqi=["80"] * 7, reason="好转", level="red")

    assert "none" == world.office.record.state("consultation", "c1").level


async def test_a_second_click_does_not_draft_twice(world):
    world.conclude()
    user = await world.user("duty_officer")
    shown = await user.get("/warnings/draft?consultation=c1")
    fields = dict(re.findall(r'name="(starts_at|expected_end)" type="datetime-local" value="([^"]+)"', shown.text))
    data = {**hidden(shown.text, "/warnings/draft"), **fields, "reason": "静稳", "text": "减少外出。"}
    first = await user.client.post("/warnings/draft", data=data)
    second = await user.client.post("/warnings/draft", data=data)

    assert (303, 400) == (first.status_code, second.status_code)
    assert 1 == len(world.office.record.now("warning"))


async def test_no_draft_without_a_conclusion_that_calls_for_one(world):
    world.conclude(aqi=80, level=Level.NONE)
    user = await world.user("duty_officer")

    answer = await user.get("/warnings/draft?consultation=c1")

    assert 409 == answer.status_code
    assert "结论是不预警" in answer.text


async def test_without_observations_a_person_answers_for_the_hours_of_a_lift(world):
    world.issue()
    user = await world.user("duty_officer")
    page, ask, sign, lift = (f"/warnings/warning-001{tail}" for tail in ("", "/ask-lift", "/sign-lift", "/lift"))
    few = await user.submit(page, ask, reason="好转", hours="12")
    asked = await user.submit(page, ask, reason="好转", hours="48")
    waiting = (await user.get(page)).text
    director = await world.user("office_director")
    signed = await director.submit(page, sign)
    enough = await user.submit(page, lift, reason="好转", hours="48")

    assert 409 == few.status_code
    assert "少于36小时" in few.text
    assert 303 == asked.status_code
    assert "等待解除签批" in waiting
    assert f'action="{lift}"' not in waiting
    assert 303 == signed.status_code
    assert 303 == enough.status_code
    assert {"released": 3} == world.office.record.counts("order")


async def test_the_office_signs_for_a_plant_only_with_a_witness_note(world):
    world.issue()
    user = await world.user("duty_officer")
    without = await user.submit(f"/orders/{ORDER}", f"/orders/{ORDER}/acknowledge", signer="厂长")
    await user.submit(f"/orders/{ORDER}", f"/orders/{ORDER}/acknowledge", signer="厂长", witness="电话确认")

    assert 400 == without.status_code
    state = world.office.record.state("order", ORDER)
    assert ("厂长", "phone") == (state.acknowledged_by, state.acknowledged_via)
    assert "见证：电话确认" in (await user.get(f"/orders/{ORDER}")).text


async def test_silent_plants_are_counted_listed_and_chased(world):
    world.issue()
    world.office.acknowledge_order(ORDER, signer="厂长", by=world.actor("SP001"), now=world.clock())
    user = await world.user("duty_officer")
    early = await user.submit(
        "/orders/response-beijing-20151205.0.SP002", "/orders/response-beijing-20151205.0.SP002/chase"
    )
    world.clock.forward(hours=12)
    desk, table = await user.get("/desk"), await user.get("/orders?silent=1")
    late = await user.submit(
        "/orders/response-beijing-20151205.0.SP002", "/orders/response-beijing-20151205.0.SP002/chase"
    )

    assert "2家单位逾期未签收" in desk.text
    assert ("样例1厂" in table.text, "样例2厂" in table.text, "样例3厂" in table.text) == (False, True, True)
    assert (409, 303) == (early.status_code, late.status_code)


async def test_a_problem_goes_from_hand_out_to_striking_off(world):
    world.issue()
    world.clock.forward(hours=12)
    world.office.record_finding(ORDER, Finding(Verdict.SILENT, 0.5, None, "未签收"), now=world.clock())
    path = f"/problems/problem-{ORDER}"
    duty, town, inspector = (
        await world.user("duty_officer"),
        await world.user("territory"),
        await world.user("inspector"),
    )
    await duty.submit(path, f"{path}/assign", unit="属地分局")
    await town.submit(path, f"{path}/rectify", report="已停产")
    undecided = await inspector.submit(path, f"{path}/look-back", note="看了")
    await inspector.submit(path, f"{path}/look-back", mended="no", note="仍在生产")
    reopened = world.office.record.state("problem", f"problem-{ORDER}").state.key
    await town.submit(path, f"{path}/rectify", report="再次整改")
    await inspector.submit(path, f"{path}/look-back", mended="yes", note="已停")

    assert (400, "reopened") == (undecided.status_code, reopened)
    assert "closed" == world.office.record.state("problem", f"problem-{ORDER}").state.key


async def test_an_act_that_fails_leaves_the_record_as_it_was(world):
    world.draft()
    user = await world.user("duty_officer")
    before = world.office.record.head()
    token = hidden((await user.get("/warnings/warning-001")).text, "/logout")["token"]
    answer = await user.client.post("/warnings/warning-001/issue", data={"token": token, "seen": "1"})

    assert 409 == answer.status_code
    assert before == world.office.record.head()
    with pytest.raises(Refused):
        world.office.issue_warning(
            "warning-001", instructions=instructions(Level.YELLOW), list_digest="d", by=world.actor("duty_officer"),
            now=world.clock(),
        )  # fmt: skip


async def test_the_replay_clock_gets_a_target_and_live_work_has_no_such_page(world):
    user = await world.user("duty_officer")
    assert 404 == (await user.get("/replay")).status_code

    world.office.record.note("replay", "identity")
    answer = await user.submit("/replay", step="morning")

    assert 303 == answer.status_code
    assert "2015-12-06T09:00:00+08:00" == world.office.record.noted("clock_target")
    assert PASSWORD not in (await user.get("/replay")).text
