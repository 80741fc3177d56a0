"""What a running response reaches per pollutant against its target: seen, not yet seen, seen to be missing, others'.

Shares are of the whole society's daily emission, as the targets are. Each part of a bar has its own pattern, and its
words and numbers stand in the table below; nothing is told by colour alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from markupsafe import Markup

from console.charts import NARROW
from console.language import N_, _
from emergency.compliance_tally import Tally
from plans.measure import POLLUTANT_NAMES
from plans.reductions import Reduction

ROW, TOP, LEFT, RIGHT = 44, 10, 56, 16
PARTS = {
    "achieved": N_("已核实"), "unseen": N_("未能核实"), "missing": N_("核实未落实"), "others": N_("清单其他来源"),
}  # fmt: skip
"""Parts of a bar from the left; what is missing does not count towards the target and stands hollow at the end."""
_PATTERNS = {
    "unseen": '<path d="M0 8L8 0" class="hatch"/>',
    "others": '<circle cx="4" cy="4" r="1.4" class="dot"/>',
    "missing": '<path d="M0 8L8 0M0 0L8 8" class="hatch"/>',
}
_ORDER = ("achieved", "unseen", "others", "missing")


@dataclass(frozen=True, slots=True)
class Reach:
    """One pollutant of a running response; kilograms a day."""

    pollutant: str
    base: float
    target: float
    """Share of the base."""
    achieved: float
    unseen: float
    missing: float
    others: float
    """What the list cuts besides the running orders: dust, vehicles, orders not yet out or exempted."""

    @property
    def hoped(self) -> float:
        """What is reached if all that could not be seen is true."""
        return self.achieved + self.unseen + self.others

    @property
    def gap(self) -> float:
        """What is missing to the target even then; 0 when it would be reached."""
        return max(0.0, self.target * self.base - self.hoped)


def reaches(
    tallies: Mapping[str, Tally], base: Mapping[str, Decimal], *, percent: int, listed: Sequence[Reduction] = ()
) -> tuple[Reach, ...]:
    """One row per pollutant that the plan has a base for; empty without running orders.

    `base` in t a day; `listed` is what the list the orders were made from reaches at the level, empty when the list
    has changed since.
    """
    if not tallies:
        return ()
    whole = {one.pollutant: float(one.reached_kilograms) for one in listed}
    found = []
    for pollutant in POLLUTANT_NAMES:
        if pollutant not in base:
            continue
        tally = tallies.get(pollutant, Tally(0.0, 0.0, 0.0, 0.0))
        others = max(0.0, whole.get(pollutant, 0.0) - tally.promised)
        found.append(
            Reach(
                pollutant, float(base[pollutant]) * 1000, percent / 100, tally.achieved, tally.unseen, tally.missing,
                others if others >= 0.05 else 0.0,
            )
        )  # fmt: skip
    return tuple(found)


def bars(rows: Sequence[Reach]) -> Markup:
    """One bar per pollutant and an upright line where the target stands."""
    names: dict[str, str] = {key: name for key, name in POLLUTANT_NAMES.items()}
    top = max(max((one.hoped + one.missing) / one.base, one.target) for one in rows) * 1.12
    wide, high = NARROW - LEFT - RIGHT, TOP + ROW * len(rows) + 24
    parts = [
        "<defs>",
        *(
            f'<pattern id="reach-{name}" width="8" height="8" patternUnits="userSpaceOnUse">{path}</pattern>'
            for name, path in _PATTERNS.items()
        ),
        "</defs>",
    ]
    for number, one in enumerate(rows):
        y, x = TOP + ROW * number, float(LEFT)
        parts.append(f'<text class="axis" x="4" y="{y + 20}">{names[one.pollutant]}</text>')
        for name in _ORDER:
            long = wide * getattr(one, name) / one.base / top
            if long <= 0:
                continue
            box = f'x="{x:.1f}" y="{y + 4}" width="{long:.1f}" height="22"'
            parts.append(f'<rect class="reach {name}" {box}/>')
            if name in _PATTERNS:
                parts.append(f'<rect fill="url(#reach-{name})" {box}/>')
            x += long
        parts.append(f'<text class="number" x="{LEFT + 2}" y="{y + 40}">{share(one.hoped / one.base)}</text>')
        mark = LEFT + wide * one.target / top
        parts.append(f'<line class="mark-target" x1="{mark:.1f}" y1="{y}" x2="{mark:.1f}" y2="{y + 32}"/>')
    mark = LEFT + wide * rows[0].target / top
    asked = _("要求 %(percent)s%%", percent=f"{rows[0].target * 100:.0f}")
    parts.append(f'<text class="axis" text-anchor="middle" x="{mark:.1f}" y="{high - 4}">{asked}</text>')
    told = _("减排比例与要求：") + _("；").join(
        f"{names[one.pollutant]} {share(one.achieved / one.base)} → {share(one.hoped / one.base)}" for one in rows
    )
    head = f'<svg class="chart narrow" viewBox="0 0 {NARROW} {high}" role="img" aria-label="{told}">'
    return Markup(head + f"<title>{told}</title>" + "".join(parts) + "</svg>")  # noqa: S704  numbers and fixed words


def share(part: float) -> str:
    """A share for a person, rounded down to 0.1 % so that 29.99 never reads as 30.

    >>> share(0.29999)
    '29.9%'
    """
    return f"{int(part * 1000 + 1e-9) / 10:.1f}%"
