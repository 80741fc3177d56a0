"""Runs of weather models, kept as they were received and read as of each issue."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
import xarray as xr

from forecast import weather_runs
from forecast.guidance import Guidance
from plans.errors import DataError

DAY = date(2015, 3, 1)
LATER = datetime(2016, 1, 1, tzinfo=UTC)


@pytest.fixture
def guidance() -> Guidance:
    return Guidance.open("sqlite://")


def run_of(issued: str, hours: np.ndarray, temperature: np.ndarray, station: str = "1001A") -> xr.Dataset:
    """One run at one station."""
    return xr.Dataset(
        {"temperature": (("issued_at", "lead_hours", "station"), temperature[None, :, None])},
        coords={"issued_at": [np.datetime64(issued, "us")], "lead_hours": hours.astype(float), "station": [station]},
    )


def kept(guidance: Guidance, *runs: xr.Dataset, delay: timedelta = weather_runs.RUN_DELAY) -> None:
    for run in runs:
        issued = run["issued_at"].values[0].astype("datetime64[us]").astype(datetime).replace(tzinfo=UTC)
        weather_runs.keep_run(guidance, run, source="model", received_at=issued + delay)


def ahead(guidance: Guidance, *, first: date = DAY, last: date = DAY, as_of: datetime = LATER) -> xr.Dataset:
    return weather_runs.daily_ahead(guidance, source="model", first=first, last=last, as_of=as_of)


def test_a_run_becomes_local_days_by_its_own_lead(guidance) -> None:
    hours = np.arange(0.0, 192.0, 3.0)
    local_day = np.floor((hours - 4 - 1e-9) / 24)  # issued 12 UTC = 20:00 Beijing; the next day begins 4 h later
    kept(guidance, run_of("2015-03-01T12", hours, local_day), delay=timedelta(hours=3))
    made = ahead(guidance)["temperature_mean"].values[0, 0]

    assert [0, 1, 2, 3, 4, 5, 6] == np.round(made).tolist()
    np.testing.assert_allclose(made, np.arange(7), atol=1 / 24 + 1e-9)  # one hour may stand nearer to its neighbour


def test_a_run_that_was_not_at_hand_is_not_used(guidance) -> None:
    hours = np.arange(0.0, 192.0)
    kept(guidance, run_of("2015-03-01T12", hours, 0 * hours + 5), delay=timedelta(hours=6))  # 02:00 of the next day

    with pytest.raises(DataError, match="No weather run is kept"):
        ahead(guidance)
    kept(guidance, run_of("2015-03-01T00", hours, 0 * hours + 7))

    assert 7 == ahead(guidance)["temperature_mean"].values[0, 0, 0]


def test_a_run_that_comes_later_changes_nothing_of_an_earlier_issue(guidance) -> None:
    hours = np.arange(0.0, 240.0)
    kept(guidance, run_of("2015-03-01T00", hours, 0 * hours + 7))
    before = ahead(guidance)
    for day in ("02", "03", "04"):
        kept(guidance, run_of(f"2015-03-{day}T00", hours, 0 * hours - 9))
    after = ahead(guidance, last=date(2015, 3, 4))

    np.testing.assert_array_equal(before["temperature_mean"].values[:, 0], after["temperature_mean"].values[:, 0])
    assert [7, -9, -9, -9] == after["temperature_mean"].values[0, :, 0].tolist()


def test_an_older_run_does_not_stand_in_for_a_missing_one(guidance) -> None:
    hours = np.arange(0.0, 384.0)
    kept(guidance, run_of("2015-03-01T00", hours, 0 * hours))
    made = ahead(guidance, last=date(2015, 3, 3))["temperature_mean"].values[0]

    assert [True, False, False] == np.isfinite(made).all(axis=1).tolist()


def test_a_late_older_run_does_not_cover_a_newer_one(guidance) -> None:
    hours = np.arange(0.0, 192.0)
    kept(guidance, run_of("2015-03-01T06", hours, 0 * hours + 6))
    kept(guidance, run_of("2015-03-01T00", hours, 0 * hours), delay=timedelta(hours=15))

    assert 6 == ahead(guidance)["temperature_mean"].values[0, 0, 0]


def test_the_weather_says_when_its_newest_run_came(guidance) -> None:
    hours = np.arange(0.0, 192.0)
    kept(guidance, run_of("2015-03-01T00", hours, 0 * hours))

    assert "2015-03-01T06:00:00+00:00" == ahead(guidance).attrs["received_at"]


@pytest.mark.parametrize(
    "hours",
    [
        np.arange(0, 241),
        np.concatenate([np.arange(0, 90), np.arange(90, 144, 3), np.arange(144, 241, 6)]),
        np.concatenate([np.arange(0, 48), np.arange(48, 241, 3)]),
    ],
    ids=["hourly", "1, 3 and 6 hours", "1 and 3 hours"],
)
def test_steady_rain_is_the_same_every_day_whatever_the_steps_of_the_run(guidance, hours) -> None:
    run = run_of("2015-03-01T00", hours, np.full(len(hours), 10.0))
    run["rain"] = ("issued_at", "lead_hours", "station"), 0.1 * np.diff(hours, prepend=0)[None, :, None]
    kept(guidance, run)
    made = ahead(guidance)

    np.testing.assert_allclose(made["rain_sum"].values.ravel(), 2.4, atol=1e-9)
    np.testing.assert_array_equal(made["temperature_mean"].values.ravel(), 10.0)


def test_half_a_day_without_values_is_a_gap_and_no_weather(guidance) -> None:
    hours = np.concatenate([np.arange(0.0, 72), np.arange(84.0, 192)])
    kept(guidance, run_of("2015-03-01T16", hours, 0.0 * hours), delay=timedelta(0))

    assert [True] * 3 + [False] + [True] * 3 == np.isfinite(ahead(guidance)["temperature_mean"].values[0, 0]).tolist()


def test_upper_air_and_boundary_layer_of_a_run_reach_the_daily_weather(guidance) -> None:
    hours = np.arange(0.0, 192.0)
    run = run_of("2015-03-01T00", hours, 0 * hours + 3)
    dims = ("issued_at", "lead_hours", "station")
    for name, value in (("temperature_850hpa", 5.0), ("boundary_layer_height", 400.0), ("wind_speed", 2.0)):
        run[name] = dims, np.full((1, len(hours), 1), value)
    kept(guidance, run)
    made = ahead(guidance)

    assert (2.0, 800.0) == (float(made["inversion"][0, 0, 0]), float(made["ventilation_mean"][0, 0, 0]))


def test_the_same_run_again_writes_nothing_and_another_under_its_name_is_refused(guidance) -> None:
    hours = np.arange(0.0, 24.0)
    first = run_of("2015-03-01T00", hours, 0 * hours)

    assert 24 == weather_runs.keep_run(guidance, first, source="model")
    assert 0 == weather_runs.keep_run(guidance, first, source="model")
    with pytest.raises(DataError, match="says two things"):
        weather_runs.keep_run(guidance, run_of("2015-03-01T00", hours, 0 * hours + 1), source="model")


def test_a_run_received_before_its_issue_is_refused(guidance) -> None:
    ((_issued, data),) = weather_runs.hours_of(run_of("2015-03-01T00", np.arange(0.0, 24.0), np.zeros(24)))

    with pytest.raises(DataError, match="before it is issued"):
        guidance.write(data, source="model", received_at=LATER - timedelta(days=400), issued_at=LATER)


def test_impossible_weather_of_a_run_is_refused_before_anything_is_kept(guidance) -> None:
    ((_issued, data),) = weather_runs.hours_of(run_of("2015-03-01T00", np.arange(0.0, 24.0), np.zeros(24)))
    data["boundary_layer_height"] = ("station", "valid_time"), np.full((1, 24), -5.0)

    with pytest.raises(DataError, match="boundary_layer_height is impossible"):
        guidance.write(data, source="model", received_at=LATER)
    assert () == guidance.sources()


def test_half_hourly_steps_keep_their_rain_and_their_hour(guidance) -> None:
    steps = np.arange(0, 192.5, 0.5)
    run = run_of("2015-03-01T00", steps, steps / 10)
    run["rain"] = run["temperature"].copy(data=np.where(steps > 0, 0.05, 0.0)[None, :, None])
    ((_issued, data),) = weather_runs.hours_of(run)
    kept(guidance, run)

    np.testing.assert_allclose(data["temperature"].values[0], np.arange(193) / 10)
    np.testing.assert_allclose(ahead(guidance)["rain_sum"].values.ravel(), 2.4)


def test_a_run_issued_within_an_hour_belongs_to_the_hour_that_then_ends(guidance) -> None:
    ((_issued, data),) = weather_runs.hours_of(run_of("2015-12-31T23:30", np.arange(0.0, 3), np.arange(3.0)))

    labels = data["valid_time"].values.astype("datetime64[h]").astype(str).tolist()

    assert ["2016-01-01T00", "2016-01-01T01", "2016-01-01T02"] == labels
    assert [0, 1, 2] == data["temperature"].values[0].tolist()


def test_a_short_run_in_the_file_of_a_long_one_leaves_its_far_days(guidance) -> None:
    """Joined on leads, the short one ends in gaps; they say nothing, so they cover nothing."""
    hours = np.arange(0.0, 200)
    short = run_of("2015-03-01T06", hours, np.where(hours <= 72, 1.0, np.nan))
    none = run_of("2015-03-01T12", hours, np.full(200, np.nan))
    joined = xr.concat([run_of("2015-03-01T00", hours, np.zeros(200)), short, none], "issued_at")
    weather_runs.keep_run(guidance, joined, source="model", delay=timedelta(0))
    made = ahead(guidance)["temperature_mean"].values[0, 0]

    assert (1, 0) == (made[0], made[6])
    assert "2015-03-01T06:00:00+00:00" == ahead(guidance).attrs["received_at"]


def test_rain_that_packing_put_a_hair_below_nothing_is_none(guidance) -> None:
    run = run_of("2015-03-01T00", np.arange(0.0, 24), np.zeros(24))
    run["rain"] = run["temperature"].copy(data=np.full((1, 24, 1), -1e-9))
    kept(guidance, run)

    assert 24 * [0] == guidance.read(
        source="model", places=["1001A"], names=["rain"], start=datetime(2015, 2, 28, 23, tzinfo=UTC),
        end=datetime(2015, 3, 1, 23, tzinfo=UTC), as_of=LATER,
    )["rain"].values[0].tolist()  # fmt: skip


def test_days_that_end_before_they_begin_have_no_runs(guidance) -> None:
    with pytest.raises(DataError, match="No weather run is kept"):
        ahead(guidance, first=DAY, last=DAY - timedelta(days=1))
