"""The weather ahead that an office has at hand: runs kept in its archive, or the table in its folder.

A model says of which it was made: one trained on the runs of a source asks that source again, one trained on a table
asks the folder's. The two are never mixed, because another service errs otherwise.
"""

from __future__ import annotations

import logging
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from forecast.guidance import Guidance
from forecast.weather_days import WeatherDay
from plans.errors import DataError

if TYPE_CHECKING:
    import xarray as xr

    from flows.post import Post
    from forecast.archive import Archive
    from forecast.features import Area
    from forecast.outlook import Outlook
    from forecast.train import Trained

log = logging.getLogger("lantian.outlook")

TABLES = ("weather.parquet", "weather.csv")
"""Tables of daily weather ahead (docs/weather.md) that are looked for in the working folder."""
NO_RUN = "没有当日的气象预报，改用无气象的模型"
UNFIT = "气象预报表不能使用，改用无气象的模型"
LACKING = "存档的气象预报缺少模型训练时的要素，改用无气象的模型"


def table_of(home: Path) -> Path | None:
    """The table of daily weather ahead in a folder; None without one."""
    return next((home / name for name in TABLES if (home / name).is_file()), None)


def for_model(post: Post, model: Trained, area: Area, now: datetime) -> tuple[xr.Dataset | None, str]:
    """The weather when the model can be asked with it at `now`, else None and what the outlook says of it."""
    from forecast import features, weather_ahead, weather_modes, weather_runs

    day = features.base_day(now, issue_hour=model.issue_hour)
    source, table = str(model.manifest["weather_runs_of"]), table_of(post.home)
    if not source and table is None:
        return None, NO_RUN
    try:
        if source:
            weather = weather_runs.for_model(Guidance(post.archive.engine), model, day=day, as_of=now)
        else:
            assert table is not None
            weather = weather_modes.read_table(table)
    except DataError as error:
        log.warning("%s cannot be used: %s", source or table, error)
        return None, NO_RUN if source else UNFIT
    try:
        model.belief.own(weather)
    except DataError as error:
        log.warning("%s cannot be used: %s", source or table, error)
        return None, LACKING if source else UNFIT
    try:
        weather_ahead.leads_known(weather, area=area, day=day, belief=model.belief)
    except DataError as error:
        log.warning("%s cannot be used: %s", source or table, error)
        return None, NO_RUN
    return weather, ""


def for_training(post: Post, which: str, *, since: date, until: date, now: datetime) -> xr.Dataset:
    """The daily weather ahead of the kept runs of a source, or of a table's file: issue days since..until.

    DataError: neither a source of which runs are kept nor a file; the table cannot be read; no run in those days, or
    none of the office's area and stations.
    """
    from forecast import weather_modes, weather_runs

    guidance = Guidance(post.archive.engine)
    kept_of = guidance.sources()
    if which not in kept_of and (Path(which).suffix or Path(which).is_file()):
        return weather_modes.read_table(Path(which))
    if which not in kept_of:
        kept = ", ".join(kept_of)
        raise DataError(
            "There is no such weather", expected=f"a .parquet or .csv, or a source with kept runs ({kept or 'none'})",
            found=which, todo="Switch the source on in sources.yaml, or load runs of the past",
        )  # fmt: skip
    places, there = [str(post.settings["area"]), *post.settings["stations"]], guidance.places(which)
    if not set(places) & set(there):
        raise DataError(
            "The runs are of other places", where=which, expected=", ".join(places)[:200], found=", ".join(there)[:200],
            todo="Name the places in sources.yaml as the office's area or stations are named",
        )  # fmt: skip
    return weather_runs.daily_ahead(
        guidance, source=which, first=since, last=until - timedelta(days=1), as_of=now, places=places
    )


def days_ahead(home: Path, archive: Archive, outlook: Outlook, stations: list[str]) -> tuple[WeatherDay, ...]:
    """The weather of the run that an outlook of this day could use, day by day; empty without one that can be read.

    The runs the outlook itself was made with, else the folder's table, else what is kept of any source. A damaged table
    stops no duty: the outlook says of it that it cannot be used.
    """
    from forecast import weather_days, weather_modes

    if outlook.weather_source:
        return weather_days.behind(archive, outlook, stations=stations)
    day, table = outlook.days[0].valid_date - timedelta(days=1), table_of(home)
    if table is not None:
        try:
            daily = weather_modes.read_table(table)
        except DataError:
            return ()
        if days := weather_days.days_of(daily, area=outlook.area, stations=stations, issue_day=day):
            return days
    said = (
        weather_days.kept(archive, outlook, source=source, stations=stations)
        for source in Guidance(archive.engine).sources()
    )
    return next(filter(None, said), ())
