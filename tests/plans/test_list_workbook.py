"""The workbook that is written in plain parts: another reader sees the same cells, all of them texts."""

import io

import openpyxl
import pytest

from plans.errors import DataError
from plans.list_workbook import TextSheet, workbook

ODD = [
    "=1+1",
    "0012",
    " two ends ",
    "line\nline",
    "a & b < c",
    "样例厂“甲”",
    "_x0041_",
    "1e5",
    "2026-01-01",
    "\t",
    "😀",
]


def test_every_text_is_read_as_the_very_same_text_and_none_as_formula_number_or_date():
    heading = [f"列{n}" for n in range(len(ODD))]
    made = workbook([TextSheet("甲 & 乙", heading, [ODD, [""] * len(ODD), ODD[::-1]], fixed="C2")], name="a.xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(made))["甲 & 乙"]

    rows = [[cell.value or "" for cell in row] for row in sheet.iter_rows()]
    assert [heading, ODD, ODD[::-1]] == [rows[0], rows[1], rows[3]]
    assert {"s", "n"} == {cell.data_type for row in sheet.iter_rows() for cell in row}, "n: the empty ones"
    assert all(cell.value is None for cell in sheet[3])
    assert "C2" == sheet.freeze_panes


def test_the_same_sheets_give_the_same_bytes():
    sheets = [TextSheet("一", ["a"], [["1"]]), TextSheet("二", ["b"], [])]

    assert workbook(sheets, name="a") == workbook(sheets, name="a")
    assert ["一", "二"] == openpyxl.load_workbook(io.BytesIO(workbook(sheets, name="a"))).sheetnames


def test_a_control_character_is_refused_with_its_row_and_column():
    with pytest.raises(DataError, match=r"a\.xlsx row 3, column 车间"):
        workbook([TextSheet("一", ["编号", "车间"], [["1", "好"], ["2", "坏\x07"]])], name="a.xlsx")
