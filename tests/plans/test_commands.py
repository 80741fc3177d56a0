"""The commands `lantian rules` and `lantian list`: what a person types and reads."""

import json

import pytest
from typer.testing import CliRunner

from console.commands import enterprise_list, rules
from plans.errors import LantianError
from plans.rulebook import HERE


def run(app, *words):
    """The printed text of a command that succeeds."""
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == 0, done.output + repr(done.exception)
    return done.output


def refused(app, *words):
    """The one sentence of a command that is refused."""
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert isinstance(done.exception, LantianError), done.output
    sentence = str(done.exception)
    assert "\n" not in sentence
    return sentence


def level(*words):
    return json.loads(run(rules.app, "level", *words, "--json"))


def test_rules_lists_every_edition_with_its_mark():
    text = run(rules.app)

    for name in ("hj633-2012", "hj633-2026", "gb3095-2026-final", "warning-2017", "warning-2024", "wangcheng-2020"):
        assert name in text


def test_show_gives_the_edition_of_the_day():
    text = run(rules.app, "show", "warning", "--on", "2019-12-01")

    assert text.startswith("warning-2018")
    assert "日AQI>200持续72小时及以上" in text
    assert "[A：" in text


@pytest.mark.parametrize("what", [["aqi"], ["ambient"], ["assessment"], ["warning-2017"], ["city", "xiangyang"]])
def test_everything_can_be_shown_as_text_and_as_json(what):
    assert run(rules.app, "show", *what, "--on", "2026-11-21")
    assert json.loads(run(rules.app, "show", *what, "--on", "2026-11-21", "--json"))["cites"]


def test_the_level_of_the_known_example():
    found = level("--edition", "warning-2024", "--daily-aqi", "160,210,?,305")

    assert (found["edition"], found["level"], found["days"]) == ("warning-2024", "yellow", [1, 2, 4])
    assert "缺数据" in found["why"]
    assert [clause["id"] for clause in found["clauses"]] == ["warning-2024.yellow.1", "warning-2024.yellow.2"]


def test_the_level_with_dates_and_in_words():
    found = level("--edition", "warning-2018", "--daily-aqi", "201,201", "--first-day", "2015-12-07")
    assert (found["level"], found["days"]) == ("yellow", ["2015-12-07", "2015-12-08"])

    text = run(rules.app, "level", "--edition", "warning-2024", "--daily-aqi", "210,305,210")
    assert "级别  红色 red" in text
    assert "日期  第1天、第2天、第3天" in text


def test_the_level_of_hours_with_blank_lines_as_missing(tmp_path):
    file = tmp_path / "hours.csv"
    file.write_text("aqi\n" + "210\n" * 20 + "\n?\n\n?\n" + "210\n" * 24, encoding="utf-8")
    found = level("--edition", "warning-2024", "--hourly-aqi", file)

    assert (found["level"], found["days"], found["missing"]) == ("orange", [1, 2], [21, 22, 23, 24])


def test_a_spreadsheet_of_hours_may_have_other_columns(tmp_path):
    file = tmp_path / "hours.csv"
    file.write_text("hour,aqi\n" + "1,210\n" * 24, encoding="utf-8")

    assert level("--edition", "warning-2024", "--hourly-aqi", file)["level"] == "yellow"


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (
            ["--edition", "warning-2020", "--daily-aqi", "1"],
            ["warning-2020", "warning-2017, warning-2018"],
        ),
        (["--edition", "warning-2024", "--daily-aqi", "160,x"], ["day 2", "found x"]),
        (["--edition", "warning-2024", "--daily-aqi", "160,-3"], ["day 2", "found -3"]),
        (["--edition", "warning-2024", "--daily-aqi", "160,1.5"], ["day 2", "found 1.5"]),
        (["--edition", "warning-2024", "--daily-aqi", "160,,170"], ["day 2", "Write ?"]),
        (["--edition", "warning-2024", "--daily-aqi", "501"], ["day 1", "0 to 500"]),
        (["--daily-aqi", "1"], ["--edition", "warning-2017, warning-2018, warning-2024"]),
        (["--edition", "warning-2024"], ["--daily-aqi or --hourly-aqi"]),
        (["--edition", "warning-2024", "--daily-aqi", "1", "--first-day", "7 Dec"], ["--first-day", "YYYY-MM-DD"]),
        (["--edition", "warning-2024", "--hourly-aqi", "nowhere.csv"], ["nowhere.csv", "no such readable file"]),
    ],
)
def test_bad_input_to_level_is_one_sentence(words, parts):
    sentence = refused(rules.app, "level", *words)

    for part in parts:
        assert part in sentence


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("AQI\n1\n", ["row 1", "one column aqi", "found AQI"]),
        ("", ["row 1", "nothing"]),
        ("aqi\n", ["header only"]),
        ("aqi\n10\nabc\n", ["row 3", "column aqi", "abc"]),
        ("hour,aqi\n1,5\n2\n", ["row 3", "expected 2, found 1"]),
    ],
)
def test_a_bad_file_of_hours_is_one_sentence(tmp_path, text, parts):
    file = tmp_path / "hours.csv"
    file.write_text(text, encoding="utf-8")
    sentence = refused(rules.app, "level", "--edition", "warning-2024", "--hourly-aqi", file)

    for part in [*parts, "hours.csv"]:
        assert part in sentence


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["show", "warning", "--on", "2015-12-01"], "Nothing is recorded about warning on 2015-12-01"),
        (["show", "warnings"], "found warnings"),
        (["show", "city"], "wangcheng"),
        (["show", "city", "atlantis"], "found atlantis"),
        (["show", "city", "beijing", "--on", "2015-12-01"], "Nothing is recorded"),
        (["show", "aqi", "--on", "2026-1-1"], "YYYY-MM-DD"),
    ],
)
def test_bad_input_to_show_is_one_sentence(words, part):
    assert part in refused(rules.app, *words)


def test_list_shows_checks_and_sums_the_sample():
    assert "样例第三水泥厂" in run(enterprise_list.app, "show")
    assert "可以使用：69 条，166 个单元" in run(enterprise_list.app, "check")
    text = run(enterprise_list.app, "reductions")
    assert "缺 1.84 吨/日" in text
    assert "虚构" in text


def test_list_as_json():
    found = json.loads(run(enterprise_list.app, "reductions", "--level", "orange", "--json"))["orange"]
    assert {"so2", "nox", "pm", "vocs"} == {one["pollutant"] for one in found}
    assert {"vocs"} == {one["pollutant"] for one in found if one["short"]}

    orders = json.loads(run(enterprise_list.app, "show", "--level", "red", "--plant", "sample-002", "--json"))
    assert [order["enterprise"] for order in orders] == ["sample-002"]
    assert all(measure["checks"] for measure in orders[0]["measures"])


def test_list_check_tells_every_mistake_and_leaves_with_2(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("编号,电话,姓名\nx,y,z\n", encoding="utf-8")
    done = CliRunner().invoke(enterprise_list.app, ["check", "--file", str(file)])

    assert done.exit_code == 2
    missing, *strange = done.output.splitlines()
    assert missing.startswith("缺少列：企业名称、类别、样例、") and missing.endswith("（a.csv 第1行）。请补上。")
    assert 2 * ["有不认识的列（a.csv 第1行）"] == [line.split("，")[0] for line in strange]
    told = json.loads(CliRunner().invoke(enterprise_list.app, ["check", "--file", str(file), "--json"]).output)
    assert ["A column is missing"] + 2 * ["A column is not known"] == [line.split(" (")[0] for line in told]


def test_list_check_says_in_chinese_what_was_expected(tmp_path):
    file = tmp_path / "a.csv"
    sample = (HERE / "cities" / "sample" / "enterprises" / "2026.csv").read_text("utf-8")
    file.write_text(sample.replace("工业源", "工厂", 1), encoding="utf-8")
    done = CliRunner().invoke(enterprise_list.app, ["check", "--file", str(file)])

    assert "用词不在允许范围内，应为以下之一：工业源" in done.output
    assert "（a.csv 第2行“类别”列），现为“工厂”。" in done.output
    assert "expected" not in done.output


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["reductions", "--level", "blue"], "yellow, orange or red"),
        (["reductions", "--city", "beijing"], "base_daily"),
        (["show", "--file", "nowhere.csv"], "nowhere.csv"),
        (["show", "--plant", "p-0"], "found p-0"),
    ],
)
def test_bad_input_to_list_is_one_sentence(words, part):
    assert part in refused(enterprise_list.app, *words)
