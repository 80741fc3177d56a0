"""Tasks of departments per level, and the watering rules of 襄阳 2019 (S1, item 52 of the requirements)."""

from datetime import date

import pytest

from plans.department_tasks import watering_of
from plans.rulebook import load

RULE = load().city("xiangyang").watering
JANUARY, JULY, APRIL = date(2026, 1, 10), date(2026, 7, 10), date(2026, 4, 10)


@pytest.mark.parametrize(
    ("on", "temperature", "humidity", "rain", "sprays", "sweeps"),
    [
        (JULY, 30, 50, False, 8, 4),  # 夏秋季 12次/日(8洒4扫)
        (JANUARY, 3, 50, False, 6, 4),  # 冬春季,气温高于2℃ 10次/日(6洒4扫)
        (JANUARY, 2, 50, False, 0, 4),  # not above 2
        (JANUARY, None, 50, False, 0, 4),  # unknown is not warm
        (JULY, 30, 65, False, 8, 4),  # not above 65
        (JULY, 30, 66, False, 4, 8),  # humid: fewer sprays, more sweeps
        (JULY, 30, 99, True, 0, 0),  # 雨天除外
        (APRIL, 15, 50, False, None, None),  # 4月、10月保持正常
    ],
)
def test_the_roads_are_watered_by_season_temperature_humidity_and_rain(on, temperature, humidity, rain, sprays, sweeps):
    found = watering_of(RULE, on, temperature=temperature, humidity=humidity, rain=rain)

    assert (sprays, sweeps) == (found.sprays, found.sweeps)
    assert found.why


def test_a_higher_level_keeps_the_tasks_of_the_lower_ones():
    for task in load().city("sample").departments:
        assert set(task.at("yellow")) <= set(task.at("orange")) <= set(task.at("red"))
        assert () == task.at("none")


def test_the_order_of_the_street_office_carries_the_watering_rule():
    from emergency.instructions import department_instructions
    from emergency.vocabulary import Level

    (urban,) = [
        one for one in department_instructions(load().city("sample"), Level.RED) if one.enterprise == "dept-urban"
    ]

    assert any("湿度大于65%" in measure["text"] for measure in urban.measures)
    assert "department" == urban.audience
