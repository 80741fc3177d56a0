"""From received meter values to findings on record, and what the baseline of a raised order is."""

from datetime import datetime, timedelta

import pytest

from emergency.compliance_signs import QUARTER
from emergency.lifecycle import Actor
from emergency.office import Desk, Instruction, Office
from emergency.record import Record
from emergency.vocabulary import BEIJING, Level, Role
from emergency.warning import Authority, Draft
from flows.evidence import StoredMeters, judge_orders
from forecast.emissions import EmissionRow, Emissions, MeterRow

HOUR = timedelta(hours=1)
NOW = datetime(2026, 1, 8, 12, tzinfo=BEIJING)
DUTY, MAYOR = Actor("duty", Role.DUTY_OFFICER), Actor("mayor", Role.MAYOR)
STOP = {"unit": "U1", "target": "1号线", "action": "stop", "text": "1号线：停产", "cut_kg": {"pm": 10.0}}
LIMIT = {"unit": "U1", "target": "1号线", "action": "limit", "text": "1号线：限产50%", "cut_kg": {"pm": 5.0}}


@pytest.fixture
def office(tmp_path):
    every = {level: Authority(("mayor",)) for level in (Level.YELLOW, Level.ORANGE, Level.RED)}
    record = Record.open(tmp_path / "record.db", drill=True, durable=False)
    return Office(record, Desk("city", "样例市", every, (), HOUR, 2 * HOUR, 48 * HOUR, 36, "r" * 64))


def warn(office, name, level, measure, *, now, replaces=None):
    draft = Draft(level, "样例市", now + HOUR, now + 96 * HOUR, "静稳", "", "c", True, replaces)
    office.draft_warning(name, episode="e", content=draft, by=DUTY, now=now)
    office.approve_warning(name, by=MAYOR, now=now)
    listing = [Instruction("P1", "样例厂", (measure,), voluntary=False)]
    office.issue_warning(name, instructions=listing, list_digest="d", by=DUTY, now=now)
    (row,) = [row for row in office.record.now("order") if row["state"] == "issued"]
    office.acknowledge_order(row["stream"], signer="厂长", by=Actor("P1", Role.ENTERPRISE), now=now)
    return row["stream"]


def meters(tmp_path, load, *, until):
    """A store that received quarter-hours of one production circuit, `load` kW at each moment, and office lights."""
    store, rows, at = Emissions.open(tmp_path / "archive.db"), [], NOW - timedelta(days=7)
    while at < until:
        for kind, code, kw in (("production", "U1-main", load(at)), ("total", "office", 6.0 + at.minute / 100)):
            rows.append(MeterRow("P1", kind, at, code, at + QUARTER, (kw + at.minute / 500) / 4, 15))
        at += QUARTER
    store.write(rows)
    return StoredMeters(store)


def test_received_power_becomes_a_finding_with_its_measures(office, tmp_path):
    name = warn(office, "w1", "red", STOP, now=NOW)
    later = NOW + 30 * HOUR
    seen = meters(tmp_path, lambda at: 100.0 + at.hour if at < NOW + 3 * HOUR else 1.0, until=later)

    assert 1 == judge_orders(office, seen, later)
    (finding,) = office.record.state("order", name).findings
    assert ("compliant", "compliant") == (finding["verdict"], finding["measures"][0]["decision"])


def test_nothing_new_is_not_recorded_again(office, tmp_path):
    warn(office, "w1", "red", STOP, now=NOW)
    seen = meters(tmp_path, lambda at: 100.0 + at.hour, until=NOW + 31 * HOUR)
    judge_orders(office, seen, NOW + 30 * HOUR)

    assert 0 == judge_orders(office, seen, NOW + 31 * HOUR)


def test_after_a_raise_the_days_under_the_lower_level_are_no_normal_days(office, tmp_path):
    """Half load under orange must not become the baseline of the stop under red."""
    warn(office, "w1", "orange", LIMIT, now=NOW)
    raised = NOW + 72 * HOUR
    name = warn(office, "w2", "red", STOP, now=raised, replaces="w1")
    later = raised + 30 * HOUR
    # Half load from the limit on, and never stopped: half of normal, all of what "orange" left.
    seen = meters(tmp_path, lambda at: (100.0 + at.hour) * (1 if at < NOW + 3 * HOUR else 0.5), until=later)
    judge_orders(office, seen, later)

    (finding,) = office.record.state("order", name).findings
    assert 0.5 == pytest.approx(finding["measures"][0]["measured_cut"], abs=0.05)


def test_the_stack_monitor_speaks_where_no_meter_is(office, tmp_path):
    name = warn(office, "w1", "red", {**STOP, "outlet": "DA001"}, now=NOW)
    later = NOW + 30 * HOUR
    store = Emissions.open(tmp_path / "archive.db")
    hours = [NOW - timedelta(days=6) + n * HOUR for n in range(6 * 24 + 30)]
    store.write(
        EmissionRow("P1", "hour", at, "a34013", at + HOUR, cou=2.0 if at < NOW + 3 * HOUR else 1.9) for at in hours
    )
    judge_orders(office, StoredMeters(store), later)

    (finding,) = office.record.state("order", name).findings
    assert "not" == finding["measures"][0]["decision"]
    assert "在线监测" in finding["text"]


def test_departments_are_not_metered(office, tmp_path):
    draft = Draft("red", "样例市", NOW + HOUR, NOW + 96 * HOUR, "静稳", "", "c", True, None)
    office.draft_warning("w1", episode="e", content=draft, by=DUTY, now=NOW)
    office.approve_warning("w1", by=MAYOR, now=NOW)
    task = Instruction(
        "dept-roads", "城管局", ({"unit": "T1", "text": "增加清扫"},), voluntary=False, audience="department"
    )
    office.issue_warning("w1", instructions=[task], list_digest="d", by=DUTY, now=NOW)

    assert 0 == judge_orders(office, None, NOW + 30 * HOUR)
    assert "department" == office.record.messages(recipient="dept-roads")[0]["audience"]
