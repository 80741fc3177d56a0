"""Every job of a real office is on a cron schedule in Beijing time, runs once at a time, and is tried again."""

import asyncio
from datetime import UTC, datetime

import pytest

from emergency.vocabulary import BEIJING
from flows import office_setup
from flows.pulling import deployments, jobs

STATIONS = "code,name,lon,lat\nS1,一号站,112.9,28.2\n"
TOWN = """name: town
title: t
address: http://127.0.0.1:9/x
station: id
time: {field: t}
values: {pm25: {field: v, unit: ug/m3}}
"""
EVERY = {
    "pull-cnemc", "pull-quotsoft", "pull-openmeteo", "pull-openaq", "pull-town", "drop", "watch", "watch-clocks",
    "hourly-data", "daily-data", "outlook", "respond", "report",
}  # fmt: skip


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    home = tmp_path_factory.mktemp("office") / "home"
    stations = home.parent / "stations.csv"
    stations.write_text(STATIONS, encoding="utf-8")
    wanted = office_setup.Wanted("sample", "样例市", "sample", stations)
    office_setup.open_office(home, wanted, today=datetime(2026, 11, 22, tzinfo=UTC).date())
    (home / "town.yaml").write_text(TOWN, encoding="utf-8")
    places = "{places: {长沙: [28.23, 112.94]}}"
    sources = f"{{cnemc: {{}}, quotsoft: {{}}, openmeteo: {places}, openaq: {{locations: [8118]}}}}"
    (home / "sources.yaml").write_text(f"sources: {sources}\nmappings: [town.yaml]\n", encoding="utf-8")
    return home


def test_every_job_is_scheduled_in_beijing_time_one_run_at_a_time_and_tried_again(office):
    found = {one.name: one for one in deployments(office)}
    flows = {job.name: job.flow for job in jobs(office)}

    assert EVERY <= set(found)
    for name, one in found.items():
        assert ["Asia/Shanghai"] == [item.schedule.timezone for item in one.schedules], name
        assert 1 == one.concurrency_limit, name
        assert "CANCEL_NEW" == one.concurrency_options.collision_strategy.value, name
        assert 2 <= flows[name].retries, name
        assert {"home": str(office)}.items() <= one.parameters.items(), name


@pytest.mark.parametrize(
    ("name", "after", "expected"),
    [  # all in Beijing time: 29 February, the end of a year, and the night in which Europe moves its clocks
        ("watch-clocks", "2028-02-28 06:00", "2028-02-29 05:50"),
        ("report", "2026-12-31 08:00", "2027-01-01 07:10"),
        ("watch-clocks", "2027-03-27 12:00", "2027-03-28 05:50"),
        ("pull-cnemc", "2028-02-29 23:57", "2028-03-01 00:01"),
        ("outlook", "2026-11-22 06:00", "2026-11-23 00:50"),
    ],
)
def test_a_job_is_due_at_the_right_moment_of_the_local_day(office, name, after, expected):
    from prefect.server.schemas.schedules import CronSchedule  # what the server reckons with

    (given,) = [one.schedules[0].schedule for one in deployments(office) if one.name == name]
    schedule = CronSchedule(cron=given.cron, timezone=given.timezone)
    start = datetime.fromisoformat(after).replace(tzinfo=BEIJING)
    (found,) = asyncio.run(schedule.get_dates(1, start=start))

    assert expected == f"{found.astimezone(BEIJING):%Y-%m-%d %H:%M}"
