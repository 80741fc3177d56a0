"""Who may call what: one table for every route of the API, read before anything is done. Default deny."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from console import access
from console.api.problem import Fault
from console.page import Console
from emergency.access_tokens import ACT, READ, SIGN, Token, Tokens
from emergency.directory import Account
from emergency.vocabulary import Role

BEARER = HTTPBearer(auto_error=False, description="控制台“账号”页发放的令牌")


@dataclass(frozen=True, slots=True)
class Need:
    """What a route asks for: a scope of the token and a role of the account behind it."""

    scope: str
    roles: frozenset[Role]


READS = {
    "/needs": "/desk", "/alerts": "/watch", "/standing": "/standing", "/rules": "/rules",
    "/rules/{identifier}": "/rules/{name}", "/duty": "/duty", "/calls": "/duty/calls",
    "/handovers": "/duty/handover", "/responses": "/orders", "/compliance": "/inspections",
    "/circular": "/problems/circular", "/debrief": "/debrief", "/webhooks": "/webhooks", "/map": "/map",
    "/record/check": "/record", "/exhibits/{digest}": "/exhibits/{digest}", "/links": "/links",
    "/editions": "/list", "/plants": "/list", "/plants/{identifier}": "/list/plants/{identifier}",
    "/plants/{identifier}/document": "/list/plants/{identifier}/document",
    "/orders/{identifier}/document": "/orders/{identifier}/document", "/lists/export": "/list/export",
    "/lists/{digest}": "/list/import/{digest}", "/what-if": "/list/what-if", "/watering": "/list/watering",
    "/my": "/my", "/my/{identifier}": "/my/{identifier}",
    "/my/{identifier}/document": "/my/{identifier}/document",
}  # fmt: skip
"""What may be read, by the page that shows it."""
ACTS = {
    "/warnings": "/warnings/draft", "/warnings/{identifier}/redraft": "/warnings/{identifier}/redraft",
    "/duty/control": "/duty/control", "/duty/at-once": "/duty/at-once", "/duty/superior": "/duty/superior",
    "/duty/roster": "/duty/roster", "/duty/roster/{number}/withdraw": "/duty/roster/withdraw",
    "/calls/{identifier}/take": "/duty/calls/{identifier}/take",
    "/calls/{identifier}/jump": "/duty/calls/{identifier}/jump",
    "/handovers": "/duty/handover", "/handovers/{identifier}/take": "/duty/handover/{identifier}/take",
    "/alerts/acknowledge": "/watch/acknowledge", "/orders/chase": "/orders/chase",
    "/orders/{identifier}/visits": "/inspections/{identifier}",
    "/lists": "/list/import", "/lists/{digest}/mapping": "/list/import/{digest}",
    "/lists/{digest}/store": "/list/import/{digest}/store",
    "/links/{identifier}/revoke": "/links/{identifier}/revoke", "/map": "/map",
    "/webhooks/{identifier}/ping": "/webhooks/{identifier}/ping",
    "/webhooks/{identifier}/pause": "/webhooks/{identifier}/pause",
    "/webhooks/{identifier}/resume": "/webhooks/{identifier}/resume",
    "/my/{identifier}/acknowledge": "/my/{identifier}/acknowledge",
    "/my/{identifier}/execute": "/my/{identifier}/execute",
    "/my/{identifier}/measures": "/my/{identifier}/measure",
    "/my/{identifier}/questions": "/my/{identifier}/ask",
    "/my/{identifier}/exemption": "/my/{identifier}/exemption",
    "/my/{identifier}/ledger": "/my/{identifier}/ledger", "/my/{identifier}/gate": "/my/{identifier}/gate",
}  # fmt: skip
"""What may be done, by the address to which the page sends its form."""
SIGNED = {
    "/responses/{identifier}/pause": "/duty/pause",
    "/responses/{identifier}/resume": "/duty/resume",
    "/editions/{identifier}/adopt": "/list/editions/{identifier}/adopt",
}
"""The same for what a person decides under their name."""


def _as(scope: str, method: str, page: str) -> Need:
    """What the page asks of a person, asked of a token's account."""
    roles = access.ACCESS[method, page]
    assert roles is not None
    return Need(scope, roles)


NEEDS: dict[tuple[str, str], Need] = {
    **{("GET", path): _as(READ, "GET", page) for path, page in READS.items()},
    **{("POST", path): _as(ACT, "POST", page) for path, page in ACTS.items()},
    **{("POST", path): _as(SIGN, "POST", page) for path, page in SIGNED.items()},
    ("POST", "/warnings/preview"): _as(READ, "POST", "/warnings/preview"),
    ("GET", "/status"): Need(READ, access.STAFF),
    ("GET", "/air"): Need(READ, access.STAFF),
    ("GET", "/outlook"): Need(READ, access.STAFF),
    ("GET", "/consultations"): Need(READ, access.STAFF),
    ("GET", "/warnings"): Need(READ, access.STAFF),
    ("GET", "/orders"): Need(READ, access.STAFF),
    ("GET", "/problems"): Need(READ, access.STAFF),
    ("GET", "/{life}/{identifier}"): Need(READ, access.STAFF),
    ("GET", "/record"): Need(READ, access.STAFF),
    ("POST", "/consultations/{identifier}/convene"): Need(ACT, access.OFFICE),
    ("POST", "/consultations/{identifier}/opinion"): Need(ACT, access.SPEAKERS),
    ("POST", "/consultations/{identifier}/absence"): Need(ACT, access.OFFICE),
    ("POST", "/consultations/{identifier}/cancel"): Need(ACT, access.OFFICE),
    ("POST", "/consultations/{identifier}/conclude"): Need(SIGN, access.DIRECTOR),
    ("POST", "/warnings/{identifier}/approve"): Need(SIGN, access.STAFF),
    ("POST", "/warnings/{identifier}/return"): Need(ACT, access.STAFF),
    ("POST", "/warnings/{identifier}/withdraw"): Need(ACT, access.OFFICE),
    ("POST", "/warnings/{identifier}/issue"): Need(SIGN, access.OFFICE),
    ("POST", "/warnings/{identifier}/ask-lift"): Need(ACT, access.OFFICE),
    ("POST", "/warnings/{identifier}/sign-lift"): Need(SIGN, access.STAFF),
    ("POST", "/warnings/{identifier}/lift"): Need(SIGN, access.OFFICE),
    ("POST", "/orders/{identifier}/exempt"): Need(SIGN, access.DIRECTOR),
    ("POST", "/orders/{identifier}/refuse-exemption"): Need(ACT, access.OFFICE),
    ("POST", "/orders/{identifier}/answer"): Need(ACT, access.OFFICE),
    ("POST", "/orders/{identifier}/acknowledge"): Need(ACT, access.OFFICE),
    ("POST", "/orders/{identifier}/chase"): Need(ACT, access.OFFICE),
    ("POST", "/problems/{identifier}/assign"): Need(ACT, access.OFFICE),
    ("POST", "/problems/{identifier}/rectify"): Need(ACT, frozenset({Role.TERRITORY, Role.DUTY_OFFICER})),
    ("POST", "/problems/{identifier}/look-back"): Need(ACT, access.INSPECTORS),
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, once the door has let them in."""

    token: Token
    account: Account


def console_of(request: Request) -> Console:
    """The console that serves this request."""
    found = request.app.state.console
    assert isinstance(found, Console)
    return found


def enter(request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)]) -> Caller:
    """The caller; Fault 401 without a token that stands, 403 where scope or role do not reach."""
    console = console_of(request)
    record, now = console.office.record, console.settings.now()
    token = Tokens(record).check(given.credentials, now=now) if given else None
    account = console.settings.directory.account(token.account) if token else None
    if token is None or account is None or not account.active:
        raise Fault(401, "请在 Authorization 中给出有效的令牌。", headers={"www-authenticate": "Bearer"})
    route = getattr(request.scope.get("route"), "path", "")
    need = NEEDS.get((request.method, route))
    if need is None:
        raise Fault(403, "这个地址没有开放。")
    if need.scope not in token.scopes:
        raise Fault(403, f"令牌没有“{need.scope}”权限。", kind="urn:lantian:scope")
    if account.role not in need.roles:
        raise Fault(403, f"{account.role.chinese}不能使用这个地址。", kind="urn:lantian:role")
    return Caller(token, account)


CallerOf = Annotated[Caller, Depends(enter)]
