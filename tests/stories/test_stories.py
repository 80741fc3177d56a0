"""Stories: a clock, phones and plants. Each tells one night of the office and what people then see."""

from datetime import timedelta

import pytest

from emergency.lifecycle import Actor, Refused
from emergency.office import Desk, Instruction, Office
from emergency.record import Record
from emergency.vocabulary import Level, Role
from emergency.warning import Authority, Draft
from flows import respond
from flows.deliver import Handed, SealedChannel, deliver
from plans.errors import LantianError

HOUR = timedelta(hours=1)


class Phones:
    """Where a sealed channel's messages can be looked at; a phone may be off or a number missing."""

    name = "phones"
    sealed = True

    def __init__(self):
        self.inbox: dict[str, list[str]] = {}
        self.off: set[str] = set()
        self.missing: set[str] = set()

    def send(self, message, *, address):
        if address in self.off:
            return Handed("failed", "关机")
        self.inbox.setdefault(address, []).append(message["subject"])
        return Handed("handed")

    def address(self, _audience, recipient):
        return None if recipient in self.missing else recipient


class Night:
    """One office, its clock, its phones."""

    def __init__(self, tmp_path, start):
        levels = {Level.YELLOW: ("office_director",), Level.ORANGE: ("vice_mayor",), Level.RED: ("mayor",)}
        authority = {level: Authority(roles) for level, roles in levels.items()}
        desk = Desk("city", "样例市", authority, (), HOUR, 24 * HOUR, 48 * HOUR, 36, "r" * 64)
        self.record = Record.open(tmp_path / "record.db", drill=True, durable=False)
        self.office, self.phones, self.now = Office(self.record, desk), Phones(), start
        self.plants = ["甲厂", "乙厂", "丙厂"]

    def pass_hours(self, hours):
        """Let the clock run, sweeping every hour as the flows do."""
        for _ in range(hours):
            self.now += HOUR
            self.sweep()

    def sweep(self):
        respond.start_due(self.office, self.now)
        respond.chase_overdue(self.office, self.now, every=HOUR)
        deliver(self.office, self.phones, address_of=self.phones.address, now=self.now)

    def warn(self, name, level, *words, replaces=None, start=24):
        content = Draft(level, "样例市", self.now + start * HOUR, self.now + 96 * HOUR, "静稳", "", "c", True, replaces)
        duty = Actor("duty", Role.DUTY_OFFICER)
        self.office.draft_warning(name, episode="e", content=content, by=duty, now=self.now)
        (role,) = self.office.desk.authority[Level.of(level)].roles
        self.office.approve_warning(name, by=Actor(f"the {role}", Role.of(role)), now=self.now)
        measures = tuple({"text": f"{word}：1号线停产", "power_cut": 0.5} for word in words)
        listing = [Instruction(plant, plant, measures, voluntary=False) for plant in self.plants]
        self.office.issue_warning(name, instructions=listing, list_digest="d", by=duty, now=self.now)
        self.sweep()

    def lift(self, name):
        self.office.lift_warning(
            name, reason="冷空气", below_hours=48, by=Actor("duty", Role.DUTY_OFFICER), now=self.now
        )
        self.sweep()

    def sign(self, plant):
        (row,) = [row for row in self.record.now("order", enterprise=plant) if row["state"] in ("issued", "delivered")]
        by = Actor(plant, Role.ENTERPRISE)
        self.office.acknowledge_order(row["stream"], signer="厂长", by=by, now=self.now)

    def orders(self, plant):
        return [(row["level"], row["state"]) for row in self.record.now("order", enterprise=plant)]


@pytest.fixture
def night(tmp_path):
    from datetime import datetime

    from emergency.vocabulary import BEIJING

    return Night(tmp_path, datetime(2015, 12, 31, 21, tzinfo=BEIJING))


def test_a_plant_that_signs_at_once_is_left_in_peace(night):
    night.warn("w1", "yellow", "黄")
    night.sign("甲厂")
    night.pass_hours(5)

    assert ["【演练】黄色预警减排指令"] == night.phones.inbox["甲厂"]


def test_a_silent_plant_is_chased_three_times_over_new_year_and_then_left_to_the_inspectors(night):
    night.warn("w1", "yellow", "黄")
    night.pass_hours(8)

    assert 1 + 3 == len(night.phones.inbox["乙厂"])
    assert "【演练】催办：减排指令未签收" == night.phones.inbox["乙厂"][-1]


def test_signing_after_the_first_chase_stops_the_chasing_at_once(night):
    night.warn("w1", "yellow", "黄")
    night.pass_hours(2)
    night.sign("乙厂")
    night.pass_hours(6)

    assert 2 == len(night.phones.inbox["乙厂"])


def test_a_phone_that_was_off_gets_the_order_when_it_is_on_again_and_only_once(night):
    night.phones.off.add("丙厂")
    night.warn("w1", "yellow", "黄")
    night.pass_hours(1)
    night.phones.off.clear()
    night.pass_hours(1)

    assert 1 == night.phones.inbox["丙厂"].count("【演练】黄色预警减排指令")
    assert [("yellow", "delivered")] == night.orders("丙厂")


def test_a_plant_without_a_number_is_on_record_as_not_reached_and_still_owes_a_receipt(night):
    night.phones.missing.add("丙厂")
    night.warn("w1", "yellow", "黄")
    night.pass_hours(2)

    (row,) = night.record.now("order", enterprise="丙厂")
    kinds = [entry.event.kind for entry in night.record.history("order", row["stream"])]
    assert "delivery_failed" in kinds
    assert "chased" in kinds


def test_the_response_starts_by_itself_at_its_hour_and_not_before(night):
    night.warn("w1", "yellow", "黄", start=10)
    night.pass_hours(9)

    assert {"scheduled": 1} == night.record.counts("activation")
    night.pass_hours(1)
    assert {"in_force": 1} == night.record.counts("activation")


def test_a_raise_in_the_night_replaces_the_order_that_was_signed_and_asks_for_a_new_receipt(night):
    night.warn("w1", "yellow", "黄")
    night.sign("甲厂")
    night.pass_hours(3)
    night.warn("w2", "red", "黄", "红", replaces="w1")

    assert [("yellow", "superseded"), ("red", "delivered")] == night.orders("甲厂")
    assert {"superseded": 1, "issued": 1} == night.record.counts("warning")
    assert "【演练】红色预警减排指令" == night.phones.inbox["甲厂"][-1]


def test_a_raise_that_changes_nothing_for_a_plant_leaves_its_receipt_standing(night):
    night.warn("w1", "yellow", "黄")
    night.sign("甲厂")
    night.warn("w2", "orange", "黄", replaces="w1")

    assert [("yellow", "acknowledged")] == night.orders("甲厂")


def test_a_lift_reaches_everyone_who_was_ordered(night):
    night.warn("w1", "yellow", "黄", start=1)
    night.pass_hours(2)
    night.lift("w1")

    assert all("【演练】解除减排指令" == night.phones.inbox[plant][-1] for plant in night.plants)
    assert {"ended": 1} == night.record.counts("activation")


def test_a_lift_before_the_start_cancels_the_response(night):
    night.warn("w1", "yellow", "黄", start=24)
    night.lift("w1")

    assert {"cancelled": 1} == night.record.counts("activation")
    assert {"released": 3} == night.record.counts("order")


def test_after_a_lift_nobody_is_chased(night):
    night.warn("w1", "yellow", "黄", start=1)
    night.pass_hours(1)
    night.lift("w1")
    before = len(night.phones.inbox["乙厂"])
    night.pass_hours(5)

    assert before == len(night.phones.inbox["乙厂"])


def test_a_plant_can_not_sign_an_order_that_was_replaced(night):
    night.warn("w1", "yellow", "黄")
    (old,) = night.record.now("order", enterprise="甲厂")
    night.warn("w2", "red", "红", replaces="w1")

    with pytest.raises(Refused, match="已被新指令替代"):
        night.office.acknowledge_order(old["stream"], signer="厂长", by=Actor("甲厂", Role.ENTERPRISE), now=night.now)


def test_a_drill_refuses_a_channel_that_leaves_the_house(night):
    night.phones.sealed = False

    with pytest.raises(LantianError, match="can never leave the house"):
        deliver(night.office, night.phones, address_of=night.phones.address, now=night.now)
    assert SealedChannel.sealed


def test_every_story_ends_with_a_record_that_verifies_and_rebuilds(night):
    night.warn("w1", "yellow", "黄", start=1)
    night.pass_hours(4)
    night.warn("w2", "red", "红", replaces="w1", start=1)
    night.pass_hours(3)
    night.lift("w2")
    before = night.record.projections()

    assert night.record.head()[0] == night.record.verify()
    night.record.rebuild()
    assert before == night.record.projections()
