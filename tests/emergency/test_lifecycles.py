"""The six tables and the decisions that stand on them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from emergency import activation, alert, consultation, order, problem, warning
from emergency.lifecycle import Refused, State, Table, Transition, fold
from emergency.vocabulary import Level
from emergency.warning import Authority


@pytest.mark.parametrize("module", [consultation, warning, activation, order, problem, alert], ids=lambda m: m.__name__)
def test_every_table_is_sound(module):
    assert module.TABLE.faults() == ()


def test_an_unsound_table_is_found_out():
    class Lamp(State):
        ON = ("on", "开")
        OFF = ("off", "关")

    table = Table(
        "lamp", "灯", Lamp, frozenset({Lamp.OFF}), (Transition("light", "开灯", (None, Lamp.OFF), "lit", Lamp.ON),)
    )

    faults = " ".join(table.faults())
    assert "off cannot be reached" in faults
    assert "out of the final state off" in faults
    assert "on is a dead end" in faults


def drafted(draft, people, now, level="red"):
    events = warning.draft(identifier="w1", episode="e1", content=draft(level), by=people["duty_officer"], now=now)
    return fold(warning.evolve, events)


def test_a_role_without_authority_can_not_approve(draft, people, now):
    state = drafted(draft, people, now, "yellow")

    with pytest.raises(Refused, match="值班员无权批准黄色预警"):
        warning.approve(state, authority=Authority(("office_director",)), by=people["duty_officer"], now=now)


def test_two_signatures_need_two_people(draft, people, now):
    authority = Authority(("vice_mayor", "mayor"), signatures=2)
    state = drafted(draft, people, now)
    first = warning.approve(state, authority=authority, by=people["vice_mayor"], now=now)
    state = fold(
        warning.evolve,
        (
            *warning.draft(identifier="w1", episode="e1", content=draft("red"), by=people["duty_officer"], now=now),
            *first,
        ),
    )

    assert [event.kind for event in first] == ["signed"]
    with pytest.raises(Refused, match="同一人只能签批一次"):
        warning.approve(state, authority=authority, by=people["vice_mayor"], now=now)
    second = warning.approve(state, authority=authority, by=people["mayor"], now=now)
    assert [event.kind for event in second] == ["signed", "approved"]


def test_nothing_is_issued_without_approval(draft, people, now):
    with pytest.raises(Refused, match="只有在“已批准”状态下才可以"):
        warning.issue(drafted(draft, people, now), by=people["duty_officer"], now=now)


def test_a_returned_draft_loses_its_signatures(draft, people, now):
    authority = Authority(("vice_mayor", "mayor"), signatures=2)
    state = drafted(draft, people, now)
    for events in (
        warning.approve(state, authority=authority, by=people["vice_mayor"], now=now),
        warning.send_back(state, reason="级别偏高", by=people["mayor"], now=now),
    ):
        for event in events:
            state = warning.evolve(state, event)

    assert warning.WarningState.RETURNED is state.state
    assert state.signatures == ()


def test_a_lift_needs_thirty_six_hours_below(draft, people, now):
    state = replace(drafted(draft, people, now), state=warning.WarningState.ISSUED)

    with pytest.raises(Refused, match="少于36小时"):
        warning.lift(state, reason="冷空气", below_hours=35, required_hours=36, by=people["duty_officer"], now=now)
    assert warning.lift(state, reason="冷空气", below_hours=36, required_hours=36, by=people["duty_officer"], now=now)


def test_a_response_does_not_start_before_its_hour(people, now):
    events = activation.schedule(
        identifier="r1", episode="e1", warning="w1", level=Level.ORANGE, starts_at=now + timedelta(hours=2),
        list_digest="d", by=people["system"], now=now,
    )  # fmt: skip
    state = fold(activation.evolve, events)

    with pytest.raises(Refused, match="尚未到达"):
        activation.start(state, by=people["system"], now=now)
    assert activation.start(state, by=people["system"], now=now + timedelta(hours=2))


def test_a_conclusion_waits_for_every_required_party(people, now):
    events = consultation.propose(
        identifier="c1", episode="e1", outlook_digest="o", first_date="2015-12-06",
        triggers=[{"rule": "light", "text": "可能出现轻度污染"}], by=people["system"], now=now,
    )  # fmt: skip
    state = fold(consultation.evolve, events)
    for event in consultation.convene(
        state, required=["forecaster", "meteorologist"], by=people["duty_officer"], now=now
    ):
        state = consultation.evolve(state, event)
    for event in consultation.note_opinion(
        state, daily_aqi=[[150, 180]], primary=["pm25"], view="静稳", by=people["forecaster"], now=now
    ):
        state = consultation.evolve(state, event)

    with pytest.raises(Refused, match="meteorologist"):
        consultation.conclude(
            state, signed_aqi=[170], level="none", reason="一致", by=people["office_director"], now=now
        )
    for event in consultation.note_absence(
        state, role="meteorologist", why="未应答", by=people["duty_officer"], now=now
    ):
        state = consultation.evolve(state, event)
    assert consultation.conclude(
        state, signed_aqi=[170], level="none", reason="一致", by=people["office_director"], now=now
    )


def test_a_consultation_needs_a_trigger(people, now):
    with pytest.raises(Refused, match="至少需要一条触发条件"):
        consultation.propose(
            identifier="c1",
            episode="e",
            outlook_digest="o",
            first_date="2015-12-06",
            triggers=[],
            by=people["system"],
            now=now,
        )


def test_silence_is_a_question_of_the_clock_not_a_state(people, now):
    events = order.issue(
        identifier="o1", episode="e1", activation="r1", enterprise="SP001", enterprise_name="样例1厂", level="red",
        measures=[{"text": "停产"}], voluntary=False, respond_by=now + timedelta(hours=1),
        execute_by=now + timedelta(hours=24), replaces=None, by=people["system"], now=now,
    )  # fmt: skip
    state = fold(order.evolve, events)

    assert not state.silent(now + timedelta(hours=1))
    assert state.silent(now + timedelta(hours=1, seconds=1))
    with pytest.raises(Refused, match="并未逾期未签"):
        order.chase(state, by=people["system"], now=now)


def test_an_order_without_measures_is_refused_unless_voluntary(people, now):
    common = {
        "identifier": "o1", "episode": "e1", "activation": "r1", "enterprise": "SP001", "enterprise_name": "样例1厂",
        "level": "red", "measures": [], "respond_by": now, "execute_by": now, "replaces": None, "by": people["system"],
        "now": now,
    }  # fmt: skip
    with pytest.raises(Refused, match="没有该级别的措施"):
        order.issue(voluntary=False, **common)
    assert order.issue(voluntary=True, **common)


def test_a_problem_is_struck_off_only_after_the_look_back(people, now):
    events = problem.find(
        identifier="p1",
        episode="e1",
        enterprise="SP001",
        order="o1",
        content="未停产",
        standard="停产",
        by=people["inspector"],
        now=now,
    )
    state = fold(problem.evolve, events)
    for events in (
        lambda s: problem.assign(s, unit="属地", due_at=now + timedelta(hours=48), by=people["duty_officer"], now=now),
        lambda s: problem.rectify(s, report="已停产", by=people["enterprise"], now=now),
    ):
        for event in events(state):
            state = problem.evolve(state, event)

    with pytest.raises(Refused):
        problem.close(state, by=people["duty_officer"], now=now)
    for event in problem.verify(state, note="现场核实", by=people["inspector"], now=now):
        state = problem.evolve(state, event)
    assert problem.close(state, by=people["duty_officer"], now=now)


def test_a_refusal_says_what_would_make_it_possible(draft, people, now):
    with pytest.raises(Refused) as refused:
        warning.issue(drafted(draft, people, now), by=people["duty_officer"], now=now)

    assert "现在可以：签署意见、批准预警、退回修改、撤回草稿" in str(refused.value)
