"""Files on their way into the office: kept below the working folder under their digest, known by their first bytes."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path

from console.language import _
from console.page import BadForm
from plans.list_import import ImportReport, import_list
from plans.list_import_file import sheets_of
from plans.list_import_header import ColumnMapping, Header, header_of
from plans.whole_file import write_whole

KEPT = 20
"""So many uploads are kept; older ones make room."""


@dataclass(slots=True)
class Upload:
    """One uploaded list, and what was decided about its columns."""

    digest: str
    suffix: str
    name: str
    edition: str
    sample: bool = False
    columns: dict[str, str | None] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    skip_sheets: list[str] = field(default_factory=list)
    blank_is_zero: bool = False
    days_per_year: int = 365
    windows: str = ""
    places: str = ""

    def mapping(self) -> ColumnMapping:
        """What was decided, as the import takes it."""
        return ColumnMapping(
            columns=self.columns, units=self.units, skip_sheets=tuple(self.skip_sheets),
            blank_emission_is_zero=self.blank_is_zero, days_per_year=self.days_per_year,
        )  # fmt: skip


def keep(folder: Path, content: bytes, *, name: str, edition: str, sample: bool) -> Upload:
    """The upload, kept; BadForm for bytes that are neither a workbook nor text."""
    if content.startswith(b"PK\x03\x04"):
        suffix = ".xlsx"
    elif b"\x00" in content[:4096] or not content.strip():
        raise BadForm(_("文件不是xlsx工作簿，也不是CSV文本。旧版xls请另存为xlsx后再传。"))
    else:
        suffix = ".csv"
    folder.mkdir(parents=True, exist_ok=True)
    made = Upload(
        hashlib.sha256(content).hexdigest(), suffix, Path(name.replace("\\", "/")).name[:120], edition, sample
    )
    write_whole(file_of(folder, made), content)
    save(folder, made)
    for old in sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime)[:-KEPT]:
        for path in folder.glob(f"{old.stem}.*"):
            path.unlink(missing_ok=True)
    return made


def save(folder: Path, upload: Upload) -> None:
    """Keep what was decided."""
    write_whole(folder / f"{upload.digest}.json", json.dumps(asdict(upload), ensure_ascii=False).encode())


def load(folder: Path, digest: str) -> Upload | None:
    """An upload by its digest; None when there is none (any more)."""
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        return None
    path = folder / f"{digest}.json"
    return Upload(**json.loads(path.read_text())) if path.is_file() else None


def file_of(folder: Path, upload: Upload) -> Path:
    """Where its bytes lie."""
    return folder / f"{upload.digest}{upload.suffix}"


def report_of(folder: Path, upload: Upload, *, city: str) -> ImportReport:
    """The report under the decisions so far; the last ones are remembered, because a large list takes half a minute."""
    return _report(file_of(folder, upload), json.dumps(asdict(upload), sort_keys=True), city)


def headers_of(folder: Path, upload: Upload) -> tuple[tuple[str, Header | None], ...]:
    """Name and heading of every sheet with rows under the decisions so far; None for a sheet without a heading."""
    return _headers(file_of(folder, upload), json.dumps(asdict(upload), sort_keys=True))


@lru_cache(maxsize=4)
def _headers(path: Path, decided: str) -> tuple[tuple[str, Header | None], ...]:
    mapping = Upload(**json.loads(decided)).mapping()
    return tuple((sheet.name, header_of(sheet, mapping)) for sheet in sheets_of(path) if sheet.rows)


@lru_cache(maxsize=2)
def _report(path: Path, decided: str, city: str) -> ImportReport:
    upload = Upload(**json.loads(decided))
    return import_list(path, mapping=upload.mapping(), city=city, edition=upload.edition, sample=upload.sample)
