"""Acts that put measures in force and take them back: issue, lift, exempt; and answers to plants.

The hours of a lift are the server's wherever its rule knows them, as on the page; a number in the request counts only
where it does not.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field

from console.api.acting import Asked, Identifier, Key, Text, WithReason, do, route
from console.api.door import CallerOf, console_of
from console.api.problem import Fault
from console.page import Console
from console.staff.warning import lift_hours
from emergency.lifecycle import Actor
from emergency.office import Office
from emergency.warning import AirWarning, WarningState

router = APIRouter()


class Lift(WithReason):
    """Why a warning may be lifted."""

    below_hours: int | None = Field(None, ge=0, le=240, description="低于启动标准的小时数；系统有资料时以系统为准")
    superior: Annotated[str, Field(max_length=200)] = ""


class Answer(Asked):
    """What the office says to a question or an appeal."""

    number: int = Field(ge=1, le=9999, description="第几个提问，从1数起")
    text: Text


@route("/warnings/{identifier}/issue", "发布预警", router)
def issue(request: Request, identifier: Identifier, asked: Asked, caller: CallerOf, key: Key) -> Response:
    """Issue an approved warning, and with it everything that follows."""
    settings = console_of(request).settings

    def act(office: Office, by: Actor, now: datetime) -> object:
        state = _warning(office, identifier)
        measured = state.state is WarningState.APPROVED and state.draft.starts_measures
        instructions = settings.instructions(state.level) if measured else ()
        office.issue_warning(
            identifier, instructions=instructions, list_digest=settings.digest_of_list(), by=by, now=now
        )
        return _warning(office, identifier)

    return do(request, caller, key, "warning", identifier, asked, act)


@route("/warnings/{identifier}/ask-lift", "提请解除", router)
def ask_lift(request: Request, identifier: Identifier, asked: Lift, caller: CallerOf, key: Key) -> Response:
    """Put a lift before who may sign it."""
    console = console_of(request)
    return do(request, caller, key, "warning", identifier, asked,
              lambda office, by, now: office.ask_lift(
                  identifier, reason=asked.reason, below_hours=_hours(console, office, identifier, asked, now),
                  superior=asked.superior, by=by, now=now))  # fmt: skip


@route("/warnings/{identifier}/sign-lift", "签批解除", router)
def sign_lift(request: Request, identifier: Identifier, asked: Asked, caller: CallerOf, key: Key) -> Response:
    """Sign a lift that was asked for."""
    return do(request, caller, key, "warning", identifier, asked,
              lambda office, by, now: office.sign_lift(identifier, by=by, now=now))  # fmt: skip


@route("/warnings/{identifier}/lift", "解除预警", router)
def lift(request: Request, identifier: Identifier, asked: Lift, caller: CallerOf, key: Key) -> Response:
    """Lift under the rule and the signatures."""
    console = console_of(request)

    def act(office: Office, by: Actor, now: datetime) -> object:
        hours = _hours(console, office, identifier, asked, now)
        office.lift_warning(identifier, reason=asked.reason, below_hours=hours, superior=asked.superior, by=by, now=now)
        return _warning(office, identifier)

    return do(request, caller, key, "warning", identifier, asked, act)


@route("/orders/{identifier}/exempt", "同意豁免", router)
def exempt(request: Request, identifier: Identifier, asked: WithReason, caller: CallerOf, key: Key) -> Response:
    """Let an order bind its recipient no more."""
    return do(request, caller, key, "order", identifier, asked,
              lambda office, by, now: office.exempt_order(
                  identifier, reason=asked.reason, by=by, now=now))  # fmt: skip


@route("/orders/{identifier}/refuse-exemption", "不予豁免", router)
def refuse(request: Request, identifier: Identifier, asked: WithReason, caller: CallerOf, key: Key) -> Response:
    """Turn a request for exemption down."""
    return do(request, caller, key, "order", identifier, asked,
              lambda office, by, now: office.refuse_exemption(
                  identifier, reason=asked.reason, by=by, now=now))  # fmt: skip


@route("/orders/{identifier}/answer", "答复企业", router)
def answer(request: Request, identifier: Identifier, asked: Answer, caller: CallerOf, key: Key) -> Response:
    """Answer a question or an appeal of a plant."""
    return do(request, caller, key, "order", identifier, asked,
              lambda office, by, now: office.answer(
                  identifier, number=asked.number, text=asked.text, by=by, now=now))  # fmt: skip


def _warning(office: Office, identifier: str) -> AirWarning:
    state = office.record.state("warning", identifier)
    assert isinstance(state, AirWarning)
    return state


def _hours(console: Console, office: Office, identifier: str, asked: Lift, now: datetime) -> int:
    def given() -> int:
        if asked.below_hours is None:
            raise Fault(422, "系统没有资料，请在 below_hours 中给出低于启动标准的小时数。", kind="urn:lantian:invalid")
        return asked.below_hours

    return lift_hours(console, _warning(office, identifier), now, superior=asked.superior, given=given)
