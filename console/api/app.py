"""The API as an application of its own below /api/v1, described by OpenAPI, with errors as problem+json."""

from __future__ import annotations

from typing import Any

from fastapi import Depends, FastAPI, Request
from starlette.responses import JSONResponse, Response

from console.api import (
    acts,
    acts_duty,
    acts_field,
    acts_force,
    acts_list,
    acts_warning,
    problem,
    reads,
    reads_office,
    reads_plant,
)
from console.api.door import enter
from console.page import Console

PREFIX = "/api/v1"


def create_api(console: Console) -> FastAPI:
    """The application to mount at PREFIX. Every route but its own description stands behind the door."""
    app = FastAPI(
        title="蓝天 API",
        version="1",
        description="读取值守办的空气、展望、会商、预警、指令、问题和记录，并以岗位身份办理。每个办理请求都要有自己的"
        "幂等键；错误一律为 problem+json；读取带 ETag。令牌由系统管理员在“账号”页发放。",
        docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False,
        responses={
            status: {
                "model": problem.Problem, "content": {problem.MEDIA_TYPE: {}}, "description": problem.TITLES[status],
            }
            for status in (400, 401, 403, 404, 422)
        },
    )  # fmt: skip
    app.state.console = console
    problem.install(app)
    unchanged: dict[int | str, Any] = {304: {"description": "If-None-Match 与现在的 ETag 相同，没有变化"}}
    for one in (reads_office, reads_plant):
        app.include_router(one.router, dependencies=[Depends(enter)], responses=unchanged)
    for one in (acts, acts_force, acts_warning, acts_duty, acts_field, acts_list):
        app.include_router(one.router, dependencies=[Depends(enter)])
    # last, for it ends in /{life}/{identifier}
    app.include_router(reads.router, dependencies=[Depends(enter)], responses=unchanged)

    @app.get("/openapi.json", include_in_schema=False)
    def described(_request: Request) -> Response:
        document = app.openapi()
        document["servers"] = [{"url": PREFIX}]
        return JSONResponse(document, headers={"cache-control": "public, max-age=300"})

    return app
