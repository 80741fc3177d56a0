"""The evidence pack 会商材料 and agenda of a consultation, made by itself from what the office sees at the moment.

What is not there is said, never left out in silence: without weather data the pack says so. It is JSON, filed with the
proposal as an exhibit; pages and documents render it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from emergency import risk
from emergency.advice import by_department
from emergency.messages import local
from emergency.vocabulary import BEIJING, POLLUTANT_CHINESE, Level
from flows.situation import Situation
from forecast.outlook import Outlook
from forecast.weather_days import WeatherDay

ANALOGUE_DAYS = 3
"""How many days are compared; a setting (confidence I)."""
FEWEST_DAYS = 20
"""With fewer past days in reach no analogue is named."""


def pack(situation: Situation, assessment: risk.Assessment, *, why: str) -> bytes:
    """The pack as canonical JSON text."""
    made = {
        "made_at": situation.now.astimezone(BEIJING).isoformat(),
        "why": why,
        "agenda": agenda(situation.outlook, assessment),
        "observed": _observed(situation),
        "stations": _stations(situation),
        "outlook": _outlook(situation.outlook),
        "weather": _weather(situation),
        "weather_days": [day.as_data() for day in situation.weather],
        "analogues": analogues(situation),
        "rules": _rules(assessment),
        "advice": by_department(situation.plan, max(assessment.level, Level.YELLOW)),
    }
    return json.dumps(made, ensure_ascii=False, sort_keys=True, indent=1).encode()


def agenda(outlook: Outlook | None, assessment: risk.Assessment) -> list[str]:
    """What the session has to go through: the coming 24 to 72 hours first."""
    points = ["通报实况与污染形势"]
    if outlook is not None:
        days = "、".join(f"{day.valid_date.month}月{day.valid_date.day}日" for day in outlook.days[:3])
        points.append(f"研判未来24–72小时（{days}）逐日AQI范围、级别和首要污染物")
        if len(outlook.days) > 3:
            points.append(f"展望第4–{len(outlook.days)}日趋势")
    points.append(f"对照{assessment.edition}判定是否达到预警条件，确定起止时间")
    if assessment.start_at_once is not None:
        points.append("实测已达重度：先行启动")
    points += ["分部门管控建议", "各方不同意见记录", "确定下次会商时间"]
    return points


def analogues(situation: Situation, *, most: int = 3) -> Mapping[str, Any]:
    """Past days like now, with what came next: those of the outlook's reasons, else the nearest in daily AQI alone."""
    if situation.reasons is not None and situation.reasons.analogues:
        found = [
            {"until": one.day.isoformat(), "likeness": round(one.likeness, 2), "next_aqi": list(one.after)}
            for one in situation.reasons.analogues[:most]
        ]
        return {"text": "按展望所用的空气质量和气象要素，在有记录以来的日子中寻找", "days": found}
    air = situation.air
    if air is None:
        return {"text": "没有可比的历史资料", "days": []}
    known = air.days_known(situation.now)
    days, values = air.days[:known], air.daily_aqi[:known]
    recent = values[-ANALOGUE_DAYS:]
    if known < FEWEST_DAYS or any(value is None for value in recent) or len(recent) < ANALOGUE_DAYS:
        return {"text": f"可比日不足（仅有{known}天）", "days": []}
    scored: list[tuple[float, int]] = []
    for end in range(ANALOGUE_DAYS, known - ANALOGUE_DAYS):
        window = values[end - ANALOGUE_DAYS : end]
        if any(value is None for value in window):
            continue
        pairs = zip(window, recent, strict=True)
        scored.append((sum(abs((a or 0) - (b or 0)) for a, b in pairs) / ANALOGUE_DAYS, end))
    chosen = sorted(scored)[:most]
    found = [
        {"until": days[end - 1].isoformat(), "difference": round(score, 1), "next_aqi": list(values[end : end + 3])}
        for score, end in chosen
    ]
    return {"text": f"在{known}天中按近{ANALOGUE_DAYS}日AQI寻找", "days": found}


def _observed(situation: Situation) -> Mapping[str, Any]:
    seen = situation.observed
    latest = seen.latest
    return {
        "days": [
            {"date": day.valid_date.isoformat(), "aqi": day.aqi, "primary": list(day.primary)} for day in seen.days[-7:]
        ],
        "latest": None if latest is None else {"at": local(latest.valid_time), "aqi": latest.aqi},
        "pm25": seen.pm25,
    }


def _stations(situation: Situation) -> list[Mapping[str, Any]]:
    """Each station's latest hour beside the city: the neighbours within the city."""
    air = situation.air
    if air is None:
        return []
    known = air.hours_known(situation.now)
    rows: list[Mapping[str, Any]] = []
    for code, values in sorted(air.station_aqi.items()):
        last = next((value for value in reversed(values[max(0, known - 6) : known]) if value is not None), None)
        rows.append({"station": code, "aqi": last})
    return rows


def _outlook(outlook: Outlook | None) -> list[Mapping[str, Any]]:
    if outlook is None:
        return []
    return [
        {
            "date": day.valid_date.isoformat(),
            "median": day.median,
            "low": day.quantile(0.25),
            "high": day.quantile(0.75),
            "above_150": round(day.probability_above(150), 3),
            "above_200": round(day.probability_above(200), 3),
            "primary": POLLUTANT_CHINESE.get(day.primary or "", "无"),
        }
        for day in outlook.days
    ]


def _weather(situation: Situation) -> str:
    if situation.weather:
        return "；".join(_weather_day(day) for day in situation.weather[:3]) + f"（逐日见图{_whose(situation)}）"
    mode = situation.outlook.weather_mode if situation.outlook is not None else "none"
    return {"none": "未接入气象预报，请气象台在会上给出形势", "forecast": "模型已使用气象预报"}.get(
        mode, "使用实况气象"
    )


def _whose(situation: Situation) -> str:
    """Whose run the outlook was made with, and when it came, where that is known."""
    said = situation.outlook
    if said is None or said.weather_received_at is None:
        return ""
    return f"；{said.weather_source}，{said.weather_received_at.astimezone(BEIJING):%m-%d %H:%M}收到"


def _weather_day(day: WeatherDay) -> str:
    parts = [f"{day.valid_date.month}月{day.valid_date.day}日"]
    if day.wind_speed is not None:
        parts.append(f"{'偏' + day.wind_from if day.wind_from else ''}风{day.wind_speed:.1f} m/s")
    if day.stagnant_share is not None:
        parts.append(f"静稳时数占{day.stagnant_share:.0%}")
    if day.ventilation is not None:
        parts.append(f"通风量{day.ventilation:.0f} m²/s")
    if day.rain is not None:
        parts.append(f"降水{day.rain:.1f} mm" if day.rain >= 0.1 else "无降水")
    if day.temperature_min is not None and day.temperature_max is not None:
        parts.append(f"气温{day.temperature_min:.0f}～{day.temperature_max:.0f}℃")
    return "，".join(parts)


def _rules(assessment: risk.Assessment) -> Mapping[str, Any]:
    return {
        "edition": assessment.edition,
        "assumed": assessment.assumed,
        "level": assessment.level.word,
        "why": assessment.judgement.why,
        "probability": {level.word: round(share, 3) for level, share in assessment.probability.items()},
        "clauses": list(assessment.rule_ids),
        "triggers": [trigger.chinese for trigger in assessment.triggers],
        "not_judged": list(assessment.not_judged),
        "notes": list(assessment.notes),
    }
