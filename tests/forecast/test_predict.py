"""The outlook: made from what was known, the same every time, and honest about what was missing."""

from datetime import date, datetime, timedelta

import numpy as np
import pytest

from console import language
from forecast import air, features
from forecast.aqi import of_daily
from forecast.daily import city_mean, daily_statistics
from forecast.outlook import QUANTILES, THRESHOLDS, Outlook
from forecast.predict import aqi_of, make_outlook, make_outlooks, quantiles, seed
from plans.errors import DataError, RuleError

DAY = date(2015, 3, 2)
ISSUED = features.issue_time(DAY) + timedelta(hours=1)


@pytest.fixture(scope="module")
def archive(tmp_path_factory, small_air, codes):
    from forecast.archive import Archive
    from forecast.readers.station_list import Station

    made = Archive.open(tmp_path_factory.mktemp("archive") / "archive.db")
    made.write_stations(Station(code, code, "样例市（虚构）", 113.0, 28.0, "simulated", "sample") for code in codes)
    made.write(small_air, source="sample-generator", delay=timedelta(hours=1))
    yield made
    made.close()


@pytest.fixture(scope="module")
def ask(small_model, codes):
    def asked(archive, **changes):
        usual = {
            "area": "city", "area_name": "样例市", "stations": codes, "issued_at": ISSUED, "aqi_edition": "hj633-2012",
        }  # fmt: skip
        return make_outlook(archive, small_model, **{**usual, **changes})

    return asked


def test_the_outlook_has_seven_days_from_tomorrow_on(archive, ask, small_model):
    made = ask(archive)

    assert [day.valid_date for day in made.days] == [DAY + timedelta(days=lead) for lead in range(1, 8)]
    assert [day.lead_days for day in made.days] == [1, 2, 3, 4, 5, 6, 7]
    assert made.data_until == features.issue_time(DAY)
    assert (made.weather_mode, made.simulated, made.mode_notes) == ("none", True, ())
    assert made.model_digest == small_model.digest
    assert len(made.aqi_paths) == 200


def test_every_figure_of_a_day_follows_from_the_paths(archive, ask):
    made = ask(archive)

    paths = np.array(made.aqi_paths)
    for lead, day in enumerate(made.days):
        members = paths[:, lead]
        assert day.exceedance == tuple(float(np.mean(members > limit)) for limit in THRESHOLDS)
        assert sum(day.level_probabilities) == pytest.approx(1.0)
        assert day.level_probabilities[0] == np.mean(members <= 50)
        assert all(value in members for value in day.aqi_quantiles)
        assert np.mean(members <= day.aqi_quantiles[-1]) >= QUANTILES[-1]


def test_asking_twice_gives_the_same_digest_and_json_gives_it_back(archive, ask):
    made = ask(archive)

    assert ask(archive).digest == made.digest
    assert Outlook.from_json(made.to_json()).digest == made.digest


def test_changing_the_archive_after_the_issue_changes_nothing(fill_archive, small_air, ask):
    """Later hours differ, and a correction of the past is received an hour after the issue: neither may be seen."""
    other = small_air.copy(deep=True)
    later = other["valid_time"].values > air.utc(features.issue_time(DAY))
    for name in air.POLLUTANTS:
        other[name].values[:, later] = 400.0
    plain, changed = fill_archive(small_air, "plain.db"), fill_archive(other, "changed.db")
    before = ask(plain)

    corrected = small_air.isel(valid_time=np.flatnonzero(~later)).copy(deep=True)
    for name in air.POLLUTANTS:
        corrected[name].values[:] = corrected[name].values * 2.0
    changed.write(corrected, source="sample-generator", received_at=ISSUED + timedelta(hours=1))

    assert ask(changed).digest == before.digest
    assert ask(changed, issued_at=ISSUED + timedelta(hours=2)).digest != before.digest


def test_one_archive_read_day_by_day_gives_the_batch(archive, ask, small_model, codes):
    batch = make_outlooks(
        archive, small_model, area="city", area_name="样例市", stations=codes, first=DAY - timedelta(days=1), last=DAY,
        aqi_edition="hj633-2012",
    )  # fmt: skip

    assert [outlook.issued_at for outlook in batch] == [ISSUED - timedelta(days=1), ISSUED]
    assert batch[1].digest == ask(archive).digest


def test_the_other_edition_reads_the_same_concentrations(archive, ask):
    old, new = ask(archive), ask(archive, aqi_edition="hj633-2026")

    assert [day.concentration_medians for day in old.days] == [day.concentration_medians for day in new.days]
    assert np.array(new.aqi_paths).sum() > np.array(old.aqi_paths).sum()


def test_what_is_missing_is_named_and_the_forecast_still_comes(fill_archive, small_air, codes, ask):
    damaged = small_air.copy(deep=True)
    recent = damaged["valid_time"].values > air.utc(ISSUED - timedelta(days=4))
    for name in air.POLLUTANTS:
        damaged[name].values[0, recent] = np.nan
    damaged["so2"].values[:, recent] = np.nan
    damaged["wind_speed"].values[:, recent] = np.nan

    made = ask(fill_archive(damaged))

    assert made.mode_notes == (f"最近24小时无数据的站点：{codes[0]}", "最近24小时缺少SO2数据", "缺少气象观测：风速")
    assert len(made.days) == 7


def test_without_any_data_the_outlook_says_that_it_rests_on_history(fill_archive, small_air, ask):
    early = small_air.isel(
        valid_time=np.flatnonzero(small_air["valid_time"].values <= air.utc(ISSUED - timedelta(days=40)))
    )

    made = ask(fill_archive(early))

    assert made.mode_notes[0] == "最近24小时没有任何监测数据，预报主要依据历史同期"
    assert len(made.days) == 7


def test_an_issue_before_the_last_hour_has_come_in_says_so(archive, ask):
    made = ask(archive, issued_at=ISSUED - timedelta(hours=1))

    assert made.mode_notes == ("最新数据截至03月02日23时，缺最后1小时",)
    assert made.data_until == ISSUED - timedelta(hours=2)


def test_a_model_of_midnight_is_not_used_in_the_afternoon(archive, ask):
    sentence = r"does not fit the issue time: expected up to 6 h after hour 24 of a day.*Ask for .* a moment inside"
    with pytest.raises(DataError, match=sentence):
        ask(archive, issued_at=ISSUED + timedelta(hours=14))


def test_naive_times_unknown_areas_stations_and_editions_are_refused(archive, ask):
    with pytest.raises(DataError, match="has no time zone"):
        ask(archive, issued_at=datetime(2015, 3, 3, 1))  # noqa: DTZ001
    with pytest.raises(DataError, match="not trained for the area"):
        ask(archive, area="elsewhere")
    with pytest.raises(DataError, match="station is not known"):
        ask(archive, stations=("9999A",))
    with pytest.raises(RuleError):
        ask(archive, aqi_edition="hj633-1999")


def test_stations_that_closed_or_came_since_the_training_are_named(archive, ask, codes):
    fewer, other = ask(archive, stations=codes[:1]), ask(archive, area=codes[0], stations=codes)

    assert fewer.mode_notes == (f"模型训练时有、本次未采用的站点：{codes[1]}",)
    assert other.mode_notes == (f"本次采用、模型训练时没有的站点：{codes[1]}",)
    assert all(language.word(note) for note in (*fewer.mode_notes, *other.mode_notes))


def test_an_area_of_none_of_the_models_stations_is_another_place(archive, ask, codes):
    with pytest.raises(DataError, match=rf"none of those the model was trained with .*expected {codes[0]}, found"):
        ask(archive, area=codes[0], stations=codes[1:])


def test_an_hour_later_with_the_same_data_the_outlook_says_the_same(archive, ask):
    first, later = ask(archive), ask(archive, issued_at=ISSUED + timedelta(minutes=30))

    assert first.aqi_paths == later.aqi_paths


def test_the_seed_is_of_area_and_day_alone():
    assert seed("city", DAY) == seed("city", DAY)
    assert len({seed("city", DAY), seed("town", DAY), seed("city", DAY + timedelta(days=1))}) == 3


def test_aqi_of_paths_is_the_official_daily_aqi(small_air, codes):
    daily = daily_statistics(city_mean(small_air, stations=codes, minimum_share=0.5))
    official = of_daily(daily.drop_vars("o3_1h"), edition="hj633-2012", gaps="available")
    values = np.stack([daily[name].values for name in features.TARGETS], axis=-1)

    aqi, primary = aqi_of(values, edition="hj633-2012")

    assert np.array_equal(aqi, official["aqi"].values)
    assert np.array_equal(primary, official["primary"].values)


def test_quantiles_are_values_of_scenarios():
    assert quantiles(np.arange(1, 201)) == (10, 20, 50, 100, 150, 180, 190)
