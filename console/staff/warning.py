"""Warnings 预警: the text, why, who must sign and who has; draft, sign, return, issue, lift."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from console import words
from console.judge import judge, lift_of
from console.needs import link
from console.page import (
    BadForm,
    Console,
    Form,
    account_of,
    attempt,
    console_of,
    local_moment,
    missing,
    needed,
    page,
    require_seen,
    text,
    whole,
)
from emergency import messages
from emergency.consultation import Consultation, ConsultationState
from emergency.lifecycle import Refused
from emergency.vocabulary import BEIJING, Level
from emergency.warning import AirWarning, Draft, WarningState
from forecast.outlook import Outlook

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
    identifier = f"warning-{len(console.office.record.now('warning')) + 1:03d}"

    def act() -> None:
        now = console.settings.now()
        state, level = _conclusion(console, consultation)
        if (used := _draft_of(console, consultation)) is not None:
            raise BadForm(f"这次会商已有草稿（{used}），没有再次起草。")
        current = _issued(console)
        content = Draft(
            level=level.word,
            area=console.office.desk.area_name,
            starts_at=local_moment(form, "starts_at", "开始时间"),
            expected_end=local_moment(form, "expected_end", "预计结束时间"),
            reason=needed(form, "reason", "原因"),
            text=needed(form, "text", "公众提示"),
            consultation=consultation,
            criterion_met=True,
            replaces=current["stream"] if current else None,
        )
        episode = current["episode"] if current else _episode(console, state.episode)
        basis = (state.outlook_digest,)
        console.office.draft_warning(identifier, episode=episode, content=content, by=by, now=now, basis=basis)

    return attempt(
        act,
        show=lambda alert, status: _draft_page(request, consultation, alert=alert, status=status, form=form),
        then=f"{link('warnings', identifier)}?done=drafted",
    )


@router.get("/{identifier}")
def warning(request: Request, identifier: str) -> Response:
    """One warning with what may be done with it."""
    return _show(request, identifier)


@router.post("/{identifier}/approve")
def approve(request: Request, identifier: str, form: Form) -> Response:
    """Sign the draft that was on the page."""
    office = console_of(request).office
    return _attempt(
        request, identifier, form, "approved", lambda by, now: office.approve_warning(identifier, by=by, now=now)
    )


@router.post("/{identifier}/return")
def send_back(request: Request, identifier: str, form: Form) -> Response:
    """Send the draft back with a reason."""
    office = console_of(request).office
    return _attempt(
        request, identifier, form, "returned",
        lambda by, now: office.return_warning(identifier, reason=needed(form, "reason", "退回原因"), by=by, now=now),
    )  # fmt: skip


@router.post("/{identifier}/withdraw")
def withdraw(request: Request, identifier: str, form: Form) -> Response:
    """Take a draft back."""
    office = console_of(request).office
    return _attempt(
        request, identifier, form, "withdrawn",
        lambda by, now: office.withdraw_warning(identifier, reason=needed(form, "reason", "撤回原因"), by=by, now=now),
    )  # fmt: skip


@router.post("/{identifier}/issue")
def issue(request: Request, identifier: str, form: Form) -> Response:
    """Issue, and with it everything that follows."""
    settings = console_of(request).settings

    def act(by: Any, now: datetime) -> None:
        state = _load(request, identifier)
        instructions = settings.instructions(state.level) if state.state is WarningState.APPROVED else ()
        settings.office.issue_warning(
            identifier, instructions=instructions, list_digest=settings.list_digest, by=by, now=now
        )

    return _attempt(request, identifier, form, "issued", act)


@router.post("/{identifier}/lift")
def lift(request: Request, identifier: str, form: Form) -> Response:
    """Lift under the rule; the hours are the server's wherever it knows them."""
    console = console_of(request)

    def act(by: Any, now: datetime) -> None:
        state = _load(request, identifier)
        reason = needed(form, "reason", "解除理由")
        if state.state is WarningState.ISSUED:
            rule = lift_of(console, state.level, now)
            if rule.below_hours is not None and not rule.advice.may:
                raise Refused(
                    act="解除预警",
                    subject=f"{state.level.chinese}预警 {identifier}",
                    state=state.state.chinese,
                    rule=rule.advice.chinese,
                    possible="请继续执行；如结论已变化，请先会商签发",
                )
            hours = rule.below_hours
            if hours is None:
                hours = whole(form.get("hours", ""), "低于启动标准的小时数", low=0, high=240)
        else:
            hours = 0
        console.office.lift_warning(identifier, reason=reason, below_hours=hours, by=by, now=now)

    return _attempt(request, identifier, form, "lifted", act)


# --- inside -----------------------------------------------------------------------------------------------------------


def _load(request: Request, identifier: str) -> AirWarning:
    state = console_of(request).office.record.state("warning", identifier)
    if not isinstance(state, AirWarning):
        raise missing("预警")
    return state


def _attempt(
    request: Request, identifier: str, form: FormData, done: str, act: Callable[[Any, datetime], object]
) -> Response:
    _load(request, identifier)
    by, now = account_of(request).actor, console_of(request).settings.now()

    def decide() -> None:
        require_seen(request, "warning", identifier, form)
        act(by, now)

    return attempt(
        decide,
        show=lambda alert, status: _show(request, identifier, alert=alert, status=status, form=form),
        then=f"{link('warnings', identifier)}?done={done}",
    )


def _show(
    request: Request, identifier: str, *, alert: str = "", status: int = 200, form: FormData | None = None
) -> Response:
    console = console_of(request)
    settings, now, state = console.settings, console.settings.now(), _load(request, identifier)
    record = console.office.record
    history = record.history("warning", identifier)
    named = settings.plan.authority.of(state.level.word)  # type: ignore[arg-type]
    drafted = next(entry for entry in reversed(history) if entry.event.kind in ("drafted", "redrafted"))
    subject, body = messages.warning_issued(state, drill=record.drill)
    role = account_of(request).role
    authority = console.office.desk.authority[state.level]
    signed = {signer for _person, signer in state.signatures}
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
        deadline=drafted.event.occurred_at + timedelta(minutes=named.deadline_minutes.value),
        basis=drafted.event.basis,
        signatures={e.event.data["role"]: e.event.occurred_at for e in history if e.event.kind == "signed"},
        may_sign=authority.allows(role.key) and role.key not in signed,
        lift=lift_of(console, state.level, now) if state.state is WarningState.ISSUED else None,
        waiting=_waiting(console) if state.state is WarningState.ISSUED else [],
        count=len(settings.instructions(state.level)) if state.state in _BEFORE_ISSUE else 0,
        conclusion=record.state("consultation", state.draft.consultation),
        reason=text(form, "reason") if form is not None else "",
    )


_BEFORE_ISSUE = (WarningState.DRAFTED, WarningState.APPROVED)


def _draft_page(
    request: Request, consultation: str, *, alert: str = "", status: int = 200, form: FormData | None = None
) -> Response:
    console = console_of(request)
    now = console.settings.now()
    try:
        state, level = _conclusion(console, consultation)
    except (BadForm, Refused) as error:
        sentence = str(error) if isinstance(error, BadForm) else words.refusal(error)
        return page(request, "refused.html", status=409, sentence=alert or sentence)
    exhibit = console.office.record.exhibit(state.outlook_digest)
    if exhibit is None:
        return RedirectResponse("/warnings", status_code=303)
    outlook = Outlook.from_json(exhibit[1].decode())
    assessment = judge(console, outlook, state.signed_aqi, now)
    first = assessment.judgement.first_day or outlook.days[0].valid_date
    last = assessment.judgement.last_day or first
    midnight = datetime(first.year, first.month, first.day, tzinfo=BEIJING)
    starts = max(midnight, _whole_hour(now))
    ends = datetime(last.year, last.month, last.day, tzinfo=BEIJING) + timedelta(days=1)
    response = console.settings.plan.response.of(level.word)  # type: ignore[arg-type]
    advice = "；".join((*response.health.value, *response.advisory.value))
    filled = {
        "starts_at": f"{starts.astimezone(BEIJING):%Y-%m-%dT%H:%M}",
        "expected_end": f"{max(ends, starts + timedelta(hours=24)).astimezone(BEIJING):%Y-%m-%dT%H:%M}",
        "reason": assessment.judgement.why if level is not Level.NONE else state.conclusion,
        "text": advice + "。" if advice else "",
    }
    if form is not None:
        filled = {name: text(form, name) or value for name, value in filled.items()}
    return page(
        request, "warning_draft.html", status=status, alert=alert, now=now, consultation=state, level=level,
        filled=filled, replaces=_issued(console), assessment=assessment, response=response,
    )  # fmt: skip


def _whole_hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=3)


def _conclusion(console: Console, identifier: str) -> tuple[Consultation, Level]:
    """The concluded consultation and its level; BadForm when it cannot carry a warning."""
    state = console.office.record.state("consultation", identifier) if identifier else None
    if not isinstance(state, Consultation) or state.state is not ConsultationState.CONCLUDED:
        raise BadForm("请先选择一次已形成结论的会商，再起草预警。")
    level = Level.of(state.level)
    if level is Level.NONE:
        raise BadForm("这次会商的结论是不预警，不能据此起草预警。")
    return state, level


def _draft_of(console: Console, consultation: str) -> str | None:
    """The warning made from a consultation and not withdrawn: a second click must not draft twice."""
    rows = console.office.record.now("warning")
    found = (
        r["stream"] for r in rows if r["body"]["draft"]["consultation"] == consultation and r["state"] != "withdrawn"
    )
    return next(found, None)


def _issued(console: Console) -> Any:
    rows = console.office.record.now("warning", states=("issued",))
    return rows[-1] if rows else None


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


def _episode(console: Console, name: str) -> str:
    """The episode of a first warning; another name when a response of that name has already ended."""
    while console.office.record.state("activation", f"response-{name}") is not None:
        name += "x"
    return name
