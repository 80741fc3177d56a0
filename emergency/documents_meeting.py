"""会商纪要 and 周研判 as content, made purely from what is on record; what is not there is written as 未记录."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from emergency.consultation import Consultation, ConsultationState
from emergency.documents import (
    UNKNOWN,
    Grid,
    Heading,
    Paper,
    Paragraph,
    day_of,
    moment_of,
    role_name,
    stamp_of,
    title_of,
)
from emergency.lifecycle import Event
from emergency.vocabulary import BEIJING, Level
from plans.errors import DataError


def minutes(
    state: Consultation,
    history: Sequence[Event],
    *,
    pack: Mapping[str, Any] | None,
    issuer: str,
    drill: bool,
) -> Paper:
    """The 会商纪要 of a concluded consultation: why, agenda, evidence, who spoke, result, advice by department.

    Without an evidence pack (sessions from before there were any) those parts say 未记录. DataError as for the opinion.
    """
    if state.state is not ConsultationState.CONCLUDED:
        raise DataError("The consultation has no conclusion yet", where=state.identifier, found=state.state.chinese)
    convened = moment_of(history, "convened", state.identifier)
    concluded = moment_of(history, "concluded", state.identifier)
    heard = "、".join(role_name(role) for role in state.opinions or {}) or "无"
    absent = "、".join(f"{role_name(role)}（{why}）" for role, why in (state.absences or {}).items()) or "无"
    found: Mapping[str, Any] = pack or {}
    seen = found.get("observed", {})
    values = ((day_of(day["date"]), day["aqi"]) for day in seen.get("days", ()))
    days = "；".join(f"{day}AQI {'缺' if aqi is None else aqi}" for day, aqi in values)
    agenda = [Paragraph(f"{n}．{line}") for n, line in enumerate(found.get("agenda", ()), start=1)]
    latest = seen.get("latest")
    advice = [Paragraph(f"{name}：{'；'.join(tasks)}。") for name, tasks in found.get("advice", {}).items()]
    level = Level.of(state.level)
    result = "不发布预警" if level is Level.NONE else f"建议发布{level.chinese}预警"
    if state.against:
        result += f"（标准判定为{Level.of(state.judged).chinese}，理由：{state.against}）"
    return Paper(
        title=title_of("空气质量会商纪要", drill),
        number="",
        issuer=issuer,
        dated=concluded.astimezone(BEIJING).date(),
        blocks=(
            Grid((("会商编号", state.identifier), ("时间", f"{stamp_of(convened)} 至 {stamp_of(concluded)}"),
                  ("提交意见", heard), ("缺席", absent)), head=False),
            Heading("一、会商缘由"),
            *(Paragraph(str(trigger.get("text") or UNKNOWN)) for trigger in state.triggers),
            Heading("二、议程"),
            *(agenda or [Paragraph(UNKNOWN)]),
            Heading("三、空气质量分析"),
            Paragraph(f"近日实况：{days or UNKNOWN}。" + (f"{latest['at']}AQI {latest['aqi']}。" if latest else "")),
            Paragraph(f"气象：{found.get('weather', UNKNOWN)}。"),
            *_weather(found.get("weather_days", ())),
            Paragraph(f"相似过程：{found.get('analogues', {}).get('text', UNKNOWN)}。"),
            *_analogues(found.get("analogues", {}).get("days", ())),
            Heading("四、会商结论"),
            Paragraph(f"{state.conclusion}。{result}。"),
            Heading("五、管控意见"),
            *(advice or [Paragraph(UNKNOWN)]),
        ),
        drill=drill,
    )  # fmt: skip


def _weather(days: Sequence[Mapping[str, Any]]) -> list[Grid]:
    """The weather ahead as a table; none without a forecast."""

    def said(value: float | None, decimals: int = 0, factor: float = 1.0) -> str:
        return "缺" if value is None else f"{value * factor:.{decimals}f}"

    head = ("日期", "气温℃", "风 m/s", "静稳%", "通风量m²/s", "降水mm")
    rows = [
        (
            day_of(day["valid_date"]),
            f"{said(day['temperature_min'])}～{said(day['temperature_max'])}",
            f"{day['wind_from']}{said(day['wind_speed'], 1)}",
            said(day["stagnant_share"], 0, 100.0),
            said(day["ventilation"]),
            said(day["rain"], 1),
        )
        for day in days
    ]
    return [Grid((head, *rows))] if rows else []


def _analogues(days: Sequence[Mapping[str, Any]]) -> list[Grid]:
    """Past days like now and what followed; none when none was found."""
    rows = [(day["until"], "、".join("缺" if one is None else str(one) for one in day["next_aqi"])) for day in days]
    return [Grid((("相似日", "其后逐日AQI"), *rows))] if rows else []


def weekly(made: Mapping[str, Any], *, issuer: str) -> Paper:
    """The 周研判 of a brief on record: last week, the month so far, the week ahead, control points."""
    last, month = made["last_week"], made["month"]
    counted = "、".join(f"{name}{count}天" for name, count in last["by_category"].items()) or "无资料"
    head = ("日期", "AQI中位数", "25–75%", "级别", "首要污染物")
    rows = [
        (day_of(day["date"]), str(day["median"]), f"{day['low']}–{day['high']}", day["category"], day["primary"])
        for day in made["ahead"]
    ]
    return Paper(
        title=title_of(f"{made['area']}空气质量周研判", made["drill"]),
        number="",
        issuer=issuer,
        dated=date.fromisoformat(made["monday"]),
        blocks=(
            Heading("一、上周情况"),
            Paragraph(f"{counted}" + (f"，缺{last['missing_days']}天" if last["missing_days"] else "")
                      + (f"，最高AQI {last['worst']}" if last["worst"] is not None else "") + "。"),
            Paragraph(f"本月已知{month['days_known']}天，其中AQI超过100的{month['days_over_100']}天。"),
            Heading("二、本周展望"),
            Grid((head, *rows)),
            Paragraph(f"{made['judgement'] or '未达到预警条件'}。首要污染物以{made['primary']}为主。"),
            Heading("三、管控要点"),
            *(Paragraph(f"{name}：{'；'.join(tasks)}。") for name, tasks in made["advice"].items()),
            Paragraph(f"未接入资料：{'、'.join(made['not_on_file'])}。"),
        ),
        drill=made["drill"],
    )  # fmt: skip
