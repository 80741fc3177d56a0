"""What other systems may read. Times are ISO 8601 with offset; `limit` cuts lists, the log goes on with `after`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from math import isnan
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from console import access
from console.api.acting import Identifier
from console.api.door import CallerOf, console_of
from console.api.problem import Fault
from console.outlook import signed_now

router = APIRouter()


class Life(StrEnum):
    """The lives by their address."""

    consultations = "consultations"
    warnings = "warnings"
    responses = "responses"
    orders = "orders"
    problems = "problems"
    calls = "calls"
    handovers = "handovers"
    editions = "editions"
    links = "links"


STREAM = {one: "activation" if one is Life.responses else one.value.removesuffix("s") for one in Life}
Limit = Annotated[int, Query(ge=1, le=500, description="最多返回多少条")]
State = Annotated[str, Query(max_length=40, description="只要这个状态")]


def answer(request: Request, content: Any) -> Response:
    """The content as JSON with its ETag; 304 when the caller has it already."""
    body = json.dumps(content, ensure_ascii=False, default=_said).encode()
    etag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
    headers = {"etag": etag, "cache-control": "private, no-cache"}
    known = {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}
    if etag in known or "*" in known:  # RFC 9110 13.1.2: any of a list, weakly compared
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


@router.get("/status", summary="记录与时钟")
def status(request: Request, caller: CallerOf) -> Response:
    """Whether this is a drill, the office's clock, the head of the record's chain."""
    settings = console_of(request).settings
    seq, digest = settings.office.record.head()
    return answer(request, {
        "area": settings.area, "area_name": settings.office.desk.area_name, "drill": settings.office.record.drill,
        "simulated_air": settings.simulated_air, "now": settings.now().isoformat(), "entries": seq, "head": digest,
        "as": caller.account.role.key, "scopes": sorted(caller.token.scopes),
    })  # fmt: skip


@router.get("/air", summary="实测空气")
def air(request: Request, _caller: CallerOf) -> Response:
    """The city's last hours, whole days and stations, as known now."""
    console = console_of(request)
    now = console.settings.now()
    seen = console.air.at(now)
    return answer(request, {
        "aqi_edition": console.settings.aqi(now).name,
        "fault": seen.fault,
        "hours": [{"valid_time": at.isoformat(), "aqi": aqi, "pm25": _number(pm25)} for at, aqi, pm25 in seen.hours],
        "days": [{"date": day.isoformat(), "aqi": aqi} for day, aqi in sorted(seen.days.items())],
        "stations": [
            {
                "code": one.code, "name": one.name, "aqi": one.aqi, "pm25": _number(one.pm25), "silent": one.silent,
                "valid_time": one.valid_time.isoformat() if one.valid_time else None,
            }
            for one in seen.stations
        ],
    })  # fmt: skip


@router.get("/outlook", summary="未来七天展望与会商签发值")
def outlook(request: Request, _caller: CallerOf) -> Response:
    """The model's outlook in force and, beside it, what the last consultation signed. 404 before the first outlook."""
    console = console_of(request)
    now = console.settings.now()
    found = console.air.outlook(now)
    if found is None:
        raise Fault(404, "还没有展望。")
    official = signed_now(console.settings, now)
    signed = None
    if official is not None:
        values = {day.isoformat(): value for day, value in official.values.items()}
        signed = {"consultation": official.consultation, "signed_at": official.signed_at, "values": values}
    return answer(request, {"digest": found.digest, "outlook": json.loads(found.to_json()), "signed": signed})


LISTS: Mapping[Life, tuple[str, str]] = {
    Life.consultations: ("会商", "Consultations, the newest first."),
    Life.warnings: ("预警", "Warnings, the newest first."),
    Life.responses: ("应急响应", "Responses, the newest first."),
    Life.calls: ("呼叫", "Calls of the duty ladder, the newest first."),
    Life.handovers: ("交接班", "Notes of shifts, the newest first."),
    Life.editions: ("清单版本", "Editions of the reduction list, the newest first."),
    Life.links: ("签收链接", "Signed links and what became of them; never the links themselves, nor their codes."),
    Life.orders: ("减排指令", "Orders to plants, the newest first."),
    Life.problems: ("交办问题", "Problems, the newest first."),
}
"""The name of each list, and what it says of itself."""


def _listing(life: Life) -> Callable[..., Response]:
    def listed(request: Request, _caller: CallerOf, state: State = "", limit: Limit = 100) -> Response:
        return _list(request, life, state, limit)

    return listed


for _life, (_name, _says) in LISTS.items():
    router.add_api_route(f"/{_life}", _listing(_life), methods=["GET"], name=_life, summary=_name, description=_says)


@router.get("/record", summary="只增不改的记录")
def record(
    request: Request,
    _caller: CallerOf,
    after: Annotated[int, Query(ge=0, le=2**53, description="从这个序号之后")] = 0,
    limit: Limit = 100,
) -> Response:
    """Entries of the log in their order, with the digests of the chain, so that a copy can be checked elsewhere."""
    entries = console_of(request).office.record.entries(after=after, limit=limit)
    rows = [
        {
            "seq": entry.seq, "life": entry.life, "stream": entry.stream, "kind": entry.event.kind,
            "occurred_at": entry.event.occurred_at.isoformat(), "actor": entry.event.actor, "role": entry.event.role,
            "data": entry.event.data, "digest": entry.digest,
        }
        for entry in entries
    ]  # fmt: skip
    return answer(request, {"entries": rows, "next": rows[-1]["seq"] if len(rows) == limit else None})


@router.get("/{life}/{identifier}", summary="一项的现状与经过")
def one(request: Request, life: Life, identifier: Identifier, caller: CallerOf) -> Response:
    """One matter with its history; `version` is what an act should name."""
    if life is Life.links and caller.account.role not in access.OFFICE:
        raise Fault(403, f"{caller.account.role.chinese}不能使用这个地址。", kind="urn:lantian:role")
    store, kind = console_of(request).office.record, STREAM[life]
    history = store.history(kind, identifier)
    if not history:
        raise Fault(404, "没有这个编号。")
    events = [
        {"kind": entry.event.kind, "occurred_at": entry.event.occurred_at.isoformat(), "role": entry.event.role,
         "data": entry.event.data}
        for entry in history
    ]  # fmt: skip
    return answer(request, {**_row(store.row(kind, identifier) or {}), "version": len(history), "history": events})


def _list(request: Request, life: Life, state: str, limit: int) -> Response:
    store, kind = console_of(request).office.record, STREAM[life]
    rows = store.now(kind, states=(state,) if state else None, newest=limit)[::-1]
    counts = store.counts(kind)
    total = counts.get(state, 0) if state else sum(counts.values())
    return answer(request, {"total": total, "items": [_row(row) for row in rows]})


def _row(row: Any) -> dict[str, Any]:
    kept = ("stream", "state", "level", "episode", "parent", "opened_at", "changed_at", "deadline", "final", "body")
    return {name: row[name] for name in kept if name in row}


def _said(value: Any) -> str:
    """What JSON has no word for: moments and days as ISO 8601."""
    return value.isoformat() if isinstance(value, date) else str(value)


def _number(value: float | None) -> float | None:
    return None if value is None or isnan(value) else round(float(value), 1)
