"""The watch on the desk: alerts stand there until their cause has gone, and a person's note goes into the record."""

from datetime import timedelta

import pytest

from emergency import alert
from forecast.alert_store import AlertStore, Finding
from forecast.archive import Archive
from forecast.readers.station_list import Station
from forecast.source_store import SourceStore

from .conftest import NOW, build, hidden

pytestmark = pytest.mark.anyio
RAISED = NOW - timedelta(minutes=20)
TEXT = "数据来源 cnemc 中断：最新数据为 12-05 06:00"
RISE = Finding(
    "sudden_rise", "S1:pm25", "甲站 PM2.5 一小时上升 55", 2,
    {"ranking": [{"name": "甲站", "value": 120.4, "rise": 55.0}, {"name": "乙<站", "value": 80.0, "rise": None}]},
)  # fmt: skip


@pytest.fixture
def world(tmp_path):
    archive = Archive.open(tmp_path / "archive.db")
    archive.write_stations([Station("S1", "甲站", "北京市", 116.0, 40.0, "", "test")])
    sources = SourceStore(archive.engine)
    sources.succeeded("cnemc", now=NOW - timedelta(hours=3), valid_until=NOW - timedelta(hours=4))
    sources.failed("cnemc", now=NOW, error="The source is too slow (cnemc): found not done in 60 s.")
    AlertStore(archive.engine).update(
        [Finding("source_silent", "cnemc", TEXT, 2), RISE], kinds=["source_silent", "sudden_rise"], now=RAISED
    )
    made = build(tmp_path, archive=archive, stations=("S1",))
    yield made
    made.record.engine.dispose()
    archive.close()


def alerts(world):
    return {(one.kind, one.subject): one for one in AlertStore(world.settings.archive.engine).open_alerts()}


def form_of(html: str, kind: str) -> dict[str, str]:
    (part,) = [part for part in html.split("<form")[1:] if f'value="{kind}|' in part]
    return hidden("<form" + part, "/watch/acknowledge")


async def test_open_alerts_stand_on_the_desk_and_the_age_of_every_source_on_the_watch(world):
    user = await world.user("duty_officer")
    desk, page = (await user.get("/desk")).text, (await user.get("/watch")).text

    assert TEXT in desk and "值守提醒（2）" in desk
    assert TEXT in page and "2 条未签收" in page
    assert "4小时" in page and "连续失败 1 次" in page and "数据来源超时未应答（cnemc）" in page
    assert "too slow" not in page
    assert "甲站 120 µg/m³（+55）" in page and "乙&lt;站 80 µg/m³" in page


async def test_a_note_goes_into_the_record_and_onto_the_alert(world):
    user = await world.user("duty_officer")
    form = form_of((await user.get("/watch")).text, "source_silent")
    answer = await user.client.post("/watch/acknowledge", data={**form, "note": "已联系平台"})

    assert (303, "/watch?done=noted") == (answer.status_code, answer.headers["location"])
    (row,) = world.record.now("alert")
    assert ("acknowledged", "source_silent", "已联系平台") == (row["state"], row["body"]["kind"], row["body"]["note"])
    assert "duty_officer" == alerts(world)["source_silent", "cnemc"].acknowledged_by
    page = (await user.get("/watch?done=noted")).text
    assert "提醒已签收。" in page and "值班员 12月5日" in page and "已联系平台" in page and "1 条未签收" in page
    assert "签收值守提醒" in (await user.get("/record")).text
    assert 2 + 0 == len(alerts(world)), "an acknowledged alert stays open until its cause has gone"


async def test_the_desk_takes_the_note_with_one_click_and_comes_back(world):
    user = await world.user("office_director")
    form = form_of((await user.get("/desk")).text, "sudden_rise")
    answer = await user.client.post("/watch/acknowledge", data=form)

    assert "/desk?done=noted" == answer.headers["location"]
    assert "office_director" == alerts(world)["sudden_rise", "S1:pm25"].acknowledged_by


async def test_a_second_click_records_nothing_more(world):
    user = await world.user("duty_officer")
    form = form_of((await user.get("/desk")).text, "source_silent")
    for _ in range(2):
        await user.client.post("/watch/acknowledge", data=form)

    assert 1 == world.record.head()[0]


async def test_what_was_seen_must_be_what_is_there(world):
    """The alert grew graver, or cleared, between reading and clicking: nothing is recorded."""
    user, store = await world.user("duty_officer"), AlertStore(world.settings.archive.engine)
    form = form_of((await user.get("/desk")).text, "source_silent")
    store.update([Finding("source_silent", "cnemc", "全部中断", 3)], kinds=["source_silent"], now=NOW)
    graver = await user.client.post("/watch/acknowledge", data=form)
    store.update([], kinds=["source_silent"], now=NOW + timedelta(minutes=1))
    gone = await user.client.post("/watch/acknowledge", data=form)

    assert (409, 409) == (graver.status_code, gone.status_code)
    assert "刚刚加重" in graver.text and "已经解除" in gone.text
    assert () == world.record.now("alert")


async def test_a_graver_finding_wants_another_note(world):
    user, store = await world.user("duty_officer"), AlertStore(world.settings.archive.engine)
    await user.client.post("/watch/acknowledge", data=form_of((await user.get("/desk")).text, "source_silent"))
    store.update([Finding("source_silent", "cnemc", "全部中断", 3)], kinds=["source_silent"], now=NOW)
    world.app.state.console.watch.mark("sudden_rise", "S1:pm25", by="x", now=NOW)  # so that the page is read anew
    await user.client.post("/watch/acknowledge", data=form_of((await user.get("/desk")).text, "source_silent"))

    assert [2, 3] == [row["body"]["severity"] for row in world.record.now("alert")]


async def test_a_note_that_was_recorded_shows_even_when_the_alert_was_never_marked(world):
    """The process died between the record and the mark."""
    found = alerts(world)["source_silent", "cnemc"]
    world.office.acknowledge_alert(
        found.kind, found.subject, severity=2, text=found.text, raised_at=found.raised_at,
        by=world.actor("duty_officer"), now=NOW,
    )  # fmt: skip
    user = await world.user("duty_officer")

    assert "1 条未签收" in (await user.get("/watch")).text
    assert alert.identifier("source_silent", "cnemc", 2, RAISED) in {row["stream"] for row in world.record.now("alert")}


async def test_a_forecaster_sees_the_alerts_and_has_no_button(world):
    user = await world.user("forecaster")

    page = (await user.get("/desk")).text
    assert TEXT in page and "/watch/acknowledge" not in page


async def test_without_an_archive_the_watch_says_so(tmp_path):
    made = build(tmp_path)
    user = await made.user("duty_officer")

    assert "没有接入监测档案" in (await user.get("/watch")).text
    made.record.engine.dispose()


async def test_late_values_name_the_outlooks_that_could_not_know_them(world):
    import numpy as np

    from forecast import air

    from .conftest import make_outlook

    archive, hour = world.settings.archive, NOW.replace(minute=0) - timedelta(hours=3)
    outlook = make_outlook(NOW)
    archive.write_outlook(outlook)
    for received, value in ((hour + timedelta(minutes=30), 40.0), (NOW - timedelta(minutes=10), 95.0)):
        data = air.dataset(
            {"pm25": np.array([[value]])}, stations=["S1"], valid_time=np.array([air.utc(hour)]), attrs={}
        )
        archive.write_observations(data, source="test", received_at=received)
    user = await world.user("duty_officer")
    page = (await user.get("/watch")).text

    assert "更正：PM2.5 40.0→95.0" in page
    assert f"（{outlook.digest[:8]}）" in page
