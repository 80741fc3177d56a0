"""Every page of the console with a red episode over 20,000 plants and three years of hourly air at twenty stations.

Server time is what the application needs to answer on the loopback, one request after another; weight is what travels,
compressed where the answer is. The public page is asked by many at once, by wrk where it is installed.
"""

from __future__ import annotations

import gzip
import json
import re
import shutil
import socket
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from benchmarks.speed.response import write
from console.access import ACCESS, STAFF
from console.app import create_app
from console.serve import open_record, settings_of
from emergency.directory import Directory
from emergency.instructions import instructions_of
from emergency.lifecycle import Actor
from emergency.office import Office
from emergency.record import Record
from emergency.vocabulary import BEIJING, Level, Role
from emergency.warning import Draft
from forecast import sample
from forecast.archive import Archive
from forecast.readers.station_list import Station
from plans.enterprise_csv import read_list

STATIONS, YEARS, TRIES = 20, 3, 25
FIRST = 1000
"""Milliseconds that even the first call of a page, with nothing kept yet, should stay below."""
NOW = datetime.now(BEIJING).replace(minute=30, second=0, microsecond=0)
PASSWORD = "bench-password"


def run() -> dict[str, Any]:
    """p50 and p95 of every page in ms, weights in kB, and the requests a second of the public page."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        begin = time.perf_counter()
        _office(home)
        made = round(time.perf_counter() - begin, 1)
        with _served(home) as (base, settings):
            pages = _pages(base, settings.office.record)
            public = _public(base)
    waits = {path: row["first ms"] for path, row in pages.items() if row["first ms"] > FIRST}
    slow = {path: row for path, row in pages.items() if row["p95 ms"] > (50 if path == "/desk/live" else 150)}
    return {
        "made in, s": made,
        "pages, target p95 150 ms (desk refresh 50 ms)": pages,
        "pages over the target": sorted(slow),
        f"first calls over {FIRST} ms, in ms": waits,
        "public page": public,
    }


def _office(home: Path) -> None:
    """A live office in the midst of a red response."""
    codes = [f"S{number:02d}" for number in range(STATIONS)]
    archive = Archive.open(home / "archive.db")
    archive.write_stations([Station(code, f"{code}号站", "样例市", 112.9, 28.2) for code in codes])
    end = NOW.replace(minute=0)
    air = sample.generate(seed=9, start=end - timedelta(days=365 * YEARS), end=end, stations=STATIONS)
    archive.write(air.assign_coords(station=codes), source="bench", delay=timedelta(minutes=20))
    archive.close()
    (home / "lists").mkdir()
    write(home / "lists" / "bench.csv")
    record = Record.open(home / "record.db", drill=False)
    note = {
        "area": "sample", "area_name": "样例市", "stations": codes, "mean_of": codes, "assume": {},
        "list": "lists/bench.csv", "delay_minutes": 20, "plan": "sample", "simulated_air": True,
        "notes": [],
    }  # fmt: skip
    record.note("console", json.dumps(note))
    for role in (Role.DUTY_OFFICER, Role.ADMINISTRATOR):
        Directory(record).add_account(role.key, PASSWORD, title=role.chinese, role=role)
    settings = _settings(home)
    office, listing = Office(record, settings.office.desk), read_list(home / "lists" / "bench.csv", city="bench")
    draft = Draft(
        "red", "样例市", NOW + timedelta(hours=1), NOW + timedelta(hours=90), "静稳", "请减少外出。", "c", True
    )
    office.draft_warning("warning-001", episode="e", content=draft, by=Actor("d", Role.DUTY_OFFICER), now=NOW)
    for role in office.desk.authority[Level.RED].roles:
        office.approve_warning("warning-001", by=Actor(role, Role.of(role)), now=NOW)
    office.issue_warning(
        "warning-001", instructions=instructions_of(listing, Level.RED), list_digest=listing.digest,
        by=Actor("d", Role.DUTY_OFFICER), now=NOW,
    )  # fmt: skip
    record.engine.dispose()


def _settings(home: Path) -> Any:
    return settings_of(
        open_record(str(home / "record.db")), archive=str(home / "archive.db"), secret=b"b" * 48, secure_cookie=False
    )


@contextmanager
def _served(home: Path) -> Iterator[tuple[str, Any]]:
    import uvicorn

    settings = _settings(home)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(create_app(settings), host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}", settings
    server.should_exit = True
    thread.join(timeout=20)


def _pages(base: str, record: Record) -> dict[str, Any]:
    order = str(record.now("order", newest=1)[0]["stream"])
    named = {"/orders/{identifier}": f"/orders/{order}", "/warnings/{identifier}": "/warnings/warning-001"}
    found: dict[str, Any] = {}
    for who in (Role.DUTY_OFFICER, Role.ADMINISTRATOR):
        with httpx.Client(base_url=base, timeout=120) as client:
            form = client.get("/login").text
            token = re.search(r'name="token" value="([0-9a-f]+)"', form)
            client.post("/login", data={"account": who.key, "password": PASSWORD, "token": token[1] if token else ""})
            for (method, template), roles in sorted(ACCESS.items()):
                path = named.get(template, template)
                if method != "GET" or roles is None or not roles & STAFF or "{" in path or path in found or path == "/":
                    continue
                first = client.get(path)
                if first.status_code != 200:
                    continue
                times = []
                for _ in range(TRIES):
                    begin = time.perf_counter()
                    client.get(path)
                    times.append((time.perf_counter() - begin) * 1000)
                found[path] = {
                    "p50 ms": round(statistics.median(times)),
                    "p95 ms": round(statistics.quantiles(times, n=20)[-1]),
                    "first ms": round(first.elapsed.total_seconds() * 1000),
                    "kB": round(len(first.content) / 1024),
                    "kB compressed": round(len(gzip.compress(first.content)) / 1024),
                }
    return found


def _public(base: str) -> dict[str, Any]:
    httpx.get(f"{base}/public", timeout=120)
    wrk = shutil.which("wrk")
    if wrk is None:
        return {"requests/s": "not measured: wrk is not installed (Debian: apt-get install wrk)"}
    done = subprocess.run([wrk, "-t1", "-c50", "-d8s", f"{base}/public"], capture_output=True, text=True, check=True)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    return {"requests/s, target 1000": float(rate[1]) if rate else done.stdout, "errors": "Non-2xx" in done.stdout}
