"""The map of the stations as SVG: value and level at each, the age of its data, the wind; on the office's own map.

Stations that lie close together are pushed apart until their marks can be read; a thin line leads to the place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import cos, hypot, radians, sin

from markupsafe import Markup, escape

from console.language import N_, _, show
from console.map_file import Line, MapFile

WIDTH, HEIGHT, EDGE = 640, 520, 40
RADIUS = 19
MOST_DRAWN = 2500
"""Points of the ground that are drawn: the map travels with every refresh of the desk."""
ROUNDS = 150
WINDS = (N_("北风"), N_("东北风"), N_("东风"), N_("东南风"), N_("南风"), N_("西南风"), N_("西风"), N_("西北风"))


@dataclass(frozen=True, slots=True)
class Spot:
    """One station on the map."""

    name: str
    lon: float
    lat: float
    aqi: int | None
    level: int
    """1 to 6; 0 without a value."""
    word: str
    silent: bool
    age_minutes: int | None
    wind: tuple[float, float] | None
    """Speed in m/s and where it comes from, in degrees clockwise from north; None when not known."""


def station_map(spots: Sequence[Spot], ground: MapFile, *, title: str) -> Markup:
    """The picture; it needs at least one station."""
    drawn = [*ground.areas, *ground.lines]
    place = _placing([*((spot.lon, spot.lat) for spot in spots), *(point for line in drawn for point in line)])
    tolerance = 0.8
    paths = [[place(*point) for point in line] for line in drawn]
    thin = [_thinned(path, tolerance) for path in paths]
    while sum(map(len, thin)) > MOST_DRAWN:
        tolerance *= 1.6
        thin = [_thinned(path, tolerance) for path in paths]
    parts = []
    for index, path in enumerate(thin):
        if len(path) >= (3 if index < len(ground.areas) else 2):
            closed = "Z" if index < len(ground.areas) else ""
            kind = "map-area" if closed else "map-line"
            parts.append(f'<path class="{kind}" d="M{"L".join(f"{x:.0f} {y:.0f}" for x, y in path)}{closed}"/>')
    true = [place(spot.lon, spot.lat) for spot in spots]
    shown = _apart(true)
    parts += [_mark(*one) for one in zip(spots, true, shown, strict=True)]
    parts += [_name(spot, *there) for spot, there in zip(spots, shown, strict=True)]
    parts.append(f'<path class="map-north" d="M{WIDTH - 26} 44v-28l-6 10m6 -10l6 10"/>')
    parts.append(f'<text class="axis" x="{WIDTH - 26}" y="60" text-anchor="middle">{_("北")}</text>')
    head = f'<svg class="chart map" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
    return Markup(head + f"<title>{escape(title)}</title>" + "".join(parts) + "</svg>")  # noqa: S704  names are escaped


def _mark(spot: Spot, here: tuple[float, float], shown: tuple[float, float]) -> str:
    x, y = shown
    told = [str(escape(show(spot.name))), f"AQI {spot.aqi} {show(spot.word)}" if spot.aqi is not None else _("无数据")]
    if spot.age_minutes is not None:
        told.append(_("数据%(minutes)s分钟前", minutes=spot.age_minutes))
    if spot.wind is not None:
        told.append(f"{compass(spot.wind[1])} {spot.wind[0]:.1f} m/s")
    parts = [f"<g><title>{_('，').join(told)}</title>"]
    if hypot(x - here[0], y - here[1]) > 3:
        parts.append(f'<path class="map-lead" d="M{here[0]:.0f} {here[1]:.0f}L{x:.0f} {y:.0f}"/>')
        parts.append(f'<circle class="map-place" cx="{here[0]:.0f}" cy="{here[1]:.0f}" r="2.5"/>')
    if spot.wind is not None and spot.wind[0] >= 0.3:  # below 0.3 m/s is calm (GB/T 28591, force 0)
        parts.append(_arrow(x, y, *spot.wind))
    kind = "map-silent" if spot.silent else f"map-spot swatch-{spot.level}"
    parts.append(f'<circle class="{kind}" cx="{x:.0f}" cy="{y:.0f}" r="{RADIUS}"/>')
    dark = " light" if spot.level >= 5 and not spot.silent else ""
    value = _("失联") if spot.silent else "—" if spot.aqi is None else str(spot.aqi)
    small = " small" if spot.silent else ""
    middle = f'x="{x:.0f}" text-anchor="middle"'
    parts.append(f'<text class="map-value{dark}{small}" {middle} y="{y + 5:.0f}">{value}</text>')
    return "".join(parts) + "</g>"


def _name(spot: Spot, x: float, y: float) -> str:
    under = f'x="{x:.0f}" y="{y + RADIUS + 15:.0f}"'
    return f'<text class="map-name" text-anchor="middle" {under}>{escape(show(spot.name))}</text>'


def _arrow(x: float, y: float, speed: float, direction: float) -> str:
    """An arrow with the wind, beginning at the rim of the mark; its length grows with the speed up to 10 m/s."""
    to = radians(direction + 180)
    east, north = sin(to), cos(to)
    start, length = RADIUS + 2, 8 + 2.2 * min(speed, 10)
    x1, y1 = x + east * start, y - north * start
    x2, y2 = x + east * (start + length), y - north * (start + length)
    wings = []
    for turn in (150, -150):
        wing = radians(direction + 180 + turn)
        wings.append(f"M{x2:.0f} {y2:.0f}L{x2 + sin(wing) * 7:.0f} {y2 - cos(wing) * 7:.0f}")
    return f'<path class="map-wind" d="M{x1:.0f} {y1:.0f}L{x2:.0f} {y2:.0f}{"".join(wings)}"/>'


def compass(direction: float) -> str:
    """The wind's name by where it comes from.

    >>> [compass(d) for d in (0, 44, 180, 350)]
    ['北风', '东北风', '南风', '北风']
    """
    return _(WINDS[round(direction / 45) % 8])


def _placing(points: Iterable[tuple[float, float]]) -> Callable[[float, float], tuple[float, float]]:
    """From degrees to the picture: equirectangular about the middle latitude, nothing stretched."""
    every = list(points)
    west, east = min(x for x, _y in every), max(x for x, _y in every)
    south, north = min(y for _x, y in every), max(y for _x, y in every)
    shrink = cos(radians((south + north) / 2))
    wide, high = max((east - west) * shrink, 0.02), max(north - south, 0.02)
    scale = min((WIDTH - 2 * EDGE) / wide, (HEIGHT - 2 * EDGE) / high)
    middle = (west + east) / 2, (south + north) / 2
    return lambda lon, lat: (
        WIDTH / 2 + (lon - middle[0]) * shrink * scale,
        HEIGHT / 2 - (lat - middle[1]) * scale,
    )


def _thinned(path: Sequence[tuple[float, float]], tolerance: float) -> list[tuple[float, float]]:
    """The path without points that lie closer than the tolerance to the last one kept."""
    kept = [path[0]]
    for point in path[1:]:
        if hypot(point[0] - kept[-1][0], point[1] - kept[-1][1]) >= tolerance:
            kept.append(point)
    return kept


def _apart(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The points pushed apart until marks with their names hardly touch; the same input gives the same picture."""
    found = [list(point) for point in points]
    for _round in range(ROUNDS):
        moved = False
        for one in range(len(found)):
            for other in range(one):
                dx, dy = found[one][0] - found[other][0], (found[one][1] - found[other][1]) * 0.74
                gap, wanted = hypot(dx, dy), 2 * RADIUS + 14
                if gap >= wanted:
                    continue
                moved = True
                push = (wanted - gap) / 2
                ux, uy = (dx / gap, dy / gap) if gap > 0.01 else (1.0, 0.3)
                for index, sign in ((one, 1), (other, -1)):
                    found[index][0] += sign * ux * push * 0.6
                    found[index][1] += sign * uy * push * 0.6
        for point in found:
            point[0] = min(max(point[0], RADIUS + 8), WIDTH - RADIUS - 8)
            point[1] = min(max(point[1], RADIUS + 8), HEIGHT - RADIUS - 22)
        if not moved:
            break
    return [(x, y) for x, y in found]


def invented_ground(points: Sequence[tuple[float, float]], *, source: str) -> MapFile:
    """A smooth closed figure around some places, for demonstrations: invented, and no boundary of anything."""
    middle_x = sum(x for x, _y in points) / len(points)
    middle_y = sum(y for _x, y in points) / len(points)
    reach = max(0.05, *(hypot((x - middle_x) * cos(radians(middle_y)), y - middle_y) for x, y in points)) * 1.1
    ring: list[tuple[float, float]] = []
    for step in range(73):
        turn = radians(step * 5)
        wave = reach * (1 + 0.05 * sin(3 * turn + 0.6) + 0.035 * sin(7 * turn))
        ring.append(
            (round(middle_x + wave * sin(turn) / cos(radians(middle_y)), 4), round(middle_y + wave * cos(turn), 4))
        )
    line: Line = tuple(ring)
    return MapFile((line,), (), source, "")
