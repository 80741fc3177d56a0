"""The course of an episode drawn over what was observed and what is expected."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from console import charts
from console.language import HAN, speaking
from console.staff import desk
from emergency.vocabulary import BEIJING, Level
from plans.rulebook import load

from .conftest import NOW, instructions, make_outlook

EDITION = load().aqi("hj633-2012")
TODAY = NOW.astimezone(BEIJING).date()
SEEN = {TODAY - timedelta(days=back): 100 + back for back in range(12)}


def lines(picture):
    return [float(x) for x in re.findall(r'class="moment" x1="([\d.]+)"', picture)]


def test_a_moment_stands_at_its_hour_and_the_days_reach_back_to_the_day_before_the_first():
    noon = datetime(2015, 11, 30, 4, tzinfo=UTC)  # 12:00 in Beijing, five days ago
    picture = charts.fan(make_outlook(), EDITION, observed=SEEN, marks=[(noon, "发布橙色")])
    dots = [float(x) for x in re.findall(r'class="mark-observed" d="M([\d.]+)', picture)]

    assert 7 == len(dots)  # from the day before the first moment to today
    assert lines(picture) == [pytest.approx(dots[1] + 6, abs=0.2)]  # a day's mark stands at its noon
    assert "发布橙色" in picture


def test_without_moments_four_days_are_enough_and_a_long_episode_shows_ten():
    none = charts.fan(make_outlook(), EDITION, observed=SEEN)
    long = charts.fan(make_outlook(), EDITION, observed=SEEN, marks=[(NOW - timedelta(days=40), "发布"), (NOW, "启动")])

    assert (4, 10) == (none.count("mark-observed"), long.count("mark-observed"))
    assert ([], 1) == (lines(none), len(lines(long)))


def test_words_of_near_moments_stand_below_each_other():
    marks = [(NOW + timedelta(minutes=step), "发布橙色") for step in range(3)]
    picture = charts.fan(make_outlook(), EDITION, observed=SEEN, marks=marks)

    assert 3 == len(set(re.findall(r'moment-word" x="[\d.]+" y="(\d+)"', picture)))


def test_the_desk_marks_what_changed_what_is_in_force_and_nothing_else(world):
    world.conclude()
    world.issue()
    world.clock.forward(hours=6)
    world.office.start_response("response-beijing-20151205", now=world.clock())
    world.clock.forward(hours=2)
    world.conclude("c2", aqi=260, level=Level.ORANGE)
    world.draft("warning-002", level="orange", replaces="warning-001")
    for role in world.office.desk.authority[Level.ORANGE].roles:
        world.office.approve_warning("warning-002", by=world.actor(role), now=world.clock())
    world.office.issue_warning(
        "warning-002", instructions=instructions(Level.ORANGE), list_digest="d" * 64,
        by=world.actor("duty_officer"), now=world.clock(),
    )  # fmt: skip

    def drawn():
        return [one.mark for one in desk.timeline(world.app.state.console, "beijing-20151205") if one.mark]

    assert ["发布黄色", "启动"] == drawn()[:2]
    assert {"发布橙色", "转橙色"} == set(drawn()[2:])
    with speaking("en"):
        assert not [word for word in drawn() if HAN.search(word)]
