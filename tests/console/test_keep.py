"""What was typed and not sent outlives a reload, a lost log-in, a closed window; and it is shown to nobody else."""

import re
from pathlib import Path

import pytest

import console

from .browser import ORDER, PHONE, chromium, people, said, say, served, speak, tongue  # noqa: F401  fixtures
from .conftest import PASSWORD

BROWSER = pytest.mark.browser
TYPED = "值班期间1号泵站停电，已通知属地。"
NOTICE = "已恢复未提交的内容"


def kept(page):
    """What this browser keeps of forms."""
    return page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('lantian.typed:'))")


def write(page, text=TYPED):
    page.goto("/duty/handover")
    page.get_by_label("值班情况").fill(text)


def log_in(page, account):
    page.get_by_label("账号").fill(account)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url(lambda url: "/login" not in url)


@BROWSER
def test_a_hand_over_survives_a_reload_a_lost_log_in_and_goes_when_it_went_through(served, people):
    world, _base = served
    page = people("duty_officer", but="401 (Unauthorized)")
    write(page)
    page.reload()
    page.get_by_text(NOTICE).wait_for()
    assert TYPED == page.get_by_label("值班情况").input_value()

    page.context.clear_cookies(name="lantian")  # the log-in has ended; the officer does not know and sends the form
    page.get_by_role("button", name="提交交班记录").click()
    page.get_by_text("登录已失效，未做任何改动。").wait_for()
    assert () == world.record.now("handover")
    page.get_by_role("link", name="重新登录").click()
    log_in(page, "duty_officer")
    page.get_by_text(NOTICE).wait_for()  # back on the page of the form
    page.get_by_role("button", name="提交交班记录").click()
    said(page, "交班记录已提交。")

    assert [TYPED] == [row["body"]["note"] for row in world.record.now("handover")]
    assert ([], 0) == (kept(page), page.get_by_text(NOTICE).count())


@BROWSER
def test_it_is_given_up_by_a_click_and_gone_with_log_out_and_another_log_in(served, people):
    page = people("duty_officer")
    write(page)
    page.reload()
    page.get_by_role("button", name="放弃").click()
    assert ("", []) == (page.get_by_label("值班情况").input_value(), kept(page))

    write(page)
    page.get_by_role("button", name="退出").click()
    page.wait_for_url("**/login")
    assert [] == kept(page)

    log_in(page, "duty_officer")
    write(page)
    page.context.clear_cookies(name="lantian")
    page.goto("/login")
    assert 1 == len(kept(page))
    log_in(page, "office_director")
    assert [] == kept(page)


@BROWSER
def test_opinions_choices_and_what_the_judgement_follows_come_back_and_secrets_are_never_kept(served, people):
    world, _base = served
    world.propose()
    world.office.convene("c1", by=world.actor("duty_officer"), now=world.clock())
    page = people("office_director")
    page.goto("/consultations/c1")
    fields = page.get_by_label("签发日AQI")
    fields.first.fill("80")
    fields.nth(6).fill("260")
    page.get_by_text("不按标准判定（").click()
    page.get_by_label("结论级别").select_option("orange")
    page.goto("/desk")
    page.goto("/consultations/c1")

    page.get_by_text(NOTICE).wait_for()
    assert ("80", "260") == (fields.first.input_value(), fields.nth(6).input_value())
    assert "orange" == page.get_by_label("结论级别").input_value()  # its part of the form is open again
    assert page.get_by_label("结论级别").is_visible()

    page.goto("/me")
    page.get_by_label("现在的密码").fill("half-a-secret")
    page.reload()
    assert "half-a-secret" not in page.evaluate("JSON.stringify(localStorage) + JSON.stringify(sessionStorage)")


@BROWSER
def test_a_form_that_waits_for_the_network_is_not_offered_a_second_time(served, people):
    world, _base = served
    world.issue()
    plant = people("SP001", viewport=PHONE)
    plant.goto(f"/my/{ORDER}")
    plant.get_by_text("提问或申诉", exact=True).click()
    plant.get_by_label("内容").fill("2号线算不算在内？")
    plant.evaluate("Object.defineProperty(navigator, 'onLine', {get: () => window.online ?? false})")
    plant.get_by_role("button", name="提交", exact=True).click()
    plant.get_by_text("1份表单已存在本机").wait_for()
    assert [] == kept(plant)

    plant.evaluate("window.online = true; dispatchEvent(new Event('online'))")
    plant.get_by_text("等待答复").wait_for()
    assert ["2号线算不算在内？"] == [one["text"] for one in world.record.state("order", ORDER).questions]
    assert 0 == plant.get_by_text(NOTICE).count()


def test_every_form_with_room_for_sentences_keeps_them():
    roomy = [
        (path.name, form)
        for path in sorted((Path(console.__file__).parent / "templates").rglob("*.html"))
        for form in re.findall(r"<form\b.*?</form>", path.read_text(encoding="utf-8"), re.S)
        if 'method="post"' in form and ("<textarea" in form or "{{ area(" in form)
    ]

    assert [] == [(name, form[:90]) for name, form in roomy if " data-keep" not in form]
    assert len(roomy) >= 15
