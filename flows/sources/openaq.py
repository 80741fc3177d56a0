"""OpenAQ v3: hourly means of sensors at known locations, with a key, in pages.

A sensor's hour is joined to its location and pollutant through the location's list of sensors. The label taken is the
END of the period. Units are those of the sensor: ug/m3 and mg/m3 are taken as they are, ppm and ppb of gases are
converted at 25 degC and 1013.25 hPa, the reference state of GB 3095 since the amendment of 2018. Stations may be long
dead: those whose datetimeLast is before the window are not asked.
"""

from __future__ import annotations

import os
from collections.abc import ItemsView, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Literal

from flows.sources.live import Asker, Pulled, Record, lay_out, number
from flows.sources.web_rules import Policy
from forecast import air
from forecast.readers.station_list import Station
from forecast.sources import Manifest
from plans.errors import SourceError

NAMES: Mapping[str, str] = MappingProxyType({name: name for name in air.POLLUTANTS})
MOLAR_MASS: Mapping[str, float] = MappingProxyType({"so2": 64.066, "no2": 46.006, "co": 28.010, "o3": 47.998})
"""g/mol."""
MOLAR_VOLUME = 24.465
"""l/mol at 298.15 K and 1013.25 hPa (GB 3095-2012 amendment 2018, 3.14: reference state of gases)."""
PAGE = 1000
KEY = "OPENAQ_API_KEY"

MANIFEST = Manifest(
    name="openaq",
    title="OpenAQ v3, hourly means of sensors",
    cadence=timedelta(hours=1),
    hour_label="end",
    time_zone="UTC",
    units=MappingProxyType(dict.fromkeys(air.POLLUTANTS, "as the sensor says: ug/m3, mg/m3, ppm or ppb")),
    licence="that of each provider, named by the service",
    citation="docs.openaq.org",
    delay=timedelta(hours=2),
    delay_basis="assumed: providers differ",
    known_problems=("many locations are dead", "a latest value must be joined by sensorsId", "a key is needed"),
    limits="60 calls a minute with a free key (B); we keep 1.1 s between two requests, and a 429 with its pause",
)
POLICY = Policy(hosts=frozenset({"api.openaq.org"}), spacing=1.1)
"""The service's published limit is 60 calls a minute (B); a 429 with its pause is honoured besides."""


@dataclass(frozen=True, slots=True)
class Sensor:
    """One sensor of a location."""

    id: int
    location: int
    name: str
    factor: float
    """Their value times this is ours."""


@dataclass(frozen=True, slots=True)
class OpenAq:
    """The service for some locations (OpenAQ's numbers). The key comes from the environment, never from a file."""

    locations: tuple[int, ...] = ()
    base: str = "https://api.openaq.org/v3"
    key: str | None = None
    policy: Policy = POLICY
    manifest: Manifest = MANIFEST
    kind: Literal["observation", "guidance"] = "observation"
    page: int = PAGE

    def pull(self, asker: Asker, *, start: datetime, end: datetime, now: datetime) -> Pulled:
        """The hours of all sensors of all locations; SourceError without a key."""
        records: dict[tuple[str, datetime], dict[str, float]] = {}
        stations: list[Station] = []
        notes: list[str] = []
        for location in self.locations:
            answer = self._ask(asker, f"/locations/{location}", {})
            sensors, station, more = understand_location(answer, location=location, start=start)
            notes += more
            if station is not None:
                stations.append(station)
            for sensor in sensors:
                for hour, value in self._hours(asker, sensor, start, end):
                    records.setdefault((f"openaq:{location}", hour), {})[sensor.name] = value * sensor.factor
        rows: list[Record] = [(code, hour, values) for (code, hour), values in records.items()]
        dataset, more = lay_out(rows, source="openaq", start=start, end=end, now=now)
        return Pulled(dataset, tuple(stations), tuple(notes + more))

    def _hours(self, asker: Asker, sensor: Sensor, start: datetime, end: datetime) -> ItemsView[datetime, float]:
        """Hour and value, whatever order and however often the pages bring them."""
        found: dict[datetime, float] = {}
        page = 1
        while True:
            params = {
                "datetime_from": f"{start.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
                "datetime_to": f"{end.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
                "limit": str(self.page),
                "page": str(page),
            }
            rows = self._ask(asker, f"/sensors/{sensor.id}/hours", params)
            for row in rows:
                hour, value = understand_hour(row, where=f"openaq, sensor {sensor.id}")
                found[hour] = value
            if len(rows) < self.page:
                return found.items()
            page += 1
            if page > 1000:
                raise SourceError("The pages do not end", where=f"openaq, sensor {sensor.id}")

    def _ask(self, asker: Asker, path: str, params: Mapping[str, str]) -> list[Any]:
        key = self.key or os.environ.get(KEY)
        if not key:
            raise SourceError("OpenAQ wants a key", expected=f"the environment variable {KEY}", found="none")
        answer = asker.ask("GET", self.base + path, params=params, headers={"X-API-Key": key}).json()
        rows = answer.get("results") if isinstance(answer, Mapping) else None
        if not isinstance(rows, list):
            raise SourceError("The answer has no results", where=f"openaq{path}", found=str(answer)[:80])
        return rows


def understand_location(
    rows: list[Any], *, location: int, start: datetime
) -> tuple[list[Sensor], Station | None, list[str]]:
    """The sensors of the six pollutants, the station, and what was left out and why."""
    where = f"openaq, location {location}"
    if not rows or not isinstance(rows[0], Mapping):
        raise SourceError("The location is not known there", where=where, todo="Check its number")
    place = rows[0]
    last = (place.get("datetimeLast") or {}).get("utc")
    if last is not None and _instant(last, where) < start:
        return [], None, [f"location {location} has been silent since {last}"]
    sensors, notes = [], []
    for raw in place.get("sensors") or []:
        parameter = raw.get("parameter") or {}
        name, unit = NAMES.get(str(parameter.get("name"))), str(parameter.get("units"))
        if name is None:
            continue
        factor = factor_of(name, unit)
        if factor is None:
            notes.append(f"sensor {raw.get('id')} of location {location} speaks {unit}: left out")
            continue
        sensors.append(Sensor(int(raw["id"]), location, name, factor))
    where_is = place.get("coordinates") or {}
    name = str(place.get("name") or location)
    lon, lat = number(where_is.get("longitude")), number(where_is.get("latitude"))
    known = lon == lon and lat == lat  # noqa: PLR0124  both are numbers
    station = Station(
        f"openaq:{location}", name, str(place.get("locality") or ""), lon if known else None, lat if known else None,
        source="openaq",
    )  # fmt: skip
    return sensors, station, notes


def factor_of(name: str, unit: str) -> float | None:
    """What to multiply a value of that unit with; None for a unit that cannot be converted.

    >>> round(factor_of("no2", "ppb"), 3), factor_of("pm25", "ppm"), factor_of("co", "µg/m³")
    (1.88, None, 0.001)
    """
    said = unit.replace("μ", "µ").replace("³", "3").lower()
    micro = 0.001 if name == "co" else 1.0
    if said == "µg/m3":
        return micro
    if said == "mg/m3":
        return micro * 1000.0
    if said in ("ppb", "ppm") and name in MOLAR_MASS:
        return MOLAR_MASS[name] / MOLAR_VOLUME * micro * (1000.0 if said == "ppm" else 1.0)
    return None


def understand_hour(row: Any, *, where: str) -> tuple[datetime, float]:
    """The end of the hour (aware UTC) and the value, NaN when it has none."""
    period = row.get("period") if isinstance(row, Mapping) else None
    end = ((period or {}).get("datetimeTo") or {}).get("utc")
    if end is None:
        expected = "period.datetimeTo.utc"
        raise SourceError("A row has no hour", where=where, expected=expected, found=str(row)[:80])
    return _instant(end, where), number(row.get("value"))


def _instant(text: str, where: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise SourceError("A time cannot be read", where=where, expected="2024-02-29T08:00:00Z", found=text) from None
    if found.tzinfo is None:
        raise SourceError("A time has no zone", where=where, expected="2024-02-29T08:00:00Z", found=text)
    return found.astimezone(UTC)


SOURCE = OpenAq()
