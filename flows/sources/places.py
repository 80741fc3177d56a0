"""Where a city and where the office's stations are, for sources that are asked by coordinates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from flows.post import open_post
from forecast.readers.station_list import Station
from plans.errors import DataError, RuleError

MOST_PLACES = 100
"""So many places are asked one by one at most; the whole country would be beyond what a free service allows a day."""


@lru_cache(maxsize=1)
def cities() -> dict[str, tuple[float, float]]:
    """Latitude and longitude in degrees by city name, without 市."""
    text = (Path(__file__).parent / "cities.yaml").read_text(encoding="utf-8")
    return {str(name): (float(lat), float(lon)) for name, (lat, lon) in yaml.safe_load(text).items()}


def place_of(city: str) -> tuple[float, float]:
    """Latitude and longitude of a city; DataError when it is not in the table.

    >>> place_of("长沙市")
    (28.23, 112.94)
    """
    known = cities()
    name = city.strip().removesuffix("市").removesuffix("区")
    if name not in known:
        raise DataError(
            "The city is not in the table", expected="、".join(known), found=city,
            todo="Give --latitude and --longitude",
        )  # fmt: skip
    return known[name]


def _own_codes(home: Path) -> set[str] | None:
    """The stations of the post in the folder; None where it holds no post."""
    if not (home / "record.db").is_file():
        return None
    post = open_post(home)
    try:
        return set(post.settings["stations"])
    finally:
        post.archive.close()
        post.record.engine.dispose()


@dataclass(frozen=True, slots=True)
class Places:
    """Where stations are."""

    at: Mapping[str, tuple[float, float]]
    """Latitude and longitude by code."""
    without: tuple[str, ...] = ()
    """Codes of those that nobody gave coordinates for."""


def own_places(home: Path, stations: Iterable[Station]) -> Places:
    """Where the office's own stations are, or all given where the folder holds no post.

    RuleError: none has coordinates, or there are too many to ask for one by one.
    """
    own, known = _own_codes(home), list(stations)
    wanted = {one.code for one in known} if own is None else own
    found = {
        one.code: (one.lat, one.lon)
        for one in known
        if one.lat is not None and one.lon is not None and one.code in wanted
    }
    where = "sources.yaml, key sources.openmeteo.places"
    todo = "Write places: {NAME: [LATITUDE, LONGITUDE]} there"
    if not found:
        raise RuleError("Nobody says which places to ask for", where=where, expected="places or stations", todo=todo)
    if len(found) > MOST_PLACES:
        raise RuleError(
            "There are too many places to ask for", where=where, expected=f"at most {MOST_PLACES}", found=len(found),
            todo=todo,
        )  # fmt: skip
    return Places(found, tuple(sorted(wanted - set(found))))
