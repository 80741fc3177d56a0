"""What would close the gap: the units whose further stop reaches the target at the least lost output.

A small integer programme (scipy.optimize.milp, HiGHS): one choice per unit, the missing kilograms of every pollutant
as constraints, lost output as cost. The answer is checked again in exact fractions by the arithmetic of reductions;
it is advice for the next edition of the list, never an order.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from plans.enterprise_list import Enterprise, EnterpriseList, LevelKey, Unit
from plans.errors import DataError
from plans.measure import POLLUTANTS, Measure, PollutantKey
from plans.reductions import Reduction, reductions
from plans.staggered import Window, in_season, resting

SECONDS = 20.0
"""How long the solver may search; what it has by then is given with its proven gap."""
DOUBTFUL = 300
"""So many units at most go into the integer programme; of a longer list those that the linear one leaves in doubt."""
_SLACK = 1 + 1e-9
"""The solver works in floats: where its answer misses the target exactly, it aims a hair above."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One unit that would have to do more."""

    enterprise: str
    enterprise_name: str
    unit: str
    unit_name: str
    from_cut: Fraction
    to_cut: Fraction
    """Shares of its load that are cut, before and after."""
    lost_output: Fraction
    """What the further cut costs, in the measure of `output` (t a day when not given)."""
    more_kilograms: Mapping[PollutantKey, Fraction]


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The cheapest way to the target; for pollutants out of reach the rest is still closed, and `feasible` is False."""

    level: LevelKey
    feasible: bool
    choices: tuple[Choice, ...]
    lost_output: Fraction
    before: tuple[Reduction, ...]
    after: tuple[Reduction, ...]
    """With the choices made."""
    most: Mapping[str, Fraction]
    """The share each pollutant could reach if every candidate did all it may: a target above it is out of reach."""
    optimality_gap: float
    """0 when proven best, else the share by which a better answer might exist."""
    left_aside: Mapping[str, str]
    """Unit (plant/unit) to why it was no candidate."""

    def as_data(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "level": self.level,
            "feasible": self.feasible,
            "lost_output": float(self.lost_output),
            "optimality_gap": self.optimality_gap,
            "choices": [
                {
                    "enterprise": one.enterprise,
                    "name": one.enterprise_name,
                    "unit": one.unit,
                    "unit_name": one.unit_name,
                    "from_percent": float(one.from_cut * 100),
                    "to_percent": float(one.to_cut * 100),
                    "lost_output": float(one.lost_output),
                    "more_kg": {key: float(value) for key, value in one.more_kilograms.items() if value},
                }
                for one in self.choices
            ],
            "before": {one.pollutant: float(one.reached) for one in self.before},
            "after": {one.pollutant: float(one.reached) for one in self.after},
            "most": {key: float(share) for key, share in self.most.items()},
            "short_after": [one.pollutant for one in self.after if one.short],
            "left_aside": dict(self.left_aside),
        }


def close_gap(
    listing: EnterpriseList,
    level: LevelKey,
    base: Mapping[PollutantKey, Decimal],
    *,
    target_percent: int,
    steps: Sequence[Fraction] = (Fraction(1),),
    windows: Sequence[Window] = (),
    on: date | None = None,
    shut: Collection[str] = (),
    keep: Collection[str] = (),
    output: Mapping[tuple[str, str], Fraction] | None = None,
    industry_share: Fraction | None = None,
) -> WhatIf:
    """The further cuts that reach the target for every pollutant at the least lost output.

    `steps` are the cuts a unit may be set to: whole stops unless more are given (the 340号 guide counts lines). A unit
    stays out of it when its plant is small, voluntary, shut, or in `keep`; when it rests in a staggered window of the
    day `on`; when it is no production; when it emits nothing; or when its output is not known (tonnes a day from the
    list, or `output` per (plant, unit), e.g. in yuan: tonnes of different goods do not compare). A guarantee plant
    keeps its permitted load. `industry_share` bounds which share of an industry's candidates' output may be cut, so
    that no sector is shut as a whole (domain B). DataError as for reductions, and when windows come without a day.
    """
    if windows and on is None:
        raise DataError("Windows need a day", where="what-if", expected="on=YYYY-MM-DD", found="nothing")
    real = in_season(listing, windows, on=on or date.min, shut=shut)
    before = reductions(real, level, base, target_percent=target_percent)
    missing = {key: one.shortfall_kilograms for key, one in zip(POLLUTANTS, before, strict=True)}
    aside: dict[str, str] = {}
    found: list[tuple[Enterprise, Unit, Fraction, Fraction]] = []
    for plant in real.enterprises:
        for unit in plant.units:
            why, worth = _candidate(plant, unit, level, windows=windows, on=on, shut=shut, keep=keep, output=output)
            if why:
                aside[f"{plant.identifier}/{unit.identifier}"] = why
                continue
            most = 1 - plant.permitted_load if plant.permitted_load is not None else Fraction(1)
            now = unit.measures[level].load_cut
            found += [(plant, unit, step, worth) for step in sorted(set(steps)) if now < step <= most]
    options = [_choice(plant, unit, level, step, worth) for plant, unit, step, worth in found]
    industries = [plant.industry for plant, _, _, _ in found]
    worths = {(plant.identifier, unit.identifier): (plant.industry, worth) for plant, unit, _, worth in found}
    largest = {(one.enterprise, one.unit): one for one in options}  # steps rise, so the last one is the largest
    further = {key: sum((one.more_kilograms[key] for one in largest.values()), Fraction(0)) for key in POLLUTANTS}
    beyond = tuple(key for key in POLLUTANTS if further[key] < missing[key])
    wanted = {key: Fraction(0) if key in beyond else missing[key] for key in POLLUTANTS}
    solved, gap = _solve(options, wanted, _industry_bounds(options, industries, worths, industry_share))
    chosen = solved or []
    after = reductions(_with(real, level, chosen), level, base, target_percent=target_percent)
    return WhatIf(
        level=level,
        feasible=not any(one.short for one in after),
        choices=tuple(chosen),
        lost_output=sum((one.lost_output for one in chosen), Fraction(0)),
        before=before,
        after=after,
        most={
            one.pollutant: one.reached + further[key] / one.base_kilograms
            for key, one in zip(POLLUTANTS, before, strict=True)
        },
        optimality_gap=gap,
        left_aside=aside,
    )


def _candidate(
    plant: Enterprise,
    unit: Unit,
    level: LevelKey,
    *,
    windows: Sequence[Window],
    on: date | None,
    shut: Collection[str],
    keep: Collection[str],
    output: Mapping[tuple[str, str], Fraction] | None,
) -> tuple[str, Fraction]:
    """Why a unit is no candidate (or an empty text), and what its whole output is worth."""
    if plant.kind != "工业源" or unit.kind not in ("生产线", "设备"):
        return "no production", Fraction(0)
    if plant.small:
        return "small plant, exempt", Fraction(0)
    if plant.voluntary:
        return "cuts by its own decision", Fraction(0)
    if plant.identifier in shut:
        return "shut already", Fraction(0)
    if plant.identifier in keep or f"{plant.identifier}/{unit.identifier}" in keep:
        return "kept out by the office", Fraction(0)
    share = resting(windows, plant.identifier, unit.identifier, on=on) if on is not None else Fraction(0)
    if share == 1:
        return "rests in a staggered window", Fraction(0)
    if unit.measures[level].action in ("stop", "fuel_change"):
        return "stops already" if unit.measures[level].action == "stop" else "changes fuel instead", Fraction(0)
    if not any(unit.base_daily.values()):
        return "emits nothing", Fraction(0)
    if unit.power_share == 0 and "在线监测" not in unit.checks and "用电" not in unit.checks:
        return "a further cut could not be monitored", Fraction(0)
    if output is not None:
        worth = output.get((plant.identifier, unit.identifier))
    else:
        worth = unit.base_capacity
    return ("", worth * (1 - share)) if worth is not None else ("its output is not on file", Fraction(0))


def _choice(plant: Enterprise, unit: Unit, level: LevelKey, step: Fraction, worth: Fraction) -> Choice:
    now = unit.measures[level].load_cut
    more = {key: unit.base_daily[key] * (step - now) for key in POLLUTANTS}
    return Choice(plant.identifier, plant.name, unit.identifier, unit.name, now, step, worth * (step - now), more)


def _industry_bounds(
    options: Sequence[Choice],
    industries: Sequence[str],
    worths: Mapping[tuple[str, str], tuple[str, Fraction]],
    share: Fraction | None,
) -> list[tuple[list[float], float]]:
    if share is None:
        return []
    total: dict[str, Fraction] = {}
    for industry, worth in worths.values():
        total[industry] = total.get(industry, Fraction(0)) + worth
    return [
        (
            [float(one.lost_output) if own == industry else 0.0 for one, own in zip(options, industries, strict=True)],
            float(total[industry] * share),
        )
        for industry in sorted(total)
    ]


def _solve(
    options: Sequence[Choice], missing: Mapping[PollutantKey, Fraction], bounds: Sequence[tuple[list[float], float]]
) -> tuple[list[Choice] | None, float]:
    """The chosen options and the proven gap; None when no choice reaches the target.

    Aimed at the target itself first, for an answer that meets it to the gram would be lost a hair above; when the
    answer in floats misses it in exact fractions, once more a hair above.
    """
    found, gap = _search(options, missing, bounds, slack=1.0)
    if found is not None and any(
        sum((one.more_kilograms[key] for one in found), Fraction(0)) < missing[key] for key in POLLUTANTS
    ):
        return _search(options, missing, bounds, slack=_SLACK)
    return found, gap


def _search(
    options: Sequence[Choice],
    missing: Mapping[PollutantKey, Fraction],
    bounds: Sequence[tuple[list[float], float]],
    *,
    slack: float,
) -> tuple[list[Choice] | None, float]:
    """The chosen options and the proven gap; None when no choice reaches the target.

    Long lists are first solved in shares of units (linear, seconds): with few constraints nearly every unit comes out
    as wholly in or out. Only the doubtful ones go into the integer programme, and the linear cost bounds the gap.
    """
    from scipy.optimize import Bounds, LinearConstraint, linprog, milp
    from scipy.sparse import csr_array, vstack

    if not any(missing.values()):
        return [], 0.0
    rows, most = [], []
    for key in POLLUTANTS:
        if missing[key] > 0:
            rows.append([-float(one.more_kilograms[key]) for one in options])
            most.append(-float(missing[key]) * slack)
    for row, bound in bounds:
        rows.append(row)
        most.append(bound)
    matrix = csr_array(rows)
    units = {name: place for place, name in enumerate(dict.fromkeys((one.enterprise, one.unit) for one in options))}
    if len(units) < len(options):  # one step per unit
        places = [units[one.enterprise, one.unit] for one in options]
        once = csr_array(([1.0] * len(options), (places, range(len(options)))), shape=(len(units), len(options)))
        matrix, most = vstack([matrix, once]), [*most, *[1.0] * len(units)]
    costs = [float(one.lost_output) + 1e-6 for one in options]
    low, high = [0.0] * len(options), [1.0] * len(options)
    bound = 0.0
    if len(options) > DOUBTFUL:
        shares = linprog(costs, A_ub=matrix, b_ub=most, bounds=(0, 1), method="highs")
        if shares.x is None:
            return None, 0.0
        bound = float(shares.fun)
        reduced = [
            abs(float(a) + float(b)) for a, b in zip(shares.lower.marginals, shares.upper.marginals, strict=True)
        ]
        doubtful = set(sorted(range(len(options)), key=reduced.__getitem__)[:DOUBTFUL])
        for at, share in enumerate(shares.x):
            if at not in doubtful:
                low[at] = high[at] = float(round(share))
    result = milp(
        costs,
        integrality=[1] * len(options),
        bounds=Bounds(low, high),
        constraints=LinearConstraint(matrix, -float("inf"), most),
        options={"time_limit": SECONDS, "mip_rel_gap": 1e-4},
    )
    if result.x is None and (result.status == 1 or bound):
        raise DataError(
            "The solver found no answer in time",
            where="what-if",
            expected=f"one within {SECONDS:g} s",
            found="none",
            todo="Take fewer steps or a part of the list",
        )
    if result.x is None:
        return None, 0.0
    gap = float(result.mip_gap or 0.0) if not bound else max(0.0, 1 - bound / float(result.fun))
    return [one for one, taken in zip(options, result.x, strict=True) if taken > 0.5], round(gap, 6)


def _with(listing: EnterpriseList, level: LevelKey, choices: Sequence[Choice]) -> EnterpriseList:
    """The list with the choices made at a level (for arithmetic; higher levels are left as they are)."""
    chosen = {(one.enterprise, one.unit): one for one in choices}
    plants = []
    for plant in listing.enterprises:
        units = []
        for unit in plant.units:
            choice = chosen.get((plant.identifier, unit.identifier))
            if choice is None:
                units.append(unit)
                continue
            action = "stop" if choice.to_cut == 1 else "limit"
            measure = Measure(action, dict.fromkeys(POLLUTANTS, choice.to_cut))  # type: ignore[arg-type]
            units.append(replace(unit, measures={**unit.measures, level: measure}))
        plants.append(replace(plant, units=tuple(units)))
    return replace(listing, enterprises=tuple(plants))
