"""What witnesses say together about one order: meters, monitors, facilities, gates, ledgers, visits."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from emergency.compliance import Verdict
from emergency.compliance_evidence import Witnesses, judge, measure_finding_of, same
from emergency.compliance_signs import DAY, Circuit
from emergency.order import Order, OrderState
from emergency.vocabulary import BEIJING

EXECUTE = datetime(2026, 1, 9, 0, 0, tzinfo=BEIJING)
FIRST = EXECUTE - timedelta(days=5)
UNTIL = EXECUTE + timedelta(days=1)
STOP = {"unit": "U1", "target": "1号线", "action": "stop", "text": "1号线：停产", "outlet": "DA001"}
BAN = {"unit": "U4", "target": "重型货车", "action": "transport_ban", "detail": "国四", "text": "停止使用国四及以下"}


def order(*measures, evidence=(), reported=True):
    return Order(
        identifier="o", episode="e", activation="a", enterprise="P1", enterprise_name="样例厂", level="red",
        state=OrderState.EXECUTING, measures=measures, issued_at=EXECUTE - timedelta(hours=24),
        respond_by=EXECUTE - timedelta(hours=23), execute_by=EXECUTE, acknowledged_at=EXECUTE - timedelta(hours=24),
        executed_at=EXECUTE if reported else None, evidence=tuple(evidence),
    )  # fmt: skip


def power(during: float, **more):
    wave = [100.0 + (n % 7) for n in range(5 * DAY)]
    line = Circuit("U1", "production", "U1", [*wave, *[during + 0.01 * (n % 5) for n in range(DAY)]])
    lights = Circuit("office", "other", "", [5.0 + 0.1 * (n % 3) for n in range(6 * DAY)])
    return Witnesses(FIRST, (line, lights), **more)


def found(order, witnesses=None):
    return judge(order, witnesses, until=UNTIL, now=UNTIL)


def visit(seen, unit="U1"):
    return {
        "type": "inspection",
        "unit": unit,
        "seen": seen,
        "note": "",
        "at": (EXECUTE + timedelta(hours=9)).isoformat(),
    }


def test_a_stopped_line_that_stopped_is_compliant_and_says_what_it_was_compared_with():
    finding = found(order(STOP), power(2.0))

    assert Verdict.COMPLIANT is finding.verdict
    assert "正常生产日" in finding.measures[0]["baseline"]


def test_reported_stopped_with_an_unchanged_load_is_a_contradiction():
    finding = found(order(STOP), power(99.0))

    assert Verdict.CONTRADICTED is finding.verdict
    assert any("已报告执行" in text for text in finding.measures[0]["contradictions"])


def test_a_monitor_at_zero_over_running_production_is_named():
    zero = {"DA001": [3.0] * (5 * DAY) + [0.0] * DAY}
    finding = found(order(STOP), power(85.0, emissions=zero))

    assert any("在线监测为零" in text for text in finding.measures[0]["contradictions"])


def test_a_closed_treatment_facility_over_running_production_is_a_breach_of_its_own():
    closed = {"SB001": [1.0] * (5 * DAY) + [0.0] * DAY}
    limit = {**STOP, "action": "limit", "text": "1号线：限产20%"}
    finding = found(order(limit), power(75.0, facilities=closed))

    assert finding.verdict.breach
    assert any("治理设施SB001状态为关闭" in text for text in finding.measures[0]["contradictions"])


def test_a_visit_that_saw_the_line_running_outweighs_a_compliant_meter():
    finding = found(order(STOP, evidence=[visit("running")]), power(2.0))

    assert finding.verdict.breach
    assert any("用电记录为落实到位" in text for text in finding.measures[0]["contradictions"])


def test_a_visit_decides_where_no_meter_is():
    assert Verdict.COMPLIANT is found(order(STOP, evidence=[visit("stopped", "")])).verdict
    assert found(order(STOP, evidence=[visit("running")])).verdict.breach


def test_what_nobody_saw_is_no_breach():
    finding = found(order(STOP))

    assert Verdict.NO_DATA is finding.verdict
    assert "unverifiable" == finding.measures[0]["decision"]


@pytest.mark.parametrize(("banned", "verdict"), [(0, Verdict.COMPLIANT), (3, Verdict.CONTRADICTED)])
def test_the_gate_bears_witness_to_a_transport_ban(banned, verdict):
    gate = {"type": "gate", "vehicles": 40, "banned": banned}

    assert verdict is found(order(BAN, evidence=[gate])).verdict


def test_a_ledger_above_what_the_order_allows_contradicts():
    limit = {**STOP, "action": "limit", "text": "1号线：限产20%", "most_output": 800.0}
    entry = {"type": "ledger", "unit": "U1", "day": "2026-01-09", "output": 950}
    finding = found(order(limit, evidence=[entry]), power(78.0))

    assert Verdict.PARTIAL is finding.verdict
    assert any("超过指令允许的800吨" in text for text in finding.measures[0]["contradictions"])


def test_a_low_ledger_alone_proves_nothing():
    limit = {**STOP, "action": "limit", "text": "1号线：限产20%", "most_output": 800.0}
    entry = {"type": "ledger", "unit": "U1", "day": "2026-01-09", "output": 700}

    assert Verdict.NO_DATA is found(order(limit, evidence=[entry])).verdict


def test_an_unsigned_order_is_silent_but_its_kilograms_are_still_judged():
    unsigned = replace(order(STOP), acknowledged_at=None, executed_at=None, state=OrderState.DELIVERED)
    finding = found(unsigned, power(2.0))

    assert Verdict.SILENT is finding.verdict
    assert "compliant" == finding.measures[0]["decision"]


def test_a_measures_finding_comes_back_from_the_record_as_it_went_in():
    finding = found(order(STOP), power(40.0))
    (data,) = finding.as_data()["measures"]

    assert data == measure_finding_of(data).as_data()
    assert same(finding.as_data(), finding)
    assert not same(finding.as_data(), found(order(STOP), power(2.0)))
