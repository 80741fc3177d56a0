"""Forty cities without weather, rolling origin: the same code against persistence and climatology at every lead.

City values of ../shared/data/china_city_hourly_2018_2019 (seven months). Four origins, a month each: a model never sees
a day of the month it is asked about. Effort "demo" (seconds), as the question is whether the code carries over.
"""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import numpy as np

from benchmarks.skill.exchange import ROOT
from forecast import backtest
from forecast.calibrate import crps
from forecast.readers import city_hourly

DATA = ROOT.parent / "shared" / "data" / "china_city_hourly_2018_2019" / "city_hourly_20181201-20190630.csv.gz"
ORIGINS = tuple((date(2019, month, 1), date(2019, month, last)) for month, last in ((3, 31), (4, 30), (5, 31), (6, 30)))
"""First and last test day; training is everything before the first: three to six months."""

MODELS = ("blend", "persistence", "climatology")


def run() -> dict[str, Any]:
    """CRPS of AQI per lead and model over all cities and origins, and whether ours is the least at every lead."""
    if not DATA.is_file():
        return {"skipped": f"{DATA.name} is not in ../shared/data"}
    dataset = city_hourly.read(DATA)
    total: dict[str, list[np.ndarray]] = {name: [] for name in MODELS}
    days = []
    for first, last in ORIGINS:
        done = backtest.run(
            dataset, train_until=first, first=first, last=last, edition="hj633-2012", models=MODELS, effort="demo",
            paths=100,
        )  # fmt: skip
        for name in MODELS:
            loss = crps(done.forecasts[name].aqi.astype(np.float64), done.observed_aqi)
            total[name].append(loss.reshape(-1, loss.shape[-1]))
        days.append(int((~np.isnan(done.observed_aqi[..., 0])).sum()))
    table = {name: np.nanmean(np.concatenate(parts), axis=0).round(2).tolist() for name, parts in total.items()}
    least = np.min([table["persistence"], table["climatology"]], axis=0)
    return {
        "cities": dataset.sizes["station"],
        "city-days at lead 1, by origin": days,
        "crps per lead": table,
        "percent below the better of the two": (100 * (1 - np.array(table["blend"]) / least)).round(1).tolist(),
        "better at every lead": bool((np.array(table["blend"]) < least).all()),
    }


if __name__ == "__main__":
    print(json.dumps(run(), indent=1, ensure_ascii=False))
