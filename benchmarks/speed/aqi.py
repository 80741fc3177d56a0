"""How many station-hours of AQI a second on one core, beside a plain numpy reading of the same standard.

Per station-hour: six to eight concentrations in; six IAQI, AQI, level, primary mask and completeness out. The peer is
what one would write first: find the breakpoints with searchsorted, interpolate in floats, round up, take the largest.
It makes the AQI only, and its float errors are counted. Neither uses more than one thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np

from forecast.aqi import calculate
from plans.rulebook import load

SIZE = 2_000_000
REPEATS = 5
TARGET = 10e6

DAILY = {"pm25": "pm25_24h", "pm10": "pm10_24h", "so2": "so2_24h", "no2": "no2_24h", "co": "co_24h", "o3_8h": "o3_8h"}
HOURLY = {"pm25": "pm25_24h", "pm10": "pm10_24h", "so2": "so2_1h", "no2": "no2_1h", "co": "co_1h", "o3": "o3_1h"}
SLIDING = {name: HOURLY[name] for name in ("so2", "no2", "co", "o3")} | {
    name: name for name in ("pm25_24h", "pm10_24h", "o3_8h")
}
CASES: tuple[tuple[str, Literal["daily", "hourly", "hourly-published"], Mapping[str, str]], ...] = (
    ("hj633-2012", "daily", DAILY),
    ("hj633-2012", "hourly", SLIDING),
    ("hj633-2012", "hourly-published", HOURLY),
    ("hj633-2026", "daily", DAILY),
    ("hj633-2026", "hourly", HOURLY),
)
"""Edition, mode, and the table in which each input is read."""

SPREAD = {"pm25": 80.0, "pm10": 110.0, "so2": 40.0, "no2": 45.0, "co": 1.3, "o3": 60.0}


def concentrations(inputs: Mapping[str, str], *, size: int, seed: int = 20151201) -> dict[str, np.ndarray]:
    """Made-up concentrations of the size and spread of a Chinese winter, 3 % missing."""
    random = np.random.default_rng(seed)
    made = {}
    for name in inputs:
        pollutant = name.split("_", maxsplit=1)[0]
        values = random.gamma(1.5, SPREAD[pollutant] / 1.5, size).round(1 if pollutant == "co" else 0)
        values[random.random(size) < 0.03] = np.nan
        made[name] = values
    return made


def plain(values: Mapping[str, np.ndarray], inputs: Mapping[str, str], *, edition: str) -> np.ndarray:
    """AQI by float interpolation, the way it is usually written; NaN where nothing is there."""
    rules = load().aqi(edition)
    ladder = np.array(rules.ladder, dtype=np.float64)
    best = np.full(len(next(iter(values.values()))), np.nan)
    for name, table in inputs.items():
        points = np.array([float(point) for point in rules.breakpoints[table] if point is not None])  # type: ignore[index]
        rounded = np.round(values[name], 1 if name == "co" else 0)
        row = np.clip(np.searchsorted(points, rounded, side="left"), 1, len(points) - 1)
        low, high = points[row - 1], points[row]
        exact = (ladder[row] - ladder[row - 1]) / (high - low) * (rounded - low) + ladder[row - 1]
        best = np.fmax(best, np.minimum(np.ceil(exact), ladder[-1]))
    return best


def best_of(work: Callable[[], Any]) -> float:
    """The shortest of REPEATS runs, s: the one least disturbed by other work on the machine."""
    times = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return min(times)


def disagreement(ours: np.ndarray, peer: np.ndarray) -> float:
    """The share of AQI in which the peer differs; AssertionError when a difference is not its float error of one.

    Rounding up turns a whole number that float arithmetic left a hair above itself into the next one: +1, never else.
    """
    known = ours >= 0
    assert (known == ~np.isnan(peer)).all(), "ours and the peer disagree on what is missing"
    off = peer[known] - ours[known]
    assert set(np.unique(off)) <= {0.0, 1.0}, f"the peer is off by {np.unique(off)}"
    return float((off != 0).mean())


def run(size: int = SIZE) -> dict[str, float]:
    """Station-hours a second per edition and mode, the peer's rate, their ratio, and the peer's share of wrong AQI."""
    results: dict[str, float] = {}
    print(f"AQI of {size:,} station-hours, one core, best of {REPEATS}")
    print(f"{'':30}{'ours':>12}{'plain numpy':>16}{'ratio':>8}   plain numpy is wrong in")
    for edition, mode, inputs in CASES:
        data = concentrations(inputs, size=size)

        def ours(edition: str = edition, mode: Any = mode, data: Any = data) -> Any:
            return calculate(data, edition=edition, mode=mode, gaps="available")

        def peer(edition: str = edition, inputs: Any = inputs, data: Any = data) -> Any:
            return plain(data, inputs, edition=edition)

        wrong = disagreement(ours().aqi, peer())  # also makes the tables, which live as long as the process
        rate, other = size / best_of(ours), size / best_of(peer)
        name = f"{edition} {mode}"
        results |= {f"{name} rate": rate, f"{name} peer": other, f"{name} ratio": rate / other, f"{name} wrong": wrong}
        print(f"{name:30}{rate / 1e6:8.1f} M/s{other / 1e6:12.1f} M/s{rate / other:8.1f}   {wrong:.2%}")
    slowest = min(value for name, value in results.items() if name.endswith("rate"))
    print(f"slowest {slowest / 1e6:.1f} M/s, target {TARGET / 1e6:.0f} M/s: {'met' if slowest >= TARGET else 'MISSED'}")
    return results


if __name__ == "__main__":
    run()
