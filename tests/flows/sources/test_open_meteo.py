"""Open-Meteo: units and hours, places that are refused, a service that goes silent."""

from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

from emergency.source_words import told
from flows.sources import open_meteo
from flows.sources.web_rules import Unavailable
from plans.errors import SourceError

from .asking import BEIJING, HOUR, NOW, asker
from .conftest import plain, policy


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
