"""What a running response reaches against 10, 20 or 30 percent: the parts add up and say what they rest on."""

import re
from decimal import Decimal
from fractions import Fraction

import pytest

from console.charts_reach import bars, reaches, share
from emergency.compliance_tally import Tally
from emergency.instructions import instructions_of
from emergency.vocabulary import Level

from .test_compliance_now import breach, order_of

BASE = {"so2": Decimal(1), "nox": Decimal(2)}


def test_what_could_not_be_seen_counts_as_hope_and_what_is_missing_does_not():
    (so2, nox) = reaches({"nox": Tally(300.0, 100.0, 40.0, 160.0)}, BASE, percent=20)

    assert (0.0, 200.0) == (so2.hoped, so2.gap), "nothing ordered, all of the target missing"
    assert (260.0, 140.0) == (nox.hoped, nox.gap)
    assert "13.0%" == share(nox.hoped / nox.base)


def test_the_bars_say_their_numbers_and_have_a_pattern_each():
    drawn = bars(reaches({"nox": Tally(300.0, 100.0, 40.0, 160.0)}, BASE, percent=20))

    assert "NOx 5.0% → 13.0%" in drawn and "要求 20%" in drawn
    assert all(f'id="reach-{name}"' in drawn for name in ("unseen", "others", "missing"))
    assert 2 == drawn.count("mark-target")


@pytest.mark.anyio
async def test_the_page_of_a_running_response_sets_its_orders_against_the_target(world):
    listing = world.settings.lists.fallback
    world.conclude()
    world.draft()
    for role in world.office.desk.authority[Level.YELLOW].roles:
        world.office.approve_warning("warning-001", by=world.actor(role), now=world.clock())
    world.office.issue_warning(
        "warning-001", instructions=instructions_of(listing, Level.YELLOW), list_digest=listing.digest,
        by=world.actor("duty_officer"), now=world.clock(),
    )  # fmt: skip
    user = await world.user("duty_officer")
    html = (await user.get("/orders")).text
    shown = html.split('<h2 id="reach">')[1].split("</section>")[0]

    plan = world.settings.lists.plan
    total = sum((one.cut_of("yellow")["nox"] for one in listing.enterprises), Fraction(0))
    row = re.search(r"<tr><td[^>]*>NOx</td>(.*?)</tr>", shown, re.S)[1]
    parts = [float(one) for one in re.findall(r">(\d+\.\d)%", row)]
    wanted = float(total) / (float(plan.base_daily.value["nox"]) * 1000) * 100
    assert abs(sum(parts) - wanted) < 0.4, "every part is rounded down"
    assert "减排量与黄色预警的要求" in html and 4 == shown.count("mark-target")

    world.clock.forward(hours=7)
    plant = next(row["enterprise"] for row in world.record.now("order") if row["body"]["measures"])
    unit = world.record.state("order", order_of(plant)).measures[0]["unit"]
    world.office.record_finding(order_of(plant), breach(unit), now=world.clock())
    again = (await user.get("/orders")).text
    assert "已有核查结论1条" in again
    assert 'class="reach missing"' in again.split('<div class="key">')[0] + again.split("chart-box")[1]


@pytest.mark.anyio
async def test_without_running_orders_there_is_nothing_to_compare(world):
    world.issue()
    user = await world.user("duty_officer")

    assert "reach" not in (await user.get("/orders?response=none")).text
