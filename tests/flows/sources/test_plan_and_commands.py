"""The office's plan of sources, its commands, and one whole pass from sources.yaml to alerts and hourly data."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from emergency.record import Record
from emergency.vocabulary import Level
from flows import hourly, looking
from flows.commands.sources import app
from flows.sources import plan
from flows.sources.pull import Stores
from flows.watch import Scope
from forecast import air
from forecast.quality import Flag, pack
from forecast.readers.station_list import Station
from plans.errors import DataError, RuleError, SourceError

from .conftest import plain

HOUR = timedelta(hours=1)


def put(home, text, name="sources.yaml"):
    path = home / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def lantian(*words):
    done = CliRunner().invoke(app, list(words))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output


def test_the_plan_names_sources_with_their_rhythm_and_their_own_settings(tmp_path):
    put(tmp_path, "sources:\n  cnemc: {minute: 30, back_hours: 5}\n  openmeteo: {places: {长沙: [28.23, 112.94]}}\n")
    cnemc, meteo = plan.pulls(tmp_path)

    assert (HOUR, timedelta(minutes=30), 5 * HOUR) == (cnemc.rhythm.every, cnemc.rhythm.offset, cnemc.back)
    assert ({"长沙": (28.23, 112.94)}, 192 * HOUR) == (meteo.adapter.places, meteo.ahead)
    assert [] == plan.pulls(tmp_path / "nowhere")


def own(*stations):
    return lambda: [Station(code, code, lon=lon, lat=lat) for code, lon, lat in stations]


def test_a_source_of_coordinates_without_places_is_asked_for_the_stations(tmp_path):
    put(tmp_path, "sources:\n  cnemc: {}\n  openmeteo: {}\n")
    cnemc, meteo = plan.pulls(tmp_path)
    placed = plan.placed(meteo, tmp_path, own(("1A", 112.9, 28.2), ("2A", None, None)))

    assert ({"1A": (28.2, 112.9)}, ("2A",)) == (placed.adapter.places, placed.adapter.without)
    assert cnemc is plan.placed(cnemc, tmp_path, own())
    with pytest.raises(RuleError, match=r"Nobody says which places.*Write places"):
        plan.placed(meteo, tmp_path, own(("2A", None, None)))
    with pytest.raises(RuleError, match=r"too many places.*at most 100, found 101"):
        plan.placed(meteo, tmp_path, own(*((f"{n}A", 112.9, 28.2) for n in range(101))))


def test_of_an_office_only_its_own_stations_are_asked_for(tmp_path):
    record = Record.open(tmp_path / "record.db", drill=False)
    settings = {"stations": ["1A", "3A"], "plan": "sample", "assume": {}, "area": "x", "mean_of": ["1A"]}
    record.note("console", json.dumps(settings))
    record.engine.dispose()
    put(tmp_path, "sources: {openmeteo: {}}")
    (meteo,) = plan.pulls(tmp_path)
    country = own(("1A", 112.9, 28.2), *((f"{n}B", 116.4, 39.9) for n in range(999)))

    placed = plan.placed(meteo, tmp_path, country).adapter
    assert ({"1A": (28.2, 112.9)}, ("3A",)) == (placed.places, placed.without), "3A is not even in the list of stations"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("sources: {cnmec: {}}", "no such live source.*sources.cnmec.*cnemc"),
        ("sources: {prsa: {}}", "no such live source"),
        ("sources: {cnemc: {evry: 3}}", "unknown key"),
        ("sources: {cnemc: {every_minutes: 1}}", "sources.cnemc.every_minutes"),
        ("mappings: [x.yaml]", "mapping is not there"),
        ("- a", "holds no mapping"),
    ],
)
def test_a_mistake_in_the_plan_is_named_by_file_and_key(tmp_path, text, sentence):
    put(tmp_path, text)

    with pytest.raises(RuleError, match=sentence):
        plan.pulls(tmp_path)


def test_every_live_source_is_found_by_entry_point_and_says_what_it_is():
    assert ("cnemc", "cnemc-cities", "openaq", "openmeteo", "quotsoft", "quotsoft-cities") == plan.live_names()
    for name in plan.live_names():
        adapter = plan.live(name)
        assert name == adapter.manifest.name
        assert adapter.manifest.licence and adapter.manifest.delay_basis and adapter.policy.hosts
        assert not adapter.policy.plain_http and not adapter.policy.own_network
    with pytest.raises(DataError, match="no such live source"):
        plan.live("prsa")


TOWN = """
name: town
title: 样例微站
address: {url}/town.json
own_network: true
plain_http: true
seconds_between: 0
station: id
time: {{field: t}}
values: {{pm25: {{field: v, unit: ug/m3}}}}
"""


def test_one_pass_from_the_plan_to_slots_alerts_and_status(server, tmp_path, monkeypatch):
    monkeypatch.setenv("LANTIAN_HOME", str(tmp_path))
    put(tmp_path, "mappings: [micro/town.yaml]")
    put(tmp_path, TOWN.format(url=server.url), "micro/town.yaml")
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    rows = [{"id": "A", "t": (now - back * HOUR).isoformat(), "v": 30 + back} for back in range(60)]
    server.says("/town.json", plain(rows))
    ended = looking.pull_due(tmp_path, "town")

    assert len(ended) >= 47 and {"done"} == {state for _when, state in ended}
    assert [] == looking.pull_due(tmp_path, "town"), "the second scheduler finds nothing to do"
    assert 0 == looking.watch_now(tmp_path)
    assert 1 == looking.watch_now(tmp_path, now=now + 9 * HOUR)
    said = lantian("status")
    assert "town" in said and "最近成功" in said and "完成" in said and "从未取数" in said
    assert "数据来源 town 中断" in lantian("alerts")
    lantian("acknowledge", "source_silent", "town", "--by", "值班员")
    assert "已签收 值班员" in lantian("alerts")
    assert "town：1 个站点" in lantian("pull", "town")
    assert list((tmp_path / "raw" / "town").rglob("*.gz"))


def test_a_source_that_is_not_in_the_plan_is_one_sentence(tmp_path):
    with pytest.raises(RuleError, match="not in the plan"):
        looking.pull_due(tmp_path, "cnemc")


def test_trying_a_source_without_network_is_one_clear_sentence(monkeypatch):
    """The names of the real hosts do not resolve here, or the machine has a network and the call answers."""
    import socket

    def nowhere(*_a, **_k):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    with pytest.raises(
        SourceError, match=r"name of the source cannot be looked up \(openmeteo, api.open-meteo.com"
    ) as caught:
        lantian("try", "openmeteo", "--city", "长沙")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("try", "nobody"), "no such live source"),
        (("try", "openmeteo", "--city", "火星"), "not in the table"),
        (("try", "openmeteo", "--latitude", "28"), "One coordinate is missing"),
        (("try", "openaq"), "Which location"),
        (("drop", "/nowhere/at/all"), "drop folder is not there"),
        (("acknowledge", "x", "y", "--by", "me"), "no such open alert"),
    ],
)
def test_bad_words_are_answered_in_one_sentence(tmp_path, monkeypatch, words, sentence):
    monkeypatch.setenv("LANTIAN_HOME", str(tmp_path))

    with pytest.raises(DataError, match=sentence):
        lantian(*words)


def test_the_drop_command_stores_and_refuses_and_ends_with_a_sentence(tmp_path, monkeypatch):
    import os

    monkeypatch.setenv("LANTIAN_HOME", str(tmp_path))
    path = put(tmp_path, "enterprise,circuit,kind,start,kwh\nA,C,灯,2024-01-01 00:00,1\n", "in/electricity/e.csv")
    os.utime(path, (0, 0))

    with pytest.raises(DataError, match="Some files were refused"):
        lantian("drop", str(tmp_path / "in"))


def test_late_values_are_told_by_the_command(tmp_path, monkeypatch):
    monkeypatch.setenv("LANTIAN_HOME", str(tmp_path))

    assert "没有迟到或更正的数据。" in lantian("late", "beijing")


def test_a_maintenance_window_is_entered_listed_and_withdrawn_by_command(tmp_path, monkeypatch):
    monkeypatch.setenv("LANTIAN_HOME", str(tmp_path))
    Stores.open(tmp_path / "archive.db").archive.write_stations([Station("1001A", "万寿西宫")])
    words = ["1001A", "--from", "2026-11-22 08:00", "--until", "2026-11-22 12:00", "--reason", "换滤膜", "--by", "运维"]

    assert "1. 1001A 2026-11-22 08:00 – 2026-11-22 12:00 pm25：换滤膜（运维 登记）；补标 0 个小时" in lantian(
        "maintenance", "add", *words, "--pollutants", "pm25"
    )
    assert "换滤膜" in lantian("maintenance", "list")
    assert "没有登记" in lantian("maintenance", "list", "--station", "1002A")
    assert "值班员 已撤销" in lantian("maintenance", "withdraw", "1", "--by", "值班员")
    with pytest.raises(DataError, match="moment cannot be read"):
        lantian("maintenance", "add", *["--from" if w == "--from" else "8点" if w == "2026-11-22 08:00" else w
                                        for w in words])  # fmt: skip


def test_the_offices_own_settings_of_the_watch_are_read_and_a_mistake_is_named(tmp_path):
    put(tmp_path, "watch: {province: [长沙市], rise: {pm25: 25}, near: 95, station_late_hours: 5}\n")
    rule = looking.watch_settings(tmp_path)
    assert (25, 100, 95, timedelta(hours=5)) == (rule.rise["pm25"], rule.rise["pm10"], rule.near, rule.station_late)

    put(tmp_path, "watch: {rise: {pm1: 25}}\n")
    with pytest.raises(RuleError, match=r"watch\.rise.*pollutants of ours"):
        looking.watch_settings(tmp_path)


# hourly data ----------------------------------------------------------------------------------------------------------

END = datetime(2016, 1, 15, 4, tzinfo=UTC)
SCOPE = Scope("town", "样例市", ("1A", "2A", "3A", "4A"), ("1A", "2A", "3A"), "hj633-2012")


@pytest.fixture
def stores(tmp_path):
    opened = Stores.open(tmp_path / "a.db")
    opened.archive.write_stations(Station(code, f"站{code}", "样例") for code in SCOPE.stations)
    import numpy as np

    labels = air.utc(END) - np.arange(30)[::-1] * np.timedelta64(1, "h")
    pm25 = np.array([[50.0] * 30, [100.0] * 29 + [120.0], [200.0] * 30])
    marks = np.zeros((3, 30), dtype=np.int64)
    marks[1, -1] = int(pack({"pm25": np.array(int(Flag.SPIKE))}))
    data = air.dataset({"pm25": pm25}, stations=SCOPE.stations[:3], valid_time=labels, extra={"flags": marks})
    opened.archive.write_observations(data, source="test", delay=timedelta(minutes=10))
    yield opened
    opened.close()


def test_hourly_data_rank_the_stations_name_the_change_the_marks_and_the_missing(stores):
    data = hourly.hourly(stores.archive, SCOPE, level=Level.ORANGE, now=END + timedelta(minutes=40))
    said = hourly.text(data)

    assert ["站3A", "站2A", "站1A"] == [row.name for row in data.stations]
    assert [1, 2, 3] == [row.rank for row in data.stations]
    assert ("站4A",) == data.missing
    assert "【橙色预警期间加密发布】" in said and "2016年01月15日 12:00" in said
    assert "PM2.5 120 µg/m³（+20），〔单小时突跳〕" in said
    assert hourly.table(data).count("\n") == 5


def test_hourly_data_are_written_whole_and_again_the_same(stores, tmp_path):
    data = hourly.hourly(stores.archive, SCOPE, level=Level.NONE, now=END + timedelta(minutes=40))
    path = hourly.publish(data, tmp_path / "hourly")
    before = path.read_bytes()

    assert before == hourly.publish(data, tmp_path / "hourly").read_bytes()
    assert ["town-2016011512.csv", "town-2016011512.txt"] == sorted(file.name for file in path.parent.iterdir())


def test_without_data_of_the_last_day_nothing_is_published(stores):
    with pytest.raises(DataError, match="no data of the last day"):
        hourly.hourly(stores.archive, SCOPE, level=Level.NONE, now=END + timedelta(days=2))


def test_a_warning_makes_the_publication_more_frequent():
    hours = [END + n * HOUR for n in range(24)]
    counts = [sum(hourly.due(hour, level) for hour in hours) for level in Level]

    assert [4, 12, 24, 24] == counts


def test_all_flows_are_due_in_local_time_and_run_one_at_a_time(tmp_path):
    put(tmp_path, "sources: {cnemc: {}}")
    from flows.pulling import deployments

    found = {one.name: one for one in deployments(tmp_path)}
    assert {"pull-cnemc", "drop", "watch", "watch-clocks"} == set(found)
    assert {1} == {one.concurrency_limit for one in found.values()}
    assert {"Asia/Shanghai"} == {one.schedules[0].schedule.timezone for one in found.values()}
    assert "50 5 * * *" == found["watch-clocks"].schedules[0].schedule.cron
