"""The weekly look-ahead 周研判 for the Monday meeting, made from record, air and outlook."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date, timedelta
from typing import Any

from emergency import advice
from emergency.messages import subject
from emergency.office import Office
from emergency.vocabulary import BEIJING, POLLUTANT_CHINESE, Level
from flows.situation import Situation

BRIEF_TYPE = "application/vnd.lantian.weekly+json"
"""Media type of a weekly brief in the record."""


def file_weekly(office: Office, situation: Situation) -> str | None:
    """File the brief of the week that begins today; its digest, None without an outlook. Twice changes nothing."""
    made = weekly(office, situation)
    if made is None:
        return None
    monday = situation.local.date()
    text = json.dumps(made, ensure_ascii=False, sort_keys=True, indent=1)
    title = subject(f"空气质量周研判 {monday}", drill=office.record.drill)
    return office.file_paper(text.encode(), media_type=BRIEF_TYPE, title=title, now=situation.now)


def weekly(office: Office, situation: Situation) -> dict[str, Any] | None:
    """The brief as plain values: last week by category, the month so far, next week's judgement, control points.

    Ranking and month targets are not on file here and are said to be missing (domain notes 6 name them).
    """
    outlook = situation.outlook
    if outlook is None or not outlook.days:
        return None
    edition = situation.rules.book.aqi(outlook.aqi_edition)
    today = situation.now.astimezone(BEIJING).date()
    past = [day for day in situation.observed.days if today - timedelta(days=7) <= day.valid_date < today]
    counted = Counter(edition.category_of(day.aqi).chinese for day in past if day.aqi is not None)
    assessment = situation.assess()
    level = assessment.level if assessment is not None else Level.NONE
    led = Counter(day.primary for day in outlook.days if day.primary)
    month = _month(situation, today)
    return {
        "monday": today.isoformat(),
        "area": office.desk.area_name,
        "drill": office.record.drill,
        "last_week": {
            "by_category": dict(counted),
            "missing_days": 7 - sum(counted.values()),
            "worst": max((day.aqi for day in past if day.aqi is not None), default=None),
        },
        "month": month,
        "ahead": [
            {
                "date": day.valid_date.isoformat(),
                "median": day.median,
                "low": day.quantile(0.25),
                "high": day.quantile(0.75),
                "category": edition.category_of(day.median).chinese,
                "primary": POLLUTANT_CHINESE.get(day.primary or "", "无"),
            }
            for day in outlook.days
        ],
        "primary": POLLUTANT_CHINESE.get(led.most_common(1)[0][0], "无") if led else "无",
        "judgement": assessment.judgement.why if assessment is not None else "",
        "level": level.word,
        "advice": advice.by_department(situation.plan, max(level, Level.YELLOW)),
        "not_on_file": ["区县排名", "PM2.5和PM10月目标"],
    }


def _month(situation: Situation, today: date) -> dict[str, Any]:
    """Days of the month so far above 100, as far as they are known here."""
    days = [day for day in situation.observed.days if day.valid_date.month == today.month and day.aqi is not None]
    return {"days_known": len(days), "days_over_100": sum((day.aqi or 0) > 100 for day in days)}
