"""The station map 站点图 at full size, and the form that brings the office's own map."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from console import plain
from console.language import N_, _
from console.map_file import MOST_BYTES, MapFile, read_map
from console.page import BadForm, Console, Form, account_of, attempt, console_of, needed, page
from emergency.directory import Account
from plans.errors import DataError

router = APIRouter(prefix="/map")
WHY = {
    "The map has no source": N_("请填写底图的来源（编制单位和时间）。"),
    "The review number cannot be read": N_("审图号写法不对，应如 GS(2024)0650号、京S(2022)001号。"),
    "The map is too large": N_("文件过大，请简化到 4 MB 以内再导入。"),
    "The map is not JSON": N_("文件不是 GeoJSON。"),
    "The map is no GeoJSON": N_("文件不是 GeoJSON：需要 FeatureCollection、Feature 或几何对象。"),
    "The map holds nothing to draw": N_("文件里没有面或线。"),
    "The map is too fine": N_("坐标点过多，请简化后再导入。"),
    "A point of the map lies outside China": N_("有坐标点不在中国范围内：请用 CGCS2000 或 WGS 84 经纬度，经度在前。"),
    "A line of the map has no points": N_("有一条线没有坐标点。"),
}


@router.get("")
def map_page(request: Request) -> Response:
    """The map with its source and review number, and the form."""
    return _show(request)


@router.post("")
def bring(request: Request, form: Form) -> Response:
    """Put the office's map in place; the file is read whole before anything is kept."""
    console, by = console_of(request), account_of(request)
    return attempt(
        lambda: bring_from(console, form, by=by, now=console.settings.now()),
        show=lambda alert, status: _show(request, alert=alert, status=status),
        then="/map?done=map",
    )


def bring_from(console: Console, form: FormData, *, by: Account, now: datetime) -> None:
    """Keep the map of the form; BadForm says what is wrong with it."""
    upload = form.get("file")
    content = upload.file.read(MOST_BYTES + 1) if isinstance(upload, UploadFile) else b""
    source, number = needed(form, "source", _("来源"), most=200), needed(form, "number", _("审图号"), most=40)
    console.map.keep(_read(content, source=source, number=number), by=by.identifier, now=now)


def _show(request: Request, *, alert: str = "", status: int = 200) -> Response:
    console = console_of(request)
    now = console.settings.now()
    air, edition = console.air.at(now), console.settings.aqi(now)
    return page(
        request, "map.html", status=status, alert=alert, map=console.map.at(air, edition), air=air,
        legend=edition.categories, own=console.map.ground(), edition_name=edition.name,
    )  # fmt: skip


def _read(content: bytes, *, source: str, number: str) -> MapFile:
    try:
        return read_map(content, source=source, number=number)
    except DataError as error:
        raise BadForm(WHY.get(error.what) or plain.said(error)) from None
