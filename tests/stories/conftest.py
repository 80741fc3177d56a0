"""The night that the stories begin in; at its end the record holds and its projections can be made again."""

import pytest

from .watch import Watch


@pytest.fixture
def night(tmp_path):
    made = Watch(tmp_path)
    yield made
    assert made.record.head()[0] == made.record.verify()
    before = made.record.projections()
    made.record.rebuild()
    assert before == made.record.projections()
    made.record.engine.dispose()
