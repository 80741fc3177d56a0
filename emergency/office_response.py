"""Acts of the office on responses and orders: start, deliver, receive, chase, find, close."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from emergency import activation, messages, order, problem, record_outbox
from emergency.compliance import Finding
from emergency.dispatch import Outcome
from emergency.lifecycle import SYSTEM, Actor, Event, Refused
from emergency.office_base import Acts, activation_of, existing, order_of
from emergency.office_orders import open_orders
from emergency.order_questions import own_time
from emergency.record import Act, Message
from emergency.vocabulary import Role


class ResponseActs(Acts):
    """Acts of the office on responses and orders: start, deliver, receive, chase, find, close."""

    def start_response(self, identifier: str, *, by: Actor = SYSTEM, now: datetime) -> activation.Activation:
        """Start a scheduled response; Refused before its hour."""
        with self.record.act(now) as act:
            state = existing(act, "activation", identifier)
            return activation_of(act.append("activation", identifier, activation.start(state, by=by, now=now)))

    def pause_response(
        self, identifier: str, *, reason: str, resume_at: datetime | None = None, by: Actor, now: datetime
    ) -> activation.Activation:
        """Pause a response, as only who may approve its level may; everybody under an order is told.

        The orders stay: after the pause the same measures go on. The warning stays too.
        """
        with self.record.act(now) as act:
            state = self._led(act, identifier, "暂停响应", by)
            events = activation.pause(state, reason=reason, resume_at=resume_at, by=by, now=now)
            said = messages.response_paused(level=state.level, reason=reason, resume_at=resume_at, drill=act.drill)
            calls = self._to_all(act, state, f"paused{act.version('activation', identifier)}", said)
            return activation_of(act.append("activation", identifier, events, messages=calls))

    def resume_response(self, identifier: str, *, by: Actor, now: datetime) -> activation.Activation:
        """Let a paused response go on: by who may approve the level, or by the system at the hour decided before."""
        with self.record.act(now) as act:
            state = existing(act, "activation", identifier)
            due = state.resume_at is not None and now >= state.resume_at
            if not (by.role is Role.SYSTEM and due):
                state = self._led(act, identifier, "恢复响应", by)
            events = activation.resume(state, by=by, now=now)
            said = messages.response_resumed(level=state.level, now=now, drill=act.drill)
            calls = self._to_all(act, state, f"resumed{act.version('activation', identifier)}", said)
            return activation_of(act.append("activation", identifier, events, messages=calls))

    def _led(self, act: Act, identifier: str, what: str, by: Actor) -> activation.Activation:
        state = activation_of(existing(act, "activation", identifier))
        authority = self.desk.authority[state.level]
        if authority.allows(by.role.key):
            return state
        raise Refused(
            act=what,
            subject=f"{state.level.response}响应 {identifier}",
            state=state.state.chinese,
            rule=f"{by.role.chinese}无权决定",
            possible=f"应由以下角色决定：{'、'.join((*authority.roles, *authority.deputies))}",
        )

    def _to_all(self, act: Act, state: activation.Activation, what: str, said: tuple[str, str]) -> list[Message]:
        title, body = said
        calls = [Message(f"{state.identifier}.{what}.duty_officer", "staff", "duty_officer", title, body)]
        return calls + [
            Message(f"{state.identifier}.{what}.{current.enterprise}", "enterprise", current.enterprise, title, body)
            for current in open_orders(act, state.identifier)
        ]

    def review_response(
        self, identifier: str, *, report: bytes, media_type: str, title: str, by: Actor, now: datetime
    ) -> activation.Activation:
        """File the evaluation as an exhibit and close the response."""
        with self.record.act(now) as act:
            state = existing(act, "activation", identifier)
            digest = act.file(report, media_type=media_type, title=title)
            return activation_of(
                act.append("activation", identifier, activation.review(state, report_digest=digest, by=by, now=now))
            )

    def delivered(self, key: str, *, channel: str, result: str, detail: str, now: datetime) -> None:
        """Note one try of a message and, when it reached (or could not reach) an enterprise, say so on the order.

        Trying a message that is no longer queued changes nothing.
        """
        with self.record.act(now) as act:
            row = act.message(key)
            if row is None or row["state"] != "queued":
                return
            act.attempted(key, channel=channel, result=result, detail=detail)
            if row["life"] != "order" or not key.endswith(".issued"):
                return
            state = act.state("order", row["stream"])
            if state.state is not order.OrderState.ISSUED:
                return
            if result in ("handed", "sealed"):
                act.append("order", row["stream"], order.deliver(state, channel=channel, by=SYSTEM, now=now))
            elif result == "refused":
                act.append("order", row["stream"], order.fail_delivery(state, why=detail, by=SYSTEM, now=now))

    def settle(self, worker: str, outcomes: Sequence[Outcome], *, now: datetime) -> int:
        """Note what came of a batch that a worker had leased, in one transaction; how many of them still counted.

        An outcome whose lease another worker has taken over, or whose message is settled, changes nothing.
        """
        with self.record.act(now) as act:
            counted = record_outbox.settle(act, worker, outcomes)
            reached = [one for one in counted if one.life == "order" and one.key.endswith(".issued")]
            act.expect("order", [one.stream for one in reached])
            for one in reached:
                state = act.state("order", one.stream)
                if state is None or state.state is not order.OrderState.ISSUED:
                    continue
                if one.result in ("handed", "sealed"):
                    act.append("order", one.stream, order.deliver(state, channel=one.channel, by=SYSTEM, now=now))
                elif one.result in ("refused", "failed_for_good"):
                    act.append("order", one.stream, order.fail_delivery(state, why=one.detail, by=SYSTEM, now=now))
            return len(counted)

    def acknowledge_order(
        self,
        identifier: str,
        *,
        signer: str,
        by: Actor,
        now: datetime,
        via: str = "",
        witness: str = "",
        filled_at: datetime | None = None,
    ) -> order.Order:
        """Receipt of an order by its recipient, or by the office's hand: then `via` says how and `witness` before whom.

        `filled_at` is the own time of a form that was filled without network; it counts when it is believable.
        """

        def decide(state: order.Order) -> Sequence[Event]:
            at = own_time(state, filled_at, now=now)
            more = {"via": via, "witness": witness} if via else {}
            return order.acknowledge(state, signer=signer, by=by, now=at, more={**more, **_sent(at, now)})

        return self._order_act(identifier, decide, now=now)

    def report_execution(
        self, identifier: str, *, report: str, by: Actor, now: datetime, filled_at: datetime | None = None
    ) -> order.Order:
        """The enterprise says its measures are in place; `filled_at` as for a receipt."""

        def decide(state: order.Order) -> Sequence[Event]:
            at = own_time(state, filled_at, now=now)
            return order.execute(state, report=report, by=by, now=at, more=_sent(at, now))

        return self._order_act(identifier, decide, now=now)

    def file_evidence(self, identifier: str, *, evidence: Mapping[str, Any], by: Actor, now: datetime) -> order.Order:
        """One piece of evidence for an order."""
        return self._order_act(
            identifier, lambda state: order.file_evidence(state, evidence=evidence, by=by, now=now), now=now
        )

    def chase_all(self, identifiers: Sequence[str], *, by: Actor = SYSTEM, now: datetime) -> int:
        """Chase many silent recipients in one transaction; how many. Those who are not silent any more are left out."""
        with self.record.act(now) as act:
            act.expect("order", list(identifiers))
            silent = [state for one in identifiers if (state := act.state("order", one)) and state.silent(now)]
            for state in silent:
                _chase(act, state, by=by, now=now)
            return len(silent)

    def file_readings(self, readings: Sequence[tuple[str, Mapping[str, Any]]], *, by: Actor, now: datetime) -> None:
        """A batch of evidence, (order, evidence) pairs, as meters deliver it: one transaction."""
        with self.record.act(now) as act:
            act.expect("order", [identifier for identifier, _evidence in readings])
            for identifier, evidence in readings:
                state = existing(act, "order", identifier)
                act.append("order", identifier, order.file_evidence(state, evidence=evidence, by=by, now=now))

    def chase(self, identifier: str, *, by: Actor = SYSTEM, now: datetime) -> order.Order:
        """Chase an enterprise that has not acknowledged in time; the chase is an event and a message."""
        with self.record.act(now) as act:
            return _chase(act, existing(act, "order", identifier), by=by, now=now)

    def record_finding(self, identifier: str, finding: Finding, *, by: Actor = SYSTEM, now: datetime) -> order.Order:
        """Put a finding on record; a breach opens a problem in the same transaction."""
        with self.record.act(now) as act:
            return note_finding(act, existing(act, "order", identifier), finding, by=by, now=now)

    def record_findings(self, found: Sequence[tuple[str, Finding]], *, by: Actor = SYSTEM, now: datetime) -> None:
        """Many findings, (order, finding) pairs, as one round of judging brings them: one transaction."""
        with self.record.act(now) as act:
            act.expect("order", [identifier for identifier, _finding in found])
            act.expect("problem", [f"problem-{identifier}" for identifier, _finding in found])
            for identifier, finding in found:
                note_finding(act, existing(act, "order", identifier), finding, by=by, now=now)

    def close_order(self, identifier: str, *, by: Actor = SYSTEM, now: datetime) -> order.Order:
        """Close an order of which nothing more is expected."""
        return self._order_act(identifier, lambda state: order.close(state, by=by, now=now), now=now)

    def _order_act(
        self, identifier: str, decide: Callable[[order.Order], Sequence[Event]], *, now: datetime
    ) -> order.Order:
        with self.record.act(now) as act:
            state = existing(act, "order", identifier)
            return order_of(act.append("order", identifier, decide(state)))


def note_finding(act: Act, state: order.Order, finding: Finding, *, by: Actor, now: datetime) -> order.Order:
    """Append a finding to an order and, for a breach that has no problem yet, open one."""
    identifier = state.identifier
    result = order_of(
        act.append("order", identifier, order.record_finding(state, finding=finding.as_data(), by=by, now=now))
    )
    problem_id = f"problem-{identifier}"
    if finding.verdict.breach and act.state("problem", problem_id) is None:
        found = problem.find(
            identifier=problem_id,
            episode=state.episode,
            enterprise=state.enterprise,
            order=identifier,
            content=f"{finding.verdict.chinese}：{finding.text}",
            standard="按减排清单该级别措施落实到位",
            by=by,
            now=now,
        )
        act.append("problem", problem_id, found)
    return result


def _chase(act: Act, state: order.Order, *, by: Actor, now: datetime) -> order.Order:
    number = state.chases + 1
    events = order.chase(state, by=by, now=now)
    title, body = messages.order_chased(
        enterprise_name=state.enterprise_name, respond_by=state.respond_by, number=number, drill=act.drill
    )
    call = Message(f"{state.identifier}.chase{number}", state.audience, state.enterprise, title, body)
    return order_of(act.append("order", state.identifier, events, messages=[call]))


def _sent(at: datetime, now: datetime) -> dict[str, Any]:
    """What tells a form filled without network from one that was sent at once."""
    return {} if at == now else {"offline": True, "sent_at": now.isoformat()}
