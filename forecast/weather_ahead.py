"""From the daily weather ahead to what a model sees of it: local detail as far as believed, then the way of the air."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import xarray as xr

from forecast.features import Area
from forecast.weather import check_daily, observed_daily
from forecast.weather_local import Shares, led_back, shares_of
from forecast.weather_path import redrawn, way
from plans.errors import DataError

REDRAWN = 3
"""How often forecast runs are drawn again for training; more changed nothing on folds that a year can resolve."""


def believed(dataset: xr.Dataset, weather: xr.Dataset, *, areas: Sequence[Area], until: date) -> Shares:
    """How far a run's local detail is believed (weather_local), learned of days before `until`; empty if all of it is.

    DataError: the weather lacks an area, or is no daily weather.
    """
    keys = _held(weather, areas)
    if weather.attrs["weather_mode"] != "forecast":
        return {}
    return shares_of(weather.sel(area=keys), observed_daily(dataset, areas=areas), until=until)


def weathered(
    dataset: xr.Dataset,
    weather: xr.Dataset,
    *,
    areas: Sequence[Area],
    until: date | None = None,
    shares: Shares | None = None,
    among: Sequence[Area] = (),
) -> tuple[xr.Dataset, Sequence[xr.Dataset]]:
    """The predictors of daily weather ahead (weather_path.way), and with `until` those of runs drawn again.

    `shares`: how far local detail is believed, beside the mean of `among`, by default the areas. DataError: the weather
    lacks an area, or is no daily weather.
    """
    keys = _held(weather, areas)
    weather = led_back(weather, shares or {}, among=[area.key for area in among or areas]).sel(area=keys)
    seen = observed_daily(dataset, areas=areas)
    again = []
    if until is not None and weather.attrs["weather_mode"] == "forecast":
        again = [way(redrawn(weather, seen, until=until, seed=seed), seen) for seed in range(REDRAWN)]
    return way(weather, seen), again


def _held(weather: xr.Dataset, areas: Sequence[Area]) -> list[str]:
    """The keys of the areas."""
    check_daily(weather)
    missing = {area.key for area in areas} - {str(key) for key in weather["area"].values}
    if missing:
        raise DataError("The weather lacks an area", expected=sorted(missing)[0], found="none of it")
    return [area.key for area in areas]
