"""The clock of a replay: where it stands, where it is to go. The replay itself runs elsewhere and reads the target."""

from __future__ import annotations

from datetime import datetime, timedelta

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from console.language import N_, _
from console.page import BadForm, Form, console_of, missing, page, text
from emergency.vocabulary import BEIJING

router = APIRouter(prefix="/replay")
STEPS = {"hour": N_("前进1小时"), "six": N_("前进6小时"), "morning": N_("到明日9时"), "end": N_("播放到结束")}
END_OF_PLAY = datetime(2100, 1, 1, tzinfo=BEIJING)
"""Later than any replay: whoever moves the clock stops at the replay's own end."""


@router.get("")
def replay(request: Request) -> Response:
    """Clock, target and buttons; 404 on a record that is no replay."""
    console = console_of(request)
    if not console.settings.replay:
        raise missing(_("演练"))
    target = _target(request)
    now = console.settings.now()
    return page(
        request, "replay.html", now=now, target=target, running=target is not None and target > now, steps=STEPS,
        to_end=target == END_OF_PLAY, events=console.office.record.last(limit=12),
    )  # fmt: skip


@router.post("")
def move(request: Request, form: Form) -> Response:
    """Note where the clock is to go."""
    console = console_of(request)
    if not console.settings.replay:
        raise missing(_("演练"))
    step = text(form, "step", most=10)
    if step not in STEPS:
        raise BadForm(_("请选择前进的步长。"))
    now = console.settings.now().astimezone(BEIJING)
    console.office.record.note("clock_target", target_of(step, now).isoformat())
    back = "/desk" if text(form, "back", most=10) == "desk" else "/replay"
    return RedirectResponse(f"{back}?done=clock", status_code=303)


def target_of(step: str, now: datetime) -> datetime:
    """Where a button leads from `now` (Beijing time).

    >>> target_of("morning", datetime(2015, 12, 5, 9, tzinfo=BEIJING)).day
    6
    """
    if step == "hour":
        return now + timedelta(hours=1)
    if step == "six":
        return now + timedelta(hours=6)
    if step == "morning":
        return (now + timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)
    return END_OF_PLAY


def _target(request: Request) -> datetime | None:
    noted = console_of(request).office.record.noted("clock_target")
    return datetime.fromisoformat(noted) if noted else None
