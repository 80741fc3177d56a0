"""Logging in at the city's own provider: a real one on this machine, right answers and every kind of wrong one."""

import re
import time
from dataclasses import replace
from html import unescape
from urllib.parse import quote, urlsplit

import pytest

from console.app import create_app
from console.oidc import Client, Failed
from emergency.second_factor import Factors, code_at

from .conftest import PASSWORD, build, hidden
from .provider import SECRET, foreign_key, running, settings_for, shared_secret_key

pytestmark = pytest.mark.anyio
REFUSED = "的答复未通过核验，没有登录"


@pytest.fixture(scope="module")
def provider():
    with running() as local:
        yield local


@pytest.fixture
def local(provider):
    """The provider, honest again."""
    provider.who, provider.claims, provider.described, provider.down = "duty_officer", {}, {}, False
    provider.signs_with, provider.algorithm = provider.key, "RS256"
    provider.codes.clear()
    provider.asked.clear()
    return provider


@pytest.fixture
def office(tmp_path, local):
    """A console that knows the provider."""
    world = build(tmp_path)
    world.settings = replace(world.settings, oidc=settings_for(local))
    world.app = create_app(world.settings)
    yield world
    world.record.engine.dispose()


async def come_back(world, local, *, browser=None, target="", **changed):
    """Leave for the provider and come back as it says, with some of the answer changed."""
    browser = browser or world.browser()
    left = await browser.get(f"/login/oidc?next={quote(target, safe='')}")
    assert 303 == left.status_code, left.text
    return browser, await browser.get("/login/oidc/back", params={**local.allow(left.headers["location"]), **changed})


def inside(world, browser) -> bool:
    return world.app.state.console.sessions.cookie in browser.client.cookies


async def test_whom_the_provider_knows_comes_in_with_the_role_of_the_directory(office, local):
    local.claims = {"role": "mayor", "roles": ["administrator"], "groups": ["administrator"]}
    shown = await office.browser().get("/login")
    browser, answer = await come_back(office, local, target="/orders?silent=1")

    assert "用统一身份认证登录" in shown.text
    assert (200, True) == (answer.status_code, inside(office, browser))
    assert 'content="0; url=/orders?silent=1"' in answer.text
    assert 200 == (await browser.get("/desk")).status_code
    assert 403 == (await browser.get("/accounts")).status_code, "no role comes from the provider"


async def test_the_session_is_a_new_one_each_time_and_as_guarded_as_any(office, local):
    first, answer = await come_back(office, local)
    second, _again = await come_back(office, local)
    name = office.app.state.console.sessions.cookie
    text = next(value for value in answer.headers.get_list("set-cookie") if value.startswith(name))

    assert first.client.cookies[name] != second.client.cookies[name]
    assert {"HttpOnly", "SameSite=Strict", "Secure"} <= set(text.split("; "))


async def test_without_the_file_there_is_no_such_door(world):
    assert "统一身份认证" not in (await world.browser().get("/login")).text
    assert 404 == (await world.browser().get("/login/oidc")).status_code
    assert 404 == (await world.browser().get("/login/oidc/back?code=c&state=s")).status_code


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "of-another-log-in"},
        {"nonce": None},
        {"aud": "another-client"},
        {"aud": ["another-client", "lantian-console"]},  # for two, and it does not say for whom it was made
        {"aud": ["lantian-console"], "azp": "another-client"},
        {"iss": "https://elsewhere.invalid"},
        {"exp": -3600, "iat": -7200},
        {"exp": None},
        {"iat": 86_400},
        {"sub": None},
        {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
        {"preferred_username": None},
        {"preferred_username": ["duty_officer"]},
        {"preferred_username": ""},
    ],
    ids=lambda claims: "-".join(f"{name}={value}"[:30] for name, value in claims.items()),
)
async def test_a_token_that_does_not_hold_lets_nobody_in(office, local, claims):
    now = int(time.time())
    local.claims = {name: now + value if isinstance(value, int) else value for name, value in claims.items()}
    browser, answer = await come_back(office, local)

    assert (401, False) == (answer.status_code, inside(office, browser))
    assert REFUSED in answer.text


async def test_the_page_that_refuses_lets_in_by_password(office, local):
    local.claims = {"nonce": None}
    browser, answer = await come_back(office, local)
    form = r'<form method="post" action="(/login[^"]*)">.*?name="token" value="(\w+)"'
    action, token = re.search(form, answer.text, re.S).groups()
    given = {"account": "duty_officer", "password": PASSWORD, "token": token}

    assert 303 == (await browser.client.post(action, data=given)).status_code


@pytest.mark.parametrize(
    "key, algorithm", [(foreign_key, "RS256"), (shared_secret_key, "HS256")], ids=["foreign-key", "shared-secret"]
)
async def test_a_token_that_the_provider_did_not_sign_lets_nobody_in(office, local, key, algorithm):
    local.signs_with, local.algorithm = key(), algorithm
    browser, answer = await come_back(office, local)

    assert (401, False) == (answer.status_code, inside(office, browser))
    assert REFUSED in answer.text


async def test_a_provider_that_changed_its_key_is_understood_at_once(office, local):
    await come_back(office, local)
    office.app.state.console.oidc.clock = lambda: time.time() + 120
    local.key = local.signs_with = foreign_key()
    browser, answer = await come_back(office, local)

    assert (200, True) == (answer.status_code, inside(office, browser))


@pytest.mark.parametrize(
    "changed", [{"state": "of-another-log-in"}, {"state": ""}, {"code": "", "error": "access_denied"}]
)
async def test_an_answer_to_another_log_in_or_a_refusal_asks_the_provider_nothing(office, local, changed):
    browser, answer = await come_back(office, local, **changed)

    assert answer.status_code in (401, 403) and not inside(office, browser)
    assert "/token" not in local.asked


async def test_an_answer_counts_once_and_only_in_the_browser_that_left_and_for_ten_minutes(office, local):
    browser = office.browser()
    brought = local.allow((await browser.get("/login/oidc")).headers["location"])
    stranger = office.browser()
    assert 403 == (await stranger.get("/login/oidc/back", params=brought)).status_code
    assert 200 == (await browser.get("/login/oidc/back", params=brought)).status_code
    assert 403 == (await browser.get("/login/oidc/back", params=brought)).status_code

    slow = office.browser()
    brought = local.allow((await slow.get("/login/oidc")).headers["location"])
    office.app.state.console.sessions.clock = lambda: time.time() + 700
    assert 403 == (await slow.get("/login/oidc/back", params=brought)).status_code


async def test_a_code_of_somebody_elses_log_in_is_worth_nothing_here(office, local):
    thief = office.browser()
    stolen = local.allow((await office.browser().get("/login/oidc")).headers["location"])["code"]
    _browser, answer = await come_back(office, local, browser=thief, code=stolen)

    assert (401, False) == (answer.status_code, inside(office, thief)), "PKCE: the verifier is another"


@pytest.mark.parametrize("who", ["nobody", "inspector"])
async def test_an_unknown_or_closed_account_is_neither_made_nor_opened(office, local, who):
    office.directory.set_active("inspector", False)
    local.who = who
    before = len(office.directory.accounts())
    browser, answer = await come_back(office, local)

    assert (403, False) == (answer.status_code, inside(office, browser))
    assert "没有对应的账号" in answer.text
    assert before == len(office.directory.accounts())


async def test_a_table_of_accounts_lets_in_only_those_who_are_in_it(office, local):
    provider = settings_for(local, account_claim="sub", accounts={"f3-91": "inspector"})
    office.app = create_app(replace(office.settings, oidc=provider))
    browser, _answer = await come_back(office, local)
    assert "INSPECTOR" in (await browser.get("/me")).text.upper()

    local.claims = {"sub": "duty_officer"}
    _browser, answer = await come_back(office, local)
    assert 403 == answer.status_code


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"])
async def test_coming_back_leads_nowhere_else(office, local, target):
    _browser, answer = await come_back(office, local, target=target)

    assert 'content="0; url=/"' in answer.text
    assert "evil" not in answer.text and "javascript" not in answer.text


async def test_the_second_factor_is_asked_all_the_same(office, local):
    factors = Factors(office.record)
    secret = factors.begin("duty_officer")
    assert factors.check("duty_officer", code_at(secret, time.time()), at=time.time())
    local.claims = {"amr": ["pwd", "mfa"], "acr": "gold"}
    browser, half = await come_back(office, local, target="/orders")
    assert 200 == half.status_code and "验证码" in half.text and not inside(office, browser)

    later = time.time() + 60
    office.app.state.console.sessions.clock = lambda: later
    token = hidden(half.text, "/login/code")["token"]
    done = await browser.client.post("/login/code", data={"token": token, "code": code_at(secret, later)})
    assert (303, "/orders") == (done.status_code, done.headers["location"])


@pytest.mark.parametrize(
    "factor, claims, opens",
    [
        ({}, {"amr": ["mfa"]}, False),
        ({"amr": ["mfa"]}, {"amr": ["pwd"]}, False),
        ({"amr": ["mfa"]}, {"amr": "mfa"}, False),  # no list: the token is ill-formed
        ({"amr": ["mfa", "hwk"]}, {"amr": ["pwd", "hwk"]}, True),
        ({"acr": ["gold"]}, {"acr": "silver"}, False),
        ({"acr": ["gold"]}, {"acr": "gold"}, True),
    ],
)
async def test_the_providers_log_in_counts_as_a_factor_only_where_that_is_configured(
    office, local, factor, claims, opens
):
    provider = settings_for(local, factor=factor)
    office.app = create_app(replace(office.settings, oidc=provider, second_factor_required=True))
    local.claims = claims
    browser, _answer = await come_back(office, local)

    assert opens == (200 == (await browser.get("/desk")).status_code)


@pytest.mark.parametrize(
    "described",
    [
        {"issuer": "https://elsewhere.invalid"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": ""},
        {"code_challenge_methods_supported": ["plain"]},
    ],
)
async def test_a_description_that_cannot_be_trusted_sends_nobody_anywhere(office, local, described):
    local.described = described
    answer = await office.browser().get("/login/oidc")

    assert 401 == answer.status_code and "location" not in answer.headers
    assert REFUSED in answer.text


async def test_a_provider_that_is_down_leaves_the_password(office, local):
    local.down = True
    answer = await office.browser().get("/login/oidc")

    assert 503 == answer.status_code and "现在连接不上统一身份认证" in answer.text
    assert 303 == (await office.browser().log_in("duty_officer")).status_code


async def test_keys_and_tokens_are_never_fetched_from_inside_the_house_for_a_provider_outside(local):
    """A description on the internet that names an address of our own network."""
    outside = settings_for(local, issuer="https://sso.example", own_network=False)
    client = Client(outside, clock=time.time, resolve=lambda _host, _port: ["127.0.0.1"])

    with pytest.raises(Failed, match="private network"):
        client.begin()


async def test_guessing_codes_is_stopped(office, local):
    for _ in range(5):
        await come_back(office, local, code="guess")
    _browser, answer = await come_back(office, local, code="guess")

    assert 429 == answer.status_code


async def test_an_issuer_in_the_answer_must_be_the_right_one(office, local):
    _browser, wrong = await come_back(office, local, iss="https://elsewhere.invalid")
    _browser, right = await come_back(office, local, iss=local.base)

    assert (401, 200) == (wrong.status_code, right.status_code)


async def test_the_browser_is_sent_with_state_nonce_and_a_challenge_but_no_secret(office, local):
    left = await office.browser().get("/login/oidc?next=/desk")
    address = unescape(left.headers["location"])

    assert local.base == f"{urlsplit(address).scheme}://{urlsplit(address).netloc}"
    assert all(f"{name}=" in address for name in ("state", "nonce", "code_challenge"))
    assert SECRET not in address and "code_verifier" not in address
