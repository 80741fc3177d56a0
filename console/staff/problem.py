"""Problems 交办问题: handed out, mended, looked at again, struck off."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from console.needs import link
from console.page import BadForm, Form, account_of, attempt, console_of, missing, needed, page, text
from emergency.problem import Problem, ProblemState

router = APIRouter(prefix="/problems")


@router.get("")
def problems(request: Request) -> Response:
    """The list, open ones first, by deadline."""
    console = console_of(request)
    record = console.office.record
    state = request.query_params.get("state", "")
    known = [one.key for one in ProblemState]
    rows = record.now("problem", states=[state]) if state in known else record.now("problem")
    rows = tuple(sorted(rows, key=lambda row: (row["final"], row["body"]["due_at"] or "", row["opened_at"])))
    return page(
        request, "problems.html", rows=rows, counts=record.counts("problem"), states=ProblemState,
        names=console.settings.enterprise_names(),
    )  # fmt: skip


@router.get("/{identifier}")
def problem(request: Request, identifier: str) -> Response:
    """One problem."""
    return _show(request, identifier)


@router.post("/{identifier}/assign")
def assign(request: Request, identifier: str, form: Form) -> Response:
    """Hand it to a unit; the deadline is the plan's."""
    console, by = console_of(request), account_of(request).actor

    def act() -> None:
        unit = needed(form, "unit", "责任单位", most=80)
        console.office.assign_problem(identifier, unit=unit, by=by, now=console.settings.now())

    return _attempt(request, identifier, act, "assigned")


@router.post("/{identifier}/rectify")
def rectify(request: Request, identifier: str, form: Form) -> Response:
    """The unit reports it mended."""
    console, by = console_of(request), account_of(request).actor

    def act() -> None:
        report = needed(form, "report", "整改情况")
        console.office.rectify_problem(identifier, report=report, by=by, now=console.settings.now())

    return _attempt(request, identifier, act, "rectified")


@router.post("/{identifier}/look-back")
def look_back(request: Request, identifier: str, form: Form) -> Response:
    """Look again: struck off, or handed out anew."""
    console, by = console_of(request), account_of(request).actor

    def act() -> None:
        result, note = text(form, "mended", most=3), needed(form, "note", "现场情况")
        if result not in ("yes", "no"):
            raise BadForm("请选择回头看结果：已整改，或未整改。")
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
        raise missing("问题")
    return state


def _show(request: Request, identifier: str, *, alert: str = "", status: int = 200) -> Response:
    record = console_of(request).office.record
    state = _load(request, identifier)
    return page(
        request, "problem.html", status=status, alert=alert, state=state,
        history=record.history("problem", identifier), order=record.state("order", state.order),
    )  # fmt: skip
