"""Writing a list again: the office's CSV and a workbook, both read back to the very same list."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from plans.enterprise_csv import COLUMNS
from plans.enterprise_list import LEVEL_KEYS, EnterpriseList
from plans.list_import_cells import decimal_text
from plans.list_sheets import KINDS, SHEETS, places_rows, windows_rows
from plans.list_workbook import TextSheet, workbook
from plans.measure import POLLUTANT_NAMES, POLLUTANTS, Measure
from plans.places import Places
from plans.staggered import Window
from plans.whole_file import write_whole

SHEET = "减排清单"


def rows_of(listing: EnterpriseList) -> list[dict[str, str]]:
    """One row per unit in the list's own columns."""
    return [dict(zip(COLUMNS, cells, strict=True)) for cells in cells_of(listing)]


def cells_of(listing: EnterpriseList) -> Iterator[tuple[str, ...]]:
    """The cells of one row per unit, in the order of COLUMNS."""
    said: dict[int, tuple[Measure, str]] = {}  # a list says the same few measures over and over
    for plant in listing.enterprises:
        load = "" if plant.permitted_load is None else decimal_text(plant.permitted_load * 100)
        own = (
            plant.identifier, plant.name, plant.kind, _yes(plant.sample), plant.district, plant.industry, plant.grade,
            plant.credit_code, plant.guarantee, load, _yes(plant.small), plant.contact_role,
        )  # fmt: skip
        for unit in plant.units:
            measures = []
            for level in LEVEL_KEYS:
                measure = unit.measures[level]
                if id(measure) not in said:
                    said[id(measure)] = measure, measure_text(measure)
                measures.append(said[id(measure)][1])
            yield (
                *own, unit.site, unit.workshop, unit.process, unit.identifier, unit.name, unit.kind, unit.outlet,
                *[decimal_text(unit.base_daily[key]) for key in POLLUTANTS], decimal_text(unit.power_share * 100),
                *["" if one is None else decimal_text(one) for one in unit.capacities],
                *measures, "、".join(unit.checks),
            )  # fmt: skip


def _yes(truth: bool) -> str:
    return "是" if truth else "否"


def measure_text(measure: Measure) -> str:
    """The words of a cell from which the same measure is read again."""
    if measure.action == "none":
        return "不限"
    if measure.action == "stop":
        return "停"
    if measure.action == "limit":
        return f"限产{int(measure.cuts['pm'] * 100)}%"
    if measure.action == "transport_ban":
        return f"停运{measure.detail}及以下{int(measure.cuts['pm'] * 100)}%"
    cuts = ", ".join(
        f"{POLLUTANT_NAMES[key]} {int(measure.cuts[key] * 100)}%" for key in POLLUTANTS if measure.cuts[key]
    )
    return f"换用{measure.detail}({cuts})"


def csv_text(rows: Iterable[Mapping[str, str]]) -> str:
    """Rows as the text of a list file."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n", extrasaction="ignore", restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def write_csv(rows: Sequence[Mapping[str, str]], path: Path) -> None:
    """Write a list file whole or not at all."""
    write_whole(path, csv_text(rows).encode())


def write_workbook(
    rows: Sequence[Mapping[str, str]], path: Path, *, windows: Sequence[Window] = (), places: Places | None = None
) -> None:
    """Write a workbook whole or not at all; every cell is text. DataError with row and column: a control character.

    Staggered windows and places stand on sheets of their own and are read back with the list.
    """
    _write_workbook([[row.get(column, "") for column in COLUMNS] for row in rows], path, windows, places)


def write_list_workbook(
    listing: EnterpriseList, path: Path, *, windows: Sequence[Window] = (), places: Places | None = None
) -> None:
    """The same of a list, without its rows in between: for a long one."""
    _write_workbook(list(cells_of(listing)), path, windows, places)


def _write_workbook(
    cells: Sequence[Sequence[str]], path: Path, windows: Sequence[Window], places: Places | None
) -> None:
    sheets = [
        TextSheet(SHEET, COLUMNS, cells, fixed="C2"),
        *(
            TextSheet(SHEETS[kind], KINDS[kind], further)
            for kind, further in (("windows", windows_rows(windows)), ("places", places_rows(places or {})))
            if further
        ),
    ]
    write_whole(path, workbook(sheets, name=path.name))
