"""Every worked example of every edition is executed: a rule without a passing example cannot be merged."""

from fractions import Fraction

import pytest

from emergency.criteria import level_of_days
from emergency.vocabulary import Role
from plans.rulebook import load
from plans.schema import AmbientEdition, AqiEdition, AssessmentEdition, CityPlan, WarningEdition

BOOK = load()
EDITIONS = [e for dated in (*BOOK.instruments.values(), *BOOK.cities.values()) for e in dated]
CASES = [(edition, example) for edition in EDITIONS for example in edition.examples]


def outcome(edition, example):
    """What the rules give, and what the example says, as two comparable values."""
    match edition:
        case AqiEdition():
            found = edition.iaqi_of(example.table, example.concentration)
            instead = edition.beyond[example.table].instead if found is None else None
            return (found, instead), (example.iaqi, example.instead)
        case WarningEdition():
            judged = level_of_days(edition, example.daily_aqi)
            return (judged.level.word, judged.indices, judged.below), (example.level, example.days, example.below)
        case AmbientEdition():
            limit = edition.limit(example.pollutant, example.period, grade=example.grade)
            return example.value <= limit, example.meets
        case AssessmentEdition():
            wanted = tuple(Fraction(value) for value in example.result)
            if example.kind == "percentile":
                return (edition.percentile(example.values, example.percent),), wanted
            if example.kind == "rank":
                return edition.ranks(example.values), wanted
            index = edition.composite_index(example.statistics, BOOK.ambient(example.ambient))
            return (round(index, 2),), wanted
        case CityPlan():
            role = Role.of(edition.authority.of(example.level).role.value)
            response = edition.response.of(example.level).response_class
            return (role.key, response), (example.role, example.response_class)
    raise AssertionError(f"no way to run an example of {type(edition).__name__}")


@pytest.mark.parametrize(("edition", "example"), CASES, ids=[f"{e.name}-{n}" for n, (e, _) in enumerate(CASES)])
def test_worked_example_comes_out_as_written(edition, example):
    found, written = outcome(edition, example)

    assert written == found


def test_every_edition_has_examples_and_cites():
    assert all(edition.examples and edition.cites for edition in EDITIONS)
    assert len(EDITIONS) >= 15
