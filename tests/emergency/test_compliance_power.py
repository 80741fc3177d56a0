"""Electricity as a witness: what each way of obeying, cheating and failing looks like, and what is never claimed."""

import random
from datetime import datetime, timedelta

import pytest

from benchmarks.skill.compliance import FIRST, measure
from emergency.compliance import Verdict
from emergency.compliance_power import Decision, finding_of, judge_plant, load_cut_of, reading_of
from emergency.compliance_signs import Circuit
from emergency.vocabulary import BEIJING
from flows.power_simulator import simulate

DAY = 96
BEGIN = 4 * DAY
TOTAL = 7 * DAY
MIDNIGHT = datetime(2026, 1, 5, tzinfo=BEIJING)
STOP = {"unit": "U1", "action": "stop", "text": "停产", "outlet": "DA1"}
LIMIT = {"unit": "U1", "action": "limit", "text": "限产30%", "outlet": "DA1"}


def circuits(during, *, other=None, treatment=None):
    """A line of 1,000 kW with a little noise, then `during(at)` of that power; offices of 50 kW."""
    rng = random.Random(3)

    def kilowatts(share):
        return [None if (part := share(at)) is None else 1000 * part * rng.uniform(0.98, 1.02) for at in range(TOTAL)]

    line = kilowatts(lambda at: 1.0 if at < BEGIN else during(at))
    made = [Circuit("c1", "production", "U1", line), Circuit("c3", "other", "", kilowatts(other or (lambda at: 0.05)))]
    if treatment:
        made.append(Circuit("c2", "treatment", "", kilowatts(treatment)))
    return made


def judged(measures, made, **more):
    given = {"reported": True, **more}
    begin = MIDNIGHT + timedelta(days=4)
    return judge_plant(measures, made, first_at=MIDNIGHT, execute_by=begin, until=begin + timedelta(days=3), **given)[0]


# --- measured on plants whose labels it does not see


@pytest.mark.parametrize("seed", [301, 302])
def test_not_compliant_is_found_and_rightly_said_nine_times_out_of_ten(seed):
    """Issue 6: precision and recall of "not compliant" at least 0.90 on seeds that were not used to build it."""
    found = measure(simulate(700, seed=seed, first_at=FIRST), days_before=4, days_during=3)

    assert found["not compliant"]["precision"] >= 0.90, found
    assert found["not compliant"]["recall"] >= 0.90, found
    assert found["any breach"]["precision"] >= 0.90, found
    assert found["any breach"]["recall"] >= 0.90, found


def test_the_labels_stay_with_the_simulator():
    """What the detector is given holds no label: the circuits are equal for two plants that differ in label only."""
    plant = simulate(1, seed=1, first_at=FIRST)[0]

    assert not {"behaviour", "truth", "detail"} & set(plant.measures[0])
    assert {"identifier", "role", "unit", "kilowatts"} == set(Circuit.__slots__)


# --- one by one


def test_a_line_that_stops_complies_and_stand_by_power_is_allowed():
    found = judged([STOP], circuits(lambda at: 0.06))

    assert (Decision.COMPLIANT, ()) == (found.decision, found.contradictions)
    assert found.measured_cut == pytest.approx(0.94, abs=0.01)
    assert "3个正常生产日" in found.baseline


def test_a_limit_is_held_against_its_own_share():
    assert Decision.COMPLIANT is judged([LIMIT], circuits(lambda at: 0.72)).decision
    assert Decision.PARTLY is judged([LIMIT], circuits(lambda at: 0.83)).decision
    assert Decision.NOT is judged([LIMIT], circuits(lambda at: 0.99)).decision


def test_a_receipt_that_says_executed_over_an_unchanged_load_is_a_contradiction():
    made = circuits(lambda at: 0.99)

    assert "已报告执行，用电没有变化" in judged([STOP], made).contradictions
    assert () == judged([STOP], made, reported=False).contradictions
    assert Decision.NOT is judged([STOP], made, reported=False).decision


def test_running_by_night_is_no_stop_although_most_of_the_energy_is_saved():
    found = judged([STOP], circuits(lambda at: 0.9 if at % DAY < 16 else 0.03))

    assert Decision.NOT is found.decision
    assert any("又运行" in one for one in found.contradictions)


def test_power_that_moves_to_another_circuit_is_not_cut():
    found = judged([STOP], circuits(lambda at: 0.03, other=lambda at: 0.05 if at < BEGIN else 0.9))

    assert Decision.NOT is found.decision
    assert any("转移" in one for one in found.contradictions)
    assert found.achieved < 0.3


def test_treatment_off_while_production_runs_is_a_breach_though_the_limit_is_kept():
    found = judged([LIMIT], circuits(lambda at: 0.65, treatment=lambda at: 0.2 if at < BEGIN else 0.001))

    assert Decision.NOT is found.decision
    assert any("治理设施停用" in one for one in found.contradictions)


def test_an_online_monitor_at_zero_over_running_production_is_told():
    emission = {"DA1": [5.0] * BEGIN + [0.0] * (TOTAL - BEGIN)}
    found = judged([STOP], circuits(lambda at: 0.85), emissions=emission)

    assert any("在线监测为零" in one for one in found.contradictions)


def test_late_is_partly_and_says_by_how_much():
    found = judged([STOP], circuits(lambda at: 1.0 if at < BEGIN + 32 else 0.03))

    assert Decision.PARTLY is found.decision
    assert "晚8小时落实" in found.reasons


# --- what is never claimed


@pytest.mark.parametrize(
    ("made", "word"),
    [
        (circuits(lambda at: None), "0%的用电数据"),
        (circuits(lambda at: 0.0, other=lambda at: 0.05 if at < BEGIN else 0.0), "停电或电表离线"),
        ([Circuit("c", "production", "U1", [900.0] * TOTAL)], "不变"),
        ([Circuit("c", "production", "U1", [0.0] * TOTAL)], "没有生产"),
        ([Circuit("c", "other", "", [1.0] * TOTAL)], "没有该单元的生产用电回路"),
    ],
)
def test_a_meter_that_cannot_be_believed_gives_neither_breach_nor_praise(made, word):
    found = judged([STOP], made)

    assert Decision.UNVERIFIABLE is found.decision
    assert word in found.reasons[0]
    assert (None, 0.0) == (found.measured_cut, found.confidence)


def test_impossible_spikes_and_negative_values_are_left_out():
    made = circuits(lambda at: 0.04)
    line = list(made[0].kilowatts)
    for at in range(0, TOTAL, 37):
        line[at] = 90_000.0 if at % 2 else -1.0

    assert Decision.COMPLIANT is judged([STOP], [Circuit("c1", "production", "U1", line), made[1]]).decision


def test_a_day_of_repairs_is_no_normal_day():
    made = circuits(lambda at: 0.7)
    line = [value * (0.05 if DAY <= at < 2 * DAY else 1) for at, value in enumerate(made[0].kilowatts)]
    found = judged([LIMIT], [Circuit("c1", "production", "U1", line)])

    assert Decision.COMPLIANT is found.decision
    assert "1个停产日未计" in found.baseline


# --- into the record


def test_the_worst_measure_becomes_the_finding_of_the_plant():
    good, bad = judged([STOP], circuits(lambda at: 0.03)), judged([STOP], circuits(lambda at: 1.0))
    blind = judged([STOP], circuits(lambda at: None))

    assert Verdict.COMPLIANT is finding_of([good, blind], reported=True).verdict
    assert Verdict.CONTRADICTED is finding_of([good, bad], reported=True).verdict
    assert Verdict.NOT_EXECUTED is finding_of([bad], reported=False).verdict
    assert Verdict.NO_DATA is finding_of([blind], reported=True).verdict
    reading = reading_of([good, bad], start=MIDNIGHT, end=MIDNIGHT)
    assert reading.normal_kwh == pytest.approx(2 * 1000 * 72, rel=0.01)
    assert reading_of([blind], start=MIDNIGHT, end=MIDNIGHT) is None


def test_transport_and_fuel_are_not_read_off_a_meter():
    assert [None, None, 1.0, 0.3] == [load_cut_of({"action": "transport_ban"}), load_cut_of({"action": "fuel_change"}),
                                      load_cut_of(STOP), load_cut_of(LIMIT)]  # fmt: skip
    assert () == judge_plant([{"unit": "U4", "action": "transport_ban"}], [], first_at=MIDNIGHT, execute_by=MIDNIGHT,
                             until=MIDNIGHT, reported=True)  # fmt: skip
