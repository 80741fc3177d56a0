"""The sample city's list goes the whole way, from its import to the evaluation, in one drill."""

import json

import pytest

from emergency.record import Record
from flows import exercise


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    folder, said = tmp_path_factory.mktemp("drill"), []
    made = exercise.run(folder, seed=7, say=said.append)
    record = Record.open(folder / "record.db", drill=True)
    yield record, made, said
    record.engine.dispose()


def test_the_list_came_in_as_a_workbook_and_is_the_edition_in_use(played):
    record, _made, said = played

    assert {"in_use": 1} == record.counts("edition")
    assert said[0].startswith("导入 sent.xlsx")
    assert any(line.startswith("红色缺口") for line in said)


def test_a_raise_orders_only_what_changes_and_departments_have_their_tasks(played):
    record, _made, _said = played
    orders = record.now("order")
    tasks = [row for row in orders if row["body"].get("audience") == "department"]
    per_plant = [sum(row["enterprise"] == one["enterprise"] for row in orders) for one in orders]

    assert tasks
    assert all(row["body"]["acknowledged_at"] for row in tasks)
    assert {1, 2} == set(per_plant), "who has the same measures at red keeps the first order"


def test_everybody_was_released_every_problem_closed_and_the_response_evaluated(played):
    record, _made, _said = played

    assert {"closed"} == set(record.counts("problem"))
    assert {"reviewed": 1} == record.counts("activation")
    assert set(record.counts("order")) <= {"released", "superseded"}
    digest = record.now("activation")[0]["body"]["report_digest"]
    made = json.loads(record.exhibit(digest)[1])
    for one in made["kilograms"].values():
        assert one["promised"] == pytest.approx(one["achieved"] + one["missing"] + one["unseen"], abs=0.3)


def test_findings_name_their_measures_and_some_contradict(played):
    record, _made, _said = played
    findings = [finding for row in record.now("order") for finding in row["body"]["findings"]]

    assert {"compliant", "silent"} <= {finding["verdict"] for finding in findings}
    assert any(one["contradictions"] for finding in findings for one in finding.get("measures", ()))


def test_the_debrief_scores_what_was_exercised(played):
    _record, made, said = played

    assert 0 < made.points < 100, "there are silent and cheating plants"
    assert all(0 <= one.score <= 1 for one in made.items if one.score is not None)
    assert any("突击演练评分" in line for line in said)


def test_nothing_left_the_house(played):
    record, _made, _said = played

    assert {"sealed"} == {row["state"] for row in record.messages(limit=100_000)}
