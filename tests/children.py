"""Children that a test may kill, forked by a server of one thread.

A fork of the test process itself copies the locks that its other threads hold at that moment (those of a Prefect
server, of a pool), and the child then waits for them for ever. The standard library's fork server has no threads.
"""

import multiprocessing
import sys
from multiprocessing.process import BaseProcess

import cloudpickle

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([
    "pytest", "hypothesis", "psycopg", "sqlalchemy.dialects.sqlite", "sqlalchemy.dialects.postgresql",
    "emergency.office", "flows.channels.worker", "flows.replay", "flows.sources.pull", "tests.emergency.test_stateful",
])  # fmt: skip
"""What tests refer to, so that a child does not spend a second on reading it."""
PATIENCE = 600.0
"""Seconds after which a child that neither ends nor dies is a fault of its own."""


def start(work, *arguments, **settings) -> BaseProcess:
    """A child that does `work`; what it refers to of its test module goes with it by value."""
    module = sys.modules[work.__module__]
    cloudpickle.register_pickle_by_value(module)
    try:
        packed = cloudpickle.dumps((work, arguments, settings))
    finally:
        cloudpickle.unregister_pickle_by_value(module)
    made = FORKS.Process(target=_live, args=(packed,), daemon=True)
    made.start()
    return made


def came_to_its_end(child: BaseProcess) -> bool:
    """True when it ended by itself, False when it was killed; AssertionError when it failed or stands still."""
    child.join(PATIENCE)
    if child.exitcode is None:
        child.kill()
        raise AssertionError("the child neither ended nor was killed")
    assert child.exitcode <= 0, "the child failed; what it said stands above"
    return child.exitcode == 0


def _live(packed: bytes) -> None:
    work, arguments, settings = cloudpickle.loads(packed)
    work(*arguments, **settings)
