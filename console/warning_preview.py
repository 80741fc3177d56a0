"""The preview beside the form of a draft: the text, the CAP message, the papers, and what the rules say to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from console.language import N_, _
from console.words import clock, refusal, role, span
from emergency import cap
from emergency.documents import Grid, Heading, Paper, Paragraph
from emergency.lifecycle import Actor, Event, Refused
from emergency.vocabulary import Level
from emergency.warning import Draft
from emergency.warning_draft import FAULT_FIELDS
from emergency.warning_preview import NEW, Preview, preview

if TYPE_CHECKING:
    from console.page import Console

LONG = timedelta(days=15)
"""A warning longer than this is pointed out: hardly any episode of the field lasted so long (a setting, I)."""


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that the rules say to the draft."""

    name: str
    said: str
    good: bool | None = None
    """False asks for attention; None is only told."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What stands beside the form."""

    preview: Preview | None
    """None while the form cannot be understood, or the act would be refused."""
    fault: str = ""
    """Why there is none, in one sentence."""
    field: str = ""
    """The field that is meant."""
    points: Sequence[Point] = ()
    parts: Sequence[tuple[str, str]] = ()
    """The CAP message as name and value."""
    xml: Markup | str = ""
    papers: Sequence[tuple[str, Markup]] = ()
    """Title and content of each paper, in the language in which it would be printed."""


def shown(
    console: Console,
    build: Callable[[], Draft],
    *,
    by: Actor,
    why: str = "",
    identifier: str = NEW,
    history: Sequence[Event] = (),
) -> Shown:
    """The preview of what `build` reads from the form; a fault of the form or a refusal becomes the sentence of it."""
    from console.page import BadForm

    record, desk, now = console.office.record, console.office.desk, console.settings.now()
    try:
        made = preview(record, desk, build(), by=by, now=now, identifier=identifier, history=history)
    except BadForm as fault:
        return Shown(None, str(fault), fault.field)
    except Refused as refused:
        return Shown(None, refusal(refused), FAULT_FIELDS.get(refused.rule, ""))
    return Shown(
        made,
        points=_points(console, made.content, why),
        parts=_parts(made.alert) if made.alert else (),
        xml=escape(made.xml),
        papers=tuple((paper.title, paper_html(paper)) for paper in made.papers),
    )


def paper_html(paper: Paper) -> Markup:
    """A paper on the screen: head, title, blocks and foot as they stand on it, every text escaped."""
    day = paper.dated
    parts = [Markup('<p class="red-head">{}</p>').format(paper.issuer)] if paper.red_head else []
    parts.append(Markup('<p class="paper-title">{}</p>').format(paper.title))
    if paper.addressee:
        parts.append(Markup("<p>{}</p>").format(f"{paper.addressee}："))
    for block in paper.blocks:
        if isinstance(block, Grid):
            rows = [Markup("<tr>{}</tr>").format(_cells(row, named=not block.head)) for row in block.rows]
            parts.append(Markup("<table><tbody>{}</tbody></table>").format(Markup().join(rows)))
        elif isinstance(block, Heading | Paragraph):
            parts.append(Markup("<p>{}</p>").format(block.text))
    dated = f"{day.year}年{day.month}月{day.day}日"
    parts.append(Markup('<p class="paper-foot">{}<br>{}</p>').format(paper.issuer, dated))
    return Markup().join(parts)


def _cells(row: Sequence[str], *, named: bool) -> Markup:
    name, cell = Markup('<th scope="row">{}</th>'), Markup("<td>{}</td>")
    return Markup().join((name if named and at == 0 else cell).format(text) for at, text in enumerate(row))


def _points(console: Console, content: Draft, why: str) -> list[Point]:
    """Criterion, signatures, what follows, and the hours, as they would be on the issue."""
    now, desk = console.settings.now(), console.office.desk
    authority = desk.may_sign(content)
    signers = _("、").join(role(key) for key in authority.roles)
    found = [_criterion(content, why)]
    found.append(Point(_("签批"), _("需%(count)s个签批：%(roles)s", count=authority.signatures, roles=signers)))
    if content.starts_measures:
        count = len(console.settings.instructions(Level.of(content.level)))
        found.append(
            Point(_("发布后"), _("向%(count)s家单位下达指令", count=count), count > 0)
        )  # fmt: skip
    else:
        found.append(Point(_("发布后"), _("不启动减排指令，只作提示和监管")))
    ended = [name for name in (content.replaces, *content.merges) if name]
    found.append(Point(_("替代"), _("、").join(ended) if ended else _("没有现行预警被替代")))
    found += [_start(content, now), _length(content)]
    return found


def _criterion(content: Draft, why: str) -> Point:
    if content.criterion_met:
        return Point(_("启动标准"), _("达到。%(why)s", why=why) if why else _("达到"), True)
    reason = content.without_criterion or content.superior
    return Point(_("启动标准"), _("未达到，理由：%(reason)s", reason=reason), False)


def _start(content: Draft, now: datetime) -> Point:
    if content.starts_at <= now:
        return Point(_("开始"), _("开始时间已过，发布后立即执行"), False)
    return Point(
        _("开始"), _("还有%(span)s（%(at)s）", span=span(content.starts_at - now), at=clock(content.starts_at))
    )


def _length(content: Draft) -> Point:
    length = content.expected_end - content.starts_at
    return Point(_("时长"), span(length), False if length > LONG else None)


HEAD = (N_("状态"), N_("消息类型"), N_("范围"), N_("发送方"), N_("发送时间"), N_("引用"))


def _parts(alert: cap.Alert) -> list[tuple[str, str]]:
    """The message as a person reads it: the head once, then each language."""
    earlier = " ".join(one.reference for one in alert.references)
    head = (alert.status, alert.message_type, alert.scope, alert.notice.sender, alert.notice.sent, earlier)
    found = [(_(name), value) for name, value in zip(HEAD, head, strict=True) if value]
    found += [
        (_("紧急、严重、确定"), f"{alert.urgency} · {cap.SEVERITY[alert.level]} · {alert.certainty}"),
        (_("应对"), " · ".join(alert.responses)),
        (_("生效、开始、失效"), " · ".join(one for one in (alert.effective, alert.onset, alert.expires) if one)),
    ]
    for info in alert.infos:
        found += [
            (f"{name} ({info.language})", value)
            for name, value in (
                (_("标题"), info.headline), (_("描述"), info.description), (_("指引"), info.instruction),
                (_("区域"), info.area), (_("响应级别"), info.response_class),
            )
        ]  # fmt: skip
    return found
