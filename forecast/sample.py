"""Simulated air for machines without real data: a fictional city with seasons, fronts, episodes and gaps.

Nothing here was measured and nothing may be learned from it about a real place; every dataset carries simulated="true".
The story: cold fronts sweep the air clean, between them it stagnates and pollution piles up, more in winter; in every
winter one stagnation is long and heavy. Wind, pressure and humidity know of the fronts, so that models have something
to find. Equal arguments give equal numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

import numpy as np
import xarray as xr

from forecast import air
from plans.errors import DataError

STATION_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "S901A": "样例一中（虚构）",
        "S902A": "样例工业园（虚构）",
        "S903A": "样例滨河（虚构）",
        "S904A": "样例新区（虚构）",
        "S905A": "样例老城（虚构）",
        "S906A": "样例北山（虚构）",
    }
)
"""Codes and names of the simulated stations; openly fictional."""

_HOUR = np.timedelta64(1, "h")


def generate(*, seed: int, start: datetime, end: datetime, stations: int = 6) -> xr.Dataset:
    """Hourly pollutants and weather of the contract for the hours start < valid_time <= end, with attrs simulated.

    More than six stations get further codes. The last hour is never a gap. DataError: naive times, no hour, no station.
    """
    if stations < 1:
        raise DataError("There is no station to simulate", expected="1 or more", found=stations)
    hours = air.hours(start, end)
    if not len(hours):
        raise DataError("There is no hour to simulate", expected="start before end", found=f"{start} to {end}")
    random = np.random.default_rng([seed, 20151128])
    local = air.to_beijing(hours)
    year = (local - local.astype("datetime64[Y]")) / np.timedelta64(1, "D") / 365.25
    clock = (local - local.astype("datetime64[D]")) / _HOUR
    winter = 0.5 + 0.5 * np.cos(2 * np.pi * (year - 0.02))
    still, age, strength = _stagnation(random, local, winter)
    weather = _weather(random, winter, clock, still, age, strength, stations)
    values = _pollutants(random, winter, clock, still, weather, stations) | weather
    for name in values:
        values[name] = _with_gaps(random, values[name], share=0.012 if name in air.POLLUTANTS else 0.001)
    codes = [*STATION_NAMES, *(f"S{907 + number}A" for number in range(max(0, stations - len(STATION_NAMES))))]
    attrs = {"source": "sample-generator", "simulated": "true", "seed": str(seed)}
    return air.dataset(values, stations=codes[:stations], valid_time=hours, attrs=attrs)


def _red(random: np.random.Generator, shape: tuple[int, ...], hours: float) -> np.ndarray:
    """Noise of spread 1 along the last axis that forgets itself over so many hours."""
    from scipy.signal import lfilter

    keep = np.exp(-1.0 / hours)
    noise = lfilter([np.sqrt(1 - keep**2)], [1.0, -keep], random.standard_normal((*shape[:-1], shape[-1] + 500)))
    out: np.ndarray = np.asarray(noise)[..., 500:]
    return out


def _stagnation(
    random: np.random.Generator, local: np.ndarray, winter: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(how still the air is 0..1, hours since the last front, strength of that front), each per hour."""
    count = len(local)
    gaps = np.maximum(30.0, random.gamma(4.0, 28.0, size=count // 60 + 20))
    fronts = np.cumsum(gaps) - gaps[0]
    fronts = fronts[fronts < count]
    years = local[[0, -1]].astype("datetime64[Y]").astype(np.int64)
    for year in range(int(years[0]), int(years[1]) + 1):
        # The heavy episode of a winter: ten days without a front, beginning between 26 November and 10 December.
        begin = np.datetime64(f"{1970 + year}-11-26", "D") + int(random.integers(0, 15))
        first = (begin.astype("datetime64[us]") - local[0]) / _HOUR
        fronts = fronts[(fronts < first) | (fronts > first + 216)]
        fronts = np.sort(np.append(fronts, [value for value in (first, first + 216) if 0 <= value < count]))
    fronts = np.unique(np.concatenate([[0.0], fronts]))
    power = np.clip(random.normal(1.0, 0.25, size=len(fronts)), 0.5, 1.6)
    every = np.arange(count)
    last = np.searchsorted(fronts, every, side="right") - 1
    age = every - fronts[last]
    still = 1.0 - np.exp(-age / 80.0)
    return np.clip(still * (0.75 + 0.25 * winter) + 0.06 * _red(random, (count,), 18.0), 0.0, 1.0), age, power[last]


def _weather(
    random: np.random.Generator,
    winter: np.ndarray,
    clock: np.ndarray,
    still: np.ndarray,
    age: np.ndarray,
    strength: np.ndarray,
    stations: int,
) -> dict[str, np.ndarray]:
    count = len(clock)
    sun = np.cos(2 * np.pi * (clock - 15) / 24)
    fresh = strength * np.exp(-age / 20.0)
    temperature = 28 - 28 * winter + 4.5 * sun - 3.0 * fresh + 2.0 * still + 2.0 * _red(random, (count,), 60.0)
    depression = np.clip(13 - 9 * still + 3 * sun + 2 * _red(random, (count,), 24.0), 0.3, None)
    pressure = 1004 + 18 * winter + 9 * fresh - 5 * still + 2 * _red(random, (count,), 48.0)
    wind = np.clip(1.1 + 3.6 * fresh + 1.2 * (1 - still) + 0.5 * sun + 0.5 * _red(random, (count,), 6.0), 0.1, None)
    direction = (np.where(age < 30, 340.0, 190.0) + 35 * _red(random, (count,), 8.0)) % 360.0
    wet = (_red(random, (count,), 10.0) > 1.9 + 0.8 * winter) & (age > 20)
    rain = np.where(wet, random.gamma(0.8, 1.5, size=count), 0.0)
    one = {
        "temperature": temperature,
        "dew_point": temperature - depression,
        "pressure": pressure,
        "rain": rain,
        "wind_speed": wind,
        "wind_direction": direction,
    }
    return {name: np.repeat(np.round(values, 1)[None], stations, axis=0) for name, values in one.items()}


def _pollutants(
    random: np.random.Generator,
    winter: np.ndarray,
    clock: np.ndarray,
    still: np.ndarray,
    weather: Mapping[str, np.ndarray],
    stations: int,
) -> dict[str, np.ndarray]:
    shape = (stations, len(clock))
    local = random.normal(0.0, 0.10, size=(stations, 1))
    rush = np.exp(-((clock - 8) ** 2) / 8) + np.exp(-((clock - 20) ** 2) / 12)
    washed = -0.5 * np.clip(weather["rain"], 0, 1)
    common = 0.2 * _red(random, (1, len(clock)), 40.0)
    fine = 2.35 + 0.15 * winter + (2.1 + 1.25 * winter) * still**1.25 + 0.10 * rush + common + washed + local
    pm25 = np.exp(np.minimum(fine + 0.14 * _red(random, shape, 10.0), 6.25))
    dust = np.exp(2.9 + 0.4 * np.sin(2 * np.pi * (winter - 0.2)) + 0.4 * _red(random, (1, len(clock)), 30.0) + local)
    sun = np.clip(np.cos(2 * np.pi * (clock - 15) / 24), 0, None)
    warm = np.clip(weather["temperature"], 0, None)
    no2 = 12 + 30 * still + 14 * winter + 12 * rush + 5 * _red(random, shape, 8.0)
    ozone = 22 + sun * warm * (3.6 + 1.6 * still) + 0.9 * warm - 0.35 * no2 + 7 * _red(random, shape, 8.0)
    made = {
        "pm25": pm25,
        "pm10": pm25 * 1.08 + dust,
        "so2": np.exp(1.2 + 1.2 * winter + 0.8 * still + 0.2 * _red(random, shape, 12.0)),
        "no2": np.clip(no2, 2, None),
        "co": np.clip(0.3 + 0.35 * winter + 0.0075 * pm25 + 0.08 * _red(random, shape, 10.0), 0.1, None),
        "o3": np.clip(ozone, 2, None),
    }
    return {name: np.round(values, 1 if name == "co" else 0) for name, values in made.items()}


def _with_gaps(random: np.random.Generator, values: np.ndarray, *, share: float) -> np.ndarray:
    """The values with single hours missing and, now and then, an instrument out for up to two days."""
    out = values.copy()
    out[random.random(out.shape) < share] = np.nan
    outages = random.poisson(out.shape[1] / 8760 * 3 * (share > 0.01), size=len(out))
    for row, number in enumerate(outages):
        for _ in range(number):
            begin = int(random.integers(0, out.shape[1]))
            out[row, begin : begin + int(random.integers(4, 48))] = np.nan
    out[:, -1] = values[:, -1]
    return out
