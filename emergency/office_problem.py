"""Acts of the office on problems: hand out, rectified, look back, strike off."""

from __future__ import annotations

from datetime import datetime

from emergency import problem
from emergency.lifecycle import Actor
from emergency.office_base import Acts, existing, problem_of


class ProblemActs(Acts):
    """Acts of the office on problems: hand out, rectified, look back, strike off."""

    def assign_problem(self, identifier: str, *, unit: str, by: Actor, now: datetime) -> problem.Problem:
        """Hand a problem to a unit with the plan's deadline."""
        with self.record.act(now) as act:
            state = existing(act, "problem", identifier)
            due_at = now + self.desk.rectify_within
            return problem_of(
                act.append("problem", identifier, problem.assign(state, unit=unit, due_at=due_at, by=by, now=now))
            )

    def rectify_problem(self, identifier: str, *, report: str, by: Actor, now: datetime) -> problem.Problem:
        """The unit reports the problem mended."""
        with self.record.act(now) as act:
            state = existing(act, "problem", identifier)
            return problem_of(act.append("problem", identifier, problem.rectify(state, report=report, by=by, now=now)))

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
