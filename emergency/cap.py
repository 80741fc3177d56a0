"""CAP 1.2 for every public warning: made purely from a warning's state, frozen when it is issued.

An issue is an Alert, or an Update when it replaces a warning; a lift is a Cancel that says AllClear. An Update or a
Cancel names the first and the previous message of its chain. OASIS CAP 1.2 (1 July 2010), section 3; times carry
+08:00 and never Z (3.3.2). A drill's message has the status Exercise, a draft's Draft, and neither may leave the
house (:func:`may_leave`), however it is addressed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from emergency import cap_words
from emergency.cap_words import Info
from emergency.publisher import Publisher
from emergency.vocabulary import Level
from emergency.warning import AirWarning
from plans.errors import LantianError

MEDIA_TYPE = "application/cap+xml"
STATUSES = ("Actual", "Exercise", "System", "Test", "Draft")
SCOPES = ("Public", "Restricted", "Private")
SEVERITY = {Level.RED: "Extreme", Level.ORANGE: "Severe", Level.YELLOW: "Moderate"}
"""A choice of ours (domain 7.1, confidence I): neither OASIS nor GB/T maps the colours."""

_OFFSET = timezone(timedelta(hours=8))


@dataclass(frozen=True, slots=True)
class Notice:
    """What later messages must know of an earlier one: kept in the warning's own event, so it can never change."""

    identifier: str
    sender: str
    sent: str

    def as_data(self) -> dict[str, str]:
        """As plain values for the log."""
        return {"identifier": self.identifier, "sender": self.sender, "sent": self.sent}

    @property
    def reference(self) -> str:
        """`sender,identifier,sent` (CAP 1.2, 3.2.1 references)."""
        return f"{self.sender},{self.identifier},{self.sent}"


@dataclass(frozen=True, slots=True)
class Alert:
    """One message before it becomes text."""

    notice: Notice
    status: str
    message_type: str
    scope: str
    note: str
    earlier: tuple[Notice, ...]
    """All earlier messages of the chain, oldest first."""
    level: Level
    urgency: str
    certainty: str
    responses: tuple[str, ...]
    effective: str
    onset: str | None
    expires: str | None
    infos: tuple[Info, ...]
    publisher: Publisher
    also: tuple[Notice, ...] = ()
    """The last messages of other chains that end with this one (two episodes that become one)."""

    @property
    def references(self) -> tuple[Notice, ...]:
        """Those that the message names: the first and the previous of its chain, and those of `also`; each once."""
        return tuple(dict.fromkeys((*self.earlier[:1], *self.earlier[-1:], *self.also)))


def may_leave(*, status: str, scope: str, audience: str, drill: bool) -> bool:
    """Whether a message may be handed to a channel that leaves the house.

    Only Actual does, only from a live record, and to the public only with the scope Public. Exercise, Test and System
    stay inside too: whoever rehearses has the sealed channel for it.

    >>> may_leave(status="Actual", scope="Public", audience="public", drill=False)
    True
    >>> may_leave(status="Exercise", scope="Public", audience="public", drill=False)
    False
    """
    return status == "Actual" and not drill and (audience != "public" or scope == "Public")


def moment(when: datetime) -> str:
    """A moment in CAP's form, Beijing offset, whole seconds; ValueError for a naive one.

    >>> from datetime import UTC
    >>> moment(datetime(2015, 12, 7, 23, 0, 5, tzinfo=UTC))
    '2015-12-08T07:00:05+08:00'
    """
    if when.tzinfo is None:
        raise ValueError("A CAP time needs a time zone; give an aware datetime.")
    return when.astimezone(_OFFSET).isoformat(timespec="seconds")


def identifier_of(publisher: Publisher, *, now: datetime, number: int) -> str:
    """`ZZZZZZDDDUUUXX_YYYYMMDDhhmmss_N`, 31 characters (GB/T 35965.1, annex); N is the last digit of `number`."""
    return f"{publisher.sender_code}_{now.astimezone(_OFFSET):%Y%m%d%H%M%S}_{number % 10}"


def status_of(state: AirWarning, *, drill: bool) -> str:
    """Exercise in a drill, else Draft until it is issued, else Actual."""
    if drill:
        return "Exercise"
    return "Draft" if state.issued_at is None else "Actual"


def alert_of_issue(
    state: AirWarning,
    *,
    publisher: Publisher,
    earlier: Sequence[Notice],
    also: Sequence[Notice] = (),
    now: datetime,
    number: int,
    drill: bool,
) -> Alert:
    """The message of an issue: Alert, or Update when earlier messages of the chain, or of merged ones, are given.

    `state` is the warning after the issue (a draft gives a preview with the status Draft); `number` counts the
    messages made before, so that two in one second have different identifiers.
    """
    content, level = state.draft, state.level
    observed = content.consultation == "observed"
    start, end = moment(content.starts_at), moment(content.expected_end)
    if content.starts_at <= now:
        urgency = "Immediate"
    else:
        urgency = "Expected" if content.starts_at - now <= timedelta(hours=1) else "Future"
    return Alert(
        notice=Notice(identifier_of(publisher, now=now, number=number), publisher.sender, moment(now)),
        status=status_of(state, drill=drill),
        message_type="Update" if earlier or also else "Alert",
        scope="Public",
        note="",
        earlier=tuple(earlier),
        level=level,
        urgency=urgency,
        certainty="Observed" if observed else "Likely",
        responses=cap_words.branch_of(content).responses,
        effective=moment(now),
        onset=start,
        expires=end,
        infos=cap_words.of_issue(state, publisher, start=start, end=end, drill=drill),
        publisher=publisher,
        also=tuple(also),
    )


def alert_of_lift(
    state: AirWarning,
    *,
    reason: str,
    publisher: Publisher,
    earlier: Sequence[Notice],
    now: datetime,
    number: int,
    drill: bool,
) -> Alert:
    """The Cancel of a warning, its reason as the note; LantianError when nothing was issued that it could cancel."""
    if not earlier or state.issued_at is None:
        raise LantianError("There is no message to cancel", where=f"warning {state.identifier}")
    return Alert(
        notice=Notice(identifier_of(publisher, now=now, number=number), publisher.sender, moment(now)),
        status=status_of(state, drill=drill),
        message_type="Cancel",
        scope="Public",
        note=reason,
        earlier=tuple(earlier),
        level=state.level,
        urgency="Past",
        certainty="Observed",
        responses=("AllClear",),
        effective=moment(now),
        onset=None,
        expires=None,
        infos=cap_words.of_lift(state, publisher, reason=reason, at=moment(now), drill=drill),
        publisher=publisher,
    )


def notice_of(data: Any) -> Notice | None:
    """The notice kept in an event; None for records from before there were any."""
    return Notice(str(data["identifier"]), str(data["sender"]), str(data["sent"])) if data else None
