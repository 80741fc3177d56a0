"""The record, its chain check, its exhibits, and the evaluations made from it."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from console import charts, words
from console.language import _
from console.outlook import day_rows
from console.page import console_of, missing, page
from emergency.record import BrokenRecord
from emergency.vocabulary import Level
from forecast.outlook import Outlook

router = APIRouter()
PAGE = 100


@router.get("/record")
def record(request: Request) -> Response:
    """The log, newest first; one stream with `stream`, older entries with `before`."""
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


def _explorer(request: Request, *, proof: dict[str, Any] | None, status: int = 200) -> Response:
    office = console_of(request).office
    life, stream = request.query_params.get("life", ""), request.query_params.get("stream", "").strip()
    before = request.query_params.get("before", "")
    seq, digest = office.record.head()
    if stream and life in words.LIVES:
        entries = office.record.history(life, stream)[::-1]
        older = None
    else:
        last = min(int(before[:9]), seq + 1) if before.isascii() and before.isdigit() else seq + 1
        first = max(0, last - 1 - PAGE)
        entries = office.record.entries(after=first, limit=last - 1 - first)[::-1] if last > 1 else ()
        older = first + 1 if first > 0 else None
    return page(
        request, "record.html", status=status, entries=entries, older=older, life=life, stream=stream, seq=seq,
        head=digest, proof=proof, lives=tuple(words.LIVES),
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
