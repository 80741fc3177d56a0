"""What a model may learn from: runs that were kept, runs made where none were, and variables nobody observes."""

from datetime import date, timedelta

import numpy as np
import pytest
import xarray as xr

from forecast import weather_modes
from forecast.features import issue_time
from forecast.predict import make_outlook
from forecast.train import load, save, train
from forecast.weather_ahead import learnable, lesson
from plans.errors import DataError

UNTIL = date(2015, 2, 20)
HEIGHT = "boundary_layer_height_mean"


@pytest.fixture(scope="module")
def runs(small_air, areas):
    return weather_modes.degraded_weather(small_air, areas=areas, climate_until=UNTIL)


def _of_late(runs):
    """The runs as an office has them that began to keep them when it began to use them."""
    return runs.sel(issue_date=runs["issue_date"].values >= np.datetime64(UNTIL) - np.timedelta64(1, "D"))


def _with_height(runs):
    height = 300 + 100 * np.abs(runs["wind_speed_mean"])
    return runs.assign({HEIGHT: height.assign_attrs(units="m")})


def test_runs_that_were_kept_are_learned_from_as_they_are(small_air, areas, runs):
    learned, stand_in = learnable(small_air, runs, areas=areas, until=UNTIL)

    assert learned is runs and not stand_in


def test_where_no_run_was_kept_the_model_learns_from_made_ones_and_says_so(
    small_air, areas, runs, tmp_path, fill_archive
):
    made = train(small_air, until=UNTIL, areas=areas, model="blend-weather", weather=_of_late(runs))

    again = load(save(made, tmp_path).parent)
    outlook = make_outlook(
        fill_archive(small_air), again, area=areas[0].key, area_name="甲", stations=areas[0].stations,
        issued_at=issue_time(UNTIL) + timedelta(hours=1), aqi_edition="hj633-2012", weather=runs,
    )  # fmt: skip

    assert again.manifest["stand_in_runs"]
    assert any("训练期没有存档的气象预报" in note for note in outlook.mode_notes)


def test_made_runs_know_nothing_of_what_comes_after_the_training(small_air, areas, runs):
    late = small_air.copy(deep=True)
    after = late["valid_time"].values > np.datetime64("2015-02-19T16:00")  # its hour 24 is still of the 19th
    late["wind_speed"].values[:, after] += 5
    before = {"areas": areas, "until": UNTIL}

    made, other = (learnable(data, _of_late(runs), **before)[0] for data in (small_air, late))

    past = made["issue_date"].values + np.timedelta64(7, "D") < np.datetime64(UNTIL)
    xr.testing.assert_equal(made.isel(issue_date=past), other.isel(issue_date=past))


def test_what_nobody_observes_cannot_be_made_up(small_air, areas, runs):
    with pytest.raises(DataError, match=rf"too few weather runs.*not observed: {HEIGHT}.*Give the runs"):
        learnable(small_air, _with_height(_of_late(runs)), areas=areas, until=UNTIL)


def test_a_variable_nobody_observes_is_measured_by_the_next_run(small_air, areas, runs):
    with_height = _with_height(runs)

    again = lesson(small_air, with_height, areas=areas, until=UNTIL).redrawn

    drawn, said = again[0][HEIGHT].values[:, 60:120], with_height[HEIGHT].values[:, 60:120]
    assert np.isfinite(drawn).all()
    spread = [float(np.std(drawn[..., lead] - said[..., lead])) for lead in (0, 6)]
    assert spread[0] == pytest.approx(0), "lead 1 is the measure itself"
    assert spread[1] > 10


def test_a_model_learns_from_runs_with_a_variable_nobody_observes(small_air, areas, runs):
    made = train(small_air, until=UNTIL, areas=areas, model="blend-weather", weather=_with_height(runs))

    assert made.weather_mode == "forecast" and HEIGHT not in made.belief.shares
