"""What a run says of one place beside its neighbours counts as far as it was right, and the model keeps how far."""

from datetime import date

import numpy as np
import pytest
import xarray as xr

from forecast import weather_modes
from forecast.features import LEADS
from forecast.train import load, save, train
from forecast.weather_ahead import Belief, lesson, weathered
from forecast.weather_local import led_back, shares_of

UNTIL = date(2015, 2, 20)
PLACES = [f"P{number}" for number in range(6)]
DAYS = np.datetime64("2014-03-01") + np.arange(400)


@pytest.fixture(scope="module")
def perfect(small_air, areas):
    return weather_modes.perfect_weather(small_air, areas=areas)


def _world(share, seed=3):
    """Runs whose local departures hold `share` of the truth and else chance of the same size; and what came."""
    random = np.random.default_rng(seed)
    large = 3 + random.normal(0, 1, len(DAYS) + LEADS)
    came = large + random.normal(0, 1, (len(PLACES), len(DAYS) + LEADS))
    lead = np.stack([came[:, step : step + len(DAYS)] for step in range(1, LEADS + 1)], axis=-1)
    middle = np.stack([large[step : step + len(DAYS)] for step in range(1, LEADS + 1)], axis=-1)
    chance = random.normal(0, 1, lead.shape)
    said = middle + share * (lead - middle) + np.sqrt(1 - share**2) * chance
    run = xr.Dataset(
        {"wind_speed_mean": (("area", "issue_date", "lead"), said)}, coords={"area": PLACES, "issue_date": DAYS}
    )
    observed = xr.Dataset(
        {"wind_speed_mean": (("area", "valid_date"), came)},
        coords={"area": PLACES, "valid_date": DAYS[0] + np.arange(len(DAYS) + LEADS)},
    )
    return run, observed, lead


def test_chance_between_places_is_believed_for_what_it_holds():
    for share in (0.9, 0.3):
        run, observed, _ = _world(share)
        assert np.mean(shares_of(run, observed, until=UNTIL)["wind_speed_mean"]) == pytest.approx(share, abs=0.05)


def test_what_is_led_back_is_nearer_to_what_came():
    run, observed, came = _world(0.3)

    led = led_back(run, shares_of(run, observed, until=UNTIL), among=PLACES)

    def missed(weather):
        return float(((weather["wind_speed_mean"].values - came) ** 2).mean())

    assert missed(led) < 0.8 * missed(run)


def test_one_place_alone_has_no_neighbours_to_be_led_to():
    run, observed, _ = _world(0.3)

    shares = shares_of(run.isel(area=[0]), observed, until=UNTIL)

    assert set(shares["wind_speed_mean"]) == {1.0}
    xr.testing.assert_identical(led_back(run, shares, among=PLACES[:1])["wind_speed_mean"], run["wind_speed_mean"])


def test_nothing_after_the_end_of_training_is_learned_from():
    run, observed, _ = _world(0.3)
    other = observed.copy(deep=True)
    other["wind_speed_mean"].values[:, observed["valid_date"].values >= np.datetime64(UNTIL)] *= -5

    assert shares_of(run, other, until=UNTIL) == shares_of(run, observed, until=UNTIL)
    assert shares_of(run, other, until=date(2015, 3, 20)) != shares_of(run, observed, until=date(2015, 3, 20))


def test_an_unknown_value_stays_unknown_and_counts_for_no_mean():
    run, _, _ = _world(0.3)
    run["wind_speed_mean"].values[0, 50, 2] = np.nan

    led = led_back(run, {"wind_speed_mean": [0.0] * LEADS}, among=PLACES)["wind_speed_mean"].values

    assert np.isnan(led[0, 50, 2])
    assert led[1, 50, 2] == pytest.approx(run["wind_speed_mean"].values[1:, 50, 2].mean())


def test_perfect_weather_is_believed_as_it_is_said(small_air, areas, perfect):
    as_run = perfect.copy()
    as_run.attrs["weather_mode"] = "forecast"

    assert lesson(small_air, perfect, areas=areas, until=UNTIL).belief.shares == {}
    assert set(lesson(small_air, as_run, areas=areas, until=UNTIL).belief.shares["temperature_mean"]) == {1.0}


def test_an_area_asked_alone_sees_what_it_sees_among_all(small_air, areas, perfect):
    shares = {"wind_speed_mean": [0.5] * LEADS, "temperature_mean": [0.2] * LEADS}

    among_all = weathered(small_air, perfect, areas=areas, belief=Belief(shares)).isel(area=[0])
    alone = weathered(small_air, perfect, areas=areas[:1], belief=Belief(shares), among=areas)

    xr.testing.assert_allclose(among_all, alone)
    assert not among_all.equals(weathered(small_air, perfect, areas=areas).isel(area=[0]))


def test_the_model_file_keeps_how_far_local_detail_is_believed(small_air, areas, tmp_path):
    run = weather_modes.degraded_weather(small_air, areas=areas, climate_until=UNTIL)
    made = train(small_air, until=UNTIL, areas=areas, model="blend-weather", weather=run)

    again = load(save(made, tmp_path).parent)

    assert again.belief.shares == made.belief.shares == lesson(small_air, run, areas=areas, until=UNTIL).belief.shares
    assert again.belief.shares["wind_speed_mean"][6] < 1.0
