"""Signs in quarter-hourly power: the normal day, lateness, running again, load that moved, meters that fail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Literal

from emergency.vocabulary import BEIJING

Role = Literal["production", "treatment", "other"]
Series = Sequence[float | None]
QUARTER = timedelta(minutes=15)
DAY = 96
"""Quarter-hours of a day."""


@dataclass(frozen=True, slots=True)
class Circuit:
    """The mean power of one circuit per quarter-hour, kW; None where nothing came."""

    identifier: str
    role: Role
    unit: str
    """The unit of the list it feeds; empty when it feeds the plant as a whole."""
    kilowatts: Series


@dataclass(frozen=True, slots=True)
class PowerSettings:
    """Thresholds of the judgement; confidence I."""

    standby: float = 0.12
    """Share of normal power that a stopped line may still draw (fans, lights, heat preservation)."""
    tolerance: float = 0.08
    """By how much of normal power a limited line may exceed what is allowed."""
    grace: timedelta = timedelta(hours=1)
    """After the deadline, until lateness counts."""
    least_seen: float = 0.5
    """Share of the values that must be there."""
    resumed_hours: float = 3.0
    """So many hours of running again make a stopped line one that did not stop."""
    stuck_hours: float = 6.0
    """So long exactly the same value above nothing, and the meter is stuck."""
    moved: float = 0.4
    """Share of the fallen power that reappears on other circuits and then counts as moved, not cut."""


def summed(series: Sequence[Series]) -> list[float | None]:
    """The sum of circuits; None where one of them is missing or impossible (negative)."""
    if len(series) == 1:
        return [None if value is None or value < 0 else value for value in series[0]]
    return [
        None
        if any(value is None or value < 0 for value in values)
        else sum(value for value in values if value is not None)
        for values in zip(*series, strict=True)
    ]


def meter_fault(
    series: list[float | None],
    own: Sequence[Circuit],
    circuits: Sequence[Circuit],
    begin: int,
    end: int,
    limits: PowerSettings,
) -> str:
    """Why the meter cannot be believed, or an empty text; impossible spikes are made missing in place."""
    past = sorted(value for value in series[:begin] if value is not None)
    if past:
        most = 3 * max(past[int(0.9 * (len(past) - 1))], 1.0)
        for at in range(min(end, len(series))):
            value = series[at]
            if value is not None and value > most:
                series[at] = None
    run, before, longest = 0, None, 0
    for value in series[begin:end]:
        if value is None:
            continue
        run = run + 1 if value == before and value > 0 else 0
        before, longest = value, max(longest, run)
    if longest >= limits.stuck_hours * 4:
        return f"电表读数连续{(longest + 1) / 4:.0f}小时不变，疑似故障"
    others = [one for one in circuits if one.role == "other" and one not in own]
    if others and all(all_zero(one.kilowatts, begin, end) for one in (*others, *own)):
        return "全部回路（含照明办公）同时为零，疑似停电或电表离线"
    return ""


def all_zero(series: Series, begin: int, end: int) -> bool:
    known = [value for value in series[begin:end] if value is not None]
    return len(known) >= 8 and all(value == 0 for value in known)


def normal_day(series: Sequence[float | None], begin: int, shift: int) -> tuple[list[float], float, str]:
    """Normal power per quarter-hour of the day, the running level, and which baseline was chosen and why.

    The last 24 h before the deadline belong to nobody when there is more: plants wind down ahead of it. Days with less
    than half the median energy (repairs, holidays) are no normal days. ([], 0, why) when no normal day is left.
    """
    last = begin - DAY if begin >= 3 * DAY else begin - 16
    days: list[list[float | None]] = []
    at = last
    while at - DAY >= 0:
        days.append(list(series[at - DAY : at]))
        at -= DAY
    if not days and begin >= DAY:
        days = [list(series[begin - DAY : begin])]
        last = begin
    if not days and last >= 48:
        days = [[*([None] * (DAY - last)), *series[:last]]]
    whole = [day for day in days if sum(value is not None for value in day) >= DAY // 2]
    if not whole:
        return [], 0.0, "指令前没有完整的正常生产日可比"
    energies = [
        sum(value for value in day if value is not None) / sum(value is not None for value in day) for day in whole
    ]
    typical = median(energies)
    kept = [day for day, energy in zip(whole, energies, strict=True) if energy >= 0.5 * typical]
    known = sorted(value for day in kept for value in day if value is not None)
    running = known[int(0.9 * (len(known) - 1))]
    mean = sum(known) / len(known)
    if running < 1.0:
        return [], 0.0, "指令前该单元没有生产，无可比基准"
    profile = [0.0] * DAY
    for place in range(DAY):
        values = [value for day in kept if (value := day[place]) is not None]
        profile[(last - DAY + place + shift) % DAY] = sum(values) / len(values) if values else mean
    left_out = len(whole) - len(kept)
    told = f"指令前{len(kept)}个正常生产日同时刻均值" + (f"（{left_out}个停产日未计）" if left_out else "")
    return profile, running, told


def quarters_late(values: Mapping[int, float], normal: Mapping[int, float], begin: int, cut: float) -> int:
    """Quarter-hours after the deadline until the load has fallen by half of what is ordered.

    In steps of an hour, of three for a small cut, which an hour's ordinary ups and downs would hide.
    """
    step = 4 if cut >= 0.5 else 12
    late = skipped = 0
    last = max(values)
    at = begin
    typical = sum(normal.values()) / len(normal)
    while at <= last:
        hour = [place for place in range(at, at + step) if place in values]
        usual = sum(normal[place] for place in hour)
        if usual < 0.25 * typical * len(hour) or not hour:
            skipped += step  # a pause of the shift says nothing
        elif sum(values[place] for place in hour) > (1 - 0.5 * cut) * usual:
            late += step + skipped
            skipped = 0
        else:
            break
        at += step
    return late


def hours_resumed(values: Mapping[int, float], running: float, begin: int) -> float:
    """Hours that a line, after it had stopped, ran again: two hours or more on end, at 55 % of its power or above."""
    total = run = rest = 0
    for at in sorted(values):
        if at < begin:
            continue
        if values[at] >= 0.55 * running:
            run += 1 if rest >= 8 else 0
            continue
        total += run if run >= 8 else 0
        run = 0
        rest += 1 if values[at] <= 0.2 * running else 0
    return (total + (run if run >= 8 else 0)) / 4


def share_moved(
    circuits: Sequence[Circuit], own: Sequence[Circuit], fallen: float, seen: int, begin: int, last: int, shift: int
) -> float:
    """Share of the fallen power that other circuits took over; 0 when nothing fell."""
    if fallen <= 0:
        return 0.0
    risen = 0.0
    for one in circuits:
        if one in own or one.role != "other":
            continue
        profile, _, _ = normal_day(one.kilowatts, begin, shift)
        during = [(at, value) for at in range(begin, last + 1) if (value := one.kilowatts[at]) is not None]
        if profile and during:
            excess = sum(value - profile[(at + shift) % DAY] for at, value in during) / len(during)
            risen += max(0.0, excess) * seen
    return risen / fallen


def hours_without_treatment(
    circuits: Sequence[Circuit], values: Mapping[int, float], running: float, begin: int
) -> float:
    """Hours in which production ran and its treatment, which used to run, did not; 0 below two hours."""
    treatment = [one for one in circuits if one.role == "treatment"]
    if not treatment:
        return 0.0
    series = summed([one.kilowatts for one in treatment])
    past = sorted(value for value in series[:begin] if value is not None)
    if len(past) < DAY // 2 or (usual := past[int(0.9 * (len(past) - 1))]) < 1.0:
        return 0.0
    off = [
        at
        for at, value in values.items()
        if value >= 0.3 * running and (power := series[at]) is not None and power < 0.1 * usual
    ]
    return len(off) / 4 if len(off) >= 8 else 0.0


def quarter_of_day(moment: datetime) -> int:
    local = moment.astimezone(BEIJING)
    return local.hour * 4 + local.minute // 15
