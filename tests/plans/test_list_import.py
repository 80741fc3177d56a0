"""Import of lists as offices send them: understood where it is certain, told cell by cell where it is not."""

import io
import zipfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.skill.list_fuzz import a_list, damaged, harmful, harmless, once, oracle
from plans import list_import_file
from plans.enterprise_csv import COLUMNS, read_list
from plans.errors import DataError, RuleError
from plans.list_diff import diff_lists
from plans.list_export import csv_text, rows_of, write_csv, write_workbook
from plans.list_import import import_list
from plans.list_import_header import mapping_of
from plans.list_import_words import HEADINGS, heading_of
from plans.rulebook import HERE

SAMPLE = HERE / "cities" / "sample" / "enterprises" / "2026.csv"
GOOD = {
    "编号": "p-1",
    "企业名称": "样例第九水泥厂",
    "类别": "工业源",
    "样例": "是",
    "行政区": "样例一区",
    "行业": "水泥",
    "绩效等级": "B",
    "统一社会信用代码": "",
    "保障类": "",
    "允许负荷%": "",
    "小微": "否",
    "联系岗位": "环保负责人岗",
    "厂区": "主厂区",
    "车间": "烧成车间",
    "工序": "熟料煅烧",
    "单元编号": "U1",
    "单元名称": "1号熟料线",
    "单元类型": "生产线",
    "排放口": "DA001",
    "SO2千克每日": "10",
    "NOx千克每日": "100",
    "PM千克每日": "20",
    "VOCs千克每日": "0",
    "用电占比%": "60",
    "环评日产能吨": "2500",
    "许可日产能吨": "2400",
    "上年日产量吨": "2000",
    "黄色措施": "不限",
    "橙色措施": "限产20%",
    "红色措施": "停",
    "核查方式": "用电、在线监测",
}


def book(path, *rows, title="减排清单", merges=()):
    """A workbook of these rows."""
    made = openpyxl.Workbook()
    sheet = made.active
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    for area in merges:
        sheet.merge_cells(area)
    made.save(path)
    return path


def with_cells(tmp_path, **cells):
    return import_list(book(tmp_path / "a.xlsx", COLUMNS, [{**GOOD, **cells}[column] for column in COLUMNS]))


def renamed(tmp_path, column, heading, value):
    header = [heading if name == column else name for name in COLUMNS]
    return import_list(book(tmp_path / "a.xlsx", header, [{**GOOD, column: value}[name] for name in COLUMNS]))


def said(report, severity="error"):
    return [str(issue) for issue in report.issues if issue.severity == severity]


# --- the whole way


def test_the_sample_list_goes_out_as_a_workbook_and_comes_back_the_same(tmp_path):
    listing = read_list(SAMPLE)
    write_workbook(rows_of(listing), tmp_path / "2026.xlsx")
    back = import_list(tmp_path / "2026.xlsx", city=listing.city)

    assert back.listing == listing
    assert csv_text(back.rows) == SAMPLE.read_text(encoding="utf-8")


_WORD = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Cn", "Zl", "Zp")), min_size=1, max_size=12)
_TEXT = _WORD.map(str.strip).filter(bool)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_TEXT, _TEXT, st.integers(0, 10**6), st.integers(0, 9999))
def test_whatever_a_plant_is_called_survives_csv_and_workbook(tmp_path, name, workshop, whole, part):
    row = {**GOOD, "企业名称": name, "车间": workshop, "NOx千克每日": f"{whole}.{part:04d}"}
    write_csv([row], tmp_path / "a.csv")
    listing = read_list(tmp_path / "a.csv", city="c")
    write_workbook(rows_of(listing), tmp_path / "a.xlsx")
    back = import_list(tmp_path / "a.xlsx", city="c")

    assert back.listing is not None, said(back)
    assert back.listing.enterprises == listing.enterprises


@pytest.mark.parametrize("seed", [*range(250), 24884])
def test_a_mutated_workbook_neither_crashes_nor_is_misread(tmp_path, seed):
    assert once(seed, tmp_path)


def test_the_fuzz_has_teeth(tmp_path):
    """A list that was changed behind the oracle's back must be noticed."""
    import random

    rng = random.Random(5)
    rows = a_list(rng)
    wanted = oracle(rows, tmp_path)
    rows[0]["NOx千克每日"] = "77777"
    harmless(rows, rng, tmp_path / "a.xlsx")

    assert import_list(tmp_path / "a.xlsx").listing.enterprises != wanted.enterprises
    assert harmful(rows, rng, tmp_path / "b.xlsx")
    assert damaged((tmp_path / "a.xlsx").read_bytes(), rng)[1]


# --- how offices write


def test_an_office_workbook_with_title_merged_heads_units_totals_and_blank_rows(tmp_path):
    upper = [
        "企業編號",
        "企业名称",
        "区县",
        "行业类型",
        "绩效分级",
        "生产线",
        "污染物日排放量（kg/d）",
        None,
        None,
        None,
        "减排措施",
        None,
        None,
        "核查方式",
        "备注",
    ]
    lower = [None] * 6 + ["SO2", "NOx", "PM", "VOCs", "黄色预警", "橙色预警", "红色预警", None, None]
    upper[0] = "編號"
    path = book(
        tmp_path / "a.xlsx",
        ["样例市重污染天气应急减排清单（虚构）"],
        upper,
        lower,
        list(range(1, 16)),
        [
            "p-1",
            "样例甲厂",
            "样例一区",
            "铸造",
            "Ｃ级",
            "1号线",
            "１０",
            20.5,
            "1,000",
            0,
            "不限",
            "限產２０％",
            "停产",
            "用电、在线",
            "x",
        ],
        [None, None, None, None, None, "2号线", 1, 2, 3, 4, "不限", "停产50%", "停产", "用电", None],
        [],
        [None, "合计", None, None, None, None, 11, 22.5, 1003, 4],
        ["注：以上由企业填报"],
        merges=("A1:O1", "G2:J2", "K2:M2", "A2:A3", "B2:B3", "A5:A6", "B5:B6", "C5:C6", "D5:D6", "E5:E6"),
    )
    report = import_list(path)

    assert report.listing is not None, said(report)
    plant = report.listing.enterprises[0]
    first, second = plant.units
    assert (plant.name, plant.grade, len(report.listing.enterprises)) == ("样例甲厂", "C", 1)
    assert [10, 20.5, 1000, 0] == [float(first.base_daily[key]) for key in ("so2", "nox", "pm", "vocs")]
    assert (first.measures["orange"].chinese, second.measures["orange"].chinese) == ("限产20%", "限产50%")
    assert first.checks == ("用电", "在线监测")
    told = "\n".join(said(report, "warning"))
    for word in ("备注", "thousands", "a total", "a footnote", "numbers of the columns", "one row per line", "U1, U2"):
        assert word in told


def test_a_yearly_amount_becomes_a_daily_one_and_is_told(tmp_path):
    report = renamed(tmp_path, "NOx千克每日", "NOx年排放量（吨/年）", 36.5)

    assert 100 == report.listing.enterprises[0].units[0].base_daily["nox"]
    assert any("converted to the day" in line for line in said(report, "warning"))


def test_the_days_of_a_year_are_a_setting_of_the_mapping(tmp_path):
    (tmp_path / "m.yaml").write_text(
        "days_per_year: 300\ncolumns: {氮排放: NOx千克每日}\nunits: {氮排放: 吨/年}\n", "utf-8"
    )
    header = ["氮排放" if name == "NOx千克每日" else name for name in COLUMNS]
    path = book(tmp_path / "a.xlsx", header, [{**GOOD, "NOx千克每日": "30"}[name] for name in COLUMNS])

    assert any("column is missing" in line and "NOx" in line for line in said(import_list(path)))
    report = import_list(path, mapping=mapping_of(tmp_path / "m.yaml"))
    assert 100 == report.listing.enterprises[0].units[0].base_daily["nox"]


def test_a_heading_without_unit_is_not_guessed(tmp_path):
    report = renamed(tmp_path, "NOx千克每日", "NOx排放量", "100")

    assert report.listing is None
    assert any("mass and period" in line and "U1" in line for line in said(report))


@pytest.mark.parametrize(
    "text", ["PM2.5(kg/d)", "PM10日排放量(kg)", "SO2削减量(kg/d)", "SO2排放浓度", "红色预警减排量", "电话"]
)
def test_headings_that_only_look_alike_are_not_taken(text):
    assert heading_of(text).column is None


def test_every_known_heading_leads_to_a_column_of_the_list():
    assert set(HEADINGS.values()) <= set(COLUMNS)
    assert all(heading_of(column).column == column and heading_of(column).factor == 1 for column in COLUMNS)


def test_a_share_shown_as_percent_is_read_as_percent(tmp_path):
    path = book(tmp_path / "a.xlsx", COLUMNS, [GOOD[column] for column in COLUMNS])
    made = openpyxl.load_workbook(path)
    cell = made.active.cell(2, COLUMNS.index("用电占比%") + 1)
    cell.value, cell.number_format = 0.6, "0%"
    made.save(path)

    assert 60 == import_list(path).listing.enterprises[0].units[0].power_share * 100


def test_a_share_between_0_and_1_is_doubted(tmp_path):
    report = renamed(tmp_path, "用电占比%", "用电占比", 0.6)

    assert report.listing is None
    assert any("0.6 % or 60 %" in line for line in said(report))


def test_plants_on_one_sheet_and_units_on_another_are_joined(tmp_path):
    path = tmp_path / "a.xlsx"
    plants = ["编号", "企业名称", "行政区", "行业", "绩效等级"]
    units = ["编号", *[name for name in COLUMNS if name not in plants and name not in ("样例", "小微")]]
    book(path, plants, [GOOD[name] for name in plants], title="企业")
    made = openpyxl.load_workbook(path)
    sheet = made.create_sheet("措施")
    sheet.append(units)
    sheet.append([GOOD[name] for name in units])
    made.save(path)
    report = import_list(path, sample=True)

    assert report.listing is not None, said(report)
    assert report.listing.enterprises[0].name == "样例第九水泥厂"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_csv_of_any_usual_encoding_and_delimiter_is_read(tmp_path, encoding, delimiter):
    path = tmp_path / "a.csv"
    path.write_text("\n".join(delimiter.join(row) for row in (COLUMNS, [GOOD[c] for c in COLUMNS])), encoding)

    assert import_list(path).listing is not None


# --- what is told


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"统一社会信用代码": "91420600MA00000001"}, ["H2", "check character"]),
        ({"统一社会信用代码": "9142"}, ["H2", "18 characters"]),
        ({"红色措施": "限产三成"}, ["AD2", "限产30%"]),
        ({"红色措施": "30%"}, ["AD2", "Write 限产30%"]),
        ({"NOx千克每日": "约100吨"}, ["U2", "约100吨", "number 100"]),
        ({"NOx千克每日": ""}, ["U2", "Write 0 when"]),
        ({"NOx千克每日": "#REF!"}, ["U2", "error of its formula"]),
        ({"绩效等级": "E"}, ["G2", "引领性"]),
    ],
)
def test_a_wrong_cell_is_told_with_its_place_and_a_way_out(tmp_path, cells, words):
    report = with_cells(tmp_path, **cells)

    assert report.listing is None
    assert len(said(report)) == 1
    for word in words:
        assert word in said(report)[0]


def test_a_code_stored_as_a_number_has_lost_digits(tmp_path):
    assert any("lost digits" in line for line in said(with_cells(tmp_path, 统一社会信用代码=914206001234567890)))


def test_a_formula_without_a_stored_result_is_no_blank(tmp_path):
    report = with_cells(tmp_path, 上年日产量吨="=1+1")

    assert report.listing is None
    assert any("formula without a stored result" in line for line in said(report))


def test_a_missing_row_shows_in_the_total(tmp_path):
    rows = [{**GOOD, "单元编号": f"U{n}", "用电占比%": "10"} for n in (1, 2)]
    total = [{"编号": "合计", "NOx千克每日": "300"}.get(name) for name in COLUMNS]
    report = import_list(book(tmp_path / "a.xlsx", COLUMNS, *[[row[c] for c in COLUMNS] for row in rows], total))

    assert any("rows add up to 200" in line for line in said(report, "warning"))


def test_a_sheet_that_is_no_list_is_named_and_not_dropped_silently(tmp_path):
    path = book(tmp_path / "a.xlsx", COLUMNS, [GOOD[c] for c in COLUMNS])
    made = openpyxl.load_workbook(path)
    made.create_sheet("说明").append(["请认真填写"])
    made.save(path)

    assert any("说明" in line and "left out" in line for line in said(import_list(path), "warning"))


def test_a_mapping_to_an_unknown_column_is_refused(tmp_path):
    (tmp_path / "m.yaml").write_text("columns: {备注: 电话}\n", "utf-8")

    with pytest.raises(RuleError, match=r"m\.yaml.*found 电话"):
        mapping_of(tmp_path / "m.yaml")


# --- what is not opened


def zipped(path: Path, parts: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in parts.items():
            packed.writestr(name, data)
    return path


def bomb(path):
    return zipped(path, {"[Content_Types].xml": b"", "xl/worksheets/sheet1.xml": b"0" * (64 * 2**20)})


def macros(path):
    return zipped(path, {"[Content_Types].xml": b"", "xl/vbaProject.bin": b"x"})


def entities(path):
    laughs = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><x>&b;</x>'
    return zipped(path, {"[Content_Types].xml": b"<x/>", "xl/workbook.xml": laughs})


def locked(path):
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"0" * 600)
    return path


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (bomb, "unpacks to far too much"),
        (macros, "macros"),
        (entities, "entities"),
        (locked, "password"),
        (lambda path: zipped(path, {"a.txt": b"x"}), "not a workbook"),
    ],
)
def test_a_dangerous_file_is_refused_with_one_sentence(tmp_path, make, words):
    with pytest.raises(DataError, match=words) as caught:
        import_list(make(tmp_path / "a.xlsx"))

    assert "\n" not in str(caught.value)


def test_a_file_beyond_the_size_is_not_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(list_import_file, "MOST_BYTES", 10)

    with pytest.raises(DataError, match="too large"):
        import_list(book(tmp_path / "a.xlsx", COLUMNS))


def test_a_sheet_whose_part_is_gone_is_not_passed_over(tmp_path):
    """Found by mutation 24884: one flipped bit in the directory of the zip hid a sheet without a word."""
    path = book(tmp_path / "a.xlsx", COLUMNS, [GOOD[c] for c in COLUMNS])
    made = openpyxl.load_workbook(path)
    made.copy_worksheet(made.active).title = "二"
    made.save(path)
    with zipfile.ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist() if name != "xl/worksheets/sheet2.xml"}

    with pytest.raises(DataError, match=r"lost a sheet|damaged"):
        import_list(zipped(path, parts))


def test_a_sheet_of_staggered_windows_is_named(tmp_path):
    path = book(tmp_path / "a.xlsx", COLUMNS, [GOOD[c] for c in COLUMNS])
    made = openpyxl.load_workbook(path)
    made.create_sheet("错峰生产").append(["编号", "单元编号", "开始日期"])
    made.save(path)

    assert any("错峰生产" in line and "--windows" in line for line in said(import_list(path), "warning"))


def test_a_wrong_dimension_does_not_cut_rows_off(tmp_path):
    path = book(tmp_path / "a.xlsx", COLUMNS, *[[{**GOOD, "编号": f"p-{n}"}[c] for c in COLUMNS] for n in range(5)])
    data = io.BytesIO(path.read_bytes())
    with zipfile.ZipFile(data) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = parts[sheet].replace(b'<dimension ref="A1:AE6"', b'<dimension ref="A1:AE2"')
    zipped(path, parts)

    assert 5 == len(import_list(path).listing.enterprises)


# --- two editions


def test_an_edition_differs_in_nothing_from_itself():
    listing = read_list(SAMPLE)

    assert () == diff_lists(listing, listing).changes


def test_what_changed_between_two_editions_is_told_cell_by_cell(tmp_path):
    write_csv([GOOD, {**GOOD, "单元编号": "U2", "用电占比%": "1"}], tmp_path / "a.csv")
    new = [{**GOOD, "绩效等级": "C", "橙色措施": "限产50%"}, {**GOOD, "编号": "p-2", "企业名称": "样例新厂"}]
    write_csv(new, tmp_path / "b.csv")
    found = diff_lists(read_list(tmp_path / "a.csv"), read_list(tmp_path / "b.csv"))

    assert [
        ("plant_changed", "p-1", "绩效等级", "B", "C"),
        ("unit_changed", "p-1", "橙色措施", "限产20%", "限产50%"),
        ("unit_removed", "p-1", "", "1号熟料线", ""),
        ("plant_added", "p-2", "", "", ""),
    ] == [(one.kind, one.enterprise, one.column, one.before, one.after) for one in found.changes]
    assert -20 + 30 + 20 == found.cuts["orange"]["nox"]
