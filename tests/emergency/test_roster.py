"""Who is on duty: the rotation, what changes it, and what must be told early."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emergency.roster import (
    Handover,
    Leave,
    Override,
    Roster,
    Rotation,
    Shift,
    Swap,
    doubled,
    duties,
    gaps,
    loads,
    on_duty,
    shifts_of,
    unacknowledged,
)
from emergency.roster_days import Calendar
from emergency.vocabulary import BEIJING
from plans.errors import DataError

DAY, NIGHT = Shift("day", "白班", time(8), time(20)), Shift("night", "夜班", time(20), time(8))
SINCE = date(2026, 2, 1)
ROSTER = Roster(
    shifts=(DAY, NIGHT),
    rotations=(Rotation("day", ("甲", "乙", "丙"), SINCE), Rotation("night", ("丁", "戊"), SINCE)),
    calendar=Calendar(),
)


def person(roster, shift, day):
    (found,) = [duty.person for duty in duties(roster, day, day) if duty.shift == shift]
    return found


def at(*parts):
    return datetime(*parts, tzinfo=BEIJING)


def test_people_take_turns():
    assert ["甲", "乙", "丙", "甲"] == [person(ROSTER, "day", SINCE + timedelta(days=n)) for n in range(4)]


def test_a_week_each_means_seven_days_each():
    weekly = replace(ROSTER, rotations=(Rotation("day", ("甲", "乙"), SINCE, every=7),), shifts=(DAY,))

    assert ["甲"] * 7 + ["乙"] * 7 + ["甲"] == [duty.person for duty in duties(weekly, SINCE, SINCE + timedelta(14))]


def test_after_midnight_the_night_shift_of_yesterday_is_on_duty():
    (duty,) = on_duty(ROSTER, at(2026, 2, 2, 3))

    assert ("night", SINCE, "丁") == (duty.shift, duty.day, duty.person)


def test_at_the_change_of_shift_exactly_one_is_on_duty():
    assert ["day"] == [duty.shift for duty in on_duty(ROSTER, at(2026, 2, 2, 8))]
    assert ["night"] == [duty.shift for duty in on_duty(ROSTER, at(2026, 2, 2, 20))]


@given(st.datetimes(datetime(2026, 2, 1, 8), datetime(2027, 12, 31), timezones=st.just(BEIJING)))  # noqa: DTZ001
def test_at_every_moment_exactly_one_person_is_on_duty(moment):
    (duty,) = on_duty(ROSTER, moment)

    assert duty.begins_at <= moment < duty.ends_at
    assert duty.person in "甲乙丙丁戊"


def test_leave_opens_a_gap_and_an_override_closes_it():
    away = replace(ROSTER, leaves=(Leave("乙", date(2026, 2, 2), date(2026, 2, 2)),))
    filled = replace(away, overrides=(Override("day", date(2026, 2, 2), "己"),))

    assert person(away, "day", date(2026, 2, 2)) is None
    assert "己" == person(filled, "day", date(2026, 2, 2))


def test_the_later_override_wins():
    day = date(2026, 2, 2)
    roster = replace(ROSTER, overrides=(Override("day", day, "己"), Override("day", day, "庚")))

    assert "庚" == person(roster, "day", day)


def test_a_swap_exchanges_two_shifts_and_no_others():
    swapped = replace(ROSTER, swaps=(Swap("day", date(2026, 2, 2), "day", date(2026, 2, 3)),))

    assert ["甲", "丙", "乙", "甲"] == [person(swapped, "day", SINCE + timedelta(days=n)) for n in range(4)]


def test_whoever_swapped_into_their_leave_leaves_a_gap():
    roster = replace(
        ROSTER,
        swaps=(Swap("day", date(2026, 2, 2), "day", date(2026, 2, 3)),),
        leaves=(Leave("乙", date(2026, 2, 3), date(2026, 2, 3)),),
    )

    assert person(roster, "day", date(2026, 2, 3)) is None


def test_a_gap_is_known_days_ahead_and_a_past_one_is_not_mentioned():
    roster = replace(ROSTER, leaves=(Leave("乙", date(2026, 2, 2), date(2026, 2, 5)),))

    assert [date(2026, 2, 2), date(2026, 2, 5)] == [
        duty.day for duty in gaps(roster, now=at(2026, 2, 1, 9), ahead=timedelta(days=7))
    ]
    assert [date(2026, 2, 5)] == [duty.day for duty in gaps(roster, now=at(2026, 2, 3, 9), ahead=timedelta(days=7))]


def test_spring_festival_has_its_own_rotation_and_the_worked_saturday_does_not():
    """2026: holiday 15 to 23 February, with 14 and 28 February worked (the days the library took from the decree)."""
    roster = Roster(
        shifts=(DAY,),
        rotations=(
            Rotation("day", ("甲", "乙"), SINCE, working_days_only=True),
            Rotation("day", ("值一", "值二", "值三"), SINCE, rest_days_only=True),
        ),
        calendar=Calendar(),
    )
    found = {duty.day.day: duty.person for duty in duties(roster, date(2026, 2, 13), date(2026, 2, 28))}

    assert all(found[day].startswith("值") for day in range(15, 24))
    assert all(not found[day].startswith("值") for day in (13, 14, 24, 25, 26, 27, 28))
    assert 16 == len(found)


def test_working_days_are_shared_evenly_over_holidays():
    roster = Roster((DAY,), (Rotation("day", ("甲", "乙"), SINCE, working_days_only=True),), Calendar())
    people = [duty.person for duty in duties(roster, date(2026, 2, 2), date(2026, 3, 13))]

    assert all(one != other for one, other in pairwise(people))


def test_a_year_that_is_not_decreed_says_so():
    assert Calendar().decreed(2026)
    assert not Calendar().decreed(2035)


def test_the_office_may_correct_the_calendar():
    day = date(2026, 2, 16)

    assert not Calendar().works(day)
    assert Calendar(also_working=frozenset({day})).works(day)


def test_loads_count_hours_nights_and_rest_days():
    carried = {load.person: load for load in loads(ROSTER, date(2026, 3, 2), date(2026, 3, 15))}

    assert 14 * 24 == sum(load.hours for load in carried.values())
    assert 14 == sum(load.nights for load in carried.values())
    assert {"丁", "戊"} == {load.person for load in carried.values() if load.nights}
    assert 4 * 2 == sum(load.rest_days for load in carried.values())


def test_a_night_and_the_day_after_it_is_found_as_doubled():
    roster = replace(ROSTER, overrides=(Override("day", date(2026, 2, 3), "戊"),))
    ((night, day),) = doubled(roster, date(2026, 2, 1), date(2026, 2, 5))

    assert ("night", "day", "戊") == (night.shift, day.shift, day.person)
    assert () == doubled(ROSTER, date(2026, 2, 1), date(2026, 2, 28))


def test_a_hand_over_that_nobody_took_is_named():
    note = Handover("day", SINCE, "甲", "丁", at(2026, 2, 1, 20), "橙色预警待签批", ("预警 w1",))

    assert () == unacknowledged([note], now=at(2026, 2, 1, 20, 20), after=timedelta(minutes=30))
    assert (note,) == unacknowledged([note], now=at(2026, 2, 1, 20, 31), after=timedelta(minutes=30))
    taken = replace(note, acknowledged_at=at(2026, 2, 1, 20, 5))
    assert () == unacknowledged([taken], now=at(2026, 2, 1, 23), after=timedelta(minutes=30))


@pytest.mark.parametrize(
    "make",
    [
        lambda: replace(ROSTER, overrides=(Override("evening", SINCE, "甲"),)),
        lambda: Rotation("day", (), SINCE),
        lambda: Rotation("day", ("甲",), SINCE, working_days_only=True, rest_days_only=True),
        lambda: shifts_of([("day", "白班", "8 Uhr", "20:00")]),
    ],
)
def test_a_roster_that_makes_no_sense_is_refused(make):
    with pytest.raises(DataError):
        make()
