"""What a kill leaves behind on the way out, and two workers at once."""

import os
import random
import signal
import sqlite3
from collections import Counter

from emergency import record_outbox
from emergency.dispatch import LEASE
from emergency.lifecycle import Actor
from emergency.office import Instruction
from emergency.record import Record
from emergency.record_act import Act
from emergency.vocabulary import Role
from flows.deliver import Handed
from tests.children import came_to_its_end, start

from .delivery import DUTY, Night

KILLS = int(os.environ.get("LANTIAN_KILLS", "60"))
"""Random kills; LANTIAN_KILLS=500 takes about two minutes."""


class Sink:
    """A sink beside the record that keeps idempotency keys, as gateways do; it survives the killed process."""

    name, sealed = "sink", True

    def __init__(self, path, tick):
        self.path, self.tick = path, tick
        with sqlite3.connect(path, timeout=30) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS got (key TEXT PRIMARY KEY, times INTEGER)")

    def send(self, message, *, address):
        self.tick("before send")
        with sqlite3.connect(self.path, timeout=30) as connection:
            connection.execute(
                "INSERT INTO got VALUES (?, 1) ON CONFLICT (key) DO UPDATE SET times = times + 1", (message["key"],)
            )
        self.tick("after send")
        return Handed("handed")

    def got(self):
        with sqlite3.connect(self.path) as connection:
            return dict(connection.execute("SELECT key, times FROM got"))


def live_on(path, sink_path, *, kill_at):
    """Everything of one evening, done as far as the record says it is not done; killed at a boundary or never."""
    seen = Counter()

    def tick(_where):
        seen["ticks"] += 1
        if seen["ticks"] == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    plain = Act.flush

    def flush(act):
        plain(act)
        tick("before commit")

    Act.flush = flush
    night, sink = Night(path), Sink(sink_path, tick)
    mayor = Actor("mayor", Role.MAYOR)
    listing = [
        Instruction(p, p, ({"text": "黄", "power_cut": 0.5},), voluntary=False) for p in ("甲厂", "乙厂", "丙厂")
    ]
    for name, replaces in (("w1", None), ("w2", "w1")):
        steps = {
            None: lambda name=name, replaces=replaces: night.draft(name, "yellow", replaces),
            "drafted": lambda name=name: night.office.approve_warning(name, by=mayor, now=night.now),
            "approved": lambda name=name: night.office.issue_warning(
                name, instructions=listing, list_digest="d", by=DUTY, now=night.now
            ),
        }
        while (state := night.record.state("warning", name)) is None or state.state.key in steps:
            steps[None if state is None else state.state.key]()
            tick("after commit")
    # A worker killed with a batch in hand left a lease; whoever comes later waits for it.
    night.now += 2 * LEASE * (1 + int(night.record.noted("round") or 0))
    night.record.note("round", str(1 + int(night.record.noted("round") or 0)))
    while night.deliver(most=2, phones=sink):
        tick("after settle")
    night.record.engine.dispose()


def run_child(path, sink_path, kill_at):
    """True when the child came to its end, False when it was killed."""
    return came_to_its_end(start(live_on, path, sink_path, kill_at=kill_at))


def what_came_of_it(path, sink_path):
    record = Record.open(path, drill=True)
    assert record.head()[0] == record.verify()
    kinds = Counter((entry.life, entry.stream, entry.kind) for entry in record.happenings())
    states = record_outbox.recipient_states(record)
    record.engine.dispose()
    return kinds, states, set(Sink(sink_path, lambda _where: None).got())


def test_killed_at_every_boundary_one_effect_is_on_record_and_everybody_was_told(tmp_path):
    assert run_child(tmp_path / "calm.db", tmp_path / "calm.sink", None)
    calm = what_came_of_it(tmp_path / "calm.db", tmp_path / "calm.sink")
    assert max(calm[0].values()) == 1
    boundary, killed = 0, True
    while killed:
        boundary += 1
        path, sink = tmp_path / f"{boundary}.db", tmp_path / f"{boundary}.sink"
        killed = not run_child(path, sink, boundary)
        if killed:
            assert run_child(path, sink, None)
        assert calm == what_came_of_it(path, sink), f"killed at boundary {boundary}"
    assert boundary > 25


def test_killed_again_and_again_at_random_the_evening_ends_the_same(tmp_path):
    chooser = random.Random(20151207)
    assert run_child(tmp_path / "calm.db", tmp_path / "calm.sink", None)
    calm = what_came_of_it(tmp_path / "calm.db", tmp_path / "calm.sink")
    kills = evenings = 0
    while kills < KILLS:
        evenings += 1
        path, sink = tmp_path / f"{evenings}.db", tmp_path / f"{evenings}.sink"
        while not run_child(path, sink, chooser.randint(1, 12)):
            kills += 1
        assert calm == what_came_of_it(path, sink), f"after {kills} kills"


def deliver_all(url, sink_path, name):
    mine, sink = Night(url), Sink(sink_path, lambda _where: None)
    while mine.deliver(worker=name, most=7, phones=sink):
        pass


def test_two_workers_at_once_hand_every_message_over_once(url, tmp_path):
    night = Night(url)
    night.warn("w1", "yellow", "黄", plants=tuple(f"SP{n:03d}" for n in range(220)))
    night.record.engine.dispose()
    children = [start(deliver_all, url, tmp_path / "sink", name) for name in ("one", "two")]
    assert [True, True] == [came_to_its_end(child) for child in children]

    got = Sink(tmp_path / "sink", lambda _where: None).got()
    night = Night(url)
    assert {1} == set(got.values())
    assert {"delivered": 220} == night.record.counts("order")
    assert night.record.head()[0] == night.record.verify()
    night.record.engine.dispose()
