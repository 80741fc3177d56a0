"""The debrief of a drill: what real people did at the console is what is scored; real work has none."""

import pytest

from .conftest import PLANTS, build

pytestmark = pytest.mark.anyio
RESPONSE = "response-beijing-20151205"


async def test_what_people_do_at_the_console_is_what_is_scored(world):
    world.issue()
    duty, plant = await world.user("duty_officer"), await world.user(PLANTS[0])
    before = (await duty.get("/debrief")).text
    assert "突击演练" in before and "3份中按时0份，始终未签3份" in before
    assert "1次发布中1次按时" in before

    order = f"/my/{RESPONSE}.0.{PLANTS[0]}"
    answer = await plant.submit(order, f"{order}/acknowledge", signer="厂长")
    assert 303 == answer.status_code, answer.text
    world.clock.forward(hours=3)
    late = await world.user(PLANTS[1])
    order = f"/my/{RESPONSE}.0.{PLANTS[1]}"
    assert 303 == (await late.submit(order, f"{order}/acknowledge", signer="厂长")).status_code
    assert "3份中按时1份，始终未签1份" in (await duty.get("/debrief")).text


async def test_an_announced_drill_says_so_and_one_that_did_nothing_has_no_points(world):
    world.record.note("drill", "announced")
    shown = (await (await world.user("mayor")).get("/debrief")).text

    assert "预告演练" in shown and "还没有可以评分的环节" in shown
    assert 8 == shown.count("未演练")


async def test_real_work_has_no_debrief_and_no_entry_for_one(tmp_path):
    world = build(tmp_path, drill=False)
    duty = await world.user("duty_officer")

    assert 404 == (await duty.get("/debrief")).status_code
    assert "/debrief" not in (await duty.get("/desk")).text
    world.record.engine.dispose()
