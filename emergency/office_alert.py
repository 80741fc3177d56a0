"""Acts of the office on alerts of the watch: take note."""

from __future__ import annotations

from datetime import datetime

from emergency import alert
from emergency.lifecycle import Actor
from emergency.office_base import Acts


class AlertActs(Acts):
    """Acts of the office on alerts of the watch."""

    def acknowledge_alert(
        self, kind: str, subject: str, *, severity: int, text: str, raised_at: datetime, by: Actor, now: datetime,
        note: str = "",
    ) -> alert.Noted:  # fmt: skip
        """Take note of an alert; once it is on record, again by anybody changes nothing and returns the first note."""
        name = alert.identifier(kind, subject, severity, raised_at)
        with self.record.act(now) as act:
            state = act.state("alert", name)
            if state is None:
                events = alert.acknowledge(
                    kind=kind, subject=subject, severity=severity, text=text, raised_at=raised_at, note=note, by=by,
                    now=now,
                )  # fmt: skip
                state = act.append("alert", name, events)
        assert isinstance(state, alert.Noted)
        return state
