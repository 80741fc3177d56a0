"""What the public sees 公众页, for staff: in a drill the only way to see it, in real work a look before and after."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from console.language import _
from console.page import console_of, missing
from console.public.snapshot import pages

router = APIRouter()


@router.get("/preview")
def preview(request: Request) -> Response:
    """The public page as it would be made now."""
    return _answer(request, "/preview")


@router.get("/preview/{name}")
def file(request: Request, name: str) -> Response:
    """A file beside it: the feed, the data, a CAP message."""
    return _answer(request, f"/preview/{name}")


def _answer(request: Request, path: str) -> Response:
    console = console_of(request)
    found = pages(console.settings, console.air, console.templates, base="/preview/").get(path)
    if found is None:
        raise missing(_("文件"))
    return Response(found.body, media_type=found.media_type)
