"""Log-ins 账号: who may come in as what. The administrator opens, renews and closes them; a password is shown once."""

from __future__ import annotations

import secrets
from datetime import timedelta

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from console import access, plain
from console.language import _
from console.page import BadForm, Form, account_of, console_of, missing, needed, page, text, whole
from emergency.access_tokens import SCOPES, Tokens
from emergency.second_factor import Factors
from emergency.vocabulary import Role
from plans.errors import DataError

router = APIRouter()
SHOWN = 200
"""Accounts on the page; with one for every plant there are thousands, and the search finds the others."""
ROLES = tuple(role for role in Role if role is not Role.SYSTEM)


@router.get("/accounts")
def accounts(request: Request) -> Response:
    """All log-ins, and the form for a new one."""
    return _page(request)


@router.post("/accounts")
def add(request: Request, form: Form) -> Response:
    """A new log-in; its first password stands on the answer and nowhere else."""
    identifier, title = needed(form, "identifier", _("登录名"), most=80), needed(form, "title", _("岗位名称"), most=80)
    key, enterprise = needed(form, "role", _("角色"), most=40), text(form, "enterprise", most=80)
    if key not in {role.key for role in ROLES}:
        raise BadForm(_("请选择一个角色。"))
    password = secrets.token_urlsafe(9)
    try:
        console_of(request).settings.directory.add_account(
            identifier, password, title=title, role=Role.of(key), enterprise=enterprise or None
        )
    except DataError as error:
        return _page(request, alert=_("没有建立账号：%(why)s", why=_why(error)), status=409)
    return _page(request, shown=(identifier, password))


@router.post("/accounts/{identifier}/renew")
def renew(request: Request, identifier: str) -> Response:
    """A new password; whoever is logged in under the old one is out."""
    directory = console_of(request).settings.directory
    if directory.account(identifier) is None:
        raise missing(_("账号"))
    password = secrets.token_urlsafe(9)
    directory.set_password(identifier, password)
    return _page(request, shown=(identifier, password))


@router.post("/accounts/{identifier}/factor")
def forget_factor(request: Request, identifier: str) -> Response:
    """Take the second factor away (a lost phone) and end the sessions by a new password."""
    console = console_of(request)
    if console.settings.directory.account(identifier) is None:
        raise missing(_("账号"))
    Factors(console.office.record).remove(identifier)
    return renew(request, identifier)


@router.post("/accounts/{identifier}/close")
def close(request: Request, identifier: str) -> Response:
    """Shut a log-in; one's own cannot be shut, so that somebody remains who can open others."""
    return _switch(request, identifier, active=False)


@router.post("/accounts/{identifier}/open")
def reopen(request: Request, identifier: str) -> Response:
    """Open a log-in that was shut."""
    return _switch(request, identifier, active=True)


def _switch(request: Request, identifier: str, *, active: bool) -> Response:
    directory = console_of(request).settings.directory
    if directory.account(identifier) is None:
        raise missing(_("账号"))
    if identifier == account_of(request).identifier:
        return _page(request, alert=_("不能停用自己的账号。"), status=409)
    directory.set_active(identifier, active)
    return RedirectResponse("/accounts?done=account", status_code=303)


@router.post("/accounts/tokens")
def add_token(request: Request, form: Form) -> Response:
    """A new token for another system; its secret stands on the answer and nowhere else."""
    console = console_of(request)
    title, account = needed(form, "title", _("用途"), most=80), needed(form, "account", _("账号"), most=80)
    days = whole(needed(form, "days", _("有效天数"), most=4), _("有效天数"), low=1, high=366)
    if console.settings.directory.account(account) is None:
        raise BadForm(_("没有这个账号。"))
    now = console.settings.now()
    try:
        _made, secret = Tokens(console.office.record).add(
            title=title, account=account, scopes=[str(one) for one in form.getlist("scope")],
            expires_at=now + timedelta(days=days), now=now,
        )  # fmt: skip
    except DataError:
        return _page(request, alert=_("没有发放令牌：请至少选一项权限。"), status=409)
    return _page(request, shown=(_("令牌“%(title)s”", title=title), secret))


@router.post("/accounts/tokens/{identifier}/close")
def close_token(request: Request, identifier: str) -> Response:
    """End a token at once."""
    try:
        Tokens(console_of(request).office.record).close(identifier)
    except DataError:
        raise missing(_("令牌")) from None
    return RedirectResponse("/accounts?done=account", status_code=303)


def _why(error: DataError) -> str:
    words = {
        "The account exists already": _("登录名已经存在，请换一个。"),
        "Role and enterprise do not fit": _("企业账号必须填企业编号，其他角色不能填。"),
    }
    return next((said for part, said in words.items() if part in str(error)), plain.said(error))


def _page(request: Request, *, alert: str = "", status: int = 200, shown: tuple[str, str] | None = None) -> Response:
    directory, record = console_of(request).settings.directory, console_of(request).office.record
    words = request.query_params.get("text", "").strip()[:80]
    count, rows = directory.search(words, limit=SHOWN)
    staff = [one for one in directory.search(limit=SHOWN)[1] if one.role not in access.PLANT]
    return page(request, "accounts.html", status=status, alert=alert, rows=rows, count=count, words=words,
                staff=staff, roles=ROLES, shown=shown,
                tokens=Tokens(record).all(), scopes=SCOPES, holders=Factors(record).holders(),
                me=account_of(request).identifier)  # fmt: skip
