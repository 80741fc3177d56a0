"""Writing a list again: the office's CSV and a workbook, both read back to the very same list."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from plans.enterprise_csv import COLUMNS
from plans.enterprise_list import LEVEL_KEYS, EnterpriseList, LevelKey
from plans.errors import DataError
from plans.list_import_cells import decimal_text
from plans.list_sheets import KINDS, SHEETS, places_rows, windows_rows
from plans.measure import POLLUTANT_NAMES, POLLUTANTS, Measure
from plans.places import Places
from plans.staggered import Window

SHEET = "减排清单"
_LEVELS: dict[LevelKey, str] = {"yellow": "黄色措施", "orange": "橙色措施", "red": "红色措施"}


def rows_of(listing: EnterpriseList) -> list[dict[str, str]]:
    """One row per unit in the list's own columns."""
    rows = []
    for plant in listing.enterprises:
        own = {
            "编号": plant.identifier,
            "企业名称": plant.name,
            "类别": plant.kind,
            "样例": "是" if plant.sample else "否",
            "行政区": plant.district,
            "行业": plant.industry,
            "绩效等级": plant.grade,
            "统一社会信用代码": plant.credit_code,
            "保障类": plant.guarantee,
            "允许负荷%": "" if plant.permitted_load is None else decimal_text(plant.permitted_load * 100),
            "小微": "是" if plant.small else "否",
            "联系岗位": plant.contact_role,
        }
        for unit in plant.units:
            row = {
                **own,
                "厂区": unit.site,
                "车间": unit.workshop,
                "工序": unit.process,
                "单元编号": unit.identifier,
                "单元名称": unit.name,
                "单元类型": unit.kind,
                "排放口": unit.outlet,
                "用电占比%": decimal_text(unit.power_share * 100),
                "核查方式": "、".join(unit.checks),
            }
            for key in POLLUTANTS:
                row[f"{POLLUTANT_NAMES[key]}千克每日"] = decimal_text(unit.base_daily[key])
            names = ("环评日产能吨", "许可日产能吨", "上年日产量吨")
            for name, capacity in zip(names, unit.capacities, strict=True):
                row[name] = "" if capacity is None else decimal_text(capacity)
            for level in LEVEL_KEYS:
                row[_LEVELS[level]] = measure_text(unit.measures[level])
            rows.append(row)
    return rows


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
    _whole(path, csv_text(rows).encode())


def write_workbook(
    rows: Sequence[Mapping[str, str]], path: Path, *, windows: Sequence[Window] = (), places: Places | None = None
) -> None:
    """Write a workbook whole or not at all; every cell is text, so no digit changes and nothing is a formula.

    Staggered windows and places stand on sheets of their own and are read back with the list.
    """
    import openpyxl
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.utils.exceptions import IllegalCharacterError

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(SHEET)
    sheet.freeze_panes = "C2"
    sheet.append(COLUMNS)
    for number, row in enumerate(rows, start=2):
        cells: list[Any] = []
        for column in COLUMNS:
            text = row.get(column, "")
            try:
                if text[:1] == "=" or "_x" in text:
                    cell = WriteOnlyCell(sheet, value=_escaped(text))
                    cell.data_type = "s"
                    cells.append(cell)
                else:
                    cells.append(text or None)
            except IllegalCharacterError as error:
                raise _illegal(path, number, column) from error
        try:
            sheet.append(cells)
        except IllegalCharacterError as error:
            raise _illegal(path, number, "") from error
    for kind, further in (("windows", windows_rows(windows)), ("places", places_rows(places or {}))):
        if further:
            beside = book.create_sheet(SHEETS[kind])
            for texts in (KINDS[kind], *further):
                line = [WriteOnlyCell(beside, value=_escaped(one)) for one in texts]
                for cell in line:
                    cell.data_type = "s"
                beside.append(line)
    out = io.BytesIO()
    book.save(out)
    _whole(path, out.getvalue())


def _escaped(text: str) -> str:
    return text.replace("_x", "_x005F_x")


def _illegal(path: Path, row: int, column: str) -> DataError:
    place = f"{path.name} row {row}" + (f", column {column}" if column else "")
    return DataError("A cell has a control character", where=place, expected="text", found="a control character")


def _whole(path: Path, data: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
