"""Weather of the days ahead in the model: its way, runs drawn again, and forecasts that use a run and nothing later."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
import xarray as xr

from forecast import backtest, features, predict, weather, weather_modes, weather_path
from forecast.models.experts import Boosted
from forecast.models.way import Way
from forecast.models.weathered import SIZE, Weathered, light
from forecast.train import load, save, train
from plans.errors import DataError

UNTIL = date(2015, 2, 20)
ISSUE = np.datetime64("2015-01-10", "us")
SEEDS = np.array([1], dtype=np.uint64)


@pytest.fixture(scope="module")
def perfect(small_air, areas):
    return weather_modes.perfect_weather(small_air, areas=areas)


@pytest.fixture(scope="module")
def degraded(small_air, areas):
    return weather_modes.degraded_weather(small_air, areas=areas, climate_until=UNTIL)


@pytest.fixture(scope="module")
def seen(small_air, areas):
    return weather.observed_daily(small_air, areas=areas)


@pytest.fixture(scope="module")
def small():
    size = replace(SIZE, landmarks=60)
    kernel, trees = Way(penalty=1.0, width=0.5, reach=0.3, landmarks=80), Boosted(trees=20, rows=300)
    return Weathered(experts=(kernel,), boosted=trees, size=size, folds=3)


@pytest.fixture(scope="module")
def model(small_air, areas, perfect, small):
    return train(small_air, until=UNTIL, areas=areas, model=small, weather=perfect)


def test_the_way_of_a_lead_holds_the_days_before_it_of_the_same_run(degraded, seen):
    made = weather_path.way(degraded, seen).sel(issue_date=ISSUE)
    run = degraded["wind_speed_mean"].sel(issue_date=ISSUE).values
    today = seen["wind_speed_mean"].sel(valid_date=ISSUE).values

    np.testing.assert_allclose(made["wind_speed_mean_before"].values, np.c_[today, run[:, :-1]])
    np.testing.assert_allclose(made["wind_speed_mean_way"].values[:, 2], run[:, :3].mean(axis=1))
    np.testing.assert_allclose(made["wind_speed_mean_next"].values[:, :-1], run[:, 1:])
    assert np.isnan(made["wind_speed_mean_next"].values[:, -1]).all()


def test_the_way_looks_at_no_other_run_and_at_nothing_observed_after_the_issue(degraded, seen):
    before = weather_path.way(degraded, seen).sel(issue_date=ISSUE)
    other, later = degraded.copy(deep=True), seen.copy(deep=True)
    for name in map(str, other):
        other[name].values[:, degraded["issue_date"].values != ISSUE] += 5.0
        later[name].values[:, seen["valid_date"].values > ISSUE] += 5.0

    after = weather_path.way(other, later).sel(issue_date=ISSUE)

    xr.testing.assert_identical(before, after)


def test_days_since_the_air_was_swept_are_counted_from_the_last_strong_wind(perfect, seen):
    calm, still = perfect.copy(deep=True), seen.copy(deep=True)
    calm["wind_speed_mean"].values[:] = 1.0
    still["wind_speed_mean"].values[:] = 1.0
    at = int(np.flatnonzero(calm["issue_date"].values == ISSUE)[0])
    calm["wind_speed_mean"].values[:, at, 2] = 6.0

    made = weather_path.way(calm, still)["wind_speed_mean_days_since"].sel(issue_date=ISSUE).values[0]

    assert made.tolist() == [4, 5, 0, 1, 2, 3, 4]


def test_a_run_drawn_again_keeps_the_weather_it_was_a_forecast_of(degraded, seen, perfect):
    again = weather_path.redrawn(degraded, seen, until=UNTIL, seed=1)
    name = "temperature_mean"
    known = ~np.isnan(again[name].values)
    truth, drawn, said = (each[name].values for each in (perfect, again, degraded))
    error = [np.std((each - truth)[..., lead][known[..., lead]]) for each in (drawn, said) for lead in (0, 6)]

    assert error[0] == pytest.approx(error[2], rel=0.25)
    assert error[1] == pytest.approx(error[3], rel=0.25)
    assert not np.allclose(drawn[known], said[known])
    valid = again["issue_date"].values[:, None] + np.arange(1, 8) * np.timedelta64(1, "D")
    assert not known[:, valid >= np.datetime64(UNTIL, "us")].any()


def test_a_stored_model_gives_the_same_paths(model, small_air, areas, codes, perfect, seen, tmp_path):
    save(model, tmp_path)
    again = load(tmp_path)
    sample = features.build(small_air, areas=areas, region=codes, ahead=weather_path.way(perfect, seen))
    asked = {"area": "city", "rows": np.array([150]), "count": 20, "seeds": SEEDS}

    first, second = (one.model.paths(sample, **asked) for one in (model, again))

    assert again.weather_mode == "perfect"
    np.testing.assert_array_equal(first, second)


def test_weather_that_comes_changes_the_forecast_of_its_day_and_the_future_of_the_air_does_not(
    model, small_air, areas, codes, perfect, seen
):
    row = int(
        (ISSUE.astype("datetime64[D]") - features.build(small_air, areas=areas, region=codes).days[0]).astype(int)
    )
    later = small_air.copy(deep=True)
    ends = np.datetime64("2015-01-10T16:00", "us")
    for name in ("pm25", "pm10", "o3", "temperature", "wind_speed"):
        later[name].values[:, later["valid_time"].values > ends] *= 3.0
    windy = perfect.copy(deep=True)
    for name in map(str, windy):
        if name.startswith("wind_speed"):
            windy[name].values[:] = windy[name].values + 4.0
    asked = {"area": "city", "rows": np.array([row]), "count": 20, "seeds": SEEDS}

    def said(air, ahead, observed):
        sample = features.build(air, areas=areas, region=codes, ahead=weather_path.way(ahead, observed))
        return model.model.paths(sample, **asked)

    plain = said(small_air, perfect, seen)

    np.testing.assert_array_equal(plain, said(later, perfect, weather.observed_daily(later, areas=areas)))
    assert not np.allclose(plain, said(small_air, windy, seen))


def test_the_backtest_uses_the_model_with_weather_and_names_the_mode(small_air, areas, degraded, tmp_path):
    import pandas as pd

    done = backtest.run(
        small_air, train_until=UNTIL, first=UNTIL, last=date(2015, 3, 1), edition="hj633-2012", areas=areas[:1],
        models=("blend", "climatology"), paths=20, weather=degraded,
    )  # fmt: skip
    done.write(tmp_path / "rows.parquet")

    frame = pd.read_parquet(tmp_path / "rows.parquet")
    assert list(frame) == list(backtest.COLUMNS)
    modes = frame.groupby("model")["weather_mode"].unique().map(list).to_dict()
    assert modes == {"blend-weather": ["forecast"], "climatology": ["none"]}


def test_days_without_a_run_are_forecast_by_the_model_without_weather_and_say_so(small_air, areas, degraded):
    models = {
        "blend-weather": train(small_air, until=UNTIL, areas=areas[:1], model="blend-weather", weather=degraded),
        "blend": train(small_air, until=UNTIL, areas=areas[:1], model="blend"),
    }
    asked = {
        "train_until": UNTIL, "first": UNTIL, "last": date(2015, 3, 1), "edition": "hj633-2012", "areas": areas[:1],
        "models": ("blend",), "paths": 20, "trained": models,
    }  # fmt: skip
    days = degraded["issue_date"].values.astype("datetime64[D]")
    gone = np.isin(days, np.array(["2015-02-22", "2015-02-23", "2015-03-01"], "datetime64[D]"))
    told: list[str] = []

    whole, bare = (list(backtest.run(small_air, weather=one, **asked).forecasts.values()) for one in (degraded, None))
    done = backtest.run(small_air, weather=degraded.isel(issue_date=~gone), say=told.append, **asked)
    rows = {(row["issue_date"], row["lead"]): row for row in done.rows("blend-weather")}

    (made,) = done.forecasts.values()
    those = np.isin(done.issue_dates, np.array(["2015-02-22", "2015-02-23"], "datetime64[D]"))
    for name in ("aqi", "pm25", "primary"):
        np.testing.assert_array_equal(getattr(bare[0], name)[:, those], getattr(made, name)[:, those])
        kept, expected = getattr(made, name)[:, ~those], getattr(whole[0], name)[:, ~those]
        np.testing.assert_array_equal(expected[:, :-1], kept[:, :-1])
    assert {"none"} == {rows["2015-02-22", lead]["weather_mode"] for lead in range(1, 8)}
    assert "forecast" == rows["2015-02-24", 1]["weather_mode"]
    assert "2 天没有气象预报，改用无气象的模型 blend" in told, "the last day has nothing ahead that could be scored"


def test_a_model_with_weather_refuses_to_forecast_without_it(model, small_air, areas, codes, perfect):
    plain = features.build(small_air, areas=areas, region=codes)

    with pytest.raises(DataError, match="needs the weather of the days ahead"):
        model.model.paths(plain, area="city", rows=np.array([150]), count=5, seeds=SEEDS)
    with pytest.raises(DataError, match="expected perfect, found none"):
        predict._ahead(small_air, model, None, areas[0], date(2015, 1, 10))
    with pytest.raises(DataError, match="no weather ahead to train on"):
        light().fit(plain)
    with pytest.raises(DataError, match="The weather lacks an area: expected S901A"):
        train(small_air, until=UNTIL, areas=areas, model=light(), weather=perfect.sel(area=["city"]))
