"""Texts of messages: what a recipient reads, made purely from states. Every drill text says 演练 in its first words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from emergency.vocabulary import BEIJING, Level
from emergency.warning import POLLUTANTS, AirWarning, Draft

DRILL_MARK = "【演练】"


@lru_cache(maxsize=256)
def local(moment: datetime) -> str:
    """A moment as people here write it, in Beijing time.

    >>> from datetime import UTC
    >>> local(datetime(2015, 12, 7, 23, 0, tzinfo=UTC))
    '12月8日07时'
    """
    there = moment.astimezone(BEIJING)
    minutes = f"{there:%M}分" if there.minute else ""
    return f"{there.month}月{there.day}日{there:%H}时{minutes}"


def subject(text: str, *, drill: bool) -> str:
    """A subject line, marked when it belongs to a drill."""
    return f"{DRILL_MARK}{text}" if drill else text


def change_of(warning: AirWarning, before: AirWarning | None) -> str:
    """What an issue does to the one before it: 发布, 升级, 降级, 延长 or 调整 (times or text only)."""
    if before is None:
        return "发布"
    if before.draft.kind == "control" or warning.level > before.level:
        return "升级"
    if warning.level < before.level:
        return "降级"
    return "延长" if warning.draft.expected_end > before.draft.expected_end else "调整"


def warning_issued(warning: AirWarning, *, before: AirWarning | None = None, drill: bool) -> tuple[str, str]:
    """Subject and body of an issued warning: level, change, time, reason, why now, measures, advice, validity."""
    draft, level, change = warning.draft, warning.level, change_of(warning, before)
    what = "空气重污染" if draft.pollutant == "pm25" else POLLUTANTS[draft.pollutant] + "污染"
    opening = f"{draft.area}发布{what}{level.chinese}预警"
    if before is not None:
        old = before.draft.name
        opening = {
            "升级": f"{draft.area}将{old}升级为{what}{level.chinese}预警",
            "降级": f"{draft.area}将{old}降级为{what}{level.chinese}预警",
            "延长": f"{draft.area}{what}{level.chinese}预警延长至{local(draft.expected_end)}",
        }.get(change, f"{draft.area}调整{what}{level.chinese}预警")
    start = (
        f"自{local(draft.starts_at)}起启动{level.response}应急响应"
        if draft.starts_measures
        else (f"自{local(draft.starts_at)}起生效，不启动应急减排措施")
    )
    if draft.kind == "control":
        opening, start = f"{draft.area}实施临时管控", f"自{local(draft.starts_at)}起执行，未达预警级别"
    parts = [f"{opening}，{start}，预计持续至{local(draft.expected_end)}", f"原因：{draft.reason}"]
    if draft.superior:
        parts.append(f"按{draft.superior}执行")
    parts += [part for part in (draft.why_now, "；".join(draft.measures), draft.text, draft.health) if part]
    body = "。".join(part.rstrip("。") for part in parts) + "。"
    title = "临时管控" if draft.kind == "control" else f"{level.chinese}预警"
    mark = f"（{change}）" if before is not None else ""
    return subject(f"{draft.area}{title}{mark}", drill=drill), (DRILL_MARK if drill else "") + body


def supervision(draft: Draft, body: str) -> str:
    """The body for those who supervise when no emergency measures follow: what to look at (环大气〔2024〕6号)."""
    task = {
        "o3": "请加强挥发性有机物和氮氧化物重点源日常监管",
        "dust": "请在可行处加强扬尘管控",
    }.get(draft.pollutant, "请按临时管控要求开展巡查")
    return f"{body}{task}。"


def warning_lifted(warning: AirWarning, *, reason: str, now: datetime, drill: bool) -> tuple[str, str]:
    """Subject and body of a lift."""
    draft = warning.draft
    end = "，终止应急响应" if draft.starts_measures else ""
    body = f"{draft.area}自{local(now)}起解除{draft.name}{end}。{reason}"
    return subject(f"解除{draft.name}", drill=drill), (DRILL_MARK if drill else "") + body


def response_paused(*, level: Level, reason: str, resume_at: datetime | None, drill: bool) -> tuple[str, str]:
    """Subject and body of a pause."""
    until = "恢复时间另行通知" if resume_at is None else f"{local(resume_at)}自动恢复"
    body = f"{level.response}应急响应暂停执行，{until}。预警没有解除。{reason}"
    return subject("应急响应暂停", drill=drill), (DRILL_MARK if drill else "") + body


def response_resumed(*, level: Level, now: datetime, drill: bool) -> tuple[str, str]:
    """Subject and body of the resumption."""
    body = f"自{local(now)}起恢复{level.response}应急响应，请继续执行原减排措施。"
    return subject("应急响应恢复", drill=drill), (DRILL_MARK if drill else "") + body


def order_text(
    *,
    enterprise_name: str,
    level: Level,
    measures: Sequence[Mapping[str, Any]],
    voluntary: bool,
    starts_at: datetime,
    respond_by: datetime,
    drill: bool,
    audience: str = "enterprise",
) -> tuple[str, str]:
    """Subject and body of an order: what to do on which line or device, from when, and by when to answer."""
    lines = [f"{number}. {measure['text']}" for number, measure in enumerate(measures, start=1)]
    word = "减排措施" if audience == "enterprise" else "应急响应任务"
    head = f"{enterprise_name}：自{local(starts_at)}起执行{level.chinese}预警（{level.response}）{word}"
    what = "；".join(lines) if lines else "无强制措施"
    if voluntary:
        what = f"贵单位为自主减排企业，请按自主减排方案执行。{'；'.join(lines)}"
    body = f"{head}：{what}。请于{local(respond_by)}前签收。"
    title = "减排指令" if audience == "enterprise" else "应急响应任务"
    return subject(f"{level.chinese}预警{title}", drill=drill), (DRILL_MARK if drill else "") + body


def order_released(
    *, enterprise_name: str, now: datetime, drill: bool, audience: str = "enterprise"
) -> tuple[str, str]:
    """Subject and body of a release."""
    body = f"{enterprise_name}：自{local(now)}起解除减排措施，可恢复正常生产。"
    if audience != "enterprise":
        body = f"{enterprise_name}：自{local(now)}起终止应急响应任务，转入常态管控。"
    return subject("解除减排指令", drill=drill), (DRILL_MARK if drill else "") + body


def order_goes_on(enterprise_name: str, *, until: datetime, drill: bool) -> tuple[str, str]:
    """Subject and body for who already has the right order when two episodes become one."""
    body = (
        f"{enterprise_name}：两次污染过程间隔不足，按一次过程处理。"
        f"请继续执行现有减排指令，预计持续至{local(until)}，期间不解除。"
    )
    return subject("减排指令继续执行", drill=drill), (DRILL_MARK if drill else "") + body


def order_chased(*, enterprise_name: str, respond_by: datetime, number: int, drill: bool) -> tuple[str, str]:
    """Subject and body of a chase."""
    body = f"{enterprise_name}：减排指令应于{local(respond_by)}前签收，尚未收到（第{number}次催办），请立即签收。"
    return subject("催办：减排指令未签收", drill=drill), (DRILL_MARK if drill else "") + body


def page(*, what: str, matter: str, number: int, drill: bool) -> tuple[str, str]:
    """Subject and body of a page to one person: what waits, and the how-manieth time they are called about it."""
    again = f"（第{number}次呼叫）" if number > 1 else ""
    body = f"{what}（{matter}）等你处理{again}。接手后请在值班台点“我来处理”，呼叫即停止。"
    return subject(f"呼叫：{what}", drill=drill), (DRILL_MARK if drill else "") + body
