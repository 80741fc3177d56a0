"""The rule for cement clinker of the national guide, as a worked example of how a rule per grade and level reads.

重污染天气重点行业应急减排措施制定技术指南（2020年修订版）, 环办大气函〔2020〕340号.
We have the table from a copy of the industry's press, not the text itself: every entry is a Setting of confidence B.
Two lessons live in the list's model: a limit counts from the smallest capacity on file, and half a plant is stopped by
whole lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from plans.enterprise_list import LEVEL_KEYS, Enterprise, LevelKey
from plans.parts import Setting

Work = Literal["voluntary", "none", "limit_20", "stop_half_lines", "stop"]
Transport = Literal["none", "ban_national_4", "ban_all"]

_SOURCE = "环办大气函〔2020〕340号, 水泥, as printed by ccement"


@dataclass(frozen=True, slots=True)
class Step:
    """What one grade does at one level."""

    work: Work
    transport: Transport = "none"


_STOP = Step("stop", "ban_all")
CEMENT: Setting[dict[str, dict[LevelKey, Step]]] = Setting(
    value={
        "A": dict.fromkeys(LEVEL_KEYS, Step("voluntary")),
        "B": {"yellow": Step("none", "ban_national_4"), "orange": Step("limit_20"), "red": Step("stop")},
        "C": {"yellow": Step("stop_half_lines", "ban_national_4"), "orange": Step("stop"), "red": Step("stop")},
        "D": {"yellow": _STOP, "orange": Step("stop"), "red": Step("stop")},
    },
    confidence="B",
    source=_SOURCE,
)
"""Grade to level to step. 限产20% counts from the smallest of approved, permitted and last year's daily output."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Where a plant's measures fall short of the rule."""

    level: LevelKey
    unit: str
    """Empty for the plant as a whole."""
    expected: str
    found: str


def cement_cut(grade: str, level: LevelKey, capacities: Sequence[Fraction]) -> Fraction | None:
    """Tonnes of clinker a day that a plant with these lines has to stop; None where it decides itself (grade A).

    Half the plant is stopped in whole lines: of three lines two. The capacities are the lines' base capacities.

    >>> cement_cut("B", "orange", [Fraction(2000), Fraction(3000)])
    Fraction(1000, 1)
    >>> cement_cut("C", "yellow", [Fraction(2000), Fraction(2000), Fraction(2000)])
    Fraction(4000, 1)
    """
    work = CEMENT.value[grade][level].work
    if work == "voluntary":
        return None
    total = sum(capacities, Fraction(0))
    if work == "stop":
        return total
    if work == "limit_20":
        return total * Fraction(20, 100)
    if work == "stop_half_lines":
        half = (len(capacities) + 1) // 2
        return sum(sorted(capacities)[:half], Fraction(0))
    return Fraction(0)


def cement_gaps(plant: Enterprise) -> tuple[Gap, ...]:
    """Where the measures of a cement plant on the list do less than the rule asks; empty when they meet it.

    Lines are its units of kind 生产线 (mills stand as 设备 and follow from the lines). KeyError for a grade that the
    rule does not know.
    """
    table = CEMENT.value[plant.grade]
    lines = [unit for unit in plant.units if unit.kind == "生产线"]
    trucks = [unit for unit in plant.units if unit.kind == "运输"]
    gaps = []
    for level in LEVEL_KEYS:
        step = table[level]
        if step.work == "voluntary":
            continue
        if step.work == "stop_half_lines":
            stopped = sum(1 for unit in lines if unit.measures[level].action == "stop")
            if stopped * 2 < len(lines):
                gaps.append(Gap(level, "", f"{(len(lines) + 1) // 2} of {len(lines)} lines stop", f"{stopped} stop"))
        wanted = {"stop": Fraction(1), "limit_20": Fraction(20, 100)}.get(step.work, Fraction(0))
        for unit in lines:
            if unit.measures[level].load_cut < wanted:
                asked = "停" if wanted == 1 else "限产20%"
                gaps.append(Gap(level, unit.identifier, asked, unit.measures[level].chinese))
        if step.transport != "none":
            gaps += [
                Gap(level, unit.identifier, "停运国四及以下", unit.measures[level].chinese)
                for unit in trucks
                if unit.measures[level].action not in ("transport_ban", "stop")
            ]
    return tuple(gaps)
