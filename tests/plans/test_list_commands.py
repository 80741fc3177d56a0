"""The commands `lantian list import, export, diff, whatif`: what a person types and reads."""

import json

import pytest
from typer.testing import CliRunner

from console.commands import enterprise_list
from plans.errors import LantianError
from plans.rulebook import HERE

SAMPLE = HERE / "cities" / "sample" / "enterprises" / "2026.csv"


def call(*words):
    return CliRunner().invoke(enterprise_list.app, [str(word) for word in words])


def run(*words):
    done = call(*words)
    assert done.exit_code == 0, done.output + repr(done.exception)
    return done.output


def test_a_list_goes_out_and_comes_in_again(tmp_path):
    assert "units written" in run("export", tmp_path / "2026.xlsx")
    assert "0 errors" in run("import", tmp_path / "2026.xlsx", "--out", tmp_path / "2026.csv")
    assert (tmp_path / "2026.csv").read_bytes() == SAMPLE.read_bytes()
    assert "0 differences" in run("diff", SAMPLE, tmp_path / "2026.csv")


def test_a_wrong_cell_leaves_with_2_and_stores_nothing(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(SAMPLE.read_text("utf-8").replace("限产20%", "限产二成", 1), "utf-8")
    done = call("import", path, "--out", tmp_path / "out.csv")

    assert done.exit_code == 2
    assert "Write 限产20%" in done.output
    assert not (tmp_path / "out.csv").exists()
    assert json.loads(call("import", path, "--json").output)["usable"] is False


def test_what_if_names_units_and_says_whether_the_gap_closes():
    text = run("whatif", "--level", "orange")
    data = json.loads(run("whatif", "--level", "orange", "--json"))

    assert "the gap is" in text
    assert data["feasible"] == (data["short_after"] == [])
    assert "vocs" in data["before"]


def test_a_sheet_is_printed_or_written(tmp_path):
    assert json.loads(run("sheet", "sample-002"))["name"] == "样例第二水泥厂"
    assert "is written" in run("sheet", "sample-002", "--out", tmp_path / "a.docx")


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["export", "a.pdf"], ".xlsx or .csv"),
        (["import", "nowhere.xlsx"], "nowhere.xlsx"),
        (["sheet", "p-0"], "found p-0"),
        (["sheet", "sample-002", "--out", "a.txt"], ".docx"),
        (["whatif", "--on", "tomorrow"], "YYYY-MM-DD"),
        (["whatif", "--step", "0"], "1 to 100"),
        (["whatif", "--level", "blue"], "yellow, orange or red"),
    ],
)
def test_bad_input_is_one_sentence(words, part):
    done = call(*words)

    assert isinstance(done.exception, LantianError), done.output
    assert part in str(done.exception)
    assert "\n" not in str(done.exception)
