"""The evidence pack with the weather ahead and the days like now: from the folder's table to page and paper."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from emergency import documents_meeting, risk
from flows import consultation_pack, office_weather
from flows.situation import Situation
from forecast.archive import Archive
from forecast.outlook import QUANTILES, THRESHOLDS, DayOutlook, Outlook
from forecast.reasons import Analogue, Reasons
from plans.rulebook import load

AFTER = (200, None, 90, 60, 50, 40, 30)
NOW = datetime(2015, 12, 5, 1, 30, tzinfo=UTC)
DAYS = [date(2015, 12, 6) + timedelta(days=lead) for lead in range(7)]


@pytest.fixture
def outlook():
    days = tuple(
        DayOutlook(day, lead + 1, tuple(100 + 20 * n for n in range(len(QUANTILES))), (0.0, 0.2, 0.3, 0.3, 0.2, 0.0),
                   tuple(0.5 for _ in THRESHOLDS), {"pm25": 1.0}, {"pm25": 120.0})
        for lead, day in enumerate(DAYS)
    )  # fmt: skip
    return Outlook(
        "beijing", "北京市", NOW, NOW, "hj633-2012", "test", "m" * 64, "forecast", False, (), days, ((170,) * 7,)
    )


@pytest.fixture
def table(tmp_path):
    """Two stations: a still, dry first day with a south wind, rain on the second, nothing known of the third."""
    head = "station,issue_date,valid_date,wind_speed_mean,wind_east_mean,wind_north_mean,stagnant_share,rain_sum"
    rows = [
        f"{name},2015-12-05,{day},{speed},0,{speed},{share},{rain}"
        for name, more in (("a", 0.0), ("b", 0.4))
        for day, speed, share, rain in ((DAYS[0], 1.2 + more, 0.75, 0), (DAYS[1], 3.0 + more, 0.25, 6.2))
    ]
    (tmp_path / "weather.csv").write_text("\n".join([head, *rows, ""]), encoding="utf-8")
    return tmp_path


def weather_ahead(home, outlook, stations):
    return office_weather.days_ahead(home, Archive.open("sqlite://"), outlook, stations)


def packed(outlook, **more):
    rules = load().on(NOW.date(), assume={"warning": "warning-2018", "aqi": "hj633-2012"})
    plan = load().city("beijing")
    observed = risk.Observed((), ())
    situation = Situation(NOW, outlook, observed, rules, plan, None, **more)
    return json.loads(consultation_pack.pack(situation, situation.assess(), why="测试"))


def test_the_weather_of_the_folder_stands_in_the_pack_as_means_over_the_stations(outlook, table):
    pack = packed(outlook, weather=weather_ahead(table, outlook, ["a", "b"]))
    first, second = pack["weather_days"]

    assert (1.4, "南", 0.75, 0.0) == tuple(first[key] for key in ("wind_speed", "wind_from", "stagnant_share", "rain"))
    assert (None, None) == (first["ventilation"], first["temperature_max"])
    assert "12月6日，偏南风1.4 m/s，静稳时数占75%，无降水；12月7日，偏南风3.2 m/s" in pack["weather"]
    assert 6.2 == second["rain"]


def test_without_weather_the_pack_says_so_in_one_sentence(outlook, tmp_path):
    pack = packed(outlook, weather=weather_ahead(tmp_path, outlook, ["a"]))

    assert [] == pack["weather_days"]
    assert "模型已使用气象预报" == pack["weather"]


def test_a_run_of_another_day_is_not_taken(outlook, table):
    text = (table / "weather.csv").read_text().replace("2015-12-05,", "2015-12-04,")
    (table / "weather.csv").write_text(text)

    assert () == weather_ahead(table, outlook, ["a", "b"])


def test_the_analogues_of_the_outlooks_reasons_go_before_our_own_search(outlook):
    likes = tuple(Analogue(date(2014, 11, day), 0.9 - day / 100, 180, AFTER) for day in (3, 9))
    reasons = Reasons(outlook.digest, "beijing", NOW, (100,) * 7, (), likes, (), None, ())
    pack = packed(outlook, reasons=reasons)

    assert ["2014-11-03", "2014-11-09"] == [one["until"] for one in pack["analogues"]["days"]]
    assert list(AFTER) == pack["analogues"]["days"][0]["next_aqi"]


def test_the_winds_of_the_chart_are_english_on_an_english_page(outlook, table):
    from console import charts_weather, language

    days = packed(outlook, weather=weather_ahead(table, outlook, ["a", "b"]))["weather_days"]
    with language.speaking("en"):
        drawn = str(charts_weather.weather(days))

    assert ">1.4 S<" in drawn and "南" not in drawn


def test_page_and_paper_show_both(outlook, table):
    from console import charts_weather

    likes = (Analogue(date(2014, 11, 3), 0.87, 180, AFTER),)
    reasons = Reasons(outlook.digest, "beijing", NOW, (100,) * 7, (), likes, (), None, ())
    pack = packed(outlook, weather=weather_ahead(table, outlook, ["a", "b"]), reasons=reasons)
    drawn = charts_weather.weather(pack["weather_days"])
    like = charts_weather.analogues(pack["analogues"]["days"], outlook, load().aqi("hj633-2012"))

    assert all(word in drawn for word in ("风速 m/s", "静稳时数 %", "降水 mm", "1.4 南", "6.2"))
    assert "通风量" not in drawn  # the table has none
    assert "2014/11/3后" in like
    grids = [
        *documents_meeting._weather(pack["weather_days"]),
        *documents_meeting._analogues(pack["analogues"]["days"]),
    ]
    assert ("12月6日", "缺～缺", "南1.4", "75", "缺", "0.0") == grids[0].rows[1]
    assert ("2014-11-03", "200、缺、90、60、50、40、30") == grids[1].rows[1]
