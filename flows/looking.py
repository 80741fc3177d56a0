"""What is due of the sources of a working folder: pull, watch, publish. flows/pulling.py is only their clock.

The slot table decides what is due, so calling these again, at once or after an outage, does each thing once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from emergency.directory import Directory
from emergency.messages import DRILL_MARK
from emergency.record import Record
from emergency.vocabulary import BEIJING, Level, Role
from flows import daily, hourly, watch
from flows.bulletin import daily_bulletin
from flows.clock import real_now
from flows.post import Post, open_post
from flows.slots import Done, Rhythm, run_due
from flows.sources import drop, plan
from flows.sources.pull import Stores
from flows.sources.pull import pull as pull_now
from forecast.alert_store import AlertStore
from forecast.slot_store import Slot, SlotStore
from plans.errors import DataError, RuleError

HOURLY = Rhythm(every=timedelta(hours=1), offset=timedelta(minutes=40), catch_up=timedelta(hours=6))
DAILY = Rhythm(every=timedelta(hours=1), offset=timedelta(minutes=50), catch_up=timedelta(hours=36))
"""Every hour is a slot; the level in force says which of them issue anything."""
REFUSED = timedelta(days=3)
"""So long a refused file is an alert, or until somebody takes it away (a choice of ours)."""


def pull_due(home: Path, source: str) -> list[tuple[datetime, str]]:
    """Every slot of a source that is due, and how it ended."""
    chosen = next((one for one in plan.pulls(home) if one.name == source), None)
    if chosen is None:
        raise RuleError("The source is not in the plan", where=plan.FILE, found=source)
    stores = Stores.open(home / "archive.db")
    raw = home / "raw" if plan.plan(home).keep_raw_days else None

    def work(slot: Slot) -> Done:
        now, ready = real_now(), plan.placed(chosen, home, stores.archive.stations)
        start, end = slot.logical_time - chosen.back, slot.logical_time + chosen.ahead
        return pull_now(ready.adapter, stores, start=start, end=end, now=now, raw=raw).done

    try:
        return run_due(SlotStore(stores.archive.engine), f"pull:{source}", work, rhythm=chosen.rhythm)
    finally:
        stores.close()


def watch_now(home: Path, *, now: datetime | None = None, clocks: bool = False) -> int:
    """How many alerts are new or graver after one look at the post's air, the plan's sources and the slots."""
    moment = now or real_now()
    stores = Stores.open(home / "archive.db")
    try:
        pulls = plan.pulls(home)
        cadences = {one.name: (one.rhythm.every, one.adapter.manifest.delay) for one in pulls
                    if one.adapter.kind == "observation"}  # fmt: skip
        ahead = {one.name: one.rhythm.every for one in pulls if one.adapter.kind == "guidance"}
        alerts, rule = AlertStore(stores.archive.engine), watch_settings(home)
        failed, states = failed_slots(SlotStore(stores.archive.engine), moment), stores.sources.states()
        scope, refused = scope_of(home, stores, moment), drop.refused(home / "drop", since=moment - REFUSED)
        if scope is None:
            found = [
                *watch.sources(states, cadences, now=moment, rule=rule, ahead=ahead), *watch.flows(failed),
                *watch.files(refused),
            ]  # fmt: skip
            kinds = ["source_silent", "source_failing", "flow_failed", "file_refused"]
            return len(alerts.update(found, kinds=kinds, now=moment))
        return len(
            watch.look(
                stores.archive, alerts, scope, states=states, cadences=cadences, now=moment, settings=rule,
                clocks=clocks, failed=failed, refused=refused, ahead=ahead,
            )
        )  # fmt: skip
    finally:
        stores.close()


def acknowledge_in_record(home: Path, alerts: AlertStore, kind: str, subject: str, *, by: str, now: datetime) -> None:
    """Put on record that an account of the office takes note of an open alert; DataError for anybody else."""
    record = open_post(home).record
    account = Directory(record).account(by)
    if account is None or not account.active or account.role not in (Role.DUTY_OFFICER, Role.OFFICE_DIRECTOR):
        expected = "the account of a duty officer or the office director"
        raise DataError("This person cannot take note of alerts", expected=expected, found=by, todo="Give --by ACCOUNT")
    for one in alerts.open_alerts():
        if (one.kind, one.subject) == (kind, subject):
            open_post(home).office.acknowledge_alert(
                kind, subject, severity=one.severity, text=one.text, raised_at=one.raised_at, by=account.actor, now=now
            )


def look_as_of(home: Path, now: datetime) -> int:
    """How many alerts are new or graver after one look at a replay's air at its own time; no source is judged."""
    post, stores = open_post(home), Stores.open(home / "archive.db")
    try:
        scope, alerts = _scope(home, post, stores, now), AlertStore(stores.archive.engine)
        return len(watch.look(stores.archive, alerts, scope, states=(), cadences={}, now=now))
    finally:
        stores.close()
        post.archive.close()
        post.record.engine.dispose()


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
    """Whose air this post watches; None when the folder holds no post, or that of a replay, whose clock is its own."""
    if not (home / "record.db").is_file():
        return None
    post = open_post(home)
    return None if post.record.noted("replay") else _scope(home, post, stores, now)


def _scope(home: Path, post: Post, stores: Stores, now: datetime) -> watch.Scope:
    settings, cities, known = post.settings, plan.plan(home).watch.province, stores.archive.stations()
    codes = {station.code for station in known}
    mean_of = tuple(code for code in settings["mean_of"] if code in codes)
    around = tuple(station.code for station in known if station.city in cities)
    edition = post.aqi(now).name
    stations = tuple(settings["stations"])
    return watch.Scope(settings["area"], settings["area_name"], stations, mean_of, edition, around)


def publish_due(home: Path, *, clock: Callable[[], datetime] = real_now) -> list[tuple[datetime, str]]:
    """The hourly data of every slot that is due under the level in force then; other hours are done with a note."""
    every = {Level.of(word): timedelta(hours=n) for word, n in plan.plan(home).bulletins.hourly_every.items()}

    def issue(slot: Slot, post: Post, stores: Stores, level: Level) -> Done:
        if not hourly.due(slot.logical_time, level, every={**hourly.EVERY, **every}):
            return Done(note="not an hour of publication")
        data = hourly.hourly(
            stores.archive, _scope(home, post, stores, slot.logical_time), level=level, now=clock(),
            until=slot.logical_time, mark=_mark(post), notes=tuple(post.settings.get("notes", ())),
        )  # fmt: skip
        name = hourly.publish(data, home / "hourly").name
        old = slot.logical_time - data.valid_time > timedelta(hours=2)
        newest = f"{name}: the newest hour is {data.valid_time.astimezone(BEIJING):%m-%d %H:%M} Beijing time"
        return Done("degraded", newest) if old else Done(note=name)

    return _issue_due(home, "hourly-data", HOURLY, issue, clock)


def publish_daily_due(home: Path, *, clock: Callable[[], datetime] = real_now) -> list[tuple[datetime, str]]:
    """The daily data and bulletin of every slot at which an edition is due under the level in force then."""
    hours = {Level.of(word): hours for word, hours in plan.plan(home).bulletins.daily_hours.items()}

    def issue(slot: Slot, post: Post, stores: Stores, level: Level) -> Done:
        day = daily.edition(slot.logical_time, level, hours={**daily.EDITIONS, **hours})
        if day is None:
            return Done(note="not an hour of publication")
        data = daily.daily(
            stores.archive, _scope(home, post, stores, slot.logical_time), day=day, level=level, now=clock(),
            until=slot.logical_time, mark=_mark(post), notes=tuple(post.settings.get("notes", ())),
        )  # fmt: skip
        said = daily_bulletin(post, day=day, now=clock(), so_far=None if data.final else data.city.aqi)
        name = daily.publish(data, home / "daily", bulletin=said).name
        return Done(note=name) if data.city.aqi is not None else Done("degraded", f"{name}: no AQI of the city")

    return _issue_due(home, "daily-data", DAILY, issue, clock)


def level_at(record: Record, when: datetime) -> Level:
    """The highest level of the warnings that were in force at a moment, whatever has happened since."""
    found = Level.NONE
    for row in record.now("warning"):
        issued, ended = (row["body"][name] for name in ("issued_at", "ended_at"))
        if issued is None or datetime.fromisoformat(issued) > when:
            continue
        if ended is None or datetime.fromisoformat(ended) > when:
            found = max(found, Level.of(str(row["level"])))
    return found


def _issue_due(
    home: Path,
    flow: str,
    rhythm: Rhythm,
    issue: Callable[[Slot, Post, Stores, Level], Done],
    clock: Callable[[], datetime],
) -> list[tuple[datetime, str]]:
    """Work the due slots of a publication; a replay's record has a clock of its own and publishes nothing here."""
    post = open_post(home)
    if post.record.noted("replay"):
        return []
    stores = Stores.open(home / "archive.db")

    def work(slot: Slot) -> Done:
        return issue(slot, post, stores, level_at(post.record, slot.logical_time))

    try:
        return run_due(SlotStore(stores.archive.engine), flow, work, rhythm=rhythm, clock=clock)
    finally:
        stores.close()


def _mark(post: Post) -> str:
    return DRILL_MARK if post.record.drill else ""
