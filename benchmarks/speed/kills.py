"""200 random SIGKILLs during ingestion; every archive must end equal to that of an undisturbed run.

Two days of daily files come from a server on this machine that knows ETags; slots of six hours pull them, are killed,
and are started again until all is done. LANTIAN_BENCH_KILLS changes the number.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from flows.slots import Done, Rhythm, run_due
from flows.sources import quotsoft
from flows.sources.pull import Stores, pull
from flows.sources.web_rules import Policy
from forecast.air import BEIJING
from forecast.slot_store import Slot, SlotStore

HOUR = timedelta(hours=1)
NOW = datetime(2024, 3, 1, 0, 30, tzinfo=BEIJING)
STATIONS = 30
SEED, STEPS = 4, 8


def run() -> dict[str, Any]:
    """How many kills hit, how many archives were finished, and whether each was the undisturbed one."""
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        hits, finished, equal = killed(Path(folder), int(os.environ.get("LANTIAN_BENCH_KILLS", "200")))
        seconds = round(time.perf_counter() - begin, 1)
    return {"kills": hits, "archives finished": finished, "equal to the undisturbed one": equal, "seconds": seconds}


def killed(folder: Path, kills: int) -> tuple[int, int, int]:
    """(kills that hit, archives finished, of these equal to the undisturbed one)."""
    chooser = random.Random(SEED)
    hits = finished = equal = 0
    with archive_server() as base:
        begin = time.monotonic()
        ingest(base, folder / "calm.db")
        whole = time.monotonic() - begin
        calm = contents(folder / "calm.db")
        while hits < kills:
            path, lives = folder / f"killed-{finished}.db", 0
            # by the length of an undisturbed run, and longer with each life: a busy machine also comes to the end
            while not _one_life(base, path, chooser.uniform(0.02, 1.0) * whole * (1 + lives / 10)):
                hits, lives = hits + 1, lives + 1
            finished += 1
            equal += contents(path) == calm
    return hits, finished, equal


def _one_life(base: str, path: Path, seconds: float) -> bool:
    """Start a process that ingests; True when it came to its end, False when it was killed after those seconds."""
    child = os.fork()
    if child == 0:
        code = 3
        try:
            ingest(base, path)
            code = 0
        finally:
            os._exit(code)
    until = time.monotonic() + seconds
    while (status := os.waitpid(child, os.WNOHANG))[0] == 0 and time.monotonic() < until:
        time.sleep(0.002)
    if status[0] == 0:
        os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status[1]):
        return False
    if os.waitstatus_to_exitcode(status[1]) != 0:
        raise RuntimeError(f"an ingestion ended with {os.waitstatus_to_exitcode(status[1])}")
    return True


def ingest(base: str, path: Path) -> None:
    """Two days, a scheduler's call every six hours; the first call also catches up what was before it."""
    policy = Policy(hosts=frozenset({"127.0.0.1"}), own_network=True, plain_http=True)
    source, stores = replace(quotsoft.SOURCE, base=base, policy=policy), Stores.open(path)

    slots = SlotStore(stores.archive.engine)
    # the lease is nothing: the next life may take over at once what the dead one held
    rhythm = Rhythm(every=6 * HOUR, catch_up=timedelta(days=2), lease=timedelta(0), tries=10_000)
    for step in range(STEPS):
        at = NOW - (STEPS - 1 - step) * 6 * HOUR

        def work(slot: Slot, at: datetime = at) -> Done:
            start, end = slot.logical_time - 24 * HOUR, slot.logical_time
            return pull(source, stores, start=start, end=end, now=at, clock=lambda: at, look_back=timedelta(0)).done

        run_due(slots, "quotsoft", work, rhythm=rhythm, clock=lambda at=at: at)  # type: ignore[misc]
    left = slots.slots("quotsoft", states=("pending", "running", "failed"))
    if left:
        raise RuntimeError(f"slots are left: {left[0]}")
    stores.close()


def contents(path: Path) -> tuple[list[Any], ...]:
    """All observations with marks and the times they were received, the stations, and the slots that ended.

    Whether a slot ended as done or degraded is not compared: a process that dies after its values are stored and before
    it says so is followed by one that finds nothing new.
    """
    ended = "SELECT flow, logical_time FROM slot WHERE state IN ('done', 'degraded') ORDER BY 1, 2"
    with sqlite3.connect(path) as connection:
        return (
            connection.execute("SELECT * FROM observation ORDER BY station, valid_time, received_at").fetchall(),
            connection.execute("SELECT * FROM station ORDER BY code").fetchall(),
            connection.execute(ended).fetchall(),
        )


@contextmanager
def archive_server() -> Iterator[str]:
    """A server with the files of two days and the first hour of the third."""
    files, every = {}, range(STATIONS)
    for number in range(3):  # the file of the day before the first one is not there, as on a real first run
        day = datetime(2024, 2, 28, tzinfo=BEIJING) + timedelta(days=number)
        rows = [
            f"{day:%Y%m%d},{hour},{kind}," + ",".join(str((number * 24 + hour * 3 + n) % 90 + 1) for n in every)
            for hour in range(24 if number < 2 else 1)
            for kind in ("PM2.5", "PM10", "O3")
        ]
        head = "date,hour,type," + ",".join(f"{1000 + n}A" for n in every)
        files[f"/china_sites_{day:%Y%m%d}.csv"] = "\n".join([head, *rows, ""]).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = files.get(self.path)
            etag = f'"{self.path[-6:-4]}"'
            known = self.headers.get("If-None-Match") == etag
            self.send_response(404 if body is None else 304 if known else 200)
            self.send_header("ETag", etag)
            self.send_header("Content-Type", "text/csv")
            self.send_header("Content-Length", str(0 if known or body is None else len(body)))
            self.end_headers()
            if body is not None and not known:
                self.wfile.write(body)

        def handle(self) -> None:
            with suppress(BrokenPipeError, ConnectionResetError):
                super().handle()

        def log_message(self, *_words: object) -> None:
            pass

    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"http://127.0.0.1:{web.server_port}"
    web.shutdown()
    web.server_close()
