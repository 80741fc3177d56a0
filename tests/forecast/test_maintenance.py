"""Maintenance windows mark the hours inside them, whenever they are entered, and delete nothing."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from forecast import air
from forecast.archive import Archive
from forecast.late import late_values
from forecast.maintenance import Maintenance
from forecast.quality import Flag, pack, unpack
from forecast.quality_rules import Window
from forecast.readers.station_list import Station
from plans.errors import DataError

END = datetime(2024, 2, 29, 16, tzinfo=UTC)  # 24:00 of the leap day in Beijing
HOUR = timedelta(hours=1)
NOW = END + 3 * HOUR
FAR = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def archive(request, tmp_path):
    address = str(tmp_path / "a.db") if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    opened = Archive.open(address)
    opened.write_stations(Station(code, code) for code in ("1A", "2A"))
    labels = air.utc(END) - np.arange(6)[::-1] * np.timedelta64(1, "h")
    spike = pack({"pm25": np.array([[0, 0, 0, int(Flag.SPIKE), 0, 0]] * 2)})
    data = air.dataset(
        {"pm25": np.full((2, 6), 40.0), "o3": np.full((2, 6), 60.0)}, stations=["1A", "2A"], valid_time=labels,
        extra={"flags": spike},
    )  # fmt: skip
    opened.write_observations(data, source="test", received_at=END + timedelta(minutes=20))
    yield opened
    opened.close()


def marked(archive, code="1A", name="pm25", as_of=FAR):
    data = archive.observations(stations=[code], start=END - 6 * HOUR, end=END, as_of=as_of)
    assert not np.isnan(data[name].values).any(), "marked, never deleted"
    return [bool(found & int(Flag.MAINTENANCE)) for found in unpack(data["flags"].values, name)[0].tolist()]


def window(**more):
    fields = {"station": "1A", "begin": END - 3 * HOUR, "end": END - HOUR, "pollutants": ("pm25",), "reason": "换滤膜"}
    return Window(**(fields | more))


def test_hours_that_were_there_get_the_mark_as_a_revision_and_keep_their_other_marks(archive):
    entered, hours = Maintenance(archive.engine).add(window(), by="运维", now=NOW)

    assert (1, 2) == (entered.number, hours)
    assert [False, False, False, True, True, False] == marked(archive)
    assert [False] * 6 == marked(archive, name="o3") == marked(archive, code="2A")
    assert [False] * 6 == marked(archive, as_of=NOW - HOUR), "before it was entered nobody knew"
    data = archive.observations(stations=["1A"], start=END - 3 * HOUR, end=END - 2 * HOUR, as_of=FAR)
    assert int(Flag.SPIKE | Flag.MAINTENANCE) == unpack(data["flags"].values, "pm25")[0, 0]
    assert 2 == len(archive.revisions(station="1A", valid_time=END - HOUR, as_of=FAR))


def test_the_same_window_again_changes_nothing_and_a_mark_is_no_late_value(archive):
    store = Maintenance(archive.engine)
    store.add(window(), by="运维", now=NOW)
    entered, hours = store.add(window(), by="另一人", now=NOW + HOUR)

    assert (1, 0, "运维") == (entered.number, hours, entered.entered_by)
    assert 1 == len(store.entered())
    assert () == late_values(archive, area="x", stations=["1A"], since=END + HOUR, until=FAR - 10 * HOUR)


def test_a_withdrawn_window_takes_its_marks_with_it_but_not_those_of_another(archive):
    store = Maintenance(archive.engine)
    store.add(window(), by="运维", now=NOW)
    store.add(window(begin=END - 2 * HOUR, end=END), by="运维", now=NOW)
    entered, hours = store.withdraw(1, by="值班员", now=NOW + HOUR)

    assert ("值班员", 1) == (entered.withdrawn_by, hours)
    assert [False, False, False, False, True, True] == marked(archive)
    assert (entered, 0) == store.withdraw(1, by="又一人", now=NOW + 2 * HOUR)
    assert 2 == len(store.entered()) and 1 == len(store.windows(start=END - HOUR, end=END))


def test_hours_that_come_later_are_brought_in_line(archive):
    store = Maintenance(archive.engine)
    store.add(window(begin=END - HOUR, end=END + 2 * HOUR), by="运维", now=END)
    labels = np.array([air.utc(END + HOUR)])
    data = air.dataset({"pm25": np.array([[55.0]])}, stations=["1A"], valid_time=labels)
    archive.write_observations(data, source="test", received_at=END + HOUR)

    assert 1 == store.apply(["1A"], start=END, end=END + HOUR, now=END + HOUR)
    assert 0 == store.apply(["1A"], start=END, end=END + HOUR, now=END + HOUR)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"station": "9A"}, "station is not known"),
        ({"end": END - 3 * HOUR}, "no usable length"),
        ({"end": END + timedelta(days=100)}, "no usable length"),
        ({"pollutants": ("pm1",)}, "pollutant is not known"),
        ({"pollutants": ()}, "pollutant is not known"),
        ({"reason": " "}, "incomplete"),
    ],
)
def test_a_window_that_says_nothing_is_refused(archive, more, sentence):
    with pytest.raises(DataError, match=sentence):
        Maintenance(archive.engine).add(window(**more), by="运维", now=NOW)
    with pytest.raises(DataError, match="no such maintenance window"):
        Maintenance(archive.engine).withdraw(7, by="x", now=NOW)
