"""The same console with a mouse and a thumb: real Chromium, real clicks, zero console errors."""

import pytest

from .browser import (  # noqa: F401  fixtures
    DESK,
    ORDER,
    PATIENCE,
    PHONE,
    chromium,
    fits,
    open_with_clock,
    people,
    refreshed,
    say,
    served,
    tongue,
)  # fmt: skip

pytestmark = pytest.mark.browser


def test_a_warning_is_signed_and_issued_by_clicking_and_the_plant_signs_at_the_gate(served, people):
    world, _base = served
    world.conclude()
    world.draft()

    director = people("office_director")
    director.get_by_role("link", name="去签批").click()
    director.get_by_role("button", name="签批同意").click()
    director.get_by_text("已签批。").wait_for()

    duty = people("duty_officer")
    duty.get_by_text("演练 · 本页内容不是真实预警").wait_for()
    duty.get_by_role("link", name="去发布").click()
    duty.get_by_role("button", name="发布黄色预警").click()
    duty.get_by_text("已发布。", exact=True).wait_for()
    assert "issued" == world.office.record.state("warning", "warning-001").state.key

    plant = people("SP001", viewport=PHONE)
    plant.get_by_role("link", name="查看并签收").click()
    button = plant.get_by_role("button", name="签收")
    box = button.bounding_box()
    assert box["width"] >= 300 and box["height"] >= 60
    button.click()
    plant.get_by_role("button", name="报告已执行").click()
    plant.get_by_text("执行情况已报告。").wait_for()
    assert fits(plant)
    assert "executing" == world.office.record.state("order", ORDER).state.key


def test_the_judgement_follows_what_the_director_types(served, people):
    world, _base = served
    world.propose()
    for key in world.office.convene("c1", by=world.actor("duty_officer"), now=world.clock()).required:
        world.office.note_absence("c1", role=key, why="测试", by=world.actor("duty_officer"), now=world.clock())
    page = people("office_director")
    page.goto("/consultations/c1")
    verdict = page.locator("[data-judgement]")
    for field in page.get_by_label("签发日AQI").all():
        field.fill("80")
    verdict.get_by_text("无预警").wait_for()
    for field in page.get_by_label("签发日AQI").all()[:4]:
        field.fill("260")
    verdict.get_by_text("橙色预警", exact=True).wait_for()

    page.get_by_label("理由", exact=True).fill("静稳")
    page.get_by_role("button", name="签发结论").click()

    page.get_by_text("会商结论已签发。").wait_for()
    assert "orange" == world.office.record.state("consultation", "c1").level


def test_the_desk_shows_what_happened_since_without_a_reload(served, people):
    world, _base = served
    world.propose()
    page = people("office_director")
    open_with_clock(page, "/desk")
    page.evaluate("window.stillTheSamePage = true")
    world.draft()
    refreshed(page)
    page.get_by_text("黄色预警待你签批").wait_for()

    assert page.evaluate("window.stillTheSamePage")


def test_everything_needed_works_without_script(served, people):
    world, _base = served
    world.issue()
    plant = people("SP001", viewport=PHONE, script=False)
    plant.get_by_role("link", name="查看并签收").click()
    plant.get_by_role("button", name="签收").click()

    plant.get_by_text("已签收。", exact=True).wait_for()
    assert "acknowledged" == world.office.record.state("order", ORDER).state.key


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_page_is_wider_than_the_screen_of_a_desk_or_a_phone(served, people, language):
    world, _base = served
    world.conclude()
    world.issue()
    world.propose("c2")
    world.clock.forward(hours=12)
    page = people("duty_officer", language=language)
    wide = []
    for path in (
        "/desk", "/consultations", "/consultations/c1", "/consultations/c2", "/warnings", "/warnings/warning-001",
        "/orders", f"/orders/{ORDER}", "/problems", "/record", "/reports",
        f"/exhibits/{world.office.record.state('consultation', 'c1').outlook_digest}",
    ):  # fmt: skip
        page.set_viewport_size(DESK)
        page.goto(path)
        for viewport in (DESK, PHONE):
            page.set_viewport_size(viewport)
            if not fits(page):
                wide.append((path, viewport["width"]))
    assert [] == wide


def test_a_receipt_signed_without_network_waits_on_the_phone_and_arrives_by_itself(served, people):
    world, _base = served
    world.issue()
    plant = people("SP002", viewport=PHONE)
    name = ORDER.replace("SP001", "SP002")
    plant.goto(f"/my/{name}")
    plant.evaluate("Object.defineProperty(navigator, 'onLine', {get: () => window.online ?? false})")
    plant.get_by_role("button", name="签收").click()
    plant.get_by_text("1份表单已存在本机").wait_for()
    assert world.office.record.state("order", name).acknowledged_at is None

    plant.evaluate("window.online = true; dispatchEvent(new Event('online'))")
    plant.get_by_text("报告已执行").wait_for(timeout=PATIENCE)

    assert "acknowledged" == world.office.record.state("order", name).state.key
    assert fits(plant)
