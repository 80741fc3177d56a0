"""How model, forecaster, persistence and climatology did over the last days, from the cards that each day keeps.

The daily flow writes verification/<day>.json once a day is over; nothing is computed here but means and counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from console.language import N_

FOLDER = "verification"
PARTIES = {
    "model": N_("模型"), "forecaster": N_("会商签发"), "persistence": N_("持续法"), "climatology": N_("气候法"),
}  # fmt: skip
"""Who forecast: the first two of the office, the other two what anybody can say for nothing."""


@dataclass(frozen=True, slots=True)
class Done:
    """How one party did at one lead."""

    days: int
    error: float
    """Mean absolute error of the daily AQI."""
    hits: int
    """Days whose level was right."""
    inside: int | None
    """Days inside the 10-90 % range; None for who gives no range."""


def verified(home: Path, today: date, *, days: int) -> dict[int, dict[str, Done]]:
    """Lead to party to what became of it, over the valid days before `today`; empty where no card was kept.

    Parties need not have spoken of the same days, so each has its own number of them.
    """
    rows: dict[tuple[int, str], list[Mapping[str, Any]]] = {}
    for back in range(1, days + 1):
        for row in _card(home / FOLDER / f"{(today - timedelta(days=back)).isoformat()}.json"):
            rows.setdefault((row["lead"], row["who"]), []).append(row)
    found: dict[int, dict[str, Done]] = {}
    for (lead, who), given in sorted(rows.items()):
        ranges = [row["inside_80"] for row in given if row["inside_80"] is not None]
        found.setdefault(lead, {})[who] = Done(
            days=len(given),
            error=sum(abs(row["error"]) for row in given) / len(given),
            hits=sum(bool(row["level_right"]) for row in given),
            inside=sum(ranges) if ranges else None,
        )
    return found


def _card(path: Path) -> Iterator[Mapping[str, Any]]:
    """The rows of one day; none for a day without a card or with one that cannot be read."""
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    for row in read if isinstance(read, list) else ():
        if isinstance(row, dict) and {"lead", "who", "error", "level_right", "inside_80"} <= row.keys():
            yield row
