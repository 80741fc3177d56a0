"""Hourly and daily data of a post: due by the level in force then, made good after an outage, marked in a drill."""

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from emergency.directory import Directory, hasher
from emergency.record import Record
from emergency.vocabulary import BEIJING, Level, Role
from emergency.warning import Draft
from flows import bulletin, daily, looking, post
from flows.watch import Scope
from forecast import air
from forecast.alert_store import AlertStore
from forecast.archive import Archive
from forecast.outlook import THRESHOLDS, DayOutlook, Outlook
from forecast.readers.station_list import Station
from forecast.slot_store import SlotStore
from plans.errors import DataError

DAY = date(2016, 1, 15)
BEGIN, END = air.day_bounds(DAY)
HOUR = timedelta(hours=1)
SCOPE = Scope("beijing", "样例市", ("1A", "2A", "3A", "4A"), ("1A", "2A"), "hj633-2012")
NOTE = {
    "area": "beijing", "area_name": "样例市", "stations": ["1A", "2A", "3A", "4A"], "mean_of": ["1A", "2A"],
    "assume": {"aqi": "hj633-2012", "warning": "warning-2024"}, "plan": "beijing",
    "list": "sample/enterprises/2026.csv", "delay_minutes": 60, "notes": ["空气为虚构"],
}  # fmt: skip


@pytest.fixture
def home(tmp_path):
    """A drill's folder without a replay: three of four stations, two days and a half of hours."""
    archive = Archive.open(tmp_path / "archive.db")
    archive.write_stations(Station(code, f"站{code}", "样例市") for code in ("1A", "2A", "3A"))
    hours = air.hours(BEGIN - 24 * HOUR, END + 12 * HOUR)
    levels = np.array([[70.0], [80.0], [115.0]]) + np.zeros(len(hours))
    levels[2, 30:46] = np.nan  # 16 of the day's hours are missing: fewer than the 20 a daily mean wants
    data = air.dataset({"pm25": levels}, stations=["1A", "2A", "3A"], valid_time=hours)
    archive.write_observations(data, source="test", delay=timedelta(minutes=30))
    archive.close()
    record = Record.open(tmp_path / "record.db", drill=True)
    record.note(post.SETTINGS_NOTE, json.dumps(NOTE))
    Directory(record, passwords=hasher(cheap=True)).add_account(
        "director", "sample-password", title="主任", role=Role.OFFICE_DIRECTOR
    )
    return tmp_path


def at(hour, minute=0, *, day=0):
    return datetime(2016, 1, 16, hour, minute, tzinfo=BEIJING) + timedelta(days=day)


def fixed(moment):
    return lambda: moment


def warn(home, *, level="yellow", issued, lifted=None):
    opened = post.open_post(home)
    director = Directory(opened.record).account("director").actor
    content = Draft(
        level=level, area="样例市", starts_at=issued + HOUR, expected_end=issued + 90 * HOUR, reason="静稳",
        text="请减少户外活动。", consultation="observed", criterion_met=True,
    )  # fmt: skip
    office = opened.office
    office.draft_warning("w1", episode="e1", content=content, by=director, now=issued)
    office.approve_warning("w1", by=director, now=issued)
    office.issue_warning("w1", instructions=[], list_digest="d" * 64, by=director, now=issued)
    if lifted is not None:
        office.ask_lift("w1", reason="转好", below_hours=99, by=director, now=lifted)
        office.sign_lift("w1", by=director, now=lifted)
        office.lift_warning("w1", reason="转好", below_hours=99, by=director, now=lifted)


def files(home, kind):
    return sorted(path.name for path in (home / kind).glob("*")) if (home / kind).is_dir() else []


def test_a_day_that_ended_without_particles_has_no_index_under_the_edition_of_2026(tmp_path):
    archive = Archive.open(tmp_path / "archive.db")
    archive.write_stations([Station("1A", "站1A", "样例市")])
    hours = air.hours(BEGIN, END)
    levels = {"so2": 10.0, "no2": 40.0, "co": 1.0, "o3": 50.0}
    data = air.dataset(
        {name: np.full((1, len(hours)), value) for name, value in levels.items()}, stations=["1A"], valid_time=hours
    )
    archive.write_observations(data, source="test", delay=timedelta(minutes=30))

    def city(edition):
        scope = replace(SCOPE, stations=("1A",), mean_of=("1A",), edition=edition)
        return daily.daily(archive, scope, day=DAY, level=Level.NONE, now=at(9)).city

    assert city("hj633-2026").aqi is None
    assert city("hj633-2012").aqi is not None
    archive.close()


def test_a_days_data_rank_the_stations_name_the_missing_and_keep_the_rules_of_a_valid_day(home):
    data = daily.daily(Archive.open(home / "archive.db"), SCOPE, day=DAY, level=Level.NONE, now=at(9))
    rows = {row.name: row for row in data.stations}

    assert data.final and END == data.until
    # HJ 633-2012 table 1: PM2.5 of 75 is IAQI 100, of 70 is 94, of 80 is 107
    assert (100, "良", 75.0) == (data.city.aqi, data.city.category, data.city.values["pm25"])
    assert [("站2A", 1, 107), ("站1A", 2, 94), ("站3A", None, None)] == [
        (row.name, row.rank, row.aqi) for row in data.stations
    ]
    assert 8 == rows["站3A"].hours, "8 hours are no valid day (GB 3095-2012 table 4)"
    assert ("4A",) == data.missing


def test_a_running_day_says_how_far_it_reaches_and_that_it_is_no_assessment(home):
    archive = Archive.open(home / "archive.db")
    data = daily.daily(archive, SCOPE, day=DAY + timedelta(days=1), level=Level.RED, now=at(13, 50), until=at(13))
    said = daily.text(data)

    assert (False, at(12)) == (data.final, data.until)
    assert "2016年01月16日，截至12:00" in said and "【红色预警期间加密发布】" in said and "不是日评价结果" in said
    assert 115 <= max(row.values["pm25"] for row in data.stations)


def test_the_table_reads_back_as_the_same_numbers(home):
    data = daily.daily(Archive.open(home / "archive.db"), SCOPE, day=DAY, level=Level.NONE, now=at(9))
    city, first, *_rest = csv.DictReader(io.StringIO(daily.table(data)))

    assert ("样例市", "100", "75.0") == (city["站点"], city["AQI"], city["pm25"])
    assert ("1", "站2A", "107", "轻度污染", "24") == tuple(
        first[name] for name in ("排名", "站点", "AQI", "级别", "有效小时")
    )


def test_a_day_nobody_has_heard_of_is_one_sentence(home):
    with pytest.raises(DataError, match="no data of the day"):
        daily.daily(
            Archive.open(home / "archive.db"), SCOPE, day=DAY + timedelta(days=3), level=Level.NONE, now=at(9, day=3)
        )


def test_a_warning_makes_more_editions_and_its_end_makes_fewer_again():
    moments = [at(hour, 50) for hour in range(24)]
    counts = [sum(daily.edition(moment, level) is not None for moment in moments) for level in Level]

    assert [1, 2, 4, 4] == counts
    assert DAY == daily.edition(at(9, 50), Level.RED), "the first edition is of the day before"


def test_the_daily_flow_publishes_bulletin_and_data_once_and_says_it_is_a_drill(home):
    clock = fixed(at(9, 55))
    ended = looking.publish_daily_due(home, clock=clock)
    said = (home / "daily" / "beijing-20160115.txt").read_text(encoding="utf-8")

    assert "done" in {state for when, state in ended if when == at(9, 50)}
    assert ["beijing-20160115.csv", "beijing-20160115.txt"] == [
        name for name in files(home, "daily") if "0115." in name
    ]
    assert said.startswith("【演练】样例市重污染天气应对每日一报（2016年01月15日）")
    assert "【演练】样例市空气质量日报（2016年01月15日）" in said and "注：空气为虚构" in said
    assert [] == looking.publish_daily_due(home, clock=clock), "the second scheduler finds nothing to do"


@pytest.mark.parametrize(("mode", "said"), [("none", "无气象预报"), ("forecast", "使用气象预报")])
def test_the_bulletin_says_whether_the_outlook_used_weather(home, mode, said):
    quantiles = (40, 50, 60, 80, 100, 120, 130)
    days = tuple(
        DayOutlook(DAY + timedelta(days=lead), lead, quantiles, (1.0, 0, 0, 0, 0, 0), (0.0,) * len(THRESHOLDS), {}, {})
        for lead in range(1, 8)
    )
    made = Outlook(
        area="beijing", area_name="样例市", issued_at=at(1), data_until=at(0), aqi_edition="hj633-2012", model="m",
        model_digest="d", weather_mode=mode, simulated=True, mode_notes=(), days=days, aqi_paths=(),
    )  # fmt: skip
    opened = post.open_post(home)
    opened.archive.write_outlook(made)

    told = bulletin.daily_bulletin(opened, day=DAY, now=at(9))

    assert f"五、展望（1月16日01时签发，{said}）：01-16 AQI 60–100" in told


def test_under_a_warning_the_day_that_runs_is_published_too(home):
    warn(home, issued=at(10))
    clock = fixed(at(9, 55))
    looking.publish_daily_due(home, clock=clock)
    before = files(home, "daily")
    clock = fixed(at(17, 55))
    looking.publish_daily_due(home, clock=clock)

    assert "beijing-20160116T12.txt" in {*files(home, "daily")} - {*before}
    said = (home / "daily" / "beijing-20160116T12.txt").read_text(encoding="utf-8")
    assert "黄色预警期间加密发布" in said and "尚未结束，累计" in said


def test_the_level_is_the_one_of_the_slot_and_not_of_the_moment_it_is_made_good(home):
    warn(home, issued=at(10), lifted=at(20))
    record = post.open_post(home).record

    assert [Level.NONE, Level.YELLOW, Level.NONE] == [looking.level_at(record, at(h)) for h in (9, 12, 21)]


def test_hours_missed_in_an_outage_are_made_good_with_their_own_values(home):
    clock = fixed(at(2, 45))
    looking.publish_due(home, clock=clock)
    clock = fixed(at(6, 50))  # nothing ran for four hours; one of them is an hour of publication
    looking.publish_due(home, clock=clock)

    assert {"beijing-2016011600.csv", "beijing-2016011606.csv"} <= {*files(home, "hourly")}
    said = (home / "hourly" / "beijing-2016011606.txt").read_text(encoding="utf-8")
    assert said.startswith("【演练】样例市空气质量小时数据（2016年01月16日 06:00）") and "缺测：4A" in said
    (slot, *_more) = SlotStore.open(home / "archive.db").slots("hourly-data", states=("done",))
    assert at(6, 40) == slot.logical_time.astimezone(UTC)


def test_an_old_hour_is_published_as_degraded_and_says_which(home):
    clock = fixed(at(18, 45))  # the data end at 12:00
    looking.publish_due(home, clock=clock)

    (slot,) = SlotStore.open(home / "archive.db").slots("hourly-data", states=("degraded",))
    assert "newest hour is 01-16 12:00 Beijing time" in slot.note


def test_the_offices_own_rhythm_is_followed(home):
    (home / "sources.yaml").write_text("bulletins: {hourly_every: {none: 1}, daily_hours: {none: [8, 9]}}\n")
    clock = fixed(at(9, 55))
    looking.publish_due(home, clock=clock)
    looking.publish_daily_due(home, clock=clock)

    assert 6 <= len([name for name in files(home, "hourly") if name.endswith(".csv")])
    assert {"beijing-20160115.csv", "beijing-20160116T09.csv"} <= {*files(home, "daily")}


def test_a_replays_folder_publishes_nothing_by_the_real_clock(home):
    post.open_post(home).record.note("replay", "x")

    assert [] == looking.publish_due(home) == looking.publish_daily_due(home)


def test_a_replays_air_is_watched_at_its_own_time(home):
    post.open_post(home).record.note("replay", "x")
    looking.look_as_of(home, at(9))
    found = {(one.kind, one.subject) for one in AlertStore.open(home / "archive.db").open_alerts()}

    assert {("station_silent", "4A"), ("near_threshold", "beijing")} <= found
    assert 0 == looking.look_as_of(home, at(9))


def test_a_note_by_command_goes_into_the_record_and_only_from_the_offices_own_people(home, monkeypatch):
    from typer.testing import CliRunner

    from flows.commands.sources import app

    monkeypatch.setenv("LANTIAN_HOME", str(home))
    looking.look_as_of(home, at(9))
    words = ["acknowledge", "station_silent", "4A", "--by"]
    nobody = CliRunner().invoke(app, [*words, "someone"])
    done = CliRunner().invoke(app, [*words, "director"], catch_exceptions=False)

    assert "cannot take note" in str(nobody.exception)
    assert "已签收" in done.output
    assert ["director"] == [row["body"]["acknowledged_by"] for row in post.open_post(home).record.now("alert")]
