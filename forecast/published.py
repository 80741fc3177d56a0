"""What the publisher itself said of a station-hour: AQI, category, primary pollutant, running 8-h ozone.

Kept beside our own figures and never instead of them: the platform's real-time method changes with the edition of
HJ 633, and ours is computed from the concentrations.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import sqlalchemy as sa
import xarray as xr

from forecast.archive_schema import engine_of, stamp, unstamp
from forecast.fast_rows import insert_rows
from forecast.plain_errors import plain_errors

METADATA = sa.MetaData()
PUBLISHED = sa.Table(
    "published",
    METADATA,
    sa.Column("station", sa.Text, primary_key=True),
    sa.Column("valid_time", sa.BigInteger, primary_key=True),
    sa.Column("received_at", sa.BigInteger, primary_key=True),
    sa.Column("aqi", sa.Double),
    sa.Column("o3_8h", sa.Double),
    sa.Column("quality", sa.Text, nullable=False),
    sa.Column("primary_pollutant", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Index("published_by_hour", "valid_time"),
    sqlite_with_rowid=False,
)
WHAT = "the published values"


@dataclass(frozen=True, slots=True)
class PublishedHour:
    """One station-hour as it was published."""

    station: str
    valid_time: datetime
    received_at: datetime
    aqi: float | None
    o3_8h: float | None
    quality: str
    primary_pollutant: str
    source: str


class Published:
    """The store of published values; open it beside the archive, in the same database."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        with plain_errors(WHAT):
            METADATA.create_all(engine)

    @classmethod
    def open(cls, address: str | Path) -> Published:
        """The store at a file path, sqlite:/// or postgresql:// URL, made when new; DataError when impossible."""
        return cls(engine_of(address))

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        with plain_errors(WHAT), self.engine.connect().execution_options(writes=True) as connection, connection.begin():
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(2122020)")
            yield connection

    def write(self, data: xr.Dataset, *, source: str, received_at: datetime) -> int:
        """How many rows were new or changed; takes the dataset's published_aqi, _o3_8h, _quality and _primary."""
        with self._writing() as connection:
            return self.append(connection, data, source=source, received_at=received_at)

    def append(self, connection: sa.Connection, data: xr.Dataset, *, source: str, received_at: datetime) -> int:
        """As :meth:`write`, inside somebody's transaction."""
        hours, codes = data["valid_time"].values.astype(np.int64).tolist(), [str(c) for c in data["station"].values]
        if "published_aqi" not in data or not hours:
            return 0
        at = stamp(received_at, name="received_at")
        columns = [_column(data, name) for name in ("published_aqi", "published_o3_8h")]
        texts = [_texts(data, name) for name in ("published_quality", "published_primary")]
        rows = []
        held = self._held(connection, hours[0], hours[-1])
        for row, code in enumerate(codes):
            for place, hour in enumerate(hours):
                new = (*(column[row][place] for column in columns), *(text[row][place] for text in texts))
                if new != (None, None, "", "") and held.get((code, hour)) != new:
                    rows.append((code, hour, at, *new, source))
        insert_rows(connection, PUBLISHED, rows)
        return len(rows)

    def read(self, *, station: str, start: datetime, end: datetime, as_of: datetime) -> tuple[PublishedHour, ...]:
        """The newest published values of start < valid_time <= end known at `as_of`, oldest hour first."""
        table = PUBLISHED
        query = (
            sa.select(table)
            .where(
                table.c.station == station,
                table.c.valid_time > stamp(start, name="start"),
                table.c.valid_time <= stamp(end, name="end"),
                table.c.received_at <= stamp(as_of, name="as_of"),
            )
            .order_by(table.c.valid_time, table.c.received_at)
        )
        newest = {}
        with plain_errors(WHAT), self.engine.connect() as connection:
            for row in connection.execute(query):
                newest[row.valid_time] = PublishedHour(
                    row.station, unstamp(row.valid_time), unstamp(row.received_at), row.aqi, row.o3_8h, row.quality,
                    row.primary_pollutant, row.source,
                )  # fmt: skip
        return tuple(newest.values())

    def _held(
        self, connection: sa.Connection, first: int, last: int
    ) -> dict[tuple[str, int], tuple[float | None, float | None, str, str]]:
        table = PUBLISHED
        query = (
            sa.select(table.c.station, table.c.valid_time, table.c.aqi, table.c.o3_8h, table.c.quality,
                      table.c.primary_pollutant)
            .where(table.c.valid_time.between(first, last))
            .order_by(table.c.received_at)
        )  # fmt: skip
        return {(row[0], row[1]): (row[2], row[3], row[4], row[5]) for row in connection.execute(query)}


def _column(data: xr.Dataset, name: str) -> list[list[float | None]]:
    if name not in data:
        return [[None] * data.sizes["valid_time"]] * data.sizes["station"]
    return [[None if np.isnan(value) else float(value) for value in row] for row in data[name].values]


def _texts(data: xr.Dataset, name: str) -> list[list[str]]:
    if name not in data:
        return [[""] * data.sizes["valid_time"]] * data.sizes["station"]
    return [[str(value) for value in row] for row in data[name].values]
