"""Editions by day: what held on a day, and three different ways of having no answer.

"Never recorded here", "ended" and "not begun" call for different acts (look it up, stop using it, wait), so they are
three values and never one None.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Generic, TypeVar

from plans.errors import RuleError
from plans.parts import Edition

E = TypeVar("E", bound=Edition)


@dataclass(frozen=True, slots=True)
class Unknown:
    """This rulebook says nothing about the day: the instrument's history before `known_from` was never recorded."""

    what: str
    day: date
    known_from: date | None = None

    @property
    def sentence(self) -> str:
        """One sentence for a person."""
        since = f", whose record here begins on {self.known_from}" if self.known_from else ""
        return f"Nothing is recorded about {self.what} on {self.day}{since}"


@dataclass(frozen=True, slots=True)
class Repealed:
    """An edition held before the day and ended without a successor."""

    what: str
    day: date
    edition: str
    until: date

    @property
    def sentence(self) -> str:
        """One sentence for a person."""
        return f"{self.what} was repealed: {self.edition} ended on {self.until} and nothing follows it on {self.day}"


@dataclass(frozen=True, slots=True)
class NotYetInForce:
    """The day lies before the first edition, and we know that none was in force earlier."""

    what: str
    day: date
    edition: str
    from_: date

    @property
    def sentence(self) -> str:
        """One sentence for a person."""
        return f"{self.what} was not yet in force on {self.day}: {self.edition} begins on {self.from_}"


Absent = Unknown | Repealed | NotYetInForce


@dataclass(frozen=True)
class Dated(Generic[E]):
    """The editions of one rule, oldest first, without overlap."""

    what: str
    editions: tuple[E, ...]
    known_from: date | None = None
    """The day from which our record of this rule is complete; before it the answer is Unknown."""
    file: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        """Refuse doubled names, overlaps and disorder: two editions in force on one day would be two laws."""
        names = [edition.name for edition in self.editions]
        doubled = next((name for name in names if names.count(name) > 1), None)
        if doubled:
            raise RuleError("An edition is named twice", where=self.file or self.what, found=doubled, todo="Rename one")
        for earlier, later in pairwise(self.editions):
            if earlier.until is None or earlier.until >= later.from_:
                raise RuleError(
                    "Two editions overlap",
                    where=f"{self.file or self.what}, editions {earlier.name} and {later.name}",
                    expected=f"{earlier.name} to end before {later.from_}",
                    found=f"until: {earlier.until}",
                    todo="Give the earlier edition its last day",
                )

    def __iter__(self) -> Iterator[E]:
        """The editions, oldest first."""
        return iter(self.editions)

    def at(self, day: date) -> E | Absent:
        """The edition in force on the day, or which of the three kinds of absence it is."""
        if not self.editions or (self.known_from is not None and day < self.known_from):
            return Unknown(self.what, day, self.known_from)
        before: E | None = None
        for edition in self.editions:
            if edition.from_ > day:
                if before is None:
                    return NotYetInForce(self.what, day, edition.name, edition.from_)
                break
            if edition.until is None or day <= edition.until:
                return edition
            before = edition
        assert before is not None
        assert before.until is not None
        return Repealed(self.what, day, before.name, before.until)

    def must(self, day: date) -> E:
        """The edition in force on the day; RuleError with the kind of absence when there is none."""
        answer = self.at(day)
        if isinstance(answer, Unknown | Repealed | NotYetInForce):
            raise RuleError(
                answer.sentence,
                where=self.file,
                todo=f"Name an edition yourself ({', '.join(edition.name for edition in self.editions)})",
            )
        return answer

    def named(self, name: str) -> E:
        """The edition of that name, whatever the day; RuleError names the known ones."""
        for edition in self.editions:
            if edition.name == name:
                return edition
        raise RuleError(
            f"There is no {self.what} edition {name!r}",
            where=self.file,
            expected="one of " + ", ".join(edition.name for edition in self.editions),
            found=name,
            todo="Use one of these names",
        )
