"""Runs for days of which none was kept: an office that began to keep them in autumn learns from its springs too.

A made run is made of the weather observed, and errs as the runs kept do. How they do shows on the runs themselves
(weather_crosscheck). Where the variables of a run err by themselves, its errors are those of a run that was kept. Where
all of it errs at once, as weather does, some weeks hold too few kinds of error: a model would know them again and
believe itself. Then it errs as the stand-in of weather_modes does, and is as good as the runs kept were, per variable
and lead: holds as much of the observed departure, and misses as much.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import xarray as xr

from forecast.weather_crosscheck import Crosscheck, learned
from forecast.weather_modes import Errs, in_order, made_runs
from forecast.weather_path import departures, errors_of, ran, redrawn

SEED = 1000
"""Of the runs made; training draws its own with small ones."""


def run_for_every_day(
    weather: xr.Dataset, observed: xr.Dataset, *, until: date
) -> tuple[Crosscheck | None, xr.Dataset, int]:
    """How variables check one another, the runs with one for every issue day before `until`, how many of them are made.

    weather: daily weather ahead (area, issue_date, lead); observed: daily weather (area, valid_date) of the same areas.
    Runs kept stay as they are, but for the check (weather_crosscheck.learned). A variable that nobody observes stays
    unknown on days without a run.
    """
    issues, days = (x.values.astype("datetime64[D]") for x in (weather["issue_date"], observed["valid_date"]))
    wanted = days[days + np.timedelta64(1, "D") < np.datetime64(until, "D")]
    missing = np.setdiff1d(wanted, issues[ran(weather)])
    names = [str(name) for name in weather if name in observed]
    if not len(missing) or not names:
        return *learned(weather, observed, until=until), 0
    whole = weather.reindex(issue_date=np.union1d(issues, missing).astype("datetime64[us]"))
    kept = ~np.isin(whole["issue_date"].values.astype("datetime64[D]"), missing)
    drawn = _joined(whole, in_order(redrawn(whole[names], observed, until=until, seed=SEED)), kept)
    source = np.where(kept, np.arange(len(kept)), errors_of(whole[names], until=until, seed=SEED))
    check, drawn = learned(drawn, observed, until=until, errors_of=source)
    if check is not None:
        return check, drawn, len(missing)
    errs = {name: _errs(weather, observed, name, until=until) for name in names}
    return None, _joined(whole, made_runs(observed, errs=errs, until=until, seed=SEED), kept), len(missing)


def _joined(whole: xr.Dataset, made: xr.Dataset, kept: np.ndarray) -> xr.Dataset:
    made = made.sel(area=whole["area"].values).reindex(issue_date=whole["issue_date"].values)
    there = xr.DataArray(kept, dims="issue_date")
    return whole.assign({name: whole[name].where(there, made[name]) for name in map(str, made)})


def _errs(weather: xr.Dataset, observed: xr.Dataset, name: str, *, until: date) -> Errs:
    """How an observed variable of the runs errs, from valid days before `until`; NaN at a lead never said."""
    _usual, x, y = departures(weather, observed, name, until=until)
    there = ~(np.isnan(x) | np.isnan(y))
    both, own, said = (np.where(there, part, 0.0).sum(axis=(0, 1)) for part in (x * y, x * x, y * y))
    with np.errstate(divide="ignore", invalid="ignore"):
        held = both / own
        return Errs(held, np.sqrt(np.maximum(said / own - held**2, 0.0)))
