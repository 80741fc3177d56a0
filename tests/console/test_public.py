"""What everybody may see: only what was approved and signed, never a drill, served from memory."""

import json
from datetime import timedelta
from xml.etree import ElementTree as ET

import httpx
import pytest

from console.public.front import PublicFront
from console.public.snapshot import File
from emergency.warning import Draft

from .conftest import NOW, build

pytestmark = pytest.mark.anyio


@pytest.fixture
def live(tmp_path):
    world = build(tmp_path, drill=False)
    yield world
    world.record.engine.dispose()


async def data(world):
    answer = await world.browser().get("/public/data.json")
    assert 200 == answer.status_code, answer.text
    return json.loads(answer.text)


async def test_anybody_may_look_and_nobody_may_write(live):
    browser = live.browser()
    assert 200 == (await browser.get("/public")).status_code
    for method in ("POST", "PUT", "DELETE"):
        assert 405 == (await browser.client.request(method, "/public", content=b"x")).status_code
    assert 404 == (await browser.get("/public/record.db")).status_code


async def test_a_drill_is_not_public_at_all(world):
    world.conclude()
    world.issue()
    for path in ("/public", "/public/en", "/public/feed.atom", "/public/data.json"):
        answer = await world.browser().get(path)
        assert 404 == answer.status_code, path
        assert "黄色" not in answer.text


async def test_staff_see_the_drills_page_marked_as_such(world):
    world.conclude()
    world.issue()
    user = await world.user("duty_officer")
    html = (await user.get("/preview")).text

    assert "仅供内部预览" in html and "黄色预警" in html
    assert 200 == (await user.get("/preview/feed.atom")).status_code
    assert 404 == (await user.get("/preview/nothing")).status_code


async def test_a_draft_and_an_approval_show_nothing_and_an_issue_does(live):
    live.conclude()
    live.draft()
    assert [] == (await data(live))["warnings"]
    for role in live.office.desk.authority[live_level()].roles:
        live.office.approve_warning("warning-001", by=live.actor(role), now=live.clock())
    again(live)
    assert [] == (await data(live))["warnings"]
    live.office.issue_warning(
        "warning-001", instructions=[], list_digest="", by=live.actor("duty_officer"), now=live.clock()
    )
    again(live)
    (shown,) = (await data(live))["warnings"]

    assert ("yellow", "静稳高湿") == (shown["level"], shown["reason"])
    feed = ET.fromstring((await live.browser().get("/public/feed.atom")).text)
    (link,) = feed.findall("{*}entry/{*}link")
    message = await live.browser().get(link.attrib["href"])
    assert 200 == message.status_code and "<status>Actual</status>" in message.text


async def test_a_temporary_control_in_force_is_not_for_the_public(live):
    control = Draft(
        level="none", area="北京市", starts_at=NOW + timedelta(hours=1), expected_end=NOW + timedelta(hours=30),
        reason="接近中度污染", text="", consultation="", criterion_met=True, kind="control", measures=("工地洒水",),
    )  # fmt: skip
    by = live.actor
    live.office.draft_warning("warning-001", episode="e", content=control, by=by("duty_officer"), now=NOW)
    live.office.approve_warning("warning-001", by=by("office_director"), now=NOW)
    live.office.issue_warning("warning-001", instructions=(), list_digest="d" * 64, by=by("duty_officer"), now=NOW)

    assert [] == (await data(live))["warnings"]
    for path in ("/public", "/public/en", "/public/feed.atom"):
        assert "接近中度污染" not in (await live.browser().get(path)).text


async def test_the_models_outlook_is_never_public_and_the_signed_one_is(live):
    live.propose()
    assert [] == (await data(live))["days"]
    live.conclude("c2", aqi=170)
    again(live)
    days = (await data(live))["days"]

    assert {(155, 185)} == {(day["aqi_from"], day["aqi_to"]) for day in days}


async def test_the_english_page_has_an_address_of_its_own_and_says_the_same(live):
    live.conclude()
    live.issue()
    answer = await live.browser().get("/public/en", headers={"accept-language": "zh"})
    chinese = await live.browser().get("/public", headers={"accept-language": "en", "cookie": "lantian-language=en"})

    assert 'lang="en"' in answer.text and "Yellow warning of heavy air pollution" in answer.text
    assert 'href="/public"' in answer.text and 'href="/public/en"' in chinese.text
    assert "黄色预警" in chinese.text and "accept-encoding" == chinese.headers["vary"]


async def test_an_unchanged_page_is_not_sent_twice(live):
    first = await live.browser().get("/public")
    second = await live.browser().get("/public", headers={"if-none-match": first.headers["etag"]})

    assert (304, b"") == (second.status_code, second.content)
    assert "public, max-age=60" == first.headers["cache-control"]
    assert "default-src 'none'" in first.headers["content-security-policy"]


async def test_when_a_new_page_cannot_be_made_the_last_one_stands():
    answers = [{"/public": File(b"old", b"", "text/html", '"1"')}, OSError("disk")]

    def make():
        made = answers.pop(0) if answers else OSError("disk")
        if isinstance(made, Exception):
            raise made
        return made

    async def inside(scope, receive, send):
        raise AssertionError("the console itself was asked")

    front = PublicFront(inside, make=make, live=True, secure=False)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=front), base_url="http://t") as client:
        assert "old" == (await client.get("/public", headers={"accept-encoding": "identity"})).text
        front._made = float("-inf")
        assert "old" == (await client.get("/public", headers={"accept-encoding": "identity"})).text


def live_level():
    from emergency.vocabulary import Level

    return Level.YELLOW


def again(world):
    """Let the next request make the pages anew instead of waiting a minute."""
    app = world.app.middleware_stack
    while app is not None and not isinstance(app, PublicFront):
        app = getattr(app, "app", None)
    app._made = float("-inf")
