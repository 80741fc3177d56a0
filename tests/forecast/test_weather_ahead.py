"""What a model may learn from: runs that were kept, runs made where none were, and variables nobody observes."""

from datetime import date, timedelta

import numpy as np
import pytest
import xarray as xr

from forecast import backtest, weather_modes
from forecast.features import Area, issue_time
from forecast.predict import make_outlook
from forecast.train import load, save, train
from forecast.weather_ahead import by_area, leads_known, learnable, lesson, observed_of, weathered
from forecast.weather_made import run_for_every_day
from plans.errors import DataError

UNTIL = date(2015, 2, 20)
HEIGHT = "boundary_layer_height_mean"


@pytest.fixture(scope="module")
def runs(small_air, areas):
    return weather_modes.degraded_weather(small_air, areas=areas, climate_until=UNTIL)


def _of_late(runs):
    """The runs as an office has them that began to keep them when it began to use them."""
    return runs.sel(issue_date=runs["issue_date"].values >= np.datetime64(UNTIL) - np.timedelta64(1, "D"))


def _with_height(runs):
    height = 300 + 100 * np.abs(runs["wind_speed_mean"])
    return runs.assign({HEIGHT: height.assign_attrs(units="m")})


def test_runs_that_were_kept_are_learned_from_as_they_are(small_air, areas, runs):
    learned, stand_in = learnable(small_air, runs, areas=areas, until=UNTIL)

    assert learned is runs and not stand_in


def test_where_no_run_was_kept_the_model_learns_from_made_ones_and_says_so(
    small_air, areas, runs, tmp_path, fill_archive
):
    made = train(small_air, until=UNTIL, areas=areas, model="blend-weather", weather=_of_late(runs))

    again = load(save(made, tmp_path).parent)
    outlook = make_outlook(
        fill_archive(small_air), again, area=areas[0].key, area_name="甲", stations=areas[0].stations,
        issued_at=issue_time(UNTIL) + timedelta(hours=1), aqi_edition="hj633-2012", weather=runs,
    )  # fmt: skip

    assert again.manifest["stand_in_runs"]
    assert any("训练期没有存档的气象预报" in note for note in outlook.mode_notes)


def test_a_day_without_a_run_gets_one_that_errs_as_those_kept_do(small_air, areas, runs):
    seen = observed_of(small_air, areas=areas)
    days = runs["issue_date"].values.astype("datetime64[D]")
    late = days >= np.datetime64(UNTIL) - np.timedelta64(120, "D")
    kept = runs.isel(issue_date=np.flatnonzero(late))

    _, whole, made = run_for_every_day(kept, seen, until=UNTIL)

    xr.testing.assert_equal(whole.sel(issue_date=kept["issue_date"]), kept)
    assert made == int((~late & (days >= seen["valid_date"].values[0].astype("datetime64[D]"))).sum())
    truth = weather_modes.perfect_weather(small_air, areas=areas)["temperature_mean"].sel(issue_date=days[~late][1:])
    missed = [(one["temperature_mean"].sel(issue_date=days[~late][1:]) - truth).std() for one in (whole, runs)]
    assert float(missed[0]) == pytest.approx(float(missed[1]), rel=0.3), "neither known nor unsaid"


def test_a_table_that_lacks_no_day_is_learned_from_as_it_is(small_air, areas, runs):
    _, whole, made = run_for_every_day(runs, observed_of(small_air, areas=areas), until=UNTIL)

    assert whole is runs and made == 0


def test_the_model_says_of_how_many_days_runs_were_made(small_air, areas, runs):
    days = runs["issue_date"].values.astype("datetime64[D]")
    kept = runs.isel(issue_date=np.flatnonzero(days >= np.datetime64(UNTIL) - np.timedelta64(70, "D")))

    made = train(small_air, until=UNTIL, areas=areas, model="persistence", weather=kept)

    assert made.manifest["runs_made"] > 60 and not made.manifest["stand_in_runs"]


def test_made_runs_know_nothing_of_what_comes_after_the_training(small_air, areas, runs):
    late = small_air.copy(deep=True)
    after = late["valid_time"].values > np.datetime64("2015-02-19T16:00")  # its hour 24 is still of the 19th
    late["wind_speed"].values[:, after] += 5
    before = {"areas": areas, "until": UNTIL}

    made, other = (learnable(data, _of_late(runs), **before)[0] for data in (small_air, late))

    past = made["issue_date"].values + np.timedelta64(7, "D") < np.datetime64(UNTIL)
    xr.testing.assert_equal(made.isel(issue_date=past), other.isel(issue_date=past))


def test_what_nobody_observes_cannot_be_made_up(small_air, areas, runs):
    with pytest.raises(DataError, match=rf"too few weather runs.*not observed: {HEIGHT}.*Give the runs"):
        learnable(small_air, _with_height(_of_late(runs)), areas=areas, until=UNTIL)


def test_a_variable_nobody_observes_is_measured_by_the_next_run(small_air, areas, runs):
    with_height = _with_height(runs)

    again = lesson(small_air, with_height, areas=areas, until=UNTIL).redrawn

    drawn, said = again[0][HEIGHT].values[:, 60:120], with_height[HEIGHT].values[:, 60:120]
    assert np.isfinite(drawn).all()
    spread = [float(np.std(drawn[..., lead] - said[..., lead])) for lead in (0, 6)]
    assert spread[0] == pytest.approx(0), "lead 1 is the measure itself"
    assert spread[1] > 10


def test_a_model_learns_from_runs_with_a_variable_nobody_observes(small_air, areas, runs):
    made = train(small_air, until=UNTIL, areas=areas, model="blend-weather", weather=_with_height(runs))

    assert made.weather_mode == "forecast" and HEIGHT not in made.belief.shares


def test_what_past_runs_did_not_say_is_neither_learned_nor_asked_with(small_air, areas, runs):
    """Past runs without mixing heights and without the evening of the seventh day; tonight's has both."""
    with_height = _with_height(runs)
    past = with_height["issue_date"].values < np.datetime64(UNTIL) - np.timedelta64(10, "D")
    thin = with_height.assign(
        {
            HEIGHT: with_height[HEIGHT].where(xr.DataArray(~past, dims="issue_date")),
            "wind_speed_evening": with_height["wind_speed_evening"].where(
                xr.DataArray(~past, dims="issue_date") | (with_height["lead"] < 7)
            ),
        }
    )
    belief = lesson(small_air, thin, areas=areas, until=UNTIL).belief

    assert HEIGHT not in belief.variables and {"wind_speed_evening": [7]} == belief.unheard
    tonight = belief.own(with_height)
    assert HEIGHT not in tonight
    assert [True] * 6 + [False] == tonight["wind_speed_evening"].notnull().any(("area", "issue_date")).values.tolist()
    made = train(small_air, until=UNTIL, areas=areas, model="persistence", weather=thin)
    assert {"wind_speed_evening": [7]} == made.manifest["weather_unheard"]


DAY = date(2015, 2, 24)
AT = {"issue_date": np.datetime64(DAY, "us")}


@pytest.fixture(scope="module")
def simple(small_air, areas, runs):
    """A model that declares the mode and looks at no weather, trained in no time."""
    return train(small_air, until=UNTIL, areas=areas, model="persistence", weather=runs)


@pytest.fixture
def ask(fill_archive, small_air, areas):
    archive = fill_archive(small_air)

    def asked(model, weather, **changes):
        usual = {"area": "city", "area_name": "甲", "stations": areas[0].stations, "aqi_edition": "hj633-2012"}
        issued_at = issue_time(DAY) + timedelta(hours=1)
        return make_outlook(archive, model, issued_at=issued_at, weather=weather, **{**usual, **changes})

    return asked


def _without(runs, **where):
    """The runs with nothing known of a part."""
    made = runs.copy(deep=True)
    for name in made:
        made[name].loc[AT | where] = np.nan
    return made


def test_a_run_without_a_value_for_the_area_is_no_run(simple, runs, ask):
    emptied = _without(runs, area="city")

    with pytest.raises(DataError, match="no weather run for the day: expected 2015-02-24 for city, found none with"):
        ask(simple, emptied)
    assert ask(simple, emptied, area="S901A", stations=("S901A",)).weather_mode == "forecast"


def test_a_day_that_only_another_place_has_a_run_for_is_no_run(simple, runs, ask):
    parts = [_of_late(runs).sel(area=["S901A"]), runs.sel(area=["city"], issue_date=[])]
    both = xr.concat(parts, dim="area", join="outer")

    with pytest.raises(DataError, match="no weather run for the day"):
        ask(simple, both)


@pytest.mark.parametrize(
    ("leads", "said"), [(slice(3, 7), "3–7"), ([2, 5, 6], "2、5–6"), ([4], "4")]
)  # fmt: skip
def test_days_ahead_of_which_the_run_says_nothing_are_named(simple, runs, ask, leads, said):
    outlook = ask(simple, _without(runs, lead=leads))

    note = f"第{said}天没有气象预报，按常年取值"
    assert note in outlook.mode_notes
    assert not any("没有气象预报" in one for one in ask(simple, runs).mode_notes)


def test_a_table_is_read_by_the_columns_of_the_training_in_their_order(small_air, areas, runs, tmp_path):
    two = ["wind_speed_mean", "temperature_mean"]
    made = train(small_air, until=UNTIL, areas=areas, model="persistence", weather=runs[two])
    again = load(save(made, tmp_path).parent)

    assert again.manifest["weather_variables"] == two and again.belief.variables == tuple(two)
    exactly = weathered(small_air, runs[two], areas=areas, belief=again.belief)
    more = weathered(small_air, runs, areas=areas, belief=again.belief)
    other_order = weathered(small_air, runs[two[::-1]], areas=areas, belief=again.belief)
    xr.testing.assert_identical(exactly, more)
    xr.testing.assert_identical(exactly, other_order)


def test_a_column_of_the_training_that_is_missing_is_named_by_all_who_ask(small_air, areas, runs, ask):
    made = train(
        small_air, until=UNTIL, areas=areas, model="persistence", weather=runs[["wind_speed_mean", "temperature_mean"]]
    )
    rain = runs[["wind_speed_mean", "rain_sum"]]
    sentence = "lacks a variable the model was trained with.*expected temperature_mean, found wind_speed_mean, rain_sum"

    with pytest.raises(DataError, match=sentence):
        ask(made, rain)
    with pytest.raises(DataError, match=sentence):
        backtest.run(
            small_air, train_until=UNTIL, first=UNTIL, last=UNTIL, edition="hj633-2012", areas=areas, models=("blend",),
            paths=2, weather=rain, trained={"blend-weather": made},
        )  # fmt: skip


def test_perfect_weather_too_is_read_by_the_columns_of_the_training(small_air, areas):
    perfect = weather_modes.perfect_weather(small_air, areas=areas)
    taught = lesson(small_air, perfect[["wind_speed_mean"]], areas=areas, until=UNTIL)

    assert taught.belief.variables == ("wind_speed_mean",)


def test_an_area_without_rows_of_its_own_has_the_mean_of_its_stations(runs, codes):
    by_station = runs.sel(area=list(codes))

    made = by_area(by_station, [Area("city", codes)])

    np.testing.assert_allclose(
        made["wind_speed_mean"].sel(area="city").values, by_station["wind_speed_mean"].mean("area").values
    )
    assert made["wind_speed_mean"].dims == ("area", "issue_date", "lead") and made.attrs == runs.attrs
    assert by_area(runs, [Area("city", codes)]) is runs, "its own rows are kept"


def test_on_days_of_which_the_citys_kept_runs_say_nothing_its_stations_speak_for_it(runs, codes):
    """A source was asked for the city first and for the office's stations later: one row each, never both."""
    city, later = Area("city", codes), runs["issue_date"].values[-30:]
    mixed = runs.copy(deep=True).assign_attrs(runs_of="openmeteo")
    for name in mixed:
        mixed[name].loc[{"area": "city", "issue_date": later}] = np.nan
    made = by_area(mixed, [city])
    speed, day = made["wind_speed_mean"].sel(area="city"), later[0].astype("datetime64[D]").astype(object)

    assert sorted(map(str, mixed["area"].values)) == sorted(map(str, made["area"].values))
    np.testing.assert_array_equal(
        speed.values[:-30], mixed["wind_speed_mean"].sel(area="city").values[:-30], "its own where it has any"
    )
    np.testing.assert_allclose(
        speed.values[-30:], runs["wind_speed_mean"].sel(area=list(codes)).mean("area").values[-30:]
    )
    assert (1, 2, 3, 4, 5, 6, 7) == leads_known(mixed, area=city, day=day)


def test_a_mean_needs_half_of_the_stations(runs, codes):
    wide = Area("city", (*codes, "S903A", "S904A"))
    one_silent = runs.sel(area=list(codes)).copy(deep=True)
    one_silent["wind_speed_mean"].loc[{"area": codes[0]}] = np.nan

    assert np.isfinite(by_area(runs.sel(area=list(codes)), [wide])["wind_speed_mean"].sel(area="city")).any()
    assert np.isnan(by_area(one_silent, [wide])["wind_speed_mean"].sel(area="city")).all()
    assert "city" not in by_area(runs.sel(area=[codes[0]]), [wide])["area"].values


def test_a_table_by_stations_serves_the_city_in_training_and_in_the_outlook(small_air, areas, codes, runs, ask):
    by_station = runs.sel(area=list(codes))

    made = train(small_air, until=UNTIL, areas=areas[:1], model="persistence", weather=by_station)

    assert ask(made, by_station).weather_mode == "forecast"
    assert leads_known(by_station, area=areas[0], day=DAY) == (1, 2, 3, 4, 5, 6, 7)


def test_variables_that_were_never_observed_cannot_be_made_up_from_empty_columns(small_air, areas, runs):
    deaf = small_air.copy(deep=True)
    deaf["wind_speed"].values[:] = np.nan

    with pytest.raises(DataError, match=r"too few weather runs.*not observed:.*wind_constancy"):
        learnable(deaf, _of_late(runs), areas=areas, until=UNTIL)
