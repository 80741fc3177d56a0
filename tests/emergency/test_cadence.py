"""How often a consultation meets: the risk, turning points, a graver outlook, a warning in force."""

from datetime import datetime, timedelta

from emergency.cadence import Met, Session, due
from emergency.vocabulary import BEIJING, Level

HOUR = timedelta(hours=1)
MORNING = datetime(2015, 12, 7, 9, tzinfo=BEIJING)
TURN = (Met("r.turn", "category_change", ("2015-12-08",)),)
LIKELY = (Met("r.likely", "level_likely", ("2015-12-09",)),)


def asked(now, sessions=(), *, met=(), judged=Level.NONE, warned=False):
    return bool(due(sessions, now=now, warned=warned, met=met, judged=judged, per_day=2))


def held(at, *, level=Level.NONE, judged=Level.NONE, met=(), still=False):
    return Session(at, still, level, judged, met)


def test_while_the_risk_lasts_there_are_two_a_day():
    first = held(MORNING, met=LIKELY)

    assert asked(MORNING, met=LIKELY)
    assert not asked(MORNING + HOUR, [first], met=LIKELY)
    assert asked(MORNING + 6 * HOUR, [first], met=LIKELY)
    assert asked(MORNING + 6 * HOUR, [first]), "the risk was there this morning: calm must last a day"


def test_a_turning_point_calls_one_session_and_a_flickering_one_no_second():
    first = held(MORNING, met=TURN)

    assert asked(MORNING, met=TURN)
    assert not asked(MORNING + 6 * HOUR, [first], met=TURN)
    assert not asked(MORNING + 24 * HOUR, [first], met=TURN), "the same turning point was dealt with yesterday"
    assert asked(MORNING + 24 * HOUR, [first], met=(Met("r.turn", "category_change", ("2015-12-10",)),))


def test_an_open_session_is_never_doubled_and_a_graver_outlook_does_not_wait_for_the_slot():
    first = held(MORNING, met=LIKELY, judged=Level.YELLOW)

    assert not asked(MORNING + 7 * HOUR, [held(MORNING, met=LIKELY, still=True)], met=LIKELY, judged=Level.RED)
    assert asked(MORNING + 4 * HOUR, [first], met=LIKELY, judged=Level.RED)
    assert not asked(MORNING + HOUR, [first], met=LIKELY, judged=Level.RED), "not within three hours"


def test_under_a_warning_the_sessions_go_on_without_any_trigger():
    assert asked(MORNING, [held(MORNING - 48 * HOUR)], warned=True)
    assert not asked(MORNING - HOUR, [held(MORNING - 48 * HOUR)], warned=True), "before the first slot"
