"""Each adapter against a local server that speaks as the source does, and as it does on its bad days."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from emergency.source_words import told
from flows.sources import cnemc, mapping, open_meteo, openaq, quotsoft
from flows.sources.live import Asker
from flows.sources.mapping import Mapped
from flows.sources.micro import Micro
from flows.sources.web_rules import Unavailable
from forecast import air
from plans.errors import DataError, RuleError, SourceError

from .conftest import plain, policy

BEIJING = air.BEIJING
NOW = datetime(2024, 3, 1, 0, 30, tzinfo=BEIJING)
HOUR = timedelta(hours=1)


PM = {"pm25": {"field": "v", "unit": "ug/m3"}}


def asker(source, **more):
    return Asker(source, policy(**more), clock=lambda: NOW)


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


def test_a_days_file_of_cities_has_an_address_of_its_own_and_shares_the_rate(server):
    head = "date,hour,type,北京,长沙\n"
    server.says("/china_cities_20240229.csv", plain(head + "20240229,1,PM2.5,10,11\n", kind="text/csv"))
    cities = replace(quotsoft.CITIES, base=server.url, policy=policy())
    found = cities.pull(asker("quotsoft-cities"), start=NOW - 23 * HOUR, end=NOW - 22 * HOUR, now=NOW)

    assert ["北京", "长沙"] == list(found.dataset["station"].values)
    assert ("北京", "北京市") == (found.stations[0].code, found.stations[0].name)
    assert ("quotsoft", "cnemc") == (quotsoft.CITIES.policy.shared, cnemc.CITIES.policy.shared)


# quotsoft -------------------------------------------------------------------------------------------------------------

DAY = (
    "date,hour,type,1001A,1002A\n"
    "20240229,0,PM2.5,10,11\n20240229,0,CO,0.5,\n20240229,0,O3_24h,99,99\n"
    "20240229,1,PM2.5,12,—\n20240229,1,AQI,50,60\n"
)


def test_a_days_file_gives_both_hours_and_hour_0_is_hour_24_of_the_day_before(server):
    server.says("/china_sites_20240229.csv", plain(DAY, kind="text/csv"))
    server.says("/china_sites_20240301.csv", plain("date,hour,type,1001A,1002A\n", kind="text/csv"))
    source = replace(quotsoft.SOURCE, base=server.url, policy=policy())
    data = source.pull(asker("quotsoft"), start=NOW - 24 * HOUR, end=NOW, now=NOW).dataset

    assert ["2024-02-28T16:00", "2024-02-28T17:00"] == [str(hour)[:16] for hour in data["valid_time"].values]
    assert np.array_equal([[10, 12], [11, np.nan]], data["pm25"].values, equal_nan=True)
    assert np.array_equal([[0.5, np.nan], [np.nan, np.nan]], data["co"].values, equal_nan=True)
    assert "o3" not in data, "O3_24h is another statistic"


def test_a_file_that_is_not_there_yet_is_noted_and_the_other_days_are_taken(server):
    server.says("/china_sites_20240229.csv", plain(DAY, kind="text/csv"))
    source = replace(quotsoft.SOURCE, base=server.url, policy=policy())
    found = source.pull(asker("quotsoft"), start=NOW - 24 * HOUR, end=NOW, now=NOW)

    assert 2 == found.dataset.sizes["valid_time"]
    assert ("the file of 2024-03-01 is not there (yet)",) == found.notes


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("<html>", "not of the archive"),
        (DAY.replace("1002A\n", "1001A\n"), "stands twice"),
        (DAY[:-4], "row 6.*expected 5 fields|cut"),
        (DAY.replace("20240229,1", "20240228,1"), "another day"),
        (DAY.replace("29,1,PM2.5", "29,25,PM2.5"), "another day"),
    ],
)
def test_a_file_that_is_cut_or_of_another_day_is_refused(text, sentence):
    text = text if "cut" not in sentence else DAY.replace("1,AQI,50,60", "1,AQI,50")
    with pytest.raises(SourceError, match=sentence):
        quotsoft.read_day(text, day=datetime(2024, 2, 29, tzinfo=BEIJING).date(), where="f.csv", now=NOW)


# Open-Meteo -----------------------------------------------------------------------------------------------------------


def meteo(columns, *, hours=48, **over):
    times = [f"{datetime(2024, 2, 29, tzinfo=BEIJING) + n * HOUR:%Y-%m-%dT%H:%M}" for n in range(hours)]
    series = {theirs: [n / 2 for n in range(hours)] for theirs, _unit, _factor in columns.values()}
    if "surface_pressure" in series:
        series["surface_pressure"] = [1000.0 + n for n in range(hours)]
    units = {theirs: unit for theirs, unit, _factor in columns.values()}
    return {"latitude": 28.2, "longitude": 112.9, "utc_offset_seconds": 28800, "timezone": "Asia/Shanghai",
            "hourly_units": {"time": "iso8601", **units}, "hourly": {"time": times, **series}} | over  # fmt: skip


def service(server):
    return replace(
        open_meteo.SOURCE,
        places={"长沙": (28.23, 112.94)},
        weather_base=server.url + "/w",
        air_base=server.url + "/a",
        policy=policy(),
    )


def test_a_forecast_of_air_and_weather_comes_in_our_units_and_hours(server):
    server.says("/w", plain(meteo({**open_meteo.WEATHER, **open_meteo.BESIDE})))
    server.says("/a", plain(meteo(open_meteo.AIR)))
    data = service(server).pull(asker("openmeteo"), start=NOW, end=NOW + 24 * HOUR, now=NOW).dataset

    assert 23 == data.sizes["valid_time"], "their two days end at 23:00"
    assert (12.5, 0.0125, 12.5) == tuple(float(data[name].values[0, 0]) for name in ("pm25", "co", "temperature"))
    assert "timezone=Asia%2FShanghai" in server.asked[0][1] and "wind_speed_unit=ms" in server.asked[0][1]


@pytest.mark.parametrize(
    ("over", "sentence"),
    [
        ({"hourly_units": {**meteo(open_meteo.AIR)["hourly_units"], "pm2_5": "mg/m³"}}, "unit has changed.*found mg/m"),
        ({"utc_offset_seconds": 0}, "another zone"),
        ({"error": True, "reason": "Daily API request limit exceeded"}, "service refuses.*limit exceeded"),
        ({"hourly": {"time": ["2024-02-29T00:00"], "pm10": []}}, "series does not fit"),
        ({"hourly": None}, "no hours"),
    ],
)
def test_a_unit_changed_overnight_another_zone_or_a_missing_series_is_refused(server, over, sentence):
    server.says("/w", plain(meteo({**open_meteo.WEATHER, **open_meteo.BESIDE})))
    server.says("/a", plain(meteo(open_meteo.AIR, **over)))

    with pytest.raises(SourceError, match=sentence):
        service(server).pull(asker("openmeteo"), start=NOW, end=NOW + HOUR, now=NOW)


ALL = {**open_meteo.WEATHER, **open_meteo.BESIDE}


def test_the_weather_of_a_run_beside_the_contract_comes_in_our_units_and_the_impossible_is_noted(server):
    said = meteo(ALL)
    said["hourly"]["cloud_cover"] = [101.0] * 2 + [50.0] * 46
    server.says("/w", plain(said))
    server.says("/a", plain(meteo(open_meteo.AIR)))
    found = service(server).pull(asker("openmeteo"), start=NOW - 30 * HOUR, end=NOW, now=NOW)
    data = found.dataset

    assert {0.5} == set(data["cloud"].values[0, 2:])
    assert 1.5 == float(data["temperature_850hpa"].values[0, 3]) == float(data["boundary_layer_height"].values[0, 3])
    assert 1.5 == float(data["shortwave"].values[0, 3])
    assert np.isnan(data["cloud"].values[0, :2]).all()
    assert ("2 values of cloud are impossible and were left out",) == found.notes


def test_a_place_that_is_refused_is_left_out_and_told_and_the_others_are_kept(server):
    refusal = {"error": True, "reason": "No data for this place"}
    server.says("/w", plain(meteo(ALL)), plain(refusal), plain(meteo(ALL)))
    server.says("/a", plain(meteo(open_meteo.AIR)))
    places = {"长沙": (28.23, 112.94), "望城": (28.35, 112.82), "浏阳": (28.16, 113.64)}
    found = replace(service(server), places=places).pull(asker("openmeteo"), start=NOW, end=NOW + HOUR, now=NOW)

    assert ["长沙", "浏阳"] == found.dataset["station"].values.tolist()
    assert "望城没有取到：数据服务拒绝了请求（openmeteo, 望城）" == told(found.notes[0])


def test_stations_that_nobody_gave_coordinates_for_are_told(server):
    server.says("/w", plain(meteo(ALL)))
    server.says("/a", plain(meteo(open_meteo.AIR)))
    asked = replace(service(server), without=("2A", "3A"))
    found = asked.pull(asker("openmeteo"), start=NOW, end=NOW + HOUR, now=NOW)

    assert "2个站点没有坐标，未查询：2A、3A" == told(found.notes[-1])


def test_a_service_that_goes_silent_ends_the_whole_pull_and_asks_no_further_place(server):
    server.says("/w", plain(meteo(ALL)), plain({}, status=503))
    server.says("/a", plain(meteo(open_meteo.AIR)))
    places = {"长沙": (28.23, 112.94), "望城": (28.35, 112.82), "浏阳": (28.16, 113.64)}

    with pytest.raises(Unavailable):
        replace(service(server), places=places).pull(asker("openmeteo"), start=NOW, end=NOW + HOUR, now=NOW)
    assert 2 == len({address for _method, address, *_ in server.asked if address.startswith("/w")})


def test_what_a_model_does_not_have_is_left_out_but_another_unit_is_refused(server):
    said = meteo(ALL)
    del said["hourly"]["boundary_layer_height"]
    said["hourly"]["temperature_850hPa"] = [None] * 48
    said["hourly_units"]["temperature_850hPa"] = "undefined"
    server.says("/w", plain(said))
    server.says("/a", plain(meteo(open_meteo.AIR)))
    found = service(server).pull(asker("openmeteo"), start=NOW, end=NOW + 9 * HOUR, now=NOW)

    assert {"boundary_layer_height", "temperature_850hpa"}.isdisjoint(found.dataset)
    assert ("shortwave" in found.dataset, ()) == (True, found.notes)

    said["hourly_units"]["shortwave_radiation"] = "MJ/m²"
    server.says("/w", plain(said))
    with pytest.raises(SourceError, match=r"unit has changed.*shortwave_radiation.*found MJ/m"):
        service(server).pull(asker("openmeteo"), start=NOW, end=NOW + 9 * HOUR, now=NOW)


def test_the_weather_is_asked_for_the_whole_window_and_the_air_only_as_far_as_it_reaches(server):
    server.says("/w", plain(meteo(ALL, hours=240)))
    server.says("/a", plain(meteo(open_meteo.AIR)))
    data = service(server).pull(asker("openmeteo"), start=NOW, end=NOW + 192 * HOUR, now=NOW).dataset
    weather, quality = (asked[1] for asked in server.asked)

    assert "start_date=2024-03-01&end_date=2024-03-09" in weather
    assert "start_date=2024-03-01&end_date=2024-03-05" in quality
    assert 192 == data.sizes["valid_time"]
    assert (23, 192) == (int(data["pm25"].notnull().sum()), int(data["shortwave"].notnull().sum()))


# OpenAQ ---------------------------------------------------------------------------------------------------------------


def location(**over):
    sensors = [{"id": 1, "parameter": {"id": 2, "name": "pm25", "units": "µg/m³"}},
               {"id": 2, "parameter": {"id": 7, "name": "no2", "units": "ppm"}},
               {"id": 3, "parameter": {"id": 9, "name": "bc", "units": "µg/m³"}}]  # fmt: skip
    place = {"id": 8, "name": "US Post", "coordinates": {"latitude": 28.2, "longitude": 112.9}, "sensors": sensors,
             "datetimeLast": {"utc": "2024-02-29T16:00:00Z"}}  # fmt: skip
    return {"meta": {"found": 1}, "results": [place | over]}


def sensor_hour(hours_ago, value):
    end = NOW.replace(minute=0).astimezone(UTC) - hours_ago * HOUR
    return {"value": value, "period": {"datetimeTo": {"utc": f"{end:%Y-%m-%dT%H:%M:%SZ}"}}}


def pages(*rows, size):
    found = [rows[at : at + size] for at in range(0, len(rows), size)]
    found += [[]] if not rows or len(rows) % size == 0 else []
    return [plain({"meta": {"found": ">1000"}, "results": list(page)}) for page in found]


def aq(server, **more):
    return replace(openaq.SOURCE, locations=(8,), base=server.url, policy=policy(), key="k", page=3, **more)


def test_pages_that_come_twice_or_in_any_order_give_every_hour_once_in_our_units(server):
    server.says("/locations/8", plain(location()))
    rows = [sensor_hour(n, 10.0 + n) for n in (2, 0, 1, 2, 0, 3, 4)]
    server.says("/sensors/1/hours", *pages(*rows, size=3))
    server.says("/sensors/2/hours", *pages(sensor_hour(0, 0.02), size=3))
    data = aq(server).pull(asker("openaq"), start=NOW - 9 * HOUR, end=NOW, now=NOW).dataset

    assert [14, 13, 12, 11, 10] == data["pm25"].values[0].tolist()
    assert 37.6 == round(float(data["no2"].values[0, -1]), 1), "0.02 ppm at 25 degC"
    assert "k" == server.asked[0][2]["X-API-Key"]


def test_without_a_key_there_is_one_clear_sentence(server, monkeypatch):
    monkeypatch.delenv(openaq.KEY, raising=False)

    with pytest.raises(SourceError, match="OPENAQ_API_KEY"):
        replace(aq(server), key=None).pull(asker("openaq"), start=NOW - HOUR, end=NOW, now=NOW)


def test_a_dead_location_is_not_asked_and_a_unit_nobody_knows_is_left_out(server):
    server.says("/locations/8", plain(location(datetimeLast={"utc": "2022-01-01T00:00:00Z"})))
    found = aq(server).pull(asker("openaq"), start=NOW - HOUR, end=NOW, now=NOW)
    assert (None, 1) == (found.dataset, len(server.asked))
    assert "silent since" in found.notes[0]

    sensors = [{"id": 5, "parameter": {"name": "pm25", "units": "particles/cm³"}}]
    server.says("/locations/8", plain(location(sensors=sensors)))
    assert "speaks particles/cm³" in aq(server).pull(asker("openaq"), start=NOW - HOUR, end=NOW, now=NOW).notes[0]


# micro-stations -------------------------------------------------------------------------------------------------------

YAML = """
name: micro-town
title: 样例微站
address: {url}/api
params: {{from: "{{start}}", to: "{{end}}"}}
headers: {{Authorization: "Bearer ${{TOWN_TOKEN}}"}}
own_network: true
plain_http: true
rows: data.list
station: deviceId
station_name: deviceName
longitude: lng
latitude: lat
time: {{field: dataTime, form: "%Y-%m-%d %H:%M:%S", label: start, minutes: 15}}
values:
  pm25: {{field: PM25, unit: mg/m3}}
  o3: {{field: O3, unit: ppb}}
  temperature: {{field: T, unit: K}}
missing: ["", "-99"]
"""


def micro(tmp_path, server=None, **over):
    text = YAML.format(url=server.url if server else "http://127.0.0.1")
    path = tmp_path / "town.yaml"
    path.write_text(text, encoding="utf-8")
    return Micro(mapping.load(path).model_copy(update=over))


def device(minute, hour=22, **over):
    row = {"deviceId": "D1", "deviceName": "微站一", "lng": 112.9, "lat": 28.2, "PM25": "0.040", "O3": 20, "T": 283.15,
           "dataTime": f"2024-02-29 {hour:02d}:{minute:02d}:00"}  # fmt: skip
    return row | over


def test_quarter_hours_of_a_micro_station_become_hours_in_our_units(server, tmp_path, monkeypatch):
    monkeypatch.setenv("TOWN_TOKEN", "secret")
    rows = [device(0), device(15, PM25="0.060"), device(30, PM25="-99"), device(45), device(0, hour=23)]
    server.says("/api", plain({"data": {"list": rows}}))
    source = micro(tmp_path, server)
    found = source.pull(Asker("micro-town", source.policy, clock=lambda: NOW), start=NOW - 5 * HOUR, end=NOW, now=NOW)
    data = found.dataset

    assert ["micro-town:D1"] == list(data["station"].values)
    assert "2024-02-29T15:00" == str(data["valid_time"].values[0])[:16], "22:00-23:00 Beijing time"
    assert [46.7, 10.0] == [round(float(data[name].values[0, 0]), 1) for name in ("pm25", "temperature")]
    assert 39.2 == round(float(data["o3"].values[0, 0]), 1)
    assert np.isnan(data["pm25"].values[0, 1]), "a quarter of an hour is no hour (GB 3095 table 4)"
    assert any("less than 45 minutes" in note for note in found.notes)
    assert ("微站一", 112.9) == (found.stations[0].name, found.stations[0].lon)
    assert "Bearer secret" == server.asked[0][2]["Authorization"]


def test_a_missing_secret_a_missing_path_and_a_missing_field_are_one_sentence_each(server, tmp_path, monkeypatch):
    source = micro(tmp_path, server)
    ask = Asker("micro-town", source.policy, clock=lambda: NOW)
    monkeypatch.delenv("TOWN_TOKEN", raising=False)
    with pytest.raises(SourceError, match="TOWN_TOKEN"):
        source.pull(ask, start=NOW - HOUR, end=NOW, now=NOW)
    monkeypatch.setenv("TOWN_TOKEN", "x")
    server.says("/api", plain({"data": {"rows": []}}))
    with pytest.raises(SourceError, match=r"expected list in the answer\.data"):
        source.pull(ask, start=NOW - HOUR, end=NOW, now=NOW)
    server.says("/api", plain({"data": {"list": [{"deviceId": "D1", "dataTime": "2024-02-29 22:00:00"}]}}))
    with pytest.raises(SourceError, match=r"missing in every row.*expected PM25"):
        source.pull(ask, start=NOW - HOUR, end=NOW, now=NOW)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("unit: ppb", "unit: lb/ft3", "a unit of o3"),
        ("  pm25:", "  dust:", "names of ours"),
        ("station: deviceId", "stationid: deviceId", "unknown key.*allowed|unknown key"),
        ("minutes: 15", "minutes: 7", "divisor of 60"),
        ("label: start", "label: middle", "'start' or 'end'"),
        ("name: micro-town", "name: 微站", "pattern"),
    ],
)
def test_a_bad_mapping_is_named_by_file_and_key(tmp_path, old, new, sentence):
    path = tmp_path / "town.yaml"
    path.write_text(YAML.format(url="http://x").replace(old, new), encoding="utf-8")

    with pytest.raises(RuleError, match=sentence) as caught:
        mapping.load(path)
    assert "town.yaml, key" in str(caught.value)


def test_24_00_of_a_leap_day_is_the_first_of_march(tmp_path):
    mapped = Mapped(
        name="files", title="x", format="csv", station="id", time={"field": "t", "form": "%Y-%m-%d %H:%M"},
        values=PM,
    )  # fmt: skip
    path = tmp_path / "f.csv"
    path.write_text("id,t,v\nA,2024-02-29 24:00,12\nA,2024-02-29 23:00,11\n", encoding="gb18030")
    data = Micro(mapped).read(path, now=NOW).dataset

    assert ["2024-02-29T15:00", "2024-02-29T16:00"] == [str(hour)[:16] for hour in data["valid_time"].values]


def test_tables_as_workbook_and_as_json_lines_say_the_same(tmp_path):
    from openpyxl import Workbook

    book = Workbook()
    eleven = datetime(2024, 2, 29, 23)  # noqa: DTZ001  a cell of a workbook has no zone
    for row in (["id", "t", "v"], ["A", eleven, 12], [None, None, None], ["B", "2024-02-29 22:00", 3]):
        book.active.append(row)
    book.save(tmp_path / "f.xlsx")
    rows = [{"id": "A", "t": "2024-02-29 23:00", "v": 12}, {"id": "B", "t": "2024-02-29 22:00", "v": 3}]
    (tmp_path / "f.json").write_text(json.dumps(rows))
    base = {"name": "files", "title": "x", "station": "id", "time": {"field": "t"}, "values": PM}
    one = Micro(Mapped(format="xlsx", **base)).read(tmp_path / "f.xlsx", now=NOW).dataset
    other = Micro(Mapped(format="json", **base)).read(tmp_path / "f.json", now=NOW).dataset

    assert one.equals(other)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("f.xlsx", b"PK\x03\x04 broken", "no workbook"),
        ("f.csv", b"id,t,v\nA,2024-02-29\n", "row 2"),
        ("f.csv", b"", "empty"),
        ("f.csv", b"id,id,v\n", "twice"),
        ("f.json", b"{", "not JSON"),
        ("f.csv", b"id,t,v\nA,yesterday,1\n", "time cannot be read"),
        ("f.csv", b"\xff\xff\x80\x00", "no text"),
    ],
)
def test_a_broken_file_is_one_sentence(tmp_path, name, content, sentence):
    (tmp_path / name).write_bytes(content)
    mapped = Mapped(name="files", title="x", format=name[2:], station="id", time={"field": "t"},
                    values=PM)  # fmt: skip

    with pytest.raises(SourceError, match=sentence):
        Micro(mapped).read(tmp_path / name, now=NOW)
