"""How many kept weather runs a model needs: none, ten weeks or a year of them, in three kinds of weather error.

Beijing, trained on the first training year, asked about the second (the test year is not looked at). The weeks are the
last before the end of training. A minute each, effort "demo"; LANTIAN_EFFORT=full asks the model of operations, six to
eighteen minutes each.
"""

from __future__ import annotations

import json
import os
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.skill import other_errors
from benchmarks.skill.exchange import DATA, EDITION

if TYPE_CHECKING:
    import xarray as xr

    from forecast.features import Area

UNTIL, LAST = date(2014, 3, 1), date(2015, 2, 20)
KEPT = {"no run": UNTIL, "ten weeks": date(2013, 12, 16), "all": date(2013, 1, 1)}
"""The first issue day with a run; the run of the last training day is needed for the first day asked about."""
KINDS = {"as weather errs": "", **{text: kind for kind, text in other_errors.KINDS.items()}}


def run() -> dict[str, Any]:
    """Per kind of error and number of runs: CRPS of AQI at leads 1 to 7, and how many runs were made in training."""
    if not DATA.is_dir():
        return {"skipped": f"{DATA.name} is not in ../shared/data"}
    from forecast.features import Area
    from forecast.readers import prsa

    dataset = prsa.read(DATA)
    dataset = dataset.isel(valid_time=np.flatnonzero(dataset["valid_time"].values <= np.datetime64("2015-02-28T16:00")))
    areas = tuple(Area(str(code), (str(code),)) for code in dataset["station"].values)
    out: dict[str, Any] = {}
    for kind in KINDS:
        weather = _weather(kind, dataset, areas)
        days = weather["issue_date"].values.astype("datetime64[D]") + np.timedelta64(1, "D")
        for name, first in KEPT.items():
            kept = weather.isel(issue_date=np.flatnonzero(days >= np.datetime64(first, "D")))
            out[f"{kind}, {name}"] = _asked(dataset, areas, kept)
    return {"effort": _effort(), "crps": out}


def _effort() -> Any:
    return os.environ.get("LANTIAN_EFFORT", "demo")


def _weather(kind: str, dataset: xr.Dataset, areas: tuple[Area, ...]) -> xr.Dataset:
    from forecast import weather_modes

    if KINDS[kind]:
        return other_errors.noisy(dataset, areas=areas, kind=KINDS[kind], until=UNTIL)
    return weather_modes.degraded_weather(dataset, areas=areas, climate_until=UNTIL)


def _asked(dataset: xr.Dataset, areas: tuple[Area, ...], weather: xr.Dataset) -> dict[str, Any]:
    from forecast import backtest, train
    from forecast.calibrate import crps

    made = train.train(dataset, until=UNTIL, areas=areas, effort=_effort(), model="blend-weather", weather=weather)
    done = backtest.run(
        dataset, train_until=UNTIL, first=UNTIL, last=LAST, edition=EDITION, areas=areas, models=("blend",),
        weather=weather, trained={"blend-weather": made},
    )  # fmt: skip
    losses = crps(done.forecasts["blend-weather"].aqi.astype(np.float64), done.observed_aqi)
    return {
        "per lead": np.nanmean(losses, axis=(0, 1)).round(1).tolist(),
        "stand-in": made.manifest["stand_in_runs"],
        "runs made": made.manifest["runs_made"],
    }


if __name__ == "__main__":
    print(json.dumps(run(), indent=1, ensure_ascii=False))
