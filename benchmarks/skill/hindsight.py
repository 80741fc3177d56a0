"""What the forecasts at hand could give at most: mixed by weights, cut at thresholds, that the test year itself chose.

Nothing here may be used: it is chosen with the answers known. It tells an aim that a better mixture or a better
threshold would reach from one that asks for a forecast nobody has made. Needs the files that `compare` leaves.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.skill import compare, exchange


def mixture(quantiles: np.ndarray, observed: np.ndarray) -> tuple[np.ndarray, float]:
    """Weights (model,), none below 0 and 1 together, with the least mean CRPS of the mean of quantiles, and that CRPS.

    `quantiles`: (model, day, 7) in the order of compare.QUANTILES. The CRPS is convex in the weights, so there is one
    least value.

    >>> low, high = np.full((50, 7), 80.0), np.full((50, 7), 120.0)
    >>> weights, least = mixture(np.stack([low, high]), np.full(50, 90.0))
    >>> weights.round(2).tolist(), round(least, 2)
    ([0.75, 0.25], 0.0)
    """
    from scipy.optimize import minimize

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        mixed = np.tensordot(weights, quantiles, 1)
        above = observed[:, None] > mixed
        slope = np.where(above, -compare.PROBABILITIES, 1 - compare.PROBABILITIES) * compare.SHARES
        gradient = 2 * (slope * quantiles).sum(axis=2).mean(axis=1)
        return float(compare.crps(mixed, observed).mean()), gradient

    count = len(quantiles)
    begins = [np.full(count, 1 / count), *np.eye(count)]
    whole = {"type": "eq", "fun": lambda weights: weights.sum() - 1, "jac": lambda _weights: np.ones(count)}
    found = [
        minimize(loss, begin, jac=True, method="SLSQP", bounds=[(0, 1)] * count, constraints=[whole])
        for begin in begins
    ]
    best = min(found, key=lambda one: float(one.fun))
    return best.x / best.x.sum(), float(best.fun)


def threshold(said: np.ndarray, event: np.ndarray) -> tuple[float, float]:
    """The best CSI of "said at least so much", and that much.

    >>> threshold(np.array([0.1, 0.4, 0.6]), np.array([False, True, True]))
    (1.0, 0.4)
    """
    scores = {float(cut): compare.contingency(said >= cut, event)["csi"] or 0.0 for cut in np.unique(said)}
    best = max(scores, key=lambda cut: scores[cut])
    return scores[best], best


def run() -> dict[str, Any]:
    """By mode and lead: how far ours, and the best mixture of all in hindsight, lie below the best peer in percent.

    With perfect weather at lead 1 also the best CSI above 200 of ours that a threshold chosen in hindsight gives.
    """
    folder = exchange.room()
    files = [*folder.glob("rows_*.parquet"), *folder.glob("ours_*.parquet")]
    if not any(path.name.startswith("ours_") for path in files):
        return {"skipped": "there are no forecasts yet: ./run bench compare"}
    frame = pd.concat([compare.read_rows(path) for path in sorted(files)])
    observed = pd.read_parquet(folder / "daily.parquet")
    out: dict[str, Any] = {}
    for mode in exchange.MODES:
        rows = compare.matched(frame, observed, mode=mode)
        ours = "blend" if mode == "none" else "blend-weather"
        for lead, at in rows.groupby("lead"):
            parts = {str(model): part for model, part in at.groupby("model")}
            truth = parts[ours]["observed"].to_numpy(dtype=float)
            said = {model: part[compare.QUANTILES].to_numpy(dtype=float) for model, part in parts.items()}
            alone = {model: float(compare.crps(one, truth).mean()) for model, one in said.items()}
            peer = min(value for model, value in alone.items() if not model.startswith("blend"))
            weights, least = mixture(np.stack(list(said.values())), truth)
            made_of = {model: round(float(w), 2) for model, w in zip(said, weights, strict=True) if w >= 0.005}
            out[f"{mode}, lead {lead}"] = {
                "ours": round(100 * (1 - alone[ours] / peer), 1),
                "hindsight": round(100 * (1 - least / peer), 1),
                "mixture": made_of,
            }
            if (mode, lead) == ("perfect", 1):
                event, probability = truth > 200, parts[ours]["p_gt200"].to_numpy(dtype=float)
                cut = threshold(probability, event), threshold(parts[ours]["q50"].to_numpy(dtype=float), event)
                names = ("probability", "median")
                out["CSI above 200, perfect, lead 1"] = {
                    name: f"{csi:.3f} from {at_least:.2f}" for name, (csi, at_least) in zip(names, cut, strict=True)
                }
    return out


if __name__ == "__main__":
    print(json.dumps(run(), indent=1, ensure_ascii=False))
