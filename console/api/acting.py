"""How an act of another system is done: once for its key, on the version that was seen, answered alike ever after."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Request, Response
from pydantic import AfterValidator, AwareDatetime, Base64Bytes, BaseModel, ConfigDict, Field
from starlette.datastructures import FormData, UploadFile

from console.api import problem
from console.api.door import Caller, console_of
from console.api.problem import Fault
from console.page import OUR_YEARS, Console
from emergency.access_tokens import PENDING, Tokens
from emergency.directory import Account
from emergency.lifecycle import Actor
from emergency.office import Office
from emergency.vocabulary import BEIJING

Identifier = Annotated[str, Path(min_length=1, max_length=120)]
Digest = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]
Key = Annotated[str, Header(alias="Idempotency-Key", pattern="^[!-~]{8,80}$", description="每个办理请求自己的唯一编号")]
Text = Annotated[str, Field(min_length=1, max_length=2000)]
Short = Annotated[str, Field(max_length=200)]


def _of_our_years(moment: datetime) -> datetime:
    if moment.year not in OUR_YEARS:
        raise ValueError("a year from 1990 to 2199")
    return moment


Moment = Annotated[
    AwareDatetime, AfterValidator(_of_our_years), Field(description="带时区的时刻，如2015-12-08T07:00+08:00")
]
File = Annotated[Base64Bytes, Field(description="文件内容，base64编码")]


class Asked(BaseModel):
    """What every act may carry."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    version: int | None = Field(None, ge=1, description="办理时所见的版本；已有新版本时不办理")


class WithReason(Asked):
    """An act that needs a reason."""

    reason: Text


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


def route(path: str, summary: str, of: APIRouter) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
    """The route of an act, described alike everywhere."""
    return of.post(path, summary=summary, responses=ANSWERS, response_model=None)


def do(
    request: Request,
    caller: Caller,
    key: str,
    life: str,
    identifier: str,
    asked: Asked,
    act: Callable[[Office, Actor, datetime], Any],
) -> Response:
    """Act on something that exists. `act` gets the office as whoever named a version saw it."""

    def work(console: Console, account: Account, now: datetime) -> Done:
        office, version = console.office, len(console.office.record.history(life, identifier))
        if not version:
            raise Fault(404, "没有这个编号。")
        if asked.version is not None and asked.version != version:
            raise Fault(409, f"已有新的版本{version}，请查看最新状态。", kind="urn:lantian:stale")
        if asked.version is not None:  # and again under the lock of the act itself
            office = office.seen(life, identifier, asked.version)
        act(office, account.actor, now)
        return done(console, life, identifier)

    return once(request, caller, key, asked, work)


def once(
    request: Request, caller: Caller, key: str, asked: Asked, work: Callable[[Console, Account, datetime], Done]
) -> Response:
    """Do the work for the first request with this key; the others get its answer, whatever it was."""
    console = console_of(request)
    now, tokens = console.settings.now(), Tokens(console.office.record)
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
        made = _answered(console, caller.account, now, work)
    except BaseException:
        tokens.release(caller.token, key)  # nothing was done, or it is not known: the state tells, and the act is asked
        raise
    tokens.answered(caller.token, key, status=made.status_code, body=bytes(made.body).decode())
    return made


def _answered(
    console: Console, account: Account, now: datetime, work: Callable[[Console, Account, datetime], Done]
) -> Response:
    try:
        return Response(work(console, account, now).model_dump_json(), media_type="application/json")
    except Exception as error:
        status, detail, kind = problem.of(error)
        if status == 404:  # what was asked for may yet come: the key stays free
            raise
        return problem.answer(status, detail, kind=kind)


def done(console: Console, life: str, identifier: str) -> Done:
    """What stands on record of something now."""
    record = console.office.record
    row = record.row(life, identifier) or {}
    version = len(record.history(life, identifier))
    return Done(identifier=identifier, state=str(row.get("state", "")), version=version)


def form_of(asked: Asked) -> FormData:
    """The same request as the form of the page would send it, so that one reading of it serves both."""
    fields: list[tuple[str, str | UploadFile]] = []
    for name, value in asked:
        if isinstance(value, datetime):
            fields.append((name, f"{value.astimezone(BEIJING):%Y-%m-%dT%H:%M}"))
        elif isinstance(value, bool):
            fields.append((name, "yes" if value else "no"))
        elif isinstance(value, bytes):
            fields.append((name, UploadFile(BytesIO(value), size=len(value), filename=name)))
        elif value is not None:
            fields.append((name, str(value)))
    return FormData(fields)
