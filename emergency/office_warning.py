"""Acts of the office on warnings: draft, sign, issue with all that follows, lift with all that follows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from emergency import activation, messages, warning
from emergency.lifecycle import Actor, Event, Refused
from emergency.office_base import Acts, Instruction, existing, refuse_existing, warning_of
from emergency.office_notice import file_issue, file_lift
from emergency.office_response import open_orders, order_the_list, release, running_response
from emergency.record import Message
from emergency.vocabulary import Level


class WarningActs(Acts):
    """Acts of the office on warnings: draft, sign, issue with all that follows, lift with all that follows."""

    def draft_warning(
        self,
        identifier: str,
        *,
        episode: str,
        content: warning.Draft,
        by: Actor,
        now: datetime,
        basis: tuple[str, ...] = (),
    ) -> warning.AirWarning:
        """Put a draft before those who may approve it, and tell them."""
        with self.record.act(now) as act:
            refuse_existing(act, "warning", identifier, "起草预警")
            events = warning.draft(
                identifier=identifier,
                episode=episode,
                content=content,
                by=by,
                now=now,
                basis=(self.desk.rules_digest, *basis),
            )
            level = Level.of(content.level)
            asks = [
                Message(
                    key=f"{identifier}.approve.{role}",
                    audience="staff",
                    recipient=role,
                    subject=messages.subject(f"{level.chinese}预警待签批", drill=self.record.drill),
                    body=f"{content.area}{level.chinese}预警审批表已提交，请签批。原因：{content.reason}",
                )
                for role in self.desk.authority[level].roles
            ]
            return warning_of(act.append("warning", identifier, events, messages=asks))

    def approve_warning(self, identifier: str, *, by: Actor, now: datetime) -> warning.AirWarning:
        """Sign a draft; it is approved when the signatures that the plan asks for are complete."""
        with self.record.act(now) as act:
            state = existing(act, "warning", identifier)
            events = warning.approve(state, authority=self.desk.authority[state.level], by=by, now=now)
            return warning_of(act.append("warning", identifier, events))

    def return_warning(self, identifier: str, *, reason: str, by: Actor, now: datetime) -> warning.AirWarning:
        """Send a draft back; only who may approve the level may return it."""
        with self.record.act(now) as act:
            state = existing(act, "warning", identifier)
            if not self.desk.authority[state.level].allows(by.role.key):
                raise Refused(
                    act="退回修改",
                    subject=f"预警 {identifier}",
                    state=state.state.chinese,
                    rule=f"{by.role.chinese}无权处理{state.level.chinese}预警",
                    possible="应由有签批权的角色退回",
                )
            return warning_of(
                act.append("warning", identifier, warning.send_back(state, reason=reason, by=by, now=now))
            )

    def redraft_warning(
        self, identifier: str, *, content: warning.Draft, by: Actor, now: datetime
    ) -> warning.AirWarning:
        """Put a corrected draft before those who may approve it; signatures of the returned one do not carry over."""
        with self.record.act(now) as act:
            state = existing(act, "warning", identifier)
            events = warning.redraft(state, content=content, by=by, now=now)
            return warning_of(act.append("warning", identifier, events))

    def withdraw_warning(self, identifier: str, *, reason: str, by: Actor, now: datetime) -> warning.AirWarning:
        """Take a draft back before it is issued."""
        with self.record.act(now) as act:
            state = existing(act, "warning", identifier)
            return warning_of(act.append("warning", identifier, warning.withdraw(state, reason=reason, by=by, now=now)))

    def issue_warning(
        self, identifier: str, *, instructions: Sequence[Instruction], list_digest: str, by: Actor, now: datetime
    ) -> warning.AirWarning:
        """Issue an approved warning, and in the same transaction everything that follows from it.

        The predecessor named in the draft is superseded; the response is scheduled, or adjusted when one is running;
        each enterprise of the list gets its order, or only the difference on a change of level; all messages are
        queued. Either all of this is on record or none of it.
        """
        with self.record.act(now) as act:
            state = existing(act, "warning", identifier)
            issued_state = warning.evolve(state, warning.issue(state, by=by, now=now)[0])
            notice, texts = file_issue(act, self.desk, issued_state, now=now)
            issued = warning.issue(state, by=by, now=now, notice=notice, basis=texts)
            title, body = messages.warning_issued(issued_state, drill=self.record.drill)
            notices = [
                Message(f"{identifier}.issued.public", "public", "public", title, body),
                Message(f"{identifier}.issued.duty_officer", "staff", "duty_officer", title, body),
            ]
            result = warning_of(act.append("warning", identifier, issued, messages=notices))
            response = running_response(act, result.episode)
            if result.draft.replaces is not None:
                before = existing(act, "warning", result.draft.replaces)
                act.append(
                    "warning",
                    result.draft.replaces,
                    warning.supersede(before, successor=identifier, by=by, now=now),
                )
            if response is None:
                response_id = f"response-{result.episode}"
                if act.state("activation", response_id) is not None:
                    raise Refused(
                        act="发布预警",
                        subject=f"预警 {identifier}",
                        state=result.state.chinese,
                        rule="本次过程的应急响应已经结束",
                        possible="请以新的过程编号重新起草",
                    )
                events = activation.schedule(
                    identifier=response_id,
                    episode=result.episode,
                    warning=identifier,
                    level=result.level,
                    starts_at=result.draft.starts_at,
                    list_digest=list_digest,
                    by=by,
                    now=now,
                )
                response = act.append("activation", response_id, events)
            elif response.level is not result.level:
                events = activation.adjust(response, warning=identifier, level=result.level, by=by, now=now)
                response = act.append("activation", response.identifier, events)
            order_the_list(
                act, self.desk, response, instructions, starts_at=max(result.draft.starts_at, now), by=by, now=now
            )
            return result

    def lift_warning(
        self, identifier: str, *, reason: str, below_hours: int, by: Actor, now: datetime
    ) -> warning.AirWarning:
        """Lift a warning under the plan's rule and, in the same transaction, end the response and release everyone."""
        with self.record.act(now) as act:
            state = existing(act, "warning", identifier)

            def decide(basis: tuple[str, ...]) -> tuple[Event, ...]:
                hours = self.desk.lift_hours
                return warning.lift(
                    state, reason=reason, below_hours=below_hours, required_hours=hours, by=by, now=now, basis=basis
                )

            decide(())  # refused before anything is filed
            events = decide(file_lift(act, self.desk, state, reason=reason, now=now))
            title, body = messages.warning_lifted(state, reason=reason, now=now, drill=self.record.drill)
            notices = [
                Message(f"{identifier}.lifted.public", "public", "public", title, body),
                Message(f"{identifier}.lifted.duty_officer", "staff", "duty_officer", title, body),
            ]
            result = warning_of(act.append("warning", identifier, events, messages=notices))
            response = running_response(act, result.episode)
            if response is not None:
                if response.state is activation.ActivationState.SCHEDULED:
                    ending = activation.cancel(response, reason=reason, by=by, now=now)
                else:
                    ending = activation.end(response, reason=reason, by=by, now=now)
                act.append("activation", response.identifier, ending)
                for current in open_orders(act, response.identifier):
                    release(act, current, reason="预警解除", by=by, now=now)
            return result
