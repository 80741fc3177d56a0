"""Issue the outlook of a moment from the stored model, once, and keep its reasons and its hours beside it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from emergency.vocabulary import BEIJING
from flows import office_models
from flows.post import Post, open_post
from forecast.outlook import Outlook
from plans.errors import DataError

if TYPE_CHECKING:
    import xarray as xr

    from forecast.archive import Archive
    from forecast.train import Trained

log = logging.getLogger("lantian.outlook")


def issue(post: Post, *, now: datetime) -> Outlook:
    """The outlook issued at `now` (or the earlier one of the local day), in the archive with its reasons and hours.

    By the model and the weather that office_models.chosen gives; what it had to do without stands in the outlook.
    DataError when the post holds no model that can be used, or when `now` is too late after the model's issue hour.
    """
    from forecast import predict

    area, day = str(post.settings["area"]), now.astimezone(BEIJING).date()
    earlier = post.archive.outlook(area, as_of=now)
    if earlier is not None and earlier.issued_at.astimezone(BEIJING).date() == day:
        return earlier
    model, weather, notes = office_models.chosen(post, now=now)
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
        for folder in office_models.folders(home):
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
