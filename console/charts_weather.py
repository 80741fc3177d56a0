"""Pictures of the evidence pack: the weather ahead day by day, and the past days that looked like now.

Only numbers and fixed words go into them; bars carry their values, so that nothing hangs on colour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from markupsafe import Markup

from console.charts import BOTTOM, HEIGHT, LEFT, RIGHT, WIDTH, bands, ceiling, picture, scale
from console.language import N_, _
from console.words import weekday
from forecast.outlook import Outlook
from forecast.weather_days import WINDS
from plans.schema import AqiEdition

ROWS = (
    ("wind_speed", N_("风速 m/s"), 1, 1.0),
    ("stagnant_share", N_("静稳时数 %"), 0, 100.0),
    ("ventilation", N_("通风量 m²/s"), 0, 1.0),
    ("rain", N_("降水 mm"), 1, 1.0),
)
"""Key in the pack, its word, decimals, factor."""
WIND_WORDS = (N_("北"), N_("东北"), N_("东"), N_("东南"), N_("南"), N_("西南"), N_("西"), N_("西北"))
"""The eight winds of forecast.weather_days, for the catalogue."""
HEAD, ROW, FOOT, SIDE = 6, 74, 40, 104


def weather(days: Sequence[Mapping[str, Any]]) -> Markup:
    """Wind, stagnation, ventilation, rain and temperature of the days ahead, a strip each; empty without days."""
    if not days:
        return Markup("")
    step = (WIDTH - SIDE - 16) / len(days)
    centres = [SIDE + step * (number + 0.5) for number in range(len(days))]
    rows = [row for row in ROWS if any(day[row[0]] is not None for day in days)]
    warm = any(day["temperature_max"] is not None for day in days)
    parts: list[str] = []
    for number, (key, word, decimals, factor) in enumerate(rows):
        parts += _strip(HEAD + ROW * number, _(word))
        values = [None if day[key] is None else float(day[key]) * factor for day in days]
        top = max([value for value in values if value is not None] + [100.0 if key == "stagnant_share" else 0.0]) or 1.0
        for x, value, day in zip(centres, values, days, strict=True):
            foot = HEAD + ROW * number + ROW - 10
            if value is None:
                parts.append(f'<text class="axis" text-anchor="middle" x="{x:.1f}" y="{foot - 6:.1f}">{_("缺")}</text>')
                continue
            tall = (ROW - 34) * value / top
            parts.append(
                f'<rect class="bar" x="{x - 17:.1f}" y="{foot - tall:.1f}" width="34" height="{max(tall, 1):.1f}"/>'
            )
            said = f"{value:.{decimals}f}" + (f" {_(day['wind_from'])}" if key == "wind_speed" and _wind(day) else "")
            parts.append(
                f'<text class="number" text-anchor="middle" x="{x:.1f}" y="{foot - tall - 5:.1f}">{said}</text>'
            )
    if warm:
        parts += _temperature(HEAD + ROW * len(rows), days, centres)
    bottom = HEAD + ROW * (len(rows) + warm)
    for x, day in zip(centres, days, strict=True):
        valid = date.fromisoformat(day["valid_date"])
        name = f"{valid.month}/{valid.day} {weekday(valid)}"
        parts.append(f'<text class="axis" text-anchor="middle" x="{x:.1f}" y="{bottom + 20}">{name}</text>')
    shown = _("、").join([_(word) for _key, word, _d, _f in rows] + [_("气温 °C")] * warm)
    title = _("%(count)s天气象预报：%(shown)s", count=len(days), shown=shown)
    head = f'<svg class="chart" viewBox="0 0 {WIDTH} {bottom + FOOT - 8}" role="img" aria-label="{title}">'
    return Markup(head + f"<title>{title}</title>" + "".join(parts) + "</svg>")  # noqa: S704  numbers and fixed words


def analogues(days: Sequence[Mapping[str, Any]], outlook: Outlook, edition: AqiEdition) -> Markup:
    """What followed on the days that looked like now, over the present outlook's median; empty without days."""
    if not days:
        return Markup("")
    length = max(len(outlook.days), *(len(day["next_aqi"]) for day in days))
    values = [value for day in days for value in day["next_aqi"] if value is not None]
    top = ceiling([*(day.median for day in outlook.days), *values])
    y, step = scale(top), (WIDTH - LEFT - RIGHT) / length
    x = [LEFT + step * (number + 0.5) for number in range(length)]
    parts = [*bands(edition, top)]
    for number, day in enumerate(days, start=1):
        known = [(x[n], y(value)) for n, value in enumerate(day["next_aqi"]) if value is not None]
        if not known:
            continue
        points = " ".join(f"{left:.1f},{high:.1f}" for left, high in known)
        parts.append(f'<polyline class="run run-{min(number, 4)}" points="{points}"/>')
        left, high = known[min(number, len(known) - 1)]
        until = date.fromisoformat(day["until"])
        parts.append(
            f'<text class="axis run-word" x="{min(left + 6, WIDTH - RIGHT - 92):.1f}" y="{high - 6:.1f}">'
            + _("%(day)s后", day=f"{until.year}/{until.month}/{until.day}")
            + "</text>"
        )
    middle = " ".join(f"{x[n]:.1f},{y(day.median):.1f}" for n, day in enumerate(outlook.days))
    parts.append(f'<polyline class="fan-median" points="{middle}"/>')
    parts += [
        f'<circle class="mark-median" cx="{x[n]:.1f}" cy="{y(day.median):.1f}" r="4"/>'
        for n, day in enumerate(outlook.days)
    ]
    parts += [
        f'<text class="axis" text-anchor="middle" x="{x[n]:.1f}" y="{HEIGHT - BOTTOM + 20}">'
        + _("第%(n)s天", n=n + 1)
        + "</text>"
        for n in range(length)
    ]
    return picture(parts, _("%(days)s个相似过程其后的日AQI，与本次展望的中位数", days=len(days)))


def _strip(top: float, word: str) -> list[str]:
    foot = top + ROW - 10
    return [
        f'<text class="axis" x="4" y="{foot - 6:.1f}">{word}</text>',
        f'<line class="grid" x1="{SIDE}" y1="{foot:.1f}" x2="{WIDTH - 16}" y2="{foot:.1f}"/>',
    ]


def _temperature(top: float, days: Sequence[Mapping[str, Any]], centres: Sequence[float]) -> list[str]:
    parts = _strip(top, _("气温 °C"))
    known = [day[key] for day in days for key in ("temperature_min", "temperature_max") if day[key] is not None]
    low, span = min(known), max(max(known) - min(known), 1.0)
    for x, day in zip(centres, days, strict=True):
        cold, warm = day["temperature_min"], day["temperature_max"]
        if cold is None or warm is None:
            continue
        high, deep = (top + ROW - 26 - (ROW - 52) * (value - low) / span for value in (warm, cold))
        parts += [
            f'<rect class="bar" x="{x - 6:.1f}" y="{high:.1f}" width="12" height="{max(deep - high, 1):.1f}"/>',
            f'<text class="number" text-anchor="middle" x="{x:.1f}" y="{high - 4:.1f}">{warm:.0f}</text>',
            f'<text class="number" text-anchor="middle" x="{x:.1f}" y="{deep + 13:.1f}">{cold:.0f}</text>',
        ]
    return parts


def _wind(day: Mapping[str, Any]) -> bool:
    return day.get("wind_from") in WINDS
