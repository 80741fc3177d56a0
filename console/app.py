"""The console as an ASGI application: pages for the office, a portal for enterprises, nothing from elsewhere."""

from __future__ import annotations

import logging
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote, urlsplit

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response

from console import language, login, login_oidc, oidc, plain, response
from console.access import PLANT
from console.air import AirReader
from console.api import problem as api_problem
from console.api.app import PREFIX, create_api
from console.auth import Attempts, Sessions
from console.compliance_now import ComplianceReader
from console.envelope import HEADERS, Envelope
from console.language import _
from console.map import MapReader
from console.page import BadForm, Console, environment, guard, missing, page
from console.portal import orders as portal
from console.public.front import PublicFront
from console.public.snapshot import pages
from console.settings import Settings
from console.staff import (
    accounts,
    consultation,
    debrief,
    desk,
    duty,
    duty_measures,
    maps,
    me,
    order,
    outlook,
    preview,
    problem,
    record,
    replay,
    rules,
    standing,
    warning,
    watch,
    webhooks,
)  # fmt: skip
from console.watch import WatchReader
from plans.errors import LantianError


def _station_names(settings: Settings) -> list[str]:
    known = settings.archive.stations() if settings.archive is not None else ()
    return [one.name for one in known if one.code in {*settings.stations, *settings.mean_of}]


STATIC = Path(__file__).resolve().parent / "static"
FILES = {
    "console.css": "text/css; charset=utf-8",
    "console.js": "text/javascript; charset=utf-8",
    "keep.js": "text/javascript; charset=utf-8",
    "offline.js": "text/javascript; charset=utf-8",
    "place.js": "text/javascript; charset=utf-8",
    "favicon.svg": "image/svg+xml",
    "favicon-drill.svg": "image/svg+xml",
}
log = logging.getLogger("lantian.console")


def _came_from(request: Request) -> str:
    """The log-in that leads back to the page whose form was sent; the referrer is ours only when its host is."""
    source = urlsplit(request.headers.get("referer", ""))
    ours = source.netloc == request.url.netloc
    back = login.inside(source.path + (f"?{source.query}" if source.query else "")) if ours else "/"
    return f"/login?next={quote(back, safe='')}"


def create_app(settings: Settings, *, sessions: Sessions | None = None, attempts: Attempts | None = None) -> FastAPI:
    """The application of one office. Every route stands in `console.access`; one that does not is refused."""
    app = FastAPI(
        title="蓝天", docs_url=None, redoc_url=None, openapi_url=None, dependencies=[Depends(guard)],
        redirect_slashes=False,
    )  # fmt: skip
    sessions = sessions or Sessions(settings)
    app.state.console = Console(
        settings,
        sessions,
        attempts or Attempts(),
        AirReader(settings),
        environment(),
        WatchReader(settings),
        ComplianceReader(settings),
        MapReader(settings),
        oidc.Client(settings.oidc, clock=sessions.clock) if settings.oidc else None,
    )
    app.add_middleware(Envelope, secure=settings.secure_cookie)
    console: Console = app.state.console
    app.add_middleware(
        PublicFront,
        make=lambda: pages(settings, console.air, console.templates),
        live=not settings.office.record.drill,
        secure=settings.secure_cookie,
    )
    rooms = (
        login, login_oidc, me, accounts, webhooks, desk, debrief, maps, outlook, preview, standing, rules,
        consultation, warning, order, problem, duty, duty_measures, record, replay, watch, portal,
    )  # fmt: skip
    for module in rooms:
        app.include_router(module.router)
    for router in response.ROUTERS:
        app.include_router(router)

    language.know([settings.office.desk.area_name, *_station_names(settings)])
    app.mount(PREFIX, create_api(console))

    @app.get("/health")
    def health() -> JSONResponse:
        seq, _digest = settings.office.record.head()
        return JSONResponse({"status": "ok", "drill": settings.office.record.drill, "entries": seq})

    @app.get("/static/{name}")
    def static(name: str) -> Response:
        if name not in FILES:
            raise missing(_("文件"))
        headers = {"cache-control": "public, max-age=300"}
        return FileResponse(STATIC / name, media_type=FILES[name], headers=headers)

    @app.get("/favicon.svg")
    def favicon() -> Response:
        name = "favicon-drill.svg" if settings.office.record.drill else "favicon.svg"
        return FileResponse(STATIC / name, media_type="image/svg+xml")

    @app.get("/")
    def home(request: Request) -> Response:
        mine = request.state.account.role in PLANT
        return RedirectResponse("/my" if mine else "/desk", status_code=303)

    @app.exception_handler(HTTPException)
    def refused(request: Request, error: HTTPException) -> Response:
        if request.url.path.startswith(PREFIX):  # an address that did not even reach the API
            return api_problem.answer(error.status_code, _("没有这个地址。"))
        if error.status_code == 401 and request.method == "GET" and request.url.path != "/desk/live":
            target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse(f"/login?next={quote(target, safe='')}", status_code=303)
        if error.status_code == 401 and request.method == "POST":
            sentence = _("登录已失效，未做任何改动。请重新登录，登录后回到原来的页面。")
            return page(request, "refused.html", status=401, sentence=sentence, login=_came_from(request))
        plain = {404: _("没有这个页面。"), 405: _("不能这样使用这个地址。")}
        ours = error.detail and error.detail != HTTPStatus(error.status_code).phrase
        sentence = error.detail if ours else plain.get(error.status_code, "")
        return page(request, "refused.html", status=error.status_code, sentence=sentence or _("请求无法处理。"))

    @app.exception_handler(RequestValidationError)
    def unclear(request: Request, _error: RequestValidationError) -> Response:
        return page(request, "refused.html", status=400, sentence=_("地址中的参数无法理解。"))

    @app.exception_handler(BadForm)
    def bad_form(request: Request, error: BadForm) -> Response:
        return page(request, "refused.html", status=400, sentence=str(error))

    @app.exception_handler(LantianError)
    def cannot(request: Request, error: LantianError) -> Response:
        return page(request, "refused.html", status=409, sentence=plain.said(error))

    @app.exception_handler(Exception)
    def broken(request: Request, error: Exception) -> Response:
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        sentence = _("系统出错，未能完成。错误已记入运行日志，请稍后再试或联系系统管理员。")
        answer = page(request, "refused.html", status=500, sentence=sentence)
        answer.headers.update(HEADERS)  # this answer is sent from outside the envelope
        return answer

    return app
