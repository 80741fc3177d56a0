"""Bring observations from a reader's file into the archive."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path

from forecast.archive import Archive
from forecast.sources import GROUP, Reader
from plans.errors import DataError


def observe(archive: Archive, *, reader: str, path: Path) -> int:
    """How many rows were new. The same file twice adds nothing; a changed value becomes a new revision.

    DataError for a reader that is not installed, or with file, row, expected and found for a bad file (then nothing
    was written).
    """
    points = {point.name: point for point in entry_points(group=GROUP)}
    if reader not in points:
        raise DataError("There is no such reader", expected="one of " + ", ".join(sorted(points)), found=reader)
    chosen = points[reader].load()
    if not isinstance(chosen, Reader):
        raise DataError("This source is asked, it reads no files", where=reader, todo=f"lantian sources pull {reader}")
    dataset = chosen.read(path)
    return archive.write(dataset, source=chosen.manifest.name, delay=chosen.manifest.delay)
