"""The way in by a signed link and a code: one plant, for a time, and nothing else."""

import re
from datetime import timedelta

import pytest

from console.links import Links

from .conftest import hidden

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
