"""Quantiles of the AQI itself, learned directly: LightGBM under the quantile loss, one global model per lead and level.

Squared error on concentrations says where the middle of each pollutant is; this says how high the index may come, with
every pollutant and threshold in one question. The trees are learned by LightGBM (by measured skill and speed, see
docs/verification.md) and kept and applied as plain arrays, so a model file holds numbers only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np

from forecast import almanac, calibrate
from forecast.features import LEADS, TARGETS, Sample, from_log, season, shift, trailing
from forecast.models.base import Anchor, Stored
from forecast.models.experts import Scale, centred, landmarks
from forecast.models.trees import Grove, Trees
from forecast.whole_days import tells

LEVELS = np.array([0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95])
"""Probabilities that are learned."""

LOWEST = 5.0
"""AQI below which the logarithm is not followed."""

BLOCK_DAYS = 61
"""Days in a block of a fold; the blocks of one season in different years fall into different folds."""

EMBARGO_DAYS = LEADS + 1
"""Days on both sides of a fold that do not train it: targets reach into it."""

YARDSTICK = "hj633-2012"
"""Edition of the index that is learned; paths remain concentrations and serve any edition."""


@dataclass(frozen=True, slots=True)
class Setting:
    """How the trees grow."""

    leaves: int = 8
    least_rows: int = 300
    features: float = 0.3
    penalty: float = 20.0
    rate: float = 0.1
    most: int = 300
    seeds: int = 1


def log_aqi(concentrations: np.ndarray, *, edition: str = YARDSTICK) -> np.ndarray:
    """log of the AQI of concentrations (..., pollutant), of those known; NaN where none is."""
    from forecast import aqi

    known = ~np.isnan(concentrations).reshape(-1, len(TARGETS)).all(axis=0)
    names = [name for number, name in enumerate(TARGETS) if known[number]]
    if not names:
        return np.full(concentrations.shape[:-1], np.nan)
    values = {name: np.ascontiguousarray(concentrations[..., TARGETS.index(name)]) for name in names}
    monitored = [name.split("_")[0] for name in names]
    made = aqi.calculate(values, edition=edition, gaps="available", monitored=monitored).aqi
    logs: np.ndarray = np.log(np.maximum(np.where(made == aqi.NA, np.nan, made.astype(np.float64)), LOWEST))
    return logs


def index_of(observed: np.ndarray) -> np.ndarray:
    """(..., day): log of the AQI observed, from logs (..., day, pollutant); NaN on days that cannot tell it.

    A day without a main pollutant that the place measures otherwise (whole_days.tells) has no index.
    """
    return np.where(tells(observed), log_aqi(from_log(observed)), np.nan)


def quantiles_of(paths: np.ndarray) -> np.ndarray:
    """(row, lead, level) log AQI quantiles of concentration paths (row, path, lead, pollutant)."""
    ordered = np.sort(np.moveaxis(log_aqi(paths), 1, -1), axis=-1)
    return np.stack([calibrate.quantile(ordered, level) for level in LEVELS], axis=-1)


def of_the_past(sample: Sample) -> Past:
    """What :func:`table` says of the days up to the issue, the same for every lead and for both kinds."""
    own = index_of(sample.observed)
    region = np.full(own.shape[1:], np.nan)
    if sample.region_observed is not None:
        region = index_of(sample.region_observed)
    columns = []
    for series in (own, region[None]):
        filled = np.where(np.isnan(series), shift(series, 1), series)
        made = [shift(filled, back) for back in (0, 1, 2, 3, 6)]
        made += [trailing(filled, days) for days in (3, 7, 14, 30)]
        made += [np.fmax.reduce([shift(filled, back) for back in range(days)]) for days in (3, 7, 14)]
        columns += [np.broadcast_to(column, own.shape) for column in made]
    lags = [shift(sample.observed[..., number], back) for number in (0, 5, 3, 1) for back in (0, 1, 2)]
    return Past(own, np.stack(columns, axis=-1), np.stack(lags, axis=-1))


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """Predictors of the days up to the issue, (area, day, predictor)."""

    own: np.ndarray
    """(area, day): the index as :func:`index_of` gives it."""
    index: np.ndarray
    """The index here, then in the region: days back, means, and the largest of the last days."""
    lags: np.ndarray
    """Pollutants of the last three days, for the plain predictors."""


NOT_LARGEST = np.array([*range(9), *range(12, 21)])
"""Columns of Past.index without the largest of the last days, which only the plain predictors have."""


def table(
    sample: Sample, anchor: Anchor, lead: int, *, plain: bool, past: Past, rows: np.ndarray | None = None
) -> np.ndarray:
    """(area, row, predictor) of a lead (1..7): what was measured, the index of past days here and in the region.

    Plain: levels as they are, with their lags, and no anchor; else what models.experts.centred gives. `past`: what
    :func:`of_the_past` gives of the sample, once for all leads. `rows`: places of days, all without a word.
    """
    rows = np.arange(len(sample.days)) if rows is None else rows
    valid = sample.days[rows] + np.timedelta64(lead, "D")
    fixed = [*season(valid).values(), *almanac.table(valid).T]
    if sample.around is not None:
        fixed += list(sample.around[rows].T)
    calendar = np.stack(fixed, axis=-1)
    columns = [
        past.index[:, rows] if plain else past.index[:, rows][..., NOT_LARGEST],
        np.broadcast_to(calendar, (len(sample.areas), *calendar.shape)),
        anchor.at(valid)[..., [0, 5]],
    ]
    if not plain:
        return np.concatenate([centred(sample, anchor, lead, rows=rows), *columns], axis=-1)
    kept = [place for place, name in enumerate(sample.names) if _is_plain(name)]
    parts = [sample.predictors[:, rows][..., kept], *columns, past.lags[:, rows]]
    if sample.ahead.shape[-1]:
        parts.append(sample.ahead[:, rows, lead - 1])
    return np.concatenate(parts, axis=-1)


def _is_plain(name: str) -> bool:
    """Whether a predictor speaks of a pollutant in the last 24 hours."""
    short = name.endswith(("_1h", "_3h", "_6h", "_12h", "_24h", "_top", "_bottom"))
    return short and name.startswith(("pm", "so2", "no2", "co", "o3"))


def folds_of(count: int, folds: int) -> np.ndarray:
    """(day,) number of the fold; blocks of one season of different years lie in different folds."""
    length = min(BLOCK_DAYS, max(1, count // (2 * folds)))
    block = np.arange(count) // length
    fold: np.ndarray = (block + block // folds) % folds
    return fold


def near_folds(fold: np.ndarray, folds: int) -> np.ndarray:
    """(day, fold): in the fold or within the embargo of one of its blocks."""
    inside = np.stack([fold == number for number in range(folds)], axis=1)
    near = inside.copy()
    for step in range(1, EMBARGO_DAYS + 1):
        near[step:] |= inside[:-step]
        near[:-step] |= inside[step:]
    return near


@dataclass(frozen=True, slots=True, eq=False)
class Direct:
    """See the module."""

    setting: Setting = field(default_factory=Setting)
    folds: int = 6
    rows: int = 12000
    """At most so many training rows; areas with more stations behind them are taken first."""
    plain: bool = False
    """Which predictors, see :func:`table`."""
    redrawn: int = 1
    """Runs drawn again that are learned from too."""
    anchor: Anchor | None = None
    areas: tuple[str, ...] = ()
    scales: tuple[Scale, ...] = ()
    counts: tuple[int, ...] = ()
    """Trees per lead, chosen on the folds by the loss of the median."""
    fitted: Mapping[str, Trees] = field(default_factory=dict)
    groves: tuple[Grove, ...] = field(init=False, repr=False)
    """Per lead: the trees of all levels, seed by seed."""

    def __post_init__(self) -> None:
        """The groves follow from what was fitted."""
        seeds, leads = range(self.setting.seeds), range(1, len(self.scales) + 1)
        names = [[f"{lead}/{number}/{seed}" for number in range(len(LEVELS)) for seed in seeds] for lead in leads]
        object.__setattr__(self, "groves", tuple(Grove(tuple(self.fitted[name] for name in one)) for one in names))

    def fit(self, sample: Sample) -> tuple[Self, np.ndarray]:
        """Fitted on all rows, and what it said of days left out: (area, day, lead, level) log AQI, NaN unknown."""
        fold = folds_of(len(sample.days), self.folds)
        anchor = Anchor.fit(sample)
        index = index_of(sample.observed)
        weight = np.repeat(sample.weights, len(sample.days))
        unseen = np.full((*index.shape, LEADS, len(LEVELS)), np.nan)
        scales, counts = [], []
        fitted: dict[str, Trees] = {}
        past = of_the_past(sample)
        for lead in range(1, LEADS + 1):
            raw = table(sample, anchor, lead, plain=self.plain, past=past)
            scale = Scale.fit(raw)
            x = scale.apply(raw).reshape(index.size, -1)
            again = () if sample.redrawn is None else sample.redrawn[: self.redrawn]
            drawn = [
                scale.apply(
                    table(replace(sample, ahead=one.astype(np.float64)), anchor, lead, plain=self.plain, past=past)
                )
                for one in again
            ]
            drawn = [one.reshape(index.size, -1) for one in drawn]
            target = np.full(index.shape, np.nan)
            target[:, :-lead] = index[:, lead:]
            y = target.ravel()
            known = np.flatnonzero(~np.isnan(y))
            rows = known[landmarks(weight[known], self.rows)]
            one = _Lead(self.setting, x, drawn, y, rows, np.tile(fold, len(index)), self.folds)
            said, count, trees = one.learned()
            unseen[:, :, lead - 1] = said.reshape(*index.shape, -1)
            scales.append(scale)
            counts.append(count)
            fitted |= {f"{lead}/{number}/{seed}": tree for (number, seed), tree in trees.items()}
        made = replace(
            self, anchor=anchor, areas=sample.areas, scales=tuple(scales), counts=tuple(counts), fitted=fitted
        )
        return made, unseen

    def quantiles(self, sample: Sample, rows: np.ndarray, *, anchor: Anchor, past: Past) -> np.ndarray:
        """(area, row, lead, level) log AQI of some rows; anchor and :func:`of_the_past` are of the sample's areas."""
        out = np.empty((len(sample.areas), len(rows), LEADS, len(LEVELS)))
        for lead, scale in enumerate(self.scales):
            x = scale.apply(table(sample, anchor, lead + 1, plain=self.plain, past=past, rows=rows))
            flat = x.reshape(-1, x.shape[-1]).astype(np.float32)  # as they were learned from
            said = self.groves[lead].predict(flat).reshape(len(LEVELS), self.setting.seeds, -1).mean(axis=1)
            out[:, :, lead] = np.moveaxis(said, 0, -1).reshape(*x.shape[:2], -1)
        return np.sort(out, axis=-1)

    def stored(self) -> Stored:
        """Settings and arrays."""
        assert self.anchor is not None
        arrays = {"anchor": self.anchor.coefficients}
        for number, scale in enumerate(self.scales):
            arrays |= {f"middle{number}": scale.middle, f"spread{number}": scale.spread}
        for name, trees in self.fitted.items():
            arrays |= trees.arrays(f"{name}/")
        setting = {name: getattr(self.setting, name) for name in Setting.__slots__}
        return {
            "setting": setting,
            "folds": self.folds,
            "rows": self.rows,
            "redrawn": self.redrawn,
            "plain": self.plain,
            "areas": list(self.areas),
            "counts": list(self.counts),
            "fitted": sorted(self.fitted),
        }, arrays

    @classmethod
    def restore(cls, settings: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Self:
        """The expert of :meth:`stored`."""
        return cls(
            setting=Setting(**settings["setting"]),
            folds=settings["folds"],
            rows=settings["rows"],
            redrawn=settings["redrawn"],
            plain=settings["plain"],
            anchor=Anchor(arrays["anchor"]),
            areas=tuple(settings["areas"]),
            scales=tuple(Scale(arrays[f"middle{number}"], arrays[f"spread{number}"]) for number in range(LEADS)),
            counts=tuple(settings["counts"]),
            fitted={name: Trees.restore(arrays, f"{name}/") for name in settings["fitted"]},
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Lead:
    """The rows of one lead, and how its trees are learned."""

    setting: Setting
    x: np.ndarray
    drawn: list[np.ndarray]
    y: np.ndarray
    rows: np.ndarray
    fold: np.ndarray
    folds: int

    def learned(self) -> tuple[np.ndarray, int, dict[tuple[int, int], Trees]]:
        """(row, level) said of unseen rows, the number of trees, and the trees of all rows by level and seed."""
        import lightgbm

        copies = 1 + len(self.drawn)
        tables = np.concatenate([table[self.rows] for table in (self.x, *self.drawn)]).astype(np.float32)
        target, fold = np.tile(self.y[self.rows], copies), np.tile(self.fold[self.rows], copies)
        near = near_folds(self.fold, self.folds)[np.tile(self.rows, copies)]
        data = lightgbm.Dataset(tables, target, params={"max_bin": 63, "verbosity": -1}, free_raw_data=False)
        data = data.construct()
        first = np.arange(len(self.rows))
        parts = [
            (np.flatnonzero(~near[:, number]), first[fold[: len(first)] == number]) for number in range(self.folds)
        ]
        parts = [part for part in parts if all(map(len, part))]  # a gap of months may leave a fold without a known day
        said = np.full((len(self.y), len(LEVELS)), np.nan)
        trees: dict[tuple[int, int], Trees] = {}
        middle = int(np.argmin(np.abs(LEVELS - 0.5)))
        count = self.setting.most
        for number in sorted(range(len(LEVELS)), key=lambda one: one != middle):
            boosters, losses = [], np.zeros(count)
            for train, test in parts:
                seen: dict[str, Any] = {}
                search = number == middle
                booster = lightgbm.train(
                    self._params(number, copies, 0),
                    data.subset(train.tolist()),
                    num_boost_round=count,
                    valid_sets=[data.subset(test.tolist())] if search else None,
                    callbacks=[lightgbm.record_evaluation(seen)] if search else None,
                )
                losses += np.array(seen["valid_0"]["quantile"]) * len(test) if search else 0.0
                boosters.append(booster)
            if number == middle:
                count = int(np.argmin(losses)) + 1
            for booster, (_, test) in zip(boosters, parts, strict=True):
                said[self.rows[test], number] = booster.predict(tables[test], num_iteration=count)
            for seed in range(self.setting.seeds):
                whole = lightgbm.train(self._params(number, copies, seed), data, num_boost_round=count)
                trees[number, seed] = Trees.of_lightgbm(whole)
        return np.sort(said, axis=1), count, trees

    def _params(self, number: int, copies: int, seed: int) -> dict[str, Any]:
        return {
            "objective": "quantile", "alpha": float(LEVELS[number]), "learning_rate": self.setting.rate, "max_bin": 63,
            "num_leaves": self.setting.leaves, "min_data_in_leaf": self.setting.least_rows * copies,
            "feature_fraction": self.setting.features, "lambda_l2": self.setting.penalty * copies,
            "bagging_fraction": 0.7, "bagging_freq": 1, "num_threads": 1, "verbosity": -1, "seed": seed + 1,
            "deterministic": True, "force_col_wise": True,
        }  # fmt: skip
