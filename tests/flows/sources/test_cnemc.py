"""The platform of CNEMC: hours, cities and its bad days, against a local server that speaks as it does."""

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from flows.sources import cnemc
from plans.errors import DataError, SourceError

from .asking import BEIJING, HOUR, NOW, asker
from .conftest import plain, policy


def cnemc_row(code="1001A", hour=None, **over):
    """One row with the platform's own keys and its ways to write."""
    when = hour or datetime(2024, 3, 1, 0, tzinfo=BEIJING)
    row = {
        "TimePoint": f"/Date({int(when.timestamp() * 1000)})/", "TimePointStr": f"{when:%d}日{when:%H}时",
        "Area": "北京市", "PositionName": "万寿西宫", "StationCode": code,
        "Longitude": "116.3621", "Latitude": "39.8784", "AQI": "57", "Quality": "良",
        "PrimaryPollutant": "颗粒物(PM10)", "PM2_5": "33", "PM10": "64", "SO2": "3", "NO2": "41", "CO": "0.6",
        "O3": "20", "O3_24h": "88", "O3_8h": "41", "Measure": "", "Unheathful": "",
    }  # fmt: skip
    return row | over


def platform(server):
    return replace(cnemc.SOURCE, base=server.url, policy=policy())


LIVE, PAST = "/HourChangesPublish/GetAllAQIPublishLive", "/HourChangesPublish/GetAQIHistoryByConditionHis"


def test_the_running_hour_of_the_platform_becomes_the_contract(server):
    server.says(LIVE, plain([cnemc_row(), cnemc_row("1002A", PM2_5="—", O3="—")]))
    found = platform(server).pull(asker("cnemc"), start=NOW - HOUR, end=NOW, now=NOW)
    data = found.dataset

    assert ["2024-02-29T16:00"] == [str(hour)[:16] for hour in data["valid_time"].values]
    assert [33, 0.6, 20] == [float(data[name].values[0, 0]) for name in ("pm25", "co", "o3")]
    assert np.isnan(data["pm25"].values[1, 0])
    assert (57, "颗粒物(PM10)") == (float(data["published_aqi"].values[0, 0]), data["published_primary"].values[0, 0])
    assert ("1001A", "万寿西宫", "北京", 116.3621) == tuple(
        getattr(found.stations[0], name) for name in ("code", "name", "city", "lon")
    )
    assert "XMLHttpRequest" == server.asked[0][2]["X-Requested-With"]


def test_earlier_hours_are_asked_one_by_one_in_beijing_time_and_never_beyond_two_days(server):
    server.says(LIVE, plain([cnemc_row()]))
    server.says(PAST, plain([]))
    platform(server).pull(asker("cnemc"), start=NOW - timedelta(days=9), end=NOW, now=NOW)
    forms = [asked[3] for asked in server.asked if asked[1] == PAST]

    assert 48 == len(server.asked)
    assert ("date=2024-02-28+01%3A00%3A00", "date=2024-02-29+23%3A00%3A00") == (forms[0], forms[-1])


@pytest.mark.parametrize(
    ("label", "now", "expected"),
    [
        ("02日20时", datetime(2024, 3, 2, 20, 40, tzinfo=BEIJING), "2024-03-02 20"),
        ("29日23时", datetime(2024, 3, 1, 0, 10, tzinfo=BEIJING), "2024-02-29 23"),
        ("28日23时", datetime(2023, 3, 1, 0, 10, tzinfo=BEIJING), "2023-02-28 23"),
        ("31日23时", datetime(2025, 1, 1, 0, 10, tzinfo=BEIJING), "2024-12-31 23"),
        ("31日24时", datetime(2025, 1, 1, 0, 10, tzinfo=BEIJING), "2025-01-01 00"),
        ("01日00时", datetime(2024, 3, 1, 0, 10, tzinfo=BEIJING), "2024-03-01 00"),
        ("29日24时", datetime(2024, 3, 1, 1, 10, tzinfo=BEIJING), "2024-03-01 00"),
        ("31日10时", datetime(2024, 5, 1, 9, 0, tzinfo=BEIJING), "2024-03-31 10"),
        ("2024年12月31日 24时", datetime(2025, 1, 5, tzinfo=BEIJING), "2025-01-01 00"),
        ("2024年02月29日 22时", datetime(2025, 1, 5, tzinfo=BEIJING), "2024-02-29 22"),
    ],
)
def test_hours_without_month_are_right_at_the_ends_of_days_months_and_years(label, now, expected):
    assert expected == f"{cnemc.hour_of(label, now=now).astimezone(BEIJING):%Y-%m-%d %H}"


@pytest.mark.parametrize(
    "label", ["32日20时", "00日01时", "20时", "", "2日25时", "2023年02月29日 01时", "2024-02-29 08:00"]
)
def test_an_hour_that_cannot_be_is_refused(label):
    with pytest.raises(SourceError):
        cnemc.hour_of_row({"timepointstr": label}, now=NOW)


def test_two_hours_in_one_row_are_refused_because_one_of_them_lies(server):
    server.says(LIVE, plain([cnemc_row(TimePointStr="29日20时")]))

    with pytest.raises(SourceError, match="two hours"):
        platform(server).pull(asker("cnemc"), start=NOW - HOUR, end=NOW, now=NOW)


def test_lower_case_keys_and_a_wrapped_list_are_understood(server):
    rows = [{key.lower(): value for key, value in cnemc_row().items()}]
    server.says(LIVE, plain({"code": 200, "data": rows}))
    found = platform(server).pull(asker("cnemc"), start=NOW - HOUR, end=NOW, now=NOW)

    assert 33 == float(found.dataset["pm25"].values[0, 0])


def test_crossed_ozone_columns_are_noticed_and_left_out_not_guessed(server):
    rows = [cnemc_row(f"{1000 + n}A", O3="88", O3_24h="20") for n in range(30)]
    server.says(LIVE, plain(rows))
    found = platform(server).pull(asker("cnemc"), start=NOW - HOUR, end=NOW, now=NOW)

    assert np.isnan(found.dataset["o3"].values).all() and not np.isnan(found.dataset["pm25"].values).any()
    assert "crossed" in found.notes[0]


def test_rows_twice_reordered_or_of_the_future_and_impossible_values_are_noted(server):
    rows = [cnemc_row("1002A"), cnemc_row("1001A"), cnemc_row("1001A"), cnemc_row("1002A", PM2_5="35"),
            cnemc_row("1003A", PM10="64000", CO="-1"), cnemc_row("", PM2_5="1"),
            cnemc_row("1004A", hour=datetime(2024, 3, 1, 5, tzinfo=BEIJING))]  # fmt: skip
    server.says(LIVE, plain(rows))
    found = platform(server).pull(asker("cnemc"), start=NOW - HOUR, end=NOW, now=NOW)
    data = found.dataset

    assert ["1002A", "1001A", "1003A"] == list(data["station"].values)
    assert [35, 33] == data["pm25"].values[:2, 0].tolist()
    assert np.isnan(data["pm10"].values[2, 0]) and np.isnan(data["co"].values[2, 0])
    for words in ("without a station code", "not ended", "twice with other values", "pm10 cannot be", "co cannot be"):
        assert any(words in note for note in found.notes), words


@pytest.mark.parametrize("body", [[1, 2], "x", {"a": 1}, [{"x": 1}], [{"StationCode": None}]])
def test_an_answer_of_another_shape_is_one_sentence(server, body):
    server.says(LIVE, plain(body))

    with pytest.raises(SourceError):
        platform(server).pull(asker("cnemc"), start=NOW - HOUR, end=NOW, now=NOW)


def test_a_citys_last_day_is_kept_under_the_citys_name(server):
    rows = [cnemc_row(StationCode=None, PositionName=None, hour=NOW.replace(minute=0) - n * HOUR) for n in range(24)]
    server.says("/HourChangesPublish/GetCityRealTimeAqiHistoryByCondition", plain(rows))
    cities = replace(cnemc.CITIES, codes=("110000",), base=server.url, policy=policy())
    found = cities.pull(asker("cnemc-cities"), start=NOW - 24 * HOUR, end=NOW, now=NOW)

    assert (["北京"], 24) == (list(found.dataset["station"].values), found.dataset.sizes["valid_time"])
    assert "citycode=110000" in server.asked[0][1]
    with pytest.raises(DataError, match="Which cities"):
        cnemc.CITIES.pull(asker("cnemc-cities"), start=NOW - HOUR, end=NOW, now=NOW)
