"""The yardstick itself: scores of known forecasts, the best peer, the interval."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scores.continuous import quantile_score
from scores.probability import crps_for_ensemble

from benchmarks.skill import compare, section
from plans.errors import DataError

NAMES = compare.QUANTILES


def rows(model: str, middle, *, mode: str = "none", spread: float = 30.0, days: int = 90) -> pd.DataFrame:
    """Forecasts for days from 2015-03-02 at lead 1, one station; `middle` per day."""
    issue = pd.Timestamp("2015-03-01") + pd.to_timedelta(np.arange(days), unit="D")
    z = np.array([-1.645, -1.282, -0.674, 0, 0.674, 1.282, 1.645])
    frame = pd.DataFrame(
        {"station": "1001A", "issue_date": issue, "valid_date": issue + pd.Timedelta(days=1), "lead": 1}
    )
    middle = np.broadcast_to(middle, days)
    frame["mean"] = middle
    for name, step in zip(NAMES, z, strict=True):
        frame[name] = middle + step * spread
    for limit in compare.LIMITS:
        frame[f"p_gt{limit}"] = (middle > limit).astype(float)
    return frame.assign(primary="pm25", model=model, weather_mode=mode)


def truth(values, days: int = 90) -> pd.DataFrame:
    dates = pd.Timestamp("2015-03-02") + pd.to_timedelta(np.arange(days), unit="D")
    return pd.DataFrame({"station": "1001A", "date": dates, "aqi": np.broadcast_to(values, days), "primary": 1})


@pytest.fixture
def observed():
    return np.random.default_rng(1).gamma(4, 30, 90)


def test_crps_is_the_weighted_sum_of_the_quantile_scores_of_the_library(observed) -> None:
    frame = rows("a", 100.0)
    wanted = sum(
        2
        * share
        * quantile_score(xr.DataArray(frame[name].to_numpy(), dims="day"), xr.DataArray(observed, dims="day"), p).item()
        for name, p, share in zip(NAMES, compare.PROBABILITIES, compare.SHARES, strict=True)
    )

    assert pytest.approx(wanted) == compare.crps(frame[NAMES].to_numpy(), observed).mean()


def test_crps_of_seven_quantiles_is_near_that_of_a_large_ensemble(observed) -> None:
    frame = rows("a", 100.0)
    members = np.random.default_rng(2).normal(100, 30, (90, 2000))
    full = crps_for_ensemble(xr.DataArray(members, dims=("day", "m")), xr.DataArray(observed, dims="day"), "m").item()

    assert pytest.approx(full, rel=0.05) == compare.crps(frame[NAMES].to_numpy(), observed).mean()


def test_the_sharper_right_forecast_wins_with_an_interval_that_says_so(observed) -> None:
    frame = pd.concat([rows("ours", observed, spread=10.0), rows("far", 100.0), rows("farther", 200.0)])

    done = compare.compare(frame, truth(observed), ours=["ours"])["none"]["1"]

    assert "far" == done["best_peer"]
    against = done["against_best"]["ours"]
    assert against["lower_by"] > against["low"] > 50
    assert against["dm_p"] < 0.01


def test_a_forecast_against_itself_is_no_better(observed) -> None:
    frame = pd.concat([rows("ours", 100.0), rows("same", 100.0)])

    against = compare.compare(frame, truth(observed), ours=["ours"])["none"]["1"]["against_best"]["ours"]

    assert (0.0, 0.0, 0.0, 1.0) == tuple(against[name] for name in ("lower_by", "low", "high", "dm_p"))


def test_only_days_that_every_model_forecast_and_somebody_observed_count(observed) -> None:
    seen = truth(observed)
    seen.loc[:9, "aqi"] = np.nan
    frame = pd.concat([rows("ours", 100.0), rows("peer", 100.0).iloc[:-5]])

    scores = compare.compare(frame, seen, ours=["ours"])["none"]["1"]["scores"]

    assert {75} == {score["days"] for score in scores.values()}


def test_a_peer_without_weather_stands_in_every_mode_but_not_twice(observed) -> None:
    frame = pd.concat(
        [
            rows("ours", 100.0, mode="perfect"),
            rows("usual", 100.0),
            rows("lgbm", 100.0),
            rows("lgbm", 100.0, mode="perfect"),
        ]
    )

    matched = compare.matched(frame, truth(observed), mode="perfect")

    assert {("ours", "perfect"), ("usual", "none"), ("lgbm", "perfect")} == set(
        matched[["model", "weather_mode"]].itertuples(index=False, name=None)
    )


def test_contingency_follows_its_table() -> None:
    said, event = np.array([1, 1, 0, 0, 1], bool), np.array([1, 0, 1, 0, 1], bool)

    assert {"pod": 2 / 3, "far": 1 / 3, "csi": 0.5} == compare.contingency(said, event)


def test_a_primary_pollutant_counts_when_it_is_among_the_observed(observed) -> None:
    frame = rows("a", 100.0).assign(observed=observed, observed_primary=np.tile([0b000011, 0b100000, 0], 30))

    assert 0.5 == compare._primary(frame)


def test_a_file_without_a_column_is_refused(tmp_path) -> None:
    rows("a", 100.0).drop(columns="q50").to_csv(tmp_path / "rows.csv", index=False)

    with pytest.raises(DataError, match="q50"):
        compare.read_rows(tmp_path / "rows.csv")


def test_the_markdown_names_every_model_and_the_best_peer_in_bold(observed, tmp_path) -> None:
    frame = pd.concat([rows("ours", observed), rows("usual", 100.0)])

    text = compare.markdown(compare.compare(frame, truth(observed), ours=["ours"]), ours=["ours"])

    assert "no weather" in text
    assert "| ours |" in text
    assert "**" in text.split("| usual |")[1].splitlines()[0]


def test_the_section_of_the_page_is_replaced_and_the_rest_stays() -> None:
    page = section.with_section("# Title\n\nold words\n", "one")

    again = section.with_section(page, "two")

    assert "two" == section.section_of(again)
    assert again.startswith("# Title\n\nold words\n")
    assert "one" not in again.replace("# Title\n\nold words\n", "")
    assert "" == section.section_of("a page without it")
