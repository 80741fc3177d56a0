"""A replay is the product with a fake clock: the same seed, the same record, whatever happens on the way."""

import random
from datetime import timedelta

import pytest

from emergency.record import Record
from flows import replay
from flows import report as evaluation
from plans.errors import LantianError
from tests.children import came_to_its_end, start


@pytest.fixture(scope="module")
def played(stage, tmp_path_factory):
    """The record of an undisturbed replay, and its digest."""
    record = Record.open(tmp_path_factory.mktemp("replay") / "record.db", drill=True, durable=False)
    return record, replay.run(stage, record)


def test_the_same_seed_gives_the_same_record(stage, played, tmp_path):
    again = Record.open(tmp_path / "again.db", drill=True, durable=False)

    assert played[1] == replay.run(stage, again)


def test_another_seed_gives_another_record(stage, played, tmp_path):
    from dataclasses import replace

    other = Record.open(tmp_path / "other.db", drill=True, durable=False)

    assert played[1] != replay.run(replace(stage, seed=12, last_day=stage.first_day + timedelta(days=3)), other)


def test_the_chain_holds_and_the_projections_come_back(played):
    record, _digest = played
    before = record.projections()

    assert record.head()[0] == record.verify()
    record.rebuild()
    assert before == record.projections()


def test_the_episode_goes_the_whole_way_from_consultation_to_evaluation(played):
    record, _digest = played

    assert record.counts("consultation")["concluded"] >= 1
    assert {"lifted"} <= set(record.counts("warning")) <= {"lifted", "superseded"}
    assert record.counts("activation") == {"reviewed": 1}
    assert {"closed"} == set(record.counts("order"))
    assert {"closed"} == set(record.counts("problem"))


def test_every_breach_that_was_found_became_a_problem(played):
    record, _digest = played
    verdicts = {
        row["enterprise"]: [finding["verdict"] for finding in row["body"]["findings"]] for row in record.now("order")
    }

    breached = {name for name, found in verdicts.items() if set(found) - {"compliant", "no_data"}}
    assert breached
    assert breached == {row["enterprise"] for row in record.now("problem")}


def test_a_plant_without_a_contact_is_on_record_as_not_reached(played):
    record, _digest = played
    kinds = [
        entry.event.kind
        for row in record.now("order", enterprise="SP002")
        for entry in record.history("order", row["stream"])
    ]

    assert "delivery_failed" in kinds
    assert "delivered" not in kinds


def test_nothing_left_the_house(played):
    record, _digest = played

    assert {"sealed", "refused", "outdated", "expired"} >= {row["state"] for row in record.messages(limit=10_000)}
    assert all(row["drill"] for row in record.messages(limit=10_000))


def test_nobody_acts_on_what_had_not_arrived(stage):
    now = stage.start + timedelta(days=5, hours=7)
    situation = stage.situation(now)

    assert situation.outlook.issued_at <= now
    assert all(hour.valid_time + stage.air.delay <= now for hour in situation.observed.hours)
    assert all(day.valid_date < now.date() for day in situation.observed.days)


def test_a_record_of_another_replay_is_not_continued(stage, played):
    from dataclasses import replace

    with pytest.raises(LantianError, match="belongs to another replay"):
        replay.run(replace(stage, seed=99), played[0])


def test_the_day_table_counts_what_the_record_holds(stage, played):
    record, _digest = played
    rows = evaluation.table(stage, record, first=stage.first_day, last=stage.last_day)

    assert len(rows) == 14
    assert len(record.now("order")) == sum(row.orders_sent for row in rows)
    assert [stage.air.daily()[row.day] for row in rows] == [row.observed_aqi for row in rows]
    assert any(row.announced and not row.in_force for row in rows), "the warning was out before it was in force"


def messages_of(record):
    columns = ("key", "state", "attempts", "last_attempt_at")
    return [tuple(row[column] for column in columns) for row in record.messages(limit=10_000)]


def play(stage, path):
    replay.run(stage, Record.open(path, drill=True, durable=False))


@pytest.mark.timeout(600)
def test_a_replay_killed_thirty_times_ends_with_the_same_digest(stage, played, tmp_path):
    """SIGKILL at random points, restart each time: the record that comes out is the undisturbed one."""
    chooser = random.Random(20151201)
    kills, finished = 0, 0
    while kills < 30 or not finished:
        path = tmp_path / f"killed-{finished}.db"
        while True:
            child = start(play, stage, path)
            # On a busy machine a child needs longer to come anywhere: wait a little more after each kill.
            child.join(chooser.uniform(0.02, 0.35) * (1 + kills / 15))
            child.kill()  # does nothing to one that has ended
            if came_to_its_end(child):
                break
            kills += 1
        record = Record.open(path, drill=True)
        assert played[1] == record.head()[1], f"after {kills} kills"
        assert record.head()[0] == record.verify()
        assert messages_of(played[0]) == messages_of(record)
        record.engine.dispose()
        finished += 1
