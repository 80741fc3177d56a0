"""What all readers of comma-separated files share: open, look hard, and say in one sentence what is wrong.

Row numbers count lines of the file, the header is row 1. Nothing is guessed: a line with too few fields, a header
twice, a text where a number belongs end the reading.
"""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from forecast.air import POSSIBLE, UNITS
from plans.errors import DataError

MISSING = ("", "NA", "N/A", "NaN", "nan", "—", "-", "null", "None")
"""Ways the known feeds write a missing value ("—" is the CNEMC platform's own)."""


def read_table(path: Path, *, required: Sequence[str]) -> pd.DataFrame:
    """The table of a UTF-8 CSV file (plain or .gz) with rows in file order; the index is the row's line number.

    DataError: not there, not readable, not text, empty, header twice, column missing, ragged line.
    """
    text = _text(path)
    lines = text.splitlines()
    if not lines or not lines[0].strip():
        raise DataError("The file is empty", where=path.name, expected=f"a header with {required[0]}, ...")
    header = next(csv.reader([lines[0]]))
    missing = [name for name in required if name not in header]
    if missing:
        raise DataError(
            "A column is missing", where=f"{path.name} row 1", expected=missing[0], found=", ".join(header)[:200]
        )
    if len(set(header)) < len(header):
        twice = next(name for name in header if header.count(name) > 1)
        raise DataError("A column stands twice in the header", where=f"{path.name} row 1", found=twice)
    fields = (len(row) for row in csv.reader(lines)) if '"' in text else (line.count(",") + 1 for line in lines)
    for number, count in enumerate(fields, start=1):
        if count != len(header):
            raise DataError(
                "A row is cut or too long",
                where=f"{path.name} row {number}",
                expected=f"{len(header)} fields",
                found=count,
                todo="Get the file again",
            )
    frame = pd.read_csv(
        io.StringIO(text), na_values=list(MISSING), keep_default_na=False, low_memory=False, skip_blank_lines=False
    )
    frame.index = pd.RangeIndex(2, len(frame) + 2)
    return frame


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
        if raw[:2] == b"\x1f\x8b":
            raw = gzip.decompress(raw)
        text = raw.decode("utf-8-sig")
    except FileNotFoundError:
        raise DataError("The file is not there", found=str(path)) from None
    except (IsADirectoryError, PermissionError) as error:
        raise DataError("The file cannot be opened", where=path.name, found=error.strerror) from None
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise DataError("The file is cut or damaged", where=path.name, expected="a whole gzip file") from None
    except UnicodeDecodeError as error:
        row = raw[: error.start].count(b"\n") + 1
        raise DataError(
            "The file is not UTF-8 text",
            where=f"{path.name} row {row}",
            expected="comma-separated UTF-8 text",
            found=f"byte 0x{raw[error.start]:02x}",
        ) from None
    if "\x00" in text:
        raise DataError("The file is not text", where=path.name, expected="comma-separated text", found="binary data")
    return text


def numbers(
    frame: pd.DataFrame,
    column: str,
    *,
    path: Path,
    name: str | None = None,
    scale: float = 1.0,
    sentinels: Iterable[float] = (),
) -> np.ndarray:
    """The column as float64 divided by `scale`, missing and sentinel codes as NaN.

    With `name` (a contract variable) every value must be possible for it. DataError names row, expected and found.
    """
    series = frame[column]
    if series.dtype.kind not in "fiu":
        text = series.astype("str")
        parsed = pd.to_numeric(series, errors="coerce")
        bad = parsed.isna() & series.notna()
        if series.dtype.kind == "b" or bad.any():
            at = series.index[0] if series.dtype.kind == "b" else series.index[bad.to_numpy()][0]
            raise DataError(
                f"{column} is not a number", where=f"{path.name} row {at}", expected="a number", found=text[at]
            )
        series = parsed
    values: np.ndarray = series.to_numpy(dtype=np.float64, na_value=np.nan).copy()
    for code in sentinels:
        values[values == code] = np.nan
    if scale != 1.0:
        values /= scale
    low, high = POSSIBLE[name] if name else (-np.inf, np.inf)
    with np.errstate(invalid="ignore"):
        bad_value = (values < low) | (values > high) | np.isinf(values)
    if bad_value.any():
        at = int(np.argmax(bad_value))
        unit = UNITS[name] if name else ""
        raise DataError(
            f"{column} is impossible",
            where=f"{path.name} row {frame.index[at]}",
            expected=f"{low}..{high} {unit}" if name else "a finite number",
            found=f"{values[at]:g} {unit}".strip(),
            todo="Check the unit and the column",
        )
    return values


def clock(frame: pd.DataFrame, *, path: Path) -> np.ndarray:
    """Wall times, zoneless ``datetime64[us]``, of year, month, day, hour; DataError for an impossible one."""
    parts = {name: numbers(frame, name, path=path) for name in ("year", "month", "day", "hour")}
    times: np.ndarray = pd.to_datetime(pd.DataFrame(parts), errors="coerce").to_numpy()
    bad = np.isnat(times) | (parts["hour"] < 0) | (parts["hour"] > 23)
    if bad.any():
        at = int(np.argmax(bad))
        found = " ".join(f"{value[at]:g}" for value in parts.values())
        raise DataError(
            "The hour does not exist", where=f"{path.name} row {frame.index[at]}", expected="year month day hour",
            found=found,
        )  # fmt: skip
    return times.astype("datetime64[us]")


def grid(
    columns: Mapping[str, np.ndarray],
    *,
    stations: np.ndarray,
    valid_time: np.ndarray,
    lines: np.ndarray,
    path: Path,
) -> tuple[dict[str, np.ndarray], list[str], np.ndarray]:
    """Rows laid out as (station, valid_time) arrays, with the station names and the hours of the axes.

    Stations keep the order of their first row. Float columns fill with NaN, integer columns with 0.
    DataError when a station has an hour twice.
    """
    codes, order = pd.factorize(stations)
    hours, position = np.unique(valid_time, return_inverse=True)
    cell = codes.astype(np.int64) * len(hours) + position
    if len(cell) > 1:
        sequence = np.argsort(cell, kind="stable")
        again = np.flatnonzero(np.diff(cell[sequence]) == 0)
        if len(again):
            at = int(sequence[again + 1].min())
            first = int(sequence[again[sequence[again + 1].argmin()]])
            raise DataError(
                "An hour stands twice",
                where=f"{path.name} row {lines[at]}",
                expected=f"one row for {stations[at]} at {valid_time[at]}Z",
                found=f"also row {lines[first]}",
            )
    out = {}
    for name, values in columns.items():
        fill = np.nan if values.dtype.kind == "f" else 0
        array = np.full(len(order) * len(hours), fill, dtype=values.dtype)
        array[cell] = values
        out[name] = array.reshape(len(order), len(hours))
    return out, [str(code) for code in order], hours
