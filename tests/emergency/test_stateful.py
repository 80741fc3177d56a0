"""The office under random acts, roles and clocks: whatever is tried, the record stays true."""

import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from emergency import cap, cap_xml
from emergency.compliance import Finding, Verdict
from emergency.lifecycle import Actor, Refused
from emergency.office import Desk, Instruction, Office
from emergency.record import BrokenRecord, Record
from emergency.vocabulary import Level, Role
from emergency.warning import Authority, Draft
from forecast.outlook import QUANTILES, THRESHOLDS, DayOutlook, Outlook

START = datetime(2015, 12, 30, 15, 59, tzinfo=UTC)
WARNINGS = st.sampled_from(["w1", "w2", "w3"])
CONSULTATIONS = st.sampled_from(["c1", "c2"])
ROLES = st.sampled_from([role for role in Role if role is not Role.SYSTEM])
PLANTS = ("SP001", "SP002")
DESK = Desk(
    area="beijing",
    area_name="北京市",
    authority={
        Level.YELLOW: Authority(("office_director",)),
        Level.ORANGE: Authority(("vice_mayor",), deputies=("mayor",)),
        Level.RED: Authority(("vice_mayor", "mayor"), signatures=2),
    },
    required_parties=("forecaster", "meteorologist"),
    respond_within=timedelta(hours=1),
    execute_within=timedelta(hours=24),
    rectify_within=timedelta(hours=48),
    lift_hours=36,
    rules_digest="r" * 64,
)


def outlook_at(now):
    days = tuple(
        DayOutlook(
            valid_date=now.date() + timedelta(days=lead + 1),
            lead_days=lead + 1,
            aqi_quantiles=tuple(100 + 20 * index for index in range(len(QUANTILES))),
            level_probabilities=(0.0, 0.2, 0.3, 0.3, 0.2, 0.0),
            exceedance=tuple(0.5 for _ in THRESHOLDS),
            primary_probabilities={"pm25": 1.0},
            concentration_medians={"pm25": 120.0},
        )
        for lead in range(7)
    )
    return Outlook(
        area="beijing", area_name="北京市", issued_at=now, data_until=now, aqi_edition="hj633-2012", model="test",
        model_digest="m", weather_mode="none", simulated=True, mode_notes=(), days=days, aqi_paths=((160,) * 7,),
    )  # fmt: skip


class OfficeMachine(RuleBasedStateMachine):
    """Random acts of random people at a clock that only goes forward."""

    @initialize()
    def open(self):
        self.folder = Path(tempfile.mkdtemp(prefix="lantian-stateful-"))
        self.record = Record.open(self.folder / "record.db", drill=True, durable=False)
        self.office = Office(self.record, DESK)
        self.now = START

    def teardown(self):
        if not hasattr(self, "record"):
            return
        assert self.record.head()[0] == self.record.verify()
        before = self.record.projections()
        self.record.rebuild()
        assert before == self.record.projections()
        self.record.engine.dispose()
        shutil.rmtree(self.folder)

    def attempt(self, act):
        """Do it, or be refused and leave no trace."""
        before = (self.record.head(), len(self.record.messages(limit=10_000)), self.exhibits())
        try:
            act()
        except Refused:
            assert before == (self.record.head(), len(self.record.messages(limit=10_000)), self.exhibits())

    def exhibits(self):
        return len(self.record.exhibits(cap.MEDIA_TYPE)) + len(self.record.exhibits("application/json"))

    def order(self, plant, number):
        rows = self.record.now("order", enterprise=plant)
        return rows[number % len(rows)]["stream"] if rows else f"none-{plant}"

    @rule(minutes=st.integers(0, 2000))
    def let_the_clock_run(self, minutes):
        self.now += timedelta(minutes=minutes)

    # --- consultation

    @rule(name=CONSULTATIONS, role=ROLES, reasons=st.booleans())
    def propose(self, name, role, reasons):
        triggers = [{"rule": "light", "text": "可能轻度污染"}] if reasons else []
        self.attempt(
            lambda: self.office.propose_consultation(
                name, episode="e1", outlook=outlook_at(self.now), triggers=triggers, by=Actor("u", role), now=self.now
            )
        )

    @rule(name=CONSULTATIONS, role=ROLES)
    def convene(self, name, role):
        self.attempt(lambda: self.office.convene(name, by=Actor("u", role), now=self.now))

    @rule(name=CONSULTATIONS, role=ROLES, low=st.integers(-1, 501), high=st.integers(-1, 501))
    def speak(self, name, role, low, high):
        self.attempt(
            lambda: self.office.note_opinion(
                name, daily_aqi=[[low, high]] * 7, primary=["pm25"] * 7, view="静稳", by=Actor("u", role), now=self.now
            )
        )

    @rule(name=CONSULTATIONS, role=st.sampled_from(["forecaster", "meteorologist"]))
    def be_absent(self, name, role):
        by = Actor("duty", Role.DUTY_OFFICER)
        self.attempt(lambda: self.office.note_absence(name, role=role, why="未接通", by=by, now=self.now))

    @rule(name=CONSULTATIONS, aqi=st.integers(-5, 505), reason=st.sampled_from(["", "静稳"]))
    def conclude(self, name, aqi, reason):
        by = Actor("director", Role.OFFICE_DIRECTOR)
        self.attempt(
            lambda: self.office.conclude(
                name, signed_aqi=[aqi] * 7, level=Level.ORANGE, reason=reason, by=by, now=self.now
            )
        )

    # --- warning

    @rule(
        name=WARNINGS, level=st.sampled_from(["none", "yellow", "orange", "red"]), start=st.integers(-5, 40),
        last=st.integers(-5, 90), before=st.one_of(st.none(), WARNINGS), again=st.booleans(),
    )  # fmt: skip
    def draft(self, name, level, start, last, before, again):
        hour, by = timedelta(hours=1), Actor("duty", Role.DUTY_OFFICER)
        content = Draft(
            level, "北京市", self.now + start * hour, self.now + last * hour, "静稳", "", "c1", True, before
        )
        if again:
            self.attempt(lambda: self.office.redraft_warning(name, content=content, by=by, now=self.now))
        else:
            self.attempt(lambda: self.office.draft_warning(name, episode="e1", content=content, by=by, now=self.now))

    @rule(name=WARNINGS, role=ROLES, person=st.sampled_from(["a", "b"]))
    def sign(self, name, role, person):
        self.attempt(lambda: self.office.approve_warning(name, by=Actor(person, role), now=self.now))

    @rule(name=WARNINGS, role=ROLES)
    def send_back(self, name, role):
        self.attempt(lambda: self.office.return_warning(name, reason="级别偏高", by=Actor("u", role), now=self.now))

    @rule(name=WARNINGS, role=ROLES, words=st.lists(st.sampled_from("黄橙红"), max_size=3, unique=True))
    def issue(self, name, role, words):
        measures = tuple({"text": word, "power_cut": 0.5} for word in words)
        listing = [Instruction(plant, plant, measures, voluntary=False) for plant in PLANTS]
        self.attempt(
            lambda: self.office.issue_warning(
                name, instructions=listing, list_digest="d", by=Actor("u", role), now=self.now
            )
        )

    @rule(name=WARNINGS, role=ROLES, hours=st.integers(30, 40))
    def lift(self, name, role, hours):
        self.attempt(
            lambda: self.office.lift_warning(
                name, reason="冷空气", below_hours=hours, by=Actor("u", role), now=self.now
            )
        )

    @rule(name=WARNINGS)
    def withdraw(self, name):
        by = Actor("duty", Role.DUTY_OFFICER)
        self.attempt(lambda: self.office.withdraw_warning(name, reason="取消", by=by, now=self.now))

    @rule(draw=st.sampled_from([("yellow", "office_director"), ("orange", "mayor")]), name=WARNINGS)
    def a_proper_warning(self, draw, name):
        """The ordinary way, so that what comes after an issue is reached often."""
        level, role = draw
        rows = self.record.now("warning", states=("issued",))
        self.draft(name, level, 1, 72, rows[-1]["stream"] if rows else None, again=False)
        self.sign(name, Role.of(role), "a")
        self.issue(name, Role.DUTY_OFFICER, ["黄"] if level == "yellow" else ["黄", "橙"])

    # --- call, hand-over

    @rule(number=st.integers(0, 2), level=st.sampled_from(list(Level)))
    def call(self, number, level):
        self.attempt(
            lambda: self.office.open_call(
                f"call{number}", episode="e1", matter_life="warning", matter="w1", policy="approval", what="待签批",
                level=level, since=self.now, now=self.now,
            )
        )  # fmt: skip

    @rule(
        number=st.integers(0, 2),
        role=ROLES,
        act=st.sampled_from(["take", "jump", "exhaust", "close"]),
        step=st.integers(-1, 3),
    )
    def answer(self, number, role, act, step):
        name, by = f"call{number}", Actor(f"u-{role.key}", role)
        acts = {
            "take": lambda: self.office.take_call(name, by=by, now=self.now),
            "jump": lambda: self.office.jump_call(name, step=step, by=by, now=self.now),
            "exhaust": lambda: self.office.note_unanswered(name, now=self.now),
            "close": lambda: self.office.close_call(name, reason="已办理", now=self.now),
        }
        self.attempt(acts[act])

    @rule(person=st.sampled_from(["a", "b"]), note=st.sampled_from(["", "无异常"]), taken=st.booleans())
    def hand_over(self, person, note, taken):
        by = Actor(person, Role.DUTY_OFFICER)
        if taken:
            self.attempt(lambda: self.office.take_handover("h", by=by, now=self.now))
            return
        self.attempt(
            lambda: self.office.write_handover(
                "h", episode="", shift="day", shift_name="白班", day=self.now.date(), to_person="b", note=note,
                open_matters=[], by=by, now=self.now,
            )
        )  # fmt: skip

    # --- response, order, problem

    @rule(role=ROLES, paused=st.booleans())
    def pause_or_resume(self, role, paused):
        by = Actor("u", role)
        if paused:
            self.attempt(lambda: self.office.pause_response("response-e1", reason="大风", by=by, now=self.now))
        else:
            self.attempt(lambda: self.office.resume_response("response-e1", by=by, now=self.now))

    @rule()
    def start(self):
        self.attempt(lambda: self.office.start_response("response-e1", now=self.now))

    @rule(plant=st.sampled_from(PLANTS), number=st.integers(0, 5), role=ROLES)
    def receive(self, plant, number, role):
        name, by = self.order(plant, number), Actor(plant, role)
        self.attempt(lambda: self.office.acknowledge_order(name, signer="厂长", by=by, now=self.now))

    @rule(plant=st.sampled_from(PLANTS), number=st.integers(0, 5))
    def execute(self, plant, number):
        name, by = self.order(plant, number), Actor(plant, Role.ENTERPRISE)
        self.attempt(lambda: self.office.report_execution(name, report="已停产", by=by, now=self.now))

    @rule(plant=st.sampled_from(PLANTS), number=st.integers(0, 5))
    def chase(self, plant, number):
        name = self.order(plant, number)
        self.attempt(lambda: self.office.chase(name, now=self.now))

    @rule(plant=st.sampled_from(PLANTS), number=st.integers(0, 5), verdict=st.sampled_from(list(Verdict)))
    def find(self, plant, number, verdict):
        name = self.order(plant, number)
        self.attempt(lambda: self.office.record_finding(name, Finding(verdict, 0.5, None, "核查"), now=self.now))

    @rule(plant=st.sampled_from(PLANTS), number=st.integers(0, 5), mended=st.booleans(), step=st.integers(0, 2))
    def mend(self, plant, number, mended, step):
        name, by = f"problem-{self.order(plant, number)}", Actor("inspector", Role.INSPECTOR)
        acts = (
            lambda: self.office.assign_problem(name, unit=plant, by=by, now=self.now),
            lambda: self.office.rectify_problem(name, report="已整改", by=by, now=self.now),
            lambda: self.office.look_back(name, mended=mended, note="复查", by=by, now=self.now),
        )
        self.attempt(acts[step])

    @rule(plant=st.sampled_from(PLANTS), number=st.integers(0, 5))
    def close(self, plant, number):
        name = self.order(plant, number)
        self.attempt(lambda: self.office.close_order(name, now=self.now))

    @rule(result=st.sampled_from(["handed", "failed", "refused", "sealed"]), number=st.integers(0, 20))
    def deliver(self, result, number):
        waiting = self.record.waiting()
        if waiting:
            key = waiting[number % len(waiting)]["key"]
            self.attempt(lambda: self.office.delivered(key, channel="sealed", result=result, detail="", now=self.now))

    # --- what always holds

    @invariant()
    def nothing_is_public_without_approval(self):
        if not hasattr(self, "record"):
            return
        for row in self.record.now("warning", states=("issued", "superseded", "lifted")):
            state = self.record.state("warning", row["stream"])
            authority = DESK.authority[state.level]
            people = {person for person, role in state.signatures if authority.allows(role)}
            assert len(people) >= authority.signatures
        for message in self.record.messages(limit=10_000):
            if message["audience"] == "public":
                state = self.record.state("warning", message["stream"])
                assert state.issued_at is not None
                assert state.signatures

    @invariant()
    def every_public_text_is_an_exercise_of_its_own(self):
        if not hasattr(self, "record"):
            return
        heads = [cap_xml.read_head(content) for _d, _t, content in self.record.exhibits(cap.MEDIA_TYPE)]
        assert all(head.status == "Exercise" for head in heads)
        warnings = [entry.kind for entry in self.record.happenings() if entry.life == "warning"]
        assert warnings.count("issued") + warnings.count("lifted") == len(heads)


OfficeMachine.TestCase.settings = settings(
    max_examples=25,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
    phases=[Phase.generate],  # shrinking against a database takes minutes; the seed of a failure is printed
    print_blob=True,
)
TestTheOfficeUnderRandomActs = OfficeMachine.TestCase


def test_a_warning_can_not_replace_itself():
    """Found by the machine above: it would have been issued and superseded in one breath."""
    machine = OfficeMachine()
    machine.open()
    machine.draft("w1", "yellow", 1, 72, "w1", again=False)

    assert machine.record.state("warning", "w1") is None
    machine.teardown()


def test_a_response_that_ended_is_not_begun_again_under_its_number():
    """Found by the machine above: the ended response was scheduled anew and its orders' numbers came up twice."""
    machine = OfficeMachine()
    machine.open()
    machine.a_proper_warning(("orange", "mayor"), "w1")
    machine.lift("w1", Role.DUTY_OFFICER, 36)
    machine.a_proper_warning(("orange", "mayor"), "w3")

    assert "approved" == machine.record.state("warning", "w3").state.key
    assert {"cancelled": 1} == machine.record.counts("activation")
    machine.teardown()


# --- tampering --------------------------------------------------------------------------------------------------------


@pytest.fixture
def full(tmp_path):
    """A record with some thirty entries, and a plain connection past its guards."""
    import sqlite3

    machine = OfficeMachine()
    machine.open()
    for name in ("w1", "w2"):
        machine.a_proper_warning(("yellow", "office_director") if name == "w1" else ("orange", "mayor"), name)
    path = tmp_path / "record.db"
    machine.record.engine.dispose()
    with sqlite3.connect(machine.folder / "record.db") as source, sqlite3.connect(path) as target:
        source.backup(target)
        for table in ("log", "exhibit"):
            for act in ("update", "delete"):
                target.execute(f"DROP TRIGGER {table}_no_{act}")
    shutil.rmtree(machine.folder)
    return path


@pytest.mark.parametrize(
    ("statement", "where"),
    [
        ("UPDATE log SET data = replace(data, 'e1', 'e2') WHERE seq = 5", "log entry 5"),
        ("UPDATE log SET actor = 'x' WHERE seq = 3", "log entry 3"),
        ("DELETE FROM log WHERE seq = 4", "log entry 5"),
        ("UPDATE log SET seq = 999 WHERE seq = 4", "log entry 5"),
        ("UPDATE log SET seq = CASE seq WHEN -6 THEN 7 ELSE 6 END WHERE seq IN (-6, -7)", "log entry 6"),
        ("UPDATE exhibit SET content = x'00' WHERE media_type = 'application/cap+xml'", ""),
    ],
    ids=["flip", "forge", "delete", "move", "swap", "exhibit"],
)
def test_tampering_is_found_and_located(full, statement, where):
    import sqlite3

    with sqlite3.connect(full) as connection:
        if "-6" in statement:
            connection.execute("UPDATE log SET seq = -seq WHERE seq IN (6, 7)")
        assert connection.execute(statement).rowcount
    record = Record.open(full, drill=True)

    with pytest.raises(BrokenRecord) as caught:
        record.verify()
    assert where in caught.value.sentence()
    record.engine.dispose()


def test_a_cut_off_end_shows_against_a_head_kept_elsewhere(full):
    import sqlite3

    record = Record.open(full, drill=True)
    kept = record.head()
    with sqlite3.connect(full) as connection:
        connection.execute("DELETE FROM log WHERE seq = (SELECT max(seq) FROM log)")

    assert kept[0] - 1 == record.verify()
    assert kept != record.head()
    record.engine.dispose()
