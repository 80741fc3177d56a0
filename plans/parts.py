"""The parts every rule is made of: frozen models, citations, editions, and settings that say how sure they are.

An unknown key is an error that names the allowed keys. A number the documents do not give is a Setting: value,
confidence mark and source side by side, so that nobody mistakes our choice for the law.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

Confidence = Literal["A", "B", "C", "I"]
"""A: text read, or two agreeing documents. B: one good source. C: often quoted or remembered. I: our own inference."""

T = TypeVar("T")


class Frozen(BaseModel):
    """A value that is never changed and refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, arbitrary_types_allowed=False)

    @model_validator(mode="before")
    @classmethod
    def _only_known_keys(cls, raw: Any) -> Any:
        if isinstance(raw, dict):
            allowed = {field.alias or name for name, field in cls.model_fields.items()} | set(cls.model_fields)
            for key in raw:
                if key not in allowed:
                    shown = sorted(field.alias or name for name, field in cls.model_fields.items())
                    raise PydanticCustomError(
                        "unknown_key", "unknown key {key}", {"key": str(key), "allowed": ", ".join(shown)}
                    )
        return raw


class Cite(Frozen):
    """Where a rule stands: the instrument, its number, the clause, and when it was published."""

    title: str
    number: str = ""
    clause: str = ""
    published: date | None = None

    @property
    def short(self) -> str:
        """Number and clause, e.g. "环大气〔2024〕6号"; the title where there is no number."""
        return f"{self.number or self.title} {self.clause}".strip()


class Setting(Frozen, Generic[T]):
    """A value that the documents leave open or give with less than full certainty: changeable, never law by itself."""

    value: T
    confidence: Confidence
    source: str
    note: str = ""


class Edition(Frozen):
    """What every edition of a rule carries, whatever its body: name, days in force, citations, and when we checked."""

    name: str
    from_: date = Field(alias="from")
    until: date | None = None
    """The last day in force; None while no end is known."""
    cites: tuple[Cite, ...] = Field(min_length=1)
    checked_on: date
    """The last day on which a person compared this edition with its source."""
    confidence: Confidence
    dates_confidence: Confidence = "A"
    """How sure the first and last day are; the text itself may be surer than its dates."""
    note: str = ""
    supersedes: str = ""

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Edition:
        if self.until is not None and self.until < self.from_:
            raise ValueError(f"until {self.until} lies before from {self.from_}")
        return self
