"""Logging in, staying in, and being put out."""

from datetime import timedelta

import pytest

from console.app import create_app
from console.auth import PER_PAIR, WINDOW, Attempts, Sessions
from console.login import inside

from .conftest import PASSWORD, Browser, build, hidden

pytestmark = pytest.mark.anyio


class Seconds:
    def __init__(self):
        self.now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def timed(tmp_path):
    """A console whose session clock the test moves."""
    world, seconds = build(tmp_path), Seconds()
    world.app = create_app(
        world.settings, sessions=Sessions(world.settings, clock=seconds), attempts=Attempts(clock=seconds)
    )
    yield world, seconds
    world.record.engine.dispose()


async def test_a_right_password_opens_the_desk_and_the_portal(world):
    staff, plant = await world.user("duty_officer"), await world.user("SP001")

    assert "现在需要我处理" in (await staff.get("/desk")).text
    assert "/my" == (await plant.get("/")).headers["location"]


@pytest.mark.parametrize("account, password", [("duty_officer", "wrong-password"), ("nobody", PASSWORD), ("", "")])
async def test_a_wrong_password_and_an_unknown_account_get_the_same_answer(world, account, password):
    answer = await world.browser().log_in(account, password)

    assert 401 == answer.status_code
    assert "账号或密码不正确" in answer.text


async def test_guessing_is_stopped_even_for_the_right_password_but_only_from_that_address(timed):
    world, seconds = timed
    guesser = world.browser("192.0.2.66")
    for _ in range(PER_PAIR):
        assert 401 == (await guesser.log_in("duty_officer", "guess-guess")).status_code

    assert 429 == (await guesser.log_in("duty_officer")).status_code
    assert 303 == (await world.browser("192.0.2.1").log_in("duty_officer")).status_code
    seconds.now += WINDOW + 1
    assert 303 == (await guesser.log_in("duty_officer")).status_code


async def test_one_address_that_tries_many_accounts_is_stopped(timed):
    world, _seconds = timed
    guesser = world.browser("192.0.2.66")
    answers = [(await guesser.log_in(f"user{number}", "guess-guess")).status_code for number in range(21)]

    assert [401] * 20 + [429] == answers


async def test_a_log_in_form_without_its_own_token_is_refused(world):
    browser = world.browser()
    answer = await browser.client.post("/login", data={"account": "duty_officer", "password": PASSWORD})

    assert 403 == answer.status_code
    assert world.app.state.console.sessions.cookie not in answer.cookies


async def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(world):
    answer = await world.browser().log_in("duty_officer")
    cookie = next(value for value in answer.headers.get_list("set-cookie") if value.startswith("__Host-lantian="))

    assert {"HttpOnly", "SameSite=Strict", "Secure", "Path=/"} <= set(cookie.split("; "))


async def test_a_session_ends_after_idling_and_a_click_keeps_it(timed):
    world, seconds = timed
    user = await world.user("duty_officer")
    for _ in range(3):
        seconds.now += world.settings.idle_timeout.total_seconds() - 60
        assert 200 == (await user.get("/desk")).status_code
    seconds.now += world.settings.idle_timeout.total_seconds() + 1

    assert 303 == (await user.get("/desk")).status_code


async def test_the_refresh_of_an_unattended_desk_does_not_keep_the_session(timed):
    world, seconds = timed
    user = await world.user("duty_officer")
    for _ in range(5):
        seconds.now += world.settings.idle_timeout.total_seconds() / 4
        status = (await user.get("/desk/live")).status_code

    assert 401 == status


async def test_a_session_ends_at_its_longest_time_whatever_is_clicked(timed):
    world, seconds = timed
    user = await world.user("duty_officer")
    for _ in range(int(world.settings.longest_session / timedelta(minutes=30))):
        assert 200 == (await user.get("/desk")).status_code
        seconds.now += 30 * 60
    seconds.now += 60

    assert 303 == (await user.get("/desk")).status_code


async def test_logging_out_ends_the_session_even_for_a_copied_cookie(world):
    user = await world.user("duty_officer")
    copied = dict(user.client.cookies)
    await user.submit("/desk", "/logout")
    thief = world.browser()
    thief.client.cookies.update(copied)

    assert 303 == (await user.get("/desk")).status_code
    assert 303 == (await thief.get("/desk")).status_code


async def test_a_new_password_and_a_closed_account_end_the_session(world):
    first, second = await world.user("duty_officer"), await world.user("inspector")
    world.directory.set_password("duty_officer", "another-password")
    world.directory.set_active("inspector", False)

    assert 303 == (await first.get("/desk")).status_code
    assert 303 == (await second.get("/desk")).status_code
    assert 401 == (await world.browser().log_in("inspector")).status_code


async def test_a_changed_cookie_is_worth_nothing(world):
    user = await world.user("duty_officer")
    name = world.app.state.console.sessions.cookie
    text = user.client.cookies[name]
    user.client.cookies.clear()
    user.client.cookies.set(name, text[:-2] + ("A" if text[-2] != "A" else "B") + text[-1])

    assert 303 == (await user.get("/desk")).status_code


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:", ""])
def test_log_in_leads_nowhere_else(target):
    assert "/" == inside(target)


async def test_log_in_leads_on_to_the_page_that_was_asked_for(world):
    browser: Browser = world.browser()
    asked = await browser.get("/orders?silent=1")
    shown = await browser.get(asked.headers["location"])
    token = hidden_of_login(shown.text)
    answer = await browser.client.post(
        asked.headers["location"], data={"account": "duty_officer", "password": PASSWORD, "token": token}
    )

    assert "/orders?silent=1" == answer.headers["location"]


def hidden_of_login(html: str) -> str:
    return html.split('name="token" value="')[1].split('"', maxsplit=1)[0]


async def test_a_flood_of_bytes_is_refused_before_it_is_read(world):
    answer = await world.browser().client.post("/login", content=b"x" * 300_000)

    assert 413 == answer.status_code


async def test_hidden_fields_are_found_by_the_address_of_their_form(world):
    user = await world.user("duty_officer")
    page = await user.get("/desk")

    assert 64 == len(hidden(page.text, "/logout")["token"])
