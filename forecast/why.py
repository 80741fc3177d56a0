"""Reasons of an outlook: what moves it, which past days were alike, what is new since the last run.

Drivers: the model is asked again with groups of its predictors unknown, in one order and in the reverse one; what a
group adds on average of both is its contribution, so all of them and the usual add up to the median. It says what the
model leans on, which is not a proof of what the air does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from forecast import air, features
from forecast.features import LEADS, Area, Sample, season_distance
from forecast.outlook import Outlook
from forecast.predict import aqi_of, seed
from forecast.reasons import Analogue, Change, Driver, Reasons
from forecast.train import Trained, from_archive
from forecast.weather_ahead import by_area, weathered
from forecast.whole_days import tells
from plans.errors import DataError

if TYPE_CHECKING:
    from forecast.archive import Archive

GROUPS: Mapping[str, str] = {
    "level": "当前污染水平",
    "build_up": "前几日的累积",
    "observed_weather": "已出现的天气",
    "wind_ahead": "预报的风和扩散",
    "moisture_ahead": "预报的湿度和降水",
    "warmth_ahead": "预报的气温和气压",
}
"""Groups of predictors in the order in which they are told."""

OBSERVED = ("temperature", "pressure", "dew_", "wind", "rain")
BUILD_UP = ("_day1", "_day2", "_3d", "_7d", "_30d")
AHEAD = {
    "wind_ahead": ("wind", "calm", "stagnant", "ventilation", "boundary"),
    "moisture_ahead": ("dew", "relative_humidity", "rain"),
}

AROUND = {"level": slice(0, features.REGION_LEVELS), "observed_weather": slice(features.REGION_LEVELS, None)}
"""Of the region's predictors, those that fall under a group."""

ALIKE = (
    "pm25_level_24h", "pm10_level_24h", "o3_level_24h", "no2_level_24h", "pm25_level_6h", "pm25_level_3d",
    "wind_day0", "wind_north_day0", "dew_depression_day0", "temperature_day0", "pressure_change",
)  # fmt: skip
"""Predictors by which past days are compared; where weather ahead is known, the same of the next three days too."""

ALIKE_AHEAD = ("wind_speed_mean", "wind_north_mean", "relative_humidity_mean")
SEASON = 45.0
"""Days of the year within which a past day may be an analogue."""

APART = 10
"""Days between two analogues, and between an analogue and the issue."""


def explain(
    archive: Archive,
    model: Trained,
    outlook: Outlook,
    *,
    stations: Sequence[str],
    weather: xr.Dataset | None = None,
    history: xr.Dataset | None = None,
    years: int = 4,
) -> Reasons:
    """The reasons of an outlook this model made from this archive, as known at its issue.

    Analogues are looked for in `history` up to the issue, or else in so many years of the archive.

    DataError as predict.make_outlook raises it, and when the model is not the outlook's.
    """
    if model.digest != outlook.model_digest:
        raise DataError(
            "The outlook was made by another model", expected=outlook.model_digest[:12], found=model.digest[:12]
        )
    day = features.base_day(outlook.issued_at, issue_hour=model.issue_hour)
    own = Area(outlook.area, tuple(stations))
    wanted = sorted({*model.region, *stations})
    end = features.issue_time(day, issue_hour=model.issue_hour)
    near = from_archive(archive, stations=wanted, start=end - model.memory, end=end, as_of=outlook.issued_at)
    ahead = None
    if model.weather_mode != "none":
        if weather is None:
            raise DataError("The model needs weather of the days ahead", expected=model.weather_mode, found="none")
        ahead = weathered(near, weather, areas=[own], belief=model.belief, among=model.areas)
    sample = features.build(near, areas=[own], region=model.region, issue_hour=model.issue_hour, ahead=ahead)
    names = () if ahead is None else tuple(sorted(map(str, ahead)))
    usual, drivers = _drivers(model, sample, outlook, day, names)
    if history is None:
        start = end - timedelta(days=366 * years)
        history = from_archive(archive, stations=list(stations), start=start, end=end, as_of=outlook.issued_at)
    else:
        history = history.isel(valid_time=np.flatnonzero(history["valid_time"].values <= air.utc(end)))
    found = analogues(history, own, day, issue_hour=model.issue_hour, edition=outlook.aqi_edition, weather=weather)
    previous = _previous(archive, outlook)
    changes = () if previous is None else changed(previous, outlook)
    return Reasons(
        outlook=outlook.digest,
        area=outlook.area,
        issued_at=outlook.issued_at,
        usual=usual,
        drivers=drivers,
        analogues=found,
        changes=changes,
        compared_with=None if previous is None else previous.issued_at,
        sentences=_words(outlook, usual, drivers, found, changes, previous),
    )


# drivers --------------------------------------------------------------------------------------------------------------


def _drivers(
    model: Trained, sample: Sample, outlook: Outlook, day: date, names: tuple[str, ...]
) -> tuple[tuple[int, ...], tuple[Driver, ...]]:
    row = int(np.flatnonzero(sample.days == np.datetime64(day, "D"))[0])
    columns = groups_of(sample.names, names)
    groups = [key for key in GROUPS if len(columns[key])]
    # Whole days and the day itself keep the seeds of the outlook, so equal predictors give its very median.
    seeds = np.array([seed(outlook.area, day)], dtype=np.uint64)
    known = _Asked(model, sample, row, columns, seeds, len(outlook.aqi_paths) or 200, outlook)
    nothing, everything = known.median(()), known.median(tuple(groups))
    total = {key: np.zeros(LEADS) for key in groups}
    for order in (groups, groups[::-1]):
        before = nothing
        for place, key in enumerate(order):
            after = known.median(tuple(order[: place + 1]))
            total[key] += (after - before) / 2
            before = after
    effects = _whole(np.stack([total[key] for key in groups]), everything - nothing)
    drivers = tuple(
        Driver(key, GROUPS[key], tuple(int(value) for value in effects[number])) for number, key in enumerate(groups)
    )
    return tuple(int(value) for value in nothing), drivers


class _Asked:
    """The model, asked for its medians with only some groups of predictors known."""

    def __init__(
        self, model: Trained, sample: Sample, row: int, columns: Mapping[str, np.ndarray], seeds: np.ndarray,
        count: int, outlook: Outlook,
    ) -> None:  # fmt: skip
        self.model, self.sample, self.row, self.columns = model, sample, row, columns
        self.seeds, self.count, self.outlook = seeds, count, outlook
        self.said: dict[frozenset[str], np.ndarray] = {}

    def median(self, groups: tuple[str, ...]) -> np.ndarray:
        """(lead,) whole AQI when only these groups are known."""
        key = frozenset(groups)
        if key not in self.said:
            predictors, ahead = self.sample.predictors.copy(), self.sample.ahead.copy()
            observed = self.sample.observed.copy()
            around = np.empty(0) if self.sample.around is None else self.sample.around.copy()
            region = np.full(observed.shape[1:], np.nan)
            if self.sample.region_observed is not None:
                region = self.sample.region_observed.copy()
            for name in GROUPS:
                if name in key:
                    continue
                (ahead if name.endswith("_ahead") else predictors)[..., self.columns[name]] = np.nan
                if name == "level":
                    observed[:, self.row] = np.nan
                    region[self.row] = np.nan
                if name == "build_up":
                    observed[:, : self.row] = np.nan
                    region[: self.row] = np.nan
                if name in AROUND and around.size:
                    around[:, AROUND[name]] = np.nan
            asked = replace(
                self.sample, predictors=predictors, ahead=ahead, observed=observed,
                around=around if self.sample.around is not None else None,
                region_observed=region if self.sample.region_observed is not None else None,
            )  # fmt: skip
            paths = self.model.paths(
                asked, area=self.outlook.area, rows=np.array([self.row]), count=self.count, seeds=self.seeds
            )[0]
            aqi = aqi_of(paths, edition=self.outlook.aqi_edition)[0]
            self.said[key] = np.quantile(aqi, 0.5, axis=0, method="inverted_cdf").astype(np.float64)
        return self.said[key]


def groups_of(names: Sequence[str], ahead: Sequence[str]) -> dict[str, np.ndarray]:
    """Places of the predictors of every group; of the predictors known and of those of the weather ahead."""
    out: dict[str, list[int]] = {key: [] for key in GROUPS}
    for place, name in enumerate(names):
        if name.startswith("season_"):
            continue
        if name.startswith(OBSERVED):
            out["observed_weather"].append(place)
        else:
            out["build_up" if name.endswith(BUILD_UP) else "level"].append(place)
    for place, name in enumerate(ahead):
        group = next((key for key, starts in AHEAD.items() if name.startswith(starts)), "warmth_ahead")
        out[group].append(place)
    return {key: np.array(places, dtype=np.intp) for key, places in out.items()}


def _whole(effects: np.ndarray, total: np.ndarray) -> np.ndarray:
    """Whole numbers (group, lead) that add up to the whole total: the largest takes what rounding leaves."""
    out: np.ndarray = np.rint(effects)
    for lead in range(effects.shape[1]):
        out[np.abs(effects[:, lead]).argmax(), lead] += total[lead] - out[:, lead].sum()
    return out


# analogues ------------------------------------------------------------------------------------------------------------


def analogues(
    history: xr.Dataset,
    area: Area,
    day: date,
    *,
    issue_hour: int,
    edition: str,
    weather: xr.Dataset | None = None,
    count: int = 3,
) -> tuple[Analogue, ...]:
    """The past days of the season most like `day`, at least APART days from it and from each other, likest first.

    Compared are levels, build-up and observed weather; with `weather` of the area also what the next three days then
    brought beside what is forecast now. Only days whose week was over by `day` count.
    """
    sample = features.build(history, areas=[area], region=area.stations, issue_hour=issue_hour)
    row = np.flatnonzero(sample.days == np.datetime64(day, "D"))
    if not len(row):
        return ()
    table = sample.predictors[0][:, [sample.names.index(name) for name in ALIKE]]
    if weather is not None and area.key in (weather := by_area(weather, [area]))["area"].values:
        table = np.concatenate([table, _weather_after(history, area, sample.days, weather, day)], axis=1)
    known = ~np.isnan(table)
    spread = np.array([np.nanstd(table[known[:, c], c]) if known[:, c].any() else 1.0 for c in range(table.shape[1])])
    apart = (table - table[row[0]]) / np.where(spread > 0, spread, 1.0)
    compared = ~np.isnan(apart)
    enough = compared.sum(axis=1) >= max(1, compared[row[0]].sum() // 2)
    distance = (np.where(compared, apart, 0.0) ** 2).sum(axis=1) / np.maximum(compared.sum(axis=1), 1)
    whole = tells(sample.observed[0])  # a day whose own index nobody knows is no example
    usable = enough & whole & (sample.days <= np.datetime64(day - timedelta(days=max(APART, LEADS + 1)), "D"))
    usable &= season_distance(sample.days, np.full(len(sample.days), np.datetime64(day, "D"))) <= SEASON
    aqi = aqi_of(features.from_log(sample.observed[0]), edition=edition)[0] if usable.any() else np.empty(0)
    chosen: list[Analogue] = []
    for place in np.argsort(np.where(usable, distance, np.inf), kind="stable"):
        if not usable[place] or len(chosen) == count:
            break
        then = sample.days[place].astype(object)
        if any(abs((one.day - then).days) < APART for one in chosen):
            continue
        after = tuple(
            int(aqi[place + lead]) if place + lead < len(aqi) and whole[place + lead] else None
            for lead in range(1, LEADS + 1)
        )
        likeness = round(float(np.exp(-0.5 * distance[place])), 2)
        chosen.append(Analogue(then, likeness, int(aqi[place]), after))
    return tuple(chosen)


def _weather_after(history: xr.Dataset, area: Area, days: np.ndarray, weather: xr.Dataset, day: date) -> np.ndarray:
    """(day, value): what the next three days brought; in the row of `day` what the run says."""
    from forecast.weather import observed_daily

    seen = observed_daily(history, areas=[area])
    dates = seen["valid_date"].values.astype("datetime64[D]")
    out = []
    run = weather.sel(area=area.key)
    at = np.flatnonzero(run["issue_date"].values.astype("datetime64[D]") == np.datetime64(day, "D"))
    for name in ALIKE_AHEAD:
        if name not in seen or name not in run:
            continue
        for lead in range(1, 4):
            place = ((days + np.timedelta64(lead, "D") - dates[0]) / np.timedelta64(1, "D")).astype(int)
            inside = (place >= 0) & (place < len(dates))
            column = np.where(inside, seen[name].values[0][np.clip(place, 0, len(dates) - 1)], np.nan)
            if len(at):
                column[days == np.datetime64(day, "D")] = run[name].values[at[0], lead - 1]
            out.append(column)
    return np.stack(out, axis=1) if out else np.empty((len(days), 0))


# changes --------------------------------------------------------------------------------------------------------------


def _previous(archive: Archive, outlook: Outlook) -> Outlook | None:
    """The outlook issued last before this one, at most ten days before."""
    earlier = archive.outlooks(
        outlook.area, start=outlook.issued_at - timedelta(days=10), end=outlook.issued_at, as_of=outlook.issued_at
    )
    return earlier[-1] if earlier else None


def changed(before: Outlook, now: Outlook) -> tuple[Change, ...]:
    """The days both speak of, one beside the other."""
    old = {day.valid_date: day for day in before.days}
    return tuple(
        Change(
            valid_date=day.valid_date,
            median_before=old[day.valid_date].median,
            median_now=day.median,
            over_200_before=old[day.valid_date].probability_above(200),
            over_200_now=day.probability_above(200),
        )
        for day in now.days
        if day.valid_date in old
    )


# words ----------------------------------------------------------------------------------------------------------------


def _words(
    outlook: Outlook,
    usual: tuple[int, ...],
    drivers: tuple[Driver, ...],
    found: tuple[Analogue, ...],
    changes: tuple[Change, ...],
    previous: Outlook | None,
) -> tuple[str, ...]:
    out = []
    for lead, day in enumerate(outlook.days):
        parts = sorted(((one.effects[lead], one.name) for one in drivers), key=lambda part: -abs(part[0]))
        told = [
            f"{name}使其升高{effect}" if effect > 0 else f"{name}使其降低{-effect}" for effect, name in parts if effect
        ][:3]
        date_ = f"{day.valid_date.month}月{day.valid_date.day}日"
        out.append(
            f"{date_}AQI中位数{day.median}：同期通常为{usual[lead]}" + ("，" + "，".join(told) if told else "") + "。"
        )
    for one in found:
        after = "、".join("缺" if value is None else str(value) for value in one.after[:3])
        year, month, day_ = one.day.year, one.day.month, one.day.day
        if one.aqi is None:
            out.append(f"与{year}年{month}月{day_}日相似，其后三天AQI为{after}。")
        else:
            out.append(f"与{year}年{month}月{day_}日相似（当日AQI {one.aqi}），其后三天AQI为{after}。")
    if previous is None:
        out.append("没有上一次展望可以比较。")
    else:
        moved = [one for one in changes if abs(one.median_now - one.median_before) >= 10]
        when = previous.issued_at.astimezone(air.BEIJING)
        said = [
            f"{one.valid_date.month}月{one.valid_date.day}日由{one.median_before}改为{one.median_now}" for one in moved
        ]
        told_ = "；".join(said) if said else "各日中位数变化都不到10"
        out.append(f"与{when.month}月{when.day}日{when.hour}时发布的展望相比：{told_}。")
    return tuple(out)
