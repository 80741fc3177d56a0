"""No error of ours reaches a Chinese screen in English, whatever raised it."""

import ast
from pathlib import Path

import pytest

from console import language, list_words, plain
from console.language import HAN
from emergency import source_words
from plans.errors import DataError, LantianError

from .conftest import hidden
from .test_lists import upload, workbook

ROOT = Path(__file__).resolve().parents[2]
KINDS = {"DataError", "RuleError", "LantianError", "BrokenRecord"}
COMMANDS = ("console/commands/", "console/serve.py", "console/cli.py", "console/oidc")
"""What only the command line or the start of the server says."""


def raised():
    """Every fault that plans, emergency and the console name in the code, with the file."""
    for package in ("plans", "emergency", "console"):
        for path in sorted((ROOT / package).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if name.startswith(COMMANDS):
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KINDS:
                    for first in node.args[:1]:
                        if isinstance(first, ast.Constant):
                            yield name, str(first.value)
                        elif isinstance(first, ast.JoinedStr):
                            yield name, "".join(p.value if isinstance(p, ast.Constant) else "x" for p in first.values)


def test_every_fault_of_the_code_has_its_chinese():
    found = set(raised())

    assert len(found) > 80
    wordless = sorted((name, what) for name, what in found if plain.OTHER in plain.said(LantianError(what)))
    assert [] == wordless, "give it Chinese in console/plain.py"


def test_the_words_are_chinese_and_none_is_left_over():
    there = {what for _name, what in raised()}

    assert [] == [what for what, (fault, todo) in plain.FAULTS.items() if not (HAN.search(fault) and HAN.search(todo))]
    assert set() == set(plain.FAULTS) - there


def test_a_fault_nobody_knows_points_to_the_log_and_shows_no_english(caplog):
    told = plain.said(DataError("Something quite new", where="deep inside the house", found="a strange thing here"))

    assert plain.OTHER in told and not any(word in told for word in ("new", "inside", "strange"))
    assert "Something quite new" in caplog.text, "the log keeps it"


def test_on_an_english_page_the_english_sentence_stands():
    error = DataError("The workbook is damaged", where="a.xlsx", expected="a readable .xlsx", found="BadZipFile")
    with language.speaking("en"):
        assert str(error) == plain.said(error)
    assert "工作簿已损坏（a.xlsx），现为“BadZipFile”。请用办公软件打开后另存为xlsx再传。" == plain.said(error)


def test_other_floors_words_serve_too():
    assert "数据库拒绝写入" in plain.said(DataError("The database refuses", where="archive"))
    assert list_words.said("A unit stands twice") in plain.said(DataError("A unit stands twice"))
    assert "The database refuses" in source_words.FAULTS


@pytest.mark.anyio
async def test_a_damaged_file_and_wrong_windows_are_said_in_chinese_on_the_page(world):
    user = await world.user("duty_officer")
    damaged = await user.get((await upload(user, b"PK\x03\x04 but nothing else")).headers["location"])
    assert "工作簿已损坏" in damaged.text and "damaged" not in damaged.text

    windows = "编号,单元编号,开始日期,结束日期,停产比例%,依据\nnobody,,2015-11-15,2016-03-15,100,样例通知\n"
    page = (await upload(user, workbook(world), windows=windows.encode())).headers["location"]
    answer = await user.client.post(f"{page}/store", data=hidden((await user.get(page)).text, f"{page}/store"))
    assert 409 == answer.status_code
    assert "清单里没有这家企业" in answer.text and "“nobody”" in answer.text and "is not on the list" not in answer.text
    assert f'action="{page}/store"' in answer.text or "他人的清单.xlsx" in answer.text, "the report stays on the page"


def test_what_a_run_left_in_its_slot_is_never_english_on_a_chinese_page_and_never_says_more_than_it_knows():
    assert plain.kept_notes("2 values of cloud are impossible and were left out") == "cloud有2个值不合理，已略去"
    assert plain.kept_notes("The source is too slow (cnemc): found not done in 60 s.") == "数据来源超时未应答（cnemc）"
    assert (
        plain.kept_notes("The service refuses (openmeteo, 望城). Check place.")
        == "数据服务拒绝了请求（openmeteo, 望城）"
    )
    assert plain.kept_notes("Nobody has seen this sentence before") == plain.SEE_THE_LOG
    assert plain.kept_notes("outlook-20261123") == "outlook-20261123"
    assert plain.kept_notes("") == ""
