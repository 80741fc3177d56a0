"""The marks that one station's hours alone cannot give: neighbours, the days before, the clock, the office's calendar.

Every number is a setting of ours (confidence I): no text prescribes one. Like all marks these delete nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

import numpy as np
import xarray as xr

from forecast.air import POLLUTANTS, check, utc
from forecast.quality import Flag, flag, pack
from forecast.readers.station_list import Station
from plans.errors import DataError

_LEAST: Mapping[str, float] = MappingProxyType(
    {"pm25": 60.0, "pm10": 150.0, "so2": 80.0, "no2": 70.0, "co": 2.5, "o3": 90.0}
)


@dataclass(frozen=True, slots=True)
class Settings:
    """When the rules speak."""

    radius_km: float = 30.0
    """Stations nearer than this are neighbours."""
    neighbours: int = 3
    """So many of them must have a value in the hour."""
    neighbour_times: float = 5.0
    """Marked: further from the neighbours' median than this many of their median deviations"""
    neighbour_least: Mapping[str, float] = field(default_factory=lambda: _LEAST)
    """and by at least this, ug/m3 (co mg/m3)."""
    unit_factor: float = 1000.0
    """ug and mg are a thousand apart;"""
    unit_spread: float = 3.0
    """a ratio within this factor of it counts,"""
    unit_hours: int = 3
    """in so many hours in a row, against the median of"""
    unit_before: int = 24
    """the known hours before (at least a quarter of them)."""
    clock_hours: int = 140
    """Hours with values needed before a clock is judged: about a week."""
    clock_most: int = 12
    """Shifts up to this are tried, either way."""
    clock_match: float = 0.35
    """The shifted series must follow the neighbours' median this well (mean correlation of 3-hour changes)"""
    clock_gain: float = 0.3
    """and this much better than unshifted. Over 150 random weeks of the twelve Beijing stations the largest false gain
    was 0.17; a shift of 8 h gained 0.8 in the median, one of 3 h 0.6. One of 1 h gains 0.1 and is not found."""
    frozen_share: float = 0.9
    """A feed that repeats the hour before at this share of at least"""
    frozen_stations: int = 20
    """so many stations stands still: the hour is marked STUCK."""


@dataclass(frozen=True, slots=True)
class Window:
    """A maintenance of one station, as the operator reported it: begin < valid_time <= end."""

    station: str
    begin: datetime
    end: datetime
    pollutants: tuple[str, ...] = POLLUTANTS
    reason: str = ""


def judge(
    dataset: xr.Dataset,
    *,
    places: Iterable[Station] = (),
    windows: Sequence[Window] = (),
    before: xr.Dataset | None = None,
    settings: Settings | None = None,
) -> xr.Dataset:
    """The dataset with every mark of :mod:`forecast.quality` and of this module; no value changes.

    `places` gives the coordinates (a station without any has no neighbours); `before` the hours before the dataset,
    e.g. two days out of the archive, which the rules look back on but do not mark again. DataError as air.check.
    """
    rule = settings or Settings()
    check(dataset)
    whole, offset = _with_past(dataset, before)
    marked = flag(whole)
    around = neighbours([str(code) for code in whole["station"].values], places, radius_km=rule.radius_km)
    marks = {
        name: np.zeros((whole.sizes["station"], whole.sizes["valid_time"]), dtype=np.uint16)
        for name in POLLUTANTS
        if name in whole
    }
    for name, mine in marks.items():
        values = whole[name].values
        mine[unit_slips(values, rule)] |= np.uint16(Flag.UNIT)
        mine[far_from_neighbours(values, around, rule, rule.neighbour_least[name])] |= np.uint16(Flag.NEIGHBOUR)
    frozen = frozen_hours({name: whole[name].values for name in marks}, rule)
    for mine in marks.values():
        mine[:, frozen] |= np.uint16(Flag.STUCK)
    slipped = clock_slips({name: whole[name].values for name in marks}, around, rule)
    for mine in marks.values():
        mine[slipped] |= np.uint16(Flag.CLOCK)
    _maintain(whole, marks, windows)
    packed = marked["flags"].values
    known = {name: ~np.isnan(whole[name].values) for name in marks}
    for name, mine in marks.items():  # a missing value carries only what it came with, and its maintenance
        packed = packed | pack({name: np.where(known[name], mine, mine & np.uint16(Flag.MAINTENANCE))})
    return dataset.assign(flags=(("station", "valid_time"), packed[:, offset:]))


def _with_past(dataset: xr.Dataset, before: xr.Dataset | None) -> tuple[xr.Dataset, int]:
    """Dataset and its past on one axis, and where the dataset begins; stations are those of the dataset."""
    hours = dataset["valid_time"].values
    if before is None or not len(hours) or not before.sizes["valid_time"]:
        return dataset, 0
    early = before["valid_time"].values
    early = early[early < hours[0]]
    if not len(early):
        return dataset, 0
    old = before.sel(valid_time=early).reindex(station=dataset["station"].values)
    names = [name for name in POLLUTANTS if name in dataset]
    dims, both = ("station", "valid_time"), {}
    blank = np.full((dataset.sizes["station"], len(early)), np.nan)
    for name in names:
        past = old[name].values if name in old else blank
        both[name] = dims, np.concatenate([past, dataset[name].values], axis=1)
    if "flags" in dataset:
        came = dataset["flags"].values.astype(np.int64)
        both["flags"] = dims, np.concatenate([np.zeros(blank.shape, dtype=np.int64), came], axis=1)
    coords = {"station": dataset["station"].values, "valid_time": np.concatenate([early, hours])}
    return xr.Dataset(both, coords=coords, attrs=dataset.attrs), len(early)


def neighbours(codes: Sequence[str], places: Iterable[Station], *, radius_km: float) -> list[np.ndarray]:
    """Per station the positions of its neighbours within the radius, itself not among them."""
    where = {place.code: (place.lon, place.lat) for place in places}
    lon = np.array([_coordinate(where.get(code, (None, None))[0]) for code in codes])
    lat = np.array([_coordinate(where.get(code, (None, None))[1]) for code in codes])
    x, y = np.deg2rad(lon) * np.cos(np.deg2rad(lat)) * 6371.0, np.deg2rad(lat) * 6371.0
    order = np.argsort(y, kind="stable")
    ranked = y[order]
    found = []
    for number in range(len(codes)):
        if np.isnan(y[number]):
            found.append(np.empty(0, dtype=np.intp))
            continue
        low, high = np.searchsorted(ranked, [y[number] - radius_km, y[number] + radius_km])
        near = order[low:high]
        near = near[(np.hypot(x[near] - x[number], y[near] - y[number]) <= radius_km) & (near != number)]
        found.append(near)
    return found


def _coordinate(value: float | None) -> float:
    return float("nan") if value is None else value


def far_from_neighbours(values: np.ndarray, around: Sequence[np.ndarray], rule: Settings, least: float) -> np.ndarray:
    """Values far from the median of the stations around, measured by those stations' own spread."""
    far = np.zeros(values.shape, dtype=bool)
    padded = np.concatenate([values, np.full((1, values.shape[1]), np.nan)])
    rows = np.array([number for number, near in enumerate(around) if len(near) >= rule.neighbours], dtype=np.intp)
    rows = rows[np.argsort([len(around[number]) for number in rows], kind="stable")]
    for begin in range(0, len(rows), _AT_ONCE):
        some = rows[begin : begin + _AT_ONCE]
        most = max(len(around[number]) for number in some)
        near = np.full((len(some), most), len(values), dtype=np.intp)  # the last row of `padded` holds nothing
        for place, number in enumerate(some):
            near[place, : len(around[number])] = around[number]
        others = padded[near]
        middle, known = _median(others)
        spread, _known = _median(np.abs(others - middle[:, None, :]))
        with np.errstate(invalid="ignore"):
            distance = np.abs(values[some] - middle)
            wide = np.maximum(rule.neighbour_times * spread, least)
            far[some] = (distance > wide) & (known >= rule.neighbours)
    return far


_AT_ONCE = 64
"""Stations judged together: a few megabytes of neighbours' values."""


def _median(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Median over axis 1 without the missing, NaN where all are, and how many are not."""
    ranked = np.sort(values, axis=1)  # NaN comes last
    known = (~np.isnan(values)).sum(axis=1)
    low = np.take_along_axis(ranked, np.maximum((known - 1) // 2, 0)[:, None, :], axis=1)[:, 0]
    high = np.take_along_axis(ranked, np.minimum(known // 2, values.shape[1] - 1)[:, None, :], axis=1)[:, 0]
    return np.where(known > 0, (low + high) / 2, np.nan), known


def unit_slips(values: np.ndarray, rule: Settings) -> np.ndarray:
    """Hours in a row whose values are about a thousand times, or a thousandth of, the median of the hours before."""
    slip = np.zeros(values.shape, dtype=bool)
    low, high = np.log10(rule.unit_factor / rule.unit_spread), np.log10(rule.unit_factor * rule.unit_spread)
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = np.log10(values)
    finite = np.isfinite(logs)
    largest = np.where(finite, logs, -np.inf).max(axis=1, initial=-np.inf)
    least = np.where(finite, logs, np.inf).min(axis=1, initial=np.inf)
    for row in np.flatnonzero(largest - least >= low):  # in all other rows nothing is so far from anything
        usual: deque[float] = deque(maxlen=rule.unit_before)
        run: list[int] = []
        for hour in np.flatnonzero(finite[row]).tolist():
            value = float(logs[row, hour])
            enough = len(usual) >= rule.unit_before // 4
            if enough and low <= abs(value - float(np.median(usual))) <= high:
                run.append(hour)
                if len(run) >= rule.unit_hours:
                    slip[row, run] = True
            else:
                run = []
                usual.append(value)
    return slip


def frozen_hours(values: Mapping[str, np.ndarray], rule: Settings) -> np.ndarray:
    """Hours in which nearly all stations repeat all their values of the hour before: the feed stands still."""
    arrays = list(values.values())
    stations, length = arrays[0].shape
    frozen = np.zeros(length, dtype=bool)
    if length < 2:
        return frozen
    known = np.zeros((stations, length - 1), dtype=bool)
    same = np.ones((stations, length - 1), dtype=bool)
    for array in arrays:
        both = ~np.isnan(array[:, 1:]) & ~np.isnan(array[:, :-1])
        known |= both
        same &= (array[:, 1:] == array[:, :-1]) | (np.isnan(array[:, 1:]) & np.isnan(array[:, :-1]))
    number = known.sum(axis=0)
    frozen[1:] = (number >= rule.frozen_stations) & ((same & known).sum(axis=0) >= rule.frozen_share * number)
    return frozen


def clock_slips(values: Mapping[str, np.ndarray], around: Sequence[np.ndarray], rule: Settings) -> np.ndarray:
    """Stations whose 3-hour changes follow their neighbours' clearly better when shifted by whole hours."""
    stations, length = next(iter(values.values())).shape
    slipped = np.zeros(stations, dtype=bool)
    if length < rule.clock_hours + _CHANGE:
        return slipped
    shifts = [shift for shift in range(-rule.clock_most, rule.clock_most + 1) if shift]
    for number, near in enumerate(around):
        if len(near) < rule.neighbours:
            continue
        pairs = []
        for array in values.values():
            found, known = _median(array[near][None])
            middle = np.where(known[0] >= rule.neighbours, found[0], np.nan)
            pairs.append((array[number, _CHANGE:] - array[number, :-_CHANGE], middle[_CHANGE:] - middle[:-_CHANGE]))
        own = _match(pairs, 0, rule)
        if np.isnan(own) or own > 1.0 - rule.clock_gain:
            continue
        best = max((score for shift in shifts if not np.isnan(score := _match(pairs, shift, rule))), default=-1.0)
        slipped[number] = best >= rule.clock_match and best - own >= rule.clock_gain
    return slipped


_CHANGE = 3
"""Hours over which changes are taken: hourly ones are mostly noise of the instruments."""


def _match(pairs: Sequence[tuple[np.ndarray, np.ndarray]], shift: int, rule: Settings) -> float:
    """Mean over the pollutants of the correlation of mine(t) with theirs(t - shift); NaN with too few hours in all."""
    scores = []
    for mine, theirs in pairs:
        left = mine[max(0, shift) : len(mine) + min(0, shift)]
        right = theirs[max(0, -shift) : len(theirs) + min(0, -shift)]
        both = ~np.isnan(left) & ~np.isnan(right)
        if both.sum() < rule.clock_hours:
            continue
        one, other = left[both] - left[both].mean(), right[both] - right[both].mean()
        size = float(np.sqrt((one**2).sum() * (other**2).sum()))
        if size > 0:
            scores.append(float((one * other).sum()) / size)
    return float(np.mean(scores)) if scores else float("nan")


def _maintain(dataset: xr.Dataset, marks: Mapping[str, np.ndarray], windows: Sequence[Window]) -> None:
    place = {str(code): number for number, code in enumerate(dataset["station"].values)}
    hours = dataset["valid_time"].values
    for window in windows:
        begin, end = utc(window.begin, name="begin"), utc(window.end, name="end")
        if begin >= end:
            found = f"{window.begin.isoformat()} to {window.end.isoformat()}"
            raise DataError("A maintenance window has no length", where=window.station, found=found)
        if window.station not in place:
            continue
        inside = (hours > begin) & (hours <= end)
        for name in window.pollutants:
            if name in marks:
                marks[name][place[window.station], inside] |= np.uint16(Flag.MAINTENANCE)
