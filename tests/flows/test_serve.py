"""`lantian serve`: one command opens the console, runs the flows, and after a SIGKILL makes good what was missed."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from emergency.directory import Directory, hasher
from emergency.vocabulary import Role
from flows import office_setup, prefect_server
from flows.post import open_post

from .sources.conftest import Server, plain

pytestmark = [pytest.mark.flow, pytest.mark.timeout(1200)]
TOWN = """
name: town
title: 样例微站
address: {url}/town.json
own_network: true
plain_http: true
seconds_between: 0
station: id
time: {{field: t}}
values: {{pm25: {{field: v, unit: ug/m3}}}}
"""
STATIONS = "code,name,lon,lat\nS1,一号站,112.9,28.2\nS2,二号站,112.95,28.25\n"
METERS = "enterprise,circuit,kind,start,kwh\nSP001,C1,生产,2026-11-20 08:00,120.5\n"
PASSWORD = "sample-password"


@pytest.fixture
def gateway():
    made = Server()
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    rows = [
        {"id": code, "t": (now - timedelta(hours=back)).isoformat(), "v": 30 + back}
        for back in range(60)
        for code in ("S1", "S2")
    ]
    made.says("/town.json", plain(rows))
    yield made
    made.close()


@pytest.fixture
def office(tmp_path, gateway):
    (tmp_path / "stations.csv").write_text(STATIONS, encoding="utf-8")
    home = tmp_path / "office"
    wanted = office_setup.Wanted("sample", "样例市", "sample", tmp_path / "stations.csv")
    office_setup.open_office(home, wanted, today=datetime.now(UTC).date())
    record = open_post(home).record
    Directory(record, passwords=hasher(cheap=True)).add_account(
        "duty", PASSWORD, title="值班员", role=Role.DUTY_OFFICER
    )
    (home / "micro").mkdir()
    (home / "micro" / "town.yaml").write_text(TOWN.format(url=gateway.url), encoding="utf-8")
    (home / "sources.yaml").write_text("mappings: [micro/town.yaml]\n", encoding="utf-8")
    return home


def start(home: Path, port: int) -> subprocess.Popen:
    code = "from console.cli import main; main()"
    words = ["serve", "--home", str(home), "--port", str(port)]
    return subprocess.Popen(
        [sys.executable, "-c", code, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def until(what, *, seconds=500.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if found := what():
                return found
        except (httpx.HTTPError, sqlite3.Error):
            pass
        time.sleep(0.2)
    raise AssertionError(f"not within {seconds:.0f} s: {what.__doc__ or what}")


def slots(home: Path) -> list[str]:
    with sqlite3.connect(home / "archive.db") as connection:
        return [row[0] for row in connection.execute("SELECT state FROM slot WHERE flow = 'pull:town'")]


def all_done(home: Path) -> bool:
    found = slots(home)
    return len(found) >= 47 and set(found) == {"done"}


def test_one_command_opens_the_console_pulls_and_makes_good_what_a_kill_cost(office, gateway):
    port = prefect_server.free_port()
    base, client = f"http://127.0.0.1:{port}", httpx.Client(trust_env=False)
    serving = start(office, port)
    try:
        until(lambda: client.get(f"{base}/health").status_code == 200)
        token = re.search(r'name="token" value="([0-9a-f]+)"', client.get(f"{base}/login").text)[1]
        entered = client.post(f"{base}/login", data={"account": "duty", "password": PASSWORD, "token": token})
        assert 303 == entered.status_code
        until(lambda: all_done(office))
        page = client.get(f"{base}/watch").text
        assert "值守提醒" in page and "town" in page
        pulled, count = len(gateway.asked), len(slots(office))
        assert pulled == count, "each logical time asked once, whatever was scheduled besides"

        second = start(office, port + 1)
        said, _nothing = second.communicate(timeout=300)
        assert 2 == second.returncode
        assert "Another lantian serve works in this folder" in said and str(serving.pid) in said

        os.kill(serving.pid, signal.SIGKILL)
        serving.wait()

        def gone():
            """the console of the killed one"""
            try:
                client.get(f"{base}/health")
            except httpx.ConnectError:
                return True
            return False

        until(gone)
        with sqlite3.connect(office / "archive.db") as connection:  # as if the last five hours had passed in between
            newest = "SELECT logical_time FROM slot WHERE flow = 'pull:town' ORDER BY logical_time DESC LIMIT 5"
            connection.execute(f"DELETE FROM slot WHERE flow = 'pull:town' AND logical_time IN ({newest})")
        drop = office / "drop" / "electricity"
        drop.mkdir(parents=True, exist_ok=True)
        (drop / "e.csv").write_text(METERS, encoding="utf-8")
        os.utime(drop / "e.csv", (0, 0))

        serving = start(office, port)
        until(lambda: all_done(office) and list(drop.glob("done/*e.csv")))
        until(lambda: client.get(f"{base}/desk", follow_redirects=True).status_code == 200)
        assert 5 == len(gateway.asked) - pulled - (len(slots(office)) - count), "the five that were missed, once each"
    finally:
        serving.terminate()
        serving.communicate(timeout=300)


def test_a_source_that_answers_nonsense_is_an_alert_and_never_ends_the_flow(office, gateway, monkeypatch):
    """The flow itself, without a server: pulls that fail, one look, one alert of each kind."""
    from flows import looking
    from flows.sources import web

    monkeypatch.setattr(web.random, "uniform", lambda low, _high: low)  # the shortest waits that may be drawn
    gateway.says("/town.json", plain("<html>busy</html>", kind="text/html"))
    for _ in range(2):
        with sqlite3.connect(office / "archive.db") as connection:
            if connection.execute("SELECT name FROM sqlite_master WHERE name = 'slot'").fetchone():
                connection.execute("UPDATE slot SET not_before = 0")
        looking.pull_due(office, "town")
    looking.watch_now(office)

    with sqlite3.connect(office / "archive.db") as connection:
        found = dict(connection.execute("SELECT kind, text FROM alert WHERE subject = 'town'").fetchall())
    assert "返回的是网页" in found["source_failing"]
    assert "从未有数据" in found["source_silent"]
