"""The rulebook answers by day and by name, is digested by content, and refuses a bad file with file and key."""

import shutil
import subprocess
import sys
from datetime import date
from typing import get_args

import pytest

from emergency.vocabulary import Role
from plans.city_plan import RoleKey
from plans.errors import RuleError
from plans.rulebook import HERE, load

BOOK = load()


@pytest.fixture
def folder(tmp_path):
    """A copy of our rule files that a test may spoil."""
    shutil.copytree(HERE / "national", tmp_path / "national")
    shutil.copytree(HERE / "cities", tmp_path / "cities")
    return tmp_path


def spoil(folder, file, old, new):
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("day", "aqi", "ambient", "warning"),
    [
        (date(2019, 12, 1), "hj633-2012", "gb3095-2012-2018", "warning-2018"),
        (date(2026, 2, 28), "hj633-2012", "gb3095-2012-2018", "warning-2024"),
        (date(2026, 3, 1), "hj633-2026", "gb3095-2026-transition", "warning-2024"),
        (date(2030, 12, 31), "hj633-2026", "gb3095-2026-transition", "warning-2024"),
        (date(2031, 1, 1), "hj633-2026", "gb3095-2026-final", "warning-2024"),
    ],
)
def test_the_editions_change_on_the_day_the_law_says(day, aqi, ambient, warning):
    rules = BOOK.on(day)

    assert (aqi, ambient, warning) == (rules.aqi.name, rules.ambient.name, rules.warning.name)


def test_a_day_before_the_record_refuses_and_says_what_to_name():
    with pytest.raises(RuleError, match=r"Nothing is recorded about warning on 2015-12-01.*warning-2017"):
        _ = BOOK.on(date(2015, 12, 1)).warning


def test_the_past_can_be_read_again_under_a_named_edition():
    rules = BOOK.on(date(2015, 12, 1), assume={"warning": "warning-2024", "aqi": "hj633-2026"})

    assert (rules.warning.name, rules.aqi.name) == ("warning-2024", "hj633-2026")
    assert rules.assumed == (("aqi", "hj633-2026"), ("warning", "warning-2024"))


def test_an_unknown_assumption_is_refused():
    with pytest.raises(RuleError, match="warning-2017, warning-2018, warning-2024"):
        BOOK.on(date(2015, 12, 1), assume={"warning": "warning-1999"})


def test_an_unknown_edition_names_the_known_ones():
    with pytest.raises(RuleError, match="hj633-2012"):
        BOOK.edition("hj633-2020")


def test_comments_do_not_change_the_digest_but_a_number_does(folder):
    same = load(folder).digest
    assert BOOK.digest == same

    path = spoil(folder, "national/warning.yaml", "what: warning", "# a remark\nwhat: warning")
    load.cache_clear()
    assert same == load(folder).digest

    spoil(folder, "national/warning.yaml", "{over: 200, hours: 48}", "{over: 201, hours: 48}")
    load.cache_clear()
    assert same != load(folder).digest
    assert path.exists()


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("national/warning.yaml", "hours: 48}", "hour: 48}", ["national/warning.yaml", "editions.0.levels", "over, "]),
        ("national/aqi.yaml", "primary_over: 50 ", "primary_above: 50 ", ["aqi.yaml", "primary_above", "primary_over"]),
        ("national/aqi.yaml", "    ladder: [0, 50,", "    ladder: [0, 55, 56,", ["aqi.yaml", "rows"]),
        (
            "national/aqi.yaml",
            "so2_24h: [0, 50, 150, 475",
            "so2_24h: [0, 50, 50, 475",
            ["so2_24h must rise"],
        ),
        ("national/aqi.yaml", "known_from:", "know_from:", ["key know_from", "known_from"]),
        ("national/warning.yaml", "    until: 2018-08-22", "    until: 2019-08-22", ["overlap", "warning-2018"]),
        ("national/warning.yaml", "    confidence: A", "    confidence: X", ["confidence", "'A'", "found X"]),
        (
            "national/ambient_air.yaml",
            "kelvin: 273.15",
            "kelvin: warm",
            ["ambient_air.yaml", "reference.kelvin"],
        ),
        (
            "cities/wangcheng/plan.yaml",
            "value: mayor",
            "value: emperor",
            ["red.role.value", "emperor"],
        ),
        (
            "cities/wangcheng/plan.yaml",
            "warning-2024",
            "warning-2099",
            ["wangcheng/plan.yaml", "criteria.value", "warning-2099"],
        ),
        ("cities/sample/plan.yaml", "    kind: city", "    kind: city\n    kind: town", ["line", "written twice"]),
        ("cities/beijing/plan.yaml", "editions:", "editions: [", ["beijing/plan.yaml", "line"]),
    ],
)
def test_a_bad_file_is_refused_with_file_key_and_what_was_expected(folder, file, old, new, words):
    spoil(folder, file, old, new)
    load.cache_clear()

    with pytest.raises(RuleError) as caught:
        load(folder)

    for word in words:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_key_is_named(folder):
    spoil(folder, "national/aqi.yaml", "    sensitive_over: 100\n", "")
    load.cache_clear()

    with pytest.raises(RuleError, match=r"aqi.yaml.*sensitive_over"):
        load(folder)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(RuleError, match=r"national/aqi\.yaml"):
        load(tmp_path)


def test_plan_roles_are_the_roles_of_the_office():
    assert set(get_args(RoleKey)) == {role.key for role in Role}


@pytest.mark.parametrize("name", sorted(BOOK.cities))
def test_every_city_plan_names_someone_for_every_level(name):
    plan = BOOK.city(name)

    for level in ("yellow", "orange", "red"):
        authority = plan.authority.of(level)
        assert authority.signatures.value >= 1
        assert authority.role.value not in authority.deputies.value


def test_what_a_document_does_not_say_is_never_marked_as_certain():
    """A setting that calls itself our own may not wear the mark of a read text."""

    def settings(value):
        if isinstance(value, dict):
            if {"value", "confidence", "source"} <= set(value):
                yield value
            for one in value.values():
                yield from settings(one)
        elif isinstance(value, list):
            for one in value:
                yield from settings(one)

    plans = [plan.model_dump(mode="json") for dated in BOOK.cities.values() for plan in dated]
    found = [one for plan in plans for one in settings(plan)]

    assert len(found) > 150
    assert not [one for one in found if one["source"].startswith("not in the documents") and one["confidence"] in "AB"]


def test_the_rulebook_loads_no_machinery():
    code = (
        "import sys; from plans.rulebook import load; import emergency.risk, plans.reductions, plans.enterprise_csv;"
        "load(); print([m for m in ('numpy','pandas','sqlalchemy','fastapi','prefect') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=HERE.parent)

    assert done.stdout.strip() == "[]"
