"""`lantian archive runs | weather`: files of past runs become model values, and these the table a forecast reads."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

from console.commands.archive import app
from forecast.archive import Archive
from forecast.guidance import Guidance
from forecast.readers.station_list import Station
from forecast.weather_modes import read_table
from plans.errors import DataError

ISSUED = datetime(2024, 2, 29, 6, tzinfo=UTC)


def run(*words, code=0):
    result = CliRunner().invoke(app, [str(word) for word in words])
    if code and isinstance(result.exception, DataError):
        return f"{result.output}{result.exception}"
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture
def archive(tmp_path):
    opened = Archive.open(tmp_path / "a.db")
    opened.write_stations([Station("1A", "甲", "长沙", 112.5, 28.5), Station("2A", "乙", "北京", 116.4, 39.9)])
    opened.close()
    return tmp_path / "a.db"


def run_file(path, issued=ISSUED, warm=280.0):
    """A made-up run of eight days over Hunan in ECMWF's names and units, every three hours."""
    lat, lon = np.arange(26.0, 31.0), np.arange(110.0, 115.0)
    step = np.arange(0, 8 * 24 + 1, 3).astype("timedelta64[h]").astype("timedelta64[ns]")
    shape = (1, len(step), len(lat), len(lon))
    dims = ("time", "step", "latitude", "longitude")
    data = xr.Dataset(
        {"t2m": (dims, np.full(shape, warm), {"units": "K"}), "blh": (dims, np.full(shape, 400.0), {"units": "m"})},
        coords={"time": [np.datetime64(issued.replace(tzinfo=None), "ns")], "step": step, "latitude": lat,
                "longitude": lon},
    )  # fmt: skip
    path.parent.mkdir(exist_ok=True)
    data.to_netcdf(path)


def said(archive):
    start, end = ISSUED - timedelta(days=2), ISSUED + timedelta(days=20)
    return Guidance.open(archive).said(source="weather-files", start=start, end=end, as_of=datetime.now(UTC))


def test_runs_of_the_past_are_loaded_once_as_received_some_hours_after_their_time(archive, tmp_path):
    run_file(tmp_path / "in" / "b.nc", ISSUED + timedelta(hours=12))
    run_file(tmp_path / "in" / "a.nc", warm=281.0)
    first = run("runs", tmp_path / "in", "--to", archive, "--delay-hours", "7").splitlines()

    assert ["a.nc：1 次起报，1 个站点，新写入 388 个模式值", "b.nc：1 次起报，1 个站点，新写入 206 个模式值"] == first[
        :2
    ]
    assert "2 个文件已装入，新写入 594 个模式值。" == first[2]
    assert [(ISSUED, ISSUED + timedelta(hours=7), "1A")] == [
        (one.issued_at, one.received_at, one.place) for one in said(archive)
    ][:1]
    again = run("runs", tmp_path / "in", "--to", archive, "--delay-hours", "7")
    assert "2 个文件已装入，新写入 0 个模式值。" in again


def test_the_files_of_a_folder_are_known_by_every_ending_that_is_read(archive, tmp_path):
    """Weather services write NetCDF-4 as .nc4 too, and GRIB as .GRB2."""
    for number, name in enumerate(("a.nc4", "b.NC")):
        run_file(tmp_path / "in" / "run.nc", ISSUED + timedelta(hours=12 * number))
        (tmp_path / "in" / "run.nc").rename(tmp_path / "in" / name)
    (tmp_path / "in" / "c.GRB2").write_bytes(b"no message")
    told = run("runs", tmp_path / "in", "--to", archive, code=1)

    assert "a.nc4：1 次起报" in told and "b.NC：1 次起报" in told and "c.GRB2：未装入" in told


def test_a_bad_file_is_named_and_the_others_are_loaded(archive, tmp_path):
    run_file(tmp_path / "in" / "b.nc")
    (tmp_path / "in" / "a.nc").write_bytes(b"no run at all")
    told = run("runs", tmp_path / "in", "--to", archive, code=1)

    assert "a.nc：未装入：气象文件不能读取" in told and "b.nc：1 次起报，1 个站点" in told
    assert "Some run files were not loaded: found a.nc" in told
    assert 1 == len(said(archive))


def test_the_table_of_daily_weather_is_what_a_forecast_reads(archive, tmp_path):
    for number in range(3):
        run_file(tmp_path / f"{number}.nc", ISSUED + timedelta(days=number), 280.15 + number)
        run("runs", tmp_path / f"{number}.nc", "--to", archive)
    words = ("--source", "weather-files", "--from", "2024-02-29", "--to", "2024-03-02", "--of", archive)
    told = run("weather", *words, "--out", tmp_path / "w.parquet")
    table = read_table(tmp_path / "w.parquet")

    assert told.startswith("w.parquet：1 个地点，3 个发布日中 3 个有气象预报，")
    assert ["1A"] == list(table["area"].values)
    assert [7, 8, 9] == np.round(table["temperature_mean"].values[0, :, 0], 6).tolist()
    assert {400.0} == set(table["boundary_layer_height_mean"].values.ravel())
    assert date(2024, 3, 2) == table["issue_date"].values[-1].astype("datetime64[D]").astype(date)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("runs", "EMPTY"), "The folder holds no such file"),
        (("runs", "EMPTY", "--to", "/nowhere/a.db"), "There is no archive"),
        (
            ("weather", "--source", "x", "--from", "2024-02-29", "--to", "2024-03-02", "--out", "w.csv"),
            "No weather run",
        ),
        (
            ("weather", "--source", "x", "--from", "2024-03-03", "--to", "2024-03-02", "--out", "w.csv"),
            "end before they",
        ),
        (("weather", "--source", "x", "--from", "soon", "--to", "2024-03-02", "--out", "w.csv"), "--from is not a day"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(archive, tmp_path, monkeypatch, words, sentence):
    monkeypatch.setenv("LANTIAN_ARCHIVE", str(archive))
    (tmp_path / "empty").mkdir()

    with pytest.raises(DataError, match=sentence):
        run(*(str(tmp_path / "empty") if word == "EMPTY" else word for word in words))
