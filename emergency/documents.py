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
from emergency.warning import POLLUTANTS, AirWarning, Draft
from plans.errors import DataError

UNKNOWN = "未记录"
ADDRESSEE = "各成员单位"
"""To whom a 通知 goes where the office names nobody else."""


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
    small: bool = False
    """Set in 小五 whatever the number of columns."""


@dataclass(frozen=True, slots=True)
class Code:
    """A QR code with a line below; a workbook shows the address in words."""

    address: str
    caption: str


@dataclass(frozen=True, slots=True)
class NewPage:
    """What follows begins on a page of its own."""


@dataclass(frozen=True, slots=True)
class Paper:
    """One document before it is set."""

    title: str
    number: str
    """Document number, e.g. 样重污染办〔2015〕3号; empty for forms and records."""
    issuer: str
    """Who signs at the end; empty for none."""
    dated: date
    blocks: tuple[Heading | Paragraph | Grid | Code | NewPage, ...]
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
    concluded = moment_of(history, "concluded", state.identifier)
    days = [date.fromisoformat(state.first_date) + timedelta(days=n) for n in range(len(state.signed_aqi))]
    opinions = state.opinions or {}
    rows = [("日期", "签发AQI", *(role_name(role) for role in opinions), "首要污染物")]
    for n, (day, value) in enumerate(zip(days, state.signed_aqi, strict=True)):
        ranges = (_at(view.get("daily_aqi"), n) for view in opinions.values())
        primary = {POLLUTANT_CHINESE.get(str(one), str(one)) for one in _primaries(opinions, n)}
        rows.append(
            (_day(day), str(value), *("—" if pair is None else f"{pair[0]}–{pair[1]}" for pair in ranges),
             "、".join(sorted(primary)) or UNKNOWN)
        )  # fmt: skip
    views = [Paragraph(f"{role_name(role)}：{view.get('view') or UNKNOWN}") for role, view in opinions.items()]
    dissent = [
        Paragraph(f"{role_name(role)}的范围未包含签发值：{'、'.join(outside)}。")
        for role, view in opinions.items()
        if (outside := [_day(day) for n, day in enumerate(days) if _outside(view, n, state.signed_aqi[n])])
    ]
    absent = [Paragraph(f"{role_name(role)}：{why}") for role, why in (state.absences or {}).items()]
    level = Level.of(state.level)
    advice = "未达到预警启动标准。" if level is Level.NONE else f"建议发布{level.chinese}预警，{level.response}响应。"
    return Paper(
        title=title_of("重污染天气预报会商意见", drill),
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
            Paragraph(f"会商编号：{state.identifier}；形成时间：{stamp_of(concluded)}。"),
        ),
        drill=drill,
    )


def approval_form(state: AirWarning, history: Sequence[Event], *, issuer: str, drill: bool) -> Paper:
    """The 预警信息发布审批表 of a warning in any state: what is proposed, why, and every signature with its time."""
    content = state.draft
    signed = [(event.data["role"], event.occurred_at) for event in _present(history) if event.kind == "signed"]
    control = content.kind == "control"
    rows = [
        ("编号", state.identifier),
        ("级别", "临时管控（低于黄色）" if control else f"{state.level.chinese}（{state.level.response}响应）"),
        ("污染物", POLLUTANTS[content.pollutant]),
        ("区域", content.area),
        ("起止时间", f"{stamp_of(content.starts_at)} 至 {stamp_of(content.expected_end)}（预计）"),
        ("发布依据", f"{content.reason}（{_source(content.consultation)}）"),
        (
            "是否达到标准",
            "达到预警启动标准" if content.criterion_met else f"未达到启动标准。{content.without_criterion}",
        ),
        ("主要内容", "；".join(part for part in (*content.measures, content.text) if part) or UNKNOWN),
        *((("健康提示", content.health),) if content.health else ()),
        *((("上级通知", content.superior),) if content.superior else ()),
        ("替代的预警", "、".join(name for name in (content.replaces, *content.merges) if name) or "无"),
        *((f"{role_name(role)}签批", f"同意。{stamp_of(when)}") for role, when in signed),
    ]
    if not signed:
        rows.append(("签批意见", ""))
    if state.lift_reason:
        rows.append(("提请解除", state.lift_reason))
        rows += [
            (f"{role_name(event.data['role'])}签批解除", f"同意。{stamp_of(event.occurred_at)}")
            for event in history
            if event.kind == "lift_signed"
        ]
    if state.return_reason:
        rows.append(("曾退回原因", state.return_reason))
    rows.append(("当前状态", state.state.chinese))
    drafted = moment_of(history, "drafted", state.identifier)
    return Paper(
        title=title_of("临时管控审批表" if control else _form_title(state), drill),
        number="",
        issuer=issuer,
        dated=drafted.astimezone(BEIJING).date(),
        blocks=(Grid(tuple(rows), head=False),),
        drill=drill,
    )


def _form_title(state: AirWarning) -> str:
    """One form for issue, change and lift (太原 2019)."""
    what = "解除" if state.lift_reason else "调整" if state.draft.replaces else "发布"
    return f"重污染天气预警信息{what}审批表"


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
            f"根据会商研判，空气质量将持续低于预警启动标准，决定自{stamp_of(when)}起解除{content.area}{what_of(content)}"
            f"{level.chinese}预警" + (f"，终止{level.response}应急响应。" if content.starts_measures else "。"),
            f"解除理由：{lifted[-1].data['reason']}。",
            "请各有关单位做好总结评估。",
        ]
    else:
        what, when = ("调整" if content.replaces else "发布"), state.issued_at
        before = "、".join(name for name in (content.replaces, *content.merges) if name)
        opening = f"决定将原预警（{before}）调整为" if before else "决定发布"
        start = f"起启动{level.response}应急响应" if content.starts_measures else "起生效，不启动应急减排措施"
        text = [
            f"根据会商研判（{content.reason}），{opening}{content.area}{what_of(content)}{level.chinese}预警，"
            f"自{stamp_of(content.starts_at)}{start}，预计持续至{stamp_of(content.expected_end)}。",
            *((content.why_now,) if content.why_now else ()),
            f"{(content.text or '请按应急预案和应急减排清单落实各项措施').rstrip('。')}。",
            *((f"健康提示：{content.health}。",) if content.health else ()),
            "解除时间另行通知。",
        ]
    return Paper(
        title=title_of(f"关于{what}{what_of(content)}{level.chinese}预警的通知", drill),
        number=number,
        issuer=issuer,
        dated=when.astimezone(BEIJING).date(),
        blocks=tuple(Paragraph(line) for line in text),
        drill=drill,
        red_head=True,
        addressee=addressee,
    )


def _criterion(content: Draft) -> str:
    return "达到预警启动标准" if content.criterion_met else f"未达到启动标准。{content.without_criterion}"


def what_of(content: Draft) -> str:
    """空气重污染, or the pollutant of a warning that starts no measures."""
    return "空气重污染" if content.pollutant == "pm25" else f"{POLLUTANTS[content.pollutant]}污染"


def handover(note: Handover, *, issuer: str, shift_name: str, drill: bool) -> Paper:
    """The 交接班记录 of one hand-over; an unsigned one says so."""
    taken = UNKNOWN if note.acknowledged_at is None else stamp_of(note.acknowledged_at)
    rows = (
        ("班次", f"{_day(note.day)}{shift_name}"),
        ("交班", note.from_person),
        ("接班", note.to_person),
        ("交班时间", stamp_of(note.at)),
        ("接班确认时间", taken),
        ("值班情况", note.note or UNKNOWN),
        ("未办结事项", "；".join(note.open_matters) or "无"),
    )
    return Paper(title_of("值班交接班记录", drill), "", issuer, note.day, (Grid(rows, head=False),), drill)


def title_of(text: str, drill: bool) -> str:
    """A title, marked when it belongs to a drill."""
    return f"{DRILL_MARK}{text}" if drill else text


def role_name(key: str) -> str:
    """The Chinese name of a role key."""
    return Role.of(key).chinese


def _day(day: date) -> str:
    return f"{day.month}月{day.day}日"


def day_of(text: str) -> str:
    """An ISO day as people here write it."""
    return _day(date.fromisoformat(text))


def stamp_of(moment: datetime) -> str:
    """A moment with its year, in Beijing time."""
    return f"{moment.astimezone(BEIJING).year}年{local(moment)}"


def _source(consultation: str) -> str:
    return "实况已达重度污染，立即启动" if consultation == "observed" else f"会商 {consultation}"


def moment_of(history: Sequence[Event], kind: str, subject: str) -> datetime:
    """When the first event of a kind happened; DataError when the record does not hold it."""
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
