"""The picture of a what-if: what each pollutant reaches now and with the further cuts, beside what is asked."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from console.charts import NARROW
from console.language import _
from plans.measure import POLLUTANT_NAMES
from plans.reductions import Reduction

ROW, TOP, LEFT, RIGHT = 52, 8, 64, 70


def reach(before: Sequence[Reduction], after: Sequence[Reduction]) -> Markup:
    """Two bars per pollutant, percent of the whole society's emission, and a line where the target stands."""
    most = max(float(one.reached) for one in (*before, *after))
    top = max(most, *(float(one.target) for one in before)) * 1.1 or 1.0
    wide = NARROW - LEFT - RIGHT
    height = TOP + ROW * len(before) + 22
    names: dict[str, str] = {key: name for key, name in POLLUTANT_NAMES.items()}
    parts: list[str] = []
    for number, (was, now) in enumerate(zip(before, after, strict=True)):
        y = TOP + ROW * number
        parts.append(f'<text class="axis" x="4" y="{y + 26}">{names[was.pollutant]}</text>')
        for offset, one, name in ((4, was, "bar light"), (22, now, "bar")):
            long = wide * float(one.reached) / top
            parts += [
                f'<rect class="{name}" x="{LEFT}" y="{y + offset}" width="{max(long, 1):.1f}" height="14"/>',
                f'<text class="number" x="{LEFT + long + 5:.1f}" y="{y + offset + 12}">{one.percent}</text>',
            ]
        x = LEFT + wide * float(was.target) / top
        parts.append(f'<line class="mark-target" x1="{x:.1f}" y1="{y}" x2="{x:.1f}" y2="{y + 40}"/>')
    target = LEFT + wide * float(before[0].target) / top
    asked = _("要求 %(percent)s%%", percent=f"{float(before[0].target) * 100:.0f}")
    parts.append(f'<text class="axis" text-anchor="middle" x="{target:.1f}" y="{height - 4}">{asked}</text>')
    told = _("各污染物减排比例：") + _("；").join(
        f"{names[was.pollutant]} {was.percent} → {now.percent}" for was, now in zip(before, after, strict=True)
    )
    head = f'<svg class="chart narrow" viewBox="0 0 {NARROW} {height}" role="img" aria-label="{told}">'
    return Markup(head + f"<title>{told}</title>" + "".join(parts) + "</svg>")  # noqa: S704  numbers and fixed words
