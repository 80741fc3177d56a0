"""The observed air and the outlook as the desk shows them, read as of now and kept for a minute."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from console.lasting import lasting
from console.settings import Settings
from emergency import source_words
from emergency.risk import Observed, ObservedDay, ObservedHour
from emergency.vocabulary import BEIJING
from forecast.outlook import Outlook
from plans.errors import DataError

if TYPE_CHECKING:
    from forecast.city_air import CityAir

DAYS_BACK = 11
"""Observed days before now that are read: ten whole ones for the rules, and today."""
SILENT_AFTER = timedelta(hours=3)
"""A station without a value for so long is marked silent. A setting of the office (confidence I)."""
KEPT = 60.0
"""Seconds a reading is kept: a correction that arrives within the hour shows after a minute."""


@dataclass(frozen=True, slots=True)
class StationNow:
    """One row of the station table."""

    code: str
    name: str
    aqi: int | None
    pm25: float | None
    valid_time: datetime | None
    """End of the newest hour with a value; None when there is none in the days read."""
    age: timedelta | None
    silent: bool
    place: tuple[float, float] | None = None
    """Longitude and latitude in degrees, where the archive knows them."""
    wind: tuple[float, float] | None = None
    """Observed wind of the newest hour within three: m/s, and degrees clockwise from north where it comes from."""


@dataclass(frozen=True, slots=True)
class AirNow:
    """What is known of the air at one moment."""

    hours: tuple[tuple[datetime, int | None, float | None], ...]
    """End of hour, AQI and PM2.5 of the city, oldest first, the last 72."""
    observed: Observed
    stations: tuple[StationNow, ...]
    fault: str = ""
    """Why nothing is known, in Chinese; empty when all went well."""

    @property
    def latest(self) -> tuple[datetime, int, float | None] | None:
        """The newest hour of the city with an AQI."""
        return next(((at, aqi, pm) for at, aqi, pm in reversed(self.hours) if aqi is not None), None)

    @property
    def days(self) -> dict[date, int | None]:
        """Daily AQI of complete past days."""
        return {item.valid_date: item.aqi for item in self.observed.days}


NOTHING = AirNow((), Observed(), ())


@dataclass(frozen=True, slots=True)
class AirYear:
    """A year as it is known today."""

    daily: Mapping[date, int | None]
    """Daily AQI of the city, complete days only."""
    stations: Mapping[str, tuple[float, int]]
    """Mean PM2.5 (ug/m3) and number of hours by station; stations without a value are left out."""
    fault: str = ""


@dataclass(frozen=True, slots=True)
class _Year:
    """A year that was read: on which day, how many revisions were known, and when that was last asked."""

    day: date
    known: int
    asked: float
    air: AirYear


class AirReader:
    """Reads the archive; safe to call from many threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._kept: tuple[Any, float, AirNow] | None = None
        self._names: dict[str, str] | None = None
        self._years: dict[int, _Year] = {}
        self._days: dict[int, tuple[date, dict[date, int | None]]] = {}

    def at(self, now: datetime) -> AirNow:
        """The air as it was known at `now`; without an archive nothing, with the reason in `fault`."""
        archive = self.settings.archive
        if archive is None:
            return AirNow((), Observed(), (), fault="没有接入监测档案")
        with self._lock:
            key = now.replace(minute=0, second=0, microsecond=0)
            if self._kept is not None and self._kept[0] == key and time.monotonic() - self._kept[1] < KEPT:
                return self._kept[2]
            try:
                found = self._read(now)
            except DataError as error:
                found = AirNow((), Observed(), (), fault=f"监测档案不能读取：{source_words.chinese(str(error))}")
            self._kept = (key, time.monotonic(), found)
            return found

    def daily(self, now: datetime, *, days: int) -> dict[date, int | None]:
        """Daily AQI of the last complete days as known now, read once a local day; empty without an archive."""
        kept = self._days.get(days)
        today = now.astimezone(BEIJING).date()
        if kept is not None and kept[0] == today:
            return kept[1]
        archive = self.settings.archive
        if archive is None:
            return {}
        try:
            found = self._city(now, days).daily()
        except DataError:
            return {}
        with self._lock:
            self._days[days] = (today, found)
        return found

    def year(self, year: int, now: datetime) -> AirYear:
        """Daily AQI of the city and mean PM2.5 of each station in a year, up to the last whole day.

        Read once a local day, and again when values came or were corrected, which is asked once a minute.
        """
        archive, settings, today = self.settings.archive, self.settings, now.astimezone(BEIJING).date()
        if archive is None:
            return AirYear({}, {}, "没有接入监测档案。")
        kept = self._years.get(year)
        if kept is not None and kept.day == today and time.monotonic() - kept.asked < KEPT:
            return kept.air
        start = datetime(year, 1, 1, tzinfo=BEIJING)
        midnight = datetime(today.year, today.month, today.day, tzinfo=BEIJING)
        end = min(datetime(year + 1, 1, 1, tzinfo=BEIJING), midnight)
        try:
            known = archive.known(stations=settings.stations, start=start, end=end, as_of=now) if start < end else 0
            if kept is not None and (kept.day, kept.known) == (today, known):
                air = kept.air
            else:
                air = self._long(start, end, now) if known else AirYear({}, {})
        except DataError as error:
            return AirYear({}, {}, f"监测档案不能读取：{source_words.chinese(str(error))}")
        with self._lock:
            self._years[year] = _Year(today, known, time.monotonic(), air)
        return air

    def _long(self, start: datetime, end: datetime, now: datetime) -> AirYear:
        from forecast.city_air import long_air

        settings = self.settings
        assert settings.archive is not None
        with lasting():
            air = long_air(
                settings.archive, stations=settings.stations, mean_of=settings.mean_of, start=start, end=end,
                as_of=now, edition=settings.aqi(now).name,
            )  # fmt: skip
        known = {
            day: aqi
            for day, aqi in zip(air.days, air.daily_aqi, strict=True)
            if datetime(day.year, day.month, day.day, tzinfo=BEIJING) + timedelta(days=1) + settings.delay <= now
        }
        return AirYear(known if air.means else {}, air.means)

    def _city(self, now: datetime, days: int) -> CityAir:
        """The city's air from that many days back to now."""
        local = now.astimezone(BEIJING)
        start = (local - timedelta(days=days)).replace(hour=0, minute=0, second=0, microsecond=0)
        end = local.replace(minute=0, second=0, microsecond=0)
        return self._stretch(self.settings.mean_of, start, end, now)

    def _stretch(self, stations: Sequence[str], start: datetime, end: datetime, now: datetime) -> CityAir:
        from forecast.city_air import city_air

        settings = self.settings
        assert settings.archive is not None
        return city_air(
            settings.archive,
            stations=stations,
            mean_of=settings.mean_of,
            start=start,
            end=end,
            as_of=now,
            edition=settings.aqi(now).name,
            delay=settings.delay,
        )

    def outlook(self, now: datetime) -> Outlook | None:
        """The outlook in force at `now`: the archive's newest, else the one behind the newest consultation."""
        archive, record = self.settings.archive, self.settings.office.record
        found = archive.outlook(self.settings.area, as_of=now) if archive is not None else None
        if found is not None:
            return found
        rows = record.now("consultation")
        exhibit = record.exhibit(rows[-1]["body"]["outlook_digest"]) if rows else None
        return Outlook.from_json(exhibit[1].decode()) if exhibit else None

    def names(self) -> dict[str, str]:
        """Station names by code; the code where the archive has no name."""
        if self._names is None:
            archive = self.settings.archive
            known = {station.code: station.name for station in archive.stations()} if archive else {}
            self._names = {code: known.get(code) or code for code in self.settings.stations}
        return self._names

    def _read(self, now: datetime) -> AirNow:
        from forecast.city_air import city_air

        settings = self.settings
        assert settings.archive is not None
        local = now.astimezone(BEIJING)
        start = (local - timedelta(days=DAYS_BACK)).replace(hour=0, minute=0, second=0, microsecond=0)
        end = local.replace(minute=0, second=0, microsecond=0)
        air = city_air(
            settings.archive,
            stations=settings.stations,
            mean_of=settings.mean_of,
            start=start,
            end=end,
            as_of=now,
            edition=settings.aqi(now).name,
            delay=settings.delay,
        )
        # Under HJ 633-2012 an hour without any value still has an AQI, from the 24 h before it. It is not news.
        newest = settings.archive.latest_valid_time(stations=settings.mean_of, as_of=now)
        last = 0 if newest is None else sum(at <= newest for at in air.valid_times)
        hours = tuple(zip(air.valid_times[:last], air.aqi[:last], air.pm25[:last], strict=True))
        known = air.days_known(now)
        observed = Observed(
            days=tuple(
                ObservedDay(air.days[i], air.daily_aqi[i], air.daily_primary[i])
                for i in range(max(0, known - 10), known)
            ),
            hours=tuple(ObservedHour(at, aqi) for at, aqi, _pm in hours[-72:]),
            pm25=hours[-1][2] if hours else None,
        )
        places = {one.code: (one.lon, one.lat) for one in settings.archive.stations() if one.lon and one.lat}
        winds = self._winds(end, now)
        stations = tuple(
            replace(self._station(code, air, now), place=places.get(code), wind=winds.get(code))
            for code in settings.stations
        )
        return AirNow(hours[-72:], observed, stations)

    def _winds(self, end: datetime, now: datetime) -> dict[str, tuple[float, float]]:
        """The newest observed wind of each station in the last three hours; stations without one are left out."""
        settings = self.settings
        assert settings.archive is not None
        known = {station.code for station in settings.archive.stations()}
        codes = [code for code in settings.stations if code in known]
        if not codes:
            return {}
        seen = settings.archive.weather(stations=codes, start=end - SILENT_AFTER, end=end, as_of=now)
        found = {}
        for number, code in enumerate(codes):
            pairs = zip(seen["wind_speed"].values[number], seen["wind_direction"].values[number], strict=True)
            known_pairs = [(float(speed), float(to)) for speed, to in pairs if speed == speed and to == to]  # noqa: PLR0124
            if known_pairs:
                found[code] = known_pairs[-1]
        return found

    def _station(self, code: str, air: CityAir, now: datetime) -> StationNow:
        assert self.settings.archive is not None
        name, newest = self.names()[code], self.settings.archive.latest_valid_time(stations=[code], as_of=now)
        if newest is None or newest not in air.valid_times:
            return StationNow(code, name, None, None, newest, None, silent=True)
        at, age = air.valid_times.index(newest), now - newest
        return StationNow(
            code, name, air.station_aqi[code][at], air.station_pm25[code][at], newest, age, age > SILENT_AFTER
        )
