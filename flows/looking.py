"""What is due of the sources of a working folder: pull, watch, publish. flows/pulling.py is only their clock.

The slot table decides what is due, so calling these again, at once or after an outage, does each thing once.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

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
    """How many alerts are new or graver after one look at the post's air and the plan's sources."""
    moment = now or real_now()
    stores = Stores.open(home / "archive.db")
    cadences = {one.name: (one.rhythm.every, one.adapter.manifest.delay) for one in plan.pulls(home)
                if one.adapter.kind == "observation"}  # fmt: skip
    scope = scope_of(home, stores, moment)
    if scope is None:
        found = watch.sources(stores.sources.states(), cadences, now=moment, rule=watch.Settings())
        news = AlertStore(stores.archive.engine).update(found, kinds=["source_silent", "source_failing"], now=moment)
    else:
        alerts = AlertStore(stores.archive.engine)
        news = watch.look(
            stores.archive, alerts, scope, states=stores.sources.states(), cadences=cadences, now=moment, clocks=clocks
        )
    stores.close()
    return len(news)


def scope_of(home: Path, stores: Stores, now: datetime) -> watch.Scope | None:
    """Whose air this post watches; None when the folder holds no post yet."""
    if not (home / "record.db").is_file():
        return None
    settings = open_post(home).settings
    known = {station.code for station in stores.archive.stations()}
    codes = tuple(code for code in settings["stations"] if code in known)
    mean_of = tuple(code for code in settings["mean_of"] if code in known)
    edition = settings.get("edition") or edition_of(now.date())
    return watch.Scope(settings["area"], settings["area_name"], codes, mean_of, edition) if codes else None


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
