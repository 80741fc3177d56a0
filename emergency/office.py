"""The duty office: the only door to the record. One method per act: load, decide, append, in one transaction.

Every method takes `now` and who acts, returns what came of it, and raises Refused when the rules do not allow the act
(then nothing is recorded). Calling an act again after it is done is either refused by the life-cycle or, where a flow
may rightly repeat it, changes nothing and says so in its docstring.
"""

from __future__ import annotations

from emergency.office_alert import AlertActs
from emergency.office_base import Desk, Instruction
from emergency.office_consultation import ConsultationActs
from emergency.office_duty import DutyActs
from emergency.office_evidence import EvidenceActs
from emergency.office_issue import IssueActs
from emergency.office_link import LinkActs
from emergency.office_list import ListActs
from emergency.office_problem import ProblemActs
from emergency.office_response import ResponseActs
from emergency.office_warning import DraftActs

__all__ = ["Desk", "Instruction", "Office"]


class Office(
    ConsultationActs,
    DraftActs,
    IssueActs,
    ResponseActs,
    ProblemActs,
    DutyActs,
    AlertActs,
    EvidenceActs,
    ListActs,
    LinkActs,
):
    """The acts of one area's duty office on one record."""
