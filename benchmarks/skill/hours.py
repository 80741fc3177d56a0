"""The real-time AQI of the next 72 hours beside persistence and climatology, inside the training years.

Trained on 2013-03-01 .. 2014-02-28, tried on every third issue day of the year after it: the test year of the other
benchmarks is not looked at. Effort "demo", no weather ahead, the city and two stations.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import xarray as xr

from benchmarks.skill import exchange

UNTIL, LAST = date(2014, 3, 1), date(2015, 2, 25)
EDITIONS = ("hj633-2012", "hj633-2026")
GROUPS = {"1 to 6": slice(0, 6), "7 to 24": slice(6, 24), "25 to 48": slice(24, 48), "49 to 72": slice(48, 72)}
EVERY = 3
PATHS = 200


def run() -> dict[str, Any]:
    """CRPS per group of hours, edition and way; coverage of our 80 % interval; seconds an outlook's hours take."""
    import time

    from forecast import features, hourly_paths
    from forecast.daily import city_mean
    from forecast.features import Area
    from forecast.predict import seed
    from forecast.readers import prsa
    from forecast.train import train

    if not exchange.DATA.is_dir():
        return {"skipped": f"{exchange.DATA.name} is not in ../shared/data"}
    dataset = prsa.read(exchange.DATA)
    codes = tuple(str(code) for code in dataset["station"].values)
    areas = (Area("city", codes), Area(codes[0], codes[:1]), Area(codes[6], codes[6:7]))
    model = train(dataset, until=UNTIL, areas=areas)
    sample = features.build(dataset, areas=areas, region=model.region)
    rows = np.flatnonzero((sample.days >= np.datetime64(UNTIL, "D")) & (sample.days <= np.datetime64(LAST, "D")))[
        ::EVERY
    ]
    said: dict[str, dict[str, list[np.ndarray]]] = {
        edition: {name: [] for name in ("ours", "persistence", "climatology", "seen")} for edition in EDITIONS
    }
    spent, made = 0.0, 0
    for area in areas:
        series = city_mean(dataset, stations=area.stations, minimum_share=features.KNOWN_SHARE, name=area.key)
        grid = hourly_paths.on_grid(series, LAST + (date(2014, 1, 5) - date(2014, 1, 1)), issue_hour=24)
        index = {edition: _index(grid, edition) for edition in EDITIONS}
        seeds = np.array([seed(area.key, day) for day in sample.days[rows].tolist()], dtype=np.uint64)
        daily = model.paths(sample, area=area.key, rows=rows, count=PATHS, seeds=seeds)
        for number, day in enumerate(sample.days[rows].tolist()):
            back = ((LAST + (date(2014, 1, 5) - date(2014, 1, 1))) - day).days * 24
            known = grid[: len(grid) - back]
            begun = time.perf_counter()
            found = hourly_paths.concentrations(
                known, daily[number, :, :3], day=day, issue_hour=24, seed=int(seeds[number])
            )
            if found is None:
                continue
            for edition in EDITIONS:
                ours = hourly_paths.real_time(known[-24:], found[0], edition=edition)
                past, truth = index[edition][: len(known)], index[edition][len(known) : len(known) + 72]
                if len(truth) < 72 or np.isnan(past[-1]):
                    continue
                each = said[edition]
                each["ours"].append(ours.astype(float))
                each["seen"].append(truth)
                each["climatology"].append(_climatology(past, day))
                each["persistence"].append(_persistence(past, day))
            spent += time.perf_counter() - begun
            made += 1
    return {
        "outlooks": made,
        "seconds for the hours of one outlook, both editions": round(spent / made, 2),
        **{edition: _table(each) for edition, each in said.items()},
    }


def _index(grid: np.ndarray, edition: str) -> np.ndarray:
    """(hour,) observed real-time AQI, NaN unknown."""
    from forecast import air, aqi

    labels = np.datetime64("2000-01-01T01", "us") + np.arange(len(grid)) * np.timedelta64(1, "h")
    made = air.dataset(
        {name: grid[None, :, number] for number, name in enumerate(air.POLLUTANTS)}, stations=["x"], valid_time=labels
    )
    values = aqi.of_hourly(made, edition=edition, gaps="available")
    whole = ~np.isnan(grid).any(axis=1)
    return np.where(whole, values["aqi"].values[0].astype(float), np.nan)


def _season(past: np.ndarray, day: date) -> np.ndarray:
    """Rows of the last hour of past days of the season."""
    from forecast.features import season_distance

    back = np.arange(len(past) // 24 - 1, 3, -1)
    days = np.datetime64(day, "D") - back.astype("timedelta64[D]")
    near = season_distance(np.array([day], dtype="datetime64[D]"), days) <= 40
    near = near if near.sum() >= 20 else np.argsort(back) < 30
    return len(past) - 1 - 24 * back[near]


def _climatology(past: np.ndarray, day: date) -> np.ndarray:
    """(member, hour): the same hours of past days of the season."""
    return np.stack([past[row + 1 : row + 73] for row in _season(past, day)])


def _persistence(past: np.ndarray, day: date) -> np.ndarray:
    """(member, hour): now, and how past days of the season changed from this hour on."""
    changes = np.stack([past[row + 1 : row + 73] - past[row] for row in _season(past, day)])
    return np.maximum(past[-1] + changes, 0)


def _table(each: dict[str, list[np.ndarray]]) -> dict[str, Any]:
    truth = np.stack(each["seen"])
    out: dict[str, Any] = {}
    for name in ("ours", "persistence", "climatology"):
        losses = np.stack([_crps(members, seen) for members, seen in zip(each[name], truth, strict=True)])
        out[name] = {group: round(float(np.nanmean(losses[:, part])), 1) for group, part in GROUPS.items()}
    inside = np.stack(
        [
            np.where(
                np.isnan(seen),
                np.nan,
                (np.quantile(members, 0.1, axis=0) <= seen) & (seen <= np.quantile(members, 0.9, axis=0)),
            )
            for members, seen in zip(each["ours"], truth, strict=True)
        ]
    )
    out["80 % inside"] = {group: round(float(np.nanmean(inside[:, part])), 2) for group, part in GROUPS.items()}
    return out


def _crps(members: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """(hour,) by the library scores; members of unknown hours are left out."""
    from scores.probability import crps_for_ensemble

    whole = members[~np.isnan(members).any(axis=1)] if np.isnan(members).any() else members
    said = xr.DataArray(whole, dims=("path", "hour"))
    values = crps_for_ensemble(
        said, xr.DataArray(seen, dims="hour"), ensemble_member_dim="path", method="ecdf", preserve_dims="hour"
    )
    return np.asarray(values.values)


if __name__ == "__main__":
    import json

    print(json.dumps(run(), indent=1))
