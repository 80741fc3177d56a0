"""Days without a kept run get one that errs as the kept ones do, whichever way that is."""

import numpy as np
import pytest
import xarray as xr

from forecast.weather_crosscheck import checked
from forecast.weather_made import run_for_every_day
from tests.forecast.test_weather_crosscheck import DAYS, EARLIER, LATER, NAMES, PLACES, UNTIL, _missed, _world

KEPT = DAYS >= np.datetime64(UNTIL) - np.timedelta64(90, "D")
WITHOUT = EARLIER & ~KEPT


@pytest.fixture(scope="module", params=[True, False], ids=["errs as one", "each by itself"])
def world(request):
    run, observed, truth = _world(together=request.param)
    few = run.isel(issue_date=KEPT)
    return request.param, run, few, truth, observed, *run_for_every_day(few, observed, until=UNTIL)


def test_every_day_before_the_end_has_a_run_and_the_number_made_is_told(world):
    *_, whole, made = world

    assert made == int((~KEPT).sum())
    assert bool(whole[NAMES[0]].sel(issue_date=DAYS[WITHOUT]).notnull().all())


def test_kept_weeks_of_runs_tell_which_kind_errs(world):
    together, *_, check, _whole, _made = world

    assert (check is None) == together


def test_a_made_run_misses_as_much_as_the_kept_ones_do(world):
    together, _run, few, truth, _observed, _check, whole, _made = world
    made = whole.sel(issue_date=DAYS)

    if together:
        xr.testing.assert_allclose(made.isel(issue_date=KEPT), few)
    asked = _missed(made, truth, WITHOUT), _missed(made, truth, KEPT & EARLIER)
    assert asked[0] == pytest.approx(asked[1], rel=0.25)


def test_a_check_learned_on_some_weeks_helps_with_runs_to_come():
    run, observed, truth = _world(together=False)

    check = run_for_every_day(run.isel(issue_date=KEPT), observed, until=UNTIL)[0]

    assert _missed(checked(run, check, among=PLACES), truth, LATER) < 0.7 * _missed(run, truth, LATER)


def test_a_made_run_knows_nothing_from_after_the_end(world):
    _, _run, few, _truth, observed, _check, whole, _made = world
    other = observed.copy(deep=True)
    other[NAMES[0]].values[:, observed["valid_date"].values >= np.datetime64(UNTIL)] += 50

    again = run_for_every_day(few, other, until=UNTIL)[1]

    over = whole["issue_date"].values < np.datetime64(UNTIL) - np.timedelta64(8, "D")
    xr.testing.assert_equal(again.isel(issue_date=over), whole.isel(issue_date=over))
