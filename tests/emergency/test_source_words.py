"""Errors of sources on the screen: Chinese for every sentence that the code can make, never an English one."""

import ast
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emergency.source_words import FAULTS, OTHER, SOMETHING, chinese, told
from plans.errors import SourceError

ROOT = Path(__file__).resolve().parents[2]
PLACES = (*sorted((ROOT / "flows" / "sources").glob("*.py")), ROOT / "forecast" / "intake.py",
          ROOT / "forecast" / "archive_rows.py", ROOT / "forecast" / "weather_files.py",
          *sorted((ROOT / "forecast" / "readers").glob("*.py")))  # fmt: skip


def sentences(path):
    """The literal first arguments of the errors that a module makes."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in ("SourceError", "DataError", "Unavailable", "unavailable"):
                yield node.args[0].value


@pytest.mark.parametrize("path", PLACES, ids=lambda path: path.stem)
def test_every_sentence_of_the_sources_has_its_chinese(path):
    assert [] == [one for one in sentences(path) if one not in FAULTS]


def test_the_scan_finds_sentences_at_all():
    assert len({one for path in PLACES for one in sentences(path)}) > 50


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (SourceError("The source is too slow", where="cnemc", found="ReadTimeout", todo="It is asked again later"),
         "数据来源超时未应答（cnemc），得到 ReadTimeout"),
        (SourceError("The host is not configured", where="openaq", expected="api.openaq.org", found="evil.example"),
         "主机没有列入配置（openaq），得到 evil.example"),
        (SourceError("pm25 is impossible", where="a.csv row 3", expected="0..5000", found="-7.5"),
         "pm25的值不合理（a.csv row 3），得到 -7.5"),
        (SourceError("The name of the source cannot be looked up", where="x", found="no host (is there any network?)"),
         "数据来源的域名解析不了（x）"),
        ("KeyError: 'rows'", OTHER), ("", ""),
    ],
)  # fmt: skip
def test_the_fault_the_place_and_the_finding_are_told(error, expected):
    assert expected == chinese(str(error))


@given(what=st.sampled_from(sorted(FAULTS)), where=st.text(max_size=30), found=st.text(max_size=60))
def test_whatever_was_found_the_fault_is_chinese_and_no_sentence_is_english(what, where, found):
    said = chinese(str(SourceError(what, where=where, expected="a thing", found=found, todo="Do something about it")))

    assert said
    assert "Do something about it" not in said.replace(where, "").replace(found, "")
    assert re.search("[\u4e00-\u9fff]", said)


def noted(path):
    """The sentences of notes that a module makes, with 7 in place of what stands in braces."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        given = []
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "append":
            given = node.args if getattr(node.func.value, "id", "") == "notes" else []
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "notes":
            given = [one for one in ast.walk(node.value) if isinstance(one, ast.JoinedStr | ast.Constant)]
        for one in given:
            if isinstance(one, ast.JoinedStr):
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in one.values)
            elif isinstance(one, ast.Constant) and isinstance(one.value, str) and " " in one.value.strip():
                yield one.value


WITH_NOTES = tuple(path for path in PLACES if any(True for _ in noted(path)))


def in_pieces(sentence):
    """Pieces of an f-string are constants of their own to the walk; only whole sentences count."""
    return not re.match(r"^[ :]|.*[ :]$", sentence)


@pytest.mark.parametrize("path", WITH_NOTES, ids=lambda path: path.stem)
def test_every_note_of_a_pull_has_its_chinese(path):
    said = {one: told(one) for one in noted(path) if in_pieces(one)}

    assert [one for one, chinese in said.items() if not re.search("[\u4e00-\u9fff]", chinese)] == []
    assert SOMETHING not in said.values()


def test_the_scan_finds_notes_at_all():
    assert len({one for path in WITH_NOTES for one in noted(path) if in_pieces(one)}) > 10


def test_notes_keep_their_numbers_and_names_and_the_fault_of_what_was_left_out():
    refused = "定陵 was left out: The service refuses (openmeteo, 定陵): found 91.2. Check place, days"

    assert told("12 values of pm25 cannot be measurements and were left out") == "pm25有12个值不可能是测量值，已略去"
    assert told(f"{refused}；1个新站点（1001A）") == (
        "定陵没有取到：数据服务拒绝了请求（openmeteo, 定陵），得到 91.2；1个新站点（1001A）"
    )
    assert told("hourly-07: the newest hour is 03-01 00:00 Beijing time") == "hourly-07：最新数据到03-01 00:00"
    assert told("Nobody has seen this sentence before") == SOMETHING
    assert told("") == ""
