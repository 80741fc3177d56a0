"""The record explorer: one kind of event, one role, one day, one number, alone and together, page by page."""

import re
from datetime import date

import pytest

from console.staff import record as explorer
from emergency.record_search import KINDS, Wanted, search
from emergency.vocabulary import BEIJING

from .test_pages import ORDER

pytestmark = pytest.mark.anyio


@pytest.fixture
def busy(world):
    """Three orders of one morning, one of them signed by the plant and all chased two days later."""
    world.conclude()
    world.issue()
    world.office.acknowledge_order(ORDER, signer="厂长", by=world.actor("SP001"), now=world.clock())
    world.clock.forward(hours=48)
    for code in ("SP002", "SP003"):
        name = ORDER.replace("SP001", code)
        world.office.chase(name, by=world.actor("duty_officer"), now=world.clock())
    return world


def numbers(text):
    return [int(found) for found in re.findall(r'<td class="number"[^>]*>(\d+)</td>', text)]


def by_hand(world, holds):
    return [one.seq for one in world.record.last(limit=1000) if holds(one)]


QUESTIONS = {
    "kind=order.chased": lambda one: (one.life, one.event.kind) == ("order", "chased"),
    "kind=warning": lambda one: one.life == "warning",
    "life=warning": lambda one: one.life == "warning",  # as the links of other pages ask
    "role=enterprise": lambda one: one.event.role == "enterprise",
    "role=duty_officer&kind=order": lambda one: (one.life, one.event.role) == ("order", "duty_officer"),
    "day=2015-12-07": lambda one: one.event.occurred_at.astimezone(BEIJING).date() == date(2015, 12, 7),
    "day=2015-12-07&kind=order.issued": lambda _one: False,
    f"stream={ORDER}": lambda one: one.stream == ORDER,
    f"stream={ORDER}&role=enterprise": lambda one: one.stream == ORDER and one.event.role == "enterprise",
}


@pytest.mark.parametrize("query", QUESTIONS)
async def test_the_log_is_narrowed_to_exactly_what_was_asked_newest_first(busy, query):
    wanted = by_hand(busy, QUESTIONS[query])
    text = (await (await busy.user("inspector")).get(f"/record?{query}")).text

    assert wanted == numbers(text)
    assert bool(wanted) is ("没有记录。" not in text)
    assert "清除筛选" in text


async def test_paging_keeps_what_was_asked_and_misses_nothing(busy, monkeypatch):
    monkeypatch.setattr(explorer, "PAGE", 2)
    user = await busy.user("duty_officer")
    seen, path = [], "/record?kind=order"
    while path:
        text = (await user.get(path)).text
        seen += numbers(text)
        onward = re.search(r'href="(/record\?[^"]*before=\d+)">', text)
        path = onward and onward[1].replace("&amp;", "&")
        assert path is None or path.startswith("/record?kind=order&before=")

    assert by_hand(busy, lambda one: one.life == "order") == seen
    assert len(seen) >= 5


@pytest.mark.parametrize("query", ["kind=order.nothing", "kind=planet", "role=king", "day=2015-13-01", "kind=.chased"])
async def test_what_cannot_be_understood_is_said_and_nothing_is_hidden(busy, query):
    answer = await (await busy.user("duty_officer")).get(f"/record?{query}")

    assert 400 == answer.status_code
    assert "筛选条件无法理解" in answer.text
    assert by_hand(busy, lambda _one: True)[: explorer.PAGE] == numbers(answer.text)


async def test_every_kind_can_be_chosen_by_its_name(busy):
    text = (await (await busy.user("duty_officer")).get("/record?kind=order.chased")).text

    assert '<option value="order.chased" selected>催办</option>' in text
    for life, kinds in KINDS.items():
        assert all(f'value="{life}.{kind}"' in text for kind in kinds)


def test_before_leaves_out_what_was_seen(busy):
    everything = search(busy.record, Wanted(role="duty_officer"), limit=100)

    assert everything[2:4] == search(busy.record, Wanted(role="duty_officer"), before=everything[1].seq, limit=2)
