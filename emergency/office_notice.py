"""The public messages of a warning as exhibits: CAP 1.2 and GB/T 35965.1, filed in the transaction of the act."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from emergency import cap, cap_xml, gbt35965
from emergency.cap import Alert, Notice
from emergency.office_base import Desk
from emergency.publisher import Publisher, publisher_of
from emergency.record import Act
from emergency.warning import AirWarning


def publisher(desk: Desk) -> Publisher:
    """Under which codes the desk publishes."""
    return desk.publisher or publisher_of(desk.area, desk.area_name)


def file_issue(act: Act, desk: Desk, state: AirWarning, *, now: datetime) -> tuple[dict[str, str], tuple[str, ...]]:
    """What later messages must know of this one, and the digests of its two texts; `state` is after the issue."""
    made = cap.alert_of_issue(
        state,
        publisher=publisher(desk),
        earlier=chain(partial(act.state, "warning"), state.draft.replaces),
        also=last_of(partial(act.state, "warning"), state.draft.merges),
        now=now,
        number=act.filed(cap.MEDIA_TYPE),
        drill=act.drill,
    )
    return made.notice.as_data(), _file(act, made)


def file_lift(act: Act, desk: Desk, state: AirWarning, *, reason: str, now: datetime) -> tuple[str, ...]:
    """The digests of the two texts of a lift; none for a warning issued before messages were kept."""
    earlier = chain(partial(act.state, "warning"), state.identifier)
    if not earlier:
        return ()
    made = cap.alert_of_lift(
        state,
        reason=reason,
        publisher=publisher(desk),
        earlier=earlier,
        now=now,
        number=act.filed(cap.MEDIA_TYPE),
        drill=act.drill,
    )
    return _file(act, made)


def last_of(state_of: Callable[[str], AirWarning | None], names: Sequence[str]) -> list[Notice]:
    """The last message of each of these warnings' chains."""
    return [notice for name in names for notice in chain(state_of, name)[-1:]]


def chain(state_of: Callable[[str], AirWarning | None], identifier: str | None) -> tuple[Notice, ...]:
    """The messages from the first warning of the chain to this one, oldest first; `state_of` reads a warning."""
    found: list[Notice] = []
    seen: set[str] = set()
    while identifier is not None and identifier not in seen:
        seen.add(identifier)  # two drafts may each claim to replace the other; the issue itself refuses that later
        state = state_of(identifier)
        if state is None:
            break
        notice = cap.notice_of(state.notice)
        if notice is not None:
            found.append(notice)
        identifier = state.draft.replaces
    return tuple(reversed(found))


def _file(act: Act, made: Alert) -> tuple[str, ...]:
    name = gbt35965.file_name(made)
    return (
        act.file(cap_xml.to_xml(made), media_type=cap.MEDIA_TYPE, title=f"CAP {made.notice.identifier}"),
        act.file(gbt35965.to_xml(made), media_type=gbt35965.MEDIA_TYPE, title=f"GB/T 35965.1 {name}"),
    )
