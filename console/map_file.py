"""The office's own map: a GeoJSON file that it is allowed to show, with its source and its review number (审图号).

No boundary is shipped with the software: a public map needs a review, and its number stands on every copy
(《地图管理条例》). So the office brings a reviewed file, and what it says of it is printed under the map.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from plans.errors import DataError

MOST_BYTES = 4 * 1024 * 1024
MOST_POINTS = 200_000
CHINA = (73.0, 136.0, 3.0, 54.0)
"""West, east, south, north in degrees; outside, longitude and latitude were swapped or the file is projected."""
NUMBER = re.compile(r"[A-Z\u4e00-\u9fff]{1,4}[(\uff08]20\d{2}[)\uff09]\d{1,6}\u53f7?")
"""Such as GS(2024)0650号 or 京S(2022)001号; the form is ours (confidence I), the register is the ministry's."""

Line = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class MapFile:
    """What is drawn, and what must stand beside it."""

    areas: tuple[Line, ...]
    """Closed rings, longitude and latitude in degrees."""
    lines: tuple[Line, ...]
    source: str
    number: str
    """The review number; empty for a figure that shows no real boundary."""

    def to_json(self) -> str:
        """For keeping."""
        return json.dumps(
            {"areas": self.areas, "lines": self.lines, "source": self.source, "number": self.number},
            ensure_ascii=False,
        )

    @classmethod
    def from_json(cls, text: str) -> MapFile:
        """As kept."""
        kept = json.loads(text)
        areas, lines = (tuple(tuple((x, y) for x, y in line) for line in kept[key]) for key in ("areas", "lines"))
        return cls(areas, lines, kept["source"], kept["number"])


def read_map(content: bytes, *, source: str, number: str) -> MapFile:
    """The map in a GeoJSON file (RFC 7946: degrees, longitude first); DataError with the first thing that is wrong.

    >>> ring = [[112, 28], [113, 28], [113, 29], [112, 28]]
    >>> text = json.dumps({"type": "Polygon", "coordinates": [ring]}).encode()
    >>> read_map(text, source="测试", number="湘S(2024)001号").areas
    (((112.0, 28.0), (113.0, 28.0), (113.0, 29.0), (112.0, 28.0)),)
    """
    if not source.strip():
        raise DataError("The map has no source", where="source", expected="who made it, and when")
    if not NUMBER.fullmatch(number.strip()):
        raise DataError(
            "The review number cannot be read",
            where="review number",
            expected="such as GS(2024)0650",
            found=number or "nothing",
        )
    if len(content) > MOST_BYTES:
        raise DataError("The map is too large", where="map", expected=f"at most {MOST_BYTES // 1024 // 1024} MiB")
    try:
        data = json.loads(content)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise DataError("The map is not JSON", where="map", expected="a GeoJSON file") from None
    areas: list[Line] = []
    lines: list[Line] = []
    for kind, coordinates in _geometries(data, depth=0):
        rings, target = _parts(kind, coordinates), areas if kind.endswith("Polygon") else lines
        target += [_line(ring) for ring in rings]
    if not areas and not lines:
        raise DataError("The map holds nothing to draw", where="map", expected="polygons or lines")
    points = sum(len(one) for one in (*areas, *lines))
    if points > MOST_POINTS:
        raise DataError("The map is too fine", where="map", expected=f"at most {MOST_POINTS} points", found=points)
    return MapFile(tuple(areas), tuple(lines), source.strip(), number.strip())


def _geometries(data: Any, *, depth: int) -> Iterator[tuple[str, Any]]:
    kind = data.get("type") if isinstance(data, dict) else None
    if depth > 4 or not isinstance(kind, str):
        raise DataError("The map is no GeoJSON", where="map", expected="FeatureCollection, Feature or geometry")
    if kind == "FeatureCollection":
        for one in data.get("features") or ():
            yield from _geometries(one, depth=depth + 1)
    elif kind == "GeometryCollection":
        for one in data.get("geometries") or ():
            yield from _geometries(one, depth=depth + 1)
    elif kind == "Feature":
        if data.get("geometry") is not None:
            yield from _geometries(data["geometry"], depth=depth + 1)
    elif kind in ("Polygon", "MultiPolygon", "LineString", "MultiLineString"):
        yield kind, data.get("coordinates")
    elif kind not in ("Point", "MultiPoint"):
        raise DataError("The map is no GeoJSON", where="map", expected="a GeoJSON type", found=kind[:40])


def _parts(kind: str, coordinates: Any) -> Sequence[Any]:
    if not isinstance(coordinates, list):
        raise DataError("The map is no GeoJSON", where="map", expected="coordinates")
    if kind == "LineString":
        return [coordinates]
    if kind == "MultiPolygon":
        return [ring for polygon in coordinates if isinstance(polygon, list) for ring in polygon]
    return coordinates


def _line(ring: Any) -> Line:
    west, east, south, north = CHINA
    found = []
    for point in ring if isinstance(ring, list) else ():
        good = isinstance(point, list) and len(point) >= 2 and all(type(value) in (int, float) for value in point[:2])
        if not good or not (west <= point[0] <= east and south <= point[1] <= north):
            raise DataError(
                "A point of the map lies outside China", where="map", expected="longitude 73 to 136, latitude 3 to 54",
                found=str(point)[:60], todo="Export in degrees (CGCS2000 or WGS 84), longitude first",
            )  # fmt: skip
        found.append((round(float(point[0]), 5), round(float(point[1]), 5)))
    if len(found) < 2:
        raise DataError("A line of the map has no points", where="map", expected="at least two points")
    return tuple(found)
