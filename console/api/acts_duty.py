"""Acts of the duty office: alerts, calls, hand-over, the roster, and other systems that are told."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import Field

from console.api.acting import Asked, Done, Identifier, Key, Short, Text, do, done, form_of, once, route
from console.api.door import Caller, CallerOf
from console.api.problem import Fault
from console.page import Console
from console.staff import duty, watch
from emergency.directory import Account
from emergency.handover import Handover
from emergency.webhooks import Hooks
from plans.errors import DataError

router = APIRouter()
Shift = Annotated[str, Field(max_length=16)]
Person = Annotated[str, Field(max_length=80, description="账号")]


class Alert(Asked):
    """Which alert, as GET /alerts names it, and how severe it was when it was seen."""

    alert: Annotated[str, Field(min_length=3, max_length=160)]
    severity: int | None = Field(None, ge=1, le=9)
    note: Short = ""


class Step(Asked):
    """A rung of the ladder, from 1."""

    step: int = Field(ge=1, le=99)


class Note(Asked):
    """What the next shift has to know."""

    note: Text


class Change(Asked):
    """A leave, a stand-in, or two shifts that change places."""

    kind: Literal["leave", "override", "swap"]
    person: Person = ""
    first: date | None = None
    last: date | None = None
    why: Short = ""
    shift: Shift = ""
    day: date | None = None
    other_shift: Shift = ""
    other_day: date | None = None


@route("/alerts/acknowledge", "签收值守提醒", router)
def acknowledge(request: Request, asked: Alert, caller: CallerOf, key: Key) -> Response:
    """Take note of an open alert."""

    def work(console: Console, account: Account, now: datetime) -> Done:
        try:
            noted = watch.note_from(console, form_of(asked), by=account, now=now)
        except watch.Gone as gone:
            raise Fault(409, str(gone), kind="urn:lantian:stale") from None
        return done(console, "alert", noted.identifier)

    return once(request, caller, key, asked, work)


@route("/calls/{identifier}/take", "接手呼叫", router)
def take(request: Request, identifier: Identifier, asked: Asked, caller: CallerOf, key: Key) -> Response:
    """I have it: the calling ends."""
    return do(request, caller, key, "call", identifier, asked,
              lambda office, by, now: office.take_call(identifier, by=by, now=now))  # fmt: skip


@route("/calls/{identifier}/jump", "转到指定一级", router)
def jump(request: Request, identifier: Identifier, asked: Step, caller: CallerOf, key: Key) -> Response:
    """Move a call to a rung of its ladder."""
    return do(request, caller, key, "call", identifier, asked,
              lambda office, by, now: office.jump_call(identifier, step=asked.step - 1, by=by, now=now))  # fmt: skip


@route("/handovers", "交班", router)
def hand_over(request: Request, asked: Note, caller: CallerOf, key: Key) -> Response:
    """Write the note of the present shift; what waits is added to it."""

    def work(console: Console, account: Account, now: datetime) -> Done:
        made: Handover = duty.handover_from(console, form_of(asked), by=account, now=now)
        return done(console, "handover", made.identifier)

    return once(request, caller, key, asked, work)


@route("/handovers/{identifier}/take", "接班", router)
def take_over(request: Request, identifier: Identifier, asked: Asked, caller: CallerOf, key: Key) -> Response:
    """Take the duty over."""
    return do(request, caller, key, "handover", identifier, asked,
              lambda office, by, now: office.take_handover(identifier, by=by, now=now))  # fmt: skip


@route("/duty/roster", "登记请假、替班或换班", router)
def change(request: Request, asked: Change, caller: CallerOf, key: Key) -> Response:
    """Note a change of the roster; `identifier` of the answer is the number by which it is taken back."""

    def work(console: Console, account: Account, now: datetime) -> Done:
        number = duty.change_from(console, form_of(asked), by=account, now=now)
        return Done(identifier=str(number), state=asked.kind, version=1)

    return once(request, caller, key, asked, work)


@route("/duty/roster/{number}/withdraw", "撤销值班登记", router)
def withdraw(
    request: Request, number: Annotated[int, Path(ge=1, le=10**9)], asked: Asked, caller: CallerOf, key: Key
) -> Response:
    """Take a change of the roster back."""

    def work(console: Console, account: Account, now: datetime) -> Done:
        duty.withdraw_row(console, number, by=account, now=now)
        return Done(identifier=str(number), state="withdrawn", version=2)

    return once(request, caller, key, asked, work)


@route("/webhooks/{identifier}/ping", "试发回调", router)
def ping(request: Request, identifier: Identifier, asked: Asked, caller: CallerOf, key: Key) -> Response:
    """Have a test message sent within the minute."""
    return _hook(request, caller, key, identifier, asked, Hooks.ask, "asked")


@route("/webhooks/{identifier}/pause", "暂停回调", router)
def pause(request: Request, identifier: Identifier, asked: Asked, caller: CallerOf, key: Key) -> Response:
    """Tell it nothing for a while; what happens meanwhile is told afterwards."""
    return _hook(request, caller, key, identifier, asked, Hooks.pause, "paused")


@route("/webhooks/{identifier}/resume", "恢复回调", router)
def resume(request: Request, identifier: Identifier, asked: Asked, caller: CallerOf, key: Key) -> Response:
    """Tell it again, from where it stood."""
    return _hook(request, caller, key, identifier, asked, Hooks.resume, "resumed")


def _hook(request: Request, caller: Caller, key: str, identifier: str, asked: Asked, act: Any, state: str) -> Response:
    def work(console: Console, account: Account, now: datetime) -> Done:
        try:
            act(Hooks(console.office.record), identifier, by=account.identifier, now=now)
        except DataError:
            raise Fault(404, "没有这个编号。") from None
        return Done(identifier=identifier, state=state, version=1)

    return once(request, caller, key, asked, work)
