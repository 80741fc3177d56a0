"""Problems 交办问题: handed out, mended, looked at again, struck off."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from console.language import _
from console.needs import link
from console.page import (
    BadForm,
    Console,
    Form,
    account_of,
    attempt,
    console_of,
    missing,
    needed,
    our_day,
    page,
    picture,
    text,
    whole,
)
from emergency.problem import Problem, ProblemState
from emergency.record_orders import names_of_plants
from emergency.supervision import IN_CIRCULAR, by_unit, circular, negative_list
from emergency.vocabulary import BEIJING

router = APIRouter(prefix="/problems")


@router.get("")
def problems(request: Request) -> Response:
    """The list, open ones first, by deadline."""
    console = console_of(request)
    record = console.office.record
    state = request.query_params.get("state", "")
    known = [one.key for one in ProblemState]
    every, now = record.now("problem"), console.settings.now()
    rows = tuple(row for row in every if row["state"] == state) if state in known else every
    rows = tuple(sorted(rows, key=lambda row: (row["final"], row["body"]["due_at"] or "", row["opened_at"])))
    return page(
        request, "problems.html", rows=rows, counts=record.counts("problem"), states=ProblemState,
        names=_names(console, rows), units=by_unit(every, now=now), negative=negative_list(every, now=now),
        day=request.query_params.get("day") or now.astimezone(BEIJING).date().isoformat(),
    )  # fmt: skip


@router.get("/circular")
def daily(request: Request) -> Response:
    """The circular of supervision of one day (督查情况按日通报), to be read and copied."""
    console = console_of(request)
    now = console.settings.now()
    try:
        day = our_day(request.query_params.get("day") or now.astimezone(BEIJING).date().isoformat())
    except ValueError:
        raise BadForm(_("日期应写作 2015-12-08。")) from None
    lines = circular_of(console, day, now=now)
    return page(request, "circular.html", lines=lines, chosen=day)


def circular_of(console: Console, day: date, *, now: datetime) -> Sequence[str]:
    """The lines of the circular of a day."""
    record = console.office.record
    rows = record.now("problem")
    begin = datetime(day.year, day.month, day.day, tzinfo=BEIJING)
    happened = record.happenings_between(begin, begin + timedelta(days=1), kinds=IN_CIRCULAR)
    return circular(
        day, happened, names=_names(console, rows), units=by_unit(rows, now=now),
        area_name=console.office.desk.area_name, drill=record.drill,
    )  # fmt: skip


def _names(console: Console, rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Names of plants as the orders behind the problems call them; the number where there is no such order."""
    rows = tuple(rows)
    names = names_of_plants(console.office.record, [row["body"]["order"] for row in rows])
    return {row["enterprise"]: names.get(row["enterprise"], row["enterprise"]) for row in rows}


@router.get("/{identifier}")
def problem(request: Request, identifier: str) -> Response:
    """One problem."""
    return _show(request, identifier)


@router.post("/{identifier}/assign")
def assign(request: Request, identifier: str, form: Form) -> Response:
    """Hand it to a unit; the deadline is the plan's."""
    console, by = console_of(request), account_of(request).actor

    def act() -> None:
        now = console.settings.now()
        hours = text(form, "hours", most=4)
        console.office.assign_problem(
            identifier,
            unit=needed(form, "unit", _("责任单位"), most=80),
            person=text(form, "person", most=40),
            content=text(form, "content", most=500),
            standard=text(form, "standard", most=200),
            consequence=text(form, "consequence", most=200),
            due_at=now + timedelta(hours=whole(hours, _("整改时限"), low=1, high=2160)) if hours else None,
            by=by,
            now=now,
        )

    return _attempt(request, identifier, act, "assigned")


@router.post("/{identifier}/rectify")
def rectify(request: Request, identifier: str, form: Form) -> Response:
    """The unit reports it mended."""
    console, by = console_of(request), account_of(request).actor

    def act() -> None:
        report = needed(form, "report", _("整改情况"))
        console.office.rectify_problem(
            identifier, report=report, photo=picture(form, "photo"), by=by, now=console.settings.now()
        )

    return _attempt(request, identifier, act, "rectified")


@router.post("/{identifier}/look-back")
def look_back(request: Request, identifier: str, form: Form) -> Response:
    """Look again: struck off, or handed out anew."""
    console, by = console_of(request), account_of(request).actor

    def act() -> None:
        result, note = text(form, "mended", most=3), needed(form, "note", _("现场情况"))
        if result not in ("yes", "no"):
            raise BadForm(_("请选择回头看结果：已整改，或未整改。"))
        console.office.look_back(identifier, mended=result == "yes", note=note, by=by, now=console.settings.now())

    return _attempt(request, identifier, act, "looked")


def _attempt(request: Request, identifier: str, act: Any, done: str) -> Response:
    _load(request, identifier)
    return attempt(
        act,
        show=lambda alert, status: _show(request, identifier, alert=alert, status=status),
        then=f"{link('problems', identifier)}?done={done}",
    )


def _load(request: Request, identifier: str) -> Problem:
    state = console_of(request).office.record.state("problem", identifier)
    if not isinstance(state, Problem):
        raise missing(_("问题"))
    return state


def _show(request: Request, identifier: str, *, alert: str = "", status: int = 200) -> Response:
    record = console_of(request).office.record
    state = _load(request, identifier)
    return page(
        request, "problem.html", status=status, alert=alert, state=state,
        history=record.history("problem", identifier), order=record.state("order", state.order),
    )  # fmt: skip
