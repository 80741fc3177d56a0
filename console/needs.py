"""What needs this person now: one row per matter that waits for their role, the most urgent first.

Questions asked of the record and the clock; nothing here decides, and nothing is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from console import words
from console.language import _
from console.settings import Settings
from emergency import record_orders
from emergency.directory import Account
from emergency.duty_policy import APPROVAL
from emergency.vocabulary import BEIJING, Level, Role
from emergency.warning_draft import is_control

Row = Mapping[str, Any]
_FAR = datetime.max.replace(tzinfo=BEIJING)


@dataclass(frozen=True, slots=True)
class Need:
    """One matter that waits."""

    what: str
    why: str
    href: str
    button: str
    deadline: datetime | None = None
    urgent: bool = False

    def late(self, now: datetime) -> bool:
        """Whether its deadline has passed."""
        return self.deadline is not None and now > self.deadline


def needs(settings: Settings, account: Account, now: datetime) -> list[Need]:
    """What waits for this account, urgent and overdue first, then by deadline."""
    found = [need for ask in _QUESTIONS for need in ask(settings, account.role, now)]
    return sorted(found, key=lambda need: (not (need.urgent or need.late(now)), need.deadline or _FAR))


def silent_orders(settings: Settings, now: datetime, *, most: int = 3) -> tuple[int, tuple[Row, ...]]:
    """How many open orders are past their deadline without a receipt, and the first few, the longest silence first."""
    return record_orders.silent_orders(settings.office.record, now=now, limit=most)


def link(kind: str, identifier: str) -> str:
    """The address of a matter."""
    return f"/{kind}/{quote(identifier, safe='')}"


# --- the questions ----------------------------------------------------------------------------------------------------


def _consultations(settings: Settings, role: Role, now: datetime) -> Iterator[Need]:
    for row in settings.office.record.now("consultation", open_only=True):
        body, href = row["body"], link("consultations", row["stream"])
        within = timedelta(minutes=settings.plan.consultation.result_within_minutes.value)
        if row["state"] == "proposed" and role in (Role.DUTY_OFFICER, Role.OFFICE_DIRECTOR):
            why = _("；").join(str(trigger["text"]) for trigger in body["triggers"][:2])
            yield Need(_("会商已提议，待召集"), why, href, _("去召集"), _at(row["opened_at"]) + within)
        if row["state"] != "convened":
            continue
        heard = {*(body["opinions"] or {}), *(body["absences"] or {})}
        missing = [key for key in body["required"] if key not in heard]
        if role.key in missing:
            yield Need(
                _("会商等你的意见"),
                _("%(required)s方中已有%(heard)s方", required=len(body["required"]), heard=len(heard)),
                href,
                _("填写意见"),
                urgent=True,
            )
        if role is Role.OFFICE_DIRECTOR and not missing:
            yield Need(_("意见已齐，待签发结论"), _("请核对每日AQI后签发"), href, _("去签发"), urgent=True)
        if role is Role.DUTY_OFFICER and missing and now - _at(row["changed_at"]) > within:
            names = _("、").join(words.role(key) for key in missing)
            yield Need(_("会商缺意见"), _("%(names)s未提交，可催问或记录缺席", names=names), href, _("去处理"))


def _warnings(settings: Settings, role: Role, now: datetime) -> Iterator[Need]:
    desk = settings.office.desk
    for row in settings.office.record.now("warning", open_only=True):
        body, level = row["body"], Level.of(row["level"])
        href, control = link("warnings", row["stream"]), is_control(row)
        name = _("临时管控") if control else _("%(chinese)s预警", chinese=level.chinese)
        if row["state"] == "drafted":
            signed_by = {signer for _person, signer in body["signatures"]}
            authority = desk.control if control else desk.authority[level]
            if authority.allows(role.key) and role.key not in signed_by:
                deputy = role.key not in authority.roles
                deadline = _at(row["changed_at"]) + desk.approve_within.get(level, APPROVAL)
                what = _("%(name)s待你签批", name=name) + (_("（可代签）") if deputy else "")
                yield Need(what, body["draft"]["reason"], href, _("去签批"), deadline, urgent=not deputy)
        if role not in (Role.DUTY_OFFICER, Role.OFFICE_DIRECTOR):
            continue
        if row["state"] == "approved":
            starts, why = _at(body["draft"]["starts_at"]), _("发布后立即下达指令")
            if control:
                why = _("发布后按所列措施执行，不向社会公布")
            yield Need(_("%(name)s已批准，待发布", name=name), why, href, _("去发布"), starts, urgent=True)
        if row["state"] == "returned":
            yield Need(_("%(name)s被退回", name=name), body["return_reason"], href, _("去处理"), urgent=True)
        if row["state"] == "issued" and (end := _at(body["draft"]["expected_end"])) < now:
            what = _("%(name)s已过预计结束时间", name=name)
            yield Need(what, _("尚未解除或延长"), href, _("去处理"), end, urgent=True)


def _drafts_due(settings: Settings, role: Role, now: datetime) -> Iterator[Need]:
    if role not in (Role.DUTY_OFFICER, Role.OFFICE_DIRECTOR):
        return
    record = settings.office.record
    concluded = record.now("consultation", states=("concluded",))
    if not concluded or now - _at(concluded[-1]["changed_at"]) > timedelta(hours=24):
        return
    last, warnings = concluded[-1], record.now("warning", open_only=True)
    wanted = Level.of(last["body"]["level"])
    taken_up = any(row["body"]["draft"]["consultation"] == last["stream"] for row in record.now("warning"))
    in_force = max((Level.of(row["level"]) for row in warnings), default=Level.NONE)
    within = timedelta(minutes=settings.plan.deadlines.approval_form_minutes.value)
    if wanted > in_force and not taken_up:
        name = _("会商结论为%(chinese)s预警，待起草", chinese=wanted.chinese)
        href = f"/warnings/draft?consultation={quote(last['stream'], safe='')}"
        yield Need(name, last["body"]["conclusion"], href, _("去起草"), _at(last["changed_at"]) + within, urgent=True)
    elif wanted < in_force and not taken_up and all(row["state"] == "issued" for row in warnings):
        to = _("不再预警") if wanted is Level.NONE else _("降为%(chinese)s", chinese=wanted.chinese)
        name = _("会商结论%(to)s，请研究解除或降级", to=to)
        yield Need(name, last["body"]["conclusion"], link("warnings", warnings[-1]["stream"]), _("去看"))


def _orders(settings: Settings, role: Role, now: datetime) -> Iterator[Need]:
    if role not in (Role.DUTY_OFFICER, Role.OFFICE_DIRECTOR):
        return
    count, first = silent_orders(settings, now)
    if count:
        names = _("、").join(row["body"]["enterprise_name"] for row in first) + (_("等") if count > len(first) else "")
        deadline = _at(first[0]["body"]["respond_by"])
        yield Need(_("%(count)s家单位逾期未签收", count=count), names, "/orders?silent=1", _("看名单"), deadline)


def _problems(settings: Settings, role: Role, _now: datetime) -> Iterator[Need]:
    waiting: dict[Role, dict[str, str]] = {
        Role.DUTY_OFFICER: {"found": _("待交办")},
        Role.OFFICE_DIRECTOR: {"found": _("待交办")},
        Role.TERRITORY: {"assigned": _("待整改"), "reopened": _("需重新整改")},
        Role.INSPECTOR: {"rectified": _("待回头看")},
    }
    for state, word in waiting.get(role, {}).items():
        rows = settings.office.record.now("problem", states=(state,))
        if not rows:
            continue
        due = min((_at(row["body"]["due_at"]) for row in rows if row["body"]["due_at"]), default=None)
        href = link("problems", rows[0]["stream"]) if len(rows) == 1 else f"/problems?state={state}"
        yield Need(
            _("%(rows)s个问题%(word)s", rows=len(rows), word=word), rows[0]["body"]["content"], href, _("去办理"), due
        )


_QUESTIONS: tuple[Callable[[Settings, Role, datetime], Iterator[Need]], ...] = (
    _warnings, _consultations, _drafts_due, _orders, _problems,
)  # fmt: skip


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)
