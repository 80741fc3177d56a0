"""The archive: what was observed and forecast, with the time each datum was received.

Nothing is overwritten. A late or corrected value is a further revision with a later received_at; every read takes
`as_of` and sees, per hour, the newest revision received at or before it. So a forecast of the past can be made with
exactly what was known then, and the future of the archive never changes it.

archive = Archive.open("archive.db")
archive.write(prsa.read(folder), source="prsa", delay=timedelta(hours=1))
data = archive.observations(stations=prsa.CITY_MEAN, start=start, end=issued_at, as_of=issued_at)
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import xarray as xr

from forecast import air
from forecast.archive_rows import append, read
from forecast.archive_schema import (
    METADATA,
    MODEL_RUN,
    OBSERVATION,
    OUTLOOK,
    OUTLOOK_HOURS,
    OUTLOOK_REASONS,
    STATION,
    WEATHER_OBSERVATION,
    engine_of,
    stamp,
    unstamp,
)
from forecast.hours import HourlyOutlook
from forecast.outlook import Outlook
from forecast.readers.station_list import Station
from forecast.reasons import Reasons
from plans.errors import DataError

_POLLUTANTS = (OBSERVATION, air.POLLUTANTS, "flags")
_WEATHER = (WEATHER_OBSERVATION, air.WEATHER, "weather_flags")


@dataclass(frozen=True, slots=True)
class ModelRun:
    """One training, as it was noted."""

    area: str
    model: str
    trained_at: datetime
    digest: str
    details: Mapping[str, Any]


class Archive:
    """A store of hourly air, weather, outlooks and model runs; safe to open from several processes."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        METADATA.create_all(engine)

    @classmethod
    def open(cls, address: str | Path) -> Archive:
        """The archive at a file path, sqlite:/// or postgresql:// URL, made when new; DataError when impossible."""
        try:
            return cls(engine_of(address))
        except sa.exc.OperationalError as error:
            found = str(error.orig).strip().splitlines()[0]
            raise DataError("The archive cannot be opened", found=found, todo="Check path and server") from None

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        with self.engine.connect().execution_options(writes=True) as connection, connection.begin():
            yield connection

    # stations -----------------------------------------------------------------------------------------------------

    def write_stations(self, stations: Iterable[Station]) -> int:
        """How many stations were new or changed; a station is a directory entry and the newest entry stands."""
        rows = {station.code: asdict(station) for station in stations}
        with self._writing() as connection:
            have = {row.code: dict(row._mapping) for row in connection.execute(sa.select(STATION))}
            new = [row for code, row in rows.items() if code not in have]
            changed = [row for code, row in rows.items() if code in have and have[code] != row]
            if new:
                connection.execute(sa.insert(STATION), new)
            for row in changed:
                connection.execute(sa.update(STATION).where(STATION.c.code == row["code"]).values(row))
        return len(new) + len(changed)

    def stations(self, *, city: str | None = None) -> tuple[Station, ...]:
        """All stations, or those of a city, by code."""
        query = sa.select(STATION).order_by(STATION.c.code)
        if city is not None:
            query = query.where(STATION.c.city == city)
        with self.engine.connect() as connection:
            return tuple(Station(**row._mapping) for row in connection.execute(query))

    # hourly values ------------------------------------------------------------------------------------------------

    def write(
        self,
        dataset: xr.Dataset,
        *,
        source: str,
        received_at: datetime | None = None,
        delay: timedelta | None = None,
    ) -> int:
        """Rows added when both the pollutants and the weather of a dataset are written in one transaction.

        As :meth:`write_observations`; a dataset may hold only one of the two.
        """
        air.check(dataset)
        with self._writing() as connection:
            return sum(
                append(connection, *what, dataset=dataset, source=source, received_at=received_at, delay=delay)
                for what in (_POLLUTANTS, _WEATHER)
                if any(name in dataset for name in what[1])
            )

    def write_observations(
        self,
        dataset: xr.Dataset,
        *,
        source: str,
        received_at: datetime | None = None,
        delay: timedelta | None = None,
    ) -> int:
        """Rows added. Writing the same values again adds none; other values for a known hour are a new revision.

        Give either `received_at` (one moment for all: a live fetch) or `delay` (a file of the past: received_at =
        valid_time + delay). A row holds all six pollutants: a pollutant absent from the dataset keeps its earlier
        value, one present as NaN is a value withdrawn. Integer marks are taken from the variable `flags`; they are our
        own and alone make no revision.
        DataError: contract broken, unknown station, or a changed value that claims to be no later than the one held.
        """
        air.check(dataset)
        with self._writing() as connection:
            return append(
                connection, *_POLLUTANTS, dataset=dataset, source=source, received_at=received_at, delay=delay
            )

    def write_weather(
        self,
        dataset: xr.Dataset,
        *,
        source: str,
        received_at: datetime | None = None,
        delay: timedelta | None = None,
    ) -> int:
        """As :meth:`write_observations` for observed weather; marks from the variable `weather_flags`."""
        air.check(dataset)
        with self._writing() as connection:
            return append(connection, *_WEATHER, dataset=dataset, source=source, received_at=received_at, delay=delay)

    def observations(self, *, stations: Sequence[str], start: datetime, end: datetime, as_of: datetime) -> xr.Dataset:
        """Hourly pollutants of the hours start < valid_time <= end, as they were known at `as_of`.

        (station, valid_time) in the order asked, every hour present, NaN where nothing was known; with integer
        `flags` (0 where none) and `received_at` (NaT where none). DataError: naive time, unknown station.
        """
        return read(self.engine, *_POLLUTANTS, stations=stations, start=start, end=end, as_of=as_of)

    def weather(self, *, stations: Sequence[str], start: datetime, end: datetime, as_of: datetime) -> xr.Dataset:
        """Observed weather likewise, with `weather_flags`. It is observed: nothing of it is known ahead of time."""
        return read(self.engine, *_WEATHER, stations=stations, start=start, end=end, as_of=as_of)

    def latest_valid_time(self, *, stations: Sequence[str], as_of: datetime) -> datetime | None:
        """The newest hour of which any pollutant of these stations was known at `as_of`; None when there is none."""
        table, known = OBSERVATION, stamp(as_of, name="as_of")
        something = sa.or_(*(table.c[name].is_not(None) for name in air.POLLUTANTS))
        newest: list[int] = []
        with self.engine.connect() as connection:
            for code in stations:  # one short walk back along the key per station
                query = (
                    sa.select(table.c.valid_time)
                    # nothing is received before its hour has ended, so later hours need not be looked at
                    .where(
                        table.c.station == code, table.c.valid_time <= known, table.c.received_at <= known, something
                    )
                    .order_by(table.c.valid_time.desc())
                    .limit(1)
                )
                newest += connection.execute(query).scalars().all()
        return unstamp(max(newest)) if newest else None

    def known(self, *, stations: Sequence[str], start: datetime, end: datetime, as_of: datetime) -> int:
        """How many revisions of the hours start < valid_time <= end were known at `as_of`.

        Nothing is ever changed or taken away, so the same number means the same observations.
        """
        table = OBSERVATION
        query = (
            sa.select(sa.func.count())
            .select_from(table)
            .where(
                table.c.station.in_(list(stations)),
                table.c.valid_time > stamp(start, name="start"),
                table.c.valid_time <= stamp(end, name="end"),
                table.c.received_at <= stamp(as_of, name="as_of"),
            )
        )
        with self.engine.connect() as connection:
            return int(connection.execute(query).scalar_one())

    def revisions(self, *, station: str, valid_time: datetime, as_of: datetime) -> tuple[Mapping[str, Any], ...]:
        """Every version of one station-hour that was known at `as_of`, oldest first: the proof behind a number."""
        table = OBSERVATION
        query = (
            sa.select(table)
            .where(
                table.c.station == station,
                table.c.valid_time == stamp(valid_time, name="valid_time"),
                table.c.received_at <= stamp(as_of, name="as_of"),
            )
            .order_by(table.c.received_at)
        )
        with self.engine.connect() as connection:
            rows = [dict(row._mapping) for row in connection.execute(query)]
        for row in rows:
            row["valid_time"], row["received_at"] = unstamp(row["valid_time"]), unstamp(row["received_at"])
        return tuple(rows)

    def status(self) -> tuple[Mapping[str, Any], ...]:
        """Per table and source: rows, stations, first and last valid_time, last received_at."""
        found = []
        with self.engine.connect() as connection:
            for table in (OBSERVATION, WEATHER_OBSERVATION):
                query = sa.select(
                    table.c.source,
                    sa.func.count().label("rows"),
                    sa.func.count(table.c.station.distinct()).label("stations"),
                    sa.func.min(table.c.valid_time).label("first"),
                    sa.func.max(table.c.valid_time).label("last"),
                    sa.func.max(table.c.received_at).label("received_at"),
                ).group_by(table.c.source).order_by(table.c.source)  # fmt: skip
                for row in connection.execute(query):
                    times = {name: unstamp(row._mapping[name]) for name in ("first", "last", "received_at")}
                    found.append({"table": table.name, **row._mapping, **times})
        return tuple(found)

    # outlooks and model runs --------------------------------------------------------------------------------------

    def write_outlook(self, outlook: Outlook, *, received_at: datetime | None = None) -> bool:
        """True when the outlook was new. Without `received_at` it counts as received when issued."""
        issued = stamp(outlook.issued_at, name="issued_at")
        received = issued if received_at is None else stamp(received_at, name="received_at")
        if received < issued:
            found = f"{unstamp(received).isoformat()} before {outlook.issued_at.isoformat()}"
            raise DataError("An outlook cannot be received before it is issued", where=outlook.area, found=found)
        row = {
            "area": outlook.area,
            "issued_at": issued,
            "digest": outlook.digest,
            "received_at": received,
            "outlook": outlook.to_json(),
        }
        return self._insert_once(OUTLOOK, row)

    def outlook(self, area: str, *, as_of: datetime) -> Outlook | None:
        """The outlook last issued for the area and known at `as_of`; None when there was none."""
        table, known = OUTLOOK, stamp(as_of, name="as_of")
        query = (
            sa.select(table.c.outlook)
            .where(table.c.area == area, table.c.received_at <= known)
            .order_by(table.c.issued_at.desc(), table.c.received_at.desc(), table.c.digest)
            .limit(1)
        )
        with self.engine.connect() as connection:
            text = connection.execute(query).scalar()
        return None if text is None else Outlook.from_json(text)

    def write_reasons(self, reasons: Reasons) -> bool:
        """True when there were none for this outlook yet; what was said once is kept."""
        row = {
            "outlook": reasons.outlook,
            "received_at": stamp(reasons.issued_at, name="issued_at"),
            "reasons": reasons.to_json(),
        }
        return self._insert_once(OUTLOOK_REASONS, row)

    def reasons(self, outlook: str) -> Reasons | None:
        """The reasons kept for the outlook of that digest; None when there are none."""
        query = sa.select(OUTLOOK_REASONS.c.reasons).where(OUTLOOK_REASONS.c.outlook == outlook)
        with self.engine.connect() as connection:
            text = connection.execute(query).scalar()
        return None if text is None else Reasons.from_json(text)

    def write_hours(self, hours: HourlyOutlook) -> bool:
        """True when there were none for this outlook yet; what was said once is kept."""
        row = {
            "outlook": hours.outlook,
            "received_at": stamp(hours.issued_at, name="issued_at"),
            "hours": hours.to_json(),
        }
        return self._insert_once(OUTLOOK_HOURS, row)

    def hours(self, outlook: str, *, as_of: datetime | None = None) -> HourlyOutlook | None:
        """The hours kept for the outlook of that digest and known at `as_of` (default: ever); None without any."""
        query = sa.select(OUTLOOK_HOURS.c.hours).where(OUTLOOK_HOURS.c.outlook == outlook)
        if as_of is not None:
            query = query.where(OUTLOOK_HOURS.c.received_at <= stamp(as_of, name="as_of"))
        with self.engine.connect() as connection:
            text = connection.execute(query).scalar()
        return None if text is None else HourlyOutlook.from_json(text)

    def outlooks(
        self, area: str, *, start: datetime, end: datetime, as_of: datetime | None = None
    ) -> tuple[Outlook, ...]:
        """The outlooks issued at start <= issued_at < end and known at `as_of` (default: all), oldest first."""
        table = OUTLOOK
        query = sa.select(table.c.outlook).where(
            table.c.area == area,
            table.c.issued_at >= stamp(start, name="start"),
            table.c.issued_at < stamp(end, name="end"),
        )
        if as_of is not None:
            query = query.where(table.c.received_at <= stamp(as_of, name="as_of"))
        query = query.order_by(table.c.issued_at, table.c.received_at, table.c.digest)
        with self.engine.connect() as connection:
            return tuple(Outlook.from_json(text) for text in connection.execute(query).scalars())

    def write_model_run(self, run: ModelRun, *, received_at: datetime | None = None) -> bool:
        """True when the training was new; without `received_at` it counts as received when trained."""
        trained = stamp(run.trained_at, name="trained_at")
        row = {
            "area": run.area,
            "model": run.model,
            "trained_at": trained,
            "digest": run.digest,
            "received_at": trained if received_at is None else stamp(received_at, name="received_at"),
            "details": json.dumps(dict(run.details), ensure_ascii=False, sort_keys=True),
        }
        return self._insert_once(MODEL_RUN, row)

    def model_runs(self, area: str, *, as_of: datetime) -> tuple[ModelRun, ...]:
        """The trainings for an area known at `as_of`, oldest first."""
        table, known = MODEL_RUN, stamp(as_of, name="as_of")
        query = sa.select(table).where(table.c.area == area, table.c.received_at <= known).order_by(table.c.trained_at)
        with self.engine.connect() as connection:
            return tuple(
                ModelRun(row.area, row.model, unstamp(row.trained_at), row.digest, json.loads(row.details))
                for row in connection.execute(query)
            )

    def _insert_once(self, table: sa.Table, row: Mapping[str, Any]) -> bool:
        key = [column == row[column.name] for column in table.primary_key.columns]
        with self._writing() as connection:
            if connection.execute(sa.select(sa.literal(1)).where(*key)).first():
                return False
            connection.execute(sa.insert(table), row)
            return True
