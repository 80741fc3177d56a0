"""How the console says things: moments in Beijing time, time left, AQI ranges, and the log as sentences."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from console.language import MONTHS, N_, _, current, show, word
from emergency import activation, alert, call, consultation, edition, handover, link, order, problem, warning
from emergency.compliance import Verdict
from emergency.compliance_evidence import SEEN
from emergency.lifecycle import Refused
from emergency.order_questions import KINDS
from emergency.record import Entry
from emergency.vocabulary import BEIJING, POLLUTANT_CHINESE, Level, Role

WEEKDAYS = "一二三四五六日"
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
LIVES = {
    "consultation": N_("会商"), "warning": N_("预警"), "activation": N_("应急响应"), "order": N_("减排指令"),
    "problem": N_("交办问题"), "edition": N_("清单版本"), "alert": N_("值守提醒"), "call": N_("值守呼叫"),
    "handover": N_("交接班"), "link": N_("签收链接"),
}  # fmt: skip
STATES: dict[str, dict[str, str]] = {
    life: {state.key: state.chinese for state in states}
    for life, states in (
        ("consultation", consultation.ConsultationState),
        ("warning", warning.WarningState),
        ("activation", activation.ActivationState),
        ("order", order.OrderState),
        ("problem", problem.ProblemState),
        ("edition", edition.EditionState),
        ("alert", alert.AlertState),
        ("call", call.CallState),
        ("handover", handover.HandoverState),
        ("link", link.LinkState),
    )
}
VERDICTS = {verdict.key: verdict.chinese for verdict in Verdict}
SURENESS = {"A": N_("A 有文件原文"), "B": N_("B 单一来源"), "C": N_("C 未经核实"), "I": N_("I 本办推断")}
WEATHER = {"none": N_("无气象预报"), "forecast": N_("使用气象预报"), "perfect": N_("使用实况气象（仅限回报试验）")}
VIA = {"phone": N_("电话确认"), "paper": N_("书面签收"), "on_site": N_("现场送达")}
"""How the office can have a receipt from somebody who does not use the portal."""
COMPOSED = (
    N_("达到{0}预警条件：{1}，依据{2}"), N_("未达到黄色预警条件，依据{0}"),
    N_("未达到黄色预警条件（达到{0}条件），依据{1}"),
    N_("日AQI>{0}持续{1}小时及以上"), N_("日AQI>{0}"), N_("日AQI达到500"), N_("{0}至{1}"), N_("{0}月{1}日{2}时"),
    N_("可能出现轻度污染及以上天气"), N_("空气质量级别转折"), N_("首要污染物转变"), N_("良–轻度边缘天气（保良）"),
    N_("{0}月{1}日{2}及以上概率{3}（阈值{4}）"), N_("{0}月{1}日由{2}转为{3}（AQI {4}→{5}）"),
    N_("{0}月{1}日首要污染物由{2}转为{3}"), N_("{0}月{1}日AQI {2}"),
    N_("环大气〔2024〕6号"), N_("环大气〔2017〕86号"), N_("环办大气函〔2018〕875号"),
    N_("监测AQI已达{0}（>{1}），预计未来{2}小时内无明显改善，应立即启动"),
    N_("黄"), N_("橙"), N_("红"), N_("蓝色"), N_("绿色"), N_("紫色"), N_("褐红色"), N_("全市"), N_("是"), N_("否"),
)  # fmt: skip
"""Sentences that other floors put together from pieces, and words that stand in the rules, for the catalogue."""
STALE = N_("别人刚刚办理过，请查看最新状态。")


def moment(value: datetime | str | None) -> datetime | None:
    """A moment of a projection (ISO text) or of a state, aware; None stays None."""
    if value is None or value == "":
        return None
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def clock(value: datetime | str | None, *, year: bool = False) -> str:
    """A moment in Beijing time; a dash for None.

    >>> clock("2015-12-07T23:05:00+00:00")
    '12月8日 07:05'
    """
    at = moment(value)
    if at is None:
        return "—"
    there = at.astimezone(BEIJING)
    if current() == "en":
        return f"{there.day} {MONTHS[there.month - 1]} " + (f"{there.year} " if year else "") + f"{there:%H:%M}"
    return (f"{there.year}年" if year else "") + f"{there.month}月{there.day}日 {there:%H:%M}"


def day(value: date | str) -> str:
    """A natural day with its weekday.

    >>> day(date(2015, 12, 8))
    '12月8日 周二'
    """
    at = date.fromisoformat(value) if isinstance(value, str) else value
    return f"{date_word(at)} {weekday(at)}" if current() == "zh" else f"{weekday(at)} {date_word(at)}"


def date_word(at: date) -> str:
    """A day of the year: 12月8日, 8 Dec."""
    return f"{at.month}月{at.day}日" if current() == "zh" else f"{at.day} {MONTHS[at.month - 1]}"


def weekday(at: date) -> str:
    """The day of the week, short: 周二, Tue."""
    return f"周{WEEKDAYS[at.weekday()]}" if current() == "zh" else DAYS[at.weekday()]


def span(length: timedelta) -> str:
    """A length of time, to the minute, to the hour above two days.

    >>> span(timedelta(hours=1, minutes=20)), span(timedelta(days=2, hours=3))
    ('1小时20分', '2天3小时')
    """
    minutes = max(0, int(length.total_seconds() // 60))
    if minutes >= 48 * 60:
        parts = [_("%(count)s天", count=minutes // 1440)]
        parts += [_("%(count)s小时", count=minutes % 1440 // 60)] if minutes % 1440 // 60 else []
    else:
        hours, rest = divmod(minutes, 60)
        parts = [_("%(count)s小时", count=hours)] if hours else []
        parts += [_("%(count)s分", count=rest)] if rest or not hours else []
    return ("" if current() == "zh" else " ").join(parts)


def left(deadline: datetime | str | None, now: datetime) -> str:
    """How long until a deadline, or by how much it has passed; empty without one.

    >>> left(datetime(2015, 12, 5, 2, tzinfo=UTC), datetime(2015, 12, 5, 1, 15, tzinfo=UTC))
    '还有45分'
    """
    at = moment(deadline)
    if at is None:
        return ""
    return _("还有%(span)s", span=span(at - now)) if at >= now else _("已超%(span)s", span=span(now - at))


def percent(share: float | None) -> str:
    """A share as a whole percentage; a dash for None."""
    return "—" if share is None else f"{share:.0%}"


def kilograms(value: float | None) -> str:
    """A mass for a person: tonnes from one on.

    >>> kilograms(1234.5), kilograms(12.34)
    ('1.23吨', '12.3千克')
    """
    if value is None:
        return "—"
    return (
        _("%(value)s吨", value=f"{value / 1000:.2f}")
        if abs(value) >= 1000
        else _("%(value)s千克", value=f"{value:.1f}")
    )


def pollutant(key: str | None) -> str:
    """The name of a pollutant on screens; 无 for none."""
    return str(show("无" if not key else POLLUTANT_CHINESE.get(key, key)))


def role(key: str) -> str:
    """The Chinese name of a role key; the key itself when it is not known."""
    return str(show(next((one.chinese for one in Role if one.key == key), key)))


def level_word(key: str | Level) -> str:
    """黄色, 橙色, 红色 or 无."""
    return str(show((key if isinstance(key, Level) else Level.of(key)).chinese))


def short(category: str) -> str:
    """The word of an AQI category where there is little room: 轻度, Light.

    >>> short("轻度污染"), short("优")
    ('轻度', '优')
    """
    return category[:2] if current() == "zh" else (word(category) or category).split()[0]


_ROLE_KEYS = re.compile(r"\b(" + "|".join(sorted((one.key for one in Role), key=len, reverse=True)) + r")\b")


def refusal(error: Refused) -> str:
    """The sentence of a refusal with role keys turned into words.

    >>> refusal(Refused(act="批准", subject="预警", state="待审批", rule="无权", possible="应由mayor签批"))
    '预警 不能批准：当前状态“待审批”，无权。应由市（区）长签批。'
    """
    if current() == "en":
        return _refusal_in_english(error)
    text = re.sub(r"[A-Za-z_]+", lambda found: _ROLE_KEYS.sub(lambda key: role(key[0]), found[0]), error.sentence())
    return text if text.endswith("。") else text + "。"


def _refusal_in_english(error: Refused) -> str:
    """The same from the fields of the refusal, each with its English where we have it."""

    def said(text: str) -> str:
        return str(show(_ROLE_KEYS.sub(lambda key: next(one.chinese for one in Role if one.key == key[0]), text)))

    return _(
        "%(subject)s 不能%(act)s：当前状态“%(state)s”，%(rule)s。%(possible)s。",
        subject=said(error.subject), act=said(error.act), state=said(error.state), rule=said(error.rule),
        possible=said(error.possible),
    )  # fmt: skip


# --- the log as sentences ---------------------------------------------------------------------------------------------

_Say = Callable[[Mapping[str, Any]], str]


def _roles(keys: Any) -> str:
    return _("、").join(role(str(key)) for key in keys)


def _via(data: Mapping[str, Any]) -> str:
    """How a receipt came that the office noted, and before whom."""
    via = VIA.get(str(data.get("via", "")), "")
    return _("；%(via)s，见证：%(witness)s", via=via, witness=data.get("witness", "")) if via else ""


def _offline(data: Mapping[str, Any]) -> str:
    """That a form was filled without network, and when it arrived."""
    return _("（断网时填写，%(sent_at)s送达）", sent_at=clock(data["sent_at"])) if data.get("offline") else ""


def _evidence(data: Mapping[str, Any]) -> str:
    mark = _("（模拟）") if data.get("simulated") else ""
    match data.get("type"):
        case "electricity":
            return _(
                "用电读数%(mark)s：%(used_kwh)s千瓦时，平常同时段%(normal_kwh)s千瓦时",
                mark=mark,
                used_kwh=data["used_kwh"],
                normal_kwh=data["normal_kwh"],
            )
        case "measure":
            word = _("开始执行") if data["step"] == "start" else _("结束执行")
            reading = _("，电表读数%(reading)s", reading=data["reading"]) if data.get("reading") else ""
            photo = _("，附照片") if data.get("photo") else ""
            return f"{data['unit']} {word}{reading}{photo}{_offline(data)}"
        case "inspection":
            style = _("四不两直，") if data.get("unannounced") else ""
            seen = f"{data['unit'] or _('全厂')} {show(SEEN[data['seen']])}"
            return _(
                "现场检查（%(style)s%(place)s）：%(seen)s。%(note)s",
                style=style,
                place=data.get("place") or _("未记位置"),
                seen=seen,
                note=data["note"],
            ) + _offline(data)
        case "gate":
            return _(
                "门禁记录：共%(vehicles)s辆次，禁行车辆%(banned)s辆次", vehicles=data["vehicles"], banned=data["banned"]
            )
        case "ledger":
            return _(
                "台账：%(unit)s %(day)s 产量%(output)s吨", unit=data["unit"], day=data["day"], output=data["output"]
            )
        case _:
            return _("提交佐证")


def _what(data: Mapping[str, Any]) -> str:
    return _("临时管控") if data.get("kind") == "control" else _("%(level)s预警", level=level_word(data["level"]))


SENTENCES: dict[tuple[str, str], _Say] = {
    ("consultation", "proposed"): lambda d: _("提议会商（%(triggers)s项触发条件）", triggers=len(d["triggers"])),
    ("consultation", "convened"): lambda d: _("召集会商：%(required)s", required=_roles(d["required"])),
    ("consultation", "opinion_noted"): lambda d: _(
        "%(role)s提交意见：%(view)s", role=role(d["role"]), view=d["view"] or _("未附文字")
    ),
    ("consultation", "absence_noted"): lambda d: _("记录%(role)s缺席：%(why)s", role=role(d["role"]), why=d["why"]),
    ("consultation", "concluded"): lambda d: (
        _(
            "会商结论%(value)s。%(reason)s",
            value=_("：%(level)s预警", level=level_word(d["level"])) if d["level"] != "none" else _("：不预警"),
            reason=d["reason"],
        )
        + (
            _("（标准判定为%(judged)s，理由：%(against)s）", judged=level_word(d["judged"]), against=d["against"])
            if d.get("against")
            else ""
        )
    ),
    ("consultation", "cancelled"): lambda d: _("取消会商：%(reason)s", reason=d["reason"]),
    ("warning", "drafted"): lambda d: (
        _("起草%(what)s，拟%(starts_at)s起", what=_what(d), starts_at=clock(d["starts_at"]))
        + (_("（替代现行预警）") if d["replaces"] else "")
    ),
    ("warning", "signed"): lambda d: _("%(role)s签批", role=role(d["role"])),
    ("warning", "approved"): lambda d: _("预警获批准（%(signatures)s个签批）", signatures=d["signatures"]),
    ("warning", "returned"): lambda d: _("退回修改：%(reason)s", reason=d["reason"]),
    ("warning", "redrafted"): lambda d: _("修改后重报%(what)s", what=_what(d)),
    ("warning", "issued"): lambda _d: _("发布预警"),
    ("warning", "superseded"): lambda d: _("预警被 %(successor)s 替代", successor=d["successor"]),
    ("warning", "lift_asked"): lambda d: _("提请解除：%(reason)s", reason=d["reason"]),
    ("warning", "lift_signed"): lambda d: _("%(role)s签批解除", role=role(d["role"])),
    ("warning", "lifted"): lambda d: _("解除预警：%(reason)s", reason=d["reason"]),
    ("warning", "withdrawn"): lambda d: _("撤回草稿：%(reason)s", reason=d["reason"]),
    ("activation", "scheduled"): lambda d: _(
        "安排%(response)s响应，%(starts_at)s启动",
        response=Level.of(d["level"]).response,
        starts_at=clock(d["starts_at"]),
    ),
    ("activation", "started"): lambda _d: _("应急响应启动"),
    ("activation", "adjusted"): lambda d: _(
        "响应由%(from_)s调整为%(level)s", from_=level_word(d["from"]), level=level_word(d["level"])
    ),
    ("activation", "paused"): lambda d: _(
        "响应暂停%(value)s：%(reason)s",
        value=_("至%(moment)s", moment=clock(d["resume_at"])) if d.get("resume_at") else "",
        reason=d["reason"],
    ),
    ("activation", "resumed"): lambda _d: _("响应恢复"),
    ("activation", "ended"): lambda d: _("响应终止：%(reason)s", reason=d["reason"]),
    ("activation", "cancelled"): lambda d: _("响应取消：%(reason)s", reason=d["reason"]),
    ("activation", "reviewed"): lambda _d: _("完成应急响应评估"),
    ("order", "issued"): lambda d: _(
        "向%(enterprise_name)s下达%(level)s减排指令", enterprise_name=d["enterprise_name"], level=level_word(d["level"])
    ),
    ("order", "delivered"): lambda d: _(
        "指令已送达（%(value)s）", value=_("演练封存通道") if d["channel"] == "sealed" else d["channel"]
    ),
    ("order", "delivery_failed"): lambda d: _("指令未能送达：%(why)s", why=d["why"]),
    ("order", "acknowledged"): lambda d: _(
        "签收（%(signer)s%(via)s）%(offline)s", signer=d["signer"], via=_via(d), offline=_offline(d)
    ),
    ("order", "execution_reported"): lambda d: _(
        "报告已执行：%(report)s%(offline)s", report=d["report"], offline=_offline(d)
    ),
    ("order", "evidence_filed"): _evidence,
    ("order", "finding_recorded"): lambda d: _(
        "核查结论：%(get)s。%(text)s", get=VERDICTS.get(d["verdict"], d["verdict"]), text=d["text"]
    ),
    ("order", "chased"): lambda d: _("第%(number)s次催办", number=d["number"]),
    ("order", "superseded"): lambda _d: _("被新指令替代"),
    ("order", "released"): lambda d: _("解除指令：%(reason)s", reason=d["reason"]),
    ("order", "exempted"): lambda d: _("豁免：%(reason)s", reason=d["reason"]),
    ("order", "asked"): lambda d: _("%(get)s：%(text)s", get=KINDS.get(d["kind"], d["kind"]), text=d["text"]),
    ("order", "answered"): lambda d: _("答复：%(answer)s", answer=d["answer"]),
    ("order", "exemption_requested"): lambda d: _("申请豁免：%(reason)s", reason=d["reason"]),
    ("order", "exemption_refused"): lambda d: _("不予豁免：%(reason)s", reason=d["reason"]),
    ("order", "closed"): lambda _d: _("办结"),
    ("problem", "found"): lambda d: _("登记问题：%(content)s", content=d["content"]),
    ("problem", "assigned"): lambda d: _("交办%(unit)s，限%(due_at)s前整改", unit=d["unit"], due_at=clock(d["due_at"])),
    ("problem", "rectified"): lambda d: _("报告整改：%(report)s", report=d["report"]),
    ("problem", "verified"): lambda d: _("回头看通过：%(note)s", note=d["note"]),
    ("problem", "reopened"): lambda d: _("回头看不通过，重新交办：%(reason)s", reason=d["reason"]),
    ("problem", "closed"): lambda _d: _("销号"),
    ("edition", "stored"): lambda d: _(
        "清单版本%(name)s入库：%(enterprises)s家、%(units)s个单元（%(file)s）",
        name=d["name"],
        enterprises=d["enterprises"],
        units=d["units"],
        file=d["file"],
    ),
    ("edition", "adopted"): lambda _d: _("启用清单版本"),
    ("edition", "replaced"): lambda _d: _("清单版本被后一版替代"),
    ("edition", "withdrawn"): lambda d: _("撤回清单版本：%(reason)s", reason=d["reason"]),
    ("alert", "acknowledged"): lambda d: (
        _("签收值守提醒：%(text)s", text=d["text"]) + (_("（%(note)s）", note=d["note"]) if d["note"] else "")
    ),
    ("call", "opened"): lambda d: _("开始呼叫：%(what)s", what=d["what"]),
    ("call", "paged"): lambda d: _("呼叫%(people)s", people=_roles(d["people"])),
    ("call", "taken"): lambda d: _("%(role)s应答", role=role(d["role"])),
    ("call", "acknowledged"): lambda _d: _("已有人接手，停止呼叫"),
    ("call", "jumped"): lambda d: _("转到第%(step)s级", step=d["step"] + 1),
    ("call", "unanswered"): lambda d: _("呼叫%(paged)s次无人应答", paged=d["paged"]),
    ("call", "closed"): lambda d: _("结束呼叫：%(reason)s", reason=d["reason"]),
    ("handover", "written"): lambda d: _("%(shift_name)s交班：%(note)s", shift_name=d["shift_name"], note=d["note"]),
    ("handover", "taken"): lambda _d: _("接班"),
    ("link", "made"): lambda d: _("为%(plant)s生成签收链接", plant=d["enterprise_name"]),
    ("link", "entered"): lambda _d: _("企业凭链接进入"),
    ("link", "revoked"): lambda d: _("撤销签收链接：%(reason)s", reason=d["reason"]),
}
"""(life, kind) to the sentence of an entry; a test checks that every event of every life-cycle has one."""


def sentence(entry: Entry) -> str:
    """What one entry of the log says; the English kind when an older entry lacks what is needed."""
    say = SENTENCES.get((entry.life, entry.event.kind))
    try:
        return say(entry.event.data) if say else entry.event.kind
    except (KeyError, ValueError):
        return entry.event.kind
