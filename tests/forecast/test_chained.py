"""The chain of days: each step feeds the next, it knows its own run only, and the pool takes it as an opinion."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from forecast import features, weather_modes
from forecast.features import LEADS
from forecast.models import chained
from forecast.models.chained import BACK, LEFT, Chained
from forecast.models.direct import LEVELS, Direct, Setting, of_the_past
from forecast.models.experts import Boosted
from forecast.models.pooled import Pooled
from forecast.models.way import Way
from forecast.models.weathered import SIZE, Weathered
from forecast.train import load, save, train
from forecast.weather import DAILY
from forecast.weather_ahead import weathered
from plans.errors import DataError

UNTIL = date(2015, 2, 20)
ROWS = np.array([150, 160])


@pytest.fixture(scope="module")
def perfect(small_air, areas):
    return weather_modes.perfect_weather(small_air, areas=areas)


@pytest.fixture(scope="module")
def sample(small_air, areas, perfect):
    ahead = weathered(small_air, perfect, areas=areas)
    return features.build(
        small_air, areas=areas, region=[code for area in areas[1:] for code in area.stations], ahead=ahead
    )


@pytest.fixture(scope="module")
def fitted(sample):
    return Chained(folds=3, rounds=15).fit(sample.until(UNTIL))


def _said(model, sample):
    return model.quantiles(sample, ROWS, past=of_the_past(sample))


def test_a_step_sees_the_weather_of_the_day_and_of_the_day_before_it_only(sample):
    chosen = [sample.ahead_names[place] for place in chained.columns(sample)]

    plain = {name.removesuffix("_before").removesuffix("_step") for name in chosen}
    assert {"wind_speed_mean", "wind_speed_mean_before", "wind_speed_mean_step"} <= set(chosen)
    assert plain <= set(DAILY)
    assert "wind_speed_mean_two_before" in sample.ahead_names  # so there was something to leave out


def test_weather_under_names_of_its_own_is_stepped_by_too(sample):
    foreign = replace(sample, ahead=sample.ahead[..., :1], ahead_names=("haze_potential",))

    model, _ = Chained(folds=2, rounds=5).fit(foreign.until(UNTIL))

    assert np.isfinite(_said(model, foreign)).all()


def test_history_is_newest_last_and_a_gap_keeps_the_value_before_it():
    index = np.array([[1.0, 2.0, np.nan, 4.0]])

    past = chained.history(index)

    assert past.shape == (1, 4, BACK)
    assert past[0, 3, -4:].tolist() == [1, 2, 2, 4]
    assert past[0, 0].tolist() == [1.0] * BACK


def test_quantiles_do_not_fall_and_spread_as_unseen_days_ask(sample, fitted):
    model, unseen = fitted

    said = _said(model, sample)

    assert said.shape == (len(sample.areas), 2, LEADS, len(LEVELS))
    assert (np.diff(said, axis=-1) >= 0).all()
    assert unseen.shape == (len(sample.areas), len(sample.until(UNTIL).days), LEADS, len(LEVELS))


def test_what_is_observed_after_the_issue_is_not_seen(sample, fitted):
    model, _ = fitted
    other = sample.observed.copy()
    other[:, ROWS[-1] + 1 :] += 1.0

    said = _said(model, replace(sample, observed=other))

    np.testing.assert_array_equal(said, _said(model, sample))


def test_the_weather_of_an_early_lead_moves_the_later_days_too(sample, fitted):
    model, _ = fitted
    other = sample.ahead.copy()
    other[:, :, 0] = np.roll(other[:, :, 0], 40, axis=1)

    moved = _said(model, replace(sample, ahead=other)) != _said(model, sample)

    assert moved[:, :, 0].any() and moved[:, :, 2].any()


def _with_evening(sample, value, names=LEFT[:2]):
    other = sample.predictors.copy()
    other[..., [sample.names.index(name) for name in names]] = value
    return replace(sample, predictors=other)


def test_a_dirty_evening_leads_to_a_dirtier_tomorrow_than_a_clean_one(sample, fitted):
    model, _ = fitted
    clean, dirty = (_said(model, _with_evening(sample, value)) for value in (np.log(10), np.log(250)))

    assert (dirty[:, :, 0, 3] > clean[:, :, 0, 3]).mean() > 0.9
    assert (dirty[:, :, 1, 3] != clean[:, :, 1, 3]).any()  # and what it leads to goes on


def test_where_nobody_measures_the_evening_the_chain_goes_by_the_index(sample):
    deaf = _with_evening(sample, np.nan, names=LEFT)

    model, _ = Chained(folds=2, rounds=5).fit(deaf.until(UNTIL))

    assert np.isfinite(_said(model, deaf)).all()


def test_without_weather_ahead_there_is_no_chain(sample):
    with pytest.raises(DataError, match="no weather ahead"):
        Chained().fit(replace(sample, ahead=sample.ahead[..., :0], ahead_names=()))


def test_a_pool_with_weather_and_chain_gives_the_same_paths_after_storage(small_air, areas, perfect, sample, tmp_path):
    base = Weathered(
        experts=(Way(penalty=1.0, width=0.5, reach=0.3, landmarks=60),),
        boosted=Boosted(trees=8, rows=200), size=replace(SIZE, landmarks=40), folds=3,
    )  # fmt: skip
    trees = Setting(leaves=4, least_rows=20, most=6)
    pool = Pooled(base, directs=(Direct(trees, folds=3), Chained(folds=3, rounds=10)))
    made = train(small_air, until=UNTIL, areas=areas, model=pool, effort="full", weather=perfect)
    asked = {"area": areas[0].key, "rows": ROWS, "count": 50, "seeds": np.arange(2, dtype=np.uint64)}

    paths = made.model.paths(sample, **asked)
    again = load(save(made, tmp_path / "model").parent).model.paths(sample, **asked)

    assert made.name == "blend-weather"
    assert made.model.weights.shape == (LEADS, 4)
    np.testing.assert_array_equal(again, paths)
