"""Issue the outlook of a moment from the stored model, once, and keep its reasons and its hours beside it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from emergency.vocabulary import BEIJING
from flows.post import WEATHER, Post, open_post
from forecast.outlook import Outlook
from plans.errors import DataError

if TYPE_CHECKING:
    import xarray as xr

    from forecast.archive import Archive
    from forecast.train import Trained

log = logging.getLogger("lantian.outlook")


def issue(post: Post, *, now: datetime) -> Outlook:
    """The outlook issued at `now` (or the earlier one of the local day), in the archive with its reasons and hours.

    A model with weather is used when the folder holds a run for the day behind the issue; else one without, and the
    outlook says so. DataError when the post holds no model, or when `now` is too late after the model's issue hour.
    """
    from forecast import predict

    area, day = str(post.settings["area"]), now.astimezone(BEIJING).date()
    earlier = post.archive.outlook(area, as_of=now)
    if earlier is not None and earlier.issued_at.astimezone(BEIJING).date() == day:
        return earlier
    model, weather, notes = _model(post.home, now)
    made = predict.make_outlook(
        post.archive,
        model,
        area=area,
        area_name=str(post.settings["area_name"]),
        stations=post.settings["mean_of"],
        issued_at=now,
        aqi_edition=post.aqi(now).name,
        simulated=bool(post.settings["simulated_air"]),
        weather=weather,
        notes=notes,
    )
    post.archive.write_outlook(made)
    keep_reasons(post.archive, model, made, stations=post.settings["mean_of"], weather=weather)
    return made


def explain_as_of(home: Path, now: datetime) -> bool:
    """Give the outlook in force at a replay's `now` its reasons and hours; False when it has them, or no model made it.

    It reads years of air and takes seconds, so a replay does it for the outlook that is looked at and not for all.
    """
    from forecast import train

    post = open_post(home)
    try:
        made = post.archive.outlook(str(post.settings["area"]), as_of=now)
        if made is None or post.archive.reasons(made.digest) is not None:
            return False
        for folder in folders(home):
            try:
                model = train.load(folder)
            except DataError as error:
                log.warning("%s is left aside: %s", folder.name, error)
                continue
            if model.digest == made.model_digest:
                keep_reasons(post.archive, model, made, stations=post.settings["mean_of"], weather=None)
                return True
        return False
    finally:
        post.archive.close()
        post.record.engine.dispose()


def keep_reasons(
    archive: Archive, model: Trained, made: Outlook, *, stations: Sequence[str], weather: xr.Dataset | None
) -> None:
    """Put the reasons of an outlook and its hours into the archive, both read as of its issue."""
    from forecast import hourly_paths, why

    archive.write_reasons(why.explain(archive, model, made, stations=stations, weather=weather))
    hours = hourly_paths.hourly_outlook(archive, model, made, stations=stations, weather=weather)
    if hours is not None:
        archive.write_hours(hours)


def _model(home: Path, now: datetime) -> tuple[Trained, xr.Dataset | None, tuple[str, ...]]:
    """The newest model that can be used, the weather it needs, and what to say where one or the other is missing."""
    import numpy as np

    from forecast import features, weather_modes

    models, notes = _models(home)
    table = next((home / name for name in WEATHER if (home / name).is_file()), None)
    for model in models:
        if model.weather_mode != "forecast":
            continue
        if table is not None:
            weather = weather_modes.read_table(table)
            day = np.datetime64(features.base_day(now, issue_hour=model.issue_hour), "us")
            if day in weather["issue_date"].values:
                return model, weather, notes
        plain = next((one for one in models if one.weather_mode == "none"), None)
        if plain is None:
            raise DataError("There is no weather for the day", where=str(home), expected=" | ".join(WEATHER))
        return plain, None, (*notes, "没有当日的气象预报，改用无气象的模型")
    return next((one for one in models if one.weather_mode == "none"), models[0]), None, notes


def _models(home: Path) -> tuple[list[Trained], tuple[str, ...]]:
    """The models of the folder that load, newest first, and what the outlook says of those that do not.

    One whose successor of the same kind loads is not spoken of: it was retrained. DataError: none loads.
    """
    from forecast import train

    models, kinds, faults = [], set(), {}
    for folder in folders(home):
        kind = folder.name.rpartition("-")[0]
        try:
            models.append(train.load(folder))
        except DataError as error:
            log.warning("%s is left aside: %s", folder.name, error)
            if kind not in kinds:
                faults[folder.name] = str(error)
        else:
            kinds.add(kind)
    if not models and not faults:
        raise DataError("There is no model in the folder", where=str(home), todo="Train one with lantian office train")
    if not models:
        newest = next(iter(faults))
        raise DataError(
            "No model in the folder can be used", where=str(home), found=f"{newest}: {faults[newest]}"[:300],
            todo="Train again with lantian office train",
        )  # fmt: skip
    return models, (f"模型{'、'.join(faults)}不能使用，已略过，请重新训练",) if faults else ()


def folders(home: Path) -> list[Path]:
    """The folders of the home's models, by the day in their names (model-20261101, model-weather-20261101), newest
    first, of one day that with weather first."""
    return sorted(home.glob("model-*"), key=lambda folder: (folder.name.rpartition("-")[2], folder.name), reverse=True)
