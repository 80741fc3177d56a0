"""From an archive and a model to the Outlook that is issued: read as of the issue time, predict, turn into AQI.

The model gives joint paths of concentrations; AQI, levels, exceedances and primary pollutants follow from the paths
under the edition that is asked for. What was missing is said in Chinese in the outlook itself. Equal archive (as known
at the issue time), model, area and issue time give an equal outlook, to the digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from forecast import air, features, lacking
from forecast.aqi import calculate
from forecast.features import LEADS, TARGETS, Area
from forecast.outlook import QUANTILES, THRESHOLDS, DayOutlook, Outlook
from forecast.train import Trained, from_archive
from forecast.weather_ahead import leads_known, weathered
from plans.errors import DataError

if TYPE_CHECKING:
    from forecast.archive import Archive

WAIT = timedelta(hours=6)
"""How long after its issue hour a model may be used: later the newest hours would be left aside unsaid."""


def make_outlook(
    archive: Archive,
    model: Trained,
    *,
    area: str,
    area_name: str,
    stations: Sequence[str],
    issued_at: datetime,
    aqi_edition: str,
    paths: int = 200,
    simulated: bool = False,
    weather: xr.Dataset | None = None,
    notes: Sequence[str] = (),
) -> Outlook:
    """The seven-day outlook of an area from what the archive knew at `issued_at`.

    Lead 1 is the natural day after the model's issue hour; `issued_at` may be up to 6 h after that hour, so that late
    hours are in. `area` is a key of the model, `stations` the stations that make it up: some may be silent, or
    closed and left out, or new since the training, which the outlook then says. `weather`: daily weather ahead with a
    run for that day D, which a model trained on weather needs; leads the run says nothing of are named in the outlook.
    `notes` are told on the product before its own. Raises DataError: naive or unfitting issue time, an area the model
    was not trained for, an unknown station or none of the model's, no run for day and area, a variable of the training
    missing in it; RuleError: unknown edition.
    """
    day = _base_day(model, issued_at)
    dataset = _read(archive, model, stations, first=day, last=day, as_of=issued_at)
    simulated = simulated or bool(model.manifest["simulated"])
    return _outlook(
        dataset, model, area=area, area_name=area_name, stations=stations, issued_at=issued_at, day=day,
        aqi_edition=aqi_edition, count=paths, simulated=simulated, weather=weather, notes=notes,
    )  # fmt: skip


def make_outlooks(
    archive: Archive,
    model: Trained,
    *,
    area: str,
    area_name: str,
    stations: Sequence[str],
    first: date,
    last: date,
    aqi_edition: str,
    paths: int = 200,
    after: timedelta = timedelta(hours=1),
    simulated: bool = False,
) -> tuple[Outlook, ...]:
    """The outlooks of every day D in first..last, each issued `after` its issue hour and as of that moment."""
    made = []
    day = first
    while day <= last:
        issued_at = features.issue_time(day, issue_hour=model.issue_hour) + after
        made.append(
            make_outlook(
                archive,
                model,
                area=area,
                area_name=area_name,
                stations=stations,
                issued_at=issued_at,
                aqi_edition=aqi_edition,
                paths=paths,
                simulated=simulated,
            )
        )
        day += timedelta(days=1)
    return tuple(made)


def paths_of(
    archive: Archive,
    model: Trained,
    *,
    area: str,
    stations: Sequence[str],
    issued_at: datetime,
    count: int = 200,
    weather: xr.Dataset | None = None,
) -> np.ndarray:
    """(path, lead, TARGETS): the concentrations behind :func:`make_outlook` of the same arguments, path by path.

    Daily statistics, ug/m3 (co mg/m3); a pollutant never seen in training is NaN. DataError as make_outlook raises it.
    """
    day = _base_day(model, issued_at)
    dataset = _read(archive, model, stations, first=day, last=day, as_of=issued_at)
    return _paths(dataset, model, Area(area, tuple(stations)), day=day, count=count, weather=weather)


def seed(area: str, day: date) -> int:
    """The number all luck of an outlook follows from: area and the day D behind the issue, nothing else.

    Issued an hour later with the same data, the outlook says the same; and a backtest says what operations said.
    """
    text = f"{area} {day.isoformat()}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def aqi_of(concentrations: np.ndarray, *, edition: str) -> tuple[np.ndarray, np.ndarray]:
    """AQI (int16) and primary mask (uint8) of concentrations, last axis TARGETS; a pollutant all NaN is left out."""
    values = {name: np.ascontiguousarray(concentrations[..., number]) for number, name in enumerate(TARGETS)}
    unknown = [name for name, array in values.items() if np.isnan(array).all()]
    monitored = [name.split("_")[0] for name in TARGETS if name not in unknown]
    if not monitored:
        raise DataError("No pollutant can be forecast", expected="one that was observed in training", found="none")
    done = calculate(values, edition=edition, gaps="available", monitored=monitored)
    return done.aqi, done.primary


def _base_day(model: Trained, issued_at: datetime) -> date:
    day = features.base_day(issued_at, issue_hour=model.issue_hour)
    closed = features.issue_time(day, issue_hour=model.issue_hour)
    if issued_at - closed > WAIT:
        raise DataError(
            "The model does not fit the issue time",
            expected=f"up to {WAIT.seconds // 3600} h after hour {model.issue_hour} of a day",
            found=issued_at.isoformat(),
            todo="Ask for the outlook of a moment inside those hours",
        )
    return day


def _read(
    archive: Archive, model: Trained, stations: Sequence[str], *, first: date, last: date, as_of: datetime
) -> xr.Dataset:
    wanted = sorted({*model.region, *stations})
    end = features.issue_time(last, issue_hour=model.issue_hour)
    start = features.issue_time(first, issue_hour=model.issue_hour) - model.memory
    return from_archive(archive, stations=wanted, start=start, end=end, as_of=as_of)


def _outlook(
    dataset: xr.Dataset,
    model: Trained,
    *,
    area: str,
    area_name: str,
    stations: Sequence[str],
    issued_at: datetime,
    day: date,
    aqi_edition: str,
    count: int,
    simulated: bool,
    weather: xr.Dataset | None,
    notes: Sequence[str],
) -> Outlook:
    own = Area(area, tuple(stations))
    paths = _paths(dataset, model, own, day=day, count=count, weather=weather)
    closed = features.issue_time(day, issue_hour=model.issue_hour)
    until, missing = lacking.of_data(dataset, stations, closed=closed, weather=model.manifest["weather_observed"])
    missing = (*missing, *lacking.of_model(model, own, weather, day=day))
    aqi, primary = aqi_of(paths, edition=aqi_edition)
    days = tuple(
        _day(day + timedelta(days=lead), lead, aqi[:, lead - 1], primary[:, lead - 1], paths[:, lead - 1])
        for lead in range(1, LEADS + 1)
    )
    return Outlook(
        area=area,
        area_name=area_name,
        issued_at=issued_at,
        data_until=until,
        aqi_edition=aqi_edition,
        model=model.name,
        model_digest=model.digest,
        weather_mode=model.weather_mode,
        simulated=simulated,
        mode_notes=(*notes, *missing),
        days=days,
        aqi_paths=tuple(tuple(int(value) for value in path) for path in aqi),
        weather_source="" if weather is None else str(weather.attrs.get("runs_of", "")),
        weather_received_at=_received(weather),
    )


def _received(weather: xr.Dataset | None) -> datetime | None:
    """When the newest run that could be used came; None where that is not known."""
    text = "" if weather is None else str(weather.attrs.get("received_at", ""))
    return datetime.fromisoformat(text) if text else None


def _paths(
    dataset: xr.Dataset, model: Trained, area: Area, *, day: date, count: int, weather: xr.Dataset | None
) -> np.ndarray:
    if not set(area.stations) & set(model.area(area.key).stations):
        raise DataError(
            "The stations are none of those the model was trained with", where=area.key,
            expected=", ".join(model.area(area.key).stations)[:200], found=", ".join(area.stations)[:200],
        )  # fmt: skip
    ahead = _ahead(dataset, model, weather, area, day)
    sample = features.build(dataset, areas=[area], region=model.region, issue_hour=model.issue_hour, ahead=ahead)
    row = np.flatnonzero(sample.days == np.datetime64(day, "D"))
    seeds = np.array([seed(area.key, day)], dtype=np.uint64)
    paths: np.ndarray = model.paths(sample, area=area.key, rows=row, count=count, seeds=seeds)[0]
    return paths


def _ahead(dataset: xr.Dataset, model: Trained, weather: xr.Dataset | None, area: Area, day: date) -> xr.Dataset | None:
    """The weather predictors a model asks for; DataError when there is no run of its mode for the day and the area."""
    if model.weather_mode == "none":
        return None
    mode = "none" if weather is None else str(weather.attrs.get("weather_mode"))
    if weather is None or mode != model.weather_mode:
        todo = "Give the weather, or use a model without"
        raise DataError("The model needs weather of the days ahead", expected=model.weather_mode, found=mode, todo=todo)
    leads_known(weather, area=area, day=day, belief=model.belief)
    return weathered(dataset, weather, areas=[area], belief=model.belief, among=model.areas)


def _day(valid: date, lead: int, aqi: np.ndarray, primary: np.ndarray, paths: np.ndarray) -> DayOutlook:
    count = len(aqi)
    levels = np.searchsorted([50, 100, 150, 200, 300], aqi, side="left")
    masks = {name: float(np.mean(primary >> bit & 1)) for bit, name in enumerate(air.POLLUTANTS)}
    known = ~np.isnan(paths).all(axis=0)
    return DayOutlook(
        valid_date=valid,
        lead_days=lead,
        aqi_quantiles=quantiles(aqi),
        level_probabilities=tuple(float(np.sum(levels == level)) / count for level in range(6)),
        exceedance=tuple(float(np.mean(aqi > threshold)) for threshold in THRESHOLDS),
        primary_probabilities=masks,
        concentration_medians={
            name: round(float(np.median(paths[:, number])), 1 if name == "co" else 0)
            for number, name in enumerate(air.POLLUTANTS)
            if known[number]
        },
    )


def quantiles(aqi: np.ndarray) -> tuple[int, ...]:
    """AQI at QUANTILES, each the value of a scenario (no value between two scenarios is invented)."""
    made = np.quantile(aqi, QUANTILES, method="inverted_cdf")
    return tuple(int(value) for value in made)
