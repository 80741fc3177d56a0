"""The day after: model, forecaster, persistence and climatology side by side, by the customary methods."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast import air, official, predict
from forecast.daily_check import check

DAY = date(2015, 3, 10)
NOW = datetime(2015, 3, 11, 7, tzinfo=air.BEIJING)


@pytest.fixture
def checked(small_model, small_air, codes, fill_archive):
    archive = fill_archive(small_air)
    asked = {"area": "city", "area_name": "样例市", "stations": codes, "aqi_edition": "hj633-2012", "paths": 60}
    for back in range(3):
        issued = datetime(2015, 3, 10, 1, tzinfo=air.BEIJING) - timedelta(days=back)
        archive.write_outlook(predict.make_outlook(archive, small_model, issued_at=issued, **asked))
    signed = {DAY: {DAY: 111}}
    return archive, check(archive, area="city", stations=codes, day=DAY, as_of=NOW, signed=signed)


def test_every_lead_has_all_parties_and_one_truth(checked):
    _, found = checked

    assert {(one.lead, one.who) for one in found} >= {
        (lead, who) for lead in (1, 2, 3) for who in ("model", "persistence", "climatology")
    }
    assert [(one.lead, one.aqi) for one in found if one.who == "forecaster"] == [(1, 111)]
    assert len({one.observed for one in found}) == 1


def test_persistence_says_the_day_behind_the_issue(checked, codes):
    archive, found = checked
    before = check(archive, area="city", stations=codes, day=DAY - timedelta(days=1), as_of=NOW)

    said = next(one.aqi for one in found if one.who == "persistence" and one.lead == 1)

    assert said == before[0].observed


def test_a_day_that_was_not_over_is_not_checked(checked, codes):
    archive, _ = checked

    assert check(archive, area="city", stations=codes, day=DAY, as_of=NOW - timedelta(hours=20)) == ()


@pytest.mark.parametrize(
    ("forecast", "observed", "expected"),
    [(120, 130, 100.0), (120, 160, 0.2 * 100 + 0.5 * 50 + 0.3 * 80), (60, 320, 20.0)],
)
def test_the_city_score_is_that_of_the_shanghai_text(forecast, observed, expected):
    assert official.city_score(forecast, observed, primary=True) == pytest.approx(expected)


@given(st.integers(0, 500), st.integers(0, 500))
def test_a_right_level_is_also_a_right_joined_level_and_scores_more_than_half(forecast, observed):
    if official.level_right(forecast, observed):
        assert official.joined_level_right(forecast, observed)
        assert official.city_score(forecast, observed, primary=True) >= 70.0
    if official.half_level(forecast) == official.half_level(observed):
        assert official.level_right(forecast, observed)


@given(st.lists(st.integers(0, 500), min_size=3, max_size=7))
def test_a_forecast_that_moves_one_way_does_not_flip(values):
    assert official.flip_flop(sorted(values)) == 0.0
    assert official.flip_flop(values) >= 0.0
