"""Daily archive files china_sites_YYYYMMDD.csv and china_cities_YYYYMMDD.csv: the real-time publication, a day a file.

One row per hour and type, one column per station code or city name. The hour label is the END of the averaging hour
(hour 0 of a file is hour 24 of the day before). A file of the running day grows, and an old one may come again with
other values: then these are revisions.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Literal

import numpy as np
import xarray as xr

from flows.sources.live import Asker, Pulled
from flows.sources.web_rules import Policy
from forecast import air
from forecast.intake import possible
from forecast.readers.station_list import Station
from forecast.readers.table import MISSING
from forecast.sources import Manifest
from plans.errors import SourceError

TYPES: Mapping[str, str] = MappingProxyType(
    {
        "PM2.5": "pm25",
        "PM10": "pm10",
        "SO2": "so2",
        "NO2": "no2",
        "CO": "co",
        "O3": "o3",
        "O3_8h": "published_o3_8h",
        "AQI": "published_aqi",
    }
)

MANIFEST = Manifest(
    name="quotsoft",
    title="quotsoft archive of the CNEMC publication, one file a day",
    cadence=timedelta(days=1),
    hour_label="end",
    time_zone="Asia/Shanghai",
    units=MappingProxyType({name: air.UNITS[name] for name in air.POLLUTANTS}),
    licence="not stated; publication of the China National Environmental Monitoring Centre, archived privately",
    citation="quotsoft.net/air; file names from public code, not tested live",
    delay=timedelta(hours=2),
    delay_basis="assumed: HJ 633-2012 5.1.3 allows 1 h, the archive follows",
    known_problems=("the meaning of O3_24h changed after 2023-11-09; it is not used here",),
    limits="none is stated; we keep five seconds between two files and ask only for changed ones (I)",
)
BASE = "https://quotsoft.net/air/data"
POLICY = Policy(hosts=frozenset({"quotsoft.net"}), spacing=5.0)
_CSV = ("text/csv", "text/plain", "application/octet-stream", "application/vnd.ms-excel")


@dataclass(frozen=True, slots=True)
class Quotsoft:
    """The archive; `what` is "sites" or "cities"."""

    base: str = BASE
    policy: Policy = POLICY
    manifest: Manifest = MANIFEST
    kind: Literal["observation", "guidance"] = "observation"
    what: Literal["sites", "cities"] = "sites"

    def pull(self, asker: Asker, *, start: datetime, end: datetime, now: datetime) -> Pulled:
        """The files of all days the window touches, each only when it changed since it was stored last."""
        parts, notes = [], []
        day = start.astimezone(air.BEIJING).date()
        # hour 24 of a day stands as hour 0 in the file of the next one
        while day <= min(end, now).astimezone(air.BEIJING).date():
            answer = asker.ask("GET", self.address(day), expect=_CSV, conditional=True, absent_ok=True)
            if answer.absent:
                notes.append(f"the file of {day} is not there (yet)")
            elif not answer.unchanged:
                part, more = read_day(answer.text(), day=day, where=f"china_{self.what}_{day:%Y%m%d}.csv", now=now)
                notes += more
                if any("not ended" in note for note in more):
                    asker.doubt(answer)
                if part is not None:
                    parts.append(part)
            day += timedelta(days=1)
        if not parts:
            return Pulled(None, notes=tuple(notes))
        whole = parts[0] if len(parts) == 1 else xr.concat(parts, dim="valid_time", join="outer")
        # the whole files are returned, not only the window: their validators say that the whole files are stored
        codes = [str(code) for code in whole["station"].values]
        places = (Station(c, f"{c}市" if self.what == "cities" else c, c, source="quotsoft") for c in codes)
        stations = tuple(places) if self.what == "cities" else ()
        return Pulled(air.check(whole), stations, tuple(notes))

    def address(self, day: date) -> str:
        """Where the file of a day is."""
        return f"{self.base}/china_{self.what}_{day:%Y%m%d}.csv"


def read_day(text: str, *, day: date, where: str, now: datetime) -> tuple[xr.Dataset | None, list[str]]:
    """The dataset of one file and what was odd in it; SourceError for a file that is cut, of another day or no CSV."""
    rows = list(csv.reader(io.StringIO(text)))
    if not rows or rows[0][:3] != ["date", "hour", "type"]:
        found = ",".join(rows[0][:5])[:80] if rows else "nothing"
        raise SourceError("The file is not of the archive", where=where, expected="date,hour,type,...", found=found)
    codes = [code.strip() for code in rows[0][3:]]
    if len(set(codes)) < len(codes) or "" in codes:
        raise SourceError("A station stands twice or has no code", where=f"{where} row 1")
    cells: dict[tuple[datetime, str], list[str]] = {}
    twice = 0
    for line, row in enumerate(rows[1:], start=2):
        if len(row) != len(codes) + 3:
            raise SourceError(
                "A row is cut", where=f"{where} row {line}", expected=f"{len(codes) + 3} fields", found=len(row)
            )
        if row[0] != f"{day:%Y%m%d}" or not row[1].isdecimal() or int(row[1]) > 24:
            expected = f"{day:%Y%m%d}, hour 0..24"
            raise SourceError("A row is of another day", where=f"{where} row {line}", expected=expected, found=row[:2])
        if row[2] in TYPES:
            midnight = datetime(day.year, day.month, day.day, tzinfo=air.BEIJING)
            hour = (midnight + timedelta(hours=int(row[1]))).astimezone(UTC)
            key = hour, TYPES[row[2]]
            twice += key in cells and cells[key] != row[3:]
            cells[key] = row[3:]
    notes = [f"{twice} rows came twice with other values; the last stands"] if twice else []
    hours = sorted({hour for hour, _name in cells})
    if any(hour > now for hour in hours):
        notes.append(f"{sum(hour > now for hour in hours)} hours that have not ended were left out")
        hours = [hour for hour in hours if hour <= now]
    if not hours:
        return None, notes
    names = [name for name in TYPES.values() if any((hour, name) in cells for hour in hours)]
    arrays = {name: np.full((len(codes), len(hours)), np.nan) for name in names}
    for column, hour in enumerate(hours):
        for name in names:
            if (hour, name) in cells:
                arrays[name][:, column] = _numbers(cells[hour, name])
    contract = {name: possible(name, array) for name, array in arrays.items() if name in air.POSSIBLE}
    for name, array in contract.items():
        lost = int((~np.isnan(arrays[name]) & np.isnan(array)).sum())
        if lost:
            notes.append(f"{lost} values of {name} cannot be measurements and were left out")
    extra = {name: array for name, array in arrays.items() if name not in contract}
    labels = np.array([air.utc(hour) for hour in hours])
    made = air.dataset(contract, stations=codes, valid_time=labels, extra=extra, attrs={"source": "quotsoft"})
    return made, notes


def _numbers(fields: list[str]) -> np.ndarray:
    texts = np.array(fields, dtype=object)
    texts[np.isin(texts, MISSING)] = "nan"
    try:
        return texts.astype(np.float64)
    except ValueError:
        from flows.sources.live import number

        return np.array([number(field) for field in fields])


SOURCE = Quotsoft()
CITIES = Quotsoft(
    what="cities", policy=replace(POLICY, shared="quotsoft"),
    manifest=replace(MANIFEST, name="quotsoft-cities", title="quotsoft archive, CNEMC city means, one file a day"),
)  # fmt: skip
