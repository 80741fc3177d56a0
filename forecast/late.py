"""Values that came late or were changed, and the outlooks that were made before they came.

Both versions stay in the archive. Whoever reads an old outlook can be told which of its inputs has moved since.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import sqlalchemy as sa

from forecast import air
from forecast.archive import Archive
from forecast.archive_schema import OBSERVATION, OUTLOOK, stamp, unstamp
from forecast.plain_errors import plain_errors


@dataclass(frozen=True, slots=True)
class OutlookName:
    """Enough to find an outlook in the archive."""

    area: str
    issued_at: datetime
    digest: str


@dataclass(frozen=True, slots=True)
class LateValue:
    """One station-hour that was not known, or was otherwise, when outlooks were made."""

    station: str
    valid_time: datetime
    received_at: datetime
    kind: Literal["late", "revised"]
    before: Mapping[str, float | None]
    """What was held until then; empty for a late first value."""
    after: Mapping[str, float | None]
    """The pollutants that changed."""
    outlooks: tuple[OutlookName, ...]
    """Outlooks issued after the hour and before this value came: they could not know it."""


def late_values(
    archive: Archive,
    *,
    area: str,
    stations: Sequence[str],
    since: datetime,
    until: datetime,
    usual_delay: timedelta = timedelta(hours=1),
    back: timedelta = timedelta(days=10),
) -> tuple[LateValue, ...]:
    """What was received at since < received_at <= until and is a revision, or came later than usual, by time received.

    `back` bounds how old an hour is looked at. Only values for which an outlook of the area was made too early, or
    which revise a held value, are named; a quiet archive gives an empty tuple.
    """
    table, outlook = OBSERVATION, OUTLOOK
    first, last = stamp(since, name="since"), stamp(until, name="until")
    oldest = first - back // timedelta(microseconds=1)
    found = []
    with plain_errors("the archive"), archive.engine.connect() as connection:
        made = [
            OutlookName(area, unstamp(row.issued_at), row.digest)
            for row in connection.execute(
                sa.select(outlook.c.issued_at, outlook.c.digest)
                .where(outlook.c.area == area, outlook.c.issued_at >= oldest, outlook.c.issued_at <= last)
                .order_by(outlook.c.issued_at, outlook.c.digest)
            )
        ]
        for code in stations:
            rows = connection.execute(
                sa.select(table)
                .where(table.c.station == code, table.c.valid_time >= oldest, table.c.received_at <= last)
                .order_by(table.c.valid_time, table.c.received_at)
            ).fetchall()
            for number, row in enumerate(rows):
                if row.received_at <= first:
                    continue
                old = rows[number - 1] if number and rows[number - 1].valid_time == row.valid_time else None
                hour, came = unstamp(row.valid_time), unstamp(row.received_at)
                missed = tuple(one for one in made if hour <= one.issued_at < came)
                if old is None and (came - hour <= usual_delay or not missed):
                    continue
                changed = [name for name in air.POLLUTANTS if old is None or getattr(old, name) != getattr(row, name)]
                if not changed:
                    continue  # only its marks: a maintenance window was entered
                found.append(
                    LateValue(
                        station=code,
                        valid_time=hour,
                        received_at=came,
                        kind="late" if old is None else "revised",
                        before={} if old is None else {name: getattr(old, name) for name in changed},
                        after={name: getattr(row, name) for name in changed},
                        outlooks=missed,
                    )
                )
    return tuple(sorted(found, key=lambda one: (one.received_at, one.station, one.valid_time)))
