"""Persistence and climatology as probability forecasts of daily AQI."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from common import DAY, LEADS, PROBABILITIES, Air, last_primary, rows, write

WINDOW = 30


def season(days: np.ndarray, day: np.datetime64) -> np.ndarray:
    """True for days within WINDOW of the day, the year left out."""
    apart = np.abs((days - day) / DAY) % 365.25
    return np.minimum(apart, 365.25 - apart) <= WINDOW


def main(folder: Path) -> None:
    air = Air(folder)
    past = np.where(air.train, air.aqi_any, np.nan)
    shape = (len(air.stations), len(air.issues), LEADS, 7)
    climate, persist = np.full(shape, np.nan), np.full(shape, np.nan)
    log = np.log(past)
    for column, issue in enumerate(air.issues):
        at = air.place(issue)
        for lead in range(1, LEADS + 1):
            inside = season(air.days, issue + lead * DAY) & air.train
            climate[:, column, lead - 1] = np.nanquantile(past[:, inside], PROBABILITIES, axis=1).T
            change = log[:, lead:] - log[:, :-lead]
            near = season(air.days[:-lead], issue) & air.train[lead:]
            spread = np.nanquantile(change[:, near], PROBABILITIES, axis=1).T
            spread -= spread[:, 3:4]
            for station in range(shape[0]):
                known = np.flatnonzero(~np.isnan(air.aqi_any[station, : at + 1]))
                persist[station, column, lead - 1] = air.aqi_any[station, known[-1]] * np.exp(spread[station])
    primary = last_primary(air)
    write(rows(air, climate, model="climatology", mode="none", primary=primary), folder, "climatology")
    write(rows(air, persist, model="persistence", mode="none", primary=primary), folder, "persistence")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
