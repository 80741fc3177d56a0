"""The public pages as finished bytes: made from the record and the archive at most once a minute, served from memory.

Only what the government decided stands here: warnings whose approvals are on record and that were issued, and the daily
AQI that a consultation signed. The model's own outlook is never public. A drill's pages are made for staff only.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from jinja2 import Environment

from console import language
from console.air import AirReader
from console.outlook import categories, published_range, signed_now
from console.settings import Settings
from emergency import cap, feed
from emergency.cap_xml import read_head
from emergency.vocabulary import BEIJING, Level
from emergency.warning_draft import is_control
from plans.schema import AqiEdition

RECENT = timedelta(days=14)
"""How long an ended warning stays on the page; a setting of the office (confidence I)."""
HTML, ATOM, JSON = "text/html; charset=utf-8", "application/atom+xml", "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class File:
    """One public answer, ready to send."""

    body: bytes
    packed: bytes
    """The same, gzipped."""
    media_type: str
    etag: str


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the signed forecast."""

    day: date
    low: int
    high: int
    words: str


def pages(settings: Settings, air: AirReader, templates: Environment, *, base: str = "/public/") -> dict[str, File]:
    """Every public address with its answer, as of the office's clock; `base` is where they hang."""
    now, record = settings.now(), settings.office.record
    seen = air.at(now)
    edition = settings.aqi(now)
    category = categories(edition)
    issued = [  # a temporary control 临时管控 is for the departments it names, never for the public
        row for row in record.now("warning") if row["body"].get("issued_at") and not is_control(row)
    ]
    in_force = [row for row in issued if row["state"] == "issued"]
    recent = [row for row in issued if row["state"] != "issued" and _ended(row) > now - RECENT]
    days, signed_at = _signed(settings, now, edition)
    latest = seen.latest
    shown = {
        "now": now,
        "area_name": settings.office.desk.area_name,
        "drill": record.drill,
        "simulated_air": settings.simulated_air,
        "latest": latest,
        "category": category(latest[1]) if latest else None,
        "edition_name": edition.name,
        "warnings": in_force,
        "recent": sorted(recent, key=_ended, reverse=True),
        "days": days,
        "signed_at": signed_at,
        "base": base,
        "why_now": latest is not None and bool(in_force) and latest[1] <= 100,
    }
    texts = [
        content for _digest, _title, content in record.exhibits(cap.MEDIA_TYPE) if record.drill or _may_be_seen(content)
    ]
    made = feed.atom(
        texts, title=f"{settings.office.desk.area_name}空气重污染预警", identifier="urn:lantian:feed", base=base,
        drill=record.drill,
    )  # fmt: skip
    files = {
        base.rstrip("/"): _page(templates, "zh", shown),
        f"{base}en": _page(templates, "en", shown),
        f"{base}feed.atom": _file(made, ATOM),
        f"{base}data.json": _file(_data(shown), JSON),
    }
    for text in texts:
        files[base + feed.file_of(read_head(text))] = _file(text, cap.MEDIA_TYPE)
    return files


def _page(templates: Environment, code: str, shown: Mapping[str, Any]) -> File:
    """The page in a language; each has its own address, so that caches and links know which is which."""
    with language.speaking(code):
        html = language.finish(templates.get_template("public.html").render(shown))
    return _file(html.encode(), HTML)


def _signed(settings: Settings, now: datetime, edition: AqiEdition) -> tuple[tuple[Day, ...], datetime | None]:
    official = signed_now(settings, now)
    if official is None:
        return (), None
    today = now.astimezone(BEIJING).date()
    found = []
    for day, value in sorted(official.values.items()):
        if day < today:
            continue
        low, high, words, _primary = published_range(value, edition, half_width=settings.range_half_width, primary=None)
        found.append(Day(day, low, high, words))
    return tuple(found), official.signed_at


def _may_be_seen(content: bytes) -> bool:
    """The gate of the outbox, asked once more of the very text that would leave."""
    head = read_head(content)
    return cap.may_leave(status=head.status, scope=head.scope, audience="public", drill=False)


def _ended(row: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(row["changed_at"])


def _data(shown: Mapping[str, Any]) -> bytes:
    latest = shown["latest"]
    content = {
        "area": shown["area_name"],
        "made_at": shown["now"].isoformat(),
        "drill": shown["drill"],
        "simulated": shown["simulated_air"],
        "aqi_edition": shown["edition_name"],
        "now": None
        if latest is None
        else {"valid_time": latest[0].isoformat(), "aqi": latest[1], "category": shown["category"].chinese},
        "signed_at": shown["signed_at"].isoformat() if shown["signed_at"] else None,
        "days": [
            {"date": day.day.isoformat(), "aqi_from": day.low, "aqi_to": day.high, "categories": day.words}
            for day in shown["days"]
        ],
        "warnings": [
            {
                "identifier": row["stream"],
                "level": row["level"],
                "level_chinese": Level.of(str(row["level"])).chinese,
                "issued_at": row["body"]["issued_at"],
                "starts_at": row["body"]["draft"]["starts_at"],
                "expected_end": row["body"]["draft"]["expected_end"],
                "reason": row["body"]["draft"]["reason"],
                "text": row["body"]["draft"]["text"],
            }
            for row in shown["warnings"]
        ],
    }
    return json.dumps(content, ensure_ascii=False, indent=1).encode()


def _file(body: bytes, media_type: str) -> File:
    digest = hashlib.sha256(body).hexdigest()[:20]
    return File(body, gzip.compress(body, 6, mtime=0), media_type, f'"{digest}"')
