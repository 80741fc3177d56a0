"""Quantiles corrected by what they say, and by what the last weeks missed."""

import numpy as np
import pytest

from forecast.models import lately, regime
from forecast.models.direct import LEVELS

NORMAL = np.array([-1.645, -1.282, -0.674, 0.0, 0.674, 1.282, 1.645])


def _said(middle, width):
    return middle[..., None] + width * NORMAL


def test_quantiles_that_are_too_low_on_bad_days_only_are_lifted_there_and_not_elsewhere():
    random = np.random.default_rng(3)
    middle = random.uniform(np.log(30), np.log(300), size=(4, 400, 1))
    truth = middle + 0.2 * random.normal(size=middle.shape) + 0.5 * np.maximum(middle - np.log(160), 0)
    said = _said(middle, 0.2)

    made = regime.corrected(said, regime.fit(said, truth))

    bad, fair = middle > np.log(200), middle < np.log(100)
    for days in (bad, fair):
        before, after = ((truth[days] <= one[days][:, 3]).mean() for one in (said, made))
        assert after == pytest.approx(0.5, abs=0.06)
        assert abs(after - 0.5) <= abs(before - 0.5) + 0.02
    assert (truth[bad] <= said[bad][:, 3]).mean() < 0.3  # so there was something to correct


def test_every_quantile_holds_its_share_after_the_correction():
    random = np.random.default_rng(4)
    middle = random.uniform(np.log(30), np.log(300), size=(4, 400, 2))
    truth = middle - 0.1 + 0.3 * random.normal(size=middle.shape)
    said = _said(middle, 0.15)

    made = regime.corrected(said, regime.fit(said, truth))

    np.testing.assert_allclose((truth[..., None] <= made).mean(axis=(0, 1, 2)), LEVELS, atol=0.02)


def test_too_few_unseen_days_correct_nothing():
    said = _said(np.full((1, 200, 2), np.log(80.0)), 0.2)
    truth = np.full((1, 200, 2), np.log(120.0))

    np.testing.assert_array_equal(regime.corrected(said, regime.fit(said, truth)), said)


def test_a_median_far_beyond_all_that_were_said_is_moved_no_further_than_the_bound():
    random = np.random.default_rng(6)
    middle = random.uniform(np.log(60), np.log(112), size=(4, 200, 1))  # hardly a median above the second bend
    truth = middle + 0.3 * random.normal(size=middle.shape) + 2.0 * np.maximum(middle - np.log(110), 0)
    lines = regime.fit(_said(middle, 0.2), truth)
    beyond = _said(np.full((1, 1, 1), np.log(450.0)), 0.4)

    made = regime.corrected(beyond, lines)

    assert np.abs(made - beyond).max() <= regime.MOST + 1e-9
    assert (np.diff(made, axis=-1) >= 0).all()


def _weeks(offset, *, leads=3, days=140):
    """Forecasts of a steady place that is `offset` above what is said, and what was seen."""
    random = np.random.default_rng(5)
    seen = np.log(80) + offset + 0.2 * random.normal(size=days)
    said = _said(np.full((days, leads), np.log(80.0)), 0.2)
    return said, np.arange(days), seen


@pytest.mark.parametrize("offset", [-0.3, 0.3])
def test_weeks_of_missing_to_one_side_lead_the_quantiles_to_that_side(offset):
    said, at, seen = _weeks(offset)

    shift = lately.shifts(said, at, seen, np.array([130]), rates=np.full(3, 0.01))

    assert (np.sign(shift[0]) == np.sign(offset)).all()
    assert abs(shift[0, 0, 3]) == pytest.approx(0.25, abs=0.1)  # 60 steps of up to 0.005, less what was reached


def test_weeks_that_held_their_shares_change_next_to_nothing():
    said, at, seen = _weeks(0.0)

    assert np.abs(lately.shifts(said, at, seen, np.array([130]), rates=np.full(3, 0.01))).max() < 0.08


def test_fair_days_and_bad_days_are_learned_from_apart():
    days = np.arange(140)
    bad = days % 2 == 1
    said = _said(np.where(bad, np.log(200.0), np.log(40.0))[:, None], 0.2)
    seen = np.full(len(days), np.nan)
    for issue in days[:-1]:
        seen[issue + 1] = np.log(200.0) + 0.3 if bad[issue] else np.log(40.0) - 0.3
    asked = {"rates": np.full(1, 0.01)}
    fair, middle, heavy = (np.full((1, 1), np.log(value)) for value in (40.0, 94.868, 200.0))

    low, between, high = (
        lately.shifts(said, days, seen, np.array([130]), asked=one, **asked)[0, 0, 3] for one in (fair, middle, heavy)
    )

    assert low < -0.1 and high > 0.1
    assert between == pytest.approx((low + high) / 2, abs=1e-3)
    assert abs(lately.shifts(said, days, seen, np.array([130]), **asked)[0, 0, 3]) < 0.02


def test_each_side_comes_to_rest_where_its_own_days_lie():
    days = np.arange(140)
    bad = days % 2 == 1
    said = _said(np.where(bad, np.log(200.0), np.log(40.0))[:, None], 0.2)
    seen = np.full(len(days), np.nan)
    seen[1:] = np.where(bad, np.log(200.0) + 0.3, np.log(40.0) - 0.3)[:-1]
    asked = np.log(np.array([[40.0], [200.0]]))

    shift = lately.shifts(said, days, seen, np.array([130, 130]), rates=np.full(1, 0.05), asked=asked)

    assert shift[:, 0, 3] == pytest.approx([-0.3, 0.3], abs=0.05)


def test_a_day_that_is_not_over_teaches_nothing():
    said, at, seen = _weeks(0.3)
    changed = seen.copy()
    changed[101:] = 0.0
    later = said.copy()
    later[100:] = 9.0
    asked = {"rates": np.full(3, 0.01)}

    for over, row in ((0, 100), (1, 101)):
        first = lately.shifts(said, at, seen, np.array([row]), over=over, **asked)
        np.testing.assert_array_equal(first, lately.shifts(later, at, changed, np.array([row]), over=over, **asked))


def test_unknown_days_and_runs_that_were_not_kept_teach_nothing():
    said, at, seen = _weeks(0.3)
    asked = {"rates": np.full(3, 0.01)}

    np.testing.assert_array_equal(lately.shifts(said, at, seen * np.nan, np.array([130]), **asked), 0.0)
    none_kept = lately.shifts(said[:0], at[:0], seen, np.array([130]), **asked)
    np.testing.assert_array_equal(none_kept, 0.0)


def test_several_rows_are_told_what_each_is_told_alone():
    said, at, seen = _weeks(0.2)
    rows, rates = np.array([90, 120, 139]), np.full(3, 0.01)
    medians = np.log(np.array([[40.0] * 3, [90.0] * 3, [200.0] * 3]))

    together = lately.shifts(said, at, seen, rows, rates=rates, asked=medians)

    for place in range(3):
        alone = lately.shifts(said, at, seen, rows[[place]], rates=rates, asked=medians[[place]])
        np.testing.assert_array_equal(together[place], alone[0])


def test_the_issue_days_looked_at_are_those_of_the_weeks_before():
    found = lately.issues_of(np.array([100]), leads=7, first=0)

    assert (found[0], found[-1], len(found)) == (100 - lately.DAYS - 6, 99, lately.DAYS + 6)
    assert lately.issues_of(np.array([40]), leads=7, first=31).tolist() == list(range(31, 40))
