"""Stories of the duty: seed, fast-forward, expect a page on phone 1, then on phone 2; branches of a warning's life."""

from datetime import date, datetime, time, timedelta

import pytest

from emergency.authority import MAY
from emergency.cadence import Met, Session, due
from emergency.lifecycle import Actor, Refused
from emergency.office import Desk, Instruction, Office
from emergency.record import Record, StaleDecision
from emergency.roster import Leave, Override, Rotation, Shift, Swap
from emergency.roster_store import RosterStore
from emergency.vocabulary import BEIJING, Level, Role
from emergency.warning import Authority, Draft
from flows import paging, respond
from flows.channels.worker import work
from flows.deliver import Handed
from plans.errors import DataError

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
DUTY, MAYOR, DIRECTOR = (
    Actor(f"the {role.key}", role) for role in (Role.DUTY_OFFICER, Role.MAYOR, Role.OFFICE_DIRECTOR)
)
YELLOW_BY, RED_BY = Authority(("office_director",), deputies=("vice_mayor",)), Authority(("vice_mayor", "mayor"), 2)


class Phones:
    """A sealed sink that can be looked into."""

    name, sealed = "phones", True

    def __init__(self):
        self.inbox: dict[str, list[dict]] = {}

    def send(self, message, *, address):
        self.inbox.setdefault(address, []).append(dict(message))
        return Handed("handed")

    def subjects(self, address):
        return [message["subject"] for message in self.inbox.get(address, [])]

    def pages(self, address):
        return [m["subject"] for m in self.inbox.get(address, []) if "呼叫" in m["subject"]]


class Watch:
    """An office by night: clock, phones, pager, worker, and a roster where one is set up."""

    def __init__(self, tmp_path, start=datetime(2015, 12, 31, 22, tzinfo=BEIJING), **settings):
        authority = {Level.YELLOW: YELLOW_BY, Level.ORANGE: Authority(("vice_mayor",)), Level.RED: RED_BY}
        desk = Desk("city", "样例市", authority, ("forecaster",), HOUR, 24 * HOUR, 48 * HOUR, 36, "r" * 64, **settings)
        self.record = Record.open(tmp_path / "record.db", drill=True, durable=False)
        self.office, self.phones, self.now, self.roster = Office(self.record, desk), Phones(), start, None

    def forward(self, minutes, step=5):
        for _ in range(minutes // step):
            self.now += step * MINUTE
            self.sweep()

    def sweep(self):
        respond.start_due(self.office, self.now)
        respond.resume_due(self.office, self.now)
        paging.page_due(self.office, self.now, plan=self.roster)
        while work(self.office, self.phones, worker="one", address_of=lambda _a, who: who, now=self.now):
            pass

    def content(self, level="yellow", *, start=24, hours=72, **more):
        begin = self.now + start * HOUR
        more.setdefault("criterion_met", True)
        return Draft(
            level, "样例市", begin, begin + hours * HOUR, "静稳", "", "c",
            **{"replaces": None, "kind": "warning", **more},
        )  # fmt: skip

    def draft(self, name="w1", level="yellow", episode="e", **more):
        return self.office.draft_warning(
            name, episode=episode, content=self.content(level, **more), by=DUTY, now=self.now
        )

    def issue(self, name="w1", *words, plants=("甲厂", "乙厂")):
        state = self.record.state("warning", name)
        for role in self.office.desk.may_sign(state.draft).roles:
            self.office.approve_warning(name, by=Actor(f"the {role}", Role.of(role)), now=self.now)
        measures = tuple({"text": word, "power_cut": 0.5} for word in words or ("黄",))
        listing = [Instruction(plant, plant, measures, voluntary=False) for plant in plants]
        return self.office.issue_warning(name, instructions=listing, list_digest="d", by=DUTY, now=self.now)

    def call(self):
        (row,) = self.record.now("call", open_only=True)
        return self.record.state("call", row["stream"])


@pytest.fixture
def night(tmp_path):
    made = Watch(tmp_path)
    yield made
    assert made.record.head()[0] == made.record.verify()
    before = made.record.projections()
    made.record.rebuild()
    assert before == made.record.projections()
    made.record.engine.dispose()


# --- paging -----------------------------------------------------------------------------------------------------------


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


# --- roles, versions, signatures --------------------------------------------------------------------------------------


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


# --- branches ---------------------------------------------------------------------------------------------------------


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


# --- cadence ----------------------------------------------------------------------------------------------------------


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
