"""Views of many orders: whom a filter by town, industry and grade reaches, and the board with a column per state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from console.language import N_
from console.lists import ListInUse
from emergency.record import Record
from emergency.record_orders import Filter, page_of_orders

CARDS = 25
"""Cards in one column of the board; the rest is behind the column's link."""
COLUMNS: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    ("silent", N_("逾期未签"), {"silent": True}),
    ("issued", N_("已下达"), {"state": "issued", "in_time": True}),
    ("delivered", N_("已送达"), {"state": "delivered", "in_time": True}),
    ("acknowledged", N_("已签收"), {"state": "acknowledged"}),
    ("executing", N_("执行中"), {"state": "executing"}),
    ("released", N_("已解除"), {"state": "released"}),
    ("closed", N_("已办结"), {"state": "closed"}),
)
"""Key, name and filter of each column, in the order in which an order passes them; who is silent stands first."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What of the list can be asked for, and whom the question reaches."""

    towns: tuple[str, ...] = ()
    industries: tuple[str, ...] = ()
    grades: tuple[str, ...] = ()
    chosen: frozenset[str] | None = None
    """Numbers of the plants that were asked for; None when nothing was asked."""


_CHOICES: dict[str, Reach] = {}
"""The choices of the list in use, by its digest: 20,000 plants are looked through once."""


def reach_of(lists: ListInUse | None, query: Mapping[str, str]) -> Reach:
    """The choices that the list in use offers, and the plants that `town`, `industry` and `grade` leave."""
    listing = lists.listing() if lists is not None else None
    if listing is None:
        return Reach()
    plants = listing.enterprises
    found = _CHOICES.get(listing.digest)
    if found is None:
        found = Reach(
            towns=tuple(sorted({one.district for one in plants if one.district})),
            industries=tuple(sorted({one.industry for one in plants if one.industry})),
            grades=tuple(sorted({one.grade for one in plants if one.grade})),
        )
        _CHOICES.clear()
        _CHOICES[listing.digest] = found
    town, industry, grade = (query.get(name, "") for name in ("town", "industry", "grade"))
    if not (town or industry or grade):
        return found
    chosen = frozenset(
        one.identifier
        for one in plants
        if (not town or one.district == town)
        and (not industry or one.industry == industry)
        and (not grade or one.grade == grade)
    )
    return replace(found, chosen=chosen)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the board."""

    key: str
    name: str
    total: int
    rows: Sequence[Mapping[str, Any]]
    """The first cards, the oldest first."""


def columns_of(record: Record, wanted: Filter, *, now: datetime) -> tuple[Column, ...]:
    """The board under a filter; its own state and silence do not count, for they are the columns."""
    found = []
    for key, name, more in COLUMNS:
        asked = replace(wanted, **{"state": "", "silent": False, **more})
        total, rows = page_of_orders(record, asked, now=now, limit=CARDS)
        found.append(Column(key, name, total, rows))
    return tuple(found)
