"""What a list emits and cuts, added up once and exactly, in whole numbers.

33,000 units times four pollutants times three levels are half a million fractions; added one by one they take ten
seconds. Over one common denominator they are integers, and the sums are as exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from heapq import nsmallest
from math import lcm

from plans.enterprise_list import LEVEL_KEYS, Enterprise, EnterpriseList, LevelKey
from plans.measure import POLLUTANTS, PollutantKey


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums of one list. Kilograms a day are the integers kept here divided by their scale."""

    plants: tuple[Enterprise, ...]
    listed: Mapping[PollutantKey, Fraction]
    """The normal daily emission of everything on the list, kg."""
    scale: int
    cuts: Mapping[LevelKey, tuple[tuple[int, int, int, int], ...]]
    """Per level, in the order of the plants: what each cuts, by POLLUTANTS."""

    def reached(self, level: LevelKey, pollutant: PollutantKey) -> Fraction:
        """What all plants cut, kg a day."""
        at = POLLUTANTS.index(pollutant)
        return Fraction(sum(own[at] for own in self.cuts[level]), self.scale)

    def largest(self, level: LevelKey, pollutant: PollutantKey, count: int) -> tuple[tuple[Enterprise, Fraction], ...]:
        """The plants that cut most with what they cut, kg a day; equal ones by number, those that cut nothing never."""
        if count < 1:
            return ()
        at = POLLUTANTS.index(pollutant)
        numbers = [own[at] for own in self.cuts[level]]
        last = sorted(numbers, reverse=True)[count - 1 : count]
        least = max(1, *last) if last else 1
        pairs = list(zip(numbers, self.plants, strict=True))
        first = sorted(((-number, plant.identifier, plant) for number, plant in pairs if number > least), key=_place)
        equal = {plant.identifier: plant for number, plant in pairs if number == least}
        first += [(-least, name, equal[name]) for name in nsmallest(count - len(first), equal)]
        return tuple((plant, Fraction(-number, self.scale)) for number, _name, plant in first)

    def districts(self) -> dict[str, dict[LevelKey, dict[PollutantKey, float]]]:
        """District to level to pollutant: kilograms a day that are cut there, by the names of the districts."""
        sums: dict[str, dict[LevelKey, list[int]]] = {}
        for level in LEVEL_KEYS:
            for own, plant in zip(self.cuts[level], self.plants, strict=True):
                row = sums.setdefault(plant.district, {key: [0] * len(POLLUTANTS) for key in LEVEL_KEYS})[level]
                for at, number in enumerate(own):
                    row[at] += number
        return {
            name: {
                level: {key: row[at] / self.scale for at, key in enumerate(POLLUTANTS)} for level, row in own.items()
            }
            for name, own in sorted(sums.items())
        }  # fmt: skip


def _place(item: tuple[int, str, Enterprise]) -> tuple[int, str]:
    return item[0], item[1]


def totals_of(listing: EnterpriseList) -> Totals:
    """The sums over every unit of a list; a list without units has zeros."""
    units = [unit for plant in listing.enterprises for unit in plant.units]
    base_scale = lcm(1, *{value.denominator for unit in units for value in unit.base_daily.values()})
    shares = {id(measure.cuts): measure.cuts for unit in units for measure in unit.measures.values()}
    cut_scale = lcm(1, *{value.denominator for cuts in shares.values() for value in cuts.values()})
    weights = {key: _weight(cuts, cut_scale) for key, cuts in shares.items()}
    listed = [0, 0, 0, 0]
    found: dict[LevelKey, list[tuple[int, int, int, int]]] = {level: [] for level in LEVEL_KEYS}
    for plant in listing.enterprises:
        sums = dict.fromkeys(LEVEL_KEYS, (0, 0, 0, 0))
        for unit in plant.units:
            base = unit.base_daily
            so2, nox = _whole(base["so2"], base_scale), _whole(base["nox"], base_scale)
            pm, vocs = _whole(base["pm"], base_scale), _whole(base["vocs"], base_scale)
            listed[0] += so2
            listed[1] += nox
            listed[2] += pm
            listed[3] += vocs
            for level, measure in unit.measures.items():
                weight = weights[id(measure.cuts)]
                if weight is not None:
                    first, second, third, fourth = weight
                    a, b, c, d = sums[level]
                    sums[level] = (a + so2 * first, b + nox * second, c + pm * third, d + vocs * fourth)
        for level, own in sums.items():
            found[level].append(own)
    return Totals(
        plants=listing.enterprises,
        listed={key: Fraction(listed[at], base_scale) for at, key in enumerate(POLLUTANTS)},
        scale=base_scale * cut_scale,
        cuts={level: tuple(rows) for level, rows in found.items()},
    )


def _weight(cuts: Mapping[PollutantKey, Fraction], scale: int) -> tuple[int, int, int, int] | None:
    """The cuts of a measure by POLLUTANTS as whole numbers; None for one that cuts nothing."""
    so2, nox, pm, vocs = (_whole(cuts[name], scale) for name in POLLUTANTS)
    return (so2, nox, pm, vocs) if so2 or nox or pm or vocs else None


def _whole(value: Fraction, scale: int) -> int:
    number, parts = value.as_integer_ratio()
    return number * (scale // parts)
