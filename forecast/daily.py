"""Daily statistics of the natural day, by the validity rules of GB 3095 and HJ 663, and the mean of a city.

Day D is its hours 1..24, the labels D 01:00 .. D+1 00:00 Beijing time. A statistic whose hours do not suffice is NaN:
missing, never zero and never a mean of what happened to be there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import xarray as xr

from forecast import air
from plans.errors import DataError
from plans.rulebook import load
from plans.schema import AmbientEdition, AssessmentEdition

STATISTICS: tuple[str, ...] = ("pm25", "pm10", "so2", "no2", "co", "o3_1h", "o3_8h")
"""Daily means of five pollutants, the day's largest 1-h O3 and its largest sliding 8-h O3."""


@dataclass(frozen=True, slots=True)
class Completeness:
    """How many values make a statistic valid."""

    mean_hours: int
    """Daily mean: hourly means needed (GB 3095 table 4)."""
    window_hours: int
    """8-h mean: hourly means needed (GB 3095 table 4)."""
    first_end: int
    last_end: int
    """The sliding 8-h means of a day end at these hours and between (HJ 663 6.1.2)."""
    windows: int
    """Daily largest 8-h mean: valid windows needed (HJ 663 6.1.2)."""
    o3_limit: float | None
    """With fewer windows the value still counts above this, the grade II limit; None: it never does (HJ 663 6.1.2)."""
    max_1h_hours: int
    """Daily largest 1-h O3: hourly means needed. No text names a number: taken as for a daily mean (confidence I)."""

    @classmethod
    def of(cls, ambient: AmbientEdition, assessment: AssessmentEdition) -> Completeness:
        """The numbers of two editions of the rulebook."""
        day = assessment.ozone_day
        limit = ambient.limit("o3", "max_8h") if day.valid_if_over_limit else None
        return cls(
            mean_hours=ambient.validity.day_hours,
            window_hours=ambient.validity.eight_hours,
            first_end=day.first_end_hour,
            last_end=day.last_end_hour,
            windows=day.least_means,
            o3_limit=None if limit is None else float(limit),
            max_1h_hours=ambient.validity.day_hours,
        )


@lru_cache(maxsize=1)
def usual() -> Completeness:
    """The numbers of GB 3095-2012 and HJ 663-2013; every later edition has kept them (a test says so)."""
    book = load()
    return Completeness.of(book.ambient("gb3095-2012"), book.assessment("hj663-2013"))


def daily_statistics(dataset: xr.Dataset, *, completeness: Completeness | None = None) -> xr.Dataset:
    """STATISTICS per (station, valid_date), float64, ug/m3 (co mg/m3), unrounded; NaN where not valid.

    `valid_date` is the natural day as datetime64[us] at 0:00 without zone. Also `hours_<pollutant>`: how many hourly
    means the day has. Days run from the first to the last day the dataset touches, without gaps. A pollutant that is
    not in the dataset is NaN throughout. DataError as :func:`forecast.air.check`.
    """
    rule = completeness or usual()
    air.check(dataset)
    labels = dataset["valid_time"].values
    if not len(labels):
        raise DataError("There is no hour to make a day of", expected="at least one valid_time", found=0)
    days = air.natural_day(labels)
    first, count = days[0], int((days[-1] - days[0]) / np.timedelta64(1, "D")) + 1
    begin = air.from_beijing(np.array([first]))[0]
    slot = ((labels - begin) / np.timedelta64(1, "h")).astype(np.intp) - 1  # hour 1 of the first day is slot 0
    shape = (dataset.sizes["station"], count, 24)
    out: dict[str, tuple[tuple[str, str], np.ndarray]] = {}
    dims = ("station", "valid_date")
    for name in air.POLLUTANTS:
        hourly = np.full((shape[0], count * 24), np.nan)
        if name in dataset:
            hourly[:, slot] = dataset[name].values
        hourly = hourly.reshape(shape)
        known = ~np.isnan(hourly)
        number = known.sum(axis=2)
        filled = np.where(known, hourly, 0.0)
        if name == "o3":
            largest = np.where(known, hourly, -np.inf).max(axis=2)
            out["o3_1h"] = dims, np.where(number >= max(1, rule.max_1h_hours), largest, np.nan)
            out["o3_8h"] = dims, _max_8h(filled, known, rule)
        else:
            out[name] = dims, _mean(filled.sum(axis=2), number, rule.mean_hours)
        out[f"hours_{name}"] = dims, number.astype(np.uint8)
    result = xr.Dataset(
        {name: out[name] for name in (*STATISTICS, *(f"hours_{name}" for name in air.POLLUTANTS))},
        coords={
            "station": dataset["station"].values,
            "valid_date": (first + np.arange(count)).astype("datetime64[us]"),
        },
        attrs=dict(dataset.attrs),
    )
    for name in STATISTICS:
        result[name].attrs["units"] = air.UNITS[name.split("_")[0]]
    return result


def sliding_mean(dataset: xr.Dataset, name: str, *, window: int, least: int) -> np.ndarray:
    """The mean of the `window` hours ending at each valid_time, (station, valid_time); NaN below `least` of them.

    Hours that are not on the dataset's axis count as missing. For the 24-h PM and the 8-h O3 of the real-time report.
    """
    labels = dataset["valid_time"].values
    if not len(labels):
        return np.empty((dataset.sizes["station"], 0))
    slot = ((labels - labels[0]) / np.timedelta64(1, "h")).astype(np.intp)
    hourly = np.full((dataset.sizes["station"], slot[-1] + window), np.nan)
    hourly[:, slot + window - 1] = dataset[name].values
    known = ~np.isnan(hourly)
    total, number = _windows(np.where(known, hourly, 0.0), window), _windows(known.astype(np.float64), window)
    return _mean(total, number, least)[:, slot]


def city_mean(dataset: xr.Dataset, *, stations: Sequence[str], minimum_share: float, name: str = "city") -> xr.Dataset:
    """One station called `name`: per hour the mean of the stations' values, NaN below the minimum share of them.

    `minimum_share` of the named stations (0..1) must have a value. It is a setting of the city: no national text says
    how many stations make an hourly city value. Contract variables only; wind directions are averaged as vectors.
    Also `stations_<pollutant>`, how many took part. DataError: a station that is not in the dataset.
    """
    if not 0 < minimum_share <= 1:
        raise DataError(
            "The minimum share of stations is impossible", expected="above 0, at most 1", found=minimum_share
        )
    have = [str(code) for code in dataset["station"].values]
    for code in stations:
        if code not in have:
            raise DataError("The station is not in the dataset", expected=", ".join(have)[:200], found=code)
    rows = [have.index(code) for code in stations]
    least = int(np.ceil(minimum_share * len(rows) - 1e-9))
    values, counts = {}, {}
    for variable in (*air.POLLUTANTS, *air.WEATHER):
        if variable not in dataset:
            continue
        array = dataset[variable].values[rows]
        known = ~np.isnan(array)
        number = known.sum(axis=0, keepdims=True)
        if variable == "wind_direction":
            angle = np.deg2rad(np.where(known, array, 0.0))
            east, north = ((turn(angle) * known).sum(axis=0, keepdims=True) for turn in (np.sin, np.cos))
            degrees = np.rad2deg(np.arctan2(east, north)) % 360.0
            values[variable] = np.where((number >= max(1, least)) & (np.hypot(east, north) > 1e-9), degrees, np.nan)
        else:
            values[variable] = _mean(np.where(known, array, 0.0).sum(axis=0, keepdims=True), number, least)
        if variable in air.POLLUTANTS:
            counts[f"stations_{variable}"] = number.astype(np.int64)
    hours = dataset["valid_time"].values
    return air.dataset(values, stations=[name], valid_time=hours, extra=counts, attrs={"source": f"mean of {name}"})


def _mean(total: np.ndarray, number: np.ndarray, least: int) -> np.ndarray:
    out = np.full(total.shape, np.nan)
    np.divide(total, number, out=out, where=number >= max(1, least))
    return out


def _windows(values: np.ndarray, window: int) -> np.ndarray:
    """Sums over `window` neighbours along the last axis, added directly: a running sum would carry its errors on."""
    length = values.shape[-1] - window + 1
    total = values[..., :length].copy()
    for step in range(1, window):
        total += values[..., step : step + length]
    return total


def _max_8h(filled: np.ndarray, known: np.ndarray, rule: Completeness) -> np.ndarray:
    """The largest of the sliding 8-h means that end at the hours of the rule."""
    ends = slice(rule.first_end - 8, rule.last_end - 7)
    means = _mean(_windows(filled, 8), _windows(known.astype(np.int64), 8), rule.window_hours)[..., ends]
    valid = ~np.isnan(means)
    largest = np.where(valid, means, -np.inf).max(axis=-1)
    enough = valid.sum(axis=-1) >= rule.windows
    if rule.o3_limit is not None:
        enough |= np.rint(largest) > rule.o3_limit
    return np.where(enough & valid.any(axis=-1), largest, np.nan)
