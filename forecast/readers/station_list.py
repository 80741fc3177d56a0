"""Lists of stations: the national list of about 2018 and the small list beside the Beijing files.

A station list is a reader without hours: it says which codes exist, where they stand and what they are for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from forecast.readers.table import numbers, read_table
from plans.errors import DataError


@dataclass(frozen=True, slots=True)
class Station:
    """One place where air is measured, or a city when the source publishes city values only."""

    code: str
    name: str
    city: str = ""
    lon: float | None = None
    lat: float | None = None
    note: str = ""
    """Why it may be left out of a mean, e.g. a clean-air reference point (对照点)."""
    source: str = ""


def read(path: str | Path) -> tuple[Station, ...]:
    """The stations of a CSV list with code, name, city, lon, lat, or of the Beijing list with cnemc_code.

    DataError: columns missing, a code twice, a coordinate that is not on Earth.
    """
    path = Path(path)
    frame = read_table(path, required=("lon", "lat"))
    code_column = "cnemc_code" if "cnemc_code" in frame else "code"
    name_column = "official_name" if "official_name" in frame else "name"
    for column in (code_column, name_column):
        if column not in frame:
            raise DataError(
                "A column is missing",
                where=f"{path.name} row 1",
                expected=column,
                found=", ".join(map(str, frame.columns)),
            )
    lon, lat = numbers(frame, "lon", path=path), numbers(frame, "lat", path=path)
    seen: dict[str, int] = {}
    stations = []
    for position, (row, record) in enumerate(frame.iterrows()):
        code, where = str(record[code_column]), f"{path.name} row {row}"
        if code in seen:
            raise DataError("A station code stands twice", where=where, found=f"{code}, also row {seen[code]}")
        seen[code] = int(str(row))
        if not (abs(lon[position]) <= 180 and abs(lat[position]) <= 90):
            found = f"{lon[position]:g}, {lat[position]:g}"
            raise DataError("A coordinate is not on Earth", where=where, expected="lon, lat in degrees", found=found)
        stations.append(
            Station(
                code=code,
                name=str(record[name_column]),
                city=str(record["city"]) if "city" in frame else "北京",
                lon=float(lon[position]),
                lat=float(lat[position]),
                note=str(record["note"]) if "note" in frame and isinstance(record["note"], str) else "",
                source=path.name,
            )
        )
    return tuple(stations)


def known(stations: Iterable[Station]) -> dict[str, Station]:
    """The stations by code."""
    return {station.code: station for station in stations}
