"""Rolling-origin backtests on the code of operations: train once on the past, then forecast every following day.

Every issue day D closes with its hour 24; predictors look at D and before, the truth is the official daily statistic of
D+1..D+7. The models compared run over the same rows. From the paths that every model gives, the table of the issue
contract follows: quantiles, exceedances and primary pollutant of daily AQI under one edition.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import BinaryIO

import numpy as np
import xarray as xr

from forecast import air, features
from forecast.features import LEADS, TARGETS, Area, Sample
from forecast.outlook import QUANTILES
from forecast.predict import aqi_of, seed
from forecast.train import Effort, Trained, train
from forecast.weather_ahead import told, weathered
from forecast.whole_days import places_told
from plans.errors import DataError
from plans.whole_file import whole_file

COLUMNS: tuple[str, ...] = (
    "station", "issue_date", "valid_date", "lead", "mean",
    *(f"q{round(probability * 100):02d}" for probability in QUANTILES),
    "p_gt100", "p_gt150", "p_gt200", "primary", "model", "weather_mode",
)  # fmt: skip
"""Of the table; AQI in whole numbers except the mean. `primary` is the likeliest primary pollutant if the day has one:
the methods count it only on days that do. (The outlook itself names none where most scenarios are at 50 or below.)"""

WEATHERED = {"blend": "blend-weather"}
"""Models that have a version with weather ahead; the others are what they are in every mode."""

PEERS: tuple[str, ...] = ("persistence", "climatology", "harmonic")
"""Models every blend is held against."""


@dataclass(frozen=True, slots=True, eq=False)
class Forecasts:
    """What one model said: AQI and PM2.5 scenarios of every area, issue day and lead."""

    model: str
    aqi: np.ndarray
    """(area, issue, lead, path) int16."""
    pm25: np.ndarray
    """(area, issue, lead, path) float32, ug/m3."""
    primary: np.ndarray
    """(area, issue, lead, pollutant): share of paths in which it is a primary pollutant."""
    without: np.ndarray | None = None
    """(area, issue): made by the model without weather, because the day had no run; None where no such day was."""


@dataclass(frozen=True, slots=True, eq=False)
class Backtest:
    """Forecasts of several models and what was observed."""

    areas: tuple[str, ...]
    issue_dates: np.ndarray
    """(issue,) datetime64[D]: the day D at whose end the forecast is made."""
    edition: str
    train_until: date
    weather_mode: str
    observed_aqi: np.ndarray
    """(area, issue, lead) float64, NaN where the day has no AQI: a pollutant missing, or outside the period."""
    observed_pm25: np.ndarray
    observed_primary: np.ndarray
    """(area, issue, lead) uint8 mask, 0 where none or unknown."""
    forecasts: Mapping[str, Forecasts]

    def rows(self, model: str) -> Iterator[dict[str, object]]:
        """The table of one model, in the order of COLUMNS: every issue day with its seven days ahead."""
        said = self.forecasts[model]
        mode = self.weather_mode if model in WEATHERED.values() else "none"
        for area, issue, lead in np.ndindex(said.aqi.shape[:3]):
            valid = self.issue_dates[issue] + np.timedelta64(lead + 1, "D")
            members = np.sort(said.aqi[area, issue, lead])
            made = np.quantile(members, QUANTILES, method="inverted_cdf")
            share = said.primary[area, issue, lead]
            yield {
                "station": self.areas[area],
                "issue_date": str(self.issue_dates[issue]),
                "valid_date": str(valid),
                "lead": lead + 1,
                "mean": round(float(members.mean()), 2),
                **{name: int(value) for name, value in zip(COLUMNS[5:12], made, strict=True)},
                **{f"p_gt{limit}": round(float(np.mean(members > limit)), 4) for limit in (100, 150, 200)},
                "primary": air.POLLUTANTS[int(share.argmax())] if share.max() > 0 else "",
                "model": model,
                "weather_mode": "none" if said.without is not None and said.without[area, issue] else mode,
            }

    def write(self, path: str | Path, *, models: Sequence[str] | None = None) -> int:
        """How many rows were written as .csv or .parquet, complete or not at all; DataError for another kind."""
        path = check_target(path)
        rows = (row for model in models or tuple(self.forecasts) for row in self.rows(model))
        with whole_file(path) as part, part.open("wb") as raw:
            return _parquet(raw, rows) if path.suffix == ".parquet" else _csv(raw, rows)


def _csv(raw: BinaryIO, rows: Iterable[Mapping[str, object]]) -> int:
    with io.TextIOWrapper(raw, encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        count = 0
        for row in rows:
            writer.writerow(row)
            count += 1
    return count


def _parquet(raw: BinaryIO, rows: Iterable[Mapping[str, object]]) -> int:
    """Dates as timestamps of the day's begin, the rest as in the CSV."""
    import pandas as pd

    frame = pd.DataFrame(list(rows), columns=list(COLUMNS))
    for name in ("issue_date", "valid_date"):
        frame[name] = pd.to_datetime(frame[name]).astype("datetime64[us]")
    frame.to_parquet(raw, index=False)
    return len(frame)


def check_target(path: str | Path) -> Path:
    """The path of a table that can be written there; DataError for a kind of file or a folder that will not do."""
    path = Path(path)
    if path.suffix not in (".parquet", ".csv"):
        raise DataError("The kind of file is not known", where=path.name, expected=".parquet | .csv")
    if not path.parent.is_dir():
        raise DataError("The folder is not there", where=str(path.parent), todo="Make it first")
    return path


def run(
    dataset: xr.Dataset,
    *,
    train_until: date,
    first: date,
    last: date,
    edition: str,
    areas: Sequence[Area] | None = None,
    models: Sequence[str] = ("blend", *PEERS),
    effort: Effort = "demo",
    paths: int = 200,
    weather: xr.Dataset | None = None,
    trained: Mapping[str, Trained] | None = None,
    say: Callable[[str], None] = lambda _text: None,
) -> Backtest:
    """Forecasts by models that saw nothing of `train_until` or later, issued at the end of every day first - 1 .. last.

    So every natural day of first..last is forecast at lead 1, and each of them is also an issue day (the last one needs
    its hours up to 20 at least). The truth kept for scoring is that of days ahead inside first..last. `areas` defaults
    to every station of the dataset; `trained` takes models already made. `weather`: daily weather ahead of the mode it
    declares; models of WEATHERED then use it, each issue day its own run. Days without a run of which a truth may be
    known are forecast by the model without weather, as an office does, and their rows say so; it is trained only then.
    Areas that can't be learned because hardly a day of them was measured are said and left out.
    DataError: `first` before `train_until` (the model would have seen its exam), days outside the data.
    """
    if first < train_until:
        expected = f"{train_until} or later"
        raise DataError("The test begins inside the training", expected=expected, found=str(first))
    if last < first:
        raise DataError("The test ends before it begins", expected=f"{first} or later", found=str(last))
    stations = [str(code) for code in dataset["station"].values]
    areas = tuple(areas) if areas is not None else tuple(Area(code, (code,)) for code in stations)
    plain = _sample(dataset, areas)
    measured = places_told(plain.until(train_until).observed)
    if measured.any() and not measured.all():
        left_out = [area.key for area, there in zip(areas, measured, strict=True) if not there]
        say(f"没有足够的数据可供训练，不作预报：{'、'.join(left_out)}")
        areas = tuple(area for area in areas if area.key not in left_out)
        plain = _sample(dataset, areas)
    if weather is not None:
        models = [WEATHERED.get(name, name) for name in models]
    before, day = np.datetime64(first, "D") - 1, np.datetime64(last, "D")
    rows = np.flatnonzero((plain.days >= before) & (plain.days <= day))
    issues = plain.days[rows]
    if len(rows) == 0 or issues[0] > before or issues[-1] < day - 1:
        expected, found = f"{plain.days[0]} to {plain.days[-1]}", f"{first} to {last}"
        raise DataError("The test days are outside the data", expected=expected, found=found)
    observed_aqi, observed_pm25, observed_primary = truth(plain, rows, last=last, edition=edition)
    forecasts = {}
    for name in models:
        own = weather if name in WEATHERED.values() else None
        made = (trained or {}).get(name) or train(
            dataset, until=train_until, areas=areas, effort=effort, model=name, weather=own
        )
        say(f"{name}：已用 {made.manifest['first_day']} 至 {made.manifest['last_day']} 的数据训练")
        sample = plain
        if own is not None:
            ahead = weathered(dataset, own, areas=areas, belief=made.belief, among=made.areas)
            sample = _sample(dataset, areas, ahead)
        forecasts[name] = _forecasts(made, sample, rows, edition=edition, count=paths)
        silent = _silent(own, made, areas=areas, issues=issues, last=day)
        if silent.any():
            bare = next(word for word, other in WEATHERED.items() if other == name)
            say(f"{int(silent.any(axis=0).sum())} 天没有气象预报，改用无气象的模型 {bare}")
            instead = (trained or {}).get(bare) or train(
                dataset, until=train_until, areas=areas, effort=effort, model=bare
            )
            those = np.flatnonzero(silent.any(axis=0))
            said = _forecasts(instead, plain, rows[those], edition=edition, count=paths)
            forecasts[name] = _filled(forecasts[name], said, silent, those)
        say(f"{name}：已预报 {len(areas)} 个区域、{len(rows)} 天")
    return Backtest(
        areas=tuple(area.key for area in areas),
        issue_dates=issues,
        edition=edition,
        train_until=train_until,
        weather_mode="none" if weather is None else str(weather.attrs["weather_mode"]),
        observed_aqi=observed_aqi,
        observed_pm25=observed_pm25,
        observed_primary=observed_primary,
        forecasts=forecasts,
    )


def _sample(dataset: xr.Dataset, areas: Sequence[Area], ahead: xr.Dataset | None = None) -> Sample:
    return features.build(dataset, areas=areas, region=features.stations_of(areas), ahead=ahead)


def truth(sample: Sample, rows: np.ndarray, *, last: date, edition: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(area, issue, lead): observed AQI, PM2.5 and primary mask of the days ahead of some rows, up to a last day.

    NaN or 0 where unknown. A day without one of the six pollutants has no observed AQI here: the largest IAQI might be
    the missing one.
    """
    ahead = sample.days[rows][:, None] + np.arange(1, LEADS + 1) * np.timedelta64(1, "D")
    inside = ahead <= np.datetime64(last, "D")
    values = np.where(inside[None, :, :, None], features.from_log(sample.targets()[:, rows]), np.nan)
    aqi, primary = aqi_of(values, edition=edition)
    whole = ~np.isnan(values).any(axis=-1)
    return np.where(whole, aqi.astype(np.float64), np.nan), values[..., 0], np.where(whole, primary, 0).astype(np.uint8)


def _forecasts(model: Trained, sample: Sample, rows: np.ndarray, *, edition: str, count: int) -> Forecasts:
    aqi, pm25, primary = [], [], []
    for area in sample.areas:
        seeds = np.array([seed(area, day) for day in sample.days[rows].tolist()], dtype=np.uint64)
        paths = model.paths(sample, area=area, rows=rows, count=count, seeds=seeds)
        index, mask = aqi_of(paths, edition=edition)
        aqi.append(np.moveaxis(index, 1, -1))
        pm25.append(np.moveaxis(paths[..., 0], 1, -1).astype(np.float32))
        bits = [(mask >> bit & 1).mean(axis=1) for bit in range(len(TARGETS))]
        primary.append(np.stack(bits, axis=-1))
    return Forecasts(model=model.name, aqi=np.stack(aqi), pm25=np.stack(pm25), primary=np.stack(primary))


def _silent(
    weather: xr.Dataset | None, model: Trained, *, areas: Sequence[Area], issues: np.ndarray, last: np.datetime64
) -> np.ndarray:
    """(area, issue): no run where the model asks for one, and a truth may be known (a day ahead up to the last)."""
    if weather is None:
        return np.zeros((len(areas), len(issues)), dtype=bool)
    silent: np.ndarray = ~told(weather, areas=areas, days=issues, belief=model.belief) & (issues < last)
    return silent


def _filled(said: Forecasts, instead: Forecasts, silent: np.ndarray, those: np.ndarray) -> Forecasts:
    """The forecasts with those of another model where `silent` (area, issue); it was asked for the issues `those`."""
    chosen, made = silent[:, those], {}
    for name in ("aqi", "pm25", "primary"):
        values = getattr(said, name).copy()
        part = values[:, those]
        part[chosen] = getattr(instead, name)[chosen]
        values[:, those] = part
        made[name] = values
    return replace(said, **made, without=silent)
