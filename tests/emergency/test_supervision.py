"""Statistics by unit, the negative list and the circular of a day, counted from rows and happenings."""

from datetime import UTC, date, datetime, timedelta

from emergency.lifecycle import Happening
from emergency.supervision import by_unit, circular, negative_list

NOW = datetime(2026, 1, 10, 4, tzinfo=UTC)


def row(plant, state, unit="甲局", *, reopenings=0, due=24, assigned=None, rectified=None, found=-48):
    def at(hours):
        return None if hours is None else (NOW + timedelta(hours=hours)).isoformat()

    body = {
        "unit": unit, "due_at": at(due), "reopenings": reopenings, "content": "落实不足：1号线", "found_at": at(found),
        "assigned_at": at(assigned), "rectified_at": at(rectified),
    }  # fmt: skip
    return {"state": state, "enterprise": plant, "body": body}


def test_a_unit_is_counted_with_what_is_overdue_first():
    rows = by_unit(
        [
            row("A", "closed", assigned=-40, rectified=-20),
            row("B", "assigned", due=-1),
            row("C", "found", unit=""),
            row("D", "closed", unit="乙局", assigned=-40, rectified=-30),
        ],
        now=NOW,
    )

    assert ["甲局", "乙局", "未交办"] == [one.unit for one in rows]
    assert (2, 1, 1, 20.0) == (rows[0].total, rows[0].overdue, rows[0].closed, rows[0].hours_to_mend)


def test_the_steps_go_up_with_what_is_overdue_or_handed_back():
    def step(*rows):
        return by_unit(rows, now=NOW)[0].step

    assert "交办" == step(row("A", "closed"))
    assert "巡查" == step(row("A", "reopened", reopenings=1))
    assert "约谈" == step(row("A", "reopened", reopenings=2))
    assert "专项督察" == step(row("A", "assigned", due=-1), row("B", "reopened", reopenings=3))


def test_the_negative_list_needs_two_breaches_or_one_handed_back_within_a_year():
    rows = [row("A", "closed"), row("A", "closed"), row("B", "closed"), row("C", "reopened", reopenings=1)]
    old = [row("D", "closed", found=-24 * 400), row("D", "closed", found=-24 * 400)]

    assert ["A", "C"] == [one.enterprise for one in negative_list([*rows, *old], now=NOW)]


def test_the_circular_counts_its_day_in_beijing_time_and_says_drill():
    def happened(hours, life, kind, **data):
        return Happening(life, "s", kind, NOW + timedelta(hours=hours), data)

    found = [
        happened(0, "order", "evidence_filed", type="inspection", unannounced=True),
        happened(0, "problem", "found", enterprise="A", content="落实不足：1号线"),
        happened(13, "problem", "found", enterprise="B", content="next day in Beijing"),
        happened(0, "problem", "closed"),
    ]
    lines = circular(date(2026, 1, 10), found, names={"A": "样例甲厂"}, units=(), area_name="样例市", drill=True)

    assert lines[0].startswith("【演练】样例市")
    assert "现场检查1家次（其中四不两直1家次）" in lines[1]
    assert any("样例甲厂：落实不足" in line for line in lines)
    assert not any("next day" in line for line in lines)
    assert any("销号1个" in line for line in lines)
