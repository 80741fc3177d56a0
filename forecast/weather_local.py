"""What a run says of one place beside its neighbours, believed as far as it was right.

The places of a run share its large weather. What it says apart of each is partly the place and partly chance, and the
farther the lead the more it is chance; so a value is the mean of the places plus a share of the place's own departure
from it. The share is learned before the end of training, per variable and lead, and kept with the model. Where the
local detail of a run is right, as in perfect weather, the share is 1 and nothing changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import xarray as xr

from forecast.features import LEADS

LEAST = 100
"""Pairs of said and observed departures without which a variable is taken as it is said."""

Shares = Mapping[str, Sequence[float]]
"""Variable to the share (0..1) of the local departure that is believed at each lead."""


def shares_of(weather: xr.Dataset, observed: xr.Dataset, *, until: date) -> dict[str, list[float]]:
    """Per variable the share per lead: observed departures regressed on those said, of valid days before `until`.

    weather: daily weather ahead (area, issue_date, lead); observed: daily weather (area, valid_date) of the same areas.
    1 where there is one area only, or too little is known.
    """
    issues = weather["issue_date"].values.astype("datetime64[D]")
    days = observed["valid_date"].values.astype("datetime64[D]")
    out: dict[str, list[float]] = {}
    for name in map(str, weather):
        if name not in observed:
            continue
        said = _departures(weather[name].transpose("area", "issue_date", "lead").values)
        seen = observed[name].sel(area=weather["area"].values).transpose("area", "valid_date").values
        found = []
        for lead in range(LEADS):
            valid = issues + np.timedelta64(lead + 1, "D")
            at = ((valid - days[0]) / np.timedelta64(1, "D")).astype(np.intp)
            usable = (valid < np.datetime64(until, "D")) & (at >= 0) & (at < len(days))
            x, y = said[:, usable, lead], _departures(seen[:, at[usable]])
            known = ~(np.isnan(x) | np.isnan(y))
            square = float((x[known] ** 2).sum())
            share = float((x[known] * y[known]).sum()) / square if known.sum() >= LEAST and square > 1e-9 else 1.0
            found.append(round(min(max(share, 0.0), 1.0), 4))
        out[name] = found
    return out


def led_back(weather: xr.Dataset, shares: Shares, *, among: Sequence[str]) -> xr.Dataset:
    """The weather with every local departure cut to its share; the mean is over the areas of `among` it holds.

    A variable without a share stays as it is, and so does what is unknown.

    >>> places = ("area", "issue_date", "lead"), np.array([[[1.0]], [[3.0]]])
    >>> daily = xr.Dataset({"wind_speed_mean": places}, coords={"area": ["a", "b"]})
    >>> led_back(daily, {"wind_speed_mean": [0.5]}, among=["a", "b"])["wind_speed_mean"].values.ravel().tolist()
    [1.5, 2.5]
    """
    there = [key for key in among if key in weather["area"].values]
    out = {}
    for name in map(str, weather):
        values = weather[name].transpose("area", "issue_date", "lead")
        if name in shares and there:
            middle = mean_of(values.sel(area=there).values)
            values = values.copy(data=values.values - (1 - np.asarray(shares[name])) * (values.values - middle))
        out[name] = values
    return xr.Dataset(out, coords=weather.coords, attrs=weather.attrs)


def _departures(values: np.ndarray) -> np.ndarray:
    out: np.ndarray = values - mean_of(values)
    return out


def mean_of(values: np.ndarray) -> np.ndarray:
    """(1, ...): over the areas, the first axis, of those known; NaN where none is."""
    known = ~np.isnan(values)
    number = known.sum(axis=0, keepdims=True)
    total = np.where(known, values, 0.0).sum(axis=0, keepdims=True)
    out: np.ndarray = np.where(number > 0, total / np.maximum(number, 1), np.nan)
    return out
