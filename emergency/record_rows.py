"""How events become rows of the log and rows become events again, and how a row is digested."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, date, datetime
from enum import Enum
from functools import lru_cache
from types import ModuleType
from typing import Any

from sqlalchemy import Connection, Result, select

from emergency import (
    activation,
    alert,
    call,
    compliance_share,
    consultation,
    edition,
    handover,
    link,
    order,
    problem,
    warning,
)  # fmt: skip
from emergency.lifecycle import Event
from emergency.record_schema import ASKED_OF_ORDERS, log, now_tables

MODULES: dict[str, ModuleType] = {
    "edition": edition,
    "consultation": consultation,
    "warning": warning,
    "activation": activation,
    "order": order,
    "problem": problem,
    "alert": alert,
    "call": call,
    "handover": handover,
    "link": link,
}
GENESIS = "0" * 64


def rows_of(found: Result[Any]) -> tuple[Mapping[str, Any], ...]:
    """Rows of a projection with their bodies as plain values."""
    names = tuple(found.keys())
    body = names.index("body")
    return tuple(dict(zip(names, (*row[:body], json.loads(row[body]), *row[body + 1 :]), strict=True)) for row in found)


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the log as read back."""

    seq: int
    life: str
    stream: str
    version: int
    event: Event
    recorded_at: datetime
    digest: str


def head_of(connection: Connection) -> tuple[int, str]:
    row = connection.execute(select(log.c.seq, log.c.digest).order_by(log.c.seq.desc()).limit(1)).first()
    return (row[0], row[1]) if row else (0, GENESIS)


def entries_of(connection: Connection, life: str, stream: str) -> Iterator[Entry]:
    query = select(log).where(log.c.life == life, log.c.stream == stream).order_by(log.c.version)
    for row in connection.execute(query).mappings():
        yield entry_of(row)


def entry_of(row: Any) -> Entry:
    happened = Event(
        kind=row["kind"],
        occurred_at=datetime.fromisoformat(row["occurred_at"]),
        actor=row["actor"],
        role=row["role"],
        data=json.loads(row["data"]),
        basis=tuple(json.loads(row["basis"])),
        cause=row["cause"],
    )
    recorded = datetime.fromisoformat(row["recorded_at"])
    return Entry(row["seq"], row["life"], row["stream"], row["version"], happened, recorded, row["digest"])


DIGESTED = (
    "seq life stream version kind occurred_at recorded_at actor role cause basis data".split()  # noqa: SIM905
)


def digest_of(row: Mapping[str, Any]) -> str:
    content = canonical([row[name] for name in DIGESTED])
    return hashlib.sha256(f"{row['previous']}\n{content}".encode()).hexdigest()


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def canonical(value: Any) -> str:
    return _ENCODER.encode(value)


def plain(value: object) -> object:
    """A value as JSON can hold it: enums by key, times as UTC text, dataclasses as objects; TypeError for others."""
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Enum):
        return getattr(value, "key", None) or getattr(value, "word", value.value)
    if isinstance(value, Mapping):
        return dict(value)
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    raise TypeError(f"The record holds no {type(value).__name__}.")


_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=plain)


@lru_cache(maxsize=32)
def _names(kind: type[Any]) -> frozenset[str]:
    return frozenset(field.name for field in fields(kind))


def projection_of(life: str, stream: str, state: Any, version: int, opened: str, changed: str) -> dict[str, Any]:
    names = _names(type(state))  # type: ignore[arg-type]
    level = state.level if "level" in names or hasattr(state, "level") else None
    parent = state.activation if "activation" in names else state.warning if "warning" in names else None
    finals = MODULES[life].TABLE.finals
    asked = {name: _asked(getattr(state, name)) for name in ASKED_OF_ORDERS} if life == "order" else {}
    if life == "order":
        asked["share"] = compliance_share.as_text(compliance_share.share_of(state.measures, state.findings))
    return {
        "stream": stream,
        "version": version,
        "state": state.state.key,
        "final": state.state in finals,
        "episode": state.episode,
        "parent": parent,
        "enterprise": state.enterprise if "enterprise" in names else None,
        "level": getattr(level, "word", level),
        "opened_at": opened,
        "changed_at": changed,
        "body": canonical({name: getattr(state, name) for name in names}),
        **asked,
    }


def _asked(value: Any) -> str | None:
    return stamp(value) if isinstance(value, datetime) else value


@lru_cache(maxsize=1)
def shape_of_states() -> str:
    """A digest of the fields of states and of the columns of projections: those of another shape are made anew."""
    columns = [f"{table.name}.{column.name}" for table in now_tables.values() for column in table.columns]
    indexes = [str(index.name) for table in now_tables.values() for index in table.indexes]
    names = sorted(
        [*columns, *indexes]
        + [
            f"{life}.{found.__name__}.{field.name}"
            for life, module in MODULES.items()
            for found in vars(module).values()
            if isinstance(found, type) and is_dataclass(found)
            for field in fields(found)
        ]
    )
    return hashlib.sha256("\n".join(names).encode()).hexdigest()[:32]
