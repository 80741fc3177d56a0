"""The page of one edition says its keys in the reader's language, not in that of the data files."""

import pytest

from console.language import HAN, speaking
from console.staff.rules import HEAD, outline, said_key, said_value
from plans import rulebook

pytestmark = pytest.mark.anyio


def keys():
    book = rulebook.load()
    kinds = [*book.instruments.values(), *book.cities.values()]
    for edition in (one for dated in kinds for one in dated):
        data = edition.model_dump(mode="json", by_alias=True, exclude_none=True)
        yield from (key for _depth, key, _value in outline({k: v for k, v in data.items() if k not in HEAD}))


def test_every_key_that_an_edition_shows_has_its_word_in_chinese():
    without = {key for key in keys() if not key[0].isdigit() and not HAN.search(said_key(key))}

    assert {"PM10", "PM2.5"} == {said_key(key) for key in without}


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
