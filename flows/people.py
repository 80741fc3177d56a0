"""Simulated people of a replay: forecasters, leaders, inspectors. Openly simple, and the same for the same seed.

Nobody here looks ahead: each acts on the record and on what the office sees at that hour. The policies are written
down in WHO_DOES_WHAT and printed with every replay, so that nobody takes them for the product's judgement.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from emergency import risk
from emergency.lifecycle import Actor
from emergency.office import Instruction, Office
from emergency.vocabulary import BEIJING, Level, Role
from emergency.warning import Draft
from flows import respond
from flows.respond import Situation
from forecast.outlook import THRESHOLDS, Outlook

SIGN_HIGH_ABOVE = 0.40
"""From this probability of AQI>150 the simulated director signs the 0.75 quantile instead of the median. Chosen
before any replay was run and not tuned on it; choosing by cost belongs to the verification."""

STANDS_FOR = timedelta(hours=6)
"""The simulated officer lets an issued warning stand at least so long."""

WHO_DOES_WHAT = (
    "09时系统按预案触发条件提议会商；10时值班员召集；各方次小时提交意见（约一成缺席，12时记录）",
    f"12时主任签发：P(AQI>150)≥{SIGN_HIGH_ABOVE:.0%}的日子取0.75分位，其余取中位数",
    "13时起值班员按签发值对照标准起草、升级、降级或解除；有权签批人1至3小时内签批，随即发布",
    "实测已达重度且12小时内无明显改善时，按先行启动条款起草",
)


def person(role: Role) -> Actor:
    """The simulated person in a role."""
    return Actor(f"sim-{role.key}", role)


def chance(seed: int, *what: object) -> float:
    """A number in [0, 1) that depends only on the seed and the words.

    >>> chance(7, "SP001") == chance(7, "SP001") != chance(8, "SP001")
    True
    """
    text = "|".join(str(part) for part in (seed, *what))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64


def consult(office: Office, situation: Situation, *, seed: int) -> None:
    """Convene, speak, note absence and conclude, each at its hour."""
    now, hour = situation.now, situation.local.hour
    for row in office.record.now("consultation", open_only=True):
        state = office.record.state("consultation", row["stream"])
        outlook = outlook_of(office, state.outlook_digest)
        if row["state"] == "proposed" and hour >= 10:
            state = office.convene(row["stream"], by=person(Role.DUTY_OFFICER), now=now)
        if state.state.key == "convened":
            for key in state.missing:
                absent = chance(seed, row["stream"], key) < 0.10
                if not absent and hour >= 11:
                    ranges, primary, view = _opinion(outlook, seed, row["stream"], key)
                    state = office.note_opinion(
                        row["stream"], daily_aqi=ranges, primary=primary, view=view, by=person(Role.of(key)), now=now
                    )
                elif absent and hour >= 12:
                    state = office.note_absence(
                        row["stream"], role=key, why="未应答", by=person(Role.DUTY_OFFICER), now=now
                    )
            if not state.missing and hour >= 12:
                signed = sign(outlook)
                judged = situation.assess(signed) if situation.outlook == outlook else None
                level = judged.judgement.level if judged else Level.NONE
                reason = judged.judgement.why if judged else "以会商时展望为准"
                office.conclude(
                    row["stream"],
                    signed_aqi=signed,
                    level=level,
                    reason=reason or "未达预警条件",
                    by=person(Role.OFFICE_DIRECTOR),
                    now=now,
                )


def warn(
    office: Office,
    situation: Situation,
    *,
    seed: int,
    instructions: dict[Level, list[Instruction]],
    list_digest: str,
    leaders_wait: timedelta = timedelta(hours=1),
) -> None:
    """Draft, approve, issue, lower and lift, as the record and the rules say at this hour."""
    _approve_and_issue(office, situation, instructions, list_digest, seed=seed, leaders_wait=leaders_wait)
    assessment = _official(office, situation)
    if assessment is None or respond.pending_warning(office) is not None:
        return
    warning = respond.current_warning(office)
    in_force = Level.of(str(warning["level"])) if warning else Level.NONE
    if assessment.level > in_force:
        _draft(office, situation, assessment, assessment.level, replaces=warning["stream"] if warning else None)
    elif warning is not None and situation.local.hour >= 13 and _has_stood(warning, situation.now):
        _lower_or_lift(office, situation, assessment, warning["stream"], in_force)


def _has_stood(warning: Mapping[str, Any], now: datetime) -> bool:
    """Whether a warning has been out long enough for the simulated officer to think of lowering or lifting it."""
    issued_at = warning["body"]["issued_at"]
    return issued_at is not None and now - datetime.fromisoformat(issued_at) >= STANDS_FOR


def sign(outlook: Outlook) -> tuple[int, ...]:
    """The simulated director's signed AQI, one per day (see SIGN_HIGH_ABOVE)."""
    return tuple(
        day.quantile(0.75) if day.exceedance[THRESHOLDS.index(150)] >= SIGN_HIGH_ABOVE else day.median
        for day in outlook.days
    )


def outlook_of(office: Office, digest: str) -> Outlook:
    """The outlook filed as that exhibit; KeyError when it is not on file."""
    found = office.record.exhibit(digest)
    if found is None:
        raise KeyError(digest)
    return Outlook.from_json(found[1].decode())


def inspect(office: Office, now: datetime, *, seed: int) -> None:
    """Hand out problems, report them mended after a day, look back after another; some are found not mended."""
    duty, inspector = person(Role.DUTY_OFFICER), person(Role.INSPECTOR)
    for row in office.record.now("problem", open_only=True):
        waited = now - datetime.fromisoformat(row["changed_at"])
        name = row["stream"]
        if row["state"] == "found" and waited >= timedelta(hours=1):
            office.assign_problem(name, unit="属地生态环境分局", by=duty, now=now)
        elif row["state"] in ("assigned", "reopened") and waited >= timedelta(
            hours=12 + 24 * chance(seed, name, "mend")
        ):
            office.rectify_problem(name, report="已按清单要求整改", by=person(Role.TERRITORY), now=now)
        elif row["state"] == "rectified" and waited >= timedelta(hours=20):
            mended = row["body"]["reopenings"] > 0 or chance(seed, name, "look back") > 0.25
            note = "现场核实已整改" if mended else "现场仍在生产"
            office.look_back(name, mended=mended, note=note, by=inspector, now=now)


# ---------------------------------------------------------------------- inside


def _opinion(outlook: Outlook, seed: int, name: str, role: str) -> tuple[list[list[int]], list[str], str]:
    """A party's view: the interquartile range shifted by a personal leaning of at most a tenth."""
    leaning = 0.9 + 0.2 * chance(seed, name, role, "leaning")
    ranges = [
        [min(500, round(day.quantile(0.25) * leaning)), min(500, round(day.quantile(0.75) * leaning))]
        for day in outlook.days
    ]
    word = "略高" if leaning > 1.03 else "略低" if leaning < 0.97 else "相当"
    return ranges, [day.primary or "" for day in outlook.days], f"与模型相比{word}"


def _official(office: Office, situation: Situation) -> risk.Assessment | None:
    """The assessment that may lead to an act at this hour, or None.

    On today's signed values once the consultation has concluded; on the outlook's medians where the start-at-once rule
    applies, or where no consultation was called today and a warning in force may be ready to be lifted.
    """
    outlook, hour = situation.outlook, situation.local.hour
    if outlook is None:
        return None
    today = office.record.state("consultation", respond.consultation_of(f"{situation.local:%Y%m%d}"))
    if today is not None and today.signed_aqi:
        return situation.assess(today.signed_aqi) if today.outlook_digest == outlook.digest else None
    latest = situation.observed.latest
    heavy = latest is not None and (latest.aqi or 0) > situation.rules.warning.procedure.observed_over.value
    if not heavy and (today is not None or hour < 13):
        return None
    plain = situation.assess()
    if plain is not None and plain.start_at_once is None and plain.level is not Level.NONE:
        return None  # the model alone never speaks for a warning: it takes signed values or the observed air
    return plain


def _draft(
    office: Office, situation: Situation, assessment: risk.Assessment, level: Level, *, replaces: str | None
) -> None:
    now, day = situation.now, f"{situation.local:%Y%m%d}"
    observed_first = assessment.judgement.level < level
    covered = assessment.judgement.days
    first = max(assessment.first_day or situation.local.date(), situation.local.date())
    midnight = datetime(first.year, first.month, first.day, tzinfo=BEIJING)
    starts_at = max(midnight, now + timedelta(hours=3))
    last = max((*covered, first))
    end = datetime(last.year, last.month, last.day, tzinfo=BEIJING) + timedelta(days=1)
    if end <= starts_at:
        end = starts_at + timedelta(hours=24)
    reason = assessment.start_at_once.chinese if observed_first and assessment.start_at_once else ""
    reason = reason or assessment.judgement.why
    number = len(office.record.now("warning")) + 1
    content = Draft(
        level=level.word,
        area=office.desk.area_name,
        starts_at=starts_at,
        expected_end=end,
        reason=reason,
        text="请减少户外活动，减排措施按清单执行。",
        consultation="observed" if observed_first else respond.consultation_of(day),
        criterion_met=assessment.level >= level,
        replaces=replaces,
    )
    office.draft_warning(
        f"warning-{number:03d}",
        episode=respond.episode_of(office, day),
        content=content,
        by=person(Role.DUTY_OFFICER),
        now=now,
        basis=tuple(assessment.rule_ids),
    )


def _approve_and_issue(
    office: Office,
    situation: Situation,
    instructions: dict[Level, list[Instruction]],
    list_digest: str,
    *,
    seed: int,
    leaders_wait: timedelta,
) -> None:
    now = situation.now
    pending = respond.pending_warning(office)
    if pending is None:
        return
    state = office.record.state("warning", pending["stream"])
    drafted = datetime.fromisoformat(pending["opened_at"])
    if pending["state"] == "drafted":
        authority = office.desk.authority[state.level]
        roles = [*authority.roles, *authority.deputies][: max(1, authority.signatures)]
        for role in roles:
            wait = leaders_wait + timedelta(hours=round(2 * chance(seed, pending["stream"], role)))
            signed = any(signer == role for _person, signer in state.signatures)
            if not signed and now - drafted >= wait:
                state = office.approve_warning(pending["stream"], by=person(Role.of(role)), now=now)
    if state.state.key == "approved":
        office.issue_warning(
            pending["stream"],
            instructions=instructions[state.level],
            list_digest=list_digest,
            by=person(Role.DUTY_OFFICER),
            now=now,
        )


def _lower_or_lift(
    office: Office, situation: Situation, assessment: risk.Assessment, name: str, in_force: Level
) -> None:
    latest = situation.observed.latest
    expected: list[Any] = list(assessment.judged[1:])
    edition = situation.rules.warning
    advice = risk.may_lift(edition, in_force, observed_aqi=latest.aqi if latest else None, expected=expected)
    if not advice.may:
        return
    if advice.to is not Level.NONE:
        _draft(office, situation, assessment, advice.to, replaces=name)
        return
    bar = edition.criterion(in_force.word).lowest_over  # type: ignore[arg-type]
    below = 0
    for value in expected:
        if value is None or value > bar:
            break
        below += 24
    office.lift_warning(name, reason=advice.chinese, below_hours=below, by=person(Role.DUTY_OFFICER), now=situation.now)
