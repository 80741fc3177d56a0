"""The way to the city's log-in provider and back: one cookie for ten minutes, then a session like any other."""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
from urllib.parse import quote

from fastapi import APIRouter, Request
from itsdangerous import BadSignature, URLSafeSerializer
from starlette.responses import RedirectResponse, Response

from console.language import _
from console.login import HALF, NEXT, VISIT, code_form, form_page, inside
from console.oidc import Failed
from console.page import console_of, missing, page, set_cookie, set_session
from emergency.second_factor import Factors

router = APIRouter()
AWAY = "lantian-oidc"
STANDS = 600
"""Seconds somebody may take at the provider."""
log = logging.getLogger("lantian.console")


@router.get("/login/oidc")
def leave(request: Request, next: str = "") -> Response:  # noqa: A002  the name in the address
    """Send the browser to the provider, and remember what its answer must fit."""
    console = console_of(request)
    if console.oidc is None:
        raise missing(_("登录方式"))
    if request.state.account is not None:
        return RedirectResponse("/", status_code=303)
    try:
        begun = console.oidc.begin()
    except Failed as failed:
        return _refused(request, failed)
    kept = [begun.state, begun.nonce, begun.verifier, int(console.sessions.clock()), inside(next)]
    set_cookie(request, AWAY, str(_signer(request).dumps(kept)), lax=True)
    return RedirectResponse(begun.address, status_code=303)


@router.get("/login/oidc/back")
def back(request: Request) -> Response:
    """Who came back: an account of the directory, or nobody. The cookie is used up whatever the answer."""
    console = console_of(request)
    if console.oidc is None:
        raise missing(_("登录方式"))
    set_cookie(request, AWAY, "", lax=True)
    asked = request.query_params
    kept = _kept(request)
    if kept is None or not hmac.compare_digest(str(kept[0]).encode(), asked.get("state", "").encode()):
        return _again(request, 403, _("登录已失效，请重新开始。"))
    nonce, verifier, target = kept[1], kept[2], kept[4]
    title, code = console.oidc.provider.title, asked.get("code", "")
    if asked.get("error") or not code:
        return form_page(
            request, alert=_("%(title)s没有批准这次登录。请重试，或用账号和密码登录。", title=title), status=401
        )
    address = request.client.host if request.client else "?"
    brake = f"oidc:{address}"
    wait = console.attempts.wait(brake, address)
    if wait:
        return form_page(
            request, alert=_("登录失败次数过多，请%(value)s分钟后再试。", value=-(-wait // 60)), status=429
        )
    try:
        known = console.oidc.finish(code=code, issuer=asked.get("iss"), verifier=verifier, nonce=nonce)
    except Failed as failed:
        console.attempts.failed(brake, address)
        return _refused(request, failed)
    account = console.settings.directory.account(known.account) if known.account else None
    if account is None or not account.active:
        console.attempts.failed(brake, address)
        log.warning("OIDC log-in refused: no open account for who came back")
        return form_page(
            request, alert=_("%(title)s中的这个身份没有对应的账号，请联系系统管理员。", title=title), status=403
        )
    console.attempts.succeeded(brake, address)
    if not known.factor and Factors(console.office.record).active(account.identifier):
        visit = secrets.token_urlsafe(18)  # cookies of this site do not come along from another one
        set_cookie(request, VISIT, visit)
        set_cookie(request, HALF, console.sessions.half(account))
        set_cookie(request, NEXT, quote(inside(target), safe=""))
        return code_form(request, visit=visit)
    set_session(request, console.sessions.begin(account, factor=known.factor))
    set_cookie(request, VISIT, "")
    # A redirect would still count as led by the other site, and the session would stay behind; a page of ours goes on.
    return page(request, "login_on.html", target=inside(target))


def _again(request: Request, status: int, sentence: str) -> Response:
    return form_page(request, alert=sentence, status=status)


def _signer(request: Request) -> URLSafeSerializer:
    return URLSafeSerializer(
        console_of(request).settings.secret_key, salt="lantian.oidc",
        signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
    )  # fmt: skip


def _kept(request: Request) -> tuple[str, str, str, int, str] | None:
    """What was remembered when this browser left, while it stands."""
    try:
        state, nonce, verifier, at, target = _signer(request).loads(request.cookies.get(AWAY, ""))
    except (BadSignature, ValueError, TypeError):
        return None
    return (state, nonce, verifier, at, target) if console_of(request).sessions.clock() - at <= STANDS else None


def _refused(request: Request, failed: Failed) -> Response:
    log.warning("OIDC log-in failed: %s", failed.reason)
    console = console_of(request)
    assert console.oidc is not None
    title = console.oidc.provider.title
    if failed.unreachable:
        return form_page(
            request, alert=_("现在连接不上%(title)s。请用账号和密码登录，或稍后再试。", title=title), status=503
        )
    return form_page(
        request,
        alert=_("%(title)s的答复未通过核验，没有登录。请重试；仍不行请联系系统管理员。", title=title),
        status=401,
    )
