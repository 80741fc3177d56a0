"""What is allowed on the web and what an answer is: policies, answers, judgements about bodies."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from plans.errors import SourceError

RETRY_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers after which trying again is sensible; every other 4xx says that the request itself is wrong."""


class Unavailable(SourceError):
    """The source does not answer now; `retry_at` says when it asked to be called again (None: as scheduled)."""

    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """How one source is asked. The numbers are ours (confidence I) unless the source publishes a limit."""

    hosts: frozenset[str]
    """Host names that may be called, exactly; nothing else ever is."""
    own_network: bool = False
    """True for a server inside our own network (a micro-station gateway): private addresses are then allowed."""
    plain_http: bool = False
    """True allows http; otherwise only https."""
    connect_seconds: float = 10.0
    read_seconds: float = 20.0
    total_seconds: float = 60.0
    """One try as a whole, so that a body that drips is not waited for."""
    most_bytes: int = 64 * 1024 * 1024
    """Of the body, after unpacking."""
    tries: int = 4
    backoff: float = 1.0
    """Seconds before the second try; doubled each time, with full jitter."""
    longest_wait: float = 60.0
    """A Retry-After beyond this is not waited for here: the slot is tried again then."""
    spacing: float = 0.0
    """Least seconds between two requests to the source, over all our processes."""
    shared: str = ""
    """Another source of the same host, with which rate and pauses are shared."""
    ca_file: str | None = None
    """Certificates to trust besides the public ones, e.g. of the office's own network."""
    proxy: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server said about the version it sent last."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole body with what came beside it."""

    url: str
    status: int
    content_type: str
    body: bytes
    received_at: datetime
    validators: Validators = Validators()
    retry_after: str | None = None
    tries: int = 1

    @property
    def unchanged(self) -> bool:
        """True when the server said that the version we hold is the newest (304)."""
        return self.status == 304

    @property
    def absent(self) -> bool:
        """True when there is no such thing there (404), and the caller said that this is an answer."""
        return self.status == 404

    def json(self) -> Any:
        """The body as JSON; SourceError when it is none."""
        try:
            return json.loads(self.body.decode("utf-8-sig"))
        except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
            found = f"{type(error).__name__}, {len(self.body)} bytes"
            raise SourceError("The answer is not JSON", where=place(self.url), expected="JSON", found=found) from None

    def text(self) -> str:
        """The body as UTF-8 text; SourceError when it is none."""
        try:
            return self.body.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise SourceError("The answer is not UTF-8 text", where=place(self.url)) from None


def place(url: str) -> str:
    """Host and path of an address, without query (keys may stand there)."""
    parsed = httpx.URL(url)
    return f"{parsed.host}{parsed.path}"


def looks_like_html(body: bytes) -> bool:
    """Whether a body begins like a web page."""
    start = body[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith((b"<!doctype html", b"<html", b"<head", b"<script", b"<!--"))


def retry_after(text: str | None, *, now: datetime) -> datetime | None:
    """When a Retry-After header (seconds or a date) asks to be called again; None without a readable one.

    >>> retry_after("120", now=datetime(2026, 1, 1, tzinfo=UTC)).minute
    2
    """
    if text is None:
        return None
    if text.strip().isdecimal():
        return now + timedelta(seconds=min(int(text), 86_400))
    try:
        asked = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return asked if asked.tzinfo is not None else asked.replace(tzinfo=UTC)


def tls_fault(error: BaseException | None) -> str | None:
    """What is wrong with the certificate; None when the cause is another one."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message
        if isinstance(error, ssl.SSLError) and "CERTIFICATE" in str(error):
            return str(error)
        error = error.__cause__ or error.__context__
    return None
