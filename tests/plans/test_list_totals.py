"""The sums of a list in whole numbers: the same as fractions added one by one."""

from dataclasses import replace
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from plans.enterprise_csv import read_list
from plans.enterprise_list import LEVEL_KEYS, Enterprise, EnterpriseList, Unit
from plans.list_totals import totals_of
from plans.measure import POLLUTANTS, measure_of
from plans.rulebook import HERE

LISTING = read_list(HERE / "cities" / "sample" / "enterprises" / "2026.csv")
_WORDS = ["不限", "限产10%", "限产35%", "停", "停运国四及以下55%", "换用低硫煤(SO2 40%, PM 10%)"]
_AMOUNT = st.fractions(min_value=0, max_value=10**6, max_denominator=999)
_UNIT = st.tuples(st.lists(_AMOUNT, min_size=4, max_size=4), st.lists(st.sampled_from(_WORDS), min_size=3, max_size=3))


def plant(name, units, district="东区"):
    made = tuple(
        Unit(
            f"U{n}", "s", "w", "p", "n", "生产线", "", dict(zip(POLLUTANTS, amounts, strict=True)), Fraction(0),
            (None, None, None), {key: measure_of(word, where="") for key, word in zip(LEVEL_KEYS, words, strict=True)},
            ("用电",),
        )
        for n, (amounts, words) in enumerate(units)
    )  # fmt: skip
    return Enterprise(name, name, "工业源", True, district, "", "B", "", "", None, False, "", made)


def agree(listing):
    """Against the plants' own fractions."""
    totals = totals_of(listing)
    for level in LEVEL_KEYS:
        for key in POLLUTANTS:
            cuts = {one.identifier: one.cut_of(level)[key] for one in listing.enterprises}
            assert sum(cuts.values(), Fraction(0)) == totals.reached(level, key)
            wanted = sorted((item for item in cuts.items() if item[1] > 0), key=lambda item: (-item[1], item[0]))
            for count in (0, 1, 5, 10**6):
                found = [(one.identifier, cut) for one, cut in totals.largest(level, key, count)]
                assert wanted[:count] == found
    for key in POLLUTANTS:
        units = [unit for one in listing.enterprises for unit in one.units]
        assert sum((unit.base_daily[key] for unit in units), Fraction(0)) == totals.listed[key]


def test_the_sample_list_adds_up_to_its_own_fractions():
    agree(LISTING)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(_UNIT, max_size=3), max_size=6))
def test_any_list_adds_up_exactly_whatever_its_denominators(plants):
    agree(EnterpriseList("c", "e", tuple(plant(f"p{n}", units) for n, units in enumerate(plants)), ""))


def test_plants_that_cut_the_same_go_by_their_numbers():
    same = [([Fraction(7)] * 4, ["停"] * 3)]
    listing = EnterpriseList("c", "e", tuple(plant(name, same) for name in ("b", "d", "a", "c")), "")

    assert ["a", "b"] == [one.identifier for one, _cut in totals_of(listing).largest("red", "pm", 2)]


def test_the_districts_share_what_all_of_them_cut():
    districts = totals_of(LISTING).districts()

    assert sorted({one.district for one in LISTING.enterprises}) == list(districts)
    for level in LEVEL_KEYS:
        whole = float(totals_of(LISTING).reached(level, "nox"))
        assert abs(whole - sum(own[level]["nox"] for own in districts.values())) < 1e-6


def test_a_list_without_plants_cuts_nothing():
    empty = totals_of(replace(LISTING, enterprises=()))

    assert (0, {}, ()) == (empty.reached("red", "so2"), empty.districts(), empty.largest("red", "so2", 3))
