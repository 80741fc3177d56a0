"""Acts that bring something before those who sign: drafts, the measures of the hour, pauses of a response."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from console.api.acting import (
    Asked,
    Done,
    Identifier,
    Key,
    Moment,
    Short,
    Text,
    WithReason,
    do,
    done,
    form_of,
    once,
    route,
)
from console.api.door import CallerOf, console_of
from console.page import Console
from console.staff import duty_measures, warning_form
from emergency.directory import Account
from emergency.lifecycle import Actor
from emergency.office import Office
from emergency.warning import AirWarning

router = APIRouter()


class Wording(Asked):
    """What a draft says; what is left out stays empty and is refused where the plan needs it."""

    starts_at: Moment
    expected_end: Moment
    reason: Text
    text: Annotated[str, Field(max_length=2000)] = ""
    health: Annotated[str, Field(max_length=2000)] = ""
    why_now: Annotated[str, Field(max_length=2000)] = ""
    pollutant: Annotated[str, Field(max_length=8)] = "pm25"
    without_criterion: Annotated[str, Field(max_length=2000)] = ""
    superior: Short = ""


class Draft(Wording):
    """A draft on the conclusion of a consultation, which gives its level."""

    consultation: Annotated[str, Field(min_length=1, max_length=120)]


class Control(Asked):
    """A step below yellow."""

    measures: Annotated[str, Field(min_length=1, max_length=2000, description="每行一项")]
    starts_at: Moment
    expected_end: Moment
    reason: Text
    superior: Short = ""


class Notice(Asked):
    """A notice of the higher authority."""

    source: Annotated[str, Field(min_length=1, max_length=120, description="文号")]
    summary: Text


class Pause(WithReason):
    """Until when a response rests; without an hour until somebody resumes it."""

    resume_at: Moment | None = None


class Said(BaseModel):
    """What a draft would say. Nothing of it is on record."""

    fault: str = Field(description="不能起草的原因；空表示可以")
    field: str
    level: str
    xml: str = Field(description="CAP 草稿，状态为 Draft")
    papers: list[str] = Field(description="随之生成的文书名称")
    points: list[dict[str, Any]]


@route("/warnings", "起草预警", router)
def draft(request: Request, asked: Draft, caller: CallerOf, key: Key) -> Response:
    """Put a draft before those who may sign it."""
    name = warning_form.next_name(console_of(request))

    def work(console: Console, account: Account, now: datetime) -> Done:
        warning_form.draft_from(console, form_of(asked), identifier=name, by=account.actor, now=now)
        return done(console, "warning", name)

    return once(request, caller, key, asked, work)


@router.post("/warnings/preview", summary="预览预警草稿（不记录）", response_model=Said)
def preview(request: Request, asked: Draft, caller: CallerOf) -> Said:
    """What a draft would say, and what the rules say to it; needs no idempotency key, for nothing is done."""
    console, form = console_of(request), form_of(asked)
    state, level = warning_form.conclusion(console, asked.consultation)
    current = warning_form.issued(console, str(form.get("starts_at")))
    found = warning_form.preview_of(console, form, state, level, current, by=caller.account.actor)
    points = [{"name": str(one.name), "said": str(one.said), "good": one.good} for one in found.points]
    xml = found.preview.xml if found.preview else ""
    papers = [title for title, _paper in found.papers]
    return Said(fault=found.fault, field=found.field, level=level.word, xml=xml, papers=papers, points=points)


@route("/warnings/{identifier}/redraft", "修改退回的草稿", router)
def redraft(request: Request, identifier: Identifier, asked: Wording, caller: CallerOf, key: Key) -> Response:
    """Put the corrected draft before those who may sign it."""
    console = console_of(request)

    def act(office: Office, by: Actor, now: datetime) -> AirWarning:
        state = office.record.state("warning", identifier)
        assert isinstance(state, AirWarning)
        return warning_form.redraft_from(console, office, form_of(asked), state, by=by, now=now)

    return do(request, caller, key, "warning", identifier, asked, act)


@route("/duty/control", "起草临时管控", router)
def control(request: Request, asked: Control, caller: CallerOf, key: Key) -> Response:
    """Draft a step below yellow, signed by the director, not announced to the public."""

    def work(console: Console, account: Account, now: datetime) -> Done:
        return done(console, "warning", duty_measures.control_from(console, form_of(asked), by=account.actor, now=now))

    return once(request, caller, key, asked, work)


@route("/duty/at-once", "按先行启动条款起草", router)
def at_once(request: Request, asked: Asked, caller: CallerOf, key: Key) -> Response:
    """Draft the warning of the start-at-once rule, where the observed air calls for it now."""

    def work(console: Console, account: Account, now: datetime) -> Done:
        return done(console, "warning", duty_measures.at_once_now(console, by=account.actor, now=now))

    return once(request, caller, key, asked, work)


@route("/duty/superior", "登记上级通知", router)
def superior(request: Request, asked: Notice, caller: CallerOf, key: Key) -> Response:
    """File a notice of the higher authority; a consultation is proposed on it."""

    def work(console: Console, account: Account, now: datetime) -> Done:
        name = duty_measures.superior_from(console, form_of(asked), by=account.actor, now=now)
        return done(console, "consultation", name)

    return once(request, caller, key, asked, work)


@route("/responses/{identifier}/pause", "暂停响应", router)
def pause(request: Request, identifier: Identifier, asked: Pause, caller: CallerOf, key: Key) -> Response:
    """Let a response rest; everybody under an order is told."""
    return do(request, caller, key, "activation", identifier, asked,
              lambda office, by, now: office.pause_response(
                  identifier, reason=asked.reason, resume_at=asked.resume_at, by=by, now=now))  # fmt: skip


@route("/responses/{identifier}/resume", "恢复响应", router)
def resume(request: Request, identifier: Identifier, asked: Asked, caller: CallerOf, key: Key) -> Response:
    """Let a paused response go on."""
    return do(request, caller, key, "activation", identifier, asked,
              lambda office, by, now: office.resume_response(identifier, by=by, now=now))  # fmt: skip
