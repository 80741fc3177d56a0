"""Reduction lists 减排清单: what it reaches, its editions, the import with its mapping screen, the plant sheets."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import FormData, UploadFile
from starlette.responses import FileResponse, RedirectResponse, Response

from console import list_words, uploads
from console.language import _
from console.lists import ListInUse
from console.page import BadForm, Console, Form, account_of, attempt, console_of, missing, needed, page, text, whole
from emergency import documents_docx, documents_pdf
from emergency.edition import Edition
from emergency.lifecycle import Actor
from emergency.office_list import list_of_plant
from emergency.plant_paper import answered, content_of, revised
from emergency.plant_sheet import PlantSheet, sheet_of
from emergency.vocabulary import BEIJING, Level
from plans.enterprise_csv import COLUMNS
from plans.enterprise_list import EnterpriseList
from plans.list_diff import diff_lists
from plans.list_export import csv_text, rows_of
from plans.list_import_file import letters_of
from plans.measure import POLLUTANT_NAMES, POLLUTANTS

router = APIRouter(prefix="/list")
LEVELS = (Level.YELLOW, Level.ORANGE, Level.RED)
SHOWN = 200


@router.get("")
def overview(request: Request) -> Response:
    """What the list in use reaches per pollutant, level and district; its editions; its plants."""
    console = console_of(request)
    lists, record = _lists(request), console.office.record
    listing = lists.listing()
    today = console.settings.now().astimezone(BEIJING).date()
    shut = [one.strip() for one in request.query_params.get("shut", "").replace("，", ",").split(",") if one.strip()]
    words = request.query_params.get("text", "").strip()
    context: dict[str, Any] = {
        "reached": {},
        "districts": {},
        "doubts": 0,
        "plants": (),
        "resting": 0,
        "found": 0,
        "trouble": "",
    }
    if listing is not None:
        windows = lists.windows()
        plants = [one for one in listing.enterprises if words in one.name or words in one.identifier]
        context |= {
            "sums": lists.sums(listing, on=today, shut=shut),
            "plants": plants[:50],
            "found": len(plants),
            "resting": sum(window.first <= today <= window.last for window in windows),
        }
    return page(
        request, "list.html", listing=listing, edition=lists.edition(), today=today, shut="，".join(shut), words=words,
        editions=record.now("edition")[::-1], pollutants=POLLUTANT_NAMES, levels=LEVELS, keys=POLLUTANTS, **context,
    )  # fmt: skip


@router.get("/export")
def export(request: Request) -> Response:
    """The list in use as a workbook that is read back to the very same list."""
    lists = _lists(request)
    path = lists.workbook(_exports(request), lists.edition())
    if path is None:
        raise missing(_("清单"))
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return FileResponse(path, media_type=kind, filename="list.xlsx")


def _exports(request: Request) -> Path:
    return folder_of(console_of(request)).parent / "exports"


# --- import -----------------------------------------------------------------------------------------------------------


@router.get("/import")
def choose(request: Request) -> Response:
    """The form that takes a file."""
    return page(request, "list_import.html")


@router.post("/import")
def take(request: Request, form: Form) -> Response:
    """Keep a file and go on to its report."""
    try:
        made = take_from(folder_of(console_of(request)), form)
    except BadForm as fault:
        return page(request, "list_import.html", status=400, alert=str(fault))
    return RedirectResponse(f"/list/import/{made.digest}", status_code=303)


def take_from(folder: Path, form: FormData) -> uploads.Upload:
    """The file of the form with what lies beside it, kept to be looked at; BadForm when it is no list."""
    edition = needed(form, "edition", _("版本名称"), most=40)
    if not edition.replace("-", "").replace("_", "").isalnum():
        raise BadForm(_("版本名称只能用文字、数字和连字符。"))
    file = form.get("file")
    if not isinstance(file, UploadFile) or not file.size:
        raise BadForm(_("请选择清单文件（xlsx或CSV）。"))
    sample = text(form, "sample", most=3) == "yes"
    made = uploads.keep(folder, file.file.read(), name=file.filename or "list", edition=edition, sample=sample)
    for field in ("windows", "places"):
        extra = form.get(field)
        if isinstance(extra, UploadFile) and extra.size:
            try:
                setattr(made, field, extra.file.read().decode("utf-8-sig"))
            except UnicodeDecodeError:
                raise BadForm(_("错峰窗口和位置表须为UTF-8编码的CSV文件。")) from None
    uploads.save(folder, made)
    return made


@router.get("/import/{digest}")
def report(request: Request, digest: str) -> Response:
    """The mapping screen and the report on every cell; nothing is stored yet."""
    return _report(request, digest)


@router.post("/import/{digest}")
def decide(request: Request, digest: str, form: Form) -> Response:
    """Take what was decided about the columns, and report anew."""
    upload = _upload(request, digest)
    upload.columns, upload.units = {}, {}
    for number in range(whole(text(form, "columns", most=4), _("列数"), low=0, high=400)):
        heading, column = text(form, f"heading{number}", most=200), text(form, f"column{number}", most=40)
        if column == "-":
            upload.columns[heading] = None
        elif column in COLUMNS:
            upload.columns[heading] = column
        if unit := text(form, f"unit{number}", most=20):
            upload.units[heading] = unit
    upload.skip_sheets = [str(name)[:80] for name in form.getlist("skip")]
    upload.blank_is_zero = text(form, "blank", most=3) == "yes"
    upload.days_per_year = whole(text(form, "days", most=3) or "365", _("全年生产天数"), low=1, high=366)
    uploads.save(folder_of(console_of(request)), upload)
    return RedirectResponse(f"/list/import/{digest}", status_code=303)


@router.post("/import/{digest}/store")
def store(request: Request, digest: str) -> Response:
    """Store the checked list as a new edition."""
    console, by = console_of(request), account_of(request).actor
    upload = _upload(request, digest)
    return attempt(
        lambda: store_from(console, upload, by=by, now=console.settings.now()),
        show=lambda alert, status: _report(request, digest, alert=alert, status=status),
        then=f"/list/editions/list-{upload.edition}?done=stored",
    )


def store_from(console: Console, upload: uploads.Upload, *, by: Actor, now: datetime) -> Edition:
    """The new edition, not yet in use; BadForm while the list has an error."""
    folder, lists = folder_of(console), lists_of(console)
    found = uploads.report_of(folder, upload, city=lists.plan.city)
    if found.listing is None:
        raise BadForm(_("清单还有错误，不能入库。请先改正文件或映射。"))
    content = csv_text(rows_of(found.listing))
    stored = _with_digest(found.listing, content)
    kept = console.office.store_edition(
        stored, content, file=upload.name, by=by, now=now,
        windows=upload.windows or found.beside.get("windows", ""),
        places=upload.places or found.beside.get("places", ""),
    )  # fmt: skip
    lists.remember(stored)
    with suppress(OSError):  # then it is written when somebody asks for it
        lists.workbook(folder.parent / "exports", kept)
    return kept


def _report(request: Request, digest: str, *, alert: str = "", status: int = 200) -> Response:
    folder, upload = folder_of(console_of(request)), _upload(request, digest)
    found = uploads.report_of(folder, upload, city=_lists(request).plan.city)
    headings: list[dict[str, Any]] = []
    skipped = []
    for name, header in uploads.headers_of(folder, upload):
        skipped.append((name, header is None, name in upload.skip_sheets))
        if header is None:
            continue
        for number, heading in sorted({**header.columns, **header.clashing, **header.doubled}.items()):
            headings.append(_heading(name, number, heading.text, heading.column, upload, heading.factor is None))
        headings += [_heading(name, n, words, None, upload, False) for n, words in sorted(header.unknown.items())]
    return page(
        request, "list_report.html", status=status, alert=alert, upload=upload, report=found, counts=found.counts,
        issues=found.issues[:SHOWN], headings=headings, sheets=skipped, columns=COLUMNS, said=list_words.said,
        enterprises=len({row["编号"] for row in found.rows}),
        severities={"error": _('错误'), "warning": _('警告'), "suggestion": _('建议')},
    )  # fmt: skip


def _heading(
    sheet: str, number: int, words: str, column: str | None, upload: uploads.Upload, no_unit: bool
) -> dict[str, Any]:
    chosen = upload.columns.get(words, column or "") if words in upload.columns else (column or "")
    return {
        "sheet": sheet, "letter": letters_of(number), "text": words, "column": "-" if chosen is None else chosen,
        "decided": words in upload.columns, "unit": upload.units.get(words, ""), "no_unit": no_unit,
    }  # fmt: skip


def _with_digest(listing: EnterpriseList, content: str) -> EnterpriseList:
    from dataclasses import replace

    from plans.enterprise_list import digest_of

    return replace(listing, digest=digest_of(content))


# --- editions and sheets ----------------------------------------------------------------------------------------------


@router.get("/editions/{identifier}")
def edition(request: Request, identifier: str) -> Response:
    """One edition, and what it changes against the list in use."""
    return _edition(request, identifier)


@router.post("/editions/{identifier}/adopt")
def adopt(request: Request, identifier: str) -> Response:
    """Put it into use."""
    console, by = console_of(request), account_of(request).actor
    _kept(request, identifier)
    return attempt(
        lambda: console.office.adopt_edition(identifier, by=by, now=console.settings.now()),
        show=lambda alert, status: _edition(request, identifier, alert=alert, status=status),
        then=f"/list/editions/{identifier}?done=adopted",
    )


@router.get("/plants/{identifier}")
def plant(request: Request, identifier: str) -> Response:
    """One plant's sheet (一厂一案) on the screen."""
    return page(request, "plant.html", sheet=sheet(request, identifier), own=False, **revisions(request, identifier))


@router.get("/plants/{identifier}/document")
def document(request: Request, identifier: str) -> Response:
    """The same as a document: docx, or pdf when the query asks for it."""
    return sheet_document(request, identifier)


def sheet_document(request: Request, identifier: str, *, kind: str = "") -> Response:
    """A plant's sheet as a document with its revisions, the log of drills and responses, and the board's QR code."""
    kind = kind or ("pdf" if request.query_params.get("kind") == "pdf" else "docx")
    kept = revisions(request, identifier)
    made = sheet(
        request,
        identifier,
        revisions=revised(kept["revisions"]),
        drills=answered(kept["answered"], drill=console_of(request).office.record.drill),
    )
    now = console_of(request).settings.now()
    content = content_of(made, kind, now=now, address=board_address(request, made))
    media = {"docx": documents_docx.MEDIA_TYPE, "pdf": documents_pdf.MEDIA_TYPE}[kind]
    return Response(content, media_type=media, headers={"content-disposition": f'attachment; filename="sheet.{kind}"'})


def board_address(request: Request, made: PlantSheet) -> str:
    """Where the board of a plant is read; the list's digest tells an old board from the present list."""
    return f"{str(request.base_url).rstrip('/')}/board/{made.enterprise}?list={made.list_digest[:12]}"


def sheet(request: Request, identifier: str, **more: Any) -> Any:
    """The sheet of a plant of the list in use; 404 when the list has none such."""
    lists = _lists(request)
    listing = lists.listing()
    if listing is None or identifier not in {one.identifier for one in listing.enterprises if one.kind == "工业源"}:
        raise missing(_("企业"))
    return sheet_of(listing, identifier, lists.plan, windows=lists.windows(), **more)


def revisions(request: Request, identifier: str) -> dict[str, Any]:
    """What editions changed for a plant, newest first, and the drills and responses in which it had orders."""
    record = console_of(request).office.record
    kept = [
        record.state("edition", row["stream"])
        for row in record.now("edition")
        if row["state"] in ("in_use", "replaced")
    ]
    changes: list[dict[str, Any]] = []
    for before, after in pairwise(kept):
        found = diff_lists(
            list_of_plant(record, before, identifier), list_of_plant(record, after, identifier)
        ).changes  # fmt: skip
        if found:
            changes.append({"at": after.adopted_at, "name": after.name, "changes": found[:20]})
    answered = [
        {"at": row["body"]["issued_at"], "level": row["level"], "acknowledged_at": row["body"]["acknowledged_at"],
         "late": bool(row["body"]["acknowledged_at"]) and row["body"]["acknowledged_at"] > row["body"]["respond_by"],
         "verdict": row["body"]["findings"][-1]["verdict"] if row["body"]["findings"] else ""}
        for row in record.now("order", enterprise=identifier)
    ]  # fmt: skip
    return {"revisions": changes[::-1], "answered": answered[::-1][:20]}


def _edition(request: Request, identifier: str, *, alert: str = "", status: int = 200) -> Response:
    record, kept = console_of(request).office.record, _kept(request, identifier)
    changed = _lists(request).changes(kept) if kept.state.key == "stored" else None
    return page(
        request, "edition.html", status=status, alert=alert, kept=kept, diff=changed, shown=SHOWN,
        history=record.history("edition", identifier), pollutants=POLLUTANT_NAMES,
        kinds={"plant_added": _('新增企业'), "plant_removed": _('移除企业'), "plant_changed": _('企业信息变更'),
               "unit_added": _('新增单元'), "unit_removed": _('移除单元'), "unit_changed": _('单元变更')},
    )  # fmt: skip


def _kept(request: Request, identifier: str) -> Edition:
    found = console_of(request).office.record.state("edition", identifier)
    if not isinstance(found, Edition):
        raise missing(_("清单版本"))
    return found


def _lists(request: Request) -> ListInUse:
    return lists_of(console_of(request))


def lists_of(console: Console) -> ListInUse:
    """The reduction lists of the office; 404 when it has none."""
    lists = console.settings.lists
    if lists is None:
        raise missing(_("清单"))
    return lists


def folder_of(console: Console) -> Path:
    """Where uploaded files lie; BadForm when the office has no working folder."""
    folder = console.settings.uploads
    if folder is None:
        raise BadForm(_("本控制台没有工作目录，不能上传文件。"))
    return folder


def _upload(request: Request, digest: str) -> uploads.Upload:
    return upload_of(console_of(request), digest)


def upload_of(console: Console, digest: str) -> uploads.Upload:
    """An uploaded list by its digest; 404 when it is gone."""
    found = uploads.load(folder_of(console), digest)
    if found is None:
        raise missing(_("上传文件"))
    return found


def today_of(request: Request) -> date:
    """The office's day."""
    return console_of(request).settings.now().astimezone(BEIJING).date()


__all__: Sequence[str] = ("board_address", "revisions", "router", "sheet", "sheet_document")
