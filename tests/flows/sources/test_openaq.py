"""OpenAQ: pages, keys, dead locations, against a local server that speaks as it does."""

from dataclasses import replace
from datetime import UTC

import pytest

from flows.sources import openaq
from plans.errors import SourceError

from .asking import HOUR, NOW, asker
from .conftest import plain, policy


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
