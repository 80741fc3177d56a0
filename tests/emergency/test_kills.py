# ruff: noqa: E501  the acts stand one a line
"""Killed at every boundary of every act, and at random with two workers and two schedulers: one effect each, once.

A child does a whole episode, every act of the office once, as far as the record says it is not done. It is killed
before or after a commit, or before or after a send; the next child goes on. At the end the record holds exactly what
it holds after a calm run.
"""

import os
import random
import signal
import sqlite3
from collections import Counter
from datetime import date, datetime, timedelta
from multiprocessing.connection import wait

import pytest

from emergency import record_outbox
from emergency.compliance import Finding, Verdict
from emergency.dispatch import LEASE
from emergency.lifecycle import Actor, Refused
from emergency.office import Desk, Instruction, Office
from emergency.record import Record, StaleDecision
from emergency.record_act import Act
from emergency.vocabulary import BEIJING, Level, Role
from emergency.warning import Authority, Draft
from flows import paging
from flows.channels.worker import work
from flows.deliver import Handed
from tests.children import PATIENCE, start
from tests.children import came_to_its_end as ended

from .test_stateful import outlook_at

START, HOUR = datetime(2015, 12, 31, 9, tzinfo=BEIJING), timedelta(hours=1)
KILLS = int(os.environ.get("LANTIAN_KILLS", "40"))
"""Random kills; LANTIAN_KILLS=500 takes some minutes."""
BY = {role: Actor(role.key, role) for role in Role}
DUTY, DIRECTOR, PLANT = BY[Role.DUTY_OFFICER], BY[Role.OFFICE_DIRECTOR], Actor("甲厂", Role.ENTERPRISE)
EVERY = {level: Authority(("office_director",)) for level in (Level.YELLOW, Level.ORANGE, Level.RED)}
DESK = Desk(
    "city", "样例市", EVERY, ("forecaster", "expert"), HOUR, 24 * HOUR, 48 * HOUR, 36, "r" * 64, lift_signed=True
)


def content(level, number, replaces=None, **more):
    begin = START + 2 * HOUR
    return Draft(level, "样例市", begin, begin + 96 * HOUR, f"静稳{number}", "", "c", True, replaces, **more)


def listing(*words):
    measures = tuple({"text": word, "power_cut": 0.5} for word in words)
    return [Instruction(plant, plant, measures, voluntary=False) for plant in ("甲厂", "乙厂")]


def acts(office):
    """Every act of the office in an order in which each is possible: (is it done, do it)."""
    record = office.record

    def seen(life, stream, *kinds):
        def done():
            return any(entry.event.kind in kinds for entry in record.history(life, stream))

        done.matter = (life, stream)
        return done

    def at(hours):
        return START + hours * HOUR

    first, second = "response-e.0.甲厂", "response-e.1.甲厂"
    found = f"problem-{second}"
    trigger = [{"rule": "light", "text": "可能轻度污染"}]

    def propose(name):
        return lambda: office.propose_consultation(
            name, episode="e", outlook=outlook_at(START), triggers=trigger, pack=b"{}", now=at(0)
        )

    def opinion():
        office.note_opinion(
            "c", daily_aqi=[[150, 180]] * 7, primary=["pm25"] * 7, view="静稳", by=BY[Role.FORECASTER], now=at(0)
        )

    def conclude():
        office.conclude("c", signed_aqi=[170] * 7, level=Level.YELLOW, reason="静稳", by=DIRECTOR, now=at(0))

    def draft(name, level, number, **more):
        drafted = content(level, number, **more)
        return lambda: office.draft_warning(name, episode="e", content=drafted, by=DUTY, now=at(0))

    def issue(name, *words):
        return lambda: office.issue_warning(name, instructions=listing(*words), list_digest="d", by=DUTY, now=at(1))

    finding = Finding(Verdict.SILENT, 0.5, None, "未签收")
    note = {
        "episode": "", "shift": "day", "shift_name": "白班", "day": date(2015, 12, 31), "to_person": "乙",
        "note": "无异常", "open_matters": [],
    }  # fmt: skip
    review = {"report": b"{}", "media_type": "application/json", "title": "评估"}
    lifted = {"reason": "冷空气", "below_hours": 48}
    return [
        (seen("consultation", "c", "proposed"), propose("c")),
        (seen("consultation", "x", "proposed"), propose("x")),
        (seen("consultation", "x", "cancelled"), lambda: office.cancel_consultation("x", reason="误报", by=DUTY, now=at(0))),
        (seen("consultation", "c", "convened"), lambda: office.convene("c", by=DUTY, now=at(0))),
        (seen("consultation", "c", "opinion_noted"), opinion),
        (seen("consultation", "c", "absence_noted"), lambda: office.note_absence("c", role="expert", why="未应答", by=DUTY, now=at(0))),
        (seen("consultation", "c", "concluded"), conclude),
        (seen("warning", "w0", "drafted"), draft("w0", "yellow", 0)),
        (seen("warning", "w0", "withdrawn"), lambda: office.withdraw_warning("w0", reason="重复", by=DUTY, now=at(0))),
        (seen("warning", "w1", "drafted"), draft("w1", "yellow", 1)),
        (seen("warning", "w1", "returned"), lambda: office.return_warning("w1", reason="改", by=DIRECTOR, now=at(0))),
        (seen("warning", "w1", "redrafted"), lambda: office.redraft_warning("w1", content=content("yellow", 2), by=DUTY, now=at(0))),
        (seen("warning", "w1", "approved"), lambda: office.approve_warning("w1", by=DIRECTOR, now=at(1))),
        (seen("warning", "w1", "issued"), issue("w1", "黄")),
        (seen("activation", "response-e", "started"), lambda: office.start_response("response-e", now=at(2))),
        (seen("order", first, "acknowledged"), lambda: office.acknowledge_order(first, signer="厂长", by=PLANT, now=at(2))),
        (seen("order", first, "execution_reported"), lambda: office.report_execution(first, report="已停产", by=PLANT, now=at(2))),
        (seen("warning", "w2", "drafted"), draft("w2", "red", 3, replaces="w1")),
        (seen("warning", "w2", "approved"), lambda: office.approve_warning("w2", by=DIRECTOR, now=at(3))),
        (seen("warning", "w2", "issued"), issue("w2", "黄", "红")),
        (seen("order", second, "chased"), lambda: office.chase(second, now=at(5))),
        (seen("order", second, "finding_recorded"), lambda: office.record_finding(second, finding, now=at(6))),
        (seen("problem", found, "assigned"), lambda: office.assign_problem(found, unit="分局", by=DUTY, now=at(6))),
        (seen("problem", found, "rectified"), lambda: office.rectify_problem(found, report="已改", by=BY[Role.TERRITORY], now=at(7))),
        (seen("problem", found, "closed"), lambda: office.look_back(found, mended=True, note="已改", by=BY[Role.INSPECTOR], now=at(8))),
        (seen("activation", "response-e", "paused"), lambda: office.pause_response("response-e", reason="大风", by=DIRECTOR, now=at(9))),
        (seen("activation", "response-e", "resumed"), lambda: office.resume_response("response-e", by=DIRECTOR, now=at(10))),
        (seen("handover", "h", "written"), lambda: office.write_handover("h", by=DUTY, now=at(11), **note)),
        (seen("handover", "h", "taken"), lambda: office.take_handover("h", by=DIRECTOR, now=at(11))),
        (seen("warning", "w2", "lift_asked"), lambda: office.ask_lift("w2", by=DUTY, now=at(12), **lifted)),
        (seen("warning", "w2", "lift_signed"), lambda: office.sign_lift("w2", by=DIRECTOR, now=at(12))),
        (seen("warning", "w2", "lifted"), lambda: office.lift_warning("w2", by=DUTY, now=at(13), **lifted)),
        (seen("activation", "response-e", "reviewed"), lambda: office.review_response("response-e", by=DIRECTOR, now=at(40), **review)),
        (seen("order", second, "closed"), lambda: office.close_order(second, now=at(41))),
    ]  # fmt: skip


class Sink:
    """A sink beside the record that keeps idempotency keys, as gateways do; it survives the killed process."""

    name, sealed = "sink", True

    def __init__(self, path, tick):
        self.path, self.tick = path, tick
        with sqlite3.connect(path, timeout=30) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS got (key TEXT PRIMARY KEY)")

    def send(self, message, *, address):
        self.tick("before send")
        with sqlite3.connect(self.path, timeout=30) as connection:
            connection.executemany("INSERT OR IGNORE INTO got VALUES (?)", [(key,) for key in message["keys"]])
        self.tick("after send")
        return Handed("handed")

    def got(self):
        with sqlite3.connect(self.path) as connection:
            return {key for (key,) in connection.execute("SELECT key FROM got")}


def live_on(url, sink_path, *, kill_at, worker="one"):
    """Everything that is not done yet; killed at a boundary or never."""
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
    office = Office(Record.open(url, drill=True, durable=False), DESK)
    sink = Sink(sink_path, tick)
    for index, (done, _do) in enumerate(acts(office)):
        while True:
            version = len(office.record.history(*done.matter))
            if done():
                break
            try:  # each scheduler decides on the version it saw, so that an act that may be repeated is not
                acts(office.seen(*done.matter, version))[index][1]()
            except (Refused, StaleDecision):
                continue  # another scheduler was faster; look again
            tick("after commit")
    paging.page_due(office, START + 42 * HOUR)
    # A worker that was killed with a batch in hand left a lease; whoever comes later waits for it.
    rounds = int(office.record.noted("round") or 0) + 1
    office.record.note("round", str(rounds))
    now = START + 60 * HOUR + 2 * LEASE * rounds
    while work(office, sink, worker=worker, address_of=lambda _a, who: who, now=now, most=3):
        tick("after settle")
    office.record.engine.dispose()


def child(*arguments, **settings):
    """A child that lives on."""
    return start(live_on, *arguments, **settings)


def what_came_of_it(url, sink_path):
    """Every event with how often it stands, what each recipient was told, after the whole proof."""
    record = Record.open(url, drill=True)
    assert record.head()[0] == record.verify()
    before = record.projections()
    record.rebuild()
    assert before == record.projections()
    kinds = Counter((entry.life, entry.stream, entry.kind) for entry in record.happenings())
    states = record_outbox.recipient_states(record)
    record.engine.dispose()
    return kinds, set(states), {states[key] for key in Sink(sink_path, print).got()}


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def fresh(request, tmp_path):
    """Makes an empty database of the kind, again and again."""
    if request.param == "sqlite":
        return lambda name: tmp_path / f"{name}.db"
    from sqlalchemy import create_engine, make_url, text

    server = request.getfixturevalue("postgres_server")
    base = make_url(server).set(drivername="postgresql+psycopg")

    def made(name):
        admin = create_engine(base, isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS kill_{name} WITH (FORCE)"))
            connection.execute(text(f"CREATE DATABASE kill_{name}"))
        admin.dispose()
        return base.set(database=f"kill_{name}").render_as_string(hide_password=False)

    return made


def test_every_act_of_the_office_stands_in_the_episode(tmp_path):
    """So that a new act cannot be forgotten by the kills."""
    live_on(tmp_path / "record.db", tmp_path / "sink", kill_at=None)
    record = Record.open(tmp_path / "record.db", drill=True)
    kinds = {(entry.life, entry.kind) for entry in record.happenings()}

    from emergency import activation, consultation, handover, problem, warning

    wanted = {
        (life, transition.event)
        for life, module in (("consultation", consultation), ("warning", warning), ("handover", handover),
                             ("activation", activation), ("problem", problem))
        for transition in module.TABLE.transitions
    }  # fmt: skip
    assert {("activation", "cancelled"), ("problem", "reopened")} >= wanted - kinds


def test_killed_at_every_boundary_of_every_act_there_is_one_effect(fresh, tmp_path):
    """Before each commit, after it, and on through the sends and the settling."""
    calm_at = fresh("calm")
    assert ended(child(calm_at, tmp_path / "calm.sink", kill_at=None))
    calm = what_came_of_it(calm_at, tmp_path / "calm.sink")
    assert {1} == {count for (_life, _stream, kind), count in calm[0].items() if kind != "paged"}

    at, sink, killed = fresh("killed"), tmp_path / "killed.sink", 0
    # One long evening. Each act is killed before its commit, then after it, so that the next child meets the next act;
    # then the batches of messages, a boundary further each time. (Every boundary of the sends of an evening:
    # tests/stories/test_delivery_kills.py.)
    of_acts = [1, 2] * (len(calm_acts(tmp_path)) + 8)
    while not ended(child(at, sink, kill_at=of_acts[killed] if killed < len(of_acts) else 1 + killed % 8)):
        killed += 1
        assert killed < 600
    assert killed > 85
    assert calm == what_came_of_it(at, sink)


def calm_acts(tmp_path):
    """The list of acts, on a record of no importance."""
    return acts(Office(Record.open(tmp_path / "names.db", drill=True, durable=False), DESK))


def test_two_workers_and_two_schedulers_killed_at_random_end_as_a_calm_evening(fresh, tmp_path):
    """LANTIAN_KILLS kills (500 in the release run), two processes at once on one record, each started again."""
    calm_at = fresh("calm2")
    assert ended(child(calm_at, tmp_path / "calm.sink", kill_at=None))
    calm = what_came_of_it(calm_at, tmp_path / "calm.sink")
    chooser, kills, evening = random.Random(20151231), 0, 0
    while kills < KILLS:
        evening += 1
        at, sink = fresh(f"random{evening}"), tmp_path / f"random{evening}.sink"
        live = {child(at, sink, kill_at=chooser.randint(1, 9), worker=f"{n}") for n in (1, 2)}
        while live:
            wait([one.sentinel for one in live], timeout=PATIENCE)
            for one in [one for one in live if not one.is_alive()]:
                live.discard(one)
                if not ended(one):
                    kills += 1
                    live.add(child(at, sink, kill_at=chooser.randint(2, 40), worker=f"{kills}"))
        ended(child(at, sink, kill_at=None, worker="last"))  # takes up what a killed worker still held
        assert calm == what_came_of_it(at, sink), f"evening {evening}"
