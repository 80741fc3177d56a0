"""Whole journeys of a warning with a mouse: consult, draft and approve and issue, raise, lift."""

import pytest

from emergency.vocabulary import Level

from .browser import IN_BOTH, chromium, people, said, say, served, tongue  # noqa: F401  fixtures

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600), IN_BOTH]


def state(world, life, identifier):
    return world.office.record.state(life, identifier)


def test_consult_every_party_is_heard_or_noted_and_the_director_signs(served, people, say):
    world, _base = served
    world.propose()
    duty = people("duty_officer")
    duty.goto("/consultations/c1")
    duty.get_by_role("button", name=say("召集会商")).click()
    said(duty, say("已召集会商，各方已收到通知。"))

    forecaster = people("forecaster")
    forecaster.get_by_role("link", name=say("填写意见")).click()
    forecaster.get_by_label(say("意见"), exact=True).fill("静稳，偏高")
    forecaster.get_by_role("button", name=say("提交意见")).click()
    said(forecaster, say("意见已记录。"))

    *others, last = [key for key in state(world, "consultation", "c1").missing if key != "forecaster"]
    for key in others:
        world.office.note_absence("c1", role=key, why="测试", by=world.actor("duty_officer"), now=world.clock())
    duty.goto("/consultations/c1")
    duty.get_by_label(say("缺席方")).select_option(last)
    duty.get_by_label(say("原因"), exact=True).fill("电话未接通")
    duty.get_by_role("button", name=say("记录缺席")).click()
    said(duty, say("缺席已记录。"))

    director = people("office_director")
    director.goto("/consultations/c1")
    for field in director.locator("[name=aqi]").all()[:4]:
        field.fill("260")
    director.locator("[data-judgement]").get_by_text(say("橙色预警"), exact=True).wait_for()
    director.get_by_label(say("理由"), exact=True).fill("各方意见一致")
    director.get_by_role("button", name=say("签发结论")).click()
    said(director, say("会商结论已签发。"))

    concluded = state(world, "consultation", "c1")
    assert ("concluded", "orange") == (concluded.state.key, concluded.level)
    assert "静稳，偏高" == concluded.opinions["forecaster"]["view"]
    assert "电话未接通" == concluded.absences[last]


def draft_and_issue(world, people, say, duty, level):
    """From the drafting page to the issue: every signature of the plan in a window of its own."""
    duty.get_by_label(say("原因（对公众）")).fill("静稳高湿，污染累积")
    duty.get_by_label(say("倡议和主要措施")).fill("请减少户外活动。")
    duty.get_by_role("button", name=say("提交签批")).click()
    said(duty, say("预警草稿已提交，等待签批。"))
    page = duty.url.split("?")[0]
    for role in world.office.desk.authority[level].roles:
        signer = people(role)
        signer.get_by_role("link", name=say("去签批"), exact=True).click()
        signer.get_by_role("button", name=say("签批同意"), exact=True).click()
        said(signer, say("已签批。"))
    duty.goto(page)
    duty.get_by_role("button", name=say("发布%(name)s", name=f"{level.chinese}预警")).click()
    said(duty, say("已发布。"))
    return page.rsplit("/", 1)[1]


def test_approve_and_issue_from_the_conclusion_to_the_orders(served, people, say):
    world, _base = served
    world.conclude()
    duty = people("duty_officer")
    duty.goto("/consultations/c1")
    duty.get_by_role("link", name=say("据此起草预警")).click()

    identifier = draft_and_issue(world, people, say, duty, Level.YELLOW)

    assert "issued" == state(world, "warning", identifier).state.key
    assert 3 == world.office.record.counts("order")["issued"]


def test_the_preview_follows_the_typing_and_comes_by_a_button_without_script(served, people, say):
    world, _base = served
    world.conclude()
    duty, before = people("duty_officer"), world.record.head()
    duty.goto("/warnings/draft?consultation=c1")
    pane = duty.locator("[data-preview-pane]")
    pane.get_by_text(say("预览 · 草稿，尚未提交、未签批、未发布，不会保存也不会发出")).wait_for()
    duty.get_by_label(say("原因（对公众）")).fill("逆温强，扩散差")
    pane.locator(".notice").get_by_text("逆温强，扩散差").wait_for()
    pane.locator(".paper").first.get_by_text("逆温强，扩散差").wait_for()
    duty.get_by_label(say("原因（对公众）")).fill("")
    pane.get_by_text(say("改正后显示预览。")).wait_for()

    plain = people("duty_officer", script=False)
    plain.goto("/warnings/draft?consultation=c1")
    plain.get_by_label(say("原因（对公众）")).fill("静稳高湿")
    plain.get_by_label(say("预计结束（北京时间）")).fill("2015-12-01T00:00")
    plain.get_by_role("button", name=say("预览"), exact=True).click()
    plain.locator("#expected_end-wrong").wait_for()
    assert "静稳高湿" == plain.get_by_label(say("原因（对公众）")).input_value()
    plain.get_by_label(say("预计结束（北京时间）")).fill("2015-12-20T00:00")
    plain.get_by_role("button", name=say("预览"), exact=True).click()
    plain.locator("[data-preview-pane] .notice").get_by_text("静稳高湿").wait_for()
    assert before == world.record.head(), "nothing was recorded"


def test_raise_a_yellow_warning_to_orange(served, people, say):
    world, _base = served
    world.conclude()
    world.issue()
    world.clock.forward(hours=3)
    world.conclude("c2", aqi=260, level=Level.ORANGE)
    duty = people("duty_officer")
    duty.goto("/warnings/warning-001")
    duty.get_by_role("link", name=say("据此起草%(level)s预警（替代本预警）", level="橙色")).click()
    duty.get_by_text(say("%(stream)s，发布后将被替代", stream="warning-001")).wait_for()

    identifier = draft_and_issue(world, people, say, duty, Level.ORANGE)

    assert ("orange", "issued") == (
        state(world, "warning", identifier).level.word,
        state(world, "warning", identifier).state.key,
    )
    assert "superseded" == state(world, "warning", "warning-001").state.key
    plant = people("SP001")
    plant.get_by_text("橙色：1号线停产").first.wait_for()


def test_lift_is_asked_for_signed_and_done(served, people, say):
    world, _base = served
    world.conclude()
    world.issue()
    duty = people("duty_officer")
    duty.goto("/warnings/warning-001")

    def why():
        duty.get_by_label(say("预测低于启动标准的小时数（系统没有资料，由填写人负责）")).fill("48")
        duty.get_by_label(say("解除理由")).fill("冷空气到达，持续好转")

    why()
    duty.get_by_role("button", name=say("提请解除（送签批）")).click()
    said(duty, say("已提请解除，等待签批。"))
    duty.get_by_text(say("等待解除签批。")).wait_for()

    director = people("office_director")
    director.goto("/warnings/warning-001")
    director.get_by_role("button", name=say("签批同意解除")).click()
    said(director, say("已签批。"))

    duty.goto("/warnings/warning-001")
    why()
    duty.get_by_role("button", name=say("解除预警并解除全部指令")).click()
    said(duty, say("预警已解除，企业指令已一并解除。"))

    assert "lifted" == state(world, "warning", "warning-001").state.key
    assert {"released": 3} == world.office.record.counts("order")
