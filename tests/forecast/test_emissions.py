"""The store of plant data, on both databases: each datum once, corrections as revisions, reads as of a moment."""

from datetime import UTC, datetime, timedelta

import pytest

from forecast.emissions import EmissionRow, Emissions, EquipmentRow, MeterRow
from plans.errors import DataError

T0, HOUR = datetime(2024, 2, 29, tzinfo=UTC), timedelta(hours=1)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request, tmp_path):
    address = str(tmp_path / "a.db") if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    opened = Emissions.open(address)
    yield opened
    opened.close()


def datum(value, *, received=T0, hour=0, code="a21026", mn="M1"):
    return EmissionRow(mn, "hour", T0 + hour * HOUR, code, received, "N", avg=value)


def averages(store, as_of):
    rows = store.emissions(mn="M1", kind="hour", start=T0, end=T0 + 9 * HOUR, as_of=as_of)
    return [row.avg for row in rows]


def test_the_same_datum_again_adds_nothing_and_another_value_is_a_revision(store):
    assert 2 == store.write([datum(1.0), datum(2.0, hour=1)])
    assert 0 == store.write([datum(1.0, received=T0 + HOUR), datum(2.0, hour=1, received=T0 + HOUR)])
    assert 1 == store.write([datum(9.0, received=T0 + 2 * HOUR)])

    assert [1.0, 2.0] == averages(store, T0 + HOUR)
    assert [9.0, 2.0] == averages(store, T0 + 2 * HOUR)
    assert [] == averages(store, T0 - HOUR)


def test_within_one_batch_the_last_value_stands_and_both_are_kept(store):
    assert 2 == store.write([datum(1.0), datum(5.0), datum(5.0)])
    assert 2 == store.counts()["emission"]
    assert [5.0] == averages(store, T0 + HOUR)


def test_all_sorts_go_in_together_and_the_sender_was_heard(store):
    rows = [
        datum(1.0),
        EquipmentRow("M2", "state", T0, "SB1", T0 + HOUR, 1.0),
        MeterRow("P", "total", T0, "C", T0, 3.0, 15),
    ]

    assert 3 == store.write(rows, set_aside=[(b"raw", "M3", "why", T0), (b"raw", "M3", "why", T0)])
    assert {"emission": 1, "equipment": 1, "meter": 1, "set_aside": 1} == store.counts()
    assert {"M1": T0, "M2": T0 + HOUR, "P": T0} == store.last_heard()
    assert [("M3", "why", b"raw", T0)] == list(store.aside())


def test_more_rows_than_one_look_up_holds_are_all_compared(store):
    rows = [datum(float(n), hour=n % 7, code=f"a{n:05d}", mn=f"M{n % 400}") for n in range(2000)]

    assert 2000 == store.write(rows)
    assert 0 == store.write(rows)


def test_a_datum_without_sender_is_refused_and_takes_its_batch_with_it(store):
    with pytest.raises(DataError, match="no sender"):
        store.write([datum(1.0), datum(1.0, mn="")])
    assert 0 == store.counts()["emission"]
