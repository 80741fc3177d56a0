"""Reports as data: the day table of an episode or a replay, and the evaluation that the law asks for.

大气污染防治法 第96条: after a response the implementation of the plan shall be evaluated. Everything here is
counted from the record and from what was observed; nothing is remembered anywhere else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any

from emergency.lifecycle import Happening
from emergency.vocabulary import BEIJING, Level


@dataclass(frozen=True, slots=True)
class Day:
    """One natural day of a table."""

    day: date
    observed_aqi: int | None
    outlook_aqi: int | None
    """Median of the outlook issued that morning for the day itself."""
    day_ahead_aqi: int | None
    """Median of the outlook issued the morning before."""
    probability_150: float | None
    probability_200: float | None
    consultation: str
    """What the day's consultation came to: "", 提议, 已结论·无, 已结论·黄色 ..."""
    announced: str
    """The highest level of a warning that was out during the day, in Chinese, or ""."""
    in_force: str
    """The highest level whose measures ran during the day, in Chinese, or ""."""
    orders_sent: int = 0
    orders_received: int = 0
    orders_silent: int = 0
    """Orders whose first chase fell on the day."""
    findings: Mapping[str, int] = field(default_factory=dict)
    problems_closed: int = 0


def day_table(
    days: Sequence[date],
    happenings: Iterable[Happening],
    *,
    observed: Mapping[date, int | None],
    morning: Mapping[date, tuple[int, float, float]],
    day_ahead: Mapping[date, int],
) -> tuple[Day, ...]:
    """One row per day, counted from the log; `morning` gives median, P(>150), P(>200) of the day's own outlook."""
    by_day: dict[date, list[Happening]] = {}
    warnings: dict[str, _Span] = {}
    for happening in happenings:
        by_day.setdefault(happening.occurred_at.astimezone(BEIJING).date(), []).append(happening)
        if happening.life != "warning":
            continue
        if happening.kind in ("drafted", "redrafted"):
            starts_at = datetime.fromisoformat(happening.data["starts_at"])
            warnings[happening.stream] = _Span(Level.of(happening.data["level"]), starts_at)
        elif happening.kind == "issued":
            warnings[happening.stream].issued_at = happening.occurred_at
        elif happening.kind in ("lifted", "superseded"):
            warnings[happening.stream].until = happening.occurred_at
    spans = [span for span in warnings.values() if span.issued_at is not None]
    rows = []
    for day in days:
        today = by_day.get(day, [])
        kinds = Counter((item.life, item.kind) for item in today)
        verdicts = Counter(
            item.data["verdict"] for item in today if (item.life, item.kind) == ("order", "finding_recorded")
        )
        first_chases = sum(item.kind == "chased" and item.data["number"] == 1 for item in today)
        median, above_150, above_200 = morning.get(day, (None, None, None))
        rows.append(
            Day(
                day=day,
                observed_aqi=observed.get(day),
                outlook_aqi=median,
                day_ahead_aqi=day_ahead.get(day),
                probability_150=above_150,
                probability_200=above_200,
                consultation=_consultation(today),
                announced=_level_on(day, spans, running=False),
                in_force=_level_on(day, spans, running=True),
                orders_sent=kinds["order", "issued"],
                orders_received=kinds["order", "acknowledged"],
                orders_silent=first_chases,
                findings=dict(sorted(verdicts.items())),
                problems_closed=kinds["problem", "closed"],
            )
        )
    return tuple(rows)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What an episode came to."""

    episode: str
    drill: bool
    """True for a replay or an exercise: whoever opens the document must see it."""
    first_day: date
    last_day: date
    highest: Level
    hours_in_force: int
    warned_days: int
    days_over_150: int
    days_over_200: int
    hits: int
    """Days above 150 that were under a warning."""
    misses: int
    false_alarms: int
    lead_hours: float | None
    """From the first issue to the start of the response."""
    orders: int
    received: int
    received_late: int
    never_received: int
    findings: Mapping[str, int]
    """Last verdict per order."""
    never_judged: int
    """Orders that ended before anything could be judged."""
    problems: int
    problems_closed: int
    reduction_ordered: Mapping[str, float]
    """Share of the whole-society emission that the list promises at the highest level, per pollutant."""
    reduction_confirmed: Mapping[str, float]
    """The same, counting only enterprises whose last verdict is compliant or that reduce of their own accord."""
    target: float | None
    notes: tuple[str, ...] = ()
    tasks: int = 0
    """Orders to departments of the city; they are counted apart from the plants'."""
    tasks_done: int = 0
    """Those reported as carried out."""
    deviations: tuple[str, ...] = ()
    """Decisions against the criteria, either way, each with its reason."""
    signed_error: float | None = None
    """Mean absolute error of the signed AQI of the first day; None when no day could be scored."""
    model_error: float | None = None
    """The same of the model's medians that were signed over, on the same days."""
    kilograms: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Per pollutant and day: promised, achieved, missing, unseen; the truth lies from achieved to achieved + unseen."""
    counterfactual: Mapping[str, Any] = field(default_factory=dict)
    """What the weather alone would have given (forecast.counterfactual); empty where nobody compared."""
    ahead_error: float | None = None
    """Mean of the absolute error of the outlook issued the morning before, in AQI; None without pairs."""
    ahead_bias: float | None = None
    """Mean of forecast minus fact."""
    answered_minutes: float | None = None
    """Median from the issue of an order to its receipt, in minutes."""


def evaluate(
    episode: str,
    *,
    drill: bool,
    rows: Sequence[Day],
    orders: Sequence[Mapping[str, Any]],
    problems: Sequence[Mapping[str, Any]],
    highest: Level,
    started_at: datetime | None,
    ended_at: datetime,
    first_issued_at: datetime,
    reduction_ordered: Mapping[str, float],
    reduction_confirmed: Mapping[str, float],
    target: float | None,
    notes: Sequence[str] = (),
    tasks: Sequence[Mapping[str, Any]] = (),
    consultations: Sequence[Mapping[str, Any]] = (),
    warnings: Sequence[Mapping[str, Any]] = (),
    observed: Mapping[date, int | None] | None = None,
    kilograms: Mapping[str, Mapping[str, float]] | None = None,
    counterfactual: Mapping[str, Any] | None = None,
) -> Evaluation:
    """The evaluation of one episode from its day rows and from the projections of its orders and problems."""
    clean = [row for row in rows if row.observed_aqi is not None and row.observed_aqi <= 150]
    received = [row for row in orders if row["body"]["acknowledged_at"]]
    late = [row for row in received if row["body"]["acknowledged_at"] > row["body"]["respond_by"]]
    verdicts = Counter(row["body"]["findings"][-1]["verdict"] for row in orders if row["body"]["findings"])
    over_150 = [row for row in rows if row.observed_aqi is not None and row.observed_aqi > 150]
    lasted = 0 if started_at is None else round((ended_at - started_at).total_seconds() / 3600)
    ahead = [row.day_ahead_aqi - row.observed_aqi for row in rows
             if row.day_ahead_aqi is not None and row.observed_aqi is not None]  # fmt: skip
    waits = [
        (datetime.fromisoformat(row["body"]["acknowledged_at"]) - datetime.fromisoformat(row["body"]["issued_at"]))
        for row in received
    ]
    lead = None if started_at is None else round((started_at - first_issued_at).total_seconds() / 3600, 1)
    return Evaluation(
        episode=episode,
        drill=drill,
        first_day=rows[0].day,
        last_day=rows[-1].day,
        highest=highest,
        hours_in_force=lasted,
        warned_days=sum(bool(row.in_force) for row in rows),
        days_over_150=len(over_150),
        days_over_200=sum(row.observed_aqi is not None and row.observed_aqi > 200 for row in rows),
        hits=sum(bool(row.in_force) for row in over_150),
        misses=sum(not row.in_force for row in over_150),
        false_alarms=sum(bool(row.in_force) for row in clean),
        lead_hours=lead,
        orders=len(orders),
        received=len(received),
        received_late=len(late),
        never_received=len(orders) - len(received),
        findings=dict(sorted(verdicts.items())),
        never_judged=len(orders) - sum(verdicts.values()),
        problems=len(problems),
        problems_closed=sum(row["state"] == "closed" for row in problems),
        reduction_ordered=dict(reduction_ordered),
        reduction_confirmed=dict(reduction_confirmed),
        target=target,
        notes=tuple(notes),
        deviations=deviations(consultations, warnings),
        signed_error=first_day_error(consultations, observed or {}, "signed_aqi"),
        model_error=first_day_error(consultations, observed or {}, "model_aqi"),
        tasks=len(tasks),
        kilograms=dict(kilograms or {}),
        counterfactual=dict(counterfactual or {}),
        ahead_error=round(sum(abs(one) for one in ahead) / len(ahead), 1) if ahead else None,
        ahead_bias=round(sum(ahead) / len(ahead), 1) if ahead else None,
        answered_minutes=round(median(wait.total_seconds() / 60 for wait in waits), 1) if waits else None,
        tasks_done=sum(row["body"]["executed_at"] is not None for row in tasks),
    )


def deviations(consultations: Iterable[Mapping[str, Any]], warnings: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Every decision that differs from the criteria, in words, from the projections: concluded and issued ones."""
    found = []
    for row in consultations:
        body = row["body"]
        if body.get("against"):
            judged, decided = Level.of(body["judged"]), Level.of(body["level"])
            what = (
                "达到标准而决定不发布" if decided is Level.NONE else f"标准判定{judged.chinese}，决定{decided.chinese}"
            )
            found.append(f"{row['stream']}：{what}，理由：{body['against']}")
    for row in warnings:
        draft = row["body"]["draft"]
        if row["body"]["issued_at"] and not draft["criterion_met"]:
            reason = draft.get("without_criterion") or draft.get("superior") or "未写明"
            found.append(f"{row['stream']}：未达标准而发布，理由：{reason}")
    return tuple(found)


def first_day_error(
    consultations: Iterable[Mapping[str, Any]], observed: Mapping[date, int | None], name: str
) -> float | None:
    """Mean absolute error of the first day of "signed_aqi" or "model_aqi" of concluded consultations; one per day.

    Only days on which both were said and the air was observed count, so that human and model meet the same days; of
    several sessions on a day the last one counts. None without such a day.
    """
    errors: dict[date, int] = {}
    for row in consultations:
        body = row["body"]
        day = date.fromisoformat(body["first_date"])
        aqi = observed.get(day)
        if body["signed_aqi"] and body.get("model_aqi") and aqi is not None:
            errors[day] = abs(body[name][0] - aqi)
    return round(sum(errors.values()) / len(errors), 1) if errors else None


def _consultation(today: Sequence[Happening]) -> str:
    said = ""
    for item in today:
        if item.life == "consultation":
            if item.kind == "proposed":
                said = "已提议"
            elif item.kind == "concluded":
                said = f"结论·{Level.of(item.data['level']).chinese}"
            elif item.kind == "cancelled":
                said = "已取消"
    return said


@dataclass(slots=True)
class _Span:
    level: Level
    starts_at: datetime
    issued_at: datetime | None = None
    until: datetime | None = None


def _level_on(day: date, spans: Sequence[_Span], *, running: bool) -> str:
    """The highest level that was out (or whose measures ran) during some hour of the day; "" for none."""
    begin = datetime(day.year, day.month, day.day, tzinfo=BEIJING)
    end = begin + timedelta(days=1)
    levels = []
    for span in spans:
        assert span.issued_at is not None
        since = max(span.issued_at, span.starts_at) if running else span.issued_at
        if since < end and (span.until is None or span.until > max(begin, since)):
            levels.append(span.level)
    return max(levels).chinese if levels else ""
