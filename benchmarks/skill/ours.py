"""Our own forecasts of the test year in the three weather modes, where their files are not there yet.

Trained at effort "full" on the days before the test year (ten to fifteen minutes of a core a mode), then `ours_MODE`
and the model's card are written beside the peers' files. Remove a file to have it made again: that is a look at the
test year, and docs/verification.md counts them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.skill import exchange

if TYPE_CHECKING:
    import xarray as xr

    from forecast.features import Area


def make(folder: Path) -> list[str]:
    """The modes that were made now."""
    from forecast.features import Area
    from forecast.readers import prsa

    wanted = [mode for mode in exchange.MODES if not list(folder.glob(f"ours_{mode}.*"))]
    if not wanted:
        return []
    dataset = prsa.read(exchange.DATA)
    areas = tuple(Area(str(code), (str(code),)) for code in dataset["station"].values)
    for mode in wanted:
        write(folder, mode, dataset, areas=areas, weather=_weather(mode, dataset, areas))
    return wanted


def write(folder: Path, mode: str, dataset: xr.Dataset, *, areas: tuple[Area, ...], weather: xr.Dataset | None) -> None:
    """Train before the test year and write `ours_MODE.parquet` and `card_MODE.json` of it."""
    from forecast import backtest, train

    name = "blend" if weather is None else "blend-weather"
    made = train.train(dataset, until=exchange.TRAIN_UNTIL, areas=areas, effort="full", model=name, weather=weather)
    card = json.dumps(made.manifest["description"], ensure_ascii=False, indent=1)
    (folder / f"card_{mode}.json").write_text(card, encoding="utf-8")
    backtest.run(
        dataset, train_until=exchange.TRAIN_UNTIL, first=exchange.FIRST, last=exchange.LAST,
        edition=exchange.EDITION, areas=areas, models=("blend",), weather=weather, trained={name: made},
    ).write(folder / f"ours_{mode}.parquet")  # fmt: skip


def _weather(mode: str, dataset: xr.Dataset, areas: tuple[Area, ...]) -> xr.Dataset | None:
    from forecast import weather_modes

    if mode == "perfect":
        return weather_modes.perfect_weather(dataset, areas=areas)
    if mode == "forecast":
        return weather_modes.degraded_weather(dataset, areas=areas, climate_until=exchange.TRAIN_UNTIL)
    return None
