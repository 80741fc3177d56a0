"""Acts at the gate: visits and bulk reminders of the office, and what a plant does with its own orders."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field

from console.api.acting import (
    Asked,
    Done,
    File,
    Identifier,
    Key,
    Short,
    Text,
    do,
    done,
    form_of,
    once,
    route,
)
from console.api.door import Caller, CallerOf, console_of
from console.api.problem import Fault
from console.page import Console
from console.portal.orders import ledger_from, measure_from, own_order
from console.staff.inspection import order_of, visit_from
from console.staff.order import chase_of
from emergency.directory import Account

router = APIRouter()
Offline = Annotated[int | None, Field(ge=0, le=10_000_000, description="填写后过了多少秒才发出")]
Photo = Annotated[File | None, Field(description="JPEG或PNG照片，base64编码")]
Unit = Annotated[str, Field(max_length=40, description="指令所列单元的编号")]


class Visit(Asked):
    """What an inspector saw."""

    unit: Unit = ""
    seen: Literal["stopped", "reduced", "running", "unsure"]
    note: Text
    place: Annotated[str, Field(max_length=80)] = ""
    unannounced: bool = False
    photo: Photo = None
    offline_seconds: Offline = None


class OfResponse(Asked):
    """Whose silent recipients."""

    response: Annotated[str, Field(min_length=1, max_length=120)]


class Exemption(Asked):
    """Why an order should not bind."""

    reason: Annotated[str, Field(min_length=1, max_length=500)]


class Signature(Asked):
    """Who signs, by position."""

    signer: Annotated[str, Field(min_length=1, max_length=40)]


class Executed(Asked):
    """What was put in place."""

    report: Text


class Measure(Asked):
    """One measure began or ended."""

    unit: Unit
    step: Literal["start", "finish"]
    reading: Annotated[str, Field(max_length=40)] = ""
    note: Short = ""
    photo: Photo = None
    offline_seconds: Offline = None


class Question(Asked):
    """A question or an appeal."""

    kind: Literal["question", "appeal"]
    text: Annotated[str, Field(min_length=1, max_length=500)]


class Ledger(Asked):
    """A line of the production ledger."""

    unit: Unit
    day: date
    output: float = Field(ge=0, lt=1e7, description="产量，吨")
    photo: Photo = None


class Gate(Asked):
    """Lorries that passed the gate."""

    vehicles: int = Field(ge=0, le=100_000)
    banned: int = Field(ge=0, le=100_000)


@route("/orders/chase", "催办全部逾期未签收者", router)
def chase_all(request: Request, asked: OfResponse, caller: CallerOf, key: Key) -> Response:
    """Remind everybody who is silent past the deadline, in one act."""

    def work(console: Console, account: Account, now: datetime) -> Done:
        if console.office.record.row("activation", asked.response) is None:
            raise Fault(404, "没有这个编号。")
        chase_of(console, asked.response, by=account.actor, now=now)
        return done(console, "activation", asked.response)

    return once(request, caller, key, asked, work)


@route("/orders/{identifier}/visits", "记录现场检查", router)
def visit(request: Request, identifier: Identifier, asked: Visit, caller: CallerOf, key: Key) -> Response:
    """Put a visit on record, and with it the finding that follows."""
    console = console_of(request)
    return do(request, caller, key, "order", identifier, asked,
              lambda office, by, now: visit_from(
                  office, order_of(console, identifier), form_of(asked), by=by, now=now))  # fmt: skip


@route("/my/{identifier}/acknowledge", "企业签收", router)
def acknowledge(request: Request, identifier: Identifier, asked: Signature, caller: CallerOf, key: Key) -> Response:
    """Sign for an order of one's own."""
    return _own(request, caller, key, identifier, asked,
                lambda office, by, now: office.acknowledge_order(
                    identifier, signer=asked.signer, by=by, now=now))  # fmt: skip


@route("/my/{identifier}/execute", "企业报告执行", router)
def execute(request: Request, identifier: Identifier, asked: Executed, caller: CallerOf, key: Key) -> Response:
    """Report the measures in place."""
    return _own(request, caller, key, identifier, asked,
                lambda office, by, now: office.report_execution(
                    identifier, report=asked.report, by=by, now=now))  # fmt: skip


@route("/my/{identifier}/measures", "企业报告单项措施", router)
def measure(request: Request, identifier: Identifier, asked: Measure, caller: CallerOf, key: Key) -> Response:
    """One measure began or ended, with reading and photograph."""
    return _own(request, caller, key, identifier, asked,
                lambda office, by, now: measure_from(office, identifier, form_of(asked), by=by, now=now))  # fmt: skip


@route("/my/{identifier}/questions", "企业提问或申诉", router)
def ask(request: Request, identifier: Identifier, asked: Question, caller: CallerOf, key: Key) -> Response:
    """A question or an appeal."""
    return _own(request, caller, key, identifier, asked,
                lambda office, by, now: office.ask(
                    identifier, kind=asked.kind, text=asked.text, by=by, now=now))  # fmt: skip


@route("/my/{identifier}/exemption", "企业申请豁免", router)
def exemption(request: Request, identifier: Identifier, asked: Exemption, caller: CallerOf, key: Key) -> Response:
    """A request to be exempted."""
    return _own(request, caller, key, identifier, asked,
                lambda office, by, now: office.request_exemption(
                    identifier, reason=asked.reason, by=by, now=now))  # fmt: skip


@route("/my/{identifier}/ledger", "企业上传生产台账", router)
def ledger(request: Request, identifier: Identifier, asked: Ledger, caller: CallerOf, key: Key) -> Response:
    """A line of the production ledger."""
    console, account = console_of(request), caller.account
    return _own(request, caller, key, identifier, asked,
                lambda office, by, now: ledger_from(
                    office, own_order(console, account, identifier), form_of(asked), by=by, now=now))  # fmt: skip


@route("/my/{identifier}/gate", "企业上传门禁记录", router)
def gate(request: Request, identifier: Identifier, asked: Gate, caller: CallerOf, key: Key) -> Response:
    """A count of the gate."""
    if asked.banned > asked.vehicles:
        raise Fault(422, "禁行车辆辆次不能多于货车辆次。", kind="urn:lantian:invalid")
    return _own(request, caller, key, identifier, asked,
                lambda office, by, now: office.file_gate_count(
                    identifier, vehicles=asked.vehicles, banned=asked.banned, by=by, now=now))  # fmt: skip


def _own(request: Request, caller: Caller, key: str, identifier: str, asked: Asked, act: Any) -> Response:
    """Act on an order of the caller's own; another's does not exist here."""
    own_order(console_of(request), caller.account, identifier)
    return do(request, caller, key, "order", identifier, asked, act)
