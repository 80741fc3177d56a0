"""The backtest is operations repeated: the same numbers, nothing seen before its day, a table anybody can score."""

import csv
from datetime import date, timedelta

import numpy as np
import pytest

from forecast import air, features
from forecast.aqi import of_daily
from forecast.backtest import COLUMNS, run
from forecast.daily import daily_statistics
from forecast.predict import make_outlook
from plans.errors import DataError

FIRST, LAST = date(2015, 2, 20), date(2015, 3, 12)


@pytest.fixture(scope="module")
def trial(small_air, areas, small_model):
    return run(
        small_air, train_until=FIRST, first=FIRST, last=LAST, edition="hj633-2012", areas=areas,
        models=("blend", "persistence", "climatology"), trained={"blend": small_model},
    )  # fmt: skip


def test_every_issue_day_has_seven_rows_per_area_and_model(trial):
    rows = list(trial.rows("blend"))

    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == 3 * 22 * 7
    assert {row["issue_date"] for row in rows} == {str(date(2015, 2, 19) + timedelta(days=day)) for day in range(22)}
    for row in rows:
        assert date.fromisoformat(row["valid_date"]) - date.fromisoformat(row["issue_date"]) == timedelta(row["lead"])
        assert row["q05"] <= row["q10"] <= row["q25"] <= row["q50"] <= row["q75"] <= row["q90"] <= row["q95"]
        assert row["p_gt200"] <= row["p_gt150"] <= row["p_gt100"] <= 1


def test_a_row_is_what_operations_would_have_issued(trial, fill_archive, small_air, small_model, codes):
    """The archive of the moment, read as of the issue, gives the backtest's row, to the last figure."""

    day = date(2015, 3, 2)
    issued_at = features.issue_time(day)
    archive = fill_archive(small_air, "prompt.db")
    prompt = make_outlook(
        archive, small_model, area="city", area_name="样例市", stations=codes,
        issued_at=issued_at + timedelta(hours=1), aqi_edition="hj633-2012",
    )  # fmt: skip

    rows = [row for row in trial.rows("blend") if row["station"] == "city" and row["issue_date"] == str(day)]

    for row, issued in zip(rows, prompt.days, strict=True):
        assert tuple(row[name] for name in COLUMNS[5:12]) == issued.aqi_quantiles
        assert row["p_gt200"] == pytest.approx(issued.probability_above(200), abs=1e-4)
        assert issued.primary in (None, row["primary"])  # the table names the likeliest where the product names none


def test_the_truth_is_the_official_daily_aqi_inside_the_period(trial, small_air, codes):
    official = of_daily(daily_statistics(small_air).drop_vars("o3_1h"), edition="hj633-2012", gaps="strict")
    days = official["valid_date"].values.astype("datetime64[D]")
    issue = 5

    for lead in (1, 3, 7):
        at = np.flatnonzero(days == trial.issue_dates[issue] + lead)[0]
        for place, code in enumerate(codes):
            value = official.sel(station=code)["aqi"].values[at]
            expected = np.nan if value < 0 else float(value)
            np.testing.assert_equal(trial.observed_aqi[1 + place, issue, lead - 1], expected)
    assert np.isnan(trial.observed_aqi[:, -1]).all()


def test_the_table_is_written_whole_and_read_back(trial, tmp_path):
    path = tmp_path / "rows.csv"

    count = trial.write(path, models=["blend"])

    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert count == len(rows) == 3 * 22 * 7
    assert tuple(rows[0]) == COLUMNS
    assert {row["weather_mode"] for row in rows} == {"none"}
    assert list(tmp_path.iterdir()) == [path]


def test_parquet_holds_the_same_table(trial, tmp_path):
    import pandas as pd

    trial.write(tmp_path / "rows.csv", models=["blend"])
    trial.write(tmp_path / "rows.parquet", models=["blend"])

    text, binary = pd.read_csv(tmp_path / "rows.csv"), pd.read_parquet(tmp_path / "rows.parquet")
    assert binary["q50"].tolist() == text["q50"].tolist()
    assert binary["valid_date"].dt.strftime("%Y-%m-%d").tolist() == text["valid_date"].tolist()


def test_other_files_are_refused_in_one_sentence(trial, tmp_path):
    with pytest.raises(DataError, match=r"kind of file is not known"):
        trial.write(tmp_path / "rows.txt")
    assert not list(tmp_path.iterdir())


def test_a_test_inside_the_training_is_refused(small_air):
    with pytest.raises(DataError, match="begins inside the training: expected 2015-02-20 or later, found 2015-02-01"):
        run(small_air, train_until=FIRST, first=date(2015, 2, 1), last=LAST, edition="hj633-2012")


def test_days_outside_the_data_are_refused(small_air):
    with pytest.raises(DataError, match="outside the data"):
        run(small_air, train_until=FIRST, first=FIRST, last=date(2016, 3, 1), edition="hj633-2012")


def test_a_station_that_was_never_measured_is_said_and_does_not_end_the_rest(small_air, areas, codes):
    silent, told = small_air.copy(deep=True), []
    for name in air.POLLUTANTS:
        silent[name].values[0] = np.nan

    done = run(
        silent, train_until=FIRST, first=FIRST, last=LAST, edition="hj633-2012", areas=areas[1:],
        models=("climatology",), say=told.append,
    )  # fmt: skip

    assert (codes[1],) == done.areas == tuple(dict.fromkeys(row["station"] for row in done.rows("climatology")))
    assert f"没有足够的数据可供训练，不作预报：{codes[0]}" in told
