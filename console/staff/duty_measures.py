"""Measures of the hour: 临时管控 below yellow, a superior notice, start at once on observed air, pause and resume."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from console.judge import judge
from console.language import _
from console.needs import link
from console.page import (
    BadForm,
    Console,
    Form,
    account_of,
    attempt,
    console_of,
    local_moment,
    needed,
    office_seen,
    page,
    text,
)
from emergency import advice
from emergency.lifecycle import Actor
from emergency.vocabulary import BEIJING, Level
from emergency.warning import Draft
from emergency.warning_draft import is_control

router = APIRouter(prefix="/duty")
RUNNING = ("scheduled", "in_force", "paused")


@router.get("/measures")
def measures(request: Request) -> Response:
    """The forms, each with what it leads to."""
    return _page(request)


@router.post("/control")
def control(request: Request, form: Form) -> Response:
    """Draft a 临时管控: a step below yellow, signed by the director, not announced to the public."""
    console, by = console_of(request), account_of(request).actor
    return _attempt(request, lambda: control_from(console, form, by=by, now=console.settings.now()))


def control_from(console: Console, form: FormData, *, by: Actor, now: datetime) -> str:
    """The name of the drafted 临时管控."""
    tasks = tuple(line.strip() for line in needed(form, "measures", _("管控措施")).splitlines() if line.strip())
    content = Draft(
        level="none", area=console.office.desk.area_name, starts_at=local_moment(form, "starts_at", _("开始时间")),
        expected_end=local_moment(form, "expected_end", _("结束时间")),
        reason=needed(form, "reason", _("原因")), text="",
        consultation="", criterion_met=True, kind="control", measures=tasks,
        superior=text(form, "superior", most=200),
    )  # fmt: skip
    return _draft(console, content, by, now)


@router.post("/at-once")
def at_once(request: Request) -> Response:
    """Draft the warning of the start-at-once rule, where the observed air and the rules call for it now."""
    console, by = console_of(request), account_of(request).actor
    return _attempt(request, lambda: at_once_now(console, by=by, now=console.settings.now()))


def at_once_now(console: Console, *, by: Actor, now: datetime) -> str:
    """The name of the warning drafted on observed air; BadForm where the rule does not hold."""
    found = _at_once(console, now)
    if found is None:
        raise BadForm(_("先行启动条款现在不成立：实测未达重度，或12小时内预计明显改善。"))
    issued = console.office.record.now("warning", states=("issued",))
    current = next((row for row in issued if not is_control(row)), None)
    content = Draft(
        level=found.level.word, area=console.office.desk.area_name, starts_at=now,
        expected_end=now + timedelta(hours=24), reason=found.chinese, text="", consultation="observed",
        criterion_met=True, replaces=current["stream"] if current else None,
        health=advice.health(console.settings.plan, found.level),
    )  # fmt: skip
    return _draft(console, content, by, now, episode=current["episode"] if current else None)


@router.post("/superior")
def superior(request: Request, form: Form) -> Response:
    """File a notice of the higher authority; a consultation is proposed on it."""
    console, by = console_of(request), account_of(request).actor
    return _attempt(request, lambda: superior_from(console, form, by=by, now=console.settings.now()), done="filed")


def superior_from(console: Console, form: FormData, *, by: Actor, now: datetime) -> str:
    """The name of the consultation proposed on the notice."""
    outlook = console.air.outlook(now)
    if outlook is None:
        raise BadForm(_("没有展望，不能据此提议会商。"))
    source, words = needed(form, "source", _("文号"), most=120), needed(form, "summary", _("通知内容"))
    name = f"consultation-{now.astimezone(BEIJING):%Y%m%d}"
    number = len(console.office.record.now("consultation", prefix=name)) + 1
    running = console.office.record.now("warning", states=("issued",))
    name += f"-{number}" if number > 1 else ""
    console.office.superior_notice(
        name, episode=running[-1]["episode"] if running else _episode(console, now), outlook=outlook, source=source,
        content=words.encode(), media_type="text/plain", summary=words[:200], by=by, now=now,
    )  # fmt: skip
    return name


@router.post("/pause")
def pause(request: Request, form: Form) -> Response:
    """Pause the running response, until an hour or until further notice."""
    console, by = console_of(request), account_of(request).actor

    def act() -> None:
        name = needed(form, "response", _("响应"), most=120)
        until = local_moment(form, "resume_at", _("恢复时间")) if text(form, "resume_at") else None
        office_seen(request, "activation", name, form).pause_response(
            name, reason=needed(form, "reason", _("暂停原因")), resume_at=until, by=by, now=console.settings.now()
        )

    return _attempt(request, act, done="paused")


@router.post("/resume")
def resume(request: Request, form: Form) -> Response:
    """Let the paused response go on."""
    console, by = console_of(request), account_of(request).actor

    def act() -> None:
        name = needed(form, "response", _("响应"), most=120)
        office_seen(request, "activation", name, form).resume_response(name, by=by, now=console.settings.now())

    return _attempt(request, act, done="resumed")


# --- inside -----------------------------------------------------------------------------------------------------------


def _attempt(request: Request, act: Any, *, done: str = "drafted") -> Response:
    return attempt(
        act,
        show=lambda alert, status: _page(request, alert=alert, status=status),
        then=f"/duty/measures?done={done}",
    )


def _page(request: Request, *, alert: str = "", status: int = 200) -> Response:
    console = console_of(request)
    now, record = console.settings.now(), console.office.record
    responses = record.now("activation", states=RUNNING)
    response = responses[-1] if responses else None
    start = now.astimezone(BEIJING).replace(minute=0, second=0, microsecond=0) + timedelta(hours=3)
    role = account_of(request).role.key
    return page(
        request, "duty_measures.html", alert=alert, status=status, now=now, response=response,
        leads=response is not None and console.office.desk.authority[Level.of(response["level"])].allows(role),
        seen=len(record.history("activation", response["stream"])) if response else 0,
        at_once=_at_once(console, now), start=f"{start:%Y-%m-%dT%H:%M}",
        end=f"{start + timedelta(hours=48):%Y-%m-%dT%H:%M}",
        controls=[row for row in record.now("warning") if is_control(row)][::-1],
        link=link,
    )  # fmt: skip


def _at_once(console: Console, now: datetime) -> Any:
    outlook = console.air.outlook(now)
    return None if outlook is None or not outlook.days else judge(console, outlook, None, now).start_at_once


def _draft(console: Console, content: Draft, by: Actor, now: datetime, *, episode: str | None = None) -> str:
    identifier = f"warning-{len(console.office.record.now('warning')) + 1:03d}"
    console.office.draft_warning(identifier, episode=episode or _episode(console, now), content=content, by=by, now=now)
    return identifier


def _episode(console: Console, now: datetime) -> str:
    """A new episode's name; another one when a response of that name exists."""
    name = f"{console.office.desk.area}-{now.astimezone(BEIJING):%Y%m%d}"
    while console.office.record.state("activation", f"response-{name}") is not None:
        name += "x"
    return name
