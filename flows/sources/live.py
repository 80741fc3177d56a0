"""What all live sources share: asking with memory, and laying records out in the contract of forecast.air.

An adapter is a small frozen value with a manifest, a policy and `pull`, which asks and returns what it understood. It
writes nothing: :mod:`flows.sources.pull` does, and only after that are the validators of the answers remembered.
"""

from __future__ import annotations

import gzip
import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from flows.clock import real_now
from flows.sources.web import fetch
from flows.sources.web_rules import Answer, Policy, Validators
from forecast import air
from forecast.intake import possible
from forecast.readers.station_list import Station
from forecast.sources import Manifest
from plans.errors import DataError, SourceError

if TYPE_CHECKING:
    import xarray as xr

    from forecast.source_store import SourceStore


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a source said. `dataset` None: nothing new."""

    dataset: xr.Dataset | None
    stations: tuple[Station, ...] = ()
    notes: tuple[str, ...] = ()
    """What was odd and left out; a pull with notes is degraded, never silent."""


@dataclass(slots=True)
class Asker:
    """Asks on behalf of one source: keeps its rate, its validators, and every body as it came."""

    source: str
    policy: Policy
    store: SourceStore | None = None
    raw: Path | None = None
    """Folder for the bodies as they came; None keeps none."""
    clock: Callable[[], datetime] = real_now
    _fresh: list[Answer] = field(default_factory=list)

    def ask(
        self,
        method: str,
        url: str,
        *,
        expect: tuple[str, ...] = ("application/json",),
        params: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        conditional: bool = False,
        absent_ok: bool = False,
    ) -> Answer:
        """The answer, as :func:`flows.sources.web.fetch`; `conditional` sends the validators of the stored version."""
        known = None
        if conditional and self.store is not None:
            known = Validators(*self.store.validators(self.source, url))
        answer = fetch(
            method,
            url,
            source=self.source,
            policy=self.policy,
            expect=expect,
            params=params,
            form=form,
            headers=headers,
            known=known,
            absent_ok=absent_ok,
            gate=self.store,
            clock=self.clock,
        )
        if answer.absent:
            return answer
        if self.raw is not None and answer.body:
            keep(self.raw, self.source, answer)
        if conditional and not answer.unchanged:
            self._fresh.append(answer)
        return answer

    def doubt(self, answer: Answer) -> None:
        """Do not remember this version: something of it was left out, so it must come again."""
        self._fresh = [one for one in self._fresh if one is not answer]

    def confirm(self) -> None:
        """The data of all answers are stored: next time ask only for newer versions."""
        for answer in self._fresh:
            has = answer.validators.etag or answer.validators.last_modified
            if self.store is not None and has:
                self.store.keep_validators(
                    self.source, answer.url, etag=answer.validators.etag,
                    last_modified=answer.validators.last_modified, now=answer.received_at,
                )  # fmt: skip
        self._fresh.clear()


class Adapter(Protocol):
    """A live source."""

    @property
    def manifest(self) -> Manifest:
        """What is known about the source."""

    @property
    def policy(self) -> Policy:
        """How it is asked."""

    @property
    def kind(self) -> Literal["observation", "guidance"]:
        """Whether its values were measured, or are another model's."""

    def pull(self, asker: Asker, *, start: datetime, end: datetime, now: datetime) -> Pulled:
        """The hours start < valid_time <= end as far as they are published; SourceError when it fails."""


def keep(folder: Path, source: str, answer: Answer) -> Path:
    """The file with the body as it came, packed, under source/day/; written whole or not at all."""
    digest = hashlib.sha256(answer.body).hexdigest()[:16]
    place = folder / source / f"{answer.received_at:%Y%m%d}"
    target = place / f"{answer.received_at:%H%M%S}-{digest}.gz"
    try:
        place.mkdir(parents=True, exist_ok=True)
        part = target.with_suffix(f".{os.getpid()}.part")
        try:
            with part.open("wb") as opened:
                opened.write(gzip.compress(answer.body, mtime=0))
                opened.flush()
                os.fsync(opened.fileno())
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        todo = "Free space or mend the folder's rights, then run again; nothing was half-written"
        raise DataError("The body cannot be kept", where=str(place), found=error.strerror, todo=todo) from None
    return target


def forget(folder: Path, *, before: datetime) -> int:
    """How many kept bodies of days before that moment were removed."""
    number = 0
    for place in sorted(folder.glob("*/[0-9]*")):
        if place.is_dir() and place.name.isdigit() and place.name < f"{before:%Y%m%d}":
            for file in place.iterdir():
                file.unlink()
                number += 1
            place.rmdir()
    return number


Record = tuple[str, datetime, Mapping[str, float]]
"""Station code, end of the hour (aware), values by contract name."""


def lay_out(
    records: Iterable[Record],
    *,
    source: str,
    start: datetime,
    end: datetime,
    now: datetime,
    texts: Iterable[tuple[str, datetime, Mapping[str, str]]] = (),
) -> tuple[xr.Dataset | None, list[str]]:
    """The dataset of the records with start < valid_time <= end, and what was left out.

    A value that cannot be a measurement is left out and counted; so is an hour that has not ended at `now`. Of two
    records for one station-hour the later one stands (a difference is counted). Names beginning with published_ stay
    beside the contract. None when nothing is left.
    """
    cells: dict[tuple[str, datetime], Mapping[str, float]] = {}
    early = outside = differing = 0
    for code, hour, values in records:
        if hour > now + timedelta(minutes=5):
            early += 1
            continue
        if not start < hour <= end or hour > now:
            outside += 1
            continue
        if (code, hour) in cells and not _same(cells[code, hour], values):
            differing += 1
        cells[code, hour] = values
    notes = []
    if early:
        notes.append(f"{early} records of hours that have not ended were left out")
    if differing:
        notes.append(f"{differing} station-hours came twice with other values; the last stands")
    if not cells:
        return None, notes
    codes = list(dict.fromkeys(code for code, _hour in cells))
    hours = sorted({hour for _code, hour in cells})
    row, column = {c: n for n, c in enumerate(codes)}, {h: n for n, h in enumerate(hours)}
    names = list(dict.fromkeys(name for values in cells.values() for name in values))
    arrays = {name: np.full((len(codes), len(hours)), np.nan) for name in names}
    for (code, hour), values in cells.items():
        place = row[code], column[hour]
        for name, value in values.items():
            arrays[name][place] = value
    contract, extra = {}, {}
    for name, array in arrays.items():
        if name in air.POSSIBLE:
            contract[name] = possible(name, array)
            lost = int((~np.isnan(array) & np.isnan(contract[name])).sum())
            if lost:
                notes.append(f"{lost} values of {name} cannot be measurements and were left out")
        else:
            extra[name] = array
    for code, hour, words in texts:
        if (code, hour) in cells:
            for name, word in words.items():
                if name not in extra:
                    extra[name] = np.full((len(codes), len(hours)), "", dtype=object)
                extra[name][row[code], column[hour]] = word
    labels = np.array([air.utc(hour) for hour in hours])
    if (labels != labels.astype("datetime64[h]")).any():
        raise SourceError("An hour is not whole", where=source, expected="the end of an hour", found=labels[0])
    made = air.dataset(contract, stations=codes, valid_time=labels, extra=extra, attrs={"source": source})
    return made, notes


def _same(one: Mapping[str, float], other: Mapping[str, float]) -> bool:
    return one.keys() == other.keys() and all(
        value == other[name] or (value != value and other[name] != other[name])  # noqa: PLR0124  NaN equals NaN here
        for name, value in one.items()
    )


def number(text: object) -> float:
    """The value of a field of a feed; NaN for the ways feeds say that there is none, or for what is no number.

    >>> number("12.5"), number("—"), number(None), number(True)
    (12.5, nan, nan, nan)
    """
    if isinstance(text, bool) or text is None:
        return float("nan")
    if isinstance(text, int | float):
        return float(text)
    try:
        return float(str(text).strip())
    except ValueError:
        return float("nan")
