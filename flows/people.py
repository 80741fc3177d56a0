"""Simulated people of a replay: forecasters, leaders, inspectors. Openly simple, and the same for the same seed.

Nobody here looks ahead: each acts on the record and on what the office sees at that hour. The policies are written
down in WHO_DOES_WHAT and printed with every replay, so that nobody takes them for the product's judgement.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from emergency import advice, risk
from emergency.consultation import Consultation
from emergency.lifecycle import Actor
from emergency.office import Instruction, Office
from emergency.vocabulary import BEIJING, Level, Role
from emergency.warning import AirWarning, Draft
from flows import respond
from flows.situation import Situation
from forecast.outlook import THRESHOLDS, Outlook

SIGN_HIGH_ABOVE = 0.40
"""From this probability of AQI>150 the simulated director signs the 0.75 quantile instead of the median. Chosen
before any replay was run and not tuned on it; choosing by cost belongs to the verification."""

STANDS_FOR = timedelta(hours=6)
"""The simulated officer lets an issued warning stand at least so long."""

WHO_DOES_WHAT = (
    "系统按预案触发条件提议会商，风险持续期间每日9时、15时各一次；一小时后值班员召集，再一小时各方提交意见（约一成不应答，系统记录）",
    f"召集两小时后主任签发：P(AQI>150)≥{SIGN_HIGH_ABOVE:.0%}的日子取0.75分位，其余取中位数",
    "13时起值班员按签发值对照标准起草、升级、降级或提请解除；有权签批人1至3小时内签批，随即发布或解除",
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
    """Convene, speak and conclude, an hour after each other; who stays silent is noted by the flow."""
    now, hour = situation.now, timedelta(hours=1)
    for row in office.record.now("consultation", open_only=True):
        state = office.record.state("consultation", row["stream"])
        outlook = outlook_of(office, state.outlook_digest)
        if row["state"] == "proposed" and now - datetime.fromisoformat(row["opened_at"]) >= hour:
            office.convene(row["stream"], by=person(Role.DUTY_OFFICER), now=now)
            continue
        if row["state"] != "convened":
            continue
        history = office.record.history("consultation", row["stream"])
        convened = next(entry.event.occurred_at for entry in history if entry.event.kind == "convened")
        for key in state.missing if now - convened >= hour else ():
            if chance(seed, row["stream"], key) >= 0.10:
                ranges, primary, view = _opinion(outlook, seed, row["stream"], key)
                state = office.note_opinion(
                    row["stream"], daily_aqi=ranges, primary=primary, view=view, by=person(Role.of(key)), now=now
                )
        if not state.missing and now - convened >= 2 * hour:
            signed = sign(outlook)
            judged = situation.assess(signed) if situation.outlook == outlook else None
            level = judged.judgement.level if judged else Level.NONE
            reason = judged.judgement.why if judged else "以会商时展望为准"
            office.conclude(
                row["stream"],
                signed_aqi=signed,
                level=level,
                reason=reason or "未达预警条件",
                judged=level,
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
        _lower_or_lift(office, situation, assessment, warning["stream"], in_force, seed=seed, leaders_wait=leaders_wait)


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
    rows = respond.consultations_of(office, f"{situation.local:%Y%m%d}")
    today = _last_signed(office, rows)
    if today is not None:
        return situation.assess(today.signed_aqi) if today.outlook_digest == outlook.digest else None
    latest = situation.observed.latest
    heavy = latest is not None and (latest.aqi or 0) > situation.rules.warning.procedure.observed_over.value
    if not heavy and (rows or hour < 13):
        return None
    plain = situation.assess()
    if plain is not None and plain.start_at_once is None and plain.level is not Level.NONE:
        return None  # the model alone never speaks for a warning: it takes signed values or the observed air
    return plain


def _last_signed(office: Office, rows: Sequence[Mapping[str, Any]]) -> Consultation | None:
    """The newest of the day's consultations that was concluded; None while none was."""
    concluded = [row["stream"] for row in rows if row["state"] == "concluded"]
    return office.record.state("consultation", concluded[-1]) if concluded else None


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
    latest = situation.observed.latest
    starts_in = round((starts_at - now).total_seconds() / 3600)
    signed = _last_signed(office, respond.consultations_of(office, day))
    met = assessment.level >= level
    content = Draft(
        level=level.word,
        area=office.desk.area_name,
        starts_at=starts_at,
        expected_end=end,
        reason=reason,
        text="减排措施按清单执行",
        consultation="observed" if observed_first or signed is None else signed.identifier,
        criterion_met=met,
        replaces=replaces,
        pollutant=advice.pollutant_of(situation.outlook, covered),
        health=advice.health(situation.plan, level),
        why_now=advice.why_now(latest.aqi if latest else None, starts_in_hours=starts_in),
        without_criterion="" if met else "按实测情况先行处置",
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
        signers = state.signatures
        for role in _ready(office, state, signers, drafted, now, seed=seed, leaders_wait=leaders_wait):
            state = office.approve_warning(pending["stream"], by=person(Role.of(role)), now=now)
    if state.state.key == "approved":
        office.issue_warning(
            pending["stream"],
            instructions=instructions[state.level],
            list_digest=list_digest,
            by=person(Role.DUTY_OFFICER),
            now=now,
        )


def _ready(
    office: Office,
    state: AirWarning,
    signers: Sequence[tuple[str, str]],
    since: datetime,
    now: datetime,
    *,
    seed: int,
    leaders_wait: timedelta,
) -> list[str]:
    """The simulated leaders whose time to sign has come: one to three hours after they were asked."""
    authority = office.desk.may_sign(state.draft)
    roles = [*authority.roles, *authority.deputies][: max(1, authority.signatures)]
    done = {role for _person, role in signers}
    return [
        role
        for role in roles
        if role not in done
        and now - since >= leaders_wait + timedelta(hours=round(2 * chance(seed, state.identifier, role)))
    ]


def _lift(
    office: Office, name: str, *, reason: str, below: int, seed: int, leaders_wait: timedelta, now: datetime
) -> None:
    """Ask for the lift, let the leaders sign it in their time, and lift."""
    state = office.record.state("warning", name)
    duty = person(Role.DUTY_OFFICER)
    if not state.lift_reason:
        office.ask_lift(name, reason=reason, below_hours=below, by=duty, now=now)
        return
    history = office.record.history("warning", name)
    asked = next(entry.event.occurred_at for entry in reversed(history) if entry.event.kind == "lift_asked")
    for role in _ready(office, state, state.lift_signatures, asked, now, seed=seed, leaders_wait=leaders_wait):
        state = office.sign_lift(name, by=person(Role.of(role)), now=now)
    if len(state.lift_signatures) >= office.desk.may_sign(state.draft).signatures:
        office.lift_warning(name, reason=reason, below_hours=below, by=duty, now=now)


def _lower_or_lift(
    office: Office,
    situation: Situation,
    assessment: risk.Assessment,
    name: str,
    in_force: Level,
    *,
    seed: int,
    leaders_wait: timedelta,
) -> None:
    latest = situation.observed.latest
    expected: list[Any] = list(assessment.judged[1:])
    edition = situation.rules.warning
    rule = risk.may_lift(edition, in_force, observed_aqi=latest.aqi if latest else None, expected=expected)
    if not rule.may:
        return
    if rule.to is not Level.NONE:
        _draft(office, situation, assessment, rule.to, replaces=name)
        return
    bar = edition.criterion(in_force.word).lowest_over  # type: ignore[arg-type]
    below = 0
    for value in expected:
        if value is None or value > bar:
            break
        below += 24
    _lift(office, name, reason=rule.chinese, below=below, seed=seed, leaders_wait=leaders_wait, now=situation.now)
