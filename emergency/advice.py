"""Control advice 管控意见 by department, sorted out of the plan's own measures; and the health advice of a level.

Which department a measure belongs to is read from its words (confidence I): the county text in domain notes 6 sorts its
advice this way, and each office may change the table.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from emergency.vocabulary import Level
from forecast.outlook import Outlook
from plans.schema import CityPlan

DEPARTMENTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("生态环境局", ("清单企业", "企业", "挥发性", "排放")),
    ("住建局", ("工地", "土石方", "施工", "喷涂", "拆除", "搅拌")),
    ("公安交管局", ("货车", "渣土车", "砂石车", "限行", "机动车")),
    ("城管局", ("清扫", "洒水", "露天烧烤")),
    ("应急管理局", ("烟花", "爆竹")),
    ("农业农村局", ("秸秆",)),
    ("交通运输局", ("公交", "非道路")),
    ("教育局", ("学校", "幼儿园")),
    ("卫生健康委", ("医疗", "诊疗")),
)
"""Department to the words by which its measures are known."""
OTHERS = "各成员单位"


def by_department(plan: CityPlan, level: Level) -> dict[str, list[str]]:
    """The measures of a level by department, in the plan's order; what belongs to nobody goes to all. {} for none.

    >>> from plans.rulebook import load
    >>> by_department(load().city("beijing"), Level.YELLOW)["城管局"]
    ['重点道路每日增加1次及以上清扫', '禁止露天烧烤和燃放烟花爆竹']
    """
    if level is Level.NONE:
        return {}
    response = plan.response.of(level.word)  # type: ignore[arg-type]
    found: dict[str, list[str]] = {}
    for measure in (*response.compulsory.value, *response.health.value):
        names = [name for name, words in DEPARTMENTS if any(word in measure for word in words)]
        for name in names or [OTHERS]:
            found.setdefault(name, []).append(measure)
    return found


def health(plan: CityPlan, level: Level) -> str:
    """The health advice of a level as one sentence; "" for none."""
    if level is Level.NONE:
        return ""
    return "；".join(plan.response.of(level.word).health.value)  # type: ignore[arg-type]


def why_now(observed_aqi: int | None, *, starts_in_hours: int) -> str:
    """For the public: why a warning comes while the air is still fair; "" when the air is bad already.

    >>> why_now(80, starts_in_hours=20)
    '目前AQI为80，空气尚可；预计约20小时后开始转差，提前发布是为了提前减排、做好防护'
    """
    if observed_aqi is None or observed_aqi > 100:
        return ""
    return (
        f"目前AQI为{observed_aqi}，空气尚可；预计约{max(1, starts_in_hours)}小时后开始转差，"
        "提前发布是为了提前减排、做好防护"
    )


def pollutant_of(outlook: Outlook | None, days: Sequence[date]) -> str:
    """Which pollutant a warning of these days is about: "o3" when it leads on most of them, else "pm25".

    Sand is never read from a forecast of concentrations alone (PM10 leads in building dust too): a person says it.
    """
    if outlook is None:
        return "pm25"
    led = [day.primary for day in outlook.days if day.valid_date in set(days)]
    return "o3" if led and sum(one == "o3" for one in led) > len(led) / 2 else "pm25"
