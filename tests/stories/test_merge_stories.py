"""Two episodes, two warnings issued, and then the air between them does not clear: one episode, one message each."""

import pytest

from emergency import cap, cap_xml, warning_merge
from emergency.lifecycle import Refused
from emergency.office import Instruction
from emergency.vocabulary import Level

from .watch import DIRECTOR, DUTY, HOUR, Watch


@pytest.fixture
def night(tmp_path):
    """A yellow warning in force for two days and an orange one that begins two days after it, both issued."""
    made = Watch(tmp_path, merge_gap=36 * HOUR)
    made.draft(start=1, hours=48)
    made.issue(plants=("甲厂", "乙厂", "丙厂"))
    made.draft("w2", "orange", "e2", start=1 + 48 + 48, hours=48)
    listing = [plant(name, "橙") for name in ("甲厂", "乙厂", "丁厂")]
    sign(made, "w2")
    made.office.issue_warning("w2", instructions=listing, list_digest="d", by=DUTY, now=made.now)
    made.forward(120)
    made.phones.inbox.clear()
    yield made
    assert made.record.head()[0] == made.record.verify()
    before = made.record.projections()
    made.record.rebuild()
    assert before == made.record.projections()
    made.record.engine.dispose()


def plant(name, word):
    return Instruction(name, name, ({"text": word, "power_cut": 0.5},), voluntary=False)


def sign(night, name):
    from emergency.lifecycle import Actor
    from emergency.vocabulary import Role

    state = night.record.state("warning", name)
    for role in night.office.desk.may_sign(state.draft).roles:
        night.office.approve_warning(name, by=Actor(f"the {role}", Role.of(role)), now=night.now)


def extend(night, listing, *, hours=72):
    """The first warning lasts longer than thought; its successor is drafted, signed and issued."""
    content = night.content("yellow", start=-1, hours=hours, replaces="w1")
    night.office.draft_warning("w3", episode="e", content=content, by=DUTY, now=night.now, as_one=True)
    sign(night, "w3")
    night.office.issue_warning("w3", instructions=listing, list_digest="d", by=DUTY, now=night.now)
    night.forward(30)


def test_an_extension_up_to_the_second_warning_makes_one_of_both(night):
    extend(night, [plant(name, "橙") for name in ("甲厂", "乙厂", "丙厂", "丁厂")])
    record = night.record
    one, second = record.state("warning", "w3"), record.state("warning", "w2")

    assert (Level.ORANGE, ("w2",), "e") == (one.level, one.draft.merges, one.episode)
    assert one.draft.expected_end == second.draft.expected_end
    assert ["superseded"] * 2 == [record.state("warning", name).state.key for name in ("w1", "w2")]
    assert ("cancelled", "in_force") == tuple(
        record.state("activation", f"response-{name}").state.key for name in ("e2", "e")
    )
    assert Level.ORANGE is record.state("activation", "response-e").level


def test_everybody_gets_one_message_and_nobody_a_release(night):
    extend(night, [plant(name, "橙") for name in ("甲厂", "乙厂", "丙厂", "丁厂")])

    assert {name: ["【演练】橙色预警减排指令"] for name in ("甲厂", "乙厂", "丙厂", "丁厂")} == {
        name: night.phones.subjects(name) for name in ("甲厂", "乙厂", "丙厂", "丁厂")
    }
    assert ["【演练】样例市橙色预警（升级）"] == night.phones.subjects("public")
    open_orders = [row for row in night.record.now("order") if row["state"] in ("issued", "delivered", "acknowledged")]
    assert 4 == len(open_orders)


def test_who_has_the_right_order_already_is_told_once_that_it_goes_on(night):
    extend(night, [plant(name, "黄") for name in ("甲厂", "乙厂", "丙厂")])

    assert ["【演练】减排指令继续执行"] == night.phones.subjects("甲厂")
    assert "期间不解除" in night.phones.inbox["甲厂"][0]["body"]
    assert [] == night.phones.subjects("丙厂")  # its one order stands, and it knew of no second one
    assert ["【演练】解除减排指令"] == night.phones.subjects("丁厂")  # only the second list named it


def test_the_public_message_names_both_chains(night):
    extend(night, [plant(name, "橙") for name in ("甲厂", "乙厂", "丁厂")])
    texts = [content for _digest, _title, content in night.record.exhibits(cap.MEDIA_TYPE)]
    heads = [cap_xml.read_head(text) for text in texts]

    assert "Update" == heads[-1].message_type
    for head in heads[:2]:
        assert f"{head.sender},{head.identifier},{head.sent}".encode() in texts[-1]


def test_the_lift_of_the_one_reaches_everybody_and_leaves_no_response(night):
    extend(night, [plant(name, "橙") for name in ("甲厂", "乙厂", "丙厂", "丁厂")])
    night.phones.inbox.clear()
    night.office.lift_warning("w3", reason="冷空气", below_hours=48, by=DUTY, now=night.now)
    night.forward(30)

    assert all(["【演练】解除减排指令"] == night.phones.subjects(name) for name in ("甲厂", "乙厂", "丙厂", "丁厂"))
    assert () == night.record.now("activation", states=("scheduled", "in_force", "paused"))


def test_a_second_warning_lifted_in_the_meantime_cannot_be_merged(night):
    content = night.content("yellow", start=-1, hours=72, replaces="w1")
    night.office.draft_warning("w3", episode="e", content=content, by=DUTY, now=night.now, as_one=True)
    sign(night, "w3")
    night.office.lift_warning("w2", reason="预报改变", below_hours=48, by=DIRECTOR, now=night.now)
    with pytest.raises(Refused):
        night.office.issue_warning("w3", instructions=[], list_digest="d", by=DUTY, now=night.now)

    assert "issued" == night.record.state("warning", "w1").state.key


def test_far_enough_apart_two_warnings_stay_two(night):
    extend(night, [plant("甲厂", "黄")], hours=49)

    assert ("issued", ()) == (
        night.record.state("warning", "w2").state.key,
        night.record.state("warning", "w3").draft.merges,
    )


@pytest.mark.parametrize(("gap", "expected"), [(35, True), (36, False)])
def test_the_gap_of_the_rule_itself_is_far_enough(tmp_path, gap, expected):
    night = Watch(tmp_path)
    first, second = night.content(start=0, hours=48), night.content(start=48 + gap, hours=24)

    assert expected is warning_merge.near(first, second, 36 * HOUR)
    assert expected is warning_merge.near(second, first, 36 * HOUR)
