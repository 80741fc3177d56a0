"""From meters to findings: gather what instruments say about each running order, judge it, put what is new on record.

The baseline of an order is the plant's working before the *first* order of the response: after a raise the days under
the lower level are no normal days. So those earlier days are set in front of the order's own window, at the same
quarter-hours of the day.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from emergency.compliance_evidence import Witnesses, judge, same
from emergency.compliance_signs import DAY, QUARTER, Circuit, Series
from emergency.lifecycle import SYSTEM
from emergency.office import Office
from emergency.order import Order
from forecast.emissions import Emissions

BASELINE_DAYS = 5
LEAST = timedelta(hours=2)
"""No judgement before the order has had to be carried out for so long; a setting (I)."""
LONGEST = timedelta(days=10)
OPEN = ("issued", "delivered", "acknowledged", "executing")


class Meters(Protocol):
    """Instruments of plants: quarter-hours from start to end; None where nothing came."""

    def circuits(self, order: Order, *, start: datetime, end: datetime, normal: bool) -> Sequence[Circuit]:
        """Mean power per circuit, kW. `normal` says that the stretch lies before the response (simulations ask)."""

    def emissions(self, order: Order, *, start: datetime, end: datetime, normal: bool) -> Mapping[str, Series]:
        """Emission rate per outlet, kg/h."""

    def facilities(self, order: Order, *, start: datetime, end: datetime, normal: bool) -> Mapping[str, Series]:
        """State per treatment facility (SB-RS)."""


class StoredMeters:
    """The instruments whose data the office has received: electricity per circuit and HJ 212, as of the moment.

    `mn_of` gives the monitor number of a plant's HJ 212 sender (the plant's own number when there is no other).
    """

    def __init__(self, store: Emissions, *, mn_of: Callable[[str], str] = lambda plant: plant) -> None:
        self.store, self.mn_of = store, mn_of

    def circuits(self, order: Order, *, start: datetime, end: datetime, normal: bool) -> Sequence[Circuit]:  # noqa: ARG002
        """Circuits whose code begins with a unit of the order feed that unit; a `total` circuit stands for others."""
        units = sorted((str(one.get("unit", "")) for one in order.measures), key=len, reverse=True)
        made: dict[tuple[str, str], list[float | None]] = {}
        length = (end - start) // QUARTER
        for kind in ("production", "treatment", "total"):
            rows = self.store.meters(mn=order.enterprise, kind=kind, start=start, end=end, as_of=end)
            for row in rows:
                series = made.setdefault((kind, row.code), [None] * length)
                if row.kwh is None or row.minutes <= 0:
                    continue
                at = (row.data_time - start) // QUARTER
                for place in range(at, min(length, at + max(1, row.minutes // 15))):
                    series[place] = row.kwh * 60 / row.minutes
        found = []
        for (kind, code), series in sorted(made.items()):
            unit = next((one for one in units if one and (code == one or code.startswith(one + "-"))), "")
            role = "other" if kind == "total" else kind
            found.append(Circuit(code, role, unit, series))  # type: ignore[arg-type]
        return found

    def emissions(self, order: Order, *, start: datetime, end: datetime, normal: bool) -> Mapping[str, Series]:  # noqa: ARG002
        """Hourly 烟尘 (or the first gas that came) of the plant's sender, spread over the quarter-hours of its hours.

        HJ 212 numbers outlets by sender, so one sender stands for the outlet of every measure that names one.
        """
        rows = self.store.emissions(mn=self.mn_of(order.enterprise), kind="hour", start=start, end=end, as_of=end)
        codes = {row.code for row in rows}
        code = next((one for one in ("a34013", "a21002", "a21026", "a24088") if one in codes), None)
        if code is None:
            return {}
        series: list[float | None] = [None] * ((end - start) // QUARTER)
        for row in rows:
            value = row.cou if row.cou is not None else row.avg
            if row.code != code or value is None or row.flag in ("D", "B", "T"):
                continue
            at = (row.data_time - start) // QUARTER
            for place in range(at, min(len(series), at + 4)):
                series[place] = value
        return {str(one.get("outlet", "")): series for one in order.measures if one.get("outlet")}

    def facilities(self, order: Order, *, start: datetime, end: datetime, normal: bool) -> Mapping[str, Series]:  # noqa: ARG002
        """SB-RS states, each standing until the next one, at most six hours."""
        rows = self.store.equipment(mn=self.mn_of(order.enterprise), kind="state", start=start, end=end, as_of=end)
        made: dict[str, list[float | None]] = {}
        for row in rows:
            series = made.setdefault(row.code, [None] * ((end - start) // QUARTER))
            at = (row.data_time - start) // QUARTER
            for place in range(at, min(len(series), at + 24)):
                series[place] = row.value
        return made


def witnesses_of(order: Order, meters: Meters, *, first_order_at: datetime, until: datetime) -> Witnesses:
    """The plant's normal days and the order's window as one stretch that begins BASELINE_DAYS before `execute_by`."""
    execute_by = order.execute_by
    first_at = execute_by - timedelta(days=BASELINE_DAYS)
    base_end = execute_by
    while base_end > first_order_at:
        base_end -= timedelta(days=1)
    base_start = base_end - timedelta(days=BASELINE_DAYS)
    before = meters.circuits(order, start=base_start, end=base_end, normal=True)
    during = meters.circuits(order, start=execute_by, end=until, normal=False)
    names = {one.identifier: one for one in (*before, *during)}
    early = {one.identifier: one.kilowatts for one in before}
    late = {one.identifier: one.kilowatts for one in during}
    length = (until - execute_by) // QUARTER
    circuits = tuple(
        Circuit(name, one.role, one.unit, _joined(early.get(name), late.get(name), length))
        for name, one in sorted(names.items())
    )
    return Witnesses(
        first_at,
        circuits,
        _both(meters.emissions, order, base_start, base_end, execute_by, until),
        _both(meters.facilities, order, base_start, base_end, execute_by, until),
    )


def judge_orders(office: Office, meters: Meters | None, now: datetime) -> int:
    """How many findings were new: every running order whose deadline has passed is judged on all its evidence."""
    rows = office.record.now("order", states=OPEN)
    firsts: dict[tuple[str, str], datetime] = {}
    for row in office.record.now("order") if rows else ():
        key = (row["parent"], row["enterprise"])
        at = datetime.fromisoformat(row["body"]["issued_at"])
        firsts[key] = min(at, firsts.get(key, at))
    new = []
    for row in rows:
        body = row["body"]
        if body.get("audience", "enterprise") != "enterprise":
            continue  # departments report; their work is inspected, not metered
        silent = body["acknowledged_at"] is None and now > datetime.fromisoformat(body["respond_by"])
        execute_by = datetime.fromisoformat(body["execute_by"])
        if not silent and now < execute_by + LEAST:
            continue
        order: Order = office.record.state("order", row["stream"])
        until = quarter_before(min(now, execute_by + LONGEST))
        seen = None
        if meters is not None and until >= execute_by + LEAST and not order.voluntary:
            seen = witnesses_of(order, meters, first_order_at=firsts[row["parent"], row["enterprise"]], until=until)
        finding = judge(order, seen, until=until, now=now)
        if not same(order.findings[-1] if order.findings else None, finding):
            new.append((row["stream"], finding))
    if new:
        office.record_findings(new, by=SYSTEM, now=now)
    return len(new)


def quarter_before(moment: datetime) -> datetime:
    """The last whole quarter-hour."""
    return moment.replace(minute=moment.minute - moment.minute % 15, second=0, microsecond=0)


def _joined(before: Series | None, during: Series | None, length: int) -> list[float | None]:
    early: list[float | None] = list(before) if before is not None else [None] * (BASELINE_DAYS * DAY)
    late: list[float | None] = list(during) if during is not None else [None] * length
    return early + late


def _both(
    read: Callable[..., Mapping[str, Series]],
    order: Order,
    base_start: datetime,
    base_end: datetime,
    start: datetime,
    end: datetime,
) -> dict[str, Series]:
    before = read(order, start=base_start, end=base_end, normal=True)
    during = read(order, start=start, end=end, normal=False)
    length = (end - start) // QUARTER
    return {name: _joined(before.get(name), during.get(name), length) for name in sorted({*before, *during})}
