"""What missing data cost: the same model asked with a dead station, without PM2.5, without weather, with nothing.

Beijing, test year, no weather ahead, effort "demo", every fourth day and four stations: a figure of the modes beside
each other, not of the skill itself. A dead station keeps the region's mean; "no PM2.5" has none anywhere.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np

from benchmarks.skill.exchange import DATA, EDITION, LAST, TRAIN_UNTIL
from forecast import backtest, features, train
from forecast.calibrate import crps
from forecast.features import Area, Sample
from forecast.predict import aqi_of, seed
from forecast.readers import prsa

STATIONS, EVERY, PATHS = 4, 4, 100


def lacking(sample: Sample, what: str) -> Sample:
    """The sample as it would have been: "all there", "dead station", "no PM2.5", "no observed weather", "nothing"."""
    weather = ("temperature", "pressure", "dew_", "wind", "rain")
    gone = {
        "all there": lambda _name: False,
        "dead station": lambda name: not name.startswith(("region_", "season_")),
        "no PM2.5": lambda name: "pm25" in name,
        "no observed weather": lambda name: name.startswith(weather),
        "nothing": lambda name: not name.startswith("season_"),
    }[what]
    predictors = sample.predictors.copy()
    predictors[..., [place for place, name in enumerate(sample.names) if gone(name)]] = np.nan
    return replace(sample, predictors=predictors)


MODES = ("all there", "dead station", "no PM2.5", "no observed weather", "nothing")


def run() -> dict[str, Any]:
    """CRPS of AQI per mode and lead."""
    if not DATA.is_dir():
        return {"skipped": f"{DATA.name} is not in ../shared/data"}
    dataset = prsa.read(DATA)
    codes = [str(code) for code in dataset["station"].values]
    areas = [Area(code, (code,)) for code in codes]
    made = train.train(dataset, until=TRAIN_UNTIL, areas=areas, effort="demo")
    sample = features.build(dataset, areas=areas[:STATIONS], region=codes)
    first = np.datetime64(TRAIN_UNTIL, "D")
    rows = np.flatnonzero((sample.days >= first) & (sample.days < np.datetime64(LAST, "D")))[::EVERY]
    truth = backtest.truth(sample, rows, last=date(2016, 2, 29), edition=EDITION)[0]
    out = {}
    for mode in MODES:
        asked, losses = lacking(sample, mode), []
        for place, area in enumerate(asked.areas):
            seeds = np.array([seed(area, day) for day in asked.days[rows].tolist()], dtype=np.uint64)
            paths = made.paths(asked, area=area, rows=rows, count=PATHS, seeds=seeds)
            aqi = np.moveaxis(aqi_of(paths, edition=EDITION)[0], 1, -1).astype(np.float64)
            losses.append(crps(aqi, truth[place]))
        out[mode] = np.nanmean(np.concatenate(losses), axis=0).round(1).tolist()
    return {"crps per lead": out}


if __name__ == "__main__":
    print(json.dumps(run(), indent=1, ensure_ascii=False))
