"""The record, its chain check, its exhibits, and the evaluations made from it."""

from __future__ import annotations

import json
from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from console import charts
from console.language import _
from console.outlook import day_rows
from console.page import console_of, missing, our_day, page
from emergency.record import BrokenRecord
from emergency.record_search import KINDS, Wanted, search
from emergency.vocabulary import BEIJING, Level, Role
from forecast.outlook import Outlook

router = APIRouter()
PAGE = 100
ROLES = tuple(role.key for role in Role)


@router.get("/record")
def record(request: Request) -> Response:
    """The log, newest first: by `kind` ("order" or "order.chased"), `role`, `day` and `stream`; older with `before`."""
    return _explorer(request, proof=None)


@router.post("/record/verify")
def verify(request: Request) -> Response:
    """Check the whole chain now and say what was found."""
    office = console_of(request).office
    try:
        count = office.record.verify()
    except BrokenRecord as broken:
        return _explorer(request, proof={"whole": False, "text": str(broken)}, status=409)
    head = office.record.head()[1]
    return _explorer(
        request,
        proof={
            "whole": True,
            "text": _("%(count)s条记录，链条完整，末端摘要 %(value)s…", count=count, value=head[:16]),
        },
    )


@router.get("/exhibits/{digest}")
def exhibit(request: Request, digest: str) -> Response:
    """An exhibit: outlooks and evaluations as pages, everything else as a download that cannot run."""
    console = console_of(request)
    try:
        found = console.office.record.exhibit(digest)
    except BrokenRecord as broken:
        return page(
            request, "refused.html", status=409, sentence=_("附件与其摘要不符，不能出示。%(broken)s", broken=broken)
        )
    if found is None:
        raise missing(_("附件"))
    media_type, content = found
    if request.query_params.get("as") != "file" and media_type == "application/json":
        raw = _json(content)
        if isinstance(raw, dict) and "aqi_paths" in raw:
            return _outlook(request, digest, content)
        if isinstance(raw, dict) and "reduction_ordered" in raw:
            return page(request, "evaluation.html", digest=digest, report=raw, level=_level(raw.get("highest", "none")))
    name = f"{digest[:16]}.{'json' if media_type == 'application/json' else 'txt'}"
    headers = {"content-disposition": f'attachment; filename="{name}"', "content-security-policy": "sandbox"}
    return Response(content, media_type="application/octet-stream", headers=headers)


@router.get("/reports")
def reports(request: Request) -> Response:
    """All evaluations (大气污染防治法 第96条), newest first, and the responses that still wait for theirs."""
    office = console_of(request).office
    reviewed = office.record.now("activation", states=("reviewed",))[::-1]
    return page(request, "reports.html", reviewed=reviewed, waiting=office.record.now("activation", states=("ended",)))


def _explorer(request: Request, *, proof: dict[str, Any] | None, alert: str = "", status: int = 200) -> Response:
    office, given = console_of(request).office, request.query_params
    life, _dot, kind = (given.get("kind") or given.get("life", "")).partition(".")
    role, stream, day = given.get("role", ""), given.get("stream", "").strip(), given.get("day", "").strip()
    known = (life in KINDS or not life) and (kind in KINDS.get(life, ()) or not kind) and (role in ROLES or not role)
    try:
        start = datetime.combine(our_day(day), time(), BEIJING) if day else None
    except ValueError:
        start, known = None, False
    if not known:
        sentence = _("地址中的筛选条件无法理解，现列出全部记录。请在下方重新选择事项、角色或日期。")
        alert, status, life, kind, role, day = alert or sentence, 400, "", "", "", ""
    wanted = Wanted(
        life=life, kind=kind, stream=stream[:120], role=role, since=start, until=start and start + timedelta(days=1)
    )
    before = given.get("before", "")
    before = before[:9] if before.isascii() and before.isdigit() else ""
    found = search(office.record, wanted, before=int(before) if before else None, limit=PAGE + 1)
    seq, digest = office.record.head()
    chosen = {"kind": f"{life}.{kind}" if kind else life, "role": role, "day": day, "stream": stream}
    filters = urlencode({name: value for name, value in chosen.items() if value})
    return page(
        request, "record.html", status=status, alert=alert, entries=found[:PAGE], chosen=chosen, filters=filters,
        older=found[PAGE - 1].seq if len(found) > PAGE else None, before=before, seq=seq, head=digest, proof=proof,
        kinds=KINDS, roles=ROLES,
    )  # fmt: skip


def _outlook(request: Request, digest: str, content: bytes) -> Response:
    settings = console_of(request).settings
    outlook = Outlook.from_json(content.decode())
    edition = settings.rules(outlook.days[0].valid_date).book.aqi(outlook.aqi_edition)
    fan = charts.fan(outlook, edition, observed={})
    return page(
        request, "exhibit_outlook.html", digest=digest, outlook=outlook, days=day_rows(settings, outlook), fan=fan
    )


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return None


def _level(value: Any) -> Level:
    """The level of a report, written as a word or as its number."""
    if isinstance(value, int):
        return Level(value)
    return Level.of(str(value))
