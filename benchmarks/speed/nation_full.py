"""Prediction for 1,700 stations at effort "full" with weather ahead: 7 days, 6 pollutants, 200 joint paths, with AQI.

A scale-up: the model is trained on the first year of the twelve real stations of Beijing (minutes), with the stand-in
for weather forecasts; its arrays, and the days asked about, are repeated to 1,700 stations with names of their own, by
blocks of fifty on as many processes as there are cores. The forecasts of the last weeks are made again at every
station, as in operation. Speed is that of 1,700 stations, the air is not.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np

from benchmarks.skill.exchange import DATA, EDITION
from benchmarks.speed.nation import DAY, PATHS, STATIONS
from forecast import features, train, weather_modes
from forecast.features import Area, Sample
from forecast.models.base import Anchor
from forecast.models.pooled import Pooled
from forecast.models.weathered import Weathered
from forecast.predict import aqi_of, seed
from forecast.readers import prsa
from forecast.threads import one_thread
from forecast.weather_ahead import weathered

UNTIL = date(2014, 3, 1)
BLOCK = 50
CORES = os.cpu_count() or 1


def run() -> dict[str, Any]:
    """Seconds of wall and of processor, and the peak memory of the largest process."""
    if not DATA.is_dir():
        return {"skipped": f"{DATA.name} is not in ../shared/data"}
    model, sample = _trained()
    blocks = [range(at, min(at + BLOCK, STATIONS)) for at in range(0, STATIONS, BLOCK)]
    global _asked  # noqa: PLW0603  a forked process has it without being sent
    _asked = model, sample
    begun = time.perf_counter()
    with ProcessPoolExecutor(CORES, mp_context=multiprocessing.get_context("fork")) as processes:
        done = list(processes.map(_block, blocks))
    wall = time.perf_counter() - begun
    return {
        "stations": sum(len(block) for block in blocks),
        "processes": CORES,
        "wall seconds": round(wall, 1),
        "processor seconds": round(sum(one[0] for one in done), 1),
        "peak memory of a process MiB": max(one[1] for one in done),
        "stations with a path above 200": sum(one[2] for one in done),
    }


_asked: tuple[Pooled, Sample] | None = None


def _trained() -> tuple[Pooled, Sample]:
    """The model, and the days it asks back for of the twelve stations."""
    dataset = prsa.read(DATA)
    codes = [str(code) for code in dataset["station"].values]
    areas = [Area(code, (code,)) for code in codes]
    weather = weather_modes.degraded_weather(dataset, areas=areas, climate_until=UNTIL)
    made = train.train(dataset, until=UNTIL, areas=areas, effort="full", model="blend-weather", weather=weather)
    model = made.model
    assert isinstance(model, Pooled) and isinstance(model.base, Weathered)
    ahead = weathered(dataset, weather, areas=areas, belief=made.belief, among=made.areas)
    sample = features.build(dataset, areas=areas, region=codes, ahead=ahead)
    last = int(np.flatnonzero(sample.days == np.datetime64(DAY, "D"))[0])
    return model, sample.take(np.arange(last - features.MEMORY_DAYS - model.looks_back, last + 1))


def _block(block: range) -> tuple[float, int, int]:
    """Processor seconds and peak memory of the process, and how many stations have a path above 200."""
    assert _asked is not None
    model, sample = _asked
    begun = time.process_time()
    many = np.array(block) % len(sample.areas)
    names = tuple(f"{number:04d}A" for number in block)
    wide = replace(
        sample, areas=names, weights=np.ones(len(names)), predictors=sample.predictors[many],
        observed=sample.observed[many], ahead=sample.ahead[many],
    )  # fmt: skip
    base = model.base
    assert isinstance(base, Weathered) and model.index is not None
    assert base.anchor is not None and base.top is not None and base.templates is not None
    base = replace(
        base, areas=names, anchor=Anchor(base.anchor.coefficients[many]), top=base.top[many],
        templates=base.templates[many],
    )  # fmt: skip
    asked = replace(model, base=base, index=model.index[many])
    heavy, rows = 0, np.array([len(sample.days) - 1])
    for name in names:
        seeds = np.array([seed(name, DAY)], dtype=np.uint64)
        with one_thread():  # as Trained.paths does
            paths = asked.paths(wide, area=name, rows=rows, count=PATHS, seeds=seeds)
        heavy += int((aqi_of(paths, edition=EDITION)[0] > 200).any())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return time.process_time() - begun, peak, heavy


if __name__ == "__main__":
    print(json.dumps(run(), indent=1))
