"""Micro-stations by a mapping: any JSON, CSV or workbook of the office becomes hours in our units."""

import json
from datetime import datetime

import numpy as np
import pytest

from flows.sources import mapping
from flows.sources.live import Asker
from flows.sources.mapping import Mapped
from flows.sources.micro import Micro
from plans.errors import RuleError, SourceError

from .asking import HOUR, NOW
from .conftest import plain

PM = {"pm25": {"field": "v", "unit": "ug/m3"}}


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
