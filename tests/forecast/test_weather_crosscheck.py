"""The variables of a run correct one another where each errs by itself, and leave a run alone that errs as one."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pytest
import xarray as xr

from forecast import air, sample, weather_modes
from forecast.features import LEADS
from forecast.train import load, save, train
from forecast.weather_ahead import lesson
from forecast.weather_crosscheck import checked, learned

DAYS = np.arange(np.datetime64("2014-03-01"), np.datetime64("2015-07-01"))
UNTIL = date(2015, 3, 1)
PLACES = ["1001A", "1002A", "1003A"]
NAMES = ["wind_speed_mean", "wind_speed_night", "calm_index", "damp_index", "rain_index"]
AHEAD = "area", "issue_date", "lead"


def _world(*, together, seed=1):
    """Five variables of one kind of day at three places; runs err in each by itself or in all as one. And the truth."""
    random = np.random.default_rng(seed)
    count = len(DAYS) + LEADS
    kind, wrong = random.normal(0, 1, (2, count))
    loads = np.array([1.0, 0.9, -1.0, -0.8, 0.7])[:, None]

    def variables(base):
        return 10 + loads * base + 0.3 * random.normal(0, 1, (len(NAMES), count))

    came, other = variables(kind), variables(wrong)
    place = np.array([-0.2, 0.0, 0.2])[:, None, None]
    out, seen = {}, {}
    for number, name in enumerate(NAMES):
        ahead = np.stack([came[number, step : step + len(DAYS)] for step in range(1, LEADS + 1)], axis=-1)
        if together:
            error = np.stack([other[number, step : step + len(DAYS)] for step in range(1, LEADS + 1)], axis=-1) - 10
        else:
            error = random.normal(0, 1, ahead.shape)
        out[name] = AHEAD, place + ahead + error
        seen[name] = ("area", "valid_date"), place[..., 0] + came[number]
    run = xr.Dataset(out, {"area": PLACES, "issue_date": DAYS, "lead": np.arange(1, LEADS + 1)})
    observed = xr.Dataset(seen, {"area": PLACES, "valid_date": DAYS[0] + np.arange(count)})
    truth = xr.Dataset({name: (AHEAD, run[name].values * 0) for name in NAMES}, run.coords)
    for name in NAMES:
        for step in range(1, LEADS + 1):
            truth[name].values[..., step - 1] = observed[name].values[:, step : step + len(DAYS)]
    return run, observed, truth


def _missed(weather, truth, days):
    part = [((weather[name] - truth[name]).isel(issue_date=days) ** 2).mean() for name in NAMES]
    return float(np.mean(part))


LATER = DAYS > np.datetime64(UNTIL)
EARLIER = DAYS < np.datetime64(UNTIL) - 10


@pytest.fixture(scope="module")
def apart():
    run, observed, truth = _world(together=False)
    return run, observed, truth, *learned(run, observed, until=UNTIL)


def test_fellows_take_most_of_an_error_that_is_a_variables_own(apart):
    run, _, truth, check, made = apart

    assert _missed(checked(run, check, among=PLACES), truth, LATER) < 0.6 * _missed(run, truth, LATER)
    xr.testing.assert_allclose(made.isel(issue_date=LATER), checked(run, check, among=PLACES).isel(issue_date=LATER))


def test_days_learned_from_are_seen_no_better_than_days_to_come(apart):
    _, _, truth, _, made = apart

    assert _missed(made, truth, EARLIER) == pytest.approx(_missed(made, truth, LATER), rel=0.15)


def test_what_is_checked_departs_from_the_usual_as_much_as_what_is_observed(apart):
    _, _, truth, _, made = apart

    for name in NAMES:
        said, came = (float(one[name].isel(issue_date=LATER).std()) for one in (made, truth))
        assert said == pytest.approx(came, rel=0.15), name


def test_a_run_that_errs_as_weather_does_is_left_alone():
    run, observed, _ = _world(together=True)

    check, made = learned(run, observed, until=UNTIL)

    assert check is None
    xr.testing.assert_identical(made, run)


def test_a_right_run_is_left_alone(apart):
    _, observed, truth, *_ = apart

    assert learned(truth, observed, until=UNTIL)[0] is None


def test_nothing_after_the_end_of_training_is_learned_from(apart):
    run, observed, _, check, _ = apart
    other = observed.copy(deep=True)
    other["calm_index"].values[:, observed["valid_date"].values >= np.datetime64(UNTIL)] *= -5

    again, _ = learned(run, other, until=UNTIL)

    assert np.array_equal(again.table, check.table)
    assert not np.array_equal(learned(run, other, until=date(2015, 5, 1))[0].table, check.table)


def test_too_few_days_teach_nothing(apart):
    run, observed, *_ = apart

    assert learned(run, observed, until=date(2014, 6, 1))[0] is None


def test_a_place_keeps_its_departure_from_the_others(apart):
    run, _, _, check, _ = apart

    made = checked(run, check, among=PLACES)["calm_index"]

    assert float((made[2] - made[0]).mean()) == pytest.approx(0.4, abs=1e-9)


def test_a_lead_with_an_unknown_variable_stays_as_it_is_said(apart):
    run, _, _, check, _ = apart
    holed = run.copy(deep=True)
    holed["damp_index"].values[:, 400, 2] = np.nan

    made = checked(holed, check, among=PLACES)

    for name in NAMES:
        np.testing.assert_array_equal(made[name].values[:, 400, 2], holed[name].values[:, 400, 2])
    whole = checked(run, check, among=PLACES)["calm_index"].values
    np.testing.assert_array_equal(made["calm_index"].values[:, 400, 3], whole[:, 400, 3])


def test_a_table_of_one_place_or_without_a_variable_is_taken_as_it_is_said(apart):
    run, _, _, check, _ = apart

    alone, poorer = run.isel(area=[1]), run.drop_vars("damp_index")

    assert checked(alone, check, among=PLACES) is alone
    assert checked(poorer, check, among=PLACES) is poorer


def test_a_variable_nobody_observes_helps_and_is_not_changed(apart):
    run, observed, truth, *_ = apart

    check, made = learned(run, observed.drop_vars("rain_index"), until=UNTIL)

    assert "rain_index" in check.names and "rain_index" not in check.targets
    np.testing.assert_array_equal(made["rain_index"].values, run["rain_index"].values)
    assert _missed(made[NAMES[:4]].assign(rain_index=truth["rain_index"]), truth, LATER) < 0.6 * _missed(
        run[NAMES[:4]].assign(rain_index=truth["rain_index"]), truth, LATER
    )


def test_runs_of_one_season_teach_nothing_about_the_others(apart):
    run, observed, *_ = apart
    summer = (DAYS >= np.datetime64("2014-05-01")) & (DAYS < np.datetime64("2014-11-01"))

    assert learned(run.isel(issue_date=summer), observed, until=UNTIL)[0] is None


def test_the_model_file_keeps_the_check_and_the_digest_covers_it(tmp_path):
    begin = datetime(2014, 1, 1, tzinfo=air.BEIJING)
    year = sample.generate(seed=3, start=begin, end=begin + timedelta(days=424), stations=2)
    areas = [weather_modes.Area(str(code), (str(code),)) for code in year["station"].values]
    run = weather_modes.perfect_weather(year, areas=areas)
    random = np.random.default_rng(4)
    for name in ("temperature_mean", "dew_point_mean", "wind_speed_mean", "wind_speed_night", "wind_speed_day"):
        values = run[name].values
        values += random.normal(0, 0.4 * float(np.nanstd(values)), values.shape[1:])
        if name.startswith("wind"):
            np.clip(values, 0, None, out=values)
    run.attrs["weather_mode"] = "forecast"

    made = train(year, until=UNTIL, areas=areas, model="blend-weather", weather=run)
    again = load(save(made, tmp_path).parent)

    kept, own = again.belief.check, lesson(year, run, areas=areas, until=UNTIL).belief.check
    assert own is not None and kept.names == own.names and again.digest == made.digest
    np.testing.assert_array_equal(kept.table, own.table)
    assert set(again.manifest["weather_variables_checked"]) == set(kept.targets)
