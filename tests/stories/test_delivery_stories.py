"""Stories of the way out: who gets what, when again, and what is not sent any more."""

import pytest
from sqlalchemy.exc import IntegrityError

from emergency import record_outbox
from emergency.dispatch import LEASE, MOST_ATTEMPTS, MOST_IN_WINDOW, WINDOW
from emergency.lifecycle import Actor
from emergency.vocabulary import Role
from plans.errors import LantianError

from .delivery import HOUR, MINUTE, Night


@pytest.fixture
def night(url):
    made = Night(url)
    yield made
    made.record.engine.dispose()


def test_everybody_is_told_once_and_the_orders_stand_as_delivered(night):
    night.warn("w1", "yellow", "黄")
    for _ in range(3):
        night.deliver()

    assert ["response-e.0.甲厂.issued"] == night.phones.keys("甲厂")
    assert {"delivered": 2} == night.record.counts("order")
    assert night.record.head()[0] == night.record.verify()


def test_a_phone_that_is_off_is_tried_again_at_growing_intervals_and_then_reached(night):
    night.phones.off.add("甲厂")
    night.warn("w1", "yellow", "黄")
    night.deliver()
    night.forward(20)
    (row,) = night.record.messages(recipient="甲厂")
    assert 4 <= row["attempts"] <= 6
    night.phones.off.clear()
    night.forward(31)

    assert 1 == len(night.phones.keys("甲厂"))


def test_a_phone_that_stays_off_is_given_up_and_stands_on_the_order(night):
    night.phones.off.add("甲厂")
    night.warn("w1", "yellow", "黄", plants=("甲厂",))
    for _ in range(MOST_ATTEMPTS):
        night.now += HOUR
        night.deliver()

    assert "failed" == record_outbox.recipient_states(night.record)["response-e.0.甲厂.issued"]
    assert "delivery_failed" in [e.event.kind for e in night.record.history("order", "response-e.0.甲厂")]


def test_a_plant_without_a_number_is_refused_at_once(night):
    night.warn("w1", "yellow", "黄", plants=("无号",))

    assert 1 == night.deliver()["refused"]
    assert "delivery_failed" in [e.event.kind for e in night.record.history("order", "response-e.0.无号")]


def test_a_raise_before_the_first_order_went_out_sends_only_the_new_one(night):
    night.warn("w1", "yellow", "黄")
    night.warn("w2", "red", "黄", "红", replaces="w1")
    night.deliver()

    assert ["response-e.1.甲厂.issued"] == night.phones.keys("甲厂")
    assert "outdated" == record_outbox.recipient_states(night.record)["w1.issued.public"]


def test_a_lift_reaches_everyone_even_those_whose_order_never_went_out(night):
    night.warn("w1", "yellow", "黄")
    night.lift("w1")
    night.deliver()

    assert ["response-e.0.甲厂.released"] == night.phones.keys("甲厂")
    assert ["w1.lifted.public"] == night.phones.keys("public")


def test_an_approval_that_was_given_meanwhile_is_not_asked_for(night):
    night.warn("w1", "yellow", "黄")
    night.deliver()

    assert [] == [key for key in night.phones.keys("mayor") if ".approve." in key]


def test_an_approval_that_is_still_open_is_asked_for(night):
    night.draft("w1", "yellow")
    night.deliver()

    assert ["w1.approve.mayor"] == night.phones.keys("mayor")


def test_a_question_that_waited_past_its_worth_expires(night):
    night.draft("w1", "yellow")
    night.now += 7 * HOUR
    night.deliver()

    assert {"w1.approve.mayor": "expired"} == record_outbox.recipient_states(night.record)


def test_a_chase_that_was_answered_before_it_went_out_is_not_sent(night):
    night.warn("w1", "yellow", "黄")
    night.deliver()
    night.now += 2 * HOUR
    night.office.chase("response-e.0.甲厂", now=night.now)
    night.office.acknowledge_order("response-e.0.甲厂", signer="厂长", by=Actor("甲厂", Role.ENTERPRISE), now=night.now)
    night.deliver()

    assert 1 == len(night.phones.keys("甲厂"))


def test_the_throttle_holds_ordinary_messages_back_and_drops_none(night):
    night.draft("w1", "yellow")
    for _ in range(8):
        night.now += MINUTE
        night.tell(1)
        night.deliver()
    assert MOST_IN_WINDOW == len(night.phones.keys("duty_officer"))
    night.forward(3 * round(WINDOW / MINUTE) + 3)

    assert 8 == len(set(night.phones.keys("duty_officer")))
    assert 8 == len(night.phones.keys("duty_officer"))


def test_ordinary_messages_that_wait_together_leave_as_one(night):
    night.draft("w1", "yellow")
    night.tell(8)
    night.deliver()
    (message,) = night.phones.inbox["duty_officer"]

    assert 8 == len(message["keys"])
    assert "提示0等8条" == message["subject"]
    assert {"sent"} == {
        state for key, state in record_outbox.recipient_states(night.record).items() if key.startswith("note")
    }


def test_an_order_that_leaves_after_its_time_says_so(night):
    night.phones.off.add("甲厂")
    night.warn("w1", "yellow", "黄")
    night.deliver()
    night.phones.off.clear()
    night.now += 3 * HOUR
    night.deliver()

    assert "签收时限已过" in night.phones.inbox["甲厂"][-1]["body"]


def test_a_worker_that_starts_again_takes_up_what_it_held(night):
    night.warn("w1", "yellow", "黄")
    held = record_outbox.lease(night.record, "one", now=night.now)

    assert len(held) == len(record_outbox.lease(night.record, "one", now=night.now))
    assert () == record_outbox.lease(night.record, "two", now=night.now)


def test_the_throttle_never_holds_back_a_warning_a_raise_or_a_lift(night):
    night.warn("w1", "yellow", "黄")
    night.tell(8)
    night.deliver()
    night.warn("w2", "red", "红", replaces="w1")
    night.deliver()
    night.lift("w2")
    night.deliver()

    keys = night.phones.keys("duty_officer")
    assert ["w1.issued.duty_officer", "w2.issued.duty_officer", "w2.lifted.duty_officer"] == [
        key for key in keys if key.startswith("w")
    ]


def test_what_is_urgent_goes_first(night):
    night.draft("w0", "yellow")
    night.warn("w1", "yellow", "黄")
    night.deliver(most=4)

    assert [] == night.phones.keys("mayor")
    assert 4 == sum(len(box) for box in night.phones.inbox.values())


def test_a_late_message_says_when_it_was_written(night):
    night.warn("w1", "yellow", "黄")
    night.now += 2 * HOUR
    night.deliver()

    assert "现补发" in night.phones.inbox["甲厂"][0]["body"]


def test_receipts_only_ever_go_forward(night):
    night.warn("w1", "yellow", "黄")
    key = "response-e.0.甲厂.issued"

    def report(state):
        with night.record.act(night.now) as act:
            return record_outbox.receipt(act, key, state)

    assert not report("read"), "nothing is read that was not handed over"
    night.deliver()
    assert [True, True, False, True, False] == [
        report(state) for state in ("delivered", "read", "delivered", "acknowledged", "read")
    ]
    assert "acknowledged" == record_outbox.recipient_states(night.record)[key]


def test_a_message_in_one_workers_hands_is_not_in_anothers(night):
    night.warn("w1", "yellow", "黄")
    first = record_outbox.lease(night.record, "one", now=night.now, most=3)
    second = record_outbox.lease(night.record, "two", now=night.now)

    assert 3 == len(first)
    assert not {one.key for one in first} & {one.key for one in second}
    assert () == record_outbox.lease(night.record, "three", now=night.now)


def test_what_a_killed_worker_held_is_handed_out_again_and_its_late_word_does_not_count(night):
    from emergency.dispatch import after_try

    night.warn("w1", "yellow", "黄")
    held = record_outbox.lease(night.record, "one", now=night.now)
    night.now += LEASE
    assert len(held) == sum(night.deliver(worker="two").values())

    late = [after_try(one, result="handed", detail="", channel="phones", now=night.now) for one in held]
    before = night.record.head()
    assert 0 == night.office.settle("one", late, now=night.now)
    assert before == night.record.head()


def test_a_key_that_comes_twice_among_hundreds_leaves_nothing_behind(night):
    """Many rows go into PostgreSQL by another way than few; it must refuse as the plain one does."""
    night.warn("w1", "yellow", "黄")
    night.tell(1)
    before = (night.record.head(), len(night.record.messages(limit=10_000)))

    with pytest.raises(IntegrityError):
        night.tell(250)
    assert before == (night.record.head(), len(night.record.messages(limit=10_000)))


def test_a_drill_has_no_channel_that_leaves_the_house(night):
    night.warn("w1", "yellow", "黄")
    night.phones.sealed = False

    with pytest.raises(LantianError, match="can never leave the house"):
        night.deliver()
    assert () != record_outbox.lease(night.record, "one", now=night.now), "nothing had been leased"
