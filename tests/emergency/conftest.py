"""A small office on a fresh record, SQLite always and PostgreSQL where one can be started."""

from datetime import UTC, date, datetime, timedelta

import pytest

from emergency.lifecycle import Actor
from emergency.office import Desk, Instruction, Office
from emergency.record import Record
from emergency.vocabulary import Level, Role
from emergency.warning import Authority, Draft
from forecast.outlook import QUANTILES, THRESHOLDS, DayOutlook, Outlook

NOW = datetime(2015, 12, 5, 1, 30, tzinfo=UTC)


@pytest.fixture
def now():
    return NOW


@pytest.fixture
def desk():
    return Desk(
        area="beijing",
        area_name="北京市",
        authority={
            Level.YELLOW: Authority(("office_director",)),
            Level.ORANGE: Authority(("vice_mayor",), deputies=("mayor",)),
            Level.RED: Authority(("vice_mayor", "mayor"), signatures=2),
        },
        required_parties=("forecaster", "meteorologist"),
        respond_within=timedelta(hours=1),
        execute_within=timedelta(hours=24),
        rectify_within=timedelta(hours=48),
        lift_hours=36,
        rules_digest="r" * 64,
    )


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def record(request, tmp_path):
    if request.param == "sqlite":
        url = tmp_path / "record.db"
    else:
        url = request.getfixturevalue("postgres_url")
    opened = Record.open(url, drill=True)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def office(record, desk):
    return Office(record, desk)


@pytest.fixture
def people():
    return {role.key: Actor(f"u-{role.key}", role) for role in Role}


@pytest.fixture
def outlook():
    days = tuple(
        DayOutlook(
            valid_date=date(2015, 12, 6) + timedelta(days=lead),
            lead_days=lead + 1,
            aqi_quantiles=tuple(100 + 20 * index for index in range(len(QUANTILES))),
            level_probabilities=(0.0, 0.2, 0.3, 0.3, 0.2, 0.0),
            exceedance=tuple(0.5 for _ in THRESHOLDS),
            primary_probabilities={"pm25": 1.0},
            concentration_medians={"pm25": 120.0},
        )
        for lead in range(7)
    )
    return Outlook(
        area="beijing",
        area_name="北京市",
        issued_at=NOW,
        data_until=NOW,
        aqi_edition="hj633-2012",
        model="test",
        model_digest="m",
        weather_mode="none",
        simulated=True,
        mode_notes=(),
        days=days,
        aqi_paths=((160,) * 7, (220,) * 7),
    )


def instruct(*levels: str, count: int = 3) -> list[Instruction]:
    """Three plants whose measures carry the given words."""
    return [
        Instruction(
            enterprise=f"SP{number:03d}",
            enterprise_name=f"样例{number}厂",
            measures=tuple({"text": f"{word}停产{number}号线", "power_cut": 0.5} for word in levels),
            voluntary=False,
        )
        for number in range(1, count + 1)
    ]


@pytest.fixture
def draft():
    def make(level: str, *, replaces: str | None = None, start_hours: int = 24) -> Draft:
        return Draft(
            level=level,
            area="北京市",
            starts_at=NOW + timedelta(hours=start_hours),
            expected_end=NOW + timedelta(hours=96),
            reason="静稳高湿",
            text="请减少外出。",
            consultation="c1",
            criterion_met=True,
            replaces=replaces,
        )

    return make
