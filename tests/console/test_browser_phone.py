"""The phone at the gate in a real browser: photographs made smaller on it, forms that outlive a lost network."""

import io
from datetime import datetime, timedelta

import pytest
from PIL import Image

from .browser import ORDER, PHONE, chromium, fits, people, said, say, served, tongue  # noqa: F401  fixtures

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
CUT_OFF = "Object.defineProperty(navigator, 'onLine', {get: () => window.online ?? false})"
BACK = "window.online = true; dispatchEvent(new Event('online'))"


def camera() -> bytes:
    """Twelve megapixels with the noise of a bad light: six megabytes and more, as a phone's camera makes them."""
    grain = Image.effect_noise((4000, 3000), 60)
    picture = Image.merge("RGB", (grain, grain.transpose(Image.Transpose.FLIP_LEFT_RIGHT), grain))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=75)
    return out.getvalue()


def taken(world) -> None:
    """A warning with orders that are in force and past their deadline."""
    world.conclude()
    world.issue()
    world.office.acknowledge_order(ORDER, signer="厂长", by=world.actor("SP001"), now=world.clock())
    world.clock.forward(hours=40)


def fill(inspector, photo) -> None:
    inspector.get_by_label("照常生产").check()
    inspector.get_by_label("现场情况").fill("1号线在生产")
    inspector.get_by_label("照片", exact=True).set_input_files(
        {"name": "IMG_0001.jpg", "mimeType": "image/jpeg", "buffer": photo}
    )
    inspector.get_by_role("button", name="记录检查").click()


def visit(world):
    return next((one for one in world.record.state("order", ORDER).evidence if one["type"] == "inspection"), None)


def test_a_photograph_of_six_megabytes_is_sent_as_a_fraction_of_it(served, people):
    world, _base = served
    taken(world)
    photo = camera()
    inspector = people("inspector", viewport=PHONE)
    inspector.goto(f"/inspections/{ORDER}")
    assert fits(inspector)
    fill(inspector, photo)
    said(inspector, "现场检查已记录，核查结论已更新。")
    kept = world.record.exhibit(visit(world)["photo"])[1]  # as it was sent: the office keeps every byte as it came

    assert len(photo) > 6_000_000
    assert len(kept) < len(photo) / 4
    assert (1600, 1200) == Image.open(io.BytesIO(kept)).size


def test_an_inspection_without_network_waits_through_a_closed_page_and_counts_from_when_it_was_filled(served, people):
    world, _base = served
    taken(world)
    photo = camera()
    inspector = people("inspector", viewport=PHONE)
    inspector.goto(f"/inspections/{ORDER}")
    inspector.evaluate(CUT_OFF)
    fill(inspector, photo)
    inspector.get_by_text("1份表单已存在本机").wait_for()
    assert visit(world) is None

    later = inspector.context.new_page()
    later.add_init_script("Date.now = ((now) => () => now() + 3600000)(Date.now); " + CUT_OFF)
    inspector.close()
    world.clock.forward(hours=1)
    later.goto("/inspections")  # the list, not the form: what waits is said and sent there too
    later.get_by_text("1份表单已存在本机").wait_for()
    later.evaluate(BACK)
    later.get_by_text("1份离线填写的表单已送出。").wait_for()

    filed = visit(world)
    assert filed["offline"]
    assert timedelta(minutes=59) < world.clock() - datetime.fromisoformat(filed["at"]) < timedelta(minutes=90)
    assert len(world.record.exhibit(filed["photo"])[1]) < len(photo) / 4
