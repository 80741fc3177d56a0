"""Acts of the office on what is said and shown under an order: measures, visits, ledgers, gates, questions, exemptions.

A photograph becomes an exhibit under its digest, in the transaction of the act that names it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from emergency import messages, order, order_questions
from emergency.compliance_evidence import SEEN, judge
from emergency.lifecycle import Actor, Event, Refused
from emergency.office_base import Acts, existing, order_of
from emergency.office_response import note_finding
from emergency.order_questions import own_time
from emergency.record import Act, Message


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture that was sent in, as it came."""

    content: bytes
    media_type: str


class EvidenceActs(Acts):
    """Acts of the office on what is said and shown under an order."""

    def report_measure(
        self,
        identifier: str,
        *,
        unit: str,
        step: str,
        reading: str = "",
        note: str = "",
        photo: Photo | None = None,
        by: Actor,
        now: datetime,
        filled_at: datetime | None = None,
    ) -> order.Order:
        """The plant says that one measure began ("start") or ended ("finish"), with a meter reading and a photograph.

        Refused for a unit that the order does not name, and for an unbelievable own time.
        """
        with self.record.act(now) as act:
            state = order_of(existing(act, "order", identifier))
            if unit not in {str(one.get("unit", "")) for one in state.measures} or step not in ("start", "finish"):
                raise Refused(
                    act="报告措施",
                    subject=f"指令 {identifier}",
                    state=state.state.chinese,
                    rule="指令中没有这个单元的措施",
                    possible="请从指令列出的措施中选择",
                )
            at = own_time(state, filled_at, now=now)
            data: dict[str, Any] = {"type": "measure", "unit": unit, "step": step, "at": at.isoformat()}
            data.update({key: value for key, value in (("reading", reading), ("note", note)) if value})
            if at != now:
                data.update(offline=True, sent_at=now.isoformat())
            data.update(_filed(act, photo, f"{state.enterprise} {unit}"))
            return order_of(
                act.append("order", identifier, order.file_evidence(state, evidence=data, by=by, now=at))
            )  # fmt: skip

    def file_inspection(
        self,
        identifier: str,
        *,
        seen: str,
        note: str,
        by: Actor,
        now: datetime,
        unit: str = "",
        place: str = "",
        unannounced: bool = True,
        photo: Photo | None = None,
        filled_at: datetime | None = None,
    ) -> order.Order:
        """A visit to a plant under an order, and at once the finding that follows from all evidence with it.

        `seen` is one of SEEN (ValueError otherwise); an empty unit means the whole plant; `unannounced` is 四不两直;
        `filled_at` is the own time of a form that was filled without network. Refused when that is not believable.
        """
        if seen not in SEEN:
            raise ValueError(f"{seen!r} is none of {', '.join(SEEN)}")
        with self.record.act(now) as act:
            state = order_of(existing(act, "order", identifier))
            at = own_time(state, filled_at, now=now)
            data = {
                "type": "inspection",
                "unit": unit,
                "seen": seen,
                "note": note,
                "place": place,
                "unannounced": unannounced,
                "at": at.isoformat(),
                **({"offline": True, "sent_at": now.isoformat()} if at != now else {}),
                **_filed(act, photo, f"{state.enterprise} 现场检查"),
            }
            state = order_of(
                act.append("order", identifier, order.file_evidence(state, evidence=data, by=by, now=at))
            )  # fmt: skip
            if seen == "unsure" or at < state.execute_by:
                return state  # before the deadline a running line is no breach; the visit is on record all the same
            last = state.findings[-1] if state.findings else None
            finding = judge(state, None, until=now, now=now)
            if last is not None and last.get("measures"):
                finding = _with_power(finding, last)
            return note_finding(act, state, finding, by=by, now=now)

    def file_ledger(
        self,
        identifier: str,
        *,
        unit: str,
        day: str,
        output: float,
        by: Actor,
        now: datetime,
        photo: Photo | None = None,
    ) -> order.Order:
        """A line of the plant's production ledger: tonnes of a unit on a day."""

        def decide(act: Act, state: order.Order) -> Sequence[Event]:
            data = {"type": "ledger", "unit": unit, "day": day, "output": output,
                    **_filed(act, photo, f"{state.enterprise} 台账")}  # fmt: skip
            return order.file_evidence(state, evidence=data, by=by, now=now)

        return self._on(identifier, decide, now=now)

    def file_gate_count(
        self, identifier: str, *, vehicles: int, banned: int, by: Actor, now: datetime, since: str = ""
    ) -> order.Order:
        """A count of the plant's gate since a moment: all goods vehicles, and those of a class the order bans."""

        def decide(_act: Act, state: order.Order) -> Sequence[Event]:
            data = {"type": "gate", "vehicles": vehicles, "banned": banned, "since": since}
            return order.file_evidence(state, evidence=data, by=by, now=now)

        return self._on(identifier, decide, now=now)

    def ask(self, identifier: str, *, kind: str, text: str, by: Actor, now: datetime) -> order.Order:
        """A question or an appeal of the recipient; the duty officer is told."""

        def decide(_act: Act, state: order.Order) -> Sequence[Event]:
            return order_questions.ask(state, kind=kind, text=text, by=by, now=now)

        return self._on(identifier, decide, now=now, tell=("duty_officer", order_questions.KINDS[kind], text))

    def answer(self, identifier: str, *, number: int, text: str, by: Actor, now: datetime) -> order.Order:
        """The office's answer, which also goes out as a message."""

        def decide(_act: Act, state: order.Order) -> Sequence[Event]:
            return order_questions.answer(state, number=number, text=text, by=by, now=now)

        return self._on(identifier, decide, now=now, tell=("", "答复", text))

    def request_exemption(self, identifier: str, *, reason: str, by: Actor, now: datetime) -> order.Order:
        """A request to be exempted; until it is answered the order stands."""

        def decide(_act: Act, state: order.Order) -> Sequence[Event]:
            return order_questions.request_exemption(state, reason=reason, by=by, now=now)

        return self._on(identifier, decide, now=now, tell=("duty_officer", "申请豁免", reason))

    def refuse_exemption(self, identifier: str, *, reason: str, by: Actor, now: datetime) -> order.Order:
        """The request is turned down."""

        def decide(_act: Act, state: order.Order) -> Sequence[Event]:
            return order_questions.refuse_exemption(state, reason=reason, by=by, now=now)

        return self._on(identifier, decide, now=now, tell=("", "不予豁免", reason))

    def exempt_order(self, identifier: str, *, reason: str, by: Actor, now: datetime) -> order.Order:
        """The order no longer binds its recipient; the reason is on record."""

        def decide(_act: Act, state: order.Order) -> Sequence[Event]:
            return order.exempt(state, reason=reason, by=by, now=now)

        return self._on(identifier, decide, now=now, tell=("", "同意豁免", reason))

    def _on(
        self,
        identifier: str,
        decide: Callable[[Act, order.Order], Sequence[Event]],
        *,
        now: datetime,
        tell: tuple[str, str, str] | None = None,
    ) -> order.Order:
        with self.record.act(now) as act:
            state = order_of(existing(act, "order", identifier))
            number = len(self.record.history("order", identifier)) + 1
            calls = []
            if tell is not None:
                role, word, text = tell
                audience, recipient = ("staff", role) if role else (state.audience, state.enterprise)
                title = messages.subject(f"{word}：{state.enterprise_name}", drill=act.drill)
                body = (messages.DRILL_MARK if act.drill else "") + text
                calls = [Message(f"{identifier}.said{number}", audience, recipient, title, body)]
            return order_of(act.append("order", identifier, decide(act, state), messages=calls))


def _filed(act: Act, photo: Photo | None, title: str) -> Mapping[str, str]:
    if photo is None:
        return {}
    return {"photo": act.file(photo.content, media_type=photo.media_type, title=f"照片 {title}")}


def _with_power(finding: Any, last: Mapping[str, Any]) -> Any:
    """A visit's finding beside what the meters had said: measured numbers stay, the visit decides what it saw."""
    from dataclasses import replace

    known = {one["unit"]: one for one in last["measures"]}
    measures = []
    for one in finding.measures:
        before = known.get(one["unit"])
        if before is None or one["decision"] == "unverifiable":
            measures.append(before or one)
            continue
        disagree = {before["decision"], one["decision"]} == {"compliant", "not"}
        told = [*one["contradictions"], *(["现场所见与用电记录不一致"] if disagree else [])]
        measures.append({**one, "contradictions": told, "measured_cut": before["measured_cut"],
                         "reasons": [*one["reasons"], *before["reasons"]]})  # fmt: skip
    return replace(finding, measures=tuple(measures), source="inspection")
