"""Other kinds of weather error than the stand-in's, on the test year: ours beside the peers, in the degraded mode.

The aim speaks of "perfect weather blended with climatology plus lead-dependent noise". The stand-in of
forecast.weather_modes draws its noise from other weeks, as weather errs; this asks the same of noise as others may
read it: normal numbers of the same size, drawn anew for every lead and variable, once each station's own, once the same
for all stations. Half an hour of a core a kind, and each first run is a look at the test year (docs/verification.md
counts them). LANTIAN_ERRORS=own|shared asks for one kind.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from benchmarks.skill import compare, exchange, ours

if TYPE_CHECKING:
    from datetime import date

    import xarray as xr

    from forecast.features import Area

KINDS = {"own": "of each station, lead and variable its own", "shared": "the same for all stations"}
SEED = 20150301


def noisy(dataset: xr.Dataset, *, areas: tuple[Area, ...], kind: str, until: date = exchange.TRAIN_UNTIL) -> xr.Dataset:
    """Daily weather (area, issue_date, lead), mode "forecast", whose errors are normal and of one of KINDS.

    At lead k it is climatology + w_k x observed departure + sqrt(1 - w_k^2) x standard deviation of the departures x a
    normal number; climatology and deviation are those of the days before `until`, per area and variable.
    """
    from forecast import weather_modes
    from forecast.weather import DAILY, check_daily, observed_daily

    observed = observed_daily(dataset, areas=areas)
    days = observed["valid_date"].values.astype("datetime64[D]")
    past = days < np.datetime64(until, "D")
    made = weather_modes.perfect_weather(dataset, areas=areas)
    issues = made["issue_date"].values.astype("datetime64[D]")
    valid = issues[:, None] + np.arange(1, len(weather_modes.WEIGHTS) + 1) * np.timedelta64(1, "D")
    weight = np.array(weather_modes.WEIGHTS)
    random = np.random.default_rng(SEED)
    for name in map(str, observed):
        usual = weather_modes.climate(observed[name], valid, until=until)
        departures = observed[name].values - weather_modes.climate(observed[name], days, until=until)
        size = np.nanstd(departures[:, past], axis=1)[:, None, None]
        drawn = random.standard_normal(made[name].shape if kind == "own" else (1, *made[name].shape[1:]))
        mixed = usual + weight * (made[name].values - usual) + np.sqrt(1 - weight**2) * size * drawn
        made[name].values[:] = np.clip(mixed, DAILY[name].low, DAILY[name].high)
    made = weather_modes.in_order(made)
    made.attrs |= {"weather_mode": "forecast", "source": f"normal errors, {KINDS[kind]}", "simulated": "true"}
    return check_daily(made)


def run() -> dict[str, Any]:
    """Per kind and lead: CRPS of ours and of the best single peer, and by how many percent ours is lower."""
    if not exchange.DATA.is_dir():
        return {"skipped": f"{exchange.DATA.name} is not in ../shared/data"}
    wanted = os.environ.get("LANTIAN_ERRORS", "")
    return {kind: _asked(kind) for kind in ([wanted] if wanted else KINDS)}


def _asked(kind: str) -> dict[str, Any]:
    from forecast.features import Area
    from forecast.readers import prsa

    folder = exchange.room() / f"errors-{kind}"
    folder.mkdir(exist_ok=True)
    if not (folder / "ours_forecast.parquet").is_file():
        dataset = prsa.read(exchange.DATA)
        areas = tuple(Area(str(code), (str(code),)) for code in dataset["station"].values)
        weather = noisy(dataset, areas=areas, kind=kind)
        exchange.export(dataset, folder, degraded=weather)
        ours.write(folder, "forecast", dataset, areas=areas, weather=weather)
    exchange.peers(folder, modes=("forecast",))  # all of them: which is the best hangs on the errors
    return _compared(folder)


def _compared(folder: Path) -> dict[str, Any]:
    rows = [compare.read_rows(path) for path in sorted(folder.glob("rows_*.parquet"))]
    rows.append(compare.read_rows(folder / "ours_forecast.parquet"))
    own = str(rows[-1]["model"].iloc[0])
    done = compare.compare(pd.concat(rows), pd.read_parquet(folder / "daily.parquet"), ours=(own,))["forecast"]
    (folder / "comparison.json").write_text(json.dumps(done, indent=1, ensure_ascii=False), encoding="utf-8")
    return {
        lead: {model: round(score["crps"], 2) for model, score in at["scores"].items()}
        | {"best_peer": at["best_peer"]}
        | {name: round(value, 3) for name, value in at["against_best"][own].items()}
        for lead, at in done.items()
    }


if __name__ == "__main__":
    print(json.dumps(run(), indent=1, ensure_ascii=False))
