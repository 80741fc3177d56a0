"""The variables of a run checked by one another, where their errors are their own.

A calm day is calm at night and by day, comes with little rain and much damp. Where each variable of a run errs by
itself, its fellows tell much of what it should have said; where a run errs as weather does, all of them at once, they
tell nothing that it does not say itself. Which it is shows on days before the end of training: a regression on all
variables of the lead has to leave a tenth less of what was observed than one on the variable alone, both asked about
days they were not fitted on. Else nothing changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Self

import numpy as np
import xarray as xr

from forecast.features import LEADS
from forecast.weather import DAILY
from forecast.weather_local import mean_of
from forecast.weather_modes import in_order, season_terms
from forecast.whole_days import goes_round_the_year

GAIN = 0.1
"""Share of the error left by the variable alone that its fellows must take away, on average over leads."""

PENALTIES = (0.003, 0.01, 0.03, 0.1, 0.3)
"""Of the regression, in variances of a variable; per lead the one that is best on unseen days."""

FOLDS = 6
LEAST = 100
"""Issue days without which nothing is learned."""

KNOWN = 0.9
"""Share of those days on which a variable must be known to count."""

GROWN = 5.0
"""How far at most a checked departure is widened to be as large as those observed."""


@dataclass(frozen=True, slots=True, eq=False)
class Crosscheck:
    """How the mean of the places follows from all variables of a lead."""

    names: tuple[str, ...]
    """Variables looked at."""
    targets: tuple[str, ...]
    """Those of them that are observed, and so corrected."""
    middle: np.ndarray
    scale: np.ndarray
    """(lead, name): mean and standard deviation of what was said."""
    table: np.ndarray
    """(lead, term, target): the season's terms first, then names."""

    def arrays(self) -> dict[str, np.ndarray]:
        """What a model file keeps, numbers and names."""
        names = {"names": np.array(self.names), "targets": np.array(self.targets)}
        return {**names, "middle": self.middle, "scale": self.scale, "table": self.table}

    @classmethod
    def restore(cls, arrays: Mapping[str, np.ndarray]) -> Self:
        """From :meth:`arrays`."""
        names, targets = (tuple(map(str, arrays[name])) for name in ("names", "targets"))
        return cls(names, targets, arrays["middle"], arrays["scale"], arrays["table"])


def learned(
    weather: xr.Dataset, observed: xr.Dataset, *, until: date, errors_of: np.ndarray | None = None
) -> tuple[Crosscheck | None, xr.Dataset]:
    """The check, and the weather it was learned from as checks see it that were fitted on other days.

    weather: daily weather ahead (area, issue_date, lead); observed: daily weather (area, valid_date) of the same areas.
    `errors_of`: (issue,) the issue day of the table whose errors a run has, where runs were made with those of others;
    then days are others when their errors are.
    Only valid days before `until` are learned from; later issue days see the check itself. None, and the weather as it
    is: too few days, days that do not go round the year (a season is part of the regression), or fellows that do not
    help.
    """
    issues, days = (x.values.astype("datetime64[D]") for x in (weather["issue_date"], observed["valid_date"]))
    valid = issues[:, None] + np.arange(1, LEADS + 1) * np.timedelta64(1, "D")
    place = ((valid - days[0]) / np.timedelta64(1, "D")).astype(np.intp)
    past = (valid < np.datetime64(until, "D")) & (place >= 0) & (place < len(days))
    said = {str(name): mean_of(weather[name].transpose("area", "issue_date", "lead").values)[0] for name in weather}
    names = tuple(name for name, x in said.items() if past.any() and (~np.isnan(x[past])).mean() >= KNOWN)
    targets = tuple(name for name in names if name in observed)
    if not targets:
        return None, weather
    areas = weather["area"].values
    came = [mean_of(observed[name].sel(area=areas).transpose("area", "valid_date").values)[0] for name in targets]
    x, y = np.stack([said[name] for name in names], axis=-1), np.stack(came, axis=-1)
    unseen = np.stack([said[name] for name in targets], axis=-1)
    parts, left, alone = [], 0.0, 0.0
    for lead in range(LEADS):
        usable = past[:, lead] & ~np.isnan(x[:, lead]).any(axis=1)
        usable[usable] = ~np.isnan(y[place[usable, lead]]).any(axis=1)
        rows = np.flatnonzero(usable)
        if len(rows) < LEAST or not goes_round_the_year(valid[rows, lead]):
            return None, weather
        _, order = np.unique(rows if errors_of is None else errors_of[rows], return_inverse=True)
        own = [names.index(name) for name in targets]
        one = _Lead(valid[:, lead], x[:, lead], y[place[rows, lead]], rows, own=own, order=order)
        parts.append(one.fitted())
        left, alone = left + one.left, alone + one.alone
        known = ~np.isnan(x[:, lead]).any(axis=1)
        unseen[known, lead] = one.design[known] @ parts[-1][2]
        unseen[rows, lead] = one.unseen
    if left > (1 - GAIN) * alone:
        return None, weather
    check = Crosscheck(names, targets, *(np.stack(part) for part in zip(*parts, strict=True)))
    return check, _with_means(weather, unseen, targets, among=[str(key) for key in areas])


def checked(weather: xr.Dataset, check: Crosscheck, *, among: Sequence[str]) -> xr.Dataset:
    """The weather with the mean over the areas of `among` as the check has it; departures from it stay.

    A lead on which a variable of the check is unknown stays as it is said, and so does all of a table with less than
    half of the areas: the check knows the mean of the model's areas, not one of them.
    """
    there = [key for key in among if key in weather["area"].values]
    if 2 * len(there) < len(among) or any(name not in weather for name in check.names):
        return weather
    values = [weather[name].sel(area=there).transpose("area", "issue_date", "lead").values for name in check.names]
    x = np.stack([mean_of(one)[0] for one in values], axis=-1)
    out = np.stack([x[..., check.names.index(name)] for name in check.targets], axis=-1)
    issues = weather["issue_date"].values.astype("datetime64[D]")
    for lead in range(LEADS):
        valid = issues + np.timedelta64(lead + 1, "D")
        design = _design(valid, x[:, lead], check.middle[lead], check.scale[lead])
        known = ~np.isnan(x[:, lead]).any(axis=1)
        out[known, lead] = design[known] @ check.table[lead]
    return _with_means(weather, out, check.targets, among=there)


class _Lead:
    """The regressions of one lead: on the variable alone and on all, each asked about days it was not fitted on."""

    def __init__(
        self, valid: np.ndarray, x: np.ndarray, y: np.ndarray, rows: np.ndarray, *, own: list[int], order: np.ndarray
    ) -> None:
        self.middle, self.scale = x[rows].mean(axis=0), x[rows].std(axis=0) + 1e-9
        self.design, self.y, self.rows = _design(valid, x, self.middle, self.scale), y, rows
        self.seasons = self.design.shape[1] - x.shape[1]
        self.fold = order * FOLDS // (int(order.max()) + 1)
        single = np.empty_like(y)
        for target, column in enumerate(own):
            columns = [*range(self.seasons), self.seasons + column]
            single[:, target] = self._unseen(self.design[:, columns], y[:, [target]], 1e-6)[:, 0]
        tried = [(penalty, self._unseen(self.design, y, penalty)) for penalty in PENALTIES]
        self.penalty, said = min(tried, key=lambda one: self._error(one[1]))
        self.alone, self.left = self._error(single), self._error(said)
        usual = self._unseen(self.design[:, : self.seasons], y, 1e-6)
        self.grown = np.clip(np.sqrt(_square(y - usual) / np.maximum(_square(said - usual), 1e-12)), 1.0, GROWN)
        self.unseen = usual + self.grown * (said - usual)

    def fitted(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Middle and scale (name,) and the table (term, target) of all days, its departures as large as observed."""
        design = self.design[self.rows]
        table = self.grown * _ridge(design, self.y, self.penalty, self.seasons)
        table[: self.seasons] += (1 - self.grown) * _ridge(design[:, : self.seasons], self.y, 1e-6, self.seasons)
        return self.middle, self.scale, table

    def _unseen(self, design: np.ndarray, y: np.ndarray, penalty: float) -> np.ndarray:
        out = np.empty_like(y)
        for fold in range(FOLDS):
            inside = self.fold == fold
            table = _ridge(design[self.rows[~inside]], y[~inside], penalty, self.seasons)
            out[inside] = design[self.rows[inside]] @ table
        return out

    def _error(self, said: np.ndarray) -> float:
        return float((_square(said - self.y) / np.maximum(self.y.var(axis=0), 1e-12)).mean())


def _design(valid: np.ndarray, x: np.ndarray, middle: np.ndarray, scale: np.ndarray) -> np.ndarray:
    return np.concatenate([season_terms(valid), (x - middle) / scale], axis=1)


def _ridge(design: np.ndarray, y: np.ndarray, penalty: float, seasons: int) -> np.ndarray:
    weight = np.full(design.shape[1], penalty * len(design))
    weight[:seasons] = 1e-6
    out: np.ndarray = np.linalg.solve(design.T @ design + np.diag(weight), design.T @ y)
    return out


def _square(values: np.ndarray) -> np.ndarray:
    out: np.ndarray = (values**2).mean(axis=0)
    return out


def _with_means(weather: xr.Dataset, means: np.ndarray, targets: Sequence[str], *, among: Sequence[str]) -> xr.Dataset:
    """The weather with other means (issue, lead, target) of some areas, every value moved by the same."""
    out = {}
    for number, name in enumerate(targets):
        values = weather[name].transpose("area", "issue_date", "lead")
        moved = values.values + (means[..., number] - mean_of(values.sel(area=list(among)).values))
        if name in DAILY:
            moved = np.clip(moved, DAILY[name].low, DAILY[name].high)
        out[name] = values.copy(data=moved)
    return in_order(weather.assign(out))
