"""What other systems may read of the office besides its matters: what waits, who is on duty, how far measures reach."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from console.api.acting import Identifier
from console.api.door import CallerOf, console_of
from console.api.problem import Fault
from console.api.reads import answer
from console.needs import needs
from console.page import OUR_YEARS, Console, missing
from console.staff.debrief import debrief_of
from console.staff.problem import circular_of
from console.staff.standing import month, ranked
from console.watch import AlertRow
from emergency import roster
from emergency.roster_store import RosterStore
from emergency.vocabulary import BEIJING
from emergency.webhooks import Hooks
from plans import rulebook
from plans.errors import RuleError

router = APIRouter()
AHEAD = timedelta(days=14)
Day = Annotated[date | None, Query(description="日期，不写时为今天")]
Which = Annotated[str, Query(max_length=120, description="响应编号，不写时为最近一次")]


@router.get("/needs", summary="现在等待这个账号的事项")
def waiting(request: Request, caller: CallerOf) -> Response:
    """What waits for the account, the most urgent first, as the duty desk shows it."""
    settings = console_of(request).settings
    now = settings.now()
    return answer(request, {"items": [
        {"what": one.what, "why": one.why, "page": one.href, "urgent": one.urgent, "late": one.late(now),
         "deadline": one.deadline.isoformat() if one.deadline else None}
        for one in needs(settings, caller.account, now)
    ]})  # fmt: skip


@router.get("/duty", summary="值班：现在谁在岗、空班和登记")
def duty(request: Request, _caller: CallerOf) -> Response:
    """Who is on, the shifts of the coming days, those that nobody has, and what was noted on the roster."""
    console = console_of(request)
    store, now = RosterStore(console.office.record), console.settings.now()
    plan = store.roster()
    today = now.astimezone(BEIJING).date()
    notes = [
        {"number": one.number, "kind": one.kind, "data": one.data, "by": one.by, "noted_at": one.noted_at.isoformat()}
        for one in store.notes()
        if one.kind in ("leave", "override", "swap") and not one.withdrawn
    ]
    if plan is None:
        return answer(request, {"roster": False, "now": [], "coming": [], "gaps": [], "notes": notes})
    return answer(request, {
        "roster": True, "now": _shifts(roster.on_duty(plan, now)),
        "coming": _shifts(roster.duties(plan, today, today + AHEAD)),
        "gaps": _shifts(roster.gaps(plan, now=now, ahead=AHEAD)), "notes": notes,
    })  # fmt: skip


@router.get("/alerts", summary="值守提醒与数据来源")
def alerts(request: Request, _caller: CallerOf) -> Response:
    """Open alerts, those of the last day that cleared, and how old the data of every source are."""
    console = console_of(request)
    found = console.watch.at(console.settings.now())
    return answer(request, {
        "fault": found.fault,
        "open": [_alert(one) for one in found.alerts], "cleared": [_alert(one) for one in found.past],
        "sources": [
            {"source": one.source, "succeeded_at": one.succeeded_at, "valid_until": one.valid_until,
             "failures": one.failures, "note": one.note}
            for one in found.sources
        ],
        "flows": [
            {"flow": one.flow, "states": one.states, "done_until": one.done_until, "trouble": one.trouble}
            for one in found.runs
        ],
    })  # fmt: skip


@router.get("/standing", summary="一年的每日AQI与站点排名")
def standing(
    request: Request,
    _caller: CallerOf,
    year: Annotated[int | None, Query(ge=1990, le=2199, description="年份，不写时为今年")] = None,
) -> Response:
    """The daily AQI of a year up to yesterday with its sums by month, and the stations by mean PM2.5."""
    console = console_of(request)
    now = console.settings.now()
    today = now.astimezone(BEIJING).date()
    chosen = year or today.year
    if chosen > today.year:
        raise Fault(404, "没有这个年份。")
    air, edition = console.air.year(chosen, now), console.settings.rules(today).aqi
    months = [month(chosen, number, air.daily, edition) for number in range(1, 13)] if air.daily else []
    return answer(request, {
        "year": chosen, "aqi_edition": edition.name, "fault": air.fault,
        "days": {day.isoformat(): aqi for day, aqi in sorted(air.daily.items())},
        "months": [
            {"month": one.first.month, "good": one.good, "heavy": one.heavy, "valid": one.valid,
             "mean": None if one.mean is None else round(one.mean, 1)}
            for one in months
        ],
        "stations": [{**asdict(one), "mean": round(one.mean, 1)} for one in ranked(air.stations)],
    })  # fmt: skip


@router.get("/rules", summary="规则版本")
def rules(request: Request, _caller: CallerOf) -> Response:
    """All editions of the rules, the city plans among them."""
    book = rulebook.load()
    editions = (one for dated in (*book.instruments.values(), *book.cities.values()) for one in dated)
    told = {"name", "from", "until", "cites"}
    rows = [
        {key: value for key, value in one.model_dump(mode="json", by_alias=True).items() if key in told}
        for one in editions
    ]
    return answer(request, {"digest": book.digest, "in_use": console_of(request).settings.plan.name, "items": rows})


@router.get("/rules/{identifier}", summary="一个规则版本的全文")
def rule(request: Request, identifier: Identifier, _caller: CallerOf) -> Response:
    """One edition as data, every value with its source."""
    try:
        edition = rulebook.load().edition(identifier)
    except RuleError:
        raise Fault(404, "没有这个编号。") from None
    return answer(request, edition.model_dump(mode="json", by_alias=True, exclude_none=True))


@router.get("/compliance", summary="一次响应的落实情况与检查次序")
def compliance(request: Request, _caller: CallerOf, response: Which = "") -> Response:
    """Kilograms promised, achieved, missing and unseen by pollutant; where to look first and why."""
    console = console_of(request)
    chosen = response or _last(console)
    found = console.compliance.of(chosen)
    return answer(request, {
        "response": chosen, "running": found.running, "judged": found.judged,
        "kilograms": {key: asdict(one) for key, one in found.tallies.items()},
        "look_first": [
            {"enterprise": one.enterprise, "name": found.names.get(one.enterprise, ""), "district": one.district,
             "at_stake": one.at_stake, "reasons": one.reasons, "order": found.streams.get(one.enterprise)}
            for one in found.ranked
        ],
        "contradictions": [{"enterprise": plant, "text": words} for plant, words in found.contradictions],
    })  # fmt: skip


@router.get("/circular", summary="督查情况按日通报")
def daily(request: Request, _caller: CallerOf, day: Day = None) -> Response:
    """The lines of the circular of a day."""
    console = console_of(request)
    now = console.settings.now()
    chosen = day or now.astimezone(BEIJING).date()
    if chosen.year not in OUR_YEARS:
        raise Fault(422, "日期不在1990年至2199年之间。", kind="urn:lantian:invalid")
    return answer(request, {"day": chosen, "lines": list(circular_of(console, chosen, now=now))})


@router.get("/debrief", summary="演练讲评")
def debrief(request: Request, _caller: CallerOf, response: Which = "") -> Response:
    """The score of a drill with what was measured; only a drill has one."""
    console = console_of(request)
    if not console.office.record.drill:
        raise missing("演练讲评")
    chosen = response or _last(console)
    made = debrief_of(console, chosen, now=console.settings.now())
    return answer(request, {
        "response": chosen, "announced": made.announced, "points": made.points,
        "items": [asdict(one) for one in made.items],
    })  # fmt: skip


@router.get("/webhooks", summary="回调")
def webhooks(request: Request, _caller: CallerOf) -> Response:
    """Every other system that is told, and where it stands; never its secret, nor the query of its address."""
    hooks = Hooks(console_of(request).office.record)
    paused = hooks.paused()
    return answer(request, {"items": [
        {"identifier": one.identifier, "title": one.title, "address": one.address.partition("?")[0],
         "lives": sorted(one.lives), "active": one.active, "paused": one.identifier in paused, "after": one.after,
         "failures": one.failures, "said": one.said}
        for one in hooks.all()
    ]})  # fmt: skip


@router.get("/map", summary="现用底图的来源与审图号")
def ground(request: Request, _caller: CallerOf) -> Response:
    """What must stand beside the office's own map; empty while there is none."""
    found = console_of(request).map.ground()
    return answer(request, {"source": found.source if found else "", "number": found.number if found else ""})


@router.get("/record/check", summary="核对记录的链")
def check(request: Request, _caller: CallerOf) -> Response:
    """How many entries of the chain were checked; 409 when it is broken."""
    record = console_of(request).office.record
    count = record.verify()
    return answer(request, {"entries": count, "head": record.head()[1]})


def _last(console: Console) -> str:
    rows = console.office.record.now("activation", newest=1)
    return str(rows[-1]["stream"]) if rows else ""


def _shifts(duties: Iterable[roster.Duty]) -> list[dict[str, Any]]:
    return [
        {"shift": one.shift, "day": one.day, "begins_at": one.begins_at.isoformat(),
         "ends_at": one.ends_at.isoformat(), "person": one.person, "why": one.why}
        for one in duties
    ]  # fmt: skip


def _alert(one: AlertRow) -> dict[str, Any]:
    return {
        "alert": one.key, "kind": one.kind, "subject": one.subject, "text": one.text, "severity": one.severity,
        "urgency": one.urgency, "raised_at": one.raised_at, "cleared_at": one.cleared_at,
        "acknowledged_at": one.acknowledged_at, "acknowledged_by": one.acknowledged_by, "note": one.note,
    }  # fmt: skip
