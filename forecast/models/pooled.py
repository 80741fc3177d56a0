"""Two independent opinions made one: the scenario paths of concentrations, and quantiles of the index learned directly.

1. A base model (models.blend, models.weathered) gives joint paths. 2. Direct quantiles of the index (models.direct;
where the weather ahead is known also day by day, models.chained) and the usual of the season are pooled with the paths'
own, quantile by quantile; the weights per lead are those with the least CRPS on days unseen by either, drawn towards
equal weights. 3. What the pooled quantiles missed on unseen days of the season shifts them (conformal). 4. The paths
are then moved so that their index has the pooled distribution: the sub-indices of all pollutants of a path rise or fall
by one factor. Order, dependence and primary pollutants stay the paths' own, and the paths stay concentrations, good for
any edition.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from typing import Any, Self

import numpy as np

from forecast import calibrate
from forecast.features import LEADS, TARGETS, Sample, from_log
from forecast.models.base import Stored, season_weights
from forecast.models.blend import Blend, narrowed
from forecast.models.chained import Chained
from forecast.models.direct import LEVELS, YARDSTICK, Direct, folds_of, log_aqi, near_folds
from forecast.models.seasonal import season_of, shifts_of
from forecast.models.weathered import Weathered

STEP = 0.1
"""Of the weights tried."""

EVEN = 0.004
"""Relative loss that full distance from equal weights costs: less than that no year can tell apart."""

COSTS: Mapping[int, float] = {100: 2.0, 150: 3.0, 200: 5.0}
"""What a missed day above an AQI costs, in false alarms (a setting; confidence I: no text names one)."""

MOST_AREAS = 24
"""Areas the direct quantiles and the weights are learned on; more are thinned evenly."""


SHARES = np.diff(np.concatenate([[0.0], (LEVELS[1:] + LEVELS[:-1]) / 2, [1.0]]))
"""How much of the probability axis each level stands for."""


@dataclass(frozen=True, slots=True, eq=False)
class Pooled:
    """See the module."""

    base: Blend | Weathered
    directs: tuple[Direct | Chained, ...] = (Direct(),)
    weights: np.ndarray | None = None
    """(lead, opinion): of the paths, of each of the direct quantiles, of the usual; each row sums to 1."""
    shifts: np.ndarray | None = None
    """(season, lead, level): the conformal shift of the pooled quantiles at SEASONS places of the year."""
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

    def fit(self, sample: Sample) -> Self:
        """As the protocol says; DataError where the base raises it."""
        chosen = np.unique(np.linspace(0, len(sample.areas) - 1, min(MOST_AREAS, len(sample.areas))).astype(int))
        base, own = self.base.rehearsed(sample, areas=chosen)
        if isinstance(base, Blend):  # the usual has a weight of its own here
            base = replace(base, usual_share=np.zeros(LEADS), factor=np.ones((LEADS, len(TARGETS))))
        fitted = [direct.fit(_of_areas(sample, chosen)) for direct in self.directs]
        index = log_aqi(from_log(sample.observed))
        truth = np.full((len(chosen), len(sample.days), LEADS), np.nan)
        for lead in range(1, LEADS + 1):
            truth[:, :-lead, lead - 1] = index[chosen][:, lead:]
        usual = _usual_unseen(sample.days, index[chosen], self.directs[0].folds)
        opinions = np.stack([own, *(said for _, said in fitted), usual])
        weights = weights_of(opinions, truth)
        pooled = np.einsum("eadlq,le->adlq", opinions, weights)
        shifts = shifts_of(sample.days, truth[..., None] - pooled)
        pooled = np.sort(pooled + shifts[season_of(sample.days)], axis=-1)
        return replace(
            self,
            base=base,
            directs=tuple(direct for direct, _ in fitted),
            weights=weights,
            shifts=shifts,
            days=sample.days,
            index=index,
            losses=_losses(np.concatenate([opinions, pooled[None]]), truth),
            alarms=alarms_of(pooled, truth),
        )

    def paths(self, sample: Sample, *, area: str, rows: np.ndarray, count: int, seeds: np.ndarray) -> np.ndarray:
        """As the protocol says."""
        assert self.weights is not None and self.shifts is not None
        assert self.days is not None and self.index is not None and self.base.anchor is not None
        paths = self.base.paths(sample, area=area, rows=rows, count=count, seeds=seeds)
        place = self.areas.index(area)
        one = replace(narrowed(sample, area, self.areas), redrawn=None)
        own = log_aqi(paths)
        known = np.sort(np.moveaxis(own, 1, -1), axis=-1)
        said = np.stack([calibrate.quantile(known, level) for level in LEVELS], axis=-1)
        anchor = self.base.anchor.of(place)
        direct = [direct.quantiles(one, rows, anchor=anchor)[0] for direct in self.directs]
        days = sample.days[rows]
        usual = _usual(self.days, self.index[place][None], days)[0]
        pooled = np.einsum("edlq,le->dlq", np.stack([said, *direct, usual]), self.weights)
        pooled = np.sort(pooled + self.shifts[season_of(days)], axis=-1)
        return moved(paths, own, known, said, pooled)

    def describe(self) -> Mapping[str, Any]:
        """As the protocol says."""
        assert self.weights is not None and self.losses is not None and self.alarms is not None
        return {
            **self.base.describe(),
            "crps_on_unseen_days_of_paths_directs_usual_pool_per_lead": np.round(self.losses, 2).tolist(),
            "weights_of_paths_directs_usual_per_lead": np.round(self.weights, 2).tolist(),
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
        kept |= {name: getattr(self, name) for name in ("weights", "shifts", "index", "losses", "alarms")}
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
            weights=arrays["weights"],
            shifts=arrays["shifts"],
            days=arrays["days"].astype("datetime64[D]"),
            index=arrays["index"],
            losses=arrays["losses"],
            alarms=arrays["alarms"],
        )


def _losses(opinions: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(lead, opinion): CRPS of each where all have one."""
    out = np.full((truth.shape[2], len(opinions)), np.nan)
    for lead, number in np.ndindex(*out.shape):
        q, y = opinions[:, :, :, lead], truth[:, :, lead]
        there = ~np.isnan(y) & ~np.isnan(q).any(axis=(0, 3))
        if there.any():
            out[lead, number] = crps(np.exp(q[number][there]), np.exp(y[there]))
    return out


def exceedance(quantiles: np.ndarray, limit: float) -> np.ndarray:
    """P(AQI > limit) of log AQI quantiles (..., level): linear between them and a little beyond the outer ones.

    >>> exceedance(np.log(np.array([40.0, 50, 70, 100, 130, 160, 180])), 100).round(2).tolist()
    0.5
    """
    outer = [quantiles[..., :1] - 2 * (quantiles[..., 1:2] - quantiles[..., :1])]
    outer.append(quantiles[..., -1:] + 2 * (quantiles[..., -1:] - quantiles[..., -2:-1]))
    points = np.concatenate([outer[0], quantiles, outer[1]], axis=-1) + 1e-9 * np.arange(len(LEVELS) + 2)
    levels = np.concatenate([[0.0], LEVELS, [1.0]])
    x = np.log(limit)
    above = np.clip((points <= x).sum(axis=-1), 1, len(levels) - 1)
    low, high = (np.take_along_axis(points, (above - back)[..., None], axis=-1)[..., 0] for back in (1, 0))
    part = np.clip((x - low) / np.maximum(high - low, 1e-9), 0, 1)
    out: np.ndarray = 1.0 - (levels[above - 1] + part * (levels[above] - levels[above - 1]))
    return out


def alarms_of(quantiles: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(lead, limit of COSTS): the probability at which an alarm costs least, of log AQI (area, day, lead[, level]).

    A lead takes the mean of its own best and that of all leads together: one lead holds few heavy days.
    """
    tried = np.arange(0.05, 0.66, 0.01)
    costs = np.zeros((len(COSTS), LEADS, len(tried)))
    for number, (limit, price) in enumerate(COSTS.items()):
        for lead in range(LEADS):
            q, y = quantiles[:, :, lead], truth[:, :, lead]
            there = ~np.isnan(y) & ~np.isnan(q).any(axis=-1)
            said, event = exceedance(q[there], limit), np.exp(y[there]) > limit + 0.5
            for place, alarm in enumerate(tried):
                fired = said >= alarm
                costs[number, lead, place] = (fired & ~event).sum() + price * (~fired & event).sum()
    together = tried[costs.sum(axis=1).argmin(axis=-1)]
    own = tried[costs.argmin(axis=-1)]
    out: np.ndarray = (0.5 * own + 0.5 * together[:, None]).T
    return out


def weights_of(opinions: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(lead, opinion) from log AQI quantiles (opinion, area, day, lead, level) and log AQI (area, day, lead).

    The least CRPS of AQI among all weights in steps of STEP, plus what distance from equal weights costs; equal weights
    where nothing is known.
    """
    number = len(opinions)
    grid = np.array([w for w in product(np.arange(0, 1 + STEP / 2, STEP), repeat=number) if abs(sum(w) - 1) < 1e-9])
    far = ((grid - 1 / number) ** 2).sum(axis=1) / (1 - 1 / number)
    out = np.full((truth.shape[2], number), 1 / number)
    for lead in range(len(out)):
        q, y = opinions[:, :, :, lead].reshape(number, -1, len(LEVELS)), truth[:, :, lead].ravel()
        there = ~np.isnan(y) & ~np.isnan(q).any(axis=(0, 2))
        if there.sum() >= 30:
            loss = np.array([crps(np.exp(np.tensordot(w, q[:, there], 1)), np.exp(y[there])) for w in grid])
            out[lead] = grid[np.argmin(loss / loss.min() + EVEN * far)]
    return out


def crps(quantiles: np.ndarray, observed: np.ndarray) -> float:
    """Mean CRPS of quantiles (case, level) at LEVELS: twice the pinball loss, integrated over the levels.

    >>> round(crps(np.full((1, 7), 80.0), np.array([100.0])), 6)
    20.0
    """
    error = observed[:, None] - quantiles
    return float(2 * (np.maximum(LEVELS * error, (LEVELS - 1) * error) * SHARES).sum(axis=1).mean())


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
    """(area, day, lead, level): quantiles of the past of the season of each day ahead."""
    out = np.full((len(index), len(days), LEADS, len(LEVELS)), np.nan)
    seen: dict[Any, np.ndarray] = {}
    for row, lead in np.ndindex(len(days), LEADS):
        day = days[row] + np.timedelta64(lead + 1, "D")
        if day not in seen:
            inside = season_weights(past, day[None])[0] > 0
            values = np.sort(index[:, inside], axis=1)
            known = np.maximum((~np.isnan(values)).sum(axis=1), 1)
            place = np.clip((LEVELS * known[:, None]).astype(int), 0, known[:, None] - 1)
            seen[day] = np.take_along_axis(values, place, axis=1)
        out[:, row, lead] = seen[day]
    return out


def _usual_unseen(days: np.ndarray, index: np.ndarray, folds: int) -> np.ndarray:
    """The usual of every day from days outside its fold."""
    fold = folds_of(len(days), folds)
    near = near_folds(fold, folds)
    out = np.full((*index.shape, LEADS, len(LEVELS)), np.nan)
    for number in range(folds):
        rows, past = np.flatnonzero(fold == number), ~near[:, number]
        out[:, rows] = _usual(days[past], index[:, past], days[rows])
    return out
