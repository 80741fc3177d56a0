"""The Prefect flows on a real embedded server: coarse, rerunnable, and only the clock."""

import time
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest

from emergency.record import Record
from emergency.vocabulary import BEIJING
from flows import nation, prefect_server, stage
from flows.scenario import sample as sample_scenario
from forecast import air, sample

pytestmark = pytest.mark.flow
FIRST = date(2015, 12, 1)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """An embedded Prefect server on the loopback; this process is pointed at it."""
    home = tmp_path_factory.mktemp("prefect")
    port = prefect_server.free_port()
    process = prefect_server.start(home, port=port)
    with prefect_server.stopping(process):
        api = prefect_server.wait(process, port=port, seconds=600)
        prefect_server.use(api, home)
        yield api


def test_the_server_forgets_old_runs_and_events_and_marks_none_as_late(server):
    settings = httpx.get(f"{server}/admin/settings", trust_env=False).json()["server"]

    assert {"events", "flow_runs"} == set(settings["services"]["db_vacuum"]["enabled"])
    assert "P14D" == settings["services"]["db_vacuum"]["retention_period"]
    assert "P2D" == settings["events"]["retention_period"]
    assert not settings["services"]["late_runs"]["enabled"]


@pytest.fixture(scope="module")
def played(server, tmp_path_factory):
    """The home of a three-day replay that ran as a Prefect flow, and its digest."""
    from flows.scheduled import replay_flow

    home = tmp_path_factory.mktemp("home")
    last = FIRST + timedelta(days=2)
    return home, replay_flow(scenario="sample", first=FIRST, last=last, seed=7, home=str(home))


def test_a_replay_through_prefect_is_the_replay_without_it(played, tmp_path):
    home, digest = played
    (tmp_path / "archive.db").write_bytes((home / "archive.db").read_bytes())
    made, record = stage.open_replay(
        sample_scenario(), first=FIRST, last=FIRST + timedelta(days=2), seed=7, home=tmp_path
    )

    assert digest == stage.play(made, record)


def test_respond_and_deliver_run_twice_change_nothing_the_second_time(played):
    from flows.scheduled import deliver_flow, respond_flow

    home, _digest = played
    respond_flow(str(home))
    deliver_flow(str(home))
    before = Record.open(home / "record.db", drill=True).head()

    assert 0 == respond_flow(str(home))
    assert 0 == deliver_flow(str(home))
    assert before == Record.open(home / "record.db", drill=True).head()


def test_the_outlook_flow_issues_once_a_day(played):
    from flows.post import open_post
    from flows.scheduled import outlook_flow

    home, _digest = played
    now = open_post(home).now + timedelta(hours=2)

    assert outlook_flow(str(home), now) == outlook_flow(str(home), now)


def test_the_report_flow_tells_the_day_and_says_it_is_a_drill(played):
    from flows.scheduled import report_flow

    text = report_flow(str(played[0]))

    assert text.startswith("【演练】")
    assert "2015年12月03日" in text
    assert "监测数据由程序模拟生成" in text


def test_prefects_own_scheduler_makes_the_runs_in_beijing_time(server, tmp_path):
    """Prefect 3.8 could not under SQLAlchemy 2.1 (docs/decisions/0006): the clock must be seen to tick."""
    from prefect.client.orchestration import get_client

    from flows.pulling import deployments

    (daily,) = [one for one in deployments(tmp_path) if one.name == "watch-clocks"]
    deployment = daily.apply()
    runs = []
    with get_client(sync_client=True) as client:
        for _attempt in range(960):
            runs = [one for one in client.read_flow_runs() if one.deployment_id == deployment]
            if runs:
                break
            time.sleep(0.25)
    times = sorted(one.expected_start_time.astimezone(BEIJING) for one in runs)

    assert {(5, 50)} == {(one.hour, one.minute) for one in times}
    assert 2 <= len(times) and timedelta(days=1) == times[1] - times[0]


@pytest.fixture
def waiting(server, tmp_path):
    """A client, and two runs of the drop job that nobody executes."""
    from prefect.client.orchestration import get_client

    from flows.pulling import deployments

    (job,) = [one for one in deployments(tmp_path) if one.name == "drop"]
    job.schedules = []  # the test makes the runs
    deployment = job.apply()
    with get_client(sync_client=True) as client:
        yield client, [client.create_flow_run_from_deployment(deployment) for _ in range(2)]
        client.delete_deployment(deployment)


def test_of_two_runs_of_one_job_at_once_the_later_one_is_called_off(waiting):
    from prefect.states import Pending, Running

    client, (first, second) = waiting
    assert "ACCEPT" == client.set_flow_run_state(first.id, Pending()).status.name
    assert "ACCEPT" == client.set_flow_run_state(first.id, Running()).status.name
    client.set_flow_run_state(second.id, Pending())

    assert "CANCELLED" == client.read_flow_run(second.id).state.type.name


def test_runs_that_a_killed_runner_left_behind_are_ended_and_give_their_place_free(waiting):
    from prefect.states import Pending, Running, Scheduled

    from flows.runner import put_in_order

    client, (left, missed) = waiting
    client.set_flow_run_state(left.id, Pending())
    client.set_flow_run_state(left.id, Running())
    long_due = datetime.now(UTC) - timedelta(hours=5)
    client.set_flow_run_state(missed.id, Scheduled(scheduled_time=long_due), force=True)
    put_in_order()

    states = [client.read_flow_run(run.id).state.type.name for run in (left, missed)]
    assert ["CRASHED", "CANCELLED"] == states
    after = client.create_flow_run_from_deployment(left.deployment_id)
    client.set_flow_run_state(after.id, Pending())
    assert "PENDING" == client.read_flow_run(after.id).state.type.name, "its place is free at once"


def test_a_place_that_a_killed_server_forgot_is_free_after_the_start(waiting):
    """The lease was in the memory of the server that died; the count of places taken is in its database."""
    from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate
    from prefect.states import Pending

    from flows.runner import put_in_order

    client, (first, second) = waiting
    taken = GlobalConcurrencyLimitUpdate(active_slots=1)
    client.update_global_concurrency_limit(f"deployment:{first.deployment_id}", taken)
    client.set_flow_run_state(first.id, Pending())
    assert "CANCELLED" == client.read_flow_run(first.id).state.type.name, "nobody holds the place, and nobody gets it"
    put_in_order()

    client.set_flow_run_state(second.id, Pending())
    assert "PENDING" == client.read_flow_run(second.id).state.type.name


def test_a_server_hears_all_that_is_left_before_it_is_stopped(server):
    """Prefect would wait for a stopped one at the exit of the process, however long."""
    from prefect.events import emit_event
    from prefect.events.worker import EventsWorker

    emit_event(event="lantian.test", resource={"prefect.resource.id": "lantian.test"})
    telling = EventsWorker.instance()

    prefect_server.tell_the_rest(seconds=120)

    assert telling._queue.empty()
    assert telling._done_event is not None and telling._done_event.is_set()


@pytest.fixture(scope="module")
def small_nation(tmp_path_factory):
    """A file of four stations and 110 days, in two blocks."""
    start = datetime(2014, 10, 1, tzinfo=air.BEIJING)
    made = sample.generate(seed=5, start=start, end=start + timedelta(days=112), stations=4)
    path = tmp_path_factory.mktemp("air") / "air.nc"
    made[[*air.POLLUTANTS, *air.WEATHER]].to_netcdf(path, engine="netcdf4")
    codes = [str(code) for code in made["station"].values]
    return path, [codes[:2], codes[2:]]


@pytest.mark.timeout(900)  # imports of two workers on a busy machine
def test_two_dask_processes_train_the_same_models_as_one_process(server, small_nation, tmp_path):
    path, groups = small_nation
    until = "2015-01-20"

    on_dask = nation.train_flow.with_options(task_runner=nation.on_dask(2, memory="4GB"))(
        str(path), groups, str(tmp_path / "dask"), until
    )
    alone = [
        nation.train_one(
            nation.stations_of("netcdf", str(path), group), tmp_path / f"block-{number:03d}",
            until=date.fromisoformat(until), effort="demo",
        )
        for number, group in enumerate(groups)
    ]  # fmt: skip

    assert [one["digest"] for one in on_dask] == [one["digest"] for one in alone]
    assert {one["process"] for one in on_dask}.isdisjoint({one["process"] for one in alone})
    assert all((tmp_path / "dask" / one["folder"] / "model.npz").is_file() for one in on_dask)
