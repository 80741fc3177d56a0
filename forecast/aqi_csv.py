"""AQI columns added to a CSV file: what came in goes out as it was, byte for byte, the results at the end of each row.

The file is worked through in blocks of rows, so its length does not matter; the result stands under its name only when
all of it is written.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite, nan
from pathlib import Path
from typing import TextIO, get_args

import numpy as np

from forecast import air
from forecast.aqi import Aqi, Gaps, calculate, primary_names
from forecast.aqi_tables import Mode, Scheme, scheme
from plans.errors import DataError
from plans.whole_file import whole_file

ROWS = 65_536
"""Rows per block."""

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "-", "--", "—"})
"""What counts as a missing value, spaces and capitals aside; "—" is the national platform's own."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What was done."""

    rows: int
    not_available: int
    """Rows whose AQI is NA."""
    without_iaqi: tuple[str, ...]
    """Pollutants that have no IAQI in this report because their sliding mean is not in the file."""


def annotate(
    source: Path,
    target: Path,
    *,
    edition: str,
    mode: Mode,
    gaps: Gaps = "edition",
    not_monitored: Collection[str] = (),
) -> Summary:
    """Write `target`: the rows of `source` with iaqi_<pollutant>, aqi, level, category and primary added.

    Inputs by column name: pm25 pm10 so2 no2 (ug/m3), co (mg/m3), o3 (hourly) or o3_8h (daily), and the optional
    columns of the edition (:func:`forecast.aqi.calculate`). UTF-8 or GB 18030; the output keeps the encoding. Results
    that do not exist are the edition's mark "NA"; primary is empty where AQI is 50 or less.
    DataError with file, row, expected and found, and no output, for anything that is not such a file.
    """
    plan = scheme(edition, mode)
    if gaps not in get_args(Gaps):
        raise DataError("The gap rule is not known", expected=" | ".join(get_args(Gaps)), found=gaps)
    monitored = [name for name in air.POLLUTANTS if name not in not_monitored]
    for name in not_monitored:
        if name not in air.POLLUTANTS:
            raise DataError("The pollutant is not known", expected=", ".join(air.POLLUTANTS), found=name)
    encoding = _encoding(source)
    if not target.parent.is_dir():
        raise DataError("The folder of the output is not there", expected="a folder", found=str(target.parent))
    try:
        with (
            whole_file(target) as part,
            part.open("w", encoding=encoding, newline="") as out,
            source.open(encoding=encoding, newline="") as lines,
        ):
            return _annotate(lines, out, plan, gaps=gaps, monitored=monitored, name=source.name)
    except OSError as error:
        raise DataError("The output cannot be written", where=str(target), found=error.strerror) from None


def _annotate(
    lines: TextIO, out: TextIO, plan: Scheme, *, gaps: Gaps, monitored: Collection[str], name: str
) -> Summary:
    rows = _records(lines, name)
    first = next(rows, None)
    if first is None or not first[1].strip("\ufeff \t"):
        raise DataError(
            "The file is empty", where=name, expected=f"a header with {', '.join(_needed(plan, monitored))}"
        )
    _, header, ending = first
    columns, width = _columns(header, plan, monitored, name)
    added = [*(f"iaqi_{pollutant}" for pollutant in air.POLLUTANTS), "aqi", "level", "category", "primary"]
    out.write(",".join([header, *added]) + (ending or "\n"))
    texts = _Texts(plan)
    numbers = {key: _Numbers(key) for key in columns}
    count = absent = 0
    blank: tuple[int, str] | None = None
    block: list[tuple[int, str, str]] = []
    for record in rows:
        if not record[1]:
            blank = blank or (record[0], record[2])
            continue
        if blank:
            raise DataError("A row is empty", where=f"{name} row {blank[0]}", expected=f"{width} fields", found="none")
        block.append(record)
        if len(block) == ROWS:
            absent += _write(block, out, plan, columns, width, numbers, texts, gaps, monitored, name)
            count += len(block)
            block = []
    if block:
        absent += _write(block, out, plan, columns, width, numbers, texts, gaps, monitored, name)
    given = {lookup.pollutant for lookup in plan.lookups if lookup.key in columns and not lookup.only_instead}
    return Summary(count + len(block), absent, tuple(p for p in air.POLLUTANTS if p in monitored and p not in given))


def _records(lines: TextIO, name: str) -> Iterator[tuple[int, str, str]]:
    """(row, text, ending) of every record; one with line breaks inside quotes is one record."""
    number, held, start = 0, "", 0
    for line in lines:
        number += 1
        if held or '"' in line:
            start = start if held else number
            held += line
            if held.count('"') % 2:
                continue
            line, held = held, ""  # noqa: PLW2901
        else:
            start = number
        text = line.rstrip("\r\n")
        yield start, text, line[len(text) :]
    if held:
        raise DataError(
            "A quoted field does not end", where=f"{name} row {start}", expected='a closing "', found="end of file"
        )


def _columns(header: str, plan: Scheme, monitored: Collection[str], name: str) -> tuple[dict[str, int], int]:
    names = [field.strip() for field in _fields(header.removeprefix("\ufeff"))]
    where = f"{name} row 1"
    for position, field in enumerate(names):
        if field and field in names[:position]:
            raise DataError("A column stands twice in the header", where=where, expected="each name once", found=field)
        if field in ("aqi", "level", "category", "primary") or field.startswith("iaqi_"):
            raise DataError("A result column is already there", where=where, found=field, todo="Rename or remove it")
    for key in _needed(plan, monitored):
        if key not in names:
            found = ", ".join(names)[:200]
            raise DataError("A column is missing", where=where, expected=key, found=found)
    known = dict.fromkeys((*_needed(plan, monitored), *(lookup.key for lookup in plan.lookups)))
    return {key: names.index(key) for key in known if key in names}, len(names)


def _needed(plan: Scheme, monitored: Collection[str]) -> list[str]:
    """The six columns of the mode, also the 1-h PM that has no IAQI of its own in 2012."""
    return ["o3_8h" if name == "o3" and plan.mode == "daily" else name for name in air.POLLUTANTS if name in monitored]


def _write(
    block: list[tuple[int, str, str]],
    out: TextIO,
    plan: Scheme,
    columns: Mapping[str, int],
    width: int,
    numbers: Mapping[str, _Numbers],
    texts: _Texts,
    gaps: Gaps,
    monitored: Collection[str],
    name: str,
) -> int:
    fields = [_fields(text) for _, text, _ in block]
    for (row, _, _), found in zip(block, fields, strict=True):
        if len(found) != width:
            raise DataError(
                "A row is cut or too long", where=f"{name} row {row}", expected=f"{width} fields", found=len(found)
            )
    values = {}
    for key, position in columns.items():
        parsed = numbers[key]
        try:
            values[key] = np.array([parsed[found[position]] for found in fields])
        except ValueError:
            for (row, _, _), found in zip(block, fields, strict=True):
                parsed.explain(found[position], where=f"{name} row {row}")
            raise
    done = calculate(values, edition=plan.edition, mode=plan.mode, gaps=gaps, monitored=monitored)
    out.writelines(
        f"{text},{results}{ending}" for (_, text, ending), results in zip(block, texts.rows(done), strict=True)
    )
    return int((done.level == 0).sum())


class _Numbers(dict[str, float]):
    """Numbers by their text; a text is parsed once. ValueError for what is no possible concentration."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key
        self.low, self.high = air.POSSIBLE[key.split("_", maxsplit=1)[0]]

    def __missing__(self, text: str) -> float:
        value = self._parse(text)
        if len(self) < 200_000:
            self[text] = value
        return value

    def _parse(self, text: str) -> float:
        word = text.strip()
        if word.lower() in MISSING:
            return nan
        value = float(word)
        if not (self.low <= value <= self.high) or "_" in word or not word.isascii():
            raise ValueError(word)
        if len(word) > 15:  # more digits than a float holds: round the decimal itself, half to even
            step = Decimal("0.1") if self.key.startswith("co") else Decimal(1)
            value = float(round(Decimal(word) / step) * step)
        return value

    def explain(self, text: str, *, where: str) -> None:
        """DataError with the reason when the text cannot be taken."""
        try:
            self._parse(text)
        except ValueError:
            unit, shown = air.UNITS[self.key.split("_", maxsplit=1)[0]], text.strip()[:40]
            if _is_finite(text):
                what, expected, todo = (
                    "is impossible",
                    f"{self.low}..{self.high} {unit}",
                    "Check the unit and the column",
                )
            else:
                what, expected, todo = "is not a number", f"a number in {unit}, or blank, NA, — where missing", ""
            raise DataError(f"{self.key} {what}", where=where, expected=expected, found=shown, todo=todo) from None


def _is_finite(text: str) -> bool:
    try:
        return isfinite(float(text)) and "_" not in text
    except ValueError:
        return False


class _Texts:
    """The result columns as text."""

    def __init__(self, plan: Scheme) -> None:
        mark = plan.edition.gaps.mark
        top = plan.edition.ladder[-1]
        self.whole = np.array([mark, *map(str, range(top + 1))], dtype=object)
        names = [mark, *(category.chinese for category in plan.edition.categories)]
        levels = [mark, *(str(category.level) for category in plan.edition.categories)]
        self.level = np.array([f"{level},{name}" for level, name in zip(levels, names, strict=True)], dtype=object)
        self.primary = np.array([";".join(primary_names(mask)) for mask in range(64)] + [mark], dtype=object)

    def rows(self, done: Aqi) -> Iterator[str]:
        """The results of every row, joined by commas."""
        primary = np.where(done.level == 0, 64, done.primary)
        columns = [self.whole[done.iaqi[name] + 1] for name in air.POLLUTANTS]
        columns += [self.whole[done.aqi + 1], self.level[done.level], self.primary[primary]]
        return map(",".join, zip(*(column.tolist() for column in columns), strict=True))


def _fields(text: str) -> list[str]:
    return next(csv.reader([text])) if '"' in text else text.split(",")


def _encoding(path: Path) -> str:
    """utf-8 or gb18030, by a look at the whole file; DataError when it is no text of either."""
    try:
        with path.open("rb") as raw:
            start = raw.read(1 << 16)
    except FileNotFoundError:
        raise DataError("The file is not there", found=str(path)) from None
    except OSError as error:
        raise DataError("The file cannot be opened", where=path.name, found=error.strerror) from None
    if b"\x00" in start or start[:2] in (b"\x1f\x8b", b"PK") or start[:4] == b"%PDF":
        found = "binary data" if start[:2] not in (b"\x1f\x8b", b"PK") else "a packed file (gzip, zip or xlsx)"
        raise DataError("The file is not text", where=path.name, expected="comma-separated text", found=found)
    for encoding in ("utf-8", "gb18030"):
        with suppress(UnicodeDecodeError), path.open(encoding=encoding, newline="") as text:
            while text.read(1 << 22):
                pass
            return encoding
    raise DataError("The file is not text", where=path.name, expected="UTF-8 or GB 18030 text", found="other bytes")
