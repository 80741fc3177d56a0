"""The compliance detector against labelled, simulated plants it never saw the labels of; and its speed."""

from __future__ import annotations

import os
import time
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from emergency.compliance_power import Decision, judge_plant
from emergency.vocabulary import BEIJING
from flows.power_simulator import Plant, simulate

FIRST = datetime(2026, 1, 5, tzinfo=BEIJING)


def measure(plants: list[Plant], *, days_before: int, days_during: int) -> dict[str, Any]:
    """Precision and recall of "not" and of any breach, the table of decisions, and every miss by its cause."""
    table: Counter[tuple[str, str]] = Counter()
    misses: Counter[str] = Counter()
    truths: list[tuple[str, str]] = []
    for plant in plants:
        execute_by = plant.first_at + timedelta(days=days_before)
        findings = judge_plant(
            plant.measures, plant.circuits, first_at=plant.first_at, execute_by=execute_by,
            until=execute_by + timedelta(days=days_during), reported=plant.reported,
        )  # fmt: skip
        said = findings[0].decision.key
        truths.append((plant.truth, said))
        table[plant.behaviour, said] += 1
        if (plant.truth == "not") != (said == "not"):
            how = plant.detail.split(",")[0] if plant.behaviour in ("cheating", "meter_fault") else ""
            misses[f"{plant.behaviour} {how} is {plant.truth}, said {said}".replace("  ", " ")] += 1
    exact = _scores([(truth == "not", said == "not") for truth, said in truths])
    breach = _scores([(truth != "compliant", said in ("not", "partly")) for truth, said in truths])
    decisions = {
        behaviour: {one.key: table[behaviour, one.key] for one in Decision if table[behaviour, one.key]}
        for behaviour in sorted({behaviour for behaviour, _ in table})
    }
    return {"not compliant": exact, "any breach": breach, "decisions": decisions, "misses": dict(misses.most_common())}


def _scores(pairs: list[tuple[bool, bool]]) -> dict[str, float]:
    hits = sum(truth and said for truth, said in pairs)
    said, true = sum(one for _, one in pairs), sum(one for one, _ in pairs)
    return {"precision": round(hits / max(1, said), 3), "recall": round(hits / max(1, true), 3), "cases": true}


def run() -> dict[str, Any]:
    """Skill on LANTIAN_PLANTS plants (2,000) of seeds that were not used to build it; speed on 5,000 x 4 x 3 days."""
    count = int(os.environ.get("LANTIAN_PLANTS", "2000"))
    skill = {}
    for seed in (201, 202):
        plants = simulate(count, seed=seed, first_at=FIRST)
        skill[f"seed {seed}"] = measure(plants, days_before=4, days_during=3)
    few = simulate(500, seed=7, first_at=FIRST, days_before=1, days_during=2)
    begin, cpu = time.perf_counter(), time.process_time()
    for _ in range(10):
        short = measure(few, days_before=1, days_during=2)
    return {
        "plants per seed": count,
        **skill,
        "5,000 plants x 4 circuits x 3 days, s": round(time.perf_counter() - begin, 1),
        "of which processor, s": round(time.process_time() - cpu, 1),
        "with one day of baseline": {name: short[name] for name in ("not compliant", "any breach")},
    }
