"""Every page of the office against the rules of WCAG 2.2 A and AA, as axe reads them, at a desk and on a phone."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from console.access import ACCESS, STAFF

from .browser import DESK, PHONE, chromium, people, say, served, tongue  # noqa: F401  fixtures

pytestmark = pytest.mark.browser
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
         "resultTypes": ["violations"]}  # fmt: skip
"""Only what is wrong is told in full; all that holds is looked at as well."""
THINGS = {
    "/consultations/{identifier}": "/consultations/c1",
    "/consultations/{identifier}/judgement": "",  # a part of a page
    "/warnings/{identifier}": "/warnings/warning-001",
    "/warnings/draft": "/warnings/draft?consultation=c1",
    "/orders/{identifier}": "/orders/response-beijing-20151205.0.SP001",
    "/rules/{name}": "/rules/warning-2024",
    "/preview/{name}": "",  # files for other systems
    "/static/{name}": "",
    "/favicon.svg": "",
    "/desk/live": "",
    "/wall/live": "",
    "/health": "",
    "/": "",
}


def pages(role=None):
    """Every address of the table that somebody of the staff opens as a page, with something in it."""
    found = []
    for (method, template), roles in sorted(ACCESS.items()):
        if method != "GET" or (roles is not None and not roles & STAFF):
            continue
        path = THINGS.get(template, template)
        if path and "{" not in path:
            found.append(path)
    return found


def faults(page, path, *, viewports=(PHONE,)):
    """What breaks a rule, on each screen that the loaded page is laid out for in turn."""
    found = []
    for viewport in viewports:
        page.set_viewport_size(viewport)
        results = Axe().run(page, options=RULES).response["violations"]
        found += [
            (path, viewport["width"], one["id"], [node["html"][:160] for node in one["nodes"]][:3]) for one in results
        ]
    return found


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.timeout(600)
def test_no_page_of_the_office_breaks_a_rule_at_a_desk_or_on_a_phone(served, people, language):
    world, _base = served
    world.conclude()
    world.issue()
    broken, seen = [], 0
    for account, mine in (("administrator", True), ("duty_officer", False)):
        page = people(account, language=language)
        for path in pages():
            if mine and path not in ("/accounts", "/webhooks", "/me"):
                continue
            answer = page.request.get(path)
            if answer.status != 200 or "text/html" not in answer.headers["content-type"]:
                continue
            page.goto(path)
            seen += 1
            broken += faults(page, path, viewports=(DESK, PHONE))
    assert [] == broken
    assert seen >= 15


@pytest.mark.parametrize(("language", "leave"), [("zh", "退出"), ("en", "Log out")])
def test_the_log_in_and_the_plants_phone_page_break_no_rule(served, people, language, leave):
    world, _base = served
    world.conclude()
    world.issue()
    page = people("SP001", viewport=PHONE, language=language)
    broken = faults(page, "/my")
    page.goto("/my/response-beijing-20151205.0.SP001")
    broken += faults(page, "/my/…")
    page.goto("/me")
    broken += faults(page, "/me")
    page.get_by_role("button", name=leave).click()
    page.wait_for_url("**/login")
    broken += faults(page, "/login")

    assert [] == broken
