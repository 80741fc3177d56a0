"""Ways out of the house: signed, guarded against addresses inside, and closed to every drill."""

import csv
import hashlib
import io
import json
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from emergency.outward import checked
from flows.channels.apprise_channel import AppriseChannel
from flows.channels.webhook import Webhook, signature
from plans.errors import DataError

NOW = datetime(2015, 12, 7, 23, tzinfo=UTC)
SECRET = "whsec_plJ3nmyCDGBKInavdOK15jsl"
MESSAGE = {
    "key": "w1.issued.public",
    "audience": "public",
    "recipient": "public",
    "subject": "黄色预警",
    "body": "静稳",
}


@pytest.fixture
def server():
    """A real HTTP server on this machine that keeps what it gets and answers what it is told to."""
    got = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            got.append((dict(self.headers), self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(self.server.answer)
            if self.server.answer == 302:
                self.send_header("location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_args):
            pass

    made = HTTPServer(("127.0.0.1", 0), Handler)
    made.answer, made.got = 200, got
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()


def hook(**settings):
    return Webhook(secret=SECRET, clock=lambda: NOW, **settings)


def send(server, *, drill=False, own_network=True):
    address = f"http://127.0.0.1:{server.server_port}/hook"
    return hook(own_network=own_network).send({**MESSAGE, "drill": drill}, address=address)


def test_the_signature_is_that_of_the_published_example():
    """Standard Webhooks specification, "Verifying signatures"."""
    body = b'{"event_type":"ping","data":{"success":true}}'

    made = signature(SECRET, identifier="msg_loFOjxBNrRLzqYUf", timestamp=1731705121, body=body)
    assert "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=" == made


def test_a_message_arrives_signed_with_its_key_as_identifier(server):
    assert "handed" == send(server).result

    ((headers, body),) = server.got
    headers = {name.lower(): value for name, value in headers.items()}
    assert "静稳" == json.loads(body)["body"]
    identifier, timestamp = headers["webhook-id"], int(headers["webhook-timestamp"])
    assert "msg_" + hashlib.sha256(MESSAGE["key"].encode()).hexdigest() == identifier
    assert headers["webhook-signature"] == signature(SECRET, identifier=identifier, timestamp=timestamp, body=body)


@pytest.mark.parametrize(
    ("answer", "result"), [(204, "handed"), (500, "failed"), (503, "failed"), (429, "failed"), (404, "refused")]
)
def test_an_outage_is_tried_again_and_a_refusal_is_not(server, answer, result):
    server.answer = answer

    assert result == send(server).result


def test_a_redirect_is_not_followed(server):
    server.answer = 302

    assert "refused" == send(server).result
    assert 1 == len(server.got)


def test_nobody_there_is_a_failure_that_is_tried_again(server):
    server.shutdown()
    server.server_close()

    assert "failed" == send(server).result


def test_a_drill_reaches_no_outside_channel(server):
    assert "refused" == send(server, drill=True).result
    assert [] == server.got
    assert "refused" == AppriseChannel().send({**MESSAGE, "drill": True}, address="mailto://a@b.example").result


def test_without_leave_nothing_inside_the_house_is_called(server):
    assert "refused" == send(server, own_network=False).result
    assert [] == server.got


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "64:ff9b::7f00:1"])
def test_one_address_inside_the_house_among_those_of_a_host_is_enough_to_refuse(address):
    with pytest.raises(DataError, match="private network"):
        checked("https://hook.example/x", resolve=lambda _host, _port: ["8.8.8.8", address])


def test_our_own_gateway_may_be_inside_but_never_where_a_cloud_keeps_its_keys():
    assert (
        "http://10.1.2.3:80/x"
        == checked("http://sms.example/x", own_network=True, resolve=lambda _host, _port: ["10.1.2.3"]).url
    )
    with pytest.raises(DataError, match="private network"):
        checked("http://sms.example/x", own_network=True, resolve=lambda _host, _port: ["169.254.169.254"])


def test_the_connection_goes_to_the_address_that_was_looked_at():
    answers = iter([["8.8.8.8"], ["127.0.0.1"]])

    target = checked("https://hook.example/x?y=1", resolve=lambda _host, _port: next(answers))
    assert ("https://8.8.8.8:443/x?y=1", "hook.example") == (target.url, target.host)


@pytest.mark.parametrize("url", ["http://hook.example/", "ftp://a.example", "https://u:p@a.example/", "https:///x", ""])
def test_other_schemes_and_passwords_are_refused(url):
    with pytest.raises(DataError, match="cannot be used"):
        checked(url, resolve=lambda _host, _port: ["8.8.8.8"])


@pytest.mark.parametrize("address", ["file:///etc/passwd", "exec://x", "nonsense", "syslog://"])
def test_the_library_is_only_used_for_mail_and_robots(address):
    assert "refused" == AppriseChannel().send({**MESSAGE, "drill": False}, address=address).result


def test_a_secret_that_cannot_sign_is_found_at_once():
    with pytest.raises(DataError, match="secret"):
        Webhook(secret="whsec_???", clock=lambda: NOW)


def test_the_call_list_names_who_has_not_signed_with_room_for_the_pen(tmp_path):
    from datetime import timedelta

    from emergency.lifecycle import Actor
    from emergency.office import Desk, Instruction, Office
    from emergency.record import Record
    from emergency.vocabulary import Level, Role
    from emergency.warning import Authority, Draft
    from flows.channels.call_list import COLUMNS, call_list

    hour = timedelta(hours=1)
    authority = {Level.YELLOW: Authority(("mayor",))}
    desk = Desk("city", "样例市", authority, (), hour, 24 * hour, 48 * hour, 36, "r" * 64)
    office = Office(Record.open(tmp_path / "record.db", drill=True), desk)
    mayor = Actor("mayor", Role.MAYOR)
    draft = Draft("yellow", "样例市", NOW + hour, NOW + 72 * hour, "静稳", "", "c", True)
    officer = Actor("duty", Role.DUTY_OFFICER)
    office.draft_warning("w1", episode="e", content=draft, by=officer, now=NOW)
    office.approve_warning("w1", by=mayor, now=NOW)
    listing = [Instruction(name, name, ({"text": "黄"},), voluntary=False) for name in ("甲厂", "=乙厂", "丙厂")]
    office.issue_warning("w1", instructions=listing, list_digest="d", by=officer, now=NOW)
    office.acknowledge_order("response-e.0.甲厂", signer="厂长（电话）", by=officer, now=NOW)

    text = call_list(office, phone_of=lambda name: None if name == "丙厂" else "0000", now=NOW + 2 * hour)
    title, columns, *rows = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    assert title[0].startswith("【演练】")
    assert list(COLUMNS) == columns
    assert [("丙厂", "未登记"), ("'=乙厂", "0000")] == sorted(((row[1], row[2]) for row in rows), reverse=True)
    entry = office.record.history("order", "response-e.0.甲厂")[-1].event
    assert ("acknowledged", "duty", "厂长（电话）") == (entry.kind, entry.actor, entry.data["signer"])
    office.record.engine.dispose()
