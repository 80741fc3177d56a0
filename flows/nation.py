"""Training for more stations than one model holds: neighbouring stations in blocks, one task a block, anywhere.

A block is some hundred stations that lie together, so that its region means something. Blocks know nothing of each
other: they run one after the other, side by side in processes, or on a Dask cluster through Prefect's task runner
(extra `dask`), with the same numbers to the digest, and memory is that of one block a worker.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from prefect import flow, task

if TYPE_CHECKING:
    import xarray as xr
    from prefect.task_runners import TaskRunner

BLOCK = 100
"""Stations of a block at most."""


def blocks(codes: Sequence[str], places: np.ndarray, *, size: int = BLOCK) -> tuple[tuple[str, ...], ...]:
    """The stations in groups of at most `size` neighbours: halved along the longer side until they fit.

    places: (station, 2) longitude and latitude, NaN unknown; those without a place go last, in their order.

    >>> blocks(["a", "b", "c", "d"], np.array([[0.0, 0], [9, 0], [1, 0], [8, 0]]), size=2)
    (('a', 'c'), ('b', 'd'))
    """
    known = np.flatnonzero(~np.isnan(places).any(axis=1))
    groups = _halved(known, places, size) if len(known) else []
    rest = np.setdiff1d(np.arange(len(codes)), known)
    groups += [rest[start : start + size] for start in range(0, len(rest), size)]
    return tuple(tuple(sorted(codes[place] for place in group)) for group in groups)


def _halved(group: np.ndarray, places: np.ndarray, size: int) -> list[np.ndarray]:
    if len(group) <= size:
        return [group]
    own = places[group]
    wide = np.array([np.cos(np.deg2rad(own[:, 1].mean())), 1.0]) * np.ptp(own, axis=0)
    order = group[np.lexsort((group, own[:, int(wide.argmax())]))]
    parts = -(-len(group) // size)
    cut = len(group) * (parts // 2) // parts
    return _halved(order[:cut], places, size) + _halved(order[cut:], places, size)


def train_one(dataset: xr.Dataset, folder: Path, *, until: date, effort: Literal["demo", "full"]) -> dict[str, Any]:
    """Train and keep the model of one block; its digest, seconds of wall and processor, the process's peak memory."""
    from forecast import train

    wall, processor = time.perf_counter(), time.process_time()
    made = train.train(dataset, until=until, effort=effort)
    train.save(made, folder)
    return {
        "folder": folder.name,
        "stations": dataset.sizes["station"],
        "digest": made.digest,
        "seconds": round(time.perf_counter() - wall, 1),
        "processor_seconds": round(time.process_time() - processor, 1),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "process": os.getpid(),
    }


@task(name="train-block", retries=1, persist_result=False)
def train_block(
    reader: str, path: str, codes: Sequence[str], folder: str, until: str, effort: Literal["demo", "full"]
) -> dict[str, Any]:
    """The task of one block: it reads its stations itself, so that only names travel between processes."""
    done = train_one(stations_of(reader, path, codes), Path(folder), until=date.fromisoformat(until), effort=effort)
    sys.stderr.write(f"{done}\n")
    return done


def stations_of(reader: str, path: str, codes: Sequence[str]) -> xr.Dataset:
    """Hourly air of some stations: of a NetCDF file of the contract (reader "netcdf"), or of any reader of sources."""
    if reader != "netcdf":
        from forecast import sources

        return sources.reader(reader).read(Path(path)).sel(station=list(codes))
    import xarray as xr

    from forecast import air

    with xr.open_dataset(path, engine="netcdf4") as whole:
        part = whole.sel(station=list(codes)).load()
    return air.dataset(
        {name: part[name].values for name in (*air.POLLUTANTS, *air.WEATHER) if name in part},
        stations=codes,
        valid_time=part["valid_time"].values.astype("datetime64[us]"),
    )


@flow(name="train-nation", log_prints=True, persist_result=False)
def train_flow(
    path: str,
    groups: Sequence[Sequence[str]],
    folder: str,
    until: str,
    reader: str = "netcdf",
    effort: Literal["demo", "full"] = "demo",
) -> list[dict[str, Any]]:
    """One model a block in `folder`/block-NNN; what each task said, in the order of the blocks."""
    asked = [
        train_block.submit(reader, path, list(codes), str(Path(folder) / f"block-{number:03d}"), until, effort)
        for number, codes in enumerate(groups)
    ]
    return [one.result() for one in asked]


def on_dask(workers: int = 2, *, memory: str = "6GB") -> TaskRunner[Any]:
    """A runner that starts a Dask cluster of so many processes on this machine and ends it with the flow.

    With the address of a running scheduler DaskTaskRunner(address=...) takes its place, and nothing else changes.
    """
    from prefect_dask.task_runners import DaskTaskRunner

    return DaskTaskRunner(
        cluster_kwargs={
            "n_workers": workers,
            "threads_per_worker": 1,
            "processes": True,
            "memory_limit": memory,
            "dashboard_address": None,
        }
    )
