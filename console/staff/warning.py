"""Warnings 预警: the text, why, who must sign and who has; draft, sign, return, issue, lift."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from console import words
from console.judge import lift_of
from console.language import N_, _
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
    office_seen,
    page,
    text,
    whole,
)
from console.staff import warning_form
from emergency import messages
from emergency.duty_policy import APPROVAL
from emergency.lifecycle import Refused
from emergency.office import Office
from emergency.vocabulary import Level
from emergency.warning import AirWarning, WarningState

router = APIRouter(prefix="/warnings")


@router.get("")
def warnings(request: Request) -> Response:
    """All warnings, newest first, and the conclusions that still wait for a draft."""
    record = console_of(request).office.record
    return page(request, "warnings.html", rows=record.now("warning")[::-1], waiting=_waiting(console_of(request)))


@router.get("/draft")
def draft_form(request: Request) -> Response:
    """The form of a new draft, filled from a concluded consultation."""
    return _draft_page(request, request.query_params.get("consultation", ""))


@router.post("/draft")
def draft(request: Request, form: Form) -> Response:
    """Put a draft before those who may sign it."""
    console, by = console_of(request), account_of(request).actor
    consultation = text(form, "consultation", most=120)
    identifier = warning_form.next_name(console)
    return attempt(
        lambda: warning_form.draft_from(console, form, identifier=identifier, by=by, now=console.settings.now()),
        show=lambda alert, status: _draft_page(request, consultation, alert=alert, status=status, form=form),
        then=f"{link('warnings', identifier)}?done=drafted",
    )


@router.post("/preview")
def preview(request: Request, form: Form) -> Response:
    """What the form would say: the part beside it for a script, else the whole page again; nothing is recorded."""
    name = text(form, "warning", most=120)
    part = text(form, "part", most=3) == "yes"
    if name:
        returned = _load(request, name)
        if part:
            return page(request, "_warning_preview.html", shown=warning_form.again_preview(request, form, returned))
        return warning_form.redraft_page(request, returned, form=form)
    consultation = text(form, "consultation", most=120)
    if not part:
        return _draft_page(request, consultation, form=form)
    console = console_of(request)
    state, level = warning_form.conclusion(console, consultation)
    current = warning_form.issued(console, text(form, "starts_at", most=32))
    return page(
        request, "_warning_preview.html", shown=warning_form.new_preview(request, form, state, level, current)
    )  # fmt: skip


@router.get("/{identifier}")
def warning(request: Request, identifier: str) -> Response:
    """One warning with what may be done with it."""
    return _show(request, identifier)


@router.post("/{identifier}/approve")
def approve(request: Request, identifier: str, form: Form) -> Response:
    """Sign the draft that was on the page."""
    return _attempt(
        request, identifier, form, "approved",
        lambda office, by, now: office.approve_warning(identifier, by=by, now=now),
    )  # fmt: skip


@router.post("/{identifier}/return")
def send_back(request: Request, identifier: str, form: Form) -> Response:
    """Send the draft back with a reason."""
    return _attempt(
        request, identifier, form, "returned",
        lambda office, by, now: office.return_warning(
            identifier, reason=needed(form, "reason", _('退回原因')), by=by, now=now
        ),
    )  # fmt: skip


@router.get("/{identifier}/redraft")
def redraft_form(request: Request, identifier: str) -> Response:
    """The returned draft as a form, with why it came back."""
    return warning_form.redraft_page(request, _load(request, identifier))


@router.post("/{identifier}/redraft")
def redraft(request: Request, identifier: str, form: Form) -> Response:
    """Put the corrected draft before those who may sign it."""
    state = _load(request, identifier)

    console, by = console_of(request), account_of(request).actor
    return attempt(
        lambda: warning_form.redraft_from(
            console, office_seen(request, "warning", identifier, form), form, state, by=by, now=console.settings.now()
        ),
        show=lambda alert, status: warning_form.redraft_page(request, state, alert=alert, status=status, form=form),
        then=f"{link('warnings', identifier)}?done=redrafted",
    )


@router.post("/{identifier}/withdraw")
def withdraw(request: Request, identifier: str, form: Form) -> Response:
    """Take a draft back."""
    return _attempt(
        request, identifier, form, "withdrawn",
        lambda office, by, now: office.withdraw_warning(
            identifier, reason=needed(form, "reason", _('撤回原因')), by=by, now=now
        ),
    )  # fmt: skip


@router.post("/{identifier}/issue")
def issue(request: Request, identifier: str, form: Form) -> Response:
    """Issue, and with it everything that follows."""
    settings = console_of(request).settings

    def act(office: Office, by: Any, now: datetime) -> None:
        state = _load(request, identifier)
        measured = state.state is WarningState.APPROVED and state.draft.starts_measures
        instructions = settings.instructions(state.level) if measured else ()
        digest = settings.digest_of_list()
        office.issue_warning(identifier, instructions=instructions, list_digest=digest, by=by, now=now)

    return _attempt(request, identifier, form, "issued", act)


@router.post("/{identifier}/ask-lift")
def ask_lift(request: Request, identifier: str, form: Form) -> Response:
    """Put a lift before who may sign it; the hours are the server's wherever it knows them."""

    def act(office: Office, by: Any, now: datetime) -> None:
        reason, superior = needed(form, "reason", _("解除理由")), text(form, "superior", most=200)
        hours = _hours(request, identifier, form, now, superior)
        office.ask_lift(identifier, reason=reason, below_hours=hours, superior=superior, by=by, now=now)

    return _attempt(request, identifier, form, "lift_asked", act)


@router.post("/{identifier}/sign-lift")
def sign_lift(request: Request, identifier: str, form: Form) -> Response:
    """Sign a lift that was asked for."""
    return _attempt(
        request, identifier, form, "approved", lambda office, by, now: office.sign_lift(identifier, by=by, now=now)
    )


@router.post("/{identifier}/lift")
def lift(request: Request, identifier: str, form: Form) -> Response:
    """Lift under the rule and the signatures; the hours are the server's wherever it knows them."""

    def act(office: Office, by: Any, now: datetime) -> None:
        state = _load(request, identifier)
        superior = text(form, "superior", most=200)
        reason = text(form, "reason") or state.lift_reason or needed(form, "reason", _("解除理由"))
        hours = _hours(request, identifier, form, now, superior)
        office.lift_warning(identifier, reason=reason, below_hours=hours, superior=superior, by=by, now=now)

    return _attempt(request, identifier, form, "lifted", act)


# --- inside -----------------------------------------------------------------------------------------------------------


def _load(request: Request, identifier: str) -> AirWarning:
    state = console_of(request).office.record.state("warning", identifier)
    if not isinstance(state, AirWarning):
        raise missing(_("预警"))
    return state


def _hours(request: Request, identifier: str, form: FormData, now: datetime, superior: str) -> int:
    return lift_hours(
        console_of(request), _load(request, identifier), now, superior=superior,
        given=lambda: whole(form.get("hours", ""), _("低于启动标准的小时数"), low=0, high=240),
    )  # fmt: skip


def lift_hours(console: Console, state: AirWarning, now: datetime, *, superior: str, given: Callable[[], int]) -> int:
    """For how long the air stays below the criterion, `given` where the server does not know.

    Refused when the rule that the server knows says no.
    """
    if state.state is not WarningState.ISSUED or state.draft.kind == "control" or (superior and state.draft.superior):
        return 0
    rule = lift_of(console, state.level, now)
    if rule.below_hours is not None and not rule.advice.may:
        raise Refused(
            act=N_("解除预警"),
            subject=f"{state.draft.name} {state.identifier}",
            state=state.state.chinese,
            rule=rule.advice.chinese,
            possible=N_("请继续执行；如结论已变化，请先会商签发"),
        )
    return given() if rule.below_hours is None else rule.below_hours


def _attempt(
    request: Request, identifier: str, form: FormData, done: str, act: Callable[[Office, Any, datetime], object]
) -> Response:
    _load(request, identifier)
    by, now = account_of(request).actor, console_of(request).settings.now()
    return attempt(
        lambda: act(office_seen(request, "warning", identifier, form), by, now),
        show=lambda alert, status: _show(request, identifier, alert=alert, status=status, form=form),
        then=f"{link('warnings', identifier)}?done={done}",
    )


def _show(
    request: Request, identifier: str, *, alert: str = "", status: int = 200, form: FormData | None = None
) -> Response:
    console = console_of(request)
    settings, now, state = console.settings, console.settings.now(), _load(request, identifier)
    record = console.office.record
    measured = state.draft.starts_measures
    history = record.history("warning", identifier)
    named = settings.plan.authority.of(max(state.level, Level.YELLOW).word)  # type: ignore[arg-type]
    drafted = next(entry for entry in reversed(history) if entry.event.kind in ("drafted", "redrafted"))
    before = record.state("warning", state.draft.replaces) if state.draft.replaces else None
    subject, body = messages.warning_issued(state, before=before, drill=record.drill)
    role = account_of(request).role
    authority = console.office.desk.may_sign(state.draft)
    signed = {signer for _person, signer in state.signatures}
    lift_signed = {signer for _person, signer in state.lift_signatures}
    return page(
        request,
        "warning.html",
        status=status,
        alert=alert,
        now=now,
        state=state,
        history=history,
        subject=subject,
        body=body,
        authority=authority,
        plan_authority=named,
        deadline=drafted.event.occurred_at + console.office.desk.approve_within.get(state.level, APPROVAL),
        basis=drafted.event.basis,
        signatures={e.event.data["role"]: e.event.occurred_at for e in history if e.event.kind == "signed"},
        may_sign=authority.allows(role.key) and role.key not in signed,
        may_sign_lift=bool(state.lift_reason) and authority.allows(role.key) and role.key not in lift_signed,
        lift_complete=len(lift_signed) >= authority.signatures or not console.office.desk.lift_signed,
        lift=lift_of(console, state.level, now) if state.state is WarningState.ISSUED and state.level else None,
        waiting=_waiting(console) if state.state is WarningState.ISSUED else [],
        count=len(settings.instructions(state.level)) if state.state in _BEFORE_ISSUE and measured else 0,
        conclusion=record.state("consultation", state.draft.consultation),
        reason=text(form, "reason") if form is not None else "",
    )


_BEFORE_ISSUE = (WarningState.DRAFTED, WarningState.APPROVED)


def _draft_page(
    request: Request, consultation: str, *, alert: str = "", status: int = 200, form: FormData | None = None
) -> Response:
    console = console_of(request)
    try:
        state, level = warning_form.conclusion(console, consultation)
    except (BadForm, Refused) as error:
        sentence = str(error) if isinstance(error, BadForm) else words.refusal(error)
        return page(request, "refused.html", status=409, sentence=alert or sentence)
    return warning_form.draft_page(
        request, state, level, replaces=warning_form.issued(console), alert=alert, status=status, form=form
    )


def _waiting(console: Console) -> list[Any]:
    """Conclusions of the last day that call for a warning and have no draft."""
    record, now = console.office.record, console.settings.now()
    used = {row["body"]["draft"]["consultation"] for row in record.now("warning")}
    return [
        row
        for row in record.now("consultation", states=("concluded",))
        if row["level"] != "none"
        and row["stream"] not in used
        and now - datetime.fromisoformat(row["changed_at"]) < timedelta(hours=24)
    ]
