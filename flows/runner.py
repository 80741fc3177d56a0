"""The process that executes the flows of a working folder as Prefect's scheduler calls for them.

It reads the plan of the sources once at its start; after a change of sources.yaml start it again. It does not pause its
deployments when it ends: an old process that dies late would pause what a new one has just registered.

A start puts two things in order. Runs that a killed runner left behind are ended and their places in the concurrency
limit given free, or they would keep the next ones out for good; and every job is called once at once, so that slots
missed in an outage are made good now and not at the next tick.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flows.clock import real_now
from flows.home import home

if TYPE_CHECKING:
    from pathlib import Path

    from prefect.client.orchestration import SyncPrefectClient

LOG = logging.getLogger("lantian.runner")


def main() -> None:
    """Serve all jobs of LANTIAN_HOME until told to end."""
    from prefect import serve

    from flows.pulling import deployments

    folder = home().resolve()
    folder.mkdir(parents=True, exist_ok=True)
    made = deployments(folder)
    try:
        put_in_order()
    except Exception as error:  # the server may be starting; the leases end what is left by themselves
        LOG.warning("runs left behind could not be ended: %s", error)
    names = [f"{one.flow_name}/{one.name}" for one in made]
    threading.Thread(target=call_all, args=(names, folder), daemon=True).start()
    serve(*made, pause_on_shutdown=False, limit=5, query_seconds=5)


def put_in_order() -> tuple[int, int]:
    """How many runs were ended as crashed, and how many that are long due were called off.

    Only for the one runner of a Prefect server, before it serves: whatever is running then has no process any more.
    """
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter
    from prefect.exceptions import PrefectHTTPStatusError
    from prefect.states import Cancelled, Crashed

    crashed = missed = 0
    now = real_now()
    with get_client(sync_client=True) as client:
        left: list[Any] = client.read_flow_runs(
            flow_run_filter=FlowRunFilter.model_validate(
                {"state": {"type": {"any_": ["RUNNING", "PENDING", "CANCELLING"]}}}
            )
        )
        for run in left:
            try:
                client.set_flow_run_state(run.id, Crashed(message="its runner was killed"), force=True)
            except PrefectHTTPStatusError as error:  # e.g. the job it belonged to is no longer in the plan
                LOG.warning("the run %s could not be ended and is deleted: %s", run.name, error)
                client.delete_flow_run(run.id)
            crashed += 1
        waiting: list[Any] = client.read_flow_runs(
            flow_run_filter=FlowRunFilter.model_validate(
                {
                    "state": {"type": {"any_": ["SCHEDULED"]}},
                    "next_scheduled_start_time": {"before_": (now - timedelta(minutes=1)).isoformat()},
                }
            )
        )
        for run in waiting:
            message = "missed while nobody ran; its slots are caught up"
            client.set_flow_run_state(run.id, Cancelled(message=message), force=True)
            missed += 1
        _free_places(client)
    return crashed, missed


def _free_places(client: SyncPrefectClient) -> None:
    """Give every place free that is still counted as taken, for nothing runs.

    A killed server takes its leases with it: a place whose run has gone on to another state by then is never given
    back, and of that job every later run would be called off for good.
    """
    from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate

    known, page = 0, client.read_global_concurrency_limits(limit=100)
    while page:
        for one in page:
            if one.active_slots and one.name.startswith("deployment:"):
                LOG.warning("a place of %s was still taken and is given free", one.name)
                client.update_global_concurrency_limit(one.name, GlobalConcurrencyLimitUpdate(active_slots=0))
        known += len(page)
        page = client.read_global_concurrency_limits(limit=100, offset=known)


def call_all(names: Sequence[str], folder: Path, *, patience: float = 120.0) -> int:
    """How many of the deployments were called once, as soon as each is registered."""
    from prefect.deployments import run_deployment

    called, stamp, until = 0, real_now().isoformat(), time.monotonic() + patience
    for name in names:
        while time.monotonic() < until:
            try:
                run_deployment(name, timeout=0, as_subflow=False, idempotency_key=f"{folder} {name} {stamp}")
            except Exception as error:  # not registered yet, or the server is busy
                LOG.info("%s is not there yet: %s", name, error)
                time.sleep(0.5)
                continue
            called += 1
            break
    return called


if __name__ == "__main__":
    main()
