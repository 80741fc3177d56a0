"""The page of one edition says its keys in the reader's language, not in that of the data files."""

import re

import pytest

from console.language import HAN, speaking
from console.rule_words import said_key, said_sentences, said_value
from console.staff.rules import AS_WRITTEN, HEAD, outline
from plans import rulebook

pytestmark = pytest.mark.anyio


ENGLISH = re.compile(r"(?<![A-Za-z0-9_-])[a-z]{3,}(?![A-Za-z0-9_-])")
"""A word of prose; names of editions, AQI, IAQI, PM2.5 and formulas are none."""


def editions():
    book = rulebook.load()
    yield from (one for dated in (*book.instruments.values(), *book.cities.values()) for one in dated)


def lines(edition):
    data = edition.model_dump(mode="json", by_alias=True, exclude_none=True)
    yield from ((key, value) for _depth, key, value in outline({k: v for k, v in data.items() if k not in HEAD}))


def keys():
    yield from (key for edition in editions() for key, _value in lines(edition))


def prose():
    """Every text of an edition that its page shows, besides identifiers and names that are English by intent."""
    for edition in editions():
        yield from (value for key, value in lines(edition) if key not in AS_WRITTEN)
        yield edition.note or ""
        yield from (text for cite in edition.cites for text in (cite.short, cite.title, cite.clause or ""))


def test_every_key_that_an_edition_shows_has_its_word_in_chinese():
    without = {key for key in keys() if not key[0].isdigit() and not HAN.search(said_key(key))}

    assert {"PM10", "PM2.5"} == {said_key(key) for key in without}


def test_every_source_note_and_clause_of_the_rules_has_its_chinese():
    assert sorted({one for one in prose() if ENGLISH.search(said_value(one))}) == []


def test_no_translation_is_left_over_from_a_text_that_no_rule_has_any_more():
    assert set(prose()) >= set(said_sentences())


def test_values_that_are_words_are_said_and_numbers_and_names_stay():
    assert "分管副市（区）长、市（区）长" == said_value("vice_mayor、mayor")
    assert ("B 单一来源", "200", "某市发〔2024〕1号") == tuple(
        said_value(one) for one in ("B", "200", "某市发〔2024〕1号")
    )
    with speaking("en"):
        assert ("any of", "vice_mayor") == (said_key("any_of"), said_value("vice_mayor"))


async def test_the_page_of_the_warning_grades_reads_in_chinese(world):
    text = (await (await world.user("duty_officer")).get("/rules/warning-2024")).text

    for word in ("预警级别", "满足其一", "日AQI大于", "持续小时数"):
        assert word in text
    assert ">any_of<" not in text and 'title="any_of"' in text


async def test_the_pages_of_the_rules_have_no_english_sentence_and_the_english_ones_keep_the_source(world):
    user = await world.user("duty_officer")
    chinese = (await user.get("/rules/xiangyang-2019")).text
    user.client.cookies.set("lantian-language", "en")
    english = (await user.get("/rules/xiangyang-2019")).text

    assert "本预案的文件未写" in chinese and "not in this plan" not in chinese
    assert "发文日期不详" in chinese
    assert "not in this plan&#39;s documents" in english and "本预案的文件未写" not in english


def test_a_key_is_said_as_it_is_meant_where_it_stands():
    with speaking("zh"):
        said = [
            said_key("last"),
            said_key("last", within=("special_period", "value")),
            said_key("last", within=("standing", "talks", "1.")),
            said_key("first", within=("special_period", "value")),
        ]

    assert said == ["结束", "截止日", "排名末几位", "起始日"]
