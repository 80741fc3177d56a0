"""What the forecasts at hand could give at most: never less than the best of them, and no mixture gives more."""

import numpy as np

from benchmarks.skill import compare, hindsight

RANDOM = np.random.default_rng(5)
SPREAD = np.linspace(-60.0, 60.0, 7)


def said(middle):
    return np.asarray(middle)[:, None] + SPREAD


def test_a_mixture_in_hindsight_is_never_worse_than_its_best_part():
    truth = RANDOM.gamma(4.0, 30.0, 300)
    parts = np.stack([said(truth + RANDOM.normal(0, size, 300)) for size in (20, 40, 80)])
    weights, least = hindsight.mixture(parts, truth)

    assert least <= min(compare.crps(part, truth).mean() for part in parts) + 1e-9
    assert np.isclose(1, weights.sum()) and (weights >= 0).all() and weights.argmax() == 0
    assert np.isclose(least, compare.crps(np.tensordot(weights, parts, 1), truth).mean())


def test_no_other_weights_do_better():
    truth = RANDOM.gamma(4.0, 30.0, 200)
    parts = np.stack([said(truth * 0.5), said(truth * 2), said(np.full(200, 120.0))])
    _weights, least = hindsight.mixture(parts, truth)
    drawn = RANDOM.dirichlet(np.ones(3), 2000)

    assert least <= min(compare.crps(np.tensordot(one, parts, 1), truth).mean() for one in drawn) + 1e-6


def test_the_best_threshold_is_the_best_of_all():
    probability, event = RANDOM.random(100), RANDOM.random(100) < 0.3
    best, cut = hindsight.threshold(probability, event)
    every = [compare.contingency(probability >= one, event)["csi"] for one in np.linspace(0, 1, 2001)]

    assert best >= max(every)
    assert best == compare.contingency(probability >= cut, event)["csi"]
