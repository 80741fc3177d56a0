"""The record: refuses change, finds tampering, rebuilds what is disposable."""

import sqlite3
from datetime import timedelta

import pytest
from sqlalchemy import delete, text, update
from sqlalchemy.exc import DBAPIError

from emergency.office import Office
from emergency.record import BrokenRecord, Message, Record, StaleDecision
from emergency.record_schema import about, log, now_tables
from plans.errors import LantianError

from .conftest import instruct
from .test_office import issue


@pytest.fixture
def full(office, draft, people, now):
    issue(office, draft, people, now, "w1", "yellow", instruct("黄"))
    for row in office.record.waiting():
        office.delivered(row["key"], channel="sealed", result="sealed", detail="", now=now)
    office.acknowledge_order("response-e1.0.SP001", signer="厂长", by=people["enterprise"], now=now)
    return office.record


def test_the_chain_of_an_untouched_record_verifies(full):
    assert full.head()[0] == full.verify()


@pytest.mark.parametrize("statement", [update(log).values(actor="x"), delete(log)], ids=["update", "delete"])
def test_the_database_refuses_to_change_the_log(full, statement):
    with pytest.raises(DBAPIError, match="append-only"), full.engine.begin() as connection:
        connection.execute(statement)


def test_projections_thrown_away_come_back_the_same(full):
    before = full.projections()
    with full.engine.connect().execution_options(write=True) as connection, connection.begin():
        for table in now_tables.values():
            connection.execute(delete(table))

    full.rebuild()

    assert before == full.projections()
    assert before["order"]


def unprotected(record: Record):
    """A connection that got past the triggers, as somebody with the file or the database password could."""
    connection = record.engine.connect().execution_options(write=True)
    if record.engine.dialect.name == "sqlite":
        for name in ("log_no_update", "log_no_delete", "exhibit_no_update", "exhibit_no_delete"):
            connection.execute(text(f"DROP TRIGGER IF EXISTS {name}"))
    else:
        connection.execute(text("ALTER TABLE log DISABLE TRIGGER ALL"))
    connection.commit()
    return connection


@pytest.mark.parametrize(
    ("tamper", "where"),
    [
        ("UPDATE log SET data = replace(data, '北京市', '天津市') WHERE seq = 1", "entry 1"),
        ("UPDATE log SET occurred_at = '2015-01-01T00:00:00.000000+00:00' WHERE seq = 4", "entry 4"),
        ("DELETE FROM log WHERE seq = 3", "entry 4"),
        ("UPDATE log SET seq = 100 WHERE seq = 2", "entry 3"),
    ],
    ids=["flip", "back-date", "delete", "reorder"],
)
def test_tampering_is_found_and_located(full, tamper, where):
    with unprotected(full) as connection:
        connection.execute(text(tamper))
        connection.commit()

    with pytest.raises(BrokenRecord, match=where):
        full.verify()


def test_cutting_off_the_end_shows_against_a_head_kept_elsewhere(full):
    kept = full.head()
    with unprotected(full) as connection:
        connection.execute(text("DELETE FROM log WHERE seq = (SELECT max(seq) FROM log)"))
        connection.commit()

    assert kept != full.head()


def test_a_drill_never_opens_as_the_real_work(tmp_path):
    Record.open(tmp_path / "r.db", drill=True).engine.dispose()

    with pytest.raises(LantianError, match="a drill and the real work never share a record"):
        Record.open(tmp_path / "r.db", drill=False)


def test_the_public_hears_nothing_without_an_approved_warning(office, draft, people, now):
    from emergency import warning

    with pytest.raises(LantianError, match="approved warning"), office.record.act(now) as act:
        events = warning.draft(identifier="w9", episode="e", content=draft("red"), by=people["duty_officer"], now=now)
        act.append("warning", "w9", events, messages=[Message("k", "public", "public", "s", "b")])
    assert office.record.head() == (0, "0" * 64)


def test_two_decisions_on_the_same_version_can_not_both_stand(office, draft, people, now):
    from emergency import warning

    office.draft_warning("w1", episode="e1", content=draft("yellow"), by=people["duty_officer"], now=now)
    state = office.record.state("warning", "w1")
    with pytest.raises(StaleDecision), office.record.act(now) as act:
        act.append("warning", "w1", warning.withdraw(state, reason="误报", by=people["duty_officer"], now=now))
        act._log[-1]["version"] = 1  # what a writer without the lock would have computed


def test_an_act_needs_an_aware_moment(record, now):
    with pytest.raises(ValueError, match="no time zone"), record.act(now.replace(tzinfo=None)):
        pass


def test_the_same_acts_give_the_same_head_on_every_database(full, tmp_path, desk, draft, people, now):
    from emergency.office import Office

    twin = Office(Record.open(tmp_path / "twin.db", drill=True), desk)
    issue(twin, draft, people, now, "w1", "yellow", instruct("黄"))
    for row in twin.record.waiting():
        twin.delivered(row["key"], channel="sealed", result="sealed", detail="", now=now)
    twin.acknowledge_order("response-e1.0.SP001", signer="厂长", by=people["enterprise"], now=now)

    assert full.head() == twin.record.head()


def test_sqlite_file_can_be_read_by_anybody_with_sqlite(tmp_path, now, desk, draft, people):
    from emergency.office import Office

    office = Office(Record.open(tmp_path / "r.db", drill=True), desk)
    office.draft_warning("w1", episode="e1", content=draft("yellow"), by=people["duty_officer"], now=now + timedelta(0))

    with sqlite3.connect(tmp_path / "r.db") as raw:
        assert raw.execute("select life, kind from log").fetchall() == [("warning", "drafted")]


def test_projections_of_an_earlier_version_are_made_anew_when_the_record_is_opened(tmp_path, desk, draft, people, now):
    path = tmp_path / "record.db"
    record = Record.open(path, drill=True)
    issue(Office(record, desk), draft, people, now, "w1", "yellow", instruct("黄"))
    before, head = record.projections(), record.head()
    with record.engine.connect().execution_options(write=True) as connection, connection.begin():
        connection.execute(update(about).where(about.c.name == "projections").values(value="an older shape"))
        connection.execute(update(now_tables["warning"]).values(body="{}"))
    record.engine.dispose()
    opened = Record.open(path, drill=True)

    assert before == opened.projections()
    assert head == opened.head(), "the log is the same"
