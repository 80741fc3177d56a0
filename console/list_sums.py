"""What a reduction list adds up to: its reach per level and district, and what is doubtful in it.

Summing up 33,000 units takes some tenths of a second, so `console.lists` keeps the sums per list, day and plants that
are shut anyway.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from console.language import N_
from emergency.instructions import reductions_of
from emergency.vocabulary import Level
from plans.city_plan import CityPlan
from plans.doubts import doubts_of
from plans.enterprise_list import EnterpriseList, LevelKey
from plans.errors import DataError
from plans.list_totals import totals_of
from plans.measure import PollutantKey
from plans.reductions import Reduction
from plans.staggered import Window, in_season

LEVELS = (Level.YELLOW, Level.ORANGE, Level.RED)
NO_SHARE = N_("清单排放量与预案所记全社会排放量不相容，不能算出比例：请核对预案的基数，或清单的排放量单位。")


@dataclass(frozen=True, slots=True)
class Sums:
    """The arithmetic of one list on one day."""

    reached: Mapping[Level, Sequence[Reduction]]
    """Per level, one result per pollutant; empty when the plan's base and the list cannot both be true."""
    districts: Mapping[str, Mapping[LevelKey, Mapping[PollutantKey, float]]]
    """District to level to pollutant: kilograms a day that are cut there."""
    doubts: int
    trouble: str = ""
    """Why there are no shares, in Chinese."""


def sums_of(
    listing: EnterpriseList, plan: CityPlan, *, windows: Sequence[Window] = (), on: date, shut: Sequence[str] = ()
) -> Sums:
    """The sums of a list on a day without what is shut anyway; no shares where base and list cannot both be true."""
    real = in_season(listing, windows, on=on, shut=shut) if windows or shut else listing
    totals = totals_of(real)
    districts, doubts = totals.districts(), len(doubts_of(listing))
    try:
        return Sums(
            {level: reductions_of(real, plan, level, totals=totals, contributors=0) for level in LEVELS},
            districts,
            doubts,
        )
    except DataError:
        return Sums({}, districts, doubts, NO_SHARE)
