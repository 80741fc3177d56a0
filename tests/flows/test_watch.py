"""The watch: it says what is seen, once, keeps it up to date, and lets go when it is over."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from flows import watch
from flows.sources.drop import Refused
from flows.watch import Scope, Settings
from forecast import air
from forecast.alert_store import AlertStore, Finding
from forecast.archive import Archive
from forecast.late import late_values
from forecast.maintenance import Maintenance
from forecast.quality_rules import Window
from forecast.readers.station_list import Station
from forecast.slot_store import Slot
from forecast.source_store import SourceState
from plans.errors import DataError

NOW = datetime(2016, 1, 15, 4, 20, tzinfo=UTC)  # 12:20 in Beijing
END = NOW.replace(minute=0)
HOUR = timedelta(hours=1)
CODES = ("1A", "2A", "3A", "4A")
SCOPE = Scope("town", "样例市", CODES[:3], CODES[:3], "hj633-2012", around=CODES)


@pytest.fixture(params=["sqlite", "postgresql"])
def alerts(request, tmp_path):
    address = str(tmp_path / "a.db") if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    opened = AlertStore.open(address)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def archive(tmp_path):
    opened = Archive.open(tmp_path / "b.db")
    opened.write_stations(Station(code, f"站{code}", "样例", 112.9 + n / 100, 28.2) for n, code in enumerate(CODES))
    yield opened
    opened.close()


def write(archive, pm25, *, until=END, codes=CODES, received=None, **more):
    """Hours that end with `until`, one row of PM2.5 per station."""
    rows = np.atleast_2d(np.array(pm25, dtype=float))
    labels = air.utc(until) - np.arange(rows.shape[1])[::-1] * np.timedelta64(1, "h")
    values = {"pm25": rows} | {name: np.atleast_2d(np.array(v, dtype=float)) for name, v in more.items()}
    data = air.dataset(values, stations=codes[: len(rows)], valid_time=labels)
    if received is None:
        return archive.write_observations(data, source="test", delay=timedelta(minutes=10))
    return archive.write_observations(data, source="test", received_at=received)


def kinds(found):
    return sorted((one.kind, one.subject) for one in found)


def test_a_source_without_new_hours_is_silent_and_one_that_fails_again_and_again_is_named():
    cadences = dict.fromkeys(("good", "old", "never", "failing"), (HOUR, HOUR))
    states = [
        SourceState("good", valid_until=END),
        SourceState("old", valid_until=END - 5 * HOUR),
        SourceState("failing", valid_until=END, failures=4, error="away"),
    ]
    found = watch.sources(states, cadences, now=NOW, rule=Settings())

    assert [("source_failing", "failing"), ("source_silent", "never"), ("source_silent", "old")] == kinds(found)
    assert "已 5.3 小时" in next(one.text for one in found if one.subject == "old")


def test_a_weather_source_is_silent_by_when_it_was_heard_for_its_hours_lie_ahead():
    states = [
        SourceState("runs", valid_until=END + 150 * HOUR, succeeded_at=NOW - 9 * HOUR),
        SourceState("fresh", valid_until=END + 150 * HOUR, succeeded_at=NOW - 5 * HOUR),
    ]
    found = watch.sources(states, {}, now=NOW, rule=Settings(), ahead=dict.fromkeys(("runs", "fresh"), 6 * HOUR))

    assert [("source_silent", "runs")] == kinds(found)
    assert "已 9.0 小时；下一次展望可能没有气象预报" in found[0].text


def test_a_silent_station_is_named_and_a_silent_network_is_said_once(archive):
    write(archive, [[30] * 12] * 2)
    write(archive, [30] * 12, until=END - 6 * HOUR, codes=("3A",))
    found = watch.stations(archive, SCOPE, now=NOW, rule=Settings())
    assert [("station_silent", "3A")] == kinds(found)
    assert "站3A" in found[0].text

    later = watch.stations(archive, SCOPE, now=NOW + 9 * HOUR, rule=Settings())
    assert [("network_outage", "town")] == kinds(later)
    assert "3 个站点中 3 个无数据" in later[0].text


def test_a_station_under_maintenance_is_neither_silent_nor_rising(archive):
    write(archive, [[30] * 11 + [200]] * 2)
    write(archive, [30] * 12, until=END - 6 * HOUR, codes=("3A",))
    store = Maintenance(archive.engine)
    store.add(Window("3A", NOW - 7 * HOUR, NOW + HOUR, reason="停电检修"), by="运维", now=NOW)
    store.add(Window("2A", NOW - 2 * HOUR, NOW + HOUR, ("pm25",), "换滤膜"), by="运维", now=NOW)

    assert [] == watch.stations(archive, SCOPE, now=NOW, rule=Settings())
    assert [("sudden_rise", "1A:pm25")] == kinds(watch.rises(archive, SCOPE, now=NOW, rule=Settings()))


def test_slots_that_were_given_up_are_an_alert_per_flow_with_the_newest_reason(archive):
    why = [f"The source is too slow (cnemc): found reason {n}. It is asked again later." for n in range(3)]
    slots = [Slot("pull:cnemc", END - n * HOUR, "failed", 6, "", END, END, END, why[n]) for n in range(3)]
    (found,) = watch.flows(slots)

    assert ("flow_failed", "pull:cnemc") == (found.kind, found.subject)
    assert "3 个时段失败" in found.text and found.text.endswith("：数据来源超时未应答（cnemc），得到 reason 0")
    assert why[0] == found.details["error"]


def test_refused_files_are_an_alert_per_kind_with_the_newest_reason():
    files = [Refused("weather", f"{n}.nc", NOW - n * HOUR, f"原因{n}") for n in range(3)]
    found = watch.files([*files, Refused("electricity", "e.csv", NOW, "缺少一列")])

    assert [("file_refused", "electricity"), ("file_refused", "weather")] == kinds(found)
    assert "投放的 weather 文件有 3 个未采用" in found[0].text
    assert found[0].text.endswith("0.nc：原因0；请改正后重新投放")
    assert found[1].text.endswith("e.csv：缺少一列；请改正后重新投放")
    assert ["0.nc", "1.nc", "2.nc"] == found[0].details["files"]


def test_a_sudden_rise_is_told_with_its_place_in_the_province(archive):
    write(archive, [[30, 30, 30, 85], [30, 30, 30, 60], [30, 30, 30, 31], [30, 30, 30, 300]])
    found = watch.rises(archive, SCOPE, now=NOW, rule=Settings())

    assert [("sudden_rise", "1A:pm25")] == kinds(found)
    assert "上升 55（30→85 µg/m³" in found[0].text and "全省第 2 位" in found[0].text


def test_the_strongest_ten_rises_are_told_and_no_more(archive):
    codes = tuple(f"{n}B" for n in range(30))
    archive.write_stations(Station(code, code, "样例") for code in codes)
    write(archive, [[30, 30, 30, 80 + n] for n in range(30)], codes=codes)
    scope = Scope("town", "样例市", codes, codes, "hj633-2012")

    found = watch.rises(archive, scope, now=NOW, rule=Settings())
    assert {f"{n}B:pm25" for n in range(20, 30)} == {one.subject for one in found}


def test_ours_among_the_provinces_highest_are_told_in_one_sentence_with_the_ranking(archive):
    write(archive, [[30, 30, 30, 85], [30, 30, 30, 60], [30, 30, 30, 90], [30, 30, 30, 300]])
    (found,) = watch.province_top(archive, SCOPE, now=NOW, rule=Settings(top=3))

    assert ("province_top", "town:pm25", 1) == (found.kind, found.subject, found.severity)
    assert "2 个站点进入全省 PM2.5 小时浓度前 3" in found.text
    assert found.text.endswith("站3A第 2（90）、站1A第 3（85）"), "60 is below the floor"
    assert ["站4A", "站3A", "站1A"] == [one["name"] for one in found.details["ranking"]]


def test_without_a_province_nobody_is_ranked_in_it(archive):
    write(archive, [[30, 30, 30, 85], [30, 30, 30, 160]])
    alone = Scope("town", "样例市", CODES[:3], CODES[:3], "hj633-2012")

    assert [] == watch.province_top(archive, alone, now=NOW, rule=Settings())
    assert "本市第 1 位" in watch.rises(archive, alone, now=NOW, rule=Settings())[0].text


def test_a_rise_of_ours_is_told_however_many_others_rose_more(archive):
    codes = tuple(f"{n}C" for n in range(30))
    archive.write_stations(Station(code, code, "样例") for code in codes)
    write(archive, [[30, 30, 30, 200 - n] for n in range(30)], codes=codes)
    scope = Scope("town", "样例市", codes[25:26], codes[25:26], "hj633-2012", around=codes)

    assert [("sudden_rise", "25C:pm25")] == kinds(watch.rises(archive, scope, now=NOW, rule=Settings()))


@pytest.mark.parametrize(("level", "expected"), [(40, []), (70, [2]), (90, [3])])
def test_a_day_that_comes_near_the_threshold_is_told_and_one_above_it_louder(archive, level, expected):
    """PM2.5 of 70 is AQI 95, of 90 AQI 119 (HJ 633-2012 table 1)."""
    write(archive, [[level] * 12] * 3)

    assert expected == [one.severity for one in watch.threshold(archive, SCOPE, now=NOW, rule=Settings())]


def test_a_stations_clock_is_judged_over_eight_days(archive):
    chooser = np.random.default_rng(2)
    base = 60 + 30 * np.sin(np.arange(192) / 24 * 6.28) + chooser.standard_normal(192).cumsum() * 3
    rows = [np.clip(np.round(base + chooser.normal(0, 2, 192), 1), 1, None) for _ in range(4)]
    rows[1] = np.roll(rows[1], 8)
    write(archive, rows)

    assert [("clock_slip", "2A")] == kinds(watch.slips(archive, SCOPE, now=NOW))


def test_an_alert_is_raised_once_kept_up_to_date_acknowledged_and_cleared(alerts):
    one = Finding("station_silent", "3A", "站点 3A 已 4 小时无数据")
    assert [("station_silent", "3A")] == kinds(alerts.update([one], kinds=watch.KINDS, now=NOW))
    again = Finding("station_silent", "3A", "站点 3A 已 5 小时无数据")
    assert () == alerts.update([again], kinds=watch.KINDS, now=NOW + HOUR)
    assert ("站点 3A 已 5 小时无数据", NOW) == (alerts.open_alerts()[0].text, alerts.open_alerts()[0].raised_at)

    acknowledged = alerts.acknowledge("station_silent", "3A", by="duty", now=NOW + HOUR)
    assert ("duty", NOW + HOUR) == (acknowledged.acknowledged_by, acknowledged.acknowledged_at)
    assert NOW + HOUR == alerts.acknowledge("station_silent", "3A", by="other", now=NOW + 2 * HOUR).acknowledged_at
    graver = Finding("station_silent", "3A", "全部中断", severity=3)
    assert 1 == len(alerts.update([graver], kinds=watch.KINDS, now=NOW + 2 * HOUR)), "graver wants a new signature"
    assert alerts.open_alerts()[0].acknowledged_at is None

    assert () == alerts.update([], kinds=["sudden_rise"], now=NOW + 3 * HOUR)
    assert 1 == len(alerts.open_alerts()), "a kind that was not looked at is not cleared"
    alerts.update([], kinds=watch.KINDS, now=NOW + 4 * HOUR)
    assert () == alerts.open_alerts()
    (past,) = alerts.history(start=NOW - HOUR, end=NOW + HOUR)
    assert NOW + 4 * HOUR == past.cleared_at
    with pytest.raises(DataError, match="no such open alert"):
        alerts.acknowledge("station_silent", "3A", by="duty", now=NOW + 5 * HOUR)


def test_one_look_at_everything_and_the_same_look_again_changes_nothing(archive, tmp_path):
    write(archive, [[30, 30, 30, 85]] + [[30, 30, 30, 31]] * 2)
    alerts = AlertStore(archive.engine)
    ask = {"states": [], "cadences": {"cnemc": (HOUR, HOUR)}, "now": NOW}
    first = watch.look(archive, alerts, SCOPE, **ask)

    expected = [("province_top", "town:pm25"), ("source_silent", "cnemc"), ("sudden_rise", "1A:pm25")]
    assert expected == kinds(first)
    assert () == watch.look(archive, alerts, SCOPE, **ask)
    assert 3 == len(alerts.open_alerts())


def test_the_same_finding_twice_at_once_is_one_alert(alerts):
    from concurrent.futures import ThreadPoolExecutor

    one = Finding("source_silent", "cnemc", "x")
    with ThreadPoolExecutor(4) as pool:
        news = list(pool.map(lambda _n: alerts.update([one], kinds=watch.KINDS, now=NOW), range(4)))

    assert 1 == sum(map(len, news)) == len(alerts.open_alerts())


def test_a_late_value_and_a_revision_name_the_outlooks_made_before_they_came(archive, outlook_at):
    write(archive, [[30] * 4], received=END + timedelta(minutes=10))
    early, later = outlook_at(END + HOUR), outlook_at(END + 5 * HOUR)
    archive.write_outlook(early)
    archive.write_outlook(later)
    write(archive, [[30, 30, 30, 55]], received=END + 3 * HOUR)
    write(archive, [[44]], codes=("2A",), received=END + 2 * HOUR)
    ask = {"area": "beijing", "stations": CODES, "since": END + timedelta(minutes=30), "until": END + 9 * HOUR}
    late, revised = late_values(archive, **ask)

    assert ("late", "2A", END, {}) == (late.kind, late.station, late.valid_time, dict(late.before))
    assert [early.digest] == [one.digest for one in late.outlooks]
    assert ("revised", {"pm25": 30.0}, {"pm25": 55.0}) == (revised.kind, dict(revised.before), dict(revised.after))
    assert [early.digest] == [one.digest for one in revised.outlooks], "the later outlook knew the new value"
    assert () == late_values(archive, **(ask | {"since": END + 4 * HOUR}))


@pytest.fixture
def outlook_at():
    from forecast.outlook import QUANTILES, THRESHOLDS, DayOutlook, Outlook

    def made(issued):
        days = tuple(
            DayOutlook(
                valid_date=issued.date() + timedelta(days=lead), lead_days=lead + 1,
                aqi_quantiles=tuple(50 + n for n in range(len(QUANTILES))), level_probabilities=(0.0, 1.0, 0, 0, 0, 0),
                exceedance=(0.0,) * len(THRESHOLDS), primary_probabilities={"pm25": 1.0},
                concentration_medians={"pm25": 40.0},
            )
            for lead in range(7)
        )  # fmt: skip
        paths = tuple(tuple(day.aqi_quantiles[q] for day in days) for q in range(len(QUANTILES)))
        return Outlook(
            area="beijing", area_name="北京市", issued_at=issued, data_until=issued, aqi_edition="hj633-2012",
            model="hand", model_digest="none", weather_mode="none", simulated=True, mode_notes=(), days=days,
            aqi_paths=paths,
        )  # fmt: skip

    return made
