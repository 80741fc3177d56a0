"""The same console with a mouse and a thumb: real Chromium, real clicks, zero console errors."""

import os
import shutil
import socket
import threading
import time

import pytest
import uvicorn

from console.envelope import LANGUAGE_COOKIE

from .conftest import PASSWORD, build

pytestmark = pytest.mark.browser

LAUNCH = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
ORDER = "response-beijing-20151205.0.SP001"


@pytest.fixture(scope="module")  # not longer: its event loop would stand in the way of the asynchronous tests
def chromium():
    """One Chromium for this file; with CI=true its absence is a failure, elsewhere a skip."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not path:
        sentence = "no Chromium was found (apt-get install chromium, or name one in CHROMIUM)"
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI=true and {sentence}")
        pytest.skip(sentence)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=LAUNCH)
        yield browser
        browser.close()


@pytest.fixture
def served(tmp_path):
    """A console on a free port of this machine, and the world behind it."""
    world = build(tmp_path, secure_cookie=False)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(world.app, host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    for _ in range(200):
        if server.started:
            break
        time.sleep(0.05)
    assert server.started
    yield world, f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(timeout=10)
    world.record.engine.dispose()


@pytest.fixture
def people(chromium, served):
    """Opens a browser window per person; at the end no window may have seen an error or another host."""
    _world, base = served
    contexts, faults = [], []

    def open_as(account, *, viewport=DESK, script=True, language="zh"):
        context = chromium.new_context(
            viewport=viewport, base_url=base, java_script_enabled=script, timezone_id="Europe/Berlin"
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: faults.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda asked: None if asked.url.startswith(base) else faults.append(asked.url))
        page.goto("/login")
        page.get_by_label("账号").fill(account)
        page.get_by_label("密码").fill(PASSWORD)
        page.get_by_role("button", name="登录").click()
        page.wait_for_url(lambda url: "/login" not in url)
        if language != "zh":
            context.add_cookies([{"name": LANGUAGE_COOKIE, "value": language, "url": base}])
            page.reload()
        return page

    yield open_as
    for context in contexts:
        context.close()
    assert [] == faults


def fits(page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


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
    page.evaluate("window.stillTheSamePage = true")
    world.draft()
    page.get_by_text("黄色预警待你签批").wait_for(timeout=120_000)

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
@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_no_page_is_wider_than_the_screen(served, people, viewport, language):
    world, _base = served
    world.conclude()
    world.issue()
    world.propose("c2")
    world.clock.forward(hours=12)
    page = people("duty_officer", viewport=viewport, language=language)
    wide = []
    for path in (
        "/desk", "/consultations", "/consultations/c1", "/consultations/c2", "/warnings", "/warnings/warning-001",
        "/orders", f"/orders/{ORDER}", "/problems", "/record", "/reports",
        f"/exhibits/{world.office.record.state('consultation', 'c1').outlook_digest}",
    ):  # fmt: skip
        page.goto(path)
        if not fits(page):
            wide.append(path)
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
    plant.get_by_text("报告已执行").wait_for(timeout=120_000)

    assert "acknowledged" == world.office.record.state("order", name).state.key
    assert fits(plant)
