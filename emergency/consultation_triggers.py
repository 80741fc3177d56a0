"""What calls a consultation: the triggers of a city plan, tested on an outlook and on what was observed.

Every trigger that is met says its rule, the value measured and the threshold. A trigger whose data are missing is
not silently "not met": it comes back as not judged, with the name of the datum.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise

from emergency.vocabulary import POLLUTANT_CHINESE
from forecast.outlook import Outlook
from plans.schema import AqiEdition, CityPlan, Shaoxing, Trigger


@dataclass(frozen=True, slots=True)
class ObservedDay:
    """A past natural day: its AQI (None: missing) and primary pollutants."""

    valid_date: date
    aqi: int | None
    primary: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ObservedHour:
    """A past hour, named by its end, and its AQI (None: missing)."""

    valid_time: datetime
    aqi: int | None


@dataclass(frozen=True, slots=True)
class Observed:
    """What was observed up to now, oldest first; None stands for what was not measured."""

    days: tuple[ObservedDay, ...] = ()
    hours: tuple[ObservedHour, ...] = ()
    pm25: float | None = None
    """Latest hour, ug/m3."""
    visibility: float | None = None
    """metres"""
    humidity: float | None = None
    """percent"""
    hours_among_last: int | None = None
    """How many hours in a row the city has stood among the last of the national ranking."""
    dispersion_worsens: bool | None = None
    """Whether the met office expects worse dispersion tomorrow."""

    @property
    def latest(self) -> ObservedHour | None:
        """The newest hour with an AQI, or None."""
        return next((hour for hour in reversed(self.hours) if hour.aqi is not None), None)


@dataclass(frozen=True, slots=True)
class TriggerMet:
    """A trigger that is met, with what was measured."""

    rule_id: str
    kind: str
    chinese: str
    english: str
    measured: str
    """The value measured, with its unit, as text."""
    threshold: str
    days: tuple[date, ...]
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class _Case:
    outlook: Outlook
    observed: Observed
    edition: AqiEdition
    values: tuple[int | None, ...]


_Finding = tuple[str, str, str, str, tuple[date, ...]]
"""Chinese, English, measured, threshold, days."""


def triggers_met(
    outlook: Outlook,
    observed: Observed,
    city: CityPlan | None,
    edition: AqiEdition,
    values: Sequence[int | None],
) -> tuple[tuple[TriggerMet, ...], tuple[str, ...]]:
    """The enabled triggers of the plan that are met, and sentences about those that could not be judged.

    `values` are the daily AQI judged (signed or median), one per day of the outlook. Without a plan: nothing.
    """
    case = _Case(outlook, observed, edition, tuple(values))
    met: list[TriggerMet] = []
    unknown: list[str] = []
    for trigger in city.consultation.triggers if city else ():
        if not trigger.enabled:
            continue
        findings, missing = _TESTS[trigger.kind](trigger, case)
        unknown += [f"{trigger.chinese}：缺少{name}，未判定" for name in missing]
        for chinese, english, measured, threshold, days in findings:
            assert city is not None
            met.append(
                TriggerMet(
                    rule_id=f"{city.name}.consultation.{trigger.id}",
                    kind=trigger.kind,
                    chinese=f"{trigger.chinese}：{chinese}",
                    english=f"{trigger.english}: {english}",
                    measured=measured,
                    threshold=threshold,
                    days=days,
                    source=trigger.source,
                    confidence=trigger.confidence,
                )
            )
    return tuple(met), tuple(unknown)


_Result = tuple[list[_Finding], list[str]]


def _level_likely(trigger: Trigger, case: _Case) -> _Result:
    assert trigger.days is not None
    assert trigger.level is not None
    assert trigger.probability is not None
    bar = float(trigger.probability.value)
    days = [
        (day.valid_date, sum(day.level_probabilities[trigger.level - 1 :]))
        for day in case.outlook.days[: trigger.days.value]
    ]
    likely = [(on, share) for on, share in days if share >= bar]
    if not likely:
        return [], []
    on, share = max(likely, key=lambda item: item[1])
    name = next(c.chinese for c in case.edition.categories if c.level == trigger.level)
    return [
        (
            f"{_when(on)}{name}及以上概率{share:.0%}（阈值{bar:.0%}）",
            f"{on} level {trigger.level} or worse with probability {share:.0%} (threshold {bar:.0%})",
            f"{share:.0%}",
            f"{bar:.0%}",
            tuple(on for on, _ in likely),
        )
    ], []


def _series(case: _Case, days: int) -> list[tuple[date, int]]:
    """The last observed day and the first days of the outlook that have a value, in order."""
    last = next((day for day in reversed(case.observed.days) if day.aqi is not None), None)
    found = [(last.valid_date, last.aqi)] if last is not None and last.aqi is not None else []
    pairs = zip(case.outlook.days[:days], case.values, strict=False)
    return found + [(day.valid_date, value) for day, value in pairs if value is not None]


def _category_change(trigger: Trigger, case: _Case) -> _Result:
    assert trigger.days is not None
    assert trigger.step is not None
    found: list[_Finding] = []
    for (_, before), (on, after) in pairwise(_series(case, trigger.days.value)):
        old, new = case.edition.category_of(before), case.edition.category_of(after)
        if abs(new.level - old.level) >= trigger.step.value:
            found.append(
                (
                    f"{_when(on)}由{old.chinese}转为{new.chinese}（AQI {before}→{after}）",
                    f"{on} from {old.english} to {new.english} (AQI {before} to {after})",
                    f"AQI {before}→{after}",
                    f"{trigger.step.value}级",
                    (on,),
                )
            )
    return found, []


def _primary_change(trigger: Trigger, case: _Case) -> _Result:
    assert trigger.days is not None
    last = next((day for day in reversed(case.observed.days) if day.primary), None)
    series: list[tuple[date, frozenset[str]]] = [(last.valid_date, frozenset(last.primary))] if last else []
    series += [
        (day.valid_date, frozenset((day.primary,)))
        for day in case.outlook.days[: trigger.days.value]
        if day.primary is not None
    ]
    found: list[_Finding] = []
    for (_, before), (on, after) in pairwise(series):
        if before.isdisjoint(after):
            old, new = (
                "、".join(POLLUTANT_CHINESE.get(key, key) for key in sorted(group)) for group in (before, after)
            )
            english = f"{on} primary pollutant {'/'.join(sorted(before))} to {'/'.join(sorted(after))}"
            chinese = f"{_when(on)}首要污染物由{old}转为{new}"
            found.append((chinese, english, f"{old}→{new}", "首要污染物变化", (on,)))
    return found, []


def _edge_day(trigger: Trigger, case: _Case) -> _Result:
    assert trigger.days is not None
    assert trigger.margin is not None
    border = next(c.aqi_to for c in case.edition.categories if c.level == 2)
    assert border is not None
    margin = trigger.margin.value
    days = [
        (day.valid_date, value)
        for day, value in zip(case.outlook.days[: trigger.days.value], case.values, strict=False)
        if value is not None and abs(value - border) <= margin
    ]
    if not days:
        return [], []
    shown = "、".join(f"{_when(on)}AQI {value}" for on, value in days)
    shown_en = ", ".join(f"{on} AQI {value}" for on, value in days)
    return [
        (
            f"{shown}，处于良–轻度污染边缘（{border}±{margin}）",
            f"{shown_en} within {margin} of the border {border}",
            "、".join(f"AQI {value}" for _, value in days),
            f"{border}±{margin}",
            tuple(on for on, _ in days),
        )
    ], []


def _shaoxing(trigger: Trigger, case: _Case) -> _Result:
    assert trigger.preset is not None
    p, seen = trigger.preset, case.observed
    found: list[_Finding] = []
    missing: list[str] = []
    if case.outlook.days and case.values[0] is not None:
        on, value = case.outlook.days[0].valid_date, case.values[0]
        if value > p.day_over:
            found.append((f"{_when(on)}AQI {value}>{p.day_over}", f"{on} AQI {value} above {p.day_over}",
                          f"AQI {value}", f">{p.day_over}", (on,)))  # fmt: skip
        elif value > p.day_over_worse:
            if seen.dispersion_worsens is None:
                missing.append("扩散条件预报")
            elif seen.dispersion_worsens:
                found.append((f"{_when(on)}AQI {value}>{p.day_over_worse}且扩散条件转差",
                              f"{on} AQI {value} above {p.day_over_worse} and dispersion worsens", f"AQI {value}",
                              f">{p.day_over_worse}", (on,)))  # fmt: skip
    else:
        missing.append("明日AQI")
    if seen.hours_among_last is None:
        missing.append("全国城市排名")
    elif seen.hours_among_last >= p.rank_hours:
        hours = seen.hours_among_last
        found.append((f"连续{hours}小时位列后{p.rank_last}位", f"{hours} h in a row among the last {p.rank_last}",
                      f"{hours}小时", f"{p.rank_hours}小时", ()))  # fmt: skip
    found += _visibility(p, seen, missing)
    return found, missing


def _visibility(p: Shaoxing, seen: Observed, missing: list[str]) -> list[_Finding]:
    if seen.visibility is None:
        missing.append("能见度")
        return []
    seen_text = f"能见度{seen.visibility:.0f}米"
    rules: list[tuple[int, float | None, bool, str, str]] = [
        (p.visibility_under, seen.humidity, seen.humidity is not None and seen.humidity <= p.humidity_at_most,
         "相对湿度", f"且相对湿度≤{p.humidity_at_most}%"),
        (p.visibility_under, seen.pm25, seen.pm25 is not None and seen.pm25 >= p.visibility_pm25,
         "PM2.5", f"且PM2.5≥{p.visibility_pm25}"),
        (p.visibility_wide_under, seen.pm25, seen.pm25 is not None and seen.pm25 >= p.visibility_wide_pm25,
         "PM2.5", f"且PM2.5≥{p.visibility_wide_pm25}"),
    ]  # fmt: skip
    found: list[_Finding] = []
    for under, other, holds, name, text in rules:
        if seen.visibility >= under:
            continue
        if other is None:
            if name not in missing:
                missing.append(name)
        elif holds:
            english = f"visibility {seen.visibility:.0f} m under {under} m with its condition"
            found.append((f"{seen_text}<{under}米{text}", english, seen_text, f"<{under}米{text}", ()))
    return found


_TESTS: dict[str, Callable[[Trigger, _Case], _Result]] = {
    "level_likely": _level_likely,
    "category_change": _category_change,
    "primary_change": _primary_change,
    "edge_day": _edge_day,
    "shaoxing": _shaoxing,
}


def _when(on: date) -> str:
    return f"{on.month}月{on.day}日"
