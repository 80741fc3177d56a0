"""From the answer into the archive: the same whatever happens on the way, twice, late, killed, locked or full."""

import os
import random
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from flows.sources import cnemc, open_meteo, quotsoft
from flows.sources.live import keep
from flows.sources.pull import Stores, pull
from flows.sources.web_rules import Answer, Unavailable
from forecast import air
from forecast.quality import Flag, unpack
from forecast.quality_rules import Window
from forecast.readers.station_list import Station
from plans.errors import DataError
from tests.children import came_to_its_end, start

from .conftest import hung_up, plain, policy, versioned
from .test_cnemc import LIVE, PAST, cnemc_row
from .test_open_meteo import meteo

BEIJING, HOUR = air.BEIJING, timedelta(hours=1)
NOW = datetime(2024, 3, 1, 0, 30, tzinfo=BEIJING)
FAR = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def any_stores(request, tmp_path):
    address = str(tmp_path / "a.db") if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    opened = Stores.open(address)
    yield opened
    opened.close()


@pytest.fixture
def stores(tmp_path):
    opened = Stores.open(tmp_path / "a.db")
    yield opened
    opened.close()


def platform(server, **more):
    return replace(cnemc.SOURCE, base=server.url, policy=policy(**more))


def archive_file(server):
    return replace(quotsoft.SOURCE, base=server.url, policy=policy())


def one(adapter, stores, *, start=NOW - HOUR, end=NOW, now=NOW, **more):
    return pull(adapter, stores, start=start, end=end, now=now, clock=lambda: now, **more)


def values(stores, *codes, name="pm25", hours=3, as_of=FAR):
    data = stores.archive.observations(stations=codes, start=NOW - hours * HOUR, end=NOW, as_of=as_of)
    return [[None if np.isnan(value) else value for value in row] for row in data[name].values.tolist()]


def day_file(*cells, stations="1001A,1002A"):
    """A day's file with PM2.5 of hours 22 and 23 of 29 February."""
    rows = [f"20240229,{hour},PM2.5,{one},{other}" for hour, one, other in cells]
    return "\n".join([f"date,hour,type,{stations}", *rows]) + "\n"


EMPTY = plain("date,hour,type,1001A,1002A\n", kind="text/csv")


def test_a_pull_brings_values_stations_and_what_was_published_and_again_changes_nothing(server, any_stores):
    server.says(LIVE, plain([cnemc_row(), cnemc_row("1002A", PM2_5="50")]))
    first = one(platform(server), any_stores)
    second = one(platform(server), any_stores, now=NOW + timedelta(minutes=10))

    assert (2, 2, 0) == (first.rows, first.stations, second.rows)
    assert [[None, None, 33], [None, None, 50]] == values(any_stores, "1001A", "1002A")
    assert "万寿西宫" == any_stores.archive.stations()[0].name
    (said,) = any_stores.published.read(station="1001A", start=NOW - HOUR, end=NOW, as_of=FAR)
    assert (57.0, "良", 41.0) == (said.aqi, said.quality, said.o3_8h)
    (state,) = any_stores.sources.states()
    assert ("cnemc", 0, NOW.astimezone(UTC).replace(minute=0)) == (state.source, state.failures, state.valid_until)


def test_a_day_that_comes_twice_with_other_values_keeps_both_with_the_time_of_each(server, stores):
    server.says("/china_sites_20240301.csv", EMPTY)
    server.says("/china_sites_20240229.csv", versioned(day_file((22, 10, 11), (23, 12, 13)), etag='"1"'))
    one(archive_file(server), stores)
    server.says("/china_sites_20240229.csv", versioned(day_file((22, 10, 11), (23, 12, 99)), etag='"2"'))
    again = one(archive_file(server), stores, now=NOW + HOUR)

    assert 1 == again.rows
    assert [[10, 12, None], [11, 99, None]] == values(stores, "1001A", "1002A")
    assert [[10, 12, None], [11, 13, None]] == values(stores, "1001A", "1002A", as_of=NOW + timedelta(minutes=1))
    at = NOW.replace(minute=0) - HOUR
    assert 2 == len(stores.archive.revisions(station="1002A", valid_time=at, as_of=FAR))


def test_an_unchanged_file_is_not_read_again(server, stores):
    server.says("/china_sites_20240301.csv", EMPTY)
    server.says("/china_sites_20240229.csv", versioned(day_file((22, 10, 11)), etag='"1"'))
    one(archive_file(server), stores)
    one(archive_file(server), stores, now=NOW + HOUR)
    asked = [headers.get("If-None-Match") for _c, path, headers, _b, _t in server.asked if "0229" in path]

    assert [None, '"1"'] == asked


def pull_and_be_killed(path, source):
    mine = Stores.open(path)
    mine.published.append = lambda *_a, **_k: os.kill(os.getpid(), signal.SIGKILL)
    one(source, mine)


def test_a_process_killed_between_fetch_and_commit_asks_for_the_whole_again(server, tmp_path):
    """Had the ETag been kept before the values, the second run would be told "unchanged" and the day would be lost."""
    server.says("/china_sites_20240301.csv", EMPTY)
    server.says("/china_sites_20240229.csv", versioned(day_file((22, 10, 11)), etag='"1"'))
    stores = Stores.open(tmp_path / "a.db")
    stores.close()
    assert not came_to_its_end(start(pull_and_be_killed, tmp_path / "a.db", archive_file(server)))
    after = Stores.open(tmp_path / "a.db")
    outcome = one(archive_file(server), after)

    assert 2 == outcome.rows
    assert [[10, None, None], [11, None, None]] == values(after, "1001A", "1002A")
    after.close()


def test_a_renamed_station_keeps_its_code_its_note_and_its_old_name(server, stores):
    server.says(LIVE, plain([cnemc_row()]))
    one(platform(server), stores)
    server.says(LIVE, plain([cnemc_row(PositionName="万寿西宫（新）", Longitude="—", Latitude="—")]))
    outcome = one(platform(server), stores, now=NOW + timedelta(minutes=5))
    (station,) = stores.archive.stations()

    assert ("万寿西宫（新）", "曾用名 万寿西宫", 116.3621) == (station.name, station.note, station.lon)
    assert "1001A 更名：万寿西宫 → 万寿西宫（新）" in outcome.note


def test_a_new_station_is_taken_in_and_named_and_a_twin_is_pointed_at(server, stores):
    server.says(LIVE, plain([cnemc_row()]))
    one(platform(server), stores)
    server.says(LIVE, plain([cnemc_row(), cnemc_row("3001A", Longitude="116.3622"), cnemc_row("3002A", Latitude="30")]))
    outcome = one(platform(server), stores, now=NOW + timedelta(minutes=5))

    assert "2 个新站点（3001A、3002A）" in outcome.note
    assert "3001A stands where 1001A stands" in outcome.note
    assert "3002A stands" not in outcome.note


def test_a_file_with_codes_only_does_not_overwrite_the_names_we_know(server, stores):
    server.says(LIVE, plain([cnemc_row()]))
    one(platform(server), stores)
    server.says("/china_sites_20240301.csv", EMPTY)
    server.says("/china_sites_20240229.csv", plain(day_file((22, 10, 11)), kind="text/csv"))
    one(archive_file(server), stores)

    assert [("1001A", "万寿西宫"), ("1002A", "1002A")] == [(s.code, s.name) for s in stores.archive.stations()]


def test_units_changed_overnight_at_one_station_are_marked_and_the_others_are_not(server, stores):
    def hour(ago, scale):
        when = NOW.replace(minute=0) - ago * HOUR
        return [cnemc_row(f"{1000 + n}A", hour=when, PM2_5=str(round((30 + n + ago % 5) * (scale if n == 2 else 1), 4)))
                for n in range(4)]  # fmt: skip

    server.says(LIVE, plain(hour(0, 0.001)))
    for ago in range(23, 0, -1):
        server.says(PAST, plain(hour(ago, 0.001 if ago < 4 else 1)))
        one(platform(server), stores, start=NOW - (ago + 1) * HOUR, end=NOW - ago * HOUR, now=NOW - ago * HOUR
            + timedelta(minutes=61))  # fmt: skip
    one(platform(server), stores, now=NOW + timedelta(minutes=5))
    data = stores.archive.observations(
        stations=[f"{1000 + n}A" for n in range(4)], start=NOW - 4 * HOUR, end=NOW, as_of=FAR
    )
    marked = (unpack(data["flags"].values, "pm25") & int(Flag.UNIT)) != 0

    assert [False, False, True, False] == marked[:, -1].tolist()
    assert not np.isnan(data["pm25"].values).any(), "marked, never deleted"


def test_an_hour_inside_a_maintenance_window_on_file_is_stored_with_its_mark(server, stores):
    server.says(LIVE, plain([cnemc_row(), cnemc_row("1002A", PM2_5="50")]))
    one(platform(server), stores, start=NOW - 2 * HOUR, end=NOW - HOUR, now=NOW - HOUR)
    stores.archive.write_stations([Station("1001A", "万寿西宫")])
    window = Window("1001A", NOW - 2 * HOUR, NOW + HOUR, ("pm25",), "更换滤膜")
    stores.maintenance.add(window, by="运维", now=NOW - HOUR)
    one(platform(server), stores)
    data = stores.archive.observations(stations=["1001A", "1002A"], start=NOW - HOUR, end=NOW, as_of=FAR)
    marks = [unpack(data["flags"].values, name)[:, 0] & int(Flag.MAINTENANCE) for name in ("pm25", "pm10")]

    assert [[33.0], [50.0]] == data["pm25"].values.tolist(), "marked, never deleted"
    assert [[int(Flag.MAINTENANCE), 0], [0, 0]] == [found.tolist() for found in marks]


def test_a_pull_with_few_stations_is_degraded_and_says_how_many(server, stores):
    many = [cnemc_row(f"{1000 + n}A", hour=NOW.replace(minute=0) - 2 * HOUR) for n in range(20)]
    server.says(PAST, plain(many))
    one(platform(server), stores, start=NOW - 3 * HOUR, end=NOW - 2 * HOUR, now=NOW - HOUR)
    server.says(LIVE, plain([cnemc_row(f"{1000 + n}A") for n in range(10)]))
    outcome = one(platform(server), stores)

    assert ("degraded", "10 个站点有数据，前一日通常 20 个") == (outcome.state, outcome.note.split("；")[-1])


def test_model_values_never_become_observations(server, stores):
    server.says("/w", plain(meteo(open_meteo.WEATHER)))
    server.says("/a", plain(meteo(open_meteo.AIR)))
    source = replace(
        open_meteo.SOURCE, places={"长沙": (28.23, 112.94)}, weather_base=server.url + "/w", air_base=server.url + "/a",
        policy=policy(),
    )  # fmt: skip
    outcome = one(source, stores, end=NOW + 20 * HOUR)

    assert (21 * 12, ()) == (outcome.rows, stores.archive.status())
    data = stores.guidance.read(
        source="openmeteo", places=["长沙"], names=["pm25", "temperature"], start=NOW, end=NOW + 3 * HOUR, as_of=NOW
    )
    assert [12.5, 13, 13.5] == data["pm25"].values[0].tolist()
    early = stores.guidance.read(
        source="openmeteo", places=["长沙"], names=["pm25"], start=NOW, end=NOW + HOUR, as_of=NOW - HOUR
    )
    assert np.isnan(early["pm25"].values).all(), "a forecast is known from when it was received"
    assert 0 == one(source, stores, end=NOW + 20 * HOUR, now=NOW + timedelta(minutes=1)).rows


def test_two_runners_at_the_same_moment_store_it_once(server, any_stores, request, tmp_path):
    server.says(LIVE, plain([cnemc_row(f"{1000 + n}A") for n in range(50)]))
    with ThreadPoolExecutor(2) as pool:
        rows = list(pool.map(lambda _n: one(platform(server), any_stores).rows, range(2)))

    assert 50 == sum(rows)
    assert 50 == any_stores.archive.status()[0]["rows"]


def test_a_failed_pull_is_noted_at_its_source_and_the_next_success_clears_it(server, stores):
    server.says(LIVE, hung_up, hung_up, plain([cnemc_row()]))
    with pytest.raises(Unavailable):
        one(platform(server, tries=2), stores)
    assert (1, 0) == (stores.sources.states()[0].failures, len(stores.archive.status()))

    one(platform(server, tries=2), stores)
    assert (0, "") == (stores.sources.states()[0].failures, stores.sources.states()[0].error)


def test_a_pause_the_source_asked_for_is_kept_for_the_next_process(server, stores):
    server.says(LIVE, plain({}, status=429, Retry_After="900"))
    now = datetime.now(UTC)
    begin = now.replace(minute=0, second=0, microsecond=0) - HOUR
    for _ in range(2):
        with pytest.raises(Unavailable):
            one(platform(server), stores, start=begin, end=now, now=now)

    assert 1 == len(server.asked), "the second pull did not call at all"


def test_a_locked_archive_is_one_sentence_and_later_all_is_there(server, stores, tmp_path):
    import sqlite3

    import sqlalchemy as sa

    hurry = lambda connection, _record: connection.execute("PRAGMA busy_timeout=60")  # noqa: E731
    sa.event.listen(stores.archive.engine, "connect", hurry)
    stores.archive.engine.dispose()
    server.says(LIVE, plain([cnemc_row()]))
    with sqlite3.connect(tmp_path / "a.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DataError, match="keeps the database locked"):
            one(platform(server), stores)
        other.execute("ROLLBACK")
    assert 1 == one(platform(server), stores).rows


def test_a_database_server_that_drops_its_connections_is_survived(server, request):
    """Every session of PostgreSQL is ended while the pull waits for the source: the values are stored all the same."""
    import sqlalchemy as sa

    url = request.getfixturevalue("postgres_url")
    stores, other = Stores.open(url), sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg"))
    end_all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = "

    def ended_then_answers(handler):
        with other.connect() as connection:
            connection.exec_driver_sql(end_all + "current_database()")
        plain([cnemc_row()])(handler)

    server.says(LIVE, ended_then_answers)
    outcome = one(platform(server), stores)

    assert (1, [[None, None, 33]]) == (outcome.rows, values(stores, "1001A"))
    stores.close()
    other.dispose()


def test_a_full_disk_is_one_sentence_and_nothing_is_half_written(server, stores):
    """SQLite may not grow: its own "database or disk is full" in the middle of a batch of 3,000 stations."""
    import sqlalchemy as sa

    with stores.archive.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
    limit = lambda connection, _record: connection.execute(f"PRAGMA max_page_count={pages + 120}")  # noqa: E731
    sa.event.listen(stores.archive.engine, "connect", limit)
    stores.archive.engine.dispose()
    server.says(LIVE, plain([cnemc_row(f"{10_000 + n}A", Longitude=str(75 + n / 60)) for n in range(3000)]))

    with pytest.raises(DataError, match=r"The disk is full.*nothing was half-written"):
        one(platform(server), stores)
    assert () == stores.archive.status()


def keep_without_room(folder):
    import resource

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
    answer = Answer("http://x/y", 200, "text/csv", random.Random(1).randbytes(50_000), NOW)
    with pytest.raises(DataError, match=r"cannot be kept.*half-written"):
        keep(folder, "test", answer)


def test_a_body_that_does_not_fit_on_the_disk_leaves_no_file(tmp_path):
    """In a child that may not write files of more than 4 kB: the operating system's own refusal."""
    assert came_to_its_end(start(keep_without_room, tmp_path))
    assert [] == [path for path in tmp_path.rglob("*") if path.is_file()]


def test_bodies_are_kept_as_they_came_and_forgotten_by_day(server, stores, tmp_path):
    import gzip

    from flows.sources.live import forget

    server.says(LIVE, plain([cnemc_row()]))
    one(platform(server), stores, raw=tmp_path / "raw")
    (file,) = (tmp_path / "raw").rglob("*.gz")

    assert b"StationCode" in gzip.decompress(file.read_bytes())
    assert 0 == forget(tmp_path / "raw", before=NOW - timedelta(days=1))
    assert 1 == forget(tmp_path / "raw", before=NOW + timedelta(days=2))


def test_an_ingestion_killed_again_and_again_ends_with_the_archive_of_an_undisturbed_run(tmp_path):
    """Twenty-five of the 200 kills that benchmarks/speed/kills.py counts."""
    from benchmarks.speed.kills import killed

    hits, finished, equal = killed(tmp_path, 25)

    assert hits >= 25 and finished >= 1
    assert finished == equal
