"""Concentrations to IAQI, AQI, level and primary pollutants, under a named edition: vectorised and exact.

A concentration is first rounded as the standard says (GB/T 8170, half to even), which makes it a whole number of steps;
its IAQI is then read from a table computed in whole numbers (:mod:`forecast.aqi_tables`). No float formula is
evaluated, so no float error can push an IAQI over an edge. Work runs in blocks that fit the processor's cache.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import xarray as xr

from forecast import air
from forecast.aqi_tables import ELSEWHERE, NA, IaqiRounding, Lookup, Mode, Scheme, scheme
from forecast.daily import Completeness, sliding_mean, usual
from plans.errors import DataError
from plans.schema import AqiEdition

__all__ = ["NA", "Aqi", "Gaps", "Mode", "calculate", "of_daily", "of_hourly", "primary_names"]

Gaps = Literal["edition", "available", "strict"]
"""What a missing pollutant does. edition: its own rule (2026 5.3.1: the rest is published only above 100; 2012 has no
such rule, its AQI is that of the pollutants that are there). available: AQI of what is there. strict: any gap is NA."""

BLOCK = 32_768
"""Places per block: six inputs and outputs of a block stay in the second-level cache."""


@dataclass(frozen=True, slots=True)
class Aqi:
    """The result; every array has the shape of the inputs."""

    iaqi: Mapping[str, np.ndarray]
    """Per pollutant, int16; NA (-1) where missing or not computed."""
    aqi: np.ndarray
    """int16; NA where nothing is there or the gap rule forbids publishing."""
    level: np.ndarray
    """uint8, 1..6; 0 where AQI is NA."""
    primary: np.ndarray
    """uint8 bit mask in the order of air.POLLUTANTS: the pollutants whose IAQI is the AQI, where it is above 50."""
    complete: np.ndarray
    """bool: every monitored pollutant has an IAQI."""


def primary_names(mask: int | np.integer) -> tuple[str, ...]:
    """The pollutants of a primary mask, in the order of air.POLLUTANTS.

    >>> primary_names(0b100001)
    ('pm25', 'o3')
    """
    return tuple(name for bit, name in enumerate(air.POLLUTANTS) if int(mask) >> bit & 1)


def calculate(
    concentrations: Mapping[str, np.ndarray],
    *,
    edition: AqiEdition | str,
    mode: Mode = "daily",
    gaps: Gaps = "edition",
    monitored: Collection[str] = air.POLLUTANTS,
    iaqi_rounding: IaqiRounding = "up",
) -> Aqi:
    """IAQI, AQI, level and primary pollutants of arrays of one shape; NaN is missing.

    ug/m3, co mg/m3, float32 or float64. daily: pm25 pm10 so2 no2 co o3_8h, and in 2012 o3_1h when given. hourly: pm25
    pm10 so2 no2 co o3 (1-h means), and in 2012 pm25_24h, pm10_24h, o3_8h and, for SO2 above 800, so2_24h when given
    (the 1-h PM of that edition has no IAQI). `monitored`: pollutants outside it may be absent and block nothing (2026
    5.3.2). Sources: HJ 633-2012 4.4, 5.1, 6.2; HJ 633-2026 4.2, 4.3, 5.3.
    DataError: an input absent, negative or infinite, shapes that differ; RuleError: unknown edition.

    >>> one = {"pm25": 76.0, "pm10": 121.0, "so2": 8.0, "no2": 40.0, "co": 0.85, "o3_8h": 161.0}
    >>> done = calculate({name: np.array([value]) for name, value in one.items()}, edition="hj633-2026")
    >>> int(done.aqi[0]), int(done.level[0]), primary_names(done.primary[0]), int(done.iaqi["co"][0])
    (115, 3, ('pm25',), 20)
    """
    plan = scheme(edition, mode, iaqi_rounding=iaqi_rounding)
    if gaps not in get_args(Gaps):
        raise DataError("The gap rule is not known", expected=" | ".join(get_args(Gaps)), found=gaps)
    arrays, shape = _arrays(concentrations, plan, monitored)
    size = int(np.prod(shape))
    iaqi = {name: np.full(size, NA, dtype=np.int16) for name in air.POLLUTANTS}
    result = Aqi(
        iaqi=iaqi,
        aqi=np.empty(size, dtype=np.int16),
        level=np.empty(size, dtype=np.uint8),
        primary=np.empty(size, dtype=np.uint8),
        complete=np.empty(size, dtype=bool),
    )
    room = _Room(min(size, BLOCK))
    # Casting NaN to an integer is meant (it becomes entry 0, see _look_up) and must not warn.
    with np.errstate(invalid="ignore"):
        for begin in range(0, size, BLOCK):
            _block(slice(begin, min(begin + BLOCK, size)), arrays, plan, result, room, gaps, monitored)
    return Aqi(
        iaqi={name: values.reshape(shape) for name, values in iaqi.items()},
        aqi=result.aqi.reshape(shape),
        level=result.level.reshape(shape),
        primary=result.primary.reshape(shape),
        complete=result.complete.reshape(shape),
    )


def of_daily(statistics: xr.Dataset, *, edition: AqiEdition | str, gaps: Gaps = "edition") -> xr.Dataset:
    """The daily report of :func:`forecast.daily.daily_statistics`: iaqi_<pollutant>, aqi, level, primary, complete.

    Same dims as the statistics; -1 in aqi and iaqi is NA, primary a mask for :func:`primary_names`.
    """
    arrays = {name: statistics[name].values for name in statistics.data_vars if not str(name).startswith("hours_")}
    return _dataset(calculate(arrays, edition=edition, mode="daily", gaps=gaps), statistics)  # type: ignore[arg-type]


def of_hourly(
    dataset: xr.Dataset,
    *,
    edition: AqiEdition | str,
    mode: Mode = "hourly",
    gaps: Gaps = "edition",
    completeness: Completeness | None = None,
) -> xr.Dataset:
    """The real-time report of a dataset of the contract, variables as :func:`of_daily`.

    The sliding means that the 2012 edition wants (24-h PM, 8-h O3, 24-h SO2) are made from the dataset's own hours
    with the least numbers of `completeness`, so its first hours have none. A pollutant that the dataset does not have
    at all counts as not monitored.
    """
    air.check(dataset)
    rule = completeness or usual()
    arrays = {name: dataset[name].values for name in air.POLLUTANTS if name in dataset}
    for key in scheme(edition, mode).optional:
        name, window = key.split("_")
        if name in dataset:
            hours, least = (8, rule.window_hours) if window == "8h" else (24, rule.mean_hours)
            arrays[key] = sliding_mean(dataset, name, window=hours, least=least)
    monitored = [name for name in air.POLLUTANTS if name in dataset]
    return _dataset(calculate(arrays, edition=edition, mode=mode, gaps=gaps, monitored=monitored), dataset)


def _dataset(done: Aqi, like: xr.Dataset) -> xr.Dataset:
    dims = tuple(like.dims)
    variables = {f"iaqi_{name}": (dims, values) for name, values in done.iaqi.items()}
    variables |= {name: (dims, getattr(done, name)) for name in ("aqi", "level", "primary", "complete")}
    return xr.Dataset(variables, coords=like.coords, attrs=like.attrs)


def _arrays(
    concentrations: Mapping[str, np.ndarray], plan: Scheme, monitored: Collection[str]
) -> tuple[dict[str, np.ndarray], tuple[int, ...]]:
    for name in monitored:
        if name not in air.POLLUTANTS:
            raise DataError("The pollutant is not known", expected=", ".join(air.POLLUTANTS), found=name)
    given = {
        lookup.key: np.asarray(concentrations[lookup.key]) for lookup in plan.lookups if lookup.key in concentrations
    }
    for lookup in plan.lookups:
        if lookup.key not in given and not lookup.optional and lookup.pollutant in monitored:
            expected = ", ".join(plan.required)
            raise DataError(f"{lookup.key} is missing", expected=expected, found=", ".join(concentrations) or "nothing")
    shapes = {values.shape for values in given.values()}
    if len(shapes) != 1:
        raise DataError("The concentrations differ in shape", expected="one shape", found=sorted(shapes) or "nothing")
    for key, values in given.items():
        if values.dtype.kind not in "fiu":
            raise DataError(f"{key} is not numbers", expected="float32 or float64", found=values.dtype)
    return {key: np.ascontiguousarray(values).reshape(-1) for key, values in given.items()}, shapes.pop()


class _Room:
    """Scratch arrays for one block, made once."""

    def __init__(self, size: int) -> None:
        self.steps = np.empty(size, dtype=np.float64)
        self.entry = np.empty(size, dtype=np.intp)
        self.found = np.empty(size, dtype=np.int16)
        self.lowest = np.empty(size, dtype=np.int16)
        self.mark = np.empty(size, dtype=bool)


def _block(
    part: slice,
    arrays: Mapping[str, np.ndarray],
    plan: Scheme,
    result: Aqi,
    room: _Room,
    gaps: Gaps,
    monitored: Collection[str],
) -> None:
    size = part.stop - part.start
    done: set[str] = set()
    for lookup in plan.lookups:
        if lookup.key not in arrays:
            continue
        iaqi = result.iaqi[lookup.pollutant][part]
        first = lookup.pollutant not in done
        found = iaqi if first else room.found[:size]
        done.add(lookup.pollutant)
        if lookup.only_instead:
            elsewhere = iaqi == ELSEWHERE
            if elsewhere.any():
                _look_up(lookup, arrays[lookup.key][part], found, room)
                np.copyto(iaqi, found, where=elsewhere)
            continue
        _look_up(lookup, arrays[lookup.key][part], found, room)
        if not first:
            np.maximum(iaqi, found, out=iaqi)
    aqi, lowest, mark = result.aqi[part], room.lowest[:size], room.mark[:size]
    aqi.fill(NA)
    lowest.fill(np.iinfo(np.int16).max)
    for name, values in result.iaqi.items():
        iaqi = values[part]
        np.maximum(iaqi, NA, out=iaqi)  # an ELSEWHERE that no other table answered is NA
        np.maximum(aqi, iaqi, out=aqi)
        if name in monitored:
            np.minimum(lowest, iaqi, out=lowest)
    complete = result.complete[part]
    np.greater(lowest, NA, out=complete)
    partial_over = plan.edition.gaps.publish_partial_over if gaps == "edition" else None
    if gaps == "strict" or partial_over is not None:
        np.logical_not(complete, out=mark)
        if partial_over is not None:
            mark &= aqi <= partial_over
        np.copyto(aqi, NA, where=mark)
    _primary(part, result, room, plan.edition.primary_over)
    entry = room.entry[:size]
    np.add(aqi, 1, out=entry)
    np.take(plan.levels, entry, out=result.level[part], mode="clip")


def _look_up(lookup: Lookup, values: np.ndarray, out: np.ndarray, room: _Room) -> None:
    """The IAQI of raw concentrations into `out`; DataError for a negative or infinite one."""
    size = len(values)
    steps, entry, mark = room.steps[:size], room.entry[:size], room.mark[:size]
    if np.less(values, 0, out=mark).any() or np.equal(values, np.inf, out=mark).any():
        found = float(values[np.argmax((values < 0) | np.isinf(values))])
        raise DataError(f"{lookup.key} is impossible", expected="0 or more, finite; NaN where missing", found=found)
    scale = 10**lookup.decimals
    np.minimum(values, lookup.top / scale, out=steps)  # keeps NaN
    if lookup.decimals:
        # A decimal tie such as 0.35 is no float. In fine units it is a whole number again, and dividing whole numbers
        # is exact where the quotient is a float: the tie arrives at rint as a true tie.
        fine = 10.0**4 if values.dtype == np.float32 else 10.0**10
        np.multiply(steps, fine, out=steps)
        np.rint(steps, out=steps)
        np.divide(steps, fine / scale, out=steps)
    np.rint(steps, out=steps)  # half to even, GB/T 8170
    np.add(steps, 1.0, out=steps)
    # NaN becomes 0 or the least integer, by processor; both are entry 0, the missing value, under mode="clip".
    np.copyto(entry, steps, casting="unsafe")
    np.take(lookup.table, entry, out=out, mode="clip")


def _primary(part: slice, result: Aqi, room: _Room, primary_over: int) -> None:
    """The bits of the pollutants that reach the AQI, where it is above 50."""
    size = part.stop - part.start
    aqi, primary, mark, key = result.aqi[part], result.primary[part], room.mark[:size], room.found[:size]
    np.copyto(key, ELSEWHERE)  # equals no IAQI
    np.greater(aqi, primary_over, out=mark)
    np.copyto(key, aqi, where=mark)
    primary.fill(0)
    bits = mark.view(np.uint8)
    for bit, name in enumerate(air.POLLUTANTS):
        np.equal(result.iaqi[name][part], key, out=mark)
        np.left_shift(bits, bit, out=bits)
        np.bitwise_or(primary, bits, out=primary)
    mark.fill(False)  # shifted bits are no booleans
