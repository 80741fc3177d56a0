"""Many orders at once: filtered by what the list knows of plants, as a board, and chased in one act."""

import pytest

from console.staff.order_views import columns_of, reach_of
from emergency.record_orders import Filter, page_of_orders

from .conftest import PLANTS

pytestmark = pytest.mark.anyio
RESPONSE = "response-beijing-20151205"


def test_town_industry_and_grade_reach_the_plants_that_the_list_says(world):
    listing = world.settings.lists.listing()
    one = listing.enterprises[0]
    asked = reach_of(world.settings.lists, {"town": one.district, "grade": one.grade})
    wanted = {p.identifier for p in listing.enterprises if (p.district, p.grade) == (one.district, one.grade)}

    assert wanted == asked.chosen and one.identifier in asked.chosen
    assert set(asked.towns) == {p.district for p in listing.enterprises if p.district}
    assert reach_of(world.settings.lists, {}).chosen is None
    assert frozenset() == reach_of(world.settings.lists, {"town": "没有这个区"}).chosen


def test_a_filter_of_plants_leaves_only_theirs(world):
    world.issue()
    total, rows = page_of_orders(world.record, Filter(enterprises=frozenset(PLANTS[:2])), now=world.clock(), limit=10)

    assert (2, {*PLANTS[:2]}) == (total, {row["enterprise"] for row in rows})


def test_an_order_stands_in_one_column_and_moves_on_as_it_is_signed_or_late(world):
    world.issue()
    plant = world.directory.account(PLANTS[0]).actor

    def board():
        columns = columns_of(world.record, Filter(parent=RESPONSE), now=world.clock())
        return {column.key: [row["enterprise"] for row in column.rows] for column in columns if column.rows}

    assert {"issued": list(PLANTS)} == board()
    world.office.acknowledge_order(f"{RESPONSE}.0.{PLANTS[0]}", signer="厂长", by=plant, now=world.clock())
    world.clock.forward(hours=3)
    assert {"silent": list(PLANTS[1:]), "acknowledged": [PLANTS[0]]} == board()


async def test_everybody_who_is_silent_is_chased_by_one_click(world):
    world.issue()
    world.clock.forward(hours=3)
    duty = await world.user("duty_officer")
    page = (await duty.get("/orders")).text
    assert "一键催办逾期未签的 3 家" in page

    answer = await duty.submit(f"/orders?response={RESPONSE}", "/orders/chase")
    assert 303 == answer.status_code
    assert [1, 1, 1] == [row["body"]["chases"] for row in world.record.now("order")]


async def test_the_board_and_the_filters_are_on_the_page(world):
    world.issue()
    duty = await world.user("duty_officer")
    page = (await duty.get("/orders?view=board")).text

    assert 'id="column-issued"' in page and "样例1厂" in page
    assert 'name="town"' in page and 'name="industry"' in page and 'name="grade"' in page
