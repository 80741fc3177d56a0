"""Micro-stations and any other table of hourly values, asked over the web or read from a file by a YAML mapping."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from flows.sources.live import Asker, Pulled, lay_out
from flows.sources.mapping import Mapped, dig, understand
from flows.sources.web_rules import Policy
from forecast.readers.station_list import Station
from forecast.sources import Manifest
from plans.errors import DataError, SourceError

_JSON = ("application/json", "text/json", "text/plain")
_TABLE = ("text/csv", "text/plain", "application/octet-stream", "application/vnd.ms-excel")


@dataclass(frozen=True, slots=True)
class Micro:
    """An adapter made of a mapping."""

    mapped: Mapped
    kind: Literal["observation", "guidance"] = "observation"

    @property
    def manifest(self) -> Manifest:
        """The manifest as the mapping gives it."""
        return Manifest(
            name=self.mapped.name,
            title=self.mapped.title,
            cadence=timedelta(hours=1),
            hour_label=self.mapped.time.label,
            time_zone=self.mapped.time.zone,
            units={name: column.unit for name, column in self.mapped.values.items()},
            licence=self.mapped.licence,
            citation=f"mapping {self.mapped.name}",
            delay=timedelta(minutes=self.mapped.delay_minutes),
            delay_basis="as the mapping says",
        )

    @property
    def policy(self) -> Policy:
        """Only the mapping's own host."""
        host = urlsplit(self.mapped.address).hostname or ""
        return Policy(
            hosts=frozenset({host}),
            own_network=self.mapped.own_network,
            plain_http=self.mapped.plain_http,
            spacing=self.mapped.seconds_between,
        )

    def pull(self, asker: Asker, *, start: datetime, end: datetime, now: datetime) -> Pulled:
        """What the gateway says of the window."""
        zone = ZoneInfo(self.mapped.time.zone)
        window = {name: f"{when.astimezone(zone):%Y-%m-%d %H:%M:%S}" for name, when in (("start", start), ("end", end))}
        params = {name: text.format(**window) for name, text in self.mapped.params.items()}
        headers = {name: _filled(text, where=self.mapped.name) for name, text in self.mapped.headers.items()}
        table = self.mapped.format == "csv"
        answer = asker.ask(
            self.mapped.method, self.mapped.address, params=params, headers=headers, expect=_TABLE if table else _JSON
        )
        rows = csv_rows(answer.text(), where=self.mapped.name) if table else None
        if rows is None:
            rows = dig(answer.json(), self.mapped.rows, where=self.mapped.name)
        return self.understood(rows, where=self.mapped.name, start=start, end=end, now=now)

    def read(self, path: Path, *, now: datetime) -> Pulled:
        """A dropped file, all its hours that have ended."""
        far = timedelta(days=36_500)
        first = 1 if self.mapped.format == "json" else 2
        rows = rows_of(path, self.mapped)
        return self.understood(rows, where=path.name, start=now - far, end=now, now=now, first_line=first)

    def understood(
        self,
        rows: list[Mapping[str, Any]],
        *,
        where: str,
        start: datetime,
        end: datetime,
        now: datetime,
        first_line: int = 1,
    ) -> Pulled:
        """Rows of theirs in the contract."""
        records, places, notes = understand(self.mapped, rows, where=where, first_line=first_line)
        dataset, more = lay_out(records, source=self.mapped.name, start=start, end=end, now=now)
        stations = tuple(
            Station(code, name, lon=_known(lon), lat=_known(lat), source=self.mapped.name)
            for code, (name, lon, lat) in places.items()
        )
        return Pulled(dataset, stations, tuple(notes + more))


def rows_of(path: Path, mapped: Mapped) -> list[Mapping[str, Any]]:
    """The rows of a JSON, CSV or XLSX file; SourceError or DataError with the file's name."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DataError("The file cannot be opened", where=path.name, found=error.strerror) from None
    if mapped.format == "xlsx":
        return xlsx_rows(raw, where=path.name)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = raw.decode("gb18030")
        except UnicodeDecodeError as error:
            found = f"byte 0x{raw[error.start]:02x}"
            raise SourceError(
                "The file is no text", where=path.name, expected="UTF-8 or GB 18030", found=found
            ) from None
    if mapped.format == "csv":
        return csv_rows(text, where=path.name)
    try:
        return dig(json.loads(text), mapped.rows, where=path.name)
    except (json.JSONDecodeError, RecursionError) as error:
        raise SourceError("The file is not JSON", where=path.name, found=str(error)[:80]) from None


def csv_rows(text: str, *, where: str) -> list[Mapping[str, Any]]:
    """The rows of a table with a header; SourceError for a cut row or a header that stands twice."""
    rows = list(csv.reader(io.StringIO(text)))
    if not rows or not any(rows[0]):
        raise SourceError("The table is empty", where=where, expected="a header")
    header = [name.strip() for name in rows[0]]
    if len(set(header)) < len(header):
        raise SourceError("A column stands twice in the header", where=f"{where} row 1", found=header[:20])
    for line, row in enumerate(rows[1:], start=2):
        if row and len(row) != len(header):
            expected = f"{len(header)} fields"
            raise SourceError(
                "A row is cut or too long", where=f"{where} row {line}", expected=expected, found=len(row)
            )
    return [dict(zip(header, row, strict=True)) for row in rows[1:] if row]


def xlsx_rows(raw: bytes, *, where: str) -> list[Mapping[str, Any]]:
    """The rows of the first sheet with a header in its first row; SourceError when it is no workbook."""
    from zipfile import BadZipFile

    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
    except (BadZipFile, InvalidFileException, KeyError, OSError, ValueError) as error:
        raise SourceError("The file is no workbook", where=where, expected="xlsx", found=type(error).__name__) from None
    sheet = book.worksheets[0]
    lines = sheet.iter_rows(values_only=True)
    header = [str(name).strip() if name is not None else "" for name in next(lines, ())]
    if not any(header):
        raise SourceError("The sheet is empty", where=where, expected="a header in its first row")
    rows: list[Mapping[str, Any]] = [
        dict(zip(header, line, strict=False)) for line in lines if any(cell is not None for cell in line)
    ]
    book.close()
    return rows


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _filled(text: str, *, where: str) -> str:
    def value(match: re.Match[str]) -> str:
        found = os.environ.get(match[1])
        if found is None:
            raise SourceError("A secret is not set", where=where, expected=f"the environment variable {match[1]}")
        return found

    return re.sub(r"\$\{([A-Z_][A-Z0-9_]*)\}", value, text)
