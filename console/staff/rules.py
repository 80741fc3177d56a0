"""The rules 规则 that the office decides by: every edition with its source, and each in full with what is doubted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from console.language import N_, _
from console.page import console_of, missing, page
from console.rule_words import said_key, said_value
from emergency.vocabulary import BEIJING
from plans import rulebook
from plans.errors import RuleError
from plans.rulebook import Rules

router = APIRouter()
KINDS = {
    "aqi": N_('空气质量指数（AQI）'), "ambient": N_('环境空气质量标准'), "assessment": N_('评价规范'),
    "warning": N_('重污染天气预警分级'), "city": N_('城市应急预案'),
}  # fmt: skip
HEAD = (
    "name",
    "from",
    "until",
    "cites",
    "checked_on",
    "confidence",
    "dates_confidence",
    "note",
    "supersedes",
    "examples",
)
AS_WRITTEN = ("id", "english")
"""Keys whose values are identifiers or English names, and stay what they are in every language."""


@router.get("/rules")
def rules(request: Request) -> Response:
    """All editions, and which of them are in force today."""
    console = console_of(request)
    now = console.settings.now()
    today, book = now.astimezone(BEIJING).date(), rulebook.load()
    applied = _applied(console.settings.rules(today))
    groups = [(KINDS.get(what, what), list(dated)) for what, dated in book.instruments.items()]
    groups.append((KINDS["city"], [edition for dated in book.cities.values() for edition in dated]))
    mine = console.settings.plan
    return page(
        request, "rules.html", now=now, groups=groups, applied=applied | {mine.name}, digest=book.digest,
        of_archive=console.settings.aqi(now).name,
    )  # fmt: skip


def _applied(rules: Rules) -> set[str]:
    """Names of the editions of a day; an instrument that had none yet (in a replay of old air) is left out."""
    found = set()
    for what in ("aqi", "ambient", "assessment", "warning"):
        with suppress(RuleError):
            found.add(getattr(rules, what).name)
    return found


@router.get("/rules/{name}")
def rule(request: Request, name: str) -> Response:
    """One edition in full."""
    book = rulebook.load()
    try:
        edition = book.edition(name)
    except RuleError:
        raise missing(_("规则")) from None
    data = edition.model_dump(mode="json", by_alias=True, exclude_none=True)
    return page(
        request, "rule.html", edition=edition, lines=tuple(
            (depth, said_key(key, within=above), value if key in AS_WRITTEN else said_value(value), key)
            for above, (depth, key, value) in _under(outline({k: v for k, v in data.items() if k not in HEAD}))
        ),
        examples=len(data.get("examples", ())),
    )  # fmt: skip


def _under(lines: Iterable[tuple[int, str, str]]) -> Iterator[tuple[tuple[str, ...], tuple[int, str, str]]]:
    """Every line of an outline with the keys it lies under, the outermost first."""
    above: list[str] = []
    for line in lines:
        del above[line[0] :]
        yield tuple(above), line
        above.append(line[1])


def outline(data: Any, depth: int = 0) -> list[tuple[int, str, str]]:
    """Depth, key and value of every leaf and branch, in the order of the file; a plain list stays on one line.

    >>> outline({"a": 1, "b": {"c": [1, 2]}})
    [(0, 'a', '1'), (0, 'b', ''), (1, 'c', '1、2')]
    """
    found: list[tuple[int, str, str]] = []
    if isinstance(data, Mapping):
        for key, value in data.items():
            found += _entry(str(key), value, depth)
    elif isinstance(data, Sequence) and not isinstance(data, str):
        for number, value in enumerate(data, start=1):
            found += _entry(f"{number}.", value, depth)
    return found


def _entry(key: str, value: Any, depth: int) -> list[tuple[int, str, str]]:
    if value is None or value in ("", [], {}):
        return []  # what an edition leaves open is no content
    if isinstance(value, Mapping):
        return [(depth, key, ""), *outline(value, depth + 1)]
    if isinstance(value, Sequence) and not isinstance(value, str):
        if all(not isinstance(one, Mapping | list | tuple) for one in value):
            return [(depth, key, _("、").join(_plain(one) for one in value))]
        return [(depth, key, ""), *outline(value, depth + 1)]
    return [(depth, key, _plain(value))]


def _plain(value: Any) -> str:
    return (
        {True: _("是"), False: _("否"), None: _("无")}.get(value, str(value))
        if isinstance(value, bool | None)
        else str(value)
    )
