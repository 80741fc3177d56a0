"""Issue the outlook of a night from the stored model, and keep its reasons and its hours beside it.

Once a night, and again when air or weather that it had to do without has come since. What was issued stays as it was;
who reads takes the last.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
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
WORTH_IT = 0.5
"""Hours a station that must have come since for another outlook of the night: one hour of half of the stations, as a
mean over the pollutants (a choice of ours)."""
CAME = {
    (False, False): "", (True, False): "监测数据", (False, True): "气象预报", (True, True): "监测数据和气象预报",
}  # fmt: skip
"""By whether air and weather came."""


def issue(post: Post, *, now: datetime) -> Outlook:
    """The outlook issued at `now`, in the archive with its reasons and hours; or the earlier one of the local day.

    The earlier one unless air or weather that it lacked has come since, inside the hours that a model may be used.
    By the model and the weather that office_models.chosen gives; what it had to do without stands in the outlook.
    DataError when the post holds no model that can be used, or when `now` is too late after the model's issue hour.
    """
    from forecast import air, predict

    area, day = str(post.settings["area"]), now.astimezone(BEIJING).date()
    earlier = post.archive.outlook(area, as_of=now)
    if earlier is not None and earlier.issued_at.astimezone(BEIJING).date() != day:
        earlier = None
    midnight, _end = air.day_bounds(day)
    if earlier is not None and now - midnight > predict.WAIT:
        return earlier
    model, weather, notes = office_models.chosen(post, now=now)
    if earlier is not None:
        came = _come_since(post, earlier, until=midnight, weather=weather is not None, now=now)
        if not came:
            return earlier
        notes = (f"{earlier.issued_at.astimezone(BEIJING):%H:%M}签发的展望缺{came}，现已补上", *notes)
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


def _come_since(post: Post, earlier: Outlook, *, until: datetime, weather: bool, now: datetime) -> str:
    """What the earlier outlook of the night had to do without and is there now, in Chinese; empty for nothing."""
    stations = post.settings["mean_of"]
    gained = [_hours_known(post.archive, stations, until=until, as_of=moment) for moment in (earlier.issued_at, now)]
    return CAME[gained[1] - gained[0] >= WORTH_IT * len(stations), weather and earlier.weather_mode == "none"]


def _hours_known(archive: Archive, stations: Sequence[str], *, until: datetime, as_of: datetime) -> float:
    """Station-hours of the day up to then that are known, mean over the pollutants."""
    from forecast import air

    there = {station.code for station in archive.stations()}
    known = [code for code in stations if code in there]
    if not known:
        return 0.0
    data = archive.observations(stations=known, start=until - timedelta(days=1), end=until, as_of=as_of)
    return float(sum(int(data[name].notnull().sum()) for name in air.POLLUTANTS)) / len(air.POLLUTANTS)


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
