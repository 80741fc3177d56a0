"""The command line speaks Chinese: every help text and option, and every error, above its English sentence."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from console import cli, cli_words, plain
from console.language import HAN
from plans.errors import DataError, LantianError

ROOT = Path(__file__).resolve().parents[2]
KINDS = {"DataError", "RuleError", "LantianError"}


def walked():
    """Every command with its words, as typer made it."""

    def inside(command, path):
        yield path, command
        for name, one in getattr(command, "commands", {}).items():
            yield from inside(one, f"{path} {name}")

    for name, point in cli.commands().items():
        yield from inside(typer.main.get_command(cli.load(point)), name)


def test_every_command_and_every_option_is_explained_in_chinese():
    found = list(walked())
    options = [
        (f"{path} {one.name}", getattr(one, "help", "") or "")
        for path, command in found
        for one in command.params
        if one.name != "help"
    ]

    assert len(found) > 60 and len(options) > 150
    assert [] == [path for path, command in found if not HAN.search(command.help or "")]
    assert [] == [(name, text) for name, text in options if not HAN.search(text)]


def test_the_overview_names_every_command_in_chinese():
    first, *lines = [line for line in cli.overview().splitlines() if line]

    assert HAN.search(first)
    assert len(lines) == len(cli.commands()) + 1
    assert [] == [line for line in lines if not HAN.search(line)]


def run(*words):
    return subprocess.run(
        [sys.executable, "-m", "console.cli", *words], capture_output=True, text=True, cwd=ROOT, check=False
    )


@pytest.mark.parametrize(
    ("words", "chinese", "english"),
    [
        (
            ["list", "show", "--level", "blue"],
            "不认识这个级别（--level），现为“blue”。",
            "A level is not known (--level)",
        ),
        (["list", "diff", "a.csv", "b.csv"], "清单文件不存在（a.csv）。", "The list does not exist (a.csv)"),
        (
            ["nothing-like-it"],
            "没有这个命令，现为“nothing-like-it”。可用的命令：aqi、",
            "There is no such command: expected",
        ),
        (
            ["replay", "sample", "--from", "soon"],
            "日期不能识别（--from），现为“soon”。",
            "The date cannot be read (--from)",
        ),
        (["rules", "show", "city", "atlantis"], "没有预案 atlantis", "There is no city plan 'atlantis'"),
    ],
)
def test_bad_input_is_said_in_chinese_first_and_in_english_below(words, chinese, english):
    done = run(*words)

    assert (2, "") == (done.returncode, done.stdout)
    first, second = done.stderr.splitlines()
    assert first.startswith(chinese)
    assert second.startswith(english)


def test_what_nobody_put_into_words_stands_in_english_alone():
    error = DataError("Something quite new", where="deep inside the house", found="a strange thing")

    assert str(error) == cli_words.said(error)
    assert "保障类企业" in cli_words.said(DataError("A 保障类 plant keeps its permitted load", found="限产30%"))
    assert "一句中文." == cli_words.said(DataError("一句中文"))


def test_a_command_that_works_loads_no_words_of_errors():
    code = "import sys, console.cli; sys.exit(bool({'console.cli_words', 'console.plain', 'babel'} & set(sys.modules)))"

    assert 0 == subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode


def raised(*folders):
    """Every fault that the code of these folders names, with its file."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KINDS:
                    for first in node.args[:1]:
                        if isinstance(first, ast.Constant):
                            yield path.relative_to(ROOT).as_posix(), str(first.value)


def test_every_fault_that_console_flows_and_forecast_name_has_its_chinese():
    found = set(raised("console", "flows", "forecast"))

    assert len(found) > 200
    wordless = sorted((name, what) for name, what in found if "\n" not in cli_words.said(LantianError(what)))
    assert [] == wordless, "give it Chinese in console/cli_words.py, or in console/plain.py when a page shows it too"


def test_no_words_are_left_over_or_said_twice():
    there = {what for _name, what in raised("console", "flows", "forecast", "emergency", "plans")}

    assert set() == set(cli_words.FAULTS) - there
    assert set() == set(cli_words.FAULTS) & set(plain.FAULTS)
    assert set(cli_words.TODO) <= set(plain.FAULTS)
    assert [] == [what for what, words in cli_words.FAULTS.items() if not all(map(HAN.search, words))]
