"""The sheet of one plant 一厂一案 as a document (docx or pdf); the gate board with its QR code has its own page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from emergency.documents import Code, Grid, Heading, NewPage, Paper, Paragraph
from emergency.plant_sheet import REVISE_WHEN, Entry, Line, PlantSheet
from emergency.vocabulary import BEIJING, Level
from plans.enterprise_list import LEVEL_KEYS
from plans.errors import DataError
from plans.measure import POLLUTANT_NAMES
from plans.whole_file import write_whole

SUFFIXES = (".docx", ".pdf")
_NAMES: dict[str, str] = {key: name for key, name in POLLUTANT_NAMES.items()}
Block = Heading | Paragraph | Grid | Code | NewPage


def paper_of(sheet: PlantSheet, *, now: datetime, address: str = "") -> Paper:
    """The sheet as content; `address` is where the board's QR code leads, and without one there is no code."""
    day = now.astimezone(BEIJING).date()
    responsible = sheet.responsible or "未登记，须补充后方可下达指令"
    blocks: list[Block] = [
        *([Paragraph("虚构样例，不对应任何真实企业")] if sheet.sample else []),
        Paragraph(f"清单版本 {sheet.list_edition}（{sheet.list_digest[:12]}）　编制日期 {day.isoformat()}"),
        Heading("一、企业概况"),
        Grid(sheet.overview, head=False, small=True),
        _grid(("单元", "位置", "名称", "排放口", "基准产能（吨/日）", "基准排放（千克/日）"), sheet.units),
        Heading("二、组织机构"),
        Paragraph(f"应急减排责任岗位：{responsible}（只登记岗位，不登记姓名）"),
        Heading("三、预警与响应"),
    ]
    for key in LEVEL_KEYS:
        blocks.append(Heading(f"{Level.of(key).chinese}预警"))
        blocks.append(_measures(sheet.levels[key], "自主减排" if sheet.voluntary else "无强制减排措施"))
    blocks += [
        Heading("四、操作流程"),
        *(Paragraph(f"{number}．{step}") for number, step in enumerate(sheet.flow, start=1)),
        Heading("五、错峰生产"),
        *(Paragraph(text) for text in sheet.staggered or ("无",)),
        Heading("六、方案管理"),
        Paragraph(f"有下列情形之一的应当修订：{'、'.join(REVISE_WHEN)}。"),
        Grid((("日期", "修订内容"), *_entries(sheet.revisions, "尚无修订记录")), small=True),
        Grid((("日期", "演练和响应记录"), *_entries(sheet.drills, "尚无演练记录")), small=True),
    ]
    if sheet.doubts:
        blocks += [Heading("七、签发前须核实"), *(Paragraph(f"·{text}") for text in sheet.doubts)]
    checks = [(line.unit, line.text, "", "") for key in reversed(LEVEL_KEYS) for line in sheet.levels[key]]
    blocks += [
        Heading("附件一　现场检查表"),
        _grid(("单元", "应落实措施（由高到低）", "现场情况", "检查人岗位"), checks or [("", "无", "", "")]),
        NewPage(),
        Heading("附件二　公示牌"),
        *(Paragraph(text) for text in sheet.board()),
        *([Code(address, "扫码可核对公示牌与现行清单是否一致")] if address else []),
    ]
    return Paper(
        title=f"{sheet.name}重污染天气应急减排操作方案",
        number="",
        issuer="",
        dated=day,
        blocks=tuple(blocks),
        drill=False,
    )


def revised(kept: Sequence[Mapping[str, Any]]) -> list[Entry]:
    """The revision history out of what editions changed: rows with `at`, `name` and `changes` of the list."""
    return [
        Entry(_day(one["at"]), f"版本{one['name']}：" + "；".join(
            f"{change.unit} {change.column or '企业或单元'} {change.before or '—'}→{change.after or '—'}"
            for change in one["changes"]))
        for one in kept
    ]  # fmt: skip


def answered(kept: Sequence[Mapping[str, Any]], *, drill: bool) -> list[Entry]:
    """The log of drills (or responses) out of the orders a plant had: rows with `at`, `level`, receipt and `late`."""
    what = "演练" if drill else "响应"
    return [
        Entry(_day(one["at"]), f"{what}：{Level.of(one['level']).chinese}指令，" + (
            "未签收" if not one["acknowledged_at"] else "迟签" if one["late"] else "按时签收"))
        for one in kept
    ]  # fmt: skip


def content_of(sheet: PlantSheet, kind: str, *, now: datetime, address: str = "") -> bytes:
    """The document's bytes, `kind` being docx or pdf; DataError for another kind, or for a pdf without fonts."""
    if f".{kind}" not in SUFFIXES:
        raise DataError("A sheet is written as a document", where=kind, expected=" | ".join(SUFFIXES), found=kind)
    from emergency.documents_docx import to_docx
    from emergency.documents_pdf import to_pdf

    return (to_docx if kind == "docx" else to_pdf)(paper_of(sheet, now=now, address=address))


def write_sheet(sheet: PlantSheet, path: Path, *, now: datetime, address: str = "") -> None:
    """Write the sheet as .docx or .pdf, whole or not at all; `now` stands on it as the day it was made."""
    write_whole(path, content_of(sheet, path.suffix.removeprefix("."), now=now, address=address))


def _day(moment: datetime | str) -> date:
    return (datetime.fromisoformat(moment) if isinstance(moment, str) else moment).astimezone(BEIJING).date()


def _measures(lines: Sequence[Line], nothing: str) -> Block:
    if not lines:
        return Paragraph(nothing)
    rows = [
        (line.unit, line.place, line.text, "、".join(line.checks),
         "，".join(f"{_NAMES[name]} {kg:g}" for name, kg in line.cut_kg.items()))
        for line in lines
    ]  # fmt: skip
    return _grid(("单元", "位置", "措施", "核查方式", "减排量（千克/日）"), rows)


def _entries(entries: Sequence[Entry], nothing: str) -> list[tuple[str, str]]:
    return [(entry.on.isoformat(), entry.text) for entry in entries] or [("—", nothing)]


def _grid(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Grid:
    return Grid((head, *rows), small=True)
