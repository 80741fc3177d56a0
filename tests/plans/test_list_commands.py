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
    assert "166 个单元已写入 2026.xlsx" in run("export", tmp_path / "2026.xlsx")
    assert "错误 0，" in run("import", tmp_path / "2026.xlsx", "--out", tmp_path / "2026.csv")
    assert (tmp_path / "2026.csv").read_bytes() == SAMPLE.read_bytes()
    assert "共 0 处差别" in run("diff", SAMPLE, tmp_path / "2026.csv")


def test_a_difference_is_told_in_the_words_of_the_page(tmp_path):
    after = tmp_path / "2027.csv"
    after.write_text(SAMPLE.read_text("utf-8").replace("样例第二水泥厂", "样例第二水泥公司"), "utf-8")
    told = run("diff", SAMPLE, after).splitlines()

    assert "企业信息变更  sample-002 样例第二水泥公司 企业名称  样例第二水泥厂 → 样例第二水泥公司" == told[0]
    assert "  黄色  SO2 +0.0  NOx +0.0  PM +0.0  VOCs +0.0" in told
    assert "从版本 2026 到 2027，共 1 处差别" == told[-1]


def test_the_report_on_a_cell_is_chinese_for_people_and_english_for_programs(tmp_path):
    path = tmp_path / "a.csv"
    text = SAMPLE.read_text("utf-8").replace("限产20%", "限产二成", 1).replace("NOx千克每日", "氮排放", 1)
    path.write_text(text, "utf-8")
    done = call("import", path)

    assert "错误 CSV AC6 橙色措施：“限产二成”不够明确。请写作 限产20%。" in done.output
    assert "请在映射文件中" in done.output and "在下方" not in done.output
    data = json.loads(call("import", path, "--json").output)
    assert any("is not exact enough" in one["message"] for one in data["issues"])


def test_a_wrong_cell_leaves_with_2_and_stores_nothing(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(SAMPLE.read_text("utf-8").replace("限产20%", "限产二成", 1), "utf-8")
    done = call("import", path, "--out", tmp_path / "out.csv")

    assert done.exit_code == 2
    assert "请写作 限产20%" in done.output
    assert not (tmp_path / "out.csv").exists()
    assert json.loads(call("import", path, "--json").output)["usable"] is False


def test_what_if_names_units_and_says_whether_the_gap_closes():
    text = run("whatif", "--level", "orange")
    data = json.loads(run("whatif", "--level", "orange", "--json"))

    assert ("可以补齐" in text) == data["feasible"]
    assert "存疑的措施" in text
    assert data["feasible"] == (data["short_after"] == [])
    assert "vocs" in data["before"]


def test_a_sheet_is_printed_or_written(tmp_path):
    assert json.loads(run("sheet", "sample-002"))["name"] == "样例第二水泥厂"
    assert "样例第二水泥厂的一厂一案已写入 a.docx" in run("sheet", "sample-002", "--out", tmp_path / "a.docx")


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
