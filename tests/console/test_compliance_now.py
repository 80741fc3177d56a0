"""The standing of a response read bit by bit is the one read at once."""

from datetime import timedelta

from console.compliance_now import ComplianceReader
from emergency.compliance import Finding, Verdict
from emergency.compliance_power import Decision
from emergency.vocabulary import Level

RESPONSE = "response-beijing-20151205"


def order_of(plant):
    return f"{RESPONSE}.0.{plant}"


def breach(unit="U1"):
    told = {
        "unit": unit, "decision": Decision.NOT.key, "ordered_cut": 0.5, "measured_cut": 0.1, "achieved": 0.2,
        "confidence": 0.9, "reasons": ["负荷未降"], "contradictions": ["签收已停，用电未变"], "baseline": "昨日同时段",
    }  # fmt: skip
    return Finding(Verdict.NOT_EXECUTED, 0.5, 0.1, "负荷未降", measures=(told,))


def test_what_was_kept_and_what_is_read_anew_agree_after_every_act(world):
    world.issue()
    office, reader = world.office, ComplianceReader(world.settings)
    duty = world.actor("duty_officer")

    def agreed():
        found = reader.of(RESPONSE)
        assert ComplianceReader(world.settings).of(RESPONSE) == found
        return found

    assert (3, 0) == (agreed().running, agreed().judged)
    world.clock.forward(hours=7)
    office.record_finding(order_of("SP001"), breach(), now=world.clock())
    once = agreed()
    assert (3, 1, ["SP001"]) == (once.running, once.judged, [one.enterprise for one in once.ranked])
    assert (("SP001", "签收已停，用电未变"),) == once.contradictions
    assert order_of("SP001") == once.streams["SP001"]

    office.record_finding(order_of("SP002"), breach(), now=world.clock() + timedelta(minutes=1))
    assert ["SP001", "SP002"] == [one.enterprise for one in agreed().ranked]
    office.ask_lift("warning-001", reason="冷空气", below_hours=48, by=duty, now=world.clock())
    for role in office.desk.authority[Level.YELLOW].roles:
        office.sign_lift("warning-001", by=world.actor(role), now=world.clock())
    office.lift_warning("warning-001", reason="冷空气", below_hours=48, by=duty, now=world.clock())
    assert (0, 0, ()) == (agreed().running, agreed().judged, agreed().ranked)


def test_two_looks_without_an_act_between_give_the_very_same_answer(world):
    world.issue()
    reader = ComplianceReader(world.settings)

    assert reader.of(RESPONSE) is reader.of(RESPONSE)


def test_the_answer_is_that_of_the_response_asked_for_whatever_was_asked_before(world):
    world.issue()
    reader = ComplianceReader(world.settings)

    assert [3, 0, 3] == [reader.of(name).running for name in (RESPONSE, "no-such-response", RESPONSE)]


def test_a_response_nobody_knows_is_empty(world):
    assert 0 == ComplianceReader(world.settings).of("no-such-response").running
