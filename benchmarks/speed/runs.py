"""A year of weather runs of twelve stations, kept every six hours, and the daily weather ahead read back as of issues.

The answers are made up (ten variables, 195 hours, one decimal); their number, shape and rhythm are those of a service.
"""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from forecast import weather_runs
from forecast.guidance import Guidance

PLACES, DAYS, BEHIND, AHEAD = 12, 365, 3, 192
FIRST = datetime(2025, 11, 21, 16, 25, tzinfo=UTC)
MIDDLE = {
    "temperature": 12.0, "dew_point": 2.0, "pressure": 1010.0, "rain": 0.2, "wind_speed": 3.0, "wind_direction": 180.0,
    "boundary_layer_height": 600.0, "shortwave": 200.0, "cloud": 0.5, "temperature_850hpa": 6.0,
}  # fmt: skip
SPREAD = {"rain": 0.2, "cloud": 0.2, "wind_direction": 90.0, "boundary_layer_height": 200.0, "shortwave": 90.0}


def answer(came: datetime, number: int) -> xr.Dataset:
    """What a service might say at once of all places."""
    random = np.random.default_rng(number)
    begin = np.datetime64(came.replace(tzinfo=None), "h") - np.timedelta64(BEHIND, "h")
    hours = (begin + np.arange(BEHIND + AHEAD) * np.timedelta64(1, "h")).astype("datetime64[us]")
    values = {}
    for name, middle in MIDDLE.items():
        spread = SPREAD.get(name, 1.0)
        steps = middle + spread * np.tanh(random.normal(size=(PLACES, len(hours))).cumsum(axis=1) / 12)
        values[name] = (("station", "valid_time"), np.round(steps, 2 if name == "cloud" else 1))
    codes = np.array([f"{1000 + place}A" for place in range(PLACES)], dtype=object)
    return xr.Dataset(values, coords={"station": codes, "valid_time": hours})


def run() -> dict[str, Any]:
    """Time to store a pull, bytes a place and day, and seconds to read tonight, ten weeks and a year of issues."""
    with tempfile.TemporaryDirectory() as home:
        file = Path(home) / "archive.db"
        guidance = Guidance.open(file)
        pulls = [FIRST + timedelta(hours=6 * number) for number in range(DAYS * 4 + 1)]
        begin = time.perf_counter()
        for number, came in enumerate(pulls):
            guidance.write(answer(came, number), source="service", received_at=came)
        wrote = time.perf_counter() - begin
        begin = time.perf_counter()
        for number, came in enumerate(pulls[:100]):
            answer(came, number)
        made = (time.perf_counter() - begin) / 100
        last, now = pulls[-1].date(), pulls[-1] + timedelta(minutes=25)
        figures: dict[str, Any] = {
            "pulls of 12 places": len(pulls),
            "values": len(pulls) * PLACES * len(MIDDLE) * (BEHIND + AHEAD),
            "a pull stored, ms": round(1000 * (wrote / len(pulls) - made), 1),
            "kept, bytes a place and day": round(sum(x.stat().st_size for x in file.parent.iterdir()) / PLACES / DAYS),
        }
        for name, days in (("tonight", 1), ("ten weeks", 70), ("a year", DAYS)):
            begin = time.perf_counter()
            read = weather_runs.daily_ahead(
                guidance, source="service", first=last - timedelta(days=days - 1), last=last, as_of=now
            )
            figures[f"{name} read, s"] = round(time.perf_counter() - begin, 3)
            known = float(read["temperature_mean"].notnull().mean())
            figures[f"{name}, share of days ahead known"] = round(known, 3)
        guidance.engine.dispose()
    return figures
