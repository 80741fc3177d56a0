"""Write three years of twelve stations into an archive and read them back; against a bare copy of the same rows."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from flows.scenario import find_data
from forecast import air
from forecast.archive import Archive
from forecast.readers import prsa

HOUR = timedelta(hours=1)


def run() -> dict[str, Any]:
    """Seconds to write, to write the same again (nothing changes) and to read back, on SQLite."""
    folder = find_data()
    if folder is None:
        return {"skipped": "the real data are not beside the project"}
    data = prsa.read(folder / "beijing_prsa_2013_2016")
    start, end = (air.moment(data["valid_time"].values[place]) for place in (0, -1))
    with tempfile.TemporaryDirectory() as home:
        archive = Archive.open(Path(home) / "archive.db")
        archive.write_stations(prsa.stations())
        figures: dict[str, Any] = {}
        begin = time.perf_counter()
        figures["rows"] = archive.write_observations(data, source="prsa", delay=HOUR)
        figures["write, s"] = round(time.perf_counter() - begin, 2)
        begin = time.perf_counter()
        figures["rows added by the same again"] = archive.write_observations(data, source="prsa", delay=HOUR)
        figures["write again, s"] = round(time.perf_counter() - begin, 2)
        begin = time.perf_counter()
        codes = data["station"].values.tolist()
        archive.observations(stations=codes, start=start - HOUR, end=end, as_of=end + HOUR)
        figures["read, s"] = round(time.perf_counter() - begin, 2)
        archive.close()
        with sqlite3.connect(Path(home) / "archive.db") as connection:
            begin = time.perf_counter()
            connection.execute("CREATE TABLE bare AS SELECT * FROM observation")
            connection.commit()
            copied = time.perf_counter() - begin
    figures["bare copy of the rows inside SQLite, s"] = round(copied, 2)
    figures["write against bare copy"] = round(figures["write, s"] / copied, 1)
    return figures
