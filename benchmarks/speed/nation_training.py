"""Training on two years of 1,700 stations, block by block, as a Prefect flow on a Dask cluster of two processes.

A scale-up: the two training years of the twelve real stations of Beijing are repeated to 1,700, each with a level of
its own and its own noise in every hour, on a map of made-up places. Speed is that of 1,700 stations, the air is not.
Effort "demo": the models without LightGBM quantiles.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.skill.exchange import DATA, TRAIN_UNTIL

STATIONS = int(os.environ.get("LANTIAN_NATION_STATIONS", "1700"))
WORKERS = 2


def run() -> dict[str, Any]:
    """Seconds, memory of the workers together, and seconds of every block."""
    from flows import nation, prefect_server

    if not DATA.is_dir():
        return {"skipped": f"{DATA.name} is not in ../shared/data"}
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory() as room:
        path = Path(room) / "air.nc"
        codes, places = write(path)
        groups = nation.blocks(codes, places)
        port = prefect_server.free_port()
        server = prefect_server.start(Path(room) / "prefect", port=port)
        with prefect_server.stopping(server):
            prefect_server.use(prefect_server.wait(server, port=port), Path(room) / "prefect")
            begun = time.perf_counter()
            flow = nation.train_flow.with_options(task_runner=nation.on_dask(WORKERS))
            said = flow(str(path), groups, str(Path(room) / "models"), TRAIN_UNTIL.isoformat())
            wall = time.perf_counter() - begun
        size = sum(file.stat().st_size for file in (Path(room) / "models").rglob("*.npz"))
    peaks = {one["process"]: 0 for one in said}
    for one in said:
        peaks[one["process"]] = max(peaks[one["process"]], one["peak_mib"])
    return {
        "stations": sum(one["stations"] for one in said),
        "blocks": len(said),
        "wall seconds": round(wall),
        "processor seconds": round(sum(one["processor_seconds"] for one in said)),
        "peak memory of the workers together MiB": sum(peaks.values()),
        "processes": len(peaks),
        "models MiB": round(size / 2**20),
        "slowest block seconds": max(one["seconds"] for one in said),
    }


def write(path: Path) -> tuple[list[str], np.ndarray]:
    """A NetCDF file of the contract with STATIONS stations; their codes and places."""
    import netCDF4

    from forecast import air
    from forecast.readers import prsa

    dataset = prsa.read(DATA)
    keep = dataset["valid_time"].values <= air.utc(air.day_bounds(TRAIN_UNTIL)[0])
    hours = dataset["valid_time"].values[keep]
    real = {name: dataset[name].values[:, keep].astype(np.float32) for name in (*air.POLLUTANTS, *air.WEATHER)}
    codes = [f"{number:04d}A" for number in range(STATIONS)]
    random = np.random.default_rng(1)
    places = np.column_stack([random.uniform(75, 130, STATIONS), random.uniform(20, 50, STATIONS)])
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("station", STATIONS)
        file.createDimension("valid_time", len(hours))
        file.createVariable("station", str, ("station",))[:] = np.array(codes, dtype=object)
        times = file.createVariable("valid_time", "i8", ("valid_time",))
        times.units = "hours since 1970-01-01 00:00:00"
        times[:] = hours.astype("datetime64[h]").astype(np.int64)
        for name, values in real.items():
            made = file.createVariable(name, "f4", ("station", "valid_time"), chunksizes=(1, len(hours)))
            for number in range(STATIONS):
                row = values[number % len(values)]
                if name in air.POLLUTANTS:
                    noise = random.normal(0, 0.1) + random.normal(0, 0.05, len(row)).astype(np.float32)
                    row = row * np.exp(noise, dtype=np.float32)
                made[number] = row
    return codes, places


if __name__ == "__main__":
    print(json.dumps(run(), indent=1))
