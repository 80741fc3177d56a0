"""Acts of the office on warnings that go out: issue and lift, each with all that follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from emergency import activation, messages, warning
from emergency.authority import require
from emergency.lifecycle import Actor, Event, Refused
from emergency.office_base import Acts, Instruction, existing, warning_of
from emergency.office_notice import file_issue, file_lift
from emergency.office_orders import join, open_orders, order_the_list, release, running_response
from emergency.record import Act, Message


class IssueActs(Acts):
    """Acts of the office on warnings that go out."""

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
            require("发布预警", by, subject=f"预警 {identifier}", state=state.state.chinese)
            result = self._announce(act, state, by=by, now=now)
            others: list[str] = []
            for name in (*([result.draft.replaces] if result.draft.replaces else []), *result.draft.merges):
                before = warning_of(existing(act, "warning", name))
                act.append("warning", name, warning.supersede(before, successor=identifier, by=by, now=now))
                if before.episode != result.episode:
                    others.append(before.episode)
            if result.draft.starts_measures:
                self._respond(act, result, instructions, list_digest, merged=others, by=by, now=now)
            return result

    def _announce(self, act: Act, state: warning.AirWarning, *, by: Actor, now: datetime) -> warning.AirWarning:
        """Issue on record and queue what is said: to the public for a warning, to the staff for both kinds."""
        name, content = state.identifier, state.draft
        issued_state = warning.evolve(state, warning.issue(state, by=by, now=now)[0])
        before = None if content.replaces is None else act.state("warning", content.replaces)
        title, body = messages.warning_issued(issued_state, before=before, drill=self.record.drill)
        notices = [Message(f"{name}.issued.duty_officer", "staff", "duty_officer", title, body)]
        notice: dict[str, str] | None = None
        texts: tuple[str, ...] = ()
        if content.kind == "warning":
            notice, texts = file_issue(act, self.desk, issued_state, now=now)
            notices.insert(0, Message(f"{name}.issued.public", "public", "public", title, body))
        if not content.starts_measures:  # advice and supervision only: those who supervise are told what to look at
            task = messages.supervision(content, body)
            notices += [
                Message(f"{name}.issued.{role}", "staff", role, title, task) for role in ("inspector", "territory")
            ]
        issued = warning.issue(state, by=by, now=now, notice=notice, basis=texts)
        return warning_of(act.append("warning", name, issued, messages=notices))

    def _respond(
        self,
        act: Act,
        result: warning.AirWarning,
        instructions: Sequence[Instruction],
        list_digest: str,
        *,
        merged: Sequence[str],
        by: Actor,
        now: datetime,
    ) -> None:
        """Schedule the response, or adjust the running one (a paused one goes on), and order the list.

        The responses of `merged` episodes end; each of their orders goes over into the one of this response, so that
        nobody is released between and everybody gets one message.
        """
        response = running_response(act, result.episode)
        if response is None:
            response_id = f"response-{result.episode}"
            if act.state("activation", response_id) is not None:
                raise Refused(
                    act="发布预警",
                    subject=f"预警 {result.identifier}",
                    state=result.state.chinese,
                    rule="本次过程的应急响应已经结束",
                    possible="请以新的过程编号重新起草",
                )
            events = activation.schedule(
                identifier=response_id,
                episode=result.episode,
                warning=result.identifier,
                level=result.level,
                starts_at=result.draft.starts_at,
                list_digest=list_digest,
                by=by,
                now=now,
            )
            response = act.append("activation", response_id, events)
        else:
            if response.state is activation.ActivationState.PAUSED and result.level > response.level:
                response = act.append("activation", response.identifier, activation.resume(response, by=by, now=now))
            if response.level is not result.level:
                events = activation.adjust(response, warning=result.identifier, level=result.level, by=by, now=now)
                response = act.append("activation", response.identifier, events)
        starts_at = max(result.draft.starts_at, now)
        stood = {one.enterprise: one for one in open_orders(act, response.identifier)}
        in_force = order_the_list(act, self.desk, response, instructions, starts_at=starts_at, by=by, now=now)
        for episode in merged:
            other = running_response(act, episode)
            if other is not None:
                join(act, other, in_force, stood, end=result.draft.expected_end, by=by, now=now)

    def ask_lift(
        self, identifier: str, *, reason: str, below_hours: int, superior: str = "", by: Actor, now: datetime
    ) -> warning.AirWarning:
        """Put a lift before those who signed for the level, and tell them."""
        with self.record.act(now) as act:
            state = existing(act, "warning", identifier)
            require("提请解除", by, subject=f"预警 {identifier}", state=state.state.chinese)
            hours = self.desk.lift_hours
            events = warning.ask_lift(
                state, reason=reason, below_hours=below_hours, required_hours=hours, superior=superior, by=by, now=now
            )
            number = act.version("warning", identifier)
            title = messages.subject(f"解除{state.draft.name}待签批", drill=self.record.drill)
            body = f"{state.draft.area}解除{state.draft.name}审批表已提交，请签批。理由：{reason}"
            asks = [
                Message(f"{identifier}.approve.lift.{number}.{role}", "staff", role, title, body)
                for role in self.desk.may_sign(state.draft).roles
            ]
            return warning_of(act.append("warning", identifier, events, messages=asks))

    def sign_lift(self, identifier: str, *, by: Actor, now: datetime) -> warning.AirWarning:
        """Sign a lift that was asked for."""
        with self.record.act(now) as act:
            state = existing(act, "warning", identifier)
            events = warning.sign_lift(state, authority=self.desk.may_sign(state.draft), by=by, now=now)
            return warning_of(act.append("warning", identifier, events))

    def lift_warning(
        self,
        identifier: str,
        *,
        reason: str,
        below_hours: int,
        superior: str = "",
        by: Actor,
        now: datetime,
    ) -> warning.AirWarning:
        """Lift a warning under the plan's rule and, in the same transaction, end the response and release everyone."""
        with self.record.act(now) as act:
            state = existing(act, "warning", identifier)
            require("解除预警", by, subject=f"预警 {identifier}", state=state.state.chinese)

            def decide(basis: tuple[str, ...]) -> tuple[Event, ...]:
                return warning.lift(
                    state,
                    reason=reason,
                    below_hours=below_hours,
                    required_hours=self.desk.lift_hours,
                    authority=self.desk.may_sign(state.draft) if self.desk.lift_signed else None,
                    superior=superior,
                    by=by,
                    now=now,
                    basis=basis,
                )

            decide(())  # refused before anything is filed
            public = state.draft.kind == "warning"
            events = decide(file_lift(act, self.desk, state, reason=reason, now=now) if public else ())
            title, body = messages.warning_lifted(state, reason=reason, now=now, drill=self.record.drill)
            notices = [Message(f"{identifier}.lifted.duty_officer", "staff", "duty_officer", title, body)]
            if public:
                notices.insert(0, Message(f"{identifier}.lifted.public", "public", "public", title, body))
            if not state.draft.starts_measures:
                notices += [
                    Message(f"{identifier}.lifted.{role}", "staff", role, title, body)
                    for role in ("inspector", "territory")
                ]
            result = warning_of(act.append("warning", identifier, events, messages=notices))
            response = running_response(act, result.episode) if result.draft.starts_measures else None
            if response is not None:
                if response.state is activation.ActivationState.SCHEDULED:
                    ending = activation.cancel(response, reason=reason, by=by, now=now)
                else:
                    ending = activation.end(response, reason=reason, by=by, now=now)
                act.append("activation", response.identifier, ending)
                for current in open_orders(act, response.identifier):
                    release(act, current, reason="预警解除", by=by, now=now)
            return result
