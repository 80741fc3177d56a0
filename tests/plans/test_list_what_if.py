"""Closing the gap at the least lost output, without counting twice what stands still anyway."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plans.cement_rule import CEMENT, cement_cut, cement_gaps
from plans.doubts import doubts_of
from plans.enterprise_csv import read_list
from plans.enterprise_list import LEVEL_KEYS, Enterprise, EnterpriseList, Unit
from plans.errors import DataError
from plans.measure import NONE, POLLUTANTS, measure_of
from plans.reductions import reductions
from plans.rulebook import HERE, load
from plans.staggered import Window, in_season, read_windows
from plans.what_if import close_gap

LISTING = read_list(HERE / "cities" / "sample" / "enterprises" / "2026.csv")
CITY = load().city("sample")
BASE = CITY.base_daily.value
WINTER = date(2026, 1, 10)
FLAT = dict.fromkeys(POLLUTANTS, Decimal(1))


def unit(number, kg, tonnes, *, word="不限", **more):
    base = dict.fromkeys(POLLUTANTS, Fraction(kg))
    made = Unit(
        f"U{number}",
        "s",
        "w",
        "p",
        f"{number}号线",
        "生产线",
        "DA1",
        base,
        Fraction(1, 100),
        (Fraction(tonnes), None, None),
        dict.fromkeys(LEVEL_KEYS, measure_of(word, where="")),
        ("用电",),
    )
    return replace(made, **more)


def plants(*units, **more):
    made = Enterprise("p", "样例", "工业源", True, "", "铸造", "C", "", "", None, False, "岗", tuple(units))
    return EnterpriseList("c", "e", (replace(made, **more),), "")


# --- staggered windows


def test_a_line_that_rests_anyway_cuts_nothing_when_it_is_ordered_to_stop():
    listing = plants(unit(1, 100, 10, word="停"), unit(2, 100, 10, word="停"))
    window = Window("p", "U1", date(2025, 11, 15), date(2026, 3, 15), Fraction(1), "样例通知")
    real = in_season(listing, [window], on=WINTER)
    found = reductions(real, "red", FLAT, target_percent=30)

    assert [100] * 4 == [one.reached_kilograms for one in found]
    assert in_season(listing, [window], on=date(2026, 3, 16)) == listing


@given(st.integers(1, 99), st.integers(1, 100))
def test_rest_and_order_together_never_cut_more_than_the_larger_of_the_two(rests, ordered):
    word = "停" if ordered == 100 else f"限产{ordered}%"
    window = Window("p", "", WINTER, WINTER, Fraction(rests, 100), "")
    real = in_season(plants(unit(1, 1000, 10, word=word)), [window], on=WINTER)

    assert max(0, ordered - rests) * 10 == real.enterprises[0].cut_of("red")["nox"]


def test_a_shut_plant_counts_for_nothing():
    real = in_season(plants(unit(1, 100, 10, word="停")), [], on=WINTER, shut={"p"})

    assert dict.fromkeys(POLLUTANTS, 0) == real.enterprises[0].cut_of("red")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("p,U1,2025-11-15,2025-11-14,100,x", "ends before"),
        ("p,U1,15.11.2025,2025-12-01,100,x", "YYYY-MM-DD"),
        ("p,U1,2025-11-15,2025-12-01,0,x", "1 to 100"),
        ("q,U1,2025-11-15,2025-12-01,50,x", "not on the list"),
        ("p,U9,2025-11-15,2025-12-01,50,x", "expected U1, found U9"),
    ],
)
def test_a_wrong_window_gets_one_sentence(tmp_path, row, words):
    path = tmp_path / "w.csv"
    path.write_text(f"编号,单元编号,开始日期,结束日期,停产比例%,依据\n{row}\n", "utf-8")

    with pytest.raises(DataError, match=words):
        read_windows(path, listing=plants(unit(1, 1, 1)))


# --- what would close the gap


def test_the_cheapest_unit_that_is_enough_is_chosen():
    listing = plants(unit(1, 300, 50), unit(2, 300, 20), unit(3, 100, 1))
    found = close_gap(listing, "red", FLAT, target_percent=30)

    assert (True, ["U2"], 20) == (found.feasible, [one.unit for one in found.choices], found.lost_output)
    assert not any(one.short for one in found.after)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 150), st.integers(1, 60)), min_size=1, max_size=7), st.integers(5, 60))
def test_the_answer_costs_what_trying_every_combination_costs(made, percent):
    """Independent oracle: all subsets."""
    listing = plants(*[unit(n, kg, tonnes) for n, (kg, tonnes) in enumerate(made)])
    found = close_gap(listing, "red", {key: Decimal(2) for key in POLLUTANTS}, target_percent=percent)
    best = min(
        (
            sum(t for _, t in chosen)
            for size in range(len(made) + 1)
            for chosen in combinations(made, size)
            if sum(kg for kg, _ in chosen) >= percent * 20
        ),
        default=None,
    )

    assert (best is not None) == found.feasible
    if best is not None:
        assert best == found.lost_output


def test_an_answer_that_meets_the_target_to_the_kilogram_is_found():
    """139 + 141 kg are the 280 that are missing; a solver that aims a hair above would take the dearer 281."""
    listing = plants(unit(0, 140, 2), unit(1, 139, 1), unit(2, 141, 3))
    found = close_gap(listing, "red", {key: Decimal(2) for key in POLLUTANTS}, target_percent=14)

    assert (True, 4) == (found.feasible, found.lost_output)


def test_a_long_list_is_solved_within_half_a_percent_of_the_best():
    """600 units, twice what goes into the integer programme: the gap to the linear bound is proven and small."""
    listing = plants(*[unit(n, 1 + n * 7 % 13, 1 + n * 11 % 17) for n in range(600)])
    found = close_gap(listing, "red", {key: Decimal(5) for key in POLLUTANTS}, target_percent=30)

    assert found.feasible
    assert 0 <= found.optimality_gap < 0.005


def test_nobody_is_stopped_twice_nor_who_may_not_be():
    window = Window("p", "U1", WINTER, WINTER, Fraction(1), "")
    listing = plants(unit(1, 300, 1), unit(2, 300, 20), unit(3, 300, 5, capacities=(None, None, None)))
    found = close_gap(listing, "red", FLAT, target_percent=30, windows=[window], on=WINTER)

    assert ["U2"] == [one.unit for one in found.choices]
    assert "rests in a staggered window" == found.left_aside["p/U1"]
    assert "its output is not on file" == found.left_aside["p/U3"]
    for more in ({"grade": "A"}, {"small": True}):
        assert not close_gap(plants(unit(1, 300, 1), **more), "red", FLAT, target_percent=30).feasible


def test_a_guarantee_plant_keeps_its_permitted_load():
    listing = plants(unit(1, 900, 10), guarantee="民生保障", permitted_load=Fraction(7, 10))
    steps = [Fraction(n, 10) for n in range(1, 11)]

    assert not close_gap(listing, "red", FLAT, target_percent=30, steps=steps).feasible
    found = close_gap(listing, "red", FLAT, target_percent=25, steps=steps)
    assert Fraction(3, 10) == found.choices[0].to_cut


def test_a_sector_is_not_shut_as_a_whole_when_the_office_bounds_it():
    listing = plants(unit(1, 200, 10), unit(2, 200, 10))

    assert close_gap(listing, "red", FLAT, target_percent=40).feasible
    assert not close_gap(listing, "red", FLAT, target_percent=40, industry_share=Fraction(1, 2)).feasible


def test_what_cannot_be_closed_says_how_near_one_comes():
    """The sample's VOCs at red: shown as short before, and nearer (or closed) after."""
    percent = CITY.response.red.reduction_percent.value
    found = close_gap(LISTING, "red", BASE, target_percent=percent)
    before = {one.pollutant: one.reached for one in found.before}

    assert all(one.reached >= before[one.pollutant] for one in found.after)
    assert found.feasible == (not any(one.short for one in found.after))


# --- operable, monitorable, checkable


@pytest.mark.parametrize(
    ("made", "lacks"),
    [
        (unit(1, 1, 1, word="限产20%", capacities=(None, None, None)), "operable"),
        (unit(1, 1, 1, word="限产20%", name="1号回转窑"), "operable"),
        (unit(1, 1, 1, word="限产20%", checks=("台账",)), "monitorable"),
        (unit(1, 1, 1, word="停运国四及以下55%", checks=("台账",)), "monitorable"),
        (unit(1, 1, 1, word="停", power_share=Fraction(0)), "checkable"),
        (unit(1, 1, 1, word="停", checks=("在线监测",), outlet=""), "checkable"),
    ],
)
def test_a_measure_nobody_could_carry_out_see_or_prove_is_doubted(made, lacks):
    assert {lacks} == {one.lacks for one in doubts_of(plants(made))}


def test_a_sound_measure_and_no_measure_raise_no_doubt():
    assert () == doubts_of(plants(unit(1, 1, 1, word="停"), unit(2, 1, 1)))


# --- the cement rule of the 340号 guide


def test_cement_a_decides_itself_b_limits_c_stops_lines_d_stops():
    """环办大气函〔2020〕340号, cement (B): two lines of 2000 and 3000 t a day."""
    lines = [Fraction(2000), Fraction(3000)]

    assert {
        "A": (None, None, None),
        "B": (0, 1000, 5000),
        "C": (2000, 5000, 5000),
        "D": (5000, 5000, 5000),
    } == {grade: tuple(cement_cut(grade, level, lines) for level in LEVEL_KEYS) for grade in CEMENT.value}


def test_the_limit_of_grade_b_counts_from_the_smallest_capacity_on_file():
    line = unit(1, 1, 2500, capacities=(Fraction(2500), Fraction(2400), Fraction(2000)))

    assert 400 == cement_cut("B", "orange", [line.base_capacity])


def test_the_sample_cement_plants_are_held_against_the_rule():
    cement = [
        one for one in LISTING.enterprises if one.industry == "水泥" and any(u.kind == "生产线" for u in one.units)
    ]
    gaps = {one.identifier: {(gap.level, gap.unit) for gap in cement_gaps(one)} for one in cement}

    assert {"sample-001": set(), "sample-002": set(), "sample-003": set(), "sample-004": set()} == gaps
    weak = next(one for one in cement if one.identifier == "sample-004")
    weaker = replace(weak, units=tuple(replace(u, measures={**u.measures, "yellow": NONE}) for u in weak.units))
    assert {("yellow", ""), ("yellow", "U4")} == {(gap.level, gap.unit) for gap in cement_gaps(weaker)}
