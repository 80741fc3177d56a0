"""The pool of paths and direct quantiles: trees as LightGBM says them, paths that follow the pool, no look ahead."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from forecast import features
from forecast.features import TARGETS
from forecast.models.base import Anchor
from forecast.models.blend import Blend
from forecast.models.direct import LEVELS, Direct, Setting, log_aqi, of_the_past, table
from forecast.models.experts import Boosted, Kernel
from forecast.models.judged import exceedance, weights_of
from forecast.models.pooled import Pooled, _usual, moved, raised
from forecast.models.trees import Grove, Trees
from forecast.predict import paths_of, seed
from forecast.train import load, save, train

UNTIL = date(2015, 2, 20)
SEEDS = np.arange(4, dtype=np.uint64)


@pytest.fixture(scope="module")
def pooled(small_air, areas):
    light = Blend(kernel=Kernel(landmarks=60), boosted=Boosted(trees=10, rows=200), folds=3)
    trees = Setting(leaves=4, least_rows=20, most=8)
    model = Pooled(light, directs=(Direct(trees, folds=3), Direct(trees, folds=3, plain=True)))
    return train(small_air, until=UNTIL, areas=areas, model=model, effort="full")


@pytest.fixture(scope="module")
def sample(small_air, areas):
    return features.build(small_air, areas=areas, region=[code for area in areas[1:] for code in area.stations])


@pytest.mark.parametrize("rounds", [1, 12])
def test_our_trees_say_what_lightgbm_says(rounds):
    import lightgbm

    random = np.random.default_rng(5)
    x = random.normal(size=(600, 6))
    y = x[:, 0] + x[:, 1] ** 2
    settings = {"objective": "quantile", "alpha": 0.9, "num_leaves": 9, "verbosity": -1, "num_threads": 1}
    booster = lightgbm.train(settings, lightgbm.Dataset(x, y), num_boost_round=rounds)

    np.testing.assert_allclose(Trees.of_lightgbm(booster).predict(x), booster.predict(x), atol=1e-12)


@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_sets_asked_together_say_what_each_says_alone_to_the_bit(kind):
    import lightgbm

    random = np.random.default_rng(6)
    x = random.normal(size=(900, 5)).astype(kind)
    x[::7, 1] = np.nan
    sets = []
    for leaves, rounds in ((4, 30), (31, 7), (16, 200), (2, 1)):
        settings = {"num_leaves": leaves, "min_data_in_leaf": 5, "verbosity": -1, "num_threads": 1}
        y = np.nan_to_num(x[:, 1]) + x[:, 0] ** 2
        sets.append(Trees.of_lightgbm(lightgbm.train(settings, lightgbm.Dataset(x, y), num_boost_round=rounds)))

    np.testing.assert_array_equal(Grove(tuple(sets)).predict(x), np.stack([one.predict(x) for one in sets]))


def test_a_tree_without_a_split_is_its_one_leaf():
    import lightgbm

    x, y = np.zeros((50, 2)), np.full(50, 3.0)
    settings = {"objective": "quantile", "verbosity": -1, "num_threads": 1}
    booster = lightgbm.train(settings, lightgbm.Dataset(x, y), num_boost_round=2)

    np.testing.assert_allclose(Trees.of_lightgbm(booster).predict(x), booster.predict(x))


def test_one_factor_on_all_sub_indices_moves_the_index_by_it_and_keeps_the_primary_pollutant():
    random = np.random.default_rng(2)
    paths = random.uniform([5, 10, 2, 10, 0.3, 20], [200, 250, 40, 90, 3.0, 200], size=(300, 6))
    before = log_aqi(paths)
    factor = random.uniform(0.7, 1.4, size=300)

    after = raised(paths, factor)

    np.testing.assert_allclose(np.exp(log_aqi(after)), np.exp(before) * factor, atol=2.0)  # whole numbers, rounded up
    heaviest = paths[:, 0] > 120
    assert (after[heaviest, 0] > 0).all()


def test_moved_paths_have_the_pooled_quantiles_in_the_paths_own_order():
    random = np.random.default_rng(4)
    paths = np.tile(np.array([60.0, 80, 10, 40, 1.0, 60]), (1, 200, 7, 1)) * np.exp(
        random.normal(0, 0.4, (1, 200, 7, 1))
    )
    own = log_aqi(paths)
    known = np.sort(np.moveaxis(own, 1, -1), axis=-1)
    said = np.quantile(known, LEVELS, axis=-1).transpose(1, 2, 0)
    wanted = said + np.linspace(-0.2, 0.3, 7)

    after = log_aqi(moved(paths, own, known, said, wanted))

    made = np.quantile(after, LEVELS, axis=1).transpose(1, 2, 0)
    np.testing.assert_allclose(made, wanted, atol=0.06)
    assert (np.diff(np.take_along_axis(after, np.argsort(own, axis=1, kind="stable"), axis=1), axis=1) >= -0.05).all()


def test_the_better_opinion_gets_the_weight_and_equal_ones_share_it():
    random = np.random.default_rng(9)
    truth = np.log(random.uniform(40, 200, size=(2, 400, 7)))
    spread = np.array([-0.4, -0.3, -0.15, 0, 0.15, 0.3, 0.4])
    good = (truth + random.normal(0, 0.15, truth.shape))[..., None] + spread
    bad = np.full_like(good, np.log(90)) + 3 * spread

    weights = weights_of(np.stack([good, bad, bad]), truth)

    assert (weights[:, 0] > 0.7).all()
    np.testing.assert_allclose(weights.sum(axis=1), 1.0)


def test_of_a_season_in_which_a_place_was_never_measured_the_usual_is_that_of_the_nearest_days():
    days = np.arange(np.datetime64("2014-01-01"), np.datetime64("2015-01-01"))
    index = np.log(100.0) + np.random.default_rng(0).normal(0, 0.3, (2, len(days)))
    late = index.copy()
    late[1, : len(days) - 25] = np.nan

    whole, said = (_usual(days, one, np.array(["2014-06-10"], dtype="datetime64[D]")) for one in (index, late))

    np.testing.assert_array_equal(said[0], whole[0])
    assert np.isfinite(said).all()
    known = np.sort(late[1, -25:])
    assert set(said[1].ravel()) <= set(known)


def test_the_probability_of_exceeding_a_quantile_is_one_minus_its_level():
    quantiles = np.log(np.array([40.0, 50, 70, 100, 130, 160, 180]))

    found = [float(exceedance(quantiles, limit)) for limit in (50, 100, 160)]

    assert found == pytest.approx([0.9, 0.5, 0.1], abs=1e-6)


def test_a_pooled_model_is_the_same_after_its_file(pooled, sample, areas, tmp_path):
    again = load(save(pooled, tmp_path))

    asked = {"area": areas[1].key, "rows": np.arange(150, 154), "count": 40, "seeds": SEEDS}
    np.testing.assert_array_equal(pooled.model.paths(sample, **asked), again.model.paths(sample, **asked))
    assert again.digest == pooled.digest


def test_a_station_asked_alone_is_told_what_it_is_told_among_all(pooled, small_air, areas, sample):
    alone = features.build(small_air, areas=[areas[2]], region=[code for area in areas[1:] for code in area.stations])
    asked = {"area": areas[2].key, "rows": np.arange(150, 154), "count": 40, "seeds": SEEDS}

    np.testing.assert_array_equal(pooled.model.paths(sample, **asked), pooled.model.paths(alone, **asked))


def test_the_pool_looks_at_nothing_after_its_row(pooled, sample, areas):
    row = 150
    changed = replace(
        sample,
        predictors=np.where(np.arange(len(sample.days))[:, None] > row, 9.0, sample.predictors),
        observed=np.where(np.arange(len(sample.days))[:, None] > row, 3.0, sample.observed),
        around=np.where(np.arange(len(sample.days))[:, None] > row, 9.0, sample.around),
        region_observed=np.where(np.arange(len(sample.days))[:, None] > row, 3.0, sample.region_observed),
    )
    asked = {"area": areas[0].key, "rows": np.array([row]), "count": 40, "seeds": SEEDS[:1]}

    np.testing.assert_array_equal(pooled.model.paths(sample, **asked), pooled.model.paths(changed, **asked))


def test_what_is_said_of_a_day_does_not_hang_on_the_other_days_asked_for(pooled, sample, areas):
    asked = {"area": areas[0].key, "count": 40}

    together = pooled.model.paths(sample, rows=np.arange(150, 154), seeds=SEEDS, **asked)
    alone = pooled.model.paths(sample, rows=np.array([152]), seeds=SEEDS[2:3], **asked)

    np.testing.assert_allclose(together[2], alone[0], rtol=1e-9)


def test_weeks_worse_than_said_raise_what_is_said_next(pooled, sample, areas):
    rows = np.array([150])
    asked = {"area": areas[0].key, "rows": rows, "count": 40, "seeds": SEEDS[:1]}
    worse = sample.observed.copy()
    worse[:, 100:150] += 1.0  # e times the concentrations, after predictors were made: only the truth is changed
    eager = replace(pooled.model, rates=np.full(7, 0.02))

    changed = log_aqi(eager.paths(replace(sample, observed=worse), **asked))
    same = replace(eager, rates=np.zeros(7))

    assert np.median(changed) > np.median(log_aqi(same.paths(replace(sample, observed=worse), **asked)))


def test_operations_say_what_a_backtest_says_with_the_last_weeks_read_from_the_archive(
    pooled, sample, areas, small_air, fill_archive
):
    eager = replace(pooled, model=replace(pooled.model, rates=np.full(7, 0.02)))
    row = 150
    issued_at = features.issue_time(sample.days[row].astype("datetime64[D]").item()) + timedelta(hours=1)

    for area in areas[:2]:
        said = paths_of(
            fill_archive(small_air, f"{area.key}.db"), eager,
            area=area.key, stations=area.stations, issued_at=issued_at, count=40,
        )  # fmt: skip
        seeds = np.array([seed(area.key, sample.days[row].astype("datetime64[D]").item())], dtype=np.uint64)
        backtest = eager.model.paths(sample, area=area.key, rows=np.array([row]), count=40, seeds=seeds)[0]
        np.testing.assert_allclose(said, backtest, rtol=1e-6)


def test_paths_of_the_pool_are_concentrations_within_reach(pooled, sample, areas):
    made = pooled.model.paths(sample, area=areas[0].key, rows=np.arange(150, 154), count=40, seeds=SEEDS)

    assert made.shape == (4, 40, 7, len(TARGETS))
    assert (made >= 0).all() and np.isfinite(made).all()


def test_the_pool_says_what_it_learned_on_unseen_days(pooled):
    said = pooled.manifest["description"]

    assert len(said["weights_of_paths_directs_usual_per_lead"][0]) == 4
    assert set(said["alarm_from_probability_by_cost_per_lead"]) == {"100", "150", "200"}


def test_plain_predictors_hold_no_anchored_level(sample):
    anchor = Anchor.fit(sample)
    other = Anchor(anchor.coefficients + 1.0)

    past = of_the_past(sample)
    one, two = (table(sample, each, 1, plain=True, past=past)[..., :-20] for each in (anchor, other))

    np.testing.assert_array_equal(one[..., :40], two[..., :40])
