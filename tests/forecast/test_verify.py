"""Scores, checked against figures that can be worked out by hand."""

from datetime import date

import numpy as np
import pytest

from forecast.backtest import Backtest, Forecasts
from forecast.verify import contingency, level, scorecard


def made(aqi, observed, primary=None, observed_primary=None):
    """A backtest of one area and three issues; `aqi` is (issue, path) and stands at every lead."""
    aqi = np.repeat(np.asarray(aqi, dtype=np.int16)[None, :, None, :], 7, axis=2)
    observed = np.repeat(np.asarray(observed, dtype=float)[None, :, None], 7, axis=2)
    share = np.zeros((*aqi.shape[:3], 6)) if primary is None else primary
    masks = np.zeros(observed.shape, dtype=np.uint8) if observed_primary is None else observed_primary
    said = Forecasts("blend", aqi, aqi.astype(np.float32), share)
    issues = np.datetime64("2015-03-01") + np.arange(len(observed[0]))
    return Backtest(
        ("city",), issues, "hj633-2012", date(2015, 3, 1), "none", observed, observed, masks, {"blend": said}
    )


def test_scores_of_three_days_worked_by_hand():
    test = made([[90, 100, 110], [200, 210, 220], [40, 50, 60]], [110.0, 190.0, 50.0])

    score = scorecard(test)[0]

    assert score.days == 3
    assert score.mae == pytest.approx((10 + 20 + 0) / 3)
    assert score.bias == pytest.approx((-10 + 20 + 0) / 3)
    assert score.rmse == pytest.approx(np.sqrt((100 + 400) / 3))
    # CRPS of three members a step of 10 apart: mean distance less half the mean distance between members (40/9).
    assert score.crps == pytest.approx((10 - 40 / 9 + 20 - 40 / 9 + 20 / 3 - 40 / 9) / 3)
    assert score.coverage == pytest.approx(2 / 3)
    assert score.width == pytest.approx(20)


def test_brier_and_contingency_of_the_level_that_matters():
    test = made([[190, 210, 220, 230], [90, 210, 80, 70], [60, 60, 60, 60]], [250.0, 100.0, 210.0])

    score = scorecard(test)[0]

    assert score.brier[200] == pytest.approx(((0.75 - 1) ** 2 + 0.25**2 + 1) / 3)
    assert score.events[200] == 2
    assert score.hits[200] == (0.5, 0.0, 0.5)


def test_days_without_observation_count_for_nobody():
    test = made([[90, 100, 110], [200, 210, 220]], [110.0, np.nan])

    assert scorecard(test)[0].days == 1


def test_nothing_observed_and_nothing_forecast_is_unknown_not_zero():
    nothing = np.zeros(4, dtype=bool)

    assert contingency(nothing, nothing) == (None, None, None)


def test_levels_change_just_above_their_upper_edge():
    assert level(np.array([50, 51, 100, 101, 150, 151, 200, 201, 300, 301])).tolist() == [1, 2, 2, 3, 3, 4, 4, 5, 5, 6]


def test_a_primary_pollutant_is_right_when_it_is_one_of_the_observed():
    share = np.zeros((1, 2, 7, 6))
    share[..., 0] = 1.0
    masks = np.full((1, 2, 7), 0b100001, dtype=np.uint8)
    masks[0, 1] = 0b100000

    test = made([[90, 100], [90, 100]], [100.0, 100.0], primary=share, observed_primary=masks)

    assert scorecard(test)[0].primary == 0.5
