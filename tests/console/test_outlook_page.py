"""The outlook in full, the year's air, the rules and the log-ins, as people open them."""

import json
from dataclasses import replace
from datetime import date, datetime, timedelta

import numpy as np
import pytest
import xarray as xr

from console.air import AirReader
from console.staff.outlook import scores, wavering
from console.staff.rules import outline
from console.staff.standing import month
from console.verified import verified
from emergency.vocabulary import BEIJING
from forecast import sample
from forecast.air import hours as air_hours
from forecast.archive import Archive
from forecast.city_air import city_air
from forecast.guidance import Guidance
from forecast.readers.station_list import Station
from forecast.reasons import Analogue, Driver, Reasons
from plans.rulebook import load

from .conftest import NOW, PASSWORD, build, make_outlook

EDITION = load().aqi("hj633-2012")
TODAY = NOW.astimezone(BEIJING).date()


@pytest.fixture
def lived_in(tmp_path):
    """A console whose archive holds sixty days of air and five nights' outlooks."""
    archive = Archive.open(tmp_path / "archive.db")
    archive.write_stations([Station("S1", "一号站"), Station("S2", "二号站")])
    end = NOW.replace(minute=0)
    air = sample.generate(seed=5, start=end - timedelta(days=60), end=end, stations=2)
    archive.write(air.assign_coords(station=["S1", "S2"]), source="test", delay=timedelta(hours=1))
    for back in range(5):
        archive.write_outlook(make_outlook(NOW - timedelta(days=back)))
    newest = make_outlook(NOW)
    archive.write_reasons(Reasons(
        newest.digest, "beijing", newest.issued_at, usual=(90,) * 7, drivers=(Driver("calm", "静稳", (80,) * 7),),
        analogues=(Analogue(date(2014, 12, 6), 0.91, 160, (150, 140, None, 90, 80, 70, 60)),), changes=(),
        compared_with=None, sentences=("静稳使未来七天的AQI抬高约80。",),
    ))  # fmt: skip
    world = build(tmp_path, archive=archive, stations=("S1", "S2"))
    yield world
    world.record.engine.dispose()
    archive.close()


@pytest.mark.anyio
class TestPages:
    async def test_the_outlook_shows_chances_pollutants_runs_and_its_score(self, lived_in):
        user = await lived_in.user("forecaster")
        html = (await user.get("/outlook")).text

        assert html.count("<svg") == 3
        assert "各级别的可能性" in html and "与前几次相比" in html and "近30天的检验" in html
        assert "135" not in html.split("污染物浓度中位数")[1].split("</table>")[0], "concentrations, not AQI"
        assert "持续法误差" in html

    async def test_the_weather_it_was_made_with_stands_beside_it_with_whose_and_when(self, lived_in):
        """Only what had come by its issue: a run that came an hour later is not what it was made with."""
        archive, user = lived_in.settings.archive, await lived_in.user("forecaster")
        assert "所用的气象预报" not in (await user.get("/outlook")).text
        plain = make_outlook(NOW + timedelta(minutes=1))
        came = plain.issued_at - timedelta(hours=1)
        said = replace(plain, weather_mode="forecast", weather_source="openmeteo", weather_received_at=came)
        for wind, received in ((3.0, came), (9.0, plain.issued_at + timedelta(minutes=10))):
            hours = air_hours(came, came + timedelta(hours=192))
            dims, coords = ("station", "valid_time"), {"station": ["S1", "S2"], "valid_time": hours}
            values = {"wind_speed": (dims, np.full((2, len(hours)), wind))}
            Guidance(archive.engine).write(xr.Dataset(values, coords), source="openmeteo", received_at=received)
        archive.write_outlook(said)
        html = (await user.get("/outlook")).text

        assert "所用的气象预报" in html and "openmeteo，" in html and "气象预报来自 openmeteo（" in html
        chart = html.split("所用的气象预报")[1].split("</svg>")[0]
        assert ">3.0<" in chart and ">9.0<" not in chart

    async def test_the_card_sets_the_four_parties_side_by_side_with_their_days(self, lived_in):
        folder = lived_in.settings.uploads.parent / "verification"
        folder.mkdir(parents=True)

        def row(who, error, right, inside=None):
            return {"lead": 1, "who": who, "error": error, "level_right": right, "inside_80": inside}

        cards = {
            1: [row("model", -10, True, True), row("forecaster", 4, True), row("persistence", 60, False)],
            2: [row("model", 20, False, False), row("climatology", 33, False), {"lead": 1}],
            40: [row("model", 400, False, True)],
            0: [row("model", 400, False, True)],
        }
        for back, rows in cards.items():
            (folder / f"{TODAY - timedelta(days=back)}.json").write_text(json.dumps(rows))
        (folder / f"{TODAY - timedelta(days=3)}.json").write_text("[cut")
        found = verified(folder.parent, TODAY, days=30)[1]

        assert ["climatology", "forecaster", "model", "persistence"] == sorted(found)
        assert (2, 15.0, 1, 1) == (
            found["model"].days,
            found["model"].error,
            found["model"].hits,
            found["model"].inside,
        )
        assert (1, 4.0, None) == (found["forecaster"].days, found["forecaster"].error, found["forecaster"].inside)
        html = (await (await lived_in.user("forecaster")).get("/outlook")).text
        card = html.split('<h2 id="card">')[1].split("</section>")[0]
        assert all(name in card for name in ("模型", "会商签发", "持续法", "气候法"))
        assert "<strong>15</strong>" in card and "<strong>33</strong>" in card and "400" not in card

    async def test_the_outlook_says_why_in_words_and_numbers(self, lived_in):
        html = (await (await lived_in.user("expert")).get("/outlook")).text
        why = html.split("为什么这样预报")[1].split("</section>")[0]

        assert "静稳使未来七天的AQI抬高约80" in why and "+80" in why
        assert "2014-12-06" in why and "0.91" in why

    async def test_an_earlier_outlook_is_shown_as_it_was_issued(self, lived_in):
        user = await lived_in.user("duty_officer")
        earlier = (TODAY - timedelta(days=2)).isoformat()

        assert 200 == (await user.get(f"/outlook?issued={earlier}")).status_code
        assert 404 == (await user.get("/outlook?issued=2014-01-01")).status_code
        assert 404 == (await user.get("/outlook?issued=yesterday")).status_code

    async def test_without_an_outlook_the_page_says_what_to_do(self, world):
        user = await world.user("duty_officer")
        html = (await user.get("/outlook")).text

        assert "还没有展望" in html and "lantian office train" in html

    async def test_the_calendar_counts_what_it_shows(self, lived_in):
        user = await lived_in.user("duty_officer")
        html = (await user.get("/standing")).text

        assert "2015年全市空气质量" in html and "优良率" in html and "一号站" in html
        assert 404 == (await user.get("/standing?year=2031")).status_code
        assert 400 == (await user.get("/standing?year=now")).status_code

    async def test_a_correction_of_a_past_day_reaches_the_calendar_within_a_minute(self, lived_in, monkeypatch):
        archive, settings = lived_in.settings.archive, lived_in.settings
        reader, day = AirReader(settings), TODAY - timedelta(days=10)
        before = reader.year(2015, NOW)
        whole = city_air(
            archive, stations=settings.stations, mean_of=settings.mean_of, start=NOW - timedelta(days=30), end=NOW,
            as_of=NOW, edition="hj633-2012", delay=settings.delay,
        )  # fmt: skip
        assert whole.daily()[day] == before.daily[day], "the long way round says the same"

        begin = datetime(day.year, day.month, day.day, tzinfo=BEIJING)
        hours = archive.observations(stations=["S1", "S2"], start=begin, end=begin + timedelta(days=1), as_of=NOW)
        worse = hours[["pm25", "pm10", "so2", "no2", "co", "o3"]].assign(pm25=hours["pm25"] * 0 + 400.0)
        archive.write(worse, source="corrected", received_at=NOW - timedelta(minutes=5))
        assert before is reader.year(2015, NOW), "asked again once a minute"
        monkeypatch.setattr("console.air.KEPT", 0.0)
        assert reader.year(2015, NOW).daily[day] > 400 > before.daily[day]
        assert reader.year(2015, NOW) is reader.year(2015, NOW), "nothing came: nothing is read"

    async def test_every_edition_can_be_read_with_its_source(self, world):
        user = await world.user("expert")
        html = (await user.get("/rules")).text
        book = load()
        names = [one.name for dated in (*book.instruments.values(), *book.cities.values()) for one in dated]

        assert "使用中" in html
        for name in names:
            assert f'href="/rules/{name}"' in html
            assert 200 == (await user.get(f"/rules/{name}")).status_code
        assert 404 == (await user.get("/rules/nothing")).status_code

    async def test_only_the_administrator_opens_log_ins(self, world):
        assert 403 == (await (await world.user("mayor")).get("/accounts")).status_code
        user = await world.user("administrator")
        asked = {"identifier": "duty2", "title": "值班员乙", "role": "duty_officer", "enterprise": ""}
        shown = await user.submit("/accounts", **asked)
        password = shown.text.split("secret")[1].split(">")[1].split("<")[0]

        assert 303 == (await world.browser().log_in("duty2", password)).status_code
        assert password not in (await user.get("/accounts")).text, "shown once"
        again = await user.submit("/accounts", **asked)
        assert 409 == again.status_code and "已经存在" in again.text

    async def test_a_renewed_or_closed_log_in_is_out_at_once(self, world):
        admin, duty = await world.user("administrator"), await world.user("duty_officer")
        assert 200 == (await duty.get("/desk")).status_code
        await admin.submit("/accounts", "/accounts/duty_officer/renew")

        assert 303 == (await duty.get("/desk")).status_code
        assert 401 == (await world.browser().log_in("duty_officer", PASSWORD)).status_code
        await admin.submit("/accounts", "/accounts/mayor/close")
        assert 401 == (await world.browser().log_in("mayor", PASSWORD)).status_code
        await admin.submit("/accounts", "/accounts/mayor/open")
        assert 303 == (await world.browser().log_in("mayor", PASSWORD)).status_code

    async def test_the_administrator_cannot_shut_himself_out(self, world):
        admin = await world.user("administrator")
        html = (await admin.get("/accounts")).text
        assert "/accounts/administrator/close" not in html
        token = html.split('name="token" value="')[1].split('"')[0]
        answer = await admin.client.post("/accounts/administrator/close", data={"token": token})

        assert 409 == answer.status_code and "不能停用自己" in answer.text


def test_wavering_speaks_of_the_days_both_runs_know():
    newest, before = make_outlook(NOW), make_outlook(NOW - timedelta(days=1), quantiles=(20, 30, 40, 50, 60, 70, 80))
    found = wavering(newest, before)

    assert 6 == len(found)
    assert {120} == {one.by for one in found}


def test_scores_leave_out_days_nobody_measured():
    outlook = make_outlook(NOW)
    first = outlook.days[0].valid_date
    observed = {first - timedelta(days=1): 100, first: 180, first + timedelta(days=1): None}
    (one,) = scores([outlook], observed, edition=EDITION, since=first)

    assert (1, 1, 10.0, 80.0) == (one.lead, one.days, one.error, one.persistence)
    assert 1 == one.hits, "170 and 180 are the same level"
    assert 1 == one.inside


def test_a_month_counts_good_and_heavy_days_and_ignores_missing_ones():
    daily = {date(2015, 2, 1): 100, date(2015, 2, 2): 101, date(2015, 2, 3): 201, date(2015, 2, 4): None}
    made = month(2015, 2, daily, EDITION)

    assert (1, 1, 3, 134.0) == (made.good, made.heavy, made.valid, made.mean)
    assert 28 == len(made.days)


def test_an_outline_leaves_out_what_an_edition_leaves_open():
    assert [(0, "a", "是")] == outline({"a": True, "b": [], "c": None, "d": ""})
