"""`lantian outlook`: any area of a model, from data or an archive, with a table of tonight's run only."""

from datetime import date, datetime

import numpy as np
import pytest
from click.testing import CliRunner
from typer.main import get_command

from console.commands import outlook, train
from forecast import air, weather_modes
from forecast.features import Area
from forecast.predict import make_outlook
from forecast.train import save
from forecast.train import train as trained
from plans.errors import DataError

UNTIL, AS_OF = date(2015, 2, 20), "2015-03-03T01:00"
TONIGHT = np.datetime64("2015-03-02")


@pytest.fixture(scope="module")
def runs(small_air, areas):
    return weather_modes.degraded_weather(small_air, areas=areas, climate_until=UNTIL)


@pytest.fixture
def ask(small_air, monkeypatch):
    monkeypatch.setattr(train, "read", lambda _address: (small_air, "sample"))

    def asked(*words):
        done = CliRunner().invoke(
            get_command(outlook.app), ["--as-of", AS_OF, *(str(word) for word in words)], catch_exceptions=False
        )
        assert done.exit_code == 0, done.output
        return done.output

    return asked


@pytest.fixture
def plain(small_air, areas, tmp_path):
    """A model of the city, of one station and of a district that no reader of files knows."""
    district = Area("wangcheng", areas[2].stations)
    made = trained(small_air, until=UNTIL, areas=[*areas[:2], district], model="persistence")
    return save(made, tmp_path / "model-p")


def test_with_a_table_of_tonights_run_only_there_is_nothing_to_compare_with(small_air, areas, runs, ask, tmp_path):
    model = save(trained(small_air, until=UNTIL, areas=areas, model="persistence", weather=runs), tmp_path / "model-w")
    tonight = runs.sel(issue_date=runs["issue_date"].values == TONIGHT)
    table = weather_modes.write_table(tonight, tmp_path / "tonight.csv")

    said = ask("--station", "city", "--data", "sample:x", "--model", model, "--weather", table)

    assert "使用气象预报" in said and "没有上一次展望可以比较" in said


def test_a_model_without_weather_leaves_a_table_of_another_place_aside(runs, plain, ask, tmp_path):
    table = weather_modes.write_table(runs.sel(area=["S901A"]).assign_coords(area=["S999A"]), tmp_path / "else.csv")

    said = ask("--station", "city", "--data", "sample:x", "--model", plain, "--weather", table)

    assert "无气象预报" in said and "相似" in said
    assert said == ask("--station", "city", "--data", "sample:x", "--model", plain)


def test_from_an_archive_an_area_is_made_of_the_stations_of_the_model(small_air, ask, plain, fill_archive, tmp_path):
    first = Area("city", ("S901A",))
    only_first = trained(small_air, until=UNTIL, areas=[first], model="persistence")
    model = save(only_first, tmp_path / "model-first")
    archive = fill_archive(small_air)
    direct = make_outlook(
        archive, only_first, area="city", area_name="city", stations=first.stations, aqi_edition="hj633-2012",
        issued_at=datetime.fromisoformat(AS_OF).replace(tzinfo=air.BEIJING),
    )  # fmt: skip
    words = ("--archive", f"{tmp_path}/archive.db", "--no-why")

    city = ask("--station", "city", *words, "--model", model)
    district = ask("--station", "wangcheng", *words, "--model", plain)

    assert "站点" not in city, "the archive has another station, which is no matter of this model"
    told = [line.split()[:2] for line in city.splitlines() if line.startswith("2015-03-")]
    assert told == [[str(day.valid_date), str(day.median)] for day in direct.days]
    assert district.startswith("wangcheng 七天展望")


def test_a_station_of_the_model_that_the_data_no_longer_hold_is_left_out_and_named(
    small_air, areas, ask, tmp_path, monkeypatch
):
    model = save(trained(small_air, until=UNTIL, areas=areas, model="persistence"), tmp_path / "model-all")
    monkeypatch.setattr(train, "read", lambda _address: (small_air.sel(station=["S901A"]), "sample"))

    said = ask("--station", "city", "--data", "sample:x", "--model", model)

    assert "注意：模型训练时有、本次未采用的站点：S902A" in said
    with pytest.raises(DataError, match=r"station is not known .*expected city, S901A, found S902A"):
        ask("--station", "S902A", "--data", "sample:x", "--model", model)
