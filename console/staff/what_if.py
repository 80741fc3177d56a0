"""What would close the gap 补差试算, and watering advice 洒水建议: for the next edition, and for an order's text.

Neither page changes anything. The search of a long list takes seconds, so one runs at a time and answers are kept.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from console import charts_list
from console.language import N_, _
from console.lists import ListInUse
from console.page import BadForm, console_of, our_day, page
from console.staff.lists import lists_of
from emergency.vocabulary import BEIJING, Level
from plans.department_tasks import Watering, watering_of
from plans.enterprise_list import EnterpriseList
from plans.errors import DataError
from plans.measure import POLLUTANT_NAMES, POLLUTANTS
from plans.what_if import WhatIf, close_gap

router = APIRouter(prefix="/list")
LEVELS = (Level.YELLOW, Level.ORANGE, Level.RED)
STEPS = (100, 50, 20, 10)
"""Percent; 100: whole stops only, as the national guide counts lines."""
MOST_KEPT, MOST_WORDS, SHOWN = 8, 400, 200
BUSY = 40.0
"""Seconds to wait for another search before saying so."""
ASIDE = {
    "no production": N_("不是生产单元"),
    "small plant, exempt": N_("小微企业，豁免"),
    "cuts by its own decision": N_("自主减排企业"),
    "shut already": N_("已停产"),
    "kept out by the office": N_("本办指定保留"),
    "rests in a staggered window": N_("错峰停产中"),
    "stops already": N_("该级别已停产"),
    "changes fuel instead": N_("该级别改用燃料"),
    "emits nothing": N_("没有排放量"),
    "a further cut could not be monitored": N_("进一步减排无法监测"),
    "its output is not on file": N_("没有产能资料"),
}
"""Why a unit was no candidate, as plans.what_if says it."""
_turn = threading.Lock()
_kept: dict[tuple[object, ...], WhatIf] = {}


@router.get("/what-if")
def what_if(request: Request) -> Response:
    """The further cuts that reach the target of a level at the least lost output; only the form without a level."""
    lists, query = lists_of(console_of(request)), request.query_params
    listing, today = lists.listing(), _today(request)
    asked = {name: query.get(name, "").strip()[:MOST_WORDS] for name in ("level", "step", "shut", "keep")}
    found, fault = None, ""
    if listing is not None and asked["level"]:
        try:
            found = solved(lists, listing, asked, today)
        except BadForm as error:
            fault = str(error)
    return page(
        request, "what_if.html", status=400 if fault else 200, alert=fault, listing=listing, asked=asked, today=today,
        levels=LEVELS, steps=STEPS, found=found, shown=SHOWN, pollutants=POLLUTANT_NAMES, keys=POLLUTANTS,
        chart=charts_list.reach(found.before, found.after) if found else "",
        aside=_aside(found) if found else (), beyond=_beyond(found) if found else (),
    )  # fmt: skip


@router.get("/watering")
def watering(request: Request) -> Response:
    """What the watering rules of the plan say for a day's weather; the rules alone without one."""
    plan, query = lists_of(console_of(request)).plan, request.query_params
    today, fault = _today(request), ""
    answer: Watering | None = None
    if plan.watering is not None and "on" in query:
        try:
            answer = watering_of(
                plan.watering, _day(query.get("on", "")), temperature=_number(query, "temperature", -60, 60),
                humidity=_number(query, "humidity", 0, 100), rain=query.get("rain") == "yes",
            )  # fmt: skip
        except BadForm as error:
            fault = str(error)
    departments = [one for one in plan.departments if one.watering]
    return page(
        request, "watering.html", status=400 if fault else 200, alert=fault, rule=plan.watering, answer=answer,
        departments=departments, today=today,
        asked={name: query.get(name, "")[:20] for name in ("on", "temperature", "humidity", "rain")},
    )  # fmt: skip


# --- inside -----------------------------------------------------------------------------------------------------------


def solved(lists: ListInUse, listing: EnterpriseList, asked: Mapping[str, str], today: date) -> WhatIf:
    """The cheapest way to the target of a level, worked out once; BadForm for a question without an answer."""
    plan = lists.plan
    if asked["level"] not in {level.word for level in LEVELS}:
        raise BadForm(_("请选择预警级别。"))
    step = asked["step"] or "100"
    if step not in {str(one) for one in STEPS}:
        raise BadForm(_("请选择减产步长。"))
    if plan.base_daily is None:
        raise BadForm(_("预案没有全社会排放量，无法试算。"))
    shut, keep = (
        tuple(one.strip() for one in asked[name].replace("，", ",").split(",") if one.strip())
        for name in ("shut", "keep")
    )
    windows = lists.windows()
    key = (listing.digest, asked["level"], step, shut, keep, windows, today if windows else None)
    if not _turn.acquire(timeout=BUSY):
        raise BadForm(_("另一次试算还在进行，请稍后再试。"))
    try:
        if key not in _kept:
            if len(_kept) >= MOST_KEPT:
                _kept.clear()
            percents = [*range(int(step), 100, int(step)), 100]
            _kept[key] = close_gap(
                listing,
                asked["level"],  # type: ignore[arg-type]
                plan.base_daily.value,
                target_percent=plan.response.of(asked["level"]).reduction_percent.value,  # type: ignore[arg-type]
                steps=[Fraction(one, 100) for one in percents],
                windows=windows,
                on=today if windows else None,
                shut=shut,
                keep=keep,
            )
        return _kept[key]
    except DataError:
        raise BadForm(_("清单排放量与预案所记全社会排放量不相容，无法试算。")) from None
    finally:
        _turn.release()


def _aside(found: WhatIf) -> list[tuple[str, int]]:
    """Why units were left aside, with how many, the most frequent first."""
    counted = Counter(found.left_aside.values())
    return [(ASIDE.get(why, why), number) for why, number in counted.most_common()]


def _beyond(found: WhatIf) -> list[tuple[str, str]]:
    """Pollutants that stay short whatever is done, with the most they could reach."""
    names: dict[str, str] = {key: name for key, name in POLLUTANT_NAMES.items()}
    return [
        (names[one.pollutant], f"{int(found.most[one.pollutant] * 1000) / 10:.1f}%") for one in found.after if one.short
    ]


def _number(query: Mapping[str, Any], name: str, low: float, high: float) -> float | None:
    given = str(query.get(name, "")).strip()
    if not given:
        return None
    try:
        value = float(given)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise BadForm(_("请填写%(low)s到%(high)s之间的数。", low=f"{low:g}", high=f"{high:g}"))
    return value


def _day(given: str) -> date:
    try:
        return our_day(given)
    except ValueError:
        raise BadForm(_("请选择日期。")) from None


def _today(request: Request) -> date:
    return console_of(request).settings.now().astimezone(BEIJING).date()
