"""The ladders of the office: for each kind of matter who is paged, when, and when the next one is.

All numbers are settings of ours (confidence I); the two hours for an approval are those of the approval form of 太原
2019 (confidence A there, B here). Targets are "role:KEY", "shift:KEY" or "missing" (who has not spoken yet).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time, timedelta

from emergency.escalation import Policy, Step
from emergency.warning_draft import Authority
from plans.errors import RuleError

MINUTE = timedelta(minutes=1)
APPROVAL = timedelta(hours=2)
"""Deadline of an approval where the plan names none (太原 2019, 2 h)."""
NIGHT = (time(22), time(7))
"""Quiet hours 夜间; a red level pages through them."""
DUTY = "shift:duty"
"""Whoever the roster names now; without a roster everybody with the role duty_officer."""

_DIRECTOR = "role:office_director"
_POLICIES = (
    Policy(
        "convene",
        (Step((DUTY,), 20 * MINUTE, 20 * MINUTE), Step((_DIRECTOR,), 40 * MINUTE)),
        repeat=1,
        quiet_hours=NIGHT,
    ),
    Policy("opinion", (Step(("missing",), 30 * MINUTE, 20 * MINUTE), Step((DUTY,), 40 * MINUTE)), quiet_hours=NIGHT),
    Policy("issue", (Step((DUTY,), 10 * MINUTE, 10 * MINUTE), Step((_DIRECTOR,), 30 * MINUTE)), repeat=2),
    Policy("returned", (Step((DUTY,), 10 * MINUTE, 30 * MINUTE), Step((_DIRECTOR,), 60 * MINUTE))),
    Policy("overrun", (Step((DUTY,), 0 * MINUTE, 60 * MINUTE), Step((_DIRECTOR,), 120 * MINUTE)), repeat=1),
    Policy("gap", (Step((_DIRECTOR,), 0 * MINUTE, 240 * MINUTE),), repeat=5, quiet_hours=NIGHT),
    Policy(
        "handover",
        (Step((DUTY,), 30 * MINUTE, 30 * MINUTE), Step((_DIRECTOR,), 60 * MINUTE)),
        quiet_hours=NIGHT,
    ),
)
FIXED: dict[str, Policy] = {policy.key: policy for policy in _POLICIES}


def approval(authority: Authority, *, deadline: timedelta) -> Policy:
    """The ladder under a draft: who must sign, again every quarter of the deadline; then the deputies, then the office.

    It begins a quarter of the deadline after the draft, because the draft itself has told everybody who may sign. All
    named roles are called at once when several must sign, and so many people must have taken it.
    """
    quarter = max(deadline / 4, 5 * MINUTE)
    steps = [Step(tuple(f"role:{role}" for role in authority.roles), quarter, quarter)]
    if authority.deputies:
        steps.append(Step(tuple(f"role:{role}" for role in authority.deputies), 2 * quarter, quarter))
    steps.append(Step((DUTY,), quarter))
    return Policy("approval", tuple(steps), repeat=2, last_stands=quarter, acknowledgements=authority.signatures)


def policy_of(key: str, *, authority: Authority | None = None, deadline: timedelta = 120 * MINUTE) -> Policy:
    """The ladder of a kind of matter; RuleError for an unknown kind, or an approval without its authority."""
    if key in ("approval", "lift") and authority is not None:
        return approval(authority, deadline=deadline)
    if key not in FIXED:
        raise RuleError(
            "There is no such escalation policy", expected=", ".join((*FIXED, "approval", "lift")), found=key
        )
    return FIXED[key]


def kinds() -> Sequence[str]:
    """The keys of all ladders."""
    return (*FIXED, "approval", "lift")
