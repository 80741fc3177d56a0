"""Stories of the pager: seed, fast-forward, expect a call on phone 1, then on phone 2."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emergency.escalation import Acknowledgement, Jump, Matter, Policy, Step, acknowledged_at, due, ends_at, standing
from emergency.roster import Leave, Override, Roster, Rotation, Shift, on_duty
from emergency.roster_days import Calendar
from emergency.vocabulary import BEIJING, Level
from plans.errors import DataError

MINUTE = timedelta(minutes=1)
LADDER = Policy(
    "approval",
    (Step(("phone 1",), 0 * MINUTE), Step(("phone 2",), 10 * MINUTE), Step(("phone 3",), 20 * MINUTE)),
    last_stands=15 * MINUTE,
)
QUIET = replace(LADDER, quiet_hours=(time(22), time(7)))


def at(*parts):
    return datetime(*parts, tzinfo=BEIJING)


class Pager:
    """A clock, a matter, and phones that ring."""

    def __init__(self, policy=LADDER, start=None, *, level=Level.YELLOW, who=None):
        self.policy, self.now, self.who = policy, start or at(2015, 12, 7, 10), who
        self.matter = Matter("w1", self.now, level)
        self.sent: list[str] = []
        self.rang: list[tuple[str, str]] = []
        self.run()

    def run(self):
        for page in due(self.policy, self.matter, now=self.now, sent=self.sent, who=self.who):
            self.sent.append(page.key)
            self.rang.append((page.person, f"{self.now.astimezone(BEIJING):%d %H:%M}"))

    def forward(self, minutes, *, stopped=False):
        """Fast-forward minute by minute; with the service stopped it only looks again at the end."""
        for left in reversed(range(minutes)):
            self.now += MINUTE
            if not stopped or not left:
                self.run()

    def acknowledge(self, person):
        given = (*self.matter.acknowledgements, Acknowledgement(person, self.now))
        self.matter = replace(self.matter, acknowledgements=given)

    def jump(self, step):
        self.matter = replace(self.matter, jumps=(*self.matter.jumps, Jump(step, self.now)))
        self.run()

    @property
    def phones(self):
        return [person for person, _when in self.rang]


def test_phone_1_rings_at_once_phone_2_after_ten_minutes_phone_3_after_thirty():
    pager = Pager()
    pager.forward(60)

    assert [("phone 1", "07 10:00"), ("phone 2", "07 10:10"), ("phone 3", "07 10:30")] == pager.rang


def test_acknowledging_stops_all_paging_at_once():
    pager = Pager()
    pager.forward(9)
    pager.acknowledge("phone 1")
    pager.forward(120)

    assert ["phone 1"] == pager.phones


def test_a_call_that_was_not_answered_comes_again_until_the_next_rung():
    again = replace(LADDER, steps=(Step(("phone 1",), 0 * MINUTE, 3 * MINUTE), Step(("phone 2",), 10 * MINUTE)))
    pager = Pager(again)
    pager.forward(30)

    assert ["phone 1"] * 4 + ["phone 2"] == pager.phones


def test_the_ladder_begins_anew_as_often_as_the_policy_says():
    pager = Pager(replace(LADDER, repeat=2))
    pager.forward(300)

    assert ["phone 1", "phone 2", "phone 3"] * 3 == pager.phones


def test_after_its_end_the_matter_stands_on_no_rung():
    pager = Pager()
    pager.forward(44)
    assert 2 == standing(LADDER, pager.matter, now=pager.now)
    pager.forward(1)

    assert standing(LADDER, pager.matter, now=pager.now) is None
    assert pager.now == ends_at(LADDER, pager.matter)


def test_two_of_three_must_acknowledge_and_one_is_not_enough():
    pager = Pager(replace(LADDER, acknowledgements=2))
    pager.acknowledge("phone 1")
    pager.forward(11)
    assert ["phone 1", "phone 2"] == pager.phones
    pager.acknowledge("phone 2")
    pager.forward(60)

    assert ["phone 1", "phone 2"] == pager.phones


def test_the_same_person_twice_is_one_acknowledgement():
    pager = Pager(replace(LADDER, acknowledgements=2))
    pager.acknowledge("phone 1")
    pager.forward(5)
    pager.acknowledge("phone 1")

    assert acknowledged_at(pager.policy, pager.matter) is None


def test_who_has_acknowledged_is_left_in_peace_while_the_others_are_called():
    both = Policy("k", (Step(("phone 1", "phone 2"), 0 * MINUTE, 5 * MINUTE),), acknowledgements=2)
    pager = Pager(both)
    pager.acknowledge("phone 1")
    pager.forward(14)

    assert ["phone 1", "phone 2", "phone 2", "phone 2"] == pager.phones


def test_a_jump_calls_the_chosen_rung_at_once():
    pager = Pager()
    pager.forward(2)
    pager.jump(2)

    assert [("phone 1", "07 10:00"), ("phone 3", "07 10:02")] == pager.rang


def test_a_jump_back_calls_the_first_phone_again():
    pager = Pager()
    pager.forward(12)
    pager.jump(0)
    pager.forward(11)

    assert ["phone 1", "phone 2", "phone 1", "phone 2"] == pager.phones


def test_at_night_a_yellow_matter_waits_for_the_morning():
    pager = Pager(QUIET, at(2015, 12, 31, 23, 30))
    pager.forward(8 * 60)

    assert ("phone 1", "01 07:00") == pager.rang[0]
    assert all(when >= "01 07:00" for _phone, when in pager.rang)


def test_at_night_a_red_matter_rings():
    pager = Pager(QUIET, at(2015, 12, 31, 23, 30), level=Level.RED)
    pager.forward(45)

    assert [("phone 1", "31 23:30"), ("phone 2", "31 23:40"), ("phone 3", "01 00:00")] == pager.rang


def test_a_ladder_that_runs_into_the_night_stops_there_and_goes_on_in_the_morning():
    pager = Pager(QUIET, at(2015, 12, 31, 21, 55))
    pager.forward(10 * 60)

    assert [("phone 1", "31 21:55"), ("phone 2", "01 07:00"), ("phone 3", "01 07:00")] == pager.rang


def test_a_matter_of_the_office_waits_over_spring_festival():
    office = replace(LADDER, working_hours=(time(9), time(18)))
    pager = Pager(office, at(2026, 2, 14, 17, 55))  # a worked Saturday; the office opens again on Tuesday the 24th
    pager.forward(10 * 24 * 60, stopped=True)

    assert ["phone 1"] == pager.phones[:1]
    (first, *_rest) = due(office, pager.matter, now=at(2026, 2, 24, 9), sent=pager.sent[:1])
    assert ("phone 2", at(2026, 2, 24, 9)) == (first.person, first.due_at)
    assert () == due(office, pager.matter, now=at(2026, 2, 24, 8, 59), sent=pager.sent[:1])


def test_in_the_middle_of_spring_festival_red_rings_all_the_same():
    office = replace(LADDER, working_hours=(time(9), time(18)))
    pager = Pager(office, at(2026, 2, 17, 3), level=Level.RED)

    assert ["phone 1"] == pager.phones


def test_a_service_that_stood_still_calls_everyone_once_and_nobody_twice():
    again = replace(LADDER, steps=(Step(("phone 1",), 0 * MINUTE, 3 * MINUTE), Step(("phone 2",), 10 * MINUTE)))
    pager = Pager(again)
    pager.forward(12, stopped=True)
    pager.run()

    assert ["phone 1", "phone 1", "phone 2"] == pager.phones


def test_running_twice_in_the_same_minute_rings_once():
    pager = Pager()
    for _ in range(3):
        pager.run()

    assert ["phone 1"] == pager.phones


def test_closing_the_matter_silences_it():
    pager = Pager()
    pager.matter = replace(pager.matter, closed_at=pager.now)
    pager.forward(60)

    assert ["phone 1"] == pager.phones


SHIFTS = (Shift("day", "白班", time(8), time(20)), Shift("night", "夜班", time(20), time(8)))
ROSTER = Roster(
    SHIFTS,
    (Rotation("day", ("甲",), date(2015, 12, 1)), Rotation("night", ("乙", "丙"), date(2015, 12, 1))),
    Calendar(),
)
WATCH = Policy("watch", (Step(("shift",), 0 * MINUTE, 30 * MINUTE), Step(("主任",), 120 * MINUTE)))


def on_shift(roster):
    def who(target, moment):
        if target != "shift":
            return (target,)
        return tuple(duty.person for duty in on_duty(roster, moment) if duty.person)

    return who


def test_whoever_has_the_shift_when_the_call_is_due_is_called():
    pager = Pager(WATCH, at(2015, 12, 1, 19, 45), who=on_shift(ROSTER))
    pager.forward(40)

    assert [("甲", "01 19:45"), ("乙", "01 20:15")] == pager.rang


def test_over_midnight_of_the_month_end_the_night_shift_stays_responsible():
    pager = Pager(WATCH, at(2015, 12, 31, 23, 45), who=on_shift(ROSTER))
    pager.forward(40)

    assert 1 == len(set(pager.phones))


def test_who_is_on_leave_is_not_called_and_the_next_rung_is():
    roster = replace(ROSTER, leaves=(Leave("乙", date(2015, 12, 1), date(2015, 12, 1)),))
    pager = Pager(WATCH, at(2015, 12, 1, 21), who=on_shift(roster))
    pager.forward(121)

    assert ["主任"] == pager.phones


def test_an_override_puts_somebody_else_on_the_phone():
    roster = replace(ROSTER, overrides=(Override("night", date(2015, 12, 1), "丁"),))
    pager = Pager(WATCH, at(2015, 12, 1, 21), who=on_shift(roster))

    assert ["丁"] == pager.phones


def test_a_silent_approver_is_passed_by_to_the_deputy_before_the_two_hours_are_over():
    approval = Policy(
        "approval",
        (Step(("分管副市长",), 0 * MINUTE, 30 * MINUTE), Step(("市长",), 90 * MINUTE)),
        last_stands=30 * MINUTE,
    )
    pager = Pager(approval, level=Level.ORANGE)
    pager.forward(120)

    assert ["分管副市长"] * 3 + ["市长"] == pager.phones
    assert pager.matter.opened_at + 120 * MINUTE == ends_at(approval, pager.matter)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Policy("k", ()),
        lambda: replace(LADDER, acknowledgements=0),
        lambda: Policy("k", (Step(("a",), 0 * MINUTE, timedelta(seconds=1)),)),
        lambda: Policy("k", (Step(("a",), -MINUTE),)),
        lambda: due(
            LADDER, Matter("m", at(2015, 12, 7, 10), jumps=(Jump(9, at(2015, 12, 7, 10)),)), now=at(2015, 12, 8)
        ),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(make):
    with pytest.raises(DataError):
        make()


@given(
    delays=st.lists(st.integers(0, 30), min_size=1, max_size=4), again=st.integers(1, 10), repeat=st.integers(0, 2),
    looks=st.lists(st.integers(0, 400), max_size=12), answered=st.one_of(st.none(), st.integers(0, 200)),
)  # fmt: skip
def test_whenever_one_looks_nobody_is_called_twice_or_after_the_acknowledgement(delays, again, repeat, looks, answered):
    steps = tuple(Step((f"p{n}",), delay * MINUTE, again * MINUTE) for n, delay in enumerate(delays))
    policy, opened = Policy("k", steps, repeat=repeat), at(2015, 12, 31, 23)
    given = () if answered is None else (Acknowledgement("p0", opened + answered * MINUTE),)
    matter, sent = Matter("m", opened, acknowledgements=given), []
    for minute in sorted(looks):
        pages = due(policy, matter, now=opened + minute * MINUTE, sent=sent)
        assert not set(sent) & {page.key for page in pages}
        assert len(pages) == len({page.person for page in pages})
        assert not (pages and answered is not None and minute >= answered)
        sent += [page.key for page in pages]
        assert () == due(policy, matter, now=opened + minute * MINUTE, sent=sent)
