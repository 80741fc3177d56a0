"""A run that stays: what comes meanwhile leaves within seconds, and a run whose starter is gone ends."""

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emergency.lifecycle import Actor
from emergency.vocabulary import BEIJING, Role
from flows import office_setup, scheduled
from flows.post import open_post
from flows.pulling import DELIVERY_STAYS, jobs
from flows.staying import SPARE, left, looks

DUTY = Actor("duty", Role.DUTY_OFFICER)
STARTER = """
import subprocess, sys, time
from pathlib import Path
child = subprocess.Popen([sys.executable, "-c", sys.argv[1], sys.argv[2]])
while not Path(sys.argv[2]).is_file():
    time.sleep(0.05)
"""
STAYING = """
import sys
from pathlib import Path
from flows.staying import looks
for look in looks(600, every=0.2):
    Path(sys.argv[1]).write_text(str(look))
Path(sys.argv[1] + ".ended").write_text("")
"""


@pytest.fixture
def office(tmp_path):
    stations = tmp_path / "stations.csv"
    stations.write_text("code,name,lon,lat\nS1,一号站,112.9,28.2\n", encoding="utf-8")
    home = tmp_path / "office"
    wanted = office_setup.Wanted("sample", "样例市", "sample", stations)
    office_setup.open_office(home, wanted, today=datetime.now(UTC).date())
    (home / "channels.yaml").write_text("staff: {kind: console}\n", encoding="utf-8")
    return home


def written(home):
    """A handover note in the record, which tells the next officer of the duty by a message."""
    now = datetime.now(BEIJING)
    open_post(home).office.write_handover(
        "h1", episode="", shift="day", shift_name="白班", day=now.date(), to_person="乙", note="无异常",
        open_matters=[], by=DUTY, now=now,
    )  # fmt: skip


def test_a_message_that_comes_while_the_run_stays_leaves_with_it(office, monkeypatch):
    def looks_with_somebody_writing_between(seconds):
        assert 0 <= seconds <= DELIVERY_STAYS * 60
        yield 0
        written(office)
        yield 1

    monkeypatch.setattr(scheduled, "looks", looks_with_somebody_writing_between)

    assert 1 == scheduled.deliver_flow.fn(str(office), minutes=DELIVERY_STAYS)
    assert not open_post(office).record.waiting()


def test_a_run_without_minutes_looks_once(office):
    written(office)
    start = time.monotonic()

    assert 1 == scheduled.deliver_flow.fn(str(office))
    assert time.monotonic() - start < SPARE


def test_channels_that_are_set_up_while_the_run_stays_count_at_once(office, monkeypatch):
    ways = (office / "channels.yaml").read_text(encoding="utf-8")
    (office / "channels.yaml").unlink()
    written(office)

    def looks_with_somebody_setting_up_between(_seconds):
        yield 0
        assert open_post(office).record.waiting(), "without channels messages wait"
        (office / "channels.yaml").write_text(ways, encoding="utf-8")
        yield 1

    monkeypatch.setattr(scheduled, "looks", looks_with_somebody_setting_up_between)

    assert 1 == scheduled.deliver_flow.fn(str(office), minutes=DELIVERY_STAYS)


def test_a_run_looks_again_until_its_time_is_over():
    start = time.monotonic()

    found = list(looks(0.7, every=0.2))

    assert found in ([0, 1], [0, 1, 2], [0, 1, 2, 3]), "fewer where the machine is busy"
    assert time.monotonic() - start < 60


def test_a_run_whose_starter_was_killed_ends_by_itself(tmp_path):
    mark = tmp_path / "look"
    subprocess.run([sys.executable, "-c", STARTER, STAYING, str(mark)], check=True, timeout=60)

    until = time.monotonic() + 30
    while not (tmp_path / "look.ended").is_file():
        assert time.monotonic() < until, "it looks on without its starter"
        time.sleep(0.1)


@given(st.datetimes(timezones=st.just(UTC)), st.sampled_from([1, 5, 10, 30]))
def test_a_run_makes_room_before_the_next_full_minutes(now, minutes):
    end = now + timedelta(seconds=left(minutes, now=now))
    following = end.minute // minutes * minutes + minutes
    next_full = end.replace(minute=0, second=0, microsecond=0) + timedelta(minutes=following)

    assert 0 <= left(minutes, now=now) <= minutes * 60 - SPARE
    assert timedelta(0) < next_full - end <= timedelta(seconds=SPARE, microseconds=1)


def test_the_delivery_of_a_real_office_stays_and_is_called_every_minute(office):
    (job,) = [one for one in jobs(office) if one.name == "deliver"]

    assert "* * * * *" == job.cron
    assert DELIVERY_STAYS == job.parameters["minutes"]
