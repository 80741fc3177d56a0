"""What a warning says before anybody decides on it, who may sign it, and how two near episodes become one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from emergency.lifecycle import Refused
from emergency.vocabulary import Level


@dataclass(frozen=True, slots=True)
class Authority:
    """Who may approve one level, from the city plan."""

    roles: tuple[str, ...]
    """Role keys that may sign."""
    signatures: int = 1
    """How many different people must sign."""
    deputies: tuple[str, ...] = ()
    """Role keys that may sign in place of the named ones."""

    def allows(self, role: str) -> bool:
        """Whether a person in this role may sign."""
        return role in self.roles or role in self.deputies


@dataclass(frozen=True, slots=True)
class Draft:
    """What a warning says."""

    level: str
    area: str
    starts_at: datetime
    expected_end: datetime
    reason: str
    """Why, in words for the public."""
    text: str
    consultation: str
    """Identifier of the concluded consultation, or "observed" for the start-at-once rule."""
    criterion_met: bool
    replaces: str | None = None
    kind: str = "warning"
    """"warning" 预警, or "control" 临时管控: a step below yellow that the public is not warned of."""
    pollutant: str = "pm25"
    """"pm25" starts the emergency measures; "o3" and "dust" give advice and supervision only (环大气〔2024〕6号)."""
    health: str = ""
    """Advice for health, for the public."""
    measures: tuple[str, ...] = ()
    """What is done beside the reduction list."""
    why_now: str = ""
    """For the public: why now, while the air may still be fair."""
    without_criterion: str = ""
    """Why it is issued although the criterion is not met."""
    superior: str = ""
    """The notice of the higher authority that is followed, e.g. 省级预警通知 of a day."""
    merges: tuple[str, ...] = ()
    """Further issued warnings that end with the issue, because their episodes are one with this one."""

    @property
    def starts_measures(self) -> bool:
        """Whether emergency measures follow: only from a PM2.5 warning (环大气〔2024〕6号, 差异化应对)."""
        return self.kind == "warning" and self.pollutant == "pm25"

    @property
    def name(self) -> str:
        """What it is called in a text, e.g. 黄色预警 or 临时管控."""
        return "临时管控" if self.kind == "control" else f"{Level.of(self.level).chinese}预警"


def is_control(row: Mapping[str, Any]) -> bool:
    """Whether a projected row of the life "warning" is a 临时管控: never for the public, and no warning in force.

    >>> is_control({"body": {"draft": {"kind": "control"}}})
    True
    """
    return bool(row["body"]["draft"]["kind"] == "control")


KINDS = ("warning", "control")
POLLUTANTS = {"pm25": "细颗粒物（PM2.5）", "o3": "臭氧", "dust": "沙尘"}
"""What a warning may be about, with its name in texts."""


ONE_EPISODE = "两次过程间隔不足，按一次过程处理"


def merged(first: Draft, second: Draft, *, replaces: str) -> Draft:
    """One warning for two near episodes: from the earlier start to the later end at the stricter level (86号 slides).

    `replaces` is the warning of the first episode. Reasons, texts and measures of both stay.
    """
    stricter, other = (first, second) if Level.of(first.level) > Level.of(second.level) else (second, first)
    return replace(
        stricter,
        starts_at=min(first.starts_at, second.starts_at),
        expected_end=max(first.expected_end, second.expected_end),
        reason="；".join(dict.fromkeys((*first.reason.split("；"), *second.reason.split("；"), ONE_EPISODE))),
        measures=tuple(dict.fromkeys((*stricter.measures, *other.measures))),
        consultation=second.consultation,
        criterion_met=first.criterion_met or second.criterion_met,
        replaces=replaces,
        merges=tuple(dict.fromkeys((*first.merges, *second.merges))),
    )


FAULT_FIELDS = {
    "预计结束时间应晚于开始时间": "expected_end",
    "预警必须写明原因": "reason",
    "未达到启动标准而发布，必须写明理由": "without_criterion",
}
"""Which part of a draft a fault of `check` means, for who shows it beside the field."""


def check(identifier: str, act: str, content: Draft) -> None:
    fault = ""
    none = Level.of(content.level) is Level.NONE
    if content.kind not in KINDS or content.pollutant not in POLLUTANTS:
        fault = f"种类或污染物不明（{content.kind}、{content.pollutant}）"
    elif content.kind == "warning" and none:
        fault = "预警必须有级别"
    elif content.kind == "control" and not none:
        fault = "临时管控低于黄色，没有预警级别"
    elif content.expected_end <= content.starts_at:
        fault = "预计结束时间应晚于开始时间"
    elif not content.reason.strip():
        fault = "预警必须写明原因"
    elif identifier in (content.replaces, *content.merges):
        fault = "预警不能替代自身"
    elif not content.criterion_met and not (content.without_criterion.strip() or content.superior.strip()):
        fault = "未达到启动标准而发布，必须写明理由"
    if fault:
        raise Refused(act=act, subject=f"预警 {identifier}", state="起草中", rule=fault, possible="请改正后重新提交")


def as_data(identifier: str, episode: str, content: Draft) -> dict[str, object]:
    data: dict[str, object] = {
        "identifier": identifier,
        "episode": episode,
        "level": content.level,
        "area": content.area,
        "starts_at": content.starts_at.isoformat(),
        "expected_end": content.expected_end.isoformat(),
        "reason": content.reason,
        "text": content.text,
        "consultation": content.consultation,
        "criterion_met": content.criterion_met,
        "replaces": content.replaces,
        "kind": content.kind,
        "pollutant": content.pollutant,
        "health": content.health,
        "measures": list(content.measures),
        "why_now": content.why_now,
        "without_criterion": content.without_criterion,
        "superior": content.superior,
    }
    if content.merges:
        data["merges"] = list(content.merges)
    return data


def read(data: Mapping[str, Any]) -> Draft:
    # Drafts written before there were kinds and pollutants are PM2.5 warnings.
    return Draft(
        level=str(data["level"]),
        area=str(data["area"]),
        starts_at=datetime.fromisoformat(str(data["starts_at"])),
        expected_end=datetime.fromisoformat(str(data["expected_end"])),
        reason=str(data["reason"]),
        text=str(data["text"]),
        consultation=str(data["consultation"]),
        criterion_met=bool(data["criterion_met"]),
        replaces=str(data["replaces"]) if data["replaces"] is not None else None,
        kind=str(data.get("kind", "warning")),
        pollutant=str(data.get("pollutant", "pm25")),
        health=str(data.get("health", "")),
        measures=tuple(str(one) for one in data.get("measures", ())),
        why_now=str(data.get("why_now", "")),
        without_criterion=str(data.get("without_criterion", "")),
        superior=str(data.get("superior", "")),
        merges=tuple(str(one) for one in data.get("merges", ())),
    )
