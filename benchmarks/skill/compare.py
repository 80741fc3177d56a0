"""Our forecasts beside the peers', from files of one schema: scores per lead and weather mode, ratios with intervals.

CRPS is made from the seven quantiles all files have, the same way for everybody; a station-day counts only where every
model compared has a row and the AQI was observed. Ratios are against the best single peer of that lead and mode.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.skill import aims, exchange, section
from benchmarks.skill import ours as ours_made
from plans.errors import DataError

KEYS = ["station", "issue_date", "valid_date", "lead"]
PROBABILITIES = np.array([0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95])
QUANTILES = ["q05", "q10", "q25", "q50", "q75", "q90", "q95"]
SHARES = np.diff(np.concatenate([[0.0], (PROBABILITIES[1:] + PROBABILITIES[:-1]) / 2, [1.0]]))
"""How much of the probability axis each quantile stands for."""

LIMITS = (100, 150, 200)
COLUMNS = [*KEYS, "mean", *QUANTILES, *(f"p_gt{limit}" for limit in LIMITS), "primary", "model", "weather_mode"]
POLLUTANTS = ("pm25", "pm10", "so2", "no2", "co", "o3")
EDGES = np.array([50, 100, 150, 200, 300])
BLOCK_DAYS = 7
ALARM = 0.3
"""Probability at which the second contingency table calls an alarm (fixed, not tuned)."""

SHOWN = {"none": "no weather", "forecast": "degraded weather", "perfect": "perfect weather"}


def read_rows(path: str | Path) -> pd.DataFrame:
    """The rows of one backtest file (.parquet or .csv); DataError: not there, a column missing, a mode not known."""
    path = Path(path)
    if not path.is_file():
        raise DataError("The forecast file is not there", where=path.name, expected=".parquet | .csv")
    frame = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, dtype={"station": str})
    for name in COLUMNS:
        if name not in frame:
            found = ", ".join(map(str, frame))[:200]
            raise DataError("A column is missing", where=path.name, expected=name, found=found)
    odd = set(frame["weather_mode"].astype(str)) - set(exchange.MODES)
    if odd:
        raise DataError("The weather mode is not known", where=path.name, expected=exchange.MODES, found=sorted(odd))
    for name in ("issue_date", "valid_date"):
        frame[name] = pd.to_datetime(frame[name]).astype("datetime64[us]")
    return frame


def crps(quantiles: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """CRPS (row,) of quantile forecasts (row, 7), in the unit of the observed: twice the pinball loss, integrated.

    >>> crps(np.full((1, 7), 80.0), np.array([100.0])).round(6).tolist()
    [20.0]
    """
    error = observed[:, None] - quantiles
    pinball = np.maximum(PROBABILITIES * error, (PROBABILITIES - 1) * error)
    return np.asarray(2 * (pinball * SHARES).sum(axis=1))


def matched(frame: pd.DataFrame, observed: pd.DataFrame, *, mode: str) -> pd.DataFrame:
    """Rows of all models usable under a mode, on the station-days where each of them has one, with the truth beside.

    A model without weather is a peer in every mode; one that has a version with weather competes with that one only.
    """
    own = frame[frame["weather_mode"] == mode]
    plain = frame[(frame["weather_mode"] == "none") & ~frame["model"].isin(own["model"])]
    both = pd.concat([own, plain]) if mode != "none" else own
    truth = observed.rename(columns={"date": "valid_date", "aqi": "observed", "primary": "observed_primary"})
    truth = truth.loc[truth["observed"].notna(), ["station", "valid_date", "observed", "observed_primary"]]
    truth = truth.assign(valid_date=truth["valid_date"].astype("datetime64[us]"))
    last = pd.Timestamp(exchange.LAST)
    both = both[both["valid_date"] <= last].merge(truth, on=["station", "valid_date"])
    twice = both.duplicated([*KEYS, "model"])
    if twice.any():
        row = both.loc[twice].iloc[0]
        raise DataError(
            "A forecast stands twice", where=str(row["model"]), found=f"{row['station']} {row['issue_date']}"
        )
    number = both.groupby(KEYS)["model"].transform("size")
    return both[number == both["model"].nunique()].sort_values(["model", *KEYS], ignore_index=True)


def scored(rows: pd.DataFrame) -> dict[str, Any]:
    """The scores of one model at one lead."""
    import xarray as xr
    from scores.continuous import additive_bias, mae, rmse
    from scores.probability import brier_score

    truth = xr.DataArray(rows["observed"].to_numpy(dtype=float), dims="day")
    middle, mean = (xr.DataArray(rows[name].to_numpy(dtype=float), dims="day") for name in ("q50", "mean"))
    observed = truth.values
    inside = (observed >= rows["q10"].to_numpy()) & (observed <= rows["q90"].to_numpy())
    heavy = observed > 200
    out: dict[str, Any] = {
        "days": len(rows),
        "crps": float(rows["crps"].mean()),
        "mae": float(mae(middle, truth)),
        "rmse": float(rmse(mean, truth)),
        "r2": float(1 - ((mean - truth) ** 2).sum() / ((truth - truth.mean()) ** 2).sum()),
        "bias": float(additive_bias(mean, truth)),
        "coverage": float(inside.mean()),
        "coverage_over_200": float(inside[heavy].mean()) if heavy.any() else None,
        "width": float((rows["q90"] - rows["q10"]).mean()),
        "level": float((_level(middle.values) == _level(observed)).mean()),
        "primary": _primary(rows),
    }
    for limit in LIMITS:
        probability = rows[f"p_gt{limit}"].to_numpy(dtype=float)
        event = observed > limit
        brier = brier_score(xr.DataArray(probability, dims="day"), xr.DataArray(event.astype(float), dims="day"))
        out[f"brier_{limit}"] = float(brier)
        out[f"median_{limit}"] = contingency(middle.values > limit, event)
        out[f"alarm_{limit}"] = contingency(probability >= ALARM, event)
    return out


def contingency(said: np.ndarray, event: np.ndarray) -> dict[str, float | None]:
    """POD, FAR and CSI; None for 0/0."""
    hit, false, missed = int((said & event).sum()), int((said & ~event).sum()), int((~said & event).sum())

    def share(part: int, whole: int) -> float | None:
        return part / whole if whole else None

    return {"pod": share(hit, hit + missed), "far": share(false, hit + false), "csi": share(hit, hit + false + missed)}


def _level(aqi: np.ndarray) -> np.ndarray:
    return np.searchsorted(EDGES, np.rint(aqi), side="left")


def _primary(rows: pd.DataFrame) -> float | None:
    """Share of days that had a primary pollutant on which the one named is among the observed."""
    mask = rows["observed_primary"].to_numpy(dtype=int)
    place = rows["primary"].map({name: number for number, name in enumerate(POLLUTANTS)}).fillna(-1).to_numpy(dtype=int)
    dirty = mask > 0
    if not dirty.any():
        return None
    named = place[dirty] >= 0
    return float((named & ((mask[dirty] >> np.maximum(place[dirty], 0)) & 1 > 0)).mean())


def ratio(own: pd.DataFrame, other: pd.DataFrame, *, draws: int = 1000, seed: int = 7) -> dict[str, float]:
    """By how many percent the CRPS of `own` is lower, 90 % interval from 7-day blocks of issue days, and DM's p-value.

    The Diebold-Mariano test is `scores`' (Harvey et al. 1997, HLN variant) on the daily mean loss difference of the
    stations, with h = lead; its p-value is two-sided.
    """
    days = np.sort(own["issue_date"].unique())
    block = ((own["issue_date"].to_numpy() - days[0]) / np.timedelta64(BLOCK_DAYS, "D")).astype(int)
    sums = np.stack([np.bincount(block, frame["crps"].to_numpy(), minlength=block.max() + 1) for frame in (own, other)])
    random = np.random.default_rng(seed)
    drawn = random.integers(0, sums.shape[1], (draws, sums.shape[1]))
    spread = 1 - sums[0, drawn].sum(axis=1) / sums[1, drawn].sum(axis=1)
    low, high = np.quantile(spread, [0.05, 0.95])
    return {
        "lower_by": float(100 * (1 - sums[0].sum() / sums[1].sum())),
        "low": float(100 * low),
        "high": float(100 * high),
        "dm_p": _diebold_mariano(own, other),
    }


def _diebold_mariano(own: pd.DataFrame, other: pd.DataFrame) -> float:
    import xarray as xr
    from scores.stats.statistical_tests import diebold_mariano

    apart = (own["crps"] - other["crps"]).groupby(own["issue_date"]).mean()
    lead = int(own["lead"].iloc[0])
    series = xr.DataArray(
        apart.to_numpy()[None],
        dims=("lead", "day"),
        coords={"lead": [lead], "day": np.arange(len(apart)), "h": ("lead", [lead])},
    )
    if not np.any(series.values):
        return 1.0
    done = diebold_mariano(series, "lead", "h", method="HLN", confidence_level=0.9)
    return float(2 * np.minimum(done["confidence_gt_0"], 1 - done["confidence_gt_0"]).item())


def compare(frame: pd.DataFrame, observed: pd.DataFrame, *, ours: Sequence[str]) -> dict[str, Any]:
    """Scores by mode, lead and model; per lead the best single peer and how each of `ours` stands against it."""
    out: dict[str, Any] = {}
    for mode in exchange.MODES:
        rows = matched(frame, observed, mode=mode)
        if not len(rows):
            continue
        rows = rows.assign(crps=crps(rows[QUANTILES].to_numpy(dtype=float), rows["observed"].to_numpy(dtype=float)))
        table: dict[str, Any] = {}
        for lead, at in rows.groupby("lead"):
            parts = {str(model): part.reset_index(drop=True) for model, part in at.groupby("model")}
            scores = {model: scored(part) for model, part in parts.items()}
            peers = {model: score["crps"] for model, score in scores.items() if model not in ours}
            best = min(peers, key=lambda model: peers[model]) if peers else None
            against = {model: ratio(parts[model], parts[best]) for model in ours if best and model in parts}
            table[str(lead)] = {"best_peer": best, "scores": scores, "against_best": against}
        out[mode] = table
    return out


def markdown(done: Mapping[str, Any], *, ours: Sequence[str]) -> str:
    """Tables: CRPS and MAE of all per lead; ours against the best peer; the decisions."""
    parts = []
    for mode, table in done.items():
        leads = list(table)
        models = sorted(
            {model for lead in leads for model in table[lead]["scores"]}, key=lambda model: (model not in ours, model)
        )
        parts.append(f"### Beside peers: {SHOWN[mode]}\n")
        for title, name, form in (
            ("CRPS", "crps", "{:.1f}"),
            ("MAE of the median", "mae", "{:.1f}"),
            ("level right", "level", "{:.0%}"),
        ):
            parts.append(f"| {title} | " + " | ".join(f"lead {lead}" for lead in leads) + " |")
            parts.append("|---" * (len(leads) + 1) + "|")
            for model in models:
                cells = []
                for lead in leads:
                    text = form.format(table[lead]["scores"][model][name])
                    cells.append(f"**{text}**" if name == "crps" and model == table[lead]["best_peer"] else text)
                parts.append(f"| {model} | " + " | ".join(cells) + " |")
            parts.append("")
        for model in ours:
            cells = [table[lead]["against_best"].get(model) for lead in leads]
            if all(cells):
                parts.append(
                    f"CRPS of {model} against the best single peer of each lead (percent lower, 90 % interval of a "
                    "7-day block bootstrap, two-sided Diebold-Mariano p):\n"
                )
                parts.append("| " + " | ".join(f"lead {lead}" for lead in leads) + " |")
                parts.append("|---" * len(leads) + "|")
                parts.append(
                    "| "
                    + " | ".join(
                        f"{c['lower_by']:+.1f} ({c['low']:+.1f} .. {c['high']:+.1f}), p {c['dm_p']:.3f}" for c in cells
                    )
                    + " |\n"
                )
        parts += _decisions(table, models)
    return "\n".join(parts) + "\n"


def _decisions(table: Mapping[str, Any], models: Sequence[str]) -> list[str]:
    out = [
        f'POD / FAR / CSI of "median above", then of "probability at least {ALARM}"; coverage of the 80 % interval, '
        "all days and days above 200:\n",
        "| model | lead | >100 median | >100 probability | >200 median | >200 probability "
        "| R² | 80 % inside | >200 inside | primary |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for model in models:
        for lead in ("1", "3", "7"):
            if lead in table:
                one = table[lead]["scores"][model]
                cells = [_three(one[name]) for name in ("median_100", "alarm_100", "median_200", "alarm_200")]
                cells += [
                    f"{one['r2']:.2f}",
                    _share(one["coverage"]),
                    _share(one["coverage_over_200"]),
                    _share(one["primary"]),
                ]
                out.append(f"| {model} | {lead} | " + " | ".join(cells) + " |")
    return [*out, ""]


def _three(one: Mapping[str, float | None]) -> str:
    return " / ".join(_share(one[name]) for name in ("pod", "far", "csi"))


def _share(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.0f} %"


def by_cost(rows: pd.DataFrame, card: Mapping[str, Any]) -> dict[str, dict[str, dict[str, float | None]]]:
    """By lead and limit POD, FAR and CSI of one model at the probabilities its card chose by cost on training folds."""
    chosen = card["alarm_from_probability_by_cost_per_lead"]
    out: dict[str, dict[str, dict[str, float | None]]] = {}
    for lead, part in rows.groupby("lead"):
        event = part["observed"].to_numpy()
        out[str(lead)] = {
            limit: contingency(part[f"p_gt{limit}"].to_numpy() >= alarms[int(lead) - 1], event > int(limit))
            | {"from": alarms[int(lead) - 1]}
            for limit, alarms in chosen.items()
        }
    return out


def reliability(rows: pd.DataFrame, *, limit: int = 100) -> list[tuple[float, float, int]]:
    """Per tenth of the probability with 100 station-days or more: mean probability, observed share, station-days."""
    said = rows[f"p_gt{limit}"].to_numpy()
    event = rows["observed"].to_numpy() > limit
    place = np.minimum((said * 10).astype(int), 9)
    return [
        (float(said[place == tenth].mean()), float(event[place == tenth].mean()), int((place == tenth).sum()))
        for tenth in range(10)
        if (place == tenth).sum() >= 100
    ]


def chance(rows: pd.DataFrame, *, limit: int = 100, draws: int = 4000) -> tuple[float, float]:
    """How far the worst tenth of a reliable forecast lies off in such a year: in the median, and in nine of ten years.

    Weeks are drawn with replacement (BLOCK_DAYS, all stations together, as weather has them); the departures of each
    tenth with 100 station-days or more are taken from their own mean.
    """
    said = rows[f"p_gt{limit}"].to_numpy()
    event = rows["observed"].to_numpy() > limit
    place = np.minimum((said * 10).astype(int), 9)
    block = _blocks(rows)
    gone, count = np.zeros((block.max() + 1, 10)), np.zeros((block.max() + 1, 10))
    np.add.at(gone, (block, place), event - said)
    np.add.at(count, (block, place), 1.0)
    drawn = np.random.default_rng(1).integers(0, len(gone), (draws, len(gone)))
    off = gone[drawn].sum(axis=1) / np.maximum(count[drawn].sum(axis=1), 1.0)
    off -= gone.sum(axis=0) / np.maximum(count.sum(axis=0), 1.0)
    worst = np.abs(off[:, count.sum(axis=0) >= 100]).max(axis=1)
    median, high = np.quantile(worst, [0.5, 0.9])
    return float(median), float(high)


def _blocks(rows: pd.DataFrame) -> np.ndarray:
    days = (rows["valid_date"] - rows["valid_date"].min()) / np.timedelta64(1, "D")
    return np.asarray(days.to_numpy().astype(int) // BLOCK_DAYS)


def csi_between(rows: pd.DataFrame, *, limit: int, draws: int = 4000) -> tuple[float, float, float]:
    """CSI of "median above the limit", and the 90 % interval when weeks are drawn with replacement."""
    fire, event = rows["q50"].to_numpy() > limit, rows["observed"].to_numpy() > limit
    block = _blocks(rows)
    hits, either = np.zeros(block.max() + 1), np.zeros(block.max() + 1)
    np.add.at(hits, block, fire & event)
    np.add.at(either, block, fire | event)
    drawn = np.random.default_rng(1).integers(0, len(hits), (draws, len(hits)))
    low, high = np.quantile(hits[drawn].sum(axis=1) / np.maximum(either[drawn].sum(axis=1), 1.0), [0.05, 0.95])
    return float(hits.sum() / max(either.sum(), 1.0)), float(low), float(high)


def honesty(rows: pd.DataFrame, card: Mapping[str, Any] | None, *, model: str, mode: str) -> str:
    """The reliability of P(AQI > 100), and where a card is there the alarms by cost, as markdown."""
    own = rows[rows["model"] == model]
    cells = [f"{100 * said:.0f} → {100 * seen:.0f} ({count})" for said, seen, count in reliability(own)]
    parts = [
        f"P(AQI > 100) of {model}, {SHOWN[mode]}, all leads: percent said → percent seen (station-days): "
        + ", ".join(cells) + ". In such a year the worst tenth of a reliable forecast would be off by "
        + "{:.0f} points in the median and by up to {:.0f} in nine years of ten.\n".format(
            *(100 * part for part in chance(own))
        )
    ]  # fmt: skip
    tomorrow = rows[rows["lead"] == 1]
    told = []
    for name in (model, "LightGBM quantile"):
        one = tomorrow[tomorrow["model"] == name]
        if len(one):
            told.append("{} {:.2f} ({:.2f} .. {:.2f})".format(name, *csi_between(one, limit=200)))
    parts.append(
        f"CSI of days above 200 at lead 1 by the median, {SHOWN[mode]}, 90 % interval when weeks are drawn anew: "
        + ", ".join(told) + ".\n"
    )  # fmt: skip
    if card is not None:
        parts += [
            f"POD / FAR / CSI of {model}, {SHOWN[mode]}, from the probability with the least cost on folds of the "
            "training years (a miss above 100, 150, 200 costs 2, 3, 5 false alarms; a setting):\n",
            "| lead | above 100 | above 150 | above 200 |",
            "|---|---|---|---|",
        ]
        for lead, at in by_cost(own, card).items():
            shown = [f"{_three(one)} from {one['from']:.2f}" for one in at.values()]
            parts.append(f"| {lead} | " + " | ".join(shown) + " |")
        parts.append("")
    return "\n".join(parts)


def run(folder: Path | None = None) -> dict[str, Any]:
    """All of the exchange folder compared, peers' rows_*.parquet and ours_*.parquet; writes comparison.json and .md.

    The tables also replace the section between BEGIN and END of docs/verification.md.
    """
    folder = folder or exchange.room()
    if not exchange.DATA.is_dir():
        return {"skipped": f"{exchange.DATA.name} is not in ../shared/data"}
    exchange.peers(folder)
    ours_made.make(folder)
    peers = [read_rows(path) for path in sorted(folder.glob("rows_*.parquet"))]
    own = [read_rows(path) for path in sorted((*folder.glob("ours_*.parquet"), *folder.glob("ours_*.csv")))]
    ours = sorted({model for frame in own for model in frame["model"].unique()})
    done = compare(pd.concat([*peers, *own]), pd.read_parquet(folder / "daily.parquet"), ours=ours)
    (folder / "comparison.json").write_text(json.dumps(done, indent=1, ensure_ascii=False), encoding="utf-8")
    text = markdown(done, ours=ours)
    observed = pd.read_parquet(folder / "daily.parquet")
    parts, aimed, drawn = [], [], {}
    for mode, model in zip(exchange.MODES, ("blend", "blend-weather", "blend-weather"), strict=True):
        rows = matched(pd.concat([*peers, *own]), observed, mode=mode)
        if not (rows["model"] == model).any():
            continue
        rows = rows.assign(crps=crps(rows[QUANTILES].to_numpy(dtype=float), rows["observed"].to_numpy(dtype=float)))
        card = folder / f"card_{mode}.json"
        known = json.loads(card.read_text(encoding="utf-8")) if card.is_file() else None
        parts.append(honesty(rows, known, model=model, mode=mode))
        aimed.append(f"### At a glance: {SHOWN[mode]}\n")
        aimed.append(aims.glance(done[mode], rows, ours=model))
        aimed.append(aims.intervals(done[mode], ours=model))
        aimed.append(f"CRPS by season of the valid day, {SHOWN[mode]}:\n")
        aimed.append(aims.seasons(rows, ours=model, peer="LightGBM quantile"))
        drawn[mode] = (done[mode], rows, model)
    text += "\n" + "\n".join(aimed)
    text += "\n### Honest probabilities, and alarms by cost\n\n" + "\n".join(parts) + "\n"
    if drawn and section.PAGE.is_file():
        names = aims.plots(section.PAGE.parent / "figures", drawn)
        text += "".join(f"![{words}](figures/{name})\n\n" for name, words in names.items())
    (folder / "comparison.md").write_text(text, encoding="utf-8")
    section.put(text)
    return {
        mode: {
            lead: {"best_peer": at["best_peer"], "crps": round(at["scores"][at["best_peer"]]["crps"], 2)}
            | {
                model: {name: round(value, 3) for name, value in one.items()}
                for model, one in at["against_best"].items()
            }
            for lead, at in table.items()
        }
        for mode, table in done.items()
    }


if __name__ == "__main__":
    print(json.dumps(run(), indent=1, ensure_ascii=False))
