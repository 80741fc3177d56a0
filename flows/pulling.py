"""Prefect flows of the sources: pull, drop, watch, hourly data. Each is a clock's hand; slots keep it idempotent.

The clock calls every few minutes; what is due is decided in the slot table. So runs that were missed and start at once,
or a second scheduler, do the work once and in the right order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from prefect import flow

from emergency.record import Record
from emergency.vocabulary import BEIJING
from flows import scheduled
from flows.clock import real_now
from flows.looking import publish_daily_due, publish_due, pull_due, watch_now
from flows.sources import drop, plan
from flows.sources.live import forget
from flows.sources.pull import Stores


def _told(ended: list[tuple[datetime, str]]) -> str:
    return ", ".join(f"{when:%m-%dT%H:%MZ} {state}" for when, state in ended) or "nothing was due"


@flow(name="pull", log_prints=True, retries=2, retry_delay_seconds=20)
def pull_flow(home: str, source: str) -> str:
    """Pull whatever is due of one source."""
    return _told(pull_due(Path(home), source))


@flow(name="drop", log_prints=True, retries=2, retry_delay_seconds=20)
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


@flow(name="watch", log_prints=True, retries=2, retry_delay_seconds=20)
def watch_flow(home: str, clocks: bool = False) -> int:
    """Look once; how many alerts are new or graver."""
    return watch_now(Path(home), clocks=clocks)


@flow(name="hourly-data", log_prints=True, retries=2, retry_delay_seconds=20)
def hourly_flow(home: str) -> str:
    """Publish the hourly data that are due."""
    return _told(publish_due(Path(home)))


@flow(name="daily-data", log_prints=True, retries=2, retry_delay_seconds=20)
def daily_flow(home: str) -> str:
    """Publish the daily data and bulletins that are due."""
    return _told(publish_daily_due(Path(home)))


DELIVERY_STAYS = 10
"""Minutes after which a run of `deliver` makes room for a new one, which takes up changes of software and settings."""


@dataclass(frozen=True, slots=True)
class Job:
    """One deployment and when it is due, in Beijing time."""

    flow: Any
    name: str
    cron: str
    """Minute, hour, day, month, weekday, by the clock of Beijing."""
    parameters: Mapping[str, Any] = field(default_factory=dict)


def jobs(home: Path) -> list[Job]:
    """Everything that runs by the clock in this folder. Slots decide what is really due, so calling often is cheap."""
    where = {"home": str(home)}
    found = [
        Job(pull_flow, f"pull-{one.name}", "1-59/5 * * * *", {**where, "source": one.name}) for one in plan.pulls(home)
    ]
    found.append(Job(drop_flow, "drop", "*/2 * * * *", where))
    found.append(Job(watch_flow, "watch", "3-59/5 * * * *", where))
    found.append(Job(watch_flow, "watch-clocks", "50 5 * * *", {**where, "clocks": True}))
    if (home / "record.db").is_file():
        found.append(Job(hourly_flow, "hourly-data", "2-59/10 * * * *", where))
        found.append(Job(daily_flow, "daily-data", "4-59/10 * * * *", where))
    if live_office(home):
        found += [
            # the model is of hour 24; the hours after it are further tries when the newest data came late
            Job(scheduled.outlook_flow, "outlook", "50 0-5 * * *", where),
            Job(scheduled.respond_flow, "respond", "4-59/5 * * * *", where),
            # one stays, and the others are called off; after a kill the next minute's takes its place
            Job(scheduled.deliver_flow, "deliver", "* * * * *", {**where, "minutes": DELIVERY_STAYS}),
            Job(scheduled.report_flow, "report", "10 7 * * *", where),
            Job(scheduled.verify_flow, "verify", "40 7,19 * * *", where),
        ]
        if plan.plan(home).models is not None:
            found.append(Job(scheduled.train_flow, "train", "15 2-5 * * *", where))
    return found


def live_office(home: Path) -> bool:
    """Whether the folder is a real office's; the flows of a replay go by the replay's own clock instead."""
    return (home / "record.db").is_file() and Record.kind_of(home / "record.db") != "drill"


def deployments(home: Path) -> list[Any]:
    """The jobs as Prefect deployments on their schedules, at most one run of each at a time."""
    from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
    from prefect.schedules import Cron

    limit = ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW)
    return [
        job.flow.to_deployment(
            job.name,
            parameters=dict(job.parameters),
            concurrency_limit=limit,
            schedule=Cron(job.cron, timezone=BEIJING.key),
        )
        for job in jobs(home)
    ]
