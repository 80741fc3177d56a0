"""The country in blocks: neighbours together. (That Dask trains the same models stands in test_prefect_flows.py.)"""

import numpy as np

from flows import nation


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
