"""A small stage: two weeks of made-up air with one heavy episode, outlooks that see it coming, eight plants."""

from datetime import UTC, date, datetime, timedelta

import pytest

from emergency.office import Instruction
from emergency.vocabulary import BEIJING, Level
from flows.replay import Stage
from forecast.city_air import CityAir
from forecast.outlook import QUANTILES, THRESHOLDS, DayOutlook, Outlook
from plans import rulebook

FIRST = date(2015, 12, 1)
DAILY = (60, 70, 90, 120, 180, 230, 260, 310, 280, 120, 70, 60, 55, 50, 60, 70, 60, 50, 60, 55)
"""Daily AQI of the stage's days: an episode from the fifth to the ninth."""


def level_of(aqi: int) -> int:
    return next(index for index, top in enumerate((50, 100, 150, 200, 300, 500)) if aqi <= top)


def day_outlook(day: date, lead: int, aqi: int) -> DayOutlook:
    factors = [0.6 + 0.05 * lead * (q - 0.5) + 0.8 * q for q in QUANTILES]
    quantiles = tuple(sorted(min(500, round(aqi * factor)) for factor in factors))
    levels = [level_of(value) for value in quantiles]
    return DayOutlook(
        valid_date=day,
        lead_days=lead,
        aqi_quantiles=quantiles,
        level_probabilities=tuple(levels.count(level) / len(levels) for level in range(6)),
        exceedance=tuple(sum(value > over for value in quantiles) / len(quantiles) for over in THRESHOLDS),
        primary_probabilities={"pm25": 1.0},
        concentration_medians={"pm25": float(aqi)},
    )


def outlook_for(first: date, truth: dict[date, int]) -> Outlook:
    issued = datetime(first.year, first.month, first.day, 1, tzinfo=BEIJING).astimezone(UTC)
    days = tuple(
        day_outlook(first + timedelta(days=lead), lead + 1, truth.get(first + timedelta(days=lead), 60))
        for lead in range(7)
    )
    return Outlook(
        area="beijing", area_name="北京市", issued_at=issued, data_until=issued - timedelta(hours=1),
        aqi_edition="hj633-2012", model="hand-made", model_digest="none", weather_mode="none", simulated=True,
        mode_notes=(), days=days,
        aqi_paths=tuple(tuple(day.aqi_quantiles[q] for day in days) for q in range(len(QUANTILES))),
    )  # fmt: skip


def measures(*words: str) -> tuple[dict[str, object], ...]:
    return tuple(
        {"unit": f"U{number}", "target": f"{number}号线", "action": "stop", "text": f"{word}：{number}号线停产",
         "power_cut": 0.3}
        for number, word in enumerate(words, start=1)
    )  # fmt: skip


@pytest.fixture(scope="session")
def stage() -> Stage:
    book = rulebook.load()
    days = [FIRST + timedelta(days=number) for number in range(-3, len(DAILY) + 8)]
    truth = {FIRST + timedelta(days=number): aqi for number, aqi in enumerate(DAILY)}
    start = datetime(2015, 11, 28, 1, tzinfo=BEIJING)
    hours = [start + timedelta(hours=number) for number in range(24 * len(days))]
    aqi = [truth.get((hour - timedelta(hours=1)).date(), 60) for hour in hours]
    air = CityAir(
        valid_times=tuple(hour.astimezone(UTC) for hour in hours), aqi=tuple(aqi), pm25=tuple(map(float, aqi)),
        station_aqi={"S1": tuple(aqi)}, station_pm25={"S1": tuple(map(float, aqi))}, days=tuple(days),
        daily_aqi=tuple(truth.get(day, 60) for day in days), daily_primary=tuple(("pm25",) for _ in days),
        delay=timedelta(hours=1),
    )  # fmt: skip
    words = {Level.YELLOW: ("黄",), Level.ORANGE: ("黄", "橙"), Level.RED: ("黄", "橙", "红")}
    plants = [(f"SP{number:03d}", f"样例{number}厂") for number in range(1, 13)]
    return Stage(
        area="beijing", first_day=FIRST, last_day=FIRST + timedelta(days=13), seed=11,
        plan=book.city("beijing"), book=book, assume={"aqi": "hj633-2012", "warning": "warning-2024"},
        air=air,
        outlooks={day: outlook_for(day, truth) for day in days if day >= FIRST},
        instructions={
            level: [
                Instruction(code, name, measures(*words[level]), voluntary=False, reachable=code != "SP002")
                for code, name in plants
            ]
            for level in words
        },
        list_digest="l" * 64,
        reductions=lambda level, only: {"so2": 0.1 * level * (1.0 if only is None else len(only) / 12)},
        targets={Level.YELLOW: 0.1, Level.ORANGE: 0.2, Level.RED: 0.3},
        simulated_air=True,
        notes=("测试用",),
    )  # fmt: skip
