"""From the notes of a record to a running console."""

import json
import stat
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from console.commands.record import app as record_app
from console.serve import clock_of, main, open_record, secret_in, serve, settings_of
from emergency.record import Record
from emergency.vocabulary import Level
from plans.errors import LantianError

NOTE = {
    "area": "beijing", "stations": ["S1"], "mean_of": ["S1"], "edition": "hj633-2012", "plan": "beijing",
    "assume": {"aqi": "hj633-2012", "warning": "warning-2024"}, "list": "sample/enterprises/2026.csv",
    "delay_minutes": 60, "simulated_air": True,
}  # fmt: skip


@pytest.fixture
def record(tmp_path):
    opened = Record.open(tmp_path / "record.db", drill=True)
    yield opened
    opened.engine.dispose()


def settings(record):
    return settings_of(record, archive=None, secret=b"s" * 32, secure_cookie=False)


def test_the_settings_follow_the_notes(record):
    record.note("console", json.dumps(NOTE))
    made = settings(record)

    assert ("北京市", True, False) == (made.office.desk.area_name, made.simulated_air, made.replay)
    assert "warning-2024" == made.rules(datetime(2015, 12, 5, tzinfo=UTC).date()).warning.name
    assert len(made.instructions(Level.RED)) >= 60
    assert 64 == len(made.list_digest)


def test_missing_notes_are_named_in_one_sentence(record):
    with pytest.raises(LantianError, match='no note "console"'):
        settings(record)
    record.note("console", json.dumps({"area": "beijing"}))
    with pytest.raises(LantianError, match=r"incomplete.*delay_minutes"):
        settings(record)


def test_a_replay_goes_by_its_own_clock_and_real_work_by_the_real_one(record):
    assert abs((clock_of(record)() - datetime.now(UTC)).total_seconds()) < 5
    record.note("replay", "identity")
    clock = clock_of(record)
    with pytest.raises(LantianError, match="not begun"):
        clock()
    record.note("clock", "2015-12-05T09:00:00+08:00")

    assert "2015-12-05T01:00:00+00:00" == clock().astimezone(UTC).isoformat()


def test_the_secret_is_made_once_for_the_owner_only(tmp_path):
    first = secret_in(tmp_path / "home")

    assert first == secret_in(tmp_path / "home")
    assert 48 == len(first)
    assert 0o600 == stat.S_IMODE((tmp_path / "home" / "secret").stat().st_mode)
    assert first != secret_in(tmp_path / "other")


def test_a_secret_that_can_be_guessed_is_refused(record, tmp_path):
    (tmp_path / "secret").write_bytes(b"short")

    with pytest.raises(LantianError, match="too short"):
        secret_in(tmp_path)
    record.note("console", json.dumps(NOTE))
    with pytest.raises(ValueError, match="32"):
        settings_of(record, archive=None, secret=b"short", secure_cookie=False)


def test_a_missing_record_is_one_sentence_and_exit_code_2(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--record", str(tmp_path / "nothing.db"), "--port", "1"])

    assert 2 == ended.value.code
    assert "There is no record" in capsys.readouterr().err
    assert [] == list(tmp_path.iterdir())


def test_real_work_is_not_served_in_the_clear_on_an_open_network(tmp_path):
    Record.open(tmp_path / "live.db", drill=False).engine.dispose()

    with pytest.raises(LantianError, match="needs TLS"):
        serve(str(tmp_path / "live.db"), archive=None, host="0.0.0.0", port=1)


def test_a_record_opens_as_the_kind_it_was_born(tmp_path):
    for name, drill in (("a.db", True), ("b.db", False)):
        Record.open(tmp_path / name, drill=drill).engine.dispose()
        assert drill is open_record(str(tmp_path / name)).drill


def test_the_record_commands_check_and_tell(world):
    world.conclude()
    path = str(world.record.engine.url.database)
    run = CliRunner()
    checked = run.invoke(record_app, ["verify", "--record", path])
    told = run.invoke(record_app, ["show", "--record", path, "--stream", "c1", "--limit", "2"])
    missing = run.invoke(record_app, ["show", "--record", path, "--stream", "c9"])

    assert f"演练记录：{world.record.head()[0]} 条，链条完整" in checked.output
    assert 2 == len(told.output.strip().splitlines())
    assert "会商结论：黄色预警" in told.output
    assert "no such stream" in str(missing.exception)
