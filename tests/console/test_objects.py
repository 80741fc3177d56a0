"""Whose things are whose: every act of every role on real things, between two plants, and between two cities."""

from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from console.access import ACCESS, PLANT
from console.app import create_app
from console.links import Links
from emergency.access_tokens import READ, Tokens
from emergency.compliance import Finding, Verdict
from emergency.vocabulary import Level, Role

from .conftest import NOW, PASSWORD, PLANTS, build, hidden
from .test_link import come

pytestmark = pytest.mark.anyio
ORDER = "response-beijing-20151205.0.SP001"
THEIRS = ORDER.replace("SP001", "SP002")
STAFF = [role for role in Role if role not in (Role.ENTERPRISE, Role.DEPARTMENT, Role.SYSTEM)]
WHO = [*(role.key for role in STAFF), PLANTS[0]]
FREE = ("/login", "/login/code", "/logout", "/language", "/link/{name}")
"""Doors that ask for no role."""


def real(world) -> dict[str, str]:
    """A thing that exists for every address with a place in it."""
    world.conclude()
    world.issue()
    world.propose("c2")
    world.clock.forward(hours=30)
    world.office.record_finding(ORDER, Finding(Verdict.SILENT, 0.5, None, "未签收"), now=world.clock())
    links = Links(world.settings.secret_key, world.directory, clock=world.app.state.console.sessions.clock)
    token, _code = links.make("SP001")
    made = links.read(token)[0]
    world.office.make_link(
        made.identifier, enterprise="SP001", enterprise_name="样例1厂", account="SP001",
        ends_at=NOW + timedelta(days=2), by=world.actor("duty_officer"), now=world.clock(),
    )  # fmt: skip
    return {
        "/consultations/": "c2", "/warnings/": "warning-001", "/orders/": ORDER, "/inspections/": ORDER, "/my/": ORDER,
        "/problems/": f"problem-{ORDER}", "/links/": made.identifier, "/accounts/": "expert",
        "/list/plants/": "sample-002",
    }  # fmt: skip


def path_of(template, things):
    thing = next((name for begin, name in things.items() if template.startswith(begin)), "x")
    return template.replace("{identifier}", thing).replace("{digest}", "0" * 64).replace("{name}", "x")


def role_of(who):
    return Role.ENTERPRISE if who in PLANTS else Role.of(who)


@pytest.mark.parametrize("who", WHO)
async def test_no_act_on_a_real_thing_is_done_by_a_role_whose_door_it_is_not(world, who):
    things, user = real(world), await world.user(who)
    token = hidden((await user.get("/my" if who in PLANTS else "/desk")).text, "/logout")["token"]
    head, wrong, tried = world.record.head(), [], 0
    for (method, template), roles in sorted(ACCESS.items()):
        if method != "POST" or template in FREE or roles is None or role_of(who) in roles:
            continue
        tried += 1
        fields = {"token": token, "reason": "x", "signer": "x", "report": "x", "view": "x", "note": "x", "seen": "1"}
        answer = await user.client.post(path_of(template, things), data=fields)
        if answer.status_code != 403 or world.record.head() != head:
            wrong.append((template, answer.status_code))
            head = world.record.head()
    assert [] == wrong
    assert tried >= 15
    assert (await world.browser("203.0.113.1").log_in("expert")).status_code == 303, "its account was not touched"


@pytest.mark.parametrize("who", [role.key for role in STAFF])
@pytest.mark.parametrize("level", ["yellow", "red"])
async def test_a_warning_is_signed_by_whom_the_plan_names_and_by_nobody_else(world, who, level):
    world.conclude()
    world.draft(level=level)
    authority = world.office.desk.authority[Level.of(level)]
    user = await world.user(who)
    path = "/warnings/warning-001/approve"
    token = hidden((await user.get("/warnings/warning-001")).text, "/logout")["token"]
    head = world.record.head()

    answer = await user.client.post(path, data={"token": token, "seen": "1"})

    named = who in {*authority.roles, *authority.deputies}
    assert (303 if named else 409) == answer.status_code
    assert named == (world.record.head() != head)
    assert named == bool(world.record.state("warning", "warning-001").signatures)


async def test_every_act_and_page_of_a_plant_on_the_order_of_another_is_as_if_there_were_none(world):
    real(world)
    world.directory.add_account(
        "bureau", PASSWORD, title="成员单位", role=Role.DEPARTMENT, enterprise="department-traffic"
    )
    for who in ("SP001", "bureau"):
        user = await world.user(who)
        token = hidden((await user.get("/my")).text, "/logout")["token"]
        head, seen = world.record.head(), []
        for (method, template), roles in sorted(ACCESS.items()):
            if roles is None or not roles & PLANT or "{identifier}" not in template:
                continue
            path = template.replace("{identifier}", THEIRS)
            fields = {"token": token, "signer": "x", "report": "x", "text": "x", "kind": "question", "reason": "x"}
            answer = await (user.get(path) if method == "GET" else user.client.post(path, data=fields))
            seen.append((template, answer.status_code))
        assert [(template, 404) for template, _status in seen] == seen
        assert len(seen) >= 9
        assert head == world.record.head()


@pytest.fixture
def cities(tmp_path):
    """Two offices on one machine that were even given the same key by mistake; the second is another city's."""
    first, second = build(tmp_path / "one"), build(tmp_path / "two")
    second.office.desk = replace(second.office.desk, area="xiangyang", area_name="襄阳市")
    second.settings = replace(second.settings, area="xiangyang")
    second.app = create_app(second.settings)
    yield first, second
    first.record.engine.dispose()
    second.record.engine.dispose()


@pytest.fixture(autouse=True)
def folders(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()


@pytest.mark.parametrize("who", ["duty_officer", "mayor", "administrator", "SP001"])
async def test_who_is_logged_in_at_one_city_is_a_stranger_at_the_other(cities, who):
    first, second = cities
    second.issue()
    at_home, abroad = await first.user(who), second.browser()
    abroad.client.cookies = at_home.client.cookies
    assert 200 == (await at_home.get("/me")).status_code
    wrong = []
    for method, template in sorted(ACCESS):
        if method == "GET" and ACCESS[method, template] is not None:
            answer = await abroad.get(path_of(template, {"/orders/": ORDER, "/warnings/": "warning-001"}))
            if not (answer.status_code == 401 or answer.headers.get("location", "").startswith("/login")):
                wrong.append((template, answer.status_code))
    assert [] == wrong


async def test_neither_link_nor_token_of_one_city_opens_the_other_and_its_things_are_not_there(cities):
    first, second = cities
    first.issue()
    links = Links(first.settings.secret_key, first.directory, clock=first.app.state.console.sessions.clock)
    link, code = links.make("SP001")
    secret = Tokens(first.record).add(
        title="t", account="duty_officer", scopes=(READ,), expires_at=NOW + timedelta(days=1), now=NOW
    )[1]

    _phone, answer = await come(second, link, code)
    asked = await second.browser().get("/api/v1/status", headers={"authorization": f"Bearer {secret}"})
    duty = await second.user("duty_officer")

    assert (401, 401) == (answer.status_code, asked.status_code)
    for path in (f"/orders/{ORDER}", "/warnings/warning-001", f"/orders/{ORDER}/document", f"/inspections/{ORDER}"):
        assert 404 == (await duty.get(path)).status_code, path
    assert isinstance(asked, httpx.Response) and "beijing" not in asked.text
