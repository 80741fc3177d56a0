"""What is due of the sources of a working folder: pull, watch, publish. flows/pulling.py is only their clock.

The slot table decides what is due, so calling these again, at once or after an outage, does each thing once.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from flows import hourly, watch
from flows.clock import real_now
from flows.post import open_post
from flows.slots import Done, Rhythm, run_due
from flows.sources import plan
from flows.sources.pull import Stores
from flows.sources.pull import pull as pull_now
from forecast.alert_store import AlertStore
from forecast.slot_store import Slot, SlotStore
from plans import rulebook
from plans.errors import RuleError

HOURLY = Rhythm(every=timedelta(hours=1), offset=timedelta(minutes=40), catch_up=timedelta(hours=6))


def pull_due(home: Path, source: str) -> list[tuple[datetime, str]]:
    """Every slot of a source that is due, and how it ended."""
    chosen = next((one for one in plan.pulls(home) if one.name == source), None)
    if chosen is None:
        raise RuleError("The source is not in the plan", where=plan.FILE, found=source)
    stores = Stores.open(home / "archive.db")
    raw = home / "raw" if plan.plan(home).keep_raw_days else None

    def work(slot: Slot) -> Done:
        now = real_now()
        start, end = slot.logical_time - chosen.back, slot.logical_time + chosen.ahead
        return pull_now(chosen.adapter, stores, start=start, end=end, now=now, raw=raw).done

    try:
        return run_due(SlotStore(stores.archive.engine), f"pull:{source}", work, rhythm=chosen.rhythm)
    finally:
        stores.close()


def watch_now(home: Path, *, now: datetime | None = None, clocks: bool = False) -> int:
    """How many alerts are new or graver after one look at the post's air, the plan's sources and the slots."""
    moment = now or real_now()
    stores = Stores.open(home / "archive.db")
    try:
        cadences = {one.name: (one.rhythm.every, one.adapter.manifest.delay) for one in plan.pulls(home)
                    if one.adapter.kind == "observation"}  # fmt: skip
        alerts, rule = AlertStore(stores.archive.engine), watch_settings(home)
        failed, states = failed_slots(SlotStore(stores.archive.engine), moment), stores.sources.states()
        scope = scope_of(home, stores, moment)
        if scope is None:
            found = [*watch.sources(states, cadences, now=moment, rule=rule), *watch.flows(failed)]
            return len(alerts.update(found, kinds=["source_silent", "source_failing", "flow_failed"], now=moment))
        return len(
            watch.look(
                stores.archive, alerts, scope, states=states, cadences=cadences, now=moment, settings=rule,
                clocks=clocks, failed=failed,
            )
        )  # fmt: skip
    finally:
        stores.close()


def failed_slots(slots: SlotStore, now: datetime) -> list[Slot]:
    """The slots of all flows that were given up within the last day."""
    since = now - timedelta(days=1)
    return [
        slot
        for flow, counts in slots.counts().items()
        if counts.get("failed")
        for slot in slots.slots(flow, states=("failed",), limit=50)
        if slot.changed_at >= since
    ]


def watch_settings(home: Path) -> watch.Settings:
    """The office's settings of the watch, over the usual ones."""
    given, usual = plan.plan(home).watch, watch.Settings()
    more: dict[str, Any] = {
        name: value for name in ("top", "near", "threshold", "failures") if (value := getattr(given, name)) is not None
    }
    for name in ("source_late", "station_late"):
        if (hours := getattr(given, f"{name}_hours")) is not None:
            more[name] = timedelta(hours=hours)
    return replace(usual, rise={**usual.rise, **given.rise}, **more)


def scope_of(home: Path, stores: Stores, now: datetime) -> watch.Scope | None:
    """Whose air this post watches; None when the folder holds no post yet."""
    if not (home / "record.db").is_file():
        return None
    settings = open_post(home).settings
    known, cities = stores.archive.stations(), plan.plan(home).watch.province
    mean_of = tuple(code for code in settings["mean_of"] if any(station.code == code for station in known))
    around = tuple(station.code for station in known if station.city in cities)
    edition = settings.get("edition") or edition_of(now.date())
    stations = tuple(settings["stations"])
    return watch.Scope(settings["area"], settings["area_name"], stations, mean_of, edition, around)


def edition_of(day: date) -> str:
    """The AQI edition in force on a day."""
    return rulebook.load().on(day).aqi.name


def publish_due(home: Path) -> list[tuple[datetime, str]]:
    """The hourly data of every slot that is due under the level in force then; other hours are done with a note."""
    from emergency.vocabulary import Level

    stores = Stores.open(home / "archive.db")
    post = open_post(home)

    def work(slot: Slot) -> Done:
        issued = post.record.now("warning", states=("issued",))
        level = Level.of(str(issued[-1]["level"])) if issued else Level.NONE
        if not hourly.due(slot.logical_time, level):
            return Done(note="not an hour of publication")
        scope = scope_of(home, stores, slot.logical_time)
        if scope is None:
            return Done("degraded", "the post has no stations in the archive")
        data = hourly.hourly(stores.archive, scope, level=level, now=slot.logical_time)
        return Done(note=hourly.publish(data, home / "hourly").name)

    try:
        return run_due(SlotStore(stores.archive.engine), "hourly-data", work, rhythm=HOURLY)
    finally:
        stores.close()
