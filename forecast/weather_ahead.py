"""From the daily weather ahead to what a model sees of it: what it believes of a run, then the way of the air."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Self

import numpy as np
import xarray as xr

from forecast.features import Area
from forecast.weather import check_daily, observed_daily
from forecast.weather_crosscheck import Crosscheck, checked, learned
from forecast.weather_local import Shares, led_back, shares_of
from forecast.weather_modes import degraded_weather
from forecast.weather_path import redrawn, way
from plans.errors import DataError

REDRAWN = 3
"""How often forecast runs are drawn again for training; more changed nothing on folds that a year can resolve."""

LEAST_RUNS = 60
"""Issue days before the end of training that must have a run for a model to learn from runs."""


@dataclass(frozen=True, slots=True, eq=False)
class Belief:
    """How a model takes what a run says; all of it as it is said where nothing was learned."""

    shares: Shares = field(default_factory=dict)
    """How far local detail is believed (weather_local)."""
    check: Crosscheck | None = None
    """How the variables of a run correct one another (weather_crosscheck); None where they do not."""

    def of(self, weather: xr.Dataset, *, among: Sequence[Area]) -> xr.Dataset:
        """The daily weather as the model believes it, beside the mean of the model's areas `among`."""
        keys = [area.key for area in among]
        weather = led_back(weather, self.shares, among=keys)
        return weather if self.check is None else checked(weather, self.check, among=keys)

    def arrays(self) -> dict[str, np.ndarray]:
        """What a model file keeps of the check; the shares stand in its manifest."""
        return {} if self.check is None else self.check.arrays()

    @classmethod
    def restore(cls, shares: Shares, arrays: Mapping[str, np.ndarray]) -> Self:
        """From the shares and :meth:`arrays`."""
        return cls(shares, Crosscheck.restore(arrays) if arrays else None)


AS_SAID = Belief()
"""Every value is taken as the run says it."""


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """What a model is taught of the weather ahead."""

    ahead: xr.Dataset
    """Its predictors, as :func:`weathered` makes them."""
    redrawn: tuple[xr.Dataset, ...]
    """The same of runs that might have been; none of perfect weather."""
    belief: Belief
    """How runs are taken; perfect weather as it is."""
    stand_in: bool
    """Whether the runs are made of observed weather because none were kept."""


def learnable(
    dataset: xr.Dataset, weather: xr.Dataset, *, areas: Sequence[Area], until: date
) -> tuple[xr.Dataset, bool]:
    """The weather a model learns from, and whether it is a stand-in for runs nobody kept.

    With fewer than LEAST_RUNS runs before `until` they are made from observed weather
    (weather_modes.degraded_weather). DataError: a variable of the runs is not observed then; the weather lacks an area.
    """
    _held(weather, areas)
    if weather.attrs["weather_mode"] != "forecast":
        return weather, False
    past = weather["issue_date"].values.astype("datetime64[D]") + np.timedelta64(1, "D") < np.datetime64(until, "D")
    known = weather.isel(issue_date=past).notnull().any(("area", "lead")).to_dataarray().any("variable")
    runs = int(known.sum())
    if runs >= LEAST_RUNS:
        return weather, False
    made = degraded_weather(dataset, areas=areas, climate_until=until)
    missing = sorted({str(name) for name in weather} - {str(name) for name in made})
    if missing:
        raise DataError(
            "There are too few weather runs to learn from, and none can be made of what nobody observed",
            expected=f"runs of {LEAST_RUNS} issue days before {until.isoformat()}",
            found=f"{runs}; not observed: {', '.join(missing)[:150]}",
            todo="Give the runs of the training days too, or leave those columns out",
        )
    return made[[str(name) for name in weather]], True


def lesson(dataset: xr.Dataset, weather: xr.Dataset, *, areas: Sequence[Area], until: date) -> Lesson:
    """What a model is taught of the weather ahead, from days before `until`.

    DataError: the weather lacks an area, or is no daily weather; too few runs, see :func:`learnable`.
    """
    weather, stand_in = learnable(dataset, weather, areas=areas, until=until)
    weather, seen = weather.sel(area=[area.key for area in areas]), observed_daily(dataset, areas=areas)
    if weather.attrs["weather_mode"] != "forecast":
        return Lesson(way(weather, seen), (), AS_SAID, stand_in=False)
    shares = shares_of(weather, seen, until=until)
    weather = led_back(weather, shares, among=[area.key for area in areas])
    check, weather = learned(weather, seen, until=until)
    truth = _completed(seen, weather)
    again = tuple(way(redrawn(weather, truth, until=until, seed=seed), seen) for seed in range(REDRAWN))
    return Lesson(way(weather, seen), again, Belief(shares, check), stand_in)


def weathered(
    dataset: xr.Dataset,
    weather: xr.Dataset,
    *,
    areas: Sequence[Area],
    belief: Belief = AS_SAID,
    among: Sequence[Area] = (),
) -> xr.Dataset:
    """What a model that is asked sees of the weather ahead: its predictors (weather_path.way) for the areas.

    `belief`: how the model takes a run, beside the mean of `among`, by default the areas. DataError: the weather lacks
    an area, or is no daily weather.
    """
    keys = _held(weather, areas)
    weather = belief.of(weather, among=among or areas).sel(area=keys)
    return way(weather, observed_daily(dataset, areas=areas))


def _completed(observed: xr.Dataset, weather: xr.Dataset) -> xr.Dataset:
    """The observed daily weather, and for variables nobody observes what the run of the day before said at lead 1."""
    next_day = np.timedelta64(1, "D")
    out = observed.copy()
    for name in map(str, weather):
        if name not in observed:
            first = weather[name].sel(lead=1, drop=True).transpose("area", "issue_date")
            said = first.assign_coords(issue_date=first["issue_date"].values + next_day)
            out[name] = said.rename(issue_date="valid_date").reindex(valid_date=observed["valid_date"].values)
    return out


def _held(weather: xr.Dataset, areas: Sequence[Area]) -> list[str]:
    """The keys of the areas."""
    check_daily(weather)
    missing = {area.key for area in areas} - {str(key) for key in weather["area"].values}
    if missing:
        raise DataError("The weather lacks an area", expected=sorted(missing)[0], found="none of it")
    return [area.key for area in areas]
