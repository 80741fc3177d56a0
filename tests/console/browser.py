"""What the tests with a real Chromium share: the browser, a served console, and people who log in.

Every wait ends as soon as the thing happens and is long enough for a slow machine.
"""

import os
import shutil
import socket
import threading
import time
from contextlib import contextmanager

import pytest
import uvicorn

from console.envelope import LANGUAGE_COOKIE
from console.language import HAN, _, bare, speaking, word

from .conftest import PASSWORD, build

LAUNCH = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
ORDER = "response-beijing-20151205.0.SP001"
PATIENCE = 120_000
"""Milliseconds until a wait of the browser gives up."""
IN_BOTH = pytest.mark.parametrize("tongue", ["zh", "en"], indirect=True)
"""A journey that is walked from its first click to its last in Chinese and again in English."""


@pytest.fixture
def tongue(request):
    """The language in which everybody of this run reads; Chinese where a test does not say IN_BOTH."""
    return getattr(request, "param", "zh")


@pytest.fixture
def say(tongue):
    """Turns a Chinese text of ours into what a reader of this run sees; AssertionError when the catalogue lacks it."""

    def turned(chinese, /, **values):
        with speaking(tongue):
            text = bare(_(chinese, **values))
            if tongue == "en" and HAN.search(text):
                text = word(text) or text
        assert tongue == "zh" or not HAN.search(text), f"no English for {chinese}"
        return text

    return turned


def speak(page, language) -> None:
    """Let this browser ask for its pages in a language, as the switch in the page's head does."""
    page.context.add_cookies([{"name": LANGUAGE_COOKIE, "value": language, "domain": "127.0.0.1", "path": "/"}])


@pytest.fixture(scope="module")  # not longer: its event loop would stand in the way of the asynchronous tests
def chromium():
    """One Chromium for a file; with CI=true its absence is a failure, elsewhere a skip."""
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


def free_port() -> int:
    """A port of this machine that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def serving(app, port: int):
    """The application on a port, until the end of the block."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + PATIENCE / 1000
    while not server.started and time.monotonic() < until:
        time.sleep(0.02)
    assert server.started
    yield
    server.should_exit = True
    thread.join(timeout=10)


@pytest.fixture
def served(tmp_path):
    """A console on a free port of this machine, and the world behind it."""
    world, port = build(tmp_path, secure_cookie=False), free_port()
    with serving(world.app, port):
        yield world, f"http://127.0.0.1:{port}"
    world.record.engine.dispose()


def watched(page, faults, *, but: str | None = None) -> None:
    """Put every error and warning of a page on the list, but for one that a test provokes: an answer that refuses."""
    page.set_default_timeout(PATIENCE)

    def heard(said) -> None:
        if said.type in ("error", "warning") and not (but and but in said.text):
            faults.append(said.text)

    page.on("console", heard)
    page.on("pageerror", lambda error: faults.append(str(error)))


@pytest.fixture
def people(chromium, served, tongue, say):
    """Opens a browser window per person; at the end no window may have seen an error or another host."""
    _world, base = served
    contexts, faults = [], []

    def open_as(account, *, viewport=DESK, script=True, language=None, but=None):
        context = chromium.new_context(
            viewport=viewport, base_url=base, java_script_enabled=script, timezone_id="Europe/Berlin"
        )
        contexts.append(context)
        page = context.new_page()
        watched(page, faults, but=but)
        page.on("request", lambda asked: None if asked.url.startswith(base) else faults.append(asked.url))
        speak(page, tongue)
        page.goto("/login")
        page.get_by_label(say("账号")).fill(account)
        page.get_by_label(say("密码")).fill(PASSWORD)
        page.get_by_role("button", name=say("登录")).click()
        page.wait_for_url(lambda url: "/login" not in url)
        if language not in (None, tongue):
            speak(page, language)
            page.reload()
        return page

    yield open_as
    for context in contexts:
        context.close()
    assert [] == faults


def open_with_clock(page, address) -> None:
    """Open a page whose timers a test may hurry; its clock runs on by itself."""
    page.clock.install()
    page.goto(address)


def refreshed(page) -> None:
    """Let the fifteen seconds pass after which a live page asks for what is new."""
    page.clock.fast_forward(15_000)


def fits(page) -> bool:
    """Whether nothing is wider than the screen."""
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def said(page, sentence: str) -> None:
    """Wait until the page says that an act was done."""
    page.get_by_role("status").get_by_text(sentence, exact=True).wait_for()
