"""The debrief of a drill 演练讲评: the score of what people really did, while it runs and afterwards."""

from __future__ import annotations

from datetime import datetime, timedelta

from fastapi import APIRouter, Request
from starlette.responses import Response

from console.language import N_, _
from console.page import Console, console_of, missing, page
from emergency import drill
from emergency.vocabulary import Level

router = APIRouter(prefix="/debrief")
KINDS = {"announced": N_("预告演练"), "surprise": N_("突击演练")}
SAID = (
    N_("签批与发布"), N_("送达"), N_("企业签收"), N_("部门签收"), N_("报告执行"), N_("落实到位"), N_("问题闭环"),
    N_("解除"), N_("没有发布预警"), N_("没有下达指令"), N_("没有下达"), N_("没有强制措施"), N_("没有可核实的结论"),
    N_("没有发现问题"), N_("尚未解除"), N_("仍在执行{0}份"), N_("{0}次发布中{1}次按时，最慢{2}小时"),
    N_("{0}份中送达{1}份"), N_("{0}份中按时{1}份，始终未签{2}份"), N_("{0}份中按时{1}份"),
    N_("{0}份可核实结论中到位{1}份，另有{2}份无法核实"),
    N_("{0}个中销号{1}个，逾期{2}个"),
)  # fmt: skip
"""What emergency.drill says of a drill, for the catalogue."""
NOTE = "drill"
"""Under this name a drill's record says of which kind it is."""
TO_THE_PAPER = timedelta(hours=1)
"""Between the draft and the issue besides the signatures; a setting of the office (confidence I)."""


@router.get("")
def debrief(request: Request) -> Response:
    """The items with weight, score and what was measured; only a drill has one."""
    console = console_of(request)
    record, now = console.office.record, console.settings.now()
    if not record.drill:
        raise missing(_("演练讲评"))
    responses = record.now("activation")[::-1]
    chosen = request.query_params.get("response") or (responses[0]["stream"] if responses else "")
    made = debrief_of(console, chosen, now=now)
    kind = KINDS["announced" if made.announced else "surprise"]
    return page(
        request, "debrief.html", made=made, kind=kind, responses=responses, chosen=chosen, now=now,
        simulated=console.settings.replay,
    )  # fmt: skip


def debrief_of(console: Console, response: str, *, now: datetime) -> drill.Debrief:
    """The score of one response of a drill, with what was measured."""
    record = console.office.record
    kind = record.noted(NOTE) or "surprise"
    episodes = {row["episode"] for row in record.now("activation") if row["stream"] == response}
    warnings = [row for row in record.now("warning") if row["episode"] in episodes]
    highest = max((Level.of(row["level"]) for row in warnings), default=Level.YELLOW)
    orders = record.now("order", parent=response) if response else ()
    streams = {row["stream"] for row in orders}
    within = timedelta(minutes=console.settings.plan.authority.of(highest.word).deadline_minutes.value)  # type: ignore[arg-type]
    return drill.debrief(
        warnings=warnings,
        orders=orders,
        problems=[row for row in record.now("problem") if row["body"]["order"] in streams],
        approve_within=within + TO_THE_PAPER,
        announced=kind == "announced",
        now=now,
    )
