"""Inspections 现场检查: what was cut against what was promised, where to look first and why, and the visit's form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from console.needs import link
from console.page import BadForm, Form, account_of, attempt, console_of, missing, needed, page, picture, text
from emergency.compliance_evidence import SEEN, measure_finding_of
from emergency.compliance_tally import Inspection, Tally, inspections, tally
from emergency.office_list import edition_in_use, list_of, places_of
from emergency.order import Order
from emergency.record import Record
from plans.measure import POLLUTANT_NAMES
from plans.places import route

router = APIRouter(prefix="/inspections")
OPEN = ("issued", "delivered", "acknowledged", "executing")
MOST = 20


@dataclass(frozen=True, slots=True)
class Standing:
    """What the running orders come to now."""

    tallies: Mapping[str, Tally]
    ranked: tuple[Inspection, ...]
    streams: Mapping[str, str]
    """Plant to its running order."""
    names: Mapping[str, str]
    judged: int
    running: int
    contradictions: tuple[tuple[str, str], ...]
    """(plant, sentence), every contradiction between witnesses."""


def standing_of(record: Record, *, response: str, most: int = MOST) -> Standing:
    """The tally, the ranking and the contradictions of a response, from the last finding of each running order."""
    rows = [
        row for row in record.now("order", parent=response, states=OPEN)
        if row["body"].get("audience", "enterprise") == "enterprise"
    ]  # fmt: skip
    kept = edition_in_use(record)
    districts = {one.identifier: one.district for one in list_of(record, kept).enterprises} if kept else {}
    pairs, plants, streams, names, told = [], [], {}, {}, []
    judged = 0
    for row in rows:
        body = row["body"]
        last = body["findings"][-1] if body["findings"] else None
        found = tuple(measure_finding_of(one) for one in last.get("measures", ())) if last else ()
        judged += last is not None
        pairs.append((body["measures"], found))
        plants.append((row["enterprise"], districts.get(row["enterprise"], ""), body["measures"], found))
        streams[row["enterprise"]] = row["stream"]
        names[row["enterprise"]] = body["enterprise_name"]
        told += [(row["enterprise"], text) for one in found for text in one.contradictions]
    return Standing(
        tally(pairs), inspections(plants, most=most), streams, names, judged, len(rows), tuple(told)
    )  # fmt: skip


@router.get("")
def ranking(request: Request) -> Response:
    """Achieved against promised, and the ranked list with reasons and a route."""
    console = console_of(request)
    record = console.office.record
    responses = record.now("activation")[::-1]
    chosen = request.query_params.get("response") or (responses[0]["stream"] if responses else "")
    standing = standing_of(record, response=chosen)
    kept = edition_in_use(record)
    places = places_of(record, kept) if kept else {}
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
    console, by = console_of(request), account_of(request).actor
    order = _order(request, identifier)

    def act() -> None:
        unit, seen = text(form, "unit", most=40), text(form, "seen", most=10)
        if unit and unit not in {str(one.get("unit", "")) for one in order.measures}:
            raise BadForm("请从指令列出的单元中选择，或选全厂。")
        if seen not in SEEN:
            raise BadForm("请选择现场所见。")
        console.office.file_inspection(
            identifier, unit=unit, seen=seen, note=needed(form, "note", "现场情况"),
            place=text(form, "place", most=80), unannounced=text(form, "unannounced", most=3) == "yes",
            photo=picture(form, "photo"), by=by, now=console.settings.now(),
        )  # fmt: skip

    return attempt(
        act,
        show=lambda alert, status: _show(request, identifier, alert=alert, status=status),
        then=f"{link('orders', identifier)}?done=inspected",
    )


def _order(request: Request, identifier: str) -> Order:
    state = console_of(request).office.record.state("order", identifier)
    if not isinstance(state, Order) or state.audience != "enterprise":
        raise missing("指令")
    return state


def _show(request: Request, identifier: str, *, alert: str = "", status: int = 200) -> Response:
    state: Any = _order(request, identifier)
    return page(request, "inspection.html", status=status, alert=alert, state=state, seen=SEEN)
