"""The desk on a real archive: what was received by now, what is silent, and the signed forecast by date."""

from datetime import timedelta

import numpy as np
import pytest
import xarray as xr

from console.judge import lift_of
from console.outlook import signed_now
from emergency.vocabulary import Level
from forecast.archive import Archive
from forecast.readers.station_list import Station

from .conftest import NOW, build, make_outlook

pytestmark = pytest.mark.anyio
STATIONS = ("S1", "S2", "S3")


def hours_before(now, count):
    last = np.datetime64(now.replace(minute=0, tzinfo=None), "us")
    return last - np.arange(count)[::-1] * np.timedelta64(1, "h")


@pytest.fixture
def world(tmp_path):
    archive = Archive.open(tmp_path / "archive.db")
    archive.write_stations(Station(code, f"{code}站", "北京市", 116.0, 40.0, "x", "test") for code in STATIONS)
    times = hours_before(NOW, 24 * 12)
    pm25 = np.full((3, len(times)), 60.0)
    pm25[:, -20:] = 180.0
    pm25[2, -5:] = np.nan  # the third station has been silent for five hours
    data = {"pm25": (("station", "valid_time"), pm25)}
    for name in ("pm10", "so2", "no2", "co", "o3"):
        data[name] = (("station", "valid_time"), np.full(pm25.shape, np.nan))
    archive.write(xr.Dataset(data, {"station": list(STATIONS), "valid_time": times}), source="test",
                  delay=timedelta(hours=1))  # fmt: skip
    archive.write_outlook(make_outlook())
    made = build(tmp_path, archive=archive, stations=STATIONS)
    yield made
    made.record.engine.dispose()
    archive.close()


def test_only_what_was_received_by_now_is_shown(world):
    air = world.app.state.console.air.at(NOW)  # 01:30 UTC: the hour that ended at 00:00 arrived at 01:00
    at, aqi, pm25 = air.latest

    assert NOW.replace(minute=0) - timedelta(hours=1) == at
    # HJ 633-2012 has no 1-h table for PM2.5; the 24 h hold 19 x 180 and 5 x 60: 155, between 150 (200) and 250 (300).
    assert (205, 180.0) == (aqi, pm25)


def test_a_station_without_data_for_three_hours_is_marked_silent(world):
    rows = {row.code: row for row in world.app.state.console.air.at(NOW).stations}

    assert (False, True) == (rows["S1"].silent, rows["S3"].silent)
    assert timedelta(minutes=90) == rows["S1"].age
    assert rows["S3"].age > timedelta(hours=5)


async def test_the_desk_shows_stations_ages_and_the_silent_one(world):
    html = (await (await world.user("duty_officer")).get("/desk")).text

    assert "S1站" in html
    assert "90分" in html
    assert 1 == html.count('bad">失联<')
    assert "全市 AQI，12月5日 08:00 的小时值（数据 90 分钟前）" in html


def test_the_signed_forecast_holds_by_date_for_a_day_whatever_the_model_says_later(world):
    world.conclude(aqi=170)
    world.settings.archive.write_outlook(make_outlook(NOW + timedelta(hours=6), quantiles=(20, 30, 40, 50, 60, 70, 80)))
    world.clock.forward(hours=8)
    signed = signed_now(world.settings, world.clock())
    lift = lift_of(world.app.state.console, Level.YELLOW, world.clock())
    world.clock.forward(hours=17)

    assert "c1" == signed.consultation
    assert {170} == set(signed.values.values()) == set(lift.values)
    assert "会商签发值" in lift.basis
    assert signed_now(world.settings, world.clock()) is None
    assert {50} == set(lift_of(world.app.state.console, Level.YELLOW, world.clock()).values)


async def test_a_warning_is_not_lifted_while_the_air_is_above_the_start_criterion(world):
    """Observed AQI is 205: the signed good days to come do not help."""
    world.conclude("c1", aqi=60, level=Level.NONE)
    world.issue()
    user = await world.user("duty_officer")
    shown = await user.get("/warnings/warning-001")
    answer = await user.submit("/warnings/warning-001", "/warnings/warning-001/ask-lift", reason="好转", hours="240")

    assert "当前AQI 205仍高于启动标准" in shown.text
    assert 'name="hours"' not in shown.text
    assert 409 == answer.status_code
    assert "issued" == world.office.record.state("warning", "warning-001").state.key


async def test_an_archive_that_fails_is_said_on_the_desk_and_the_rest_still_works(world):
    object.__setattr__(world.settings, "stations", ("unknown",))
    html = (await (await world.user("duty_officer")).get("/desk")).text

    assert "监测档案不能读取" in html
    assert "未来七天" in html
