"""From an outlook to an assessment: the level with its reasons, its probability, and what calls a consultation.

Pure functions of values. The statute speaks of the signed daily AQI, so the level is judged on that (on the medians
while nobody has signed); the scenario paths say how likely each level is and inform the consultation, but they never
decide. Criteria and episode rules stand in emergency.criteria and emergency.episode and are importable from here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from emergency.consultation_triggers import Observed, ObservedDay, ObservedHour, TriggerMet, triggers_met
from emergency.criteria import ClauseMet, Judgement, level_of_days, level_of_hours, level_only
from emergency.episode import (
    LiftAdvice,
    StartAtOnce,
    heavy_now,
    issued_in_time,
    may_lift,
    merged_level,
    same_episode,
    steady_level,
)  # fmt: skip
from emergency.vocabulary import BEIJING, Level
from forecast.outlook import Outlook
from plans.rulebook import Rules
from plans.schema import CityPlan, WarningEdition

__all__ = [
    "Assessment", "ClauseMet", "Judgement", "LiftAdvice", "Observed", "ObservedDay", "ObservedHour", "StartAtOnce",
    "TriggerMet", "assess", "heavy_now", "issued_in_time", "level_of_days", "level_of_hours", "level_only", "may_lift",
    "merged_level", "same_episode", "steady_level", "triggers_met",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Assessment:
    """What an outlook means under the rules of the day."""

    area: str
    assessed_at: datetime
    outlook_digest: str
    rules_digest: str
    edition: str
    """The warning edition the level was judged by."""
    assumed: bool
    """True when that edition was named by the caller and not the one in force on the day (a past re-read)."""
    judged: tuple[int | None, ...]
    """The daily AQI that were judged: the signed values, or the medians."""
    signed: bool
    judgement: Judgement
    probability: Mapping[Level, float]
    """Share of scenario paths that reach at least yellow, orange, red."""
    start_at_once: StartAtOnce | None
    triggers: tuple[TriggerMet, ...]
    not_judged: tuple[str, ...]
    """Triggers that could not be judged, with the datum that was missing, in Chinese."""
    notes: tuple[str, ...]

    @property
    def level(self) -> Level:
        """The level of the judgement, or of the start-at-once rule where that is higher."""
        return max(self.judgement.level, self.start_at_once.level if self.start_at_once else Level.NONE)

    @property
    def first_day(self) -> date | None:
        """The first day covered; today when the start-at-once rule applies; None when no level is reached."""
        if self.start_at_once:
            return self.start_at_once.observed_at.astimezone(BEIJING).date()
        return self.judgement.first_day

    @property
    def clauses(self) -> tuple[ClauseMet, ...]:
        """The clauses met."""
        return self.judgement.clauses

    @property
    def rule_ids(self) -> tuple[str, ...]:
        """Every rule that spoke: clauses, start-at-once, triggers. The basis of what follows."""
        at_once = (self.start_at_once.rule_id,) if self.start_at_once else ()
        every = (*(c.rule_id for c in self.clauses), *at_once, *(t.rule_id for t in self.triggers))
        return tuple(dict.fromkeys(every))


@lru_cache(maxsize=16)
def _levels(
    edition: WarningEdition, past: tuple[int | None, ...], paths: tuple[tuple[int, ...], ...]
) -> tuple[Level, ...]:
    """The level of every path; kept, because one outlook is assessed many times in its day."""
    return tuple(level_only(edition, [*past, *path], counts_from=len(past)) for path in paths)


def assess(
    outlook: Outlook,
    observed: Observed,
    *,
    rules: Rules,
    now: datetime,
    city: CityPlan | None = None,
    signed: Sequence[int | None] | None = None,
) -> Assessment:
    """What the outlook means under the rules of the day, without deciding anything.

    `signed` are the forecaster's daily AQI, one per day of the outlook (None: not signed for that day, which breaks a
    run); without it the medians are judged. Triggers come from `city`; without a plan there are none. ValueError for
    a naive `now` or a wrong number of signed values, RuleError when no warning edition is in force.
    """
    if now.tzinfo is None:
        raise ValueError("now has no time zone; give an aware datetime.")
    if signed is not None and len(signed) != len(outlook.days):
        raise ValueError(f"There are {len(signed)} signed values for {len(outlook.days)} days; give one per day.")
    edition = rules.warning
    values = tuple(signed) if signed is not None else tuple(day.median for day in outlook.days)
    first_day = outlook.days[0].valid_date if outlook.days else None
    past = _days_before(first_day, observed) if edition.readings.observed_days_count.value and first_day else ()
    begin = first_day - timedelta(days=len(past)) if first_day else None
    judgement = level_of_days(edition, [*past, *values], first_day=begin, counts_from=len(past))

    paths = outlook.aqi_paths
    reached = _levels(edition, tuple(past), paths)
    probability = {
        level: sum(one >= level for one in reached) / len(reached) if reached else 0.0
        for level in (Level.YELLOW, Level.ORANGE, Level.RED)
    }
    latest = observed.latest
    midnight = datetime.combine(first_day, datetime.min.time(), BEIJING) if first_day else now
    at_once = heavy_now(
        edition,
        observed_aqi=latest.aqi if latest else None,
        observed_at=latest.valid_time if latest else None,
        expected=values,
        hours_to_next_day=max(0, -int((now - midnight).total_seconds() // 3600)),
    )
    met, not_judged = triggers_met(outlook, observed, city, rules.book.aqi(outlook.aqi_edition), values)
    notes = list(outlook.mode_notes)
    if not paths:
        notes.append("没有情景路径，无法给出各级别概率")
    if city is not None and city.criteria.value != edition.name:
        notes.append(f"{city.chinese}预案依据{city.criteria.value}，本次按{edition.name}判定")
    return Assessment(
        area=outlook.area,
        assessed_at=now,
        outlook_digest=outlook.digest,
        rules_digest=rules.book.digest,
        edition=edition.name,
        assumed="warning" in dict(rules.assumed),
        judged=values,
        signed=signed is not None,
        judgement=judgement,
        probability=probability,
        start_at_once=at_once,
        triggers=met,
        not_judged=not_judged,
        notes=tuple(notes),
    )


def _days_before(first_day: date, observed: Observed) -> tuple[int | None, ...]:
    """The observed days that end the day before, without a gap, oldest first."""
    by_date = {day.valid_date: day.aqi for day in observed.days}
    found: list[int | None] = []
    day = first_day - timedelta(days=1)
    while day in by_date:
        found.append(by_date[day])
        day -= timedelta(days=1)
    return tuple(reversed(found))
