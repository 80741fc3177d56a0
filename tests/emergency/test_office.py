"""The office on a real record: what one act leaves behind, all of it or none."""

from datetime import timedelta

import pytest

from emergency.compliance import Finding, Verdict
from emergency.lifecycle import Refused
from emergency.vocabulary import Level

from .conftest import instruct


def issue(office, draft, people, now, identifier, level, instructions, *, replaces=None, start_hours=24):
    office.draft_warning(
        identifier, episode="e1", content=draft(level, replaces=replaces, start_hours=start_hours),
        by=people["duty_officer"], now=now,
    )  # fmt: skip
    for role in office.desk.authority[Level.of(level)].roles:
        office.approve_warning(identifier, by=people[role], now=now)
    return office.issue_warning(
        identifier, instructions=instructions, list_digest="d" * 64, by=people["duty_officer"], now=now
    )


def test_issuing_schedules_the_response_orders_the_list_and_queues_every_message(office, draft, people, now):
    issue(office, draft, people, now, "w1", "yellow", instruct("黄"))

    assert office.record.counts("warning") == {"issued": 1}
    assert office.record.counts("activation") == {"scheduled": 1}
    assert office.record.counts("order") == {"issued": 3}
    audiences = [row["audience"] for row in office.record.waiting()]
    assert audiences.count("enterprise") == 3
    assert audiences.count("public") == 1


def test_an_issue_that_is_refused_leaves_nothing_behind(office, draft, people, now):
    office.draft_warning("w1", episode="e1", content=draft("red"), by=people["duty_officer"], now=now)
    before = office.record.head()

    with pytest.raises(Refused):
        office.issue_warning("w1", instructions=instruct("红"), list_digest="d", by=people["duty_officer"], now=now)
    assert before == office.record.head()
    assert office.record.counts("order") == {}


def test_a_fault_in_the_middle_of_an_act_leaves_nothing_behind(office, draft, people, now):
    office.draft_warning("w1", episode="e1", content=draft("yellow"), by=people["duty_officer"], now=now)
    office.approve_warning("w1", by=people["office_director"], now=now)
    before = office.record.head()
    broken = [*instruct("黄"), instruct("黄", count=1)[0]]  # the same plant twice: the second order cannot be issued

    with pytest.raises(Exception, match="SP001"):
        office.issue_warning("w1", instructions=broken, list_digest="d", by=people["duty_officer"], now=now)
    assert before == office.record.head()
    assert [row for row in office.record.waiting() if row["audience"] == "public"] == []


def test_an_extension_under_a_changed_list_gives_new_orders_at_the_same_level(office, draft, people, now):
    issue(office, draft, people, now, "w1", "yellow", instruct("黄"))
    same, changed, _gone = instruct("黄")
    again = [same, instruct("黄", "橙")[1], instruct("橙", count=4)[3]]
    issue(office, draft, people, now + timedelta(hours=6), "w2", "yellow", again, replaces="w1")
    third = [same, changed]
    issue(office, draft, people, now + timedelta(hours=9), "w3", "yellow", third, replaces="w2")

    states = {row["stream"].split(".", 1)[1]: row["state"] for row in office.record.now("order")}
    assert states == {
        "0.SP001": "issued",
        "0.SP002": "superseded",
        "1.SP002": "superseded",
        "2.SP002": "issued",
        "0.SP003": "released",
        "0.SP004": "released",
    }
    assert Level.YELLOW is office.record.state("activation", "response-e1").level
    assert office.record.head()[0] == office.record.verify()


def test_a_raise_orders_only_the_difference(office, draft, people, now):
    issue(office, draft, people, now, "w1", "yellow", instruct("黄"))
    same, changed, _gone = instruct("黄")
    raised = [same, instruct("黄", "橙")[1], instruct("橙", count=4)[3]]
    later = now + timedelta(hours=6)
    issue(office, draft, people, later, "w2", "orange", raised, replaces="w1")

    states = {row["stream"].split(".", 1)[1]: row["state"] for row in office.record.now("order")}
    assert states == {
        "0.SP001": "issued",  # the same measures: untouched
        "0.SP002": "superseded",
        "1.SP002": "issued",
        "0.SP003": "released",  # no longer in the list
        "1.SP004": "issued",
    }
    assert office.record.counts("warning") == {"issued": 1, "superseded": 1}
    assert Level.ORANGE is office.record.state("activation", "response-e1").level
    assert changed.enterprise == "SP002"


def test_a_lift_ends_the_response_and_releases_everyone(office, draft, people, now):
    issue(office, draft, people, now, "w1", "yellow", instruct("黄"), start_hours=1)
    office.start_response("response-e1", now=now + timedelta(hours=1))
    later = now + timedelta(hours=30)

    office.lift_warning("w1", reason="冷空气到达", below_hours=48, by=people["duty_officer"], now=later)

    assert office.record.counts("order") == {"released": 3}
    assert office.record.counts("activation") == {"ended": 1}
    released = [row["recipient"] for row in office.record.waiting() if row["key"].endswith(".released")]
    assert sorted(released) == ["SP001", "SP002", "SP003"]


def test_a_message_is_handed_over_once_even_when_tried_twice(office, draft, people, now):
    issue(office, draft, people, now, "w1", "yellow", instruct("黄", count=1))
    key = next(row["key"] for row in office.record.waiting() if row["audience"] == "enterprise")

    for _ in range(2):
        office.delivered(key, channel="sealed", result="sealed", detail="", now=now)

    kinds = [entry.event.kind for entry in office.record.history("order", key.removesuffix(".issued"))]
    assert kinds == ["issued", "delivered"]


def test_a_failed_try_stays_in_the_queue_and_is_counted(office, draft, people, now):
    issue(office, draft, people, now, "w1", "yellow", instruct("黄", count=1))
    key = next(row["key"] for row in office.record.waiting() if row["audience"] == "enterprise")

    office.delivered(key, channel="sms", result="failed", detail="time-out", now=now)

    row = next(row for row in office.record.waiting() if row["key"] == key)
    assert (row["state"], row["attempts"]) == ("queued", 1)


def test_a_breach_opens_one_problem_however_often_it_is_found(office, draft, people, now):
    issue(office, draft, people, now, "w1", "yellow", instruct("黄", count=1))
    breach = Finding(Verdict.SILENT, 0.5, None, "未签收")

    for _ in range(2):
        office.record_finding("response-e1.0.SP001", breach, now=now + timedelta(hours=2))

    assert office.record.counts("problem") == {"found": 1}
    assert len(office.record.state("order", "response-e1.0.SP001").findings) == 2


def test_a_compliant_finding_opens_no_problem(office, draft, people, now):
    issue(office, draft, people, now, "w1", "yellow", instruct("黄", count=1))

    office.record_finding("response-e1.0.SP001", Finding(Verdict.COMPLIANT, 0.5, 0.5, "符合"), now=now)

    assert office.record.counts("problem") == {}


def test_the_outlook_behind_a_consultation_is_an_exhibit(office, outlook, now):
    state = office.propose_consultation(
        "c1", episode="e1", outlook=outlook, triggers=[{"rule": "light", "text": "可能轻度污染"}], now=now
    )

    media_type, content = office.record.exhibit(state.outlook_digest)
    assert media_type == "application/json"
    assert outlook.to_json().encode() == content
    assert state.outlook_digest == outlook.digest


def test_a_returned_draft_is_mended_and_needs_every_signature_again(office, draft, people, now):
    office.draft_warning("w1", episode="e1", content=draft("red"), by=people["duty_officer"], now=now)
    office.approve_warning("w1", by=people["vice_mayor"], now=now)
    office.return_warning("w1", reason="级别偏高", by=people["mayor"], now=now)

    mended = office.redraft_warning("w1", content=draft("orange"), by=people["duty_officer"], now=now)

    assert ("drafted", "orange", ()) == (mended.state.key, mended.draft.level, mended.signatures)
    assert office.approve_warning("w1", by=people["vice_mayor"], now=now).state.key == "approved"
