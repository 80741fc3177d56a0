"""The form of a draft: filled from a conclusion, from the start-at-once rule, or from a draft that was returned."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from fastapi import Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from console.judge import judge
from console.language import _
from console.page import BadForm, Console, account_of, console_of, local_moment, needed, page, text
from console.warning_preview import Shown, shown
from emergency import advice
from emergency.consultation import Consultation, ConsultationState
from emergency.lifecycle import Actor
from emergency.office import Office
from emergency.vocabulary import BEIJING, Level
from emergency.warning import POLLUTANTS, AirWarning, Draft
from emergency.warning_draft import is_control
from forecast.outlook import Outlook


def content_of(
    form: FormData,
    console: Console,
    *,
    level: Level,
    consultation: str,
    replaces: str | None,
    before: Draft | None = None,
    met: bool | None = None,
) -> Draft:
    """The draft that a form describes; BadForm names what cannot be understood.

    Whether the criterion is met comes from the conclusion (`met`), the earlier draft, or the consultation on record:
    the level it judged against the level that was decided.
    """
    pollutant = text(form, "pollutant", most=8) or "pm25"
    if pollutant not in POLLUTANTS:
        raise BadForm(_("请选择预警的污染物。"), field="pollutant")
    if met is None:
        met = before.criterion_met if before is not None else _met(console, consultation, level)
    return Draft(
        level=level.word,
        area=console.office.desk.area_name,
        starts_at=local_moment(form, "starts_at", _("开始时间")),
        expected_end=local_moment(form, "expected_end", _("预计结束时间")),
        reason=needed(form, "reason", _("原因")),
        text=text(form, "text"),
        consultation=consultation,
        criterion_met=met,
        replaces=replaces,
        kind="warning" if before is None else before.kind,
        pollutant=pollutant,
        health=text(form, "health"),
        measures=before.measures if before is not None else (),
        why_now=text(form, "why_now"),
        without_criterion="" if met else text(form, "without_criterion"),
        superior=text(form, "superior", most=200),
        merges=before.merges if before is not None else (),
    )


def draft_page(
    request: Request,
    state: Consultation,
    level: Level,
    *,
    replaces: Any,
    alert: str = "",
    status: int = 200,
    form: FormData | None = None,
) -> Response:
    """The form of a new draft, filled from a concluded consultation."""
    console = console_of(request)
    now = console.settings.now()
    exhibit = console.office.record.exhibit(state.outlook_digest)
    if exhibit is None:
        return RedirectResponse("/warnings", status_code=303)
    outlook = Outlook.from_json(exhibit[1].decode())
    assessment = judge(console, outlook, state.signed_aqi, now)
    first = assessment.judgement.first_day or outlook.days[0].valid_date
    last = assessment.judgement.last_day or first
    midnight = datetime(first.year, first.month, first.day, tzinfo=BEIJING)
    starts = max(midnight, now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=3))
    ends = datetime(last.year, last.month, last.day, tzinfo=BEIJING) + timedelta(days=1)
    plan = console.settings.plan
    response = plan.response.of(level.word)  # type: ignore[arg-type]
    latest = console.air.at(now).observed.latest
    advisory = "；".join(response.advisory.value)
    filled = {
        "starts_at": _field(starts),
        "expected_end": _field(max(ends, starts + timedelta(hours=24))),
        "reason": assessment.judgement.why or state.conclusion,
        "text": advisory + "。" if advisory else "",
        "health": advice.health(plan, level),
        "why_now": advice.why_now(
            latest.aqi if latest else None, starts_in_hours=round((starts - now).total_seconds() / 3600)
        ),
        "without_criterion": state.against,
        "superior": "",
        "pollutant": advice.pollutant_of(outlook, assessment.judgement.days),
    }
    values = _refilled(filled, form)
    return page(
        request, "warning_draft.html", status=status, alert=alert, now=now, action="/warnings/draft", seen=None,
        consultation=state, level=level, filled=values, replaces=replaces, assessment=assessment,
        response=response, pollutants=POLLUTANTS, met=_met(console, state.identifier, level), returned="",
        shown=new_preview(request, FormData(values), state, level, replaces, why=assessment.judgement.why),
        warning="",
    )  # fmt: skip


def redraft_page(
    request: Request, state: AirWarning, *, alert: str = "", status: int = 200, form: FormData | None = None
) -> Response:
    """The form of a returned draft, filled with what it said."""
    console = console_of(request)
    draft = state.draft
    filled = {
        "starts_at": _field(draft.starts_at),
        "expected_end": _field(draft.expected_end),
        "reason": draft.reason,
        "text": draft.text,
        "health": draft.health,
        "why_now": draft.why_now,
        "without_criterion": draft.without_criterion,
        "superior": draft.superior,
        "pollutant": draft.pollutant,
    }
    record = console.office.record
    level = max(state.level, Level.YELLOW)
    response = console.settings.plan.response.of(level.word)  # type: ignore[arg-type]
    values = _refilled(filled, form)
    return page(
        request, "warning_draft.html", status=status, alert=alert, action=f"/warnings/{state.identifier}/redraft",
        seen=len(record.history("warning", state.identifier)), level=state.level, filled=values,
        consultation=record.state("consultation", draft.consultation), assessment=None, response=response,
        replaces=None, pollutants=POLLUTANTS, met=draft.criterion_met, returned=state.return_reason,
        shown=again_preview(request, FormData(values), state), warning=state.identifier,
    )  # fmt: skip


# --- the preview ------------------------------------------------------------------------------------------------------


def new_preview(
    request: Request, form: FormData, state: Consultation, level: Level, replaces: Any, *, why: str = ""
) -> Shown:
    """What a new draft would say as the form stands."""
    by = account_of(request).actor
    return preview_of(console_of(request), form, state, level, replaces, by=by, why=why)


def preview_of(
    console: Console,
    form: FormData,
    state: Consultation,
    level: Level,
    replaces: Any,
    *,
    by: Actor,
    why: str = "",
) -> Shown:
    """The same for whoever asks."""
    name = replaces["stream"] if replaces else None

    def build() -> Draft:
        return content_of(form, console, level=level, consultation=state.identifier, replaces=name)

    return shown(console, build, by=by, why=why)


def again_preview(request: Request, form: FormData, state: AirWarning) -> Shown:
    """What a returned draft would say as the form stands."""
    console = console_of(request)
    history = [entry.event for entry in console.office.record.history("warning", state.identifier)]

    def build() -> Draft:
        draft = state.draft
        return content_of(
            form, console, level=state.level, consultation=draft.consultation, replaces=draft.replaces, before=draft
        )

    return shown(console, build, by=account_of(request).actor, identifier=state.identifier, history=history)


def _met(console: Console, consultation: str, level: Level) -> bool:
    state = console.office.record.state("consultation", consultation)
    return not isinstance(state, Consultation) or Level.of(state.judged) >= level


def _field(moment: datetime) -> str:
    return f"{moment.astimezone(BEIJING):%Y-%m-%dT%H:%M}"


def _refilled(filled: Mapping[str, str], form: FormData | None) -> dict[str, str]:
    """What the form held, fields that somebody emptied included; else what it is filled with."""
    return {name: str(form.get(name, value)) if form is not None else value for name, value in filled.items()}


# --- drafting ---------------------------------------------------------------------------------------------------------


def next_name(console: Console) -> str:
    """The name of the next warning."""
    return f"warning-{len(console.office.record.now('warning')) + 1:03d}"


def draft_from(console: Console, form: FormData, *, identifier: str, by: Actor, now: datetime) -> None:
    """Draft what the form says on the conclusion that it names; BadForm or Refused where that cannot be."""
    consultation = text(form, "consultation", most=120)
    state, level = conclusion(console, consultation)
    if (used := _draft_of(console, consultation)) is not None:
        raise BadForm(_("这次会商已有草稿（%(used)s），没有再次起草。", used=used))
    current = issued(console, text(form, "starts_at", most=32))
    content = content_of(
        form, console, level=level, consultation=consultation, replaces=current["stream"] if current else None
    )
    episode = current["episode"] if current else _episode(console, state.episode)
    basis = (state.outlook_digest,)
    console.office.draft_warning(identifier, episode=episode, content=content, by=by, now=now, basis=basis, as_one=True)


def redraft_from(
    console: Console, office: Office, form: FormData, state: AirWarning, *, by: Actor, now: datetime
) -> AirWarning:
    """The returned draft as the form has it now."""
    draft = state.draft
    content = content_of(
        form, console, level=state.level, consultation=draft.consultation, replaces=draft.replaces, before=draft
    )
    return office.redraft_warning(state.identifier, content=content, by=by, now=now)


def conclusion(console: Console, identifier: str) -> tuple[Consultation, Level]:
    """The concluded consultation and its level; BadForm when it cannot carry a warning."""
    state = console.office.record.state("consultation", identifier) if identifier else None
    if not isinstance(state, Consultation) or state.state is not ConsultationState.CONCLUDED:
        raise BadForm(_("请先选择一次已形成结论的会商，再起草预警。"))
    level = Level.of(state.level)
    if level is Level.NONE:
        raise BadForm(_("这次会商的结论是不预警，不能据此起草预警。如需低于黄色的措施，请在值守页起草临时管控。"))
    return state, level


def _draft_of(console: Console, consultation: str) -> str | None:
    """The warning made from a consultation and not withdrawn: a second click must not draft twice."""
    rows = console.office.record.now("warning")
    found = (
        r["stream"] for r in rows if r["body"]["draft"]["consultation"] == consultation and r["state"] != "withdrawn"
    )
    return next(found, None)


def issued(console: Console, starts_at: str = "") -> Any:
    """The issued warning that a draft replaces: of several the last begun by the draft's start, else the first.

    A temporary control is replaced only where no warning is in force.
    """
    running = console.office.record.now("warning", states=("issued",))
    warnings = [row for row in running if not is_control(row)]
    rows = sorted(warnings or running, key=lambda row: str(row["body"]["draft"]["starts_at"]))
    begun = [row for row in rows if starts_at and _beijing(row["body"]["draft"]["starts_at"]) <= starts_at]
    return begun[-1] if begun else rows[0] if rows else None


def _beijing(moment: str) -> str:
    return f"{datetime.fromisoformat(moment).astimezone(BEIJING):%Y-%m-%dT%H:%M}"


def _episode(console: Console, name: str) -> str:
    """The episode of a first warning; another name when a response of that name has already ended."""
    while console.office.record.state("activation", f"response-{name}") is not None:
        name += "x"
    return name
