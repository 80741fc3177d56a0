"""The daily report (每日一报): what one day brought, in a few lines, from record and archive."""

from __future__ import annotations

from datetime import date, datetime

from emergency import report
from emergency.compliance import Verdict
from emergency.messages import DRILL_MARK, local
from flows.post import Post

WEATHER = {"none": "无气象预报", "forecast": "使用气象预报", "perfect": "使用实况气象"}
"""What an outlook knew of the weather ahead, by its mode: as console.words, which flows do not see, says it."""


def daily_bulletin(post: Post, *, day: date, now: datetime, so_far: int | None = None) -> str:
    """The report of one day in Chinese; marked as drill in a drill's record. Unknown values are shown as 缺测.

    `so_far`: the AQI of a running day's hours, said as such where the day has none yet.
    """
    situation = post.situation(now)
    observed = {one.valid_date: one.aqi for one in situation.observed.days}
    (row,) = report.day_table([day], post.record.happenings(), observed=observed, morning={}, day_ahead={})
    verdicts = {verdict.key: verdict.chinese for verdict in Verdict}
    found = "，".join(f"{verdicts[key]}{count}家" for key, count in row.findings.items()) or "无"
    mark, consulted = DRILL_MARK if post.record.drill else "", row.consultation or "未召开"
    aqi = "缺测" if row.observed_aqi is None else str(row.observed_aqi)
    if row.observed_aqi is None and so_far is not None:
        aqi = f"尚未结束，累计 {so_far}"
    lines = [
        f"{mark}{post.settings['area_name']}重污染天气应对每日一报（{day:%Y年%m月%d日}）",
        f"一、空气质量：日AQI {aqi}。",
        f"二、预警与响应：发布中{row.announced or '无'}，响应中{row.in_force or '无'}；会商：{consulted}。",
        f"三、减排指令：下达{row.orders_sent}份，签收{row.orders_received}份，当日首次催办{row.orders_silent}份。",
        f"四、核查结论：{found}；销号{row.problems_closed}个。",
    ]
    if situation.outlook is not None:
        days = [item for item in situation.outlook.days if item.valid_date > day][:3]
        ahead = "；".join(f"{item.valid_date:%m-%d} AQI {item.quantile(0.25)}–{item.quantile(0.75)}" for item in days)
        lines.append(
            f"五、展望（{local(situation.outlook.issued_at)}签发，{WEATHER[situation.outlook.weather_mode]}）：{ahead}。"
        )
    lines += [f"注：{note}" for note in post.settings.get("notes", [])]
    return "\n".join(lines)
