"""The rules around an episode: start at once, lift, one episode or two, and which level when the outlook swings.

Pure functions; every number comes from the edition's procedure, where it stands with its source and confidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from emergency.criteria import level_only, level_word
from emergency.vocabulary import Level
from plans.schema import Procedure, WarningEdition


@dataclass(frozen=True, slots=True)
class StartAtOnce:
    """The observed air is heavily polluted and no clear improvement is near: the warning starts without lead time."""

    rule_id: str
    observed_at: datetime
    aqi: int
    level: Level
    """The level of today (at the observed AQI) together with the coming days; at least what the criteria give."""
    chinese: str
    english: str


@dataclass(frozen=True, slots=True)
class LiftAdvice:
    """Whether a level in force may be lowered, to which level, and why."""

    rule_id: str
    may: bool
    to: Level
    chinese: str
    english: str


def heavy_now(
    edition: WarningEdition,
    *,
    observed_aqi: int | None,
    observed_at: datetime | None,
    expected: Sequence[int | None],
    hours_to_next_day: int,
) -> StartAtOnce | None:
    """The start-at-once rule, or None where it does not apply.

    `observed_aqi` is the latest hour; `expected` the signed daily AQI from tomorrow on; `hours_to_next_day` the hours
    left of today. "No clear improvement" is read so: within the rule's hours no day begins whose AQI is at or below
    the heavy threshold (a missing tomorrow is no improvement). When today outlasts these hours nothing is predicted
    to improve within them.
    """
    rules = edition.procedure
    heavy = rules.observed_over.value
    if observed_aqi is None or observed_at is None or observed_aqi <= heavy:
        return None
    tomorrow = expected[0] if expected else None
    within_reach = hours_to_next_day <= rules.no_improvement_hours.value
    if within_reach and tomorrow is not None and tomorrow <= heavy:
        return None
    level = level_only(edition, [observed_aqi, *expected])
    return StartAtOnce(
        rule_id=f"{edition.name}.procedure.observed_first",
        observed_at=observed_at,
        aqi=observed_aqi,
        level=level,
        chinese=(
            f"监测AQI已达{observed_aqi}（>{rules.observed_over.value}），"
            f"预计未来{rules.no_improvement_hours.value}小时内无明显改善，应立即启动"
        ),
        english=(
            f"observed AQI is {observed_aqi}, above {rules.observed_over.value}, and no clear improvement is predicted "
            f"within {rules.no_improvement_hours.value} h: start at once"
        ),
    )


def may_lift(
    edition: WarningEdition, level: Level, *, observed_aqi: int | None, expected: Sequence[int | None]
) -> LiftAdvice:
    """Whether a warning of this level may be lowered or lifted now.

    Needs the latest observed AQI and the signed daily AQI from the next day on. The air must be at or below the
    level's start criterion now and stay so for `lift_hours` (whole days, rounded up: 36 h are two days); a missing
    value refuses. The new level is what the coming days still reach. ValueError for the level none.
    """
    if level is Level.NONE:
        raise ValueError("There is no warning to lift at the level none.")
    hours = edition.procedure.lift_hours.value
    bar = edition.criterion(level_word(level)).lowest_over
    window = list(expected[: -(-hours // 24)])
    rule_id = f"{edition.name}.procedure.lift"
    target = level_only(edition, expected)

    def answer(may: bool, chinese: str, english: str) -> LiftAdvice:
        return LiftAdvice(rule_id, may, target if may else level, chinese, english)

    if observed_aqi is None or len(window) * 24 < hours or any(value is None for value in window):
        return answer(False, f"未来{hours}小时资料不全，不能解除", f"the next {hours} h are not fully known")
    if observed_aqi > bar:
        return answer(False, f"当前AQI {observed_aqi}仍高于启动标准{bar}", f"AQI is still {observed_aqi}, above {bar}")
    worst = max(value for value in window if value is not None)
    if worst > bar:
        return answer(
            False, f"未来{hours}小时内预测AQI达{worst}，高于{bar}", f"AQI {worst} is expected within {hours} h"
        )
    if target >= level:
        return answer(
            False,
            f"后续仍达到{target.chinese}预警条件，按一次过程处理",
            f"the coming days reach {target.word} again: one episode",
        )
    return answer(
        True,
        f"已低于{level.chinese}预警启动标准{bar}且预计持续{hours}小时以上",
        f"below the start criterion of {level.word} ({bar}) for at least {hours} h",
    )


def same_episode(procedure: Procedure, *, first_ends_at: datetime, second_starts_at: datetime) -> bool:
    """Whether two episodes count as one: the gap is shorter than `merge_gap_hours`. ValueError for naive times."""
    if first_ends_at.tzinfo is None or second_starts_at.tzinfo is None:
        raise ValueError("Both times need a time zone.")
    return second_starts_at - first_ends_at < timedelta(hours=procedure.merge_gap_hours.value)


def merged_level(levels: Sequence[Level]) -> Level:
    """The level of episodes that count as one: the strictest; NONE for no episodes."""
    return max(levels, default=Level.NONE)


def steady_level(procedure: Procedure, judged: Sequence[Level]) -> Level:
    """The level to carry out when successive judgements (oldest first) swing: the higher one; else the newest.

    A series swings when it both rises and falls. NONE for an empty series.

    >>> from plans.rulebook import load
    >>> rules = load().warning("warning-2024").procedure
    >>> steady_level(rules, [Level.YELLOW, Level.ORANGE, Level.YELLOW]).word
    'orange'
    >>> steady_level(rules, [Level.ORANGE, Level.YELLOW]).word
    'yellow'
    """
    if not judged:
        return Level.NONE
    steps = [later - earlier for earlier, later in zip(judged, judged[1:], strict=False)]  # noqa: RUF007
    swings = any(step > 0 for step in steps) and any(step < 0 for step in steps)
    return max(judged) if swings and procedure.oscillation.value == "higher" else judged[-1]


def issued_in_time(procedure: Procedure, *, issued_at: datetime, starts_at: datetime) -> bool:
    """Whether a warning was issued `lead_hours` before its start."""
    return starts_at - issued_at >= timedelta(hours=procedure.lead_hours.value)
