"""The process that runs the flows of a working folder: it creates their runs at their ticks and executes them.

It reads the plan of the sources once at its start; after a change of sources.yaml start it again. It does not pause its
deployments when it ends: an old process that dies late would pause what a new one has just registered. A tick names its
run (idempotency key), so two beating processes create it once.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from flows.clock import real_now
from flows.home import home

if TYPE_CHECKING:
    from flows.pulling import Job

LOG = logging.getLogger("lantian.runner")


def main() -> None:
    """Serve all jobs of LANTIAN_HOME until told to end."""
    from prefect import serve

    from flows.pulling import deployments, jobs

    folder = home().resolve()
    folder.mkdir(parents=True, exist_ok=True)
    ended = threading.Event()
    threading.Thread(target=beat, args=(jobs(folder), create), kwargs={"ended": ended}, daemon=True).start()
    try:
        serve(*deployments(folder), pause_on_shutdown=False, limit=4, query_seconds=5)
    finally:
        ended.set()


def beat(
    jobs: list[Job],
    create: Callable[[Job, datetime], None],
    *,
    ended: threading.Event,
    clock: Callable[[], datetime] = real_now,
    pause: float = 2.0,
) -> None:
    """Create the run of every tick that passes until `ended`; a tick whose creation failed is tried again."""
    done = {job.full_name: job.tick(clock()) for job in jobs}
    while not ended.wait(pause):
        for job in jobs:
            tick = job.tick(clock())
            if tick <= done[job.full_name]:
                continue
            try:
                create(job, tick)
            except Exception as error:  # the server may be restarting; the next round tries the tick again
                LOG.warning("%s could not be started: %s", job.full_name, error)
                continue
            done[job.full_name] = tick


def create(job: Job, tick: datetime) -> None:
    """One run of a deployment, named by its tick."""
    from prefect.deployments import run_deployment

    run_deployment(
        name=job.full_name,
        timeout=0,
        as_subflow=False,
        idempotency_key=f"{job.full_name}@{tick.isoformat()}",
        parameters=dict(job.parameters),
    )
