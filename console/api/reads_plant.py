"""What other systems may read of plants: list, sheets, papers, the way to a target; and a plant of its own orders."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response

from console import list_words, uploads
from console.api.acting import Digest, Identifier
from console.api.door import CallerOf, console_of
from console.api.problem import Fault
from console.api.reads import answer
from console.portal.orders import own_order, own_orders, shown_history
from console.staff import lists, what_if
from console.staff.order import order_document
from emergency import documents_docx, documents_pdf
from emergency.order import Order
from plans.department_tasks import watering_of

router = APIRouter()
Kind = Annotated[Literal["pdf", "docx"], Query(description="文书格式")]
Plants = Annotated[str, Query(max_length=400, description="企业编号，以逗号分隔")]
SHOWN = 200
"""Issues of one report; the counts tell of the rest."""
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PAPER: dict[int | str, dict[str, Any]] = {
    200: {"content": {documents_pdf.MEDIA_TYPE: {}, documents_docx.MEDIA_TYPE: {}}}
}


@router.get("/plants", summary="现用清单的企业")
def plants(
    request: Request,
    _caller: CallerOf,
    text: Annotated[str, Query(max_length=80, description="名称或编号中的文字")] = "",
    after: Annotated[str, Query(max_length=120, description="从这个编号之后")] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """Plants of the list in use by their identifiers, in pieces."""
    listing = lists.lists_of(console_of(request)).listing()
    every = sorted(listing.enterprises, key=lambda one: one.identifier) if listing else []
    found = [one for one in every if text in one.name or text in one.identifier]
    rows = [one for one in found if one.identifier > after][:limit]
    return answer(request, {
        "edition": listing.edition if listing else None, "digest": listing.digest if listing else None,
        "total": len(found), "next": rows[-1].identifier if len(rows) == limit else None,
        "items": [
            {"identifier": one.identifier, "name": one.name, "kind": one.kind, "district": one.district,
             "industry": one.industry, "grade": one.grade, "sample": one.sample, "units": len(one.units),
             "cut_kg": {level: {key: float(value) for key, value in one.cut_of(level).items()}
                        for level in ("yellow", "orange", "red")}}
            for one in rows
        ],
    })  # fmt: skip


@router.get("/plants/{identifier}", summary="一厂一案")
def plant(request: Request, identifier: Identifier, _caller: CallerOf) -> Response:
    """The sheet of a plant: units, measures by level, who answers, what changed."""
    return answer(request, {
        **lists.sheet(request, identifier).as_data(), **lists.revisions(request, identifier),
    })  # fmt: skip


@router.get("/plants/{identifier}/document", summary="一厂一案文书", response_class=Response, responses=PAPER)
def sheet_paper(request: Request, identifier: Identifier, _caller: CallerOf, kind: Kind = "docx") -> Response:
    """The sheet as a document."""
    return lists.sheet_document(request, identifier, kind=kind)


@router.get("/orders/{identifier}/document", summary="指令文书", response_class=Response, responses=PAPER)
def order_paper(request: Request, identifier: Identifier, _caller: CallerOf, kind: Kind = "pdf") -> Response:
    """The order as a document."""
    state = console_of(request).office.record.state("order", identifier)
    if not isinstance(state, Order):
        raise Fault(404, "没有这个编号。")
    return order_document(request, state, kind=kind)


@router.get(
    "/lists/export", summary="现用清单的工作簿", response_class=Response, responses={200: {"content": {WORKBOOK: {}}}}
)
def workbook(request: Request, _caller: CallerOf) -> Response:
    """The list in use as a workbook that is read back to the very same list."""
    return lists.export(request)


@router.get(
    "/exhibits/{digest}",
    summary="记录所附的文件",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}}},
)
def exhibit(request: Request, digest: Digest, _caller: CallerOf) -> Response:
    """An exhibit as it was filed; `x-media-type` says what it is."""
    found = console_of(request).office.record.exhibit(digest)
    if found is None:
        raise Fault(404, "没有这个编号。")
    headers = {"x-media-type": found[0], "content-disposition": f'attachment; filename="{digest[:16]}"'}
    return Response(found[1], media_type="application/octet-stream", headers=headers)


@router.get("/what-if", summary="补差试算")
def gap(
    request: Request,
    _caller: CallerOf,
    level: Annotated[Literal["yellow", "orange", "red"], Query(description="预警级别")],
    step: Annotated[Literal["100", "50", "20", "10"], Query(description="减产步长，百分比")] = "100",
    shut: Plants = "",
    keep: Plants = "",
) -> Response:
    """The further cuts that reach the target of a level at the least lost output. Nothing is changed."""
    kept = lists.lists_of(console_of(request))
    listing = kept.listing()
    if listing is None:
        raise Fault(404, "没有清单。")
    asked = {"level": level, "step": step, "shut": shut, "keep": keep}
    return answer(request, what_if.solved(kept, listing, asked, lists.today_of(request)).as_data())


@router.get("/watering", summary="洒水建议")
def watering(
    request: Request,
    _caller: CallerOf,
    on: Annotated[date | None, Query(description="日期，不写时为今天")] = None,
    temperature: Annotated[float | None, Query(ge=-60, le=60, allow_inf_nan=False)] = None,
    humidity: Annotated[float | None, Query(ge=0, le=100, allow_inf_nan=False)] = None,
    rain: bool = False,
) -> Response:
    """What the watering rules of the plan say for the weather of a day."""
    rule = lists.lists_of(console_of(request)).plan.watering
    if rule is None:
        raise Fault(404, "预案没有洒水规则。")
    day = on or lists.today_of(request)
    return answer(request, {"day": day, **asdict(
        watering_of(rule, day, temperature=temperature, humidity=humidity, rain=rain)
    )})  # fmt: skip


@router.get("/lists/{digest}", summary="清单导入报告")
def report(request: Request, digest: Digest, _caller: CallerOf) -> Response:
    """The report on every cell under the mapping so far; the first issues in full, all of them counted."""
    console = console_of(request)
    kept = lists.upload_of(console, digest)
    found = uploads.report_of(lists.folder_of(console), kept, city=lists.lists_of(console).plan.city).as_data()
    issues = [
        {name: list_words.said(value) if isinstance(value, str) else value for name, value in one.items()}
        for one in found.pop("issues")[:SHOWN]
    ]
    return answer(request, {**found, "edition": kept.edition, "issues": issues})


# --- a plant and its own orders ---------------------------------------------------------------------------------------


@router.get("/my", summary="本企业的指令")
def mine(request: Request, caller: CallerOf) -> Response:
    """The orders of the caller's own plant, the newest first."""
    return answer(request, {"items": [_own(one) for one in own_orders(console_of(request), caller.account)]})


@router.get("/my/{identifier}", summary="本企业的一份指令")
def my_order(request: Request, identifier: Identifier, caller: CallerOf) -> Response:
    """One of them, with what became of it; `version` is what an act should name."""
    console = console_of(request)
    state = own_order(console, caller.account, identifier)
    events = [
        {"kind": entry.event.kind, "occurred_at": entry.event.occurred_at.isoformat(), "role": entry.event.role}
        for entry in shown_history(console, identifier)
    ]
    version = len(console.office.record.history("order", identifier))
    return answer(request, {**_own(state), "version": version, "measures": state.measures, "history": events})


@router.get("/my/{identifier}/document", summary="本企业的指令文书", response_class=Response, responses=PAPER)
def my_paper(request: Request, identifier: Identifier, caller: CallerOf, kind: Kind = "pdf") -> Response:
    """The same as a document, to be signed on paper."""
    return order_document(request, own_order(console_of(request), caller.account, identifier), kind=kind)


def _own(state: Order) -> dict[str, Any]:
    return {
        "identifier": state.identifier, "state": state.state.key, "level": state.level,
        "enterprise": state.enterprise, "voluntary": state.voluntary, "respond_by": state.respond_by,
        "execute_by": state.execute_by, "acknowledged_at": state.acknowledged_at,
    }  # fmt: skip
