"""What an AQI calculation needs of an edition, as integer tables: every rounded concentration has its IAQI ready.

Concentrations are whole numbers after the standard's own rounding (co: tenths), so a breakpoint table is a finite list
and each entry is computed once in whole-number arithmetic. Entry 0 stands for a missing value, entry c + 1 for the
rounded concentration c, the last entry for everything above the last breakpoint.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal, get_args

import numpy as np

from plans.errors import DataError
from plans.rulebook import load
from plans.schema import AqiEdition

Mode = Literal["daily", "hourly", "hourly-published"]
MODES: tuple[str, ...] = get_args(Mode)
IaqiRounding = Literal["up", "half_up"]

NA = -1
"""Not available: missing, or by the edition's rule not to be published."""
ELSEWHERE = -2
"""Above a table whose edition then reads the pollutant from another table (2012: SO2 1 h, O3 8 h)."""


@dataclass(frozen=True, slots=True, eq=False)
class Lookup:
    """One concentration of a report and the table it is read in."""

    key: str
    """The input's name: the pollutant, with its window where the report knows several."""
    pollutant: str
    optional: bool
    decimals: int
    """To how many decimals the concentration is rounded: 0, co 1."""
    table: np.ndarray
    """int16; see the module."""
    only_instead: bool = False
    """Used only where another table of the pollutant answers ELSEWHERE (2012: SO2 24 h in the real-time report)."""

    @property
    def top(self) -> int:
        """The first rounded concentration, in steps of its last decimal, above the last breakpoint."""
        return len(self.table) - 2


@dataclass(frozen=True, slots=True, eq=False)
class Scheme:
    """The lookups of one report of one edition, and what turns an AQI into a level."""

    edition: AqiEdition
    mode: Mode
    lookups: tuple[Lookup, ...]
    """Lookups of a pollutant that are `only_instead` stand after its others."""
    levels: np.ndarray
    """uint8: entry a + 1 is the level of AQI a, entry 0 (NA) is 0."""

    @property
    def required(self) -> tuple[str, ...]:
        """The inputs without which the report cannot be made."""
        return tuple(lookup.key for lookup in self.lookups if not lookup.optional)

    @property
    def optional(self) -> tuple[str, ...]:
        """The inputs that are used when given."""
        return tuple(lookup.key for lookup in self.lookups if lookup.optional)


def scheme(edition: AqiEdition | str, mode: Mode, *, iaqi_rounding: IaqiRounding = "up") -> Scheme:
    """The lookups of the report of an edition, given itself or by name (then remembered).

    "hourly-published" is the habit of the national feed under the 2012 edition, found by measurement and not in its
    text: the largest IAQI of the six 1-h means, PM read in the 24-h table, no 8-h O3 and no sliding PM.
    `iaqi_rounding`: "up" is the standard's; "half_up" reproduces the archived city values of 2018-2019.
    RuleError for an unknown edition; DataError for a mode that is unknown or foreign to the edition.
    """
    return _named(edition, mode, iaqi_rounding) if isinstance(edition, str) else _built(edition, mode, iaqi_rounding)


@lru_cache(maxsize=32)
def _named(name: str, mode: Mode, iaqi_rounding: IaqiRounding) -> Scheme:
    return _built(load().aqi(name), mode, iaqi_rounding)


def _built(edition: AqiEdition, mode: Mode, iaqi_rounding: IaqiRounding) -> Scheme:
    if mode not in MODES:
        raise DataError("The mode is not known", expected=" | ".join(MODES), found=mode)
    inputs = _inputs(edition, mode)
    have = {(pollutant, table) for _, pollutant, table, _ in inputs}
    lookups = []
    for key, pollutant, table, optional in inputs:
        decimals = edition.rounding.decimals[pollutant]  # type: ignore[index]
        lookups.append(Lookup(key, pollutant, optional, decimals, iaqi_table(edition, table, iaqi_rounding)))
        other = edition.beyond[table].instead  # type: ignore[index]
        if other is not None and (pollutant, other) not in have:
            spare = iaqi_table(edition, other, iaqi_rounding)
            lookups.append(Lookup(other, pollutant, True, decimals, spare, only_instead=True))
    lookups.sort(key=lambda lookup: lookup.only_instead)
    levels = [0, *(edition.category_of(aqi).level for aqi in range(edition.ladder[-1] + 1))]
    return Scheme(edition, mode, tuple(lookups), np.array(levels, dtype=np.uint8))


def _inputs(edition: AqiEdition, mode: Mode) -> list[tuple[str, str, str, bool]]:
    """(input name, pollutant, table, optional) of every concentration of the report that has an IAQI."""
    if mode == "daily":
        return [
            (table if mean.pollutant == "o3" else str(mean.pollutant), mean.pollutant, table, table == "o3_1h")
            for mean in edition.daily.means
            if (table := mean.table) is not None
        ]
    if mode == "hourly":
        return [
            (str(mean.pollutant) if mean.window == "1h" else table, mean.pollutant, table, mean.window != "1h")
            for mean in edition.hourly.means
            if (table := mean.table) is not None
        ]
    if all(mean.table is not None for mean in edition.hourly.means):
        expected, todo = "an edition whose 1-h PM has no IAQI", "Use --mode hourly"
        raise DataError(
            "hourly-published is a habit under the 2012 edition", expected=expected, found=edition.name, todo=todo
        )
    one_hour = [mean for mean in edition.hourly.means if mean.window == "1h"]
    return [(str(mean.pollutant), mean.pollutant, mean.table or f"{mean.pollutant}_24h", False) for mean in one_hour]


def iaqi_table(edition: AqiEdition, table: str, iaqi_rounding: IaqiRounding = "up") -> np.ndarray:
    """The IAQI of every rounded concentration of a breakpoint table, int16, laid out as the module says."""
    pollutant = table.split("_", maxsplit=1)[0]
    step = 10 ** edition.rounding.decimals[pollutant]  # type: ignore[index]
    points = edition.breakpoints[table]  # type: ignore[index]
    known = [
        (level, int(point * step)) for level, point in zip(edition.ladder, points, strict=True) if point is not None
    ]
    entries = np.empty(known[-1][1] + 3, dtype=np.int16)
    entries[0] = NA
    for (low, start), (high, end) in pairwise(known):
        over = (high - low) * (np.arange(start, end + 1) - start)
        width = end - start
        whole = -(-over // width) if iaqi_rounding == "up" else (2 * over + width) // (2 * width)
        entries[start + 1 : end + 2] = low + whole
    beyond = edition.beyond[table].iaqi  # type: ignore[index]
    entries[-1] = ELSEWHERE if beyond is None else beyond
    entries.flags.writeable = False
    return entries
