"""Training the country in blocks: neighbours together, and the same models whichever processes made them."""

from datetime import date

import numpy as np
import pytest

from flows import nation, prefect_server
from forecast import air, sample

UNTIL = "2015-01-20"


def test_a_block_holds_neighbours_and_every_station_is_in_one():
    random = np.random.default_rng(2)
    codes = [f"{number:03d}" for number in range(130)]
    places = random.uniform([75, 20], [130, 50], (130, 2))
    places[5] = np.nan

    groups = nation.blocks(codes, places, size=20)

    assert sorted(code for group in groups for code in group) == codes
    assert max(map(len, groups)) <= 20
    assert groups[-1] == ("005",)
    inside = [np.ptp(places[[int(code) for code in group]], axis=0).prod() for group in groups[:-1]]
    assert np.mean(inside) < 0.3 * np.ptp(np.delete(places, 5, axis=0), axis=0).prod()


def test_blocks_do_not_depend_on_the_order_of_the_stations():
    codes = [f"{number:02d}" for number in range(40)]
    places = np.random.default_rng(3).uniform(0, 10, (40, 2))
    back = list(range(39, -1, -1))

    assert nation.blocks(codes, places, size=9) == nation.blocks([codes[n] for n in back], places[back], size=9)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    home = tmp_path_factory.mktemp("prefect")
    port = prefect_server.free_port()
    process = prefect_server.start(home, port=port)
    with prefect_server.stopping(process):
        prefect_server.use(prefect_server.wait(process, port=port), home)
        yield


@pytest.mark.flow
@pytest.mark.timeout(900)  # imports of two workers on a busy machine
def test_two_dask_processes_train_the_same_models_as_one_process(server, small_nation, tmp_path):
    path, groups = small_nation
    flow = nation.train_flow

    on_dask = flow.with_options(task_runner=nation.on_dask(2, memory="4GB"))(
        str(path), groups, str(tmp_path / "dask"), UNTIL
    )
    alone = [
        nation.train_one(
            nation.stations_of("netcdf", str(path), group), tmp_path / f"block-{number:03d}",
            until=date.fromisoformat(UNTIL), effort="demo",
        )
        for number, group in enumerate(groups)
    ]  # fmt: skip

    assert [one["digest"] for one in on_dask] == [one["digest"] for one in alone]
    assert {one["process"] for one in on_dask}.isdisjoint({one["process"] for one in alone})
    assert all((tmp_path / "dask" / one["folder"] / "model.npz").is_file() for one in on_dask)


@pytest.fixture(scope="module")
def small_nation(tmp_path_factory):
    """A file of four stations and 110 days, in two blocks."""
    from datetime import datetime, timedelta

    start = datetime(2014, 10, 1, tzinfo=air.BEIJING)
    made = sample.generate(seed=5, start=start, end=start + timedelta(days=112), stations=4)
    path = tmp_path_factory.mktemp("air") / "air.nc"
    made[[*air.POLLUTANTS, *air.WEATHER]].to_netcdf(path, engine="netcdf4")
    codes = [str(code) for code in made["station"].values]
    return path, [codes[:2], codes[2:]]
