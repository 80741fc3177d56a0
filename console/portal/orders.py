"""The enterprise's own pages, phone first: what to do, where, from when; sign for it; say that it is done.

Every read goes through the plant's own identifier. An order of another plant does not exist here (404).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from console.needs import link
from console.page import Form, account_of, attempt, console_of, missing, needed, page
from emergency.order import Order, OrderState

router = APIRouter(prefix="/my")


@router.get("")
def my(request: Request) -> Response:
    """The plant's orders, open ones first."""
    console, enterprise = console_of(request), account_of(request).enterprise
    rows = [_mine(request, row["stream"]) for row in console.office.record.now("order", enterprise=enterprise or "")]
    still_open = [state for state in rows if state.state in _OPEN]
    return page(request, "my.html", still_open=still_open[::-1], past=[s for s in rows[::-1] if s.state not in _OPEN])


@router.get("/{identifier}")
def order(request: Request, identifier: str) -> Response:
    """One order of this plant."""
    return _show(request, identifier)


@router.post("/{identifier}/acknowledge")
def acknowledge(request: Request, identifier: str, form: Form) -> Response:
    """Sign for the order."""
    console, account = console_of(request), account_of(request)
    return _attempt(
        request, identifier, "acknowledged",
        lambda: console.office.acknowledge_order(
            identifier, signer=needed(form, "signer", "签收人职务", most=40), by=account.actor,
            now=console.settings.now(),
        ),
    )  # fmt: skip


@router.post("/{identifier}/execute")
def execute(request: Request, identifier: str, form: Form) -> Response:
    """Report the measures in place."""
    console, account = console_of(request), account_of(request)
    return _attempt(
        request, identifier, "executed",
        lambda: console.office.report_execution(
            identifier, report=needed(form, "report", "执行情况"), by=account.actor, now=console.settings.now()
        ),
    )  # fmt: skip


_OPEN = (OrderState.ISSUED, OrderState.DELIVERED, OrderState.ACKNOWLEDGED, OrderState.EXECUTING)


def _mine(request: Request, identifier: str) -> Order:
    """The order when it is this plant's; otherwise 404, as if it did not exist."""
    state = console_of(request).office.record.state("order", identifier)
    if not isinstance(state, Order) or state.enterprise != account_of(request).enterprise:
        raise missing("指令")
    return state


def _attempt(request: Request, identifier: str, done: str, act: Callable[[], Any]) -> Response:
    _mine(request, identifier)
    return attempt(
        act,
        show=lambda alert, status: _show(request, identifier, alert=alert, status=status),
        then=f"{link('my', identifier)}?done={done}",
    )


def _show(request: Request, identifier: str, *, alert: str = "", status: int = 200) -> Response:
    console, state = console_of(request), _mine(request, identifier)
    shown = ("issued", "delivered", "acknowledged", "execution_reported", "chased", "superseded", "released",
             "exempted", "closed")  # fmt: skip
    history = [e for e in console.office.record.history("order", identifier) if e.event.kind in shown]
    starts_at = state.execute_by - console.office.desk.execute_within
    return page(request, "my_order.html", status=status, alert=alert, state=state, history=history, starts_at=starts_at)
