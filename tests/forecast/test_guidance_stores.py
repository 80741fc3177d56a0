"""Model values in both databases that an office may keep them in."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import xarray as xr

from forecast.guidance import Guidance, Kept, laid_over
from plans.errors import DataError

FIRST = datetime(2024, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request, tmp_path):
    return str(tmp_path / "a.db") if request.param == "sqlite" else request.getfixturevalue("postgres_url")


def run(value: float, *, hours: int = 48) -> xr.Dataset:
    labels = np.datetime64("2024-03-01T00", "us") + np.arange(hours) * np.timedelta64(1, "h")
    names = ("temperature", "boundary_layer_height")
    values = {name: (("station", "valid_time"), np.full((2, hours), value)) for name in names}
    return xr.Dataset(values, coords={"station": np.array(["A", "B"], dtype=object), "valid_time": labels})


def test_what_was_said_is_read_as_of_each_moment_and_counted_by_the_day_of_beijing(address):
    guidance = Guidance.open(address)
    before_midnight = datetime(2024, 2, 29, 15, 59, 59, tzinfo=UTC)
    times = (before_midnight, before_midnight + timedelta(seconds=1), FIRST)

    assert [192, 192, 192] == [
        guidance.write(run(value), source="model", received_at=at)
        for value, at in zip((2.0, 3.0, 1.0), times, strict=True)
    ]
    assert 0 == guidance.write(run(1.0), source="model", received_at=FIRST + HOUR), "nothing new"
    assert (Kept("model", 2, 2, before_midnight, FIRST),) == guidance.kept()
    assert (("model",), ("A", "B")) == (guidance.sources(), guidance.places("model"))
    asked = {"source": "model", "places": ["B"], "names": ["temperature"], "start": FIRST - HOUR, "end": FIRST + HOUR}
    said = [guidance.read(**asked, as_of=at)["temperature"].values[0].tolist() for at in times]
    assert [[2, 2], [3, 3], [1, 1]] == said


def test_a_longer_file_of_the_same_run_covers_the_shorter_which_stays_and_another_is_refused(address):
    """A run that is loaded while its file still grows, or comes as one file of three days and one of seven."""
    guidance, came = Guidance.open(address), {"source": "model", "received_at": FIRST}

    assert 96 == guidance.write(run(1.0, hours=24), **came)
    assert 96 == guidance.write(run(1.0, hours=48), **came)
    assert [0, 0] == [guidance.write(run(1.0, hours=hours), **came) for hours in (48, 24)]
    for other in (run(2.0, hours=24), run(2.0, hours=72)):
        with pytest.raises(DataError, match="says two things"):
            guidance.write(other, **came)
    said = guidance.said(source="model", start=FIRST, end=FIRST + HOUR, as_of=FIRST)
    assert [(2, 24), (2, 24), (2, 48), (2, 48)] == sorted(one.values.shape for one in said)
    names = said[0].variables
    for place in {one.place for one in said}:
        own = [one for one in said if one.place == place]
        assert 48 == own[-1].values.shape[1], "the longer lies over the shorter"
        assert (laid_over(own, names=names, first_hour=own[0].first_hour, hours=48) == own[-1].values).all()


def test_two_that_write_at_once_lose_nothing(address):
    Guidance.open(address)

    def write(number: int) -> int:
        times = [(minute, FIRST + timedelta(minutes=minute)) for minute in range(10 * number, 10 * number + 4)]
        store = Guidance.open(address)
        return sum(store.write(run(minute / 10), source="model", received_at=at) for minute, at in times)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(write, range(3)))
    said = Guidance.open(address).said(source="model", start=FIRST, end=FIRST + HOUR, as_of=FIRST + timedelta(days=1))

    assert 24 == len(said)
