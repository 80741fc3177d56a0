"""From the daily weather ahead to what a model sees of it: what it believes of a run, then the way of the air."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Self

import numpy as np
import xarray as xr

from forecast import air
from forecast.features import Area
from forecast.weather import check_daily, observed_daily
from forecast.weather_crosscheck import Crosscheck, checked
from forecast.weather_local import Shares, led_back, shares_of
from forecast.weather_made import run_for_every_day
from forecast.weather_modes import degraded_weather
from forecast.weather_path import redrawn, way
from forecast.whole_days import goes_round_the_year
from plans.errors import DataError

REDRAWN = 3
"""How often forecast runs are drawn again for training; more changed nothing on folds that a year can resolve."""

HEARD = 0.5
"""Share of the training's runs that must say something of a variable at a lead for it to be learned from."""

LEAST_RUNS = 60
"""Issue days before the end of training that must have a run for a model to learn from runs."""


@dataclass(frozen=True, slots=True, eq=False)
class Belief:
    """How a model takes what a run says; all of it as it is said where nothing was learned."""

    shares: Shares = field(default_factory=dict)
    """How far local detail is believed (weather_local)."""
    check: Crosscheck | None = None
    """How the variables of a run correct one another (weather_crosscheck); None where they do not."""
    variables: tuple[str, ...] = ()
    """The variables of the weather that was learned from; all that a table holds where they are not named."""
    unheard: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """Leads of a variable of which too few runs said anything: what a later run says of them is left aside."""

    def of(self, weather: xr.Dataset, *, among: Sequence[Area]) -> xr.Dataset:
        """The daily weather as the model believes it, beside the mean of the model's areas `among`.

        Only of the variables it learned from, others are left aside. DataError: one of them is missing.
        """
        keys = [area.key for area in among]
        weather = led_back(self.own(weather), self.shares, among=keys)
        return weather if self.check is None else checked(weather, self.check, among=keys)

    def own(self, weather: xr.Dataset) -> xr.Dataset:
        """The weather that was learned from: its variables in their order, nothing at leads that were not heard.

        DataError: a variable is missing.
        """
        if not self.variables:
            return weather
        missing = [name for name in self.variables if name not in weather]
        if missing:
            raise DataError(
                "The weather lacks a variable the model was trained with",
                where=str(weather.attrs.get("source", "daily weather")),
                expected=", ".join(missing)[:200],
                found=", ".join(map(str, weather))[:200],
                todo="Give the columns of the training, or train again with these",
            )
        return _silenced(weather[list(self.variables)], self.unheard)

    def arrays(self) -> dict[str, np.ndarray]:
        """What a model file keeps of the check; the shares and the variables stand in its manifest."""
        return {} if self.check is None else self.check.arrays()

    @classmethod
    def restore(
        cls,
        shares: Shares,
        arrays: Mapping[str, np.ndarray],
        variables: Sequence[str],
        unheard: Mapping[str, Sequence[int]],
    ) -> Self:
        """From the shares, :meth:`arrays`, the names of the variables and their unheard leads."""
        return cls(shares, Crosscheck.restore(arrays) if arrays else None, tuple(variables), dict(unheard))


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
    made: int
    """Issue days without a run for which one was made (weather_made)."""
    seasons: bool
    """Whether the runs learned from go round the year; what they are worth in a season without any is not known."""


def learnable(
    dataset: xr.Dataset, weather: xr.Dataset, *, areas: Sequence[Area], until: date
) -> tuple[xr.Dataset, bool]:
    """The weather a model learns from, and whether it is a stand-in for runs nobody kept.

    With fewer than LEAST_RUNS runs before `until` they are made from observed weather
    (weather_modes.degraded_weather). Areas as :func:`by_area` has them. DataError: a variable of the runs is not
    observed then; the weather lacks an area.
    """
    weather = _held(weather, areas)
    if weather.attrs["weather_mode"] != "forecast":
        return weather, False
    runs = len(_run_days(weather, until))
    if runs >= LEAST_RUNS:
        return weather, False
    there = observed_of(dataset, areas=areas).data_vars
    made = degraded_weather(dataset, areas=areas, climate_until=until) if there else xr.Dataset()
    missing = sorted({str(name) for name in weather} - {str(name) for name in made if made[name].notnull().any()})
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

    Days of which no run was kept get one made of the weather observed, as good as those kept.
    DataError: the weather lacks an area, or is no daily weather; too few runs, see :func:`learnable`.
    """
    weather, stand_in = learnable(dataset, weather, areas=areas, until=until)
    weather, seen = weather.sel(area=[area.key for area in areas]), observed_of(dataset, areas=areas)
    if weather.attrs["weather_mode"] != "forecast":
        belief = Belief(variables=tuple(map(str, weather)))
        return Lesson(way(weather, seen), (), belief, stand_in=False, made=0, seasons=True)
    weather, unheard = heard(weather, until=until)
    variables = tuple(map(str, weather))
    seasons = goes_round_the_year(_run_days(weather, until))
    shares = shares_of(weather, seen, until=until)
    weather = led_back(weather, shares, among=[area.key for area in areas])
    check, weather, made = run_for_every_day(weather, seen, until=until)
    truth = _completed(seen, weather)
    again = tuple(way(redrawn(weather, truth, until=until, seed=seed), seen) for seed in range(REDRAWN))
    return Lesson(way(weather, seen), again, Belief(shares, check, variables, unheard), stand_in, made, seasons)


def heard(weather: xr.Dataset, *, until: date) -> tuple[xr.Dataset, dict[str, list[int]]]:
    """The weather without what too few runs before `until` said anything of, and the leads so left out by variable.

    Services change: a variable comes in one spring, or past runs lack what tonight's has. What half of the runs did not
    say cannot be learned from, and a model is not to be asked with what it never heard. A variable of which no lead is
    left is left out itself.
    """
    days = np.isin(weather["issue_date"].values.astype("datetime64[D]"), _run_days(weather, until))
    past = weather.isel(issue_date=days)
    out, unheard = {}, {}
    for name in map(str, weather):
        said = past[name].notnull().any("area").mean("issue_date").transpose("lead").values >= HEARD
        if said.any():
            out[name] = weather[name]
            if not said.all():
                unheard[name] = [int(lead) for lead in weather["lead"].values[~said]]
    return _silenced(xr.Dataset(out, coords=weather.coords, attrs=weather.attrs), unheard), unheard


def _silenced(weather: xr.Dataset, unheard: Mapping[str, Sequence[int]]) -> xr.Dataset:
    cut = {name: weather[name].where(~weather["lead"].isin(list(leads))) for name, leads in unheard.items()}
    return weather.assign(cut) if cut else weather


def _run_days(weather: xr.Dataset, until: date) -> np.ndarray:
    """The issue days with a run of which any valid day lies before `until`."""
    days = weather["issue_date"].values.astype("datetime64[D]")
    known = weather.notnull().any(("area", "lead")).to_dataarray().any("variable").values
    chosen: np.ndarray = days[known & (days + np.timedelta64(1, "D") < np.datetime64(until, "D"))]
    return chosen


def weathered(
    dataset: xr.Dataset,
    weather: xr.Dataset,
    *,
    areas: Sequence[Area],
    belief: Belief = AS_SAID,
    among: Sequence[Area] = (),
) -> xr.Dataset:
    """What a model that is asked sees of the weather ahead: its predictors (weather_path.way) for the areas.

    `belief`: how the model takes a run, beside the mean of `among`, by default the areas. Areas as :func:`by_area` has
    them. DataError: the weather lacks an area or a variable the model learned from, or is no daily weather.
    """
    others = [area for area in among if area.key not in {one.key for one in areas}]
    weather = by_area(_held(weather, areas), others)
    weather = belief.of(weather, among=among or areas).sel(area=[area.key for area in areas])
    return way(weather, observed_of(dataset, areas=areas))


def observed_of(dataset: xr.Dataset, *, areas: Sequence[Area]) -> xr.Dataset:
    """The observed daily weather (area, valid_date) of what anybody observes; no variable where nobody observes any.

    Monitoring stations of a city often have no weather at all; then the runs alone tell it (:func:`_completed`,
    weather_path.way).
    """
    held = [name for name in air.WEATHER if name in dataset and bool(dataset[name].notnull().any())]
    if not held:
        first, last = air.natural_day(dataset["valid_time"].values[[0, -1]])
        days = np.arange(first, last + np.timedelta64(1, "D")).astype("datetime64[us]")
        return xr.Dataset(coords={"area": [area.key for area in areas], "valid_date": days})
    rest = [name for name in air.WEATHER if name in dataset and name not in held]
    return observed_daily(dataset.drop_vars(rest), areas=areas)


def by_area(weather: xr.Dataset, areas: Sequence[Area]) -> xr.Dataset:
    """The weather with a row for every area it can speak of: its own, else the mean of its stations' rows.

    A mean needs a value of half of the area's stations. Of kept runs it stands too for the issue days of which the
    area's own say nothing: the source may have been asked for the city once and for its stations now. An area without
    rows of its own and with too few of its stations' is left out.
    """
    there = {str(key) for key in weather["area"].values}
    made: list[xr.Dataset] = []
    for area in areas:
        known = [code for code in area.stations if code in there and code != area.key]
        if 2 * len(known) < len(area.stations) or (area.key in there and not weather.attrs.get("runs_of")):
            continue
        rows = weather.sel(area=known)
        enough = 2 * rows.notnull().sum("area") >= len(area.stations)
        mean = rows.mean("area").where(enough).expand_dims(area=[area.key])
        if area.key in there:
            own = weather.sel(area=[area.key])
            silent = ~_told(own)
            if not bool((silent & _told(mean)).any()):
                continue
            mean = own.where(~silent, mean)
        made.append(mean)
    if not made:
        return weather
    new = [str(one["area"].values[0]) for one in made]
    kept = weather.sel(area=[str(key) not in new for key in weather["area"].values])
    joined = xr.concat([kept, *made], dim="area").assign_attrs(weather.attrs)
    return joined.transpose("area", "issue_date", "lead")


def _told(weather: xr.Dataset) -> xr.DataArray:
    """(area, issue_date): whether the run says anything."""
    return weather.notnull().any("lead").to_dataarray().any("variable")


def leads_known(weather: xr.Dataset, *, area: Area, day: date, belief: Belief = AS_SAID) -> tuple[int, ...]:
    """The leads of which the run of a day says anything of an area, in a variable that was learned from.

    DataError: the weather lacks the area or a variable, or it holds no run of that day with a value for the area.
    """
    weather = belief.own(_held(weather, [area]))
    at = weather["issue_date"].values.astype("datetime64[D]") == np.datetime64(day, "D")
    run = weather.sel(area=area.key).isel(issue_date=np.flatnonzero(at)).to_dataarray()
    known = run.notnull().any(("variable", "issue_date"))
    leads = tuple(int(lead) for lead in run["lead"].values[known.values])
    if not leads:
        expected = f"{day.isoformat()} for {area.key}"
        raise DataError("There is no weather run for the day", expected=expected, found="none with a value")
    return leads


def told(weather: xr.Dataset, *, areas: Sequence[Area], days: np.ndarray, belief: Belief = AS_SAID) -> np.ndarray:
    """(area, day): whether the run of an issue day says anything of an area, in a variable that was learned from.

    `days`: datetime64[D]. A day without a run is as one whose run says nothing. DataError as in :func:`leads_known`,
    but for the day.
    """
    said = _told(belief.own(_held(weather, areas))).transpose("area", "issue_date")
    keys, issues = [area.key for area in areas], said["issue_date"].values.astype("datetime64[D]")
    return np.stack([np.isin(days, issues[one]) for one in said.sel(area=keys).values.astype(bool)])


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


def _held(weather: xr.Dataset, areas: Sequence[Area]) -> xr.Dataset:
    """The daily weather with a row for each of the areas (see :func:`by_area`)."""
    weather = by_area(check_daily(weather), areas)
    missing = {area.key for area in areas} - {str(key) for key in weather["area"].values}
    if missing:
        raise DataError("The weather lacks an area", expected=sorted(missing)[0], found="none of it")
    return weather
