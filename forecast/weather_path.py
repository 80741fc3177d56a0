"""Predictors from the whole run up to the day that is forecast: what the air went through, not only the day itself.

Stagnation builds a level up over days and one night of north wind ends it, so a lead's predictors hold the weather of
its day, of the days before it (observed, then from the same run), the mean and a fading memory of the way there, and
how long ago the air was last swept. Nothing observed after the issue is looked at, and another run only for the last
days of a variable that nobody observes.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import xarray as xr

from forecast.features import LEADS, season_distance
from forecast.weather import DAILY
from forecast.weather_modes import climate

BEFORE = 3
"""Observed days that a way begins with: D-2, D-1, D."""

KEYS: tuple[str, ...] = (
    "wind_speed_mean", "wind_speed_max", "wind_north_mean", "wind_east_mean", "wind_speed_evening",
    "wind_north_evening", "relative_humidity_mean", "dew_point_mean", "dew_point_depression_mean", "temperature_mean",
    "pressure_mean", "calm_share", "stagnant_share", "rain_sum", "ventilation_mean", "boundary_layer_height_mean",
)  # fmt: skip
"""Variables whose way is followed, where the source has them; of the others only the day itself."""

NEXT: tuple[str, ...] = ("wind_speed_mean", "wind_north_mean", "pressure_mean")
"""Variables of the day after the valid day: a front that is late in the run is seen there first."""

MEMORY = 0.6
"""Share of the memory that is left after a day."""

SWEPT = (("wind_speed_mean", 1.0, 3.0), ("wind_north_mean", -1.0, 1.5))
"""Variable, sign and m/s beyond which a day counts as swept: a strong wind; a strong north wind."""


def way(ahead: xr.Dataset, observed: xr.Dataset) -> xr.Dataset:
    """Predictors (area, issue_date, lead) from daily weather ahead and the observed daily weather (area, valid_date).

    Of a variable that nobody observes the last days are those that the runs of the days before said at lead 1. NaN
    where a day is unknown; sums along the way are over the days known.
    """
    names = [str(name) for name in ahead]
    days = ahead["issue_date"].values.astype("datetime64[D]")
    out: dict[str, np.ndarray] = {}
    for name in names:
        path = _path(ahead, observed, name, days)
        day = path[..., BEFORE:]
        out[name] = day
        if name in KEYS:
            last, second = path[..., BEFORE - 1 : -1], path[..., BEFORE - 2 : -2]
            out[f"{name}_before"], out[f"{name}_two_before"], out[f"{name}_step"] = last, second, day - last
            out[f"{name}_way"] = _running(day)
            out[f"{name}_memory"] = _fading(path)[..., BEFORE:]
            days_back = [path[..., BEFORE - back : path.shape[-1] - back] for back in range(3)]
            out[f"{name}_three"] = np.mean(days_back, axis=0)
        if name in NEXT:
            out[f"{name}_next"] = np.concatenate([day[..., 1:], np.full_like(day[..., :1], np.nan)], axis=-1)
    for name, sign, strong in SWEPT:
        if name in names:
            path = _path(ahead, observed, name, days)
            out[f"{name}_days_since"] = _since(sign * path > strong)[..., BEFORE:]
    dims = ("area", "issue_date", "lead")
    return xr.Dataset({name: (dims, value) for name, value in out.items()}, coords=ahead.coords, attrs=ahead.attrs)


def redrawn(ahead: xr.Dataset, observed: xr.Dataset, *, until: date, seed: int) -> xr.Dataset:
    """The runs again as they might have been: same weather, errors of another issue day of the season.

    What a run keeps of the observed departure from climate is fitted per variable and lead on valid days before
    `until`; what it misses there are its errors. A model trained on such runs too learns what a wrong run does to a
    forecast without having to believe the few errors it saw. A day without a run gets one too. NaN where the valid day
    is not before `until`.
    """
    source = errors_of(ahead, until=until, seed=seed)
    out = {}
    for name in map(str, ahead):
        usual, x, y = departures(ahead, observed, name, until=until)
        mixed = np.full(x.shape, np.nan)
        for lead in range(LEADS):
            seen, said = x[..., lead], y[..., lead]
            there = ~(np.isnan(seen) | np.isnan(said))
            kept = float((seen[there] * said[there]).sum() / max(float((seen[there] ** 2).sum()), 1e-12))
            error = np.where(there, said - kept * seen, 0.0)
            mixed[..., lead] = usual[..., lead] + kept * seen + error[:, source]
        rule = DAILY.get(name)
        out[name] = (ahead[name].dims, np.clip(mixed, rule.low, rule.high) if rule else mixed)
    return xr.Dataset(out, coords=ahead.coords, attrs=ahead.attrs)


def departures(
    ahead: xr.Dataset, observed: xr.Dataset, name: str, *, until: date
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(area, issue, lead) of a variable: climate, observed departure from it, departure said; of valid days before
    `until`, the departures NaN where the valid day is not before it."""
    areas, issues = ahead["area"].values, ahead["issue_date"].values.astype("datetime64[D]")
    valid = issues[:, None] + np.arange(1, LEADS + 1) * np.timedelta64(1, "D")
    usual = climate(observed[name].sel(area=areas), valid, until=until)
    past = valid < np.datetime64(until, "D")
    seen, said = _on_days(observed, name, areas, valid), ahead[name].values
    return usual, np.where(past, seen - usual, np.nan), np.where(past, said - usual, np.nan)


def errors_of(ahead: xr.Dataset, *, until: date, seed: int) -> np.ndarray:
    """(issue,): the place of the issue day, with a run and over before `until`, whose errors :func:`redrawn` takes."""
    issues = ahead["issue_date"].values.astype("datetime64[D]")
    over = issues + np.timedelta64(LEADS, "D") < np.datetime64(until, "D")
    return _other_days(issues, np.asarray(over) & ran(ahead), seed)


def ran(ahead: xr.Dataset) -> np.ndarray:
    """(issue,): whether the day has a run with any value."""
    there: np.ndarray = ahead.to_dataarray().notnull().any(("variable", "area", "lead")).values
    return there


def _other_days(issues: np.ndarray, usable: np.ndarray, seed: int) -> np.ndarray:
    """Per issue day the place of a usable one of the same season, at least a fortnight away."""
    places = np.flatnonzero(usable)
    out = np.empty(len(issues), dtype=np.intp)
    for row, issue in enumerate(issues):
        random = np.random.default_rng([seed, int(issue.astype(np.int64))])
        near = season_distance(issue[None], issues[places]) <= 30
        near &= np.abs((issues[places] - issue) / np.timedelta64(1, "D")) > 14
        out[row] = random.choice(places[near] if near.any() else places)
    return out


def _on_days(observed: xr.Dataset, name: str, areas: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """(area, *valid.shape): the observed values of days, NaN outside."""
    days = observed["valid_date"].values.astype("datetime64[D]")
    at = ((valid - days[0]) / np.timedelta64(1, "D")).astype(np.intp)
    values = observed[name].sel(area=areas).values
    inside = (at >= 0) & (at < len(days))
    return np.where(inside, values[:, np.clip(at, 0, len(days) - 1)], np.nan)


def _path(ahead: xr.Dataset, observed: xr.Dataset, name: str, issues: np.ndarray) -> np.ndarray:
    """(area, issue, BEFORE + LEADS): observed days up to D, or what runs before said of them, then the run."""
    said = ahead[name].transpose("area", "issue_date", "lead").values
    back = issues[:, None] - np.arange(BEFORE - 1, -1, -1) * np.timedelta64(1, "D")
    if name in observed:
        seen = _on_days(observed, name, ahead["area"].values, back)
    else:
        at = np.searchsorted(issues, back - np.timedelta64(1, "D")).clip(max=len(issues) - 1)
        there = issues[at] == back - np.timedelta64(1, "D")
        seen = np.where(there, said[:, at, 0], np.nan)
    return np.concatenate([seen, said], axis=-1)


def _running(day: np.ndarray) -> np.ndarray:
    """The mean of leads 1..k of those known."""
    known = ~np.isnan(day)
    number = known.cumsum(axis=-1)
    return np.where(number > 0, np.where(known, day, 0.0).cumsum(axis=-1) / np.maximum(number, 1), np.nan)


def _fading(path: np.ndarray) -> np.ndarray:
    """A mean that forgets: the newest day has 1 - MEMORY of it."""
    out = np.empty_like(path)
    value = path[..., 0]
    for place in range(path.shape[-1]):
        day = path[..., place]
        value = np.where(np.isnan(day), value, np.where(np.isnan(value), day, MEMORY * value + (1 - MEMORY) * day))
        out[..., place] = value
    return out


def _since(swept: np.ndarray) -> np.ndarray:
    """Days since the last swept day, counted from the first day of the way."""
    out = np.empty(swept.shape)
    count = np.zeros(swept.shape[:-1])
    for place in range(swept.shape[-1]):
        count = np.where(swept[..., place], 0.0, count + 1.0)
        out[..., place] = count
    return out
