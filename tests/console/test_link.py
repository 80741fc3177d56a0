"""The way in by a signed link and a code: one plant, for a time, and nothing else."""

import re
from datetime import timedelta

import pytest

from console.links import Links
from emergency.second_factor import STEP, Factors, code_at

from .conftest import PASSWORD, hidden

pytestmark = pytest.mark.anyio
MINE, THEIRS = (f"/my/response-beijing-20151205.0.{code}" for code in ("SP001", "SP002"))


@pytest.fixture
def links(world):
    sessions = world.app.state.console.sessions
    return Links(world.settings.secret_key, world.directory, clock=sessions.clock)


async def come(world, token, code, *, address="198.51.100.7"):
    """A phone that opens the link and fills in the code."""
    phone = world.browser(address)
    shown = await phone.get(f"/link/{token}")
    fields = {"token": re.search(r'name="token" value="([0-9a-f]+)"', shown.text)[1], "code": code}
    return phone, await phone.client.post(f"/link/{token}", data=fields)


async def test_link_and_code_lead_the_plant_to_its_own_orders_and_to_no_other(world, links):
    world.issue()
    token, code = links.make("SP001")
    phone, answer = await come(world, token, code)
    overview = await phone.get("/my")

    assert (303, "/my") == (answer.status_code, answer.headers["location"])
    assert "1号线停产" in overview.text
    assert "2号线停产" not in overview.text
    assert (200, 404) == ((await phone.get(MINE)).status_code, (await phone.get(THEIRS)).status_code)
    form = {"token": hidden(overview.text, "/logout")["token"], "signer": "厂长"}
    assert 404 == (await phone.client.post(f"{THEIRS}/acknowledge", data=form)).status_code
    assert 303 == (await phone.client.post(f"{MINE}/acknowledge", data=form)).status_code
    states = {row["enterprise"]: row["state"] for row in world.record.now("order")}
    assert ("acknowledged", "issued") == (states["SP001"], states["SP002"])
    assert 403 == (await phone.get("/desk")).status_code


async def test_without_the_code_with_that_of_another_link_or_with_a_forged_link_nobody_comes_in(world, links):
    token, _code = links.make("SP001")
    other, others_code = links.make("SP002")
    forged = token[:-3] + ("aaa" if token[-3:] != "aaa" else "bbb")

    for number, (link, code) in enumerate(
        [(token, ""), (token, others_code), (token, "00000000x"), (forged, links.code(forged)), ("x", links.code("x"))]
    ):
        phone, answer = await come(world, link, code, address=f"198.51.100.{number}")
        assert 401 == answer.status_code
        assert 303 == (await phone.get("/my")).status_code  # to the log-in
    assert other != token


async def test_the_link_ends_with_its_time_with_a_new_password_and_with_the_account(world, links):
    sessions = world.app.state.console.sessions
    real = sessions.clock
    old, code = links.make("SP001")
    sessions.clock = lambda: real() + timedelta(hours=49).total_seconds()
    _phone, late = await come(world, old, code, address="198.51.100.1")
    sessions.clock = real
    world.directory.set_password("SP001", "another-long-password")
    _phone, changed = await come(world, old, code, address="198.51.100.2")
    fresh, code = links.make("SP001")
    world.directory.set_active("SP001", False)
    _phone, closed = await come(world, fresh, code, address="198.51.100.3")

    assert [401] * 3 == [answer.status_code for answer in (late, changed, closed)]


async def test_guessing_is_braked_and_the_right_code_does_not_help_then(world, links):
    token, code = links.make("SP001")
    wrong = f"{(int(code) + 1) % 10**8:08d}"
    answers = [(await come(world, token, wrong))[1].status_code for _ in range(5)]
    _phone, then = await come(world, token, code)
    _phone, elsewhere = await come(world, token, code, address="203.0.113.9")

    assert [401] * 5 == answers
    assert 429 == then.status_code
    assert 303 == elsewhere.status_code  # a guesser at another place does not lock the plant out


async def test_the_office_makes_it_and_shows_link_and_code_apart(world):
    plant = next(one.identifier for one in world.settings.lists.fallback.enterprises if one.kind == "工业源")
    user = await world.user("duty_officer")
    page = f"/list/plants/{plant}"
    nobody = await user.submit(page, f"{page}/link")
    assert "没有可用的账号" in nobody.text

    from emergency.vocabulary import Role

    world.directory.add_account("plant-one", "a-long-password", title="环保科", role=Role.ENTERPRISE, enterprise=plant)
    made = (await user.submit(page, f"{page}/link")).text
    token = re.search(r"/link/([\w.=-]+)", made)[1]
    code = re.search(r'class="secret mono">(\d{8})<', made)[1]
    assert code not in token
    phone, answer = await come(world, token, code)
    assert 303 == answer.status_code
    assert code not in (await world.browser().get(f"/link/{token}")).text
    assert 200 == (await phone.get("/my")).status_code


@pytest.mark.parametrize("who", ["forecaster", "inspector", "administrator", "SP001"])
async def test_nobody_else_makes_links(world, who):
    user = await world.user(who)
    token = hidden((await user.get("/my" if who == "SP001" else "/desk")).text, "/logout")["token"]

    assert 403 == (await user.client.post("/list/plants/SP001/link", data={"token": token})).status_code


async def test_a_link_is_for_plants_only(world, links):
    from plans.errors import DataError

    with pytest.raises(DataError, match="no open account"):
        links.make("duty_officer")


# --- taking one back --------------------------------------------------------------------------------------------------


async def made(world, user, plant="SP001"):
    """Token, code and identifier of a link that a member of the office makes on the plant's page."""
    form = {"token": hidden((await user.get("/links")).text, "/logout")["token"]}
    shown = (await user.client.post(f"/list/plants/{plant}/link", data=form)).text
    token, code = re.search(r"/link/([\w.=-]+)", shown)[1], re.search(r'class="secret mono">(\d{8})<', shown)[1]
    return token, code, world.record.now("link")[-1]["stream"]


@pytest.fixture
def listed(world):
    """The list holds the plant that the test's orders go to."""
    from dataclasses import replace

    fallback = world.settings.lists.fallback
    first = next(one for one in fallback.enterprises if one.kind == "工业源")
    world.settings.lists.fallback = replace(
        fallback, enterprises=(replace(first, identifier="SP001", name="样例1厂"), *fallback.enterprises)
    )


async def test_one_link_is_taken_back_alone_and_whoever_came_in_by_it_is_out(world, listed):
    world.issue()
    duty = await world.user("duty_officer")
    token, code, name = await made(world, duty)
    other, others_code, _name = await made(world, duty)
    phone, _answer = await come(world, token, code)
    second, _answer = await come(world, other, others_code, address="198.51.100.8")
    assert (200, 200) == ((await phone.get("/my")).status_code, (await second.get("/my")).status_code)

    done = await duty.submit("/links", f"/links/{name}/revoke", reason="发错了号码")
    _phone, late = await come(world, token, code, address="198.51.100.9")

    assert "/links?done=revoked" == done.headers["location"]
    assert 401 == late.status_code
    assert (303, 200) == ((await phone.get(MINE)).status_code, (await second.get(MINE)).status_code)
    state = world.record.state("link", name)
    assert ("revoked", "duty_officer", "发错了号码") == (state.state.key, state.revoked_by, state.reason)
    assert 303 == (await world.browser("203.0.113.5").log_in("SP001")).status_code  # the password stands


async def test_the_record_says_who_made_it_and_when_the_plant_first_came_and_holds_neither_link_nor_code(world, listed):
    duty = await world.user("duty_officer")
    token, code, name = await made(world, duty)
    for _ in range(2):
        await come(world, token, code)
    kinds = [entry.event.kind for entry in world.record.history("link", name)]
    everything = str([(entry.event.data, entry.event.actor) for entry in world.record.history("link", name)])
    shown = (await duty.get("/links")).text

    assert ["made", "entered"] == kinds
    assert token not in everything and code not in everything
    assert "我生成的（1）" in shown and "样例1厂" in shown and token not in shown and code not in shown


async def test_a_colleague_may_take_it_back_with_a_reason_and_nobody_else_may(world, listed):
    duty, director = await world.user("duty_officer"), await world.user("office_director")
    _token, _code, name = await made(world, duty)
    without = await director.submit("/links", f"/links/{name}/revoke", reason=" ")
    inspector = await world.user("inspector")
    form = {"token": hidden((await inspector.get("/desk")).text, "/logout")["token"], "reason": "x"}

    assert 403 == (await inspector.client.post(f"/links/{name}/revoke", data=form)).status_code
    assert 400 == without.status_code
    assert "同事生成的（1）" in without.text
    assert "made" == world.record.state("link", name).state.key
    assert 303 == (await director.submit("/links", f"/links/{name}/revoke", reason="值班交接")).status_code
    again = await director.client.post(
        f"/links/{name}/revoke", data={**hidden((await director.get("/links")).text, "/logout"), "reason": "再来"}
    )
    assert 409 == again.status_code
    assert "已撤销" in again.text


async def test_a_plant_with_a_second_factor_that_came_by_the_link_is_out_as_well(world, listed):
    seconds = world.app.state.console.sessions.clock
    secret = Factors(world.record).begin("SP001")
    assert Factors(world.record).check("SP001", code_at(secret, seconds() - STEP), at=seconds())
    duty = await world.user("duty_officer")
    token, code, name = await made(world, duty)
    phone, asked = await come(world, token, code)
    late, asked_too = await come(world, token, code, address="198.51.100.8")
    given = {**hidden(asked.text, "/login/code"), "code": code_at(secret, seconds())}
    assert 303 == (await phone.client.post("/login/code", data=given)).status_code
    assert 200 == (await phone.get("/my")).status_code

    await duty.submit("/links", f"/links/{name}/revoke", reason="手机丢失")

    assert 303 == (await phone.get("/my")).status_code  # to the log-in
    given = {**hidden(asked_too.text, "/login/code"), "code": code_at(secret, seconds() + STEP)}
    assert (
        403 == (await late.client.post("/login/code", data=given)).status_code
    )  # came by the link, code still to give


async def test_a_second_factor_or_a_new_password_set_up_inside_does_not_outlive_the_link(world, listed):
    seconds = world.app.state.console.sessions.clock
    duty = await world.user("duty_officer")
    token, code, name = await made(world, duty)
    phone, _answer = await come(world, token, code)
    await phone.submit("/me", "/me/factor")
    secret = Factors(world.record).pending("SP001")
    done = await phone.submit("/me", "/me/factor/confirm", code=code_at(secret, seconds()))
    changed = await phone.submit("/me", "/me/password", old=PASSWORD, new="another-long-one", again="another-long-one")
    assert ("/me?done=factor", "/me?done=password") == (done.headers["location"], changed.headers["location"])
    assert 200 == (await phone.get("/my")).status_code

    await duty.submit("/links", f"/links/{name}/revoke", reason="手机丢失")

    assert 303 == (await phone.get("/my")).status_code
