"""Acts of the office on consultations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from emergency import consultation, messages
from emergency.lifecycle import SYSTEM, Actor
from emergency.office_base import Acts, consultation_of, existing, refuse_existing
from emergency.record import Message
from emergency.vocabulary import Level
from forecast.outlook import Outlook


class ConsultationActs(Acts):
    """Acts of the office on consultations."""

    def propose_consultation(
        self,
        identifier: str,
        *,
        episode: str,
        outlook: Outlook,
        triggers: Sequence[Mapping[str, Any]],
        by: Actor = SYSTEM,
        now: datetime,
    ) -> consultation.Consultation:
        """Open a consultation on an outlook; the outlook becomes an exhibit. Refused when it exists already."""
        with self.record.act(now) as act:
            refuse_existing(act, "consultation", identifier, "提议会商")
            content = outlook.to_json().encode()
            digest = act.file(content, media_type="application/json", title=f"展望 {outlook.issued_at:%Y-%m-%d %H:%M}")
            events = consultation.propose(
                identifier=identifier,
                episode=episode,
                outlook_digest=digest,
                first_date=outlook.days[0].valid_date.isoformat(),
                triggers=triggers,
                by=by,
                now=now,
                basis=(self.desk.rules_digest, digest),
            )
            return consultation_of(act.append("consultation", identifier, events))

    def convene(self, identifier: str, *, by: Actor, now: datetime) -> consultation.Consultation:
        """Call in the parties that the plan requires, and tell them."""
        with self.record.act(now) as act:
            state = existing(act, "consultation", identifier)
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
        by: Actor,
        now: datetime,
    ) -> consultation.Consultation:
        """Put one party's view on record."""
        with self.record.act(now) as act:
            state = existing(act, "consultation", identifier)
            events = consultation.note_opinion(state, daily_aqi=daily_aqi, primary=primary, view=view, by=by, now=now)
            return consultation_of(act.append("consultation", identifier, events))

    def note_absence(
        self, identifier: str, *, role: str, why: str, by: Actor, now: datetime
    ) -> consultation.Consultation:
        """Put on record that a required party did not speak."""
        with self.record.act(now) as act:
            state = existing(act, "consultation", identifier)
            return consultation_of(
                act.append(
                    "consultation", identifier, consultation.note_absence(state, role=role, why=why, by=by, now=now)
                )
            )

    def conclude(
        self, identifier: str, *, signed_aqi: Sequence[int], level: Level, reason: str, by: Actor, now: datetime
    ) -> consultation.Consultation:
        """Sign the official forecast of the consultation and the level that follows from it."""
        with self.record.act(now) as act:
            state = existing(act, "consultation", identifier)
            events = consultation.conclude(
                state,
                signed_aqi=signed_aqi,
                level=level.word,
                reason=reason,
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
            return consultation_of(
                act.append("consultation", identifier, consultation.cancel(state, reason=reason, by=by, now=now))
            )
