"""A day without a rule has three different answers, never a None."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plans.dated import Dated, NotYetInForce, Repealed, Unknown
from plans.errors import RuleError
from plans.parts import Cite, Edition


def edition(name, first, last=None):
    return Edition(
        name=name, from_=first, until=last, cites=(Cite(title="t"),), checked_on=date(2026, 1, 1), confidence="A"
    )


TWO = Dated(
    "rule", (edition("a", date(2010, 1, 1), date(2012, 12, 31)), edition("b", date(2013, 1, 1), date(2020, 6, 30)))
)


def test_first_and_last_day_belong_to_the_edition():
    assert TWO.at(date(2010, 1, 1)).name == "a"
    assert TWO.at(date(2012, 12, 31)).name == "a"
    assert TWO.at(date(2013, 1, 1)).name == "b"


def test_before_the_first_is_not_yet_in_force():
    assert NotYetInForce("rule", date(2009, 12, 31), "a", date(2010, 1, 1)) == TWO.at(date(2009, 12, 31))


def test_after_the_last_is_repealed():
    assert Repealed("rule", date(2020, 7, 1), "b", date(2020, 6, 30)) == TWO.at(date(2020, 7, 1))


def test_before_our_record_begins_is_unknown():
    dated = Dated("rule", TWO.editions, known_from=date(2010, 1, 1))

    assert isinstance(dated.at(date(2009, 1, 1)), Unknown)
    assert isinstance(Dated("rule", ()).at(date(2020, 1, 1)), Unknown)


def test_a_gap_between_editions_is_repealed_until_the_next_begins():
    gap = Dated("rule", (edition("a", date(2010, 1, 1), date(2010, 12, 31)), edition("b", date(2012, 1, 1))))

    assert isinstance(gap.at(date(2011, 6, 1)), Repealed)
    assert gap.at(date(2030, 1, 1)).name == "b"


@pytest.mark.parametrize(("day", "word"), [(date(2009, 1, 1), "not yet in force"), (date(2021, 1, 1), "repealed")])
def test_must_says_which_absence_it_is(day, word):
    with pytest.raises(RuleError, match=word):
        TWO.must(day)


def test_two_laws_on_one_day_are_refused():
    with pytest.raises(RuleError, match="overlap"):
        Dated("rule", (edition("a", date(2010, 1, 1)), edition("b", date(2013, 1, 1))))


def test_two_editions_of_one_name_are_refused():
    with pytest.raises(RuleError, match="named twice"):
        Dated("rule", (edition("a", date(2010, 1, 1), date(2010, 2, 1)), edition("a", date(2013, 1, 1))))


@given(st.dates(date(2000, 1, 1), date(2030, 1, 1)))
def test_the_answer_holds_the_day(day):
    answer = TWO.at(day)
    if isinstance(answer, Edition):
        assert answer.from_ <= day <= answer.until
    else:
        assert answer.day == day
        assert str(day) in answer.sentence
