"""Acts of the office on signed links of plants: make one, note that the plant came in by it, take it back."""

from __future__ import annotations

from datetime import datetime

from emergency import link
from emergency.lifecycle import Actor
from emergency.office_base import Acts, existing, refuse_existing


class LinkActs(Acts):
    """Acts of the office on signed links of plants."""

    def make_link(
        self, identifier: str, *, enterprise: str, enterprise_name: str, account: str, ends_at: datetime, by: Actor,
        now: datetime,
    ) -> link.PlantLink:  # fmt: skip
        """Put on record that a link was made; Refused for who may not, or when the identifier is taken."""
        with self.record.act(now) as act:
            refuse_existing(act, "link", identifier, "生成签收链接")
            events = link.make(
                identifier=identifier, enterprise=enterprise, enterprise_name=enterprise_name, account=account,
                ends_at=ends_at, by=by, now=now,
            )  # fmt: skip
            return _link_of(act.append("link", identifier, events))

    def enter_by_link(self, identifier: str, *, by: Actor, now: datetime) -> link.PlantLink:
        """Note that the plant came in by its link; the second time changes nothing. Refused for a revoked one."""
        with self.record.act(now) as act:
            state = _link_of(existing(act, "link", identifier))
            events = link.enter(state, by=by, now=now)
            return _link_of(act.append("link", identifier, events)) if events else state

    def revoke_link(self, identifier: str, *, reason: str, by: Actor, now: datetime) -> link.PlantLink:
        """Take one link back: it opens nothing any more, and who came in by it is out at the next click."""
        with self.record.act(now) as act:
            state = _link_of(existing(act, "link", identifier))
            return _link_of(act.append("link", identifier, link.revoke(state, reason=reason, by=by, now=now)))


def _link_of(state: object) -> link.PlantLink:
    assert isinstance(state, link.PlantLink)
    return state
