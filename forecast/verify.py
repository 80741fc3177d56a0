"""Scores of a backtest, model beside model: how far off, how honest, how useful for the levels that trigger action.

All scores of a lead are taken over the same area-days for every model: days whose observation is known. Continuous and
probabilistic scores come from the library `scores`; contingency scores are counted here, because a 0/0 must stay
"unknown" and not become a number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from forecast.backtest import Backtest
from forecast.features import LEADS

THRESHOLDS: tuple[int, ...] = (100, 150, 200)
LEVEL_EDGES = np.array([50, 100, 150, 200, 300])
"""Upper edges of the AQI levels 1..5 (HJ 633-2012 and -2026, table 1)."""


@dataclass(frozen=True, slots=True)
class Score:
    """The scores of one model at one lead over some areas; None where nothing could be counted."""

    model: str
    lead: int
    days: int
    crps: float
    """Of daily AQI."""
    mae: float
    """Of the median of daily AQI; so rmse and bias (forecast less observed)."""
    rmse: float
    bias: float
    coverage: float
    """Share of observed AQI inside the 80 % interval, ends included."""
    width: float
    """Mean width of that interval."""
    level: float
    """Share of days whose level the median hits."""
    primary: float | None
    """Share of days with AQI above 50 whose likeliest primary pollutant is among the observed ones."""
    pm25_crps: float
    pm25_mae: float
    brier: Mapping[int, float]
    """Per threshold, of the probability that AQI exceeds it."""
    events: Mapping[int, int]
    """Per threshold, how many observed days exceed it."""
    hits: Mapping[int, tuple[float | None, float | None, float | None]]
    """Per threshold POD, FAR, CSI of "the median exceeds it"."""
    hits_by_probability: Mapping[int, tuple[float | None, float | None, float | None]]
    """The same for "the probability of exceeding it is at least 0.3" (a fixed figure, not tuned)."""


ALARM = 0.3
"""Probability at which the second contingency table calls an alarm."""


def scorecard(test: Backtest, *, areas: Sequence[str] | None = None) -> tuple[Score, ...]:
    """The scores of every model and lead over some areas (all)."""
    chosen = [test.areas.index(area) for area in areas or test.areas]
    return tuple(_score(test, model, lead, chosen) for model in test.forecasts for lead in range(1, LEADS + 1))


def _score(test: Backtest, model: str, lead: int, areas: list[int]) -> Score:
    import xarray as xr
    from scores.continuous import additive_bias, mae, rmse
    from scores.probability import brier_score

    said = test.forecasts[model]
    observed = test.observed_aqi[areas, :, lead - 1].ravel()
    known = ~np.isnan(observed)
    if not known.any():
        raise ValueError(f"No day with an observed AQI at lead {lead}.")
    observed = observed[known]
    members = said.aqi[areas, :, lead - 1].reshape(len(known), -1)[known].astype(np.float64)
    median = np.quantile(members, 0.5, axis=1, method="inverted_cdf")
    low, high = (np.quantile(members, p, axis=1, method="inverted_cdf") for p in (0.1, 0.9))
    truth, middle = xr.DataArray(observed, dims="day"), xr.DataArray(median, dims="day")
    pm_truth = test.observed_pm25[areas, :, lead - 1].ravel()
    pm_known = ~np.isnan(pm_truth)
    pm_members = said.pm25[areas, :, lead - 1].reshape(len(pm_known), -1)[pm_known].astype(np.float64)
    pm_truth = pm_truth[pm_known]
    probabilities = {limit: (members > limit).mean(axis=1) for limit in THRESHOLDS}
    return Score(
        model=model,
        lead=lead,
        days=len(observed),
        crps=_crps(members, observed),
        mae=float(mae(middle, truth)),
        rmse=float(rmse(middle, truth)),
        bias=float(additive_bias(middle, truth)),
        coverage=float(np.mean((observed >= low) & (observed <= high))),
        width=float(np.mean(high - low)),
        level=float(np.mean(level(median) == level(observed))),
        primary=_primary(test, model, lead, areas, known),
        pm25_crps=_crps(pm_members, pm_truth),
        pm25_mae=float(np.mean(np.abs(np.median(pm_members, axis=1) - pm_truth))),
        brier={
            limit: float(brier_score(xr.DataArray(probability, dims="day"), (truth > limit).astype(float)))
            for limit, probability in probabilities.items()
        },
        events={limit: int(np.sum(observed > limit)) for limit in THRESHOLDS},
        hits={limit: contingency(median > limit, observed > limit) for limit in THRESHOLDS},
        hits_by_probability={
            limit: contingency(probability >= ALARM, observed > limit) for limit, probability in probabilities.items()
        },
    )


def _crps(members: np.ndarray, observed: np.ndarray) -> float:
    import xarray as xr
    from scores.probability import crps_for_ensemble

    said, truth = xr.DataArray(members, dims=("day", "path")), xr.DataArray(observed, dims="day")
    return float(crps_for_ensemble(said, truth, ensemble_member_dim="path", method="ecdf"))


def level(aqi: np.ndarray) -> np.ndarray:
    """The level 1..6 of AQI.

    >>> level(np.array([50.0, 51.0, 301.0])).tolist()
    [1, 2, 6]
    """
    return np.searchsorted(LEVEL_EDGES, aqi, side="left") + 1


def contingency(forecast: np.ndarray, observed: np.ndarray) -> tuple[float | None, float | None, float | None]:
    """POD, FAR and CSI of yes/no forecasts; None for 0/0.

    >>> contingency(np.array([True, True, False, False]), np.array([True, False, True, False]))
    (0.5, 0.5, 0.3333333333333333)
    """
    hit = int(np.sum(forecast & observed))
    false = int(np.sum(forecast & ~observed))
    missed = int(np.sum(~forecast & observed))

    def share(part: int, whole: int) -> float | None:
        return part / whole if whole else None

    return share(hit, hit + missed), share(false, hit + false), share(hit, hit + false + missed)


def _primary(test: Backtest, model: str, lead: int, areas: list[int], known: np.ndarray) -> float | None:
    masks = test.observed_primary[areas, :, lead - 1].ravel()[known]
    share = test.forecasts[model].primary[areas, :, lead - 1].reshape(len(known), -1)[known]
    dirty = masks > 0
    if not dirty.any():
        return None
    right = (masks[dirty] >> share[dirty].argmax(axis=1)) & 1
    return float(np.mean(right))
