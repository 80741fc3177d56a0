"""A small simulated city of two stations and 200 days, an archive that holds it, and a model trained in a second."""

from datetime import UTC, date, datetime, timedelta

import pytest

from forecast import air, sample
from forecast.archive import Archive
from forecast.features import Area
from forecast.models.blend import Blend
from forecast.models.experts import Boosted, Kernel
from forecast.readers.station_list import Station
from forecast.train import train

START = datetime(2014, 9, 1, tzinfo=air.BEIJING)
END = START + timedelta(days=200)
UNTIL = date(2015, 2, 20)
LONG_AGO_KNOWN = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="session")
def small_air():
    return sample.generate(seed=3, start=START, end=END, stations=2)


@pytest.fixture(scope="session")
def codes(small_air):
    return tuple(str(code) for code in small_air["station"].values)


@pytest.fixture(scope="session")
def areas(codes):
    return (Area("city", codes), *(Area(code, (code,)) for code in codes))


@pytest.fixture(scope="session")
def light_model():
    """A blend that trains in a second."""
    return Blend(kernel=Kernel(landmarks=60), boosted=Boosted(trees=20, rows=300), folds=3)


@pytest.fixture(scope="session")
def small_model(small_air, areas, light_model):
    return train(small_air, until=UNTIL, areas=areas, model=light_model)


@pytest.fixture
def fill_archive(tmp_path, codes):
    """Makes an archive of a dataset; one hour of delay, as the Beijing source declares."""
    made = []

    def fill(dataset, name="archive.db"):
        archive = Archive.open(tmp_path / name)
        archive.write_stations(
            Station(code, sample.STATION_NAMES[code], "样例市（虚构）", 113.0, 28.0, "simulated", "sample")
            for code in codes
        )
        archive.write(dataset, source="sample-generator", delay=timedelta(hours=1))
        made.append(archive)
        return archive

    yield fill
    for archive in made:
        archive.close()
