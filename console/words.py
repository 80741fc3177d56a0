"""How the console says things: moments in Beijing time, time left, AQI ranges, and the log as sentences."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from emergency import activation, alert, call, consultation, edition, handover, order, problem, warning
from emergency.compliance import Verdict
from emergency.compliance_evidence import SEEN
from emergency.lifecycle import Refused
from emergency.order_questions import KINDS
from emergency.record import Entry
from emergency.vocabulary import BEIJING, POLLUTANT_CHINESE, Level, Role

WEEKDAYS = "一二三四五六日"
LIVES = {
    "consultation": "会商", "warning": "预警", "activation": "应急响应", "order": "减排指令", "problem": "交办问题",
    "edition": "清单版本",
    "alert": "值守提醒",
    "call": "值守呼叫", "handover": "交接班",
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
    )
}
VERDICTS = {verdict.key: verdict.chinese for verdict in Verdict}
SURENESS = {"A": "A 有文件原文", "B": "B 单一来源", "C": "C 本办设定", "I": "I 推断设定"}
WEATHER = {"none": "无气象预报", "forecast": "使用气象预报", "perfect": "使用实况气象（仅限回报试验）"}
VIA = {"phone": "电话确认", "paper": "书面签收", "on_site": "现场送达"}
"""How the office can have a receipt from somebody who does not use the portal."""
STALE = "别人刚刚办理过，请查看最新状态。"


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
    return (f"{there.year}年" if year else "") + f"{there.month}月{there.day}日 {there:%H:%M}"


def day(value: date | str) -> str:
    """A natural day with its weekday.

    >>> day(date(2015, 12, 8))
    '12月8日 周二'
    """
    at = date.fromisoformat(value) if isinstance(value, str) else value
    return f"{at.month}月{at.day}日 周{WEEKDAYS[at.weekday()]}"


def span(length: timedelta) -> str:
    """A length of time, to the minute, to the hour above two days.

    >>> span(timedelta(hours=1, minutes=20)), span(timedelta(days=2, hours=3))
    ('1小时20分', '2天3小时')
    """
    minutes = max(0, int(length.total_seconds() // 60))
    if minutes >= 48 * 60:
        return f"{minutes // 1440}天" + (f"{minutes % 1440 // 60}小时" if minutes % 1440 // 60 else "")
    hours, rest = divmod(minutes, 60)
    return (f"{hours}小时" if hours else "") + (f"{rest}分" if rest or not hours else "")


def left(deadline: datetime | str | None, now: datetime) -> str:
    """How long until a deadline, or by how much it has passed; empty without one.

    >>> left(datetime(2015, 12, 5, 2, tzinfo=UTC), datetime(2015, 12, 5, 1, 15, tzinfo=UTC))
    '还有45分'
    """
    at = moment(deadline)
    if at is None:
        return ""
    return f"还有{span(at - now)}" if at >= now else f"已超{span(now - at)}"


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
    return f"{value / 1000:.2f}吨" if abs(value) >= 1000 else f"{value:.1f}千克"


def pollutant(key: str | None) -> str:
    """The name of a pollutant on screens; 无 for none."""
    return "无" if not key else POLLUTANT_CHINESE.get(key, key)


def role(key: str) -> str:
    """The Chinese name of a role key; the key itself when it is not known."""
    return next((one.chinese for one in Role if one.key == key), key)


def level_word(key: str | Level) -> str:
    """黄色, 橙色, 红色 or 无."""
    return (key if isinstance(key, Level) else Level.of(key)).chinese


_ROLE_KEYS = re.compile(r"\b(" + "|".join(sorted((one.key for one in Role), key=len, reverse=True)) + r")\b")


def refusal(error: Refused) -> str:
    """The sentence of a refusal with role keys turned into words.

    >>> refusal(Refused(act="批准", subject="预警", state="待审批", rule="无权", possible="应由mayor签批"))
    '预警 不能批准：当前状态“待审批”，无权。应由市（区）长签批。'
    """
    text = re.sub(r"[A-Za-z_]+", lambda found: _ROLE_KEYS.sub(lambda key: role(key[0]), found[0]), error.sentence())
    return text if text.endswith("。") else text + "。"


# --- the log as sentences ---------------------------------------------------------------------------------------------

_Say = Callable[[Mapping[str, Any]], str]


def _roles(keys: Any) -> str:
    return "、".join(role(str(key)) for key in keys)


def _via(data: Mapping[str, Any]) -> str:
    """How a receipt came that the office noted, and before whom."""
    via = VIA.get(str(data.get("via", "")), "")
    return f"；{via}，见证：{data.get('witness', '')}" if via else ""


def _offline(data: Mapping[str, Any]) -> str:
    """That a form was filled without network, and when it arrived."""
    return f"（断网时填写，{clock(data['sent_at'])}送达）" if data.get("offline") else ""


def _evidence(data: Mapping[str, Any]) -> str:
    mark = "（模拟）" if data.get("simulated") else ""
    match data.get("type"):
        case "electricity":
            return f"用电读数{mark}：{data['used_kwh']}千瓦时，平常同时段{data['normal_kwh']}千瓦时"
        case "measure":
            word = "开始执行" if data["step"] == "start" else "结束执行"
            reading = f"，电表读数{data['reading']}" if data.get("reading") else ""
            photo = "，附照片" if data.get("photo") else ""
            return f"{data['unit']} {word}{reading}{photo}{_offline(data)}"
        case "inspection":
            style = "四不两直，" if data.get("unannounced") else ""
            seen = f"{data['unit'] or '全厂'} {SEEN[data['seen']]}"
            return f"现场检查（{style}{data.get('place') or '未记位置'}）：{seen}。{data['note']}"
        case "gate":
            return f"门禁记录：共{data['vehicles']}辆次，禁行车辆{data['banned']}辆次"
        case "ledger":
            return f"台账：{data['unit']} {data['day']} 产量{data['output']}吨"
        case _:
            return "提交佐证"


def _what(data: Mapping[str, Any]) -> str:
    return "临时管控" if data.get("kind") == "control" else f"{level_word(data['level'])}预警"


SENTENCES: dict[tuple[str, str], _Say] = {
    ("consultation", "proposed"): lambda d: f"提议会商（{len(d['triggers'])}项触发条件）",
    ("consultation", "convened"): lambda d: f"召集会商：{_roles(d['required'])}",
    ("consultation", "opinion_noted"): lambda d: f"{role(d['role'])}提交意见：{d['view'] or '未附文字'}",
    ("consultation", "absence_noted"): lambda d: f"记录{role(d['role'])}缺席：{d['why']}",
    ("consultation", "concluded"): lambda d: (
        f"会商结论{'：' + level_word(d['level']) + '预警' if d['level'] != 'none' else '：不预警'}。{d['reason']}"
        + (f"（标准判定为{level_word(d['judged'])}，理由：{d['against']}）" if d.get("against") else "")
    ),
    ("consultation", "cancelled"): lambda d: f"取消会商：{d['reason']}",
    ("warning", "drafted"): lambda d: (
        f"起草{_what(d)}，拟{clock(d['starts_at'])}起" + ("（替代现行预警）" if d["replaces"] else "")
    ),
    ("warning", "signed"): lambda d: f"{role(d['role'])}签批",
    ("warning", "approved"): lambda d: f"预警获批准（{d['signatures']}个签批）",
    ("warning", "returned"): lambda d: f"退回修改：{d['reason']}",
    ("warning", "redrafted"): lambda d: f"修改后重报{_what(d)}",
    ("warning", "issued"): lambda _d: "发布预警",
    ("warning", "superseded"): lambda d: f"预警被 {d['successor']} 替代",
    ("warning", "lift_asked"): lambda d: f"提请解除：{d['reason']}",
    ("warning", "lift_signed"): lambda d: f"{role(d['role'])}签批解除",
    ("warning", "lifted"): lambda d: f"解除预警：{d['reason']}",
    ("warning", "withdrawn"): lambda d: f"撤回草稿：{d['reason']}",
    ("activation", "scheduled"): lambda d: f"安排{Level.of(d['level']).response}响应，{clock(d['starts_at'])}启动",
    ("activation", "started"): lambda _d: "应急响应启动",
    ("activation", "adjusted"): lambda d: f"响应由{level_word(d['from'])}调整为{level_word(d['level'])}",
    ("activation", "paused"): lambda d: (
        f"响应暂停{'至' + clock(d['resume_at']) if d.get('resume_at') else ''}：{d['reason']}"
    ),
    ("activation", "resumed"): lambda _d: "响应恢复",
    ("activation", "ended"): lambda d: f"响应终止：{d['reason']}",
    ("activation", "cancelled"): lambda d: f"响应取消：{d['reason']}",
    ("activation", "reviewed"): lambda _d: "完成应急响应评估",
    ("order", "issued"): lambda d: f"向{d['enterprise_name']}下达{level_word(d['level'])}减排指令",
    ("order", "delivered"): lambda d: f"指令已送达（{'演练封存通道' if d['channel'] == 'sealed' else d['channel']}）",
    ("order", "delivery_failed"): lambda d: f"指令未能送达：{d['why']}",
    ("order", "acknowledged"): lambda d: f"签收（{d['signer']}{_via(d)}）{_offline(d)}",
    ("order", "execution_reported"): lambda d: f"报告已执行：{d['report']}{_offline(d)}",
    ("order", "evidence_filed"): _evidence,
    ("order", "finding_recorded"): lambda d: f"核查结论：{VERDICTS.get(d['verdict'], d['verdict'])}。{d['text']}",
    ("order", "chased"): lambda d: f"第{d['number']}次催办",
    ("order", "superseded"): lambda _d: "被新指令替代",
    ("order", "released"): lambda d: f"解除指令：{d['reason']}",
    ("order", "exempted"): lambda d: f"豁免：{d['reason']}",
    ("order", "asked"): lambda d: f"{KINDS.get(d['kind'], d['kind'])}：{d['text']}",
    ("order", "answered"): lambda d: f"答复：{d['answer']}",
    ("order", "exemption_requested"): lambda d: f"申请豁免：{d['reason']}",
    ("order", "exemption_refused"): lambda d: f"不予豁免：{d['reason']}",
    ("order", "closed"): lambda _d: "办结",
    ("problem", "found"): lambda d: f"登记问题：{d['content']}",
    ("problem", "assigned"): lambda d: f"交办{d['unit']}，限{clock(d['due_at'])}前整改",
    ("problem", "rectified"): lambda d: f"报告整改：{d['report']}",
    ("problem", "verified"): lambda d: f"回头看通过：{d['note']}",
    ("problem", "reopened"): lambda d: f"回头看不通过，重新交办：{d['reason']}",
    ("problem", "closed"): lambda _d: "销号",
    ("edition", "stored"): lambda d: (
        f"清单版本{d['name']}入库：{d['enterprises']}家、{d['units']}个单元（{d['file']}）"
    ),
    ("edition", "adopted"): lambda _d: "启用清单版本",
    ("edition", "replaced"): lambda _d: "清单版本被后一版替代",
    ("edition", "withdrawn"): lambda d: f"撤回清单版本：{d['reason']}",
    ("alert", "acknowledged"): lambda d: f"签收值守提醒：{d['text']}" + (f"（{d['note']}）" if d["note"] else ""),
    ("call", "opened"): lambda d: f"开始呼叫：{d['what']}",
    ("call", "paged"): lambda d: f"呼叫{_roles(d['people'])}",
    ("call", "taken"): lambda d: f"{role(d['role'])}应答",
    ("call", "acknowledged"): lambda _d: "已有人接手，停止呼叫",
    ("call", "jumped"): lambda d: f"转到第{d['step'] + 1}级",
    ("call", "unanswered"): lambda d: f"呼叫{d['paged']}次无人应答",
    ("call", "closed"): lambda d: f"结束呼叫：{d['reason']}",
    ("handover", "written"): lambda d: f"{d['shift_name']}交班：{d['note']}",
    ("handover", "taken"): lambda _d: "接班",
}
"""(life, kind) to the sentence of an entry; a test checks that every event of every life-cycle has one."""


def sentence(entry: Entry) -> str:
    """What one entry of the log says, in Chinese; the English kind when an older entry lacks what is needed."""
    say = SENTENCES.get((entry.life, entry.event.kind))
    try:
        return say(entry.event.data) if say else entry.event.kind
    except (KeyError, ValueError):
        return entry.event.kind
