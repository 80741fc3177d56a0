"""The ways in which forecasts of the daily AQI are judged in China, each under its own name.

There is no official national number for range accuracy or for accuracy by lead (none was found); so all customary ones
are offered and none is called the standard. Sources: provincial and Shanghai texts and public code, see each function.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import pairwise

EDGES = (50, 100, 150, 200, 300)
"""Upper edges of the levels 1..5 (HJ 633-2012 and -2026, table 1)."""

HALF_EDGES = (25, 50, 75, 100, 125, 150, 175, 200, 250, 300, 400)
"""Levels cut in two (half-level method, Environmental Science 2022, 43(7), p. 3396; the cuts are ours: the middles)."""

RANGE = 15
"""A published range is the central AQI plus and minus this (public code, confidence B)."""


def level(aqi: float) -> int:
    """1..6.

    >>> level(50), level(51), level(301)
    (1, 2, 6)
    """
    return 1 + sum(aqi > edge for edge in EDGES)


def half_level(aqi: float) -> int:
    """1..12: the level cut in two."""
    return 1 + sum(aqi > edge for edge in HALF_EDGES)


def level_right(forecast: float, observed: float) -> bool:
    """级别准确: the same level (AQI 级别预报准确率; confidence A)."""
    return level(forecast) == level(observed)


def within_quarter(forecast: float, observed: float) -> bool:
    """±25 %: 0.75 F <= O <= 1.25 F (public code, confidence B)."""
    return 0.75 * forecast <= observed <= 1.25 * forecast


def in_range(forecast: float, observed: float) -> bool:
    """The observed AQI lies in F ± 15, lower end at least 1 (public code, confidence B)."""
    return max(1.0, forecast - RANGE) <= observed <= forecast + RANGE


def joined_level_right(forecast: float, observed: float) -> bool:
    """The observed level is one of the joined levels of F ± 15, "良到轻度污染" (public code, confidence B)."""
    return level(max(1.0, forecast - RANGE)) <= level(observed) <= level(forecast + RANGE)


def primary_right(forecast: Collection[str], observed: Collection[str]) -> bool | None:
    """首要污染物准确: the named and the observed share one; None where none was observed (confidence A)."""
    return bool(set(forecast) & set(observed)) if observed else None


def city_score(forecast: float, observed: float, *, primary: bool | None) -> float:
    """0..100: the Shanghai city score 0.2 f1 + 0.5 f2 + 0.3 f3 (上海市城市空气质量预报检验评估和考核办法（试行）).

    f1 primary pollutant right or none observed, f2 by distance of levels (100, 50, 25, 0), f3 by distance of AQI (to
    25: 100, 50: 80, 100: 60, 150: 30, above: 0). Weights and bins: confidence A
    in the text; another code has 0.2/0.6/0.2.

    >>> city_score(120, 130, primary=True), city_score(120, 210, primary=False)
    (100.0, 30.5)
    """
    apart = abs(level(forecast) - level(observed))
    f1 = 0.0 if primary is False else 100.0
    f2 = {0: 100.0, 1: 50.0, 2: 25.0}.get(apart, 0.0)
    distance = abs(forecast - observed)
    f3 = next((score for edge, score in ((25, 100.0), (50, 80.0), (100, 60.0), (150, 30.0)) if distance <= edge), 0.0)
    return round(0.2 * f1 + 0.5 * f2 + 0.3 * f3, 6)


def flip_flop(values: Collection[float]) -> float:
    """Flip-Flop index of the forecasts of one day in the order of issue: mean change there and back, 0 when they move
    one way only (Griffiths et al. 2019, doi:10.1071/ES18033).

    >>> flip_flop([100, 150, 120]), flip_flop([100, 120, 150])
    (30.0, 0.0)
    """
    made = list(values)
    if len(made) < 3:
        return 0.0
    ways = sum(abs(after - before) for before, after in pairwise(made))
    return (ways - (max(made) - min(made))) / (len(made) - 2)
