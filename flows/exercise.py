"""A drill of the whole response on a list: import, arithmetic, what-if, activation, raise, receipts, findings,
problems, evaluation and debrief, with simulated people and plants, a clock of its own and a sealed outbox.

It is the same product as in earnest: every act goes through the office, every message into the outbox, none leaves.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path

from emergency import drill, report
from emergency.desk import desk_of
from emergency.instructions import department_instructions, instructions_of, reductions_of, shares
from emergency.messages import subject
from emergency.office import Office
from emergency.office_list import edition_in_use, list_of
from emergency.record import Record
from emergency.record_rows import plain
from emergency.vocabulary import BEIJING, Level, Role
from emergency.warning import Draft
from flows import deliver, people, plants, respond
from flows.people import person
from flows.plant_meters import SimulatedMeters
from flows.report import kilograms_of
from plans import rulebook
from plans.city_plan import CityPlan
from plans.enterprise_csv import read_list
from plans.enterprise_list import EnterpriseList, digest_of
from plans.list_export import csv_text, rows_of, write_workbook
from plans.list_import import import_list
from plans.measure import pollutant_name
from plans.what_if import close_gap

HOUR = timedelta(hours=1)
EPISODE = "drill"
START = datetime(2026, 1, 12, 9, tzinfo=BEIJING)
SEVERITIES = {"error": "错误", "warning": "警告", "suggestion": "建议"}
Say = Callable[[str], None]


def run(folder: Path, *, seed: int = 7, announced: bool = False, say: Say = lambda _text: None) -> drill.Debrief:
    """Play the drill in an empty folder and return its debrief; the record stays there and can be opened.

    An announced drill is told to everybody a day ahead; of a surprise nobody hears before the orders come.
    """
    folder.mkdir(parents=True, exist_ok=True)
    book = rulebook.load()
    plan = book.city("sample")
    record = Record.open(folder / "record.db", drill=True, durable=False)
    office = Office(record, desk_of(plan, book.on(START.date(), assume={})))
    listing = _import(office, folder, say)
    _arithmetic(listing, plan, say)
    now = START
    if announced:
        say("预告：演练将于明日进行（封存通道，只在本机）")
        now += 24 * HOUR
    _issue(office, "w1", Level.YELLOW, listing, plan, now=now)
    say(f"黄色预警发布，下达指令 {sum(record.counts('order').values())} 份（企业和部门）")
    lift_at, meters = now + 96 * HOUR, SimulatedMeters(seed)
    raise_at, lifted = now + 26 * HOUR, False
    end = now + 300 * HOUR
    while now < end:
        now += HOUR
        if now == raise_at:
            before = sum(record.counts("order").values())
            _issue(office, "w2", Level.RED, listing, plan, now=now, replaces="w1")
            say(f"升级为红色，只下达差别部分 {sum(record.counts('order').values()) - before} 份")
        if now == lift_at:
            _say_findings(record, say)
            _lift(office, now)
            say("解除预警，全部指令一并解除")
            lifted = True
        _tick(office, meters, now, seed=seed)
        if lifted and now > lift_at + 24 * HOUR and not record.now("problem", open_only=True):
            break
    _review(office, listing, plan, lift_at=lift_at, now=now)
    within = timedelta(minutes=plan.authority.red.deadline_minutes.value) + HOUR
    made = drill.debrief(
        warnings=record.now("warning"), orders=record.now("order"), problems=record.now("problem"),
        approve_within=within, announced=announced, now=now,
    )  # fmt: skip
    counts = record.counts("problem")
    say(f"交办问题 {sum(counts.values())} 个，销号 {counts.get('closed', 0)} 个")
    for line in made.lines():
        say(line)
    record.verify()
    record.engine.dispose()
    return made


def _import(office: Office, folder: Path, say: Say) -> EnterpriseList:
    """The sample list goes out as a workbook and comes in again through the import, as an office would send it."""
    sample = read_list(rulebook.HERE / "cities" / "sample" / "enterprises" / "2026.csv")
    path = folder / "sent.xlsx"
    write_workbook(rows_of(sample), path)
    found = import_list(path, city="sample", edition="drill-2026")
    assert found.listing is not None, found.issues[:3]
    told = "，".join(f"{SEVERITIES[name]} {count}" for name, count in found.counts.items())
    say(f"导入 {path.name}：{len(found.listing.enterprises)} 条，{len(found.rows)} 个单元，{told}")
    text = csv_text(rows_of(found.listing))
    listing = EnterpriseList("sample", "drill-2026", found.listing.enterprises, digest_of(text))
    kept = office.store_edition(listing, text, file=path.name, by=person(Role.DUTY_OFFICER), now=START - 48 * HOUR)
    office.adopt_edition(kept.identifier, by=person(Role.OFFICE_DIRECTOR), now=START - 47 * HOUR)
    in_use = edition_in_use(office.record)
    assert in_use is not None
    say(f"入库并启用版本 {in_use.name}（{in_use.digest[:12]}）")
    return list_of(office.record, in_use)


def _arithmetic(listing: EnterpriseList, plan: CityPlan, say: Say) -> None:
    for level in (Level.YELLOW, Level.ORANGE, Level.RED):
        told = "，".join(
            f"{pollutant_name(one.pollutant)} {one.percent}"
            + (f"（缺{float(one.shortfall_kilograms):.0f}千克）" if one.short else "")
            for one in reductions_of(listing, plan, level)
        )
        say(f"{level.chinese}：{told}")
    assert plan.base_daily is not None
    found = close_gap(
        listing, "red", plan.base_daily.value, target_percent=plan.response.red.reduction_percent.value,
        steps=(Fraction(1, 2), Fraction(1)),
    )  # fmt: skip
    verdict = "可以补足" if found.feasible else "清单内无法补足"
    more = f"：另需{len(found.choices)}个单元多减，少产{float(found.lost_output):.0f}吨/日" if found.choices else ""
    say(f"红色缺口{verdict}{more}")


def _issue(
    office: Office,
    name: str,
    level: Level,
    listing: EnterpriseList,
    plan: CityPlan,
    *,
    now: datetime,
    replaces: str | None = None,
) -> None:
    content = Draft(
        level.word, office.desk.area_name, now + 3 * HOUR, now + 96 * HOUR, "静稳高湿（演练）", "请减少户外活动。",
        "drill", True, replaces,
    )  # fmt: skip
    duty = person(Role.DUTY_OFFICER)
    office.draft_warning(name, episode=EPISODE, content=content, by=duty, now=now - HOUR)
    for role in office.desk.authority[level].roles[: max(1, office.desk.authority[level].signatures)]:
        office.approve_warning(name, by=person(Role.of(role)), now=now)
    orders = (*instructions_of(listing, level), *department_instructions(plan, level))
    office.issue_warning(name, instructions=orders, list_digest=listing.digest, by=duty, now=now)


def _lift(office: Office, now: datetime) -> None:
    duty, reason = person(Role.DUTY_OFFICER), "冷空气南下"
    office.ask_lift("w2", reason=reason, below_hours=48, by=duty, now=now)
    state = office.record.state("warning", "w2")
    for role in office.desk.may_sign(state.draft).roles:
        office.sign_lift("w2", by=person(Role.of(role)), now=now)
    office.lift_warning("w2", reason=reason, below_hours=48, by=duty, now=now)


def _tick(office: Office, meters: SimulatedMeters, now: datetime, *, seed: int) -> None:
    respond.start_due(office, now)
    channel = deliver.SealedChannel()
    deliver.deliver(office, channel, address_of=lambda _audience, who: f"sealed:{who}", now=now)
    plants.act(office, now, seed=seed)
    respond.chase_overdue(office, now, every=HOUR)
    if now.hour % 12 == 2:
        respond.judge_compliance(office, now, meters)
    people.inspect(office, now, seed=seed)


def _say_findings(record: Record, say: Say) -> None:
    running = [row for row in record.now("order", states=("delivered", "acknowledged", "executing"))]
    signed = sum(row["body"]["acknowledged_at"] is not None for row in running)
    say(f"执行中指令 {len(running)} 份，已签收 {signed} 份")
    for pollutant, one in kilograms_of([row for row in running if row["body"].get("audience") is not None]).items():
        if one["promised"]:
            cut = f"应减{one['promised']:.0f}千克/日，已核实{one['achieved']:.0f}，未落实{one['missing']:.0f}"
            say(f"  {pollutant_name(pollutant)} {cut}")
    told = [text for row in running for found in row["body"]["findings"][-1:] for one in found.get("measures", ())
            for text in one["contradictions"]]  # fmt: skip
    say(f"  矛盾 {len(told)} 处" + (f"，如：{told[0]}" if told else ""))


def _review(office: Office, listing: EnterpriseList, plan: CityPlan, *, lift_at: datetime, now: datetime) -> None:
    record = office.record
    (response,) = record.now("activation")
    every = record.now("order", parent=response["stream"])
    orders = [row for row in every if row["body"].get("audience", "enterprise") == "enterprise"]
    first = START.date()
    days = [first + timedelta(days=n) for n in range((lift_at.date() - first).days + 1)]
    last = {row["enterprise"]: row["body"]["findings"][-1]["verdict"] for row in orders if row["body"]["findings"]}
    good = frozenset(
        row["enterprise"] for row in orders if row["body"]["voluntary"] or last.get(row["enterprise"]) == "compliant"
    )
    made = report.evaluate(
        EPISODE,
        drill=True,
        rows=report.day_table(days, record.happenings(), observed={}, morning={}, day_ahead={}),
        orders=orders,
        problems=record.now("problem"),
        highest=Level.RED,
        started_at=datetime.fromisoformat(response["body"]["started_at"]),
        ended_at=lift_at,
        first_issued_at=datetime.fromisoformat(record.now("warning")[0]["body"]["issued_at"]),
        reduction_ordered=shares(reductions_of(listing, plan, Level.RED)),
        reduction_confirmed=shares(reductions_of(listing, plan, Level.RED, only=good)),
        target=plan.response.red.reduction_percent.value / 100,
        notes=("演练：人员、企业、用电均为模拟，没有空气质量资料",),
        tasks=[row for row in every if row["body"].get("audience") == "department"],
        kilograms=kilograms_of(orders),
    )
    text = json.dumps(asdict(made), ensure_ascii=False, sort_keys=True, indent=1, default=plain)
    office.review_response(
        response["stream"], report=text.encode(), media_type="application/json",
        title=subject(f"应急响应评估 {EPISODE}", drill=True), by=person(Role.OFFICE_DIRECTOR), now=now,
    )  # fmt: skip
