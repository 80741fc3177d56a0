"""The duty room over HTTP on a real record: roster, calls, hand-over, telephone, control, pause, returned drafts."""

from datetime import date, time, timedelta

import pytest

from console.access import ACCESS
from console.staff import warning_form
from emergency.roster import Rotation, Shift
from emergency.roster_store import RosterStore
from emergency.vocabulary import Level
from emergency.warning import Draft
from flows import respond

from .conftest import NOW

pytestmark = pytest.mark.anyio


async def test_a_leave_noted_at_the_desk_leaves_a_gap_and_its_withdrawal_closes_it(world):
    store = RosterStore(world.record)
    store.add(Shift("all", "全天", time(0), time(0)), by="d", now=world.clock())
    store.add(Rotation("all", ("甲", "乙"), date(2015, 12, 1)), by="d", now=world.clock())
    user = await world.user("duty_officer")
    fields = {"kind": "leave", "person": "甲", "first": "2015-12-07", "last": "2015-12-07", "why": "培训"}
    answer = await user.submit("/duty/roster", "/duty/roster", **fields)

    assert 303 == answer.status_code, answer.text
    assert "12月7日 周一 全天无人值班" in (await user.get("/duty")).text
    answer = await user.submit("/duty/roster", "/duty/roster/withdraw")
    assert 303 == answer.status_code, answer.text
    assert "没有空班和连班" in (await user.get("/duty")).text


async def test_an_unknown_shift_is_refused_in_words(world):
    RosterStore(world.record).add(Shift("all", "全天", time(0), time(0)), by="d", now=world.clock())
    user = await world.user("duty_officer")
    fields = {"kind": "override", "shift": "ghost", "day": "2015-12-07", "person": "甲"}
    answer = await user.submit("/duty/roster", "/duty/roster", **fields)

    assert 400 == answer.status_code
    assert "值班表没有改动" in answer.text


async def test_the_calendar_file_is_one(world):
    store = RosterStore(world.record)
    store.add(Shift("all", "全天", time(0), time(0)), by="d", now=world.clock())
    store.add(Rotation("all", ("甲",), date(2015, 12, 1)), by="d", now=world.clock())
    answer = await (await world.user("duty_officer")).get("/duty/calendar.ics")

    assert answer.headers["content-type"].startswith("text/calendar")
    assert answer.text.startswith("BEGIN:VCALENDAR\r\n")
    assert "SUMMARY:【演练】全天 甲" in answer.text


async def test_a_call_is_taken_with_one_click(world):
    now = world.clock()
    world.office.open_call(
        "call-x", episode="e", matter_life="warning", matter="warning-001", policy="issue", what="预警待发布",
        level=Level.YELLOW, since=now, now=now,
    )  # fmt: skip
    user = await world.user("duty_officer")
    assert "预警待发布" in (await user.get("/duty/calls")).text
    answer = await user.submit("/duty/calls", "/duty/calls/call-x/take")

    assert 303 == answer.status_code, answer.text
    assert "acknowledged" == world.record.state("call", "call-x").state.key


async def test_a_hand_over_lists_what_is_open_and_is_taken_by_another(world):
    world.draft()
    user = await world.user("duty_officer")
    answer = await user.submit("/duty/handover", "/duty/handover", note="一切正常")
    assert 303 == answer.status_code, answer.text
    (row,) = world.record.now("handover")
    director = await world.user("office_director")
    answer = await director.submit("/duty/handover", f"/duty/handover/{row['stream']}/take")

    assert 303 == answer.status_code, answer.text
    assert "taken" == world.record.state("handover", row["stream"]).state.key


async def test_a_receipt_by_telephone_says_who_called(world):
    world.issue()
    world.clock.forward(hours=3)
    user = await world.user("duty_officer")
    assert "样例1厂" in (await user.get("/duty/telephone")).text
    answer = await user.submit("/duty/telephone", "/duty/telephone", signer="厂长", called="12:10")

    assert 303 == answer.status_code, answer.text
    assert 1 == world.record.counts("order")["acknowledged"]


async def test_a_control_is_drafted_signed_by_the_director_and_issued_without_orders(world):
    user = await world.user("duty_officer")
    fields = {"starts_at": "2015-12-05T12:00", "expected_end": "2015-12-06T12:00", "reason": "接近中度污染",
              "measures": "工地洒水\n渣土车错峰"}  # fmt: skip
    answer = await user.submit("/duty/measures", "/duty/control", **fields)
    assert 303 == answer.status_code, answer.text
    director = await world.user("office_director")
    page = "/warnings/warning-001"
    assert 303 == (await director.submit(page, f"{page}/approve")).status_code
    assert 303 == (await user.submit(page, f"{page}/issue")).status_code

    assert "issued" == world.record.state("warning", "warning-001").state.key
    assert {} == world.record.counts("order")
    assert [] == [row for row in world.record.messages() if row["audience"] == "public"]


async def test_every_page_opens_at_every_step_of_a_control(world):
    """It has no level: whatever asks the level of a warning must not stumble over it."""
    users = [await world.user(role) for role in ("duty_officer", "office_director", "mayor", "expert")]
    pages = [path for method, path in ACCESS if method == "GET" and "{" not in path and path != "/login/oidc"]
    pages.append("/warnings/warning-001")

    async def faults():
        return [(path, user) for path in pages for user in users if (await user.get(path)).status_code >= 500]

    office, by = world.office, world.actor
    control = Draft(
        level="none", area="北京市", starts_at=NOW + timedelta(hours=3), expected_end=NOW + timedelta(hours=30),
        reason="接近中度污染", text="", consultation="", criterion_met=True, kind="control", measures=("工地洒水",),
    )  # fmt: skip
    office.draft_warning("warning-001", episode="e", content=control, by=by("duty_officer"), now=NOW)
    assert [] == await faults()
    assert "临时管控待你签批" in (await users[1].get("/desk")).text
    shown = (await users[1].get("/warnings/warning-001")).text
    assert "12月5日 11:30" in shown and "本办的设定" in shown, "two hours, as the desk and the calls have it"
    office.return_warning("warning-001", reason="写明工地", by=by("office_director"), now=NOW)
    assert [] == await faults()
    office.redraft_warning("warning-001", content=control, by=by("duty_officer"), now=NOW)
    office.approve_warning("warning-001", by=by("office_director"), now=NOW)
    assert [] == await faults()
    assert "临时管控已批准，待发布" in (await users[0].get("/desk")).text
    office.issue_warning("warning-001", instructions=(), list_digest="d" * 64, by=by("duty_officer"), now=NOW)
    assert "临时管控" in (await users[0].get("/desk")).text and "临时管控" in (await users[0].get("/wall")).text
    world.clock.forward(hours=31)
    assert [] == await faults()
    assert "临时管控已过预计结束时间" in (await users[0].get("/desk")).text


async def test_a_control_beside_a_warning_hides_nothing_and_is_not_replaced_for_it(world):
    world.issue()
    control = Draft(
        level="none", area="北京市", starts_at=NOW + timedelta(hours=1), expected_end=NOW + timedelta(hours=30),
        reason="接近中度污染", text="", consultation="", criterion_met=True, kind="control", measures=("工地洒水",),
    )  # fmt: skip
    office, by = world.office, world.actor
    office.draft_warning("warning-002", episode="e", content=control, by=by("duty_officer"), now=NOW)
    office.approve_warning("warning-002", by=by("office_director"), now=NOW)
    office.issue_warning("warning-002", instructions=(), list_digest="d" * 64, by=by("duty_officer"), now=NOW)

    for path in ("/desk", "/wall"):
        shown = (await (await world.user("duty_officer")).get(path)).text
        assert "黄色预警" in shown and "临时管控" in shown and "无预警" not in shown
    assert "warning-001" == respond.current_warning(office)["stream"], "the clock asks the same"
    assert "warning-001" == warning_form.issued(world.app.state.console, "2015-12-05T20:00")["stream"]


async def test_only_who_may_sign_the_level_pauses_and_resumes(world):
    world.issue()
    world.clock.forward(hours=7)
    world.office.start_response("response-beijing-20151205", now=world.clock())
    duty, director = await world.user("duty_officer"), await world.user("office_director")
    assert 'action="/duty/pause"' not in (await duty.get("/duty/measures")).text
    answer = await director.submit("/duty/measures", "/duty/pause", reason="大风", resume_at="")
    assert 303 == answer.status_code, answer.text
    assert "paused" == world.record.state("activation", "response-beijing-20151205").state.key
    answer = await director.submit("/duty/measures", "/duty/resume")

    assert 303 == answer.status_code, answer.text
    assert "in_force" == world.record.state("activation", "response-beijing-20151205").state.key


async def test_a_returned_draft_is_corrected_on_its_own_form(world):
    world.conclude()
    world.draft()
    director, duty = await world.user("office_director"), await world.user("duty_officer")
    page = "/warnings/warning-001"
    assert 303 == (await director.submit(page, f"{page}/return", reason="结束时间太早")).status_code
    assert "结束时间太早" in (await duty.get(f"{page}/redraft")).text
    fields = {
        "starts_at": "2015-12-06T00:00",
        "expected_end": "2015-12-12T00:00",
        "reason": "静稳",
        "pollutant": "pm25",
    }
    answer = await duty.submit(f"{page}/redraft", f"{page}/redraft", **fields)

    assert 303 == answer.status_code, answer.text
    state = world.record.state("warning", "warning-001")
    assert "drafted" == state.state.key
    assert timedelta(days=6) == state.draft.expected_end - state.draft.starts_at


async def test_a_conclusion_against_the_criteria_needs_its_own_reason(world):
    world.propose()
    state = world.office.convene("c1", by=world.actor("duty_officer"), now=world.clock())
    for role in state.required:
        world.office.note_absence("c1", role=role, why="测试", by=world.actor("duty_officer"), now=world.clock())
    director = await world.user("office_director")
    fields = {"aqi": ["210"] * 7, "reason": "静稳", "decided": "none"}
    refused = await director.submit("/consultations/c1", "/consultations/c1/conclude", **fields)
    done = await director.submit("/consultations/c1", "/consultations/c1/conclude", **fields, against="冷空气提前")

    assert 409 == refused.status_code
    assert "不按标准判定的理由" in refused.text
    assert 303 == done.status_code, done.text
    state = world.record.state("consultation", "c1")
    assert ("none", "冷空气提前") == (state.level, state.against)
