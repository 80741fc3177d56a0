"""Orders 减排指令: the table with its filters, and one order with measures, receipts, readings and findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from console import charts_reach, order_evidence, words
from console.language import _
from console.needs import link
from console.page import BadForm, Console, Form, account_of, attempt, console_of, missing, needed, page, text, whole
from console.staff.order_views import columns_of, reach_of
from emergency import compliance, documents_docx, documents_pdf, order_paper
from emergency.compliance_power import Decision
from emergency.lifecycle import Actor
from emergency.office_notice import publisher
from emergency.order import Order
from emergency.order_questions import KINDS
from emergency.record_orders import Filter, order_counts, page_of_orders
from emergency.vocabulary import BEIJING, Level
from plans.measure import POLLUTANT_NAMES
from plans.reductions import Reduction

router = APIRouter(prefix="/orders")
MOST_CHASED = 30_000
"""More than the largest list has."""
PAGE = 100
"""Rows on one page of the table."""


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One order as a row."""

    stream: str
    enterprise: str
    name: str
    level: str
    state: str
    issued_at: str
    respond_by: str
    execute_by: str
    acknowledged_at: str | None
    chases: int
    voluntary: bool
    silent: bool
    late: bool
    finding: str | None


@router.get("")
def orders(request: Request) -> Response:
    """The table: filters in the address, counts over everything that the other filters leave."""
    console = console_of(request)
    record, now = console.office.record, console.settings.now()
    query = request.query_params
    responses = record.now("activation")[::-1]
    chosen = query.get("response") or (responses[0]["stream"] if responses else "")
    everything = "all" in query
    reach = reach_of(console.settings.lists, query)
    wanted = Filter(
        enterprises=reach.chosen,
        parent=chosen,
        state=query.get("state", ""),
        level=query.get("level", ""),
        text=query.get("text", "").strip(),
        silent=bool(query.get("silent")),
        late=bool(query.get("late")),
        superseded=everything,
    )
    asked = query.get("page", "1")[:6]
    number = max(1, int(asked)) if asked.isdecimal() else 1
    found, rows = page_of_orders(record, wanted, now=now, limit=PAGE, offset=(number - 1) * PAGE)
    counts = order_counts(record, parent=chosen, superseded=everything, now=now)
    board = query.get("view") == "board"
    return page(
        request,
        "orders.html",
        now=now,
        responses=responses,
        chosen=chosen,
        counts=counts.states,
        silent=counts.silent,
        late=counts.late,
        total=counts.total,
        found=found,
        rows=[_row(row, now) for row in rows],
        number=number,
        pages=max(1, -(-found // PAGE)),
        query=query,
        reach=reach,
        columns=columns_of(record, wanted, now=now) if board else (),
        **_reach(console, next((row for row in responses if row["stream"] == chosen), None), now),
    )


def _reach(console: Console, response: Mapping[str, Any] | None, now: datetime) -> dict[str, Any]:
    """What the running orders of a response reach against the target of its level; nothing once it is over."""
    lists, found = console.settings.lists, {"reaches": (), "chart": "", "standing": None, "listed": ()}
    if response is None or response["final"] or lists is None or (base := console.settings.base_daily()) == {}:
        return found
    level, standing = Level.of(response["level"]), console.compliance.of(response["stream"])
    listing = lists.listing()
    listed: Sequence[Reduction] = ()
    if level is Level.NONE or not standing.tallies:
        return found
    if listing is not None and listing.digest == response["body"]["list_digest"]:
        today = now.astimezone(BEIJING).date()
        listed = lists.sums(listing, on=today, shut=()).reached.get(level, ())
    percent = lists.plan.response.of(level.word).reduction_percent.value  # type: ignore[arg-type]
    rows = charts_reach.reaches(standing.tallies, base, percent=percent, listed=listed)
    return {
        "reaches": rows, "chart": charts_reach.bars(rows) if rows else "", "standing": standing, "listed": listed,
        "level": level, "parts": charts_reach.PARTS, "share": charts_reach.share, "pollutants": POLLUTANT_NAMES,
    }  # fmt: skip


@router.post("/chase")
def chase_silent(request: Request, form: Form) -> Response:
    """Chase every recipient of a response that is silent past the deadline, in one act."""
    console = console_of(request)
    by, now = account_of(request).actor, console.settings.now()
    chosen = needed(form, "response", _("响应"), most=120)
    return attempt(
        lambda: chase_of(console, chosen, by=by, now=now),
        show=lambda alert, status: page(request, "refused.html", status=status, sentence=alert),
        then="/orders?silent=1&done=chased",
    )


def chase_of(console: Console, response: str, *, by: Actor, now: datetime) -> int:
    """How many silent recipients of a response were chased."""
    record = console.office.record
    _count, rows = page_of_orders(record, Filter(parent=response, silent=True), now=now, limit=MOST_CHASED)
    return console.office.chase_all([str(row["stream"]) for row in rows], by=by, now=now)


@router.get("/{identifier}")
def order(request: Request, identifier: str) -> Response:
    """One order."""
    return _show(request, identifier)


@router.post("/{identifier}/acknowledge")
def acknowledge(request: Request, identifier: str, form: Form) -> Response:
    """The office notes a receipt that came by telephone, on paper or on the spot: who gave it, how, before whom."""
    console, by = console_of(request), account_of(request).actor

    def act() -> None:
        signer = needed(form, "signer", _("签收人职务"), most=40)
        witness = needed(form, "witness", _("见证说明"), most=200)
        via = text(form, "via", most=20) or "phone"
        if via not in words.VIA:
            raise BadForm(_("请选择签收方式。"))
        console.office.acknowledge_order(
            identifier, signer=signer, via=via, witness=witness, by=by, now=console.settings.now()
        )

    return _attempt(request, identifier, act, "acknowledged")


@router.post("/{identifier}/answer")
def answer(request: Request, identifier: str, form: Form) -> Response:
    """Answer a question or an appeal."""
    console, by = console_of(request), account_of(request).actor

    def act() -> None:
        number = whole(text(form, "number", most=4), _("编号"), low=1, high=9999)
        said = needed(form, "text", _("答复"), most=500)
        console.office.answer(identifier, number=number, text=said, by=by, now=console.settings.now())

    return _attempt(request, identifier, act, "answered")


@router.post("/{identifier}/exempt")
def exempt(request: Request, identifier: str, form: Form) -> Response:
    """Grant an exemption; the director's act."""
    console, by = console_of(request), account_of(request).actor

    def act() -> None:
        reason = needed(form, "reason", _("理由"), most=500)
        console.office.exempt_order(identifier, reason=reason, by=by, now=console.settings.now())

    return _attempt(request, identifier, act, "exempted")


@router.post("/{identifier}/refuse-exemption")
def refuse_exemption(request: Request, identifier: str, form: Form) -> Response:
    """Turn a request down."""
    console, by = console_of(request), account_of(request).actor

    def act() -> None:
        reason = needed(form, "reason", _("理由"), most=500)
        console.office.refuse_exemption(identifier, reason=reason, by=by, now=console.settings.now())

    return _attempt(request, identifier, act, "refused")


@router.post("/{identifier}/chase")
def chase(request: Request, identifier: str) -> Response:
    """Chase by hand."""
    console, by = console_of(request), account_of(request).actor
    return _attempt(
        request, identifier, lambda: console.office.chase(identifier, by=by, now=console.settings.now()), "chased"
    )


def _attempt(request: Request, identifier: str, act: Any, done: str) -> Response:
    _load(request, identifier)
    return attempt(
        act,
        show=lambda alert, status: _show(request, identifier, alert=alert, status=status),
        then=f"{link('orders', identifier)}?done={done}",
    )


@router.get("/{identifier}/document")
def document(request: Request, identifier: str) -> Response:
    """The order as a document: pdf, or docx when the query asks for it."""
    return order_document(request, _load(request, identifier))


def order_document(request: Request, state: Order, *, kind: str = "") -> Response:
    """An order as a download, for whoever may see it."""
    desk, drill = console_of(request).office.desk, console_of(request).office.record.drill
    paper = order_paper.paper_of(state, issuer=publisher(desk).name, execute_within=desk.execute_within, drill=drill)
    kind = kind or ("docx" if request.query_params.get("kind") == "docx" else "pdf")
    media = {"docx": documents_docx.MEDIA_TYPE, "pdf": documents_pdf.MEDIA_TYPE}[kind]
    headers = {"content-disposition": f'attachment; filename="order.{kind}"'}
    return Response(order_paper.content_of(paper, kind), media_type=media, headers=headers)


def _load(request: Request, identifier: str) -> Order:
    state = console_of(request).office.record.state("order", identifier)
    if not isinstance(state, Order):
        raise missing(_("指令"))
    return state


def _show(request: Request, identifier: str, *, alert: str = "", status: int = 200) -> Response:
    console, state = console_of(request), _load(request, identifier)
    record = console.office.record
    readings = [item for item in state.evidence if item.get("type") == "electricity"]
    return page(
        request,
        "order.html",
        status=status,
        alert=alert,
        state=state,
        history=[entry for entry in record.history("order", identifier) if entry.event.kind != "evidence_filed"],
        readings=readings[-20:][::-1],
        reading_count=len(readings),
        ordered_cut=compliance.ordered_cut(state.measures),
        problem=record.state("problem", f"problem-{identifier}"),
        shown=[item for item in state.evidence if item.get("type") != "electricity"][::-1],
        names={str(one.get("unit", "")): one.get("target", one.get("unit", "")) for one in state.measures},
        kinds=KINDS,
        via=words.VIA,
        instruments=order_evidence.picture_of(console.settings, state, console.settings.now()),
        decisions={one.key: one.chinese for one in Decision},
    )


def _row(row: Mapping[str, Any], now: datetime) -> OrderRow:
    body = row["body"]
    respond_by = datetime.fromisoformat(body["respond_by"])
    received = datetime.fromisoformat(body["acknowledged_at"]) if body["acknowledged_at"] else None
    return OrderRow(
        stream=row["stream"],
        enterprise=body["enterprise"],
        name=body["enterprise_name"],
        level=body["level"],
        state=row["state"],
        issued_at=body["issued_at"],
        respond_by=body["respond_by"],
        execute_by=body["execute_by"],
        acknowledged_at=body["acknowledged_at"],
        chases=body["chases"],
        voluntary=body["voluntary"],
        silent=row["state"] in ("issued", "delivered") and now > respond_by,
        late=received is not None and received > respond_by,
        finding=body["findings"][-1]["verdict"] if body["findings"] else None,
    )
