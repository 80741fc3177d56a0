"""Errors of the API as problem+json (RFC 9457): what happened in Chinese, machine-readable type, never a traceback."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from console import language, plain, words
from emergency.lifecycle import Refused
from emergency.record import StaleDecision
from plans.errors import LantianError

MEDIA_TYPE = "application/problem+json"
TITLES = {
    400: "请求无法理解", 401: "没有有效的令牌", 403: "令牌没有这个权限", 404: "没有这个编号",
    405: "不能这样使用这个地址", 409: "现在不能这样办", 411: "没有说明长度", 413: "内容过大", 422: "内容不合要求",
    500: "系统出错",
}  # fmt: skip
log = logging.getLogger("lantian.api")


class Problem(BaseModel):
    """The body of every error."""

    type: str
    title: str
    status: int
    detail: str


class Fault(Exception):
    """An error that the API answers itself."""

    def __init__(self, status: int, detail: str, *, kind: str = "about:blank", headers: dict[str, str] | None = None):
        super().__init__(detail)
        self.status, self.detail, self.kind, self.headers = status, detail, kind, headers or {}


def answer(
    status: int, detail: str, *, kind: str = "about:blank", headers: dict[str, str] | None = None
) -> JSONResponse:
    """The problem as a response."""
    body = Problem(type=kind, title=TITLES.get(status, "请求无法处理"), status=status, detail=detail)
    return JSONResponse(body.model_dump(), status_code=status, media_type=MEDIA_TYPE, headers=headers)


def of(error: Exception) -> tuple[int, str, str]:
    """(status, detail, type) of an error that an act may raise; the error itself when it is none of ours."""
    from console.page import BadForm  # which needs this module for what surrounds it

    if isinstance(error, StaleDecision):
        return 409, words.STALE, "urn:lantian:stale"
    if isinstance(error, Refused):
        return 409, words.refusal(error), "urn:lantian:refused"
    if isinstance(error, Fault):
        return error.status, error.detail, error.kind
    if isinstance(error, BadForm):
        return 422, language.bare(str(error)), "urn:lantian:invalid"
    if isinstance(error, HTTPException):
        return error.status_code, language.bare(str(error.detail)), "about:blank"
    if isinstance(error, LantianError):
        return 409, plain.said(error), "urn:lantian:cannot"
    raise error


def install(app: FastAPI) -> None:
    """Make every error of the application a problem."""
    from console.page import BadForm

    @app.exception_handler(Fault)
    def fault(_request: Request, error: Fault) -> JSONResponse:
        return answer(error.status, error.detail, kind=error.kind, headers=error.headers)

    @app.exception_handler(HTTPException)
    def http(_request: Request, error: HTTPException) -> JSONResponse:
        headers = dict(error.headers or {})
        return answer(error.status_code, TITLES.get(error.status_code, "请求无法处理") + "。", headers=headers)

    @app.exception_handler(RequestValidationError)
    def invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        where: Any = [".".join(str(part) for part in one["loc"]) for one in error.errors()]
        return answer(422, "下列内容不合要求：" + "、".join(where[:8]), kind="urn:lantian:invalid")

    def cannot(_request: Request, error: Exception) -> JSONResponse:
        status, detail, kind = of(error)
        return answer(status, detail, kind=kind)

    for kind in (BadForm, Refused, LantianError):
        app.add_exception_handler(kind, cannot)

    @app.exception_handler(Exception)
    def broken(request: Request, error: Exception) -> JSONResponse:
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return answer(500, "系统出错，错误已记入运行日志。")
