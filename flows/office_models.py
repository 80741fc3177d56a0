"""The models of an office's folder: train them from its archive, and choose the one an outlook is made with.

A model without weather lies in `model-YYYYMMDD`, one with weather in `model-weather-YYYYMMDD`; the day is that before
which they were trained. The one without is what is left on a day without a weather run, so both are kept.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from flows import office_weather
from flows.post import Post
from plans.errors import DataError

if TYPE_CHECKING:
    import xarray as xr

    from forecast.features import Area
    from forecast.train import Effort, Trained

log = logging.getLogger("lantian.outlook")
_NAMED = re.compile(r"model(-weather)?-\d{8}")


def chosen(post: Post, *, now: datetime) -> tuple[Trained, xr.Dataset | None, tuple[str, ...]]:
    """The newest model for the outlook at `now`, the weather it needs, and what the outlook says of what was missing.

    One with weather where there is a run of the day for the office's area with all the model learned from
    (office_weather); else one without. DataError: no model that loads, none of the office's area, or only one with
    weather and no weather for it.
    """
    from forecast.features import Area

    area = Area(str(post.settings["area"]), tuple(post.settings["mean_of"]))
    models, notes = _loaded(post.home, area.key)
    ours = [model for model in models if any(one.key == area.key for one in model.areas)]
    if not ours:
        models[0].area(area.key)
    faults = []
    for model in ours:
        if model.weather_mode == "forecast":
            weather, fault = office_weather.for_model(post, model, area, now)
            if weather is not None:
                return model, weather, notes
            faults.append(fault)
    plain = next((one for one in ours if one.weather_mode == "none"), None)
    if plain is None:
        raise DataError(
            "There is no weather for the day, and no model without weather", where=str(post.home),
            expected=" | ".join(("runs of its source", *office_weather.TABLES)),
            todo="Train one with lantian office train",
        )  # fmt: skip
    return plain, None, (*notes, *faults[:1])


def train(
    post: Post, *, since: date, until: date, effort: Effort, now: datetime, weather: str = ""
) -> Iterator[Trained]:
    """Train the models of the office's own areas, one after the other, each kept in the folder when it comes.

    The one without weather; with `weather`, a table of daily weather ahead (docs/weather.md) or the name of a source
    whose runs are kept, also the one with it, for those areas that it speaks of. DataError, before anything is trained:
    there is no such weather, or it lacks the office's area; later: no data, or too few runs and no observed weather to
    make them of.
    """
    from forecast import train as training
    from forecast.features import Area

    settings = post.settings
    city = Area(str(settings["area"]), tuple(settings["mean_of"]))
    areas = [city, *(Area(code, (code,)) for code in settings["stations"])]
    ahead = office_weather.for_training(post, weather, since=since, until=until, now=now) if weather else None
    spoken_of = areas if ahead is None else _spoken_of(ahead, areas)
    made = training.train(post.archive, until=until, areas=areas, start=since, effort=effort, needed=city.key)
    training.save(made, post.home / f"model-{until:%Y%m%d}")
    yield made
    if ahead is not None:
        made = training.train(
            post.archive, until=until, areas=spoken_of, start=since, effort=effort, model="blend-weather", weather=ahead
        )
        training.save(made, post.home / f"model-weather-{until:%Y%m%d}")
        yield made


def folders(home: Path) -> list[Path]:
    """The folders of the home's models, newest first by the day in their names, of one day that with weather first.

    A folder of another name, set aside by hand say, is none of them.
    """
    found = [folder for folder in home.glob("model-*") if _NAMED.fullmatch(folder.name)]
    return sorted(found, key=lambda folder: (folder.name.rpartition("-")[2], folder.name), reverse=True)


def newest(home: Path) -> tuple[str, ...]:
    """The names of the newest folder of each kind, the one without weather first."""
    kinds: dict[str, str] = {}
    for folder in folders(home):
        kinds.setdefault(_kind(folder), folder.name)
    return tuple(kinds[kind] for kind in sorted(kinds))


def _kind(folder: Path) -> str:
    return folder.name.rpartition("-")[0]


def _loaded(home: Path, area: str) -> tuple[list[Trained], tuple[str, ...]]:
    """The models of the folder that load, newest first, and what the outlook says of those that do not.

    Of each kind down to the newest that knows the area: what is older was retrained, and is neither loaded nor spoken
    of. DataError: none loads.
    """
    from forecast import train as training

    models, kinds, faults = [], set(), {}
    for folder in folders(home):
        if _kind(folder) in kinds:
            continue
        try:
            model = training.load(folder)
        except DataError as error:
            log.warning("%s is left aside: %s", folder.name, error)
            faults[folder.name] = str(error)
            continue
        models.append(model)
        if any(one.key == area for one in model.areas):
            kinds.add(_kind(folder))
    if not models and not faults:
        raise DataError("There is no model in the folder", where=str(home), todo="Train one with lantian office train")
    if not models:
        name, fault = next(iter(faults.items()))
        raise DataError(
            "No model in the folder can be used", where=str(home), found=f"{name}: {fault}"[:300],
            todo="Train again with lantian office train",
        )  # fmt: skip
    return models, (f"模型{'、'.join(faults)}不能使用，已略过，请重新训练",) if faults else ()


def _spoken_of(ahead: xr.Dataset, areas: list[Area]) -> list[Area]:
    """The areas of which the table speaks; DataError when the first, the office's own, is not among them."""
    from forecast import weather_ahead

    there = {str(key) for key in weather_ahead.by_area(ahead, areas)["area"].values}
    if areas[0].key not in there:
        raise DataError(
            "The weather lacks an area", where=str(ahead.attrs["source"]),
            expected=f"rows of the station {areas[0].key}, or of at least half of {', '.join(areas[0].stations)[:150]}",
            found=", ".join(str(key) for key in ahead["area"].values)[:150],
        )  # fmt: skip
    return [area for area in areas if area.key in there]
