"""The recipient's own pages, phone first: what to do, where, from when; sign for it; show that it is done; ask.

Every read goes through the recipient's own identifier. An order of another plant does not exist here (404). Each form
may have been filled without network: then it brings its age, and counts from when it was filled.
"""

from __future__ import annotations

from collections.abc import Callable
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
    whole,
)
from console.staff.order import order_document
from emergency.directory import Account
from emergency.lifecycle import Actor
from emergency.office import Office
from emergency.order import Order, OrderState
from emergency.order_questions import KINDS
from emergency.record import Entry

router = APIRouter(prefix="/my")


@router.get("")
def my(request: Request) -> Response:
    """The recipient's orders, open ones first."""
    rows = own_orders(console_of(request), account_of(request))
    still_open = [state for state in rows if state.state in _OPEN]
    return page(request, "my.html", still_open=still_open, past=[s for s in rows if s.state not in _OPEN])


@router.get("/{identifier}")
def order(request: Request, identifier: str) -> Response:
    """One order of this recipient."""
    return _show(request, identifier)


@router.get("/{identifier}/document")
def document(request: Request, identifier: str) -> Response:
    """The same as a document, to be signed on paper."""
    return order_document(request, _mine(request, identifier))


@router.post("/{identifier}/acknowledge")
def acknowledge(request: Request, identifier: str, form: Form) -> Response:
    """Sign for the order."""
    console, account, now = console_of(request), account_of(request), console_of(request).settings.now()
    return _attempt(
        request, identifier, "acknowledged",
        lambda: console.office.acknowledge_order(
            identifier, signer=needed(form, "signer", _('签收人'), most=40), by=account.actor, now=now,
            filled_at=filled_at(form, now),
        ),
    )  # fmt: skip


@router.post("/{identifier}/execute")
def execute(request: Request, identifier: str, form: Form) -> Response:
    """Report the measures in place."""
    console, account, now = console_of(request), account_of(request), console_of(request).settings.now()
    return _attempt(
        request, identifier, "executed",
        lambda: console.office.report_execution(
            identifier, report=needed(form, "report", _('执行情况')), by=account.actor, now=now,
            filled_at=filled_at(form, now),
        ),
    )  # fmt: skip


@router.post("/{identifier}/measure")
def measure(request: Request, identifier: str, form: Form) -> Response:
    """One measure began or ended, with reading and photograph."""
    console, account, now = console_of(request), account_of(request), console_of(request).settings.now()
    return _attempt(
        request, identifier, "measure",
        lambda: measure_from(console.office, identifier, form, by=account.actor, now=now),
    )  # fmt: skip


def measure_from(office: Office, identifier: str, form: FormData, *, by: Actor, now: datetime) -> Order:
    """The order after a measure that began or ended."""
    return office.report_measure(
        identifier, unit=text(form, "unit", most=40), step=text(form, "step", most=10),
        reading=text(form, "reading", most=40), note=text(form, "note", most=200), photo=picture(form, "photo"),
        by=by, now=now, filled_at=filled_at(form, now),
    )  # fmt: skip


@router.post("/{identifier}/ask")
def ask(request: Request, identifier: str, form: Form) -> Response:
    """A question or an appeal."""
    console, account = console_of(request), account_of(request)

    def act() -> None:
        kind = text(form, "kind", most=20)
        if kind not in KINDS:
            raise BadForm(_("请选择提问或申诉。"))
        words = needed(form, "text", _("内容"), most=500)
        console.office.ask(identifier, kind=kind, text=words, by=account.actor, now=console.settings.now())

    return _attempt(request, identifier, "asked", act)


@router.post("/{identifier}/exemption")
def exemption(request: Request, identifier: str, form: Form) -> Response:
    """A request to be exempted."""
    console, account = console_of(request), account_of(request)
    return _attempt(
        request, identifier, "exemption",
        lambda: console.office.request_exemption(
            identifier, reason=needed(form, "reason", _('理由'), most=500), by=account.actor, now=console.settings.now()
        ),
    )  # fmt: skip


@router.post("/{identifier}/ledger")
def ledger(request: Request, identifier: str, form: Form) -> Response:
    """A line of the production ledger, with a picture of the page."""
    console, account, now = console_of(request), account_of(request), console_of(request).settings.now()
    return _attempt(
        request, identifier, "ledger",
        lambda: ledger_from(console.office, own_order(console, account, identifier), form, by=account.actor, now=now),
    )  # fmt: skip


def ledger_from(office: Office, state: Order, form: FormData, *, by: Actor, now: datetime) -> Order:
    """The order after a line of the ledger; BadForm for a unit it does not name and for no amount."""
    unit, day = text(form, "unit", most=40), needed(form, "day", _("日期"), most=10)
    if unit not in {str(one.get("unit", "")) for one in state.measures}:
        raise BadForm(_("请从指令列出的单元中选择。"))
    raw = needed(form, "output", _("产量"), most=12)
    try:
        output = float(raw)
    except ValueError:
        output = -1.0
    if not 0 <= output < 1e7:
        raise BadForm(_("产量应为0以上的数（吨），现为“%(raw)s”。", raw=raw))
    return office.file_ledger(
        state.identifier, unit=unit, day=day, output=output, photo=picture(form, "photo"), by=by, now=now
    )


@router.post("/{identifier}/gate")
def gate(request: Request, identifier: str, form: Form) -> Response:
    """A count of the gate."""
    console, account = console_of(request), account_of(request)

    def act() -> None:
        vehicles = whole(text(form, "vehicles", most=9), _("货车辆次"), low=0, high=100_000)
        banned = whole(text(form, "banned", most=9), _("禁行车辆辆次"), low=0, high=vehicles)
        console.office.file_gate_count(
            identifier, vehicles=vehicles, banned=banned, by=account.actor, now=console.settings.now()
        )

    return _attempt(request, identifier, "gate", act)


_OPEN = (OrderState.ISSUED, OrderState.DELIVERED, OrderState.ACKNOWLEDGED, OrderState.EXECUTING)


def own_order(console: Console, account: Account, identifier: str) -> Order:
    """The order when it is this recipient's; otherwise 404, as if it did not exist."""
    state = console.office.record.state("order", identifier)
    if not isinstance(state, Order) or state.enterprise != account.enterprise:
        raise missing(_("指令"))
    return state


def own_orders(console: Console, account: Account) -> list[Order]:
    """The orders of this recipient, the newest first."""
    rows = console.office.record.now("order", enterprise=account.enterprise or "")
    return [own_order(console, account, row["stream"]) for row in rows][::-1]


def _mine(request: Request, identifier: str) -> Order:
    return own_order(console_of(request), account_of(request), identifier)


def shown_history(console: Console, identifier: str) -> list[Entry]:
    """What became of an order as its recipient may see it: not what others found out about it."""
    hidden = ("finding_recorded", "delivery_failed")
    return [
        entry
        for entry in console.office.record.history("order", identifier)
        if entry.event.kind not in hidden
        and not (entry.event.kind == "evidence_filed" and entry.event.data.get("type") in ("electricity", "inspection"))
    ]


def _attempt(request: Request, identifier: str, done: str, act: Callable[[], Any]) -> Response:
    _mine(request, identifier)
    return attempt(
        act,
        show=lambda alert, status: _show(request, identifier, alert=alert, status=status),
        then=f"{link('my', identifier)}?done={done}",
    )


def _show(request: Request, identifier: str, *, alert: str = "", status: int = 200) -> Response:
    console, state = console_of(request), _mine(request, identifier)
    history = shown_history(console, identifier)
    starts_at = state.execute_by - console.office.desk.execute_within
    steps: dict[str, dict[str, Any]] = {}
    for item in state.evidence:
        if item.get("type") == "measure":
            steps.setdefault(str(item["unit"]), {})[str(item["step"])] = item
    return page(
        request, "my_order.html", status=status, alert=alert, state=state, history=history, starts_at=starts_at,
        steps=steps, kinds=KINDS,
        department=state.audience == "department",
    )  # fmt: skip
