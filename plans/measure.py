"""One measure of the reduction list: its words in the sheet, the share it cuts, and how it is written into an order.

A cell says one of: 不限 · 停 · 限产20% · 停运国四及以下55% · 换用低硫煤(SO2 40%, PM 10%). 限产20% lowers the load by
20 %; the share of a transport ban is the share of that unit's emission the banned vehicles make.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from plans.errors import DataError

PollutantKey = Literal["so2", "nox", "pm", "vocs"]
POLLUTANTS: tuple[PollutantKey, ...] = ("so2", "nox", "pm", "vocs")
"""The four pollutants of the reduction targets."""

POLLUTANT_NAMES: dict[PollutantKey, str] = {"so2": "SO2", "nox": "NOx", "pm": "PM", "vocs": "VOCs"}


def pollutant_name(key: str) -> str:
    """A pollutant as it is written; the key itself when it is not of the list.

    >>> pollutant_name("nox"), pollutant_name("co2")
    ('NOx', 'co2')
    """
    return next((name for one, name in POLLUTANT_NAMES.items() if one == key), key)


Action = Literal["none", "stop", "limit", "transport_ban", "fuel_change"]

WORDS = "不限, 停, 限产20%, 停运国四及以下55%, 换用低硫煤(SO2 40%, PM 10%)"
"""What a measure cell may say, for error sentences."""

_LIMIT = re.compile(r"限产\s*(\d{1,2})\s*%")
_BAN = re.compile(r"停运(国[一二三四五六])及以下\s*(\d{1,3})\s*%")
_FUEL = re.compile(r"换用([^()（）]+)[(（](.+)[)）]")
_CUT = re.compile(r"(SO2|NOx|PM|VOCs)\s*(\d{1,3})\s*%")


@dataclass(frozen=True, slots=True)
class Measure:
    """What one unit does at one level."""

    action: Action
    cuts: Mapping[PollutantKey, Fraction]
    """The share of the unit's own emission that is cut, per pollutant, 0 to 1."""
    detail: str = ""
    """Vehicle class or fuel."""

    @property
    def load_cut(self) -> Fraction:
        """The share of the unit's production that stops: what a power meter would see."""
        return self.cuts["pm"] if self.action in ("stop", "limit") else Fraction(0)

    @property
    def chinese(self) -> str:
        """The measure in words for an order, e.g. 限产20%."""
        if self.action == "limit":
            return f"限产{_percent(self.load_cut)}"
        if self.action == "transport_ban":
            return f"停止使用{self.detail}及以下重型货车运输"
        if self.action == "fuel_change":
            return f"换用{self.detail}"
        return "停产" if self.action == "stop" else "不限"


NONE = Measure("none", dict.fromkeys(POLLUTANTS, Fraction(0)))


def measure_of(text: str, *, where: str) -> Measure:
    """The measure a cell says; DataError with the allowed words when it says something else.

    >>> measure_of("限产20%", where="row 2").load_cut
    Fraction(1, 5)
    """
    text = text.strip()
    found = _read.get(text)
    if found is None:
        found = _parsed(text, where)
        if len(_read) < MOST_KEPT:
            _read[text] = found
    return found


_read: dict[str, Measure] = {}
"""Measures by the words of their cell: a list of 33,000 units says the same few things over and over."""
MOST_KEPT = 5000


def _parsed(text: str, where: str) -> Measure:
    if text == "不限":
        return NONE
    if text == "停":
        return Measure("stop", dict.fromkeys(POLLUTANTS, Fraction(1)))
    if found := _LIMIT.fullmatch(text):
        share = _share(found[1], text, where)
        return Measure("limit", dict.fromkeys(POLLUTANTS, share))
    if found := _BAN.fullmatch(text):
        return Measure("transport_ban", dict.fromkeys(POLLUTANTS, _share(found[2], text, where)), found[1])
    if found := _FUEL.fullmatch(text):
        cuts = dict.fromkeys(POLLUTANTS, Fraction(0))
        keys = {name: key for key, name in POLLUTANT_NAMES.items()}
        parts = [part.strip() for part in re.split(r"[,，、]", found[2])]
        matches = [_CUT.fullmatch(part) for part in parts]
        if all(matches):
            for match in matches:
                assert match is not None
                cuts[keys[match[1]]] = _share(match[2], text, where)
            return Measure("fuel_change", cuts, found[1].strip())
    raise DataError("A measure cannot be read", where=where, expected=f"one of {WORDS}", found=text or "nothing")


def _share(percent: str, text: str, where: str) -> Fraction:
    if not 1 <= int(percent) <= 100:
        raise DataError("A measure is impossible", where=where, expected="a share of 1 to 100 %", found=text)
    return Fraction(int(percent), 100)


def _percent(share: Fraction) -> str:
    return f"{int(share * 100)}%"
