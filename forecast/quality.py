"""Marks on values that look wrong. A mark never deletes: who reads decides, and says so.

The marks of a row's six variables are packed into one integer (`flags` for pollutants in the order of air.POLLUTANTS,
`weather_flags` in the order of air.WEATHER), so a station-hour needs one number in the archive: one byte per variable
in bits 0..47, one bit each for UNIT in 48..53 and for MAINTENANCE in 54..59; CLOCK, of the whole row, in 60.
The rules that need neighbours, days before or the office's calendar are in :mod:`forecast.quality_rules`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import IntFlag
from types import MappingProxyType

import numpy as np
import xarray as xr

from forecast.air import POLLUTANTS, check
from plans.errors import DataError


class Flag(IntFlag):
    """The marks, one bit each."""

    RANGE = 1
    PM_ORDER = 2
    SENTINEL = 4
    CEILING = 8
    STUCK = 16
    SPIKE = 32
    DUPLICATE = 64
    NEIGHBOUR = 128
    UNIT = 256
    MAINTENANCE = 512
    CLOCK = 1024

    @property
    def chinese(self) -> str:
        """The name for people at a screen."""
        return _NAMES[self][0]

    @property
    def english(self) -> str:
        """The name for logs."""
        return _NAMES[self][1]


_UNIT_BIT, _MAINTENANCE_BIT, _CLOCK_BIT = 48, 54, 60

_NAMES: Mapping[Flag, tuple[str, str]] = MappingProxyType(
    {
        Flag.RANGE: ("超出常见范围", "outside the plausible range"),
        Flag.PM_ORDER: ("PM10 低于 PM2.5", "PM10 below PM2.5"),
        Flag.SENTINEL: ("无效代码，已当作缺测", "code for missing, taken as missing"),
        Flag.CEILING: ("达到仪器上限", "at the instrument's ceiling"),
        Flag.STUCK: ("数值长时间不变", "unchanged for many hours"),
        Flag.SPIKE: ("单小时突跳", "a single hour far from both neighbours"),
        Flag.DUPLICATE: ("与邻站逐时完全相同", "hour by hour the same as another station"),
        Flag.NEIGHBOUR: ("与周边站点明显不一致", "far from all stations around"),
        Flag.UNIT: ("疑似单位错误（约差千倍）", "about a thousand times the days before: a slip of unit"),
        Flag.MAINTENANCE: ("登记的运维时段", "inside a maintenance window on file"),
        Flag.CLOCK: ("疑似时钟偏移", "the station's clock seems to be off by whole hours"),
    }
)


@dataclass(frozen=True, slots=True)
class Limits:
    """When a value is marked. All of it is our own setting (confidence I): no text prescribes these numbers."""

    plausible: Mapping[str, float]
    """The highest plausible hourly mean, ug/m3 (co mg/m3)."""
    ceilings: Mapping[str, tuple[float, ...]]
    """Values at which instruments stop, as seen in the published files."""
    pm_slack: float
    """PM10 is marked when it is more than this below PM2.5, ug/m3: two instruments, each rounded."""
    stuck_hours: int
    """So many equal values one after another are marked,"""
    stuck_above: Mapping[str, float]
    """when they are above this, ug/m3 (co mg/m3): clean air rests at the instrument's least steps for days."""
    spike_times: float
    """A value is a spike when it exceeds the larger neighbour by this factor"""
    spike_least: Mapping[str, float]
    """and by this amount, ug/m3 (co mg/m3)."""
    duplicate_hours: int
    """Two stations whose values agree in so many hours in a row are both marked."""


USUAL = Limits(
    # PM: Beijing's record hours of 2013-2016 stay below 1000; Xi'an's dust in 2018-19 reached 4579 as a city mean.
    plausible=MappingProxyType({"pm25": 1000.0, "pm10": 5000.0, "so2": 1000.0, "no2": 500.0, "co": 30.0, "o3": 600.0}),
    ceilings=MappingProxyType({"pm25": (999.0,), "pm10": (999.0,), "so2": (500.0,), "co": (10.0,)}),
    pm_slack=0.0,
    stuck_hours=12,
    # Beijing 2013-2016: 46 000 SO2 hours rest at 1-6 ug/m3, 11 700 O3 hours at 1-3; above these floors 3 160 O3 hours.
    stuck_above=MappingProxyType({"pm25": 5.0, "pm10": 6.0, "so2": 6.0, "no2": 4.0, "co": 0.6, "o3": 5.0}),
    spike_times=4.0,
    spike_least=MappingProxyType({"pm25": 150.0, "pm10": 300.0, "so2": 150.0, "no2": 120.0, "co": 4.0, "o3": 150.0}),
    duplicate_hours=24,
)


def flag(dataset: xr.Dataset, *, limits: Limits = USUAL) -> xr.Dataset:
    """The same dataset with `flags` (int64, packed) on its pollutants; marks already there are kept, no value changes.

    A missing value carries only marks it came with. Hours that are not on the axis break runs of equal values.
    """
    check(dataset)
    hours = dataset["valid_time"].values
    steady = np.concatenate([[False], np.diff(hours) == np.timedelta64(1, "h")])
    marks = {}
    for name in POLLUTANTS:
        if name not in dataset:
            continue
        values = dataset[name].values
        mine = np.zeros(values.shape, dtype=np.uint16)
        with np.errstate(invalid="ignore"):
            _mark(mine, values > limits.plausible[name], Flag.RANGE)
        _mark(mine, np.isin(values, limits.ceilings.get(name, ())), Flag.CEILING)
        still = _runs(_same_as_before(values, steady)) >= limits.stuck_hours
        with np.errstate(invalid="ignore"):
            _mark(mine, still & (values > limits.stuck_above[name]), Flag.STUCK)
        _mark(mine, _spikes(values, steady, limits.spike_times, limits.spike_least[name]), Flag.SPIKE)
        _mark(mine, _duplicates(values, steady, limits.duplicate_hours), Flag.DUPLICATE)
        marks[name] = mine
    if "pm25" in marks and "pm10" in marks:
        with np.errstate(invalid="ignore"):
            wrong = dataset["pm10"].values < dataset["pm25"].values - limits.pm_slack
        for name in ("pm25", "pm10"):  # which of the two is wrong cannot be seen
            _mark(marks[name], wrong, Flag.PM_ORDER)
    if not marks:
        raise DataError(
            "There is no pollutant to mark", expected=", ".join(POLLUTANTS), found=", ".join(map(str, dataset))
        )
    packed = pack(marks)
    if "flags" in dataset:
        packed |= dataset["flags"].values.astype(np.int64)
    return dataset.assign(flags=(("station", "valid_time"), packed))


def without(dataset: xr.Dataset, marks: Flag) -> xr.Dataset:
    """A copy in which pollutant values that carry any of `marks` are NaN: the reader's decision, made in the open.

    DataError when the dataset has no flags.
    """
    if "flags" not in dataset:
        raise DataError("The dataset carries no marks", expected="flags", found=", ".join(map(str, dataset)))
    packed = dataset["flags"].values
    return dataset.assign(
        {name: dataset[name].where((unpack(packed, name) & marks) == 0) for name in POLLUTANTS if name in dataset}
    )


def counts(dataset: xr.Dataset, *, only: Collection[Flag] = tuple(Flag)) -> dict[str, dict[Flag, int]]:
    """How many values of every pollutant carry each mark."""
    packed = dataset["flags"].values
    return {
        name: {mark: int(((unpack(packed, name) & mark) != 0).sum()) for mark in only}
        for name in POLLUTANTS
        if name in dataset
    }


def pack(marks: Mapping[str, np.ndarray], *, names: Sequence[str] = POLLUTANTS) -> np.ndarray:
    """One int64 of marks per place from marks per variable.

    >>> int(pack({"pm10": np.array([int(Flag.PM_ORDER)])})[0])
    512
    """
    arrays = {name: np.asarray(values).astype(np.int64) for name, values in marks.items()}
    packed = np.zeros(np.broadcast_shapes(*(values.shape for values in arrays.values())), dtype=np.int64)
    for name, values in arrays.items():
        number = names.index(name)
        packed |= (values & 0xFF) << (8 * number)
        packed |= ((values >> 8) & 1) << (_UNIT_BIT + number)
        packed |= ((values >> 9) & 1) << (_MAINTENANCE_BIT + number)
        packed |= ((values >> 10) & 1) << _CLOCK_BIT
    return packed


def unpack(packed: np.ndarray, name: str, *, names: Sequence[str] = POLLUTANTS) -> np.ndarray:
    """The marks of one variable, uint16, out of packed integers; CLOCK is of the row and so of every variable.

    >>> Flag(int(unpack(np.array([512]), "pm10")[0])).english
    'PM10 below PM2.5'
    """
    number, row = names.index(name), np.asarray(packed)
    marks = (row >> (8 * number)) & 0xFF
    marks |= ((row >> (_UNIT_BIT + number)) & 1) << 8
    marks |= ((row >> (_MAINTENANCE_BIT + number)) & 1) << 9
    marks |= ((row >> _CLOCK_BIT) & 1) << 10
    return marks.astype(np.uint16)


def _mark(marks: np.ndarray, where: np.ndarray, flag: Flag) -> None:
    np.bitwise_or(marks, np.uint16(flag), out=marks, where=where)


def _same_as_before(values: np.ndarray, steady: np.ndarray) -> np.ndarray:
    same = np.zeros(values.shape, dtype=bool)
    same[:, 1:] = (values[:, 1:] == values[:, :-1]) & steady[1:]  # NaN equals nothing
    return same


def _runs(same: np.ndarray) -> np.ndarray:
    """The length of the run of equal values each place belongs to."""
    length = np.ones(same.shape, dtype=np.int64)
    for row in range(len(same)):
        starts = np.flatnonzero(~same[row])
        sizes = np.diff(np.append(starts, same.shape[1]))
        length[row] = np.repeat(sizes, sizes)
    return length


def _spikes(values: np.ndarray, steady: np.ndarray, times: float, least: float) -> np.ndarray:
    spike = np.zeros(values.shape, dtype=bool)
    if values.shape[1] > 2:
        neighbour = np.maximum(values[:, :-2], values[:, 2:])  # NaN where either is missing: then no judgement
        middle = values[:, 1:-1]
        with np.errstate(invalid="ignore"):
            far = (middle > times * neighbour) & (middle - neighbour > least)
        spike[:, 1:-1] = far & steady[1:-1] & steady[2:]
    return spike


def _duplicates(values: np.ndarray, steady: np.ndarray, hours: int) -> np.ndarray:
    """Places in a stretch of at least `hours` in which two stations agree hour by hour and the values do move.

    Only pairs that agree over the stretch's first and last hour can, so candidates are found hour by hour from values
    `hours` apart; a constant stretch is STUCK, not copied.
    """
    found = np.zeros(values.shape, dtype=bool)
    if values.shape[1] < hours:
        return found
    anchors = range(0, values.shape[1], max(1, hours // 2))  # every stretch of `hours` holds two anchors
    pairs: set[tuple[int, int]] = set()
    before: set[tuple[int, int]] = set()
    for anchor in anchors:
        now = _equal_pairs(values[:, anchor])
        pairs |= now & before
        before = now
    for one, other in pairs:
        equal = (values[one] == values[other])[None, :]
        linked = np.zeros_like(equal)
        linked[:, 1:] = equal[:, 1:] & equal[:, :-1] & steady[1:]
        long = equal & (_runs(linked) >= hours)
        moves = _runs(_same_as_before(values[[one]], steady)) < hours
        found[one] |= (long & moves)[0]
        found[other] |= (long & moves)[0]
    return found


def _equal_pairs(column: np.ndarray) -> set[tuple[int, int]]:
    """Pairs of stations with the same value; a value more than 20 stations share says nothing."""
    order = np.argsort(column, kind="stable")
    ranked = column[order]
    starts = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]]))
    pairs = set()
    for begin, end in zip(starts, [*starts[1:], len(ranked)], strict=True):
        group = sorted(int(place) for place in order[begin:end]) if 1 < end - begin <= 20 else []
        pairs |= {(one, other) for number, one in enumerate(group) for other in group[number + 1 :]}
    return pairs
