"""One order 减排指令 as a document (docx or pdf), for a plant that signs on paper and for the file.

Made of the order's state and of nothing else, so the same state gives the same bytes; what is not on record stays an
empty line to be filled in by hand. Once the order has ended the paper says so in its first table.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from emergency.documents import Grid, Heading, Paper, Paragraph
from emergency.messages import DRILL_MARK
from emergency.order import Order
from emergency.vocabulary import BEIJING, Level
from plans.errors import DataError

VIA = {"portal": "企业页面", "phone": "电话确认", "paper": "书面签收", "on_site": "现场送达"}
KINDS = ("docx", "pdf")
BY_HAND = "　　　　　　　　"


def paper_of(state: Order, *, issuer: str, execute_within: timedelta, drill: bool) -> Paper:
    """The order as content; `execute_within` is the plan's time for the measures, from which the start follows."""
    level = Level.of(state.level)
    ends = _moment(state.ended_at) if state.ended_at else "接到解除通知为止"
    facts = (
        ("指令编号", state.identifier),
        ("级别", f"{level.chinese}预警，{level.response}响应"),
        ("下达", _moment(state.issued_at)),
        ("签收期限", _moment(state.respond_by)),
        ("开始", _moment(state.execute_by - execute_within)),
        ("落实期限", _moment(state.execute_by)),
        ("结束", ends),
        ("当前状态", state.state.chinese),
    )
    task = state.audience == "department"
    if state.measures:
        rows = [
            (str(number), str(one.get("target", one.get("unit", "")) or "—"), str(one.get("text", "")))
            for number, one in enumerate(state.measures, start=1)
        ]
        measures: Grid | Paragraph = Grid((("序号", "对象", "任务" if task else "措施"), *rows))
    else:
        measures = Paragraph("自主减排，请按自主减排方案执行。" if state.voluntary else "无强制措施。")
    signed = (
        ("签收人", state.acknowledged_by or BY_HAND),
        ("签收时间和方式", _receipt(state)),
        ("报告执行", _moment(state.executed_at) if state.executed_at else BY_HAND),
    )
    return Paper(
        title=f"{DRILL_MARK if drill else ''}重污染天气应急{'任务单' if task else '减排指令'}",
        number="",
        issuer=issuer,
        dated=state.issued_at.astimezone(BEIJING).date(),
        blocks=(
            Grid(facts, head=False),
            Heading("一、任务" if task else "一、措施"),
            measures,
            Heading("二、签收"),
            Grid(signed, head=False),
        ),
        drill=drill,
        addressee=state.enterprise_name,
    )


def content_of(paper: Paper, kind: str) -> bytes:
    """The document's bytes, `kind` being docx or pdf; DataError for another kind, or for a pdf without fonts."""
    if kind not in KINDS:
        raise DataError("An order is written as a document", where=kind, expected=" | ".join(KINDS), found=kind)
    from emergency.documents_docx import to_docx
    from emergency.documents_pdf import to_pdf

    return (to_docx if kind == "docx" else to_pdf)(paper)


def _receipt(state: Order) -> str:
    if state.acknowledged_at is None:
        return BY_HAND
    return f"{_moment(state.acknowledged_at)}，{VIA.get(state.acknowledged_via, state.acknowledged_via)}"


def _moment(at: datetime) -> str:
    there = at.astimezone(BEIJING)
    return f"{there.year}年{there.month}月{there.day}日{there.hour:02d}时{there.minute:02d}分"
