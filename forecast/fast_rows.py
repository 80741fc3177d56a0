"""Many rows into a table in one statement, without the cost of a query builder per row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa


def insert_rows(connection: sa.Connection, table: sa.Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows of plain values in the order of the table's columns; nothing for no rows."""
    if not rows:
        return
    if connection.dialect.driver == "psycopg":
        columns = ", ".join(f'"{column.name}"' for column in table.columns)
        driver: Any = connection.connection.driver_connection
        statement = f'COPY "{table.name}" ({columns}) FROM STDIN'
        try:
            with driver.cursor() as cursor, cursor.copy(statement) as copy:
                for row in rows:
                    copy.write_row(row)
        except connection.dialect.loaded_dbapi.OperationalError as error:  # past SQLAlchemy, so named as it would
            raise sa.exc.OperationalError(statement, None, error) from error
        return
    statement = str(sa.insert(table).compile(dialect=connection.dialect))
    connection.exec_driver_sql(statement, list(rows))
