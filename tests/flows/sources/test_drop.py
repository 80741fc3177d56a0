"""The drop folder: whole files are stored and moved, bad ones are refused with a sentence, half-written ones wait."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import xarray as xr

from flows.sources import drop, electricity
from flows.sources.drop import take
from flows.sources.pull import Stores
from forecast.emissions import Emissions
from forecast.readers.station_list import Station
from plans.errors import DataError
from tests.children import came_to_its_end, start

NOW = datetime(2024, 3, 1, 2, tzinfo=UTC)
MAPPING = """
name: town
title: 样例微站
format: csv
station: id
time: {field: t}
values: {pm25: {field: v, unit: ug/m3}}
"""
METERS = "enterprise,circuit,kind,start,kwh\nSP001,C1,生产,2024-02-29 08:00,120.5\nSP001,C2,治污,2024-02-29 08:00,\n"


@pytest.fixture
def stores(tmp_path):
    opened = Stores.open(tmp_path / "a.db")
    yield opened
    opened.close()


def put(folder, name, content, *, age=60):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    os.utime(path, (NOW.timestamp() - age,) * 2)
    return path


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_files_of_each_kind_are_stored_and_moved_and_again_change_nothing(stores, tmp_path):
    folder = tmp_path / "drop"
    put(folder, "town/mapping.yaml", MAPPING)
    for _ in range(2):
        put(folder, "town/a.csv", "id,t,v\nA,2024-02-29 23:00,11\nA,2024-02-29 24:00,12\n")
        put(folder, "electricity/e.csv", METERS)
        results = [one.result for one in take(folder, stores, now=NOW)]

    assert ["新写入 0 条用电读数", "1 个站点，新写入 0 行"] == results
    assert 2 == stores.archive.status()[0]["rows"]
    assert 2 == Emissions(stores.archive.engine).counts()["meter"]
    assert ["town/mapping.yaml"] == [name for name in names(folder) if "/done/" not in name]
    assert {"a.csv", "e.csv"} == {name.rsplit("-", 1)[1] for name in names(folder) if "/done/" in name}


def test_of_two_passes_at_once_one_takes_everything_and_nothing_is_refused(stores, tmp_path):
    folder = tmp_path / "drop"
    for number in range(20):
        put(folder, f"electricity/{number}.csv", METERS.replace("SP001", f"SP{number:03d}"))
    with ThreadPoolExecutor(4) as pool:
        passes = list(pool.map(lambda _n: take(folder, stores, now=NOW), range(4)))

    assert 20 == sum(map(len, passes)) and not any(one.refused for found in passes for one in found)
    assert 40 == Emissions(stores.archive.engine).counts()["meter"]


def take_and_be_killed(folder, path):
    drop._take = lambda *_a, **_k: os.kill(os.getpid(), signal.SIGKILL)
    take(folder, Stores.open(path), now=NOW)


def test_a_pass_that_was_killed_leaves_no_lock_behind(stores, tmp_path):
    folder = tmp_path / "drop"
    put(folder, "electricity/e.csv", METERS)
    assert not came_to_its_end(start(take_and_be_killed, folder, tmp_path / "other.db"))

    assert ["新写入 2 条用电读数"] == [one.result for one in take(folder, stores, now=NOW)]


def test_a_bad_file_is_refused_with_its_sentence_and_the_others_go_on(stores, tmp_path):
    folder = tmp_path / "drop"
    put(folder, "town/mapping.yaml", MAPPING)
    put(folder, "town/1.csv", "id,t,v\nA,yesterday,11\n")
    put(folder, "town/2.csv", "id,t,v\nA,2024-02-29 23:00,11\n")
    first, second = take(folder, stores, now=NOW)

    assert (True, False) == (first.refused, second.refused)
    (beside,) = (folder / "town" / "refused").glob("*.txt")
    chinese, english = beside.read_text().splitlines()
    assert "时间不能识别（1.csv row 2" in chinese == first.result
    assert "1.csv row 2" in english and "yesterday" in english


def test_refused_files_are_known_until_they_are_taken_away_or_have_grown_old(stores, tmp_path):
    folder = tmp_path / "drop"
    put(folder, "town/mapping.yaml", MAPPING)
    put(folder, "town/1.csv", "id,t,v\nA,yesterday,11\n")
    put(folder, "riddles/x.bin", b"?", age=90)
    results = {one.kind: one.result for one in take(folder, stores, now=NOW)}
    found = drop.refused(folder, since=NOW - timedelta(days=1))

    assert {("town", "1.csv", NOW, results["town"]), ("riddles", "x.bin", NOW, results["riddles"])} == {
        (one.kind, one.file, one.refused_at, one.why) for one in found
    }
    assert [] == drop.refused(folder, since=NOW + timedelta(seconds=1))
    for path in (folder / "town" / "refused").iterdir():
        path.unlink()
    assert ["riddles"] == [one.kind for one in drop.refused(folder, since=NOW)]


def test_a_file_that_is_still_being_written_waits(stores, tmp_path):
    folder = tmp_path / "drop"
    put(folder, "electricity/e.csv", METERS, age=3)
    put(folder, "electricity/f.csv.part", METERS)

    assert [] == take(folder, stores, now=NOW)
    assert 1 == len(take(folder, stores, now=NOW + timedelta(seconds=30)))


def test_a_kind_nobody_knows_and_a_broken_mapping_are_refused_with_a_sentence(stores, tmp_path):
    folder = tmp_path / "drop"
    put(folder, "riddles/x.bin", b"?")
    put(folder, "town/mapping.yaml", MAPPING.replace("station: id", "stations: id"))
    put(folder, "town/a.csv", "id,t,v\n")
    results = {one.kind: one.result for one in take(folder, stores, now=NOW)}

    assert "不认识这种文件（riddles/）" in results["riddles"]
    assert "文件有不认识的项目" in results["town"] and "stations" in results["town"]


def test_a_live_sources_name_is_no_kind_of_file(stores, tmp_path):
    put(tmp_path / "drop", "cnemc/x.csv", "a")

    assert take(tmp_path / "drop", stores, now=NOW)[0].refused


def test_the_citys_hourly_file_goes_through_its_reader(stores, tmp_path):
    text = "time,city,AQI,PM2.5,PM10,SO2,NO2,CO,O3\n2018-12-01 01:00,长沙,50,35,50,5,30,0.8,20\n"
    put(tmp_path / "drop", "city-hourly/x.csv", text)

    assert ["1 个站点，新写入 1 行"] == [one.result for one in take(tmp_path / "drop", stores, now=NOW)]


def grid_file(path):
    """A made-up run over Hunan in ECMWF's names and units."""
    lat, lon, step = np.arange(26.0, 31.0), np.arange(110.0, 115.0), np.array([0, 6, 12], dtype="timedelta64[h]")
    shape = (1, 3, len(lat), len(lon))
    warm = np.broadcast_to(280.0 + lat[:, None] + 0 * lon, shape).astype("float32")
    data = xr.Dataset(
        {"t2m": (("time", "step", "latitude", "longitude"), warm, {"units": "K", "standard_name": "air_temperature"})},
        coords={"time": np.array(["2024-02-29T12"], "datetime64[ns]"), "step": step.astype("timedelta64[ns]"),
                "latitude": lat, "longitude": lon},
    )  # fmt: skip
    data.to_netcdf(path)


def test_a_grid_weather_file_reaches_the_stations_inside_it_as_model_values(stores, tmp_path):
    stores.archive.write_stations(
        [
            Station("1A", "甲", "长沙", 112.5, 28.5),
            Station("2A", "乙", "北京", 116.4, 39.9),
            Station("3A", "丙", "长沙"),
        ]
    )
    folder = tmp_path / "drop" / "weather"
    folder.mkdir(parents=True)
    grid_file(folder / "run.nc")
    os.utime(folder / "run.nc", (NOW.timestamp() - 60,) * 2)
    (one,) = take(tmp_path / "drop", stores, now=NOW)
    data = stores.guidance.read(
        source="weather-files", places=["1A"], names=["temperature"], start=NOW - timedelta(hours=20),
        end=NOW + timedelta(hours=20), as_of=NOW,
    )  # fmt: skip
    found = data["temperature"].values[0]

    assert "1 个站点，新写入 16 个模式值" == one.result, "hours 0 to 15: each stands for those it is nearest to"
    assert [35.35] * 16 == np.round(found[~np.isnan(found)], 2).tolist()
    (said,) = stores.guidance.said(
        source="weather-files", start=NOW - timedelta(hours=20), end=NOW + timedelta(hours=20), as_of=NOW
    )
    assert (datetime(2024, 2, 29, 12, tzinfo=UTC), NOW) == (said.issued_at, said.received_at)


def test_a_run_in_the_drop_folder_keeps_its_upper_air_and_without_any_weather_it_is_refused(stores, tmp_path):
    stores.archive.write_stations([Station("1A", "甲", "长沙", 112.5, 28.5)])
    folder = tmp_path / "drop" / "weather"
    folder.mkdir(parents=True)
    grid_file(folder / "good.nc")
    with xr.open_dataset(folder / "good.nc", decode_timedelta=True) as opened:
        data = opened.load()
    data.drop_vars("t2m").to_netcdf(folder / "bad.nc")
    data.assign(temperature_850hpa=data["t2m"] - 15).to_netcdf(folder / "good.nc")
    for path in folder.iterdir():
        os.utime(path, (NOW.timestamp() - 60,) * 2)
    bad, good = take(tmp_path / "drop", stores, now=NOW)

    assert bad.refused and "文件中没有所需的气象要素" in bad.result
    assert "1 个站点，新写入 32 个模式值" == good.result


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("120.5", "-1", "energy is impossible.*row 2"),
        ("120.5", "many", "energy is impossible.*row 2"),
        ("生产", "照明", "kind of circuit is not known"),
        ("SP001,C1", ",C1", "no plant or no circuit"),
        ("2024-02-29 08:00,120.5", "2024-02-30 08:00,120.5", "start cannot be read"),
        ("2024-02-29 08:00,120.5", "2024-03-09 08:00,120.5", "has not ended"),
        ("circuit,", "meter,", "column is missing"),
        (METERS, METERS + "SP001,C1,生产,2024-02-29 08:00,99\n", "twice with two values"),
        (METERS, METERS + "SP001,C1\n", "row 4.*expected 5 fields"),
    ],
)
def test_a_bad_reading_refuses_its_file_with_row_and_reason(tmp_path, stores, old, new, sentence):
    path = put(tmp_path, "e.csv", METERS.replace(old, new))
    store = Emissions(stores.archive.engine)

    with pytest.raises(Exception, match=sentence):
        electricity.take(path, store, now=NOW)
    assert 0 == store.counts()["meter"]


def test_quarter_hour_energy_is_kept_per_circuit_and_a_correction_is_a_revision(tmp_path, stores):
    store = Emissions(stores.archive.engine)
    electricity.take(put(tmp_path, "e.csv", METERS), store, now=NOW)
    rows = (
        '[{"enterprise": "SP001", "circuit": "C1", "kind": "production", "start": "2024-02-29T00:00:00Z", "kwh": 80}]'
    )
    assert 1 == electricity.take(put(tmp_path, "e.json", rows), store, now=NOW + timedelta(hours=1))
    window = {"start": NOW - timedelta(days=9), "end": NOW, "mn": "SP001", "kind": "production"}

    assert [80.0] == [row.kwh for row in store.meters(as_of=NOW + timedelta(hours=2), **window)]
    assert [120.5] == [row.kwh for row in store.meters(as_of=NOW, **window)]
    (gap,) = store.meters(as_of=NOW, **(window | {"kind": "treatment"}))
    assert (None, datetime(2024, 2, 29, 0, tzinfo=UTC)) == (
        gap.kwh,
        gap.data_time,
    )


def test_a_file_that_is_no_list_is_one_sentence(tmp_path):
    with pytest.raises(DataError, match="no list of readings"):
        electricity.read(put(tmp_path, "e.json", "{}"), now=NOW)
