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
from plans.schema import AmbientEdition, AqiEdition, AssessmentEdition, CityPlan, Edition, WarningEdition
from plans.yaml_file import read_yaml, shaped

HERE = Path(__file__).resolve().parent

NATIONAL: dict[str, tuple[str, type[Edition]]] = {
    "aqi": ("aqi.yaml", AqiEdition),
    "ambient": ("ambient_air.yaml", AmbientEdition),
    "assessment": ("assessment.yaml", AssessmentEdition),
    "warning": ("warning.yaml", WarningEdition),
}
"""The national instruments: their file, and the shape of its editions."""


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

    @property
    def ambient(self) -> AmbientEdition:
        """The ambient standard of the day."""
        edition: AmbientEdition = self._edition("ambient")
        return edition

    @property
    def assessment(self) -> AssessmentEdition:
        """The assessment rules of the day."""
        edition: AssessmentEdition = self._edition("assessment")
        return edition

    @property
    def warning(self) -> WarningEdition:
        """The warning edition of the day."""
        edition: WarningEdition = self._edition("warning")
        return edition


@dataclass(frozen=True)
class Rulebook:
    """All rule files of one folder."""

    instruments: Mapping[str, Dated[Any]]
    cities: Mapping[str, Dated[CityPlan]]
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
        every: list[Edition] = [e for dated in (*self.instruments.values(), *self.cities.values()) for e in dated]
        for edition in every:
            if edition.name == name:
                return edition
        known = [edition.name for edition in every]
        raise RuleError(f"There is no edition {name!r}", expected="one of " + ", ".join(known), found=name)

    def aqi(self, name: str) -> AqiEdition:
        """The AQI edition of that name; RuleError lists the known names."""
        edition: AqiEdition = self.instruments["aqi"].named(name)
        return edition

    def ambient(self, name: str) -> AmbientEdition:
        """The ambient edition of that name; RuleError lists the known names."""
        edition: AmbientEdition = self.instruments["ambient"].named(name)
        return edition

    def assessment(self, name: str) -> AssessmentEdition:
        """The assessment edition of that name; RuleError lists the known names."""
        edition: AssessmentEdition = self.instruments["assessment"].named(name)
        return edition

    def warning(self, name: str) -> WarningEdition:
        """The warning edition of that name; RuleError lists the known names."""
        edition: WarningEdition = self.instruments["warning"].named(name)
        return edition

    def city(self, name: str, *, on: date | None = None) -> CityPlan:
        """The plan of a city: its newest edition, or with `on` the one in force that day; RuleError otherwise."""
        if name not in self.cities:
            raise RuleError(f"There is no city plan {name!r}", expected="one of " + ", ".join(self.cities), found=name)
        return self.cities[name].must(on) if on else self.cities[name].editions[-1]


@lru_cache(maxsize=4)
def load(folder: Path | None = None) -> Rulebook:
    """The rulebook in a folder (ours by default), checked whole; RuleError with file, key path and allowed keys."""
    root = folder or HERE
    instruments: dict[str, Dated[Any]] = {}
    for what, (file, shape) in NATIONAL.items():
        shown = f"national/{file}"
        instruments[what] = _dated(read_yaml(root / shown, shown=shown), shape, what=what, shown=shown)
    cities: dict[str, Dated[CityPlan]] = {}
    for path in sorted((root / "cities").glob("*/plan.yaml")):
        name, shown = path.parent.name, f"cities/{path.parent.name}/plan.yaml"
        cities[name] = _dated(read_yaml(path, shown=shown), CityPlan, what=name, shown=shown)
        for plan in cities[name]:
            _known_criteria(plan, instruments["warning"], shown=shown)
    content = {
        what: [str(dated.known_from), *(edition.model_dump(mode="json", by_alias=True) for edition in dated)]
        for what, dated in [*instruments.items(), *((f"city {name}", plans) for name, plans in cities.items())]
    }
    canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return Rulebook(instruments, cities, hashlib.sha256(canonical.encode()).hexdigest())


def _known_criteria(plan: CityPlan, warning: Dated[Any], *, shown: str) -> None:
    names = [edition.name for edition in warning]
    if plan.criteria.value not in names:
        raise RuleError(
            "A plan follows criteria that do not exist", where=f"{shown}, edition {plan.name}, key criteria.value",
            expected="one of " + ", ".join(names), found=plan.criteria.value,
        )  # fmt: skip


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
