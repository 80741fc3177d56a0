"""Statistics of the assessment rules against an independent oracle."""

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plans.rulebook import load

BOOK = load()
RULES = BOOK.assessment("hj663-2026")
CLEAN = {
    "so2": Decimal(6), "no2": Decimal(20), "pm10": Decimal(60), "pm25": Decimal(30), "co": Decimal("0.8"),
    "o3": Decimal(160),
}  # fmt: skip


@given(st.lists(st.integers(0, 600), min_size=1, max_size=400), st.sampled_from([90, 95, 98]))
def test_percentiles_agree_with_numpy_linear(values, percent):
    assert float(RULES.percentile(values, percent)) == pytest.approx(np.percentile(values, percent), rel=1e-12)


def test_a_percentile_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        RULES.percentile([], 90)


@given(st.lists(st.integers(0, 20), min_size=1, max_size=30))
def test_ranks_share_ties_and_skip(values):
    ranks = RULES.ranks(values)

    assert [1 + sorted(values).index(value) for value in values] == list(ranks)


def test_the_composite_index_is_the_sum_of_shares_of_the_limits():
    index = RULES.composite_index(CLEAN, BOOK.ambient("gb3095-2026-transition"))

    assert Fraction(6, 60) + Fraction(1, 2) + 1 + 1 + Fraction(1, 5) + 1 == index


def test_the_same_air_scores_worse_when_the_limits_tighten():
    by_phase = [RULES.composite_index(CLEAN, BOOK.ambient(name)) for name in
                ("gb3095-2012-2018", "gb3095-2026-transition", "gb3095-2026-final")]  # fmt: skip

    assert sorted(by_phase) == by_phase
    assert len(set(by_phase)) == 3


def test_an_index_of_five_pollutants_is_refused():
    with pytest.raises(ValueError, match="pm25"):
        RULES.composite_index({k: v for k, v in CLEAN.items() if k != "pm25"}, BOOK.ambient("gb3095-2026-final"))


def test_later_limits_are_never_looser():
    names = ["gb3095-2012-2018", "gb3095-2026-transition", "gb3095-2026-final"]
    for earlier, later in pairwise(names):
        for limit in BOOK.ambient(later).limits:
            before = BOOK.ambient(earlier)
            assert limit.second <= before.limit(limit.pollutant, limit.period)
            assert limit.first <= before.limit(limit.pollutant, limit.period, grade="first")


def test_gases_changed_their_reference_state_in_september_2018():
    before, after = BOOK.ambient("gb3095-2012").reference, BOOK.ambient("gb3095-2012-2018").reference

    assert (Decimal("273.15"), Decimal("298.15")) == (before.kelvin, after.kelvin)
    assert float(after.kelvin / before.kelvin) == pytest.approx(1.0915, abs=5e-5)
