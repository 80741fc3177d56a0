"""A watched folder: what is put in is read, stored, and moved to done/ or, with its reason beside it, to refused/.

Each subfolder is one kind of file: the name of a reader (prsa, city-hourly, ...), `electricity`, `weather` (NetCDF,
Zarr or GRIB runs, brought to the stations of the archive; the file itself stays in done/), or anything with a
mapping.yaml. A file is left alone while it is still being written. Killed anywhere, the next pass does the rest:
storing twice changes nothing, and moving comes last.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import entry_points
from pathlib import Path

from emergency import source_words
from flows.sources import electricity, mapping
from flows.sources.micro import Micro
from flows.sources.pull import Stores, store
from forecast import air
from forecast.emissions import Emissions
from forecast.sources import GROUP, Reader
from plans.errors import DataError, LantianError

log = logging.getLogger("lantian.sources")
UNFINISHED = (".part", ".tmp", ".crdownload", ".filepart")
MOST_BYTES = 2 * 1024**3
STAMP = "%Y%m%d-%H%M%S"
"""Of a moved file's name, UTC."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one file."""

    kind: str
    file: str
    result: str
    """Chinese, for a screen: how many rows, or why it was refused."""
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """One refused file that still lies there."""

    kind: str
    file: str
    refused_at: datetime
    why: str
    """Chinese, for a screen."""


_NAMED = re.compile(r"(\d{8}-\d{6})-[0-9a-f]{8}-(.+)\.txt", re.DOTALL)


def refused(folder: Path, *, since: datetime) -> list[Refused]:
    """The files that were refused since then and still lie there, the newest first; who takes one away has seen it."""
    found = []
    for path in folder.glob("*/refused/*.txt"):
        named = _NAMED.fullmatch(path.name)
        if named is None:
            continue
        moment = datetime.strptime(named[1], STAMP).replace(tzinfo=UTC)
        if moment >= since:
            why = path.read_text(encoding="utf-8").partition("\n")[0]
            found.append(Refused(path.parent.parent.name, named[2], moment, why))
    return sorted(found, key=lambda one: (one.refused_at, one.file), reverse=True)


def take(folder: Path, stores: Stores, *, now: datetime, quiet: timedelta = timedelta(seconds=10)) -> list[Taken]:
    """What became of every finished file, oldest first; one changed less than `quiet` ago waits for the next pass.

    Of two passes at once one takes everything and the other nothing.
    """
    if not folder.is_dir():
        return []
    with _alone(folder) as mine:
        return _take(folder, stores, now=now, quiet=quiet) if mine else []


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """Whether nobody else takes from the folder now; the lock goes with the process, however that ends."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(opened)
        yield False
        return
    try:
        yield True
    finally:
        os.close(opened)


def _take(folder: Path, stores: Stores, *, now: datetime, quiet: timedelta) -> list[Taken]:
    taken = []
    for place in sorted(path for path in folder.iterdir() if path.is_dir()):
        work = _work_of(place, stores, now)
        for path in sorted(waiting(place, now=now, quiet=quiet), key=lambda p: (p.stat().st_mtime, p.name)):
            if isinstance(work, LantianError):
                taken.append(_refuse(path, work, now))
                continue
            try:
                if path.is_file() and path.stat().st_size > MOST_BYTES:
                    raise DataError("The file is too large", where=path.name, expected=f"{MOST_BYTES} bytes at most")
                result = work(path)
            except LantianError as error:
                if "nothing was half-written" in str(error):
                    raise  # the archive's fault, not the file's: it stays and is tried again
                taken.append(_refuse(path, error, now))
                continue
            _move(path, "done", now)
            taken.append(Taken(place.name, path.name, result))
    return taken


def waiting(place: Path, *, now: datetime, quiet: timedelta) -> list[Path]:
    """The finished files of one kind that wait."""
    found = []
    for path in place.iterdir():
        if path.name in ("done", "refused", "mapping.yaml") or path.name.startswith("."):
            continue
        if path.suffix in UNFINISHED or (path.is_dir() and path.suffix != ".zarr"):
            continue
        changed = datetime.fromtimestamp(path.stat().st_mtime, tz=UTC)
        if now - changed >= quiet:
            found.append(path)
    return found


def _work_of(place: Path, stores: Stores, now: datetime) -> Callable[[Path], str] | LantianError:
    """How files of this kind are stored; the error when nobody knows."""
    if (place / "mapping.yaml").is_file():
        try:
            micro = Micro(mapping.load(place / "mapping.yaml"))
        except LantianError as error:
            return error

        def by_mapping(path: Path) -> str:
            found = micro.read(path, now=now)
            outcome = store(micro, stores, found, received_at=now)
            return f"{outcome.stations} 个站点，新写入 {outcome.rows} 行" + (
                f"；{outcome.note}" if outcome.note else ""
            )

        return by_mapping
    if place.name == "electricity":
        return lambda path: f"新写入 {electricity.take(path, Emissions(stores.archive.engine), now=now)} 条用电读数"
    if place.name == "weather":
        return lambda path: _weather(path, stores, now)
    points = {point.name: point for point in entry_points(group=GROUP)}
    reader = points[place.name].load() if place.name in points else None
    if not isinstance(reader, Reader):
        return DataError(
            "Nobody knows this kind of file", where=f"{place.name}/",
            expected="a reader's name, electricity, weather or a folder with mapping.yaml", found=place.name,
        )  # fmt: skip

    def by_reader(path: Path) -> str:
        from forecast.quality import flag

        dataset = flag(reader.read(path))
        stores.archive.write_stations(reader.stations(path, dataset))
        rows = stores.archive.write(dataset, source=reader.manifest.name, delay=reader.manifest.delay)
        first, last = (air.moment(hour) for hour in dataset["valid_time"].values[[0, -1]])
        codes = [window.station for window in stores.maintenance.windows(start=first, end=last)]
        stores.maintenance.apply(
            [str(code) for code in dataset["station"].values if str(code) in codes],
            start=first - timedelta(hours=1), end=last, now=now,
        )  # fmt: skip
        return f"{dataset.sizes['station']} 个站点，新写入 {rows} 行"

    return by_reader


def _weather(path: Path, stores: Stores, now: datetime) -> str:
    """A run at the stations of the archive that lie inside its grid, into the model values."""
    from forecast.weather_files import at_those_inside, read_run
    from forecast.weather_runs import keep_run

    local = at_those_inside(read_run(path), stores.archive.stations())
    rows = keep_run(stores.guidance, local, source="weather-files", received_at=now)
    return f"{local.sizes['station']} 个站点，新写入 {rows} 个模式值"


def _refuse(path: Path, error: LantianError, now: datetime) -> Taken:
    target, why = _move(path, "refused", now), source_words.chinese(str(error))
    log.warning("%s/%s was refused: %s", path.parent.name, path.name, error)
    target.with_name(target.name + ".txt").write_text(f"{why}\n{error}\n", encoding="utf-8")
    return Taken(path.parent.name, path.name, why, refused=True)


def _move(path: Path, where: str, now: datetime) -> Path:
    """The file's new place, with day and digest before its name, so that nothing is ever overwritten."""
    digest = hashlib.sha256()
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            with file.open("rb") as opened:
                while chunk := opened.read(1 << 20):
                    digest.update(chunk)
    folder = path.parent / where
    folder.mkdir(exist_ok=True)
    target = folder / f"{now.astimezone(UTC):{STAMP}}-{digest.hexdigest()[:8]}-{path.name}"
    try:
        path.replace(target)
    except OSError as error:
        raise DataError("The file cannot be moved", where=str(path), found=error.strerror) from None
    return target
