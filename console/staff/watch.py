"""The watch 值守: what it saw, how old every source's and station's data are, and who took note."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from console.language import _
from console.page import BadForm, Console, Form, account_of, console_of, page, text
from emergency.alert import Noted
from emergency.directory import Account
from plans.errors import DataError

router = APIRouter(prefix="/watch")
BACK = {"desk": "/desk", "watch": "/watch"}


@router.get("")
def watch(request: Request) -> Response:
    """The whole page."""
    return _show(request)


@router.post("/acknowledge")
def acknowledge(request: Request, form: Form) -> Response:
    """Take note of an open alert: recorded first, then marked."""
    console, account = console_of(request), account_of(request)
    try:
        note_from(console, form, by=account, now=console.settings.now())
    except Gone as gone:
        return _show(request, alert=str(gone), status=409)
    return RedirectResponse(f"{BACK.get(text(form, 'back', most=8), '/watch')}?done=noted", status_code=303)


class Gone(Exception):
    """The alert is no longer as it was seen; the sentence says how."""


def note_from(console: Console, form: FormData, *, by: Account, now: datetime) -> Noted:
    """The note of the alert that the form names; Gone when it has cleared or grown, BadForm when none is named."""
    kind, _bar, subject = text(form, "alert", most=160).partition("|")
    if not kind or not subject:
        raise BadForm(_("请选择要签收的提醒。"))
    found = None if console.settings.archive is None else console.watch.find(kind, subject)
    if found is None:
        raise Gone(_("这条提醒已经解除，无需签收。"))
    if text(form, "severity", most=1) not in ("", str(found.severity)):
        raise Gone(_("这条提醒刚刚加重，请看清最新内容后再签收。"))
    noted = console.office.acknowledge_alert(
        kind, subject, severity=found.severity, text=found.text, raised_at=found.raised_at,
        note=text(form, "note", most=200), by=by.actor, now=now,
    )  # fmt: skip
    with suppress(DataError):  # cleared between the two: the note is on record, and there is nothing left to mark
        console.watch.mark(kind, subject, by=by.identifier, now=now)
    return noted


def _show(request: Request, *, alert: str = "", status: int = 200) -> Response:
    console = console_of(request)
    now = console.settings.now()
    return page(
        request, "watch.html", status=status, alert=alert, watch=console.watch.at(now), late=console.watch.late(now),
        air=console.air.at(now), now=now,
    )  # fmt: skip
