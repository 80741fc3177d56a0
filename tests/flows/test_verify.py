"""The daily flows of the forecast: weather is used when it is there and said to be missing when not; cards are kept."""

import json
import shutil
from dataclasses import replace
from datetime import date, datetime, timedelta

import numpy as np
import pytest
import xarray as xr

from console import language
from emergency.record import Record
from flows import outlook as issuing
from flows.office_weather import days_ahead
from flows.post import Post
from flows.verify import verify
from forecast import air, sample, weather_modes
from forecast import train as training
from forecast.archive import Archive
from forecast.features import Area
from forecast.models.blend import Blend
from forecast.models.experts import Boosted, Kernel
from forecast.models.way import Way
from forecast.models.weathered import SIZE, Weathered
from forecast.readers.station_list import Station
from forecast.train import save, train
from plans.errors import DataError

START = datetime(2014, 9, 1, tzinfo=air.BEIJING)
UNTIL = date(2015, 2, 20)
NOW = datetime(2015, 3, 10, 1, tzinfo=air.BEIJING)
CODES = ("S901A", "S902A")
CITY = Area("city", CODES)


@pytest.fixture(scope="module")
def made():
    data = sample.generate(seed=3, start=START, end=START + timedelta(days=200), stations=2)
    runs = weather_modes.degraded_weather(data, areas=[CITY], climate_until=UNTIL)
    trees = Boosted(trees=10, rows=200)
    plain = train(data, until=UNTIL, areas=[CITY], model=Blend(kernel=Kernel(landmarks=60), boosted=trees, folds=3))
    way = Way(penalty=1.0, width=0.5, reach=0.3, landmarks=60)
    kernels = Weathered(experts=(way,), boosted=trees, size=replace(SIZE, landmarks=60), folds=3)
    return data, runs, plain, train(data, until=UNTIL, areas=[CITY], model=kernels, weather=runs)


@pytest.fixture
def post(made, tmp_path):
    data, _, plain, weathered = made
    archive = Archive.open(tmp_path / "archive.db")
    archive.write_stations(Station(code, code, "样例市", 113.0, 28.0, "simulated", "sample") for code in CODES)
    archive.write(data, source="sample-generator", delay=timedelta(hours=1))
    save(plain, tmp_path / "model-20150220")
    save(weathered, tmp_path / "model-weather-20150220")
    settings = {
        "area": "city", "area_name": "样例市", "mean_of": CODES, "edition": "hj633-2012", "simulated_air": True,
        "assume": {"aqi": "hj633-2012"},
    }  # fmt: skip
    record = Record.open(tmp_path / "record.db", drill=True)
    return Post(home=tmp_path, record=record, office=None, archive=archive, settings=settings, plan=None)


def test_a_run_of_the_day_is_used_and_its_mode_stands_on_the_product(post, made):
    weather_modes.write_table(made[1], post.home / "weather.parquet")

    outlook = issuing.issue(post, now=NOW)

    assert (outlook.model, outlook.weather_mode) == ("blend-weather", "forecast")
    reasons = post.archive.reasons(outlook.digest)
    assert {"wind_ahead", "moisture_ahead", "warmth_ahead"} <= {driver.key for driver in reasons.drivers}
    total = [usual + sum(d.effects[lead] for d in reasons.drivers) for lead, usual in enumerate(reasons.usual)]
    assert total == [day.median for day in outlook.days]
    hours = post.archive.hours(outlook.digest, as_of=NOW)
    assert hours is not None and len(hours.aqi_paths) == len(outlook.aqi_paths)


def test_without_a_run_of_the_day_the_model_without_weather_steps_in_and_says_so(post, made):
    late = made[1].isel(issue_date=made[1]["issue_date"].values < air.utc(NOW - timedelta(days=9)))
    weather_modes.write_table(late, post.home / "weather.csv")

    outlook = issuing.issue(post, now=NOW)

    assert (outlook.model, outlook.weather_mode) == ("blend", "none")
    assert "没有当日的气象预报，改用无气象的模型" in outlook.mode_notes
    assert issuing.issue(post, now=NOW + timedelta(minutes=5)) == outlook


NO_RUN, UNFIT = "没有当日的气象预报，改用无气象的模型", "气象预报表不能使用，改用无气象的模型"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda runs: runs.assign_coords(area=["elsewhere"]), NO_RUN),
        (lambda runs: runs.where(runs["issue_date"] != np.datetime64("2015-03-09")), NO_RUN),
        (lambda runs: runs.drop_vars("temperature_mean"), UNFIT),
    ],
)
def test_a_table_the_model_cannot_be_asked_with_stops_nothing(post, made, change, said):
    changed = change(made[1])
    weather_modes.write_table(changed.assign_attrs(made[1].attrs), post.home / "weather.csv")

    outlook = issuing.issue(post, now=NOW)

    assert ("blend", (said,)) == (outlook.model, outlook.mode_notes) and language.word(said)


def test_a_damaged_table_stops_neither_the_outlook_nor_the_duty(post):
    (post.home / "weather.parquet").write_bytes(b"half a table")

    outlook = issuing.issue(post, now=NOW)

    assert (UNFIT,) == outlook.mode_notes
    assert () == days_ahead(post.home, post.archive, outlook, CODES)


def test_a_weather_model_of_another_place_is_not_asked(post, made):
    other, elsewhere = Area("elsewhere", CODES), made[1].assign_coords(area=["elsewhere"])
    strange = train(made[0], until=UNTIL, areas=[other], model="persistence", weather=elsewhere)
    save(strange, post.home / "model-weather-20150305")
    weather_modes.write_table(made[1], post.home / "weather.parquet")

    assert "blend-weather" == issuing.issue(post, now=NOW).model


def test_a_table_by_stations_serves_the_outlook_of_the_city(post, made):
    by_station = xr.concat([made[1].assign_coords(area=[code]) for code in CODES], dim="area")
    weather_modes.write_table(by_station, post.home / "weather.parquet")

    outlook = issuing.issue(post, now=NOW)

    short = ("模型学过的气象预报不满一年，没学过的季节可能不准",)
    assert ("blend-weather", short) == (outlook.model, outlook.mode_notes)
    assert 3 == len(post.archive.reasons(outlook.digest).analogues)


def _made_by_other_code(folder):
    with np.load(folder / "model.npz") as file:
        held = {name: file[name] for name in file.files}
    manifest = {**json.loads(held["manifest"].tobytes().decode()), "code": "0" * 64}
    arrays = {name.removeprefix("array/"): value for name, value in held.items() if name != "manifest"}
    manifest["digest"] = training._digest({key: manifest[key] for key in manifest if key != "digest"}, arrays)
    held["manifest"] = np.frombuffer(json.dumps(manifest).encode(), dtype=np.uint8)
    np.savez(folder / "model.npz", **held)


def test_an_old_model_of_other_code_beside_a_new_one_stops_nothing(post, caplog):
    shutil.copytree(post.home / "model-20150220", post.home / "model-20140101")
    _made_by_other_code(post.home / "model-20140101")

    outlook = issuing.issue(post, now=NOW)

    assert "blend" == outlook.model
    assert not any("不能使用" in note for note in outlook.mode_notes), "it was retrained"
    assert "model-20140101" not in caplog.text, "it is not even read"


def test_the_newest_model_that_loads_steps_in_and_the_outlook_says_which_did_not(post):
    for name in ("model-20150301", "model-20150305"):
        shutil.copytree(post.home / "model-20150220", post.home / name)
    _made_by_other_code(post.home / "model-20150301")
    (post.home / "model-20150305" / "model.npz").write_bytes(b"")

    outlook = issuing.issue(post, now=NOW)

    said = "模型model-20150305、model-20150301不能使用，已略过，请重新训练"
    assert "blend" == outlook.model and [said] == [note for note in outlook.mode_notes if "不能使用" in note]
    assert "model-20150305, model-20150301" in language.word(said)


def test_only_where_no_model_loads_there_is_no_outlook(post):
    for folder in post.home.glob("model-*"):
        _made_by_other_code(folder)

    with pytest.raises(DataError, match=r"No model in the folder can be used.*made by other code.*office train"):
        issuing.issue(post, now=NOW)


def test_the_day_after_every_party_stands_on_the_card_and_making_it_again_changes_nothing(post):
    issuing.issue(post, now=NOW)
    day, then = NOW.date(), NOW + timedelta(days=1, hours=6)

    found = verify(post, day=day, now=then)
    path = post.home / "verification" / f"{day}.json"
    before = path.read_bytes()

    assert {one.who for one in found} == {"model", "persistence", "climatology"}
    assert [row["who"] for row in json.loads(before)] == [one.who for one in found]
    assert verify(post, day=day, now=then) == found and path.read_bytes() == before
    assert verify(post, day=day + timedelta(days=30), now=then) == ()
