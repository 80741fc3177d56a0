"""Inspections 现场检查: what was cut against what was promised, where to look first and why, and the visit's form."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
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
    filled_at,
    missing,
    needed,
    page,
    picture,
    text,
)
from emergency.compliance_evidence import SEEN
from emergency.lifecycle import Actor
from emergency.office import Office
from emergency.order import Order
from plans.measure import POLLUTANT_NAMES
from plans.places import route

router = APIRouter(prefix="/inspections")


@router.get("")
def ranking(request: Request) -> Response:
    """Achieved against promised, and the ranked list with reasons and a route."""
    console = console_of(request)
    record = console.office.record
    responses = record.now("activation")[::-1]
    chosen = request.query_params.get("response") or (responses[0]["stream"] if responses else "")
    standing = console.compliance.of(chosen)
    places = console.settings.lists.places() if console.settings.lists is not None else {}
    tour, length = route([one.enterprise for one in standing.ranked], places)
    stops = {name: number for number, name in enumerate(tour, start=1)}
    base = console.settings.base_daily()
    return page(
        request, "inspections.html", standing=standing, responses=responses, chosen=chosen, stops=stops,
        length=length, pollutants=POLLUTANT_NAMES,
        shares={key: one.achieved / (float(base[key]) * 1000) for key, one in standing.tallies.items() if key in base},
    )  # fmt: skip


@router.get("/{identifier}")
def form_of(request: Request, identifier: str) -> Response:
    """The form of a visit, for the phone."""
    return _show(request, identifier)


@router.post("/{identifier}")
def inspect(request: Request, identifier: str, form: Form) -> Response:
    """Put a visit on record, and with it the finding that follows."""
    console, by, now = console_of(request), account_of(request).actor, console_of(request).settings.now()
    order = order_of(console, identifier)
    return attempt(
        lambda: visit_from(console.office, order, form, by=by, now=now),
        show=lambda alert, status: _show(request, identifier, alert=alert, status=status),
        then=f"{link('orders', identifier)}?done=inspected",
    )


def visit_from(office: Office, order: Order, form: FormData, *, by: Actor, now: datetime) -> Order:
    """The order after the visit that the form tells of; BadForm for a unit it does not name."""
    unit, seen = text(form, "unit", most=40), text(form, "seen", most=10)
    if unit and unit not in {str(one.get("unit", "")) for one in order.measures}:
        raise BadForm(_("请从指令列出的单元中选择，或选全厂。"))
    if seen not in SEEN:
        raise BadForm(_("请选择现场所见。"))
    return office.file_inspection(
        order.identifier, unit=unit, seen=seen, note=needed(form, "note", _('现场情况')),
        place=text(form, "place", most=80), unannounced=text(form, "unannounced", most=3) == "yes",
        photo=picture(form, "photo"), by=by, now=now, filled_at=filled_at(form, now),
    )  # fmt: skip


def order_of(console: Console, identifier: str) -> Order:
    """A plant's order; 404 where there is none."""
    state = console.office.record.state("order", identifier)
    if not isinstance(state, Order) or state.audience != "enterprise":
        raise missing(_("指令"))
    return state


def _show(request: Request, identifier: str, *, alert: str = "", status: int = 200) -> Response:
    state: Any = order_of(console_of(request), identifier)
    return page(request, "inspection.html", status=status, alert=alert, state=state, seen=SEEN)
