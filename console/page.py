"""What every page shares: rendering with banner and clock, the guard at every door, and how an act is attempted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context, select_autoescape
from jinja2.runtime import Context
from markupsafe import escape
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from console import access, language, plain, words
from console.air import AirReader
from console.auth import Attempts, Session, Sessions
from console.compliance_now import ComplianceReader
from console.envelope import LARGEST_UPLOAD, cookie
from console.language import N_, _
from console.map import MapReader
from console.oidc import Client
from console.rule_words import said_value
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
from plans.errors import LantianError

HERE = Path(__file__).resolve().parent

DONE = {
    "convened": N_("已召集会商，各方已收到通知。"),
    "opinion": N_("意见已记录。"),
    "absence": N_("缺席已记录。"),
    "concluded": N_("会商结论已签发。"),
    "cancelled": N_("会商已取消。"),
    "drafted": N_("预警草稿已提交，等待签批。"),
    "approved": N_("已签批。"),
    "returned": N_("已退回修改。"),
    "withdrawn": N_("草稿已撤回。"),
    "issued": N_("已发布。"),
    "lift_asked": N_("已提请解除，等待签批。"),
    "redrafted": N_("修改后的草稿已提交，等待签批。"),
    "taken": N_("已接手，呼叫停止。"),
    "jumped": N_("已转到指定一级。"),
    "handed": N_("交班记录已提交。"),
    "relieved": N_("已接班。"),
    "rostered": N_("值班表已更新。"),
    "paused": N_("响应已暂停，各单位已收到通知。"),
    "resumed": N_("响应已恢复，各单位已收到通知。"),
    "filed": N_("上级通知已登记，会商已提议。"),
    "lifted": N_("预警已解除，企业指令已一并解除。"),
    "acknowledged": N_("已签收。"),
    "executed": N_("执行情况已报告。"),
    "chased": N_("催办已发出。"),
    "assigned": N_("问题已交办。"),
    "rectified": N_("整改已报告。"),
    "looked": N_("回头看结果已记录。"),
    "noted": N_("提醒已签收。"),
    "account": N_("账号已更新。"),
    "hook_asked": N_("已安排试发，投递流程一分钟内发出；刷新本页看结果。"),
    "hook_paused": N_("回调已暂停，期间的记录恢复后补发。"),
    "hook_resumed": N_("回调已恢复，从停下的地方接着通知。"),
    "password": N_("密码已修改，其他浏览器上的登录已失效。"),
    "factor": N_("第二因子已启用。"),
    "measure": N_("措施执行情况已报告。"),
    "asked": N_("已提交，答复后会在本页显示并发送通知。"),
    "answered": N_("已答复。"),
    "exemption": N_("豁免申请已提交；答复前请继续执行指令。"),
    "exempted": N_("已同意豁免。"),
    "refused": N_("已答复不予豁免。"),
    "ledger": N_("台账已提交。"),
    "gate": N_("门禁记录已提交。"),
    "inspected": N_("现场检查已记录，核查结论已更新。"),
    "map": N_("底图已启用。"),
    "stored": N_("清单已入库为新版本，尚未启用。"),
    "adopted": N_("清单版本已启用，今后的指令按此版本下达。"),
    "revoked": N_("链接已撤销，凭它进入的登录已失效。"),
    "clock": N_("时钟目标已设定，演练将推进到该时刻。"),
}
"""What is said after an act went through; the address carries only the key."""


OUR_YEARS = range(1990, 2200)
"""Days and moments of other years are slips of the pen; at the ends of the calendar they have no Beijing time."""
PLACES = (
    ("/desk", N_("值班台")), ("/watch", N_("值守")), ("/outlook", N_("展望")), ("/consultations", N_("会商")),
    ("/warnings", N_("预警")), ("/orders", N_("指令")), ("/inspections", N_("核查")), ("/problems", N_("问题")),
    ("/list", N_("清单")), ("/duty", N_("排班")), ("/standing", N_("空气")), ("/reports", N_("评估")),
    ("/rules", N_("规则")), ("/record", N_("记录")),
)  # fmt: skip


SHORTCUTS = {
    "/desk": "D", "/watch": "W", "/outlook": "O", "/consultations": "C", "/warnings": "Y", "/orders": "Z",
    "/inspections": "H", "/problems": "T", "/list": "Q", "/duty": "P", "/standing": "K", "/reports": "B",
    "/rules": "G", "/record": "J", "/my": "M",
}  # fmt: skip
"""Letter to press with Alt and Shift for each entry of the menu; a modifier, so that typing never triggers one."""


class BadForm(Exception):
    """A form that cannot be understood; the sentence goes back on the page."""

    def __init__(self, sentence: str, *, field: str = "") -> None:
        super().__init__(sentence)
        self.field = field
        """Which one is meant, where one is."""


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
    map: MapReader
    oidc: Client | None = None
    """The log-in at the city's own provider, where one is configured."""

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
        raise HTTPException(403, _("这个页面没有开放。"))
    console = console_of(request)
    found = console.sessions.read(request.cookies.get(console.sessions.cookie))
    request.state.session, request.state.account = found if found else (None, None)
    roles = access.ACCESS[key]
    if roles is None:
        return
    if found is None:
        raise HTTPException(401, _("请先登录。"))
    session, account = found
    if request.method == "POST" and not console.sessions.right_token(session.identifier, text(form, "token")):
        raise HTTPException(403, _("表单已失效，未做任何改动。请返回页面刷新后再办。"))
    if account.role not in roles:
        raise HTTPException(403, _("%(chinese)s不能使用这个页面。", chinese=account.role.chinese))
    asked = console.settings.second_factor_required and account.role in access.STAFF and route not in OWN
    if asked and not session.factor and not Factors(console.office.record).active(account.identifier):
        raise HTTPException(403, _("请先在“我的账号”（页面右上角）设置第二因子，再使用其他页面。"))
    if route != "/desk/live" and (renewed := console.sessions.renewed(session)) is not None:
        set_session(request, renewed)  # the automatic refresh of an unattended desk does not keep it logged in


def set_session(request: Request, session: Session | None) -> None:
    """Write (or with None remove) the session cookie with this answer."""
    sessions = console_of(request).sessions
    value = "" if session is None else sessions.written(session)
    set_cookie(request, sessions.cookie, value)


def set_cookie(request: Request, name: str, value: str, *, seconds: int | None = None, lax: bool = False) -> None:
    """Add a cookie to this answer, kept while the browser is open or for so many seconds."""
    secure = console_of(request).settings.secure_cookie
    request.scope["state"].setdefault("cookies", []).append(
        cookie(name, value, secure=secure, seconds=seconds, lax=lax)
    )


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
        raise BadForm(
            _("填写的内容有%(found)s字，最多%(most)s字。请删减后再提交。", found=len(found), most=most), field=name
        )
    return found


def needed(form: FormData, name: str, what: str, *, most: int = 2000) -> str:
    """The same, but BadForm when it is empty."""
    found = text(form, name, most=most)
    if not found:
        raise BadForm(_("请填写%(what)s。", what=what), field=name)
    return found


def whole(value: object, what: str, *, low: int, high: int) -> int:
    """A whole number; BadForm says what was expected."""
    raw = str(value).strip()
    if not raw.isascii() or not raw.isdigit() or not low <= int(raw[:9]) <= high:
        raise BadForm(
            _("%(what)s应为%(low)s到%(high)s的整数，现为“%(value)s”。", what=what, low=low, high=high, value=raw[:20])
        )
    return int(raw)


def picture(form: FormData, name: str) -> Photo | None:
    """A photograph sent along, known by its first bytes and not by its name; None when none was; BadForm for others."""
    found = form.get(name)
    if not isinstance(found, UploadFile) or not found.size:
        return None
    return photo_of(found.file.read())


def photo_of(content: bytes | None) -> Photo | None:
    """The bytes as a photograph; None for none, BadForm for anything else than JPEG or PNG."""
    if not content:
        return None
    for begin, kind in ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png")):
        if content.startswith(begin):
            return Photo(content, kind)
    raise BadForm(_("照片须为JPEG或PNG格式，请重新选择。"))


def filled_at(form: FormData, now: datetime) -> datetime | None:
    """When a form that was filled without network was filled: now less its age, whatever the phone's clock."""
    raw = text(form, "offline_seconds", most=9)
    if not raw:
        return None
    return now - timedelta(seconds=whole(raw, _("离线时长"), low=0, high=10_000_000))


def local_moment(form: FormData, name: str, what: str) -> datetime:
    """A datetime-local field, read as Beijing time; BadForm when it is none, or of no year of ours."""
    raw = text(form, name, most=40)
    try:
        found = datetime.fromisoformat(raw).replace(tzinfo=BEIJING)
        if found.year not in OUR_YEARS:
            raise ValueError
        return found
    except ValueError:
        raise BadForm(_("%(what)s应为日期和时间（北京时间），如 2015-12-08T07:00。", what=what), field=name) from None


def our_day(raw: str) -> date:
    """A calendar day as it is written in an address or a form; ValueError for none, or one of no year of ours.

    >>> our_day("2015-12-08")
    datetime.date(2015, 12, 8)
    """
    found = date.fromisoformat(raw)
    if found.year not in OUR_YEARS:
        raise ValueError(raw)
    return found


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
        "done": _(DONE.get(request.query_params.get("done", ""), "")),
        "path": request.url.path,
        "here": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        "posted": request.method == "POST",
        "may": lambda method, path: access.allowed(method, path, account.role if account else None),
        "places": _places(account, settings) if account else (),
    }
    if taken := frame.keys() & context.keys():
        raise ValueError(f"The page {name} may not name its values {', '.join(taken)}: the frame does.")
    now = context.pop("now", None) or settings.now()
    html = console.templates.get_template(name).render({**frame, "now": now, **context})
    return HTMLResponse(language.finish(html), status_code=status)


def _places(account: Account, settings: Settings) -> tuple[tuple[str, str], ...]:
    """The entries of the main menu for a role."""
    if account.role in access.PLANT:
        if account.role is Role.DEPARTMENT:
            return (("/my", _("我的任务")),)
        return (("/my", _("我的指令")), ("/plant", _("一厂一案")))
    more = (("/accounts", N_("账号")), ("/webhooks", N_("回调"))) if account.role in access.ADMINISTRATORS else ()
    drill = (("/debrief", _("演练讲评")),) if settings.office.record.drill else ()
    return (*PLACES, *more, *drill, *((("/replay", _("演练时钟")),) if settings.replay else ()))


def attempt(act: Callable[[], object], *, show: Callable[[str, int], Response], then: str) -> Response:
    """Do an act and go on to `then`; when it is refused show the page again with the sentence."""
    try:
        act()
    except StaleDecision:
        return show(_(words.STALE), 409)
    except Refused as refused:
        return show(words.refusal(refused), 409)
    except BadForm as fault:
        return show(str(fault), 400)
    except LantianError as error:
        return show(plain.said(error), 409)
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
    return console_of(request).office.seen(life, identifier, int(seen) if seen.isdecimal() else -1)


def missing(what: str) -> HTTPException:
    """The 404 of an object that does not exist or is not this person's to see."""
    return HTTPException(404, _("没有这个编号的%(what)s。", what=what))


@pass_context  # so that nothing is worked out when a template is read, before any language is chosen
def _shown(_context: Context, value: Any) -> Any:
    return language.show(value)


def environment() -> Environment:
    """Templates with escaping always on and undefined names an error."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        finalize=_shown,
        extensions=["jinja2.ext.i18n"],
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
        join=lambda values, between="": escape(between).join(language.show(str(value)) for value in values),
        sureness=lambda mark: words.SURENESS.get(mark, mark),
        rule_text=said_value,
        source_error=plain.of_a_source,
        kept_notes=plain.kept_notes,
    )
    made.globals.update(
        shortcuts=SHORTCUTS, left=words.left, Level=Level, WEATHER=words.WEATHER, _=language.marked_up,
        gettext=language.marked_up, current_language=language.current, languages=language.LANGUAGES,
        language_tags=language.TAGS,
    )  # fmt: skip
    return made
