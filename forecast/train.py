"""Training a model on what was known before a day, and keeping it in a file that holds numbers only.

A model file is one .npz: arrays and a manifest (training window, areas, features, code, data digest). Nothing in it is
ever unpickled; loading refuses a file whose digest or code is not the one the manifest names, because a forecast must
be able to say by what it was made. (The list of features follows from the code.)
"""

from __future__ import annotations

import hashlib
import io
import json
import tokenize
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import xarray as xr

from forecast import air, features
from forecast.features import Area, Sample
from forecast.threads import one_thread
from forecast.weather_ahead import AS_SAID, Belief, Lesson, lesson
from forecast.whole_days import places_told
from plans.errors import DataError
from plans.whole_file import write_whole

if TYPE_CHECKING:
    from forecast.archive import Archive
    from forecast.models.base import Model

Effort = Literal["demo", "full"]
FORMAT = "lantian-model 1"
BELIEF = "belief/"
"""Before the names of arrays that say how a model takes a weather run."""
CODE = ("almanac.py", "features.py", "calibrate.py", "daily.py", "weather.py", "weather_ahead.py",
        "weather_crosscheck.py", "weather_local.py", "weather_made.py", "weather_modes.py", "weather_path.py",
        "whole_days.py", "models")  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A fitted model with everything that says what it is."""

    model: Model
    areas: tuple[Area, ...]
    region: tuple[str, ...]
    issue_hour: int
    manifest: Mapping[str, Any]
    digest: str
    """SHA-256 of the arrays and of the manifest."""
    belief: Belief = AS_SAID
    """How it takes what a weather run says."""

    @property
    def name(self) -> str:
        """The model's name, as shown on products."""
        return self.model.name

    @property
    def weather_mode(self) -> str:
        """The way weather of the days ahead enters: "none", "forecast" or "perfect"."""
        return str(self.manifest["weather_mode"])

    @property
    def memory(self) -> timedelta:
        """How far before the issue the data must reach."""
        return timedelta(days=features.MEMORY_DAYS + self.model.looks_back)

    def paths(self, sample: Sample, *, area: str, rows: np.ndarray, count: int, seeds: np.ndarray) -> np.ndarray:
        """(row, path, lead, TARGETS): what the model says (:meth:`forecast.models.base.Model.paths`), on one thread.

        DataError where it says nothing of some day and something of others: a hole is no forecast.
        """
        with one_thread():
            paths = self.model.paths(sample, area=area, rows=rows, count=count, seeds=seeds)
        silent = np.isnan(paths).all(axis=-1).any(axis=(1, 2))
        if silent.any() and not silent.all():
            day = str(sample.days[rows[np.flatnonzero(silent)[0]]])
            raise DataError("The model says nothing of a day", where=area, found=day, todo="Train again")
        return paths

    def area(self, key: str) -> Area:
        """The area of that key; DataError when the model was not trained for it."""
        for area in self.areas:
            if area.key == key:
                return area
        known = ", ".join(area.key for area in self.areas)[:200]
        raise DataError("The model was not trained for the area", expected=known, found=key, todo="Train it with it")


def train(
    source: Archive | xr.Dataset,
    *,
    until: date,
    areas: Sequence[Area] | None = None,
    start: date | None = None,
    issue_hour: int = 24,
    effort: Effort = "demo",
    model: str | Model = "blend",
    weather: xr.Dataset | None = None,
    needed: str = "",
) -> Trained:
    """A model that has seen nothing of `until` or later: its last hour is the 0:00 at which `until` begins.

    From a dataset of the contract, or from an archive as it was known at that moment (then `areas` and `start` are
    needed). `areas` defaults to every station of the dataset; all their stations together are the region. `effort`
    "demo" takes seconds, "full" minutes. `weather`: daily weather ahead (area, issue_date, lead) of the mode it
    declares; runs of issue days before `until` are learned from, or where none were kept runs made of observed weather
    (then the manifest says stand_in_runs). Areas with hardly a day measured are left out (whole_days.places_told;
    areas_left_out of the manifest), but not the one `needed`. DataError: no data before `until`, or none of any area or
    of the one needed; unknown station, model or effort; weather that lacks an area.
    """
    if issue_hour != 24 and (weather is not None or effort == "full"):
        expected, found = "24 with weather ahead or effort full", f"{issue_hour}"
        raise DataError("The issue hour does not fit the model", expected=expected, found=found)
    if effort not in ("demo", "full"):
        raise DataError("The effort is not known", expected="demo | full", found=effort)
    end = air.day_bounds(until)[0]
    if isinstance(source, xr.Dataset):
        dataset = source.isel(valid_time=np.flatnonzero(source["valid_time"].values <= air.utc(end)))
        stations = [str(code) for code in dataset["station"].values]
        areas = tuple(areas) if areas is not None else tuple(Area(code, (code,)) for code in stations)
    else:
        if areas is None or start is None:
            raise DataError("Training from an archive needs areas and start", expected="both", found="not both")
        areas = tuple(areas)
        stations = list(features.stations_of(areas))
        dataset = from_archive(source, stations=stations, start=air.day_bounds(start)[0], end=end, as_of=end)
    if not dataset.sizes["valid_time"]:
        raise DataError("There are no data to train on", expected=f"hours before {until.isoformat()}", found="none")
    region = features.stations_of(areas)
    asked: dict[str, Any] = {"issue_hour": issue_hour, "until": until}
    with one_thread():
        taught, sample = _known(dataset, weather, areas=areas, region=region, **asked)
        told = places_told(sample.observed)
        left_out = [area.key for area, there in zip(areas, told, strict=True) if not there]
        if not told.any() or needed in left_out:
            asking = [area for area in areas if needed in ("", area.key)]
            raise DataError(
                "There are no data to train on", where=", ".join(features.stations_of(asking))[:150],
                expected=f"days before {until.isoformat()} on which at least half of these stations were measured",
                found="none" if not told.any() else "hardly any",
                todo="Compare the codes of the stations with those of the data",
            )  # fmt: skip
        if left_out:
            areas = tuple(area for area in areas if area.key not in left_out)
            region = features.stations_of(areas)
            taught, sample = _known(dataset, weather, areas=areas, region=region, **asked)
        fitted = (prepared(model, effort) if isinstance(model, str) else model).fit(sample)
    return _trained(
        fitted, areas=areas, region=region, sample=sample, effort=effort, left_out=left_out,
        mode="none" if weather is None else str(weather.attrs["weather_mode"]), taught=taught,
        simulated=str(dataset.attrs.get("simulated", "")).lower() in ("true", "1", "yes"),
        runs_of="" if weather is None else str(weather.attrs.get("runs_of", "")),
        weather_observed=[name for name in air.WEATHER if name in dataset and bool(dataset[name].notnull().any())],
    )  # fmt: skip


def _known(
    dataset: xr.Dataset,
    weather: xr.Dataset | None,
    *,
    areas: Sequence[Area],
    region: Sequence[str],
    issue_hour: int,
    until: date,
) -> tuple[Lesson | None, Sample]:
    """What a model for the areas is taught of the weather, and its sample of the days before `until`."""
    taught = None if weather is None else lesson(dataset, weather, areas=areas, until=until)
    sample = features.build(
        dataset, areas=areas, region=region, issue_hour=issue_hour,
        ahead=taught.ahead if taught else None, redrawn=taught.redrawn if taught else (),
    )  # fmt: skip
    return taught, sample.until(until)


def from_archive(
    archive: Archive, *, stations: Sequence[str], start: datetime, end: datetime, as_of: datetime
) -> xr.Dataset:
    """Pollutants and observed weather of an archive as one dataset of the contract, as known at `as_of`."""
    pollutants = archive.observations(stations=stations, start=start, end=end, as_of=as_of)
    weather = archive.weather(stations=stations, start=start, end=end, as_of=as_of)
    values = {name: pollutants[name].values for name in air.POLLUTANTS}
    values |= {name: weather[name].values for name in air.WEATHER}
    return air.dataset(
        values, stations=stations, valid_time=pollutants["valid_time"].values, attrs={"source": "archive"}
    )


def prepared(model: str, effort: Effort) -> Model:
    """An unfitted model: blend, blend-weather (needs weather ahead), persistence, harmonic, climatology or
    climatology-15 (narrower season)."""
    from forecast.models.blend import Blend
    from forecast.models.chained import Chained
    from forecast.models.direct import Direct
    from forecast.models.experts import Boosted, Kernel
    from forecast.models.harmonic import Harmonic
    from forecast.models.pooled import Pooled
    from forecast.models.simple import Climatology, Persistence
    from forecast.models.weathered import Weathered, light

    if model == "blend" and effort == "full":
        base = Blend(kernel=Kernel(landmarks=1500), boosted=Boosted(leads=2, trees=80, rows=6000), folds=10)
        return Pooled(base, directs=(Direct(), Direct(plain=True)))
    if model == "blend-weather" and effort == "full":
        return Pooled(Weathered(), directs=(Direct(), Direct(plain=True), Chained()))
    made: dict[str, Model] = {
        "blend": Blend(),
        "blend-weather": light(),
        "persistence": Persistence(),
        "climatology": Climatology(),
        "climatology-15": Climatology(name="climatology-15", width=15.0),
        "harmonic": Harmonic(),
    }
    if model not in made:
        raise DataError("The model is not known", expected=" | ".join(made), found=model)
    return made[model]


def _trained(
    fitted: Model,
    *,
    areas: Sequence[Area],
    region: tuple[str, ...],
    sample: Sample,
    effort: str,
    mode: str,
    taught: Lesson | None,
    simulated: bool,
    runs_of: str,
    weather_observed: Sequence[str],
    left_out: Sequence[str],
) -> Trained:
    settings, _ = fitted.stored()
    belief = taught.belief if taught else AS_SAID
    seen = ~np.isnan(sample.observed)
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "model": fitted.name,
        "code": code_digest(),
        "version": _version(),
        "first_day": str(sample.days[0]),
        "last_day": str(sample.days[-1]),
        "issue_hour": sample.issue_hour,
        "areas": [{"key": area.key, "stations": list(area.stations)} for area in areas],
        "areas_left_out": list(left_out),
        "region": list(region),
        "features": list(sample.names),
        "targets": list(features.TARGETS),
        "weather_mode": mode,
        "weather_variables": list(belief.variables),
        "weather_runs_of": runs_of,
        "weather_observed": list(weather_observed),
        "weather_unheard": dict(belief.unheard),
        "weather_shares": dict(belief.shares),
        "weather_variables_checked": list(belief.check.targets) if belief.check else [],
        "stand_in_runs": taught is not None and taught.stand_in,
        "runs_made": taught.made if taught else 0,
        "runs_go_round_the_year": taught is None or taught.seasons,
        "effort": effort,
        "simulated": simulated,
        "data": data_digest(sample),
        "share_of_days_observed": {
            name: round(float(seen[..., number].mean()), 4) for number, name in enumerate(features.TARGETS)
        },
        "description": dict(fitted.describe()),
        "settings": settings,
    }
    manifest = json.loads(json.dumps(manifest))
    return Trained(
        model=fitted,
        areas=tuple(areas),
        region=region,
        issue_hour=sample.issue_hour,
        manifest=manifest,
        digest=_digest(manifest, _arrays(fitted, belief)),
        belief=belief,
    )


def _arrays(model: Model, belief: Belief) -> dict[str, np.ndarray]:
    """All a model file holds beside the manifest: the model's arrays, and how it takes a weather run."""
    return {**model.stored()[1], **{f"{BELIEF}{name}": value for name, value in belief.arrays().items()}}


def save(trained: Trained, folder: str | Path) -> Path:
    """The path of the file written into the folder (made when new): model.npz, complete or not there at all."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    arrays = _arrays(trained.model, trained.belief)
    plain: dict[str, Any] = {f"array/{name}": value for name, value in arrays.items()}
    text = json.dumps({**trained.manifest, "digest": trained.digest}, ensure_ascii=False, sort_keys=True)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, manifest=np.frombuffer(text.encode(), dtype=np.uint8), **plain)
    return write_whole(folder / "model.npz", buffer.getvalue())


def load(path: str | Path) -> Trained:
    """The model of a file or folder written by :func:`save`.

    DataError: no such file, not a model file, damaged or changed since it was written, written by other code, or with
    other targets. Nothing is unpickled, whatever the file holds.
    """
    path = Path(path)
    path = path / "model.npz" if path.is_dir() else path
    manifest, arrays = _read(path)
    digest = manifest.pop("digest", "")
    if manifest.get("format") != FORMAT:
        raise DataError("The model file is of another format", where=path.name, expected=FORMAT)
    if digest != _digest(manifest, arrays):
        raise DataError("The model file was changed since it was written", where=path.name, todo="Train again")
    if manifest["code"] != code_digest():
        expected, found = code_digest()[:12], manifest["code"][:12]
        raise DataError(
            "The model was made by other code", where=path.name, expected=expected, found=found, todo="Train again"
        )
    if manifest["targets"] != list(features.TARGETS):
        raise DataError("The model has other targets", where=path.name, expected=features.TARGETS, found="others")
    areas = tuple(Area(area["key"], tuple(area["stations"])) for area in manifest["areas"])
    belief = {name.removeprefix(BELIEF): arrays.pop(name) for name in list(arrays) if name.startswith(BELIEF)}
    return Trained(
        model=_kind(manifest).restore(manifest["settings"], arrays),
        areas=areas,
        region=tuple(manifest["region"]),
        issue_hour=manifest["issue_hour"],
        manifest=manifest,
        digest=digest,
        belief=Belief.restore(
            manifest["weather_shares"], belief, manifest["weather_variables"], manifest["weather_unheard"]
        ),
    )


_DAMAGED = (
    ValueError, KeyError, OSError, EOFError, AttributeError, NotImplementedError, RuntimeError,
    tokenize.TokenError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What reading a file ends in that is empty, cut short, or has a byte that was another when it was written."""


def _read(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    try:
        with np.load(path, allow_pickle=False) as file:
            manifest = json.loads(file["manifest"].tobytes().decode())
            arrays = {name.removeprefix("array/"): file[name] for name in file.files if name.startswith("array/")}
    except FileNotFoundError:
        raise DataError("There is no model", where=path.name, todo="Train one with lantian train") from None
    except _DAMAGED:
        raise DataError("The file is not a model of ours", where=path.name, todo="Train again") from None
    if not isinstance(manifest, dict):
        raise DataError("The file is not a model of ours", where=path.name, todo="Train again")
    return manifest, arrays


def _kind(manifest: Mapping[str, Any]) -> Any:
    return type(prepared(manifest["model"], "full" if "pooled" in manifest["settings"] else "demo"))


def _version() -> str:
    try:
        return version("lantian")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "0"


@lru_cache(maxsize=1)
def code_digest() -> str:
    """SHA-256 of the source that makes predictors and models: other code, other model."""
    here = Path(__file__).parent
    files = [file for name in CODE for file in ([here / name] if name.endswith(".py") else (here / name).glob("*.py"))]
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(file.name.encode() + b"\0" + file.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return digest.hexdigest()


def data_digest(sample: Sample) -> str:
    """SHA-256 of what the model saw: days, predictors, observations."""
    digest = hashlib.sha256(" ".join(sample.areas).encode())
    for array in (sample.days.astype("datetime64[D]").astype(np.int64), sample.predictors, sample.observed):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _digest(manifest: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> str:
    text = json.dumps(dict(manifest), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
