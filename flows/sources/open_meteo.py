"""Open-Meteo: hourly weather forecast and CAMS air quality at places. Model values, never observations.

The answer's arrays run parallel to `time`, local times without offset in the zone that was asked for; the time is a
moment, rain is the sum and radiation the mean of the hour before it, so the label is the END of the hour. Carbon
monoxide comes in ug/m3. The units are named in the answer and are checked each time, because nothing else would tell a
change. What a model does not have comes as nulls whose unit is "undefined".
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Any, Literal

import xarray as xr

from flows.sources.live import Asker, Pulled, Record, lay_out, number
from flows.sources.web_rules import Policy, Unavailable
from forecast import air
from forecast.readers.station_list import Station
from forecast.sources import Manifest
from forecast.weather import describe
from plans.errors import SourceError

AIR: Mapping[str, tuple[str, str, float]] = MappingProxyType(
    {
        "pm25": ("pm2_5", "μg/m³", 1.0),
        "pm10": ("pm10", "μg/m³", 1.0),
        "so2": ("sulphur_dioxide", "μg/m³", 1.0),
        "no2": ("nitrogen_dioxide", "μg/m³", 1.0),
        "co": ("carbon_monoxide", "μg/m³", 0.001),
        "o3": ("ozone", "μg/m³", 1.0),
    }
)
"""Our name: their name, the unit they must say, the factor to ours."""
WEATHER: Mapping[str, tuple[str, str, float]] = MappingProxyType(
    {
        "temperature": ("temperature_2m", "°C", 1.0),
        "dew_point": ("dew_point_2m", "°C", 1.0),
        "pressure": ("surface_pressure", "hPa", 1.0),
        "rain": ("precipitation", "mm", 1.0),
        "wind_speed": ("wind_speed_10m", "m/s", 1.0),
        "wind_direction": ("wind_direction_10m", "°", 1.0),
    }
)
BESIDE: Mapping[str, tuple[str, str, float]] = MappingProxyType(
    {
        "boundary_layer_height": ("boundary_layer_height", "m", 1.0),
        "shortwave": ("shortwave_radiation", "W/m²", 1.0),
        "cloud": ("cloud_cover", "%", 0.01),
        "temperature_850hpa": ("temperature_850hPa", "°C", 1.0),
    }
)
"""Weather of a run beside the contract of hourly air; not every model has it."""
AIR_AHEAD = timedelta(days=4)
"""How far ahead the air quality is asked for: CAMS reaches five days, today among them, and a request that goes beyond
what the service has is refused as a whole."""

MANIFEST = Manifest(
    name="openmeteo",
    title="Open-Meteo weather forecast and CAMS air quality",
    cadence=timedelta(hours=6),
    hour_label="end",
    time_zone="Asia/Shanghai",
    units=MappingProxyType({**air.UNITS, "co": "ug/m3"}),
    licence="CC BY 4.0; free use is for non-commercial purposes and limited a day",
    citation="open-meteo.com; CAMS global atmospheric composition forecasts",
    delay=timedelta(0),
    delay_basis="a forecast: known when it was received",
    known_problems=("model values, not observations", "the run time is not told", "host names from public code"),
    limits="free use 10,000 calls a day, 600 a minute (C, from memory); we keep a second between two requests",
)
POLICY = Policy(hosts=frozenset({"api.open-meteo.com", "air-quality-api.open-meteo.com"}), spacing=1.0)


@dataclass(frozen=True, slots=True)
class OpenMeteo:
    """The service for named places: (latitude, longitude) by name."""

    places: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    """Stations that would be asked for as well, if anybody knew where they are."""
    weather_base: str = "https://api.open-meteo.com/v1/forecast"
    air_base: str = "https://air-quality-api.open-meteo.com/v1/air-quality"
    policy: Policy = POLICY
    manifest: Manifest = MANIFEST
    kind: Literal["observation", "guidance"] = "guidance"

    def pull(self, asker: Asker, *, start: datetime, end: datetime, now: datetime) -> Pulled:
        """Everything the service says of the window; it may lie in the future. One call of each kind per place.

        A place whose question is refused, or whose answer cannot be read, is left out and told; SourceError when none
        is left. Unavailable: the service does not answer.
        """
        first, last = (moment.astimezone(air.BEIJING).date() for moment in (start, end))
        calls = [(self.weather_base, {**WEATHER, **BESIDE}, last)]
        if first <= (reach := (now + AIR_AHEAD).astimezone(air.BEIJING).date()):
            calls.append((self.air_base, dict(AIR), min(last, reach)))
        records: list[Record] = []
        refused: list[tuple[str, SourceError]] = []
        for name, place in self.places.items():
            merged: dict[datetime, dict[str, float]] = {}
            try:
                for base, columns, until in calls:
                    asked = question(place, [theirs for theirs, _unit, _factor in columns.values()], first, until)
                    answer = asker.ask("GET", base, params=asked).json()
                    for hour, values in hours_of(answer, columns, where=f"openmeteo, {name}", may_lack=BESIDE):
                        merged.setdefault(hour, {}).update(values)
            except Unavailable:  # the service itself: the others would fare no better
                raise
            except SourceError as error:
                refused.append((name, error))
                continue
            records += [(name, hour, values) for hour, values in merged.items()]
        if refused and len(refused) == len(self.places):
            raise refused[0][1]
        far = end + timedelta(days=30)  # a forecast's hours have not ended and are wanted all the same
        dataset, notes = lay_out(records, source="openmeteo", start=start, end=end, now=max(far, now))
        if dataset is not None:
            dataset, more = possible(dataset, BESIDE)
            notes += more
        stations = tuple(Station(n, n, n, lon, lat, source="openmeteo") for n, (lat, lon) in self.places.items())
        notes = [f"{name} was left out: {error}" for name, error in refused] + notes
        if self.without:
            notes.append(without_coordinates(self.without))
        return Pulled(dataset, stations, tuple(notes))


def without_coordinates(codes: Sequence[str]) -> str:
    """The note about stations that could not be asked for.

    >>> without_coordinates(["1A", "2A"])
    '2 stations without coordinates were not asked for: 1A、2A'
    """
    return f"{len(codes)} stations without coordinates were not asked for: {'、'.join(codes)}"


def question(place: tuple[float, float], names: Collection[str], first: date, last: date) -> dict[str, str]:
    """What is asked of one place (latitude, longitude): hours of the natural days first..last, wind in m/s."""
    latitude, longitude = place
    return {
        "latitude": f"{latitude:.4f}",
        "longitude": f"{longitude:.4f}",
        "hourly": ",".join(names),
        "timezone": "Asia/Shanghai",
        "start_date": f"{first}",
        "end_date": f"{last}",
        **({"wind_speed_unit": "ms"} if any(name.startswith("wind_speed") for name in names) else {}),
    }


def possible(data: xr.Dataset, names: Collection[str]) -> tuple[xr.Dataset, list[str]]:
    """The data with what no run can say of those weather variables as NaN, and a note of each that lost values."""
    out, notes = data.copy(), []
    for name in names:
        rule = describe(name)
        if name not in data or rule is None:
            continue
        low, high = air.POSSIBLE.get(name, (rule.low, rule.high))
        kept = data[name].where((data[name] >= low) & (data[name] <= high))
        lost = int((data[name].notnull() & kept.isnull()).sum())
        if lost:
            notes.append(f"{lost} values of {name} are impossible and were left out")
        out[name] = kept
    return out, notes


def hours_of(
    answer: Any,
    columns: Mapping[str, tuple[str, str, float]],
    *,
    where: str,
    may_lack: Collection[str] = (),
) -> list[tuple[datetime, dict[str, float]]]:
    """Hour (aware UTC) and values of one answer; SourceError for an error answer, another zone or another unit.

    Of the names in `may_lack` a series that is absent or holds nothing is left out, whatever its unit.
    """
    if not isinstance(answer, Mapping) or answer.get("error"):
        reason = str(answer.get("reason", answer) if isinstance(answer, Mapping) else answer)[:120]
        raise SourceError("The service refuses", where=where, found=reason, todo="Check place, days and variables")
    hourly, units = answer.get("hourly"), answer.get("hourly_units")
    if not isinstance(hourly, Mapping) or not isinstance(units, Mapping) or not isinstance(hourly.get("time"), list):
        raise SourceError("The answer has no hours", where=where, expected="hourly.time", found=sorted(answer)[:12])
    if answer.get("utc_offset_seconds") != 8 * 3600:
        offset = answer.get("utc_offset_seconds")
        raise SourceError("The answer is in another zone", where=where, expected="28800 s", found=offset)
    times = [_hour(text, where) for text in hourly["time"]]
    out: list[tuple[datetime, dict[str, float]]] = [(hour, {}) for hour in times]
    for ours, (theirs, unit, factor) in columns.items():
        series = hourly.get(theirs)
        if ours in may_lack and (series is None or _says_nothing(series)):
            continue
        if not isinstance(series, list) or len(series) != len(times):
            found = "nothing" if series is None else f"{len(series)} values"
            raise SourceError("A series does not fit", where=f"{where}, {theirs}", expected=len(times), found=found)
        said = str(units.get(theirs)).replace("µ", "μ")  # two signs for micro
        if said != unit:
            todo = "Nothing was taken over: look what changed there"
            raise SourceError("The unit has changed", where=f"{where}, {theirs}", expected=unit, found=said, todo=todo)
        for (_, values), value in zip(out, series, strict=True):
            values[ours] = number(value) * factor
    return out


def _says_nothing(series: Any) -> bool:
    return isinstance(series, list) and all(value is None for value in series)


def _hour(text: object, where: str) -> datetime:
    try:
        local = datetime.fromisoformat(str(text))
    except ValueError:
        raise SourceError("An hour cannot be read", where=where, expected="2024-02-29T08:00", found=text) from None
    if local.tzinfo is not None:
        raise SourceError("An hour carries a zone", where=where, expected="local time as asked", found=text)
    return local.replace(tzinfo=air.BEIJING).astimezone(UTC)


SOURCE = OpenMeteo()
