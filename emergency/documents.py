"""Official documents as content (会商意见, 审批表, 预警通知, 交接班记录), made purely from what is on record.

What stands here is only what states and events hold; a value that is not on record is written as 未记录 and never
guessed. How it looks on paper is in documents_docx. Titles and fields follow real software of the field (domain notes
6); no official template was found (confidence C), so each office may change the words in its own copy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from emergency.consultation import Consultation, ConsultationState
from emergency.lifecycle import Event
from emergency.messages import DRILL_MARK, local
from emergency.roster import Handover
from emergency.vocabulary import BEIJING, POLLUTANT_CHINESE, Level, Role
from emergency.warning import AirWarning
from plans.errors import DataError

UNKNOWN = "未记录"


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading inside the text, e.g. 一、会商依据."""

    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph of running text."""

    text: str


@dataclass(frozen=True, slots=True)
class Grid:
    """A table; the first row is a head row when `head` is true, else the first column names the fields."""

    rows: tuple[tuple[str, ...], ...]
    head: bool = True


@dataclass(frozen=True, slots=True)
class Paper:
    """One document before it is set."""

    title: str
    number: str
    """Document number, e.g. 样重污染办〔2015〕3号; empty for forms and records."""
    issuer: str
    dated: date
    blocks: tuple[Heading | Paragraph | Grid, ...]
    drill: bool
    red_head: bool = False
    """Whether it goes out under the red head of the issuer (notices do, forms and records do not)."""
    addressee: str = ""


def opinion(state: Consultation, history: Sequence[Event], *, issuer: str, number: str = "", drill: bool) -> Paper:
    """The 会商意见 of a concluded consultation: triggers, each party's view, dissent, absences, signed values, level.

    DataError for a consultation that is not concluded: there is no opinion yet.
    """
    if state.state is not ConsultationState.CONCLUDED:
        raise DataError("The consultation has no conclusion yet", where=state.identifier, found=state.state.chinese)
    concluded = _moment(history, "concluded", state.identifier)
    days = [date.fromisoformat(state.first_date) + timedelta(days=n) for n in range(len(state.signed_aqi))]
    opinions = state.opinions or {}
    rows = [("日期", "签发AQI", *(_role(role) for role in opinions), "首要污染物")]
    for n, (day, value) in enumerate(zip(days, state.signed_aqi, strict=True)):
        ranges = (_at(view.get("daily_aqi"), n) for view in opinions.values())
        primary = {POLLUTANT_CHINESE.get(str(one), str(one)) for one in _primaries(opinions, n)}
        rows.append(
            (_day(day), str(value), *("—" if pair is None else f"{pair[0]}–{pair[1]}" for pair in ranges),
             "、".join(sorted(primary)) or UNKNOWN)
        )  # fmt: skip
    views = [Paragraph(f"{_role(role)}：{view.get('view') or UNKNOWN}") for role, view in opinions.items()]
    dissent = [
        Paragraph(f"{_role(role)}的范围未包含签发值：{'、'.join(outside)}。")
        for role, view in opinions.items()
        if (outside := [_day(day) for n, day in enumerate(days) if _outside(view, n, state.signed_aqi[n])])
    ]
    absent = [Paragraph(f"{_role(role)}：{why}") for role, why in (state.absences or {}).items()]
    level = Level.of(state.level)
    advice = "未达到预警启动标准。" if level is Level.NONE else f"建议发布{level.chinese}预警，{level.response}响应。"
    return Paper(
        title=_title("重污染天气预报会商意见", drill),
        number=number,
        issuer=issuer,
        dated=concluded.astimezone(BEIJING).date(),
        blocks=(
            Heading("一、会商依据"),
            *(Paragraph(str(trigger.get("text") or UNKNOWN)) for trigger in state.triggers),
            Heading("二、各方意见"),
            *(views or [Paragraph(UNKNOWN)]),
            Heading("三、逐日结论"),
            Grid(tuple(rows)),
            Heading("四、不同意见"),
            *(dissent or [Paragraph("无。")]),
            Heading("五、缺席情况"),
            *(absent or [Paragraph("无。")]),
            Heading("六、会商结论"),
            Paragraph(f"{state.conclusion}。{advice}"),
            Paragraph(f"会商编号：{state.identifier}；形成时间：{_stamp(concluded)}。"),
        ),
        drill=drill,
    )


def approval_form(state: AirWarning, history: Sequence[Event], *, issuer: str, drill: bool) -> Paper:
    """The 预警信息发布审批表 of a warning in any state: what is proposed, why, and every signature with its time."""
    content = state.draft
    signed = [(event.data["role"], event.occurred_at) for event in _present(history) if event.kind == "signed"]
    rows = [
        ("预警编号", state.identifier),
        ("预警级别", f"{state.level.chinese}（{state.level.response}响应）"),
        ("预警区域", content.area),
        ("起止时间", f"{_stamp(content.starts_at)} 至 {_stamp(content.expected_end)}（预计）"),
        ("发布依据", f"{content.reason}（{_source(content.consultation)}）"),
        ("是否达到标准", "达到预警启动标准" if content.criterion_met else "未达到启动标准，按所述理由提前发布"),
        ("主要内容", content.text or UNKNOWN),
        ("替代的预警", content.replaces or "无"),
        *((f"{_role(role)}签批", f"同意。{_stamp(when)}") for role, when in signed),
    ]
    if not signed:
        rows.append(("签批意见", ""))
    if state.return_reason:
        rows.append(("曾退回原因", state.return_reason))
    rows.append(("当前状态", state.state.chinese))
    drafted = _moment(history, "drafted", state.identifier)
    return Paper(
        title=_title("重污染天气预警信息发布审批表", drill),
        number="",
        issuer=issuer,
        dated=drafted.astimezone(BEIJING).date(),
        blocks=(Grid(tuple(rows), head=False),),
        drill=drill,
    )


def notice(
    state: AirWarning, history: Sequence[Event], *, issuer: str, number: str, addressee: str, drill: bool
) -> Paper:
    """The 发布, 调整 or 解除 通知 of a warning, by what happened last to it.

    DataError for a warning that was never issued: the law lets nobody announce it (大气污染防治法 第95条).
    """
    if state.issued_at is None:
        raise DataError("The warning was never issued", where=state.identifier, found=state.state.chinese)
    content, level = state.draft, state.level
    lifted = [event for event in history if event.kind == "lifted"]
    if lifted:
        what, when = "解除", lifted[-1].occurred_at
        text = [
            f"根据会商研判，空气质量将持续低于预警启动标准，决定自{_stamp(when)}起解除{content.area}空气重污染"
            f"{level.chinese}预警，终止{level.response}应急响应。",
            f"解除理由：{lifted[-1].data['reason']}。",
            "请各有关单位做好总结评估。",
        ]
    else:
        what, when = ("调整" if content.replaces else "发布"), state.issued_at
        opening = f"决定将原预警（{content.replaces}）调整为" if content.replaces else "决定发布"
        text = [
            f"根据会商研判（{content.reason}），{opening}{content.area}空气重污染{level.chinese}预警，"
            f"自{_stamp(content.starts_at)}起启动{level.response}应急响应，预计持续至{_stamp(content.expected_end)}。",
            content.text or "请按应急预案和应急减排清单落实各项措施。",
            "解除时间另行通知。",
        ]
    return Paper(
        title=_title(f"关于{what}空气重污染{level.chinese}预警的通知", drill),
        number=number,
        issuer=issuer,
        dated=when.astimezone(BEIJING).date(),
        blocks=tuple(Paragraph(line) for line in text),
        drill=drill,
        red_head=True,
        addressee=addressee,
    )


def handover(note: Handover, *, issuer: str, shift_name: str, drill: bool) -> Paper:
    """The 交接班记录 of one hand-over; an unsigned one says so."""
    taken = UNKNOWN if note.acknowledged_at is None else _stamp(note.acknowledged_at)
    rows = (
        ("班次", f"{_day(note.day)}{shift_name}"),
        ("交班", note.from_person),
        ("接班", note.to_person),
        ("交班时间", _stamp(note.at)),
        ("接班确认时间", taken),
        ("值班情况", note.note or UNKNOWN),
        ("未办结事项", "；".join(note.open_matters) or "无"),
    )
    return Paper(_title("值班交接班记录", drill), "", issuer, note.day, (Grid(rows, head=False),), drill)


def _title(text: str, drill: bool) -> str:
    return f"{DRILL_MARK}{text}" if drill else text


def _role(key: str) -> str:
    return Role.of(key).chinese


def _day(day: date) -> str:
    return f"{day.month}月{day.day}日"


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(BEIJING).year}年{local(moment)}"


def _source(consultation: str) -> str:
    return "实况已达重度污染，立即启动" if consultation == "observed" else f"会商 {consultation}"


def _moment(history: Sequence[Event], kind: str, subject: str) -> datetime:
    for event in history:
        if event.kind == kind:
            return event.occurred_at
    raise DataError("The record does not hold the event the document needs", where=subject, expected=kind)


def _present(history: Sequence[Event]) -> list[Event]:
    """The events since the draft was last put up: signatures of a returned draft do not carry over."""
    found: list[Event] = []
    for event in history:
        if event.kind in ("redrafted", "returned"):
            found.clear()
        found.append(event)
    return found


def _at(values: object, index: int) -> Sequence[int] | None:
    return values[index] if isinstance(values, list) and index < len(values) else None


def _primaries(opinions: Mapping[str, Mapping[str, object]], index: int) -> list[object]:
    named = (view.get("primary") for view in opinions.values())
    return [one[index] for one in named if isinstance(one, list) and index < len(one) and one[index]]


def _outside(view: Mapping[str, object], index: int, signed: int) -> bool:
    pair = _at(view.get("daily_aqi"), index)
    return pair is not None and not pair[0] <= signed <= pair[1]
