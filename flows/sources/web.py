"""One careful request: time-outs, a deadline, a size limit, retries with back-off, rate limits, conditional requests.

Only http and https to hosts that were configured; the name is resolved once, private addresses are refused (unless the
host is configured as one of ours), and the connection goes to exactly the address that was checked. A redirect is
followed only on the same host. TLS certificates are always verified. Whatever goes wrong ends as a SourceError of one
sentence; a body is either whole or not returned at all.
"""

from __future__ import annotations

import asyncio
import random
import socket
import ssl
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

import httpx

from emergency.addresses import may_call
from flows.clock import real_now
from flows.sources.web_rules import (
    RETRY_STATUS,
    Answer,
    Policy,
    Unavailable,
    Validators,
    looks_like_html,
    retry_after,
    tls_fault,
)
from plans.errors import SourceError


class Gate(Protocol):
    """Shares a source's rate among all our processes (forecast.source_store.SourceStore does)."""

    def reserve(self, source: str, *, now: datetime, spacing: float) -> datetime:
        """The moment at which this request may go out; later requests get later moments."""


def fetch(
    method: str,
    url: str,
    *,
    source: str,
    policy: Policy,
    expect: tuple[str, ...] = ("application/json",),
    params: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    known: Validators | None = None,
    absent_ok: bool = False,
    gate: Gate | None = None,
    clock: Callable[[], datetime] = real_now,
) -> Answer:
    """The answer to one request, tried as often as the policy says.

    `expect`: content types that are right; `known`: validators of what we hold (then 304 is an answer); `absent_ok`:
    404 is an answer too. SourceError: a wrong answer; Unavailable: none for now. Not to be called inside a running
    event loop.
    """
    target = httpx.URL(url).copy_merge_params(dict(params)) if params else httpx.URL(url)
    sent = {"User-Agent": "lantian/0.1 (air quality duty office)", **policy.headers, **(headers or {})}
    sent["Accept-Encoding"] = "gzip"
    if known is not None and known.etag:
        sent["If-None-Match"] = known.etag
    if known is not None and known.last_modified:
        sent["If-Modified-Since"] = known.last_modified
    body = None
    if form is not None:
        body = str(httpx.QueryParams(dict(form))).encode()
        sent["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
    request = _Request(method, target, source, policy, expect, sent, body, clock, absent_ok)
    return asyncio.run(_tries(request, gate))


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    target: httpx.URL
    source: str
    policy: Policy
    expect: tuple[str, ...]
    headers: Mapping[str, str]
    body: bytes | None
    clock: Callable[[], datetime]
    absent_ok: bool

    @property
    def where(self) -> str:
        return f"{self.source}, {self.target.host}{self.target.path}"

    def unavailable(self, what: str, found: str, retry_at: datetime | None = None) -> Unavailable:
        todo = f"It asked to be called again at {retry_at:%Y-%m-%d %H:%M:%S} UTC" if retry_at else "Try again later"
        error = Unavailable(what, where=self.where, found=found, todo=todo)
        error.retry_at = retry_at
        return error


async def _tries(request: _Request, gate: Gate | None) -> Answer:
    policy, number = request.policy, 0
    while True:
        number += 1
        if gate is not None:
            now = request.clock()
            turn = gate.reserve(policy.shared or request.source, now=now, spacing=policy.spacing)
            if (turn - now).total_seconds() > policy.longest_wait + policy.spacing:
                raise request.unavailable("The source asked for a pause", f"until {turn:%H:%M:%S} UTC", turn)
            await asyncio.sleep(max(0.0, (turn - now).total_seconds()))
        trouble: Unavailable
        asked: datetime | None = None
        try:
            async with asyncio.timeout(policy.total_seconds):
                answer = await _hops(request)
            if answer.status not in RETRY_STATUS:
                return _right(request, replace(answer, tries=number))
            asked = retry_after(answer.retry_after, now=request.clock())
            trouble = request.unavailable("The source refuses for now", f"status {answer.status}", asked)
        except TimeoutError:
            trouble = request.unavailable("The source is too slow", f"not done in {policy.total_seconds:g} s")
        except Unavailable as error:
            trouble = error
        if number >= policy.tries:
            raise trouble
        wait = random.uniform(0.0, policy.backoff * 2 ** (number - 1))  # noqa: S311  jitter, no secret
        if asked is not None:
            wait = max(wait, (asked - request.clock()).total_seconds())
        if wait > policy.longest_wait:
            raise trouble
        await asyncio.sleep(wait)


async def _hops(request: _Request) -> Answer:
    """One try; follows at most three redirects, on the same host only."""
    target = request.target
    for _ in range(4):
        answer, location = await _once(request, target)
        if location is None:
            return answer
        following = target.join(location)
        same = (following.scheme, following.host, following.port) == (target.scheme, target.host, target.port)
        if not same or request.method != "GET":
            raise SourceError(
                "The source sends us elsewhere; refused",
                where=request.where,
                expected=f"{target.scheme}://{target.host}",
                found=f"{following.scheme}://{following.host}",
                todo="Configure the new host when it is really theirs",
            )
        target = following
    raise SourceError("The source redirects in a circle", where=request.where, expected="at most 3 redirects")


async def _once(request: _Request, target: httpx.URL) -> tuple[Answer, str | None]:
    policy = request.policy
    _check_target(request, target)
    limits = httpx.Timeout(policy.read_seconds, connect=policy.connect_seconds)
    trust = ssl.create_default_context() if target.scheme == "https" else False
    if isinstance(trust, ssl.SSLContext) and policy.ca_file:
        trust.load_verify_locations(policy.ca_file)
    # a proxy resolves names itself; without one we connect to the very address that was checked
    address = target if policy.proxy else target.copy_with(host=await _resolve(request, target))
    headers = dict(request.headers) | {"Host": target.netloc.decode("ascii")}
    extensions = {"sni_hostname": target.host} if target.scheme == "https" else {}
    try:
        async with (
            httpx.AsyncClient(verify=trust, trust_env=False, timeout=limits, proxy=policy.proxy) as client,
            client.stream(
                request.method, address, headers=headers, content=request.body, extensions=extensions
            ) as response,
        ):
            location = response.headers.get("Location") if response.is_redirect else None
            body = b"" if location or response.status_code == 304 else await _body(request, response)
            return Answer(
                url=str(target),
                status=response.status_code,
                content_type=response.headers.get("Content-Type", "").partition(";")[0].strip().lower(),
                body=body,
                received_at=request.clock(),
                validators=Validators(response.headers.get("ETag"), response.headers.get("Last-Modified")),
                retry_after=response.headers.get("Retry-After"),
            ), location
    except httpx.TimeoutException as error:
        raise request.unavailable("The source is too slow", type(error).__name__) from None
    except httpx.TransportError as error:
        fault = tls_fault(error)
        if fault is not None:
            todo = "Do not switch verification off; ask the source, or give its certificate as ca_file"
            raise SourceError(
                "The source's certificate is not valid", where=request.where, found=fault, todo=todo
            ) from None
        words = str(error).strip() or type(error).__name__
        what = (
            "The answer was cut off" if isinstance(error, httpx.RemoteProtocolError) else "The source cannot be reached"
        )
        raise request.unavailable(what, words) from None


def _check_target(request: _Request, target: httpx.URL) -> None:
    schemes = ("https", "http") if request.policy.plain_http else ("https",)
    if target.scheme not in schemes or target.userinfo:
        found = f"{target.scheme}://{target.host}"
        raise SourceError("The address is refused", where=request.source, expected=" or ".join(schemes), found=found)
    if target.host not in request.policy.hosts:
        expected = ", ".join(sorted(request.policy.hosts))
        raise SourceError("The host is not configured", where=request.source, expected=expected, found=target.host)


async def _resolve(request: _Request, target: httpx.URL) -> str:
    """One address of the host that may be called."""
    port = target.port or (443 if target.scheme == "https" else 80)
    try:
        async with asyncio.timeout(request.policy.connect_seconds):
            found = await asyncio.get_running_loop().getaddrinfo(target.host, port, type=socket.SOCK_STREAM)
    except TimeoutError:
        raise request.unavailable("The name of the source cannot be looked up", "no answer") from None
    except OSError as error:
        words = f"{error.strerror} (is there a network here?)"
        raise request.unavailable("The name of the source cannot be looked up", words) from None
    for *_, place_ in found:
        if not may_call(str(place_[0]), own_network=request.policy.own_network):
            raise SourceError(
                "The source's name leads into a private network; refused",
                where=request.where,
                found=str(place_[0]),
                todo="Set own_network for a server of our own",
            )
    return str(found[0][4][0])


async def _body(request: _Request, response: httpx.Response) -> bytes:
    """The whole body, unpacked, never more than the policy allows; a cut or swollen one is an error."""
    most = request.policy.most_bytes
    packing = response.headers.get("Content-Encoding", "identity").strip().lower()
    if packing not in ("identity", "gzip", "x-gzip"):
        raise SourceError("The packing is not known", where=request.where, expected="gzip", found=packing)
    unpacker = None if packing == "identity" else zlib.decompressobj(31)
    whole = bytearray()
    try:
        async for chunk in response.aiter_raw():
            data = chunk
            while data:
                whole += data if unpacker is None else unpacker.decompress(data, most + 1 - len(whole))
                if len(whole) > most:
                    raise SourceError("The answer is too large", where=request.where, expected=f"at most {most} bytes")
                data = b"" if unpacker is None else unpacker.unconsumed_tail
    except zlib.error as error:
        raise request.unavailable("The answer is damaged", str(error)) from None
    if unpacker is not None and (not unpacker.eof or unpacker.unused_data):
        raise request.unavailable("The answer was cut off", f"{len(whole)} bytes and no end of the gzip stream")
    return bytes(whole)


def _right(request: _Request, answer: Answer) -> Answer:
    if answer.unchanged and ("If-None-Match" in request.headers or "If-Modified-Since" in request.headers):
        return answer
    if answer.absent and request.absent_ok:
        return answer
    if answer.status != 200:
        todo = "Check the key" if answer.status in (401, 403) else "Check the address and the settings of the source"
        raise SourceError("The source refuses", where=request.where, found=f"status {answer.status}", todo=todo)
    if looks_like_html(answer.body):
        raise request.unavailable("The source answers with a web page instead of data", answer.content_type or "HTML")
    if answer.content_type and answer.content_type not in request.expect:
        expected = " or ".join(request.expect)
        what = "The answer has the wrong content type"
        raise SourceError(what, where=request.where, expected=expected, found=answer.content_type)
    if not answer.body:
        raise request.unavailable("The answer is empty", "0 bytes")
    return answer
