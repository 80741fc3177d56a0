"""Stories of a warning: who may decide, its kinds, control, pause, extension, lift, and a second one near it."""

import pytest

from emergency.authority import MAY
from emergency.lifecycle import Actor, Refused
from emergency.record import StaleDecision
from emergency.vocabulary import Level, Role

from .watch import DIRECTOR, DUTY, HOUR, Watch


@pytest.mark.parametrize("role", [role for role in Role if role not in MAY["发布预警"]])
def test_only_the_office_issues(night, role):
    night.draft()
    night.office.approve_warning("w1", by=DIRECTOR, now=night.now)

    with pytest.raises(Refused, match="不能办理"):
        night.office.issue_warning("w1", instructions=[], list_digest="d", by=Actor("x", role), now=night.now)


def test_who_saw_an_older_version_decides_nothing(night):
    night.draft()
    seen = night.office.seen("warning", "w1", 1)
    night.office.return_warning("w1", reason="改时间", by=DIRECTOR, now=night.now)
    night.office.redraft_warning("w1", content=night.content(start=30), by=DUTY, now=night.now)

    with pytest.raises(StaleDecision):
        seen.approve_warning("w1", by=DIRECTOR, now=night.now)
    assert "drafted" == night.record.state("warning", "w1").state.key


def test_a_lift_needs_the_same_signatures_as_the_issue(tmp_path):
    night = Watch(tmp_path, lift_signed=True)
    night.draft(start=1)
    night.issue()
    with pytest.raises(Refused, match="解除需1个签批"):
        night.office.lift_warning("w1", reason="冷空气", below_hours=48, by=DUTY, now=night.now)
    with pytest.raises(Refused, match="还没有提请"):
        night.office.sign_lift("w1", by=DIRECTOR, now=night.now)
    with pytest.raises(Refused, match="少于36小时"):
        night.office.ask_lift("w1", reason="冷空气", below_hours=24, by=DUTY, now=night.now)
    night.office.ask_lift("w1", reason="冷空气", below_hours=48, by=DUTY, now=night.now)
    with pytest.raises(Refused, match="无权批准"):
        night.office.sign_lift("w1", by=Actor("f", Role.FORECASTER), now=night.now)
    night.office.sign_lift("w1", by=DIRECTOR, now=night.now)
    night.office.lift_warning("w1", reason="冷空气", below_hours=48, by=DUTY, now=night.now)

    assert "lifted" == night.record.state("warning", "w1").state.key
    assert {"released": 2} == night.record.counts("order")


def test_a_lift_reaches_everybody_who_got_the_warning(tmp_path):
    night = Watch(tmp_path)
    night.draft(start=1)
    night.issue()
    night.sweep()
    told = {who for who, box in night.phones.inbox.items() if any("预警" in m["subject"] for m in box)}
    night.office.lift_warning("w1", reason="冷空气", below_hours=48, by=DUTY, now=night.now)
    night.sweep()

    lifted = {who for who, box in night.phones.inbox.items() if any("解除" in m["subject"] for m in box)}
    assert {"public", "duty_officer", "甲厂", "乙厂"} == lifted
    assert told - {"office_director"} == lifted


def test_ozone_gives_advice_and_supervision_and_no_order(night):
    night.draft(pollutant="o3", health="午后减少户外活动")
    night.issue()
    night.sweep()

    assert {} == night.record.counts("activation") == night.record.counts("order")
    assert "挥发性有机物和氮氧化物" in night.phones.inbox["inspector"][0]["body"]
    assert "臭氧" in night.phones.inbox["public"][0]["body"]
    assert "不启动应急减排措施" in night.phones.inbox["public"][0]["body"]


def test_sand_gives_health_advice_and_dust_control_where_possible(night):
    night.draft(pollutant="dust", health="佩戴口罩")
    night.issue()
    night.sweep()

    assert {} == night.record.counts("order")
    assert "扬尘" in night.phones.inbox["territory"][0]["body"]


def test_the_lift_of_an_ozone_warning_reaches_those_who_supervise(night):
    night.draft(pollutant="o3")
    night.issue()
    night.office.lift_warning("w1", reason="降雨", below_hours=48, by=DUTY, now=night.now)
    night.sweep()

    assert any("解除" in subject for subject in night.phones.subjects("inspector"))


def test_a_control_below_yellow_is_told_to_units_and_never_to_the_public(night):
    night.draft("k1", "none", kind="control", measures=("工地洒水", "渣土车错峰"))
    night.issue("k1")
    night.sweep()

    assert [] == night.phones.subjects("public")
    assert "临时管控" in night.phones.subjects("inspector")[0]
    assert {} == night.record.counts("order")
    assert () == night.record.exhibits("application/cap+xml")


def test_a_control_is_raised_to_a_warning_that_replaces_it(night):
    night.draft("k1", "none", kind="control", measures=("工地洒水",))
    night.issue("k1")
    night.draft("w1", replaces="k1")
    night.issue("w1")
    night.sweep()

    assert "superseded" == night.record.state("warning", "k1").state.key
    assert any("（升级）" in subject for subject in night.phones.subjects("public"))
    assert {"delivered": 2} == night.record.counts("order")


def test_a_control_with_a_level_and_a_warning_without_one_are_refused(night):
    with pytest.raises(Refused, match="没有预警级别"):
        night.draft("k1", "yellow", kind="control")
    with pytest.raises(Refused, match="必须有级别"):
        night.draft("w1", "none")


def test_issuing_without_the_criterion_needs_a_reason(night):
    with pytest.raises(Refused, match="必须写明理由"):
        night.draft(criterion_met=False)
    night.draft(criterion_met=False, without_criterion="国庆保障")

    assert "国庆保障" == night.record.state("warning", "w1").draft.without_criterion


def test_a_superior_notice_is_followed_up_and_down_whatever_the_hours(night):
    night.draft(criterion_met=False, superior="省预警〔2015〕3号", start=1)
    night.issue()
    with pytest.raises(Refused, match="少于36小时"):
        night.office.lift_warning("w1", reason="好转", below_hours=0, by=DUTY, now=night.now)
    night.office.lift_warning(
        "w1", reason="同步解除", below_hours=0, superior="省解除〔2015〕3号", by=DUTY, now=night.now
    )

    assert "lifted" == night.record.state("warning", "w1").state.key


def test_a_pause_is_told_to_everybody_keeps_the_orders_and_ends_at_its_hour(night):
    night.draft(start=1)
    night.issue()
    night.forward(90)
    with pytest.raises(Refused, match="无权决定"):
        night.office.pause_response("response-e", reason="大风", by=DUTY, now=night.now)
    night.office.pause_response("response-e", reason="大风", resume_at=night.now + 6 * HOUR, by=DIRECTOR, now=night.now)
    night.sweep()
    assert "【演练】应急响应暂停" in night.phones.subjects("甲厂")
    night.forward(6 * 60, step=30)

    assert "in_force" == night.record.state("activation", "response-e").state.key
    assert "【演练】应急响应恢复" in night.phones.subjects("甲厂")
    assert {"delivered": 2} == night.record.counts("order")


def test_a_raise_during_a_pause_ends_the_pause(night):
    night.draft(start=1)
    night.issue()
    night.forward(90)
    night.office.pause_response("response-e", reason="大风", by=DIRECTOR, now=night.now)
    night.draft("w2", "red", start=1, replaces="w1")
    night.issue("w2", "黄", "红")
    night.sweep()

    state = night.record.state("activation", "response-e")
    assert ("in_force", Level.RED) == (state.state.key, state.level)
    assert any("（升级）" in subject for subject in night.phones.subjects("public"))


def test_a_lift_during_a_pause_ends_the_response(night):
    night.draft(start=1)
    night.issue()
    night.forward(90)
    night.office.pause_response("response-e", reason="大风", by=DIRECTOR, now=night.now)
    night.office.lift_warning("w1", reason="冷空气", below_hours=48, by=DUTY, now=night.now)

    assert "ended" == night.record.state("activation", "response-e").state.key


def test_an_extension_changes_no_order_and_says_until_when(night):
    night.draft(start=1, hours=48)
    night.issue()
    night.draft("w2", start=1, hours=96, replaces="w1")
    night.issue("w2")
    night.sweep()

    assert 2 == sum(night.record.counts("order").values())
    assert any("（延长）" in subject for subject in night.phones.subjects("public"))


def test_a_second_warning_too_near_the_first_must_be_one_with_it(tmp_path):
    night = Watch(tmp_path, merge_gap=36 * HOUR)
    night.draft(start=1, hours=48)
    night.issue()
    with pytest.raises(Refused, match="按一次过程处理"):
        night.draft("w2", "orange", "e2", start=1 + 48 + 20, hours=24)
    second = night.content("orange", start=1 + 48 + 20, hours=24)
    merged = night.office.merge_warnings("w2", first="w1", second=second, by=DUTY, now=night.now)

    assert (Level.ORANGE, "w1", "e") == (merged.level, merged.draft.replaces, merged.episode)
    assert merged.draft.starts_at == night.record.state("warning", "w1").draft.starts_at
    assert merged.draft.expected_end == second.expected_end


def test_a_second_warning_far_enough_is_an_episode_of_its_own(tmp_path):
    night = Watch(tmp_path, merge_gap=36 * HOUR)
    night.draft(start=1, hours=48)
    night.issue()

    assert "e2" == night.draft("w2", "orange", "e2", start=1 + 48 + 40, hours=24).episode
