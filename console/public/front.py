"""The door for everybody: answers /public from memory before anything else of the console is asked.

Nobody's session is looked at here and nothing can be sent in. A drill's pages do not pass this door at all; staff see
them behind the log-in (console/staff/preview.py).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from console.envelope import HEADERS
from console.public.snapshot import File

KEPT = 60.0
"""Seconds before the pages are made anew; they say themselves of when they are."""
FORBIDDEN = {"cache-control", "cross-origin-resource-policy"}
log = logging.getLogger("lantian.public")


class PublicFront:
    """ASGI layer: GET and HEAD below /public, everything else goes on inside."""

    def __init__(self, app: ASGIApp, *, make: Callable[[], Mapping[str, File]], live: bool, secure: bool) -> None:
        self.app = app
        self.make = make
        self.live = live
        self._files: Mapping[str, File] = {}
        self._made = float("-inf")
        self._lock = asyncio.Lock()
        common = {name: value for name, value in HEADERS.items() if name not in FORBIDDEN}
        common |= {"cache-control": f"public, max-age={KEPT:.0f}", "vary": "accept-encoding"}
        if secure:
            common["strict-transport-security"] = "max-age=31536000"
        self._headers = [(name.encode(), value.encode()) for name, value in common.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        mine = self.live and scope["type"] == "http" and (path == "/public" or path.startswith("/public/"))
        if not mine:
            await self.app(scope, receive, send)
            return
        if scope["method"] not in ("GET", "HEAD"):
            await self._send(send, 405, [(b"allow", b"GET, HEAD")], b"")
            return
        try:
            await self._fresh()
        except Exception:  # an old page that says its hour is better than none
            log.exception("the public pages could not be made")
        file = self._files.get(path)
        if file is None:
            status, sentence = (404, "没有这个页面。") if self._files else (503, "页面正在准备，请稍后再试。")
            await self._send(send, status, [(b"content-type", b"text/plain; charset=utf-8")], sentence.encode())
            return
        asked = Headers(scope=scope)
        about = [(b"etag", file.etag.encode()), (b"content-type", file.media_type.encode())]
        if asked.get("if-none-match") == file.etag:
            await self._send(send, 304, about[:1], b"")
            return
        body = file.body
        if "gzip" in asked.get("accept-encoding", ""):
            body = file.packed
            about.append((b"content-encoding", b"gzip"))
        about.append((b"content-length", str(len(body)).encode()))
        await self._send(send, 200, about, b"" if scope["method"] == "HEAD" else body)

    async def _fresh(self) -> None:
        if time.monotonic() - self._made < KEPT:
            return
        if self._files and self._lock.locked():
            return  # somebody is at it; meanwhile the last pages stand
        async with self._lock:
            if time.monotonic() - self._made < KEPT:
                return
            try:
                self._files = await asyncio.to_thread(self.make)
            finally:
                self._made = time.monotonic()

    async def _send(self, send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        await send({"type": "http.response.start", "status": status, "headers": [*self._headers, *headers]})
        await send({"type": "http.response.body", "body": body})
