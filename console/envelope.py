"""What surrounds every answer: size limit of what comes in, headers of what goes out, the session cookie.

Plain ASGI, so that it also covers error pages and files. The policy allows our own style sheet and script and nothing
else: no inline script or style, no other host, no frames.
"""

from __future__ import annotations

from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console import language
from console.api import problem
from console.language import _

LANGUAGE_COOKIE = "lantian-language"
YEAR = 365 * 86400
LARGEST_BODY = 256 * 1024
"""Bytes of a form without files."""
LARGEST_UPLOAD = {"/my/": 8 * 2**20, "/inspections/": 8 * 2**20, "/problems/": 8 * 2**20, "/list/import": 80 * 2**20,
                  "/map": 5 * 2**20, "/api/v1/my/": 11 * 2**20, "/api/v1/orders/": 11 * 2**20,
                  "/api/v1/problems/": 11 * 2**20, "/api/v1/lists": 80 * 2**20, "/api/v1/map": 7 * 2**20}  # fmt: skip
"""Bytes by the begin of the path where a file may come along: photograph, workbook, map; base64 is a third more."""

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(self), microphone=()",
    "cache-control": "no-store",
}


class Envelope:
    """The outermost layer."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self.app = app
        self.secure = secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        state: dict[str, Any] = scope.setdefault("state", {})
        language.choose("zh" if scope["path"].startswith("/api/") else language_of(scope))

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if self.secure:
                    headers.setdefault("strict-transport-security", "max-age=31536000")
                for cookie in state.get("cookies", ()):
                    headers.append("set-cookie", cookie)
            await send(message)

        fault = _fault(scope)
        if fault:
            answer = problem.answer if scope["path"].startswith("/api/") else _plain
            await answer(*fault)(scope, receive, sending)
            return
        await self.app(scope, receive, sending)


def language_of(scope: Scope) -> str:
    """The language that the reader chose, from the cookie; Chinese for whoever chose none."""
    return cookie_parser(Headers(scope=scope).get("cookie", "")).get(LANGUAGE_COOKIE, "zh")


def _plain(status: int, sentence: str) -> Response:
    return PlainTextResponse(language.bare(sentence), status_code=status)


def cookie(
    name: str, value: str, *, secure: bool, path: str = "/", seconds: int | None = None, lax: bool = False
) -> str:
    """The text of a cookie no script can read and no other site can send; an empty value removes it.

    It lasts as long as the browser is open, or for the given seconds. `lax` lets it come along when another site leads
    here by a link: for the way back from a log-in provider only.
    """
    parts = [f"{name}={value}", f"Path={path}", "HttpOnly", f"SameSite={'Lax' if lax else 'Strict'}"]
    if secure:
        parts.append("Secure")
    if not value or seconds is not None:
        parts.append(f"Max-Age={seconds if value else 0}")
    return "; ".join(parts)


def largest(path: str) -> int:
    """How many bytes may be posted to a path."""
    return max((size for begin, size in LARGEST_UPLOAD.items() if path.startswith(begin)), default=LARGEST_BODY)


def _fault(scope: Scope) -> tuple[int, str] | None:
    if scope["method"] in ("GET", "HEAD"):
        return None
    length = Headers(scope=scope).get("content-length")
    if length is None or not length.isdecimal():
        return 411, _("请求没有说明长度，未处理。")
    nobody = scope["path"].startswith("/api/") and not Headers(scope=scope).get("authorization")
    most = LARGEST_BODY if nobody else largest(scope["path"])
    return (413, _("提交的内容过大，未处理。")) if int(length) > most else None
