"""Acts of the office on problems: hand out, rectified, look back, strike off."""

from __future__ import annotations

from datetime import datetime

from emergency import problem
from emergency.lifecycle import Actor
from emergency.office_base import Acts, existing, problem_of
from emergency.office_evidence import Photo


class ProblemActs(Acts):
    """Acts of the office on problems: hand out, rectified, look back, strike off."""

    def assign_problem(
        self,
        identifier: str,
        *,
        unit: str,
        by: Actor,
        now: datetime,
        person: str = "",
        content: str = "",
        standard: str = "",
        consequence: str = "",
        due_at: datetime | None = None,
    ) -> problem.Problem:
        """Hand a problem over (交办): unit, person in charge, content, standard, deadline, reward or penalty.

        Without a deadline the plan's counts; empty words leave what the finding said.
        """
        with self.record.act(now) as act:
            state = existing(act, "problem", identifier)
            due = due_at or now + self.desk.rectify_within
            more = {"person": person, "content": content, "standard": standard, "consequence": consequence}
            events = problem.assign(state, unit=unit, due_at=due, by=by, now=now, more=more)
            return problem_of(act.append("problem", identifier, events))

    def rectify_problem(
        self, identifier: str, *, report: str, by: Actor, now: datetime, photo: Photo | None = None
    ) -> problem.Problem:
        """The unit reports the problem mended, with a picture where it has one."""
        with self.record.act(now) as act:
            state = existing(act, "problem", identifier)
            title = f"照片 整改 {identifier}"[:200]
            digest = act.file(photo.content, media_type=photo.media_type, title=title) if photo else ""
            events = problem.rectify(state, report=report, by=by, now=now, photo=digest)
            return problem_of(act.append("problem", identifier, events))

    def look_back(self, identifier: str, *, mended: bool, note: str, by: Actor, now: datetime) -> problem.Problem:
        """The look-back: verified and struck off (销号) when mended, otherwise handed out again with a new deadline."""
        with self.record.act(now) as act:
            state = existing(act, "problem", identifier)
            if not mended:
                due_at = now + self.desk.rectify_within
                return problem_of(
                    act.append("problem", identifier, problem.reopen(state, reason=note, due_at=due_at, by=by, now=now))
                )
            verified = act.append("problem", identifier, problem.verify(state, note=note, by=by, now=now))
            return problem_of(act.append("problem", identifier, problem.close(verified, by=by, now=now)))
