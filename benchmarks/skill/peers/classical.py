"""statsforecast's AutoARIMA, AutoETS and AutoTheta on log daily AQI, each station a series of its own.

Orders are chosen once on the training years; the fitted model is then carried forward over the test year day by day.
AutoARIMA takes the valid day's weather as exogenous numbers in the modes that have it. Intervals are the library's own.
"""

from __future__ import annotations

import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from common import DAY, LEADS, PROBABILITIES, Air, last_primary, rows, write
from scipy.stats import norm
from statsforecast.arima import auto_arima_f
from statsforecast.models import AutoETS, AutoTheta

EXOGENOUS = (
    "wind_speed_mean", "wind_north_mean", "wind_east_mean", "dew_point_depression_mean", "temperature_mean",
    "pressure_mean", "rain_sum", "calm_share",
)  # fmt: skip
HISTORY = 400
"""Days of history a state is carried forward on (ETS and Theta refit their state on it)."""


def filled(air: Air) -> np.ndarray:
    """Log AQI with gaps bridged from the past only (last value)."""
    return pd.DataFrame(np.log(np.maximum(air.aqi_any, 1)).T).ffill().bfill().to_numpy().T


def weather(folder: Path, air: Air, mode: str) -> tuple[np.ndarray, np.ndarray]:
    """(station, day, n) of the day itself as it was known at the end of it, and (station, day, lead, n) ahead."""
    frame = pd.read_parquet(
        folder / f"weather_{mode}.parquet", columns=["station", "issue_date", "valid_date", *EXOGENOUS]
    )
    seen = pd.read_parquet(
        folder / "weather_perfect.parquet", columns=["station", "issue_date", "valid_date", *EXOGENOUS]
    )
    ahead = _grid(frame, air)
    own = np.full((len(air.stations), len(air.days), len(EXOGENOUS)), np.nan)
    perfect = _grid(seen, air)
    own[:, 1:] = perfect[:, :-1, 0]
    middle = np.nanmean(own[:, air.train], axis=(0, 1))
    scale = np.nanstd(own[:, air.train], axis=(0, 1))
    return np.nan_to_num((own - middle) / scale), np.nan_to_num((ahead - middle) / scale)


def season(days: np.ndarray) -> np.ndarray:
    """One harmonic of the year, (..., 2): known ahead, and two years cannot carry more."""
    angle = 2 * np.pi * ((days.astype("datetime64[D]").astype(np.int64) % 365.2425) / 365.2425)
    return np.stack([np.sin(angle), np.cos(angle)], axis=-1)


def _grid(frame: pd.DataFrame, air: Air) -> np.ndarray:
    out = np.full((len(air.stations), len(air.days), LEADS, len(EXOGENOUS)), np.nan)
    issue = frame["issue_date"].to_numpy().astype("datetime64[D]")
    lead = ((frame["valid_date"].to_numpy().astype("datetime64[D]") - issue) / DAY).astype(int) - 1
    at = ((issue - air.days[0]) / DAY).astype(int)
    place = frame["station"].map({code: number for number, code in enumerate(air.stations)}).to_numpy()
    inside = (at >= 0) & (at < len(air.days))
    out[place[inside], at[inside], lead[inside]] = frame.loc[inside, list(EXOGENOUS)].to_numpy()
    return out


def normal(mean: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    return np.exp(mean[..., None] + sigma[..., None] * norm.ppf(PROBABILITIES))


def arima(folder: Path, air: Air, mode: str) -> np.ndarray:
    logs = filled(air)
    count = int(air.train.sum())
    shape = (len(air.stations), len(air.days))
    own = np.broadcast_to(season(air.days), (*shape, 2))
    ahead = np.broadcast_to(season(air.days[:, None] + np.arange(1, LEADS + 1) * DAY), (*shape, LEADS, 2))
    if mode != "none":
        seen, said = weather(folder, air, mode)
        own, ahead = np.concatenate([own, seen], axis=-1), np.concatenate([ahead, said], axis=-1)
    out = np.empty((len(air.stations), len(air.issues), LEADS, 7))
    for station in range(len(air.stations)):
        past = np.ascontiguousarray(own[station, :count])
        # d=0: log AQI has no unit root, and a difference would forbid the return to what is usual.
        fit = auto_arima_f(
            logs[station, :count], d=0, D=0, seasonal=False, max_p=3, max_q=3, xreg=past, approximation=False
        )
        coefficients = {name: value for name, value in fit["coef"].items()}
        p, q = fit["arma"][0], fit["arma"][1]
        phi = np.array([coefficients.get(f"ar{i + 1}", 0.0) for i in range(p)])
        theta = np.array([coefficients.get(f"ma{i + 1}", 0.0) for i in range(q)])
        names = [name for name in coefficients if not name.startswith(("ar", "ma"))]
        beta = np.array([coefficients[name] for name in names])
        constant = coefficients.get("intercept", 0.0)
        slopes = beta[1:] if names and names[0] == "intercept" else beta
        signal = logs[station] - constant - own[station] @ slopes
        error = np.zeros(len(signal))
        said = np.zeros(len(signal))
        for day in range(len(signal)):
            said[day] = sum(phi[i] * signal[day - 1 - i] for i in range(p) if day > i)
            said[day] += sum(theta[i] * error[day - 1 - i] for i in range(q) if day > i)
            error[day] = signal[day] - said[day]
        psi = np.zeros(LEADS)
        psi[0] = 1.0
        for j in range(1, LEADS):
            psi[j] = (theta[j - 1] if j - 1 < q else 0.0) + sum(
                phi[i] * psi[j - 1 - i] for i in range(p) if j - 1 - i >= 0
            )
        sigma = np.sqrt(fit["sigma2"] * np.cumsum(psi**2))
        for column, issue in enumerate(air.issues):
            at = air.place(issue)
            path, shocks = list(signal[: at + 1][-p - 8 :]), list(error[: at + 1][-q - 8 :])
            mean = np.empty(LEADS)
            for lead in range(LEADS):
                value = sum(phi[i] * path[-1 - i] for i in range(p)) + sum(theta[i] * shocks[-1 - i] for i in range(q))
                path.append(value)
                shocks.append(0.0)
                mean[lead] = value
            level = constant + mean + ahead[station, at] @ slopes
            out[station, column] = normal(level, sigma)
    return out


def forward(air: Air, kind: str) -> np.ndarray:
    """AutoETS or AutoTheta: the form chosen on the training years, carried over the test year."""
    logs = filled(air)
    count = int(air.train.sum())
    out = np.empty((len(air.stations), len(air.issues), LEADS, 7))
    levels = [50, 80, 90]
    for station in range(len(air.stations)):
        model = AutoETS(season_length=7) if kind == "AutoETS" else AutoTheta(season_length=7)
        model.fit(logs[station, :count][-HISTORY:])
        for column, issue in enumerate(air.issues):
            at = air.place(issue)
            made = model.forward(logs[station, at + 1 - HISTORY : at + 1], h=LEADS, level=levels)
            columns = ["lo-90", "lo-80", "lo-50", "mean", "hi-50", "hi-80", "hi-90"]
            out[station, column] = np.exp(np.stack([made[name] for name in columns], axis=-1))
    return out


def main(folder: Path, modes: list[str]) -> None:
    warnings.filterwarnings("ignore", message="possible convergence problem")  # of orders that are tried and dropped
    air = Air(folder)
    primary = last_primary(air)
    for mode in modes:
        begun = time.perf_counter()
        frame = rows(air, arima(folder, air, mode), model="AutoARIMA", mode=mode, primary=primary)
        write(frame, folder, f"autoarima_{mode}")
        print(f"AutoARIMA {mode}: {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)
    for kind in ("AutoETS", "AutoTheta"):
        begun = time.perf_counter()
        write(rows(air, forward(air, kind), model=kind, mode="none", primary=primary), folder, kind.lower())
        print(f"{kind}: {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or ["none", "forecast", "perfect"])
