"""Where a replay's air comes from: the Beijing files beside the project, or the built-in simulation.

A scenario loads its hourly values into an archive once; everything later reads that archive "as of". Which editions a
scenario assumes is said out loud: no national warning criterion recorded here was in force in 2015, so the replay asks
what today's rules would have done with that air.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from emergency.vocabulary import BEIJING
from forecast.archive import Archive
from plans.errors import DataError, RuleError

ASSUMED: Mapping[str, str] = {"aqi": "hj633-2012", "warning": "warning-2024"}
"""Editions by which the replays read the past."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One replayable stretch of air."""

    name: str
    area: str
    area_name: str
    plan: str
    """City plan that decides (plans/cities/<plan>)."""
    stations: tuple[str, ...]
    mean_of: tuple[str, ...]
    """Stations whose mean is the city."""
    station_names: Mapping[str, str]
    first_hour: datetime
    """Begin of the data."""
    last_hour: datetime
    delay: timedelta
    simulated: bool
    default_days: tuple[date, date]


def find_data() -> Path | None:
    """The folder of real data: LANTIAN_DATA, or ../shared/data beside the project; None when neither is there."""
    named = os.environ.get("LANTIAN_DATA")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data"
    return folder if folder.is_dir() else None


def beijing() -> Scenario:
    """Twelve Beijing stations, 2013-03 to 2016-02 (UCI 501)."""
    from forecast.readers import prsa

    names = {station.code: station.name for station in prsa.STATIONS.values()}
    return Scenario(
        name="beijing",
        area="beijing",
        area_name="北京市",
        plan="beijing",
        stations=tuple(names),
        mean_of=prsa.CITY_MEAN,
        station_names=names,
        first_hour=datetime(2013, 3, 1, 0, tzinfo=BEIJING),
        last_hour=datetime(2016, 2, 29, 23, tzinfo=BEIJING),
        delay=prsa.MANIFEST.delay,
        simulated=False,
        default_days=(date(2015, 11, 20), date(2015, 12, 31)),
    )


def sample() -> Scenario:
    """Six stations of the fictional 样例市, two and a half simulated years with a heavy winter."""
    from forecast import sample as generator

    names = generator.STATION_NAMES
    return Scenario(
        name="sample",
        area="sample",
        area_name="样例市（虚构）",
        plan="sample",
        stations=tuple(names),
        mean_of=tuple(names),
        station_names=names,
        first_hour=datetime(2013, 7, 1, 1, tzinfo=BEIJING),
        last_hour=datetime(2016, 1, 15, 0, tzinfo=BEIJING),
        delay=timedelta(hours=1),
        simulated=True,
        default_days=(date(2015, 11, 20), date(2015, 12, 31)),
    )


SCENARIOS = {"beijing": beijing, "sample": sample}


def scenario(name: str) -> Scenario:
    """The scenario of that name; RuleError lists the known names."""
    if name not in SCENARIOS:
        raise RuleError("There is no such replay", expected=" or ".join(SCENARIOS), found=name)
    return SCENARIOS[name]()


def load(chosen: Scenario, archive: Archive) -> int:
    """How many rows were added to the archive (0 when it held the scenario already).

    DataError when the scenario needs the real data and they are not there.
    """
    far = datetime(2100, 1, 1, tzinfo=UTC)
    known = archive.latest_valid_time(stations=list(chosen.stations), as_of=far)
    if known is not None and known >= chosen.last_hour:
        return 0
    if chosen.simulated:
        return _load_sample(chosen, archive)
    folder = find_data()
    if folder is None:
        raise DataError(
            "The Beijing data are not here",
            expected="the folder beijing_prsa_2013_2016 in ../shared/data or in LANTIAN_DATA",
            todo="Put them there, or replay the built-in simulation (lantian replay sample)",
        )
    from forecast.readers import prsa

    archive.write_stations(prsa.STATIONS.values())
    dataset = prsa.READER.read(folder / "beijing_prsa_2013_2016")
    return archive.write(dataset, source=prsa.MANIFEST.name, delay=chosen.delay)


def _load_sample(chosen: Scenario, archive: Archive) -> int:
    from forecast import sample as generator
    from forecast.readers.station_list import Station

    archive.write_stations(
        Station(code, name, "样例市（虚构）", 113.0 + 0.05 * number, 28.0 + 0.03 * number, "simulated", "sample")
        for number, (code, name) in enumerate(chosen.station_names.items())
    )
    dataset = generator.generate(
        seed=2015, start=chosen.first_hour, end=chosen.last_hour, stations=len(chosen.stations)
    )
    return archive.write(dataset, source="sample-generator", delay=chosen.delay)


def check_days(chosen: Scenario, first: date, last: date) -> None:
    """Refuse days that the scenario's air does not cover, with at least 400 days before them to learn from."""
    begin, end = (chosen.first_hour + timedelta(days=400)).date(), chosen.last_hour.date() - timedelta(days=1)
    if not begin <= first <= last <= end:
        raise DataError(
            "The days are outside what can be replayed", where=chosen.name, expected=f"{begin} to {end}",
            found=f"{first} to {last}",
        )  # fmt: skip


def station_names(codes: Sequence[str], archive: Archive) -> dict[str, str]:
    """Names of stations as the archive's directory has them."""
    known = {station.code: station.name for station in archive.stations()}
    return {code: known.get(code, code) for code in codes}
