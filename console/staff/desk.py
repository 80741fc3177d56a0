"""The duty desk 值班台: what needs me, what is in force, the air now, the next seven days, what happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from console import charts, language, words
from console.language import _
from console.needs import link, needs, silent_orders
from console.on_duty import on_duty
from console.outlook import categories, day_rows, signed_now
from console.page import Console, account_of, console_of, page
from emergency.record_orders import order_moments
from emergency.vocabulary import BEIJING, Level
from emergency.warning_draft import is_control

router = APIRouter()
TIMELINE = 14
"""Rows of the timeline on the desk; all of it is on the record page."""


@router.get("/desk")
def desk(request: Request) -> Response:
    """The whole desk."""
    return page(request, "desk.html", **_all(request))


@router.get("/desk/live")
def live(request: Request) -> Response:
    """The part of the desk that is fetched anew every few seconds."""
    return page(request, "_desk_live.html", **_all(request))


@router.get("/wall")
def wall(request: Request) -> Response:
    """The desk for a screen on the wall: dark, large, nothing to click."""
    return page(request, "wall.html", **_all(request))


@router.get("/wall/live")
def wall_live(request: Request) -> Response:
    """The part of the wall that is fetched anew every few seconds."""
    return page(request, "_wall_live.html", **_all(request))


def _all(request: Request) -> dict[str, Any]:
    console = console_of(request)
    settings, now = console.settings, console.settings.now()
    air, outlook = console.air.at(now), console.air.outlook(now)
    edition = settings.aqi(now)
    official = signed_now(settings, now)
    signed = official.values if official else {}
    standing = _standing(console, now)
    marks = standing.pop("marks")
    return {
        "now": now,
        "needs": needs(settings, account_of(request), now),
        "air": air,
        "there": on_duty(console.office, now),
        "map": console.map.at(air, edition),
        "watch": console.watch.at(now),
        "back": "desk",
        "category": categories(edition),
        "edition_name": edition.name,
        "smoothed": any(mean.pollutant == "pm25" and mean.window == "24h" for mean in edition.hourly.means),
        "hours_chart": charts.hours([(at, aqi) for at, aqi, _pm in air.hours[-48:]], edition) if air.latest else "",
        "outlook": outlook,
        "days": day_rows(settings, outlook) if outlook else (),
        "signed": signed,
        "fan": charts.fan(outlook, settings.rules(outlook.days[0].valid_date).book.aqi(outlook.aqi_edition),
                          observed=air.days, signed=signed, marks=marks) if outlook and outlook.days else "",
        "marked": any(at.astimezone(BEIJING).date() in air.days for at, _word in marks),
        **standing,
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Moment:
    """One row of the timeline."""

    at: datetime
    text: str
    who: str
    href: str
    mark: str = ""
    """The word under which it stands in the chart; empty for what is not drawn."""


def _standing(console: Console, now: datetime) -> dict[str, Any]:
    record = console.office.record
    warnings = record.now("warning", open_only=True)
    running = [row for row in warnings if row["state"] == "issued"]
    issued = [row for row in running if not is_control(row)]
    responses = [row for row in record.now("activation") if row["state"] in ("scheduled", "in_force", "paused")]
    response = responses[-1] if responses else None
    counts = record.counts("order", parent=response["stream"]) if response else {}
    closed = ("superseded", "released", "exempted", "closed")
    every = [*warnings, *responses, *record.now("consultation", open_only=True)]
    episode = every[0]["episode"] if every else _last_episode(console)
    story = timeline(console, episode) if episode else []
    return {
        "warning": issued[-1] if issued else None,
        "controls": [row for row in running if is_control(row)],
        "pending": [row for row in warnings if row["state"] != "issued"],
        "response": response,
        "level": Level.of(issued[-1]["level"]) if issued else Level.NONE,
        "orders_open": sum(count for state, count in counts.items() if state not in closed),
        "orders_received": counts.get("acknowledged", 0) + counts.get("executing", 0),
        "orders_silent": silent_orders(console.settings, now)[0] if response else 0,
        "episode": episode,
        "timeline": story[-TIMELINE:][::-1],
        "marks": [(one.at, one.mark) for one in story if one.mark],
    }


def _last_episode(console: Console) -> str | None:
    rows = console.office.record.now("activation") or console.office.record.now("consultation")
    return str(rows[-1]["episode"]) if rows else None


def timeline(console: Console, episode: str) -> list[Moment]:
    """The story of an episode, oldest first: each act of people, and the orders counted per round.

    Consultations that led to nothing stay in: what was not decided is part of the story.
    """
    record, found = console.office.record, []
    for life, kind in (("consultation", "consultations"), ("warning", "warnings"), ("activation", "orders")):
        for row in record.now(life, episode=episode):
            href = "/orders" if life == "activation" else link(kind, row["stream"])
            for entry in record.history(life, row["stream"]):
                if entry.event.kind in ("opinion_noted", "absence_noted"):
                    continue  # they stand in the consultation; here one line counts them
                who = words.role(entry.event.role)
                said = words.sentence(entry)
                if entry.event.kind == "concluded":
                    heard, absent = len(row["body"]["opinions"] or {}), len(row["body"]["absences"] or {})
                    said = (
                        _("%(heard)s方提交意见", heard=heard)
                        + (_("、%(absent)s方缺席", absent=absent) if absent else "")
                        + _("。")
                        + said
                    )
                drawn = _mark(life, entry.event.kind, entry.event.data, row)
                found.append(Moment(entry.event.occurred_at, said, who, href, drawn))
    issued = order_moments(record, episode=episode, field="issued_at")
    ended = order_moments(record, episode=episode, field="ended_at")
    found += [_round(at, _("下达减排指令%(count)s家", count=count)) for at, count in issued.items()]
    found += [_round(at, _("解除或替代减排指令%(count)s家", count=count)) for at, count in ended.items()]
    return sorted(found, key=lambda item: item.at)


def _mark(life: str, kind: str, data: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    """The short word of an event that changes what is in force; empty for every other."""
    match life, kind:
        case "warning", "issued":
            return _("发布%(level)s", level=_named(row))
        case "warning", "lifted":
            return _("解除%(level)s", level=_named(row))
        case "activation", "started":
            return _("启动")
        case "activation", "adjusted":
            return _("转%(level)s", level=_bare_level(data["level"]))
        case "activation", "paused":
            return _("暂停")
        case "activation", "resumed":
            return _("恢复")
    return ""


def _named(row: Mapping[str, Any]) -> str:
    if is_control(row):
        return language.bare(str(language.show(_("临时管控"))))
    return _bare_level(row["level"])


def _bare_level(key: str) -> str:
    """The word of a level in the reader's language, for a picture, which holds no marks."""
    return language.bare(str(language.show(words.level_word(key))))


def _round(at: str, text: str) -> Moment:
    return Moment(datetime.fromisoformat(at), text, _("系统"), "/orders")
