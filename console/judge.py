"""What the rules say about daily AQI that somebody is about to sign, and whether a warning may be lifted.

The console decides nothing: it asks emergency.risk under the rules of the day and shows the answer with its clauses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from console.language import _
from console.outlook import signed_now
from console.page import Console
from console.words import clock
from emergency import risk
from emergency.vocabulary import BEIJING, Level
from forecast.outlook import Outlook


def judge(console: Console, outlook: Outlook, signed: Sequence[int] | None, now: datetime) -> risk.Assessment:
    """The assessment of an outlook on signed values (None: on its medians), with what was observed up to now."""
    settings = console.settings
    rules = settings.rules(now.astimezone(BEIJING).date())
    return risk.assess(outlook, console.air.at(now).observed, rules=rules, now=now, signed=signed)


@dataclass(frozen=True, slots=True)
class Lift:
    """Whether a warning may be lifted now, and on what that rests."""

    advice: risk.LiftAdvice
    below_hours: int | None
    """Hours from the coming midnight on during which the daily AQI stays at or below the start criterion; None when
    nothing is known and a person has to say."""
    basis: str
    values: tuple[int | None, ...]
    bar: int
    required: int


def lift_of(console: Console, level: Level, now: datetime) -> Lift:
    """The lift rule applied to the signed values of the coming days, else to the newest outlook's medians."""
    settings, air = console.settings, console.air.at(now)
    today = now.astimezone(BEIJING).date()
    edition = settings.rules(today).warning
    bar = edition.criterion(level.word).lowest_over  # type: ignore[arg-type]
    outlook = console.air.outlook(now)
    signed = signed_now(settings, now)
    values: tuple[int | None, ...] = ()
    basis = _("没有展望")
    if outlook is not None:
        coming = {day.valid_date: day.median for day in outlook.days if day.valid_date > today}
        values = tuple((signed.values if signed else {}).get(day, median) for day, median in coming.items())
        basis = (
            _("%(signed_at)s会商签发值", signed_at=clock(signed.signed_at))
            if signed
            else _("模型中位数（24小时内没有会商签发）")
        )
    latest = air.observed.latest
    advice = risk.may_lift(edition, level, observed_aqi=latest.aqi if latest else None, expected=values)
    below = 0
    for value in values:
        if value is None or value > bar:
            break
        below += 24
    known = outlook is not None and latest is not None
    return Lift(advice, below if known else None, basis, values, bar, settings.office.desk.lift_hours)
