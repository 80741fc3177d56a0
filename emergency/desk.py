"""From the city plan in force to the settings that the office works with."""

from __future__ import annotations

from datetime import timedelta

from emergency.office_base import Desk
from emergency.vocabulary import Level
from emergency.warning import Authority
from plans.rulebook import Rules
from plans.schema import CityPlan

RECTIFY_WITHIN = timedelta(hours=48)
"""How long a unit has to mend a problem. No document read names a number (confidence C): a setting of the office."""


def desk_of(plan: CityPlan, rules: Rules) -> Desk:
    """The desk of a plan under the rules of a day; RuleError when no warning edition is in force or assumed."""
    authority = {}
    for level in (Level.YELLOW, Level.ORANGE, Level.RED):
        named = plan.authority.of(level.word)  # type: ignore[arg-type]
        authority[level] = Authority((named.role.value,), named.signatures.value, tuple(named.deputies.value))
    return Desk(
        area=plan.city,
        area_name=plan.chinese,
        authority=authority,
        required_parties=tuple(plan.consultation.participants),
        respond_within=timedelta(minutes=plan.deadlines.order_response_minutes.value),
        execute_within=timedelta(minutes=plan.deadlines.order_execution_minutes.value),
        rectify_within=RECTIFY_WITHIN,
        lift_hours=rules.warning.procedure.lift_hours.value,
        rules_digest=rules.book.digest,
        lift_signed=True,
        merge_gap=timedelta(hours=rules.warning.procedure.merge_gap_hours.value),
        approve_within={
            level: timedelta(minutes=plan.authority.of(level.word).deadline_minutes.value)  # type: ignore[arg-type]
            for level in authority
        },
    )
