"""What helps at three in the morning: a tone for what is urgent, keys instead of the mouse, a screen on the wall."""

import pytest

from .browser import DESK, chromium, open_with_clock, people, refreshed, say, served, tongue  # noqa: F401  fixtures

pytestmark = pytest.mark.browser


def test_a_new_urgent_matter_sounds_where_sound_was_switched_on(served, people):
    world, _base = served
    page = people("mayor", viewport=DESK)
    open_with_clock(page, "/desk")
    page.get_by_role("button", name="开启提示音").click()
    page.locator("html[data-sounded='1']").wait_for(state="attached")  # heard once, to try it

    world.draft(level="red")
    refreshed(page)
    page.locator("html[data-sounded='2']").wait_for(state="attached")
    page.get_by_text("红色预警待你签批").wait_for()


def test_without_the_switch_nothing_sounds(served, people):
    world, _base = served
    page = people("mayor", viewport=DESK)
    open_with_clock(page, "/desk")
    world.draft(level="red")
    refreshed(page)
    page.get_by_text("红色预警待你签批").wait_for()

    assert page.evaluate("document.documentElement.dataset.sounded") is None


def test_keys_lead_to_every_entry_of_the_menu_and_to_the_first_matter(served, people):
    world, _base = served
    world.propose()
    page = people("duty_officer", viewport=DESK)
    page.goto("/desk")
    page.keyboard.press("Alt+Shift+KeyN")
    page.wait_for_url("**/consultations/c1")
    for key, address in (("O", "/outlook"), ("Z", "/orders"), ("J", "/record"), ("D", "/desk")):
        page.keyboard.press(f"Alt+Shift+Key{key}")
        page.wait_for_url(f"**{address}")


def test_typing_a_letter_in_a_field_goes_nowhere(served, people):
    page = people("duty_officer", viewport=DESK)
    page.goto("/list/import")
    page.locator("input[name=edition]").press_sequentially("DOZ")

    assert page.url.endswith("/list/import") and page.locator("input[name=edition]").input_value() == "DOZ"


def test_the_wall_is_dark_and_renews_itself(served, people):
    world, _base = served
    page = people("duty_officer", viewport=DESK)
    open_with_clock(page, "/wall")
    assert "rgb(10, 18, 25)" == page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert page.get_by_text("无预警").is_visible()

    world.issue(level="red")
    refreshed(page)
    page.locator(".warning-badge.red").first.wait_for()
