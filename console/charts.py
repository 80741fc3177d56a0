"""Pictures made on the server as SVG: the fan of the outlook over AQI bands, and the observed hours.

Only numbers and fixed words go into them, so the text is safe to embed. Colours come from classes of the style sheet;
every band carries its word, every series its own mark, so that nothing hangs on colour alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta

from markupsafe import Markup, escape

from console.language import _, current
from console.words import date_word, short, weekday
from emergency.vocabulary import BEIJING
from forecast.outlook import Outlook
from plans.schema import AqiEdition

WIDTH, NARROW, HEIGHT = 960, 470, 360
LEFT, RIGHT, TOP, BOTTOM = 44, 84, 14, 44
BACK = 10
"""Days of the past that a long episode shows before the outlook."""
ROWS = 3
"""Rows for the words of an episode's moments."""


def fan(
    outlook: Outlook,
    edition: AqiEdition,
    *,
    observed: Mapping[date, int | None],
    signed: Mapping[date, int] | None = None,
    marks: Sequence[tuple[datetime, str]] = (),
) -> Markup:
    """The outlook as a fan (5–95 %, 25–75 %, median), observed days as dots, signed values as squares.

    `marks` are moments of the episode with a word each, drawn as lines over both; the days reach back to the day before
    the first of them, but not further than BACK.
    """
    signed = signed or {}
    first = outlook.days[0].valid_date
    begins = min((at.astimezone(BEIJING).date() for at, _word in marks), default=first)
    back = min(BACK, max(4, (first - begins).days + 1))
    past = sorted(day for day in observed if day < first and (first - day).days <= back)
    days = [*past, *(day.valid_date for day in outlook.days)]
    if past and (gap := (first - past[-1]).days) > 1:
        days[len(past) : len(past)] = [past[-1] + timedelta(days=step) for step in range(1, gap)]
    seen = [value for day in days if (value := observed.get(day)) is not None]
    top = ceiling([*(day.quantile(0.95) for day in outlook.days), *seen, *signed.values()])
    step = (WIDTH - LEFT - RIGHT) / len(days)
    at = {day: LEFT + step * (index + 0.5) for index, day in enumerate(days)}
    y = scale(top)

    def ribbon(low: float, high: float, name: str) -> str:
        upper = [(at[day.valid_date], y(day.quantile(high))) for day in outlook.days]
        lower = [(at[day.valid_date], y(day.quantile(low))) for day in outlook.days]
        if len(outlook.days) == 1:  # one day is a bar, not a line
            (x, above), (_x, below) = upper[0], lower[0]
            upper, lower = [(x - 8, above), (x + 8, above)], [(x - 8, below), (x + 8, below)]
        points = " ".join(f"{x:.1f},{v:.1f}" for x, v in [*upper, *reversed(lower)])
        return f'<polygon class="{name}" points="{points}"/>'

    parts = [*bands(edition, top), ribbon(0.05, 0.95, "fan-outer"), ribbon(0.25, 0.75, "fan-inner")]
    middle = " ".join(f"{at[day.valid_date]:.1f},{y(day.median):.1f}" for day in outlook.days)
    parts.append(f'<polyline class="fan-median" points="{middle}"/>')
    for day in outlook.days:
        x, v = at[day.valid_date], y(day.median)
        parts.append(f'<circle class="mark-median" cx="{x:.1f}" cy="{v:.1f}" r="4"/>')
        parts.append(f'<text class="number" x="{x + 7:.1f}" y="{v - 8:.1f}">{day.median}</text>')
    for name, value in signed.items():
        if name in at:
            x, v = at[name] - 5, y(value) - 5
            parts.append(f'<rect class="mark-signed" x="{x:.1f}" y="{v:.1f}" width="10" height="10"/>')
    for name in days:
        value = observed.get(name)
        if value is not None:
            x, v = at[name], y(value)
            parts.append(f'<path class="mark-observed" d="M{x - 6:.1f} {v:.1f}L{x:.1f} {v - 6:.1f}L{x + 6:.1f} {v:.1f}'
                         f'L{x:.1f} {v + 6:.1f}Z"/>')  # fmt: skip
            parts.append(f'<text class="number" x="{x + 9:.1f}" y="{v - 8:.1f}">{value}</text>')
        bottom = HEIGHT - BOTTOM
        label = f"{name.month}/{name.day}"
        parts.append(f'<text class="axis" text-anchor="middle" x="{at[name]:.1f}" y="{bottom + 18}">{label}</text>')
        named = weekday(name)
        parts.append(f'<text class="axis" text-anchor="middle" x="{at[name]:.1f}" y="{bottom + 36}">{named}</text>')
    if past:
        x = at[first] - step / 2
        parts.append(f'<line class="border" x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{HEIGHT - BOTTOM}"/>')
    parts += _moments(marks, {day: LEFT + step * index for index, day in enumerate(days)}, step)
    medians = _("、").join(str(day.median) for day in outlook.days)
    title = _(
        "%(day)s起%(count)s天AQI展望：中位数%(medians)s", day=date_word(first), count=len(outlook.days), medians=medians
    )
    return picture(parts, title)


def _moments(marks: Sequence[tuple[datetime, str]], begins: Mapping[date, float], step: float) -> list[str]:
    """A line for each moment, at its hour within its day, with its word where the words before leave room."""
    parts, ends = [], [0.0] * ROWS
    for at, word in sorted(marks):
        there = at.astimezone(BEIJING)
        if there.date() not in begins:
            continue
        x = begins[there.date()] + step * (there.hour + there.minute / 60) / 24
        row = next((number for number, end in enumerate(ends) if end <= x), ROWS - 1)
        ends[row] = x + 12 + sum(15 if letter > "\u2e80" else 8 for letter in word)
        foot = TOP + 16 + 18 * row
        parts.append(f'<line class="moment" x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{HEIGHT - BOTTOM}"/>')
        parts.append(f'<text class="number moment-word" x="{x + 4:.1f}" y="{foot}">{escape(word)}</text>')
    return parts


def hours(values: Sequence[tuple[datetime, int | None]], edition: AqiEdition) -> Markup:
    """Observed hourly AQI as a line that breaks where hours are missing."""
    known = [value for _at, value in values if value is not None]
    top = ceiling(known)
    y = scale(top)
    step = (NARROW - LEFT - RIGHT) / max(1, len(values) - 1)
    parts = [*bands(edition, top, width=NARROW)]
    run: list[str] = []
    for index, (at, value) in enumerate(values):
        x = LEFT + step * index
        if value is None:
            parts += _line(run)
            run = []
        else:
            run.append(f"{x:.1f},{y(value):.1f}")
        there = at.astimezone(BEIJING)
        if there.hour % 12 == 0:
            label = _("%(day)s日0时", day=there.day) if there.hour == 0 else _("%(hour)s时", hour=there.hour)
            mark = f'<text class="axis" text-anchor="middle" x="{x:.1f}" y="{HEIGHT - BOTTOM + 20}">{label}</text>'
            parts.append(mark)
    parts += _line(run)
    if known:
        last = max(index for index, (_at, value) in enumerate(values) if value is not None)
        x, v = LEFT + step * last, y(values[last][1] or 0)
        parts.append(f'<circle class="mark-hour" cx="{x:.1f}" cy="{v:.1f}" r="5"/>')
        parts.append(f'<text class="number" x="{x - 4:.1f}" y="{v - 10:.1f}" text-anchor="end">{known[-1]}</text>')
    return picture(
        parts,
        _("最近%(values)s小时城市AQI，最新%(value)s", values=len(values), value=known[-1] if known else _("无数据")),
        width=NARROW,
    )


def _line(run: Sequence[str]) -> list[str]:
    if not run:
        return []
    if len(run) == 1:
        x, v = run[0].split(",")
        return [f'<circle class="mark-hour" cx="{x}" cy="{v}" r="2.5"/>']
    return [f'<polyline class="hours" points="{" ".join(run)}"/>']


def ceiling(values: Sequence[int]) -> int:
    """The top of the scale: the next hundred above what is drawn, at least 200, at most 500."""
    return min(500, max(200, -(-(max(values, default=0) + 15) // 100) * 100))


def scale(top: int) -> Callable[[int], float]:
    """From an AQI to the height on the page."""
    bottom = HEIGHT - BOTTOM
    return lambda value: bottom - (bottom - TOP) * min(value, top) / top


def bands(edition: AqiEdition, top: int, *, width: int = WIDTH) -> list[str]:
    """The six levels as ground of a chart, with their words and limits."""
    y = scale(top)
    parts = []
    for category in edition.categories:
        low = max(0, category.aqi_from - 1)
        high = min(top, category.aqi_to if category.aqi_to is not None else 500)
        if low >= top:
            break
        box = f'x="{LEFT}" y="{y(high):.1f}" width="{width - LEFT - RIGHT}" height="{y(low) - y(high):.1f}"'
        parts.append(f'<rect class="band band-{category.level}" {box}/>')
        swatch = f'x="{width - RIGHT}" y="{y(high):.1f}" width="8" height="{y(low) - y(high):.1f}"'
        parts.append(f'<rect class="swatch-{category.level}" {swatch}/>')
        if y(low) - y(high) >= 16:
            middle = (y(low) + y(high)) / 2 + 5
            named = category.chinese if current() == "zh" else short(category.chinese)
            parts.append(f'<text class="axis" x="{width - RIGHT + 13}" y="{middle:.1f}">{named}</text>')
        parts.append(f'<text class="axis" text-anchor="end" x="{LEFT - 6}" y="{y(low) + 5:.1f}">{low}</text>')
    return parts


def picture(parts: Sequence[str], title: str, *, width: int = WIDTH) -> Markup:
    """The parts as one SVG with its title; they must hold numbers and fixed words only."""
    name = "chart narrow" if width < WIDTH else "chart"
    head = f'<svg class="{name}" viewBox="0 0 {width} {HEIGHT}" role="img" aria-label="{title}">'
    return Markup(head + f"<title>{title}</title>" + "".join(parts) + "</svg>")  # noqa: S704  numbers and fixed words
