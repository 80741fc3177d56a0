"""My own log-in 我的账号: change the password, set up the second factor."""

from __future__ import annotations

import io

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from console.language import _
from console.page import BadForm, Form, account_of, console_of, page, set_session
from emergency.directory import SHORTEST_PASSWORD
from emergency.second_factor import Factors, address
from plans.errors import DataError

router = APIRouter()


@router.get("/me")
def me(request: Request) -> Response:
    """Who I am here, and what I may change about it."""
    return _page(request)


@router.post("/me/password")
def password(request: Request, form: Form) -> Response:
    """A new password; other browsers with the old one are out, this one stays."""
    console, account = console_of(request), account_of(request)
    old, new = str(form.get("old") or "")[:400], str(form.get("new") or "")[:400]
    if new != str(form.get("again") or "")[:400]:
        return _page(request, alert=_("两次填写的新密码不一样，没有改动。"), status=400)
    if console.settings.directory.check(account.identifier, old) is None:
        return _page(request, alert=_("现在的密码不正确，没有改动。"), status=409)
    try:
        console.settings.directory.set_password(account.identifier, new)
    except DataError:
        return _page(
            request,
            alert=_("新密码应为%(SHORTEST_PASSWORD)s到200个字符，没有改动。", SHORTEST_PASSWORD=SHORTEST_PASSWORD),
            status=400,
        )
    changed = console.settings.directory.account(account.identifier)
    assert changed is not None
    session = request.state.session
    console.sessions.end(session)
    set_session(request, console.sessions.begin(changed, factor=session.factor, link=session.link))
    return RedirectResponse("/me?done=password", status_code=303)


@router.post("/me/factor")
def begin(request: Request) -> Response:
    """Show the code to scan."""
    try:
        Factors(console_of(request).office.record).begin(account_of(request).identifier)
    except DataError:
        return _page(request, alert=_("已经设置了第二因子。更换手机请联系系统管理员。"), status=409)
    return RedirectResponse("/me#factor", status_code=303)


@router.post("/me/factor/confirm")
def confirm(request: Request, form: Form) -> Response:
    """The first right code switches it on."""
    console, account = console_of(request), account_of(request)
    code = str(form.get("code") or "").strip()[:12]
    if not code:
        raise BadForm(_("请填写六位验证码。"))
    wait = console.attempts.wait(f"{account.identifier}:code", "me")
    if wait:
        return _page(request, alert=_("验证码错误次数过多，请%(value)s分钟后再试。", value=-(-wait // 60)), status=429)
    if not Factors(console.office.record).check(account.identifier, code, at=console.sessions.clock()):
        console.attempts.failed(f"{account.identifier}:code", "me")
        return _page(request, alert=_("验证码不正确或已用过。请核对手机时间后重填。"), status=409)
    return RedirectResponse("/me?done=factor", status_code=303)


def _page(request: Request, *, alert: str = "", status: int = 200) -> Response:
    import segno

    console, account = console_of(request), account_of(request)
    factors = Factors(console.office.record)
    secret = factors.pending(account.identifier)
    picture = ""
    if secret:
        out = io.BytesIO()
        uri = address(secret, account=account.identifier, issuer=f"蓝天 {console.office.desk.area_name}")
        segno.make(uri, error="m", micro=False).save(out, kind="svg", scale=5, border=4, xmldecl=False, nl=False)
        picture = Markup(out.getvalue().decode())  # noqa: S704  drawn by the library from our own text, paths only
    return page(
        request, "me.html", alert=alert, status=status, secret=secret, picture=picture,
        active=factors.active(account.identifier), needed=console.settings.second_factor_required,
        shortest=SHORTEST_PASSWORD,
    )  # fmt: skip
