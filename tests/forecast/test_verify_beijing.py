"""The bar of the first forecast, on the real air of Beijing: a year that no training saw."""

from datetime import date

import pytest

from forecast.backtest import run
from forecast.features import Area
from forecast.readers import prsa
from forecast.verify import scorecard

YEAR = {"train_until": date(2015, 3, 1), "first": date(2015, 3, 1), "last": date(2016, 2, 29)}


@pytest.fixture(scope="module")
def scores(shared_data):
    dataset = prsa.read(shared_data / "beijing_prsa_2013_2016")
    test = run(
        dataset, areas=[Area("city", prsa.CITY_MEAN)], edition="hj633-2012",
        models=("blend", "persistence", "climatology"), **YEAR,
    )  # fmt: skip
    return {(score.model, score.lead): score for score in scorecard(test)}


@pytest.mark.data
@pytest.mark.parametrize("lead", [1, 2, 3])
@pytest.mark.parametrize("peer", ["persistence", "climatology"])
@pytest.mark.parametrize("measure", ["crps", "mae", "pm25_crps", "pm25_mae"])
def test_the_first_three_days_are_better_than(scores, peer, lead, measure):
    assert getattr(scores["blend", lead], measure) < getattr(scores[peer, lead], measure)


@pytest.mark.data
@pytest.mark.parametrize("lead", [4, 5, 6, 7])
def test_the_far_days_are_as_good_as_climatology(scores, lead):
    """Without weather there is nothing to win there; what is asked is to lose nothing (half a percent)."""
    assert scores["blend", lead].crps < 1.005 * scores["climatology", lead].crps


@pytest.mark.data
def test_tomorrow_is_far_better_than_climatology(scores):
    assert scores["blend", 1].crps < 0.65 * scores["climatology", 1].crps
    assert 0.70 < scores["blend", 1].coverage < 0.85
