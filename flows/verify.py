"""Hold the forecasts of the day that is over against what was measured, and keep the card."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from emergency.vocabulary import BEIJING
from flows.post import Post
from plans.whole_file import write_whole

if TYPE_CHECKING:
    from forecast.daily_check import Checked

FOLDER = "verification"
"""In the working folder: one JSON file per valid day."""


def verify(post: Post, *, day: date, now: datetime) -> tuple[Checked, ...]:
    """Model, forecaster's correction, persistence and climatology of one day, written to verification/<day>.json.

    Late data change the card when it is made again. Nothing is written where the day has no observed AQI.
    """
    from forecast.daily_check import check

    found = check(
        post.archive,
        area=str(post.settings["area"]),
        stations=post.settings["mean_of"],
        day=day,
        as_of=now,
        signed=signed_values(post),
    )
    if found:
        _write(post.home / FOLDER / f"{day.isoformat()}.json", [one.row() for one in found])
    return found


def signed_values(post: Post) -> dict[date, dict[date, int]]:
    """By the local day of the consultation's first date: the forecaster's AQI by valid day."""
    out: dict[date, dict[date, int]] = {}
    for row in post.record.now("consultation"):
        body = row["body"]
        values = body.get("signed_aqi") or ()
        first = date.fromisoformat(str(body["first_date"]))
        if values:
            out[first] = {first + timedelta(days=number): int(value) for number, value in enumerate(values)}
    return out


def yesterday(now: datetime) -> date:
    """The last natural day that is over."""
    return now.astimezone(BEIJING).date() - timedelta(days=1)


def _write(path: Path, rows: list[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(rows, ensure_ascii=False, indent=1).encode())
