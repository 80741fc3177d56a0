"""From the reduction list to what the office orders, and to what it may hope for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from emergency.office_base import Instruction
from emergency.vocabulary import Level
from plans.enterprise_list import EnterpriseList
from plans.list_totals import Totals
from plans.reductions import Reduction, reductions
from plans.schema import CityPlan


def instructions_of(listing: EnterpriseList, level: Level) -> tuple[Instruction, ...]:
    """One instruction per enterprise that has measures at the level or reduces of its own accord; KeyError for NONE."""
    return tuple(
        Instruction(
            enterprise=order.enterprise,
            enterprise_name=order.enterprise_name,
            measures=order.measures,
            voluntary=order.voluntary,
            reachable=order.reachable,
        )
        for order in listing.orders_for(level.word)  # type: ignore[arg-type]
    )


def department_instructions(plan: CityPlan, level: Level) -> tuple[Instruction, ...]:
    """One instruction per department that has a task at the level; empty for NONE or a plan without tasks."""
    found = []
    for task in plan.departments:
        texts = list(task.at(level.word))  # type: ignore[arg-type]
        if task.watering and plan.watering is not None and texts:
            texts.append(plan.watering.chinese)
        measures = tuple(
            {
                "unit": f"T{number}",
                "target": task.chinese,
                "action": "task",
                "text": f"{text}（核查：{task.check}）",
                "checks": task.check.split("、"),
            }
            for number, text in enumerate(texts, start=1)
        )
        if measures:
            found.append(
                Instruction(task.recipient, task.chinese, measures, voluntary=False, audience="department")
            )  # fmt: skip
    return tuple(found)


def reductions_of(
    listing: EnterpriseList,
    plan: CityPlan,
    level: Level,
    *,
    only: frozenset[str] | None = None,
    totals: Totals | None = None,
    contributors: int = 5,
) -> tuple[Reduction, ...]:
    """What a level reaches against the whole-society emission of the plan, of all entries or only of the named ones.

    `totals` are the sums of the whole list, where somebody has them; several levels then share them.
    Empty when the plan gives no whole-society emission: without the base there is no share to speak of.
    """
    if plan.base_daily is None:
        return ()
    chosen = listing
    if only is not None:
        chosen = replace(listing, enterprises=tuple(one for one in listing.enterprises if one.identifier in only))
    percent = plan.response.of(level.word).reduction_percent.value  # type: ignore[arg-type]
    return reductions(
        chosen,
        level.word,  # type: ignore[arg-type]
        plan.base_daily.value,
        target_percent=percent,
        totals=totals if only is None else None,
        contributors=contributors,
    )


def shares(found: tuple[Reduction, ...]) -> Mapping[str, float]:
    """The reached share per pollutant as plain numbers, for reports."""
    return {one.pollutant: round(float(one.reached), 4) for one in found}
