"""Marks from neighbours, from the days before, from the clock and from the office's calendar."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from forecast import air
from forecast.quality import Flag, pack, unpack
from forecast.quality_rules import Settings, Window, judge, neighbours
from forecast.readers import cnemc_snapshot, prsa
from forecast.readers.station_list import Station
from plans.errors import DataError

T0 = datetime(2016, 1, 1, tzinfo=UTC)
NEAR = [Station(f"{n}A", f"站{n}", "样例", 112.9 + 0.02 * n, 28.2) for n in range(6)]


def town(hours, *, start=T0, seed=1, **over):
    """Six stations that share a day's rhythm, with their own small noise; `over` replaces pollutants."""
    chooser = np.random.default_rng(seed)
    rhythm = 60 + 25 * np.sin(np.arange(hours) / 24 * 2 * np.pi) + 12 * chooser.standard_normal(hours).cumsum() / 4
    base = np.clip(rhythm, 8, None)
    rows = {
        name: np.round(np.abs(base * by + chooser.normal(0, 2, (6, hours))) + 1, 1)
        for name, by in (("pm25", 1.0), ("pm10", 1.6), ("no2", 0.7), ("o3", 0.9))
    }
    labels = air.utc(start) + np.arange(1, hours + 1) * np.timedelta64(1, "h")
    return air.dataset(rows | over, stations=[s.code for s in NEAR], valid_time=labels)


def marked(data, mark, name="pm25", **more):
    packed = judge(data, places=NEAR, **more)["flags"].values
    return [tuple(place) for place in np.argwhere(unpack(packed, name) & int(mark)).tolist()]


def test_a_quiet_town_carries_none_of_these_marks():
    data = judge(town(120), places=NEAR)

    every = Flag.NEIGHBOUR | Flag.UNIT | Flag.CLOCK | Flag.MAINTENANCE | Flag.STUCK
    assert not any((unpack(data["flags"].values, name) & int(every)).any() for name in ("pm25", "pm10", "no2", "o3"))


def test_a_value_far_from_all_stations_around_is_marked_and_its_neighbours_are_not():
    data = town(24)
    data["pm25"].values[2, 5] = 240.0

    assert [(2, 5)] == marked(data, Flag.NEIGHBOUR)
    assert 240.0 == judge(data, places=NEAR)["pm25"].values[2, 5], "a mark never deletes"


def test_without_coordinates_or_without_three_neighbours_there_is_no_judgement():
    data = town(24)
    data["pm25"].values[2, 5] = 240.0
    few = data.copy(deep=True)
    few["pm25"].values[3:, 5] = np.nan

    assert not (unpack(judge(data)["flags"].values, "pm25") & int(Flag.NEIGHBOUR)).any()
    assert [] == marked(few, Flag.NEIGHBOUR)


def test_neighbours_are_those_within_the_radius():
    far = [*NEAR, Station("9A", "远", "样例", 114.0, 28.2)]
    found = neighbours([s.code for s in far], far, radius_km=4.5)

    assert [1, 2] == sorted(found[0].tolist())
    assert [] == found[6].tolist()


def test_units_changed_overnight_are_marked_from_the_first_hour_and_single_peaks_are_not():
    data = town(48)
    data["pm25"].values[1, 30:] /= 1000.0
    data["no2"].values[3, 40] *= 400.0

    assert [(1, hour) for hour in range(30, 48)] == marked(data, Flag.UNIT)
    assert [] == marked(data, Flag.UNIT, "no2")


def test_the_days_before_are_looked_back_on_but_not_marked_again():
    early, late = town(24), town(6, start=T0 + timedelta(hours=24))
    late["pm25"].values[1] /= 1000.0

    assert [] == marked(late, Flag.UNIT)
    assert [(1, hour) for hour in range(6)] == marked(late, Flag.UNIT, before=early)


@pytest.mark.parametrize("shift", [8, -5])
def test_a_clock_that_is_off_by_whole_hours_is_marked_on_that_station_only(shift):
    data = town(240)
    for name in ("pm25", "pm10", "no2", "o3"):
        data[name].values[4] = np.roll(data[name].values[4], shift)
    packed = judge(data, places=NEAR)["flags"].values

    assert [False, False, False, False, True, False] == ((packed >> 60) & 1).any(axis=1).tolist()
    assert (unpack(packed, "so2") & int(Flag.CLOCK)).any(axis=1).tolist()[4], "the clock is of the whole row"


def test_a_feed_that_repeats_the_hour_before_at_all_stations_is_marked():
    labels = air.utc(T0) + np.arange(1, 7) * np.timedelta64(1, "h")
    values = np.random.default_rng(3).uniform(10, 90, (30, 6)).round()
    values[:, 4] = values[:, 3]
    data = air.dataset({"pm25": values}, stations=[f"{n}A" for n in range(30)], valid_time=labels)
    stuck = unpack(judge(data)["flags"].values, "pm25") & int(Flag.STUCK)

    assert [False, False, False, False, True, False] == stuck.all(axis=0).tolist()


def test_a_maintenance_window_marks_its_station_its_hours_and_its_pollutants():
    window = Window("3A", T0 + timedelta(hours=2), T0 + timedelta(hours=4), ("pm25", "so2"), "校准")

    assert [(3, 2), (3, 3)] == marked(town(8), Flag.MAINTENANCE, windows=[window])
    assert [] == marked(town(8), Flag.MAINTENANCE, "pm10", windows=[window])


def test_a_window_without_length_is_refused():
    with pytest.raises(DataError, match="no length"):
        judge(town(8), windows=[Window("3A", T0, T0)])


def test_a_missing_value_in_maintenance_says_so_and_carries_nothing_else():
    data = town(24)
    data["pm25"].values[0, 3] = np.nan
    packed = judge(data, places=NEAR, windows=[Window("0A", T0, T0 + timedelta(hours=24))])["flags"].values

    assert int(Flag.MAINTENANCE) == int(unpack(packed, "pm25")[0, 3])


def test_all_eleven_marks_fit_together_into_one_integer_of_the_archive():
    every = int(sum(Flag))
    packed = pack({name: np.array([every]) for name in air.POLLUTANTS})

    assert all(every == int(unpack(packed, name)[0]) for name in air.POLLUTANTS)
    assert 0 < int(packed[0]) < 2**62


def test_the_real_snapshot_has_few_stations_far_from_their_neighbours(shared_data):
    """1,462 stations of 2017-07-07 16:00: a recorded number; most are single dust or CO values."""
    path = shared_data / "official_station_snapshot" / "cnemc_stations_2017-07-07T16.csv"
    data = cnemc_snapshot.read(path)
    found = judge(data, places=cnemc_snapshot.stations(path))["flags"].values
    shares = {name: ((unpack(found, name) & int(Flag.NEIGHBOUR)) != 0).mean() for name in air.POLLUTANTS}

    assert all(share < 0.02 for share in shares.values()), shares


def test_twelve_real_stations_show_no_clock_slip_and_one_that_is_shifted_does(shared_data):
    places = tuple(prsa.STATIONS.values())
    data = prsa.read(shared_data / "beijing_prsa_2013_2016").isel(valid_time=slice(16_000, 16_000 + 240))
    wide = Settings(radius_km=60)
    clean = (judge(data, places=places, settings=wide)["flags"].values >> 60) & 1
    for name in ("pm25", "pm10", "no2", "o3"):
        data[name].values[5] = np.roll(data[name].values[5], 8)
    moved = (judge(data, places=places, settings=wide)["flags"].values >> 60) & 1

    assert 0 == clean.sum()
    assert [5] == np.flatnonzero(moved.any(axis=1)).tolist()
