"""Passwords people can change, and a second factor that a stolen password does not pass."""

from dataclasses import replace

import pytest

from console.app import create_app
from console.auth import PER_PAIR, Attempts, Sessions
from emergency.second_factor import DRIFT, STEP, Factors, address, code_at

from .conftest import PASSWORD, build, hidden

pytestmark = pytest.mark.anyio


class Seconds:
    now = 1_700_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def timed(tmp_path):
    world, seconds = build(tmp_path), Seconds()
    world.app = create_app(
        world.settings, sessions=Sessions(world.settings, clock=seconds), attempts=Attempts(clock=seconds)
    )
    yield world, seconds
    world.record.engine.dispose()


def enrol(world, seconds, identifier="duty_officer"):
    factors = Factors(world.record)
    secret = factors.begin(identifier)
    assert factors.check(identifier, code_at(secret, seconds.now), at=seconds.now)
    seconds.now += STEP
    return secret


def test_the_codes_are_those_of_the_standard():
    """RFC 6238, appendix B, SHA-1: the last six of its eight digits."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert ["287082", "081804", "050471"] == [code_at(secret, at) for at in (59, 1111111109, 1111111111)]


async def test_a_password_alone_does_not_open_the_desk(timed):
    world, seconds = timed
    secret = enrol(world, seconds)
    browser = world.browser()
    half = await browser.log_in("duty_officer")

    assert 200 == half.status_code and "验证码" in half.text
    assert 303 == (await browser.get("/desk")).status_code, "still outside"
    token = hidden(half.text, "/login/code")["token"]
    wrong = await browser.client.post("/login/code", data={"token": token, "code": "000000"})
    assert 401 == wrong.status_code
    right = await browser.client.post("/login/code", data={"token": token, "code": code_at(secret, seconds.now)})
    assert 303 == right.status_code
    assert 200 == (await browser.get("/desk")).status_code


async def test_a_code_is_good_once_and_only_in_its_minute(timed):
    world, seconds = timed
    secret = enrol(world, seconds)
    factors, code = Factors(world.record), code_at(secret, seconds.now)

    assert factors.check("duty_officer", code, at=seconds.now)
    assert not factors.check("duty_officer", code, at=seconds.now), "seen over the shoulder"
    later = code_at(secret, seconds.now + STEP)
    assert not factors.check("duty_officer", later, at=seconds.now + STEP * (DRIFT + 2))
    for strange in ("", "12345", "1234567", "abcdef", "１２３４５６"):
        assert not factors.check("duty_officer", strange, at=seconds.now)


async def test_guessing_codes_is_stopped(timed):
    world, seconds = timed
    secret = enrol(world, seconds)
    browser = world.browser()
    token = hidden((await browser.log_in("duty_officer")).text, "/login/code")["token"]
    for _ in range(PER_PAIR):
        await browser.client.post("/login/code", data={"token": token, "code": "000000"})
    answer = await browser.client.post("/login/code", data={"token": token, "code": code_at(secret, seconds.now)})

    assert 429 == answer.status_code


async def test_the_right_password_stands_five_minutes_and_not_after_a_change(timed):
    world, seconds = timed
    secret = enrol(world, seconds)
    browser = world.browser()
    token = hidden((await browser.log_in("duty_officer")).text, "/login/code")["token"]
    seconds.now += 301
    late = await browser.client.post("/login/code", data={"token": token, "code": code_at(secret, seconds.now)})
    assert 403 == late.status_code
    token = hidden((await browser.log_in("duty_officer")).text, "/login/code")["token"]
    world.directory.set_password("duty_officer", "another-password")
    changed = await browser.client.post("/login/code", data={"token": token, "code": code_at(secret, seconds.now)})
    assert 403 == changed.status_code


async def test_a_person_sets_it_up_on_their_own_page(timed):
    world, seconds = timed
    user = await world.user("duty_officer")
    await user.submit("/me", "/me/factor")
    html = (await user.get("/me")).text
    secret = html.split('<span class="mono">')[1].split("<")[0]

    assert "<svg" in html and "otpauth" not in html
    assert address(secret, account="duty_officer", issuer="蓝天").startswith("otpauth://totp/")
    assert 409 == (await user.submit("/me", "/me/factor/confirm", code="000000")).status_code
    assert 303 == (await user.submit("/me", "/me/factor/confirm", code=code_at(secret, seconds.now))).status_code
    assert secret not in (await user.get("/me")).text
    assert "验证码" in (await world.browser().log_in("duty_officer")).text


async def test_a_lost_phone_is_the_administrators_matter_and_costs_the_old_password(timed):
    world, seconds = timed
    enrol(world, seconds)
    admin = await world.user("administrator")
    shown = await admin.submit("/accounts", "/accounts/duty_officer/factor")
    password = shown.text.split("secret")[1].split(">")[1].split("<")[0]

    assert 401 == (await world.browser().log_in("duty_officer", PASSWORD)).status_code
    assert 303 == (await world.browser().log_in("duty_officer", password)).status_code


async def test_where_it_is_required_nothing_else_opens_before(tmp_path):
    world = build(tmp_path)
    world.app = create_app(replace(world.settings, second_factor_required=True))
    user = await world.user("mayor")
    refused = await user.get("/desk")

    assert 403 == refused.status_code and "第二因子" in refused.text
    assert 200 == (await user.get("/me")).status_code
    plant = await world.user("SP001")
    assert 200 == (await plant.get("/my")).status_code, "a plant at its gate is not asked"
    world.record.engine.dispose()


async def test_a_changed_password_keeps_this_browser_and_ends_the_others(world):
    here, there = await world.user("mayor"), await world.user("mayor")
    new = {"old": PASSWORD, "new": "a-better-password", "again": "a-better-password"}
    assert 409 == (await here.submit("/me", "/me/password", **{**new, "old": "wrong"})).status_code
    assert 400 == (await here.submit("/me", "/me/password", **{**new, "again": "other"})).status_code
    assert 400 == (await here.submit("/me", "/me/password", old=PASSWORD, new="short", again="short")).status_code
    assert 303 == (await here.submit("/me", "/me/password", **new)).status_code

    assert 200 == (await here.get("/desk")).status_code
    assert 303 == (await there.get("/desk")).status_code
    assert 303 == (await world.browser().log_in("mayor", "a-better-password")).status_code
