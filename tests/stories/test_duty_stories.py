"""Stories of the duty: seed, fast-forward, expect a page on phone 1, then on phone 2; roster and hand-over."""

from datetime import date, datetime, time

import pytest

from emergency.lifecycle import Actor, Refused
from emergency.roster import Leave, Override, Rotation, Shift, Swap
from emergency.roster_store import RosterStore
from emergency.vocabulary import BEIJING, Role
from flows import paging
from plans.errors import DataError

from .watch import DIRECTOR, DUTY, MAYOR


def test_a_draft_that_nobody_signs_pages_the_director_then_the_deputy(night):
    night.draft()
    night.forward(25)
    assert [] == night.phones.pages("office_director")
    night.forward(35)
    assert night.phones.pages("office_director")
    assert [] == night.phones.pages("vice_mayor")
    night.forward(60)

    assert night.phones.pages("vice_mayor")


def test_taking_the_call_stops_all_paging_at_once(night):
    night.draft()
    night.forward(60)
    before = len(night.phones.pages("office_director"))
    night.office.take_call(night.call().identifier, by=DIRECTOR, now=night.now)
    night.forward(300)

    assert before == len(night.phones.pages("office_director"))
    assert [] == night.phones.pages("vice_mayor")


def test_signing_ends_the_call_and_the_next_matter_calls_the_duty_officer(night):
    night.draft()
    night.forward(60)
    night.office.approve_warning("w1", by=DIRECTOR, now=night.now)
    night.forward(15)

    assert "【演练】呼叫：黄色预警已批准待发布" in night.phones.subjects("duty_officer")
    assert [] == [s for s in night.phones.subjects("vice_mayor") if "呼叫" in s]


def test_a_red_draft_needs_two_people_to_take_it(night):
    night.draft(level="red")
    night.forward(60)
    name = night.call().identifier
    night.office.take_call(name, by=MAYOR, now=night.now)
    assert "open" == night.record.state("call", name).state.key
    night.office.take_call(name, by=Actor("the vice_mayor", Role.VICE_MAYOR), now=night.now)

    assert "acknowledged" == night.record.state("call", name).state.key


def test_who_has_taken_it_is_not_paged_again_while_the_other_one_is(night):
    night.draft(level="red")
    night.forward(60)
    night.office.take_call(night.call().identifier, by=Actor("mayor", Role.MAYOR), now=night.now)
    before = len(night.phones.pages("mayor")), len(night.phones.pages("vice_mayor"))
    night.forward(60)

    assert before[0] == len(night.phones.pages("mayor"))
    assert before[1] < len(night.phones.pages("vice_mayor"))


def test_a_jump_pages_the_chosen_step_at_once(night):
    night.draft()
    night.forward(35)
    night.office.jump_call(night.call().identifier, step=1, by=DUTY, now=night.now)
    night.forward(5)

    assert night.phones.pages("vice_mayor")


def test_a_jump_to_a_step_that_is_not_there_is_refused(night):
    night.draft()
    night.forward(35)

    with pytest.raises(Refused, match="级"):
        night.office.jump_call(night.call().identifier, step=9, by=DUTY, now=night.now)


def test_when_nobody_ever_answers_it_stands_on_record_and_the_director_is_told_once(night):
    night.draft()
    night.forward(12 * 60, step=15)

    (row,) = night.record.now("call", open_only=True)
    assert row["body"]["unanswered_at"] is not None
    assert 1 == night.phones.subjects("office_director").count("【演练】无人应答")


def test_who_is_called_only_now_is_not_said_to_have_left_it_unanswered_in_the_same_moment(night):
    """A clock that looks twice in one moment, as after a kill, and one that slept through the whole ladder."""
    night.draft()
    night.forward(24 * 60, step=24 * 60)
    for _again in range(3):
        paging.page_due(night.office, night.now)
    assert night.record.now("call", open_only=True)[0]["body"]["unanswered_at"] is None

    night.forward(15)
    assert night.record.now("call", open_only=True)[0]["body"]["unanswered_at"] is not None


def test_a_returned_draft_calls_the_duty_officer_and_the_corrected_one_the_director_anew(night):
    night.draft()
    night.office.return_warning("w1", reason="时间不对", by=DIRECTOR, now=night.now)
    night.forward(20)
    assert "【演练】呼叫：黄色预警被退回" in night.phones.subjects("duty_officer")
    night.office.redraft_warning("w1", content=night.content(start=30), by=DUTY, now=night.now)
    night.forward(60)

    asks = [subject for subject in night.phones.subjects("office_director") if "呼叫" not in subject]
    assert ["【演练】黄色预警待签批"] == asks, "the first request was out of date before it left"
    assert night.phones.pages("office_director")


def test_the_shift_of_the_roster_is_paged_not_everybody(night):
    store = RosterStore(night.record)
    for one in (
        Shift("day", "白班", time(8), time(20)),
        Shift("night", "夜班", time(20), time(8)),
        Rotation("day", ("甲", "乙"), date(2015, 12, 31)),
        Rotation("night", ("丙", "丁"), date(2015, 12, 31)),
    ):
        store.add(one, by="director", now=night.now)
    night.roster = store.roster()
    night.draft(level="orange")
    night.office.approve_warning("w1", by=Actor("v", Role.VICE_MAYOR), now=night.now)
    night.forward(15)

    assert night.phones.pages("丙")
    assert [] == night.phones.pages("duty_officer")


def test_a_gap_is_told_two_days_ahead_and_the_stand_in_ends_the_call(night):
    store = RosterStore(night.record)
    midnight = time(0)
    store.add(Shift("all", "全天", midnight, midnight), by="d", now=night.now)
    store.add(Rotation("all", ("甲", "乙"), date(2015, 12, 31)), by="d", now=night.now)
    store.add(Leave("甲", date(2016, 1, 2), date(2016, 1, 2)), by="d", now=night.now)
    night.now = datetime(2015, 12, 31, 12, tzinfo=BEIJING)
    night.roster = store.roster()
    night.forward(10)
    assert ["【演练】呼叫：1月2日全天无人值班"] == night.phones.pages("office_director")
    store.add(Override("all", date(2016, 1, 2), "丙"), by="d", now=night.now)
    night.roster = store.roster()
    night.forward(10)

    assert {"closed": 1} == night.record.counts("call")


def test_a_swap_into_the_air_is_refused_and_nothing_is_written(night):
    store = RosterStore(night.record)
    with pytest.raises(DataError):
        store.add(Swap("x", date(2016, 1, 1), "y", date(2016, 1, 2)), by="d", now=night.now)

    assert () == store.notes()


def test_a_withdrawn_leave_brings_the_rotation_back(night):
    store = RosterStore(night.record)
    midnight = time(0)
    store.add(Shift("all", "全天", midnight, midnight), by="d", now=night.now)
    store.add(Rotation("all", ("甲",), date(2016, 1, 1)), by="d", now=night.now)
    number = store.add(Leave("甲", date(2016, 1, 2), date(2016, 1, 2)), by="d", now=night.now)
    store.withdraw(number, by="d", now=night.now)

    assert () == store.roster().leaves
    assert [False, False, True] == [note.withdrawn for note in store.notes()]


def test_a_hand_over_is_read_by_another_person_and_the_silent_next_shift_is_called(night):
    night.office.write_handover(
        "h1", episode="", shift="night", shift_name="夜班", day=date(2015, 12, 31), to_person="乙", note="无异常",
        open_matters=["橙色预警待签批"], by=DUTY, now=night.now,
    )  # fmt: skip
    with pytest.raises(Refused, match="自己接班"):
        night.office.take_handover("h1", by=DUTY, now=night.now)
    night.now = datetime(2016, 1, 1, 9, tzinfo=BEIJING)
    night.forward(10)
    assert "【演练】呼叫：交班记录待接班" in night.phones.subjects("duty_officer")
    night.office.take_handover("h1", by=Actor("next", Role.DUTY_OFFICER), now=night.now)
    night.forward(10)

    assert {"closed": 1} == night.record.counts("call")
