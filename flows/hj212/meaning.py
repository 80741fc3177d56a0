"""What the packets say: which command brings which kind of datum, for which time, and in which fields.

DataTime is the START of the interval for minute, hour and day data (a 2061 of 08:00:00 covers 8:00-9:00) and the moment
of sampling for real-time data and equipment state (HJ 212-2017 appendix C).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

from flows.hj212.codec import Group, Malformed, Packet
from forecast.air import BEIJING
from forecast.emissions import EmissionRow, EquipmentRow

KINDS: Mapping[str, str] = MappingProxyType(
    {"2011": "realtime", "2051": "minute", "2061": "hour", "2031": "day", "2021": "state", "2041": "running"}
)
"""Commands that bring data, and the kind under which they are kept."""

FLAGS: Mapping[str, str] = MappingProxyType(
    {
        "N": "正常",
        "F": "停运",
        "M": "维护",
        "S": "手工输入",
        "D": "故障",
        "C": "校准",
        "T": "超测量上限",
        "B": "通讯异常",
    }
)
"""Data flags of HJ 212-2017 table 8."""

STATES: Mapping[int, str] = MappingProxyType({0: "关闭", 1: "运行", 2: "校准", 3: "维护", 4: "报警", 5: "反吹"})
"""SBxxx-RS. What a state means for an ordered cut is decided at the office, not here (HJ 212-2017, note to SB)."""

GASES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "a00000": ("废气流量", "m3/s"),
        "a01011": ("烟气流速", "m/s"),
        "a01012": ("烟气温度", "degC"),
        "a01013": ("烟气压力", "kPa"),
        "a01014": ("烟气湿度", "%"),
        "a19001": ("氧含量", "%"),
        "a21026": ("二氧化硫", "mg/m3"),
        "a21002": ("氮氧化物", "mg/m3"),
        "a34013": ("烟尘", "mg/m3"),
        "a24088": ("非甲烷总烃", "mg/m3"),
        "a21005": ("一氧化碳", "mg/m3"),
    }
)
"""Codes of HJ 212-2017 appendix B that the office reads; others are kept all the same. Units of codes: confidence B."""

POSSIBLE: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "a00000": (0, 10_000),
        "a01011": (0, 200),
        "a01012": (-60, 2_000),
        "a01013": (-200, 2_000),
        "a01014": (0, 100),
        "a19001": (0, 30),
        "a21026": (-5, 100_000),
        "a21002": (-5, 100_000),
        "a34013": (-5, 500_000),
        "a24088": (-5, 100_000),
        "a21005": (-5, 500_000),
    }
)
"""Outside these a momentary, least, mean or largest value is no measurement (confidence I). Sums are not judged."""

_NUMBERS = MappingProxyType(
    {
        "Rtd": "rtd",
        "Min": "min",
        "Avg": "avg",
        "Max": "max",
        "Cou": "cou",
        "ZsRtd": "zs_rtd",
        "ZsMin": "zs_min",
        "ZsAvg": "zs_avg",
        "ZsMax": "zs_max",
    }
)
_DEVICE = re.compile(r"SB[0-9A-Za-z]+")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]*)?|[+-]?\.[0-9]+")


@dataclass(frozen=True, slots=True)
class Said:
    """What a packet brought: rows to keep, and fields that could not be read (the packet is then kept raw too)."""

    emissions: tuple[EmissionRow, ...] = ()
    equipment: tuple[EquipmentRow, ...] = ()
    unread: tuple[str, ...] = ()
    """Fields not understood: a foreign name, a text for a number, an unknown flag, an impossible value."""
    wrong: bool = False
    """True when one of them can be no foreign name: then the line or the logger garbled the packet."""


def moment_of(text: str, *, name: str = "DataTime") -> datetime:
    """The UTC instant of yyyyMMddHHmmss in Beijing time; Malformed when there is no such time.

    >>> moment_of("20160801080000").isoformat()
    '2016-08-01T00:00:00+00:00'
    """
    try:
        if len(text) != 14 or not (text.isascii() and text.isdigit()):
            raise ValueError
        wall = datetime(
            int(text[:4]), int(text[4:6]), int(text[6:8]), int(text[8:10]), int(text[10:12]), int(text[12:14]),
            tzinfo=BEIJING,
        )  # fmt: skip
    except ValueError:
        raise Malformed(f"{name} is no time", expected="yyyyMMddHHmmss", found=text[:30]) from None
    return wall.astimezone(UTC)


def said(packet: Packet, *, received_at: datetime, data_time: datetime | None = None) -> Said:
    """The rows of a data packet. `data_time` stands in where a later part of a split message does not repeat it.

    Malformed: not a data command, no DataTime, or an impossible one. A field with an unreadable value is named in
    `unread`, its other fields are kept.
    """
    kind = KINDS.get(packet.cn)
    if kind is None:
        raise Malformed("The command brings no data", expected=" ".join(KINDS), found=packet.cn)
    text = packet.value("DataTime")
    when = data_time if text is None else moment_of(text)
    if when is None:
        raise Malformed("The packet has no DataTime", where=f"MN {packet.mn}, CN {packet.cn}")
    emissions: dict[str, EmissionRow] = {}
    equipment: dict[str, EquipmentRow] = {}
    unread: list[str] = []
    wrong = False
    for group in packet.cp:
        code, values, flag, bad, garbled = _group(group)
        unread += bad
        wrong |= garbled
        if code is None:
            continue
        if _DEVICE.fullmatch(code):
            number = values.get("RS" if kind == "state" else "RT")
            limit = max(STATES) if kind == "state" else 24.0
            if kind not in ("state", "running") or number is None or not 0 <= number <= limit:
                unread.append(f"{code}={number}")
                wrong = True
                continue
            equipment[code] = EquipmentRow(packet.mn, kind, when, code, received_at, number)
            continue
        numbers = {_NUMBERS[name]: value for name, value in values.items() if name in _NUMBERS}
        if numbers or flag is not None:
            emissions[code] = EmissionRow(packet.mn, kind, when, code, received_at, flag, **numbers)
    return Said(tuple(emissions.values()), tuple(equipment.values()), tuple(unread), wrong)


def _group(group: Group) -> tuple[str | None, dict[str, float], str | None, list[str], bool]:
    """Code, numbers by field, data flag, unread fields, and whether one is garbled; code None: not of a substance."""
    code: str | None = None
    values: dict[str, float] = {}
    flag: str | None = None
    unread: list[str] = []
    garbled = False
    for name, text in group:
        stem, dash, what = name.partition("-")
        if not dash:
            if name not in ("DataTime", "RestartTime", "PolId", "BeginTime", "EndTime"):
                unread.append(f"{name}={text}")
            continue
        if code is not None and stem != code:
            unread.append(f"{name}={text}")
            garbled = True
            continue
        code = stem
        if what == "Flag":
            flag = text
            if text not in FLAGS:
                unread.append(f"{name}={text}")
        elif what in ("EFlag", "SampleTime", "Info") or text in ("", "NULL", "-"):
            continue
        elif what not in _NUMBERS and what not in ("RS", "RT"):
            unread.append(f"{name}={text}")
        elif _NUMBER.fullmatch(text) and math.isfinite(number := float(text)) and _possible(code, what, number):
            values[what] = number
        else:
            unread.append(f"{name}={text}")
            garbled = True
    return code, values, flag, unread, garbled


def _possible(code: str, what: str, number: float) -> bool:
    low, high = POSSIBLE.get(code, (-math.inf, math.inf))
    return what == "Cou" or low <= number <= high
