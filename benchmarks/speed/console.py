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
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import insert, select

from benchmarks.speed.response import write
from console import uploads
from console.access import ACCESS
from console.app import create_app
from console.links import Links
from console.serve import open_record, settings_of
from emergency.compliance import Finding, Verdict
from emergency.directory import Directory
from emergency.instructions import instructions_of
from emergency.lifecycle import Actor
from emergency.office import Office
from emergency.record import Record
from emergency.record_schema import account
from emergency.vocabulary import BEIJING, Level, Role
from emergency.warning import Draft
from forecast import sample
from forecast.archive import Archive
from forecast.outlook import THRESHOLDS, DayOutlook, Outlook
from forecast.readers.station_list import Station
from plans.enterprise_csv import read_list
from plans.enterprise_list import EnterpriseList
from plans.list_export import csv_text, rows_of

STATIONS, YEARS, TRIES = 20, 3, 25
FIRST = 1000
"""Milliseconds that even the first call of a page, with nothing kept yet, should stay below."""
NOW = datetime.now(BEIJING).replace(minute=30, second=0, microsecond=0)
PASSWORD = "bench-password"
DONE, OPEN, EDITION = "consultation-1", "consultation-2", "next-year"
DUTY = Actor("d", Role.DUTY_OFFICER)
LEFT_OUT = {
    "/": "leads to the desk", "/login/oidc": "leads away", "/login/oidc/back": "comes from there",
    "/debrief": "of drills", "/replay": "of replays",
}  # fmt: skip
"""Addresses that a live office does not answer by a page of its own."""


def run() -> dict[str, Any]:
    """p50 and p95 of every page in ms, weights in kB, and the requests a second of the public page."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        begin = time.perf_counter()
        _office(home)
        made = round(time.perf_counter() - begin, 1)
        with _served(home) as (base, settings):
            pages = _pages(base, settings)
            public = _public(base)
    papers = {path: pages.pop(path) for path in sorted(pages) if path.endswith("/document") or path == "/list/export"}
    waits = {path: row["first ms"] for path, row in pages.items() if row["first ms"] > FIRST}
    slow = {path: row for path, row in pages.items() if row["p95 ms"] > (50 if path == "/desk/live" else 150)}
    return {
        "made in, s": made,
        "pages, target p95 150 ms (desk refresh 50 ms)": pages,
        "pages over the target": sorted(slow),
        f"first calls over {FIRST} ms, in ms": waits,
        "papers made when asked for (no page, no target)": papers,
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
    settings = _settings(home)
    office, listing = Office(record, settings.office.desk), read_list(home / "lists" / "bench.csv", city="bench")
    _accounts(record, listing)
    _consultations(office, home)
    draft = Draft(
        "red", "样例市", NOW + timedelta(hours=1), NOW + timedelta(hours=90), "静稳", "请减少外出。", DONE, True
    )
    office.draft_warning("warning-001", episode="e", content=draft, by=Actor("d", Role.DUTY_OFFICER), now=NOW)
    for role in office.desk.authority[Level.RED].roles:
        office.approve_warning("warning-001", by=Actor(role, Role.of(role)), now=NOW)
    office.issue_warning(
        "warning-001", instructions=instructions_of(listing, Level.RED), list_digest=listing.digest,
        by=Actor("d", Role.DUTY_OFFICER), now=NOW,
    )  # fmt: skip
    office.record_finding(_order(record), Finding(Verdict.SILENT, 0.5, None, "未签收"), now=NOW)
    office.store_edition(
        replace(listing, edition=EDITION), csv_text(rows_of(listing)), file="bench.csv", by=DUTY, now=NOW
    )
    record.engine.dispose()


def _accounts(record: Record, listing: EnterpriseList) -> None:
    """The staff that look at pages, and one account for every plant; those share one password hash to save an hour."""
    directory = Directory(record)
    for role in (Role.DUTY_OFFICER, Role.ADMINISTRATOR):
        directory.add_account(role.key, PASSWORD, title=role.chinese, role=role)
    first, *others = (one.identifier for one in listing.enterprises)
    directory.add_account(first, PASSWORD, title="环保科", role=Role.ENTERPRISE, enterprise=first)
    with record.engine.connect().execution_options(write=True) as connection, connection.begin():
        row = dict(connection.execute(select(account).where(account.c.identifier == first)).mappings().one())
        connection.execute(insert(account), [{**row, "identifier": name, "enterprise": name} for name in others])


def _consultations(office: Office, home: Path) -> None:
    """Outlooks of a week in the archive; one consultation that concluded red, and one under way."""
    runs = [_outlook(NOW - timedelta(days=back, minutes=30)) for back in range(7)]
    archive = Archive.open(home / "archive.db")
    for run in runs:
        archive.write_outlook(run)
    archive.close()
    triggers = [{"rule": "bench", "text": "可能轻度污染", "measured": "90%", "threshold": "50%", "confidence": "I"}]
    for name in (DONE, OPEN):
        office.propose_consultation(name, episode="e", outlook=runs[0], triggers=triggers, now=NOW)
        state = office.convene(name, by=DUTY, now=NOW)
    for role in state.required:
        office.note_absence(DONE, role=role, why="未应答", by=DUTY, now=NOW)
    office.conclude(
        DONE, signed_aqi=[320] * 7, level=Level.RED, reason="静稳", by=Actor("a", Role.OFFICE_DIRECTOR), now=NOW
    )


def _outlook(issued_at: datetime) -> Outlook:
    """Seven days with 200 paths, as heavy as a real one; made up, as everything here."""
    days = tuple(
        DayOutlook(
            valid_date=issued_at.date() + timedelta(days=lead), lead_days=lead,
            aqi_quantiles=(120, 180, 220, 280, 340, 400, 440), level_probabilities=(0.0, 0.05, 0.1, 0.15, 0.3, 0.4),
            exceedance=(0.95, 0.9, 0.7, 0.4)[: len(THRESHOLDS)], primary_probabilities={"pm25": 0.9, "o3": 0.1},
            concentration_medians=dict.fromkeys(("pm25", "pm10", "so2", "no2", "co", "o3"), 100.0),
        )
        for lead in range(1, 8)
    )  # fmt: skip
    return Outlook(
        area="sample", area_name="样例市", issued_at=issued_at, data_until=issued_at - timedelta(hours=1),
        aqi_edition="hj633-2026", model="bench", model_digest="b" * 64, weather_mode="none", simulated=True,
        mode_notes=(), days=days, aqi_paths=tuple(
            tuple(100 + path + 10 * lead for lead in range(7)) for path in range(200)
        ),
    )  # fmt: skip


def _order(record: Record) -> str:
    return str(record.now("order", newest=1)[0]["stream"])


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


def _pages(base: str, settings: Any) -> dict[str, Any]:
    """Every GET of the console's own table, asked as whoever may open it."""
    named, found = _named(settings), dict[str, Any]()
    plant = str(settings.office.record.state("order", _order(settings.office.record)).enterprise)
    for who, role in ((None, None), ("duty_officer", Role.DUTY_OFFICER), ("administrator", Role.ADMINISTRATOR),
                      (plant, Role.ENTERPRISE)):  # fmt: skip
        with httpx.Client(base_url=base, timeout=120) as client:
            if who is not None:
                token = re.search(r'name="token" value="([0-9a-f]+)"', client.get("/login").text)
                client.post("/login", data={"account": who, "password": PASSWORD, "token": token[1] if token else ""})
            for (method, template), roles in sorted(ACCESS.items()):
                path = named.get(template, template)
                mine = roles is None if role is None else roles is not None and role in roles
                if method == "GET" and mine and path not in found and template not in LEFT_OUT:
                    found[path] = _asked(client, path)
    return found


def _named(settings: Any) -> dict[str, str]:
    """Something real for every address that holds a name."""
    record = settings.office.record
    order = _order(record)
    plant = record.state("order", order).enterprise
    outlook = record.state("consultation", OPEN).outlook_digest
    kept = uploads.keep(
        settings.uploads, (Path(settings.uploads).parent / "lists" / "bench.csv").read_bytes(), name="bench.csv",
        edition="next", sample=False,
    )  # fmt: skip
    link, _code = Links(settings.secret_key, settings.directory, clock=time.time).make(plant)
    return {
        "/static/{name}": "/static/console.css", "/preview/{name}": "/preview/data.json",
        "/rules/{name}": "/rules/hj633-2026", "/consultations/{identifier}": f"/consultations/{OPEN}",
        "/consultations/{identifier}/judgement": f"/consultations/{OPEN}/judgement?" + "&".join(["aqi=320"] * 7),
        "/warnings/draft": f"/warnings/draft?consultation={DONE}",
        "/warnings/{identifier}": "/warnings/warning-001",
        "/warnings/{identifier}/redraft": "/warnings/warning-001/redraft",
        "/orders/{identifier}": f"/orders/{order}", "/orders/{identifier}/document": f"/orders/{order}/document",
        "/list/import/{digest}": f"/list/import/{kept.digest}",
        "/list/editions/{identifier}": f"/list/editions/list-{EDITION}",
        "/list/plants/{identifier}": f"/list/plants/{plant}",
        "/list/plants/{identifier}/document": f"/list/plants/{plant}/document", "/link/{name}": f"/link/{link}",
        "/board/{identifier}": f"/board/{plant}", "/board/{identifier}/qr.svg": f"/board/{plant}/qr.svg",
        "/inspections/{identifier}": f"/inspections/{order}", "/problems/{identifier}": f"/problems/problem-{order}",
        "/exhibits/{digest}": f"/exhibits/{outlook}", "/my/{identifier}": f"/my/{order}",
        "/my/{identifier}/document": f"/my/{order}/document",
    }  # fmt: skip


def _asked(client: httpx.Client, path: str) -> dict[str, Any]:
    first = client.get(path)
    if first.status_code != 200:
        raise SystemExit(f"{path} answers {first.status_code}, not 200: nothing is measured")
    times = []
    for _ in range(TRIES):
        begin = time.perf_counter()
        client.get(path)
        times.append((time.perf_counter() - begin) * 1000)
    return {
        "p50 ms": round(statistics.median(times)),
        "p95 ms": round(statistics.quantiles(times, n=20)[-1]),
        "first ms": round(first.elapsed.total_seconds() * 1000),
        "kB": round(len(first.content) / 1024),
        "kB compressed": round(len(gzip.compress(first.content)) / 1024),
    }


def _public(base: str) -> dict[str, Any]:
    httpx.get(f"{base}/public", timeout=120)
    wrk = shutil.which("wrk")
    if wrk is None:
        return {"requests/s": "not measured: wrk is not installed (Debian: apt-get install wrk)"}
    done = subprocess.run([wrk, "-t1", "-c50", "-d8s", f"{base}/public"], capture_output=True, text=True, check=True)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    return {"requests/s, target 1000": float(rate[1]) if rate else done.stdout, "errors": "Non-2xx" in done.stdout}
