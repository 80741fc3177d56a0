"""The way in by a signed link and a code: for plants that have no password at hand when an order comes.

Wrong, ended, revoked and unknown links answer the same. Guessing is braked per link, per address and per pair of both,
as at the log-in. Who comes in has the session of the plant's own account: the orders of another plant do not exist for
it, and it ends when the link is taken back, also where a second factor was given besides or a new password was set
since. What was made and taken back stands in the record.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from functools import partial

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from console.language import _
from console.links import PATH, STANDS, Links, revoked
from console.login import HALF, NEXT, VISIT, code_form
from console.page import (
    BadForm,
    Console,
    Form,
    account_of,
    attempt,
    console_of,
    missing,
    needed,
    page,
    set_cookie,
    set_session,
    text,
)
from emergency.lifecycle import Refused
from emergency.second_factor import Factors
from plans.errors import DataError

router = APIRouter()
SHOWN = 100
"""Links on the page; older ones stand in the record."""


def links_of(console: Console) -> Links:
    """The links of this office."""
    settings = console.settings
    known = partial(revoked, settings.office.record)
    return Links(settings.secret_key, settings.directory, clock=console.sessions.clock, revoked=known)


@router.get("/link/{name}")
def open_link(request: Request, name: str) -> Response:
    """The form that asks for the code."""
    if request.state.account is not None:
        return RedirectResponse("/", status_code=303)
    return _form(request, name)


@router.post("/link/{name}")
def enter(request: Request, name: str, form: Form) -> Response:
    """Let the plant in when link and code are right."""
    console, visit = console_of(request), request.cookies.get(VISIT, "")
    if not visit or not console.sessions.right_token(f"login:{visit}", text(form, "token")):
        return _form(request, name, alert=_("页面已失效，请重新填写。"), status=403)
    links, address = links_of(console), request.client.host if request.client else "?"
    found = links.read(name)
    brake = f"link:{found[0].identifier}" if found else "link"
    wait = console.attempts.wait(brake, address)
    if wait:
        sentence = _("验证码错误次数过多，请%(value)s分钟后再试。", value=-(-wait // 60))
        return _form(request, name, alert=sentence, status=429)
    if found is None or not links.right(name, text(form, "code", most=12)):
        console.attempts.failed(brake, address)
        return _form(request, name, alert=_("链接已失效或验证码不正确。"), status=401)
    link, account = found
    try:
        if console.office.record.state("link", link.identifier) is not None:
            console.office.enter_by_link(link.identifier, by=account.actor, now=console.settings.now())
    except Refused:  # taken back between the two looks
        return _form(request, name, alert=_("链接已失效或验证码不正确。"), status=401)
    console.attempts.succeeded(brake, address)
    if Factors(console.office.record).active(account.identifier):
        set_cookie(request, HALF, console.sessions.half(account, link=link.identifier))
        set_cookie(request, NEXT, "%2Fmy")
        return code_form(request)
    set_session(request, console.sessions.begin(account, link=link.identifier))
    set_cookie(request, VISIT, "")
    return RedirectResponse("/my", status_code=303)


@router.post("/list/plants/{identifier}/link")
def make(request: Request, identifier: str) -> Response:
    """A new link and its code, shown once: the link goes by message, the code by telephone."""
    console = console_of(request)
    lists = console.settings.lists
    listing = lists.listing() if lists is not None else None
    plant = next((one for one in listing.enterprises if one.identifier == identifier), None) if listing else None
    try:
        token, code = links_of(console).make(identifier)
    except DataError:
        if plant is None:
            raise missing(_("企业")) from None
        raise BadForm(_("这家企业没有可用的账号，请先由系统管理员建立账号。")) from None
    found = links_of(console).read(token)
    assert found is not None, "a link that was made just now stands"
    name = plant.name if plant else identifier
    console.office.make_link(
        found[0].identifier, enterprise=identifier, enterprise_name=name, account=found[0].account,
        ends_at=datetime.fromtimestamp(found[0].ends_at, UTC), by=account_of(request).actor, now=console.settings.now(),
    )  # fmt: skip
    return page(
        request, "link_made.html", plant=name, code=code, identifier=found[0].identifier,
        address=f"{str(request.base_url).rstrip('/')}{PATH}{token}", hours=int(STANDS.total_seconds() // 3600),
    )  # fmt: skip


@router.get("/links")
def links(request: Request) -> Response:
    """The links that were made, one's own first, the newest first: what became of each, and how to take one back."""
    return _made(request)


@router.post("/links/{identifier}/revoke")
def revoke(request: Request, identifier: str, form: Form) -> Response:
    """Take one link back; the plant's password and its other links stay as they are."""
    console = console_of(request)
    if console.office.record.state("link", identifier) is None:
        raise missing(_("签收链接"))
    return attempt(
        lambda: console.office.revoke_link(
            identifier, reason=needed(form, "reason", _("撤销原因"), most=200), by=account_of(request).actor,
            now=console.settings.now(),
        ),
        show=lambda alert, status: _made(request, alert=alert, status=status),
        then="/links?done=revoked",
    )  # fmt: skip


def _made(request: Request, *, alert: str = "", status: int = 200) -> Response:
    console, me = console_of(request), account_of(request).identifier
    real_now = datetime.fromtimestamp(console.sessions.clock(), UTC)
    rows = console.office.record.now("link", newest=SHOWN)[::-1]
    parts = [[row for row in rows if (row["body"]["made_by"] == me) is own] for own in (True, False)]
    makers = (console.settings.directory.account(name) for name in {row["body"]["made_by"] for row in rows})
    titles = {one.identifier: one.title for one in makers if one is not None}
    return page(
        request, "links.html", status=status, alert=alert, mine=parts[0], others=parts[1], real_now=real_now,
        titles=titles, shown=SHOWN,
    )  # fmt: skip


def _form(request: Request, name: str, *, alert: str = "", status: int = 200) -> Response:
    visit = request.cookies.get(VISIT) or secrets.token_urlsafe(18)
    set_cookie(request, VISIT, visit)
    token = console_of(request).sessions.token(f"login:{visit}")
    return page(request, "link.html", status=status, alert=alert, visit_token=token, link=name[:400])
