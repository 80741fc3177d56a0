"""Tonnes promised and tonnes real, and which plant is visited first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emergency.compliance_power import Decision, MeasureFinding
from emergency.compliance_tally import inspections, tally


def measure(unit, kg, action="stop"):
    return {"unit": unit, "action": action, "cut_kg": {"nox": kg}}


def finding(unit, decision, achieved, confidence=0.9):
    return MeasureFinding(unit, decision, 1.0, achieved, achieved, confidence, ("用电",), (), "基准")


def test_a_promise_is_achieved_missing_or_unseen():
    measures = [measure("U1", 100.0), measure("U2", 50.0), measure("U3", 30.0), measure("U4", 7.0, "transport_ban")]
    findings = [finding("U1", Decision.COMPLIANT, 1.0), finding("U2", Decision.NOT, 0.2),
                finding("U3", Decision.UNVERIFIABLE, None)]  # fmt: skip
    found = tally([(measures, findings)])["nox"]

    assert (187, 110, 40, 37) == (found.promised, found.achieved, found.missing, found.unseen)


@given(st.lists(st.tuples(st.floats(0, 1e4), st.none() | st.floats(0, 1)), max_size=20))
def test_nothing_promised_is_lost_or_counted_twice(rows):
    measures = [measure(f"U{n}", kg) for n, (kg, _) in enumerate(rows)]
    findings = [finding(f"U{n}", Decision.PARTLY, achieved) for n, (_, achieved) in enumerate(rows)]
    for one in tally([(measures, findings)]).values():
        assert one.promised == pytest.approx(one.achieved + one.missing + one.unseen)


def test_the_largest_doubtful_promise_is_visited_first_and_who_complies_is_left_in_peace():
    plants = [
        ("p-1", "d", [measure("U1", 100.0)], [finding("U1", Decision.COMPLIANT, 1.0)]),
        ("p-2", "d", [measure("U1", 100.0)], [finding("U1", Decision.NOT, 0.0)]),
        ("p-3", "d", [measure("U1", 160.0)], [finding("U1", Decision.UNVERIFIABLE, None)]),
        ("p-4", "d", [measure("U1", 100.0)], [finding("U1", Decision.PARTLY, 0.6)]),
    ]
    found = inspections(plants)

    assert ["p-2", "p-3", "p-4"] == [one.enterprise for one in found]
    assert (90, 80, 36) == tuple(one.at_stake for one in found)
    assert "未落实" in found[0].reasons[0]
    assert 2 == len(inspections(plants, most=2))
