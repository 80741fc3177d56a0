"""What models promise: honest ensembles, joint paths, calibrated spread, storage without surprises."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from forecast import calibrate, features
from forecast.features import build
from forecast.models.base import Anchor, pick, season_weights, without_gaps
from forecast.models.blend import cautious
from forecast.models.harmonic import Harmonic
from forecast.models.simple import Climatology, Persistence, last_known
from forecast.models.trees import Trees
from forecast.train import prepared
from plans.errors import DataError


@pytest.fixture(scope="module")
def sample(small_air, areas, codes):
    return build(small_air, areas=areas, region=codes)


@pytest.fixture(scope="module")
def past(sample):
    return sample.until(date(2015, 2, 20))


ROWS = np.array([150, 175])
SEEDS = np.array([11, 12])


@pytest.mark.parametrize("name", ["blend", "persistence", "climatology", "harmonic"])
def test_every_model_gives_the_same_paths_again_after_storage(name, sample, past, light_model, small_model):
    model = small_model.model if name == "blend" else prepared(name, "demo").fit(past)

    again = type(model).restore(*model.stored())

    first, second = (one.paths(sample, area="city", rows=ROWS, count=40, seeds=SEEDS) for one in (model, again))
    assert first.shape == (2, 40, 7, 6)
    assert np.isfinite(first).all()
    assert (first >= 0).all()
    assert np.array_equal(first, second)


@pytest.mark.parametrize("name", ["blend", "persistence", "climatology", "harmonic"])
def test_paths_look_at_no_later_day(name, sample, past, small_model):
    model = small_model.model if name == "blend" else prepared(name, "demo").fit(past)
    row = np.array([150])

    whole = model.paths(sample, area="city", rows=row, count=40, seeds=np.array([5]))
    cut = model.paths(sample.take(np.arange(151)), area="city", rows=row, count=40, seeds=np.array([5]))

    assert np.array_equal(whole, cut)


def test_persistence_is_centred_on_the_last_known_day(sample, past):
    model = Persistence().fit(past)

    paths = model.paths(sample, area="city", rows=ROWS, count=101, seeds=SEEDS)

    last = features.from_log(last_known(sample, 0, ROWS))
    np.testing.assert_allclose(np.median(paths, axis=1), np.repeat(last[:, None], 7, axis=1), rtol=1e-9)


def test_persistence_before_the_day_is_over_starts_from_the_day_before(small_air, areas, codes):
    early = build(small_air, areas=areas, region=codes, issue_hour=20)
    rows = np.array([150])

    assert np.array_equal(last_known(early, 0, rows), early.observed[0, [149]])


def test_climatology_gives_weeks_that_really_were(sample, past):
    model = Climatology().fit(past)

    paths = model.paths(sample, area="city", rows=ROWS, count=30, seeds=SEEDS)

    filled = features.from_log(without_gaps(past, Anchor.fit(past))[0])
    weeks = np.stack([filled[start + 1 : start + 8] for start in range(len(filled) - 7)])
    for path in paths.reshape(-1, 7, 6):
        assert np.isclose(weeks, path[None]).all(axis=(1, 2)).any()


def test_the_harmonic_forecast_returns_to_the_usual(sample, past):
    model = Harmonic().fit(past)
    assert model.coefficients is not None
    days = sample.days[ROWS]
    shocked = Anchor(model.coefficients).at(days)[0][:, None].repeat(2, axis=1) + 1.0

    middle = model._middle(days, shocked, 0) - Anchor(model.coefficients).ahead(days, 7)[0]

    assert (np.abs(middle[:, 6]) < np.abs(middle[:, 0])).all()


def walked(trees, rows):
    """Node by node, as anybody would walk down a tree; an unknown number goes right."""
    out = np.full(len(rows), trees.base)
    for place, row in enumerate(rows):
        for root in trees.roots:
            at = root
            while trees.left[at] != at:
                at = trees.left[at] if row[trees.feature[at]] <= trees.threshold[at] else trees.right[at]
            out[place] += trees.value[at]
    return out


def grown(random, leaves):
    """A tree of so many leaves, split anywhere: nodes, with children as places, and how deep it is."""
    feature, threshold, left, right, level, tips = [0], [np.inf], [0], [0], [0], [0]
    while len(tips) < leaves:
        at = tips.pop(random.integers(len(tips)))
        for _ in range(2):
            feature.append(0)
            threshold.append(np.inf)
            left.append(len(left))
            right.append(len(right))
            level.append(level[at] + 1)
            tips.append(len(feature) - 1)
        feature[at], threshold[at] = random.integers(4), random.normal()
        left[at], right[at] = len(left) - 2, len(left) - 1
    return np.array(feature), np.array(threshold), np.array(left), np.array(right), max(level)


@pytest.mark.parametrize("leaves", [(1,), (2, 1, 3), (8, 8, 5), (9, 2), (16, 17), (33, 1, 64)])
def test_asking_all_nodes_at_once_ends_in_the_leaf_that_a_walk_ends_in(leaves):
    random = np.random.default_rng(len(leaves) + leaves[0])
    made = [grown(random, count) for count in leaves]
    begin = np.cumsum([0, *(len(one[0]) for one in made[:-1])])
    size = sum(len(one[0]) for one in made)
    trees = Trees(
        0.5, begin, *(np.concatenate([one[part] for one in made]) for part in (0, 1)),
        *(np.concatenate([one[part] + start for one, start in zip(made, begin, strict=True)]) for part in (2, 3)),
        random.normal(size=size), max(one[4] for one in made),
    )  # fmt: skip
    rows = random.normal(size=(700, 4))
    rows[::7, 1] = np.nan

    single = rows.astype(np.float32)
    single[: size % 600, 0] = trees.threshold[: size % 600]  # on the threshold itself, or just beside it

    np.testing.assert_allclose(trees.predict(rows), walked(trees, rows), rtol=1e-12)
    np.testing.assert_allclose(trees.predict(single), walked(trees, single.astype(np.float64)), rtol=1e-12)
    assert 0 == len(trees.predict(rows[:0]))


def test_trees_as_arrays_predict_what_scikit_learn_predicts():
    from sklearn.ensemble import HistGradientBoostingRegressor

    random = np.random.default_rng(1)
    x = random.normal(size=(400, 5))
    y = x[:, 0] * (x[:, 1] > 0) + random.normal(scale=0.1, size=400)
    fitted = HistGradientBoostingRegressor(max_iter=20, max_leaf_nodes=6, random_state=0).fit(x, y)

    new = random.normal(size=(200, 5))

    np.testing.assert_allclose(Trees.of(fitted).predict(new), fitted.predict(new), rtol=1e-12)


def test_an_area_without_training_is_refused(sample, small_model):
    with pytest.raises(DataError, match=r"not trained for the area: expected city, S901A, S902A, found S999A"):
        small_model.model.paths(sample, area="S999A", rows=ROWS, count=5, seeds=SEEDS)


def test_a_window_of_a_month_is_too_short(past, light_model):
    with pytest.raises(DataError, match="at least 60 days, found 30 days"):
        light_model.fit(past.take(np.arange(30)))


def test_gaps_are_filled_for_patterns_only(sample):
    filled = without_gaps(sample, Anchor.fit(sample))

    known = ~np.isnan(sample.observed)
    assert np.allclose(filled[known], sample.observed[known])
    assert np.isfinite(filled).all()


def test_an_unmeasured_pollutant_stays_unknown_and_costs_the_others_nothing(small_air, areas, codes, light_model):
    without = build(small_air.drop_vars("so2"), areas=areas, region=codes)
    model = light_model.fit(without.until(date(2015, 2, 20)))

    paths = model.paths(without, area="city", rows=ROWS, count=20, seeds=SEEDS)

    so2 = features.TARGETS.index("so2")
    assert np.isnan(paths[..., so2]).all()
    assert np.isfinite(np.delete(paths, so2, axis=-1)).all()


# calibration --------------------------------------------------------------------------------------------------------


def test_crps_is_that_of_the_library_scores():
    import xarray as xr
    from scores.probability import crps_for_ensemble

    random = np.random.default_rng(2)
    members, observed = random.gamma(2.0, 40.0, size=(50, 31)), random.gamma(2.0, 40.0, size=50)

    library = crps_for_ensemble(
        xr.DataArray(members, dims=("day", "path")), xr.DataArray(observed, dims="day"),
        ensemble_member_dim="path", method="ecdf", preserve_dims="day",
    )  # fmt: skip

    np.testing.assert_allclose(calibrate.crps(members, observed), library.values, rtol=1e-10)


NINE_BY_THREE = hnp.arrays(np.float64, (9, 3), elements=st.floats(-5, 5))


@settings(max_examples=50, deadline=None)
@given(
    hnp.arrays(np.float64, (9, 3), elements=st.floats(-5, 5)), hnp.arrays(np.float64, (9, 3), elements=st.floats(-5, 5))
)
def test_reordering_keeps_the_marginals_and_takes_the_order(samples, template):
    made = calibrate.order_like(samples, template, axis=0)

    assert np.array_equal(np.sort(made, axis=0), np.sort(samples, axis=0))
    for column in range(3):
        order = np.argsort(template[:, column], kind="stable")
        assert (np.diff(made[order, column]) >= 0).all()


def test_the_stretch_makes_a_narrow_interval_hold():
    random = np.random.default_rng(3)
    truth = random.normal(size=4000)
    narrow = np.sort(random.normal(scale=0.5, size=(4000, 100)), axis=1)

    factor = calibrate.stretch(narrow, truth)
    wide = calibrate.stretched(narrow, np.full(4000, factor))

    inside = (truth >= calibrate.quantile(wide, 0.1)) & (truth <= calibrate.quantile(wide, 0.9))
    assert factor == pytest.approx(2.0, abs=0.1)
    assert inside.mean() == pytest.approx(0.80, abs=0.01)


def test_experts_who_know_nothing_are_not_believed():
    random = np.random.default_rng(4)
    signal, luck = random.normal(size=(2, 3000))

    weights = calibrate.stack(np.stack([signal, luck], axis=1), signal + random.normal(size=3000))

    assert weights[0] == pytest.approx(1.0, abs=0.08)
    assert weights[1] == pytest.approx(0.0, abs=0.08)


def test_a_lead_is_taken_from_climatology_only_for_a_gain_that_is_no_luck():
    """Shares 0 .. 1 of climatology; at the first lead share 0 is better every day, at the second by luck of one day."""
    random = np.random.default_rng(5)
    scores = np.repeat(40.0 + random.normal(size=(1, 280, 2)), 5, axis=0)
    scores[0, :, 0] -= 3.0
    scores[0, 17, 1] -= 300.0

    assert cautious(scores).tolist() == [0.0, 1.0]


def test_drawing_follows_the_weights_to_within_one():
    drawn = pick(np.array([[1.0, 2.0, 5.0]]), 80, np.array([9]))

    assert np.abs(np.bincount(drawn[0]) - np.array([10, 20, 50])).max() <= 1


def test_the_season_wraps_around_the_new_year():
    history = np.array(["2014-12-25", "2014-07-01"], "datetime64[D]")
    many = np.concatenate([np.full(40, history[0]), np.full(40, history[1])])

    inside = season_weights(many, np.array(["2016-01-10"], "datetime64[D]"))[0]

    assert inside[:40].all()
    assert not inside[40:].any()


def test_the_anchor_finds_the_season_it_was_given(sample):
    anchor = Anchor.fit(sample)

    residual = sample.observed - anchor.at(sample.days)

    assert np.abs(np.nanmean(residual, axis=1)).max() < 0.02
