"""Electricity per circuit (用电监控): 15-minute energy of production, treatment and total meters, as CSV or JSON.

Columns: enterprise, circuit, kind, start, kwh and optionally minutes (default 15). `start` is the begin of the
interval, Beijing time unless it carries an offset. A file is taken whole or refused with its first bad row.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from flows.sources.live import number
from flows.sources.micro import csv_rows
from forecast.air import BEIJING
from forecast.emissions import Emissions, MeterRow
from plans.errors import DataError

KINDS: Mapping[str, str] = MappingProxyType(
    {"production": "production", "treatment": "treatment", "total": "total", "生产": "production", "治污": "treatment",
     "总": "total", "总表": "total"}
)  # fmt: skip
NEEDED = ("enterprise", "circuit", "kind", "start", "kwh")
LARGEST_KWH = 200_000.0
"""In one interval; more is a counter reading or watt-hours (confidence I)."""


def read(path: Path, *, now: datetime) -> list[MeterRow]:
    """The rows of a file; DataError with file, row, expected and found for the first bad one."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise DataError("The file cannot be opened", where=path.name, found=error.strerror) from None
    except UnicodeDecodeError as error:
        found = f"byte 0x{error.object[error.start]:02x}"
        raise DataError("The file is not UTF-8 text", where=path.name, found=found) from None
    if text.lstrip()[:1] in ("[", "{"):
        try:
            rows = json.loads(text)
        except json.JSONDecodeError as error:
            raise DataError("The file is not JSON", where=path.name, found=str(error)[:80]) from None
        first = 1
        if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
            raise DataError("The file is no list of readings", where=path.name, expected="[{...}, ...]")
    else:
        rows, first = csv_rows(text, where=path.name), 2
    return understand(rows, where=path.name, now=now, first_line=first)


def understand(rows: list[Mapping[str, Any]], *, where: str, now: datetime, first_line: int = 1) -> list[MeterRow]:
    """Readings of rows; an empty kwh is a gap (None), a repeated reading with another value is refused."""
    found: dict[tuple[str, str, str, datetime], MeterRow] = {}
    for line, row in enumerate(rows, start=first_line):
        place = f"{where} row {line}"
        for name in NEEDED:
            if name not in row:
                raise DataError("A column is missing", where=place, expected=name, found=", ".join(map(str, row)))
        plant, circuit, kind = (str(row[name]).strip() for name in ("enterprise", "circuit", "kind"))
        if not plant or not circuit:
            raise DataError("A reading has no plant or no circuit", where=place)
        if kind not in KINDS:
            raise DataError("The kind of circuit is not known", where=place, expected=" | ".join(KINDS), found=kind)
        minutes = int(number(row.get("minutes") or 15)) if not math.isnan(number(row.get("minutes") or 15)) else 0
        if minutes not in (1, 5, 10, 15, 30, 60):
            raise DataError("The interval is odd", where=place, expected="1, 5, 10, 15, 30 or 60", found=row["minutes"])
        start = _start(row["start"], place)
        if start + timedelta(minutes=minutes) > now + timedelta(minutes=5):
            raise DataError(
                "The interval has not ended", where=place, expected=f"before {now.isoformat()}", found=start
            )
        text = str(row["kwh"]).strip()
        kwh = number(row["kwh"])
        if text not in ("", "None", "null") and not 0 <= kwh <= LARGEST_KWH:
            expected = f"0..{LARGEST_KWH:g} kWh in {minutes} min"
            raise DataError("The energy is impossible", where=place, expected=expected, found=text)
        key = (plant, KINDS[kind], circuit, start)
        made = MeterRow(plant, KINDS[kind], start, circuit, now, None if math.isnan(kwh) else kwh, minutes)
        if key in found and found[key] != made:
            raise DataError("A reading stands twice with two values", where=place, found=f"{circuit} {row['start']}")
        found[key] = made
    return list(found.values())


def take(path: Path, store: Emissions, *, now: datetime) -> int:
    """How many readings of a file were new; DataError as :func:`read`, and then nothing was written."""
    return store.write(read(path, now=now))


def _start(text: Any, place: str) -> datetime:
    try:
        found = datetime.fromisoformat(str(text).strip())
    except ValueError:
        raise DataError("The start cannot be read", where=place, expected="2024-02-29 08:15", found=text) from None
    return (found if found.tzinfo else found.replace(tzinfo=BEIJING)).astimezone(UTC)
