"""The counterfactual finds an effect that is there, finds none where none is, and says so when it cannot tell."""

from datetime import date, timedelta

import numpy as np
import pytest

from forecast.counterfactual import without_response

FIRST = date(2015, 1, 1)
DAYS = [FIRST + timedelta(days=n) for n in range(400)]
RESPONSE = [FIRST + timedelta(days=n) for n in range(340, 346)]


def air(effect=1.0, *, noise=0.15, seed=1):
    """PM2.5 that follows wind and humidity, times `effect` during the response."""
    rng = np.random.default_rng(seed)
    weather = {day: (rng.uniform(0.5, 6), rng.uniform(20, 95)) for day in DAYS}
    daily = {}
    for day, (wind, humid) in weather.items():
        usual = float(np.exp(4.5 - 0.3 * wind + 0.012 * humid + noise * rng.standard_normal()))
        daily[day] = usual * (effect if day in RESPONSE else 1)
    return daily, weather


def test_an_effect_that_is_there_is_found_with_its_size():
    found = without_response(*air(0.6), RESPONSE)

    assert found.tells
    assert -40 == pytest.approx(found.change_percent, abs=12)
    assert found.low_percent < found.change_percent < found.high_percent < 0


def test_where_nothing_was_done_nothing_is_found_most_times():
    told = [without_response(*air(1.0, seed=seed), RESPONSE).tells for seed in range(6)]

    assert sum(told) <= 2


def test_air_worse_than_its_weather_is_no_verdict_because_responses_are_called_in_bad_air():
    found = without_response(*air(2.0), RESPONSE)

    assert found.low_percent > 0
    assert not found.tells
    assert "不能判断减排是否起了作用" in found.statement


def test_the_interval_holds_the_truth():
    inside = 0
    for seed in range(6):
        found = without_response(*air(0.8, seed=seed), RESPONSE)
        inside += found.low_percent <= -20 <= found.high_percent

    assert inside >= 4


@pytest.mark.parametrize(
    ("case", "word"),
    [("no weather", "没有气象观测资料"), ("few days", "可比的无响应日只有"), ("no values", "响应期间缺少")],
)
def test_what_cannot_be_told_is_said_plainly(case, word):
    daily, weather = air()
    if case == "no weather":
        weather = None
    elif case == "few days":
        daily = {day: daily[day] for day in DAYS[290:]}
    else:
        daily = {day: None if day in RESPONSE else value for day, value in daily.items()}
    found = without_response(daily, weather, RESPONSE)

    assert not found.tells
    assert found.change_percent is None
    assert word in found.statement


def test_weather_that_explains_nothing_is_no_witness():
    rng = np.random.default_rng(3)
    daily = {day: float(np.exp(4 + 0.5 * rng.standard_normal())) * (0.3 if day in RESPONSE else 1) for day in DAYS}
    weather = {day: (float(rng.uniform()),) for day in DAYS}
    found = without_response(daily, weather, RESPONSE)

    assert not found.tells
    assert "不足以判断" in found.statement


def test_the_same_data_give_the_same_text():
    assert without_response(*air(), RESPONSE).as_data() == without_response(*air(), RESPONSE).as_data()
