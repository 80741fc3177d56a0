"""The tables of the archive, and how times and databases are spoken to.

All times are whole microseconds since 1970-01-01 UTC: exactly numpy's datetime64[us], on every database. One row holds
the six values of a station-hour as received once; a value that arrives later or is corrected is another row with a
later received_at, never an update.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from forecast.air import POLLUTANTS, WEATHER, moment, utc
from plans.errors import DataError

METADATA = sa.MetaData()

STATION = sa.Table(
    "station",
    METADATA,
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("city", sa.Text, nullable=False),
    sa.Column("lon", sa.Float),
    sa.Column("lat", sa.Float),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
)


def _hourly(name: str, values: tuple[str, ...]) -> sa.Table:
    return sa.Table(
        name,
        METADATA,
        sa.Column("station", sa.Text, sa.ForeignKey("station.code"), primary_key=True),
        sa.Column("valid_time", sa.BigInteger, primary_key=True),
        sa.Column("received_at", sa.BigInteger, primary_key=True),
        *(sa.Column(value, sa.Double) for value in values),
        sa.Column("flags", sa.BigInteger, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )


OBSERVATION = _hourly("observation", POLLUTANTS)
WEATHER_OBSERVATION = _hourly("weather_observation", WEATHER)

OUTLOOK = sa.Table(
    "outlook",
    METADATA,
    sa.Column("area", sa.Text, primary_key=True),
    sa.Column("issued_at", sa.BigInteger, primary_key=True),
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("received_at", sa.BigInteger, nullable=False),
    sa.Column("outlook", sa.Text, nullable=False),
)

OUTLOOK_REASONS = sa.Table(
    "outlook_reasons",
    METADATA,
    sa.Column("outlook", sa.Text, primary_key=True),
    sa.Column("received_at", sa.BigInteger, nullable=False),
    sa.Column("reasons", sa.Text, nullable=False),
)

OUTLOOK_HOURS = sa.Table(
    "outlook_hours",
    METADATA,
    sa.Column("outlook", sa.Text, primary_key=True),
    sa.Column("received_at", sa.BigInteger, nullable=False),
    sa.Column("hours", sa.Text, nullable=False),
)

MODEL_RUN = sa.Table(
    "model_run",
    METADATA,
    sa.Column("area", sa.Text, primary_key=True),
    sa.Column("model", sa.Text, primary_key=True),
    sa.Column("trained_at", sa.BigInteger, primary_key=True),
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("received_at", sa.BigInteger, nullable=False),
    sa.Column("details", sa.Text, nullable=False),
)


def stamp(instant: datetime, *, name: str) -> int:
    """The instant as stored; DataError when it is naive."""
    return int(utc(instant, name=name).astype(np.int64))


def unstamp(stored: int) -> datetime:
    """The aware UTC datetime of a stored time."""
    return moment(np.datetime64(int(stored), "us"))


def engine_of(address: str | Path) -> sa.Engine:
    """An engine for a file path, a sqlite:/// or a postgresql:// URL; parent folders of a file are made.

    SQLite writes ahead (WAL) and waits up to 30 s for another writer; a transaction marked `writes` takes the write
    lock at once, so that what it looked up is still true when it inserts. DataError for an address nobody can open.
    """
    text = str(address)
    url = text if "://" in text else f"sqlite:///{text}"
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        expected = "a file path, sqlite:///file or postgresql://user@host/database"
        raise DataError("The archive's address cannot be read", expected=expected, found=_safe(text)) from None
    if parsed.get_backend_name() == "postgresql":
        # a server that was restarted is noticed before a transaction begins, not in it
        return sa.create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
    if parsed.get_backend_name() != "sqlite":
        raise DataError("The archive speaks two databases", expected="sqlite or postgresql", found=_safe(text))
    memory = parsed.database in (None, "", ":memory:")
    if not memory:
        file = Path(str(parsed.database))
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            if file.exists() and not _is_sqlite(file):
                expected, todo = "an SQLite file or a new name", "Name another file"
                raise DataError("The file is not an archive", where=str(file), expected=expected, todo=todo)
        except OSError as error:
            raise DataError("The archive cannot be opened", where=str(file), found=error.strerror) from None
    pool: dict[str, Any] = {"poolclass": sa.StaticPool} if memory else {}
    engine = sa.create_engine(parsed, connect_args={"timeout": 30, "check_same_thread": False}, **pool)
    sa.event.listen(engine, "connect", _sqlite_connection)
    sa.event.listen(engine, "begin", _sqlite_begin)
    return engine


def _is_sqlite(file: Path) -> bool:
    with file.open("rb") as opened:
        return opened.read(15) in (b"", b"SQLite format 3")


def _sqlite_connection(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we begin transactions ourselves, see _sqlite_begin
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "cache_size=-65536"):
        connection.execute(f"PRAGMA {pragma}")


def _sqlite_begin(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _safe(address: str) -> str:
    """The address without a password, for messages."""
    if "@" not in address:
        return address
    return address.split("://", 1)[0] + "://...@" + address.rsplit("@", 1)[1]
