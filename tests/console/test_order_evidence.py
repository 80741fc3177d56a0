"""The order on its time axis: what instruments said, over the moments of the order; nothing where they were mute."""

from datetime import timedelta

import pytest

from console.order_evidence import picture_of
from forecast.archive import Archive
from forecast.emissions import EmissionRow, Emissions, EquipmentRow, MeterRow

from .conftest import NOW, build

pytestmark = pytest.mark.anyio
ORDER = "response-beijing-20151205.0.SP001"
QUARTER, HOUR = timedelta(minutes=15), timedelta(hours=1)


@pytest.fixture
def world(tmp_path):
    archive = Archive.open(tmp_path / "archive.db")
    made = build(tmp_path, archive=archive)
    yield made
    made.record.engine.dispose()
    archive.close()


def fill(world, *, skip=()):
    store = Emissions(world.settings.archive.engine)
    quarters = [NOW - 12 * HOUR + QUARTER * n for n in range(96)]
    rows = [
        MeterRow("SP001", "production", at, "U1-main", at + HOUR, 25.0 if at < NOW else 5.0, 15)
        for n, at in enumerate(quarters) if n not in skip
    ]  # fmt: skip
    rows += [EmissionRow("SP001", "hour", at, "a34013", at + HOUR, flag="N", cou=1.5) for at in quarters[::4]]
    rows += [EquipmentRow("SP001", "state", quarters[0], "T1", quarters[0], 1.0)]
    store.write(rows)


async def test_power_stack_and_facility_stand_over_each_other_with_the_moments_of_the_order(world):
    world.issue()
    fill(world)
    world.clock.forward(hours=20)
    shown = (await (await world.user("duty_officer")).get(f"/orders/{ORDER}")).text

    picture = shown[shown.index("仪表与指令时段") :]
    for words in ("U1-main 生产", "在线 烟尘", "设施 T1", "下达", "应落实", "最大 100 kW"):
        assert words in picture
    assert 3 == picture.count('class="lane"')


def test_a_gap_in_the_readings_is_a_gap_in_the_line(world):
    world.issue()
    fill(world, skip=range(40, 44))
    order = world.record.state("order", ORDER)
    whole = picture_of(world.settings, order, NOW + 20 * HOUR)
    power = whole.split('class="hours" d="')[1].split('"')[0]

    assert 2 == power.count("M")


def test_nothing_that_came_after_now_is_shown(world):
    world.issue()
    fill(world)
    order = world.record.state("order", ORDER)
    early = picture_of(world.settings, order, NOW - 6 * HOUR)

    assert len(early) < len(picture_of(world.settings, order, NOW + 20 * HOUR))


async def test_a_plant_without_instruments_has_no_empty_picture(world):
    world.issue()

    assert "仪表与指令时段" not in (await (await world.user("duty_officer")).get(f"/orders/{ORDER}")).text
