"""The way in by a signed link and a code: for plants that have no password at hand when an order comes.

Wrong, ended and unknown links answer the same. Guessing is braked per link, per address and per pair of both, as at
the log-in. Who comes in has the session of the plant's own account: the orders of another plant do not exist for it.
"""

from __future__ import annotations

import secrets

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from console.language import _
from console.links import PATH, STANDS, Links
from console.login import HALF, NEXT, VISIT, code_form
from console.page import BadForm, Console, Form, account_of, console_of, missing, page, set_cookie, set_session, text
from emergency.second_factor import Factors
from plans.errors import DataError

router = APIRouter()


def links_of(console: Console) -> Links:
    """The links of this office."""
    settings = console.settings
    return Links(settings.secret_key, settings.directory, clock=console.sessions.clock)


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
    console.attempts.succeeded(brake, address)
    account = found[1]
    if Factors(console.office.record).active(account.identifier):
        set_cookie(request, HALF, console.sessions.half(account))
        set_cookie(request, NEXT, "%2Fmy")
        return code_form(request)
    set_session(request, console.sessions.begin(account))
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
    return page(
        request, "link_made.html", plant=plant.name if plant else identifier, code=code, by=account_of(request).title,
        address=f"{str(request.base_url).rstrip('/')}{PATH}{token}", hours=int(STANDS.total_seconds() // 3600),
    )  # fmt: skip


def _form(request: Request, name: str, *, alert: str = "", status: int = 200) -> Response:
    visit = request.cookies.get(VISIT) or secrets.token_urlsafe(18)
    set_cookie(request, VISIT, visit)
    token = console_of(request).sessions.token(f"login:{visit}")
    return page(request, "link.html", status=status, alert=alert, visit_token=token, link=name[:400])
