"""Which doors exist for whom: generated from the router, so that a new route without a rule fails here."""

import pytest
from fastapi.routing import iter_route_contexts
from starlette.routing import Mount

from console.access import ACCESS
from emergency.vocabulary import Role

from .conftest import PLANTS, hidden

pytestmark = pytest.mark.anyio

STAFF = [role for role in Role if role not in (Role.ENTERPRISE, Role.DEPARTMENT, Role.SYSTEM)]
WHO = [*(role.key for role in STAFF), PLANTS[0]]


def routes(app):
    return {(method, one.path) for one in iter_route_contexts(app.routes) for method in one.methods or ()}


def path_of(template: str) -> str:
    return template.replace("{identifier}", "x").replace("{digest}", "0" * 64).replace("{name}", "console.css")


def role_of(who: str) -> Role:
    return Role.ENTERPRISE if who in PLANTS else Role.of(who)


def test_every_route_of_the_router_stands_in_the_table_and_every_row_has_a_route(world):
    assert set(ACCESS) == routes(world.app)
    # the API is the one part with a door of its own (test_api.py)
    assert ["/api/v1"] == [one.path for one in world.app.routes if isinstance(one, Mount)]


async def test_a_route_outside_the_table_is_refused_even_to_the_administrator(world):
    @world.app.get("/forgotten")
    def forgotten():
        return "secret"

    user = await world.user("administrator")
    answer = await user.get("/forgotten")

    assert (403, False) == (answer.status_code, "secret" in answer.text)


@pytest.mark.parametrize("who", WHO)
async def test_each_role_passes_exactly_its_own_doors(world, who):
    """Objects do not exist here, so a door that opens answers 404 (or 400, 409), and one that does not, 403."""
    user = await world.user(who)
    page = await user.get("/my" if who in PLANTS else "/desk")
    token = hidden(page.text, "/logout")["token"]
    wrong = []
    for method, template in sorted(ACCESS):
        roles = ACCESS[method, template]
        if roles is None or template == "/logout":
            continue
        if method == "GET":
            answer = await user.client.get(path_of(template))
        else:
            answer = await user.client.post(path_of(template), data={"token": token})
        expected = role_of(who) in roles
        if (answer.status_code != 403) is not expected or answer.status_code >= 500:
            wrong.append((method, template, answer.status_code, "should open" if expected else "should stay shut"))
    assert wrong == []


async def test_nobody_gets_in_without_logging_in(world):
    browser, wrong = world.browser(), []
    for method, template in sorted(ACCESS):
        if ACCESS[method, template] is None:
            continue
        answer = await browser.client.request(method, path_of(template))
        to_login = answer.headers.get("location", "").startswith("/login?next=")
        if not (answer.status_code == 401 or (method == "GET" and answer.status_code == 303 and to_login)):
            wrong.append((method, template, answer.status_code))
    assert wrong == []


async def test_no_form_is_taken_without_its_token(world):
    user, wrong = await world.user("office_director"), []
    for method, template in sorted(ACCESS):
        if method != "POST" or template in ("/login", "/language"):  # the language is no act: it asks for no token
            continue
        for fields in ({}, {"token": "0" * 64}):
            answer = await user.client.post(path_of(template), data=fields)
            if answer.status_code != 403:
                wrong.append((template, fields, answer.status_code))
    assert wrong == []


async def test_the_token_of_one_session_does_not_serve_another(world):
    world.draft()
    first, second = await world.user("office_director"), await world.user("office_director")
    page = await first.get("/warnings/warning-001")
    fields = hidden(page.text, "/warnings/warning-001/approve")

    answer = await second.client.post("/warnings/warning-001/approve", data=fields)

    assert 403 == answer.status_code
    assert world.office.record.state("warning", "warning-001").state.key == "drafted"


async def test_a_plant_sees_only_its_own_orders(world):
    world.issue()
    user = await world.user("SP001")
    overview = await user.get("/my")
    mine, theirs = (f"/my/response-beijing-20151205.0.{code}" for code in ("SP001", "SP002"))

    assert "1号线停产" in overview.text
    assert "2号线停产" not in overview.text
    assert (200, 404) == ((await user.get(mine)).status_code, (await user.get(theirs)).status_code)
    token = hidden(overview.text, "/logout")["token"]
    for act in ("acknowledge", "execute"):
        answer = await user.client.post(f"{theirs}/{act}", data={"token": token, "signer": "厂长", "report": "已执行"})
        assert 404 == answer.status_code
    assert world.office.record.state("order", "response-beijing-20151205.0.SP002").state.key == "issued"
