"""The real-time publication platform of CNEMC: all national stations of one hour, and a city's last day.

Calls, form fields and spellings follow several public code bases (docs/sources.md); nobody here has seen the platform
itself. The hour label is the END of the averaging hour. TimePoint is milliseconds UTC; TimePointStr ("02日20时") has no
month, so it is read as the newest such hour before now; when both are there and disagree, the answer is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Literal

from flows.sources.live import Asker, Pulled, Record, lay_out, number
from flows.sources.web_rules import Policy
from forecast import air
from forecast.readers.station_list import Station
from forecast.sources import Manifest
from plans.errors import DataError, SourceError

COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "pm25": "pm2_5",
        "pm10": "pm10",
        "so2": "so2",
        "no2": "no2",
        "co": "co",
        "o3": "o3",
        "published_o3_8h": "o3_8h",
        "published_aqi": "aqi",
    }
)
"""Our names and the feed's, in lower case: some clients of the platform see capitals, some do not."""

MANIFEST = Manifest(
    name="cnemc",
    title="CNEMC real-time publication platform, national stations",
    cadence=timedelta(hours=1),
    hour_label="end",
    time_zone="Asia/Shanghai",
    units=MappingProxyType({name: air.UNITS[name] for name in air.POLLUTANTS}),
    licence="not stated; publication of the China National Environmental Monitoring Centre",
    citation="air.cnemc.cn, as called by several public programs; not tested live",
    delay=timedelta(hours=1),
    delay_basis="HJ 633-2012 5.1.3: published within 1 h of the full hour",
    known_problems=(
        "about 48 h can be asked for",
        "TimePointStr has no month",
        "the real-time AQI method changes with HJ 633-2026: ours is computed from the concentrations",
    ),
    limits="none is stated; we keep two seconds between two requests (I)",
)

BASE = "https://air.cnemc.cn:18007"
POLICY = Policy(hosts=frozenset({"air.cnemc.cn"}), spacing=2.0)
CITY_POLICY = replace(POLICY, shared="cnemc")
CITY_MANIFEST = replace(MANIFEST, name="cnemc-cities", title="CNEMC real-time platform, means of cities")
_JSON = ("application/json", "text/json", "text/plain")
_DATE = re.compile(r"/Date\((-?\d+)(?:[+-]\d{4})?\)/")
_FULL = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日\s*(\d{1,2})时")
_SHORT = re.compile(r"(\d{1,2})日\s*(\d{1,2})时")


@dataclass(frozen=True, slots=True)
class Cnemc:
    """The platform. Settings are ours; the address is known from public code (A), the limits are not published (I)."""

    base: str = BASE
    policy: Policy = POLICY
    manifest: Manifest = MANIFEST
    kind: Literal["observation", "guidance"] = "observation"
    history: timedelta = timedelta(hours=48)

    def pull(self, asker: Asker, *, start: datetime, end: datetime, now: datetime) -> Pulled:
        """All stations of the hours start < valid_time <= end: the running hour live, earlier ones from the history."""
        newest = min(end, now).astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        hour = max(start.astimezone(UTC), now - self.history).replace(minute=0, second=0, microsecond=0)
        rows: list[Mapping[str, Any]] = []
        while (hour := hour + timedelta(hours=1)) <= newest:
            live = hour == newest and now - hour < timedelta(hours=1)
            rows += self._hour(asker, None if live else hour)
        return understand(rows, start=start, end=end, now=now)

    def _hour(self, asker: Asker, hour: datetime | None) -> list[Mapping[str, Any]]:
        if hour is None:
            path, form = "/HourChangesPublish/GetAllAQIPublishLive", {}
        else:
            path = "/HourChangesPublish/GetAQIHistoryByConditionHis"
            form = {"date": f"{hour.astimezone(air.BEIJING):%Y-%m-%d %H:00:00}"}
        answer = asker.ask("POST", self.base + path, form=form, headers=_headers(self.base), expect=_JSON)
        return _rows(answer.json())


@dataclass(frozen=True, slots=True)
class CnemcCities:
    """The last day of some cities by their six-digit codes: city means, the city's name as station."""

    codes: tuple[str, ...] = ()
    base: str = BASE
    policy: Policy = CITY_POLICY
    manifest: Manifest = CITY_MANIFEST
    kind: Literal["observation", "guidance"] = "observation"

    def pull(self, asker: Asker, *, start: datetime, end: datetime, now: datetime) -> Pulled:
        """The hours start < valid_time <= end of the last day, city by city; DataError when no city is named."""
        if not self.codes:
            raise DataError("Which cities?", where=self.manifest.name, expected='cities: ["430100"]', found="none")
        path, rows = "/HourChangesPublish/GetCityRealTimeAqiHistoryByCondition", []
        for code in self.codes:
            answer = asker.ask(
                "POST", self.base + path, params={"citycode": code}, headers=_headers(self.base), expect=_JSON
            )
            rows += _rows(answer.json())
        return understand(rows, start=start, end=end, now=now, cities=True)


def _headers(base: str) -> dict[str, str]:
    return {"X-Requested-With": "XMLHttpRequest", "Origin": base, "Referer": base + "/"}


def understand(
    rows: list[Mapping[str, Any]], *, start: datetime, end: datetime, now: datetime, cities: bool = False
) -> Pulled:
    """The records of an answer in the contract; SourceError when they are not what the platform sends."""
    records: list[Record] = []
    texts, stations, notes = [], {}, []
    crossed = judged = nameless = 0
    timeless: list[SourceError] = []
    for raw in rows:
        row = {str(key).lower(): value for key, value in raw.items()}
        code = str((row.get("area") if cities else row.get("stationcode")) or "").strip()
        code = code.removesuffix("市") if cities else code
        if not code:
            nameless += 1
            continue
        try:
            hour = hour_of_row(row, now=now)
        except SourceError as error:
            timeless.append(error)
            continue
        values = {ours: number(row.get(theirs)) for ours, theirs in COLUMNS.items()}
        daily = number(row.get("o3_24h"))
        if daily == daily and values["o3"] == values["o3"]:  # noqa: PLR0124  both are numbers
            judged += 1
            crossed += values["o3"] > daily
        records.append((code, hour, values))
        words = {"published_quality": row.get("quality"), "published_primary": row.get("primarypollutant")}
        texts.append((code, hour, {name: _word(word) for name, word in words.items()}))
        stations[code] = _station(code, row, cities)
    if timeless and not records:
        raise timeless[0]
    if rows and not records:
        raise SourceError(
            "No row has a station code", where="cnemc", expected="StationCode", found=sorted(rows[0])[:12]
        )
    if nameless:
        notes.append(f"{nameless} rows without a station code were left out")
    if timeless:
        notes.append(f"{len(timeless)} rows were left out: {timeless[0]}")
    if judged >= 20 and crossed > judged / 2:
        # the running maximum can not be below the hour it contains: the archived feed of 2017 had the two names crossed
        notes.append("O3 exceeds O3_24h at most stations, so the two columns are crossed: O3 was left out")
        records = [(code, hour, {**values, "o3": float("nan")}) for code, hour, values in records]
    dataset, more = lay_out(records, source="cnemc", start=start, end=end, now=now, texts=texts)
    return Pulled(dataset, tuple(stations.values()), tuple(notes + more))


def hour_of_row(row: Mapping[str, Any], *, now: datetime) -> datetime:
    """The hour of a row with lower-case keys, aware UTC; SourceError when it has none or two different ones."""
    exact = _DATE.fullmatch(str(row.get("timepoint") or "").strip())
    label = str(row.get("timepointstr") or "").strip()
    if exact is None:
        if not label:
            found = f"TimePoint {row.get('timepoint')!r}, TimePointStr {label!r}"
            raise SourceError("A row has no hour", where="cnemc", expected="/Date(ms)/ or 02日20时", found=found)
        return hour_of(label, now=now)
    try:
        instant = datetime.fromtimestamp(int(exact[1]) / 1000, tz=UTC)
    except (ValueError, OverflowError, OSError):
        raise SourceError("A row has no hour", where="cnemc", expected="/Date(ms)/", found=exact[0]) from None
    if label and hour_of(label, now=instant) != instant:
        found = f"{exact[0]} and {label}"
        raise SourceError("A row has two hours", where="cnemc", expected="one", found=found)
    return instant


def hour_of(label: str, *, now: datetime) -> datetime:
    """The hour of "2024年05月31日 22时" or of "02日20时": then the newest such hour that is not after now + 1 h.

    24时 is 0 o'clock of the next day. SourceError: unreadable, or no such day in the last two months.

    >>> hour_of("31日24时", now=datetime(2025, 1, 1, 1, tzinfo=air.BEIJING)).isoformat()
    '2024-12-31T16:00:00+00:00'
    """
    full, short = _FULL.fullmatch(label), _SHORT.fullmatch(label)
    latest = now.astimezone(air.BEIJING) + timedelta(hours=1)
    try:
        if full is not None:
            year, month, day, hour = (int(part) for part in full.groups())
            if hour > 24:
                raise ValueError
            midnight = datetime(year, month, day, tzinfo=air.BEIJING)
            return (midnight + timedelta(hours=hour)).astimezone(UTC)
        if short is None or not 0 <= int(short[2]) <= 24:
            raise ValueError
    except ValueError:
        raise SourceError("The hour cannot be read", where="cnemc", expected="02日20时", found=label) from None
    day, hour = int(short[1]), int(short[2])
    for back in range(63):
        that = latest - timedelta(days=back)
        if that.day == day:
            found = that.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(hours=hour)
            if found <= latest:
                return found.astimezone(UTC)
    raise SourceError("There is no such day", where="cnemc", expected="a day of the last two months", found=label)


def _rows(answer: Any) -> list[Mapping[str, Any]]:
    if isinstance(answer, Mapping):  # some calls wrap the list
        answer = next((value for value in answer.values() if isinstance(value, list)), answer)
    if not isinstance(answer, list) or not all(isinstance(row, Mapping) for row in answer):
        raise SourceError(
            "The answer is no list of rows", where="cnemc", expected="[{...}, ...]", found=str(answer)[:60]
        )
    return answer


def _station(code: str, row: Mapping[str, Any], cities: bool) -> Station:
    area = str(row.get("area") or "").strip().removesuffix("市")
    if cities:
        return Station(code, f"{code}市", code, source="cnemc")
    lon, lat = number(row.get("longitude")), number(row.get("latitude"))
    real = abs(lon) <= 180 and abs(lat) <= 90 and (lon, lat) != (0, 0)
    name = str(row.get("positionname") or "").strip() or code
    return Station(code, name, area, lon if real else None, lat if real else None, source="cnemc")


def _word(value: Any) -> str:
    text = str(value or "").strip()
    return "" if text in ("—", "-", "_", "NA", "无") else text


SOURCE = Cnemc()
CITIES = CnemcCities()
