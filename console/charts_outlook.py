"""Further pictures of the outlook: the chances of the six levels as stacked bars, and how earlier runs wavered.

As in console/charts.py only numbers and fixed words go in. Each level has its colour, its own hatching and, where the
bar is high enough, its word, so that a black-and-white print can be read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from markupsafe import Markup

from console.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, bands, ceiling, picture, scale
from console.language import _
from console.words import date_word, short, weekday
from emergency.vocabulary import BEIJING
from forecast.outlook import Outlook
from plans.schema import AqiEdition

HATCHES = {
    1: "", 2: '<path d="M0 8H8" class="hatch"/>', 3: '<path d="M0 0L8 8" class="hatch"/>',
    4: '<path d="M0 8L8 0M0 0L8 8" class="hatch"/>', 5: '<path d="M4 0V8" class="hatch light"/>',
    6: '<path d="M0 4H8M4 0V8" class="hatch light"/>',
}  # fmt: skip
"""What lies over the colour of each level: nothing, lines, slants, crosses, uprights, a grid."""
TALL_ENOUGH = 0.09
"""Share of a bar from which its word and number are printed in it."""


def levels(outlook: Outlook, edition: AqiEdition) -> Markup:
    """One bar a day, from 优 at the foot to 严重污染 at the top, each piece as high as its probability."""
    bottom: float = HEIGHT - BOTTOM
    high: float = HEIGHT - BOTTOM - TOP
    step = (WIDTH - LEFT - RIGHT) / len(outlook.days)
    defined = "".join(
        f'<pattern id="hatch-{level}" width="8" height="8" patternUnits="userSpaceOnUse">{hatch}</pattern>'
        for level, hatch in HATCHES.items()
        if hatch
    )
    parts = [f"<defs>{defined}</defs>"]
    for percent in (0, 25, 50, 75, 100):
        y = bottom - high * percent / 100
        parts.append(f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}"/>')
        parts.append(f'<text class="axis" text-anchor="end" x="{LEFT - 6}" y="{y + 5:.1f}">{percent}%</text>')
    names = {category.level: category.chinese for category in edition.categories}
    for index, day in enumerate(outlook.days):
        x, wide = LEFT + step * (index + 0.14), step * 0.72
        foot = bottom
        for level, share in enumerate(day.level_probabilities, start=1):
            tall = high * share
            if tall <= 0:
                continue
            box = f'x="{x:.1f}" y="{foot - tall:.1f}" width="{wide:.1f}" height="{tall:.1f}"'
            parts.append(f'<rect class="piece swatch-{level}" {box}/>')
            if HATCHES[level]:
                parts.append(f'<rect fill="url(#hatch-{level})" {box}/>')
            if share >= TALL_ENOUGH:
                middle = f'x="{x + wide / 2:.1f}" y="{foot - tall / 2 + 5:.1f}" text-anchor="middle"'
                parts.append(f'<text class="number" {middle}>{short(names[level])} {share * 100:.0f}%</text>')
            foot -= tall
        centre = LEFT + step * (index + 0.5)
        parts += _day(day.valid_date, centre)
    told = _("；").join(
        _("%(day)s轻度及以上%(share)s", day=date_word(day.valid_date), share=f"{sum(day.level_probabilities[2:]):.0%}")
        for day in outlook.days
    )
    return picture(parts, _("各级别概率：%(told)s", told=told))


def runs(outlooks: Sequence[Outlook], edition: AqiEdition, *, observed: Mapping[date, int | None]) -> Markup:
    """The medians of the newest outlook over those of the runs before it, the older the fainter, and what came."""
    newest = outlooks[-1]
    first = min(day.valid_date for one in outlooks for day in one.days)
    last = max(day.valid_date for one in outlooks for day in one.days)
    days = [date.fromordinal(number) for number in range(first.toordinal(), last.toordinal() + 1)]
    seen = [value for day in days if (value := observed.get(day)) is not None]
    top = ceiling([*(day.median for one in outlooks for day in one.days), *seen])
    y = scale(top)
    step = (WIDTH - LEFT - RIGHT) / len(days)
    at = {day: LEFT + step * (index + 0.5) for index, day in enumerate(days)}
    parts = [*bands(edition, top)]
    for age, one in enumerate(reversed(outlooks)):
        points = " ".join(f"{at[day.valid_date]:.1f},{y(day.median):.1f}" for day in one.days)
        name = "fan-median" if age == 0 else f"run run-{min(age, 4)}"
        parts.append(f'<polyline class="{name}" points="{points}"/>')
        if age:
            head = one.days[0]
            x, v = at[head.valid_date], y(head.median)
            issued = one.issued_at.astimezone(BEIJING)
            named = _("%(day)s日", day=issued.day)
            parts.append(f'<text class="axis run-word" x="{x + 4:.1f}" y="{v - 6:.1f}">{named}</text>')
    parts += [
        f'<circle class="mark-median" cx="{at[one.valid_date]:.1f}" cy="{y(one.median):.1f}" r="4"/>'
        for one in newest.days
    ]
    for day in days:
        value = observed.get(day)
        if value is not None:
            x, v = at[day], y(value)
            parts.append(
                f'<path class="mark-observed" d="M{x - 6:.1f} {v:.1f}L{x:.1f} {v - 6:.1f}L{x + 6:.1f} {v:.1f}'
                f'L{x:.1f} {v + 6:.1f}Z"/>'
            )
        parts += _day(day, at[day])
    return picture(parts, _("最近%(outlooks)s次展望的中位数与实测日AQI", outlooks=len(outlooks)))


def _day(day: date, x: float) -> list[str]:
    bottom = HEIGHT - BOTTOM
    return [
        f'<text class="axis" text-anchor="middle" x="{x:.1f}" y="{bottom + 18}">{day.month}/{day.day}</text>',
        f'<text class="axis" text-anchor="middle" x="{x:.1f}" y="{bottom + 36}">{weekday(day)}</text>',
    ]
