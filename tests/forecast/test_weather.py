"""Daily weather: the contract, the arithmetic of a day, the declared modes and their tables."""

from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast import air, almanac, weather, weather_modes
from forecast.features import LEADS, Area
from plans.errors import DataError

UNTIL = date(2014, 12, 1)
AREA = Area("1001A", ("1001A",))


def hourly(days=400, seed=1, stations=("1001A",)) -> xr.Dataset:
    """Made-up weather with a yearly wave, from 2014-01-01."""
    random = np.random.default_rng(seed)
    hours = air.hours(
        datetime(2014, 1, 1, tzinfo=air.BEIJING), datetime(2014, 1, 1, tzinfo=air.BEIJING) + timedelta(days=days)
    )
    shape = (len(stations), len(hours))
    wave = -10 * np.cos(2 * np.pi * np.arange(len(hours)) / 8766)
    temperature = wave + random.normal(0, 3, shape)
    values = {
        "pm25": np.full(shape, 50.0),
        "temperature": temperature,
        "dew_point": temperature - random.gamma(2, 3, shape),
        "pressure": 1010 + random.normal(0, 5, shape),
        "rain": random.gamma(0.1, 1, shape).round(1),
        "wind_speed": random.gamma(2, 1, shape),
        "wind_direction": random.uniform(0, 360, shape),
    }
    return air.dataset(values, stations=stations, valid_time=hours)


def test_the_natural_day_is_hours_1_to_24_so_midnight_belongs_to_the_day_that_ends() -> None:
    data = hourly(days=3)
    data["temperature"].values[:] = 5.0
    data["temperature"].values[:, 23] = 29.0  # hour 24 of the first day, labelled 00:00 of the second

    made = weather.observed_daily(data, areas=[AREA])

    assert [29.0, 5.0, 5.0] == made["temperature_max"].values[0].tolist()
    assert 6.0 == made["temperature_mean"].values[0, 0]


def test_seventeen_hours_make_no_daily_number_and_eighteen_do() -> None:
    data = hourly(days=2)
    data["pressure"].values[:, :7] = np.nan
    data["pressure"].values[:, 24:30] = np.nan

    made = weather.observed_daily(data, areas=[AREA])["pressure_mean"].values[0]

    assert [True, False] == np.isnan(made).tolist()


def test_wind_that_turns_has_speed_but_no_constancy() -> None:
    data = hourly(days=1)
    data["wind_speed"].values[:] = 4.0
    data["wind_direction"].values[:] = np.tile([0.0, 180.0], 12)

    made = weather.observed_daily(data, areas=[AREA])

    assert 4.0 == made["wind_speed_mean"].item()
    assert pytest.approx(0.0, abs=1e-9) == made["wind_constancy"].item()
    assert 0.0 == made["calm_share"].item()


def test_north_wind_blows_to_the_south() -> None:
    data = hourly(days=1)
    data["wind_direction"].values[:] = 0.0

    made = weather.observed_daily(data, areas=[AREA])

    assert made["wind_north_mean"].item() == pytest.approx(-made["wind_speed_mean"].item())


def test_saturated_air_is_at_a_hundred_percent_and_has_no_depression() -> None:
    data = hourly(days=1)
    data["dew_point"].values[:] = data["temperature"].values

    made = weather.observed_daily(data, areas=[AREA])

    assert 1.0 == pytest.approx(made["relative_humidity_mean"].item())
    assert 0.0 == made["dew_point_depression_mean"].item()


def test_every_daily_variable_of_the_contract_has_a_unit_and_a_place_in_the_document() -> None:
    from pathlib import Path

    text = (Path(__file__).parents[2] / "docs" / "weather.md").read_text(encoding="utf-8")

    assert [] == [name for name in weather.DAILY if f"`{name}`" not in text]


def test_perfect_weather_is_what_was_observed_on_the_valid_day() -> None:
    data = hourly(days=20)
    observed = weather.observed_daily(data, areas=[AREA])["wind_speed_mean"].values[0]

    made = weather_modes.perfect_weather(data, areas=[AREA])

    assert "perfect" == made.attrs["weather_mode"]
    for lead in range(1, LEADS + 1):
        at = made["wind_speed_mean"].sel(issue_date="2014-01-05", lead=lead).item()
        assert observed[4 + lead] == at


def test_degraded_weather_fades_from_the_truth_to_the_usual() -> None:
    data = hourly(days=700, stations=("1001A", "1002A"))
    areas = [AREA, Area("1002A", ("1002A",))]
    perfect = weather_modes.perfect_weather(data, areas=areas)["pressure_mean"]
    degraded = weather_modes.degraded_weather(data, areas=areas, climate_until=date(2015, 6, 1))["pressure_mean"]

    kept = []
    for lead in (0, 6):
        x, y = perfect.values[..., lead].ravel(), degraded.values[..., lead].ravel()
        known = ~np.isnan(x + y)
        kept.append(np.corrcoef(x[known], y[known])[0, 1])

    assert (0.95, 0.45) == (weather_modes.WEIGHTS[0], weather_modes.WEIGHTS[-1])
    assert pytest.approx([0.95, 0.45], abs=0.08) == kept


def test_degraded_weather_is_the_same_for_the_same_seed_and_declared_as_simulated() -> None:
    data = hourly(days=120)
    one, two = (weather_modes.degraded_weather(data, areas=[AREA], climate_until=date(2014, 4, 1)) for _ in range(2))
    other = weather_modes.degraded_weather(data, areas=[AREA], climate_until=date(2014, 4, 1), seed=3)

    assert one.identical(two)
    assert not one.equals(other)
    assert ("forecast", "true") == (one.attrs["weather_mode"], one.attrs["simulated"])


def test_degraded_weather_of_a_run_knows_nothing_after_its_seventh_day() -> None:
    data = hourly(days=400)
    changed = data.copy(deep=True)
    changed["wind_speed"].values[:, 390 * 24 :] = 30.0
    runs = [
        weather_modes.degraded_weather(one, areas=[AREA], climate_until=UNTIL).sel(issue_date=slice(None, "2015-01-18"))
        for one in (data, changed)
    ]

    assert runs[0].equals(runs[1])


def test_degraded_weather_stays_possible() -> None:
    made = weather_modes.degraded_weather(hourly(days=400), areas=[AREA], climate_until=UNTIL)

    assert (made["rain_sum"].fillna(0) >= 0).all()
    assert ((made["calm_share"].fillna(0) >= 0) & (made["calm_share"].fillna(0) <= 1)).all()
    known = made.notnull()
    assert (made["temperature_min"] <= made["temperature_max"]).where(known["temperature_min"], True).all()


def test_too_short_a_climatology_is_refused() -> None:
    with pytest.raises(DataError, match="60 days"):
        weather_modes.degraded_weather(hourly(days=100), areas=[AREA], climate_until=date(2014, 1, 20))


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_a_table_comes_back_as_it_was_written(tmp_path, suffix) -> None:
    made = weather_modes.perfect_weather(hourly(days=12), areas=[AREA])

    path = weather_modes.write_table(made, tmp_path / f"weather{suffix}")
    back = weather_modes.read_table(path, mode="perfect")

    xr.testing.assert_allclose(made.dropna("issue_date", how="all"), back[list(made)])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda frame: frame.drop(columns="valid_date"), "expected valid_date"),
        (lambda frame: frame.assign(valid_date="2014-03-01"), "out of reach"),
        (lambda frame: pd.concat([frame, frame.head(1)]), "stands twice"),
        (lambda frame: frame.assign(issue_date="soon"), "not a day"),
        (lambda frame: frame.assign(temperature_mean=300.0), "temperature_mean is impossible"),
        (lambda frame: frame.assign(wind_speed_mean="strong"), "not numbers"),
        (lambda frame: frame[["station", "issue_date", "valid_date"]], "holds no weather"),
    ],
)
def test_a_wrong_table_is_refused_in_one_sentence(tmp_path, change, words) -> None:
    frame = weather_modes.to_frame(weather_modes.perfect_weather(hourly(days=3), areas=[AREA]))
    change(frame).to_csv(tmp_path / "wrong.csv", index=False)

    with pytest.raises(DataError, match=words):
        weather_modes.read_table(tmp_path / "wrong.csv")


def test_a_column_of_ones_own_goes_through(tmp_path) -> None:
    frame = weather_modes.to_frame(weather_modes.perfect_weather(hourly(days=3), areas=[AREA]))
    frame.assign(dust_index=1.5).to_csv(tmp_path / "more.csv", index=False)

    assert "dust_index" in weather_modes.read_table(tmp_path / "more.csv")


def test_undeclared_weather_is_refused() -> None:
    made = weather_modes.perfect_weather(hourly(days=3), areas=[AREA])
    made.attrs.pop("weather_mode")

    with pytest.raises(DataError, match="mode is not declared"):
        weather.check_daily(made)


def test_a_day_with_its_time_zone_stays_the_day_it_is_in_beijing(tmp_path) -> None:
    frame = weather_modes.to_frame(weather_modes.perfect_weather(hourly(days=3), areas=[AREA]))
    plain = weather_modes.write_table(
        weather_modes.perfect_weather(hourly(days=3), areas=[AREA]), tmp_path / "a.parquet"
    )
    for name in ("issue_date", "valid_date"):
        frame[name] = frame[name].dt.tz_localize("Asia/Shanghai")
    frame.to_parquet(tmp_path / "zoned.parquet")

    zoned = weather_modes.read_table(tmp_path / "zoned.parquet")

    assert zoned["issue_date"].values.tolist() == weather_modes.read_table(plain)["issue_date"].values.tolist()


def test_a_row_without_a_station_and_a_table_of_another_mode_are_refused(tmp_path) -> None:
    frame = weather_modes.to_frame(weather_modes.perfect_weather(hourly(days=3), areas=[AREA]))
    frame.assign(weather_mode="perfect").to_csv(tmp_path / "perfect.csv", index=False)
    frame.loc[1, "station"] = None
    frame.to_csv(tmp_path / "blank.csv", index=False)

    with pytest.raises(DataError, match=r"names no station \(blank.csv row 2\)"):
        weather_modes.read_table(tmp_path / "blank.csv")
    with pytest.raises(DataError, match=r"says another weather mode.*expected forecast, found perfect"):
        weather_modes.read_table(tmp_path / "perfect.csv")
    assert weather_modes.read_table(tmp_path / "perfect.csv", mode="perfect").attrs["weather_mode"] == "perfect"


@given(st.floats(0, 60), st.floats(0, 359.9))
@settings(max_examples=50, deadline=None)
def test_components_give_the_speed_back(speed, direction) -> None:
    _, east, north = weather.wind(np.array([speed]), np.array([direction]), None, None)
    back, _, _ = weather.wind(None, None, east, north)

    assert back is not None
    assert pytest.approx(speed, abs=1e-9) == back[0]


def test_the_calendar_knows_rest_days_that_moved() -> None:
    """State Council notice for 2015: 18-24 February off, Sunday 15 and Saturday 28 February worked."""
    days = np.array(["2015-02-15", "2015-02-18", "2015-02-28", "2015-02-25"], dtype="datetime64[D]")

    table = almanac.table(days)

    assert [1, 0, 1, 1] == table[:, almanac.NAMES.index("working_day")].tolist()
    assert [1, 0, 1, 0] == table[:, almanac.NAMES.index("makeup_work")].tolist()


def test_fireworks_burn_on_new_years_eve_and_not_in_july() -> None:
    assert almanac.fireworks(date(2016, 2, 7)) == 1.0
    assert almanac.fireworks(date(2016, 7, 7)) == 0.0
    table = almanac.table(np.array(["2016-02-07", "2016-07-07"], dtype="datetime64[D]"))
    assert [-1, almanac.FAR] == table[:, almanac.NAMES.index("new_year_distance")].tolist()
