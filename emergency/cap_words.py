"""What a CAP message says in words, Chinese and English, for each thing that a warning may be about.

Only a PM2.5 warning starts emergency measures. Ozone gives advice for health and tells that sources of VOC and NOx are
supervised; sand gives advice for health only (环大气〔2024〕6号, 差异化应对). The advice stands in
where the draft has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from emergency.publisher import Publisher
from emergency.warning import AirWarning, Draft


@dataclass(frozen=True, slots=True)
class Info:
    """One language's half of a message."""

    language: str
    event: str
    sender_name: str
    headline: str
    description: str
    instruction: str
    area: str
    response_class: str


@dataclass(frozen=True, slots=True)
class Branch:
    """The words of one branch."""

    event: str
    event_english: str
    english: str
    """Within a sentence: `YELLOW warning of ...`."""
    advice: str
    advice_english: str
    """Instruction at issue where the draft says nothing."""
    also: str = ""
    also_english: str = ""
    """What is done beside advice, at the end of the description."""
    over: str = "恢复日常安排即可。"
    over_english: str = "Return to your usual routine."
    """Instruction of a lift."""
    responses: tuple[str, ...] = ("Avoid", "Monitor")
    """CAP response types; Execute only where units carry out measures."""


BRANCHES: Mapping[str, Branch] = {
    "pm25": Branch(
        event="空气重污染",
        event_english="Heavy air pollution",
        english="heavy air pollution",
        advice="请减少户外活动，减排措施按应急减排清单执行。",
        advice_english="Reduce outdoor activity. Units on the reduction list carry out their measures.",
        over="应急响应终止，可恢复正常生产生活。",
        over_english="Emergency measures end.",
        responses=("Avoid", "Execute", "Monitor"),
    ),
    "o3": Branch(
        event="臭氧污染",
        event_english="Ozone pollution",
        english="ozone pollution",
        advice=(
            "午后至傍晚请减少户外活动，尤其是剧烈运动；儿童、老年人和患呼吸道、心血管疾病者请留在室内，这一时段关好门窗。"
            "普通口罩不能阻挡臭氧。"
        ),
        advice_english=(
            "Reduce outdoor activity, above all strenuous exercise, from noon to early evening. Children, older people "
            "and people with heart or lung disease should stay indoors with windows closed in these hours. "
            "Ordinary masks do not keep ozone out."
        ),
        also="不启动应急减排措施，加强挥发性有机物（VOCs）和氮氧化物（NOx）重点源日常监管。",
        also_english=(
            "No emergency measures start; supervision of sources of volatile organic compounds and nitrogen oxides is "
            "stepped up."
        ),
    ),
    "dust": Branch(
        event="沙尘污染",
        event_english="Sand and dust pollution",
        english="sand and dust pollution",
        advice="请减少外出，关好门窗；必须外出时戴防尘口罩和护目镜，回家后清洗口鼻；驾车减速慢行。",
        advice_english=(
            "Stay indoors where you can and keep windows closed. Outdoors wear a dust mask and goggles, and rinse nose "
            "and mouth afterwards. Drive slowly."
        ),
        also="不启动应急减排措施。",
        also_english="No emergency measures start.",
    ),
}
"""By the draft's pollutant; the sentences are ours, the branches are those of the document."""


def branch_of(draft: Draft) -> Branch:
    """The words of what the draft is about."""
    return BRANCHES[draft.pollutant]


def of_issue(state: AirWarning, publisher: Publisher, *, start: str, end: str, drill: bool) -> tuple[Info, Info]:
    """Chinese and English of an issue; `start` and `end` as CAP writes times."""
    draft, level, branch = state.draft, state.level, branch_of(state.draft)
    mark, mark_english = marks(drill)
    own = "".join(f"{part.rstrip('。')}。" for part in (draft.text, draft.health) if part.strip())
    colour = level.word.upper()
    return (
        Info(
            language="zh-CN",
            event=branch.event,
            sender_name=publisher.name,
            headline=f"{mark}{publisher.name}发布{branch.event}{level.chinese}预警",
            description=f"{mark}{draft.area}{branch.event}{level.chinese}预警。{draft.reason.rstrip('。')}。{branch.also}",
            instruction=f"{mark}{own or branch.advice}",
            area=draft.area,
            response_class=level.response if draft.starts_measures else "无",
        ),
        Info(
            language="en",
            event=branch.event_english,
            sender_name=publisher.name_english,
            headline=f"{mark_english}{branch.event_english}: {colour} warning",
            description=(
                f"{mark_english}{colour} warning of {branch.english} from {start} to {end} (expected). "
                f"The reason is given in the Chinese text. {branch.also_english}".rstrip()
            ),
            instruction=f"{mark_english}{branch.advice_english}",
            area=draft.area,
            response_class=level.word if draft.starts_measures else "none",
        ),
    )


def of_lift(state: AirWarning, publisher: Publisher, *, reason: str, at: str, drill: bool) -> tuple[Info, Info]:
    """Chinese and English of a lift at the CAP time `at`."""
    draft, level, branch = state.draft, state.level, branch_of(state.draft)
    mark, mark_english = marks(drill)
    return (
        Info(
            language="zh-CN",
            event=branch.event,
            sender_name=publisher.name,
            headline=f"{mark}{publisher.name}解除{branch.event}{level.chinese}预警",
            description=f"{mark}{draft.area}解除{branch.event}{level.chinese}预警。{reason}",
            instruction=f"{mark}{branch.over}",
            area=draft.area,
            response_class="无",
        ),
        Info(
            language="en",
            event=branch.event_english,
            sender_name=publisher.name_english,
            headline=f"{mark_english}{branch.event_english}: {level.word.upper()} warning lifted",
            description=f"{mark_english}The warning is lifted as of {at}.",
            instruction=f"{mark_english}{branch.over_english}",
            area=draft.area,
            response_class="none",
        ),
    )


def marks(drill: bool) -> tuple[str, str]:
    """What the Chinese and the English texts of a drill begin with."""
    return ("【演练】", "[EXERCISE] ") if drill else ("", "")
