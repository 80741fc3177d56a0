"""Prefect flows of the sources: pull, drop, watch, hourly data. Each is a clock's hand; slots keep it idempotent.

Prefect calls every few minutes; what is due is decided in the slot table. So five missed runs that start at once, or a
second scheduler, do the work once and in the right order. `deployments` gives all of them with schedules in local time
and a concurrency limit of one run each.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from prefect import flow

from flows.clock import real_now
from flows.looking import publish_due, pull_due, watch_now
from flows.sources import drop, plan
from flows.sources.live import forget
from flows.sources.pull import Stores


def _told(ended: list[tuple[datetime, str]]) -> str:
    return ", ".join(f"{when:%m-%dT%H:%MZ} {state}" for when, state in ended) or "nothing was due"


@flow(name="pull", log_prints=True)
def pull_flow(home: str, source: str) -> str:
    """Pull whatever is due of one source."""
    return _told(pull_due(Path(home), source))


@flow(name="drop", log_prints=True)
def drop_flow(home: str) -> int:
    """Take the finished files of the drop folder; how many there were. Old raw bodies are forgotten on the way."""
    folder, now = Path(home), real_now()
    stores = Stores.open(folder / "archive.db")
    taken = drop.take(folder / "drop", stores, now=now)
    for one in taken:
        print(f"{one.kind}/{one.file}: {one.result}")
    forget(folder / "raw", before=now - timedelta(days=plan.plan(folder).keep_raw_days))
    stores.close()
    return len(taken)


@flow(name="watch", log_prints=True)
def watch_flow(home: str, clocks: bool = False) -> int:
    """Look once; how many alerts are new or graver."""
    return watch_now(Path(home), clocks=clocks)


@flow(name="hourly-data", log_prints=True)
def hourly_flow(home: str) -> str:
    """Publish the hourly data that are due."""
    return _told(publish_due(Path(home)))


def deployments(home: Path) -> list[Any]:
    """All flows of this folder with their schedules (Beijing time), at most one run of each at a time."""
    from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
    from prefect.schedules import Cron

    limit = ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW)
    where = {"home": str(home)}

    def scheduled(made: Any, name: str, cron: str, **more: Any) -> Any:
        schedule = Cron(cron, timezone="Asia/Shanghai")  # without a zone Prefect means UTC
        return made.to_deployment(name, schedule=schedule, parameters={**where, **more}, concurrency_limit=limit)

    found = [scheduled(pull_flow, f"pull-{one.name}", "*/5 * * * *", source=one.name) for one in plan.pulls(home)]
    found.append(scheduled(drop_flow, "drop", "* * * * *"))
    found.append(scheduled(watch_flow, "watch", "*/5 * * * *"))
    found.append(scheduled(watch_flow, "watch-clocks", "50 5 * * *", clocks=True))
    if (home / "record.db").is_file():
        found.append(scheduled(hourly_flow, "hourly-data", "*/10 * * * *"))
    return found
