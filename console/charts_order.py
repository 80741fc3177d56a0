"""One order on a time axis: power, stack monitors and the moments of the order over each other, hour above hour."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from markupsafe import Markup, escape

from console.language import _
from emergency.vocabulary import BEIJING

WIDTH, LEFT, RIGHT, TOP, LANE, GAP, BOTTOM = 960, 150, 20, 40, 74, 14, 40
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Lane:
    """One row of the picture."""

    name: str
    unit: str
    values: Sequence[tuple[datetime, datetime, float]]
    """(begin, end, value), oldest first."""
    usual: Sequence[tuple[datetime, datetime, float]] = ()
    """What would be normal, drawn dashed behind."""


def time_axis(
    lanes: Sequence[Lane],
    *,
    moments: Mapping[str, datetime],
    start: datetime,
    end: datetime,
    shade: tuple[datetime, datetime],
) -> Markup:
    """The lanes from `start` to `end` with the moments as upright lines; `shade` is when the measures had to hold."""
    high = TOP + len(lanes) * (LANE + GAP) + BOTTOM
    span = max(end - start, HOUR)

    def x(at: datetime) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (min(max(at, start), end) - start) / span

    parts = []
    begin, until = x(shade[0]), x(shade[1])
    if until > begin:
        tall = f'y="{TOP}" height="{high - TOP - BOTTOM}"'
        parts.append(f'<rect class="order-window" x="{begin:.1f}" width="{until - begin:.1f}" {tall}/>')
    for number, lane in enumerate(lanes):
        parts += _lane(lane, TOP + number * (LANE + GAP), x)
    foot = high - BOTTOM
    for number, (name, at) in enumerate(sorted(moments.items(), key=lambda item: item[1])):
        if start <= at <= end:
            where = x(at)
            parts.append(f'<line class="border" x1="{where:.1f}" y1="{TOP - 6}" x2="{where:.1f}" y2="{foot}"/>')
            anchor = "end" if where > WIDTH - 120 else "start"
            there = f'x="{where:.1f}" y="{14 + 14 * (number % 2)}" text-anchor="{anchor}"'
            parts.append(f'<text class="axis" {there}>{escape(name)}</text>')
    step = 6 if span <= timedelta(days=3) else 24
    hour = start.astimezone(BEIJING).replace(minute=0, second=0, microsecond=0)
    while hour <= end:
        if hour >= start and hour.hour % step == 0:
            label = f"{hour.month}/{hour.day}" if hour.hour == 0 else f"{hour.hour}:00"
            parts.append(f'<text class="axis" text-anchor="middle" x="{x(hour):.1f}" y="{foot + 20}">{label}</text>')
            parts.append(f'<line class="grid" x1="{x(hour):.1f}" y1="{foot}" x2="{x(hour):.1f}" y2="{foot + 5}"/>')
        hour += HOUR
    title = _("用电、在线监测与指令时段，共%(count)s条曲线", count=len(lanes))
    head = f'<svg class="chart" viewBox="0 0 {WIDTH} {high}" role="img" aria-label="{escape(title)}">'
    return Markup(head + f"<title>{escape(title)}</title>" + "".join(parts) + "</svg>")  # noqa: S704  names are escaped


def _lane(lane: Lane, top: float, x: Callable[[datetime], float]) -> list[str]:
    """Name, scale and steps of one lane; a gap in the data is a gap in the line."""
    most = max([value for _begin, _end, value in (*lane.values, *lane.usual)], default=0.0) or 1.0
    foot = top + LANE
    told = _("最大 %(most)s %(unit)s", most=f"{most:,.4g}", unit=lane.unit)
    parts = [
        f'<rect class="lane" x="{LEFT}" y="{top}" width="{WIDTH - LEFT - RIGHT}" height="{LANE}"/>',
        f'<text class="axis" x="4" y="{top + 22}">{escape(lane.name)}</text>',
        f'<text class="axis" x="4" y="{top + 42}">{told}</text>',
    ]
    for values, kind in ((lane.usual, "usual"), (lane.values, "hours")):
        path, before = "", None
        for begin, end, value in values:
            y = foot - LANE * value / most
            joint = "L" if before == begin else "M"
            path += f"{joint}{x(begin):.1f} {y:.1f}L{x(end):.1f} {y:.1f}"
            before = end
        if path:
            parts.append(f'<path class="{kind}" d="{path}"/>')
    return parts
