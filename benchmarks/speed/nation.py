"""Prediction for 1,700 stations: 7 days, 6 pollutants, 200 joint paths, with AQI; one process, one thread.

A scale-up: the model is trained on the twelve real stations of Beijing (effort "demo"); its arrays, and the day asked
about, are repeated to 1,700 stations with names of their own. Speed is that of 1,700 stations, the air is not.
"""

from __future__ import annotations

import json
import resource
import time
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np

from benchmarks.skill.exchange import DATA, EDITION, TRAIN_UNTIL
from forecast import features, train
from forecast.features import Area
from forecast.models.base import Anchor
from forecast.models.blend import Blend
from forecast.predict import aqi_of, seed
from forecast.readers import prsa
from forecast.threads import one_thread

STATIONS, PATHS = 1700, 200
DAY = date(2015, 11, 26)


def run() -> dict[str, Any]:
    """Seconds of wall and of processor, and the process's peak memory."""
    if not DATA.is_dir():
        return {"skipped": f"{DATA.name} is not in ../shared/data"}
    dataset = prsa.read(DATA)
    codes = [str(code) for code in dataset["station"].values]
    areas = [Area(code, (code,)) for code in codes]
    made = train.train(dataset, until=TRAIN_UNTIL, areas=areas, effort="demo").model
    assert isinstance(made, Blend) and made.templates is not None and made.anchor is not None
    assert made.filled is not None and made.top is not None
    sample = features.build(dataset, areas=areas, region=codes)
    many = np.arange(STATIONS) % len(codes)
    names = tuple(f"{number:04d}A" for number in range(STATIONS))
    row = np.flatnonzero(sample.days == np.datetime64(DAY, "D"))
    memory = slice(int(row[0]) - features.MEMORY_DAYS, int(row[0]) + 1)
    wide = replace(
        sample.take(np.arange(memory.start, memory.stop)), areas=names, weights=np.ones(STATIONS),
        predictors=sample.predictors[many, memory], observed=sample.observed[many, memory],
        ahead=sample.ahead[many, memory],
    )  # fmt: skip
    model = replace(
        made, areas=names, anchor=Anchor(made.anchor.coefficients[many]), filled=made.filled[many], top=made.top[many],
        templates=replace(
            made.templates, errors=made.templates.errors[many], expected=made.templates.expected[many]
        ),
    )  # fmt: skip
    wall, processor = time.perf_counter(), time.process_time()
    heavy = 0
    for name in names:
        seeds = np.array([seed(name, DAY)], dtype=np.uint64)
        with one_thread():  # as Trained.paths does
            paths = model.paths(wide, area=name, rows=np.array([features.MEMORY_DAYS]), count=PATHS, seeds=seeds)
        heavy += int((aqi_of(paths, edition=EDITION)[0] > 200).any())
    return {
        "stations": STATIONS,
        "wall seconds": round(time.perf_counter() - wall, 1),
        "processor seconds": round(time.process_time() - processor, 1),
        "peak memory MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "stations with a path above 200": heavy,
    }


if __name__ == "__main__":
    print(json.dumps(run(), indent=1))
