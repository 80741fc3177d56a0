"""Which warning level a series of AQI reaches, which days it covers, by which clauses.

The criteria are runs: "above this AQI, for at least so long, without a break". A missing value meets nothing and
breaks every run. Days are natural days; hours are judged by 24-h means as the edition reads them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from emergency.vocabulary import BEIJING, Level
from plans.schema import Criterion, WarningEdition

Span = tuple[int, int]
"""First and last index of a stretch, both included, counted from 0."""


@dataclass(frozen=True, slots=True)
class ClauseMet:
    """One clause of the criteria that the series meets."""

    rule_id: str
    """Edition, level and number of the clause, e.g. "warning-2024.red.1"."""
    level: Level
    chinese: str
    english: str
    citation: str
    indices: tuple[int, ...]
    """1-based days (or hours) that meet it."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The level a series of AQI reaches under one edition, and why."""

    edition: str
    level: Level
    unit: Literal["day", "hour"]
    indices: tuple[int, ...]
    """1-based days (or hours) covered by the clauses met."""
    days: tuple[date, ...]
    """The dates of these days; empty when no first day was given."""
    clauses: tuple[ClauseMet, ...]
    missing: tuple[int, ...]
    """1-based places without a value."""
    below: str | None
    """A step below yellow that is reached (blue), or None."""
    why: str
    """The reason in Chinese, for the screen."""
    why_en: str

    @property
    def first_day(self) -> date | None:
        """The first date covered; None when nothing is covered or no dates are known."""
        return self.days[0] if self.days else None

    @property
    def last_day(self) -> date | None:
        """The last date covered; None when nothing is covered or no dates are known."""
        return self.days[-1] if self.days else None

    @property
    def numbers(self) -> tuple[int, ...]:
        """1-based days covered; for a series of hours the 24-h blocks from its beginning that are touched."""
        if self.unit == "day":
            return self.indices
        return tuple(sorted({(index - 1) // 24 + 1 for index in self.indices}))


def level_of_days(
    edition: WarningEdition, daily_aqi: Sequence[int | None], *, first_day: date | None = None, counts_from: int = 0
) -> Judgement:
    """The warning level of a series of daily AQI, with the days it covers and the clauses met.

    `None` is a missing day: it meets nothing and breaks every run. `counts_from` is the first index that may carry a
    warning: a stretch that ends before it (in days already past) does not count. ValueError for a negative AQI.
    """
    _refuse_negative(daily_aqi)
    found = {
        level: _spans(edition.criterion(level_word(level)), _Days(daily_aqi), edition, counts_from)
        for level in _DOWNWARD
    }
    below = next((b for b in edition.below_yellow if _spans(b.criterion, _Days(daily_aqi), edition, counts_from)), None)
    return _judgement(edition, found, daily_aqi, "day", first_day, below.name if below else None)


def level_only(edition: WarningEdition, daily_aqi: Sequence[int | None], *, counts_from: int = 0) -> Level:
    """The same level as :func:`level_of_days`, without reasons: for the many scenario paths."""
    series = _Days(daily_aqi)
    for level in _DOWNWARD:
        if _spans(edition.criterion(level_word(level)), series, edition, counts_from):
            return level
    return Level.NONE


def level_of_hours(
    edition: WarningEdition, hourly_aqi: Sequence[int | None], *, first_hour: datetime | None = None
) -> Judgement:
    """The warning level of a series of hourly AQI, by the edition's reading of a day (any 24 h, or the natural day).

    A 24-h value is the mean of the hours' AQI; with fewer valid hours than `readings.valid_hours` it is missing and
    breaks the run. `first_hour` is the end of the first averaging hour (01:00 is hour 1 of its day). Without it the
    series is taken to begin with hour 1 of a day. ValueError for a negative AQI or a naive first hour.
    """
    _refuse_negative(hourly_aqi)
    if first_hour is not None and first_hour.tzinfo is None:
        raise ValueError("first_hour has no time zone; give an aware datetime.")
    local = first_hour.astimezone(BEIJING) if first_hour else None
    offset = (local.hour - 1) % 24 if local else 0
    found: dict[Level, list[_Met]] = {}
    for level in _DOWNWARD:
        series = _Hours(hourly_aqi, edition, offset, short_day=level is Level.YELLOW)
        found[level] = _spans(edition.criterion(level_word(level)), series, edition, 0)
    plain = _Hours(hourly_aqi, edition, offset, short_day=False)
    below = next((b for b in edition.below_yellow if _spans(b.criterion, plain, edition, 0)), None)
    first_day = (local - timedelta(hours=1)).date() if local else None
    return _judgement(edition, found, hourly_aqi, "hour", first_day, below.name if below else None, offset)


# --- runs ------------------------------------------------------------------------------------------------------------

_DOWNWARD = (Level.RED, Level.ORANGE, Level.YELLOW)


def level_word(level: Level) -> Literal["yellow", "orange", "red"]:
    """The key of a warning level in the rules; KeyError for the level none."""
    words: dict[Level, Literal["yellow", "orange", "red"]] = {
        Level.YELLOW: "yellow", Level.ORANGE: "orange", Level.RED: "red",
    }  # fmt: skip
    return words[level]


@dataclass(frozen=True)
class _Met:
    """A clause met: which condition, and the stretches that meet it."""

    criterion: Criterion
    spans: tuple[Span, ...]


class _Days:
    """Runs of natural days."""

    def __init__(self, values: Sequence[int | None]) -> None:
        self.values = values

    def runs(self, over: int, hours: int, within: Span | None) -> list[Span]:
        """The stretches above `over` of at least so long, cut to `within` where that is given."""
        first, last = within or (0, len(self.values) - 1)
        flags = [value is not None and value > over for value in self.values[first : last + 1]]
        return _runs(flags, at_least=-(-hours // 24), shift=first)


class _Hours:
    """Runs of hours, by the edition's readings."""

    def __init__(self, values: Sequence[int | None], edition: WarningEdition, offset: int, *, short_day: bool) -> None:
        self.values = values
        self.readings = edition.readings
        self.offset = offset
        self.short_day = short_day and not edition.readings.yellow_full_day.value
        self.sums: list[tuple[int, int]] = [(0, 0)]
        for value in values:
            total, count = self.sums[-1]
            self.sums.append((total, count) if value is None else (total + value, count + 1))

    def runs(self, over: int, hours: int, within: Span | None) -> list[Span]:
        """The stretches that meet the run, made of hours inside `within` only where that is given."""
        first, last = within or (0, len(self.values) - 1)
        short = self.short_day and hours == 24
        if short or self.readings.hourly.value == "each_hour":
            flags = [value is not None and value > over for value in self.values[first : last + 1]]
            return _runs(flags, at_least=1 if short else hours, shift=first)
        if self.readings.day.value == "any_24h" and self.readings.run.value == "every_hour":
            flags = [self._mean_over(end, over) for end in range(first + 23, last + 1)]
            ends = _runs(flags, at_least=max(1, hours - 23), shift=first + 23)
            return _merged([(begin - 23, end) for begin, end in ends])
        found: list[Span] = []
        starts = range(first, first + 24)
        if self.readings.day.value == "natural_day":
            starts = range(first + (-self.offset - first) % 24, first + (-self.offset - first) % 24 + 1)
        for start in starts:
            blocks = [self._mean_over(end, over) for end in range(start + 23, last + 1, 24)]
            runs = _runs(blocks, at_least=-(-hours // 24))
            found += [(start + 24 * begin, start + 24 * end + 23) for begin, end in runs]
        return _merged(found)

    def _mean_over(self, end: int, over: int) -> bool:
        """Whether the mean of the 24 hours that end at this index is above `over`; False when it is missing."""
        if end < 23:
            return False
        total = self.sums[end + 1][0] - self.sums[end - 23][0]
        count = self.sums[end + 1][1] - self.sums[end - 23][1]
        return count >= self.readings.valid_hours.value and total > over * count


def _runs(flags: Sequence[bool], *, at_least: int, shift: int = 0) -> list[Span]:
    found: list[Span] = []
    start: int | None = None
    for index, flag in enumerate([*flags, False]):
        if flag and start is None:
            start = index
        elif not flag and start is not None:
            if index - start >= at_least:
                found.append((start + shift, index - 1 + shift))
            start = None
    return found


def _merged(spans: Sequence[Span]) -> list[Span]:
    found: list[Span] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found


def _spans(criterion: Criterion, series: _Days | _Hours, edition: WarningEdition, counts_from: int) -> list[_Met]:
    """The clauses of a criterion that are met (its branches where it is an any_of); empty when it is not met."""
    branches = criterion.any_of or (criterion,)
    met = []
    for branch in branches:
        spans = tuple(span for span in _met_in(branch, series, edition, None) if span[1] >= counts_from)
        if spans:
            met.append(_Met(branch, spans))
    return met


def _met_in(criterion: Criterion, series: _Days | _Hours, edition: WarningEdition, within: Span | None) -> list[Span]:
    if criterion.over is not None and criterion.hours is not None:
        return series.runs(criterion.over, criterion.hours, within)
    if criterion.any_of:
        return _merged([span for part in criterion.any_of for span in _met_in(part, series, edition, within)])
    if edition.readings.severe_run.value == "anywhere":
        parts = [_met_in(part, series, edition, within) for part in criterion.all_of]
        return _merged([span for part in parts for span in part]) if all(parts) else []
    # "inside": the longest run asked for is the episode, and every other condition must be met within it
    longest = max(criterion.runs, key=lambda leaf: leaf.hours or 0)
    episodes = _met_in(longest, series, edition, within)
    return [e for e in episodes if all(_met_in(part, series, edition, e) for part in criterion.all_of)]


# --- words -----------------------------------------------------------------------------------------------------------


def _judgement(
    edition: WarningEdition,
    found: Mapping[Level, Sequence[_Met]],
    values: Sequence[int | None],
    unit: Literal["day", "hour"],
    first_day: date | None,
    below: str | None,
    offset: int = 0,
) -> Judgement:
    level = next((level for level in _DOWNWARD if found[level]), Level.NONE)
    missing = tuple(index + 1 for index, value in enumerate(values) if value is None)
    clauses: list[ClauseMet] = []
    if level is not Level.NONE:
        criterion = edition.criterion(level_word(level))
        branches = criterion.any_of or (criterion,)
        for met in found[level]:
            indices = tuple(i + 1 for first, last in met.spans for i in range(first, last + 1))
            clauses.append(
                ClauseMet(
                    rule_id=f"{edition.name}.{level.word}.{branches.index(met.criterion) + 1}",
                    level=level,
                    chinese=met.criterion.chinese,
                    english=met.criterion.english,
                    citation=edition.cites[0].short,
                    indices=indices,
                )
            )
    indices = tuple(sorted({index for clause in clauses for index in clause.indices}))
    numbers = indices if unit == "day" else tuple(sorted({(index - 1 + offset) // 24 + 1 for index in indices}))
    days = tuple(first_day + timedelta(days=number - 1) for number in numbers) if first_day else ()
    why, why_en = _reasons(edition, level, clauses, missing, unit, first_day, below)
    return Judgement(edition.name, level, unit, indices, days, tuple(clauses), missing, below, why, why_en)


def _reasons(
    edition: WarningEdition,
    level: Level,
    clauses: Sequence[ClauseMet],
    missing: Sequence[int],
    unit: Literal["day", "hour"],
    first_day: date | None,
    below: str | None,
) -> tuple[str, str]:
    dated = first_day if unit == "day" else None
    if level is Level.NONE:
        name = next((b.chinese for b in edition.below_yellow if b.name == below), None)
        chinese = "未达到黄色预警条件" + (f"（达到{name}条件）" if name else "")
        english = "No warning level is reached" + (f" ({below} is)" if below else "")
    else:
        chinese = f"达到{level.chinese}预警条件：" + "；".join(
            f"{clause.chinese}（{_stretches(clause.indices, unit, dated, chinese=True)}）" for clause in clauses
        )
        english = f"{level.word.capitalize()}: " + "; ".join(
            f"{clause.english} ({_stretches(clause.indices, unit, dated, chinese=False)})" for clause in clauses
        )
    chinese += f"，依据{edition.cites[0].short}"
    english += f", by {edition.cites[0].short}"
    if missing:
        chinese += f"；{_stretches(missing, unit, dated, chinese=True)}缺数据，视为中断"
        english += f"; {_stretches(missing, unit, dated, chinese=False)} missing, which breaks a run"
    return chinese, english


def _stretches(indices: Sequence[int], unit: Literal["day", "hour"], first_day: date | None, *, chinese: bool) -> str:
    spans: list[Span] = []
    for index in indices:
        if spans and index == spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], index)
        elif not spans or index > spans[-1][1]:
            spans.append((index, index))
    return ("、" if chinese else ", ").join(_stretch(span, unit, first_day, chinese=chinese) for span in spans)


def _stretch(span: Span, unit: Literal["day", "hour"], first_day: date | None, *, chinese: bool) -> str:
    first, last = span
    if first_day is not None:
        start, end = first_day + timedelta(days=first - 1), first_day + timedelta(days=last - 1)
        if chinese:
            return f"{start.month}月{start.day}日" + (f"至{end.month}月{end.day}日" if end != start else "")
        return f"{start}" + (f" to {end}" if end != start else "")
    if chinese:
        return f"第{first}" + (f"–{last}" if last != first else "") + ("天" if unit == "day" else "小时")
    return f"{unit} {first}" if last == first else f"{unit}s {first} to {last}"


def _refuse_negative(values: Sequence[int | None]) -> None:
    for index, value in enumerate(values):
        if value is not None and value < 0:
            raise ValueError(f"AQI number {index + 1} is {value}; an AQI is a whole number of 0 or more.")
