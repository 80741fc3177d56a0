"""Where plants lie, and in which order to visit them: a CSV of coordinates beside the list, and a short round trip."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import asin, cos, radians, sin, sqrt

from plans.errors import DataError

Places = Mapping[str, tuple[float, float]]
"""Number of a plant to (longitude, latitude), WGS 84 degrees."""
PLACE_COLUMNS = ("编号", "经度", "纬度")
CHINA = (73.0, 136.0, 3.0, 54.0)
"""West, east, south, north: coordinates outside are a mistake (often the two columns were swapped)."""
EARTH = 6371.0


def places_of_text(text: str, *, name: str) -> Places:
    """The places of a CSV with PLACE_COLUMNS; DataError with row and column at the first mistake."""
    found: dict[str, tuple[float, float]] = {}
    for number, row in enumerate(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))), start=2):
        where = f"{name} row {number}"
        missing = [column for column in PLACE_COLUMNS if row.get(column) is None]
        if missing:
            raise DataError("A column is missing", where=where, expected=", ".join(PLACE_COLUMNS), found="nothing")
        try:
            east, north = float(row["经度"]), float(row["纬度"])
        except ValueError:
            raise DataError(
                "A place cannot be read", where=where, expected="degrees", found=f"{row['经度']}, {row['纬度']}"
            ) from None
        west, most_east, south, most_north = CHINA
        if not (west <= east <= most_east and south <= north <= most_north):
            raise DataError(
                "A place lies outside", where=where, expected="经度 73 to 136, 纬度 3 to 54", found=f"{east}, {north}",
                todo="Are the two columns swapped?",
            )  # fmt: skip
        if row["编号"].strip() in found:
            raise DataError("A plant stands twice", where=where, expected="one row per plant", found=row["编号"])
        found[row["编号"].strip()] = (east, north)
    return found


def kilometres(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The great-circle distance.

    >>> round(kilometres((113.0, 28.0), (113.0, 29.0)))
    111
    """
    (east1, north1), (east2, north2) = one, other
    half = (
        sin(radians(north2 - north1) / 2) ** 2
        + cos(radians(north1)) * cos(radians(north2)) * sin(radians(east2 - east1) / 2) ** 2
    )
    return 2 * EARTH * asin(sqrt(half))


def route(names: Sequence[str], places: Places, *, start: tuple[float, float] | None = None) -> tuple[list[str], float]:
    """An order of visits over those whose place is known, and its length in km (as the crow flies, without return).

    Nearest neighbour, then turned around in parts until nothing gets shorter (2-opt). The first visit is the nearest
    to `start`, or the first name where no start is given.
    """
    left = [name for name in names if name in places]
    if not left:
        return [], 0.0
    here = start or places[left[0]]
    tour: list[str] = []
    while left:
        nearest = min(left, key=lambda name: (kilometres(here, places[name]), name))
        left.remove(nearest)
        tour.append(nearest)
        here = places[nearest]
    begin = [start] if start is not None else []

    def length(order: Sequence[str]) -> float:
        points = [*begin, *(places[name] for name in order)]
        return sum(kilometres(a, b) for a, b in pairwise(points))

    best, shorter = length(tour), True
    first = 0 if start is not None else 1
    while shorter and len(tour) <= 60:
        shorter = False
        for at in range(first, len(tour) - 1):
            for to in range(at + 1, len(tour)):
                turned = tour[:at] + tour[at : to + 1][::-1] + tour[to + 1 :]
                if (now := length(turned)) < best - 1e-9:
                    tour, best, shorter = turned, now, True
    return tour, best
