"""One request against a server that does everything wrong: the body comes whole, or one sentence says why not."""

import gzip
import zlib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from flows.sources.web import fetch
from flows.sources.web_rules import Unavailable, Validators, retry_after
from forecast.source_store import SourceStore
from plans.errors import SourceError

from .conftest import dripping, hanging, hung_up, plain, policy, tls_server, truncated

GOOD = {"ok": [1, 2, 3]}


def ask(server, path="/data", method="GET", rules=None, **more):
    return fetch(method, server.url + path, source="test", policy=rules or policy(), **more)


def test_a_good_answer_comes_whole_and_once(server):
    server.says("/data", plain(GOOD))
    answer = ask(server)

    assert (GOOD, 200, 1) == (answer.json(), answer.status, answer.tries)
    assert 1 == len(server.asked)


def test_a_packed_answer_is_unpacked(server):
    server.says("/data", plain(GOOD, packed=True))

    assert GOOD == ask(server).json()


def test_a_form_and_parameters_arrive_as_they_were_given(server):
    server.says("/data", plain(GOOD))
    ask(server, method="POST", form={"date": "2024-02-29 08:00:00"}, params={"cityName": "北京市"})
    command, path, headers, body, _at = server.asked[0]

    assert ("POST", "date=2024-02-29+08%3A00%3A00") == (command, body)
    assert "cityName=%E5%8C%97" in path
    assert headers["Host"].startswith("127.0.0.1:")


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (truncated(b'{"a": "' + b"x" * 5000 + b'"}'), "cut off"),
        (truncated(bytes(range(256)) * 40, packed=True), "cut off.*gzip"),
        (plain(b"\x1f\x8bnonsense", Content_Encoding="gzip"), "damaged"),
        (plain("<!DOCTYPE html><html>系统维护</html>", kind="text/html"), "web page instead of data"),
        (plain("<html>busy</html>", kind="application/json"), "web page instead of data"),
        (plain(b""), "empty"),
        (plain({}, status=503), "refuses for now.*503"),
        (plain({}, status=500), "refuses for now.*500"),
        (hung_up, "cut off|cannot be reached"),
    ],
    ids=["truncated", "truncated gzip", "damaged gzip", "page with 200", "page as json", "empty",
         "503", "500", "hangs up"],
)  # fmt: skip
def test_what_may_pass_is_unavailable_and_says_what_happened(server, fault, sentence):
    server.says("/data", fault)

    with pytest.raises(Unavailable, match=sentence):
        ask(server, rules=policy(tries=1))


@pytest.mark.parametrize(
    ("fault", "limits", "sentence"),
    [
        (hanging(3), {"read_seconds": 0.5}, "too slow"),
        (dripping(b"[" + b"1," * 200 + b"1]", pause=0.1), {"total_seconds": 1.0}, "too slow.*not done in 1 s"),
    ],
    ids=["hangs", "drips"],
)
def test_a_source_that_is_too_slow_is_not_waited_for(server, fault, limits, sentence):
    server.says("/data", fault)

    with pytest.raises(Unavailable, match=sentence):
        ask(server, rules=policy(tries=1, **limits))


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (plain("a,b\n1,2", kind="text/csv"), "wrong content type.*expected application/json, found text/csv"),
        (plain({}, status=404), "refuses.*404"),
        (plain({}, status=401), "Check the key"),
        (plain({}, Content_Encoding="br"), "packing is not known"),
    ],
)
def test_what_will_not_pass_is_said_at_once_without_trying_again(server, fault, sentence):
    server.says("/data", fault)

    with pytest.raises(SourceError, match=sentence) as caught:
        ask(server)
    assert not isinstance(caught.value, Unavailable)
    assert 1 == len(server.asked)


def test_json_that_is_cut_or_nested_without_end_is_one_sentence(server):
    server.says("/data", plain('{"a": [1, 2'), plain("[" * 100_000))

    for _ in range(2):
        with pytest.raises(SourceError, match="not JSON"):
            ask(server).json()


def test_a_bomb_is_stopped_while_it_unpacks(server):
    """50 MB of zeros in 50 kB."""
    server.says("/data", plain(gzip.compress(b"0" * 50_000_000), Content_Encoding="gzip"))

    with pytest.raises(SourceError, match=r"too large.*at most 1000000 bytes"):
        ask(server, rules=policy(most_bytes=1_000_000))


def test_a_body_longer_than_allowed_is_not_read_to_its_end(server):
    server.says("/data", plain(b"[" + b"1," * 2_000_000 + b"1]"))

    with pytest.raises(SourceError, match="too large"):
        ask(server, rules=policy(most_bytes=100_000))


def test_a_fault_that_passes_is_survived(server):
    server.says("/data", hung_up, plain({}, status=502), plain(GOOD))
    answer = ask(server)

    assert (GOOD, 3) == (answer.json(), answer.tries)


def test_retry_after_in_seconds_is_honoured(server):
    server.says("/data", plain({}, status=429, Retry_After="1"), plain(GOOD))
    answer = ask(server)

    assert GOOD == answer.json()
    assert server.asked[1][4] - server.asked[0][4] >= 1.0


def test_retry_after_as_a_date_is_honoured(server):
    later = datetime.now(UTC) + timedelta(seconds=2)
    server.says("/data", plain({}, status=503, Retry_After=format_datetime(later, usegmt=True)), plain(GOOD))
    ask(server, rules=policy(longest_wait=5))

    assert server.asked[1][4] - server.asked[0][4] >= 0.9


def test_a_long_pause_is_not_waited_for_but_told_to_the_scheduler(server):
    server.says("/data", plain({}, status=429, Retry_After="3600"))
    before = datetime.now(UTC)

    with pytest.raises(Unavailable, match="asked to be called again at") as caught:
        ask(server)
    assert timedelta(minutes=59) < caught.value.retry_at - before < timedelta(minutes=61)
    assert 1 == len(server.asked)


@pytest.mark.parametrize("text", [None, "soon", "", "-5", "12345678901234567890"])
def test_an_odd_retry_after_never_makes_us_wait_for_ever(text):
    now = datetime(2026, 1, 1, tzinfo=UTC)
    found = retry_after(text, now=now)

    assert found is None or found - now <= timedelta(days=1)


def test_a_redirect_to_another_host_is_refused_and_the_other_host_is_never_asked(server):
    server.says("/data", plain("", status=302, Location="http://localhost:9/steal"))

    with pytest.raises(SourceError, match=r"sends us elsewhere; refused.*found http://localhost"):
        ask(server)


@pytest.mark.parametrize("target", ["//169.254.169.254/latest", "https://127.0.0.1/x", "http://127.0.0.1:1/x"])
def test_a_redirect_to_another_scheme_port_or_the_metadata_address_is_refused(server, target):
    server.says("/data", plain("", status=301, Location=target))

    with pytest.raises(SourceError, match="elsewhere; refused"):
        ask(server)


def test_a_redirect_on_the_same_host_is_followed_and_a_circle_is_not(server):
    server.says("/data", plain("", status=302, Location="/new"))
    server.says("/new", plain(GOOD))
    assert GOOD == ask(server).json()

    server.says("/new", plain("", status=302, Location="/data"))
    with pytest.raises(SourceError, match="in a circle"):
        ask(server)


def test_only_configured_hosts_and_schemes_are_called(server):
    for url, rules, sentence in (
        ("http://example.org/x", policy(), "host is not configured"),
        (server.url + "/data", policy(plain_http=False), "expected https"),
        ("file:///etc/passwd", policy(), "address is refused"),
        ("http://user:secret@127.0.0.1/x", policy(), "address is refused"),
    ):
        with pytest.raises(SourceError, match=sentence):
            fetch("GET", url, source="test", policy=rules)
    assert [] == server.asked


def test_a_name_that_leads_into_a_private_network_is_refused_unless_it_is_ours(server):
    with pytest.raises(SourceError, match=r"private network; refused.*127.0.0.1"):
        ask(server, rules=policy(own_network=False))
    assert [] == server.asked


def test_a_certificate_nobody_vouches_for_is_refused_and_ours_is_taken(tmp_path):
    with tls_server(tmp_path) as (server, pem):
        server.says("/data", plain(GOOD))
        with pytest.raises(SourceError, match=r"certificate is not valid.*self-signed"):
            ask(server, rules=policy(plain_http=False))
        assert [] == server.asked
        assert GOOD == ask(server, rules=policy(plain_http=False, ca_file=str(pem))).json()


def test_a_certificate_for_another_name_or_past_its_day_is_refused(tmp_path):
    for what, sentence in (({"name": "other.example"}, "not valid"), ({"days": -1}, r"not valid.*expired")):
        with tls_server(tmp_path, **what) as (server, pem), pytest.raises(SourceError, match=sentence):
            ask(server, rules=policy(plain_http=False, ca_file=str(pem)))


def test_plain_http_on_a_tls_port_and_the_reverse_are_one_sentence(tmp_path, server):
    with tls_server(tmp_path) as (secure, _pem), pytest.raises(SourceError):
        fetch("GET", secure.url.replace("https", "http"), source="test", policy=policy(tries=1))
    with pytest.raises(SourceError):
        fetch("GET", server.url.replace("http", "https"), source="test", policy=policy(tries=1))


def test_nobody_at_the_address_is_one_sentence():
    with pytest.raises(Unavailable, match="cannot be reached"):
        fetch("GET", "http://127.0.0.1:9/x", source="test", policy=policy(tries=2))


def test_a_name_nobody_knows_is_one_sentence():
    rules = policy(hosts=frozenset({"no-such-host.invalid"}), tries=1)

    with pytest.raises(Unavailable, match=r"cannot be looked up.*is there a network here"):
        fetch("GET", "http://no-such-host.invalid/x", source="test", policy=rules)


def test_what_we_hold_is_asked_for_conditionally(server):
    server.says("/data", plain("", status=304))
    answer = ask(server, known=Validators('"v1"', "Wed, 21 Oct 2026 07:28:00 GMT"))

    assert answer.unchanged
    assert ('"v1"', "Wed, 21 Oct 2026 07:28:00 GMT") == (
        server.asked[0][2]["If-None-Match"],
        server.asked[0][2]["If-Modified-Since"],
    )


def test_a_304_nobody_asked_for_is_an_error(server):
    server.says("/data", plain("", status=304))

    with pytest.raises(SourceError, match="refuses"):
        ask(server)


def test_the_rate_is_kept_over_all_processes_that_share_the_store(server, tmp_path):
    """Two stores of one database, as two processes have: six requests 0.15 s apart take at least 0.75 s."""
    from concurrent.futures import ThreadPoolExecutor

    server.says("/data", plain(GOOD))
    stores = [SourceStore.open(tmp_path / "archive.db") for _ in range(2)]
    ask(server)  # what a first request loads takes its time, and that is not the rate
    server.asked.clear()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda n: ask(server, rules=policy(spacing=0.15), gate=stores[n % 2]), range(6)))
    times = sorted(asked[4] for asked in server.asked)

    assert times[-1] - times[0] >= 0.7


def test_a_source_that_asked_for_a_pause_is_not_called_by_the_next_process_either(server, tmp_path):
    store = SourceStore.open(tmp_path / "archive.db")
    store.pause("test", until=datetime.now(UTC) + timedelta(hours=1))

    with pytest.raises(Unavailable, match="asked for a pause"):
        ask(server, gate=store)
    assert [] == server.asked


def test_the_store_of_sources_tells_success_and_failure(tmp_path):
    store, now = SourceStore.open(tmp_path / "archive.db"), datetime(2026, 1, 1, tzinfo=UTC)
    store.failed("a", now=now, error="away")
    store.failed("a", now=now + timedelta(hours=1), error="still away")
    assert (2, "still away", None) == (
        store.states()[0].failures,
        store.states()[0].error,
        store.states()[0].succeeded_at,
    )

    store.succeeded("a", now=now + timedelta(hours=2), valid_until=now)
    store.succeeded("a", now=now + timedelta(hours=3), valid_until=now - timedelta(hours=5))
    (state,) = store.states()
    assert (0, "", now, now + timedelta(hours=3)) == (
        state.failures,
        state.error,
        state.valid_until,
        state.succeeded_at,
    )


def test_zlib_streams_are_what_the_bomb_test_thinks_they_are():
    assert len(gzip.compress(b"0" * 50_000_000)) < 60_000
    assert zlib.decompressobj(31).decompress(gzip.compress(b"abc")) == b"abc"
