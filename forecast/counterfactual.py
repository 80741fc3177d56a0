"""What the air would have been without the response: weather-normalised, with an interval, or a plain "cannot tell".

A ridge regression learns log PM2.5 from the day's weather, its squares and products, the weekday and the season, on
days without a response. It then says what the days of the response would have had in their weather. How far it errs
over stretches of the same length in which nothing was done (placebos) is the interval: an effect inside it is no effect
that the data can show. No lagged PM2.5 is used: it would carry the response into its own comparison.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

LEAST_DAYS = 120
"""Days to learn from; below, nothing is said. A setting (confidence I), as are the next three."""
LEAST_PLACEBOS = 12
MOST_PLACEBOS = 60
LEAST_SKILL = 0.3
"""Share of the variance of log PM2.5 that the weather must explain on days left out."""
APART = 3
"""Days on either side of a stretch that are not learnt from."""


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """The comparison over the days of one response."""

    days: int
    observed: float | None
    """Mean PM2.5 of the days, ug/m3."""
    expected: float | None
    """What the weather alone would have given, ug/m3."""
    change_percent: float | None
    """Observed against expected; negative means cleaner than the weather explains."""
    low_percent: float | None
    high_percent: float | None
    """Bounds of the change, 5 to 95 % by placebos."""
    skill: float | None
    placebos: int
    tells: bool
    """Whether the data can tell an effect from none."""
    statement: str
    """The sentence for the report, in Chinese."""

    def as_data(self) -> dict[str, Any]:
        """Plain values, rounded so that every machine writes the same."""
        return {key: round(value, 3) if isinstance(value, float) else value for key, value in asdict(self).items()}


def without_response(
    daily: Mapping[date, float | None],
    weather: Mapping[date, Sequence[float]] | None,
    response: Collection[date],
    *,
    other_responses: Collection[date] = (),
) -> Counterfactual:
    """The comparison; says why where it cannot be made. Days without a value or weather are left out.

    `daily` is mean PM2.5 (ug/m3) by day, `weather` any numbers per day, the same for all days; `other_responses` are
    days that had another response and are not learnt from either.
    """
    if not weather:
        return _silent(len(response), "没有气象观测资料，不能把气象影响与减排影响分开，无法判断")
    usable = sorted(
        day for day in daily
        if day in weather and daily[day] is not None and all(np.isfinite(weather[day])) and (daily[day] or 0) > 0
    )  # fmt: skip
    touched = set(response) | set(other_responses)
    during = [day for day in usable if day in set(response)]
    clean = [day for day in usable if not _near(day, touched)]
    if len(during) < max(1, len(response) // 2):
        return _silent(len(response), "响应期间缺少监测或气象资料，无法判断")
    if len(clean) < LEAST_DAYS:
        return _silent(len(response), f"可比的无响应日只有{len(clean)}天（至少{LEAST_DAYS}天），无法判断")
    length = (max(during) - min(during)).days + 1
    logs = {day: float(np.log(daily[day] or 1.0)) for day in usable}
    rows = {day: _row(day, weather[day]) for day in usable}
    gaps, errors, spreads = _placebos(clean, rows, logs, length)
    if len(gaps) < LEAST_PLACEBOS:
        return _silent(len(response), f"可作对照的无响应时段只有{len(gaps)}段（至少{LEAST_PLACEBOS}段），无法判断")
    skill = 1 - float(np.sum(errors)) / float(np.sum(spreads))
    predicted = _fit(clean, rows, logs)(during)
    gap = float(np.mean([logs[day] for day in during]) - np.mean(predicted))
    low, high = (float(np.quantile(gaps, q)) for q in (0.05, 0.95))
    change, least, most = (100 * (np.exp(value) - 1) for value in (gap, gap - high, gap - low))
    observed = float(np.exp(np.mean([logs[day] for day in during])))
    expected = float(np.exp(np.mean(predicted)))
    told = f"响应期间PM2.5几何均值{observed:.0f}，按同期气象推算为{expected:.0f}微克/立方米，相差{change:+.0f}%"
    span = f"（90%区间{least:+.0f}%至{most:+.0f}%，由{len(gaps)}段无响应时段的误差得出）"
    if skill < LEAST_SKILL:
        tells, verdict = False, f"但气象只解释了留出日变化的{max(0.0, skill):.0%}，不足以判断减排效果"
    elif least <= 0 <= most:
        tells, verdict = False, "区间包含零，资料不能判断减排是否起了作用"
    elif least > 0:
        # Responses are called when the air is bad: what lies above the weather of the day is that choice (and what had
        # gathered in the days before), not harm done by the response.
        tells = False
        verdict = "响应本就在污染累积时启动，当日气象不能解释其高出部分，资料不能判断减排是否起了作用"
    else:
        tells, verdict = True, "低于气象所能解释的水平"
    return Counterfactual(
        len(during), observed, expected, float(change), float(least), float(most), skill, len(gaps), tells,
        f"{told}{span}，{verdict}。",
    )  # fmt: skip


def _near(day: date, touched: Collection[date]) -> bool:
    return any(day + timedelta(days=step) in touched for step in range(-APART, APART + 1))


def _row(day: date, weather: Sequence[float]) -> np.ndarray:
    values = np.asarray(weather, dtype=float)
    pairs = np.outer(values, values)[np.triu_indices(len(values))]
    turn = 2 * np.pi * day.timetuple().tm_yday / 365.25
    return np.concatenate([values, pairs, [np.sin(turn), np.cos(turn), float(day.weekday() >= 5)]])


def _fit(days: Sequence[date], rows: Mapping[date, np.ndarray], logs: Mapping[date, float]) -> Any:
    from sklearn.linear_model import RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), RidgeCV(alphas=np.logspace(0, 3, 7)))
    model.fit(np.array([rows[day] for day in days]), np.array([logs[day] for day in days]))
    return lambda asked: model.predict(np.array([rows[day] for day in asked]))


def _placebos(
    clean: Sequence[date], rows: Mapping[date, np.ndarray], logs: Mapping[date, float], length: int
) -> tuple[list[float], list[float], list[float]]:
    """Mean gap per stretch without a response, and squared errors and spreads of their days (each left out)."""
    known, gaps, errors, spreads = set(clean), [], [], []
    starts = [day for day in clean if sum(day + timedelta(days=n) in known for n in range(length)) >= 0.8 * length]
    chosen = starts[:: max(1, len(starts) // MOST_PLACEBOS)]
    mean = float(np.mean([logs[day] for day in clean]))
    for start in chosen:
        asked = [day for n in range(length) if (day := start + timedelta(days=n)) in known]
        away = {start + timedelta(days=n) for n in range(-APART, length + APART)}
        learnt = [day for day in clean if day not in away]
        if len(learnt) < LEAST_DAYS // 2:
            continue
        said = _fit(learnt, rows, logs)(asked)
        truth = np.array([logs[day] for day in asked])
        gaps.append(float(np.mean(truth - said)))
        errors += list((truth - said) ** 2)
        spreads += list((truth - mean) ** 2)
    return gaps, errors, spreads


def _silent(days: int, why: str) -> Counterfactual:
    return Counterfactual(days, None, None, None, None, None, None, 0, False, f"{why}。")
