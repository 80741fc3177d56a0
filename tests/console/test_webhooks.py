"""Webhooks out: another system subscribes, proves that it was us, and reads the rest from the API."""

import base64
import hashlib
import hmac
import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from sqlalchemy import insert
from typer.testing import CliRunner

from emergency.access_tokens import READ, Tokens
from emergency.record_schema import webhook as table
from emergency.webhooks import FIVE_DAYS, Hooks
from flows import hooks
from plans.errors import DataError, LantianError

from .conftest import NOW, build, hidden

pytestmark = pytest.mark.anyio


@pytest.fixture
def receiver():
    """Another system on this machine: keeps what it gets, answers what it is told to."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.server.got.append((headers, self.rfile.read(int(headers["content-length"]))))
            answers = self.server.answers
            self.send_response(answers.pop(0) if len(answers) > 1 else answers[0])
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_words):
            pass

    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    web.got, web.answers, web.address = [], [204], f"http://127.0.0.1:{web.server_port}/lantian"
    threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield web
    web.shutdown()
    web.server_close()


@pytest.fixture
def live(tmp_path):
    """An office at real work, with a concluded consultation."""
    world = build(tmp_path, drill=False)
    world.conclude()
    yield world
    world.record.engine.dispose()


def subscribe(world, receiver, **more):
    return Hooks(world.record).add(
        title="另一系统", address=receiver.address, own_network=True, now=world.clock(), **more
    )  # fmt: skip


def opened(hook, headers, body):
    """The event, once its signature holds; written from the specification, not from our sender."""
    key = base64.b64decode(hook.secret.removeprefix("whsec_"))
    signed = b".".join((headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert f"v1,{expected}" in headers["webhook-signature"].split(" ")
    return json.loads(body)


async def test_a_subscriber_proves_the_sender_and_reads_the_rest_from_the_api(live, receiver):
    hook = subscribe(live, receiver)
    live.issue()
    told = hooks.tell_all(live.record, now=live.clock())

    events = [opened(hook, headers, body) for headers, body in receiver.got]
    assert {hook.identifier: len(events)} == told
    (issued,) = [one["data"] for one in events if one["type"] == "warning.issued"]
    assert 3 == sum(one["type"].startswith("order.") for one in events)
    assert sorted(one["data"]["seq"] for one in events) == [one["data"]["seq"] for one in events]
    assert len(events) == len({headers["webhook-id"] for headers, _body in receiver.got})

    secret = Tokens(live.record).add(
        title="另一系统", account="duty_officer", scopes=[READ], expires_at=NOW + timedelta(days=1), now=NOW
    )[1]
    answer = await live.browser().client.get(issued["read"], headers={"authorization": f"Bearer {secret}"})
    assert ("issued", issued["version"]) == (answer.json()["state"], answer.json()["version"])


def test_what_was_before_and_what_was_not_asked_for_is_not_told(live, receiver):
    hook = subscribe(live, receiver, lives=["order"])
    live.issue()
    hooks.tell_all(live.record, now=live.clock())

    assert {"order"} == {opened(hook, *one)["data"]["life"] for one in receiver.got}
    assert 3 == len(receiver.got)


def test_a_changed_body_or_identifier_breaks_the_signature(live, receiver):
    hook = subscribe(live, receiver)
    live.draft()
    hooks.tell_all(live.record, now=live.clock())
    (headers, body), *_more = receiver.got

    for changed in (({**headers, "webhook-id": "msg_other"}, body), (headers, body.replace(b"drafted", b"lifted!"))):
        with pytest.raises(AssertionError):
            opened(hook, *changed)


def test_nothing_is_told_twice_and_an_outage_loses_nothing_and_keeps_the_order(live, receiver):
    hook = subscribe(live, receiver)
    live.draft()
    assert {hook.identifier: 1} == hooks.tell_all(live.record, now=live.clock())
    assert {hook.identifier: 0} == hooks.tell_all(live.record, now=live.clock())

    receiver.answers = [204, 503, 204]
    live.office.withdraw_warning("warning-001", reason="数据有误", by=live.actor("duty_officer"), now=live.clock())
    live.draft("warning-002")
    live.draft("warning-003")
    assert {hook.identifier: 1} == hooks.tell_all(live.record, now=live.clock())
    assert {} == hooks.tell_all(live.record, now=live.clock()), "not at once again"
    live.clock.forward(minutes=1)
    assert {hook.identifier: 2} == hooks.tell_all(live.record, now=live.clock())

    names = [opened(hook, *one)["data"]["identifier"] for one in receiver.got]
    assert ["warning-001", "warning-001", "warning-002", "warning-002", "warning-003"] == names
    assert receiver.got[2][0]["webhook-id"] == receiver.got[3][0]["webhook-id"], "the same message keeps its name"


def test_a_hook_that_is_gone_is_closed_and_one_that_fails_for_five_days_too(live, receiver):
    first = subscribe(live, receiver)
    live.draft()
    receiver.answers = [410]
    hooks.tell_all(live.record, now=live.clock())
    assert not Hooks(live.record).all()[0].active

    second = subscribe(live, receiver)
    receiver.answers = [500]
    live.draft("warning-002")
    waits = []
    while {one.identifier: one for one in Hooks(live.record).all()}[second.identifier].active:
        hooks.tell_all(live.record, now=live.clock())
        waits.append(live.clock())
        live.clock.forward(hours=6)
    assert FIVE_DAYS <= waits[-1] - waits[0] < FIVE_DAYS + timedelta(hours=7)
    assert {} == hooks.tell_all(live.record, now=live.clock())
    assert first.after == second.after - 1, "a new one begins where the log stands"


def test_one_that_is_down_keeps_no_other_waiting(live, receiver):
    down = Hooks(live.record).add(title="甲", address="http://127.0.0.1:9/", own_network=True, now=live.clock())
    up = subscribe(live, receiver)
    live.draft()

    assert {down.identifier: 0, up.identifier: 1} == hooks.tell_all(live.record, now=live.clock())


def test_a_drill_has_no_webhooks_and_tells_none_that_stands_in_its_tables(tmp_path, receiver):
    world = build(tmp_path)
    with pytest.raises(LantianError, match="drill"):
        subscribe(world, receiver)
    row = {
        "identifier": "planted", "title": "t", "address": receiver.address, "secret": "whsec_c2VjcmV0",
        "lives": "warning", "own_network": True, "after": 0, "failing_since": "", "failures": 0,
        "next_at": "2000-01-01T00:00:00+00:00", "said": "", "active": True,
    }  # fmt: skip
    with world.record.engine.begin() as connection:
        connection.execute(insert(table).values(row))
    world.conclude()
    world.issue()

    assert {} == hooks.tell_all(world.record, now=world.clock())
    assert [] == receiver.got
    world.record.engine.dispose()


def test_an_address_inside_the_house_is_not_called_unless_it_was_said_so(live, receiver):
    Hooks(live.record).add(title="乙", address=receiver.address, now=live.clock())
    live.draft()
    hooks.tell_all(live.record, now=live.clock())

    assert [] == receiver.got
    assert 1 == Hooks(live.record).all()[0].failures


def test_the_commands_register_try_list_and_close(tmp_path, receiver):
    from flows.commands.office import app as office
    from flows.commands.webhook import app

    (tmp_path / "stations.csv").write_text("code,name,lon,lat\nS1,一号站,112.9,28.2\n", encoding="utf-8")
    home = ("--home", str(tmp_path / "office"))

    def run(of, *words):
        done = CliRunner().invoke(of, [*words, *home])
        assert done.exception is None, done.exception
        return done.output

    run(office, "new", "--area", "sample", "--name", "样例市", "--plan", "sample", "--stations",
        str(tmp_path / "stations.csv"))  # fmt: skip
    said = run(app, "add", "平台", receiver.address, "--own-network")
    identifier = said.split("已登记 ")[1].split("（")[0]
    assert "whsec_" in said
    assert "对方已收到" in run(app, "ping", identifier)
    assert "ping" == json.loads(receiver.got[0][1])["type"]
    listed = run(app, "list")
    assert identifier in listed and "whsec_" not in listed
    run(app, "close", identifier)
    assert "停用" in run(app, "list")
    wrong = CliRunner().invoke(app, ["add", "平台", receiver.address, *home])
    assert isinstance(wrong.exception, DataError), "http, and inside the house"


# --- the administrator's page -----------------------------------------------------------------------------------------


async def test_the_page_shows_the_failing_one_first_with_its_next_try_and_hides_the_key_in_an_address(live, receiver):
    up = subscribe(live, receiver, lives=["warning"])
    Hooks(live.record).add(
        title="甲系统", address="http://127.0.0.1:9/in?key=geheim", own_network=True, now=live.clock()
    )  # fmt: skip
    live.draft()
    hooks.tell_all(live.record, now=live.clock())
    html = (await (await live.user("administrator")).get("/webhooks")).text

    assert html.index("甲系统") < html.index("另一系统")
    down, well = html.split('aria-labelledby="hook-')[1:]
    assert "未送达，正在重试" in down and "下次重试" in down and "自动停用" in down and "连不上对方" in down
    assert "geheim" not in html and "/in?…" in down and up.secret not in html
    assert "正常" in well and "对方已收到" in well and "1条，至第" in well


async def test_a_test_message_is_asked_for_on_the_page_and_sent_by_the_next_run(live, receiver):
    hook = subscribe(live, receiver)
    user = await live.user("administrator")
    answer = await user.submit("/webhooks", f"/webhooks/{hook.identifier}/ping")
    assert "/webhooks?done=hook_asked" == answer.headers["location"]
    assert [] == receiver.got, "the console itself sends nothing"

    hooks.tell_all(live.record, now=live.clock())
    hooks.tell_all(live.record, now=live.clock())
    assert ["ping"] == [opened(hook, *one)["type"] for one in receiver.got], "once"
    shown = (await user.get("/webhooks")).text
    assert "安排试发" in shown and "（administrator）" in shown and "对方已收到" in shown


async def test_a_paused_one_is_told_nothing_and_misses_nothing(live, receiver):
    hook = subscribe(live, receiver)
    user = await live.user("administrator")
    await user.submit("/webhooks", f"/webhooks/{hook.identifier}/pause")
    live.draft()
    assert {} == hooks.tell_all(live.record, now=live.clock())
    assert "已暂停" in (await user.get("/webhooks")).text

    await user.submit("/webhooks", f"/webhooks/{hook.identifier}/resume")
    assert {hook.identifier: 1} == hooks.tell_all(live.record, now=live.clock())
    kinds = [one.kind for one in Hooks(live.record).notes(hook.identifier)]
    assert ["told", "resumed", "paused"] == kinds
    assert {"administrator", ""} == {one.by_whom for one in Hooks(live.record).notes(hook.identifier)}


async def test_only_the_administrator_sees_them_and_a_closed_one_cannot_be_asked(live, receiver):
    hook = subscribe(live, receiver)
    assert 403 == (await (await live.user("office_director")).get("/webhooks")).status_code
    user = await live.user("administrator")
    form = hidden((await user.get("/webhooks")).text, f"/webhooks/{hook.identifier}/ping")
    Hooks(live.record).close(hook.identifier)

    for act in ("ping", "pause", "resume"):
        assert 404 == (await user.client.post(f"/webhooks/{hook.identifier}/{act}", data=form)).status_code
    assert "已停用" in (await user.get("/webhooks")).text
