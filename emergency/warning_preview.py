"""What a warning would say and look like if it were issued as its form stands now: made by what makes the issued ones.

Nothing here writes, queues or files anything. Whatever the office is, the CAP message has the status Draft and no
number of a real one, and the papers say 草稿 in their titles, so that none of it can be taken for issued.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from emergency import cap, cap_xml, documents, messages, warning, warning_merge
from emergency.cap import Alert, Notice
from emergency.documents import Paper
from emergency.lifecycle import Actor, Event, fold
from emergency.office_base import Desk
from emergency.office_notice import chain, last_of, publisher
from emergency.record import Record
from emergency.warning import AirWarning, Draft

NEW = "草稿"
"""What a draft is called that nobody has put up yet."""
MARK = "【草稿】"


@dataclass(frozen=True, slots=True)
class Preview:
    """One warning as it would be."""

    content: Draft
    """As it would be put up: widened over an issued warning that is too near."""
    subject: str
    body: str
    alert: Alert | None
    """None for a 临时管控, of which the public is not told."""
    xml: str
    papers: tuple[Paper, ...]
    """The 审批表, and the 通知 where there would be one."""


def preview(
    record: Record,
    desk: Desk,
    content: Draft,
    *,
    by: Actor,
    now: datetime,
    identifier: str = NEW,
    history: Sequence[Event] = (),
) -> Preview:
    """The preview of a new draft, or with `history` of a returned one that is put up again; Refused as the act would.

    The CAP message counts as sent now and refers to those of the warnings that this one would replace.
    """
    state_of = _reader(record)
    issued = [state for row in record.now("warning", states=("issued",)) if (state := state_of(row["stream"]))]
    if not history:
        content = warning_merge.as_one(content, issued, identifier=identifier, gap=desk.merge_gap)
    approved = [state for row in record.now("warning", states=("approved",)) if (state := state_of(row["stream"]))]
    warning_merge.require_apart(content, [*approved, *issued], identifier=identifier, gap=desk.merge_gap)
    events = _events(content, identifier, history, by=by, now=now)
    state = fold(warning.evolve, events)
    assert isinstance(state, AirWarning)
    before = state_of(content.replaces) if content.replaces else None
    subject, body = messages.warning_issued(state, before=before, drill=record.drill)
    issuer, public = publisher(desk), content.kind == "warning"
    papers = [documents.approval_form(state, events, issuer=issuer.name, drill=record.drill)]
    alert = None
    if public:
        made = cap.alert_of_issue(
            state, publisher=issuer, earlier=chain(state_of, content.replaces),
            also=last_of(state_of, content.merges), now=now, number=0, drill=record.drill,
        )  # fmt: skip
        alert = replace(made, status="Draft", notice=Notice("DRAFT", made.notice.sender, made.notice.sent))
        papers.append(
            documents.notice(
                replace(state, issued_at=now), (), issuer=issuer.name, number="", addressee=documents.ADDRESSEE,
                drill=record.drill,
            )
        )  # fmt: skip
    return Preview(
        content=content,
        subject=subject,
        body=body,
        alert=alert,
        xml=cap_xml.to_xml(alert).decode() if alert is not None else "",
        papers=tuple(replace(paper, title=f"{MARK}{paper.title}") for paper in papers),
    )


def _reader(record: Record) -> Callable[[str], AirWarning | None]:
    def state_of(name: str) -> AirWarning | None:
        found = record.state("warning", name)
        return found if isinstance(found, AirWarning) else None

    return state_of


def _events(
    content: Draft, identifier: str, history: Sequence[Event], *, by: Actor, now: datetime
) -> tuple[Event, ...]:
    """The history that the draft would have."""
    if not history:
        return warning.draft(identifier=identifier, episode="", content=content, by=by, now=now)
    state = fold(warning.evolve, history)
    assert isinstance(state, AirWarning)
    return (*history, *warning.redraft(state, content=content, by=by, now=now))
