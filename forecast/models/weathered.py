"""The model of the house where the weather of the days ahead is known: kernels over its way, errors scaled to the day.

1. Kernel regressions of different width and reach (models.way), and trees for tomorrow, predict departures of the
   logarithms from the anchor; how much each is believed at each lead is learned on folds. 2. Another kernel predicts
   from the same predictors how large the error of an unseen day is. 3. Whole weeks of past errors over all pollutants,
   in units of that size, drawn from the season, give the paths their dependence and shape. 4. A conformal factor per
   lead and pollutant makes the 80 % interval hold on the folds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, ClassVar, Self

import numpy as np

from forecast import calibrate
from forecast.features import LEADS, TARGETS, Sample, from_log, season_distance
from forecast.models.base import Anchor, Stored, ceiling, days_of, key_of, pick, without_gaps
from forecast.models.blend import EMBARGO_DAYS, narrowed, trust_of
from forecast.models.direct import LEVELS, quantiles_of
from forecast.models.experts import Boosted, departures
from forecast.models.way import Way
from plans.errors import DataError

BLOCK_DAYS = 61
"""Days in a block of a fold; the blocks of one season in different years fall into different folds."""

SEASON_WIDTH = 45.0
"""Days; how fast a past error loses weight with its distance in the year."""

REHEARSED = 100
"""Paths of a rehearsal."""

LEAST_ERROR = 0.03
"""Added to an error's size before its logarithm, so that a lucky day does not count as certainty."""

EXPERTS = (Way(penalty=0.3, width=0.5, reach=0.5), Way(penalty=1.5, width=0.5, reach=0.2))


BOOSTED = Boosted(leads=1, trees=120, rows=6000)
"""For tomorrow only: trees see thresholds in the last hours that kernels smooth over."""

SIZE = Way(penalty=3.0, width=0.3, reach=0.5, landmarks=400)


@dataclass(frozen=True, slots=True, eq=False)
class Weathered:
    """See the module."""

    looks_back: ClassVar[int] = 0
    experts: tuple[Way, ...] = EXPERTS
    boosted: Boosted = BOOSTED
    size: Way = SIZE
    """Of the error: its logarithm."""
    folds: int = 6
    name: str = "blend-weather"
    areas: tuple[str, ...] = ()
    anchor: Anchor | None = None
    top: np.ndarray | None = None
    trust: np.ndarray | None = None
    """(lead, expert): the kernels, then the trees."""
    template_days: np.ndarray | None = None
    templates: np.ndarray | None = None
    """(area, row, lead, pollutant): past errors in units of their expected size."""
    factor: np.ndarray | None = None
    """(lead, pollutant): the conformal stretch."""

    @property
    def all(self) -> tuple[Way | Boosted, ...]:
        """In the order of `trust`."""
        return *self.experts, self.boosted

    def fit(self, sample: Sample) -> Self:
        """As the protocol says. DataError: no weather ahead in the sample, or less than 120 days."""
        return self.rehearsed(sample, areas=np.empty(0, dtype=np.intp))[0]

    def rehearsed(self, sample: Sample, *, areas: np.ndarray) -> tuple[Self, np.ndarray]:
        """Fitted, and what it would have said of days it had not seen, for some places of areas.

        The second is (area, day, lead, level) log AQI quantiles.
        """
        count = len(sample.days)
        if not sample.ahead.shape[-1]:
            raise DataError("There is no weather ahead to train on", expected="weather", found="none")
        if count < 120:
            raise DataError("The training window is too short", expected="at least 120 days", found=f"{count} days")
        filled = without_gaps(sample, Anchor.fit(sample))
        fold = _folds(count, self.folds)
        said, truth, usual = self._unseen(sample, filled, fold)
        trust = trust_of(said, truth, sample.weights)
        expected = np.einsum("eadlp,le->adlp", said, trust)
        errors = truth - expected
        anchor = Anchor.fit(sample)
        sizes = np.log(np.abs(errors) + LEAST_ERROR)
        plain = replace(sample, redrawn=None)
        expected_size = np.full(errors.shape, np.nan)
        for number in range(self.folds):
            rows, others = np.flatnonzero(fold == number), outside(fold, number)
            fitted = self.size.fit(plain, others, anchor, sizes)
            for area in range(len(sample.areas)):
                expected_size[area, rows] = fitted.predict(plain, area, rows, anchor)
        units = errors / np.exp(expected_size)
        never = np.isnan(filled).all(axis=1)
        units = np.where(never[:, None, None, :], np.nan, units)
        whole = np.flatnonzero(~np.isnan(np.where(never[:, None, None, :], 0.0, units)).any(axis=(0, 2, 3)))
        target = departures(sample, anchor, filled)
        every = np.arange(count)
        factor = _factor(sample.days[whole], units[:, whole])
        unseen = np.full((len(areas), *errors.shape[1:3], len(LEVELS)), np.nan)
        apart = np.abs(every[:, None] - whole[None, :]) > EMBARGO_DAYS
        drawn = pick(_season(sample.days[whole], sample.days) * apart, REHEARSED, every.astype(np.uint64))
        for place, area in enumerate(areas):
            size = (np.exp(expected_size[area]) * factor)[:, None]
            middle = usual[area] + expected[area]
            unseen[place] = quantiles_of(from_log(middle[:, None] + size * units[area][whole][drawn]))
        made = replace(
            self,
            experts=tuple(expert.fit(sample, every, anchor, target) for expert in self.experts),
            boosted=self.boosted.fit(plain, every, anchor, target),
            size=self.size.fit(plain, every, anchor, sizes),
            areas=sample.areas,
            anchor=anchor,
            top=ceiling(sample.observed),
            trust=trust,
            template_days=sample.days[whole],
            templates=units[:, whole],
            factor=factor,
        )
        return made, unseen

    def _unseen(
        self, sample: Sample, filled: np.ndarray, fold: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """For days left out: what each expert says, (expert, area, day, lead, pollutant); what came; the anchor."""
        shape = (len(sample.areas), len(sample.days), LEADS, len(TARGETS))
        said, truth = np.full((len(self.experts) + 1, *shape), np.nan), np.full(shape, np.nan)
        usual = truth.copy()
        for number in range(self.folds):
            rows, others = np.flatnonzero(fold == number), outside(fold, number)
            anchor = Anchor.fit(sample, rows=others)
            target = departures(sample, anchor, filled)
            truth[:, rows] = target[:, rows]
            usual[:, rows] = anchor.ahead(sample.days[rows], LEADS)
            for place, expert in enumerate(self.all):
                fitted = expert.fit(sample, others, anchor, target)
                for area in range(len(sample.areas)):
                    said[place, area, rows] = fitted.predict(sample, area, rows, anchor)
        return said, truth, usual

    def paths(self, sample: Sample, *, area: str, rows: np.ndarray, count: int, seeds: np.ndarray) -> np.ndarray:
        """As the protocol says."""
        expected = self.expected(sample, area=area, rows=rows)
        return self.drawn(expected, area=area, days=sample.days[rows], count=count, seeds=seeds)

    def expected(self, sample: Sample, *, area: str, rows: np.ndarray) -> np.ndarray:
        """(row, 2, lead, pollutant): the middle of the logarithms and the size of their errors.

        DataError: an area it does not know, no weather ahead.
        """
        assert self.anchor is not None and self.trust is not None and self.factor is not None
        one = replace(narrowed(sample, area, self.areas), redrawn=None)
        if not one.ahead.shape[-1]:
            raise DataError("The model needs the weather of the days ahead", expected="weather", found="none")
        anchor = self.anchor.of(self.areas.index(area))
        said = np.stack([expert.predict(one, 0, rows, anchor) for expert in self.all])
        middle = anchor.ahead(sample.days[rows], LEADS)[0] + np.einsum("edlp,le->dlp", said, self.trust)
        return np.stack([middle, np.exp(self.size.predict(one, 0, rows, anchor)) * self.factor], axis=1)

    def drawn(self, expected: np.ndarray, *, area: str, days: np.ndarray, count: int, seeds: np.ndarray) -> np.ndarray:
        """The paths of :meth:`paths` about what :meth:`expected` says of those days."""
        assert self.templates is not None and self.template_days is not None and self.top is not None
        place = self.areas.index(area)
        drawn = _errors_for(key_of(self.template_days), key_of(days), count, seeds.astype(np.uint64).tobytes())
        paths = expected[:, :1] + expected[:, 1:] * self.templates[place][drawn]
        return from_log(np.minimum(paths, self.top[place]))

    def describe(self) -> Mapping[str, Any]:
        """As the protocol says."""
        assert self.trust is not None and self.factor is not None
        return {
            "model": self.name,
            "folds": self.folds,
            "experts": [{"penalty": e.penalty, "width": e.width, "reach": e.reach} for e in self.experts],
            "trust_in_experts_per_lead": np.round(self.trust, 3).tolist(),
            "conformal_factor_per_lead": np.round(self.factor.mean(axis=1), 3).tolist(),
        }

    def stored(self) -> Stored:
        """As the protocol says."""
        assert self.anchor is not None and self.template_days is not None
        parts = {f"expert{number}": expert for number, expert in enumerate(self.experts)} | {"size": self.size}
        arrays: dict[str, Any] = {
            "anchor": self.anchor.coefficients,
            "template_days": self.template_days.astype("datetime64[D]").astype(np.int64),
        }
        arrays |= {name: getattr(self, name) for name in ("top", "trust", "templates", "factor")}
        boosted, trees = self.boosted.stored()
        arrays |= {f"boosted/{key}": value for key, value in trees.items()}
        settings: dict[str, Any] = {
            "areas": list(self.areas),
            "folds": self.folds,
            "experts": len(self.experts),
            "boosted": boosted,
        }
        for name, part in parts.items():
            settings[name], own = part.stored()
            arrays |= {f"{name}/{key}": value for key, value in own.items()}
        return settings, arrays

    @classmethod
    def restore(cls, settings: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Self:
        """As the protocol says."""

        def own(name: str) -> dict[str, np.ndarray]:
            return {key[len(name) + 1 :]: value for key, value in arrays.items() if key.startswith(f"{name}/")}

        def part(name: str) -> Way:
            return Way.restore(settings[name], own(name))

        return cls(
            experts=tuple(part(f"expert{number}") for number in range(settings["experts"])),
            boosted=Boosted.restore(settings["boosted"], own("boosted")),
            size=part("size"),
            folds=settings["folds"],
            areas=tuple(settings["areas"]),
            anchor=Anchor(arrays["anchor"]),
            template_days=arrays["template_days"].astype("datetime64[D]"),
            top=arrays["top"],
            trust=arrays["trust"],
            templates=arrays["templates"],
            factor=arrays["factor"],
        )


def light() -> Weathered:
    """Seconds instead of minutes: one kernel, fewer landmarks and folds."""
    return Weathered(
        experts=(Way(penalty=1.0, width=0.5, reach=0.3, landmarks=300),),
        boosted=Boosted(leads=1, trees=40, rows=1500),
        size=Way(penalty=3.0, width=0.3, reach=0.5, landmarks=150),
        folds=4,
    )


def outside(fold: np.ndarray, number: int) -> np.ndarray:
    """The rows that may train a fold: none of it, none within the embargo of one of its blocks."""
    inside = np.flatnonzero(fold == number)
    near = (inside[:, None] + np.arange(-EMBARGO_DAYS, EMBARGO_DAYS + 1)).ravel()
    return np.setdiff1d(np.arange(len(fold)), near)


def _folds(count: int, folds: int) -> np.ndarray:
    length = min(BLOCK_DAYS, max(1, count // (2 * folds)))
    block = np.arange(count) // length
    fold: np.ndarray = (block + block // folds) % folds
    return fold


def _season(past: np.ndarray, days: np.ndarray) -> np.ndarray:
    """(day, past day): how much each past error counts."""
    apart = season_distance(days[:, None], past[None, :]) / SEASON_WIDTH
    weights: np.ndarray = np.exp(-0.5 * apart**2) + 1e-12
    return weights


@lru_cache(maxsize=64)
def _errors_for(past: bytes, days: bytes, count: int, seeds: bytes) -> np.ndarray:
    """(day, count): places of past errors; of the days of the last weeks they are those of the station before."""
    made = pick(_season(days_of(past), days_of(days)), count, np.frombuffer(seeds, dtype=np.uint64))
    made.flags.writeable = False
    return made


def _factor(days: np.ndarray, units: np.ndarray) -> np.ndarray:
    """(lead, pollutant): the stretch with which the errors of other days of the season cover those of a day."""
    out = np.ones(units.shape[2:])
    rows = np.arange(0, len(days), max(1, len(days) // 300))
    apart = np.abs((days[rows][:, None] - days[None, :]) / np.timedelta64(1, "D")) > EMBARGO_DAYS
    drawn = pick(_season(days, days[rows]) * apart, 100, rows.astype(np.uint64))
    chosen = range(0, len(units), max(1, len(units) // 6))
    for lead, pollutant in np.ndindex(out.shape):
        samples = np.concatenate([np.sort(units[area, drawn, lead, pollutant], axis=1) for area in chosen])
        truth = np.concatenate([units[area, rows, lead, pollutant] for area in chosen])
        out[lead, pollutant] = calibrate.stretch(samples, truth)
    return np.clip(out, 0.8, 1.3)
