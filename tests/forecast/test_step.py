"""One step of the chain: trees and a kernel, each where it is strong, in a file of numbers."""

import numpy as np
import pytest

from forecast.models.step import Step, Steps


def _world(count, seed):
    random = np.random.default_rng(seed)
    table = random.normal(size=(count, 4))
    swept, slow = np.where(table[:, 0] > 0.5, -1.0, 0.3), np.sin(table[:, 1]) + 0.5 * table[:, 2]
    return table, swept + slow + 0.1 * random.normal(size=count)


@pytest.fixture(scope="module")
def step():
    return Step.learned(*_world(1500, 1), rounds=60)


def test_both_minds_together_are_nearer_than_either(step):
    table, target = _world(800, 2)
    both = step.predict(table)
    trees = step.trees.predict(step.scale.apply(table).astype(np.float32))

    missed = [np.abs(said - target).mean() for said in (both, trees, 2 * both - trees)]

    assert missed[0] < min(missed[1:])


def test_an_unknown_predictor_counts_as_its_mean(step):
    table, _ = _world(5, 3)
    blind = table.copy()
    blind[:, 3] = np.nan
    table[:, 3] = step.scale.middle[3]

    np.testing.assert_allclose(step.predict(blind), step.predict(table))


def test_a_row_unlike_all_that_were_seen_stays_within_what_was_learned(step):
    _, target = _world(1500, 1)

    said = step.predict(np.full((1, 4), 1e6))

    assert target.min() < said[0] < target.max()


def test_rows_without_a_target_teach_nothing(step):
    table, target = _world(1500, 1)
    more, none = np.vstack([table, table + 3.0]), np.append(target, np.full(1500, np.nan))

    np.testing.assert_array_equal(Step.learned(more, none, rounds=60).predict(table), step.predict(table))


def test_a_step_that_learned_from_too_few_rows_says_that_it_does_not_know():
    table, target = _world(5, 4)

    assert np.isnan(Step.learned(table, target, rounds=5).predict(table)).all()


def test_a_step_comes_back_from_its_arrays_with_the_same_answers(step):
    table, _ = _world(50, 5)

    again = Step.restore(step.arrays("own/"), "own/")

    np.testing.assert_array_equal(again.predict(table), step.predict(table))


def test_steps_asked_together_say_what_each_says_alone_to_the_bit(step):
    table, target = _world(1500, 1)
    of_the_same_rows = Step.learned(table, target**2, rounds=60)
    of_fewer_rows = Step.learned(table, np.where(np.arange(1500) % 3, target, np.nan), rounds=30)
    of_too_few = Step.learned(table, np.where(np.arange(1500) < 5, target, np.nan), rounds=30)
    steps = (step, of_fewer_rows, of_the_same_rows, of_too_few)

    together = Steps(steps)

    assert [(0, 2), (1,), (3,)] == [group for group, _ in together.groups]
    asked, _ = _world(700, 5)
    np.testing.assert_array_equal(together.predict(asked), np.stack([one.predict(asked) for one in steps]))
