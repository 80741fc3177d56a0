"""Acts of the office on warnings before they are out: draft, sign, return, redraft, withdraw, merge."""

from __future__ import annotations

from datetime import datetime

from emergency import messages, warning, warning_merge
from emergency.authority import require
from emergency.lifecycle import Actor, Refused
from emergency.office_base import Acts, existing, refuse_existing, warning_of
from emergency.record import Act, Message


class DraftActs(Acts):
    """Acts of the office on warnings before they are out."""

    def draft_warning(
        self,
        identifier: str,
        *,
        episode: str,
        content: warning.Draft,
        by: Actor,
        now: datetime,
        basis: tuple[str, ...] = (),
        as_one: bool = False,
    ) -> warning.AirWarning:
        """Put a draft before those who may approve it, and tell them.

        With `as_one` the draft is widened over every issued warning that is too near to be an episode of its own, and
        belongs to the episode of the one it replaces; without it such a draft is refused.
        """
        with self.record.act(now) as act:
            require("起草预警", by, subject=f"预警 {identifier}", state="起草中")
            refuse_existing(act, "warning", identifier, "起草预警")
            if as_one:
                issued = act.open_states("warning", ("issued",))
                content = warning_merge.as_one(content, issued, identifier=identifier, gap=self.desk.merge_gap)
                episode = next((one.episode for one in issued if one.identifier == content.replaces), episode)
            self._one_episode(act, identifier, content)
            events = warning.draft(
                identifier=identifier,
                episode=episode,
                content=content,
                by=by,
                now=now,
                basis=(self.desk.rules_digest, *basis),
            )
            return warning_of(act.append("warning", identifier, events, messages=self._asks(identifier, content, "")))

    def _asks(self, identifier: str, content: warning.Draft, again: str) -> list[Message]:
        title = messages.subject(f"{content.name}待签批", drill=self.record.drill)
        body = f"{content.area}{content.name}审批表已提交，请签批。原因：{content.reason}"
        roles = self.desk.may_sign(content).roles
        return [Message(f"{identifier}.approve.{role}{again}", "staff", role, title, body) for role in roles]

    def _one_episode(self, act: Act, identifier: str, content: warning.Draft) -> None:
        running = act.open_states("warning", ("approved", "issued"))
        warning_merge.require_apart(content, running, identifier=identifier, gap=self.desk.merge_gap)

    def merge_warnings(
        self, identifier: str, *, first: str, second: warning.Draft, by: Actor, now: datetime
    ) -> warning.AirWarning:
        """Draft one warning for two near episodes: replaces the first at the stricter level, to the later end."""
        state = self.record.state("warning", first)
        if state is None:
            raise Refused(
                act="合并预警", subject=first, state="不存在", rule="没有这个编号的预警", possible="请核对编号"
            )
        content = warning.merged(state.draft, second, replaces=first)
        return self.draft_warning(identifier, episode=state.episode, content=content, by=by, now=now)

    def approve_warning(self, identifier: str, *, by: Actor, now: datetime) -> warning.AirWarning:
        """Sign a draft; it is approved when the signatures that the plan asks for are complete."""
        with self.record.act(now) as act:
            state = existing(act, "warning", identifier)
            events = warning.approve(state, authority=self.desk.may_sign(state.draft), by=by, now=now)
            return warning_of(act.append("warning", identifier, events))

    def return_warning(self, identifier: str, *, reason: str, by: Actor, now: datetime) -> warning.AirWarning:
        """Send a draft back; only who may approve the level may return it."""
        with self.record.act(now) as act:
            state = existing(act, "warning", identifier)
            if not self.desk.may_sign(state.draft).allows(by.role.key):
                raise Refused(
                    act="退回修改",
                    subject=f"预警 {identifier}",
                    state=state.state.chinese,
                    rule=f"{by.role.chinese}无权处理{state.draft.name}",
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
            require("修改后重报", by, subject=f"预警 {identifier}", state=state.state.chinese)
            events = warning.redraft(state, content=content, by=by, now=now)
            again = f".{act.version('warning', identifier)}"
            return warning_of(
                act.append("warning", identifier, events, messages=self._asks(identifier, content, again))
            )

    def withdraw_warning(self, identifier: str, *, reason: str, by: Actor, now: datetime) -> warning.AirWarning:
        """Take a draft back before it is issued."""
        with self.record.act(now) as act:
            state = existing(act, "warning", identifier)
            require("撤回草稿", by, subject=f"预警 {identifier}", state=state.state.chinese)
            return warning_of(act.append("warning", identifier, warning.withdraw(state, reason=reason, by=by, now=now)))
