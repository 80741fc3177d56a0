"""What every page shares: rendering with banner and clock, the guard at every door, and how an act is attempted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from console import access, words
from console.air import AirReader
from console.auth import Attempts, Session, Sessions
from console.compliance_now import ComplianceReader
from console.envelope import LARGEST_UPLOAD, cookie
from console.settings import Settings
from console.watch import WatchReader
from emergency.compliance_evidence import SEEN
from emergency.directory import Account
from emergency.lifecycle import Refused
from emergency.office import Office
from emergency.office_evidence import Photo
from emergency.record import StaleDecision
from emergency.second_factor import Factors
from emergency.vocabulary import BEIJING, Level, Role

HERE = Path(__file__).resolve().parent

DONE = {
    "convened": "已召集会商，各方已收到通知。",
    "opinion": "意见已记录。",
    "absence": "缺席已记录。",
    "concluded": "会商结论已签发。",
    "cancelled": "会商已取消。",
    "drafted": "预警草稿已提交，等待签批。",
    "approved": "已签批。",
    "returned": "已退回修改。",
    "withdrawn": "草稿已撤回。",
    "issued": "已发布。",
    "lift_asked": "已提请解除，等待签批。",
    "redrafted": "修改后的草稿已提交，等待签批。",
    "taken": "已接手，呼叫停止。",
    "jumped": "已转到指定一级。",
    "handed": "交班记录已提交。",
    "relieved": "已接班。",
    "rostered": "值班表已更新。",
    "paused": "响应已暂停，各单位已收到通知。",
    "resumed": "响应已恢复，各单位已收到通知。",
    "filed": "上级通知已登记，会商已提议。",
    "lifted": "预警已解除，企业指令已一并解除。",
    "acknowledged": "已签收。",
    "executed": "执行情况已报告。",
    "chased": "催办已发出。",
    "assigned": "问题已交办。",
    "rectified": "整改已报告。",
    "looked": "回头看结果已记录。",
    "noted": "提醒已签收。",
    "account": "账号已更新。",
    "password": "密码已修改，其他浏览器上的登录已失效。",
    "factor": "第二因子已启用。",
    "measure": "措施执行情况已报告。",
    "asked": "已提交，答复后会在本页显示并发送通知。",
    "answered": "已答复。",
    "exemption": "豁免申请已提交；答复前请继续执行指令。",
    "exempted": "已同意豁免。",
    "refused": "已答复不予豁免。",
    "ledger": "台账已提交。",
    "gate": "门禁记录已提交。",
    "inspected": "现场检查已记录，核查结论已更新。",
    "stored": "清单已入库为新版本，尚未启用。",
    "adopted": "清单版本已启用，今后的指令按此版本下达。",
    "clock": "时钟目标已设定，演练将推进到该时刻。",
}
"""What is said after an act went through; the address carries only the key."""


PLACES = (
    ("/desk", "值班台"), ("/watch", "值守"), ("/outlook", "展望"), ("/consultations", "会商"), ("/warnings", "预警"),
    ("/orders", "指令"), ("/inspections", "核查"), ("/problems", "问题"), ("/list", "清单"), ("/duty", "排班"),
    ("/standing", "空气"), ("/reports", "评估"), ("/rules", "规则"), ("/record", "记录"),
)  # fmt: skip


class BadForm(Exception):
    """A form that cannot be understood; the sentence goes back on the page."""


@dataclass(frozen=True)
class Console:
    """The parts of a running console, kept on the application."""

    settings: Settings
    sessions: Sessions
    attempts: Attempts
    air: AirReader
    templates: Environment
    watch: WatchReader
    compliance: ComplianceReader

    @property
    def office(self) -> Office:
        """The only door to the record."""
        return self.settings.office


def console_of(request: Request) -> Console:
    """The console that serves this request."""
    found = request.app.state.console
    assert isinstance(found, Console)
    return found


# --- the guard --------------------------------------------------------------------------------------------------------


async def form_of(request: Request) -> FormData:
    """The fields of a posted form; empty for a GET. Files come only where the envelope lets their bytes through."""
    if request.method != "POST":
        return FormData()
    files = 3 if any(request.url.path.startswith(begin) for begin in LARGEST_UPLOAD) else 0
    return await request.form(max_fields=600 if files else 200, max_files=files)


Form = Annotated[FormData, Depends(form_of)]


OWN = ("/me", "/me/password", "/me/factor", "/me/factor/confirm", "/logout")
"""Doors that stay open to somebody who has yet to set up a required second factor."""


def guard(request: Request, form: Form) -> None:
    """Stands before every route: default deny by the table, log-in, role, and the token of every form."""
    route = getattr(request.scope.get("route"), "path", "")
    key = (request.method, route)
    if key not in access.ACCESS:
        raise HTTPException(403, "这个页面没有开放。")
    console = console_of(request)
    found = console.sessions.read(request.cookies.get(console.sessions.cookie))
    request.state.session, request.state.account = found if found else (None, None)
    roles = access.ACCESS[key]
    if roles is None:
        return
    if found is None:
        raise HTTPException(401, "请先登录。")
    session, account = found
    if request.method == "POST" and not console.sessions.right_token(session.identifier, text(form, "token")):
        raise HTTPException(403, "表单已失效，未做任何改动。请返回页面刷新后再办。")
    if account.role not in roles:
        raise HTTPException(403, f"{account.role.chinese}不能使用这个页面。")
    asked = console.settings.second_factor_required and account.role in access.STAFF and route not in OWN
    if asked and not Factors(console.office.record).active(account.identifier):
        raise HTTPException(403, "请先在“我的账号”（页面右上角）设置第二因子，再使用其他页面。")
    if route != "/desk/live" and (renewed := console.sessions.renewed(session)) is not None:
        set_session(request, renewed)  # the automatic refresh of an unattended desk does not keep it logged in


def set_session(request: Request, session: Session | None) -> None:
    """Write (or with None remove) the session cookie with this answer."""
    sessions = console_of(request).sessions
    value = "" if session is None else sessions.written(session)
    set_cookie(request, sessions.cookie, value)


def set_cookie(request: Request, name: str, value: str) -> None:
    """Add a cookie to this answer."""
    secure = console_of(request).settings.secure_cookie
    request.scope["state"].setdefault("cookies", []).append(cookie(name, value, secure=secure))


def account_of(request: Request) -> Account:
    """Who is logged in; only behind the guard."""
    found = request.state.account
    assert isinstance(found, Account)
    return found


# --- reading forms ----------------------------------------------------------------------------------------------------


def text(form: FormData, name: str, *, most: int = 2000) -> str:
    """A field as text without surrounding blanks; BadForm when it is too long."""
    value = form.get(name)
    found = value.strip() if isinstance(value, str) else ""
    if len(found) > most:
        raise BadForm(f"填写的内容有{len(found)}字，最多{most}字。请删减后再提交。")
    return found


def needed(form: FormData, name: str, what: str, *, most: int = 2000) -> str:
    """The same, but BadForm when it is empty."""
    found = text(form, name, most=most)
    if not found:
        raise BadForm(f"请填写{what}。")
    return found


def whole(value: object, what: str, *, low: int, high: int) -> int:
    """A whole number; BadForm says what was expected."""
    raw = str(value).strip()
    if not raw.isascii() or not raw.isdigit() or not low <= int(raw[:9]) <= high:
        raise BadForm(f"{what}应为{low}到{high}的整数，现为“{raw[:20]}”。")
    return int(raw)


def picture(form: FormData, name: str) -> Photo | None:
    """A photograph sent along, known by its first bytes and not by its name; None when none was; BadForm for others."""
    found = form.get(name)
    if not isinstance(found, UploadFile) or not found.size:
        return None
    content = found.file.read()
    for begin, kind in ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png")):
        if content.startswith(begin):
            return Photo(content, kind)
    raise BadForm("照片须为JPEG或PNG格式，请重新选择。")


def filled_at(form: FormData, now: datetime) -> datetime | None:
    """When a form that was filled without network was filled: now less its age, whatever the phone's clock."""
    raw = text(form, "offline_seconds", most=9)
    if not raw:
        return None
    return now - timedelta(seconds=whole(raw, "离线时长", low=0, high=10_000_000))


def local_moment(form: FormData, name: str, what: str) -> datetime:
    """A datetime-local field, read as Beijing time; BadForm when it is none."""
    raw = text(form, name, most=40)
    try:
        return datetime.fromisoformat(raw).replace(tzinfo=BEIJING)
    except ValueError:
        raise BadForm(f"{what}应为日期和时间（北京时间），如 2015-12-08T07:00。") from None


# --- answering --------------------------------------------------------------------------------------------------------


def page(request: Request, name: str, *, status: int = 200, alert: str = "", **context: Any) -> HTMLResponse:
    """A rendered page with everything the frame needs."""
    console = console_of(request)
    settings = console.settings
    account: Account | None = getattr(request.state, "account", None)
    session: Session | None = getattr(request.state, "session", None)
    frame = {
        "account": account,
        "token": console.sessions.token(session.identifier) if session else "",
        "drill": settings.office.record.drill,
        "simulated_air": settings.simulated_air,
        "replay": settings.replay,
        "area_name": settings.office.desk.area_name,
        "alert": alert,
        "done": DONE.get(request.query_params.get("done", ""), ""),
        "path": request.url.path,
        "may": lambda method, path: access.allowed(method, path, account.role if account else None),
        "places": _places(account, replay=settings.replay) if account else (),
    }
    if taken := frame.keys() & context.keys():
        raise ValueError(f"The page {name} may not name its values {', '.join(taken)}: the frame does.")
    now = context.pop("now", None) or settings.now()
    html = console.templates.get_template(name).render({**frame, "now": now, **context})
    return HTMLResponse(html, status_code=status)


def _places(account: Account, *, replay: bool) -> tuple[tuple[str, str], ...]:
    """The entries of the main menu for a role."""
    if account.role in access.PLANT:
        if account.role is Role.DEPARTMENT:
            return (("/my", "我的任务"),)
        return (("/my", "我的指令"), ("/plant", "一厂一案"))
    more = (("/accounts", "账号"),) if account.role in access.ADMINISTRATORS else ()
    return (*PLACES, *more, ("/replay", "演练时钟")) if replay else (*PLACES, *more)


def attempt(act: Callable[[], object], *, show: Callable[[str, int], Response], then: str) -> Response:
    """Do an act and go on to `then`; when it is refused show the page again with the sentence."""
    try:
        act()
    except StaleDecision:
        return show(words.STALE, 409)
    except Refused as refused:
        return show(words.refusal(refused), 409)
    except BadForm as fault:
        return show(str(fault), 400)
    return RedirectResponse(then, status_code=303)


def require_seen(request: Request, life: str, identifier: str, form: FormData) -> None:
    """Refuse to decide on something other than what was on the page: StaleDecision when the stream moved on.

    Two clicks within the same instant still meet the record's own check; this one is for the minutes between reading
    and clicking, in which a draft may have been replaced.
    """
    seen = text(form, "seen", most=9)
    if seen != str(len(console_of(request).office.record.history(life, identifier))):
        raise StaleDecision("Somebody else has decided on the same matter", todo="Look again")


def office_seen(request: Request, life: str, identifier: str, form: FormData) -> Office:
    """The office for who saw the version on the page: the record refuses an act on a later one, under its lock."""
    seen = text(form, "seen", most=9)
    return console_of(request).office.seen(life, identifier, int(seen) if seen.isdigit() else -1)


def missing(what: str) -> HTTPException:
    """The 404 of an object that does not exist or is not this person's to see."""
    return HTTPException(404, f"没有这个编号的{what}。")


def environment() -> Environment:
    """Templates with escaping always on and undefined names an error."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        clock=words.clock,
        day=words.day,
        span=words.span,
        percent=words.percent,
        pollutant=words.pollutant,
        role=words.role,
        level_word=words.level_word,
        moment=words.moment,
        quoted=lambda value: quote(str(value), safe=""),
        minutes=lambda length: int(length.total_seconds() // 60) if isinstance(length, timedelta) else None,
        verdict=lambda key: words.VERDICTS.get(key, key),
        seen_word=lambda key: SEEN.get(key, key),
        kilograms=words.kilograms,
        state_word=lambda key, life: words.STATES[life].get(key, key),
        life_word=lambda key: words.LIVES.get(key, key),
        sentence=words.sentence,
        sureness=lambda mark: words.SURENESS.get(mark, mark),
    )
    made.globals.update(left=words.left, Level=Level, WEATHER=words.WEATHER)
    return made
