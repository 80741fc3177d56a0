"""Marks: each where it belongs, none where it does not, and no value changed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from forecast import air
from forecast.quality import USUAL, Flag, counts, flag, pack, unpack, without
from forecast.readers import prsa
from plans.errors import DataError

START = np.datetime64("2016-01-01T01", "us")


def series(values, *, name="pm25", gap_after=None, **more):
    rows = {key: np.atleast_2d(np.array(array, dtype=float)) for key, array in ({name: values} | more).items()}
    length = next(iter(rows.values())).shape[1]
    steps = np.arange(length)
    if gap_after is not None:
        steps[gap_after + 1 :] += 5
    stations = [f"{number}A" for number in range(len(next(iter(rows.values()))))]
    return air.dataset(rows, stations=stations, valid_time=START + steps * np.timedelta64(1, "h"))


def marked(data, mark, name="pm25", station=0):
    """The places that carry the mark."""
    return np.flatnonzero(unpack(flag(data)["flags"].values, name)[station] & int(mark)).tolist()


def test_pm10_below_pm25_marks_both_because_neither_is_known_to_be_wrong():
    data = series([50, 60, np.nan], pm10=[40, 60, 10])

    assert marked(data, Flag.PM_ORDER) == [0]
    assert marked(data, Flag.PM_ORDER, "pm10") == [0]


def test_a_value_at_the_instruments_ceiling_is_marked():
    assert marked(series([998, 999, 1000]), Flag.CEILING) == [1]


def test_an_implausible_value_is_marked_and_kept():
    data = flag(series([10, 1071, 12], name="o3"))

    assert data["o3"].values[0].tolist() == [10, 1071, 12]
    assert unpack(data["flags"].values, "o3")[0].tolist() == [0, Flag.RANGE | Flag.SPIKE, 0]


@pytest.mark.parametrize(("hours", "expected"), [(12, list(range(1, 13))), (11, [])])
def test_a_value_that_stands_still_for_12_hours_is_marked(hours, expected):
    assert marked(series([8, *([40] * hours), 9]), Flag.STUCK) == expected


def test_clean_air_may_rest_at_the_least_steps_of_the_instrument():
    assert marked(series([3] * 30), Flag.STUCK) == []


def test_a_gap_in_the_hours_breaks_a_run():
    assert marked(series([40] * 16, gap_after=7), Flag.STUCK) == []


def test_a_single_hour_far_above_both_neighbours_is_a_spike_and_a_rise_is_not():
    assert marked(series([20, 300, 25]), Flag.SPIKE) == [1]
    assert marked(series([20, 300, 310]), Flag.SPIKE) == []
    assert marked(series([20, 300, np.nan]), Flag.SPIKE) == [], "without a neighbour there is no judgement"
    assert marked(series([20, 300, 25], gap_after=1), Flag.SPIKE) == []


def test_two_stations_that_agree_hour_by_hour_for_a_day_are_both_marked():
    random = np.random.default_rng(1)
    one, other = random.integers(20, 90, 80).astype(float), random.integers(20, 90, 80).astype(float)
    other[30:60] = one[30:60]
    data = series([one, other])

    found = set(marked(data, Flag.DUPLICATE, station=0)), set(marked(data, Flag.DUPLICATE, station=1))

    assert found[0] == found[1] >= set(range(30, 60))
    other[45:50] += 1.0
    assert marked(series([one, other]), Flag.DUPLICATE) == [], "15 hours and 10 hours are no day"


def test_marks_that_came_with_the_data_are_kept():
    data = series([1, 2, 3]).assign(
        flags=(("station", "valid_time"), pack({"pm25": np.array([[0, int(Flag.SENTINEL), 0]])}))
    )

    assert marked(data, Flag.SENTINEL) == [1]


def test_a_reader_may_leave_out_marked_values_in_the_open():
    data = flag(series([50, 60, 70], pm10=[40, 80, 90]))

    left = without(data, Flag.PM_ORDER)

    assert np.array_equal(left["pm25"].values, [[np.nan, 60, 70]], equal_nan=True)
    assert data["pm25"].values[0, 0] == 50
    with pytest.raises(DataError, match="carries no marks"):
        without(series([1]), Flag.RANGE)


def test_every_mark_has_a_chinese_and_an_english_name():
    assert all(mark.chinese and mark.english for mark in Flag)
    assert len({mark.chinese for mark in Flag}) == len(Flag)


@settings(max_examples=100, deadline=None)
@given(marks=hnp.arrays(np.uint8, (6, 4)))
def test_packing_loses_nothing(marks):
    packed = pack({name: marks[number] for number, name in enumerate(air.POLLUTANTS)})

    assert all((unpack(packed, name) == marks[number]).all() for number, name in enumerate(air.POLLUTANTS))
    assert (packed >= 0).all()


@settings(max_examples=50, deadline=None)
@given(values=hnp.arrays(float, (3, 40), elements=st.one_of(st.just(np.nan), st.integers(0, 1200).map(float))))
def test_no_value_is_ever_changed_and_a_missing_one_is_never_marked(values):
    data = series(values)

    done = flag(data)

    assert np.array_equal(done["pm25"].values, values, equal_nan=True)
    assert (unpack(done["flags"].values, "pm25")[np.isnan(values)] == 0).all()


@pytest.mark.data
def test_the_known_problems_of_the_beijing_set_are_found(shared_data):
    """README of the set: PM10 below PM2.5 in 3-8 % of hours, ceilings 999/500/10, one O3 of 1071. Recorded counts."""
    data = flag(prsa.read(shared_data / "beijing_prsa_2013_2016"))
    found = counts(data)
    share = found["pm25"][Flag.PM_ORDER] / float(data["pm25"].count())

    assert 0.03 < share < 0.08
    assert tuple(found[name][Flag.CEILING] for name in ("pm25", "pm10", "so2", "co")) == (1, 3, 3, 43)
    where = data["o3"].values > 1000
    assert where.any() and (unpack(data["flags"].values, "o3")[where] & int(Flag.RANGE)).all()
    assert sum(found["so2"].values()) / float(data["so2"].count()) < 0.01, "marks are for the odd value, not the usual"
    assert USUAL.stuck_hours == 12
