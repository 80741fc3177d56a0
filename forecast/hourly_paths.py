"""From the daily scenarios to the hours of the next three days: the course of the day comes from like days of the past.

A daily scenario says how much of each pollutant three days hold; a past stretch of the same area, season and kind says
how such days run through their hours. 1. Every scenario draws a stretch by likeness: the levels at the issue, the three
days' statistics, the season. 2. The stretch's logarithms are lifted by a line through the days' middles, so that it
begins where the air is now and each natural day keeps the scenario's own daily statistic (mean; for ozone the largest
8-h mean). 3. The real-time AQI follows by the edition's rule, sliding means reaching back into observed hours. So path
i by hours is path i by days, and pollutants and hours hang together as they did in the stretch.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from forecast import air, aqi, features
from forecast.daily import city_mean
from forecast.features import KNOWN_SHARE, OFFSETS, season_distance
from forecast.hours import HOURS, HourlyOutlook
from forecast.outlook import Outlook
from forecast.predict import paths_of, seed
from forecast.train import Trained, from_archive
from plans.errors import DataError

if TYPE_CHECKING:
    from forecast.archive import Archive

DAYS = 3
BEFORE = 24
"""Observed hours that the sliding means of the real-time rule reach back over."""

SEASON_WIDTH = 30.0
"""Days; how fast a stretch loses weight with its distance in the year."""

LIKENESS = 0.35
"""In spreads; how fast a stretch loses weight with unlikeness."""

NEAREST = 12
"""Stretches that a scenario may draw from."""

NOW = 1
"""Hours whose mean is the air now; 1, 2 and 3 were tried inside the training years (CRPS of the first six hours under
HJ 633-2026: 16.7, 17.5, 18.3)."""

NOW_COUNTS = 0.5
"""Weight of the unlikeness of the air now, beside that of the three days."""

NOW_FADES = 6.0
"""Hours in which the distance between the stretch's first hours and the air now fades by e."""

MOST_LIFT = np.log(20.0)
"""No hour is lifted or lowered by more than this factor."""

LEAST_KNOWN = 0.75
"""Share of a stretch's hours that must have been measured, per pollutant."""

OZONE = air.POLLUTANTS.index("o3")


def hourly_outlook(
    archive: Archive,
    model: Trained,
    outlook: Outlook,
    *,
    stations: Sequence[str],
    weather: xr.Dataset | None = None,
    history: xr.Dataset | None = None,
    years: int = 2,
) -> HourlyOutlook | None:
    """The next 72 hours of an outlook this model made from this archive, as known at its issue.

    Stretches are looked for in `history` up to the issue, or else in so many years of the archive. None where the area
    has no stretch of three days behind it. Equal archive, model and outlook give equal hours. DataError as
    predict.make_outlook raises it, and when the model is not the outlook's.
    """
    if model.digest != outlook.model_digest:
        expected, found = outlook.model_digest[:12], model.digest[:12]
        raise DataError("The outlook was made by another model", expected=expected, found=found)
    day = features.base_day(outlook.issued_at, issue_hour=model.issue_hour)
    closed = features.issue_time(day, issue_hour=model.issue_hour)
    if history is None:
        start = closed - timedelta(days=366 * years)
        history = from_archive(archive, stations=list(stations), start=start, end=closed, as_of=outlook.issued_at)
    inside = history["valid_time"].values <= air.utc(closed)
    series = city_mean(
        history.isel(valid_time=np.flatnonzero(inside)), stations=stations, minimum_share=KNOWN_SHARE, name=outlook.area
    )
    daily = paths_of(
        archive, model, area=outlook.area, stations=stations, issued_at=outlook.issued_at,
        count=len(outlook.aqi_paths), weather=weather,
    )  # fmt: skip
    grid = on_grid(series, day, issue_hour=model.issue_hour)
    made = concentrations(grid, daily[:, :DAYS], day=day, issue_hour=model.issue_hour, seed=seed(outlook.area, day))
    if made is None:
        return None
    hourly, count = made
    index = real_time(grid[-BEFORE:], hourly, edition=outlook.aqi_edition)
    known = ~np.isnan(hourly).any(axis=(0, 1))
    middle = np.median(hourly, axis=0)
    return HourlyOutlook(
        outlook=outlook.digest,
        area=outlook.area,
        issued_at=outlook.issued_at,
        aqi_edition=outlook.aqi_edition,
        first_hour=closed + timedelta(hours=1),
        aqi_paths=tuple(tuple(path) for path in index.tolist()),
        concentration_medians={
            name: tuple(np.round(middle[:, number], 2 if name == "co" else 0).tolist())
            for number, name in enumerate(air.POLLUTANTS)
            if known[number]
        },
        templates=count,
    )


def on_grid(series: xr.Dataset, day: date, *, issue_hour: int) -> np.ndarray:
    """(hour, pollutant): the hours of one series up to the issue hour of `day`, whole days back, NaN unknown.

    The last row is the issue hour; the length is a multiple of 24. DataError: no hour by then.
    """
    end = air.utc(features.issue_time(day, issue_hour=issue_hour))
    labels: np.ndarray = series["valid_time"].values
    back = (end - labels).astype("timedelta64[h]").astype(np.intp)
    back_known = back[back >= 0]
    if not len(back_known):
        raise DataError("There is no hour before the issue", expected=f"hours up to {end}", found="none")
    out = np.full((-(-(int(back_known.max()) + 1) // 24) * 24, len(air.POLLUTANTS)), np.nan)
    for number, name in enumerate(air.POLLUTANTS):
        if name in series:
            out[len(out) - 1 - back_known, number] = np.maximum(series[name].values[0][back >= 0], 0.0)
    return out


def concentrations(
    grid: np.ndarray, daily: np.ndarray, *, day: date, issue_hour: int, seed: int
) -> tuple[np.ndarray, int] | None:
    """1-h means (path, HOURS, pollutant), ug/m3 (co mg/m3), and how many stretches they were drawn from.

    grid: as :func:`on_grid`; daily: (path, DAYS, pollutant) daily statistics of the natural days after `day`. A
    pollutant without daily scenarios or without stretches is NaN. None where there is no stretch at all.
    """
    gap = 24 - issue_hour  # hours of `day` itself that are still ahead
    length = gap + DAYS * 24
    logs = np.log(grid + OFFSETS)
    stretches, starts = _stretches(logs, length)
    if not len(stretches):
        return None
    usable = ~np.isnan(stretches).any(axis=(0, 1)) & ~np.isnan(daily).any(axis=(0, 1))
    if not usable.any():
        return None
    days_back = (len(logs) - starts) // 24
    past = np.datetime64(day, "D") - days_back.astype("timedelta64[D]")
    now, then = _level(logs[None, -NOW:]), _level(np.stack([logs[at - NOW : at] for at in starts]))
    statistics = np.log(_statistics(np.exp(stretches) - OFFSETS, gap) + OFFSETS)
    wanted = np.log(daily + OFFSETS)
    spread = np.maximum(statistics.std(axis=0), 1e-6)
    apart = ((wanted[:, None] - statistics[None]) / spread) ** 2
    own = np.nan_to_num((then - now) / np.maximum(np.nanstd(then, axis=0), 1e-6)) ** 2
    unlike = apart[..., usable].mean(axis=(2, 3)) + NOW_COUNTS * own[:, usable].mean(axis=1)
    season = season_distance(np.array([day], dtype="datetime64[D]"), past) / SEASON_WIDTH
    cost = 0.5 * (unlike / LIKENESS**2 + season**2)
    cost -= cost.min(axis=1, keepdims=True)
    weights = np.exp(-cost) + 1e-12
    least = np.sort(weights, axis=1)[:, max(0, weights.shape[1] - NEAREST)][:, None]
    weights = np.where(weights >= least, weights, 0.0)
    drawn = pick_one(weights, seed)
    shape = stretches[drawn]
    return _lifted(shape, now[0], daily, gap, usable)[:, :HOURS], len(np.unique(drawn))


def pick_one(weights: np.ndarray, seed: int) -> np.ndarray:
    """(row,): one column per row drawn by weight."""
    random = np.random.default_rng(seed)
    ladder = np.cumsum(weights, axis=1)
    luck = random.permutation((np.arange(len(weights)) + random.random()) / len(weights))
    drawn = (ladder <= (luck * ladder[:, -1])[:, None]).sum(axis=1)
    chosen: np.ndarray = np.minimum(drawn, weights.shape[1] - 1)
    return chosen


def _stretches(logs: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
    """(stretch, hour, pollutant) whose small gaps are bridged, and the row each begins at; none overlaps the issue."""
    starts = np.arange(24, len(logs) - length + 1, 24)
    kept, places = [], []
    ever = ~np.isnan(logs).all(axis=0)
    for at in starts:
        one = logs[at : at + length]
        known = ~np.isnan(one)
        if not (known[:, ever].mean(axis=0) >= LEAST_KNOWN).all():
            continue
        filled = one.copy()
        hours = np.arange(length)
        for number in np.flatnonzero(ever):
            there = known[:, number]
            filled[:, number] = np.interp(hours, hours[there], one[there, number])
        kept.append(filled)
        places.append(at)
    if not kept:
        return np.empty((0, length, logs.shape[1])), np.empty(0, dtype=np.intp)
    return np.stack(kept), np.array(places)


def _level(last: np.ndarray) -> np.ndarray:
    """(case, pollutant): the mean of the last hours (case, hour, pollutant); NaN where none is known."""
    return features.mean(np.moveaxis(last, 1, -1))


def _statistics(values: np.ndarray, gap: int) -> np.ndarray:
    """(case, DAYS, pollutant) daily means of hours (case, hour, pollutant); of ozone the largest 8-h mean."""
    whole = values[:, gap:].reshape(len(values), DAYS, 24, -1)
    out: np.ndarray = whole.mean(axis=2)
    sums = np.cumsum(whole[..., OZONE], axis=2)
    eight = sums[..., 7:].copy()
    eight[..., 1:] -= sums[..., :-8]
    out[..., OZONE] = eight.max(axis=2) / 8
    return out


def _lifted(shape: np.ndarray, now: np.ndarray, daily: np.ndarray, gap: int, usable: np.ndarray) -> np.ndarray:
    """Concentrations (path, hour, pollutant) in the shape given, from the air now, with the daily statistics wanted."""
    length = shape.shape[1]
    hours = np.arange(1, length + 1, dtype=np.float64)
    knots = np.concatenate([gap + 12.5 + 24 * np.arange(DAYS)])
    rise = np.stack([np.interp(hours, knots, unit) for unit in np.eye(DAYS)])  # (day, hour): a line through middles
    fade = np.exp(-hours / NOW_FADES)[None, :, None]
    start = np.where(np.isnan(now), 0.0, now - shape[:, 0])[:, None]
    lift = np.zeros((len(shape), DAYS, shape.shape[2]))
    made = shape
    for _ in range(10):
        line = np.einsum("pdk,dh->phk", lift, rise)
        total = np.clip(line * (1 - fade) + start * fade, -MOST_LIFT, MOST_LIFT)
        made = np.maximum(np.exp(shape + total) - OFFSETS, 0.0)
        short = np.log((daily + 0.1 * OFFSETS) / (_statistics(made, gap) + 0.1 * OFFSETS))
        lift = np.clip(lift + np.where(np.isnan(short), 0.0, short), -2 * MOST_LIFT, 2 * MOST_LIFT)
    left = daily / np.maximum(_statistics(made, gap), 1e-9)  # what the line could not give: a factor of the whole day
    factor = np.concatenate([np.ones((len(shape), gap, shape.shape[2])), np.repeat(left, 24, axis=1)], axis=1)
    out: np.ndarray = np.where(usable, made * factor, np.nan)
    return out


def real_time(before: np.ndarray, hourly: np.ndarray, *, edition: str) -> np.ndarray:
    """(path, hour) int16 real-time AQI of 1-h means (path, hour, pollutant) after observed ones (hour, pollutant).

    The sliding means of the first hours need observed hours: one that is missing takes the known hour nearest to it,
    or where none is known the path's own first hour; else a silent monitor would make the index look low.
    """
    joined = np.concatenate([np.broadcast_to(before, (len(hourly), *before.shape)), hourly], axis=1)
    for number in range(before.shape[1]):
        there = np.flatnonzero(~np.isnan(before[:, number]))
        there = there if len(there) else np.array([len(before)])
        nearest = there[np.abs(np.arange(len(before))[:, None] - there).argmin(axis=1)]
        joined[:, : len(before), number] = joined[:, nearest, number]
    known = ~np.isnan(hourly).any(axis=(0, 1))
    labels = np.datetime64("2000-01-01T01", "us") + np.arange(joined.shape[1]) * np.timedelta64(1, "h")
    made = air.dataset(
        {name: joined[..., number] for number, name in enumerate(air.POLLUTANTS) if known[number]},
        stations=[f"{number:04d}" for number in range(len(joined))],
        valid_time=labels,
    )
    index: np.ndarray = aqi.of_hourly(made, edition=edition, gaps="available")["aqi"].values[:, len(before) :]
    return index
