"""Train the office's models anew when they have grown old: what the clock's training does, each night at most once."""

from __future__ import annotations

import logging
from datetime import date, datetime, timedelta
from pathlib import Path

from emergency import source_words
from emergency.vocabulary import BEIJING
from flows import office_models
from flows.clock import real_now
from flows.post import open_post
from flows.slots import Done, Rhythm, run_due
from flows.sources import plan
from forecast.slot_store import Slot, SlotStore
from plans.errors import DataError

log = logging.getLogger("lantian.outlook")
NIGHTLY = Rhythm(
    every=timedelta(days=1),
    offset=timedelta(hours=18, minutes=10),  # 02:10 in Beijing, after the outlook of the night
    catch_up=timedelta(hours=30),
    lease=timedelta(hours=4),
    tries=2,
    pause=timedelta(hours=1),
)
AGAIN = timedelta(days=7)
"""How long after a training without weather the model with it is tried again (a choice of ours)."""


def renew_due(home: Path) -> list[tuple[datetime, str]]:
    """The slots of the night's training that were due and how they ended; none without `models` in the plan."""
    if plan.plan(home).models is None:
        return []
    post = open_post(home)
    try:
        return run_due(SlotStore(post.archive.engine), "train", lambda slot: renew(home, slot), rhythm=NIGHTLY)
    finally:
        post.archive.close()
        post.record.engine.dispose()


def renew(home: Path, slot: Slot) -> Done:
    """Train what has grown old by the slot's day; what was trained, or why not with weather, stands in the note.

    Every model is kept when it comes and none is taken away: the outlook goes on with the old one until then. DataError
    when even the model without weather cannot be trained.
    """
    wanted, today = plan.plan(home).models, slot.logical_time.astimezone(BEIJING).date()
    if wanted is None or _young(home, wanted, today):
        return Done()
    post, names, fault = open_post(home), [], ""
    weather = str(home / wanted.weather) if Path(wanted.weather).suffix else wanted.weather
    asked = {"since": wanted.since, "until": today, "effort": wanted.effort, "now": real_now()}
    try:
        if weather:
            try:
                names = [made.name for made in office_models.train(post, weather=weather, **asked)]  # type: ignore[arg-type]
            except DataError as error:
                log.warning("no model with weather: %s", error)
                fault = source_words.chinese(str(error))
        if _trained_until(home, "model") != today:
            names = [made.name for made in office_models.train(post, **asked)]  # type: ignore[arg-type]
    finally:
        post.archive.close()
        post.record.engine.dispose()
    if fault:
        return Done("degraded", f"没有训练使用气象预报的模型：{fault}")
    return Done("done", f"已训练 {'、'.join(names)}")


def _young(home: Path, wanted: plan.Models, today: date) -> bool:
    """Whether there is nothing to train: all models young, or the one with weather tried in vain within AGAIN."""
    plain = _trained_until(home, "model")
    if plain is None or (today - plain).days >= wanted.every_days:
        return False
    ahead = _trained_until(home, "model-weather") if wanted.weather else plain
    return (ahead is not None and (today - ahead).days < wanted.every_days) or today - plain < AGAIN


def _trained_until(home: Path, wanted: str) -> date | None:
    """The day of the newest model of a kind that can be used; None when there is none.

    One that is damaged or was made by an earlier version serves no outlook, however young it is.
    """
    from forecast import train

    for folder in office_models.folders(home):
        kind, _, day = folder.name.rpartition("-")
        if kind != wanted:
            continue
        try:
            train.load(folder)
        except DataError:
            continue
        return date.fromisoformat(f"{day[:4]}-{day[4:6]}-{day[6:]}")
    return None
