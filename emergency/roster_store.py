"""Where the roster is kept: one row a shift, rotation, leave, swap or override, withdrawn and never edited.

Ordinary data beside the log (the directory's room, not the law's): what happened on duty stands in the log by who
acted; who should have been there is planned here. Rows are read in the order of their numbers, so later ones win.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import func, insert, select, update

from emergency.record import Record, lock_chain
from emergency.record_rows import stamp
from emergency.record_schema import roster_note
from emergency.roster import Leave, Override, Roster, Rotation, Shift, Swap
from emergency.roster_days import Calendar
from plans.errors import DataError

KINDS = ("shift", "rotation", "leave", "override", "swap")
_ALL = select(roster_note).order_by(roster_note.c.number)


@dataclass(frozen=True, slots=True)
class Note:
    """One row of the roster."""

    number: int
    kind: str
    data: Mapping[str, Any]
    by: str
    noted_at: datetime
    withdrawn: bool


class RosterStore:
    """The roster of one record."""

    def __init__(self, record: Record) -> None:
        self.record = record

    def add(self, what: Shift | Rotation | Leave | Override | Swap, *, by: str, now: datetime) -> int:
        """The number of the new row; DataError when the roster with it would not be one (an unknown shift)."""
        kind = type(what).__name__.lower()
        data = _plain(what)
        with self.record.engine.connect().execution_options(write=True) as connection, connection.begin():
            lock_chain(connection)
            rows = [_note(row) for row in connection.execute(_ALL).mappings()]
            number = 1 + (connection.execute(select(func.max(roster_note.c.number))).scalar() or 0)
            new = Note(number, kind, data, by, now, withdrawn=False)
            roster_of([*rows, new])  # raises before anything is written
            connection.execute(
                insert(roster_note).values(
                    number=number, kind=kind, data=json.dumps(data, ensure_ascii=False), by_whom=by, noted_at=stamp(now)
                )
            )
        return number

    def withdraw(self, number: int, *, by: str, now: datetime) -> None:
        """Take a row back; DataError when there is none, or when others would hang in the air without it."""
        with self.record.engine.connect().execution_options(write=True) as connection, connection.begin():
            lock_chain(connection)
            rows = [_note(row) for row in connection.execute(_ALL).mappings()]
            if not any(row.number == number and not row.withdrawn for row in rows):
                raise DataError("There is no such row in the roster", where=f"row {number}")
            roster_of([row for row in rows if row.number != number])
            connection.execute(
                update(roster_note)
                .where(roster_note.c.number == number)
                .values(withdrawn_at=stamp(now), withdrawn_by=by)
            )

    def notes(self) -> tuple[Note, ...]:
        """All rows, the withdrawn ones too, by number."""
        with self.record.engine.connect() as connection:
            return tuple(_note(row) for row in connection.execute(_ALL).mappings())

    def roster(self) -> Roster | None:
        """The roster in force; None while no shift was set up."""
        return roster_of(self.notes())


def roster_of(notes: Any) -> Roster | None:
    """The roster that rows make; None without a shift. DataError when they do not fit together."""
    kept: dict[str, list[Any]] = {kind: [] for kind in KINDS}
    for note in notes:
        if not note.withdrawn:
            kept[note.kind].append(_read(note.kind, note.data))
    if not kept["shift"]:
        if any(kept.values()):
            raise DataError("The roster has no shift", where="roster", todo="Set up a shift first")
        return None
    return Roster(
        shifts=tuple(kept["shift"]),
        rotations=tuple(kept["rotation"]),
        calendar=Calendar(),
        leaves=tuple(kept["leave"]),
        overrides=tuple(kept["override"]),
        swaps=tuple(kept["swap"]),
    )


def _note(row: Mapping[Any, Any]) -> Note:
    return Note(
        row["number"],
        row["kind"],
        json.loads(row["data"]),
        row["by_whom"],
        datetime.fromisoformat(row["noted_at"]),
        row["withdrawn_at"] is not None,
    )


def _plain(what: Any) -> dict[str, Any]:
    found = {}
    for name in what.__slots__:
        value = getattr(what, name)
        if isinstance(value, date | time):
            value = value.isoformat()
        found[name] = list(value) if isinstance(value, tuple) else value
    return found


def _read(kind: str, data: Mapping[str, Any]) -> Any:
    try:
        match kind:
            case "shift":
                start, end = time.fromisoformat(data["start"]), time.fromisoformat(data["end"])
                return Shift(data["key"], data["chinese"], start, end)
            case "rotation":
                return Rotation(
                    data["shift"],
                    tuple(data["people"]),
                    date.fromisoformat(data["since"]),
                    int(data["every"]),
                    bool(data["working_days_only"]),
                    bool(data["rest_days_only"]),
                )
            case "leave":
                first, last = date.fromisoformat(data["first"]), date.fromisoformat(data["last"])
                if last < first:
                    raise DataError("A leave ends before it begins", where=str(data["person"]))
                return Leave(data["person"], first, last, data["why"])
            case "override":
                return Override(data["shift"], date.fromisoformat(data["day"]), data["person"])
            case _:
                day, other = date.fromisoformat(data["day"]), date.fromisoformat(data["other_day"])
                return Swap(data["shift"], day, data["other_shift"], other)
    except (KeyError, ValueError, TypeError) as error:
        raise DataError("A row of the roster cannot be read", where=kind, found=str(error)) from error
