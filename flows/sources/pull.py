"""One pull of one source: ask, take in, and only then remember that it went well.

The order is what makes it safe to be killed anywhere: values are written in one transaction and are the same when
written twice; the validators of an answer are remembered after its values; the state says "succeeded" last.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Literal

import numpy as np
import xarray as xr

from flows.clock import real_now
from flows.slots import Done
from flows.sources.live import Adapter, Asker, Pulled
from flows.sources.web_rules import Unavailable
from forecast import air
from forecast.archive import Archive
from forecast.guidance import Guidance
from forecast.intake import Intake, take_in
from forecast.maintenance import Maintenance
from forecast.published import Published
from forecast.quality_rules import Window
from forecast.source_store import SourceStore
from plans.errors import LantianError

MOST_OF_USUAL = 0.9
"""A pull with fewer than this share of the stations of the last day is degraded (confidence I)."""


@dataclass(frozen=True, slots=True)
class Stores:
    """The tables a pull writes to, all of one database."""

    archive: Archive
    guidance: Guidance
    published: Published
    sources: SourceStore
    maintenance: Maintenance

    @classmethod
    def open(cls, address: str | Path) -> Stores:
        """All of them at one address; DataError when impossible."""
        archive = Archive.open(address)
        engine = archive.engine
        return cls(archive, Guidance(engine), Published(engine), SourceStore(engine), Maintenance(engine))

    def close(self) -> None:
        """Let go of all connections."""
        self.archive.close()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a pull ended."""

    source: str
    state: Literal["done", "degraded"]
    rows: int
    stations: int
    newest: datetime | None
    note: str

    @property
    def done(self) -> Done:
        """The same for a slot."""
        return Done(self.state, self.note)


def pull(
    adapter: Adapter,
    stores: Stores,
    *,
    start: datetime,
    end: datetime,
    now: datetime,
    windows: Sequence[Window] = (),
    raw: Path | None = None,
    clock: Callable[[], datetime] = real_now,
    look_back: timedelta = timedelta(hours=24),
) -> Outcome:
    """What pulling the hours start < valid_time <= end brought. LantianError is noted at the source and goes on."""
    name = adapter.manifest.name
    asker = Asker(name, adapter.policy, stores.sources, raw, clock)
    try:
        found = adapter.pull(asker, start=start, end=end, now=now)
        outcome = store(adapter, stores, found, received_at=clock(), windows=windows, look_back=look_back)
        asker.confirm()
    except LantianError as error:
        stores.sources.failed(name, now=clock(), error=str(error))
        if isinstance(error, Unavailable) and error.retry_at is not None:
            stores.sources.pause(adapter.policy.shared or name, until=error.retry_at)
        raise
    stores.sources.succeeded(name, now=clock(), valid_until=outcome.newest, note=outcome.note)
    return outcome


def store(
    adapter: Adapter,
    stores: Stores,
    found: Pulled,
    *,
    received_at: datetime,
    windows: Sequence[Window] = (),
    look_back: timedelta = timedelta(hours=24),
) -> Outcome:
    """Write what was understood, with the maintenance windows on file and `windows` marked; see :func:`pull`."""
    name, data = adapter.manifest.name, found.dataset
    if data is None or not data.sizes["valid_time"]:
        state: Literal["done", "degraded"] = "degraded" if found.notes else "done"
        return Outcome(name, state, 0, 0, None, "；".join(found.notes))
    newest = air.moment(data["valid_time"].values[-1])
    if adapter.kind == "guidance":
        rows = stores.guidance.write(data, source=name, received_at=received_at)
        state = "degraded" if found.notes else "done"
        return Outcome(name, state, rows, data.sizes["station"], newest, "；".join(found.notes))
    first, codes = air.moment(data["valid_time"].values[0]), [str(code) for code in data["station"].values]
    known = stores.maintenance.windows(start=first - timedelta(hours=1), end=newest)
    windows = [*windows, *(window for window in known if window.station in codes)]
    taken = take_in(
        stores.archive,
        data,
        source=name,
        received_at=received_at,
        stations=found.stations,
        windows=windows,
        look_back=look_back,
        published=stores.published,
    )
    notes = [*found.notes, *_told(taken)]
    few = _few(stores.sources, name, _reporting(data))
    if few:
        notes.append(few)
    state = "degraded" if found.notes or few else "done"
    return Outcome(name, state, taken.rows, data.sizes["station"], newest, "；".join(notes))


def _told(taken: Intake) -> list[str]:
    told = list(taken.notes)
    if taken.new_stations:
        some = "、".join(taken.new_stations[:5])
        told.append(f"{len(taken.new_stations)} 个新站点（{some}{'等' if len(taken.new_stations) > 5 else ''}）")
    told += [f"{code} 更名：{old} → {new}" for code, old, new in taken.renamed[:5]]
    return told


def _reporting(data: xr.Dataset) -> dict[datetime, int]:
    """Stations with any pollutant per hour."""
    names = [name for name in air.POLLUTANTS if name in data]
    if not names:
        return {}
    known = np.any([~np.isnan(data[name].values) for name in names], axis=0).sum(axis=0)
    return {air.moment(hour): int(number) for hour, number in zip(data["valid_time"].values, known, strict=True)}


def _few(sources: SourceStore, name: str, reporting: Mapping[datetime, int]) -> str:
    """A sentence when clearly fewer stations reported than in the day before, else nothing; remembers the numbers."""
    if not reporting:
        return ""
    newest = max(reporting)
    before = sources.coverage(name, start=newest - timedelta(hours=25), end=newest - timedelta(hours=1))
    sources.heard(name, reporting)
    usual = int(median(before.values())) if before else 0
    if reporting[newest] < MOST_OF_USUAL * usual:
        return f"{reporting[newest]} 个站点有数据，前一日通常 {usual} 个"
    return ""
