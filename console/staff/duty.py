"""Duty 值守: who is on, what somebody is being called about, hand-over, telephone list, roster and its changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from console import words
from console.language import _, speaking
from console.needs import needs, silent_orders
from console.page import BadForm, Console, Form, account_of, attempt, console_of, missing, needed, our_day, page, text
from emergency import ics, roster
from emergency.call import Call
from emergency.contacts import Contacts
from emergency.directory import Account
from emergency.handover import Handover
from emergency.office import Office
from emergency.roster import Leave, Override, Roster, Swap
from emergency.roster_store import RosterStore
from emergency.vocabulary import BEIJING
from plans.errors import DataError

router = APIRouter(prefix="/duty")
_Made = TypeVar("_Made")
WEEKS = 2
"""Weeks that the calendar shows."""
LOAD_DAYS = 28
"""Days over which the load is compared, as a roster of four goes round seven times."""
GAPS_AHEAD = timedelta(days=14)


@router.get("")
def duty(request: Request) -> Response:
    """The room's front page: who is on, which calls are open, gaps ahead, the last hand-over."""
    console = console_of(request)
    now, plan = console.settings.now(), _roster(console)
    return page(
        request,
        "duty.html",
        now=now,
        there=roster.on_duty(plan, now) if plan else (),
        shifts=_shift_names(plan),
        gaps=roster.gaps(plan, now=now, ahead=GAPS_AHEAD) if plan else (),
        doubled=roster.doubled(plan, now.date(), now.date() + GAPS_AHEAD) if plan else (),
        calls=_calls(console.office),
        handovers=console.office.record.now("handover", newest=3)[::-1],
        has_roster=plan is not None,
    )


# --- roster -----------------------------------------------------------------------------------------------------------


@router.get("/roster")
def roster_page(request: Request) -> Response:
    """The calendar, what changes it, and how fairly the load lies."""
    return _roster_page(request)


@router.post("/roster")
def change(request: Request, form: Form) -> Response:
    """Note a leave, an override or a swap."""
    console, by = console_of(request), account_of(request)
    return attempt(
        lambda: change_from(console, form, by=by, now=console.settings.now()),
        show=lambda alert, status: _roster_page(request, alert=alert, status=status),
        then="/duty/roster?done=rostered",
    )


def change_from(console: Console, form: FormData, *, by: Account, now: datetime) -> int:
    """Note the leave, override or swap of the form; its number. BadForm when it makes no roster."""
    store, kind = RosterStore(console.office.record), text(form, "kind", most=16)
    made: Leave | Override | Swap
    if kind == "leave":
        first = _day(form, "first", _("第一天"))
        last = _day(form, "last", _("最后一天")) if text(form, "last") else first
        made = Leave(needed(form, "person", _("人员"), most=80), first, last, text(form, "why", most=200))
    elif kind == "override":
        stand_in = text(form, "person", most=80) or None
        made = Override(needed(form, "shift", _("班次"), most=16), _day(form, "day", _("日期")), stand_in)
    elif kind == "swap":
        mine, theirs = (needed(form, name, _("班次"), most=16) for name in ("shift", "other_shift"))
        made = Swap(mine, _day(form, "day", _("日期")), theirs, _day(form, "other_day", _("日期")))
    else:
        raise BadForm(_("请选择要登记的事项。"))
    return _noted(lambda: store.add(made, by=by.identifier, now=now))


@router.post("/roster/withdraw")
def withdraw(request: Request, form: Form) -> Response:
    """Take a leave, override or swap back."""
    console, by = console_of(request), account_of(request)

    def act() -> None:
        number = text(form, "number", most=9)
        if not (number.isascii() and number.isdigit()):
            raise BadForm(_("请选择要撤销的登记。"))
        withdraw_row(console, int(number), by=by, now=console.settings.now())

    return attempt(
        act,
        show=lambda alert, status: _roster_page(request, alert=alert, status=status),
        then="/duty/roster?done=rostered",
    )


def withdraw_row(console: Console, number: int, *, by: Account, now: datetime) -> None:
    """Take a row of the roster back; BadForm when others would hang in the air."""
    store = RosterStore(console.office.record)
    _noted(lambda: store.withdraw(number, by=by.identifier, now=now))


@router.get("/calendar.ics")
def calendar(request: Request) -> Response:
    """The coming shifts and open consultations as a calendar file."""
    console = console_of(request)
    now, plan = console.settings.now(), _roster(console)
    today = now.astimezone(BEIJING).date()
    names = _shift_names(plan)
    entries = [  # one calendar for everybody who subscribes to it, so in Chinese
        ics.Entry(f"{duty.shift}-{duty.day:%Y%m%d}", duty.begins_at, duty.ends_at,
                  f"{names[duty.shift]} {duty.person or '无人值班'}")
        for duty in (roster.duties(plan, today, today + timedelta(days=7 * WEEKS)) if plan else ())
    ]  # fmt: skip
    within = timedelta(minutes=console.settings.plan.consultation.result_within_minutes.value)
    for row in console.office.record.now("consultation", open_only=True):
        at = datetime.fromisoformat(row["opened_at"])
        entries.append(ics.Entry(row["stream"], at, at + 2 * within, f"加密会商 {row['stream']}"))
    name = f"{console.office.desk.area_name}值班与会商"
    content = ics.calendar(entries, name=name, now=now, drill=console.office.record.drill)
    headers = {"content-disposition": 'attachment; filename="duty.ics"'}
    return Response(content, media_type="text/calendar; charset=utf-8", headers=headers)


# --- calls ------------------------------------------------------------------------------------------------------------


@router.get("/calls")
def calls(request: Request) -> Response:
    """All calls, the open ones first."""
    console = console_of(request)
    rows = console.office.record.now("call", newest=60)[::-1]
    return page(request, "duty_calls.html", rows=_calls(console.office), past=[row for row in rows if row["final"]])


@router.post("/calls/{identifier}/take")
def take(request: Request, identifier: str) -> Response:
    """I have it."""
    return _call_act(request, identifier, "taken", lambda office, by, now: office.take_call(identifier, by=by, now=now))


@router.post("/calls/{identifier}/jump")
def jump(request: Request, identifier: str, form: Form) -> Response:
    """Move the call to a rung."""
    step = text(form, "step", most=3)
    chosen = int(step) - 1 if step.isdecimal() else -1
    return _call_act(
        request, identifier, "jumped", lambda office, by, now: office.jump_call(identifier, step=chosen, by=by, now=now)
    )


# --- hand-over --------------------------------------------------------------------------------------------------------


@router.get("/handover")
def handover_page(request: Request) -> Response:
    """The form, filled with what is open, and the earlier notes."""
    return _handover_page(request)


@router.post("/handover")
def write_handover(request: Request, form: Form) -> Response:
    """Write the note of the present shift."""
    console, account = console_of(request), account_of(request)
    return attempt(
        lambda: handover_from(console, form, by=account, now=console.settings.now()),
        show=lambda alert, status: _handover_page(request, alert=alert, status=status, form=form),
        then="/duty/handover?done=handed",
    )


def handover_from(console: Console, form: FormData, *, by: Account, now: datetime) -> Handover:
    """The note of the present shift with what waits for the account now."""
    shift, name, day, following = _shift_now(console, now)
    office = console.office
    number = len(office.record.now("handover", prefix=f"handover-{day:%Y%m%d}-{shift}")) + 1
    with speaking("zh"):  # what is recorded is Chinese, whatever language the page is read in
        matters = [f"{need.what}：{need.why}" for need in needs(console.settings, by, now)]
    return office.write_handover(
        f"handover-{day:%Y%m%d}-{shift}" + (f"-{number}" if number > 1 else ""), episode="", shift=shift,
        shift_name=name, day=day, to_person=following, note=needed(form, "note", _("值班情况")), open_matters=matters,
        by=by.actor, now=now,
    )  # fmt: skip


@router.post("/handover/{identifier}/take")
def take_handover(request: Request, identifier: str) -> Response:
    """Take the duty over."""
    console, by = console_of(request), account_of(request).actor
    if not isinstance(console.office.record.state("handover", identifier), Handover):
        raise missing(_("交班记录"))
    return attempt(
        lambda: console.office.take_handover(identifier, by=by, now=console.settings.now()),
        show=lambda alert, status: _handover_page(request, alert=alert, status=status),
        then="/duty/handover?done=relieved",
    )


# --- telephone --------------------------------------------------------------------------------------------------------


@router.get("/telephone")
def telephone(request: Request) -> Response:
    """The printed list: whom to telephone because no receipt is on record."""
    return _telephone_page(request)


@router.post("/telephone")
def telephoned(request: Request, form: Form) -> Response:
    """A receipt given on the telephone: who called, who answered, when."""
    console, account = console_of(request), account_of(request)

    def act() -> None:
        identifier = needed(form, "order", _("指令"), most=160)
        who = needed(form, "signer", _("对方职务"), most=60)
        now = console.settings.now()
        called = text(form, "called", most=5) or f"{now.astimezone(BEIJING):%H:%M}"
        witness = f"{account.title}，{called}拨打"
        console.office.acknowledge_order(
            identifier, signer=who, via="phone", witness=witness, by=account.actor, now=now
        )

    return attempt(
        act,
        show=lambda alert, status: _telephone_page(request, alert=alert, status=status),
        then="/duty/telephone?done=acknowledged",
    )


# --- inside -----------------------------------------------------------------------------------------------------------


def _roster(console: Console) -> Roster | None:
    return RosterStore(console.office.record).roster()


def _shift_names(plan: Roster | None) -> Mapping[str, str]:
    return {shift.key: shift.chinese for shift in plan.shifts} if plan else {}


def _calls(office: Office) -> list[dict[str, Any]]:
    """Open calls with their ladder in words."""
    found = []
    for row in office.record.now("call", open_only=True)[::-1]:
        state = office.record.state("call", row["stream"])
        policy = office.policy(state.policy, state.level)
        steps = [_("、").join(_target(target) for target in step.targets) for step in policy.steps]
        found.append({"state": state, "steps": steps, "needed": policy.acknowledgements, "href": _href(state)})
    return found


def _href(state: Call) -> str:
    kinds = {"warning": "warnings", "consultation": "consultations"}
    return f"/{kinds[state.matter_life]}/{state.matter}" if state.matter_life in kinds else "/duty"


def _target(target: str) -> str:
    kind, _colon, key = target.partition(":")
    return {"shift": _("当班人员"), "missing": _("未提交意见方")}.get(kind) or words.role(key)


def _call_act(request: Request, identifier: str, done: str, act: Callable[[Office, Any, datetime], object]) -> Response:
    console, by = console_of(request), account_of(request).actor
    if not isinstance(console.office.record.state("call", identifier), Call):
        raise missing(_("呼叫"))
    return attempt(
        lambda: act(console.office, by, console.settings.now()),
        show=lambda alert, status: page(
            request, "duty_calls.html", alert=alert, status=status, rows=_calls(console.office), past=[]
        ),
        then=f"/duty/calls?done={done}",
    )


def _roster_page(request: Request, *, alert: str = "", status: int = 200) -> Response:
    console = console_of(request)
    now, plan = console.settings.now(), _roster(console)
    today = now.astimezone(BEIJING).date()
    monday = today - timedelta(days=today.weekday())
    last = monday + timedelta(days=7 * WEEKS - 1)
    days: dict[date, list[Any]] = {monday + timedelta(days=n): [] for n in range(7 * WEEKS)}
    for one in roster.duties(plan, monday, last) if plan else ():
        days[one.day].append(one)
    loads = roster.loads(plan, today - timedelta(days=LOAD_DAYS), today) if plan else ()
    store = RosterStore(console.office.record)
    return page(
        request,
        "duty_roster.html",
        status=status,
        alert=alert,
        now=now,
        today=today,
        weeks=[list(days.items())[7 * week : 7 * week + 7] for week in range(WEEKS)],
        works=plan.calendar.works if plan else (lambda _day: True),
        shifts=_shift_names(plan),
        people=sorted({person for rotation in plan.rotations for person in rotation.people}) if plan else [],
        loads=loads,
        most=max((load.hours for load in loads), default=0),
        load_days=LOAD_DAYS,
        changes=[note for note in store.notes() if note.kind in ("leave", "override", "swap") and not note.withdrawn],
        decreed=plan.calendar.decreed(last.year) if plan else True,
    )


def _shift_now(console: Console, now: datetime) -> tuple[str, str, date, str]:
    """Key, name and day of the shift that runs, and who has the next one; a day of 24 h without a roster."""
    plan = _roster(console)
    there = roster.on_duty(plan, now) if plan else ()
    if plan is None or not there:
        return "day", "全天", now.astimezone(BEIJING).date(), ""
    one = there[0]
    following = [duty for duty in roster.on_duty(plan, one.ends_at) if duty.person]
    return one.shift, _shift_names(plan)[one.shift], one.day, (following[0].person or "") if following else ""


def _handover_page(request: Request, *, alert: str = "", status: int = 200, form: FormData | None = None) -> Response:
    console, account = console_of(request), account_of(request)
    now = console.settings.now()
    _shift, name, day, following = _shift_now(console, now)
    return page(
        request, "duty_handover.html", alert=alert, status=status, now=now, shift_name=name, day=day,
        following=following, open_matters=needs(console.settings, account, now),
        rows=console.office.record.now("handover", newest=20)[::-1], note=text(form, "note") if form else "",
        mine=account.identifier,
    )  # fmt: skip


def _telephone_page(request: Request, *, alert: str = "", status: int = 200) -> Response:
    console = console_of(request)
    now = console.settings.now()
    _count, rows = silent_orders(console.settings, now, most=500)
    known = Contacts(console.office.record).all()
    numbers = {row["enterprise"]: known[row["enterprise"]].telephone for row in rows if row["enterprise"] in known}
    return page(request, "duty_telephone.html", alert=alert, status=status, now=now, rows=rows, numbers=numbers)


def _day(form: FormData, name: str, what: str) -> date:
    try:
        return our_day(text(form, name, most=10))
    except ValueError:
        raise BadForm(_("请填写%(what)s（年-月-日）。", what=what)) from None


def _noted(act: Callable[[], _Made]) -> _Made:
    try:
        return act()
    except DataError as fault:
        raise BadForm(_("值班表没有改动，登记的内容不成立：%(found)s。", found=fault.found or fault.where)) from fault
