"""The port through which observations enter: a manifest that says what a source is, and a way to read it.

A Reader turns a file into a dataset of the contract (:mod:`forecast.air`); a Source fetches a window from somewhere
live. Both carry a Manifest with everything a later reader of the archive must know: hour convention, units, licence,
and how late the values are assumed to arrive. Readers are found by the entry point group "lantian.sources"; ours use
the same door as anybody else's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from plans.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    import xarray as xr

    from forecast.readers.station_list import Station

GROUP = "lantian.sources"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is known about a source before one value of it is read."""

    name: str
    """Short name; stored beside every value it brought."""
    title: str
    cadence: timedelta
    hour_label: Literal["start", "end"]
    """Which end of the averaging hour the source's own label names; the contract's valid_time is always the end."""
    time_zone: str
    units: Mapping[str, str]
    """Units in the source, per contract variable; the reader converts."""
    licence: str
    citation: str
    delay: timedelta
    """How long after valid_time a value is taken to have been received when the file does not say."""
    delay_basis: str
    """Where the delay comes from; an assumption says so."""
    known_problems: tuple[str, ...] = field(default=())
    limits: str = "none is stated"
    """How often and how much it may be asked, as far as is known; what we keep to is the adapter's policy."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A file format: its manifest, how to read a path into a dataset of the contract, and its stations."""

    manifest: Manifest
    read: Callable[[Path], xr.Dataset]
    stations: Callable[[Path, xr.Dataset], tuple[Station, ...]]
    """The stations of what was just read: (path, dataset) -> the directory entries, at least for the dataset's own."""


@runtime_checkable
class Source(Protocol):
    """A live source. `now` is an argument, so a replay can stand in for the world."""

    @property
    def manifest(self) -> Manifest:
        """What is known about the source."""

    def fetch(self, *, start: datetime, end: datetime, now: datetime) -> xr.Dataset:
        """The hours start < valid_time <= end as far as they are published at `now`; SourceError when it fails."""


def names() -> tuple[str, ...]:
    """The names of all readers of files that are installed, sorted; live sources stand in the same group."""
    return tuple(sorted(point.name for point in entry_points(group=GROUP) if isinstance(point.load(), Reader)))


def reader(name: str) -> Reader:
    """The reader of that name, imported now; DataError with the known names when there is none."""
    for point in entry_points(group=GROUP):
        if point.name == name:
            found: Any = point.load()
            if isinstance(found, Reader):
                return found
    raise DataError("The format is not known", expected=" | ".join(names()), found=name)
