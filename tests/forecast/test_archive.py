"""The archive: what was known when, and nothing else. SQLite here; PostgreSQL where a server can be had."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast import air
from forecast.archive import Archive, ModelRun
from forecast.outlook import QUANTILES, DayOutlook, Outlook
from forecast.quality import Flag, flag, pack
from forecast.readers import prsa
from forecast.readers.station_list import Station
from plans.errors import DataError

T0 = datetime(2015, 12, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
STATIONS = [Station("1A", "甲", "样例"), Station("2A", "乙", "样例", 116.0, 40.0, "对照点")]


@pytest.fixture
def archive(tmp_path):
    opened = Archive.open(tmp_path / "archive.db")
    opened.write_stations(STATIONS)
    yield opened
    opened.close()


def hourly(pm25, *, start=T0, stations=("1A", "2A"), **more):
    """Hours start + 1 h, start + 2 h, ...; one row of values per station."""
    rows = np.atleast_2d(np.array(pm25, dtype=float))
    arrays = {"pm25": rows} | {name: np.atleast_2d(np.array(values, dtype=float)) for name, values in more.items()}
    labels = air.utc(start) + np.arange(1, rows.shape[1] + 1) * np.timedelta64(1, "h")
    return air.dataset(arrays, stations=stations[: len(rows)], valid_time=labels)


def pm25(archive, *, as_of, start=T0, hours=3, stations=("1A", "2A")):
    data = archive.observations(stations=stations, start=start, end=start + hours * HOUR, as_of=as_of)
    return [[None if np.isnan(value) else value for value in row] for row in data["pm25"].values.tolist()]


LATE = T0 + timedelta(days=100)


def test_what_was_written_is_read_back_with_the_time_it_was_received(archive):
    written = archive.write_observations(
        hourly([[1, 2, np.nan], [4, np.nan, 6]], co=[[0.3, 0.4, 0.5], [0.1] * 3]), source="test", delay=HOUR
    )
    data = archive.observations(stations=["2A", "1A"], start=T0, end=T0 + 3 * HOUR, as_of=LATE)

    assert written == 6
    assert np.array_equal(data["pm25"].values, [[4, np.nan, 6], [1, 2, np.nan]], equal_nan=True)
    assert data["co"].values[1].tolist() == [0.3, 0.4, 0.5]
    assert air.moment(data["received_at"].values[0, 0]) == T0 + 2 * HOUR
    assert data["o3"].isnull().all()


def test_every_hour_of_the_window_is_there_even_when_nothing_is_known(archive):
    data = archive.observations(stations=["1A"], start=T0, end=T0 + 5 * HOUR, as_of=LATE)

    assert [
        data["pm25"].shape,
        bool(data["pm25"].isnull().all()),
        bool(np.isnat(data["received_at"].values).all()),
    ] == [(1, 5), True, True]


def test_the_window_holds_the_hours_inside_it_not_the_one_that_ended_at_its_start(archive):
    archive.write_observations(hourly([[1, 2, 3]]), source="test", delay=HOUR)

    assert pm25(archive, as_of=LATE, start=T0 + HOUR, hours=1, stations=["1A"]) == [[2]]


def test_writing_the_same_values_again_changes_nothing(archive):
    data = hourly([[1, 2, 3], [4, np.nan, 6]])
    assert archive.write_observations(data, source="test", delay=HOUR) == 5

    assert archive.write_observations(data, source="test", delay=HOUR) == 0
    assert archive.write_observations(data, source="other", received_at=LATE) == 0
    assert len(archive.revisions(station="1A", valid_time=T0 + HOUR, as_of=LATE)) == 1


def test_a_corrected_value_is_a_new_revision_and_both_are_kept(archive):
    archive.write_observations(hourly([[1, 2, 3]]), source="feed", delay=HOUR)
    review = T0 + timedelta(days=3)

    assert archive.write_observations(hourly([[1, 20, 3]]), source="review", received_at=review) == 1

    assert pm25(archive, as_of=review - timedelta(seconds=1), stations=["1A"]) == [[1, 2, 3]]
    assert pm25(archive, as_of=review, stations=["1A"]) == [[1, 20, 3]]
    both = archive.revisions(station="1A", valid_time=T0 + 2 * HOUR, as_of=LATE)
    assert [(row["pm25"], row["source"]) for row in both] == [(2.0, "feed"), (20.0, "review")]
    assert archive.revisions(station="1A", valid_time=T0 + 2 * HOUR, as_of=review - HOUR) == both[:1]


def test_a_value_withdrawn_is_missing_from_then_on(archive):
    archive.write_observations(hourly([[1, 2, 3]]), source="feed", delay=HOUR)
    archive.write_observations(hourly([[1, np.nan, 3]]), source="review", received_at=LATE)

    assert pm25(archive, as_of=LATE, stations=["1A"]) == [[1, None, 3]]
    assert pm25(archive, as_of=LATE - HOUR, stations=["1A"]) == [[1, 2, 3]]


def test_a_pollutant_that_a_dataset_does_not_have_keeps_its_earlier_value(archive):
    archive.write_observations(hourly([[1, 2, 3]], so2=[[7, 8, 9]]), source="feed", delay=HOUR)
    archive.write_observations(hourly([[10, 2, 3]]), source="review", received_at=LATE)

    data = archive.observations(stations=["1A"], start=T0, end=T0 + 3 * HOUR, as_of=LATE)
    assert (data["pm25"].values[0].tolist(), data["so2"].values[0].tolist()) == ([10, 2, 3], [7, 8, 9])


def test_a_file_may_be_loaded_again_after_one_of_its_values_was_corrected(archive):
    archive.write_observations(hourly([[1, 2, 3]]), source="feed", delay=HOUR)
    archive.write_observations(hourly([[1, 20, 3]]), source="review", received_at=LATE)

    assert archive.write_observations(hourly([[1, 2, 3]]), source="feed", delay=HOUR) == 0
    assert pm25(archive, as_of=LATE, stations=["1A"]) == [[1, 20, 3]]


def test_a_changed_value_may_not_claim_to_be_old(archive):
    """It would change what was known in the past."""
    archive.write_observations(hourly([[1, 2, 3]]), source="feed", delay=HOUR)

    with pytest.raises(DataError, match=r"claims to be as old .*station 1A, hour ending 2015-12-01T02:00"):
        archive.write_observations(hourly([[1, 20, 30]]), source="feed", delay=HOUR)

    assert pm25(archive, as_of=LATE, stations=["1A"]) == [[1, 2, 3]], "nothing half-written"


def test_nothing_of_the_future_is_seen(archive):
    """At 02:30 only the hour that ended at 01:00 (received 02:00) is known."""
    archive.write_observations(hourly([[1, 2, 3], [4, 5, 6]]), source="test", delay=HOUR)

    assert pm25(archive, as_of=T0 + 2.5 * HOUR) == [[1, None, None], [4, None, None]]
    assert archive.latest_valid_time(stations=["1A", "2A"], as_of=T0 + 2.5 * HOUR) == T0 + HOUR
    assert archive.latest_valid_time(stations=["1A"], as_of=T0) is None


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_changing_the_future_never_changes_a_read_as_of_now(data, tmp_path_factory):
    """Property: any writes with received_at after `now` leave every as-of-now read as it was."""
    archive = Archive.open("sqlite:///:memory:")
    archive.write_stations(STATIONS)
    value = st.one_of(st.just(np.nan), st.integers(0, 500))
    rows = st.lists(st.lists(value, min_size=6, max_size=6), min_size=2, max_size=2)
    now = T0 + 4 * HOUR
    archive.write_observations(hourly(data.draw(rows)), source="past", delay=timedelta(minutes=30))
    before = archive.observations(stations=["1A", "2A"], start=T0, end=T0 + 6 * HOUR, as_of=now)

    for number in range(data.draw(st.integers(1, 4))):
        later = T0 + timedelta(days=1, hours=number)
        archive.write_observations(hourly(data.draw(rows)), source="future", received_at=later)
        archive.write_observations(hourly(data.draw(rows), start=T0 + 6 * HOUR), source="f", received_at=later)

    after = archive.observations(stations=["1A", "2A"], start=T0, end=T0 + 6 * HOUR, as_of=now)
    assert before.identical(after)
    archive.close()


def test_the_newest_revision_stands_whatever_the_order_of_stations(archive):
    for number, when in enumerate((T0 + 5 * HOUR, T0 + 9 * HOUR, T0 + 7 * HOUR)):
        if number == 2:
            with pytest.raises(DataError, match="as old"):
                archive.write_observations(hourly([[99, 99, 99]]), source="late", received_at=when)
        else:
            archive.write_observations(hourly([[number] * 3, [10 + number] * 3]), source="x", received_at=when)

    assert pm25(archive, as_of=LATE, stations=["2A", "1A"]) == [[11] * 3, [1] * 3]


def test_marks_travel_with_the_values_and_alone_make_no_revision(archive):
    data = hourly([[50, 60, 70]], pm10=[[40, 80, 90]], stations=("1A",))
    archive.write_observations(flag(data), source="test", delay=HOUR)

    read = archive.observations(stations=["1A"], start=T0, end=T0 + 3 * HOUR, as_of=LATE)
    assert read["flags"].values[0].tolist() == [
        int(pack({"pm25": np.array(int(Flag.PM_ORDER)), "pm10": np.array(int(Flag.PM_ORDER))})),
        0,
        0,
    ]
    assert archive.write_observations(data, source="test", received_at=LATE) == 0


def test_pollutants_and_weather_are_written_in_one_go(archive):
    data = hourly([[1, 2, 3]], temperature=[[-3.5, -4, np.nan]], wind_speed=[[1, 2, 3]], stations=("1A",))

    assert archive.write(data, source="test", delay=HOUR) == 6

    weather = archive.weather(stations=["1A"], start=T0, end=T0 + 3 * HOUR, as_of=LATE)
    assert np.array_equal(weather["temperature"].values, [[-3.5, -4, np.nan]], equal_nan=True)
    assert archive.weather(stations=["1A"], start=T0, end=T0 + 3 * HOUR, as_of=T0)["wind_speed"].isnull().all()
    assert [(row["table"], row["rows"]) for row in archive.status()] == [("observation", 3), ("weather_observation", 3)]


def test_stations_are_a_directory_whose_newest_entry_stands(archive):
    assert archive.write_stations(STATIONS) == 0
    assert archive.write_stations([replace(STATIONS[0], name="丙")]) == 1

    assert [station.name for station in archive.stations()] == ["丙", "乙"]
    assert archive.stations(city="别处") == ()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda a: a.write_observations(hourly([[1]]), source="x"), "either received_at or delay"),
        (lambda a: a.write_observations(hourly([[1]]), source="x", delay=-HOUR), "delay is negative"),
        (lambda a: a.write_observations(hourly([[1]]), source="x", received_at=T0), "before its hour has ended"),
        (
            lambda a: a.write_observations(hourly([[1]]), source="x", received_at=datetime(2016, 1, 1)),  # noqa: DTZ001
            "received_at has no time zone",
        ),
        (lambda a: a.write_observations(hourly([[1]], stations=("9A",)), source="x", delay=HOUR), "found 9A"),
        (lambda a: pm25(a, as_of=LATE, stations=["9A"]), "station is not known"),
        (lambda a: pm25(a, as_of=datetime(2016, 1, 1)), "as_of has no time zone"),  # noqa: DTZ001
        (lambda a: a.observations(stations=["1A"], start=datetime(2016, 1, 1), end=T0, as_of=T0), "start has no"),  # noqa: DTZ001
    ],
)
def test_what_cannot_be_is_refused(archive, call, says):
    with pytest.raises(DataError, match=says):
        call(archive)

    assert archive.status() == ()


@pytest.mark.parametrize("address", ["mysql://host/db", "nonsense://", "postgresql://nobody:secret@127.0.0.1:1/none"])
def test_an_address_nobody_can_open_is_one_sentence_without_the_password(address):
    with pytest.raises(DataError) as caught:
        Archive.open(address)

    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_something_else_is_not_touched(tmp_path):
    other = tmp_path / "letter.db"
    other.write_text("Dear station,\n")

    with pytest.raises(DataError, match="not an archive"):
        Archive.open(other)
    assert other.read_text() == "Dear station,\n"


# Outlooks and trainings -------------------------------------------------------------------------------------


def an_outlook(issued_at, aqi=120):
    quantiles, levels, exceedance = (aqi,) * len(QUANTILES), (0, 0, 1.0, 0, 0, 0), (1.0, 0, 0, 0)
    day = DayOutlook(date(2015, 12, 2), 1, quantiles, levels, exceedance, {"pm25": 1.0}, {"pm25": 90.0})
    return Outlook(
        area="sample",
        area_name="样例市",
        issued_at=issued_at,
        data_until=issued_at - HOUR,
        aqi_edition="hj633-2012",
        model="m",
        model_digest="d",
        weather_mode="none",
        simulated=True,
        mode_notes=(),
        days=(day,),
        aqi_paths=((aqi,),),
    )


def test_the_outlook_in_force_is_the_last_one_known(archive):
    morning, evening = T0 + 8 * HOUR, T0 + 16 * HOUR
    assert archive.write_outlook(an_outlook(morning))
    assert archive.write_outlook(an_outlook(evening, aqi=210), received_at=evening + timedelta(minutes=5))
    assert not archive.write_outlook(an_outlook(morning)), "the same again"

    assert archive.outlook("sample", as_of=morning - timedelta(microseconds=1)) is None
    assert archive.outlook("sample", as_of=evening) == an_outlook(morning)
    assert archive.outlook("sample", as_of=LATE) == an_outlook(evening, aqi=210)
    assert archive.outlook("elsewhere", as_of=LATE) is None
    assert len(archive.outlooks("sample", start=T0, end=evening)) == 1
    assert len(archive.outlooks("sample", start=T0, end=LATE, as_of=evening)) == 1


def test_an_outlook_is_not_received_before_it_is_issued(archive):
    with pytest.raises(DataError, match="before it is issued"):
        archive.write_outlook(an_outlook(T0), received_at=T0 - HOUR)


def test_trainings_are_noted_once(archive):
    run = ModelRun("sample", "quantile", T0, "abc", {"rows": 100, "name": "分位数"})

    assert (archive.write_model_run(run), archive.write_model_run(run)) == (True, False)
    assert (run,) == archive.model_runs("sample", as_of=T0)
    assert archive.model_runs("sample", as_of=T0 - HOUR) == ()


# The real set, and PostgreSQL -------------------------------------------------------------------------------


@pytest.mark.data
def test_three_years_of_twelve_stations_come_back_as_they_were_written(shared_data, tmp_path):
    data = prsa.read(shared_data / "beijing_prsa_2013_2016")
    archive = Archive.open(tmp_path / "archive.db")
    archive.write_stations(prsa.stations())
    archive.write_observations(data, source="prsa", delay=HOUR)
    codes = data["station"].values.tolist()
    start, end = (air.moment(data["valid_time"].values[place]) for place in (0, -1))
    read = archive.observations(stations=codes, start=start - HOUR, end=end, as_of=end + HOUR)
    archive.close()

    for name in air.POLLUTANTS:
        assert np.array_equal(read[name].values, data[name].values, equal_nan=True)


@pytest.mark.postgres
def test_the_same_revisions_on_postgresql(postgres_url):
    archive = Archive.open(postgres_url)
    archive.write_stations(STATIONS)
    archive.write_observations(hourly([[1, 2, np.nan], [4, np.nan, 6]]), source="feed", delay=HOUR)
    assert archive.write_observations(hourly([[1, 2, np.nan], [4, np.nan, 6]]), source="feed", delay=HOUR) == 0
    archive.write_observations(hourly([[1, 20, 3]]), source="review", received_at=LATE)

    assert pm25(archive, as_of=LATE - HOUR) == [[1, 2, None], [4, None, 6]]
    assert pm25(archive, as_of=LATE) == [[1, 20, 3], [4, None, 6]]
    assert archive.write_outlook(an_outlook(T0))
    assert archive.outlook("sample", as_of=T0) == an_outlook(T0)
    archive.close()
