"""The day table of a replay and the evaluation of each ended response, put together from record and air."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from emergency import report
from emergency.compliance_evidence import measure_finding_of
from emergency.compliance_tally import tally
from emergency.lifecycle import Happening
from emergency.messages import subject
from emergency.office import Office
from emergency.record import Record
from emergency.record_rows import plain
from emergency.report import Day, Evaluation
from emergency.vocabulary import BEIJING, Level, Role
from emergency.warning_draft import is_control
from flows.people import person
from forecast.outlook import Outlook

if TYPE_CHECKING:
    from flows.replay import Stage

EVALUATE_AFTER = timedelta(hours=24)
"""How long after the end of a response its evaluation is made in a replay."""


def table(
    stage: Stage, record: Record, *, first: date, last: date, happenings: Sequence[Happening] | None = None
) -> tuple[Day, ...]:
    """The rows of the days from first to last; `happenings` spares reading the whole log again."""
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    observed = stage.air.daily()
    morning, ahead = {}, {}
    for day in days:
        today, yesterday = stage.outlooks.get(day), stage.outlooks.get(day - timedelta(days=1))
        if today is not None and (own := _of(today, day)) is not None:
            morning[day] = (own.median, own.probability_above(150), own.probability_above(200))
        if yesterday is not None and (then := _of(yesterday, day)) is not None:
            ahead[day] = then.median
    return report.day_table(
        days,
        record.happenings() if happenings is None else happenings,
        observed=observed,
        morning=morning,
        day_ahead=ahead,
    )


def evaluate_ended(stage: Stage, office: Office, now: datetime) -> None:
    """Evaluate every response that ended long enough ago, file the report, and close its orders."""
    for row in office.record.now("activation", states=("ended",)):
        if now - datetime.fromisoformat(row["changed_at"]) < EVALUATE_AFTER:
            continue
        made = evaluation_of(stage, office.record, row)
        text = json.dumps(asdict(made), ensure_ascii=False, sort_keys=True, indent=1, default=plain)
        office.review_response(
            row["stream"],
            report=text.encode(),
            media_type="application/json",
            title=subject(f"应急响应评估 {row['episode']}", drill=office.record.drill),
            by=person(Role.OFFICE_DIRECTOR),
            now=now,
        )
    for response in office.record.now("activation", states=("reviewed",)):
        for row in office.record.now("order", parent=response["stream"], states=("released", "superseded", "exempted")):
            office.close_order(row["stream"], now=now)


def evaluation_of(stage: Stage, record: Record, row: Mapping[str, Any]) -> Evaluation:
    """The evaluation of one ended response, from its projection row."""
    episode, name = str(row["episode"]), str(row["stream"])
    warnings = [one for one in record.now("warning", episode=episode) if not is_control(one)]
    issued = [datetime.fromisoformat(item["body"]["issued_at"]) for item in warnings if item["body"]["issued_at"]]
    ended = datetime.fromisoformat(row["body"]["ended_at"])
    started = row["body"]["started_at"]
    highest = max(Level.of(str(item["level"])) for item in warnings if item["body"]["issued_at"])
    every = record.now("order", parent=name)
    orders = tuple(row for row in every if row["body"].get("audience", "enterprise") == "enterprise")
    tasks = tuple(row for row in every if row["body"].get("audience") == "department")
    # A day before and after are looked at too: a miss just outside the warned days is a miss of this episode.
    first = min(issued).astimezone(BEIJING).date() - timedelta(days=1)
    last = ended.astimezone(BEIJING).date()
    confirmed = {
        order["enterprise"]
        for order in orders
        if order["body"]["voluntary"]
        or (order["body"]["findings"] and order["body"]["findings"][-1]["verdict"] == "compliant")
    }
    promised = stage.reductions(highest, None)
    return report.evaluate(
        episode,
        drill=record.drill,
        rows=table(stage, record, first=first, last=last),
        orders=orders,
        problems=record.now("problem", episode=episode),
        highest=highest,
        started_at=None if started is None else datetime.fromisoformat(started),
        ended_at=ended,
        first_issued_at=min(issued),
        reduction_ordered=promised,
        reduction_confirmed=stage.reductions(highest, frozenset(confirmed)),
        target=stage.targets.get(highest),
        notes=stage.notes,
        tasks=tasks,
        consultations=_sessions(record, min(issued) - timedelta(days=1), ended),
        warnings=warnings,
        observed=stage.air.daily(),
        counterfactual=_compared(stage, record, name),
        kilograms=kilograms_of(orders),
    )


def _sessions(record: Record, since: datetime, until: datetime) -> list[Mapping[str, Any]]:
    """The consultations concluded in a span, whatever episode they were called under."""
    rows = record.now("consultation", states=("concluded",))
    return [row for row in rows if since <= datetime.fromisoformat(row["changed_at"]) <= until]


def kilograms_of(orders: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """Per pollutant the kilograms a day that the last orders promised, and what became of them by the last findings.

    Of each plant only the newest order counts. The truth lies between achieved and achieved + unseen.
    """
    newest: dict[str, Mapping[str, Any]] = {}
    for row in sorted(orders, key=lambda row: (row["body"]["issued_at"], row["stream"])):
        newest[row["enterprise"]] = row
    pairs = []
    for _plant, row in sorted(newest.items()):
        body = row["body"]
        last = body["findings"][-1] if body["findings"] else {}
        pairs.append((body["measures"], tuple(measure_finding_of(one) for one in last.get("measures", ()))))
    return {key: {name: round(value, 1) for name, value in asdict(one).items()} for key, one in tally(pairs).items()}


def _compared(stage: Stage, record: Record, name: str) -> Mapping[str, Any]:
    if stage.compare is None:
        return {}
    spans: dict[str, set[date]] = {}
    for row in record.now("activation"):
        started, ended = row["body"]["started_at"], row["body"]["ended_at"]
        if started is None:
            continue
        begin = datetime.fromisoformat(started).astimezone(BEIJING).date()
        end = datetime.fromisoformat(ended).astimezone(BEIJING).date() if ended else begin
        spans[row["stream"]] = {begin + timedelta(days=n) for n in range((end - begin).days + 1)}
    own = spans.pop(name, set())
    return stage.compare(own, set().union(*spans.values())) if own else {}


def _of(outlook: Outlook, day: date) -> Any:
    return next((item for item in outlook.days if item.valid_date == day), None)
