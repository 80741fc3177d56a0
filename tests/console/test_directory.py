"""Accounts: a position, a role, a password that only its hash is kept of."""

import time

import pytest

from emergency.directory import LONGEST_PASSWORD, Directory, hasher
from emergency.record import Record
from emergency.vocabulary import Role
from plans.errors import DataError


@pytest.fixture
def record(tmp_path):
    opened = Record.open(tmp_path / "record.db", drill=True)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def directory(record):
    return Directory(record, passwords=hasher(cheap=True))


def test_only_the_right_password_of_an_open_account_is_accepted(directory):
    made = directory.add_account("duty", "right-password", title="值班员", role=Role.DUTY_OFFICER)

    assert made == directory.check("duty", "right-password")
    assert directory.check("duty", "wrong-password") is None
    assert directory.check("nobody", "right-password") is None
    directory.set_active("duty", False)
    assert directory.check("duty", "right-password") is None


def test_a_new_password_replaces_the_old_one_and_changes_the_mark(directory):
    before = directory.add_account("duty", "right-password", title="值班员", role=Role.DUTY_OFFICER)
    directory.set_password("duty", "another-password")

    assert directory.check("duty", "right-password") is None
    assert directory.check("duty", "another-password").mark != before.mark


def test_the_file_holds_a_hash_and_never_the_password(directory, record):
    directory.add_account("duty", "right-password", title="值班员", role=Role.DUTY_OFFICER)
    content = b"".join(path.read_bytes() for path in record_files(record))

    assert b"right-password" not in content
    assert b"$argon2id$" in content


def record_files(record):
    from pathlib import Path

    database = Path(record.engine.url.database)
    return [path for path in database.parent.iterdir() if path.name.startswith(database.name)]


def test_the_same_password_of_two_accounts_has_two_hashes(directory):
    marks = {
        directory.add_account(name, "right-password", title="值班员", role=Role.DUTY_OFFICER).mark for name in "ab"
    }

    assert 2 == len(marks)


@pytest.mark.parametrize(
    "fields, said",
    [
        ({"role": Role.ENTERPRISE}, "enterprise"),
        ({"role": Role.INSPECTOR, "enterprise": "SP001"}, "enterprise"),
        ({"role": Role.SYSTEM}, "does not log in"),
        ({"role": Role.INSPECTOR, "password": "short"}, "8 to 200"),
        ({"role": Role.INSPECTOR, "password": "x" * (LONGEST_PASSWORD + 1)}, "8 to 200"),
        ({"role": Role.INSPECTOR, "identifier": " "}, "identifier"),
    ],
)
def test_an_account_that_does_not_fit_is_refused_in_one_sentence(directory, fields, said):
    given = {"identifier": "x", "password": "right-password", "title": "某岗位", **fields}
    identifier, password = given.pop("identifier"), given.pop("password")

    with pytest.raises(DataError, match=said):
        directory.add_account(identifier, password, **given)
    assert () == directory.accounts()


def test_an_account_is_made_once(directory):
    directory.add_account("duty", "right-password", title="值班员", role=Role.DUTY_OFFICER)

    with pytest.raises(DataError, match="exists already"):
        directory.add_account("duty", "right-password", title="值班员", role=Role.DUTY_OFFICER)
    with pytest.raises(DataError, match="no such account"):
        directory.set_password("nobody", "right-password")


def test_an_unknown_account_takes_as_long_as_a_wrong_password(record):
    """At the real cost of the hash, so that the answer's time does not tell which accounts exist."""
    directory = Directory(record)
    directory.add_account("duty", "right-password", title="值班员", role=Role.DUTY_OFFICER)

    def seconds(name: str) -> float:
        took = []
        for _ in range(7):
            begun = time.perf_counter()
            directory.check(name, "wrong-password")
            took.append(time.perf_counter() - begun)
        return min(took)

    assert 0.5 < seconds("nobody") / seconds("duty") < 2.0


def test_of_many_accounts_the_search_finds_the_one_and_staff_stand_first(directory):
    for number in range(12):
        directory.add_account(f"gate{number:02d}", "sample-password", title="环保科", role=Role.ENTERPRISE,
                              enterprise=f"SP0{number:02d}")  # fmt: skip
    directory.add_account("zhiban", "sample-password", title="值班员", role=Role.DUTY_OFFICER)

    count, first = directory.search(limit=3)
    assert (13, ["zhiban", "gate00", "gate01"]) == (count, [one.identifier for one in first])
    count, found = directory.search("SP007", limit=9)
    assert (1, ["gate07"]) == (count, [one.identifier for one in found])
    assert (0, ()) == directory.search("%", limit=9), "a sign of the query language is a letter like any other"
