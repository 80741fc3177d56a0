"""A post: one working folder with record, archive, model and settings, opened for one flow run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from emergency.desk import desk_of
from emergency.office import Office
from emergency.record import Record
from emergency.vocabulary import BEIJING
from flows.clock import real_now
from flows.observed import observed_at
from flows.office_weather import days_ahead
from flows.situation import Situation
from forecast.archive import Archive
from forecast.city_air import city_air
from plans import rulebook
from plans.errors import LantianError
from plans.rulebook import Rules
from plans.schema import AqiEdition, CityPlan

SETTINGS_NOTE = "console"
"""Under this name the record keeps what flows and console must know of the post."""
LISTS = "lists"
"""Folder of the office's own reduction lists, one file an edition; a replay's list is named below plans/cities."""


@dataclass(frozen=True)
class Post:
    """An opened working folder."""

    home: Path
    record: Record
    office: Office
    archive: Archive
    settings: Mapping[str, Any]
    plan: CityPlan

    @property
    def now(self) -> datetime:
        """The clock of the post: that of the replay in a replay's record, else the real one."""
        kept = self.record.noted("clock") if self.record.noted("replay") else None
        return real_now() if kept is None else datetime.fromisoformat(kept)

    def rules(self, day: date) -> Rules:
        """The rules of a day, with the editions the post assumes (none for real work)."""
        return rulebook.load().on(day, assume=self.settings["assume"])

    def aqi(self, now: datetime) -> AqiEdition:
        """The AQI edition in force on the day of `now`."""
        return self.rules(now.astimezone(BEIJING).date()).aqi

    def situation(self, now: datetime) -> Situation:
        """What the office sees at `now`, read from the archive as of `now`; stations never heard of are left out."""
        known = {station.code for station in self.archive.stations()}
        heard = {
            name: [code for code in self.settings[name] if code in known] or self.settings[name]
            for name in ("stations", "mean_of")
        }
        end = now.replace(minute=0, second=0, microsecond=0)
        air = city_air(
            self.archive,
            stations=heard["stations"],
            mean_of=heard["mean_of"],
            start=end - timedelta(days=11),
            end=end,
            as_of=now,
            edition=self.aqi(now).name,
            delay=timedelta(minutes=self.settings["delay_minutes"]),
        )
        outlook = self.archive.outlook(self.settings["area"], as_of=now)
        day = now.astimezone(BEIJING).date()
        return Situation(
            now, outlook, observed_at(air, now), self.rules(day), self.plan, air,
            weather=() if outlook is None else days_ahead(self.home, self.archive, outlook, self.settings["mean_of"]),
            reasons=None if outlook is None else self.archive.reasons(outlook.digest),
        )  # fmt: skip


def open_post(home: Path) -> Post:
    """The post in a folder; LantianError with one sentence when the folder holds none."""
    path = home / "record.db"
    if not path.is_file():
        todo = "Open an office (lantian office new), or run a replay or the demo"
        raise LantianError("There is no record in the folder", where=str(home), todo=todo)
    drill = Record.kind_of(path) == "drill"
    record = Record.open(path, drill=drill)
    note = record.noted(SETTINGS_NOTE)
    if note is None:
        raise LantianError("The record has no settings of a post", where=str(path), todo="Run the replay again")
    settings = json.loads(note)
    plan = rulebook.load().city(settings["plan"])
    day = date.fromisoformat(settings["first_day"]) if settings.get("first_day") else real_now().date()
    rules = rulebook.load().on(day, assume=settings["assume"])
    archive = Archive.open(home / "archive.db")
    return Post(home, record, Office(record, desk_of(plan, rules)), archive, settings, plan)
