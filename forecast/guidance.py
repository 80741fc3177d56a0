"""What other people's models said: hourly values at places, by the time we received them. Never observations.

A provider that does not tell its run time is dated by when its answer came, so that a later backtest knows exactly what
was known. One row per place, variable and hour; a value that did not change since the last answer is not written again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import numpy as np
import sqlalchemy as sa
import xarray as xr

from forecast import air
from forecast.archive_schema import engine_of, stamp
from forecast.fast_rows import insert_rows
from forecast.plain_errors import plain_errors
from plans.errors import DataError

METADATA = sa.MetaData()
GUIDANCE = sa.Table(
    "guidance",
    METADATA,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("place", sa.Text, primary_key=True),
    sa.Column("variable", sa.Text, primary_key=True),
    sa.Column("valid_time", sa.BigInteger, primary_key=True),
    sa.Column("received_at", sa.BigInteger, primary_key=True),
    sa.Column("value", sa.Double),
    sqlite_with_rowid=False,
)


class Guidance:
    """The store of model values; open it beside the archive, in the same database."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        with plain_errors("the model values"):
            METADATA.create_all(engine)

    @classmethod
    def open(cls, address: str | Path) -> Guidance:
        """The store at a file path, sqlite:/// or postgresql:// URL, made when new; DataError when impossible."""
        return cls(engine_of(address))

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        with (
            plain_errors("the model values"),
            self.engine.connect().execution_options(writes=True) as connection,
            connection.begin(),
        ):
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(2122019)")
            yield connection

    def write(self, data: xr.Dataset, *, source: str, received_at: datetime) -> int:
        """How many values were new or changed. `data` keeps the contract of forecast.air over (station, valid_time)."""
        air.check(data)
        received = stamp(received_at, name="received_at")
        hours = data["valid_time"].values.astype(np.int64)
        if not len(hours):
            return 0
        rows: list[tuple[str, str, str, int, int, float | None]] = []
        with self._writing() as connection:
            for number, place in enumerate(map(str, data["station"].values)):
                held = self._newest(connection, source, place, int(hours[0]), int(hours[-1]), received)
                for name in (name for name in (*air.POLLUTANTS, *air.WEATHER) if name in data):
                    for hour, value in zip(hours.tolist(), data[name].values[number].tolist(), strict=True):
                        new = None if np.isnan(value) else value
                        if held.get((name, hour)) != new:
                            rows.append((source, place, name, hour, received, new))
            insert_rows(connection, GUIDANCE, rows)
        return len(rows)

    def read(
        self,
        *,
        source: str,
        places: Sequence[str],
        names: Sequence[str],
        start: datetime,
        end: datetime,
        as_of: datetime,
    ) -> xr.Dataset:
        """Values of start < valid_time <= end as the source gave them by `as_of`; NaN where it gave none.

        (station, valid_time) in the order asked. DataError: a name that is not of the contract.
        """
        for name in names:
            if name not in air.UNITS:
                raise DataError("The variable is not known", expected=", ".join(air.UNITS), found=name)
        hours = air.hours(start, end)
        values = {name: np.full((len(places), len(hours)), np.nan) for name in names}
        if len(hours):
            first, last = int(hours[0].astype(np.int64)), int(hours[-1].astype(np.int64))
            slot = {hour: number for number, hour in enumerate(hours.astype(np.int64).tolist())}
            with plain_errors("the model values"), self.engine.connect() as connection:
                for number, place in enumerate(places):
                    known = self._newest(connection, source, place, first, last, stamp(as_of, name="as_of"))
                    for (name, hour), value in known.items():
                        if name in values and value is not None:
                            values[name][number, slot[hour]] = value
        return air.dataset(values, stations=places, valid_time=hours, attrs={"source": source})

    def _newest(
        self, connection: sa.Connection, source: str, place: str, first: int, last: int, known: int
    ) -> Mapping[tuple[str, int], float | None]:
        table = GUIDANCE
        query = (
            sa.select(table.c.variable, table.c.valid_time, table.c.value)
            .where(
                table.c.source == source,
                table.c.place == place,
                table.c.valid_time.between(first, last),
                table.c.received_at <= known,
            )
            .order_by(table.c.received_at)
        )
        return {(row[0], row[1]): row[2] for row in connection.execute(query)}
