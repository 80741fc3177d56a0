"""A calendar file (iCalendar, RFC 5545) of shifts and consultations, made purely from values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from emergency.messages import DRILL_MARK


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of the calendar."""

    identifier: str
    begins_at: datetime
    ends_at: datetime
    summary: str
    description: str = ""


def calendar(entries: Sequence[Entry], *, name: str, now: datetime, drill: bool) -> bytes:
    """The calendar as UTF-8 bytes with CRLF, lines folded at 75 octets (RFC 5545, 3.1); times in UTC.

    >>> from datetime import timedelta
    >>> at = datetime(2026, 1, 1, tzinfo=UTC)
    >>> text = calendar([Entry("a", at, at + timedelta(hours=1), "夜班")], name="值班", now=at, drill=False).decode()
    >>> text.splitlines()[0], "DTSTART:20260101T000000Z" in text
    ('BEGIN:VCALENDAR', True)
    """
    mark = DRILL_MARK if drill else ""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//lantian//duty//ZH", "CALSCALE:GREGORIAN",
             f"X-WR-CALNAME:{_text(mark + name)}"]  # fmt: skip
    for entry in entries:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{_text(entry.identifier)}@lantian.invalid",
            f"DTSTAMP:{_utc(now)}",
            f"DTSTART:{_utc(entry.begins_at)}",
            f"DTEND:{_utc(entry.ends_at)}",
            f"SUMMARY:{_text(mark + entry.summary)}",
        ]
        if entry.description:
            lines.append(f"DESCRIPTION:{_text(entry.description)}")
        lines.append("END:VEVENT")
    lines.append("END:VCALENDAR")
    return "".join(_folded(line) + "\r\n" for line in lines).encode()


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(words: str) -> str:
    for plain, escaped in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n"), ("\r", "")):
        words = words.replace(plain, escaped)
    return words


def _folded(line: str) -> str:
    """The line with breaks so that no part has more than 75 octets and no character is cut."""
    parts, current = [], ""
    for letter in line:
        if len((current + letter).encode()) > 74:
            parts.append(current)
            current = letter
        else:
            current += letter
    return "\r\n ".join([*parts, current])
