"""Open an office: the working folder of a city's real work, with its record, archive, directory and reduction list.

A replay makes its own folder; this makes the one that the city lives with. Nothing is assumed here: the rules are those
in force on each day and the clock is the real one. The record is live or a drill's from its birth, and stays so.
"""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from emergency.directory import Account, Directory
from emergency.record import Record
from emergency.vocabulary import Role
from flows.post import LISTS, SETTINGS_NOTE, Post
from flows.sources import plan as source_plan
from forecast.archive import Archive
from forecast.readers import station_list
from plans import rulebook
from plans.enterprise_csv import read_list
from plans.enterprise_list import EnterpriseList
from plans.errors import DataError

SOURCES = """\
# 取数计划。去掉行首的 # 即启用；改动后重新启动 lantian serve。说明见 docs/sources.md。
sources:
#  cnemc: {minute: 25, back_hours: 3}
#  openmeteo: {}  # 气象模式和CAMS；不写 places 即按本市站点的坐标取数
mappings: []
#models: {since: 2024-02-01, weather: openmeteo, every_days: 30}  # 到期自动重新训练模型
keep_raw_days: 30
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an office is opened with."""

    area: str
    """Short key of the city or district, e.g. "wangcheng"."""
    area_name: str
    plan: str
    """City plan by which it decides (`lantian rules`)."""
    stations: Path
    """CSV with code, name, lon, lat (and note)."""
    mean_of: Sequence[str] = ()
    """Codes of the stations whose mean is the city; all stations when empty."""
    listing: Path | None = None
    """Reduction list as CSV in our form (`lantian list import` makes one from a workbook)."""
    drill: str = ""
    """ "announced" or "surprise": a drill of real people in a folder of its own, whose messages never leave it. Empty
    for real work."""
    delay_minutes: int = 60
    """How long after its end an hour is published (HJ 633-2012 5.1.3: within 1 h)."""


def open_office(home: Path, wanted: Wanted, *, today: date) -> dict[str, Any]:
    """The settings of the new office in `home`.

    RuleError: no such plan. DataError: the folder holds a record, the station list or the reduction list cannot be
    read, or a code of `mean_of` is not in the station list. Everything is read before anything is written.
    """
    if (home / "record.db").exists():
        raise DataError("The folder holds a record already", where=str(home), todo="Choose another folder")
    book = rulebook.load()
    book.city(wanted.plan, on=today)
    stations = station_list.read(wanted.stations)
    codes = [station.code for station in stations]
    if not codes:
        raise DataError("The station list is empty", where=str(wanted.stations), expected="at least one station")
    strangers = [code for code in wanted.mean_of if code not in codes]
    if strangers:
        raise DataError(
            "A station of the city mean is not in the list", where=str(wanted.stations),
            expected=", ".join(codes[:8]), found=", ".join(strangers),
        )  # fmt: skip
    if wanted.listing is not None:
        read_list(wanted.listing)
    if wanted.drill not in ("", "announced", "surprise"):
        raise DataError("There is no such drill", where="drill", expected="announced or surprise", found=wanted.drill)
    settings: dict[str, Any] = {
        "area": wanted.area,
        "area_name": wanted.area_name,
        "stations": codes,
        "mean_of": list(wanted.mean_of) or codes,
        "assume": {},
        "plan": wanted.plan,
        "list": f"{LISTS}/{wanted.listing.name}" if wanted.listing else "",
        "delay_minutes": wanted.delay_minutes,
        "simulated_air": False,
        "notes": [],
    }
    home.mkdir(parents=True, exist_ok=True)
    if wanted.listing is not None:
        (home / LISTS).mkdir(exist_ok=True)
        shutil.copyfile(wanted.listing, home / settings["list"])
    Archive.open(home / "archive.db").write_stations(stations)
    if not (home / source_plan.FILE).exists():
        (home / source_plan.FILE).write_text(SOURCES, encoding="utf-8")
    (home / "drop").mkdir(exist_ok=True)
    record = Record.open(home / "record.db", drill=bool(wanted.drill))
    if wanted.drill:
        record.note("drill", wanted.drill)
    record.note(SETTINGS_NOTE, json.dumps(settings, ensure_ascii=False, sort_keys=True))
    record.engine.dispose()
    return settings


def listing_of(post: Post) -> EnterpriseList | None:
    """The office's reduction list, None when it has none yet."""
    name = str(post.settings["list"])
    return read_list(post.home / name) if name.startswith(f"{LISTS}/") else None


def add_account(
    record: Record, identifier: str, *, title: str, role: Role, enterprise: str | None = None
) -> tuple[Account, str]:
    """The new account and its first password, which is shown once and kept nowhere; DataError as the directory says."""
    password = secrets.token_urlsafe(9)
    made = Directory(record).add_account(identifier, password, title=title, role=role, enterprise=enterprise)
    return made, password


def new_password(record: Record, identifier: str) -> str:
    """A new password for the account, shown once; open sessions of the account end. DataError when unknown."""
    password = secrets.token_urlsafe(9)
    Directory(record).set_password(identifier, password)
    return password
