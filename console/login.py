"""The log-in page and log-out."""

from __future__ import annotations

import secrets
from urllib.parse import quote, unquote

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from console.envelope import LANGUAGE_COOKIE, YEAR
from console.language import LANGUAGES, _
from console.page import BadForm, Form, console_of, page, set_cookie, set_session, text
from emergency.directory import Account
from emergency.second_factor import Factors

router = APIRouter()
VISIT, HALF, NEXT = "lantian-visit", "lantian-half", "lantian-next"


@router.get("/login")
def login_page(request: Request) -> Response:
    """The form; whoever is logged in goes on."""
    if request.state.account is not None:
        return RedirectResponse("/", status_code=303)
    return form_page(request)


@router.post("/login")
def log_in(request: Request, form: Form) -> Response:
    """Check the password, with a brake on guessing; the answer never says whether the account exists."""
    console = console_of(request)
    visit = request.cookies.get(VISIT, "")
    if not visit or not console.sessions.right_token(f"login:{visit}", text(form, "token")):
        return form_page(request, alert=_("页面已失效，请重新登录。"), status=403)
    identifier, password = text(form, "account", most=80), str(form.get("password") or "")[:400]
    address = request.client.host if request.client else "?"
    wait = console.attempts.wait(identifier, address)
    if wait:
        sentence = _("登录失败次数过多，请%(value)s分钟后再试。", value=-(-wait // 60))
        return form_page(request, alert=sentence, status=429, given=identifier)
    account = console.settings.directory.check(identifier, password)
    if account is None:
        console.attempts.failed(identifier, address)
        return form_page(request, alert=_("账号或密码不正确。"), status=401, given=identifier)
    console.attempts.succeeded(identifier, address)
    if Factors(console.office.record).active(account.identifier):
        set_cookie(request, HALF, console.sessions.half(account))
        set_cookie(request, NEXT, quote(inside(request.query_params.get("next", "")), safe=""))
        return code_form(request)
    return _enter(request, account, inside(request.query_params.get("next", "")))


@router.post("/login/code")
def code(request: Request, form: Form) -> Response:
    """The second factor: a code that is right, new, and within minutes of the password."""
    console, visit = console_of(request), request.cookies.get(VISIT, "")
    half = console.sessions.read_half(request.cookies.get(HALF))
    if half is None or not visit or not console.sessions.right_token(f"login:{visit}", text(form, "token")):
        return form_page(request, alert=_("页面已失效，请重新登录。"), status=403)
    account, link = half
    address = request.client.host if request.client else "?"
    brake = f"{account.identifier}:code"
    wait = console.attempts.wait(brake, address)
    if wait:
        return code_form(
            request, alert=_("验证码错误次数过多，请%(value)s分钟后再试。", value=-(-wait // 60)), status=429
        )
    given = text(form, "code", most=12)
    if not Factors(console.office.record).check(account.identifier, given, at=console.sessions.clock()):
        console.attempts.failed(brake, address)
        return code_form(request, alert=_("验证码不正确或已用过。"), status=401)
    console.attempts.succeeded(brake, address)
    set_cookie(request, HALF, "")
    return _enter(request, account, inside(unquote(request.cookies.get(NEXT, ""))), link=link)


def _enter(request: Request, account: Account, target: str, *, link: str = "") -> Response:
    set_session(request, console_of(request).sessions.begin(account, link=link))
    set_cookie(request, VISIT, "")
    return RedirectResponse(target, status_code=303)


def code_form(request: Request, *, alert: str = "", status: int = 200, visit: str = "") -> Response:
    """The page that asks for the code; `visit` where its cookie goes out with this very answer."""
    token = console_of(request).sessions.token(f"login:{visit or request.cookies.get(VISIT, '')}")
    return page(request, "login_code.html", status=status, alert=alert, visit_token=token)


@router.post("/language")
def choose_language(request: Request, form: Form) -> Response:
    """Keep the chosen language in a cookie for a year, and go back to the page it was chosen on."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise HTTPException(403, _("请在本系统的页面上选择语言。"))
    chosen = text(form, "language", most=8)
    if chosen not in LANGUAGES:
        raise BadForm(_("请选择一种语言。"))
    set_cookie(request, LANGUAGE_COOKIE, chosen, seconds=YEAR)
    return RedirectResponse(inside(text(form, "back")), status_code=303)


@router.post("/logout")
def log_out(request: Request) -> Response:
    """End the session."""
    console_of(request).sessions.end(request.state.session)
    set_session(request, None)
    return RedirectResponse("/login", status_code=303)


def form_page(request: Request, *, alert: str = "", status: int = 200, given: str = "") -> Response:
    """The log-in page, with what went wrong."""
    visit = request.cookies.get(VISIT) or secrets.token_urlsafe(18)
    set_cookie(request, VISIT, visit)
    token = console_of(request).sessions.token(f"login:{visit}")
    there = console_of(request).oidc
    onward = quote(inside(request.query_params.get("next", "")), safe="")
    return page(
        request, "login.html", status=status, alert=alert, visit_token=token, given=given, onward=onward,
        provider=there.provider.title if there else "",
    )  # fmt: skip


def inside(target: str) -> str:
    """A place of this console to go to; "/" for anything that could lead elsewhere."""
    plain = target.startswith("/") and not target.startswith("//") and "\\" not in target and target.isprintable()
    return target if plain and "\r" not in target and "\n" not in target else "/"
