"""Acts on consultations, warnings, orders and problems that exist.

The rules are those of the console: the same decisions, the same refusals in the same words.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field

from console.api.acting import Asked, File, Identifier, Key, Short, Text, WithReason, do, route
from console.api.door import CallerOf, console_of
from console.api.problem import Fault
from console.judge import judge
from console.page import photo_of
from emergency.consultation import Consultation
from emergency.lifecycle import Actor
from emergency.office import Office
from emergency.vocabulary import Level
from forecast.outlook import Outlook

router = APIRouter()
Aqi = Annotated[int, Field(ge=0, le=500)]
Word = Annotated[str, Field(pattern="^(none|yellow|orange|red)$")]


class Opinion(Asked):
    """One party's view, one range and one primary pollutant a day."""

    daily_aqi: list[tuple[Aqi, Aqi]] = Field(min_length=1, max_length=10)
    primary: list[Annotated[str, Field(max_length=20)]] = Field(max_length=10)
    view: Text


class Absence(Asked):
    """Why a required party was not heard."""

    role: Annotated[str, Field(max_length=40)]
    why: Text


class Conclusion(Asked):
    """The signed forecast."""

    signed_aqi: list[Aqi] = Field(min_length=1, max_length=10)
    level: Word | None = Field(None, description="决定的级别；不写时按标准由签发值判定")
    reason: Text
    against: Short = Field("", description="决定的级别与标准判定不同时的理由")


class Receipt(Asked):
    """A receipt that the office had by telephone or on paper."""

    signer: Annotated[str, Field(min_length=1, max_length=80)]
    via: Annotated[str, Field(pattern="^(phone|paper|on_site)$")]
    witness: Annotated[str, Field(min_length=1, max_length=80)]


class Unit(Asked):
    """To whom a problem is handed, and what is expected."""

    unit: Annotated[str, Field(min_length=1, max_length=80)]
    person: Annotated[str, Field(max_length=40, description="责任岗位")] = ""
    content: Annotated[str, Field(max_length=500)] = ""
    standard: Annotated[str, Field(max_length=200, description="整改标准")] = ""
    consequence: Annotated[str, Field(max_length=200)] = ""
    hours: int | None = Field(None, ge=1, le=2160, description="整改时限；不写时按预案")


class Report(Asked):
    """What was done."""

    report: Text
    photo: File | None = Field(None, description="JPEG或PNG照片，base64编码")


class LookBack(Asked):
    """What the second visit found."""

    mended: bool
    note: Text


@route("/consultations/{identifier}/convene", "召集会商", router)
def convene(request: Request, identifier: Identifier, asked: Asked, caller: CallerOf, key: Key) -> Response:
    """Call the parties together."""
    return do(request, caller, key, "consultation", identifier, asked,
               lambda office, by, now: office.convene(identifier, by=by, now=now))  # fmt: skip


@route("/consultations/{identifier}/opinion", "提交意见", router)
def opinion(request: Request, identifier: Identifier, asked: Opinion, caller: CallerOf, key: Key) -> Response:
    """Say what one's house expects."""
    return do(request, caller, key, "consultation", identifier, asked,
               lambda office, by, now: office.note_opinion(
                   identifier, daily_aqi=asked.daily_aqi, primary=asked.primary, view=asked.view, by=by,
                   now=now))  # fmt: skip


@route("/consultations/{identifier}/absence", "记录缺席", router)
def absence(request: Request, identifier: Identifier, asked: Absence, caller: CallerOf, key: Key) -> Response:
    """Record that a required party was not heard."""

    def act(office: Office, by: Actor, now: datetime) -> object:
        state = office.record.state("consultation", identifier)
        if not isinstance(state, Consultation) or asked.role not in state.required:
            raise Fault(422, "role 不是这次会商应到的一方。", kind="urn:lantian:invalid")
        return office.note_absence(identifier, role=asked.role, why=asked.why, by=by, now=now)

    return do(request, caller, key, "consultation", identifier, asked, act)


@route("/consultations/{identifier}/conclude", "签发会商结论", router)
def conclude(request: Request, identifier: Identifier, asked: Conclusion, caller: CallerOf, key: Key) -> Response:
    """Sign the forecast; the level follows from it by the criteria, and who decides otherwise says why."""
    console = console_of(request)

    def act(office: Office, by: Actor, now: datetime) -> object:
        state = office.record.state("consultation", identifier)
        assert isinstance(state, Consultation)
        found = office.record.exhibit(state.outlook_digest)
        outlook = Outlook.from_json(found[1].decode()) if found else None
        if outlook is None or len(outlook.days) != len(asked.signed_aqi):
            raise Fault(422, f"请为展望的{len(outlook.days) if outlook else 0}天各给一个签发值。")
        judged = judge(console, outlook, asked.signed_aqi, now).judgement.level
        return office.conclude(
            identifier, signed_aqi=asked.signed_aqi, level=Level.of(asked.level or judged.word), reason=asked.reason,
            judged=judged, against=asked.against, by=by, now=now,
        )  # fmt: skip

    return do(request, caller, key, "consultation", identifier, asked, act)


@route("/consultations/{identifier}/cancel", "取消会商", router)
def cancel(request: Request, identifier: Identifier, asked: WithReason, caller: CallerOf, key: Key) -> Response:
    """Call a consultation off."""
    return do(request, caller, key, "consultation", identifier, asked,
               lambda office, by, now: office.cancel_consultation(
                   identifier, reason=asked.reason, by=by, now=now))  # fmt: skip


@route("/warnings/{identifier}/approve", "签批预警", router)
def approve(request: Request, identifier: Identifier, asked: Asked, caller: CallerOf, key: Key) -> Response:
    """Sign a draft; the city plan says who may."""
    return do(request, caller, key, "warning", identifier, asked,
               lambda office, by, now: office.approve_warning(identifier, by=by, now=now))  # fmt: skip


@route("/warnings/{identifier}/return", "退回预警草稿", router)
def send_back(request: Request, identifier: Identifier, asked: WithReason, caller: CallerOf, key: Key) -> Response:
    """Send a draft back."""
    return do(request, caller, key, "warning", identifier, asked,
               lambda office, by, now: office.return_warning(
                   identifier, reason=asked.reason, by=by, now=now))  # fmt: skip


@route("/warnings/{identifier}/withdraw", "撤回预警草稿", router)
def withdraw(request: Request, identifier: Identifier, asked: WithReason, caller: CallerOf, key: Key) -> Response:
    """Take a draft back."""
    return do(request, caller, key, "warning", identifier, asked,
               lambda office, by, now: office.withdraw_warning(
                   identifier, reason=asked.reason, by=by, now=now))  # fmt: skip


@route("/orders/{identifier}/acknowledge", "代录签收", router)
def acknowledge(request: Request, identifier: Identifier, asked: Receipt, caller: CallerOf, key: Key) -> Response:
    """Record a receipt that came by telephone, on paper or on site."""
    return do(request, caller, key, "order", identifier, asked,
               lambda office, by, now: office.acknowledge_order(
                   identifier, signer=asked.signer, via=asked.via, witness=asked.witness, by=by, now=now))  # fmt: skip


@route("/orders/{identifier}/chase", "催办", router)
def chase(request: Request, identifier: Identifier, asked: Asked, caller: CallerOf, key: Key) -> Response:
    """Remind a plant."""
    return do(request, caller, key, "order", identifier, asked,
               lambda office, by, now: office.chase(identifier, by=by, now=now))  # fmt: skip


@route("/problems/{identifier}/assign", "交办问题", router)
def assign(request: Request, identifier: Identifier, asked: Unit, caller: CallerOf, key: Key) -> Response:
    """Hand a problem to a unit; the deadline is the plan's where no other is given."""

    def act(office: Office, by: Actor, now: datetime) -> object:
        due = now + timedelta(hours=asked.hours) if asked.hours else None
        return office.assign_problem(
            identifier, unit=asked.unit, person=asked.person, content=asked.content, standard=asked.standard,
            consequence=asked.consequence, due_at=due, by=by, now=now,
        )  # fmt: skip

    return do(request, caller, key, "problem", identifier, asked, act)


@route("/problems/{identifier}/rectify", "报告整改", router)
def rectify(request: Request, identifier: Identifier, asked: Report, caller: CallerOf, key: Key) -> Response:
    """Say what was mended."""
    return do(request, caller, key, "problem", identifier, asked,
               lambda office, by, now: office.rectify_problem(
                   identifier, report=asked.report, photo=photo_of(asked.photo), by=by, now=now))  # fmt: skip


@route("/problems/{identifier}/look-back", "回头看", router)
def look_back(request: Request, identifier: Identifier, asked: LookBack, caller: CallerOf, key: Key) -> Response:
    """Say what the second visit found."""
    return do(request, caller, key, "problem", identifier, asked,
               lambda office, by, now: office.look_back(
                   identifier, mended=asked.mended, note=asked.note, by=by, now=now))  # fmt: skip
