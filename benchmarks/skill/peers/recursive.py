"""mlforecast with LightGBM on log daily AQI: lags, rolling means, date and weather of the day, one global model.

The library's own recursion gives the seven leads; the errors of its own cross-validation over the last training year
(a window every third day, refitted each quarter) give the quantiles. The model is fitted once and carried over the test
year.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import lightgbm as lgb
import numpy as np
import pandas as pd
from common import DAY, LEADS, PROBABILITIES, Air, last_primary, rows, write
from mlforecast import MLForecast
from mlforecast.lag_transforms import RollingMax, RollingMean, RollingStd

HISTORY = 40


def long(air: Air) -> pd.DataFrame:
    """unique_id, ds, y with gaps bridged from the past."""
    log = pd.DataFrame(np.log(np.maximum(air.aqi_any, 5)).T).ffill().bfill().to_numpy().T
    count = len(air.days)
    return pd.DataFrame(
        {
            "unique_id": np.repeat(air.stations, count),
            "ds": np.tile(air.days.astype("datetime64[ns]"), len(air.stations)),
            "y": log.ravel(),
        }
    )


def weather(folder: Path, mode: str) -> pd.DataFrame:
    frame = pd.read_parquet(folder / f"weather_{mode}.parquet")
    frame["lead"] = (frame["valid_date"] - frame["issue_date"]).dt.days
    return frame.rename(columns={"station": "unique_id", "valid_date": "ds"})


def year(frame: pd.DataFrame) -> pd.DataFrame:
    angle = 2 * np.pi * frame["ds"].dt.dayofyear / 365.25
    return frame.assign(sin=np.sin(angle), cos=np.cos(angle))


def main(folder: Path, modes: list[str]) -> None:
    air = Air(folder)
    primary = last_primary(air)
    base = year(long(air))
    calendar = pd.read_parquet(folder / "calendar.parquet").rename(columns={"date": "ds"})
    base["ds"] = base["ds"].astype("datetime64[us]")
    base = base.merge(calendar, on="ds", how="left")
    for mode in modes:
        begun = time.perf_counter()
        frame, said, columns = base, None, []
        if mode != "none":
            said = weather(folder, mode)
            columns = [name for name in said if name not in ("unique_id", "ds", "issue_date", "lead")]
            # The recursion knows one weather a day: that of lead 1, or of the middle lead where forecasts are worse.
            lead = 1 if mode == "perfect" else 4
            frame = base.merge(
                said.loc[said["lead"] == lead, ["unique_id", "ds", *columns]], on=["unique_id", "ds"], how="left"
            )
        model = lgb.LGBMRegressor(
            n_estimators=200, learning_rate=0.05, num_leaves=16, min_child_samples=60, colsample_bytree=0.4,
            subsample=0.7, subsample_freq=1, reg_lambda=5.0, n_jobs=1, verbosity=-1, random_state=1,
        )  # fmt: skip
        forecast = MLForecast(
            models={"LightGBM": model}, freq="D", lags=[1, 2, 3, 4, 7, 14],
            lag_transforms={1: [RollingMean(3), RollingMean(7), RollingMean(30), RollingStd(7), RollingMax(7)]},
            date_features=["dayofweek"],
        )  # fmt: skip
        train = frame[frame["ds"] < pd.Timestamp("2015-03-01")]
        tried = forecast.cross_validation(train, n_windows=120, h=LEADS, step_size=3, refit=30, static_features=[])
        ahead = (pd.to_datetime(tried["ds"]) - pd.to_datetime(tried["cutoff"])).dt.days.to_numpy()
        error = (tried["y"] - tried["LightGBM"]).to_numpy()
        spread = np.array([np.quantile(error[ahead == lead], PROBABILITIES) for lead in range(1, LEADS + 1)])
        forecast.fit(train, static_features=[])
        extra = [name for name in frame if name not in ("unique_id", "ds", "y")]
        made = np.empty((len(air.stations), len(air.issues), LEADS, 7))
        for column, issue in enumerate(air.issues):
            end = pd.Timestamp(issue)
            history = frame[(frame["ds"] <= end) & (frame["ds"] > end - pd.Timedelta(days=HISTORY))]
            future = pd.DataFrame(
                {
                    "unique_id": np.repeat(air.stations, LEADS),
                    "ds": np.tile((issue + np.arange(1, LEADS + 1) * DAY).astype("datetime64[us]"), len(air.stations)),
                }
            )
            future = year(future).merge(calendar, on="ds", how="left")
            if said is not None:
                future = future.merge(
                    said.loc[said["issue_date"] == end, ["unique_id", "ds", *columns]],
                    on=["unique_id", "ds"],
                    how="left",
                )
                future[columns] = future[columns].ffill().bfill()
            out = forecast.predict(h=LEADS, new_df=history.ffill().bfill(), X_df=future[["unique_id", "ds", *extra]])
            middle = out.sort_values(["unique_id", "ds"])["LightGBM"].to_numpy().reshape(len(air.stations), LEADS)
            made[:, column] = np.exp(middle[..., None] + spread)
        write(rows(air, made, model="mlforecast LightGBM", mode=mode, primary=primary), folder, f"mlforecast_{mode}")
        print(f"mlforecast {mode}: {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or ["none", "forecast", "perfect"])
