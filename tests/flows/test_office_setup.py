"""A city's real office: opened from files, lived in by the real clock, never a drill's."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

from console.commands.outlook import app as outlook_command
from emergency.record import Record
from emergency.vocabulary import BEIJING
from flows import office_models, office_setup, office_weather, respond
from flows.post import open_post
from flows.sources import plan
from forecast import outlook_file, sample, weather_modes
from forecast.archive import Archive
from forecast.features import Area
from forecast.guidance import Guidance
from plans.errors import DataError, LantianError, RuleError

STATIONS = "code,name,lon,lat\nS1,一号站,112.9,28.2\nS2,二号站,112.95,28.25\n"
LIST = office_setup.rulebook.HERE / "cities" / "sample" / "enterprises" / "2026.csv"
TODAY = date(2026, 11, 22)


def lantian(*words: str) -> str:
    from flows.commands.office import app

    done = CliRunner().invoke(app, list(words), catch_exceptions=False)
    assert 0 == done.exit_code, done.output
    return done.output


@pytest.fixture
def home(tmp_path):
    (tmp_path / "stations.csv").write_text(STATIONS, encoding="utf-8")
    folder = tmp_path / "office"
    lantian(
        *("new", "--area", "sample", "--name", "样例市", "--plan", "sample", "--home", str(folder)),
        *("--stations", str(tmp_path / "stations.csv"), "--list", str(LIST)),
    )
    return folder


def test_an_office_is_live_and_assumes_no_rules(home):
    post = open_post(home)

    assert not post.record.drill
    assert {} == post.settings["assume"]
    assert ["S1", "S2"] == post.settings["mean_of"]
    with pytest.raises(LantianError):
        Record.open(home / "record.db", drill=True)


def test_the_sources_of_a_new_office_are_switched_on_by_taking_the_mark_away_as_its_file_says(home):
    path = home / "sources.yaml"
    assert {} == plan.plan(home).sources
    path.write_text(path.read_text(encoding="utf-8").replace("\n#", "\n"), encoding="utf-8")

    found = plan.plan(home)
    assert ["cnemc", "openmeteo"] == list(found.sources)
    assert found.models is not None and "openmeteo" == found.models.weather


def test_an_office_is_opened_once(home, tmp_path):
    wanted = office_setup.Wanted("sample", "样例市", "sample", tmp_path / "stations.csv")
    with pytest.raises(DataError, match="holds a record already"):
        office_setup.open_office(home, wanted, today=TODAY)


@pytest.mark.parametrize(
    ("change", "error", "sentence"),
    [
        ({"plan": "nowhere"}, RuleError, "nowhere"),
        ({"mean_of": ("S9",)}, DataError, "S9"),
        ({"listing": "stations.csv"}, DataError, "stations.csv"),
    ],
)
def test_a_wrong_answer_leaves_no_half_office(tmp_path, change, error, sentence):
    (tmp_path / "stations.csv").write_text(STATIONS, encoding="utf-8")
    words = {"area": "sample", "area_name": "样例市", "plan": "sample", "stations": tmp_path / "stations.csv", **change}
    if "listing" in change:
        words["listing"] = tmp_path / change["listing"]
    with pytest.raises(error, match=sentence):
        office_setup.open_office(tmp_path / "office", office_setup.Wanted(**words), today=TODAY)
    assert not (tmp_path / "office").exists()


def test_a_password_is_shown_once_and_a_new_one_ends_the_old(home):
    said = lantian("account", "duty1", "--title", "值班员甲", "--role", "duty_officer", "--home", str(home))
    first = said.rsplit("：", 1)[1].strip()
    second = lantian("account", "duty1", "--reset", "--home", str(home)).rsplit("：", 1)[1].strip()
    directory = office_setup.Directory(open_post(home).record)

    assert directory.check("duty1", first) is None
    assert "值班员甲" == directory.check("duty1", second).title
    lantian("account", "duty1", "--close", "--home", str(home))
    assert directory.check("duty1", second) is None
    assert "已停用" in lantian("accounts", "--home", str(home))


def test_a_live_office_is_on_the_schedule_and_a_replay_is_not(home, tmp_path):
    from flows.pulling import jobs

    names = {job.name for job in jobs(home)}
    assert {"outlook", "respond", "report", "watch", "drop"} <= names
    Record.open(tmp_path / "record.db", drill=True)
    assert not {"outlook", "respond"} & {job.name for job in jobs(tmp_path)}


def test_from_measurements_to_outlook_and_proposal_by_the_real_clock(home):
    """Two simulated winters up to this night; the model, the outlook of tonight and the duty side run on them."""
    from flows.outlook import issue

    midnight = datetime(2026, 11, 22, tzinfo=BEIJING)
    air = sample.generate(seed=3, start=midnight - timedelta(days=500), end=midnight, stations=2)
    air = air.assign_coords(station=["S1", "S2"])
    archive = Archive.open(home / "archive.db")
    archive.write(air, source="test", delay=timedelta(minutes=40))
    lantian("train", "--since", "2025-08-01", "--until", "2026-11-21", "--effort", "demo", "--home", str(home))
    post, now = open_post(home), midnight + timedelta(minutes=50)
    outlook = issue(post, now=now)

    assert 7 == len(outlook.days) and midnight.date() == outlook.days[0].valid_date
    assert outlook == issue(post, now=now + timedelta(hours=1)), "once a day"
    respond.propose(post.office, post.situation(now.astimezone(UTC)))
    last = air.isel(valid_time=[-1])
    archive.write(last.assign(pm25=last["pm25"] + 40), source="test", received_at=now + timedelta(minutes=30))
    assert outlook == issue(post, now=now + timedelta(hours=1)), "a corrected value is no hour that was missing"
    assert "模型\tmodel-20261121" in lantian("show", "--home", str(home))


def test_an_outlook_that_lacked_the_last_hours_is_followed_by_another_when_they_have_come(home):
    from flows.outlook import issue

    midnight = datetime(2026, 11, 22, tzinfo=BEIJING)
    air = sample.generate(seed=3, start=midnight - timedelta(days=300), end=midnight, stations=2)
    air = air.assign_coords(station=["S1", "S2"])
    post = open_post(home)
    post.archive.write(air.isel(valid_time=slice(0, -2)), source="test", delay=timedelta(minutes=40))
    lantian("train", "--since", "2026-02-01", "--until", "2026-11-21", "--effort", "demo", "--home", str(home))
    first = issue(post, now=midnight + timedelta(minutes=50))
    assert midnight - timedelta(hours=2) == first.data_until
    came = midnight + timedelta(minutes=65)
    one = air.sel(station=["S1"]).isel(valid_time=[-2])
    post.archive.write(one, source="test", received_at=came)
    second = issue(post, now=came + timedelta(minutes=45))
    assert first != second, "an hour of half of the stations"
    assert "00:50签发的展望缺监测数据，现已补上" == second.mode_notes[0]
    post.archive.write(air.isel(valid_time=slice(-2, None)), source="test", received_at=came + timedelta(hours=1))
    third = issue(post, now=midnight + timedelta(hours=2, minutes=50))
    assert midnight == third.data_until and "01:50签发的展望缺监测数据，现已补上" in third.mode_notes
    assert [first, second, third] == list(
        post.archive.outlooks("sample", start=midnight, end=midnight + timedelta(days=1))
    )
    assert third == issue(post, now=midnight + timedelta(hours=9)), "the model is of midnight"


def test_an_office_trains_with_a_table_by_stations_and_uses_it_the_night_it_has_a_run(home):
    """The plain model is kept beside it, for the night without."""
    from flows.outlook import issue

    midnight = datetime(2026, 11, 22, tzinfo=BEIJING)
    air = sample.generate(seed=3, start=midnight - timedelta(days=300), end=midnight + timedelta(days=8), stations=2)
    air = air.assign_coords(station=["S1", "S2"])
    past = air.isel(valid_time=slice(0, 300 * 24))
    Archive.open(home / "archive.db").write(past, source="test", delay=timedelta(minutes=40))
    places = [Area("S1", ("S1",)), Area("S2", ("S2",))]
    runs = weather_modes.degraded_weather(air, areas=places, climate_until=date(2026, 11, 1))
    columns = ["wind_speed_mean", "wind_north_mean", "temperature_mean", "relative_humidity_mean"]
    table = weather_modes.write_table(runs[columns], home / "weather.csv")
    said = lantian(
        *("train", "--since", "2026-02-01", "--until", "2026-11-21", "--effort", "demo"),
        *("--weather", str(table), "--home", str(home)),
    )

    assert "使用气象预报，3个区域" in said and "无气象预报" in said
    assert "模型\tmodel-20261121、model-weather-20261121" in lantian("show", "--home", str(home))
    tonight = issue(open_post(home), now=midnight + timedelta(minutes=50))
    short = ("模型学过的气象预报不满一年，没学过的季节可能不准",)
    assert ("blend-weather", "forecast", short) == (tonight.model, tonight.weather_mode, tonight.mode_notes)
    table.unlink()
    after = issue(open_post(home), now=midnight + timedelta(days=1, minutes=50))
    assert "blend" == after.model and "没有当日的气象预报，改用无气象的模型" in after.mode_notes


def nightly(air, place: str, day: np.datetime64) -> xr.Dataset:
    """What a service said of a place at 18:25 on a day: the weather as it came, with an error that grows."""
    end = day + np.timedelta64(16, "h")  # 0:00 in Beijing
    hours = air["valid_time"].values
    window = air.sel(station=place).isel(valid_time=(hours > end) & (hours <= end + np.timedelta64(7 * 24, "h")))
    random = np.random.default_rng(int(day.astype(int)))
    ahead = np.linspace(0.2, 1.0, window.sizes["valid_time"])
    values = {
        "temperature": window["temperature"].values + 3 * ahead * random.normal(),
        "dew_point": window["dew_point"].values + 3 * ahead * random.normal(),
        "wind_speed": np.abs(window["wind_speed"].values + ahead * random.normal()),
        "wind_direction": window["wind_direction"].values,
    }
    coords = {"station": [place], "valid_time": window["valid_time"].values.astype("datetime64[us]")}
    return xr.Dataset({name: (("station", "valid_time"), each[None]) for name, each in values.items()}, coords=coords)


def test_an_office_without_weather_stations_learns_from_the_runs_its_source_kept_and_says_whose_they_are(home):
    """The state of a Chinese city: air is measured, weather comes from a service alone."""
    from flows.outlook import issue

    midnight = datetime(2026, 11, 22, tzinfo=BEIJING)
    air = sample.generate(seed=3, start=midnight - timedelta(days=200), end=midnight + timedelta(days=9), stations=2)
    air = air.assign_coords(station=["S1", "S2"])
    post = open_post(home)
    measured = air.drop_vars(["temperature", "dew_point", "pressure", "rain", "wind_speed", "wind_direction"])
    post.archive.write(measured.isel(valid_time=slice(0, 200 * 24)), source="test", delay=timedelta(minutes=40))
    guidance = Guidance(post.archive.engine)
    days = np.arange(np.datetime64("2026-05-08"), np.datetime64("2026-11-23"))
    for day in days:
        came = datetime.fromisoformat(f"{day}T18:25:00+08:00")
        for place in ("S1", "S2"):
            guidance.write(nightly(air, place, day), source="openmeteo", received_at=came)
    said = lantian(
        *("train", "--since", "2026-05-08", "--until", "2026-11-21", "--effort", "demo"),
        *("--weather", "openmeteo", "--home", str(home)),
    )

    assert "使用气象预报，3个区域" in said and "模拟" not in said and "不满一年" in said
    assert "气象预报\topenmeteo 2 处 199 天，最后收到 2026-11-22 18:25" in lantian("show", "--home", str(home))
    now = midnight + timedelta(minutes=50)
    tonight = issue(post, now=now)
    came = datetime.fromisoformat("2026-11-21T18:25:00+08:00")
    assert ("forecast", "openmeteo", came) == (
        tonight.weather_mode, tonight.weather_source, tonight.weather_received_at,
    )  # fmt: skip
    short = ("模型学过的气象预报不满一年，没学过的季节可能不准",)
    assert short == tonight.mode_notes, "weather that was never observed is not missing tonight"
    assert 7 == len(post.situation(now).weather), "the meeting sees the weather the outlook was made with"
    assert tonight == type(tonight).from_json(tonight.to_json())
    assert ("openmeteo", came.astimezone(UTC).isoformat()) == tuple(
        outlook_file.to_dataset(tonight).attrs[name] for name in ("weather_source", "weather_received_at")
    )
    asked = ["--archive", str(home / "archive.db"), "--model", str(home / "model-weather-20261121")]
    asked += ["--station", "sample", "--as-of", "2026-11-22T00:50", "--edition", tonight.aqi_edition, "--no-why"]
    told = CliRunner().invoke(outlook_command, asked, catch_exceptions=False).output
    assert "使用气象预报（openmeteo，11-21 18:25 收到）" in told and f"{tonight.days[0].median:5d}  " in told
    model, _weather, _notes = office_models.chosen(post, now=now)
    wider = replace(model, belief=replace(model.belief, variables=(*model.belief.variables, "cloud_mean")))
    lost = office_weather.for_model(post, wider, Area("sample", ("S1", "S2")), now)
    assert (None, "存档的气象预报缺少模型训练时的要素，改用无气象的模型") == lost, "there is no table to look at"
    after = issue(post, now=midnight + timedelta(days=2, minutes=50))
    assert ("none", "") == (after.weather_mode, after.weather_source), "the run of the 22nd is too old on the 24th"
    assert "没有当日的气象预报，改用无气象的模型" in after.mode_notes
    came = midnight + timedelta(days=2, hours=1, minutes=30)
    for place in ("S1", "S2"):
        guidance.write(nightly(air, place, np.datetime64("2026-11-23")), source="openmeteo", received_at=came)
    late = issue(post, now=came + timedelta(minutes=20))
    assert ("forecast", came) == (late.weather_mode, late.weather_received_at), "the service spoke again at 1:30"
    assert "00:50签发的展望缺气象预报，现已补上" == late.mode_notes[0] and set(short) < set(late.mode_notes)
    assert 7 == len(post.situation(late.issued_at).weather)
    assert late == issue(post, now=late.issued_at + timedelta(hours=1)), "and nothing came after it"
    assert after == post.archive.outlook("sample", as_of=after.issued_at), "what was issued stays"


def test_a_source_without_kept_runs_is_refused_before_anything_is_trained(home):
    asked = {"since": date(2026, 2, 1), "until": date(2026, 11, 21), "effort": "demo"}
    asked["now"] = datetime(2026, 11, 22, tzinfo=BEIJING)

    with pytest.raises(DataError, match=r"There is no such weather: expected .*kept runs \(none\), found openmeteo"):
        next(office_models.train(open_post(home), weather="openmeteo", **asked))
    assert [] == list(home.glob("model-*"))


def test_an_office_whose_stations_are_named_otherwise_than_its_data_is_told_so(home):
    """The codes of the station list are not those of the file that was loaded."""
    from forecast.readers.station_list import Station

    post = open_post(home)
    start = datetime(2026, 1, 31, tzinfo=BEIJING)
    dataset = sample.generate(seed=1, start=start, end=start + timedelta(days=120), stations=2)
    codes = [str(code) for code in dataset["station"].values]
    post.archive.write_stations(Station(code, code, "甲市", None, None, "", "x") for code in codes)
    post.archive.write(dataset, source="x", delay=timedelta(hours=1))
    asked = {"since": date(2026, 2, 1), "until": date(2026, 6, 1), "effort": "demo", "now": datetime.now(UTC)}

    with pytest.raises(DataError, match=r"no data to train on \(S1, S2\).*found none"):
        next(office_models.train(post, **asked))
    assert [] == list(home.glob("model-*"))


def test_runs_of_a_place_named_otherwise_are_refused_with_the_names_to_use(home):
    hours = np.datetime64("2026-11-01T01", "us") + np.arange(200) * np.timedelta64(1, "h")
    coords = {"station": np.array(["样例"], dtype=object), "valid_time": hours}
    said = xr.Dataset({"temperature": (("station", "valid_time"), np.zeros((1, 200)))}, coords)
    post = open_post(home)
    Guidance(post.archive.engine).write(said, source="openmeteo", received_at=datetime(2026, 11, 1, tzinfo=UTC))
    asked = {"since": date(2026, 2, 1), "until": date(2026, 11, 21), "effort": "demo"}
    asked["now"] = datetime(2026, 11, 22, tzinfo=BEIJING)

    with pytest.raises(DataError, match=r"of other places \(openmeteo\): expected sample, S1, S2, found 样例"):
        next(office_models.train(post, weather="openmeteo", **asked))


def test_a_folder_that_is_called_like_a_source_is_not_taken_for_its_table(home, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "weather-files").mkdir()
    asked = {"since": date(2026, 2, 1), "until": date(2026, 11, 21), "effort": "demo"}
    asked["now"] = datetime(2026, 11, 22, tzinfo=BEIJING)

    with pytest.raises(DataError, match="There is no such weather"):
        next(office_models.train(open_post(home), weather="weather-files", **asked))


def test_a_table_that_does_not_speak_of_the_office_is_refused_before_anything_is_trained(home):
    rows = "station,issue_date,valid_date,wind_speed_mean\nS9,2026-11-21,2026-11-22,2.0\n"
    (home / "weather.csv").write_text(rows)
    asked = {
        "since": date(2026, 2, 1),
        "until": date(2026, 11, 21),
        "effort": "demo",
        "now": datetime(2026, 11, 22, tzinfo=BEIJING),
    }

    with pytest.raises(DataError, match=r"lacks an area \(weather.csv\): expected rows of the station sample.*S1, S2"):
        next(office_models.train(open_post(home), weather=str(home / "weather.csv"), **asked))
    assert [] == list(home.glob("model-*"))


def test_the_console_of_an_office_shows_its_own_list_and_no_drill_banner(home):
    from console.serve import open_record, settings_of

    settings = settings_of(
        open_record(str(home / "record.db")), archive=str(home / "archive.db"), secret=b"x" * 32, secure_cookie=False
    )
    assert not settings.office.record.drill and not settings.replay
    assert len(office_setup.listing_of(open_post(home)).enterprises) > 60 and settings.lists.listing().enterprises


@pytest.mark.parametrize(("day", "edition"), [(date(2026, 2, 28), "hj633-2012"), (date(2026, 3, 1), "hj633-2026")])
def test_an_office_judges_each_day_by_the_edition_of_that_day(home, day, edition):
    """An office lives through a change of the standard; what was in force when it was opened is no matter."""
    now = datetime(day.year, day.month, day.day, 9, tzinfo=BEIJING)

    assert edition == open_post(home).aqi(now).name


def test_a_drill_of_real_people_is_born_a_drill_and_stays_one(tmp_path):
    (tmp_path / "stations.csv").write_text(STATIONS, encoding="utf-8")
    folder = tmp_path / "drill"
    said = lantian(
        *("new", "--area", "sample", "--name", "样例市", "--plan", "sample", "--home", str(folder)),
        *("--stations", str(tmp_path / "stations.csv"), "--list", str(LIST), "--drill", "announced"),
    )
    post = open_post(folder)

    assert "预告演练" in said
    assert post.record.drill and "announced" == post.record.noted("drill")
    with pytest.raises(LantianError):
        Record.open(folder / "record.db", drill=False)


def test_an_unknown_kind_of_drill_leaves_no_half_office(tmp_path):
    (tmp_path / "stations.csv").write_text(STATIONS, encoding="utf-8")
    wanted = office_setup.Wanted("sample", "样例市", "sample", tmp_path / "stations.csv", drill="secret")
    with pytest.raises(DataError, match="announced or surprise"):
        office_setup.open_office(tmp_path / "office", wanted, today=TODAY)
    assert not (tmp_path / "office").exists()
