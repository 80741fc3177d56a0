"""The serious opponent: per lead, LightGBM quantile models of log AQI, conformally calibrated on folds.

One global model over the twelve stations for every lead and quantile. Predictors: the last hours, windows and days of
all six pollutants at the station and over the city, observed weather of the issue day, season, calendar, and, in the
modes that have it, the weather of the valid day, of the day before it and of the way there. Settings and the number of
trees are chosen on six folds of two-month blocks inside the training years, with nine days of embargo on both sides;
the same unseen predictions calibrate the quantiles. The model used is refitted on all training rows with two seeds.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import lightgbm as lgb
import numpy as np
import pandas as pd
from common import DAY, LEADS, POLLUTANTS, PROBABILITIES, Air, rows, write

FOLDS, BLOCK, EMBARGO = 6, 61, 9
MOST_TREES = 240
GRID = (
    {"num_leaves": 8, "min_data_in_leaf": 100, "feature_fraction": 0.25, "lambda_l2": 5.0},
    {"num_leaves": 8, "min_data_in_leaf": 300, "feature_fraction": 0.4, "lambda_l2": 20.0},
    {"num_leaves": 16, "min_data_in_leaf": 150, "feature_fraction": 0.5, "lambda_l2": 20.0},
)
"""Of a wider look: 32 leaves of 60 rows were no better (0.1 %) at three times the cost."""
KEY_WEATHER = (
    "wind_speed_mean", "wind_speed_max", "wind_north_mean", "wind_east_mean", "relative_humidity_mean",
    "dew_point_depression_mean", "temperature_mean", "pressure_mean", "calm_share", "rain_sum", "wind_north_evening",
    "wind_speed_evening", "stagnant_share",
)  # fmt: skip
SEASON_WIDTH = 45.0


class Table:
    """Predictors known at the issue, (station, day, predictor), and weather ahead by mode."""

    def __init__(self, folder: Path, air: Air) -> None:
        self.air, self.folder = air, folder
        columns = self._hours(folder, air)
        columns |= self._days(air)
        self.names = list(columns)
        self.known = np.stack([columns[name] for name in self.names], axis=-1).astype(np.float32)
        self.calendar = pd.read_parquet(folder / "calendar.parquet")
        self.observed_weather = self._weather("perfect")[0]

    def _hours(self, folder: Path, air: Air) -> dict[str, np.ndarray]:
        frame = pd.read_parquet(folder / "hourly.parquet").sort_values(["station", "ends_at"])
        count = frame.groupby("station").size().iloc[0]
        hours = frame["ends_at"].to_numpy()[:count].astype("datetime64[h]")
        slot = ((hours - air.days[0].astype("datetime64[h]")) / np.timedelta64(1, "h")).astype(int) - 1
        inside = (slot >= 0) & (slot < len(air.days) * 24)

        def hourly(name: str) -> np.ndarray:
            made = np.full((len(air.stations), len(air.days) * 24), np.nan)
            made[:, slot[inside]] = frame[name].to_numpy().reshape(len(air.stations), count)[:, inside]
            return made

        out: dict[str, np.ndarray] = {}
        shape = (len(air.stations), len(air.days), 24)
        with np.errstate(all="ignore"):
            for name in POLLUTANTS:
                cube = np.log(np.maximum(hourly(name), 0) + (0.1 if name == "co" else 3.0)).reshape(shape)
                for width in (1, 3, 6, 12, 24):
                    out[f"{name}_last{width}"] = _mean(cube[..., 24 - width :])
                out[f"{name}_max"], out[f"{name}_min"] = np.nanmax(cube, axis=-1), np.nanmin(cube, axis=-1)
                out[f"{name}_slope"] = out[f"{name}_last6"] - _mean(cube[..., :12])
                out[f"{name}_city6"] = np.broadcast_to(np.nanmean(out[f"{name}_last6"], axis=0), shape[:2])
                out[f"{name}_city24"] = np.broadcast_to(np.nanmean(out[f"{name}_last24"], axis=0), shape[:2])
            angle, speed = np.deg2rad(hourly("wind_direction")), hourly("wind_speed")
            weather = {
                "t": hourly("temperature"),
                "td": hourly("temperature") - hourly("dew_point"),
                "dew": hourly("dew_point"),
                "p": hourly("pressure"),
                "ws": speed,
                "u": -speed * np.sin(angle),
                "v": -speed * np.cos(angle),
            }
            for name, series in weather.items():
                cube = np.broadcast_to(np.nanmean(series, axis=0), series.shape).reshape(shape)
                out[f"w_{name}_24"], out[f"w_{name}_6"] = _mean(cube), _mean(cube[..., 18:])
                out[f"w_{name}_change"] = out[f"w_{name}_6"] - out[f"w_{name}_24"]
                out[f"w_{name}_step"] = out[f"w_{name}_24"] - _shift(out[f"w_{name}_24"], 1)
            out["w_rain"] = np.nansum(hourly("rain").reshape(shape), axis=-1)
        return out

    def _days(self, air: Air) -> dict[str, np.ndarray]:
        out = {}
        log = np.log(np.maximum(air.aqi_any, 5))
        city = np.broadcast_to(np.nanmean(log, axis=0), log.shape)
        for name, series in (("aqi", log), ("city", city)):
            for back in (0, 1, 2, 3, 6, 7):
                out[f"{name}_lag{back}"] = _shift(series, back)
            for width in (3, 7, 14, 30):
                stack = np.stack([_shift(series, back) for back in range(width)], axis=-1)
                with np.errstate(all="ignore"):
                    out[f"{name}_mean{width}"], out[f"{name}_max{width}"] = _mean(stack), np.nanmax(stack, axis=-1)
                    if width == 7:
                        out[f"{name}_std{width}"] = np.nanstd(stack, axis=-1)
        for name in ("pm25", "o3_8h", "no2", "pm10"):
            series = np.log(np.maximum(air.values[name], 0) + 3)
            for back in (0, 1, 2):
                out[f"{name}_lag{back}"] = _shift(series, back)
        usual = np.nanmean(np.where(air.train, log, np.nan), axis=1)
        out["station_usual"] = np.broadcast_to(usual[:, None], log.shape)
        out["station"] = np.broadcast_to(np.arange(len(log))[:, None], log.shape).astype(float)
        return out

    def _weather(self, mode: str) -> tuple[np.ndarray, np.ndarray, list[str]]:
        """(station, day, n) of the day itself, (station, issue day, lead, n) ahead, and the names."""
        air = self.air
        frame = pd.read_parquet(self.folder / f"weather_{mode}.parquet")
        names = [name for name in frame if name not in ("station", "issue_date", "valid_date")]
        issue = frame["issue_date"].to_numpy().astype("datetime64[D]")
        lead = ((frame["valid_date"].to_numpy().astype("datetime64[D]") - issue) / DAY).astype(int) - 1
        at = ((issue - air.days[0]) / DAY).astype(int)
        place = frame["station"].map({code: number for number, code in enumerate(air.stations)}).to_numpy()
        ahead = np.full((len(air.stations), len(air.days), LEADS, len(names)), np.nan, dtype=np.float32)
        inside = (at >= 0) & (at < len(air.days))
        ahead[place[inside], at[inside], lead[inside]] = frame.loc[inside, names].to_numpy(dtype=np.float32)
        own = np.full((len(air.stations), len(air.days), len(names)), np.nan, dtype=np.float32)
        own[:, 1:] = ahead[:, :-1, 0]
        return own, ahead, names

    def predictors(self, lead: int, mode: str) -> tuple[np.ndarray, list[str]]:
        """(station, day, predictor) for a lead under a mode."""
        air = self.air
        valid = air.days + lead * DAY
        start = self.calendar["date"].to_numpy().astype("datetime64[D]")[0]
        where = ((valid - start) / DAY).astype(int)
        year = 2 * np.pi * (valid.astype(np.int64) % 365.2425) / 365.2425
        extra = [np.sin(year), np.cos(year), np.sin(2 * year), np.cos(2 * year)]
        names = ["sin1", "cos1", "sin2", "cos2"]
        for name in self.calendar:
            if name != "date":
                extra.append(self.calendar[name].to_numpy()[where])
                names.append(name)
        fixed = np.broadcast_to(np.stack(extra, axis=-1), (len(air.stations), len(valid), len(names)))
        parts, labels = [self.known, fixed.astype(np.float32)], [*self.names, *names]
        if mode != "none":
            _, ahead, weather = self._weather(mode)
            keys = [weather.index(name) for name in KEY_WEATHER]
            before = self.observed_weather if lead == 1 else ahead[:, :, lead - 2]
            way = np.nanmean(ahead[:, :, :lead], axis=2)[..., keys] if lead > 1 else None
            two = self.observed_weather if lead == 2 else ahead[:, :, lead - 3] if lead > 2 else None
            parts += [ahead[:, :, lead - 1], before[..., keys], ahead[:, :, lead - 1][..., keys] - before[..., keys]]
            labels += [*weather, *(f"before_{name}" for name in KEY_WEATHER), *(f"step_{name}" for name in KEY_WEATHER)]
            if way is not None:
                parts.append(way)
                labels += [f"way_{name}" for name in KEY_WEATHER]
            if two is not None:
                parts.append(two[..., keys])
                labels += [f"two_{name}" for name in KEY_WEATHER]
        return np.concatenate(parts, axis=-1), labels


def _mean(values: np.ndarray) -> np.ndarray:
    known = ~np.isnan(values)
    return np.where(
        known.any(axis=-1), np.where(known, values, 0).sum(axis=-1) / np.maximum(known.sum(axis=-1), 1), np.nan
    )


def _shift(values: np.ndarray, days: int) -> np.ndarray:
    out = np.full_like(values, np.nan)
    out[:, days:] = values[:, : values.shape[1] - days] if days else values
    return out


class Problem:
    """One lead and mode: training rows, folds, test rows."""

    def __init__(self, table: Table, lead: int, mode: str) -> None:
        air = table.air
        x, self.labels = table.predictors(lead, mode)
        log = np.log(np.maximum(air.aqi_any, 5))
        y = np.full(log.shape, np.nan)
        y[:, :-lead] = log[:, lead:]
        valid = np.arange(len(air.days)) + lead
        last = air.place(np.datetime64("2015-03-01", "D"))
        train = ~np.isnan(y) & (valid < last) & (np.arange(len(air.days)) >= 7)
        _, day = np.nonzero(train)
        self.x, self.y, self.day = x[train], y[train], day
        block = day // BLOCK
        self.fold = (block + block // FOLDS) % FOLDS  # the same season of the two years falls into different folds
        edges = np.flatnonzero(np.diff(np.arange(len(air.days)) // BLOCK)) + 1
        self.edge = np.min(np.abs(day[:, None] - edges[None, :] + 0.5), axis=1)
        self.test = x[:, [air.place(issue) for issue in air.issues]]
        self.season = air.days[day]
        self.usable = {fold: self._outside(fold) for fold in range(FOLDS)}

    def _outside(self, fold: int) -> np.ndarray:
        """Rows that may train a fold: none of it, none within the embargo of it."""
        held = np.unique(self.day[self.fold == fold])
        near = np.unique((held[:, None] + np.arange(-EMBARGO, EMBARGO + 1)).ravel())
        return ~np.isin(self.day, near)


def settings(choice: dict, alpha: float, seed: int = 1) -> dict:
    return {
        "objective": "quantile", "alpha": alpha, "learning_rate": 0.07, "max_bin": 63, "bagging_fraction": 0.7,
        "bagging_freq": 1, "num_threads": 1, "verbosity": -1, "seed": seed, **choice,
    }  # fmt: skip


def unseen(
    problem: Problem, choice: dict, alpha: float, trees: int, *, search: bool = False
) -> tuple[np.ndarray, int, float]:
    """Predictions for rows left out, the number of trees (the best over the folds when searched), their loss."""
    boosters, losses = [], np.zeros(trees)
    whole = lgb.Dataset(problem.x, problem.y, params={"max_bin": 63, "verbosity": -1}, free_raw_data=False).construct()
    for fold in range(FOLDS):
        inside, out = np.flatnonzero(problem.usable[fold]), np.flatnonzero(problem.fold == fold)
        seen: dict = {}
        booster = lgb.train(
            settings(choice, alpha), whole.subset(inside), num_boost_round=trees,
            valid_sets=[whole.subset(out)] if search else None,
            callbacks=[lgb.record_evaluation(seen)] if search else None,
        )  # fmt: skip
        if search:
            losses += np.array(seen["valid_0"]["quantile"]) * len(out)
        boosters.append((booster, out))
    losses /= len(problem.y)
    best = int(np.argmin(losses)) + 1 if search else trees
    said = np.empty(len(problem.y))
    for booster, out in boosters:
        said[out] = booster.predict(problem.x[out], num_iteration=best)
    return said, best, float(losses[best - 1])


def conformal(said: np.ndarray, problem: Problem, days: np.ndarray) -> np.ndarray:
    """(day, quantile): what to add to each quantile so that, on unseen days of the season, it holds its share.

    Half of the way from the shift over all days to the one of the season: a season has few independent days.
    """
    out = np.empty((len(days), 7))
    residual = problem.y[:, None] - said
    every = np.array([np.quantile(residual[:, i], p) for i, p in enumerate(PROBABILITIES)])
    cache: dict = {}
    for row, day in enumerate(days):
        key = int(day.astype(np.int64) % 365.2425) // 10
        if key not in cache:
            apart = np.abs((problem.season - day) / DAY) % 365.2425
            near = np.minimum(apart, 365.2425 - apart) <= SEASON_WIDTH
            cache[key] = np.array([np.quantile(residual[near, i], p) for i, p in enumerate(PROBABILITIES)])
        out[row] = 0.5 * every + 0.5 * cache[key]
    return out


def primary_of(problem: Problem, table: Table, lead: int) -> np.ndarray:
    """(station, issue) names: the likeliest primary pollutant, by one multiclass model on the days that had one."""
    air = table.air
    mask = air.values["primary"].astype(int)
    first = np.argmax([(mask >> bit) & 1 for bit in range(6)], axis=0)
    target = np.full(mask.shape, -1)
    target[:, :-lead] = np.where(mask[:, lead:] > 0, first[:, lead:], -1)
    valid = np.arange(len(air.days)) + lead
    last = air.place(np.datetime64("2015-03-01", "D"))
    log_known = ~np.isnan(np.concatenate([air.aqi_any[:, lead:], np.full((len(mask), lead), np.nan)], axis=1))
    train = log_known & (valid < last) & (np.arange(len(air.days)) >= 7)
    label = target[train]
    there = label >= 0
    kinds = np.unique(label[there])
    booster = lgb.train(
        {"objective": "multiclass", "num_class": len(kinds), "learning_rate": 0.05, "num_leaves": 8, "max_bin": 63,
         "min_data_in_leaf": 80, "feature_fraction": 0.25, "bagging_fraction": 0.7, "bagging_freq": 1,
         "num_threads": 1, "verbosity": -1, "seed": 1},
        lgb.Dataset(problem.x[there], np.searchsorted(kinds, label[there])), num_boost_round=80,
    )  # fmt: skip
    said = booster.predict(problem.test.reshape(-1, problem.test.shape[-1])).argmax(axis=1)
    return np.array(POLLUTANTS, dtype=object)[kinds[said]].reshape(problem.test.shape[:2])


def choose(table: Table, mode: str) -> dict:
    """The setting with the least pinball loss of the median over leads 1, 3 and 6, on the folds."""
    problems = [Problem(table, lead, mode) for lead in (1, 3, 6)]
    losses = [sum(unseen(problem, choice, 0.5, 150, search=True)[2] for problem in problems) for choice in GRID]
    for choice, loss in zip(GRID, losses, strict=True):
        print(f"{mode}: {choice} -> {loss:.5f}", file=sys.stderr, flush=True)
    return GRID[int(np.argmin(losses))]


def main(folder: Path, modes: list[str]) -> None:
    air = Air(folder)
    table = Table(folder, air)
    for mode in modes:
        begun = time.perf_counter()
        choice = choose(table, mode)
        made = np.empty((len(air.stations), len(air.issues), LEADS, 7))
        primary = np.empty(made.shape[:3], dtype=object)
        log: dict = {"setting": choice, "leads": {}}
        for lead in range(1, LEADS + 1):
            problem = Problem(table, lead, mode)
            said = np.empty((len(problem.y), 7))
            flat = problem.test.reshape(-1, problem.test.shape[-1])
            test = np.zeros((len(flat), 7))
            said[:, 3], trees, _ = unseen(problem, choice, 0.5, MOST_TREES, search=True)
            for number, alpha in enumerate(PROBABILITIES):
                if alpha != 0.5:
                    said[:, number] = unseen(problem, choice, alpha, trees)[0]
                for seed in (11, 12):
                    booster = lgb.train(
                        settings(choice, alpha, seed), lgb.Dataset(problem.x, problem.y), num_boost_round=trees
                    )
                    test[:, number] += booster.predict(flat) / 2
            said = np.sort(said, axis=1)
            shift = conformal(said, problem, air.issues + lead * DAY)
            test = np.sort(test, axis=1).reshape(len(air.stations), len(air.issues), 7) + shift[None]
            made[:, :, lead - 1] = np.exp(np.sort(test, axis=-1))
            primary[:, :, lead - 1] = primary_of(problem, table, lead)
            error = problem.y[:, None] - said
            pinball = np.maximum(PROBABILITIES * error, (PROBABILITIES - 1) * error).mean()
            log["leads"][lead] = {"trees": trees, "pinball_of_log_on_folds": round(float(pinball), 5)}
            print(
                f"{mode} lead {lead}: trees {trees}, folds {pinball:.5f}, {time.perf_counter() - begun:.0f} s",
                file=sys.stderr,
                flush=True,
            )
        write(rows(air, made, model="LightGBM quantile", mode=mode, primary=primary), folder, f"lightgbm_{mode}")
        (folder / f"lightgbm_{mode}.json").write_text(json.dumps(log, indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or ["none", "forecast", "perfect"])
