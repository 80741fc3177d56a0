"""Texts of messages: what a recipient reads, made purely from states. Every drill text says 演练 in its first words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from emergency.vocabulary import BEIJING, Level
from emergency.warning import AirWarning

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


def warning_issued(warning: AirWarning, *, drill: bool) -> tuple[str, str]:
    """Subject and body of an issued warning: level, time, reason, measures, validity."""
    draft, level = warning.draft, warning.level
    body = (
        f"{draft.area}发布空气重污染{level.chinese}预警，自{local(draft.starts_at)}起启动{level.response}应急响应，"
        f"预计持续至{local(draft.expected_end)}。原因：{draft.reason}。{draft.text}"
    )
    return subject(f"{draft.area}{level.chinese}预警", drill=drill), (DRILL_MARK if drill else "") + body


def warning_lifted(warning: AirWarning, *, reason: str, now: datetime, drill: bool) -> tuple[str, str]:
    """Subject and body of a lift."""
    body = f"{warning.draft.area}自{local(now)}起解除{warning.level.chinese}预警，终止应急响应。{reason}"
    return subject(f"解除{warning.level.chinese}预警", drill=drill), (DRILL_MARK if drill else "") + body


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


def order_chased(*, enterprise_name: str, respond_by: datetime, number: int, drill: bool) -> tuple[str, str]:
    """Subject and body of a chase."""
    body = f"{enterprise_name}：减排指令应于{local(respond_by)}前签收，尚未收到（第{number}次催办），请立即签收。"
    return subject("催办：减排指令未签收", drill=drill), (DRILL_MARK if drill else "") + body
