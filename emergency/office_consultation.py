"""Acts of the office on consultations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from emergency import consultation, messages
from emergency.authority import require
from emergency.lifecycle import SYSTEM, Actor
from emergency.office_base import Acts, consultation_of, existing, refuse_existing
from emergency.record import Act, Message
from emergency.vocabulary import Level
from forecast.outlook import Outlook

PACK_TYPE = "application/vnd.lantian.evidence+json"
"""Media type of an evidence pack 会商材料."""


class ConsultationActs(Acts):
    """Acts of the office on consultations."""

    def propose_consultation(
        self,
        identifier: str,
        *,
        episode: str,
        outlook: Outlook,
        triggers: Sequence[Mapping[str, Any]],
        pack: bytes | None = None,
        by: Actor = SYSTEM,
        now: datetime,
    ) -> consultation.Consultation:
        """Open a consultation on an outlook; outlook and evidence pack become exhibits. Refused when it exists."""
        with self.record.act(now) as act:
            return self._propose(act, identifier, episode, outlook, triggers, pack, by=by, now=now)

    def _propose(
        self,
        act: Act,
        identifier: str,
        episode: str,
        outlook: Outlook,
        triggers: Sequence[Mapping[str, Any]],
        pack: bytes | None,
        *,
        by: Actor,
        now: datetime,
    ) -> consultation.Consultation:
        refuse_existing(act, "consultation", identifier, "提议会商")
        content = outlook.to_json().encode()
        digest = act.file(content, media_type="application/json", title=f"展望 {outlook.issued_at:%Y-%m-%d %H:%M}")
        evidence = ""
        if pack is not None:
            evidence = act.file(pack, media_type=PACK_TYPE, title=f"会商材料 {identifier}")
        events = consultation.propose(
            identifier=identifier,
            episode=episode,
            outlook_digest=digest,
            first_date=outlook.days[0].valid_date.isoformat(),
            triggers=triggers,
            pack=evidence,
            by=by,
            now=now,
            basis=(self.desk.rules_digest, digest, *((evidence,) if evidence else ())),
        )
        return consultation_of(act.append("consultation", identifier, events))

    def convene(self, identifier: str, *, by: Actor, now: datetime) -> consultation.Consultation:
        """Call in the parties that the plan requires, and tell them."""
        with self.record.act(now) as act:
            state = existing(act, "consultation", identifier)
            require("召集会商", by, subject=f"会商 {identifier}", state=state.state.chinese)
            events = consultation.convene(state, required=self.desk.required_parties, by=by, now=now)
            calls = [
                Message(
                    key=f"{identifier}.convene.{role}",
                    audience="staff",
                    recipient=role,
                    subject=messages.subject("加密会商通知", drill=self.record.drill),
                    body=f"会商 {identifier} 已召集，请提交未来七天的AQI范围、首要污染物和意见。",
                )
                for role in self.desk.required_parties
            ]
            return consultation_of(act.append("consultation", identifier, events, messages=calls))

    def note_opinion(
        self,
        identifier: str,
        *,
        daily_aqi: Sequence[Sequence[int]],
        primary: Sequence[str],
        view: str,
        level: str = "",
        by: Actor,
        now: datetime,
    ) -> consultation.Consultation:
        """Put one party's view on record."""
        with self.record.act(now) as act:
            state = existing(act, "consultation", identifier)
            events = consultation.note_opinion(
                state, daily_aqi=daily_aqi, primary=primary, view=view, level=level, by=by, now=now
            )
            return consultation_of(act.append("consultation", identifier, events))

    def note_absence(
        self, identifier: str, *, role: str, why: str, by: Actor, now: datetime
    ) -> consultation.Consultation:
        """Put on record that a required party did not speak."""
        with self.record.act(now) as act:
            state = existing(act, "consultation", identifier)
            require("记录缺席", by, subject=f"会商 {identifier}", state=state.state.chinese)
            return consultation_of(
                act.append(
                    "consultation", identifier, consultation.note_absence(state, role=role, why=why, by=by, now=now)
                )
            )

    def conclude(
        self,
        identifier: str,
        *,
        signed_aqi: Sequence[int],
        level: Level,
        reason: str,
        judged: Level | None = None,
        against: str = "",
        by: Actor,
        now: datetime,
    ) -> consultation.Consultation:
        """Sign the official forecast of the consultation and the level that is decided.

        `judged` is what the criteria give on the signed values; a decision that differs needs `against`, its reason.
        The model's medians for the same days are kept beside the signed values, so that both can be scored.
        """
        with self.record.act(now) as act:
            state = existing(act, "consultation", identifier)
            require("形成结论", by, subject=f"会商 {identifier}", state=state.state.chinese)
            found = act.exhibit(state.outlook_digest)
            medians = [day.median for day in Outlook.from_json(found.decode()).days] if found else []
            events = consultation.conclude(
                state,
                signed_aqi=signed_aqi,
                level=level.word,
                reason=reason,
                judged=None if judged is None else judged.word,
                against=against,
                model_aqi=medians,
                by=by,
                now=now,
                basis=(self.desk.rules_digest,),
            )
            return consultation_of(act.append("consultation", identifier, events))

    def cancel_consultation(
        self, identifier: str, *, reason: str, by: Actor, now: datetime
    ) -> consultation.Consultation:
        """End a consultation without a conclusion."""
        with self.record.act(now) as act:
            state = existing(act, "consultation", identifier)
            require("取消会商", by, subject=f"会商 {identifier}", state=state.state.chinese)
            return consultation_of(
                act.append("consultation", identifier, consultation.cancel(state, reason=reason, by=by, now=now))
            )

    def superior_notice(
        self,
        identifier: str,
        *,
        episode: str,
        outlook: Outlook,
        source: str,
        content: bytes,
        media_type: str,
        summary: str,
        by: Actor,
        now: datetime,
    ) -> consultation.Consultation:
        """File a notice of the higher authority and open a consultation: it is followed (太原 2019, 郑州 2023)."""
        with self.record.act(now) as act:
            require("登记上级通知", by, subject=f"会商 {identifier}", state="尚未建立")
            notice = act.file(content, media_type=media_type, title=f"上级通知 {source}")
            trigger = {"rule": "superior_notice", "text": f"上级通知：{source}。{summary}", "measured": notice[:12],
                       "threshold": "收到即会商", "confidence": "A"}  # fmt: skip
            return self._propose(act, identifier, episode, outlook, [trigger], None, by=by, now=now)
