"""Which sources the office pulls, from sources.yaml in the working folder; adapters are found by entry point.

sources:
  cnemc: {every_minutes: 60, minute: 25}
  openmeteo: {}
  openaq: {locations: [8118]}
mappings: [micro/town.yaml]
watch: {province: [长沙市, 株洲市, 湘潭市], rise: {pm25: 40}, top: 10}
bulletins: {hourly_every: {none: 6, yellow: 2}, daily_hours: {none: [9], yellow: [9, 17]}}
hj212: {port: 9212, plants: plants.csv}
models: {since: 2024-02-01, weather: openmeteo, every_days: 30}
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from flows.slots import Rhythm
from flows.sources import mapping
from flows.sources.cnemc import CnemcCities
from flows.sources.live import Adapter
from flows.sources.micro import Micro
from flows.sources.open_meteo import OpenMeteo
from flows.sources.openaq import OpenAq
from flows.sources.places import own_places
from forecast.air import POLLUTANTS
from forecast.readers.station_list import Station
from forecast.sources import GROUP, Reader
from plans.errors import DataError, RuleError
from plans.parts import Frozen
from plans.yaml_file import read_yaml, shaped

FILE = "sources.yaml"
LEVELS = ("none", "yellow", "orange", "red")
AHEAD, NOTHING = timedelta(hours=192), timedelta(0)
"""How far ahead a model is asked for: the seven natural days after today end 168 to 192 h from now."""


class Pulled(Frozen):
    """How one source is pulled; what is not given follows from its manifest."""

    every_minutes: int | None = Field(default=None, ge=5, le=1440)
    minute: int = Field(default=25, ge=0, le=1439)
    """Minutes after the full period at which a slot is due: the platform needs some to publish."""
    back_hours: int = Field(default=3, ge=1, le=72)
    """Hours asked for each time: late values of the last hours become revisions."""
    ahead_hours: int = Field(default=0, ge=0, le=384)
    places: Mapping[str, tuple[float, float]] = Field(default_factory=dict)
    """Latitude and longitude by name, for services of coordinates; without any, the office's own stations."""
    locations: tuple[int, ...] = ()
    """OpenAQ's numbers."""
    cities: tuple[str, ...] = ()
    """Six-digit codes, for cnemc-cities."""


class Watched(Frozen):
    """When the watch speaks; what is not given is as :class:`flows.watch.Settings` has it."""

    province: tuple[str, ...] = ()
    """Cities, named as the source names them, whose stations are ranked together with ours."""
    rise: Mapping[str, float] = Field(default_factory=dict)
    """ug/m3 (co mg/m3) in an hour, by pollutant."""
    top: int | None = Field(default=None, ge=1, le=100)
    near: int | None = Field(default=None, ge=1, le=500)
    threshold: int | None = Field(default=None, ge=1, le=500)
    source_late_hours: float | None = Field(default=None, gt=0, le=240)
    station_late_hours: float | None = Field(default=None, gt=0, le=240)
    failures: int | None = Field(default=None, ge=1, le=1000)

    @field_validator("rise")
    @classmethod
    def _known(cls, rise: Mapping[str, float]) -> Mapping[str, float]:
        if unknown := [name for name in rise if name not in POLLUTANTS]:
            raise ValueError(f"pollutants of ours ({', '.join(POLLUTANTS)}), found {unknown[0]}")
        return rise


class Bulletins(Frozen):
    """When hourly and daily data go out, by the level in force (none, yellow, orange, red)."""

    hourly_every: Mapping[str, int] = Field(default_factory=dict)
    """Hours between two issues of the hourly data, counted from midnight."""
    daily_hours: Mapping[str, tuple[int, ...]] = Field(default_factory=dict)
    """Hours of the day (Beijing time) at which daily data go out; the first is of the day before."""

    @model_validator(mode="after")
    def _possible(self) -> Bulletins:
        if unknown := [name for name in (*self.hourly_every, *self.daily_hours) if name not in LEVELS]:
            raise ValueError(f"levels {', '.join(LEVELS)}, found {unknown[0]}")
        if odd := [hours for hours in self.hourly_every.values() if hours not in (1, 2, 3, 4, 6, 8, 12, 24)]:
            raise ValueError(f"hourly_every of 1, 2, 3, 4, 6, 8, 12 or 24 hours, found {odd[0]}")
        if odd_hours := [hours for hours in self.daily_hours.values() if not hours or not {*hours} <= {*range(24)}]:
            raise ValueError(f"daily_hours of 0..23, found {odd_hours[0]}")
        return self


class Hj212(Frozen):
    """The receiver of plant data that `lantian serve` starts along with the rest."""

    host: str = "127.0.0.1"
    port: int = Field(default=9212, ge=1, le=65535)
    plants: str = ""
    """File in the working folder with one "MN,PW" a line; needed to listen beyond this machine."""


class Models(Frozen):
    """When the office's models are trained anew by the clock; without this part they are trained by hand."""

    since: date
    """First day of the air that is learned from."""
    weather: str = ""
    """A source whose runs are kept, or a table in the working folder; without it only the model without weather."""
    every_days: int = Field(default=30, ge=1, le=366)
    effort: Literal["demo", "full"] = "full"


class Plan(Frozen):
    """The file."""

    sources: Mapping[str, Pulled] = Field(default_factory=dict)
    mappings: tuple[str, ...] = ()
    watch: Watched = Watched()
    bulletins: Bulletins = Bulletins()
    hj212: Hj212 | None = None
    models: Models | None = None
    keep_raw_days: int = Field(default=30, ge=0)

    @field_validator("sources", mode="before")
    @classmethod
    def _none_yet(cls, sources: Any) -> Any:
        """The key alone, with every source below it still commented out, means none."""
        return {} if sources is None else sources


@dataclass(frozen=True, slots=True)
class Pull:
    """One source of the office, ready to run."""

    name: str
    adapter: Adapter
    rhythm: Rhythm
    back: timedelta
    ahead: timedelta


def live_names() -> tuple[str, ...]:
    """The live sources that are installed, sorted."""
    return tuple(sorted(name for name, found in _installed().items() if not isinstance(found, Reader)))


def live(name: str) -> Adapter:
    """The live source of that name as it is installed; DataError with the known names."""
    found = _installed().get(name)
    if found is None or isinstance(found, Reader):
        raise DataError("There is no such live source", expected=" | ".join(live_names()), found=name)
    adapter: Adapter = found
    return adapter


def plan(home: Path) -> Plan:
    """The office's plan; the empty one when there is no file. RuleError with file, key path and allowed keys."""
    path = home / FILE
    return shaped(Plan, _plain(read_yaml(path, shown=FILE)), shown=FILE) if path.is_file() else Plan()


def pulls(home: Path) -> list[Pull]:
    """Every source of the plan with its rhythm."""
    chosen, found = plan(home), []
    for name, how in chosen.sources.items():
        if name not in live_names():
            expected = " | ".join(live_names())
            raise RuleError("There is no such live source", where=f"{FILE}, key sources.{name}", expected=expected)
        adapter = live(name)
        if isinstance(adapter, OpenMeteo):
            adapter = replace(adapter, places=dict(how.places))
        if isinstance(adapter, OpenAq):
            adapter = replace(adapter, locations=how.locations)
        if isinstance(adapter, CnemcCities):
            adapter = replace(adapter, codes=how.cities)
        found.append(_pull(name, adapter, how))
    for file in chosen.mappings:
        path = home / file
        if not path.is_file():
            raise RuleError("A mapping is not there", where=f"{FILE}, key mappings", expected="a file", found=file)
        micro = Micro(mapping.load(path))
        if not micro.mapped.address:
            raise RuleError("A mapping has no address to ask", where=file, todo="Put its files into the drop folder")
        found.append(_pull(micro.mapped.name, micro, Pulled()))
    return found


def placed(one: Pull, home: Path, stations: Callable[[], Iterable[Station]]) -> Pull:
    """The same source, asked for the office's own stations when it is one of coordinates and the plan names no places.

    RuleError as :func:`flows.sources.places.own_places` raises it.
    """
    if not isinstance(one.adapter, OpenMeteo) or one.adapter.places:
        return one
    own = own_places(home, stations())
    return replace(one, adapter=replace(one.adapter, places=own.at, without=own.without))


def _pull(name: str, adapter: Adapter, how: Pulled) -> Pull:
    every = timedelta(minutes=how.every_minutes) if how.every_minutes else adapter.manifest.cadence
    ahead = timedelta(hours=how.ahead_hours) if how.ahead_hours else AHEAD if adapter.kind == "guidance" else NOTHING
    rhythm = Rhythm(every=every, offset=timedelta(minutes=how.minute) % every)
    return Pull(name, adapter, rhythm, timedelta(hours=how.back_hours), ahead)


def _installed() -> dict[str, Any]:
    return {point.name: point.load() for point in entry_points(group=GROUP)}


def _plain(raw: Any) -> Any:
    """The raw value with exact decimals as floats: coordinates need no more."""
    from decimal import Decimal

    if isinstance(raw, dict):
        return {key: _plain(value) for key, value in raw.items()}
    if isinstance(raw, list):
        return [_plain(value) for value in raw]
    return float(raw) if isinstance(raw, Decimal) else raw
