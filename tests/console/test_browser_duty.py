"""Whole journeys of the duty room: an alert, a drill's clock, a hand-over, a log-in at the city's provider."""

from dataclasses import replace
from datetime import date, time, timedelta

import pytest

from console.app import create_app
from emergency.roster import Rotation, Shift
from emergency.roster_store import RosterStore
from emergency.vocabulary import Role
from forecast.alert_store import AlertStore, Finding
from forecast.archive import Archive

from .browser import (  # noqa: F401  fixtures
    IN_BOTH,
    PATIENCE,
    chromium,
    free_port,
    people,
    said,
    say,
    served,
    serving,
    speak,
    tongue,
    watched,
)  # fmt: skip
from .conftest import NOW, PASSWORD, build
from .provider import running, settings_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@IN_BOTH
def test_acknowledge_an_alert_with_one_key(chromium, tmp_path, say, tongue):
    archive = Archive.open(tmp_path / "archive.db")
    text = "数据来源 cnemc 中断：最新数据为 12-05 06:00"
    AlertStore(archive.engine).update(
        [Finding("source_silent", "cnemc", text, 2)], kinds=["source_silent"], now=NOW - timedelta(minutes=20)
    )
    world, port, faults = build(tmp_path, archive=archive, secure_cookie=False), free_port(), []
    with serving(world.app, port):
        page = chromium.new_page(base_url=f"http://127.0.0.1:{port}")
        watched(page, faults)
        speak(page, tongue)
        page.goto("/login")
        page.get_by_label(say("账号")).fill("duty_officer")
        page.get_by_label(say("密码")).fill(PASSWORD)
        page.get_by_label(say("密码")).press("Enter")
        row = page.get_by_role("listitem").filter(has_text="cnemc")
        row.get_by_role("button", name=say("签收提醒")).press("Enter")
        said(page, say("提醒已签收。"))
        row.get_by_text(say("值班员")).wait_for()
        page.context.close()
    (one,) = AlertStore(archive.engine).open_alerts()
    kept = world.record.now("alert")

    assert [] == faults
    assert one.acknowledged_at is not None
    assert 1 == len(kept)
    world.record.engine.dispose()
    archive.close()


@IN_BOTH
def test_a_drill_says_so_everywhere_and_its_clock_goes_where_it_is_sent(served, people, say, tongue):
    world, _base = served
    world.record.note("replay", "identity")
    world.issue()
    duty = people("duty_officer")
    assert duty.title().startswith(say("【演练】"))
    duty.get_by_text(say("演练 · 本页内容不是真实预警，消息不会发出")).wait_for()
    duty.get_by_role("link", name=say("演练时钟")).click()
    duty.get_by_role("button", name=say("到明日9时")).click()
    said(duty, say("时钟目标已设定，演练将推进到该时刻。"))
    duty.get_by_text(say("推进中，本页自动刷新")).wait_for()

    world.clock.forward(hours=23, minutes=30)  # whoever plays the replay arrives
    duty.get_by_text(say("推进中，本页自动刷新")).wait_for(state="detached")
    duty.locator("main").get_by_text("2015年12月6日" if tongue == "zh" else "6 Dec 2015").first.wait_for()

    duty.goto("/warnings/warning-001")
    assert duty.locator(".watermark").count()
    assert "【演练】" in duty.locator(".watermark").inner_text()


@IN_BOTH
def test_hand_over_is_written_by_one_and_taken_by_the_other(served, people, say):
    world, _base = served
    world.directory.add_account("duty-two", PASSWORD, title="值班员乙", role=Role.DUTY_OFFICER)
    store = RosterStore(world.record)
    store.add(Shift("all", "全天", time(0), time(0)), by="d", now=world.clock())
    store.add(Rotation("all", ("duty_officer", "duty-two"), date(2015, 12, 1)), by="d", now=world.clock())
    world.conclude()
    world.draft()

    going = people("duty_officer")
    going.goto("/duty/handover")
    going.get_by_label(say("值班情况")).fill("夜间静稳，黄色预警待签批。")
    going.get_by_role("button", name=say("提交交班记录")).click()
    said(going, say("交班记录已提交。"))
    assert 0 == going.get_by_role("button", name=say("我已阅读，接班")).count(), "nobody takes over from themselves"

    coming = people("duty-two")
    coming.goto("/duty/handover")
    coming.get_by_text("夜间静稳，黄色预警待签批。").first.wait_for()
    coming.get_by_role("button", name=say("我已阅读，接班")).click()
    said(coming, say("已接班。"))

    (row,) = world.record.now("handover")
    assert ("duty_officer", "duty-two") == (row["body"]["from_person"], row["body"]["taken_by"])


def test_log_in_at_the_providers_page_and_come_back_to_the_page_that_was_asked_for(chromium, tmp_path):
    """Another site (localhost and 127.0.0.1 are two): the session cookie is strict and must be there all the same."""
    with running() as local:
        world, port = build(tmp_path, secure_cookie=False), free_port()
        world.conclude()
        base = f"http://localhost:{port}"
        app = create_app(replace(world.settings, oidc=settings_for(local, console=base)))
        local.console = base
        faults = []
        with serving(app, port):
            page = chromium.new_page(base_url=base)
            watched(page, faults)
            page.goto("/consultations/c1")
            page.get_by_role("link", name="用统一身份认证登录").click()
            page.get_by_role("link", name="同意").click()
            page.wait_for_url("**/consultations/c1")
            page.get_by_role("heading", name="会商 c1").wait_for()
            page.context.close()
        world.record.engine.dispose()
    assert [] == faults
