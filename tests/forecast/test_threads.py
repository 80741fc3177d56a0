"""Forecasts are made on one thread, whatever the machine offers."""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from forecast import backtest, features, train
from forecast.predict import make_outlook
from forecast.threads import one_thread
from forecast.why import explain

DAY = date(2015, 3, 2)


@dataclass(frozen=True)
class Telling:
    """A model that notes how many threads it may use, and else is the one it holds."""

    held: Any
    threads: set[int] = field(default_factory=set)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.held, name)

    def _note(self) -> None:
        self.threads.update(one["num_threads"] for one in threadpool_info())

    def fit(self, sample: Any) -> "Telling":
        self._note()
        return replace(self, held=self.held.fit(sample))

    def paths(self, *asked: Any, **more: Any) -> Any:
        self._note()
        return self.held.paths(*asked, **more)


@pytest.fixture
def told(small_model):
    """The trained model, telling."""
    return replace(small_model, model=Telling(small_model.model))


@pytest.fixture(autouse=True)
def two_threads():
    """As on a machine of two cores where nobody set anything."""
    with threadpool_limits(limits=2):
        assert {2} == {one["num_threads"] for one in threadpool_info()}
        yield


def test_training_uses_one_thread(small_air, areas, light_model):
    model = Telling(light_model)
    train.train(small_air, until=DAY, areas=areas, model=model)
    assert {1} == model.threads


def test_an_outlook_and_its_why_use_one_thread(fill_archive, small_air, told, codes):
    issued_at = features.issue_time(DAY) + timedelta(hours=1)
    archive = fill_archive(small_air)
    outlook = make_outlook(
        archive, told, area="city", area_name="样例市", stations=codes, issued_at=issued_at, aqi_edition="hj633-2012"
    )
    assert {1} == told.model.threads
    told.model.threads.clear()
    explain(archive, told, outlook, stations=codes)
    assert {1} == told.model.threads


def test_a_backtest_uses_one_thread(small_air, areas, told):
    backtest.run(
        small_air, train_until=DAY, first=DAY, last=DAY + timedelta(days=3), models=["blend"], areas=areas,
        trained={"blend": told}, edition="hj633-2012",
    )  # fmt: skip
    assert {1} == told.model.threads


def test_boosting_that_is_loaded_later_is_limited_too():
    with one_thread():
        pass
    import lightgbm  # noqa: F401

    with threadpool_limits(limits=2), one_thread():
        assert {1} == {one["num_threads"] for one in threadpool_info()}
