"""What is known of the air when a forecast is issued: predictors made from the past alone, and the targets behind it.

An issue closes at an hour of day D (hour 24 by default, the end of the natural day); every hour belongs to the 24-h
window that ends at such an issue, and a predictor of day D looks at the windows of D, D-1, ... and nothing else.
Concentrations are worked on as logarithms, log(c + offset): their spread is then about the same at 30 and at 300
ug/m3. Leads 1..7 are the natural days D+1..D+7; the target of a lead is that day's official daily statistic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

import numpy as np
import xarray as xr

from forecast import air
from forecast.daily import city_mean, daily_statistics
from plans.errors import DataError

LEADS = 7
"""Days ahead."""

TARGETS: tuple[str, ...] = ("pm25", "pm10", "so2", "no2", "co", "o3_8h")
"""The daily statistics that are forecast, in the order of air.POLLUTANTS."""

OFFSETS = np.array([3.0, 5.0, 1.0, 3.0, 0.1, 5.0])
"""Added before the logarithm (ug/m3; co mg/m3), near the instruments' detection limits, so that zero stays finite."""

MEMORY_DAYS = 32
"""Days before and including D that a predictor can reach back to."""

KNOWN_SHARE = 0.25
"""Least share of an area's stations for an hourly mean used as predictor: a degraded city still gets a forecast."""

OBSERVED_SHARE = 0.5
"""Least share of an area's stations for an hourly mean used as the truth (a setting: no national text names one)."""

REGION = "region"
"""Name of the series that stands for all stations together."""


@dataclass(frozen=True, slots=True)
class Area:
    """What a forecast is made for: one station, or the hourly mean of several."""

    key: str
    stations: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Everything a model may see; row i of `days` holds what was known at the issue hour of that day."""

    areas: tuple[str, ...]
    weights: np.ndarray
    """(area,): how many stations stand behind an area."""
    days: np.ndarray
    """(day,) datetime64[D], consecutive; the natural day D."""
    issue_hour: int
    names: tuple[str, ...]
    predictors: np.ndarray
    """(area, day, predictor), NaN where unknown; concentrations as logarithms, uncentred."""
    level_of: np.ndarray
    """(predictor,): index of the pollutant whose level it is, -1 for the others."""
    observed: np.ndarray
    """(area, day, pollutant) log of the daily statistic of the natural day itself; NaN where missing or not over."""
    ahead: np.ndarray
    """(area, day, lead, predictor) weather of the days ahead; the last axis is empty when no weather is used."""
    redrawn: np.ndarray | None = None
    """(draw, area, day, lead, predictor): runs as they might have been, for training only (weather_path.redrawn)."""
    around: np.ndarray | None = None
    """(day, predictor): the region as a whole, for experts that ask for it; see :func:`region_of`."""
    region_observed: np.ndarray | None = None
    """(day, pollutant) log of the daily statistic of the region's mean; NaN as in `observed`."""
    ahead_names: tuple[str, ...] = ()
    """Of the last axis of `ahead`."""

    def until(self, day: date) -> Sample:
        """The sample without `day` and what follows; its targets too end before that day."""
        return self.take(np.flatnonzero(self.days < np.datetime64(day, "D")))

    def take(self, rows: np.ndarray) -> Sample:
        """The sample of some consecutive rows."""
        return Sample(
            self.areas, self.weights, self.days[rows], self.issue_hour, self.names,
            self.predictors[:, rows], self.level_of, self.observed[:, rows], self.ahead[:, rows],
            None if self.redrawn is None else self.redrawn[:, :, rows],
            None if self.around is None else self.around[rows],
            None if self.region_observed is None else self.region_observed[rows],
            self.ahead_names,
        )  # fmt: skip

    def targets(self) -> np.ndarray:
        """(area, day, lead, pollutant): the logarithm of the daily statistics of D+1..D+7, NaN beyond the last day."""
        out = np.full((*self.observed.shape[:2], LEADS, len(TARGETS)), np.nan)
        for lead in range(1, min(LEADS, self.observed.shape[1] - 1) + 1):
            out[:, :-lead, lead - 1] = self.observed[:, lead:]
        return out

    def index(self, area: str) -> int:
        """The place of an area; DataError when it is not in the sample."""
        if area not in self.areas:
            raise DataError("The area is not in the sample", expected=", ".join(self.areas)[:200], found=area)
        return self.areas.index(area)


def stations_of(areas: Sequence[Area]) -> tuple[str, ...]:
    """The codes of all stations of some areas, in order; together they are the region."""
    return tuple(sorted({code for area in areas for code in area.stations}))


def to_log(concentrations: np.ndarray) -> np.ndarray:
    """log(c + offset) along the last axis of pollutants; negative instrument noise counts as zero."""
    logs: np.ndarray = np.log(np.maximum(concentrations, 0.0) + OFFSETS)
    return logs


def from_log(logs: np.ndarray) -> np.ndarray:
    """Concentrations of :func:`to_log`, never below zero."""
    concentrations: np.ndarray = np.maximum(np.exp(logs) - OFFSETS, 0.0)
    return concentrations


def base_day(issued_at: datetime, *, issue_hour: int = 24) -> date:
    """The day D of an issue: the day whose issue hour was the last to pass by `issued_at`.

    >>> base_day(datetime(2015, 11, 29, 1, tzinfo=air.BEIJING))
    datetime.date(2015, 11, 28)
    """
    local = air.to_beijing(np.array([air.utc(issued_at, name="issued_at")]))[0]
    day: date = (local - np.timedelta64(issue_hour, "h")).astype("datetime64[D]").item()
    return day


def issue_time(day: date, *, issue_hour: int = 24) -> datetime:
    """The moment the issue hour of a day ends, aware Beijing time."""
    return air.day_bounds(day)[0] + timedelta(hours=issue_hour)


def build(
    dataset: xr.Dataset,
    *,
    areas: Sequence[Area],
    region: Sequence[str],
    issue_hour: int = 24,
    ahead: xr.Dataset | None = None,
    redrawn: Sequence[xr.Dataset] = (),
) -> Sample:
    """The sample of a dataset of hourly air (contract of forecast.air), for the issue hour of every day it covers.

    `region`: the stations whose mean is a predictor for every area. `ahead`: daily weather of the days ahead,
    variables (area, issue_date, lead) float64, NaN where unknown; None is the mode without weather. `redrawn`: the
    same as it might have been, for training.
    DataError: a station that is not in the dataset, an issue hour outside 1..24.
    """
    if not 1 <= issue_hour <= 24:
        raise DataError("The issue hour is impossible", expected="1..24", found=issue_hour)
    known = xr.concat([_series(dataset, area, KNOWN_SHARE) for area in areas], dim="station")
    around = _series(dataset, Area(REGION, tuple(region)), KNOWN_SHARE)
    truth = xr.concat([_series(dataset, area, OBSERVED_SHARE) for area in areas], dim="station")
    first, count = _window_days(dataset["valid_time"].values, issue_hour)
    days = first + np.arange(count)
    region_windows = _windows(around, first, count, issue_hour)
    names, values, level_of = _predictors(_windows(known, first, count, issue_hour), region_windows, days)
    return Sample(
        areas=tuple(area.key for area in areas),
        weights=np.array([float(len(area.stations)) for area in areas]),
        days=days,
        issue_hour=issue_hour,
        names=names,
        predictors=values,
        level_of=level_of,
        observed=_observed(truth, days, dataset["valid_time"].values),
        ahead=_ahead(ahead, tuple(area.key for area in areas), days),
        redrawn=np.stack([_ahead(one, tuple(area.key for area in areas), days) for one in redrawn]).astype(np.float32)
        if redrawn
        else None,
        around=region_of(region_windows),
        region_observed=_observed(around, days, dataset["valid_time"].values)[0],
        ahead_names=() if ahead is None else tuple(sorted(map(str, ahead))),
    )


REGION_LEVELS = 2 * len(air.POLLUTANTS)
"""How many of the first predictors of :func:`region_of` are levels of pollutants; the others are observed weather."""


def region_of(windows: dict[str, np.ndarray]) -> np.ndarray:
    """(day, predictor): levels of the last 6 and 24 h and observed weather of the region, from its (1, day, 24)."""
    columns = []
    for number, name in enumerate(air.POLLUTANTS):
        logs = np.log(np.maximum(windows[name], 0.0) + OFFSETS[number])
        columns += [mean(logs[:, :, 18:]), mean(logs)]
    weather = _weather(windows)
    wanted = ("_day0", "_6h", "_change")
    columns += [value for name, value in weather.items() if name.endswith(wanted) or name == "wind_top"]
    return np.stack([column[0] for column in columns], axis=-1)


def _series(dataset: xr.Dataset, area: Area, share: float) -> xr.Dataset:
    made = city_mean(dataset, stations=area.stations, minimum_share=share, name=area.key)
    return made.drop_vars([str(name) for name in made if str(name).startswith("stations_")])


def _window_days(hours: np.ndarray, issue_hour: int) -> tuple[np.datetime64, int]:
    """The first day whose whole window lies in the dataset, and how many days follow.

    The last window may lack up to 4 hours, as an issue may that cannot wait for them.
    """
    local = air.to_beijing(hours[[0, -1]]) - np.timedelta64(issue_hour, "h")  # a window ends at 0:00 of its day here
    first = (local[0] + np.timedelta64(47, "h") - np.timedelta64(1, "us")).astype("datetime64[D]")
    last = (local[1] + np.timedelta64(4, "h")).astype("datetime64[D]")
    count = int((last - first) / np.timedelta64(1, "D")) + 1
    if count < 1:
        raise DataError("There is no whole day", expected="24 hours up to the issue hour", found=f"{len(hours)} hours")
    return first, count


def _windows(series: xr.Dataset, first: np.datetime64, count: int, issue_hour: int) -> dict[str, np.ndarray]:
    """Per variable (area, day, 24): the hours of the window that ends at the issue hour of each day."""
    begin = air.from_beijing(np.array([first.astype("datetime64[us]")]))[0] + np.timedelta64(issue_hour - 24, "h")
    slot = ((series["valid_time"].values - begin) / np.timedelta64(1, "h")).astype(np.intp) - 1
    inside = (slot >= 0) & (slot < count * 24)
    out = {}
    for name in (*air.POLLUTANTS, *air.WEATHER):
        hourly = np.full((series.sizes["station"], count * 24), np.nan)
        if name in series:
            hourly[:, slot[inside]] = series[name].values[:, inside]
        out[name] = hourly.reshape(-1, count, 24)
    return out


def _observed(truth: xr.Dataset, days: np.ndarray, hours: np.ndarray) -> np.ndarray:
    statistics = daily_statistics(truth)
    at = ((statistics["valid_date"].values.astype("datetime64[D]") - days[0]) / np.timedelta64(1, "D")).astype(np.intp)
    out = np.full((truth.sizes["station"], len(days), len(TARGETS)), np.nan)
    inside = (at >= 0) & (at < len(days))
    for number, name in enumerate(TARGETS):
        out[:, at[inside], number] = statistics[name].values[:, inside]
    over = air.natural_day(hours[-1:])[0] + np.timedelta64(1, "D")
    if air.to_beijing(hours[-1:])[0] < over.astype("datetime64[us]") - np.timedelta64(1, "h"):
        out[:, days >= over - np.timedelta64(1, "D")] = np.nan  # the day is not over: its statistic is no truth yet
    return to_log(out)


def _ahead(ahead: xr.Dataset | None, areas: tuple[str, ...], days: np.ndarray) -> np.ndarray:
    if ahead is None:
        return np.empty((len(areas), len(days), LEADS, 0))
    picked = ahead.reindex(area=list(areas), issue_date=days.astype("datetime64[us]"), lead=range(1, LEADS + 1))
    layers = [picked[name].transpose("area", "issue_date", "lead").values for name in sorted(map(str, picked))]
    return np.stack(layers, axis=-1).astype(np.float64)


# predictors ---------------------------------------------------------------------------------------------------------


def _predictors(
    known: dict[str, np.ndarray], around: dict[str, np.ndarray], days: np.ndarray
) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    columns: dict[str, np.ndarray] = {}
    levels: dict[str, int] = {}
    for number, name in enumerate(air.POLLUTANTS):
        for key, value in _pollutant(name, np.log(np.maximum(known[name], 0.0) + OFFSETS[number])).items():
            columns[key] = value
            if "_level_" in key:
                levels[key] = number
        wide = mean(np.log(np.maximum(around[name], 0.0) + OFFSETS[number]))
        columns[f"region_{name}_level_24h"] = np.broadcast_to(wide, columns[f"{name}_level_24h"].shape)
        levels[f"region_{name}_level_24h"] = number
    columns |= _weather(known)
    shape = columns["pm25_level_24h"].shape
    columns |= {key: np.broadcast_to(value, shape) for key, value in season(days).items()}
    names = tuple(columns)
    level_of = np.array([levels.get(name, -1) for name in names], dtype=np.intp)
    return names, np.stack([columns[name] for name in names], axis=-1), level_of


def _pollutant(name: str, logs: np.ndarray) -> dict[str, np.ndarray]:
    """Levels (with `_level_` in the name) and shapes of one pollutant from (area, day, 24) logarithms."""
    last = {hours: mean(logs[:, :, 24 - hours :]) for hours in (24, 12, 6, 3, 1)}
    for short, longer in ((12, 24), (6, 12), (3, 6), (1, 3)):  # a late last hour is replaced by those before it
        last[short] = np.where(np.isnan(last[short]), last[longer], last[short])
    window = _max_8h_log(logs) if name == "o3" else last[24]
    out = {f"{name}_level_{hours}h": value for hours, value in last.items()}
    out |= {f"{name}_level_day{back}": shift(window, back) for back in range(3)}
    out |= {f"{name}_level_{days}d": trailing(window, days) for days in (3, 7, 30)}
    out[f"{name}_rise_6h"] = last[6] - last[24]
    out[f"{name}_rise_1h"] = last[1] - last[6]
    out[f"{name}_top"] = _extreme(logs, np.fmax) - last[24]
    out[f"{name}_bottom"] = _extreme(logs, np.fmin) - last[24]
    return out


def _weather(known: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    angle = np.deg2rad(known["wind_direction"])
    hourly = {
        "temperature": known["temperature"],
        "pressure": known["pressure"],
        "dew_point": known["dew_point"],
        "dew_depression": known["temperature"] - known["dew_point"],
        "wind": known["wind_speed"],
        "wind_east": -known["wind_speed"] * np.sin(angle),
        "wind_north": -known["wind_speed"] * np.cos(angle),
    }
    out: dict[str, np.ndarray] = {}
    for name, values in hourly.items():
        day, evening, end = mean(values), mean(values[:, :, 18:]), mean(values[:, :, 22:])
        out[f"{name}_day0"], out[f"{name}_day1"] = day, shift(day, 1)
        out[f"{name}_3d"], out[f"{name}_7d"] = trailing(day, 3), trailing(day, 7)
        out[f"{name}_6h"], out[f"{name}_rise_6h"] = evening, evening - day
        out[f"{name}_change"], out[f"{name}_2h"] = day - shift(day, 1), end
    out["wind_top"] = _extreme(known["wind_speed"], np.fmax)
    rain = np.log1p(np.where(np.isnan(known["rain"]).all(axis=2), np.nan, np.nansum(known["rain"], axis=2)))
    out["rain_day0"], out["rain_3d"] = rain, trailing(rain, 3)
    out["temperature_range"] = _extreme(known["temperature"], np.fmax) - _extreme(known["temperature"], np.fmin)
    return out


def season(days: np.ndarray) -> dict[str, np.ndarray]:
    """Two harmonics of the year at each day."""
    angle = 2 * np.pi * year_angle(days)
    return {
        f"season_{name}{order}": wave(order * angle)
        for order in (1, 2)
        for name, wave in (("sin", np.sin), ("cos", np.cos))
    }


def year_angle(days: np.ndarray) -> np.ndarray:
    """The place in the year, 0..1, of days."""
    return (days.astype("datetime64[D]").astype(np.int64) % 365.2425) / 365.2425


def season_distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Days between two days with the year left out (at most half a year), elementwise."""
    apart = np.abs(year_angle(a) - year_angle(b))
    distance: np.ndarray = np.minimum(apart, 1.0 - apart) * 365.2425
    return distance


@lru_cache(maxsize=64)
def _holidays(year: int) -> tuple[frozenset[date], frozenset[date]]:
    """Public holidays with their moved rest days (休), and weekend days worked in exchange (调休)."""
    import holidays

    year_of = holidays.country_holidays("CN", years=year)
    return frozenset(year_of), frozenset(year_of.weekend_workdays)


def calendar(days: np.ndarray) -> np.ndarray:
    """(day, 2) of 0 or 1: weekend that is not worked; public holiday of mainland China (library `holidays`)."""
    return np.array([_of_calendar(day) for day in days.astype("datetime64[D]").tolist()]).reshape(-1, 2)


@lru_cache(maxsize=16384)
def _of_calendar(day: date) -> tuple[float, float]:
    off, worked = _holidays(day.year)
    return float(day.weekday() >= 5 and day not in worked), float(day in off)


def mean(values: np.ndarray) -> np.ndarray:
    """Mean over the last axis of what is there; NaN where nothing is."""
    known = ~np.isnan(values)
    number = known.sum(axis=-1)
    out = np.full(number.shape, np.nan)
    np.divide(np.where(known, values, 0.0).sum(axis=-1), number, out=out, where=number > 0)
    return out


def shift(values: np.ndarray, days: int) -> np.ndarray:
    """(area, day) moved so that row D holds the value of D - days."""
    if days == 0:
        return values
    out = np.full_like(values, np.nan)
    out[:, days:] = values[:, :-days]
    return out


def trailing(values: np.ndarray, days: int) -> np.ndarray:
    """Mean of the last `days` days up to and including D, of those that are there."""
    return mean(np.stack([shift(values, back) for back in range(min(days, values.shape[1]))], axis=-1))


def _extreme(values: np.ndarray, pick: np.ufunc) -> np.ndarray:
    out: np.ndarray = pick.reduce(values, axis=2)
    return out


def _max_8h_log(logs: np.ndarray) -> np.ndarray:
    """The largest mean of eight neighbouring hours of the window (of logarithms: a predictor, not the statistic)."""
    means = np.stack([mean(logs[:, :, end - 8 : end]) for end in range(8, 25)], axis=-1)
    return np.asarray(np.fmax.reduce(means, axis=-1))
