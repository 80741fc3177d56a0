"""Models that the clock trains anew when they have grown old."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from emergency.vocabulary import BEIJING
from flows import office_models, office_setup, renew
from flows.post import open_post
from flows.pulling import jobs
from flows.sources import plan
from forecast import sample
from forecast.slot_store import Slot
from plans.errors import DataError, RuleError

STATIONS = "code,name,lon,lat\nS1,一号站,112.9,28.2\nS2,二号站,112.95,28.25\n"
UNTIL = date(2026, 11, 23)


@pytest.fixture
def home(tmp_path):
    (tmp_path / "stations.csv").write_text(STATIONS, encoding="utf-8")
    wanted = office_setup.Wanted("sample", "样例市", "sample", tmp_path / "stations.csv")
    folder = tmp_path / "office"
    office_setup.open_office(folder, wanted, today=UNTIL)
    return folder


@pytest.fixture
def with_air(home):
    midnight = datetime(2026, 11, 23, tzinfo=BEIJING)
    air = sample.generate(seed=3, start=midnight - timedelta(days=200), end=midnight, stations=2)
    post = open_post(home)
    post.archive.write(air.assign_coords(station=["S1", "S2"]), source="test", delay=timedelta(minutes=40))
    return home


def night(day: date = UNTIL) -> Slot:
    at = datetime(day.year, day.month, day.day, 2, 10, tzinfo=BEIJING).astimezone(UTC)
    return Slot("train", at, "running", 1, "me", at, at, at, "")


def asked(home, text: str) -> None:
    (home / "sources.yaml").write_text(f"sources: {{}}\nmodels: {text}\n", encoding="utf-8")


def test_a_model_is_trained_when_there_is_none_and_again_when_it_has_grown_old(with_air):
    asked(with_air, "{since: 2026-05-10, effort: demo, every_days: 30}")
    first = renew.renew(with_air, night())

    assert ("done", "已训练 blend") == (first.state, first.note)
    assert ("model-20261123",) == office_models.newest(with_air)
    assert "" == renew.renew(with_air, night(UNTIL + timedelta(days=29))).note, "young enough"
    assert "已训练 blend" == renew.renew(with_air, night(UNTIL + timedelta(days=30))).note
    assert ["model-20261223", "model-20261123"] == [folder.name for folder in office_models.folders(with_air)]


def test_without_weather_runs_the_plain_model_is_renewed_and_the_slot_says_why(with_air):
    asked(with_air, "{since: 2026-05-10, effort: demo, weather: openmeteo}")
    done = renew.renew(with_air, night())

    assert ("degraded", "没有训练使用气象预报的模型：没有这样的气象预报，得到 openmeteo") == (done.state, done.note)
    assert ("model-20261123",) == office_models.newest(with_air)


def test_a_young_model_that_cannot_be_used_is_trained_anew_and_one_set_aside_by_hand_is_none(with_air):
    """After an update every model is of an earlier version: the office must not wait a month for its next outlook."""
    asked(with_air, "{since: 2026-05-10, effort: demo, every_days: 30}")
    for name in ("model-20261122", "model-20261121-old", "model-20261231-old"):
        (with_air / name).mkdir()
    (with_air / "model-20261122" / "model.npz").write_bytes(b"made by an earlier version")

    assert "已训练 blend" == renew.renew(with_air, night()).note
    assert ["model-20261123", "model-20261122"] == [folder.name for folder in office_models.folders(with_air)]
    assert "" == renew.renew(with_air, night(UNTIL + timedelta(days=1))).note


def test_the_model_with_weather_that_could_not_be_trained_is_tried_again_after_a_week(with_air):
    asked(with_air, "{since: 2026-05-10, effort: demo, weather: openmeteo}")
    states = [renew.renew(with_air, night(UNTIL + timedelta(days=days))).state for days in (0, 1, 6, 7)]

    assert ["degraded", "done", "done", "degraded"] == states


def test_without_air_nothing_is_written_and_the_night_may_try_again(home):
    asked(home, "{since: 2026-05-10, effort: demo}")

    with pytest.raises(DataError):
        renew.renew(home, night())
    assert [] == office_models.folders(home)


def test_training_is_on_the_clock_only_where_it_is_asked_for(home):
    assert "train" not in {job.name for job in jobs(home)} and [] == renew.renew_due(home)
    asked(home, "{since: 2026-05-10}")

    (job,) = (job for job in jobs(home) if job.name == "train")
    assert "15 2-5 * * *" == job.cron


@pytest.mark.parametrize("text", ["{weather: openmeteo}", "{since: soon}", "{since: 2026-05-10, every_days: 0}"])
def test_a_plan_of_training_that_cannot_be_is_refused_by_its_key(home, text):
    asked(home, text)

    with pytest.raises(RuleError, match=r"sources.yaml.*models"):
        plan.plan(home)
