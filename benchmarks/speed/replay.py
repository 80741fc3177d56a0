"""The replay of six weeks: seconds to prepare (archive, training, outlooks) and to play, and log entries a second."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from flows import stage as staging
from flows.scenario import find_data, scenario


def run() -> dict[str, Any]:
    """Figures of the Beijing replay where the real data are beside the project, else of the simulation."""
    chosen = scenario("beijing" if find_data() is not None else "sample")
    first, last = chosen.default_days
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        stage, record = staging.open_replay(chosen, first=first, last=last, seed=7, home=Path(folder))
        prepared = time.perf_counter()
        staging.play(stage, record)
        played = time.perf_counter()
        entries = record.verify()
        record.engine.dispose()
    days = (last - first).days + 1
    return {
        "scenario": chosen.name,
        "days": days,
        "prepare, s": round(prepared - begin, 1),
        "play, s": round(played - prepared, 1),
        "days played a second": round(days / (played - prepared), 2),
        "log entries": entries,
        "entries a second": round(entries / (played - prepared)),
    }
