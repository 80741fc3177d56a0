"""Acts of the office on the duty itself: calls about open matters, hand-overs, and papers filed by the clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from emergency import call, duty_policy, handover, messages
from emergency.escalation import Page, Policy
from emergency.lifecycle import SYSTEM, Actor, Refused
from emergency.office_base import Acts, call_of, existing, handover_of, refuse_existing
from emergency.record import Message
from emergency.vocabulary import Level


class DutyActs(Acts):
    """Acts of the office on the duty itself."""

    def policy(self, key: str, level: Level) -> Policy:
        """The ladder of a kind of matter at a level, under the desk's authorities and deadlines."""
        authority = self.desk.control if level is Level.NONE else self.desk.authority[level]
        deadline = self.desk.approve_within.get(level, duty_policy.APPROVAL)
        return duty_policy.policy_of(key, authority=authority, deadline=deadline)

    def open_call(
        self,
        identifier: str,
        *,
        episode: str,
        matter_life: str,
        matter: str,
        policy: str,
        what: str,
        level: Level,
        since: datetime,
        by: Actor = SYSTEM,
        now: datetime,
    ) -> call.Call:
        """Begin to call somebody about a matter; refused when that was begun already."""
        with self.record.act(now) as act:
            refuse_existing(act, "call", identifier, "开始呼叫")
            events = call.open_call(
                identifier=identifier,
                episode=episode,
                matter_life=matter_life,
                matter=matter,
                policy=policy,
                what=what,
                level=level,
                since=since,
                by=by,
                now=now,
            )
            return call_of(act.append("call", identifier, events))

    def send_pages(self, identifier: str, pages: Sequence[Page], *, by: Actor = SYSTEM, now: datetime) -> call.Call:
        """Put pages on record and queue their messages in the same transaction; those already sent are left out."""
        with self.record.act(now) as act:
            state = call_of(existing(act, "call", identifier))
            fresh = [one for one in pages if one.key not in state.pages]
            if not fresh:
                return state
            asks = []
            for one in fresh:
                title, body = messages.page(
                    what=state.what, matter=state.matter, number=state.paged.count(one.person) + 1, drill=act.drill
                )
                asks.append(Message(one.key, "staff", one.person, title, body))
            events = call.page(state, pages=fresh, by=by, now=now)
            return call_of(act.append("call", identifier, events, messages=asks))

    def take_call(self, identifier: str, *, by: Actor, now: datetime) -> call.Call:
        """Somebody says "I have it"; with enough of them the paging stops at once."""
        with self.record.act(now) as act:
            state = call_of(existing(act, "call", identifier))
            policy = self.policy(state.policy, state.level)
            events = call.take(state, needed=policy.acknowledgements, by=by, now=now)
            return call_of(act.append("call", identifier, events))

    def jump_call(self, identifier: str, *, step: int, by: Actor, now: datetime) -> call.Call:
        """Move a call to a rung of its ladder, counted from 0; refused when there is no such rung."""
        with self.record.act(now) as act:
            state = call_of(existing(act, "call", identifier))
            policy = self.policy(state.policy, state.level)
            if not 0 <= step < len(policy.steps):
                raise Refused(
                    act="转到指定一级",
                    subject=f"呼叫 {identifier}",
                    state=state.state.chinese,
                    rule=f"这个呼叫只有{len(policy.steps)}级",
                    possible=f"请选择第1至第{len(policy.steps)}级",
                )
            return call_of(act.append("call", identifier, call.jump(state, step=step, by=by, now=now)))

    def note_unanswered(self, identifier: str, *, by: Actor = SYSTEM, now: datetime) -> call.Call:
        """Put on record that the ladder came to its end without an answer, and tell the director once."""
        with self.record.act(now) as act:
            state = call_of(existing(act, "call", identifier))
            events = call.exhaust(state, by=by, now=now)
            if not events:
                return state
            title = messages.subject("无人应答", drill=act.drill)
            body = f"{state.what}（{state.matter}）：已呼叫{len(state.pages)}次，无人应答，请直接处理。"
            ask = Message(f"{identifier}.page.unanswered", "staff", "office_director", title, body)
            return call_of(act.append("call", identifier, events, messages=[ask]))

    def close_call(self, identifier: str, *, reason: str, by: Actor = SYSTEM, now: datetime) -> call.Call:
        """End a call because its matter moved on."""
        with self.record.act(now) as act:
            state = existing(act, "call", identifier)
            return call_of(act.append("call", identifier, call.close(state, reason=reason, by=by, now=now)))

    def write_handover(
        self,
        identifier: str,
        *,
        episode: str,
        shift: str,
        shift_name: str,
        day: date,
        to_person: str,
        note: str,
        open_matters: Sequence[str],
        by: Actor,
        now: datetime,
    ) -> handover.Handover:
        """Write the hand-over note of a shift and tell who comes next."""
        with self.record.act(now) as act:
            refuse_existing(act, "handover", identifier, "写交班记录")
            events = handover.write(
                identifier=identifier,
                episode=episode,
                shift=shift,
                shift_name=shift_name,
                day=day,
                to_person=to_person,
                note=note,
                open_matters=open_matters,
                by=by,
                now=now,
            )
            title = messages.subject("交班记录待接班确认", drill=act.drill)
            body = f"{shift_name}交班：{note}" + (f"。未办结{len(open_matters)}项" if open_matters else "")
            ask = Message(f"{identifier}.handover", "staff", to_person or "duty_officer", title, body)
            return handover_of(act.append("handover", identifier, events, messages=[ask]))

    def take_handover(self, identifier: str, *, by: Actor, now: datetime) -> handover.Handover:
        """The next shift has read the note."""
        with self.record.act(now) as act:
            state = existing(act, "handover", identifier)
            return handover_of(act.append("handover", identifier, handover.take(state, by=by, now=now)))

    def file_paper(self, content: bytes, *, media_type: str, title: str, now: datetime) -> str:
        """File a paper made by the clock (a weekly brief) as an exhibit; its digest. Twice changes nothing."""
        with self.record.act(now) as act:
            return act.file(content, media_type=media_type, title=title)
