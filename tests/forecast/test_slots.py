"""Slots: every logical time once, caught up after an outage, by whichever of several schedulers comes first."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from flows.slots import Done, Rhythm, due_times, run_due
from flows.sources.web_rules import Unavailable
from forecast.slot_store import SlotLost, SlotStore
from plans.errors import DataError, SourceError
from tests.children import came_to_its_end, start

HOUR = timedelta(hours=1)
T0 = datetime(2024, 2, 28, tzinfo=UTC)
HOURLY = Rhythm(every=HOUR, lease=timedelta(minutes=10), tries=3)


@pytest.fixture
def store(tmp_path):
    opened = SlotStore.open(tmp_path / "archive.db")
    yield opened
    opened.engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request, tmp_path):
    if request.param == "sqlite":
        return str(tmp_path / "archive.db")
    return request.getfixturevalue("postgres_url")


def states(store, flow="pull"):
    return [(slot.logical_time, slot.state) for slot in reversed(store.slots(flow))]


def at(moment):
    return lambda: moment


def test_missed_slots_are_caught_up_newest_first_and_only_once(store):
    seen = []
    work = lambda slot: (seen.append(slot.logical_time), Done())[1]  # noqa: E731
    run_due(store, "pull", work, rhythm=HOURLY, clock=at(T0 + timedelta(minutes=5)))
    seen.clear()
    run_due(store, "pull", work, rhythm=HOURLY, clock=at(T0 + 5 * HOUR + timedelta(minutes=5)))

    assert [T0 + number * HOUR for number in (5, 4, 3, 2, 1)] == seen
    assert [] == run_due(store, "pull", work, rhythm=HOURLY, clock=at(T0 + 5 * HOUR + timedelta(minutes=50)))


def test_an_outage_longer_than_the_catch_up_is_not_asked_for_in_vain(store):
    run_due(store, "pull", lambda _slot: Done(), rhythm=HOURLY, clock=at(T0))
    run_due(store, "pull", lambda _slot: Done(), rhythm=HOURLY, clock=at(T0 + timedelta(days=30)))

    assert 48 + 48 == len(store.slots("pull", limit=1000))


@pytest.mark.parametrize(
    ("now", "expected"),
    [(datetime(2024, 2, 29, 23, 30, tzinfo=UTC), 24), (datetime(2023, 3, 1, 0, 30, tzinfo=UTC), 25)],
)
def test_every_hour_of_a_leap_day_and_of_a_month_end_is_due(now, expected):
    begin = datetime(now.year, 2, 29 if now.day == 29 else 28, tzinfo=UTC) - HOUR
    times = due_times(HOURLY, since=begin, now=now)

    assert expected == len([when for when in times if when <= begin + HOUR * 25])
    assert all(later - earlier == HOUR for earlier, later in pairwise(times))


def test_local_time_is_asked_for_by_an_offset_and_any_zone_gives_the_same_slots():
    from zoneinfo import ZoneInfo

    daily = Rhythm(every=timedelta(days=1), offset=timedelta(minutes=30))  # 08:30 Beijing time
    now = datetime(2024, 3, 1, 9, tzinfo=ZoneInfo("Asia/Shanghai"))

    assert due_times(daily, since=None, now=now) == due_times(daily, since=None, now=now.astimezone(UTC))
    assert datetime(2024, 3, 1, 0, 30, tzinfo=UTC) == due_times(daily, since=None, now=now)[-1]


def test_two_schedulers_at_once_do_the_work_once(address):
    """Four processes-worth of schedulers claim from two stores of one database at the same moment."""
    stores = [SlotStore.open(address) for _ in range(4)]
    seen = []

    def scheduler(number):
        def work(slot):
            seen.append(slot.logical_time)
            time.sleep(0.005)
            return Done()

        return run_due(
            stores[number], "pull", work, rhythm=HOURLY, clock=at(T0 + timedelta(minutes=1)), owner=f"s{number}"
        )

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(scheduler, range(4)))

    assert 48 == len(seen) == len(set(seen))
    assert {"done": 48} == stores[0].counts()["pull"]
    for store in stores:
        store.engine.dispose()


def test_a_failing_source_sends_its_slot_back_and_after_three_tries_to_failed(store):
    store.plan("pull", [T0], now=T0)
    once = Rhythm(every=timedelta(days=400), tries=3)

    def work(_slot):
        raise SourceError("The source is away", where="test")

    ended = [run_due(store, "pull", work, rhythm=once, clock=at(T0 + n * HOUR)) for n in range(4)]
    assert [[(T0, "pending")], [(T0, "pending")], [(T0, "failed")], []] == ended
    assert "The source is away" in store.slots("pull")[0].note


def test_a_source_that_is_away_is_not_asked_for_every_missed_hour_at_once(store):
    asked = []

    def work(slot):
        asked.append(slot.logical_time)
        raise Unavailable("away")

    for minutes in (1, 2):
        run_due(store, "pull", work, rhythm=HOURLY, clock=at(T0 + 9 * HOUR + timedelta(minutes=minutes)))

    assert 4 == len(asked), "two a pass, and the second pass begins with hours not asked yet"
    assert 4 == len({*asked})


def test_one_bad_hour_does_not_keep_the_others_back(store):
    def work(slot):
        if slot.logical_time == T0 + 8 * HOUR:
            raise Unavailable("this one is not there yet")
        return Done()

    ended = run_due(store, "pull", work, rhythm=HOURLY, clock=at(T0 + 9 * HOUR + timedelta(minutes=1)))
    assert {"pending": 1, "done": len(ended) - 1} == dict(Counter(state for _when, state in ended))
    assert 10 <= len(ended)


def test_a_source_that_names_a_time_is_not_asked_before_it(store):
    store.plan("pull", [T0], now=T0)
    once = Rhythm(every=timedelta(days=400))
    error = Unavailable("The source refuses for now", where="test")
    error.retry_at = T0 + 3 * HOUR

    def work(_slot):
        raise error

    run_due(store, "pull", work, rhythm=once, clock=at(T0))
    assert [] == run_due(store, "pull", lambda _slot: Done(), rhythm=once, clock=at(T0 + 2 * HOUR))
    assert [(T0, "degraded")] == run_due(
        store, "pull", lambda _slot: Done("degraded", "half"), rhythm=once, clock=at(T0 + 3 * HOUR)
    )


def test_a_fault_of_ours_fails_the_slot_loudly(store):
    store.plan("pull", [T0], now=T0)

    with pytest.raises(ZeroDivisionError):
        run_due(store, "pull", lambda _slot: Done(note=str(1 // 0)), rhythm=Rhythm(timedelta(days=400)), clock=at(T0))
    assert [(T0, "failed")] == states(store)
    assert store.again("pull", T0, now=T0)
    assert [(T0, "pending")] == states(store)


def test_a_dead_owners_slot_is_claimed_after_its_lease_and_the_old_owner_cannot_end_it(store):
    store.plan("pull", [T0], now=T0)
    dead = store.claim("pull", owner="a", now=T0, lease=10 * timedelta(minutes=1))

    assert store.claim("pull", owner="b", now=T0 + timedelta(minutes=9), lease=HOUR) is None
    taken = store.claim("pull", owner="b", now=T0 + timedelta(minutes=11), lease=HOUR)
    assert (T0, 2) == (taken.logical_time, taken.tries)
    with pytest.raises(SlotLost, match="taken over"):
        store.finish(dead, "done", now=T0 + timedelta(minutes=12))
    store.renew(taken, now=T0 + timedelta(minutes=12), lease=HOUR)
    store.finish(taken, "done", now=T0 + timedelta(minutes=13))
    assert [(T0, "done")] == states(store)


def sleep_over_a_slot(path):
    run_due(SlotStore.open(path), "pull", lambda _s: time.sleep(600), rhythm=Rhythm(HOUR * 9999), clock=at(T0))


def test_a_scheduler_killed_in_the_middle_leaves_a_slot_that_another_one_finishes(tmp_path):
    path = tmp_path / "archive.db"
    SlotStore.open(path).plan("pull", [T0], now=T0)
    child = start(sleep_over_a_slot, path)
    store = SlotStore.open(path)
    while states(store) != [(T0, "running")] and child.is_alive():
        time.sleep(0.02)
    child.kill()
    assert not came_to_its_end(child)

    assert [] == run_due(store, "pull", lambda _s: Done(), rhythm=Rhythm(HOUR * 9999), clock=at(T0))
    assert [(T0, "done")] == run_due(
        store, "pull", lambda _s: Done(), rhythm=Rhythm(HOUR * 9999), clock=at(T0 + timedelta(minutes=11))
    )


def test_a_locked_database_is_one_clear_sentence(tmp_path):
    import sqlite3

    import sqlalchemy as sa

    store = SlotStore.open(tmp_path / "archive.db")
    hurry = lambda connection, _record: connection.execute("PRAGMA busy_timeout=50")  # noqa: E731
    sa.event.listen(store.engine, "connect", hurry)
    store.engine.dispose()
    with sqlite3.connect(tmp_path / "archive.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DataError, match=r"keeps the database locked.*nothing was half-written"):
            store.plan("pull", [T0], now=T0)
        other.execute("ROLLBACK")
    assert 1 == store.plan("pull", [T0], now=T0)
