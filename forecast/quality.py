"""Marks on values that look wrong. A mark never deletes: who reads decides, and says so.

One byte of marks per variable; the six bytes of a row are packed into one integer (`flags` for pollutants in the order
of air.POLLUTANTS, `weather_flags` in the order of air.WEATHER), so a station-hour needs one number in the archive.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntFlag

import numpy as np

from forecast.air import POLLUTANTS


class Flag(IntFlag):
    """The marks, one bit each."""

    RANGE = 1
    PM_ORDER = 2
    SENTINEL = 4
    CEILING = 8
    STUCK = 16
    SPIKE = 32
    DUPLICATE = 64


def pack(marks: Mapping[str, np.ndarray], *, names: Sequence[str] = POLLUTANTS) -> np.ndarray:
    """One int64 of marks per place from marks per variable.

    >>> int(pack({"pm10": np.array([int(Flag.PM_ORDER)])})[0])
    512
    """
    arrays = {name: np.asarray(values).astype(np.int64) for name, values in marks.items()}
    packed = np.zeros(np.broadcast_shapes(*(values.shape for values in arrays.values())), dtype=np.int64)
    for name, values in arrays.items():
        packed |= values << (8 * names.index(name))
    return packed


def unpack(packed: np.ndarray, name: str, *, names: Sequence[str] = POLLUTANTS) -> np.ndarray:
    """The marks of one variable, uint8, out of packed integers.

    >>> Flag(int(unpack(np.array([512]), "pm10")[0])).name
    'PM_ORDER'
    """
    return ((np.asarray(packed) >> (8 * names.index(name))) & 0xFF).astype(np.uint8)
