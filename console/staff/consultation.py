"""Consultations 会商: what called them, the evidence, each party's view, and the signed conclusion."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from console import charts, charts_weather, words
from console.judge import judge
from console.language import _
from console.needs import link
from console.outlook import day_rows
from console.page import (
    BadForm,
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
from emergency.consultation import Consultation
from emergency.vocabulary import Level
from forecast.outlook import Outlook
from plans.schema import AqiEdition

router = APIRouter(prefix="/consultations")


@router.get("")
def consultations(request: Request) -> Response:
    """All consultations, newest first."""
    rows = console_of(request).office.record.now("consultation")[::-1]
    return page(request, "consultations.html", rows=rows)


@router.get("/{identifier}")
def consultation(request: Request, identifier: str) -> Response:
    """One consultation with its forms."""
    return _show(request, identifier)


@router.get("/{identifier}/judgement")
def judgement(request: Request, identifier: str) -> Response:
    """What the rules say about the values in the query; a piece of the page."""
    _state, outlook = _load(request, identifier)
    given = request.query_params.getlist("aqi")
    return page(request, "_judgement.html", **_judged(request, outlook, given))


@router.post("/{identifier}/convene")
def convene(request: Request, identifier: str) -> Response:
    """Call the parties in."""
    console, by = console_of(request), account_of(request).actor
    return _attempt(
        request, identifier, lambda: console.office.convene(identifier, by=by, now=console.settings.now()), "convened"
    )


@router.post("/{identifier}/opinion")
def opinion(request: Request, identifier: str, form: Form) -> Response:
    """One party's view, under the role of who is logged in."""
    console, by = console_of(request), account_of(request).actor

    def act() -> None:
        lows, highs = form.getlist("low"), form.getlist("high")
        pairs = [
            [
                whole(low, _("第%(n)s天AQI下限", n=n), low=0, high=500),
                whole(high, _("第%(n)s天AQI上限", n=n), low=0, high=500),
            ]
            for n, (low, high) in enumerate(zip(lows, highs, strict=False), start=1)
        ]
        if not pairs or len(lows) != len(highs):
            raise BadForm(_("请填写每天的AQI范围。"))
        primary = [str(value)[:8] for value in form.getlist("primary")]
        view = needed(form, "view", _("意见"))
        console.office.note_opinion(
            identifier, daily_aqi=pairs, primary=primary, view=view, by=by, now=console.settings.now()
        )

    return _attempt(request, identifier, act, "opinion", form)


@router.post("/{identifier}/absence")
def absence(request: Request, identifier: str, form: Form) -> Response:
    """Put on record that a party did not speak."""
    console, by = console_of(request), account_of(request).actor

    def act() -> None:
        role, why = needed(form, "role", _("缺席方"), most=32), needed(form, "why", _("缺席原因"), most=200)
        state, _outlook = _load(request, identifier)
        if role not in state.required:
            raise BadForm(_("请从列表中选择缺席方。"))
        console.office.note_absence(identifier, role=role, why=why, by=by, now=console.settings.now())

    return _attempt(request, identifier, act, "absence", form)


@router.post("/{identifier}/conclude")
def conclude(request: Request, identifier: str, form: Form) -> Response:
    """Sign the daily AQI; the level follows from them by the rules, and who decides otherwise says why."""
    console, by = console_of(request), account_of(request).actor

    def act() -> None:
        _state, outlook = _load(request, identifier)
        now = console.settings.now()
        signed = _values(form.getlist("aqi"), outlook)
        reason = needed(form, "reason", _("结论理由"))
        judged = judge(console, outlook, signed, now).judgement.level
        word = text(form, "decided", most=8) or judged.word
        if word not in ("none", "yellow", "orange", "red"):
            raise BadForm(_("请选择结论级别。"))
        office_seen(request, "consultation", identifier, form).conclude(
            identifier, signed_aqi=signed, level=Level.of(word), reason=reason, judged=judged,
            against=text(form, "against"), by=by, now=now,
        )  # fmt: skip

    return _attempt(request, identifier, act, "concluded", form)


@router.post("/{identifier}/cancel")
def cancel(request: Request, identifier: str, form: Form) -> Response:
    """End a consultation without a conclusion."""
    console, by = console_of(request), account_of(request).actor

    def act() -> None:
        reason = needed(form, "reason", _("取消原因"))
        console.office.cancel_consultation(identifier, reason=reason, by=by, now=console.settings.now())

    return _attempt(request, identifier, act, "cancelled", form)


# --- inside -----------------------------------------------------------------------------------------------------------


def _attempt(request: Request, identifier: str, act: Any, done: str, form: FormData | None = None) -> Response:
    _load(request, identifier)
    return attempt(
        act,
        show=lambda alert, status: _show(request, identifier, alert=alert, status=status, form=form),
        then=f"{link('consultations', identifier)}?done={done}",
    )


def _pack(console: Any, digest: str) -> Any:
    """The evidence pack of a consultation; None for one from before there were any."""
    found = console.office.record.exhibit(digest) if digest else None
    return None if found is None else json.loads(found[1])


def _pictured(pack: Any, outlook: Outlook, edition: AqiEdition) -> dict[str, Any]:
    """The pack with its pictures; packs from before there were any show words only."""
    found = pack or {}
    return {
        "pack": pack,
        "weather_chart": charts_weather.weather(found.get("weather_days", ())),
        "analogue_chart": charts_weather.analogues(found.get("analogues", {}).get("days", ()), outlook, edition),
    }


def _load(request: Request, identifier: str) -> tuple[Consultation, Outlook]:
    record = console_of(request).office.record
    state = record.state("consultation", identifier)
    if not isinstance(state, Consultation):
        raise missing(_("会商"))
    exhibit = record.exhibit(state.outlook_digest)
    if exhibit is None:
        raise missing(_("展望"))
    return state, Outlook.from_json(exhibit[1].decode())


def _values(given: Sequence[object], outlook: Outlook) -> list[int]:
    if len(given) != len(outlook.days):
        raise BadForm(_("请为%(days)s天各填一个AQI签发值。", days=len(outlook.days)))
    return [
        whole(value, _("%(day)s的AQI", day=words.date_word(day.valid_date)), low=0, high=500)
        for value, day in zip(given, outlook.days, strict=True)
    ]


def _judged(request: Request, outlook: Outlook, given: Sequence[object]) -> dict[str, Any]:
    """The assessment of the given values, of the medians when none are given, or the fault of what was given."""
    console = console_of(request)
    now = console.settings.now()
    try:
        values = _values(given, outlook) if given else [day.median for day in outlook.days]
    except BadForm as fault:
        return {"assessment": None, "fault": str(fault)}
    return {"assessment": judge(console, outlook, values, now), "fault": ""}


def _show(
    request: Request, identifier: str, *, alert: str = "", status: int = 200, form: FormData | None = None
) -> Response:
    console = console_of(request)
    settings, now = console.settings, console.settings.now()
    state, outlook = _load(request, identifier)
    history = console.office.record.history("consultation", identifier)
    posted = [str(value) for value in form.getlist("aqi")] if form is not None else []
    given = posted or request.query_params.getlist("aqi")
    medians = [str(day.median) for day in outlook.days]
    in_force = bool(state.signed_aqi)
    role = account_of(request).role.key
    edition = settings.rules(outlook.days[0].valid_date).book.aqi(outlook.aqi_edition)
    signed = dict(zip((day.valid_date for day in outlook.days), state.signed_aqi, strict=False))
    return page(
        request,
        "consultation.html",
        status=status,
        alert=alert,
        now=now,
        state=state,
        history=history,
        outlook=outlook,
        days=day_rows(settings, outlook),
        fan=charts.fan(outlook, edition, observed=console.air.at(now).days, signed=signed),
        given=given if len(given) == len(medians) else medians,
        reason=text(form, "reason") if form is not None else "",
        view=text(form, "view") if form is not None else "",
        mine=role,
        may_speak=role in state.required and state.state.key == "convened",
        **_pictured(_pack(console, state.pack), outlook, edition),
        drafted=any(row["body"]["draft"]["consultation"] == identifier for row in console.office.record.now("warning")),
        **_judged(request, outlook, list(state.signed_aqi) if in_force else given),
    )
