"""Issue the outlook of a moment from the stored model, once."""

from __future__ import annotations

from datetime import datetime

from emergency.vocabulary import BEIJING
from flows.post import Post
from forecast.outlook import Outlook
from plans.errors import DataError


def issue(post: Post, *, now: datetime) -> Outlook:
    """The outlook issued at `now` (or the one issued earlier the same local day), filed in the archive.

    DataError when the post holds no model, or when `now` is too late after the model's issue hour.
    """
    from forecast import predict, train

    area, day = str(post.settings["area"]), now.astimezone(BEIJING).date()
    earlier = post.archive.outlook(area, as_of=now)
    if earlier is not None and earlier.issued_at.astimezone(BEIJING).date() == day:
        return earlier
    folders = sorted(post.home.glob("model-*"))
    if not folders:
        raise DataError("There is no model in the folder", where=str(post.home), todo="Train one with lantian train")
    made = predict.make_outlook(
        post.archive,
        train.load(folders[-1]),
        area=area,
        area_name=str(post.settings["area_name"]),
        stations=post.settings["mean_of"],
        issued_at=now,
        aqi_edition=str(post.settings["edition"]),
        simulated=bool(post.settings["simulated_air"]),
    )
    post.archive.write_outlook(made)
    return made
