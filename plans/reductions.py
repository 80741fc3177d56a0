"""Does a level reach 10, 20 or 30 percent? The arithmetic of the reduction list, exact, per pollutant.

The share is of the whole-society emission of the area (全社会排放总量: plants, traffic, dust, homes), not of the listed
plants alone; so a list can stop every plant and still fall short.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from plans.enterprise_list import EnterpriseList, LevelKey
from plans.errors import DataError
from plans.list_totals import Totals, totals_of
from plans.measure import POLLUTANTS, PollutantKey


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one entry of the list cuts."""

    enterprise: str
    enterprise_name: str
    kilograms: Fraction
    share: Fraction
    """Of the whole-society daily emission."""


@dataclass(frozen=True, slots=True)
class Reduction:
    """What one level reaches for one pollutant. Kilograms a day; shares of the whole-society daily emission."""

    pollutant: str
    base_kilograms: Fraction
    reached_kilograms: Fraction
    reached: Fraction
    target: Fraction
    listed_kilograms: Fraction
    """The normal daily emission of everything on the list: the most the list could ever cut."""
    contributors: tuple[Contribution, ...]
    """The entries that cut most, largest first."""

    @property
    def short(self) -> bool:
        """Whether the target is missed."""
        return self.reached < self.target

    @property
    def shortfall_kilograms(self) -> Fraction:
        """What is still missing to the target, 0 when it is reached."""
        return max(Fraction(0), self.target * self.base_kilograms - self.reached_kilograms)

    @property
    def percent(self) -> str:
        """The reached share for a person, rounded down to 0.1 % so that 29.99 never reads as 30."""
        return f"{int(self.reached * 1000) / 10:.1f}%"


def reductions(
    plants: EnterpriseList,
    level: LevelKey,
    base: Mapping[PollutantKey, Decimal],
    *,
    target_percent: int,
    contributors: int = 5,
    totals: Totals | None = None,
) -> tuple[Reduction, ...]:
    """What the level reaches, one result per pollutant (so2, nox, pm, vocs).

    `base` is the whole-society emission in t a day; `totals` the sums of this very list, where they are at hand. Cuts
    of A and 引领性 plants are their own decision and count as nothing here. DataError when a base is missing, not
    positive, or smaller than what is listed.
    """
    found = []
    sums = totals or totals_of(plants)
    for pollutant in POLLUTANTS:
        tonnes = base.get(pollutant)
        if tonnes is None or tonnes <= 0:
            raise DataError(
                "The whole-society emission is missing", where=f"base_daily.{pollutant}", expected="t a day above 0",
                found=tonnes if tonnes is not None else "nothing",
            )  # fmt: skip
        kilograms = Fraction(tonnes) * 1000
        listed = sums.listed[pollutant]
        if listed > kilograms:
            raise DataError(
                "The list emits more than the whole society", where=f"base_daily.{pollutant}",
                expected=f"at least {float(listed) / 1000:.2f} t a day", found=f"{tonnes} t a day",
                todo="Correct the base or the list",
            )  # fmt: skip
        reached = sums.reached(level, pollutant)
        found.append(
            Reduction(
                pollutant=pollutant,
                base_kilograms=kilograms,
                reached_kilograms=reached,
                reached=reached / kilograms,
                target=Fraction(target_percent, 100),
                listed_kilograms=listed,
                contributors=tuple(
                    Contribution(plant.identifier, plant.name, cut, cut / kilograms)
                    for plant, cut in sums.largest(level, pollutant, contributors)
                ),
            )
        )
    return tuple(found)
