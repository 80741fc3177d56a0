"""Where a city is, for sources that are asked by coordinates."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import yaml

from plans.errors import DataError


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
