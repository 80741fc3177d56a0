"""The declared ways weather of the days ahead enters a forecast, and the tables they come in.

none: nothing is known of the weather ahead. forecast: a run of a weather model known at the issue. perfect: what was
observed on the day itself; for hindcasts only, because nobody had it. `degraded_weather` stands in for forecasts where
none were kept: the observed weather drawn towards climatology, plus an error that grows with the lead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from forecast.features import LEADS, Area, season_distance, year_angle
from forecast.weather import DAILY, check_daily, labelled, observed_daily
from plans.errors import DataError
from plans.whole_file import whole_file

if TYPE_CHECKING:
    import pandas as pd

WEIGHTS: tuple[float, ...] = tuple(round(float(w), 4) for w in np.linspace(0.95, 0.45, LEADS))
"""Per lead: how much of the observed departure from climatology a degraded forecast still holds."""

_SEASON = 30.0
_APART = 15.0
_KEYS = ("station", "issue_date", "valid_date")


def perfect_weather(dataset: xr.Dataset, *, areas: Sequence[Area]) -> xr.Dataset:
    """Daily weather (area, issue_date, lead) that equals what was observed on the valid day; hindcasts only.

    `dataset`: hourly air with weather (contract forecast.air). NaN where the day was not observed or lies outside.
    """
    return _perfect(observed_daily(dataset, areas=areas))


def _perfect(observed: xr.Dataset) -> xr.Dataset:
    days = observed["valid_date"].values
    issues = np.concatenate([days[:1] - np.timedelta64(1, "D"), days])  # the first day was ahead of the day before it
    out = {}
    for name in map(str, observed):
        values = observed[name].values
        ahead = np.full((values.shape[0], len(issues), LEADS), np.nan)
        for lead in range(1, LEADS + 1):
            there = max(0, len(days) - lead + 1)
            ahead[:, :there, lead - 1] = values[:, lead - 1 :]
        out[name] = (("area", "issue_date", "lead"), ahead)
    coords = {"area": observed["area"].values, "issue_date": issues, "lead": np.arange(1, LEADS + 1)}
    return check_daily(
        labelled(xr.Dataset(out, coords=coords, attrs={"weather_mode": "perfect", "source": "observed"}))
    )


def degraded_weather(
    dataset: xr.Dataset, *, areas: Sequence[Area], climate_until: date, seed: int = 20150301
) -> xr.Dataset:
    """A stand-in for weather forecasts, mode "forecast": daily weather (area, issue_date, lead).

    At lead k it is climatology + w_k * observed departure + sqrt(1 - w_k^2) * error, with w falling from 0.95 to 0.45
    (WEIGHTS). Climatology: two harmonics of the year per area and variable, from days before `climate_until` only. The
    error of a run is the departures of seven consecutive days of the same season of those years, drawn at random, the
    same days for all areas and variables: so errors hang together in time, space and between variables as weather
    does, and averaging areas does not remove them. Equal seeds give equal weather; the draw of an issue day depends on
    that day and the seed only. Amounts and speeds stay >= 0, shares within 0..1. One run is one issue date: nobody may
    use another run for it than its own.
    """
    observed, weight = observed_daily(dataset, areas=areas), np.array(WEIGHTS)
    errs = {str(name): Errs(weight, np.sqrt(1 - weight**2)) for name in observed}
    made = made_runs(observed, errs=errs, until=climate_until, seed=seed)
    made.attrs |= {
        "weather_mode": "forecast",
        "source": f"degraded from observations, seed {seed}",
        "simulated": "true",
    }
    return check_daily(made)


@dataclass(frozen=True, slots=True, eq=False)
class Errs:
    """How a variable of a run errs, per lead."""

    kept: np.ndarray
    """How much of the observed departure from climatology the run still holds."""
    spread: np.ndarray
    """The size of its error beside that of observed departures."""


def made_runs(observed: xr.Dataset, *, errs: Mapping[str, Errs], until: date, seed: int) -> xr.Dataset:
    """Runs (area, issue_date, lead) made of observed daily weather (area, valid_date), in the variables of `errs`.

    At each lead climatology + kept * observed departure + spread * error; climatology and errors as
    :func:`degraded_weather` has them, from days before `until`. NaN where the valid day is not observed. DataError:
    less than 60 days before `until`.
    """
    days = observed["valid_date"].values.astype("datetime64[D]")
    past = days < np.datetime64(until, "D")
    if past.sum() < 60:
        raise DataError("The climatology is too short", expected="60 days or more", found=f"{int(past.sum())} days")
    made = _perfect(observed[list(errs)])
    issues = made["issue_date"].values.astype("datetime64[D]")
    valid = issues[:, None] + np.arange(1, LEADS + 1) * np.timedelta64(1, "D")
    starts = _drawn(days[past][: -LEADS + 1], issues, seed)
    for name, err in errs.items():
        values = observed[name].values
        usual = _harmonics(values, days, past)
        error = _filled(values - _at(usual, days))[:, starts[:, None] + np.arange(LEADS)]
        normal = _at(usual, valid.ravel()).reshape(values.shape[0], *valid.shape)
        mixed = normal + err.kept * (made[name].values - normal) + err.spread * error
        rule = DAILY.get(name)
        made[name].values[:] = np.clip(mixed, rule.low, rule.high) if rule else mixed
    return in_order(made)


def in_order(daily: xr.Dataset) -> xr.Dataset:
    """The daily weather with no mean temperature below the least, nor the largest below the mean."""
    for smaller, larger in (("temperature_min", "temperature_mean"), ("temperature_mean", "temperature_max")):
        if smaller in daily and larger in daily:
            raised = np.fmax(daily[larger].values, daily[smaller].values)
            daily = daily.assign({larger: daily[larger].copy(data=raised)})
    return daily


def climate(daily: xr.DataArray, valid: np.ndarray, *, until: date) -> np.ndarray:
    """(area, *valid.shape): two harmonics of the year per area, from days of (area, valid_date) before `until`."""
    days = daily["valid_date"].values.astype("datetime64[D]")
    values = daily.transpose("area", "valid_date").values
    usual = _harmonics(values, days, days < np.datetime64(until, "D"))
    return _at(usual, valid.ravel()).reshape(len(values), *valid.shape)


def _drawn(past: np.ndarray, issues: np.ndarray, seed: int) -> np.ndarray:
    """Per issue day the place of a past day of the same season, not near the issue day itself."""
    out = np.empty(len(issues), dtype=np.intp)
    for row, issue in enumerate(issues):
        near = season_distance(np.array([issue]), past) <= _SEASON
        near &= np.abs((past - issue) / np.timedelta64(1, "D")) > _APART
        choice = np.flatnonzero(near) if near.any() else np.arange(len(past))
        random = np.random.default_rng([seed, int(issue.astype(np.int64))])
        out[row] = random.choice(choice)
    return out


def season_terms(days: np.ndarray) -> np.ndarray:
    """(day, 5): one and two harmonics of the year."""
    angle = 2 * np.pi * year_angle(days)
    waves = [wave(order * angle) for order in (1, 2) for wave in (np.sin, np.cos)]
    return np.column_stack([np.ones(len(days)), *waves])


def _harmonics(values: np.ndarray, days: np.ndarray, past: np.ndarray) -> np.ndarray:
    """(area, term): the climatology's coefficients; NaN where an area never had a value."""
    out = np.full((len(values), 5), np.nan)
    for row, series in enumerate(values):
        there = past & ~np.isnan(series)
        if there.sum() >= 30:
            design = season_terms(days[there])
            out[row] = np.linalg.solve(design.T @ design + 1e-6 * np.eye(5), design.T @ series[there])
    return out


def _at(coefficients: np.ndarray, days: np.ndarray) -> np.ndarray:
    return np.asarray(coefficients @ season_terms(days).T)


def _filled(departures: np.ndarray) -> np.ndarray:
    """Departures with gaps as 0: an error drawn from a gap is none."""
    return np.where(np.isnan(departures), 0.0, departures)


# tables -------------------------------------------------------------------------------------------------------------


def read_table(path: str | Path, *, mode: str = "forecast") -> xr.Dataset:
    """Daily weather (area, issue_date, lead) of a .parquet or .csv with station, issue_date, valid_date and variables.

    Every other column of numbers is a variable; those named in DAILY are checked against their range. DataError: no
    such file, a column missing or not of numbers, a lead outside 1..7, a row twice.
    """
    import pandas as pd

    path = Path(path)
    if not path.is_file():
        raise DataError("The weather table is not there", where=path.name, expected=".parquet or .csv")
    if path.suffix not in (".parquet", ".csv"):
        raise DataError(
            "The kind of table is not known", where=path.name, expected=".parquet | .csv", found=path.suffix
        )
    try:
        frame = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, dtype={"station": str})
    except (ValueError, OSError) as error:
        raise DataError("The weather table cannot be read", where=path.name, found=str(error)[:120]) from error
    for name in _KEYS:
        if name not in frame:
            raise DataError(
                "A column is missing", where=path.name, expected=name, found=", ".join(map(str, frame))[:200]
            )
    return _of_frame(frame, path.name, mode)


def _of_frame(frame: pd.DataFrame, where: str, mode: str) -> xr.Dataset:
    import pandas as pd

    frame = frame.reset_index(drop=True)
    dates = {}
    for name in ("issue_date", "valid_date"):
        given = frame[name]
        if isinstance(given.dtype, pd.DatetimeTZDtype):  # a day of Beijing, not the day it is then in Greenwich
            given = given.dt.tz_convert("Asia/Shanghai").dt.tz_localize(None).dt.normalize()
        given = given if given.dtype.kind == "M" else given.astype("str").str.slice(0, 10)
        made = pd.to_datetime(given, format="%Y-%m-%d", errors="coerce").to_numpy().astype("datetime64[D]")
        if np.isnat(made).any():
            row = int(np.flatnonzero(np.isnat(made))[0])
            raise DataError(
                f"{name} is not a day", where=f"{where} row {row + 1}", expected="YYYY-MM-DD", found=frame[name][row]
            )
        dates[name] = made
    blank = frame["station"].isna() | (frame["station"].astype("str").str.strip() == "")
    if blank.any():
        where = f"{where} row {int(np.flatnonzero(blank)[0]) + 1}"
        raise DataError("A row names no station", where=where, expected="a station or area", found="an empty cell")
    said = sorted(set(frame["weather_mode"].dropna().astype("str"))) if "weather_mode" in frame else []
    if set(said) - {mode}:
        raise DataError("The table says another weather mode", where=where, expected=mode, found=", ".join(said)[:100])
    lead = ((dates["valid_date"] - dates["issue_date"]) / np.timedelta64(1, "D")).astype(int)
    if ((lead < 1) | (lead > LEADS)).any():
        row = int(np.flatnonzero((lead < 1) | (lead > LEADS))[0])
        where, expected = f"{where} row {row + 1}", f"1..{LEADS} days after issue_date"
        raise DataError("The valid_date is out of reach", where=where, expected=expected, found=int(lead[row]))
    stations, place = np.unique(frame["station"].astype("str").to_numpy(dtype=object), return_inverse=True)
    issues, issue = np.unique(dates["issue_date"], return_inverse=True)
    keys = np.stack([place, issue, lead])
    _, number = np.unique(keys, axis=1, return_counts=True)
    if (number > 1).any():
        row = int(np.flatnonzero(frame.assign(_lead=lead).duplicated(["station", "issue_date", "_lead"]))[0])
        raise DataError(
            "A row stands twice", where=f"{where} row {row + 1}", expected="one row per station, issue and day"
        )
    names = [str(name) for name in frame if name not in (*_KEYS, "lead", "weather_mode")]
    if not names:
        raise DataError("The table holds no weather", where=where, expected=", ".join(DAILY)[:200])
    out = {}
    for name in names:
        try:
            values = frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
        except (ValueError, TypeError):
            raise DataError("A weather column is not numbers", where=where, expected="numbers", found=name) from None
        array = np.full((len(stations), len(issues), LEADS), np.nan)
        array[place, issue, lead - 1] = values
        out[name] = (("area", "issue_date", "lead"), array)
    coords = {"area": stations, "issue_date": issues.astype("datetime64[us]"), "lead": np.arange(1, LEADS + 1)}
    return check_daily(labelled(xr.Dataset(out, coords=coords, attrs={"weather_mode": mode, "source": where})))


def to_frame(daily: xr.Dataset) -> pd.DataFrame:
    """The table of daily weather: station, issue_date, valid_date (days) and one column per variable; no empty rows."""
    frame = daily.to_dataframe().reset_index().rename(columns={"area": "station"})
    frame.insert(2, "valid_date", frame["issue_date"] + frame["lead"].to_numpy().astype("timedelta64[D]"))
    frame = frame.drop(columns="lead")
    names = [name for name in frame if name not in _KEYS]
    kept = frame.loc[frame[names].notna().any(axis=1), [*_KEYS, *names]]
    return kept.sort_values(list(_KEYS), ignore_index=True)


def write_table(daily: xr.Dataset, path: str | Path) -> Path:
    """The path of a .parquet or .csv of the daily weather, complete or not there at all."""
    path = Path(path)
    if path.suffix not in (".parquet", ".csv"):
        raise DataError(
            "The kind of table is not known", where=path.name, expected=".parquet | .csv", found=path.suffix
        )
    frame = to_frame(daily)
    with whole_file(path) as part:
        if path.suffix == ".parquet":
            frame.to_parquet(part, index=False)
        else:
            frame.assign(
                issue_date=frame["issue_date"].dt.strftime("%Y-%m-%d"),
                valid_date=frame["valid_date"].dt.strftime("%Y-%m-%d"),
            ).to_csv(part, index=False, lineterminator="\n")
    return path
