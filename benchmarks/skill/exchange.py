"""What goes to the peers and comes back: plain Parquet files, so that nobody shares an environment with anybody.

Written to LANTIAN_HOME/peers: hourly.parquet (what stations measured), daily.parquet (official daily statistics and
AQI), calendar.parquet, and one weather table per mode. Rows that come back have the columns of the issue's backtest.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data" / "beijing_prsa_2013_2016"
TRAIN_UNTIL, FIRST, LAST = date(2015, 3, 1), date(2015, 3, 1), date(2016, 2, 29)
EDITION = "hj633-2012"
MODES = ("none", "forecast", "perfect")
"""Weather modes as rows name them; "forecast" is the degraded weather, a stand-in for forecasts nobody kept."""


def room() -> Path:
    """The folder the files are exchanged in, made when new."""
    folder = Path(os.environ.get("LANTIAN_HOME", ROOT / "var")) / "peers"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def export(dataset: xr.Dataset, folder: Path, *, degraded: xr.Dataset | None = None) -> None:
    """Write the five input files; `degraded` in place of the stand-in for forecasts of the weather."""
    import pandas as pd

    from forecast import air, almanac, weather_modes
    from forecast.features import Area

    codes = [str(code) for code in dataset["station"].values]
    areas = [Area(code, (code,)) for code in codes]
    hours = air.to_beijing(dataset["valid_time"].values)
    names = [name for name in (*air.POLLUTANTS, *air.WEATHER) if name in dataset]
    hourly = pd.DataFrame({"station": np.repeat(codes, len(hours)), "ends_at": np.tile(hours, len(codes))})
    for name in names:
        hourly[name] = dataset[name].values.ravel()
    hourly.to_parquet(folder / "hourly.parquet", index=False)
    observed(dataset).to_parquet(folder / "daily.parquet", index=False)
    first, last = hours[0].astype("datetime64[D]") - 1, hours[-1].astype("datetime64[D]") + 10
    days = np.arange(first, last)
    calendar = pd.DataFrame(almanac.table(days), columns=list(almanac.NAMES))
    calendar.insert(0, "date", days.astype("datetime64[us]"))
    calendar.to_parquet(folder / "calendar.parquet", index=False)
    weather_modes.write_table(weather_modes.perfect_weather(dataset, areas=areas), folder / "weather_perfect.parquet")
    if degraded is None:
        degraded = weather_modes.degraded_weather(dataset, areas=areas, climate_until=TRAIN_UNTIL)
    weather_modes.write_table(degraded, folder / "weather_forecast.parquet")


def observed(dataset: xr.Dataset) -> pd.DataFrame:
    """station, date, the six daily statistics, aqi (NaN unless all six are known), aqi_any, primary (bit mask)."""
    import pandas as pd

    from forecast.aqi import calculate
    from forecast.daily import daily_statistics
    from forecast.features import TARGETS

    daily = daily_statistics(dataset)
    values = {name: np.maximum(daily[name].values, 0.0) for name in TARGETS}
    done = calculate(values, edition=EDITION, gaps="available")
    any_known = np.where(done.aqi < 0, np.nan, done.aqi.astype(np.float64))
    whole = ~np.isnan(np.stack(list(values.values()))).any(axis=0)
    dates = daily["valid_date"].values
    codes = [str(code) for code in daily["station"].values]
    frame = pd.DataFrame({"station": np.repeat(codes, len(dates)), "date": np.tile(dates, len(codes))})
    for name, value in values.items():
        frame[name] = value.ravel()
    frame["aqi"] = np.where(whole, any_known, np.nan).ravel()
    frame["aqi_any"] = any_known.ravel()
    frame["primary"] = np.where(whole, done.primary, 0).ravel().astype(np.int64)
    return frame


SCRIPTS = ("simple.py", "classical.py", "recursive.py", "boosted.py")
"""In benchmarks/skill/peers; the last takes most of the time (about 20 min of one core)."""


def peers(folder: Path, *, modes: Sequence[str] = ()) -> None:
    """Make the peers' environment, hand them the files and let them forecast; what is there already is kept.

    A peer runs again when its script, the common one, the lock or the input files changed. `modes`: of those scripts
    that can be told which weather modes to forecast in, all without a word.
    """
    here = Path(__file__).parent / "peers"
    python = environment(room(), here / "requirements.lock")
    if not (folder / "weather_forecast.parquet").is_file():
        from forecast.readers import prsa

        export(prsa.read(DATA), folder)
    for script in SCRIPTS:
        stamp = folder / f"{script}.done"
        digest = _digest(
            [here / script, here / "common.py", here / "requirements.lock", *sorted(folder.glob("weather_*"))]
        )
        if stamp.is_file() and stamp.read_text() == digest:
            continue
        print(f"peers: {script} ...", file=sys.stderr, flush=True)
        quiet = {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
        subprocess.run([python, here / script, folder, *modes], check=True, env={**os.environ, **quiet})
        stamp.write_text(digest)


def environment(folder: Path, lock: Path) -> Path:
    """The Python of the peers' environment (they pin an older pandas), made with uv from the lock when it changed."""
    folder = folder.absolute()
    venv, stamp = folder / "venv", folder / "venv.done"
    python = venv / "bin" / "python"
    if python.exists() and stamp.is_file() and stamp.read_text() == _digest([lock]):
        return python
    uv = Path(sys.executable).parent / "uv"
    subprocess.run([uv, "venv", "-q", "--clear", "--python", sys.executable, venv], check=True)
    asked = ["install", "-q", "--no-deps", "--require-hashes", "-r", lock.resolve()]
    # From the root, as in `run`: uv looks upwards for a project, and would hold the peers to what lantian's asks for.
    if subprocess.run([uv, "pip", *asked, "--python", python], check=False, cwd=folder.anchor).returncode:
        subprocess.run([sys.executable, "-m", "pip", "--python", python, *asked], check=True, cwd=folder.anchor)
    stamp.write_text(_digest([lock]))
    return python


def _digest(paths: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
