"""The two commands from outside: files in, files out, one sentence for what will not do."""

import csv
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from typer.main import get_command

from console.commands import backtest, train
from forecast import air, sample
from plans.errors import DataError

DIRECTIONS = ["N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW"]
COLUMNS = {
    "pm25": "PM2.5", "pm10": "PM10", "so2": "SO2", "no2": "NO2", "co": "CO", "o3": "O3", "temperature": "TEMP",
    "pressure": "PRES", "dew_point": "DEWP", "rain": "RAIN", "wind_speed": "WSPM",
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """150 simulated days in the Beijing file format, of two stations and the clean-air reference."""
    start = datetime(2014, 9, 1, tzinfo=air.BEIJING)
    made = sample.generate(seed=8, start=start, end=start + timedelta(days=150), stations=3)
    local = pd.DatetimeIndex(air.to_beijing(made["valid_time"].values))
    folder = tmp_path_factory.mktemp("prsa")
    for row, name in enumerate(("Dongsi", "Tiantan", "Dingling")):
        frame = pd.DataFrame({"year": local.year, "month": local.month, "day": local.day, "hour": local.hour})
        for ours, theirs in COLUMNS.items():
            frame[theirs] = made[ours].values[row] * (1000 if ours == "co" else 1)
        point = np.nan_to_num(made["wind_direction"].values[row] / 22.5).round().astype(int) % 16
        frame["wd"] = [DIRECTIONS[number] for number in point]
        frame["station"] = name
        frame.to_csv(folder / f"PRSA_Data_{name}_x.csv", index_label="No", na_rep="NA")
    return folder


def call(module, *words):
    return CliRunner().invoke(get_command(module.app), [str(word) for word in words], catch_exceptions=False)


def test_train_writes_a_model_of_the_city_and_its_stations(folder, tmp_path):
    from forecast.train import load

    done = call(train, "--data", f"prsa:{folder}", "--until", "2015-01-15", "--out", tmp_path)

    model = load(tmp_path)
    assert "2014-09-01 至 2015-01-14" in done.output
    assert [area.key for area in model.areas] == ["city", "1002A", "1003A", "1004A"]
    assert model.areas[0].stations == ("1003A", "1004A")


def test_backtest_writes_the_table_of_the_contract(folder, tmp_path):
    out = tmp_path / "rows.csv"

    call(
        backtest, "--data", f"prsa:{folder}", "--train-until", "2015-01-15", "--from", "2015-01-15", "--to",
        "2015-01-20", "--weather", "none", "--edition", "hj633-2026", "--effort", "demo",
        "--models", "climatology,persistence", "--out", out,
    )  # fmt: skip

    with out.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * 3 * 7 * 7
    assert {row["station"] for row in rows} == {"1002A", "1003A", "1004A"}
    assert {row["model"] for row in rows} == {"climatology", "persistence"}
    assert min(row["issue_date"] for row in rows) == "2015-01-14"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"--data": "prsa"}, "--data cannot be read: expected FORMAT:PATH"),
        ({"--data": "prsa:/nowhere/at/all"}, "The data are not there"),
        ({"--data": "oracle:x"}, "format is not known"),
        ({"--from": "2015-02-30"}, "--from is not a day: expected YYYY-MM-DD, found 2015-02-30"),
        ({"--from": "2015-01-01"}, "The test begins inside the training"),
        ({"--weather": "radar"}, "--weather is not known: expected none .*, found radar"),
        ({"--weather": "gone.parquet"}, "The weather table is not there"),
        ({"--areas": "moon"}, "--areas is not known"),
        ({"--models": "oracle"}, "The model is not known"),
        ({"--out": "rows.xlsx"}, "The kind of file is not known"),
        ({"--out": "nowhere/rows.csv"}, "The folder is not there"),
    ],
)
def test_what_will_not_do_is_said_in_one_sentence_and_writes_nothing(folder, tmp_path, monkeypatch, change, sentence):
    monkeypatch.chdir(tmp_path)
    words = {
        "--data": f"prsa:{folder}", "--train-until": "2015-01-15", "--from": "2015-01-15", "--to": "2015-01-20",
        "--out": "rows.csv", **change,
    }  # fmt: skip

    with pytest.raises(DataError, match=sentence):
        call(backtest, *(part for pair in words.items() for part in pair))

    assert not list(tmp_path.iterdir())
