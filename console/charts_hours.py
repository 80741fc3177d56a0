"""The first three days hour by hour: the band of the real-time AQI ahead, after the hours that were observed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from markupsafe import Markup

from console.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, bands, ceiling, picture, scale
from console.language import _
from console.words import date_word
from emergency.vocabulary import BEIJING
from forecast.hours import HourlyOutlook, curve
from plans.schema import AqiEdition

BEHIND = timedelta(hours=24)
"""Observed hours that are shown before the first hour ahead."""


def ahead(hourly: HourlyOutlook, edition: AqiEdition, *, observed: Sequence[tuple[datetime, int | None]]) -> Markup:
    """The band (5–95 %, 25–75 %) and the median of the hours ahead; observed hours before and since as a line."""
    coming = curve(hourly)
    first, last = coming[0].valid_time - BEHIND, coming[-1].valid_time
    seen = [(at, value) for at, value in observed if first <= at <= last and value is not None]
    top = ceiling([*(hour.quantile(0.95) for hour in coming), *(value for _at, value in seen)])
    y = scale(top)
    span = (last - first) / timedelta(hours=1)

    def x(at: datetime) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * ((at - first) / timedelta(hours=1)) / span

    def ribbon(low: float, high: float, name: str) -> str:
        upper = [f"{x(hour.valid_time):.1f},{y(hour.quantile(high)):.1f}" for hour in coming]
        lower = [f"{x(hour.valid_time):.1f},{y(hour.quantile(low)):.1f}" for hour in reversed(coming)]
        return f'<polygon class="{name}" points="{" ".join((*upper, *lower))}"/>'

    parts = [*bands(edition, top), ribbon(0.05, 0.95, "fan-outer"), ribbon(0.25, 0.75, "fan-inner")]
    middle = " ".join(f"{x(hour.valid_time):.1f},{y(hour.quantile(0.5)):.1f}" for hour in coming)
    parts.append(f'<polyline class="fan-median" points="{middle}"/>')
    parts += _broken([(at, x(at), y(value)) for at, value in seen])
    bottom = HEIGHT - BOTTOM
    hour = first.astimezone(BEIJING).replace(minute=0, second=0, microsecond=0)
    while hour <= last:
        if hour >= first and hour.hour % 12 == 0:
            label = _("%(day)s日0时", day=hour.day) if hour.hour == 0 else _("%(hour)s时", hour=hour.hour)
            parts.append(f'<line class="grid" x1="{x(hour):.1f}" y1="{TOP}" x2="{x(hour):.1f}" y2="{bottom}"/>')
            parts.append(f'<text class="axis" text-anchor="middle" x="{x(hour):.1f}" y="{bottom + 20}">{label}</text>')
        hour += timedelta(hours=1)
    begin = x(coming[0].valid_time)
    parts.append(f'<line class="border" x1="{begin:.1f}" y1="{TOP}" x2="{begin:.1f}" y2="{bottom}"/>')
    worst = max(coming, key=lambda one: one.quantile(0.5))
    at = worst.valid_time.astimezone(BEIJING)
    return picture(
        parts,
        _(
            "未来%(count)s小时实时AQI：%(day)s%(hour)s时最高，中位数%(median)s",
            count=len(coming), day=date_word(at.date()), hour=at.hour, median=worst.quantile(0.5),
        ),
    )  # fmt: skip


def _broken(points: Sequence[tuple[datetime, float, float]]) -> list[str]:
    """The line through the points, broken where hours are missing."""
    parts: list[str] = []
    run: list[str] = []
    before: datetime | None = None
    for at, x, y in points:
        if before is not None and at - before > timedelta(hours=1):
            parts.append(f'<polyline class="hours" points="{" ".join(run)}"/>')
            run = []
        run.append(f"{x:.1f},{y:.1f}")
        before = at
    if run:
        parts.append(f'<polyline class="hours" points="{" ".join(run)}"/>')
    return parts
