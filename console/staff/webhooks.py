"""Other systems that are told of the record 回调: where each stands, what became of the last tries, the failing first.

Registering one stays with the command line, where its secret is shown once. The console sends nothing itself: it asks,
and the schedule of deliveries sends within the minute.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from console import plain
from console.language import N_, _
from console.page import account_of, console_of, missing, page
from console.words import LIVES
from emergency.webhooks import FIVE_DAYS, Hook, Hooks, Note
from plans.errors import DataError

router = APIRouter(prefix="/webhooks")
KINDS = {
    "told": N_("已通知"), "failed": N_("未送达"), "asked": N_("安排试发"), "ping": N_("试发"), "paused": N_("暂停"),
    "resumed": N_("恢复"),
}  # fmt: skip
STATES = {"failing": N_("未送达，正在重试"), "paused": N_("已暂停"), "well": N_("正常"), "closed": N_("已停用")}
"""In the order in which they stand on the page."""


@dataclass(frozen=True, slots=True)
class Row:
    """One hook as it is shown."""

    hook: Hook
    state: str
    address: str
    """Without its query, which may hold a key."""
    behind: int
    """Entries of the log after the last one it was told of, whether it asks for them or not."""
    closes_at: datetime | None
    """When it is closed if it goes on failing."""
    notes: tuple[Note, ...]


@router.get("")
def webhooks(request: Request) -> Response:
    """Every hook with its state and its last tries."""
    record = console_of(request).office.record
    hooks, head = Hooks(record), record.head()[0]
    paused = hooks.paused()
    rows = [_row(one, hooks, head=head, paused=one.identifier in paused) for one in hooks.all()]
    order = list(STATES)
    return page(
        request, "webhooks.html", rows=sorted(rows, key=lambda row: (order.index(row.state), row.hook.title)),
        kinds=KINDS, states=STATES, lives=LIVES, said=plain.said_of,
    )  # fmt: skip


@router.post("/{identifier}/ping")
def ping(request: Request, identifier: str) -> Response:
    """Have a test message sent."""
    return _act(request, lambda hooks, by, now: hooks.ask(identifier, by=by, now=now), "hook_asked")


@router.post("/{identifier}/pause")
def pause(request: Request, identifier: str) -> Response:
    """Tell it nothing for a while."""
    return _act(request, lambda hooks, by, now: hooks.pause(identifier, by=by, now=now), "hook_paused")


@router.post("/{identifier}/resume")
def resume(request: Request, identifier: str) -> Response:
    """Tell it again."""
    return _act(request, lambda hooks, by, now: hooks.resume(identifier, by=by, now=now), "hook_resumed")


def _act(request: Request, act: Callable[[Hooks, str, datetime], None], done: str) -> Response:
    console = console_of(request)
    try:
        act(Hooks(console.office.record), account_of(request).identifier, console.settings.now())
    except DataError:
        raise missing(_("回调")) from None
    return RedirectResponse(f"/webhooks?done={done}", status_code=303)


def _row(hook: Hook, hooks: Hooks, *, head: int, paused: bool) -> Row:
    state = "closed" if not hook.active else "paused" if paused else "failing" if hook.failures else "well"
    parts = urlsplit(hook.address)
    return Row(
        hook,
        state,
        f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}{parts.path}"
        + ("?…" if parts.query else ""),
        behind=max(0, head - hook.after) if hook.active else 0,
        closes_at=_since(hook) + FIVE_DAYS if state == "failing" and hook.failing_since else None,
        notes=hooks.notes(hook.identifier),
    )


def _since(hook: Hook) -> datetime:
    return datetime.fromisoformat(hook.failing_since)
