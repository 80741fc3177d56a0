"""The rulebook: every rule file of a folder, read, checked and digested; and the rules in force on a day.

book = load()
rules = book.on(date(2026, 11, 21))
rules.aqi.name
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from plans.dated import Dated
from plans.errors import RuleError
from plans.schema import AqiEdition, Edition
from plans.yaml_file import read_yaml, shaped

HERE = Path(__file__).resolve().parent

NATIONAL: dict[str, type[Edition]] = {"aqi": AqiEdition}
"""The national instruments: file name without suffix, and the shape of its editions."""


@dataclass(frozen=True)
class Rules:
    """The rules in force on one day. A property raises RuleError when nothing was in force and none was assumed."""

    day: date
    book: Rulebook
    assumed: tuple[tuple[str, str], ...] = ()
    """(instrument, edition) pairs that were named by the caller and not found by the day, e.g. to re-read the past."""

    def _edition(self, what: str) -> Any:
        name = dict(self.assumed).get(what)
        return self.book.instruments[what].named(name) if name else self.book.instruments[what].must(self.day)

    @property
    def aqi(self) -> AqiEdition:
        """The AQI edition of the day."""
        edition: AqiEdition = self._edition("aqi")
        return edition


@dataclass(frozen=True)
class Rulebook:
    """All rule files of one folder."""

    instruments: Mapping[str, Dated[Any]]
    digest: str
    """SHA-256 over the canonical content: comments and order of keys do not change it, a number does."""

    def on(self, day: date, *, assume: Mapping[str, str] | None = None) -> Rules:
        """The rules of that day; `assume` names editions to use whatever the day ({"warning": "warning-2018"})."""
        chosen = tuple(sorted((assume or {}).items()))
        for what, name in chosen:
            if what not in self.instruments:
                raise RuleError("No such rule", expected="one of " + ", ".join(self.instruments), found=what)
            self.instruments[what].named(name)
        return Rules(day, self, chosen)

    def edition(self, name: str) -> Edition:
        """The edition of that name, of whatever instrument; RuleError lists the known names."""
        for dated in self.instruments.values():
            for edition in dated:
                if edition.name == name:
                    found: Edition = edition
                    return found
        known = [edition.name for dated in self.instruments.values() for edition in dated]
        raise RuleError(f"There is no edition {name!r}", expected="one of " + ", ".join(known), found=name)

    def aqi(self, name: str) -> AqiEdition:
        """The AQI edition of that name; RuleError lists the known names."""
        edition: AqiEdition = self.instruments["aqi"].named(name)
        return edition


@lru_cache(maxsize=4)
def load(folder: Path | None = None) -> Rulebook:
    """The rulebook in a folder (ours by default), checked whole; RuleError with file, key path and allowed keys."""
    root = folder or HERE
    instruments: dict[str, Dated[Any]] = {}
    for what, shape in NATIONAL.items():
        path = root / "national" / f"{what}.yaml"
        shown = f"national/{what}.yaml"
        instruments[what] = _dated(read_yaml(path, shown=shown), shape, what=what, shown=shown)
    content = {
        what: [str(dated.known_from), *(edition.model_dump(mode="json", by_alias=True) for edition in dated)]
        for what, dated in instruments.items()
    }
    canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return Rulebook(instruments, hashlib.sha256(canonical.encode()).hexdigest())


def _dated(raw: dict[str, Any], shape: type[Edition], *, what: str, shown: str) -> Dated[Any]:
    allowed = {"what", "title", "known_from", "editions"}
    for key in raw:
        if key not in allowed:
            raise RuleError(
                "A rule file has an unknown key", where=f"{shown}, key {key}",
                expected="one of " + ", ".join(sorted(allowed)), found=key,
            )  # fmt: skip
    editions = raw.get("editions")
    if not isinstance(editions, list) or not editions:
        raise RuleError("A rule file lists no editions", where=f"{shown}, key editions", expected="a list of editions")
    if raw.get("what") != what:
        raise RuleError(
            "A rule file names another rule", where=f"{shown}, key what", expected=what, found=raw.get("what")
        )
    read = tuple(shaped(shape, one, shown=shown, path=f"editions.{number}") for number, one in enumerate(editions))
    return Dated(what, read, raw.get("known_from"), shown)
