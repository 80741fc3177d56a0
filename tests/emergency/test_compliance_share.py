"""What one order adds, written beside its state: the same as judged from the whole order."""

import pytest

from emergency.compliance_evidence import measure_finding_of
from emergency.compliance_power import Decision
from emergency.compliance_share import as_text, of_text, share_of
from emergency.compliance_tally import inspections, tally

MEASURES = (
    {"unit": "U1", "action": "stop", "cut_kg": {"nox": 10.5, "pm": 2.0}},
    {"unit": "U2", "action": "transport_ban", "cut_kg": {"nox": 1.25}},
)


def finding(unit, decision, achieved):
    return {
        "unit": unit, "decision": decision.key, "ordered_cut": 1.0, "measured_cut": achieved, "achieved": achieved,
        "confidence": 0.8, "reasons": ["负荷未降"], "contradictions": ["签收已停，用电未变"], "baseline": "昨日同时段",
    }  # fmt: skip


@pytest.mark.parametrize(
    "findings",
    [
        (),
        ({"verdict": "compliant", "measures": (finding("U1", Decision.COMPLIANT, 1.0),)},),
        ({"verdict": "no_data"}, {"verdict": "not_executed", "measures": (finding("U1", Decision.NOT, 0.25),)}),
        ({"verdict": "silent", "measures": ()},),
    ],
)
def test_the_kept_text_says_what_the_order_itself_says(findings):
    share = of_text(as_text(share_of(MEASURES, findings)))
    found = tuple(measure_finding_of(one) for one in findings[-1].get("measures", ())) if findings else ()
    visits = inspections([("p", "d", MEASURES, found)], most=1)

    assert bool(findings) == share.judged
    assert tally([(MEASURES, found)]) == share.tallies
    assert ([(one.at_stake, one.reasons) for one in visits] or [(None, ())]) == [(share.at_stake, share.reasons)]
    assert tuple(text for one in found for text in one.contradictions) == share.contradictions


def test_an_order_without_measures_adds_nothing():
    assert {} == of_text(as_text(share_of((), ()))).tallies
