"""The what-if and the watering advice on the screen: the solver's own answer, said plainly; nothing is changed."""

import re

import pytest

from plans.enterprise_list import LEVEL_KEYS
from plans.what_if import close_gap

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("level", LEVEL_KEYS)
async def test_the_page_names_the_units_that_the_solver_chooses(world, level):
    user = await world.user("duty_officer")
    lists = world.settings.lists
    plan = lists.plan
    expected = close_gap(
        lists.listing(), level, plan.base_daily.value, target_percent=plan.response.of(level).reduction_percent.value
    )
    before = world.record.head()
    shown = (await user.get(f"/list/what-if?level={level}&step=100")).text

    for one in expected.choices:
        assert f"{one.unit} {one.unit_name}" in shown
    assert len(expected.choices) == shown.count('data-label="少生产"')
    assert ("补不齐" in shown) is not expected.feasible
    assert 8 == len(re.findall(r'class="bar(?: light)?"', shown))
    assert before == world.record.head()


async def test_a_plant_that_is_kept_is_not_asked(world):
    user = await world.user("duty_officer")
    address = "/list/what-if?level=orange&step=100"
    first = re.search(r'data-label="企业"><a href="/list/plants/([^"]+)"', (await user.get(address)).text)[1]
    shown = (await user.get(f"{address}&keep={first}")).text

    assert f'data-label="企业"><a href="/list/plants/{first}"' not in shown
    assert "本办指定保留" in shown


@pytest.mark.parametrize("query", ["level=purple", "level=red&step=7", "level=red&step=100%0A"])
async def test_what_was_not_offered_is_refused_in_words(world, query):
    user = await world.user("duty_officer")
    answer = await user.get(f"/list/what-if?{query}")

    assert answer.status_code in (200, 400)
    assert ("请选择" in answer.text) is (answer.status_code == 400)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("on=2026-12-05&temperature=5&humidity=40&rain=no", "洒水6次、清扫4次"),
        ("on=2026-12-05&temperature=1&humidity=40&rain=no", "只清扫4次，不洒水"),
        ("on=2026-12-05&temperature=5&humidity=80&rain=no", "洒水3次、清扫7次"),
        ("on=2026-07-05&temperature=30&humidity=40&rain=yes", "雨天，不洒水"),
        ("on=2026-04-05&temperature=&humidity=&rain=no", "按常规洒水清扫"),
        ("on=2026-04-05&temperature=warm", "请填写-60到60之间的数"),
        ("on=tomorrow", "请选择日期"),
    ],
)
async def test_the_watering_page_says_what_the_rules_say(world, query, expected):
    user = await world.user("duty_officer")

    assert expected in (await user.get(f"/list/watering?{query}")).text
