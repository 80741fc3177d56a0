"""What the aims ask beside CRPS: means over the week, seasons, FIRM, Flip-Flop, and the plots of the page.

FIRM (Taggart, Loveday and Griffiths 2022) scores warnings of AQI above 100, 150 and 200 said from the upper quartile,
with the risk parameter that makes the upper quartile the right thing to say. The Flip-Flop Index (Griffiths et al.
2019) is how far the medians for one day go back and forth from run to run, in AQI. Both are the library's, `scores`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

RISK = 0.75
LIMITS = {100: 1.0, 150: 2.0, 200: 4.0}
"""Thresholds of FIRM and their weights: a setting, each level twice the one before."""

SEASONS = {"winter": (12, 1, 2), "spring": (3, 4, 5), "summer": (6, 7, 8), "autumn": (9, 10, 11)}


def firm(rows: pd.DataFrame) -> float:
    """Mean FIRM of the upper quartile; 0 is perfect, smaller is better."""
    from scores.categorical import firm as scored

    said, seen = (xr.DataArray(rows[name].to_numpy(dtype=float), dims="day") for name in ("q75", "observed"))
    done = scored(
        said, seen, risk_parameter=RISK, categorical_thresholds=list(LIMITS), threshold_weights=list(LIMITS.values())
    )
    return float(done)


def flip_flop(rows: pd.DataFrame) -> float:
    """Mean Flip-Flop Index (AQI) of the medians for a station and day, from lead 7 to lead 1, where all seven are."""
    from scores.continuous import flip_flop_index

    wide = rows.pivot_table(index=["station", "valid_date"], columns="lead", values="q50").dropna()
    if wide.shape[1] < 3 or not len(wide):
        return float("nan")
    series = xr.DataArray(wide.to_numpy()[:, ::-1], dims=("case", "run"))
    return float(flip_flop_index(series, "run").mean())


def glance(table: Mapping[str, Any], rows: pd.DataFrame, *, ours: str) -> str:
    """Ours and every peer at a glance: means over the seven leads, and the figures the aims name."""
    leads = list(table)
    head = "| model | level right, lead 1 / mean | CSI >100, lead 1 / mean | CSI >200, lead 1 | R², lead 1 / 7 "
    out = [head + "| primary, mean | FIRM | Flip-Flop |", "|---" * 8 + "|"]
    for model in sorted(table[leads[0]]["scores"], key=lambda name: (name != ours, name)):
        scores = [table[lead]["scores"][model] for lead in leads]
        part = rows[rows["model"] == model]

        def mean(values: Sequence[float | None]) -> str:
            known = [value for value in values if value is not None]
            return f"{np.mean(known):.2f}" if known else "–"

        csi = [one["median_100"]["csi"] for one in scores]
        cells = [
            f"{100 * scores[0]['level']:.1f} % / {100 * np.mean([one['level'] for one in scores]):.1f} %",
            f"{csi[0]:.2f} / {mean(csi)}",
            mean([scores[0]["median_200"]["csi"]]),
            f"{scores[0]['r2']:.2f} / {scores[-1]['r2']:.2f}",
            f"{100 * np.mean([one['primary'] for one in scores]):.1f} %",
            f"{firm(part):.3f}",
            f"{flip_flop(part):.1f}",
        ]
        out.append(f"| {model} | " + " | ".join(cells) + " |")
    return "\n".join(out) + "\n"


def intervals(table: Mapping[str, Any], *, ours: str) -> str:
    """The share of days inside our 80 % interval per lead, all days and days above 200."""
    leads = list(table)
    out = ["| 80 % inside | " + " | ".join(f"lead {lead}" for lead in leads) + " |", "|---" * (len(leads) + 1) + "|"]
    for name, title in (("coverage", "all days"), ("coverage_over_200", "days above 200")):
        values = [table[lead]["scores"][ours][name] for lead in leads]
        out.append(f"| {title} | " + " | ".join("–" if v is None else f"{100 * v:.0f} %" for v in values) + " |")
    return "\n".join(out) + "\n"


def seasons(rows: pd.DataFrame, *, ours: str, peer: str) -> str:
    """CRPS of ours and of one peer by season of the valid day, leads 1, 3 and 7."""
    month = rows["valid_date"].dt.month
    out = ["| season | " + " | ".join(f"lead {lead}: ours / {peer}" for lead in (1, 3, 7)) + " |", "|---|---|---|---|"]
    for season, months in SEASONS.items():
        part = rows[month.isin(months)]
        cells = []
        for lead in (1, 3, 7):
            at = part[part["lead"] == lead].groupby("model")["crps"].mean()
            cells.append(f"{at[ours]:.1f} / {at[peer]:.1f}")
        out.append(f"| {season} | " + " | ".join(cells) + " |")
    return "\n".join(out) + "\n"


def plots(folder: Path, parts: Mapping[str, tuple[Mapping[str, Any], pd.DataFrame, str]]) -> dict[str, str]:
    """The pictures written and what they show: skill per lead, reliability, a fan. parts: mode to table, rows, ours."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    from benchmarks.skill.compare import SHOWN, reliability

    folder.mkdir(parents=True, exist_ok=True)
    wide = {"figsize": (4.2 * len(parts), 3.6), "sharey": True, "layout": "constrained", "squeeze": False}

    figure, axes = plt.subplots(1, len(parts), **wide)
    every = sorted({model for table, _, _ in parts.values() for model in table["1"]["scores"]})
    colours = {model: f"C{number}" for number, model in enumerate(every)}
    for axis, (mode, (table, _, ours)) in zip(axes[0], parts.items(), strict=True):
        leads = list(map(int, table))
        for model in table["1"]["scores"]:
            if model == "blend" != ours:
                continue
            line = [table[str(lead)]["scores"][model]["crps"] for lead in leads]
            strong = model == ours
            axis.plot(leads, line, lw=2.6 if strong else 1.1, marker="o" if strong else None, label=model,
                      color="black" if strong else colours[model], zorder=3 if strong else 2)  # fmt: skip
        axis.set(title=SHOWN[mode], xlabel="lead (days)", ylim=(10, 50), xticks=leads)
        axis.grid(alpha=0.3)
    axes[0][0].set_ylabel("CRPS of AQI")
    axes[0][0].legend(fontsize=7, ncol=2, loc="lower right")
    figure.savefig(folder / "skill.png", dpi=110)
    plt.close(figure)

    figure, axes = plt.subplots(1, len(parts), **wide)
    for axis, (mode, (_, rows, ours)) in zip(axes[0], parts.items(), strict=True):
        own = rows[rows["model"] == ours]
        for limit in (100, 200):
            points = reliability(own, limit=limit)
            axis.plot([p[0] for p in points], [p[1] for p in points], marker="o", label=f"P(AQI > {limit})")
        axis.plot([0, 1], [0, 1], color="grey", lw=0.8)
        axis.set(title=SHOWN[mode], xlabel="said", xlim=(0, 1), ylim=(0, 1), aspect="equal")
        axis.grid(alpha=0.3)
    axes[0][0].set_ylabel("seen")
    axes[0][0].legend(fontsize=8)
    figure.savefig(folder / "reliability.png", dpi=110)
    plt.close(figure)

    figure, axes = plt.subplots(1, len(parts), **wide)
    for axis, (mode, (_, rows, ours)) in zip(axes[0], parts.items(), strict=True):
        issue = pd.Timestamp("2015-11-26")
        own = rows[(rows["model"] == ours) & (rows["issue_date"] == issue)]
        own = own[own["station"] == own["station"].mode().min()].sort_values("lead")  # the first without gaps
        for low, high, alpha in (("q05", "q95", 0.15), ("q10", "q90", 0.2), ("q25", "q75", 0.3)):
            axis.fill_between(
                own["lead"], own[low], own[high], color="tab:blue", alpha=alpha, lw=0, label=f"{low}–{high}"
            )
        axis.plot(own["lead"], own["q50"], color="tab:blue", label="median")
        axis.plot(own["lead"], own["observed"], "k.-", label="observed")
        axis.set(title=SHOWN[mode], xlabel="days after 2015-11-26", xticks=range(1, 8))
        axis.grid(alpha=0.3)
    axes[0][0].set_ylabel("AQI, one station")
    axes[0][0].legend(fontsize=7)
    figure.savefig(folder / "fan.png", dpi=110)
    plt.close(figure)
    return {
        "skill.png": "CRPS of AQI by lead, ours in black, peers in colours, in three weather modes",
        "reliability.png": "share of days seen against probability said, AQI above 100 and 200",
        "fan.png": "the seven days after 2015-11-26 at one station: quantiles said and AQI observed",
    }
