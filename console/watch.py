"""The watch as the desk shows it: open alerts, the age of every source's data, late values, read as of now.

Alerts stand beside the archive; who took note of one stands in the record. Both are asked, so a note that was recorded
shows even when the process died before the alert itself was marked.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from console.settings import Settings
from emergency import alert, source_words
from plans.errors import DataError

if TYPE_CHECKING:
    from forecast.alert_store import Alert
    from forecast.late import LateValue
    from forecast.slot_store import Run

KINDS: Mapping[str, str] = {
    "source_silent": "来源中断", "source_failing": "来源失败", "station_silent": "站点失联",
    "network_outage": "网络中断", "sudden_rise": "浓度突升", "province_top": "全省排名",
    "near_threshold": "接近超标",
    "clock_slip": "时钟偏移", "flow_failed": "流程失败", "file_refused": "文件未采用",
}  # fmt: skip
SEVERITIES: Mapping[int, str] = {1: "查看", 2: "处理", 3: "立即处理"}
KEPT = 20.0
"""Seconds a reading is kept: many open desks ask the database once."""
LATE_HOURS = 24
RUN_DAYS = 7
SHOWN = 30
"""Rows of late values on the page; the command line lists all."""


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One open (or past) alert."""

    kind: str
    word: str
    subject: str
    text: str
    severity: int
    urgency: str
    raised_at: datetime
    seen_at: datetime
    cleared_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str
    note: str
    ranking: tuple[Mapping[str, Any], ...]
    """The province's highest stations in the hour, for a sudden rise; else empty."""

    @property
    def key(self) -> str:
        """What a form sends back."""
        return f"{self.kind}|{self.subject}"


@dataclass(frozen=True, slots=True)
class SourceAge:
    """How old the data of one source are."""

    source: str
    succeeded_at: datetime | None
    valid_until: datetime | None
    age: timedelta | None
    ahead: timedelta | None
    """How far a forecast reaches beyond now; None for what was measured."""
    failures: int
    error: str
    """As the log has it; a page says it by :func:`console.plain.of_a_source`, and the note by :func:`kept_notes`."""
    note: str


@dataclass(frozen=True, slots=True)
class WatchNow:
    """What the watch says at one moment."""

    alerts: tuple[AlertRow, ...] = ()
    past: tuple[AlertRow, ...] = ()
    sources: tuple[SourceAge, ...] = ()
    runs: tuple[Run, ...] = ()
    """What became of every flow's runs in the last RUN_DAYS days."""
    fault: str = ""

    @property
    def unsigned(self) -> tuple[AlertRow, ...]:
        """Open alerts that nobody has taken note of."""
        return tuple(row for row in self.alerts if row.acknowledged_at is None)


class WatchReader:
    """Reads alerts and source states; safe to call from many threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._kept: tuple[float, WatchNow] | None = None

    def at(self, now: datetime) -> WatchNow:
        """What is open now, and what was raised and cleared in the last day; the reason in `fault` when unreadable."""
        if self.settings.archive is None:
            return WatchNow(fault="没有接入监测档案")
        with self._lock:
            if self._kept is not None and time.monotonic() - self._kept[0] < KEPT:
                return self._kept[1]
            try:
                found = self._read(now)
            except DataError as error:
                found = WatchNow(fault=f"值守提醒不能读取：{source_words.chinese(str(error))}")
            self._kept = (time.monotonic(), found)
            return found

    def find(self, kind: str, subject: str) -> Alert | None:
        """The open alert of that kind and subject; None when it has cleared."""
        return next((one for one in self._store().open_alerts() if (one.kind, one.subject) == (kind, subject)), None)

    def mark(self, kind: str, subject: str, *, by: str, now: datetime) -> None:
        """Mark an alert as acknowledged after it stands in the record, and forget what was read."""
        self._store().acknowledge(kind, subject, by=by, now=now)
        with self._lock:
            self._kept = None

    def late(self, now: datetime) -> Sequence[LateValue]:
        """Values that came late or were changed in the last day, the newest first, with the outlooks made before."""
        from forecast.late import late_values

        settings = self.settings
        if settings.archive is None:
            return ()
        known = {station.code for station in settings.archive.stations()}
        codes = [code for code in settings.stations if code in known]
        since = now - timedelta(hours=LATE_HOURS)
        found = late_values(settings.archive, area=settings.area, stations=codes, since=since, until=now)
        return found[::-1][:SHOWN]

    def _store(self) -> Any:
        from forecast.alert_store import AlertStore

        assert self.settings.archive is not None
        return AlertStore(self.settings.archive.engine)

    def _read(self, now: datetime) -> WatchNow:
        from forecast.source_store import SourceStore

        assert self.settings.archive is not None
        store, states = self._store(), SourceStore(self.settings.archive.engine).states()
        day = store.history(start=now - timedelta(days=1), end=now + timedelta(seconds=1))
        alerts = [self._row(one) for one in store.open_alerts() if one.raised_at <= now]
        return WatchNow(
            alerts=tuple(sorted(alerts, key=lambda row: (row.acknowledged_at is not None, -row.severity))),
            past=tuple(self._row(one) for one in day[::-1] if one.cleared_at is not None),
            sources=tuple(
                SourceAge(one.source, one.succeeded_at, one.valid_until,
                          None if one.valid_until is None else max(timedelta(0), now - one.valid_until),
                          one.valid_until - now if one.valid_until and one.valid_until > now else None,
                          one.failures, one.error, one.note)
                for one in states
            ),
            runs=self._runs(now),
        )  # fmt: skip

    def _runs(self, now: datetime) -> tuple[Run, ...]:
        from forecast.slot_store import SlotStore

        assert self.settings.archive is not None
        return SlotStore(self.settings.archive.engine).runs(since=now - timedelta(days=RUN_DAYS))

    def _row(self, one: Alert) -> AlertRow:
        name = alert.identifier(one.kind, one.subject, one.severity, one.raised_at)
        noted = self.settings.office.record.state("alert", name)
        at, by, note = one.acknowledged_at, one.acknowledged_by, ""
        if isinstance(noted, alert.Noted):
            at, by, note = noted.acknowledged_at, noted.acknowledged_by, noted.note
        who = self.settings.directory.account(by) if by else None
        by = who.title if who is not None else by
        return AlertRow(
            one.kind, KINDS.get(one.kind, one.kind), one.subject, one.text, one.severity,
            SEVERITIES.get(one.severity, str(one.severity)), one.raised_at, one.seen_at, one.cleared_at, at, by, note,
            tuple(one.details.get("ranking", ())),
        )  # fmt: skip
