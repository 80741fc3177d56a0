"""What other systems may do. Every act names an idempotency key and may name the version it was decided on.

The rules are those of the console: the same decisions, the same refusals in the same words. A request sent again with
its key gets the first answer and does nothing; the same key with another request is an error.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from console.api import problem
from console.api.door import Caller, CallerOf, console_of
from console.api.problem import Fault
from emergency.access_tokens import PENDING, Tokens
from emergency.lifecycle import Actor
from emergency.office import Office
from emergency.vocabulary import Level, Role

router = APIRouter()
Identifier = Annotated[str, Path(min_length=1, max_length=120)]
Key = Annotated[str, Header(alias="Idempotency-Key", pattern="^[!-~]{8,80}$", description="每个办理请求自己的唯一编号")]
Text = Annotated[str, Field(min_length=1, max_length=2000)]
Aqi = Annotated[int, Field(ge=0, le=500)]


class Asked(BaseModel):
    """What every act may carry."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    version: int | None = Field(None, ge=1, description="办理时所见的版本；已有新版本时不办理")


class WithReason(Asked):
    """An act that needs a reason."""

    reason: Text


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
    level: Annotated[str, Field(pattern="^(none|yellow|orange|red)$")]
    reason: Text


class Receipt(Asked):
    """A receipt that the office had by telephone or on paper."""

    signer: Annotated[str, Field(min_length=1, max_length=80)]
    via: Annotated[str, Field(pattern="^(phone|paper|on_site)$")]
    witness: Annotated[str, Field(min_length=1, max_length=80)]


class Unit(Asked):
    """To whom a problem is handed."""

    unit: Annotated[str, Field(min_length=1, max_length=200)]


class Report(Asked):
    """What was done."""

    report: Text


class LookBack(Asked):
    """What the second visit found."""

    mended: bool
    note: Text


class Done(BaseModel):
    """What an act led to."""

    identifier: str
    state: str
    version: int


ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"model": Done},
    **{
        status: {"model": problem.Problem, "content": {problem.MEDIA_TYPE: {}}, "description": problem.TITLES[status]}
        for status in (400, 401, 403, 404, 409, 411, 413, 422)
    },
}


def route(
    path: str, summary: str, of: APIRouter = router
) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
    """The route of an act, described alike everywhere."""
    return of.post(path, summary=summary, responses=ANSWERS, response_model=None)


@route("/consultations/{identifier}/convene", "召集会商")
def convene(request: Request, identifier: Identifier, asked: Asked, caller: CallerOf, key: Key) -> Response:
    """Call the parties together."""
    return do(request, caller, key, "consultation", identifier, asked,
               lambda office, by, now: office.convene(identifier, by=by, now=now))  # fmt: skip


@route("/consultations/{identifier}/opinion", "提交意见")
def opinion(request: Request, identifier: Identifier, asked: Opinion, caller: CallerOf, key: Key) -> Response:
    """Say what one's house expects."""
    return do(request, caller, key, "consultation", identifier, asked,
               lambda office, by, now: office.note_opinion(
                   identifier, daily_aqi=asked.daily_aqi, primary=asked.primary, view=asked.view, by=by,
                   now=now))  # fmt: skip


@route("/consultations/{identifier}/absence", "记录缺席")
def absence(request: Request, identifier: Identifier, asked: Absence, caller: CallerOf, key: Key) -> Response:
    """Record that a required party was not heard."""
    if asked.role not in {role.key for role in Role}:
        raise Fault(422, "没有这个角色。")
    return do(request, caller, key, "consultation", identifier, asked,
               lambda office, by, now: office.note_absence(
                   identifier, role=asked.role, why=asked.why, by=by, now=now))  # fmt: skip


@route("/consultations/{identifier}/conclude", "签发会商结论")
def conclude(request: Request, identifier: Identifier, asked: Conclusion, caller: CallerOf, key: Key) -> Response:
    """Sign the forecast."""
    return do(request, caller, key, "consultation", identifier, asked,
               lambda office, by, now: office.conclude(
                   identifier, signed_aqi=asked.signed_aqi, level=Level.of(asked.level), reason=asked.reason, by=by,
                   now=now))  # fmt: skip


@route("/consultations/{identifier}/cancel", "取消会商")
def cancel(request: Request, identifier: Identifier, asked: WithReason, caller: CallerOf, key: Key) -> Response:
    """Call a consultation off."""
    return do(request, caller, key, "consultation", identifier, asked,
               lambda office, by, now: office.cancel_consultation(
                   identifier, reason=asked.reason, by=by, now=now))  # fmt: skip


@route("/warnings/{identifier}/approve", "签批预警")
def approve(request: Request, identifier: Identifier, asked: Asked, caller: CallerOf, key: Key) -> Response:
    """Sign a draft; the city plan says who may."""
    return do(request, caller, key, "warning", identifier, asked,
               lambda office, by, now: office.approve_warning(identifier, by=by, now=now))  # fmt: skip


@route("/warnings/{identifier}/return", "退回预警草稿")
def send_back(request: Request, identifier: Identifier, asked: WithReason, caller: CallerOf, key: Key) -> Response:
    """Send a draft back."""
    return do(request, caller, key, "warning", identifier, asked,
               lambda office, by, now: office.return_warning(
                   identifier, reason=asked.reason, by=by, now=now))  # fmt: skip


@route("/warnings/{identifier}/withdraw", "撤回预警草稿")
def withdraw(request: Request, identifier: Identifier, asked: WithReason, caller: CallerOf, key: Key) -> Response:
    """Take a draft back."""
    return do(request, caller, key, "warning", identifier, asked,
               lambda office, by, now: office.withdraw_warning(
                   identifier, reason=asked.reason, by=by, now=now))  # fmt: skip


@route("/orders/{identifier}/acknowledge", "代录签收")
def acknowledge(request: Request, identifier: Identifier, asked: Receipt, caller: CallerOf, key: Key) -> Response:
    """Record a receipt that came by telephone, on paper or on site."""
    return do(request, caller, key, "order", identifier, asked,
               lambda office, by, now: office.acknowledge_order(
                   identifier, signer=asked.signer, via=asked.via, witness=asked.witness, by=by, now=now))  # fmt: skip


@route("/orders/{identifier}/chase", "催办")
def chase(request: Request, identifier: Identifier, asked: Asked, caller: CallerOf, key: Key) -> Response:
    """Remind a plant."""
    return do(request, caller, key, "order", identifier, asked,
               lambda office, by, now: office.chase(identifier, by=by, now=now))  # fmt: skip


@route("/problems/{identifier}/assign", "交办问题")
def assign(request: Request, identifier: Identifier, asked: Unit, caller: CallerOf, key: Key) -> Response:
    """Hand a problem to a unit."""
    return do(request, caller, key, "problem", identifier, asked,
               lambda office, by, now: office.assign_problem(identifier, unit=asked.unit, by=by, now=now))  # fmt: skip


@route("/problems/{identifier}/rectify", "报告整改")
def rectify(request: Request, identifier: Identifier, asked: Report, caller: CallerOf, key: Key) -> Response:
    """Say what was mended."""
    return do(request, caller, key, "problem", identifier, asked,
               lambda office, by, now: office.rectify_problem(
                   identifier, report=asked.report, by=by, now=now))  # fmt: skip


@route("/problems/{identifier}/look-back", "回头看")
def look_back(request: Request, identifier: Identifier, asked: LookBack, caller: CallerOf, key: Key) -> Response:
    """Say what the second visit found."""
    return do(request, caller, key, "problem", identifier, asked,
               lambda office, by, now: office.look_back(
                   identifier, mended=asked.mended, note=asked.note, by=by, now=now))  # fmt: skip


def do(
    request: Request,
    caller: Caller,
    key: str,
    life: str,
    identifier: str,
    asked: Asked,
    act: Callable[[Office, Actor, datetime], Any],
) -> Response:
    """Act once for the key, and answer the same ever after."""
    console = console_of(request)
    office, now = console.office, console.settings.now()
    tokens = Tokens(office.record)
    content = json.dumps([request.url.path, asked.model_dump(mode="json")], ensure_ascii=False, sort_keys=True)
    digest = hashlib.sha256(content.encode()).hexdigest()
    earlier = tokens.claim(caller.token, key, digest, now=now)
    if earlier is not None:
        if earlier.request != digest:
            raise Fault(422, "这个幂等键已用于另一个请求。", kind="urn:lantian:key")
        if earlier.status == PENDING:
            raise Fault(409, "同一请求正在办理，请稍后再查。", kind="urn:lantian:pending")
        media = problem.MEDIA_TYPE if earlier.status >= 400 else "application/json"
        return Response(earlier.body, status_code=earlier.status, media_type=media)
    try:
        made = _acted(office, caller, life, identifier, asked, act, now)
    except BaseException:
        tokens.release(caller.token, key)  # nothing was done, or it is not known: the state tells, and the act is asked
        raise
    tokens.answered(caller.token, key, status=made.status_code, body=bytes(made.body).decode())
    return made


def _acted(
    office: Office,
    caller: Caller,
    life: str,
    identifier: str,
    asked: Asked,
    act: Callable[[Office, Actor, datetime], Any],
    now: datetime,
) -> Response:
    history = office.record.history(life, identifier)
    if not history:
        raise Fault(404, "没有这个编号。")
    if asked.version is not None and asked.version != len(history):
        return problem.answer(409, f"已有新的版本{len(history)}，请查看最新状态。", kind="urn:lantian:stale")
    if asked.version is not None:  # and again under the lock of the act itself
        office = office.seen(life, identifier, asked.version)
    try:
        state = act(office, caller.account.actor, now)
    except Exception as error:
        status, detail, kind = problem.of(error)
        return problem.answer(status, detail, kind=kind)
    version = len(office.record.history(life, identifier))
    done = Done(identifier=identifier, state=state.state.key, version=version)
    return Response(done.model_dump_json(), media_type="application/json")
