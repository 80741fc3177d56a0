"""Stories of the way out: who gets what, when again, what is not sent any more, and what a kill leaves behind."""

import os
import random
import signal
import sqlite3
from collections import Counter
from datetime import datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from emergency import record_outbox
from emergency.dispatch import LEASE, MOST_ATTEMPTS, MOST_IN_WINDOW, WINDOW
from emergency.lifecycle import Actor
from emergency.office import Desk, Instruction, Office
from emergency.record import Message, Record
from emergency.record_act import Act
from emergency.vocabulary import BEIJING, Level, Role
from emergency.warning import Authority, Draft
from flows.channels.worker import work
from flows.deliver import Handed
from plans.errors import LantianError
from tests.children import came_to_its_end, start

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
START = datetime(2015, 12, 31, 21, tzinfo=BEIJING)
DUTY = Actor("duty", Role.DUTY_OFFICER)


class Phones:
    """A sealed sink that can be looked into; phones may be off."""

    name, sealed = "phones", True

    def __init__(self):
        self.inbox: dict[str, list[dict]] = {}
        self.off: set[str] = set()

    def send(self, message, *, address):
        if address in self.off:
            return Handed("failed", "关机")
        self.inbox.setdefault(address, []).append(dict(message))
        return Handed("handed")

    def keys(self, address):
        return [key for message in self.inbox.get(address, []) for key in message["keys"]]


class Night:
    """An office, its clock, its phones and one worker."""

    def __init__(self, url):
        authority = {level: Authority(("mayor",)) for level in (Level.YELLOW, Level.ORANGE, Level.RED)}
        desk = Desk("city", "样例市", authority, ("forecaster",), HOUR, 24 * HOUR, 48 * HOUR, 36, "r" * 64)
        self.record = Record.open(url, drill=True, durable=False)
        self.office, self.phones, self.now = Office(self.record, desk), Phones(), START

    def draft(self, name, level, replaces=None):
        content = Draft(level, "样例市", self.now + HOUR, self.now + 96 * HOUR, "静稳", "", "c", True, replaces)
        self.office.draft_warning(name, episode="e", content=content, by=DUTY, now=self.now)

    def warn(self, name, level, *words, replaces=None, plants=("甲厂", "乙厂")):
        self.draft(name, level, replaces)
        self.office.approve_warning(name, by=Actor("mayor", Role.MAYOR), now=self.now)
        measures = tuple({"text": word, "power_cut": 0.5} for word in words)
        listing = [Instruction(plant, plant, measures, voluntary=False) for plant in plants]
        self.office.issue_warning(name, instructions=listing, list_digest="d", by=DUTY, now=self.now)

    def lift(self, name):
        self.office.lift_warning(name, reason="冷空气", below_hours=48, by=DUTY, now=self.now)

    def tell(self, count, recipient="duty_officer"):
        """Queue ordinary messages, as many parts of the office do."""
        with self.record.act(self.now) as act:
            state = act.state("warning", "w1")
            notes = [
                Message(f"note{n}.{self.now:%H%M}", "staff", recipient, f"提示{n}", "请留意") for n in range(count)
            ]
            act._queue("warning", "w1", state, notes[0])
            for note in notes[1:]:
                act._queue("warning", "w1", state, note)

    def deliver(self, worker="one", most=500, phones=None):
        return work(
            self.office, phones or self.phones, worker=worker, now=self.now, most=most,
            address_of=lambda _audience, recipient: None if recipient == "无号" else recipient,
        )  # fmt: skip

    def forward(self, minutes):
        for _ in range(minutes):
            self.now += MINUTE
            self.deliver()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request, tmp_path):
    return tmp_path / "record.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")


@pytest.fixture
def night(url):
    made = Night(url)
    yield made
    made.record.engine.dispose()


def test_everybody_is_told_once_and_the_orders_stand_as_delivered(night):
    night.warn("w1", "yellow", "黄")
    for _ in range(3):
        night.deliver()

    assert ["response-e.0.甲厂.issued"] == night.phones.keys("甲厂")
    assert {"delivered": 2} == night.record.counts("order")
    assert night.record.head()[0] == night.record.verify()


def test_a_phone_that_is_off_is_tried_again_at_growing_intervals_and_then_reached(night):
    night.phones.off.add("甲厂")
    night.warn("w1", "yellow", "黄")
    night.deliver()
    night.forward(20)
    (row,) = night.record.messages(recipient="甲厂")
    assert 4 <= row["attempts"] <= 6
    night.phones.off.clear()
    night.forward(31)

    assert 1 == len(night.phones.keys("甲厂"))


def test_a_phone_that_stays_off_is_given_up_and_stands_on_the_order(night):
    night.phones.off.add("甲厂")
    night.warn("w1", "yellow", "黄", plants=("甲厂",))
    for _ in range(MOST_ATTEMPTS):
        night.now += HOUR
        night.deliver()

    assert "failed" == record_outbox.recipient_states(night.record)["response-e.0.甲厂.issued"]
    assert "delivery_failed" in [e.event.kind for e in night.record.history("order", "response-e.0.甲厂")]


def test_a_plant_without_a_number_is_refused_at_once(night):
    night.warn("w1", "yellow", "黄", plants=("无号",))

    assert 1 == night.deliver()["refused"]
    assert "delivery_failed" in [e.event.kind for e in night.record.history("order", "response-e.0.无号")]


def test_a_raise_before_the_first_order_went_out_sends_only_the_new_one(night):
    night.warn("w1", "yellow", "黄")
    night.warn("w2", "red", "黄", "红", replaces="w1")
    night.deliver()

    assert ["response-e.1.甲厂.issued"] == night.phones.keys("甲厂")
    assert "outdated" == record_outbox.recipient_states(night.record)["w1.issued.public"]


def test_a_lift_reaches_everyone_even_those_whose_order_never_went_out(night):
    night.warn("w1", "yellow", "黄")
    night.lift("w1")
    night.deliver()

    assert ["response-e.0.甲厂.released"] == night.phones.keys("甲厂")
    assert ["w1.lifted.public"] == night.phones.keys("public")


def test_an_approval_that_was_given_meanwhile_is_not_asked_for(night):
    night.warn("w1", "yellow", "黄")
    night.deliver()

    assert [] == [key for key in night.phones.keys("mayor") if ".approve." in key]


def test_an_approval_that_is_still_open_is_asked_for(night):
    night.draft("w1", "yellow")
    night.deliver()

    assert ["w1.approve.mayor"] == night.phones.keys("mayor")


def test_a_question_that_waited_past_its_worth_expires(night):
    night.draft("w1", "yellow")
    night.now += 7 * HOUR
    night.deliver()

    assert {"w1.approve.mayor": "expired"} == record_outbox.recipient_states(night.record)


def test_a_chase_that_was_answered_before_it_went_out_is_not_sent(night):
    night.warn("w1", "yellow", "黄")
    night.deliver()
    night.now += 2 * HOUR
    night.office.chase("response-e.0.甲厂", now=night.now)
    night.office.acknowledge_order("response-e.0.甲厂", signer="厂长", by=Actor("甲厂", Role.ENTERPRISE), now=night.now)
    night.deliver()

    assert 1 == len(night.phones.keys("甲厂"))


def test_the_throttle_holds_ordinary_messages_back_and_drops_none(night):
    night.draft("w1", "yellow")
    for _ in range(8):
        night.now += MINUTE
        night.tell(1)
        night.deliver()
    assert MOST_IN_WINDOW == len(night.phones.keys("duty_officer"))
    night.forward(3 * round(WINDOW / MINUTE) + 3)

    assert 8 == len(set(night.phones.keys("duty_officer")))
    assert 8 == len(night.phones.keys("duty_officer"))


def test_ordinary_messages_that_wait_together_leave_as_one(night):
    night.draft("w1", "yellow")
    night.tell(8)
    night.deliver()
    (message,) = night.phones.inbox["duty_officer"]

    assert 8 == len(message["keys"])
    assert "提示0等8条" == message["subject"]
    assert {"sent"} == {
        state for key, state in record_outbox.recipient_states(night.record).items() if key.startswith("note")
    }


def test_an_order_that_leaves_after_its_time_says_so(night):
    night.phones.off.add("甲厂")
    night.warn("w1", "yellow", "黄")
    night.deliver()
    night.phones.off.clear()
    night.now += 3 * HOUR
    night.deliver()

    assert "签收时限已过" in night.phones.inbox["甲厂"][-1]["body"]


def test_a_worker_that_starts_again_takes_up_what_it_held(night):
    night.warn("w1", "yellow", "黄")
    held = record_outbox.lease(night.record, "one", now=night.now)

    assert len(held) == len(record_outbox.lease(night.record, "one", now=night.now))
    assert () == record_outbox.lease(night.record, "two", now=night.now)


def test_the_throttle_never_holds_back_a_warning_a_raise_or_a_lift(night):
    night.warn("w1", "yellow", "黄")
    night.tell(8)
    night.deliver()
    night.warn("w2", "red", "红", replaces="w1")
    night.deliver()
    night.lift("w2")
    night.deliver()

    keys = night.phones.keys("duty_officer")
    assert ["w1.issued.duty_officer", "w2.issued.duty_officer", "w2.lifted.duty_officer"] == [
        key for key in keys if key.startswith("w")
    ]


def test_what_is_urgent_goes_first(night):
    night.draft("w0", "yellow")
    night.warn("w1", "yellow", "黄")
    night.deliver(most=4)

    assert [] == night.phones.keys("mayor")
    assert 4 == sum(len(box) for box in night.phones.inbox.values())


def test_a_late_message_says_when_it_was_written(night):
    night.warn("w1", "yellow", "黄")
    night.now += 2 * HOUR
    night.deliver()

    assert "现补发" in night.phones.inbox["甲厂"][0]["body"]


def test_receipts_only_ever_go_forward(night):
    night.warn("w1", "yellow", "黄")
    key = "response-e.0.甲厂.issued"

    def report(state):
        with night.record.act(night.now) as act:
            return record_outbox.receipt(act, key, state)

    assert not report("read"), "nothing is read that was not handed over"
    night.deliver()
    assert [True, True, False, True, False] == [
        report(state) for state in ("delivered", "read", "delivered", "acknowledged", "read")
    ]
    assert "acknowledged" == record_outbox.recipient_states(night.record)[key]


def test_a_message_in_one_workers_hands_is_not_in_anothers(night):
    night.warn("w1", "yellow", "黄")
    first = record_outbox.lease(night.record, "one", now=night.now, most=3)
    second = record_outbox.lease(night.record, "two", now=night.now)

    assert 3 == len(first)
    assert not {one.key for one in first} & {one.key for one in second}
    assert () == record_outbox.lease(night.record, "three", now=night.now)


def test_what_a_killed_worker_held_is_handed_out_again_and_its_late_word_does_not_count(night):
    from emergency.dispatch import after_try

    night.warn("w1", "yellow", "黄")
    held = record_outbox.lease(night.record, "one", now=night.now)
    night.now += LEASE
    assert len(held) == sum(night.deliver(worker="two").values())

    late = [after_try(one, result="handed", detail="", channel="phones", now=night.now) for one in held]
    before = night.record.head()
    assert 0 == night.office.settle("one", late, now=night.now)
    assert before == night.record.head()


def test_a_key_that_comes_twice_among_hundreds_leaves_nothing_behind(night):
    """Many rows go into PostgreSQL by another way than few; it must refuse as the plain one does."""
    night.warn("w1", "yellow", "黄")
    night.tell(1)
    before = (night.record.head(), len(night.record.messages(limit=10_000)))

    with pytest.raises(IntegrityError):
        night.tell(250)
    assert before == (night.record.head(), len(night.record.messages(limit=10_000)))


def test_a_drill_has_no_channel_that_leaves_the_house(night):
    night.warn("w1", "yellow", "黄")
    night.phones.sealed = False

    with pytest.raises(LantianError, match="can never leave the house"):
        night.deliver()
    assert () != record_outbox.lease(night.record, "one", now=night.now), "nothing had been leased"


KILLS = int(os.environ.get("LANTIAN_KILLS", "60"))
"""Random kills; LANTIAN_KILLS=500 takes about two minutes."""

# --- kills ------------------------------------------------------------------------------------------------------------


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
