"""What instruments said about one order: electricity per circuit, stack monitors and equipment, as of now."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from console.charts_order import Lane, time_axis
from console.language import N_, _
from console.settings import Settings
from emergency.order import Order

if TYPE_CHECKING:
    from forecast.emissions import Emissions

BEFORE, AFTER = timedelta(days=2), timedelta(days=10)
"""So much is shown before the order was issued, and at most so much after."""
MOST_LANES = 8
GASES = {"a34013": N_("烟尘"), "a21026": N_("二氧化硫"), "a21002": N_("氮氧化物"), "a24088": N_("非甲烷总烃")}
"""HJ 212 codes whose curves are shown, most telling first."""


def picture_of(settings: Settings, order: Order, now: datetime) -> Markup:
    """The order on its time axis; empty when no instrument said anything."""
    start = order.issued_at - BEFORE
    end = min(now, (order.ended_at or now) + timedelta(days=1), order.issued_at + AFTER)
    lanes = [*_judged(settings, order, end), *_recorded(order), *_stored(settings, order, start, end, now)][:MOST_LANES]
    if not lanes:
        return Markup("")
    moments = {
        _("下达"): order.issued_at, _("应落实"): order.execute_by,
        **({_("签收"): order.acknowledged_at} if order.acknowledged_at else {}),
        **({_("报告执行"): order.executed_at} if order.executed_at else {}),
        **({_("解除"): order.ended_at} if order.ended_at else {}),
    }  # fmt: skip
    first = min(begin for lane in lanes for begin, _end, _value in lane.values)
    return time_axis(
        lanes, moments=moments, start=max(start, min(first, order.issued_at)), end=end,
        shade=(order.execute_by, order.ended_at or end),
    )  # fmt: skip


def _judged(settings: Settings, order: Order, end: datetime) -> list[Lane]:
    """What each finding measured, until the next one, over what was ordered."""
    found = [
        (entry.event.occurred_at, entry.event.data)
        for entry in settings.office.record.history("order", order.identifier)
        if entry.event.kind == "finding_recorded" and entry.event.data.get("measured_cut") is not None
    ]
    nexts = [*(at for at, _data in found[1:]), order.ended_at or end]
    both = [(at, then, data) for (at, data), then in zip(found, nexts, strict=False) if at < then]
    measured = [(at, then, max(0.0, 100 * float(data["measured_cut"]))) for at, then, data in both]
    ordered = [(at, then, 100 * float(data["ordered_cut"])) for at, then, data in both]
    return [Lane(_("核查：用电下降"), "%", measured, ordered)] if measured else []


def _recorded(order: Order) -> list[Lane]:
    """Readings that were put on record, with what was usual."""
    used, usual = [], []
    for item in order.evidence:
        if item.get("type") != "electricity":
            continue
        begin = datetime.fromisoformat(str(item["window_start"]))
        end = datetime.fromisoformat(str(item["window_end"])) if item.get("window_end") else begin + timedelta(hours=1)
        used.append((begin, end, float(item["used_kwh"])))
        usual.append((begin, end, float(item["normal_kwh"])))
    return [Lane(_("用电量"), "kWh", sorted(used), sorted(usual))] if used else []


def _stored(settings: Settings, order: Order, start: datetime, end: datetime, now: datetime) -> list[Lane]:
    """Circuits and monitors of the plant in the archive."""
    if settings.archive is None or end <= start:
        return []
    from forecast.emissions import Emissions

    store = Emissions(settings.archive.engine)
    asked: dict[str, Any] = {"mn": order.enterprise, "start": start, "end": end, "as_of": now}
    return [*_circuits(store, asked), *_stacks(store, asked), *_equipment(store, asked)]


def _circuits(store: Emissions, asked: dict[str, Any]) -> list[Lane]:
    kinds = {"production": N_("生产"), "treatment": N_("治理"), "total": N_("总表")}
    found = []
    for kind, word in kinds.items():
        series: dict[str, list[tuple[datetime, datetime, float]]] = {}
        for row in store.meters(kind=kind, **asked):
            if row.kwh is not None and row.minutes > 0:
                end = row.data_time + timedelta(minutes=row.minutes)
                series.setdefault(row.code, []).append((row.data_time, end, row.kwh * 60 / row.minutes))
        found += [Lane(f"{code} {_(word)}", "kW", sorted(values)) for code, values in sorted(series.items())]
    return found


def _stacks(store: Emissions, asked: dict[str, Any]) -> list[Lane]:
    series: dict[str, list[tuple[datetime, datetime, float]]] = {}
    for row in store.emissions(kind="hour", **asked):
        value = row.cou if row.cou is not None else row.avg
        if row.code in GASES and value is not None and row.flag not in ("D", "B", "T"):
            series.setdefault(row.code, []).append((row.data_time, row.data_time + timedelta(hours=1), value))
    return [Lane(_("在线 %(gas)s", gas=GASES[code]), "kg/h", sorted(series[code])) for code in GASES if code in series]


def _equipment(store: Emissions, asked: dict[str, Any]) -> list[Lane]:
    """SB-RS states, each until the next one, at most six hours."""
    series: dict[str, list[tuple[datetime, float]]] = {}
    for row in store.equipment(kind="state", **asked):
        series.setdefault(row.code, []).append((row.data_time, row.value))
    found = []
    for code, states in sorted(series.items()):
        states.sort()
        nexts = [*(at for at, _value in states[1:]), asked["end"]]
        values = [
            (at, min(then, at + timedelta(hours=6)), value) for (at, value), then in zip(states, nexts, strict=True)
        ]
        found.append(Lane(_("设施 %(code)s", code=code), _("运行=1"), values))
    return found
