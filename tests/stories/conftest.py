"""The record the stories write and the night they begin in; at its end its projections can be made again."""

import pytest

from .watch import Watch


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request, tmp_path):
    return tmp_path / "record.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")


@pytest.fixture
def night(tmp_path):
    made = Watch(tmp_path)
    yield made
    assert made.record.head()[0] == made.record.verify()
    before = made.record.projections()
    made.record.rebuild()
    assert before == made.record.projections()
    made.record.engine.dispose()
