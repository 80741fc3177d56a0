"""Windows and places as sheets of the workbook: written, read back, and never taken for the list."""

from datetime import date
from fractions import Fraction

import openpyxl
import pytest

from plans.enterprise_csv import read_list
from plans.list_export import rows_of, write_workbook
from plans.list_import import import_list
from plans.places import places_of_text, route
from plans.rulebook import HERE
from plans.staggered import Window, windows_of_text

LIST = HERE / "cities" / "sample" / "enterprises" / "2026.csv"
LISTING = read_list(LIST)
WINDOWS = (
    Window("sample-002", "U1", date(2026, 11, 15), date(2027, 3, 15), Fraction(1), "样例通知"),
    Window("sample-003", "", date(2026, 12, 1), date(2026, 12, 31), Fraction(3, 10), "样例通知, 第2号"),
)
PLACES = {"sample-001": (113.51, 35.02), "sample-002": (113.4375, 34.9)}


def test_windows_and_places_on_their_sheets_are_read_back_to_the_same(tmp_path):
    write_workbook(rows_of(LISTING), tmp_path / "a.xlsx", windows=WINDOWS, places=PLACES)
    report = import_list(tmp_path / "a.xlsx", city="sample")

    assert LISTING.enterprises == report.listing.enterprises
    assert WINDOWS == windows_of_text(report.beside["windows"], name="sheet", listing=report.listing)
    assert PLACES == places_of_text(report.beside["places"], name="sheet")
    assert not [issue for issue in report.issues if issue.severity != "suggestion" and "left out" in issue.message]


def test_a_workbook_without_them_has_nothing_beside_it(tmp_path):
    write_workbook(rows_of(LISTING), tmp_path / "a.xlsx")

    assert {} == import_list(tmp_path / "a.xlsx", city="sample").beside


def test_dates_numbers_and_a_title_as_offices_write_them(tmp_path):
    write_workbook(rows_of(LISTING), tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    sheet = book.create_sheet("2026年错峰")
    sheet.append(["错峰生产计划表"])
    sheet.append(["序号", "编号", "单元编号", "开始日期", "结束日期", "停产比例％", "依据"])
    sheet.append([1, "sample-002", "U1", date(2026, 11, 15), date(2027, 3, 15), 100, "样例通知"])
    sheet.append([None] * 7)
    book.save(tmp_path / "b.xlsx")
    report = import_list(tmp_path / "b.xlsx", city="sample")

    assert WINDOWS[:1] == windows_of_text(report.beside["windows"], name="sheet")


def test_the_sample_city_has_a_place_for_every_plant_and_a_route_over_them():
    beside = LIST.with_name("2026-places.csv")
    places = places_of_text(beside.read_text(encoding="utf-8"), name=beside.name)
    plants = [one.identifier for one in LISTING.enterprises if one.kind == "工业源"]

    assert set(plants) == set(places)
    order, kilometres = route(plants[:12], places)
    assert sorted(plants[:12]) == sorted(order)
    assert 0 < kilometres < 500


@pytest.mark.parametrize("skipped", [True, False])
def test_a_sheet_that_is_skipped_on_purpose_is_not_read(tmp_path, skipped):
    from plans.list_import_header import ColumnMapping

    write_workbook(rows_of(LISTING), tmp_path / "a.xlsx", windows=WINDOWS)
    mapping = ColumnMapping(skip_sheets=("错峰生产",) if skipped else ())

    assert ("windows" in import_list(tmp_path / "a.xlsx", mapping=mapping, city="sample").beside) is not skipped
