"""Two independent opinions made one: the scenario paths of concentrations, and quantiles of the index learned directly.

1. A base model (models.blend, models.weathered) gives joint paths. 2. Direct quantiles of the index (models.direct;
where the weather ahead is known also day by day, models.chained) and the usual of the season are pooled with the paths'
own, quantile by quantile; the weights per lead are those with the least CRPS on days unseen by either, drawn towards
equal weights. 3. What the pooled quantiles missed on unseen days shifts them: by season (conformal), then by what they
themselves say (models.regime), at last by what the model missed at the place in the last weeks (models.lately). 4. The
paths are then moved so that their index has the pooled distribution: the sub-indices of all pollutants of a path rise
or fall by one factor. Order, dependence and primary pollutants stay the paths' own, and the paths stay concentrations,
good for any edition.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Self

import numpy as np

from forecast import calibrate
from forecast.features import LEADS, MEMORY_DAYS, TARGETS, Sample, from_log, to_log
from forecast.models import lately, regime
from forecast.models.base import Stored, days_of, key_of, season_weights
from forecast.models.blend import Blend, narrowed
from forecast.models.chained import Chained
from forecast.models.direct import (
    LEVELS,
    YARDSTICK,
    Direct,
    Past,
    folds_of,
    index_of,
    log_aqi,
    near_folds,
    of_the_past,
)
from forecast.models.judged import COSTS, alarms_of, losses_of, shared, weights_of
from forecast.models.seasonal import season_of, shifts_of
from forecast.models.weathered import Weathered

KEPT = ("weights", "shifts", "lines", "rates", "index", "losses", "alarms")
"""Arrays of a file, beside the days and those of the opinions."""

LEAST_USUAL = 10
"""Known days of a season without which the usual of an area is that of the nearest days known."""

MOST_AREAS = 24
"""Areas the direct quantiles and the weights are learned on; more are thinned evenly."""


REHEARSED = 100
"""Paths of a forecast of the last weeks that is made again to learn from."""


@dataclass(frozen=True, slots=True, eq=False)
class Pooled:
    """See the module."""

    base: Blend | Weathered
    directs: tuple[Direct | Chained, ...] = (Direct(),)
    weights: np.ndarray | None = None
    """(lead, opinion): of the paths, of each of the direct quantiles, of the usual; each row sums to 1."""
    shifts: np.ndarray | None = None
    """(season, lead, level): the conformal shift of the pooled quantiles at SEASONS places of the year."""
    lines: np.ndarray | None = None
    """(lead, level, term): the correction by what is said, of models.regime."""
    rates: np.ndarray | None = None
    """(lead,): how fast the last weeks are learned from, of models.lately."""
    days: np.ndarray | None = None
    index: np.ndarray | None = None
    """(area, day): log AQI of the training days, for the usual."""
    losses: np.ndarray | None = None
    """(lead, opinion + 1): CRPS of AQI on unseen days of each opinion and of the pool."""
    alarms: np.ndarray | None = None
    """(lead, limit of COSTS): the probability from which an alarm costs least on unseen days."""

    @property
    def name(self) -> str:
        """The base's: the same model of the house, with a second opinion."""
        return self.base.name

    @property
    def areas(self) -> tuple[str, ...]:
        """Keys of the areas it was trained for."""
        return self.base.areas

    @property
    def looks_back(self) -> int:
        """Days before the issue day whose forecasts are made again, to learn what they missed."""
        return lately.DAYS + LEADS - 1

    def fit(self, sample: Sample) -> Self:
        """As the protocol says; DataError where the base raises it."""
        chosen = np.unique(np.linspace(0, len(sample.areas) - 1, min(MOST_AREAS, len(sample.areas))).astype(int))
        base, own = self.base.rehearsed(sample, areas=chosen)
        if isinstance(base, Blend):  # the usual has a weight of its own here
            base = replace(base, usual_share=np.zeros(LEADS), factor=np.ones((LEADS, len(TARGETS))))
        fitted = [direct.fit(_of_areas(sample, chosen)) for direct in self.directs]
        index = index_of(sample.observed)
        truth = np.full((len(chosen), len(sample.days), LEADS), np.nan)
        for lead in range(1, LEADS + 1):
            truth[:, :-lead, lead - 1] = index[chosen][:, lead:]
        usual = _usual_unseen(sample.days, index[chosen], self.directs[0].folds)
        opinions = np.stack([own, *(said for _, said in fitted), usual])
        weights = shared(weights_of(opinions, truth))
        pooled = np.einsum("eadlq,le->adlq", opinions, weights)
        shifts = shifts_of(sample.days, truth[..., None] - pooled)
        pooled = np.sort(pooled + shifts[season_of(sample.days)], axis=-1)
        lines = regime.fit(pooled, truth)
        pooled = regime.corrected(pooled, lines)
        losses = losses_of(np.concatenate([opinions, pooled[None]]), truth)
        return replace(
            self,
            base=base,
            directs=tuple(direct for direct, _ in fitted),
            weights=weights,
            shifts=shifts,
            lines=lines,
            rates=lately.rates_of(losses[:, -1], losses[:, -2]),
            days=sample.days,
            index=index,
            losses=losses,
            alarms=alarms_of(pooled, truth),
        )

    def paths(self, sample: Sample, *, area: str, rows: np.ndarray, count: int, seeds: np.ndarray) -> np.ndarray:
        """As the protocol says."""
        assert self.rates is not None
        place = self.areas.index(area)
        one = replace(narrowed(sample, area, self.areas), redrawn=None)
        # One question for the days behind and for those asked about: much of it costs the same for one day and for all.
        at = self._behind(one, rows)
        both = np.concatenate([at, rows])
        expected = self.base.expected(sample, area=area, rows=both)
        their = one.days[at].astype("datetime64[D]").astype(np.int64).astype(np.uint64)
        again = self.base.drawn(expected[: len(at)], area=area, days=one.days[at], count=REHEARSED, seeds=their)
        paths = self.base.drawn(expected[len(at) :], area=area, days=one.days[rows], count=count, seeds=seeds)
        own = np.concatenate([_levels_of(_sorted_index(again)), _levels_of(_sorted_index(paths))])
        past = of_the_past(one)
        said = self._said(one, place, both, own, past)
        said, pooled = said[: len(at)], said[len(at) :]
        if len(at):
            of_index, of_pollutants = self._missed(one, past, at, again, said, rows, pooled[..., len(LEVELS) // 2])
            pooled = np.sort(pooled + of_index, axis=-1)
            paths = from_log(to_log(paths) + of_pollutants[:, None])
        index = log_aqi(paths)
        known = np.sort(np.moveaxis(index, 1, -1), axis=-1)
        return moved(paths, index, known, _levels_of(known), pooled)

    def _said(self, one: Sample, place: int, rows: np.ndarray, own: np.ndarray, past: Past) -> np.ndarray:
        """(row, lead, level) pooled log AQI quantiles, from the sample of one area and the quantiles of its paths."""
        assert self.weights is not None and self.shifts is not None and self.lines is not None
        assert self.days is not None and self.index is not None and self.base.anchor is not None
        anchor = self.base.anchor.of(place)
        direct = [direct.quantiles(one, rows, anchor=anchor, past=past)[0] for direct in self.directs]
        days = one.days[rows]
        usual = _usual(self.days, self.index[place][None], days)[0]
        opinions = np.stack([own, *direct, usual])
        pooled = np.sort(np.einsum("edlq,le->dlq", opinions, self.weights) + self.shifts[season_of(days)], axis=-1)
        return regime.corrected(pooled, self.lines)

    def _behind(self, one: Sample, rows: np.ndarray) -> np.ndarray:
        """The issue days of the last weeks that are learned from: their forecasts are made again."""
        assert self.rates is not None
        if not self.rates.any():
            return rows[:0]
        at = lately.issues_of(rows, leads=LEADS, first=MEMORY_DAYS - 1)
        if one.ahead.shape[-1]:  # an issue day whose run was not kept teaches nothing
            at = at[~np.isnan(one.ahead[0, at]).all(axis=(1, 2))]
        return at

    def _missed(
        self,
        one: Sample,
        past: Past,
        at: np.ndarray,
        again: np.ndarray,
        said: np.ndarray,
        rows: np.ndarray,
        medians: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """(row, lead, level) and (row, lead, pollutant): shifts by what the forecasts of issue days `at` missed.

        again, said: their paths and pooled quantiles; medians: (row, lead) log AQI of what is said on `rows`.
        """
        assert self.rates is not None
        over = 0 if one.issue_hour == 24 else 1
        index = lately.shifts(said, at, past.own[0], rows, rates=self.rates, asked=medians, over=over)
        pollutants = lately.shifts(
            to_log(_median(again)), at, one.observed[0], rows,
            rates=lately.OF_POLLUTANTS * self.rates, levels=np.full(len(TARGETS), 0.5), over=over,
        )  # fmt: skip
        return index, pollutants

    def describe(self) -> Mapping[str, Any]:
        """As the protocol says."""
        assert self.weights is not None and self.losses is not None and self.alarms is not None
        assert self.rates is not None
        return {
            **self.base.describe(),
            "crps_on_unseen_days_of_paths_directs_usual_pool_per_lead": np.round(self.losses, 2).tolist(),
            "weights_of_paths_directs_usual_per_lead": np.round(self.weights, 2).tolist(),
            "steps_of_the_last_weeks_per_lead": np.round(self.rates, 4).tolist(),
            "alarm_from_probability_by_cost_per_lead": {
                str(limit): np.round(self.alarms[:, number], 2).tolist() for number, limit in enumerate(COSTS)
            },
            "trees_per_lead": [list(direct.counts) for direct in self.directs],
            "index_learned_under": YARDSTICK,
        }

    def stored(self) -> Stored:
        """As the protocol says."""
        assert self.days is not None
        base, arrays = self.base.stored()
        kept = {f"base/{name}": value for name, value in arrays.items()}
        directs = []
        for number, direct in enumerate(self.directs):
            settings, trees = direct.stored()
            directs.append(settings)
            kept |= {f"direct{number}/{name}": value for name, value in trees.items()}
        kept |= {name: getattr(self, name) for name in KEPT}
        kept["days"] = self.days.astype("datetime64[D]").astype(np.int64)
        return {"pooled": self.name, "base": base, "directs": directs}, kept

    @classmethod
    def restore(cls, settings: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Self:
        """As the protocol says."""

        def part(prefix: str) -> dict[str, np.ndarray]:
            return {name[len(prefix) :]: value for name, value in arrays.items() if name.startswith(prefix)}

        kind: Any = Weathered if settings["pooled"] == "blend-weather" else Blend
        return cls(
            base=kind.restore(settings["base"], part("base/")),
            directs=tuple(
                (Chained if "chained" in one else Direct).restore(one, part(f"direct{number}/"))
                for number, one in enumerate(settings["directs"])
            ),
            days=arrays["days"].astype("datetime64[D]"),
            **{name: arrays[name] for name in KEPT},
        )


def _sorted_index(paths: np.ndarray) -> np.ndarray:
    """(row, lead, path): log AQI of concentration paths (row, path, lead, pollutant), sorted."""
    index = np.ascontiguousarray(np.moveaxis(log_aqi(paths), 1, -1))
    index.sort(axis=-1)
    return index


def _median(paths: np.ndarray) -> np.ndarray:
    """(row, lead, pollutant): the median of an even number of paths (row, path, lead, pollutant); NaN where NaN."""
    last = np.ascontiguousarray(np.moveaxis(paths, 1, -1))
    middle = last.shape[-1] // 2
    last.sort(axis=-1)  # of so few numbers sorting all is quicker than looking for two
    return np.asarray(0.5 * (last[..., middle - 1] + last[..., middle]))


def _levels_of(known: np.ndarray) -> np.ndarray:
    """(row, lead, level) quantiles of the sorted index (row, lead, path) of paths."""
    return np.stack([calibrate.quantile(known, level) for level in LEVELS], axis=-1)


def moved(paths: np.ndarray, own: np.ndarray, known: np.ndarray, said: np.ndarray, pooled: np.ndarray) -> np.ndarray:
    """Concentration paths (row, path, lead, pollutant) whose index follows the pooled quantiles.

    own: their log AQI (row, path, lead); known: the same sorted (row, lead, path); said, pooled: log AQI quantiles
    (row, lead, level) of the paths and the wanted ones. What lies between two levels moves by the mean of both.
    """
    rank = np.argsort(np.argsort(np.moveaxis(own, 1, -1), axis=-1, kind="stable"), axis=-1, kind="stable")
    levels = calibrate.levels(known.shape[-1])
    right = np.clip(np.searchsorted(LEVELS, levels), 1, len(LEVELS) - 1)
    part = np.clip((levels - LEVELS[right - 1]) / (LEVELS[right] - LEVELS[right - 1]), 0, 1)
    change = pooled - said
    change = change[..., right - 1] * (1 - part) + change[..., right] * part
    wanted = np.sort(known + change, axis=-1)
    factor = np.exp(np.moveaxis(np.take_along_axis(wanted, rank, axis=-1), -1, 1) - own)
    return raised(paths, factor)


def raised(paths: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Concentrations (..., pollutant) whose sub-indices are multiplied by a factor (...), within the tables."""
    out = np.empty_like(paths)
    for number, name in enumerate(TARGETS):
        points, steps = _table(name)
        index = np.interp(paths[..., number], points, steps) * factor
        out[..., number] = np.where(np.isnan(paths[..., number]), np.nan, np.interp(index, steps, points))
    return out


@lru_cache(maxsize=8)
def _table(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Breakpoints and sub-indices of a daily statistic under YARDSTICK."""
    from plans.rulebook import load

    edition = load().aqi(YARDSTICK)
    points = edition.breakpoints[name if name == "o3_8h" else f"{name}_24h"]  # type: ignore[index]
    known = [(float(at), float(step)) for at, step in zip(points, edition.ladder, strict=True) if at is not None]
    return np.array([at for at, _ in known]), np.array([step for _, step in known])


def _of_areas(sample: Sample, chosen: np.ndarray) -> Sample:
    return replace(
        sample,
        areas=tuple(sample.areas[place] for place in chosen),
        weights=sample.weights[chosen],
        predictors=sample.predictors[chosen],
        observed=sample.observed[chosen],
        ahead=sample.ahead[chosen],
        redrawn=None if sample.redrawn is None else sample.redrawn[:, chosen],
    )


def _usual(past: np.ndarray, index: np.ndarray, days: np.ndarray) -> np.ndarray:
    """(area, day, lead, level): quantiles of the past of the season of each day ahead.

    Of an area hardly known in that season, of the days nearest to it that are known; NaN of one never known.
    """
    ahead = days[:, None] + np.arange(1, LEADS + 1) * np.timedelta64(1, "D")
    asked, place = np.unique(ahead, return_inverse=True)
    made = np.empty((len(asked), len(index), len(LEVELS)))
    few = np.zeros(len(index), dtype=bool)
    for number, inside in enumerate(_inside(key_of(past), key_of(asked))):
        made[number], known = _quantiles(index[:, inside])
        few |= known < LEAST_USUAL
    for area in np.flatnonzero(few):
        there = np.flatnonzero(~np.isnan(index[area]))
        for number, inside in enumerate(season_weights(past[there], asked) > 0 if len(there) else ()):
            made[number, area] = _quantiles(index[area, there[inside]][None])[0][0]
    return np.moveaxis(made[place.reshape(ahead.shape)], 2, 0)


def _quantiles(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(area, level) quantiles of the known values (area, day), and (area,) how many are known."""
    values = np.sort(values, axis=1)
    count = (~np.isnan(values)).sum(axis=1)
    at = np.clip((LEVELS * np.maximum(count, 1)[:, None]).astype(int), 0, np.maximum(count, 1)[:, None] - 1)
    return np.take_along_axis(values, at, axis=1), count


@lru_cache(maxsize=8)
def _inside(past: bytes, days: bytes) -> np.ndarray:
    """(day, past day): whether it is of the season; the same for station after station."""
    made: np.ndarray = season_weights(days_of(past), days_of(days)) > 0
    made.flags.writeable = False
    return made


def _usual_unseen(days: np.ndarray, index: np.ndarray, folds: int) -> np.ndarray:
    """The usual of every day from days outside its fold."""
    fold = folds_of(len(days), folds)
    near = near_folds(fold, folds)
    out = np.full((*index.shape, LEADS, len(LEVELS)), np.nan)
    for number in range(folds):
        rows, past = np.flatnonzero(fold == number), ~near[:, number]
        out[:, rows] = _usual(days[past], index[:, past], days[rows])
    return out
