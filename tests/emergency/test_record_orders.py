"""The database answers questions about many orders; the oracle is the same question asked of every body in Python."""

from datetime import datetime, timedelta

import pytest

from emergency.lifecycle import Actor
from emergency.office import Instruction
from emergency.record_orders import Filter, order_counts, order_moments, page_of_orders, silent_orders
from emergency.vocabulary import Role
from emergency.warning import Draft

PLANTS = [f"SP{number:03d}" for number in range(12)]


@pytest.fixture
def issued(office, people, now):
    """Twelve orders: four signed in time, two signed late, six silent."""
    draft = Draft("yellow", "北京市", now + timedelta(hours=6), now + timedelta(hours=96), "静稳", "", "c", True, None)
    office.draft_warning("w1", episode="e", content=draft, by=people["duty_officer"], now=now)
    office.approve_warning("w1", by=people["office_director"], now=now)
    measure = {"text": "停产", "unit": "U1"}
    listing = [Instruction(plant, f"样例{plant}厂", (measure,), voluntary=False) for plant in PLANTS]
    office.issue_warning("w1", instructions=listing, list_digest="d", by=people["duty_officer"], now=now)
    for number, plant in enumerate(PLANTS[:6]):
        at = now + timedelta(minutes=10 if number < 4 else 90)
        by = Actor(plant, Role.ENTERPRISE)
        office.acknowledge_order(f"response-e.0.{plant}", signer="厂长", by=by, now=at)
    return office.record


def test_the_counts_are_those_of_the_bodies(issued, now):
    later = now + timedelta(hours=2)
    counts = order_counts(issued, parent="response-e", now=later)
    rows = [row["body"] for row in issued.now("order")]

    assert (12, 6, 2) == (counts.total, counts.silent, counts.late)
    late = [row for row in rows if row["acknowledged_at"] and row["acknowledged_at"] > row["respond_by"]]
    assert len(late) == counts.late


def test_pages_follow_one_another_without_gap_or_repeat(issued, now):
    wanted = Filter(parent="response-e")
    pages = [page_of_orders(issued, wanted, now=now, limit=5, offset=5 * number) for number in range(3)]

    assert [12, 12, 12] == [total for total, _rows in pages]
    assert PLANTS == [row["enterprise"] for _total, rows in pages for row in rows]


@pytest.mark.parametrize(("text", "found"), [("sp00", 10), ("样例SP011厂", 1), ("%", 0), ("_", 0)])
def test_words_are_searched_as_they_stand(issued, now, text, found):
    assert found == page_of_orders(issued, Filter(text=text), now=now, limit=5)[0]


def test_the_longest_silence_comes_first_and_nobody_before_the_deadline(issued, now):
    assert (0, ()) == silent_orders(issued, now=now, limit=3)
    total, first = silent_orders(issued, now=now + timedelta(hours=2), limit=3)

    assert (6, PLANTS[6:9]) == (total, [row["enterprise"] for row in first])


def test_moments_are_counted_per_round(issued, now):
    (moment,) = order_moments(issued, episode="e", field="issued_at").items()

    assert (now, 12) == (datetime.fromisoformat(moment[0]), moment[1])
    assert {} == order_moments(issued, episode="e", field="ended_at")
