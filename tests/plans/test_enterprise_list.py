"""The reduction list: what it orders, what it reaches, and one sentence for every wrong cell."""

import csv
import io
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emergency.compliance import ordered_cut
from plans.enterprise_csv import COLUMNS, check_list, read_list
from plans.enterprise_list import CHECKS, GRADES, LEVEL_KEYS
from plans.errors import DataError
from plans.measure import POLLUTANTS, measure_of
from plans.reductions import reductions
from plans.rulebook import HERE, load

SAMPLE = HERE / "cities" / "sample" / "enterprises" / "2026.csv"
PLANTS = read_list(SAMPLE)
CITY = load().city("sample")
BASE = CITY.base_daily.value

ROW = {
    "编号": "p-1", "企业名称": "样例第九水泥厂", "类别": "工业源", "样例": "是", "行政区": "样例一区", "行业": "水泥",
    "绩效等级": "B", "统一社会信用代码": "", "保障类": "", "允许负荷%": "", "小微": "否", "联系岗位": "环保负责人岗",
    "厂区": "主厂区", "车间": "烧成车间", "工序": "熟料煅烧", "单元编号": "U1", "单元名称": "1号熟料线",
    "单元类型": "生产线", "排放口": "DA001", "SO2千克每日": "10", "NOx千克每日": "100", "PM千克每日": "20",
    "VOCs千克每日": "0", "用电占比%": "60",
    "环评日产能吨": "2500", "许可日产能吨": "2400", "上年日产量吨": "2000", "黄色措施": "不限", "橙色措施": "限产20%",
    "红色措施": "停", "核查方式": "用电、在线监测",
}  # fmt: skip


def write(path, *rows, header=COLUMNS):
    out = io.StringIO()
    writer = csv.DictWriter(out, header, lineterminator="\n", extrasaction="ignore", restval="")
    writer.writeheader()
    writer.writerows({**ROW, **row} for row in rows)
    path.write_text(out.getvalue(), encoding="utf-8")
    return path


# --- the sample list


def test_the_sample_list_has_no_mistake():
    assert check_list(SAMPLE) == ()


def test_the_sample_holds_sixty_fictional_plants_of_every_grade():
    plants = [one for one in PLANTS.enterprises if one.kind == "工业源"]

    assert len(plants) >= 60
    assert all(one.sample and one.name.startswith("样例") for one in PLANTS.enterprises)
    assert set(GRADES) == {one.grade for one in plants}
    assert all(one.contact_role.endswith("岗") or not one.contact_role for one in PLANTS.enterprises)
    assert any(one.guarantee for one in plants)
    assert any(one.small for one in plants)


def test_the_sample_says_honestly_that_vocs_fall_short():
    short = {
        (level, one.pollutant)
        for level in LEVEL_KEYS
        for one in reductions(PLANTS, level, BASE, target_percent=CITY.response.of(level).reduction_percent.value)
        if one.short
    }

    assert {("orange", "vocs"), ("red", "vocs")} == short


# --- orders


def test_a_and_leading_plants_are_told_but_cut_by_their_own_decision():
    for level in LEVEL_KEYS:
        told = [order for order in PLANTS.orders_for(level) if order.grade in ("A", "引领性")]
        assert len(told) == 7
        assert all(order.voluntary and order.measures == () for order in told)
        assert all(not order.voluntary for order in PLANTS.orders_for(level) if order not in told)


def test_small_exempt_plants_and_sources_outside_plants_get_no_order():
    ordered = {order.enterprise for level in LEVEL_KEYS for order in PLANTS.orders_for(level)}

    assert not ordered & {one.identifier for one in PLANTS.enterprises if one.small or one.kind != "工业源"}


@pytest.mark.parametrize("level", LEVEL_KEYS)
def test_every_measure_names_unit_action_cut_and_check(level):
    for order in PLANTS.orders_for(level):
        assert order.measures or order.voluntary
        for measure in order.measures:
            assert measure["text"].startswith(measure["target"])
            assert measure["checks"]
            assert set(measure["checks"]) <= set(CHECKS)
            assert measure["cut_kg"], "a measure that saves nothing is no measure"
            assert 0 <= measure["power_cut"] <= 1
        assert 0 <= ordered_cut(order.measures) <= 1


def test_a_higher_level_never_orders_less():
    for lower, higher in pairwise(LEVEL_KEYS):
        for plant in PLANTS.enterprises:
            less, more = plant.cut_of(lower), plant.cut_of(higher)
            assert all(more[pollutant] >= less[pollutant] for pollutant in POLLUTANTS)


def test_a_limit_counts_from_the_smallest_capacity_on_file(tmp_path):
    """340号 guide, cement: the smallest of approval, permit and last year's output."""
    order = read_list(write(tmp_path / "a.csv", {})).orders_for("orange")[0]

    assert (
        order.measures[0]["text"]
        == "烧成车间 1号熟料线：限产20%，日产量不超过1600吨（基准2000吨）（核查：用电、在线监测）"
    )
    assert order.measures[0]["power_cut"] == 0.12
    assert order.measures[0]["cut_kg"] == {"so2": 2.0, "nox": 20.0, "pm": 4.0}


def test_a_plant_without_a_measure_at_the_level_gets_no_order(tmp_path):
    plants = read_list(write(tmp_path / "a.csv", {}))

    assert plants.orders_for("yellow") == ()
    assert len(plants.orders_for("red")) == 1


def test_a_plant_without_contact_is_ordered_and_marked_unreachable(tmp_path):
    order = read_list(write(tmp_path / "a.csv", {"联系岗位": ""})).orders_for("red")[0]

    assert not order.reachable


def test_orders_are_the_same_in_every_row_order(tmp_path):
    rows = [{"编号": f"p-{n}", "企业名称": f"样例第{n}厂"} for n in range(5)]
    one, two = read_list(write(tmp_path / "a.csv", *rows)), read_list(write(tmp_path / "b.csv", *rows[::-1]))

    assert one.orders_for("red") == two.orders_for("red")
    assert one.digest != two.digest


# --- arithmetic


def test_the_share_is_of_the_whole_society_and_not_of_the_list(tmp_path):
    plants = read_list(write(tmp_path / "a.csv", {}))
    base = {"so2": Decimal(1), "nox": Decimal(1), "pm": Decimal(1), "vocs": Decimal(1)}
    found = {one.pollutant: one for one in reductions(plants, "red", base, target_percent=30)}

    assert Fraction(100, 1000) == found["nox"].reached
    assert (True, Fraction(200)) == (found["nox"].short, found["nox"].shortfall_kilograms)
    assert found["nox"].percent == "10.0%"
    assert ("p-1", Fraction(100)) == (found["nox"].contributors[0].enterprise, found["nox"].contributors[0].kilograms)
    assert found["vocs"].contributors == ()


def test_the_target_is_reached_exactly_and_missed_by_a_hair(tmp_path):
    """No float error: 0.1 + 0.2 of 1 is 30 percent."""
    rows = [
        {"单元编号": "U1", "NOx千克每日": "0.1", "用电占比%": "0"},
        {"单元编号": "U2", "NOx千克每日": "0.2", "用电占比%": "0"},
    ]
    base = {"so2": Decimal(9), "nox": Decimal("0.001"), "pm": Decimal(9), "vocs": Decimal(9)}

    def nox(plants):
        return next(one for one in reductions(plants, "red", base, target_percent=30) if one.pollutant == "nox")

    reached = nox(read_list(write(tmp_path / "a.csv", *rows)))
    assert not reached.short
    rows[1]["NOx千克每日"] = "0.1999999999"
    missed = nox(read_list(write(tmp_path / "b.csv", *rows)))
    assert missed.short
    assert missed.percent == "29.9%"


@given(
    st.lists(
        st.tuples(st.integers(0, 900), st.sampled_from(["不限", "限产10%", "限产35%", "停"])), min_size=1, max_size=12
    )
)
def test_reductions_agree_with_a_plain_sum_in_whole_numbers(units):
    from plans.enterprise_list import Enterprise, EnterpriseList, Unit

    made = tuple(
        Unit(f"U{n}", "s", "w", "p", "n", "生产线", "", dict.fromkeys(POLLUTANTS, Fraction(kg)), Fraction(0),
             (None, None, None), dict.fromkeys(LEVEL_KEYS, measure_of(word, where="")), ("用电",))
        for n, (kg, word) in enumerate(units)
    )  # fmt: skip
    plant = Enterprise("p", "样例", "工业源", True, "", "", "B", "", "", None, False, "", made)
    base = dict.fromkeys(POLLUTANTS, Decimal(20))
    found = reductions(EnterpriseList("c", "e", (plant,), ""), "red", base, target_percent=30)

    wanted = sum(kg * {"不限": 0, "限产10%": 10, "限产35%": 35, "停": 100}[word] for kg, word in units)
    assert all(wanted == one.reached_kilograms * 100 for one in found)
    assert all(one.short == (wanted < 30 * 20000) for one in found)


def test_a_list_that_emits_more_than_the_whole_society_is_refused(tmp_path):
    plants = read_list(write(tmp_path / "a.csv", {}))
    with pytest.raises(DataError, match=r"base_daily.nox.*at least 0.10 t a day.*0.09 t a day"):
        reductions(plants, "red", {**BASE, "nox": Decimal("0.09")}, target_percent=30)


# --- wrong cells


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"绩效等级": "E"}, ["row 2", "绩效等级", "引领性", "found E"]),
        ({"类别": "农业源"}, ["类别", "工业源", "农业源"]),
        ({"NOx千克每日": "12,5"}, ["NOx千克每日", "0 or more", "12,5"]),
        ({"NOx千克每日": "-1"}, ["NOx千克每日", "found -1"]),
        ({"NOx千克每日": "1/3"}, ["NOx千克每日", "found 1/3"]),
        ({"NOx千克每日": ""}, ["NOx千克每日", "found nothing"]),
        ({"用电占比%": "120"}, ["用电占比%", "0 to 100", "120"]),
        ({"红色措施": "减产"}, ["红色措施", "限产20%", "减产"]),
        ({"红色措施": "限产0%"}, ["红色措施", "1 to 100", "限产0%"]),
        ({"红色措施": "停运国四及以下120%"}, ["红色措施", "1 to 100"]),
        ({"红色措施": "换用天然气(SO3 10%)"}, ["红色措施", "one of"]),
        ({"橙色措施": "停", "红色措施": "限产20%"}, ["红色措施", "at least what 橙色措施 cuts"]),
        ({"绩效等级": "A"}, ["grade A", "橙色措施", "不限"]),
        ({"小微": "是"}, ["小微", "橙色措施", "不限"]),
        ({"小微": "y"}, ["小微", "是, 否", "found y"]),
        ({"保障类": "民生保障"}, ["保障类", "允许负荷%", "nothing"]),
        ({"保障类": "民生保障", "允许负荷%": "70"}, ["保障类", "红色措施", "at most 30 %", "found 停"]),
        ({"核查方式": "目测"}, ["核查方式", "用电", "目测"]),
        ({"单元类型": "锅"}, ["单元类型", "生产线", "锅"]),
        ({"企业名称": ""}, ["企业名称", "nothing"]),
        ({"统一社会信用代码": "91420600MA00000001"}, ["统一社会信用代码", "18 characters", "91420600MA00000001"]),
    ],
)
def test_a_wrong_cell_gets_one_sentence(tmp_path, row, words):
    path = write(tmp_path / "list.csv", row)
    with pytest.raises(DataError) as caught:
        read_list(path)

    for word in ["list.csv", *words]:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_mistake_of_a_file_is_told_at_once(tmp_path):
    path = write(
        tmp_path / "a.csv", {"绩效等级": "E"}, {"单元编号": "U2", "NOx千克每日": "x", "绩效等级": "E", "用电占比%": "1"}
    )

    sentences = [str(error) for error in check_list(path)]
    assert len(sentences) == 2
    assert "row 2" in sentences[0]
    assert "row 3" in sentences[1]


def test_two_rows_of_a_plant_must_agree(tmp_path):
    path = write(tmp_path / "a.csv", {}, {"单元编号": "U2", "绩效等级": "C", "用电占比%": "1"})

    assert "row 3, column 绩效等级): expected B as in row 2, found C." in str(check_list(path)[0])


def test_a_unit_stands_once_and_electricity_sums_to_at_most_everything(tmp_path):
    path = write(tmp_path / "a.csv", {}, {})

    assert [e.what for e in check_list(path)] == [
        "A unit stands twice",
        "The plant's shares of electricity exceed 100 %",
    ]


def test_a_right_credit_code_passes(tmp_path):
    """A made-up code whose check character was computed by an independent library."""
    from stdnum.cn import uscc

    body = "91420600MA0000000"
    code = body + uscc.calc_check_digit(body)

    assert check_list(write(tmp_path / "a.csv", {"统一社会信用代码": code})) == ()


def test_missing_and_strange_columns_are_named(tmp_path):
    header = [column for column in COLUMNS if column != "绩效等级"] + ["电话"]
    sentences = [str(error) for error in check_list(write(tmp_path / "a.csv", {}, header=header))]

    assert any("expected 绩效等级" in sentence for sentence in sentences)
    assert any("found 电话" in sentence for sentence in sentences)


@pytest.mark.parametrize(("content", "word"), [(b"\xff\xfe\x00", "UTF-8"), (b"", "column is missing")])
def test_a_file_that_is_no_list_is_refused(tmp_path, content, word):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=word):
        read_list(path)


def test_a_header_alone_and_a_missing_file_are_refused(tmp_path):
    with pytest.raises(DataError, match="header only"):
        read_list(write(tmp_path / "a.csv"))
    with pytest.raises(DataError, match="no file"):
        read_list(tmp_path / "b.csv")


def test_a_row_with_too_few_cells_is_named(tmp_path):
    path = write(tmp_path / "a.csv", {})
    path.write_text(path.read_text(encoding="utf-8") + "p-2,x\n", encoding="utf-8")

    assert "row 3): expected 31, found 2" in str(check_list(path)[0])


def test_a_spreadsheet_mark_at_the_beginning_is_no_mistake(tmp_path):
    path = write(tmp_path / "a.csv", {})
    path.write_text("\ufeff" + path.read_text(encoding="utf-8"), encoding="utf-8")

    assert check_list(path) == ()
