"""What all peers share: reading the exchanged files, and writing rows of the one schema.

Runs in the peers' own environment: nothing of this project is imported here.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

LEADS = 7
PROBABILITIES = np.array([0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95])
QUANTILES = ["q05", "q10", "q25", "q50", "q75", "q90", "q95"]
LIMITS = (100, 150, 200)
POLLUTANTS = ["pm25", "pm10", "so2", "no2", "co", "o3"]
TRAIN_UNTIL = np.datetime64("2015-03-01", "D")
FIRST_ISSUE, LAST_ISSUE = np.datetime64("2015-02-28", "D"), np.datetime64("2016-02-28", "D")
DAY = np.timedelta64(1, "D")


class Air:
    """Daily values as arrays (station, day)."""

    def __init__(self, folder: Path) -> None:
        frame = pd.read_parquet(folder / "daily.parquet")
        self.stations = sorted(frame["station"].unique())
        self.days = np.sort(frame["date"].unique()).astype("datetime64[D]")
        shape = (len(self.stations), len(self.days))
        frame = frame.sort_values(["station", "date"])
        assert len(frame) == shape[0] * shape[1]
        self.values = {name: frame[name].to_numpy().reshape(shape) for name in frame if name not in ("station", "date")}
        self.aqi, self.aqi_any = self.values["aqi"], self.values["aqi_any"]
        self.train = self.days < TRAIN_UNTIL

    def place(self, day: np.datetime64) -> int:
        return int((day - self.days[0]) / DAY)

    @property
    def issues(self) -> np.ndarray:
        return np.arange(FIRST_ISSUE, LAST_ISSUE + 1)


def mean_of(quantiles: np.ndarray) -> np.ndarray:
    """The mean of the piecewise linear quantile function (..., 7); the outer twentieths keep the outer slope."""
    low = quantiles[..., 0] - (quantiles[..., 1] - quantiles[..., 0]) * 0.5
    high = quantiles[..., 6] + (quantiles[..., 6] - quantiles[..., 5]) * 0.5
    inner = ((quantiles[..., 1:] + quantiles[..., :-1]) / 2 * np.diff(PROBABILITIES)).sum(axis=-1)
    return inner + 0.05 * np.maximum(low, 0) + 0.05 * high


def exceedance(quantiles: np.ndarray, limit: float) -> np.ndarray:
    """P(AQI > limit) from quantiles (..., 7): linear in log AQI between them, exponential outside."""
    logs = np.log(np.maximum(quantiles, 1.0)) + np.arange(7) * 1e-9
    x = np.log(limit + 0.5)
    flat = logs.reshape(-1, 7)
    out = np.array([np.interp(x, row, PROBABILITIES) for row in flat])
    slope_low = 0.05 / np.maximum(flat[:, 1] - flat[:, 0], 1e-3)
    slope_high = 0.05 / np.maximum(flat[:, 6] - flat[:, 5], 1e-3)
    below, above = x < flat[:, 0], x > flat[:, 6]
    out[below] = 0.05 * np.exp(-(flat[below, 0] - x) * slope_low[below] / 0.05)
    out[above] = 1 - 0.05 * np.exp(-(x - flat[above, 6]) * slope_high[above] / 0.05)
    return (1 - out).reshape(quantiles.shape[:-1])


def rows(air: Air, quantiles: np.ndarray, *, model: str, mode: str, primary: np.ndarray | None = None) -> pd.DataFrame:
    """The table of quantiles (station, issue, lead, 7) for all issue days of the test year."""
    issues = air.issues
    station, issue, lead = (axis.ravel() for axis in np.indices(quantiles.shape[:3]))
    quantiles = np.clip(np.sort(quantiles, axis=-1), 0, 500)
    flat = quantiles.reshape(-1, 7)
    frame = pd.DataFrame(
        {
            "station": np.array(air.stations, dtype=object)[station],
            "issue_date": issues[issue].astype("datetime64[us]"),
            "valid_date": (issues[issue] + (lead + 1) * DAY).astype("datetime64[us]"),
            "lead": lead + 1,
            "mean": mean_of(flat).round(3),
        }
    )
    for number, name in enumerate(QUANTILES):
        frame[name] = flat[:, number].round(3)
    for limit in LIMITS:
        frame[f"p_gt{limit}"] = exceedance(flat, limit).round(5)
    frame["primary"] = "" if primary is None else primary.ravel()
    frame["model"], frame["weather_mode"] = model, mode
    return frame


def last_primary(air: Air) -> np.ndarray:
    """(station, issue, lead): the primary pollutant last seen at the station by each issue day."""
    names = np.array(["", *POLLUTANTS], dtype=object)
    mask = air.values["primary"].astype(int)
    first = np.where(mask > 0, np.argmax([(mask >> bit) & 1 for bit in range(6)], axis=0) + 1, 0)
    out = np.zeros((len(air.stations), len(air.issues), LEADS), dtype=int)
    for column, day in enumerate(air.issues):
        place = air.place(day)
        for station in range(len(air.stations)):
            seen = np.flatnonzero(first[station, : place + 1])
            out[station, column] = first[station, seen[-1]] if len(seen) else 1
    return names[out]


def write(frame: pd.DataFrame, folder: Path, name: str) -> None:
    path = folder / f"rows_{name}.parquet"
    part = path.with_suffix(".part")
    frame.to_parquet(part, index=False)
    part.replace(path)
    print(f"{name}: {len(frame)} rows", file=sys.stderr, flush=True)
